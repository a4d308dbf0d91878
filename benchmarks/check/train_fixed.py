"""Every recipe that `recipe check --fix` repaired, run tiny: is what the fix wrote not only accepted but trained?

    python benchmarks/check/train_fixed.py [NAME ...]

Takes each `fixed.yaml` of tests/gallery, in a copy of its folder. A recipe without data gets a few stories, a base model that is not on
this disk is said and left out. Prints a line a recipe, and the counts.
"""

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
STORIES = [{"type": "parse_corpus", "sources": [{"path": str(ROOT / "data" / "stories" / "en.jsonl"), "take": 40}]}]
MAKERS = {
    "train_tokenizer": [*STORIES, {"type": "train_tokenizer", "vocab_size": {"at_most": 600}}],
    "tokenize_bin": [*STORIES, {"type": "train_tokenizer", "vocab_size": {"at_most": 600}}, {"type": "tokenize_bin", "val_fraction": 0.2}],
}


def runnable(data: dict) -> tuple[dict, str]:
    """The recipe with what it lacks before its train step; and why it cannot be run here, or nothing."""
    steps = data.get("steps") or []
    kinds = [step.get("type") for step in steps if isinstance(step, dict)]
    if "train" not in kinds:
        return data, "no train step"
    if any("hub" in str(step["model"].get("base", "")) for step in steps if isinstance(step.get("model"), dict)):
        return data, "a hub model"
    for number, step in enumerate(steps):
        if step.get("type") == "parse_corpus" and "hub" in str(step.get("sources")):  # the same step on text that is here
            steps[number] = {**step, "sources": STORIES[0]["sources"], "exhausted": "stop", "priority": {}}
    before = kinds[: kinds.index("train")]
    chat = any(step.get("objective") == "sft" for step in steps)
    missing = [] if chat else [kind for kind in ("parse_corpus", "train_tokenizer", "tokenize_bin") if kind not in before]
    if missing == ["parse_corpus", "train_tokenizer", "tokenize_bin"]:
        data["steps"] = [*MAKERS["tokenize_bin"], *steps]
    elif missing and not chat:
        return data, f"lacks {', '.join(missing)}"
    return data, ""


def tried(folder: Path) -> tuple[str, str]:
    """trained, left out or failed; and what was said."""
    yaml = YAML()
    data = yaml.load((folder / "fixed.yaml").read_text("utf-8"))
    if not isinstance(data, dict):
        return "left out", "no recipe"
    data, why = runnable(data)
    if why:
        return "left out", why
    with tempfile.TemporaryDirectory() as place:
        home = Path(place) / "case"
        shutil.copytree(folder, home)
        with (home / "fixed.yaml").open("w", encoding="utf-8") as out:
            yaml.dump(data, out)
        judged = subprocess.run([*COMMAND, "check", "fixed.yaml"], cwd=home, capture_output=True, text=True, check=False)
        if judged.returncode == 2:
            return "left out", "holds another mistake, which no fix covers"
        done = subprocess.run([*COMMAND, "run", "fixed.yaml", "--smoke"], cwd=home, capture_output=True, text=True, check=False)
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        trained = any(re.match(r"\+ \S+\s+made", line) and ("train" in line or "base" in line) for line in said)
        wrong = next((line for line in said if re.search(r": [A-Z]\d{3}: ", line) and "warning" not in line), said[-1] if said else "")
        return ("trained", "") if done.returncode == 0 and trained else ("failed", wrong[:160])


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
