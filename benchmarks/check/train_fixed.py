"""Every recipe that `recipe check --fix` repaired, run tiny: is what the fix wrote not only accepted but trained?

    python benchmarks/check/train_fixed.py [NAME ...]

Takes each `fixed.yaml` of tests/gallery, in a copy of its folder; where that still holds a mistake that only a person can mend, the
`repaired.yaml` beside it. A recipe without data gets a few stories, one without a train step gets one, and a table's rows are repeated
until they can be split. A base model whose weights are not on this disk is said and left out. Prints a line a recipe, and the counts.
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
        small = {"vocab_size": {"at_most": 600}}
        ends = [
            {"type": kind, **(small if kind == "train_tokenizer" else {})}
            for kind in ("train_tokenizer", "tokenize_bin")
            if kind not in kinds
        ]
        steps += [
            *ends,
            {"type": "train", "model": {"family": "llama", "d_model": 32, "n_layers": 1}, "max_steps": 10, "max_seq_length": 32},
        ]
        kinds = [step["type"] for step in steps]
    bases = [step["model"].get("base") or {} for step in steps if isinstance(step.get("model"), dict)]
    if any("hub" in base for base in bases):
        return data, "a hub model"
    if any("path" in base and not weighs(folder / base["path"]) for base in bases):
        return data, "a base model without its weights"
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


def weighs(model: Path) -> bool:
    """Whether the tensors that a folder's headers name are there: most bases of the gallery are headers alone."""
    for file in model.glob("*.safetensors"):
        content = file.read_bytes()
        length = int.from_bytes(content[:8], "little")
        ends = [entry["data_offsets"][1] for name, entry in json.loads(content[8 : 8 + length]).items() if name != "__metadata__"]
        return len(content) == 8 + length + max(ends)
    return False


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
