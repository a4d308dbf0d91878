"""Files that were set aside for trying a model, and are trained on with the rest."""

import re
from collections.abc import Iterator
from pathlib import Path

from runner.rules import View, at, rule, say, sources
from schemas.findings import Finding, RulePage

SIDES = {  # by the beginning of a file's name
    "train": re.compile(r"(?:.*[-_.])?train(?:ing)?(?:[-_.]\d.*)?", re.IGNORECASE),
    "held": re.compile(r"(?:.*[-_.])?(?:valid(?:ation)?|val|dev|test|eval)(?:[-_.]\d.*)?", re.IGNORECASE),
}
SHOWN = 3


@rule(
    RulePage(
        "D185",
        "files that were set aside are trained on",
        "A folder as other tools want it holds train.jsonl, valid.jsonl and test.jsonl. As a source it is all of its files: the model "
        "learns the rows that it was to be tried on, and every later figure on them is too good. Training keeps a share of the documents "
        "for validation by itself. Where all of them are wanted, a comment says so.",
        wrong="sources: [{path: data/set}]   # with train.jsonl and test.jsonl",
        right="sources: [{path: data/set/train.jsonl}]",
        source="ml-explore/mlx-lm, LORA.md: the folder of --data",
        severity="warning",
        needs="the names of the files",
    )
)
def files_set_aside_stay_there(view: View) -> Iterator[Finding]:
    """D185: train and valid, val, dev, test or eval side by side in what one source reads; an information where a pattern names
    them, or asks for all texts of a folder."""
    for step in view.of_type("parse_corpus"):
        for where, source, _ in sources(step):
            pattern = source.get("path")
            files = view.facts.files(pattern) if isinstance(pattern, str) and pattern else []
            found = _side_by_side(files) if len(files) > 1 else None
            if found is None:
                continue
            train, held = found
            names = ", ".join(file.name for file in held[:SHOWN]) + (" …" if len(held) > SHOWN else "")
            message = f"{pattern} holds {names} beside {train.name}: {'it is' if len(held) == 1 else 'they are'} trained on, too"
            near = train.relative_to(view.facts.project) if train.is_relative_to(view.facts.project) else train
            if sum(file.parent == train.parent for file in files) > len(held) + 1:
                near = near.with_name(f"{re.split('[-_.][0-9]', near.name)[0]}*")  # of several
            tuned = any(at(train.raw, "objective") == "sft" and step in view.parsers(train) for train in view.of_type("train"))
            named = any(_plain(file).lower() in str(pattern).lower() for file in held)
            whole = not named and (tuned or "*" not in str(pattern))
            fix = f"write path: {near}; a share of it is kept for validation by itself"
            yield say("D185", step, f"{where}.path", message, fix, severity="warning" if whole else "info")


def _side_by_side(files: list[Path]) -> tuple[Path, list[Path]] | None:
    """A file of the training side, and those of the other side, where nothing else lies in their folder."""
    for train in (file for file in files if SIDES["train"].fullmatch(_plain(file))):
        beside = [file for file in files if file.parent == train.parent]
        held = [file for file in beside if SIDES["held"].fullmatch(_plain(file))]
        if held and all(file in held or SIDES["train"].fullmatch(_plain(file)) for file in beside):
            return train, held
    return None


def _plain(file: Path) -> str:
    """A file's name without its ending, and without the one of a packed file."""
    return re.sub(r"(\.\w{2,7})?(\.(?:gz|zst|bz2|xz))?$", "", file.name)
