"""Why a folder that an input names holds none of what is wanted there, and what to write instead. Loaded when one does not."""

import os
from pathlib import Path
from typing import Any

from runner.absent import in_run, of_folder, one_of
from runner.meant import StepMeant
from runner.rules import View
from runner.rules.paths import holds_tokenizer
from schemas import artifacts
from schemas.findings import Edit, Finding

A_RUN = "name a folder that a run of recipe made, such as runs/latest/artifacts/{step}"
TAKES_OUT = "check_vocab_consistency"  # a tokenizer, of any folder that holds one
MAKERS = {"Corpus": "parse_corpus", "Tokenizer": "train_tokenizer", "TokenBin": "tokenize_bin", "Plan": "plan", "Checkpoint": "train"}
IDS = (".bin", ".idx", ".npy", ".npz")  # files of tokens as other tools leave them
TEXTS = (".jsonl", ".json", ".txt", ".parquet", ".csv", ".md", ".pdf", ".arrow")


def why_none(view: View, folder: Path, kind: type[Any], found: object) -> tuple[str, str]:
    """What is wrong with `folder`, where an artifact of `kind` is wanted, and the fix. found: what its artifact.json says, if any."""
    named = _relative(view, folder)
    maker = MAKERS.get(kind.kind(), "")
    plain = A_RUN.format(step=maker) if maker else "name a folder that a run of recipe made"
    if isinstance(found, dict) and "kind" in found:
        return f"{folder.name} is no {kind.kind()}: it holds a {found['kind']}", plain
    if (folder / "artifacts").is_dir() and (inside := in_run(view, named, artifacts.DESCRIPTION, kind.kind())):
        return f"{folder.name} is no {kind.kind()}: it holds no {artifacts.DESCRIPTION}", one_of(inside)
    if kind is artifacts.Checkpoint and (other := _no_checkpoint(view, folder)):
        return other
    if (other := _of_files(view, named, kind.kind())) is not None:
        return other
    if folder.is_dir():
        return f"{folder.name} is no {kind.kind()}: it holds no {artifacts.DESCRIPTION}", plain
    if folder.is_file():
        return f"{folder.name} is a file, and no folder that a run of recipe made", plain
    absent = of_folder(view, named)
    return (absent.message, absent.fix) if absent is not None else (f"there is no folder {named}", plain)


def of_tokenizer(view: View, step: StepMeant, name: str, folder: Path, found: object) -> Finding | None:
    """L022 for a folder with the tokenizer of another tool, which a step takes out of it; None for any other."""
    if (isinstance(found, dict) and "kind" in found) or not holds_tokenizer(view, folder):
        return None
    field, message = ("steps", step.id, name), f"{folder.name} is no Tokenizer: it holds no {artifacts.DESCRIPTION}"
    if step.type == TAKES_OUT:
        fix = "write checkpoint: in the place of tokenizer: it takes the tokenizer out, with or without a model"
        return Finding("L022", "error", message, field, fix, (Edit("rename", field, None, "checkpoint"),))
    fix = f"delete the line, and put {TAKES_OUT} before it, with this path as its checkpoint: it takes the tokenizer out"
    return Finding("L022", "error", message, field, fix)


def _relative(view: View, folder: Path) -> str:
    relative = os.path.relpath(folder, view.facts.project)
    return str(folder) if relative.startswith("..") else relative


def _of_files(view: View, named: str, kind: str) -> tuple[str, str] | None:
    """Of a file, a pattern or a folder that has the texts or tokens of another tool."""
    files = view.facts.files(named if view.facts.files(named) or "*" in named else f"{named}/*")
    ends = {Path(file).suffix for file in files}
    if kind == "TokenBin" and not ends.isdisjoint(IDS):
        message = f"{named} names tokens that another tool made, and a TokenBin knows its tokenizer and where each document ends"
        return message, "name the texts that they were made of as a source of parse_corpus, and let tokenize_bin make them anew"
    if kind in ("Corpus", "TokenBin") and not ends.isdisjoint(TEXTS):
        message = f"{named} names texts, and no {kind} that a run of recipe made"
        return message, f"name it as a source of parse_corpus: sources: [{{path: {named}}}]"
    return None


def _no_checkpoint(view: View, folder: Path) -> tuple[str, str] | None:
    """What a model from elsewhere is, where the checkpoint of a run is wanted, and how it comes into a recipe."""
    if folder.is_file():
        return f"{folder.name} is a file, a checkpoint is a folder", "name the folder of a train step, such as runs/latest/artifacts/train"
    adapter = view.facts.json(folder / "adapter_config.json")
    if isinstance(adapter, dict) and not view.facts.size(folder / "config.json"):
        base = adapter.get("base_model_name_or_path") or "the model that it adapts"
        fix = f"merge it into {base} with peft's merge_and_unload, and name the merged folder as the base of a train step"
        return f"{folder.name} holds an adapter alone, without the model that it adapts", fix
    if view.facts.size(folder / "config.json"):
        fix = "name it as the base of a train step: model: {base: {path: …}}, whose result is a checkpoint"
        return f"{folder.name} is a model from elsewhere, and no checkpoint of a run", fix
    return None
