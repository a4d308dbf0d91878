"""Every recipe that `recipe check --fix` repaired, run tiny: is what the fix wrote not only accepted but trained?

    python benchmarks/check/train_fixed.py [NAME ...]

Takes each `fixed.yaml` of tests/gallery, in a copy of its folder; where that still holds a mistake that only a person can mend, the
`repaired.yaml` beside it. A recipe without data gets a few stories, one without a train step gets one, and a table's rows are repeated
until they can be split; a small base gets random weights. One of the hub, or a large one, is said and left out. Prints a line a recipe,
and the counts.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
LARGEST = 50_000_000  # parameters of a base that is made here
GALLERY = ROOT / "tests" / "gallery"
COMMAND = [sys.executable, "-c", "import sys; from runner.cli import main; sys.exit(main())"]
STORIES = [{"type": "parse_corpus", "sources": [{"path": str(ROOT / "data" / "stories" / "en.jsonl"), "take": 150}]}]
MAKERS = {
    "train_tokenizer": [*STORIES, {"type": "train_tokenizer", "vocab_size": {"at_most": 600}}],
    "tokenize_bin": [*STORIES, {"type": "train_tokenizer", "vocab_size": {"at_most": 600}}, {"type": "tokenize_bin", "val_fraction": 0.2}],
}


def runnable(data: dict, folder: Path) -> tuple[dict, str]:
    """The recipe with what it lacks before its train step; and why it cannot be run here, or nothing."""
    steps = data.get("steps") or []
    kinds = [step.get("type") for step in steps if isinstance(step, dict)]
    if "train" not in kinds and kinds:
        few = {"vocab_size": {"at_most": 600}}
        ends = [
            {"type": kind, **(few if kind == "train_tokenizer" else {})}
            for kind in ("train_tokenizer", "tokenize_bin")
            if kind not in kinds
        ]
        steps += [
            *ends,
            {"type": "train", "model": {"family": "llama", "d_model": 32, "n_layers": 1}, "max_steps": 10, "max_seq_length": 32},
        ]
        kinds = [step["type"] for step in steps]
    if any("hub" in base for base in bases(data)):
        return data, "a hub model"
    if any("path" in base and not small(folder / base["path"]) for base in bases(data)):
        return data, "a base model that is too large to be made here"
    for number, step in enumerate(steps):
        if step.get("type") == "parse_corpus" and re.search("hub|url", str(step.get("sources"))):  # the same on text that is here
            steps[number] = {**step, "sources": STORIES[0]["sources"], "exhausted": "stop", "priority": {}}
    before = kinds[: kinds.index("train")]
    chat = any(step.get("objective") == "sft" for step in steps)
    missing = [] if chat else [kind for kind in ("parse_corpus", "train_tokenizer", "tokenize_bin") if kind not in before]
    if missing == ["parse_corpus", "train_tokenizer", "tokenize_bin"]:
        data["steps"] = [*MAKERS["tokenize_bin"], *steps]
    elif missing and not chat:
        return data, f"lacks {', '.join(missing)}"
    return data, ""


def bases(data: dict) -> list[dict]:
    """What its train steps start from."""
    return [step["model"].get("base") or {} for step in data.get("steps") or [] if isinstance(step.get("model"), dict)]


def small(model: Path) -> bool:
    """Whether a network by its config.json can be made here in a moment: most bases of the gallery are headers alone."""
    from steps.sizing.counting import parameters_of

    file = model / "config.json"
    count = parameters_of(json.loads(file.read_text("utf-8"))) if file.is_file() else None
    return count is not None and count < LARGEST


def weights_for(model: Path) -> None:
    """Random weights of the network that config.json tells of, in place of what lies there."""
    from transformers import AutoConfig, AutoModelForCausalLM

    for file in model.glob("*.safetensors*"):
        file.unlink()
    with tempfile.TemporaryDirectory() as place:
        AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(model)).half().save_pretrained(place)
        shutil.copy(Path(place) / "model.safetensors", model)


def tried(folder: Path, name: str = "fixed.yaml") -> tuple[str, str]:
    """trained, left out or failed; and what was said."""
    yaml = YAML()
    data = yaml.load((folder / name).read_text("utf-8"))
    if not isinstance(data, dict):
        return "left out", "no recipe"
    data, why = runnable(data, folder)
    with tempfile.TemporaryDirectory() as place:
        home = Path(place) / "case"
        shutil.copytree(folder, home)
        for table in home.rglob("*.jsonl"):
            lengthen(table)
        with (home / name).open("w", encoding="utf-8") as out:
            yaml.dump(data, out)
        for base in bases(data) if not why else ():
            if "path" in base:
                weights_for(home / base["path"])
        judged = subprocess.run([*COMMAND, "check", name], cwd=home, capture_output=True, text=True, check=False)
        if why or judged.returncode == 2:
            error = next((line for line in judged.stdout.splitlines() if re.search(r": [A-Z]\d{3}: (?!warning|info)", line)), "")
            why = why or f"holds another mistake, which no fix covers: {error[:100]}"
            if name == "fixed.yaml" and (folder / "repaired.yaml").exists():
                how, said = tried(folder, "repaired.yaml")
                return how, said or "as repaired.yaml"
            return "left out", why
        done = subprocess.run([*COMMAND, "run", name, "--smoke"], cwd=home, capture_output=True, text=True, check=False)
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        trained = any(re.match(r"\+ \S+\s+made", line) and ("train" in line or "base" in line) for line in said)
        wrong = next((line for line in said if re.search(r": [A-Z]\d{3}: ", line) and "warning" not in line), said[-1] if said else "")
        return ("trained", "") if done.returncode == 0 and trained else ("failed", wrong[:160])


def lengthen(table: Path) -> None:
    """A table's rows so often that four hundred are there, no two alike."""
    lines = table.read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.startswith("{")]
    if rows and len(rows) == len(lines) < 400:
        more = (
            {key: f"{value} {number}" if isinstance(value, str) else value for key, value in row.items()}
            for number in range(-(-400 // len(rows)))
            for row in rows
        )
        table.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in more), "utf-8")


def main() -> None:
    names = sys.argv[1:]
    counts: Counter[str] = Counter()
    for folder in sorted(path.parent for path in GALLERY.glob("*/fixed.yaml")):
        if names and folder.name not in names:
            continue
        how, why = tried(folder)
        counts[how] += 1
        print(f"{how:9} {folder.name:32} {why}", flush=True)
    print(", ".join(f"{number} {how}" for how, number in counts.items()))


if __name__ == "__main__":
    main()
