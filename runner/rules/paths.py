"""Paths: folders and hub names that mean something else tomorrow, or on another machine."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.layouts import of_another
from runner.meant import StepMeant
from runner.rules import View, at, path, rule, say
from runner.surroundings import store_root, variables
from runner.unquoted import as_typed, escapes_in, with_slashes
from schemas.artifacts import Tokenizer
from schemas.findings import Edit, Finding, RulePage
from steps.text.choices import BY_EXTENSION

ADDRESS = re.compile(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co|hf-mirror\.com)/|hf://")
BRANCHES = ("main", "master", "HEAD", "refs/convert/parquet")  # names on the hub that are moved with each change
FOLDERS = ("model.base.path", "init_from.path", "resume_from.path", "checkpoint.path", "model.path", "reference.path", "bins.path")
FILES = (*(f".{extension}" for extension in BY_EXTENSION), ".gz")


def holds_tokenizer(view: View, folder: Path) -> bool:
    """True for a folder with a tokenizer in it, of a model or alone."""
    return any(view.facts.size(folder / file) for file in Tokenizer.files)


def hub_names(data: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each `{hub: …}` of a step's params with its dotted path."""
    if isinstance(data, dict):
        if isinstance(data.get("hub"), str):
            yield where, data
        for key, value in data.items():
            yield from hub_names(value, f"{where}.{key}" if where else str(key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from hub_names(value, f"{where}.{index}")


@rule(
    RulePage(
        "H020",
        "a hub name without a revision",
        "What stands under a name on the hub changes. The first run looks the commit up and later runs keep it, but a colleague's "
        "first run, a "
        "month later, may get other bytes. With `revision:` the recipe means the same everywhere.",
        wrong="- {hub: roneneldan/TinyStories}",
        right="- {hub: roneneldan/TinyStories, revision: f54c09fd23315a6f9c86f9dc80f725de7d8f9c64}",
        source="the hub's documentation of revision",
        severity="info",
    )
)
def hub_names_are_pinned(view: View) -> Iterator[Finding]:
    """H020: a hub data set or model without `revision`, or with a branch for one."""
    for step in view.meant.steps:
        for where, source in hub_names(step.raw):
            branch = source.get("revision")
            name = source["hub"]
            if not re.fullmatch(r"[\w-][\w.-]*(/[\w.-]+)?", name) or hub_id(name) != name:
                continue  # no name at all: H036
            if branch not in (None, *BRANCHES) or _is_path(view, name) or (view.facts.project / name).is_dir():
                continue
            if branch is None:
                message, fix = f"{source['hub']} has no revision", "add revision: and the commit from the hub's page"
            else:
                message, fix = f"revision {branch} of {source['hub']} is a branch", "write the commit from the hub's page"
            place = f"{where}.{'hub' if branch is None else 'revision'}"
            yield say("H020", step, place, f"{message}: it may be another tomorrow", fix, severity="info")


@rule(
    RulePage(
        "H021",
        "a path of one machine",
        "Paths start at the project's folder, so that a recipe works for everybody who has the project. An absolute path, or one "
        "below ~, works "
        "only where the same folder exists.",
        wrong="sources: [{path: /home/ada/texts/*.txt}]",
        right="sources: [{path: data/texts/*.txt}]",
        source="hiyouga/LlamaFactory#7703",
        severity="info",
    ),
    RulePage(
        "H022",
        "a model folder that is not there",
        "A base model or a checkpoint named by `path` must be a folder with a config.json, below the project's folder unless the "
        "path is absolute. A shell puts the home in the place of ~; where a recipe names a folder of a model or of tokens, nobody does.",
        wrong="model: {base: {path: models/smal}}",
        right="model: {base: {path: models/small}}",
        source="Lightning-AI/litgpt#1352",
    ),
    RulePage(
        "H023",
        "a path where a hub name stands",
        "hub: takes owner/name of a data set or model on the Hugging Face hub. A file or folder of your own is named by path:.",
        wrong="sources: [{hub: data/texts.jsonl}]",
        right="sources: [{path: data/texts.jsonl}]",
        source="hiyouga/LlamaFactory: a path in the field of a name",
    ),
    RulePage(
        "H037",
        "a store at an address",
        "The store is a folder. An address such as s3://bucket would become a folder of that name below the project, and nobody else "
        "would find what is in it. A bucket that is mounted is a folder; so is a disk that a team shares.",
        wrong="store: s3://lab/store",
        right="store: /mnt/lab/store   # or RECIPE_STORE",
        source="read in the code of the store",
    ),
)
def paths_travel(view: View) -> Iterator[Finding]:
    """H021: absolute paths, a store by a path of Windows. H022: no model's folder, or one below ~. H023: a path after `hub:`. H037."""
    from runner.rules.hubnames import belongs_elsewhere

    store = view.meant.recipe.store if view.meant.recipe is not None else None
    if store is not None and (escapes_in(store) or "\\" in store):
        better = with_slashes(as_typed(store))
        message = f"the store {as_typed(store)} is one folder with this name: a path has / between its folders"
        yield Finding("H021", "warning", message, ("store",), f"write store: {better}", (Edit("set", ("store",), better),))
    named_store = variables().get("RECIPE_STORE") or store or ""
    if "://" in named_store:
        by_hand = named_store != store
        message = f"{'RECIPE_STORE' if by_hand else 'the store'} is {named_store}: a store is a folder, not an address"
        fix = "name a folder that all machines mount, or " + ("unset it" if by_hand else "delete the line for .recipe/store")
        yield Finding("H037", "error", message, () if by_hand else ("store",), fix)
    for step in view.meant.steps:
        for where, source in hub_names(step.raw):
            name = source["hub"]
            if _is_path(view, name):
                if (view.facts.project / Path(os.path.expanduser(name))).is_dir() and where.startswith("sources"):
                    continue  # a folder in the layout of the hub is read as one
                edits = (Edit("rename", path(step, f"{where}.hub"), None, "path"),)
                yield say("H023", step, f"{where}.hub", f"{name} is a path, no name on the hub", f"write path: {name}", edits=edits)
            elif (better := hub_id(name)) != name and not (view.facts.project / name).exists():
                if belongs_elsewhere(where, name):
                    continue  # H036
                inner = re.match(r"[\w.-]+/[\w.-]+(?=/)", name)
                nearest_name = better or (inner[0] if inner else "")
                fix = f"write hub: {nearest_name}" if nearest_name else "write owner/name as huggingface.co has it, or path: for a folder"
                mend = [Edit("set", path(step, f"{where}.hub"), better)] if better else []
                what = "an address, no name on the hub" if ADDRESS.match(name) else "no name on the hub, which is owner/name"
                yield say("H023", step, f"{where}.hub", f"{name} is {what}", fix, edits=tuple(mend))
            elif not where.startswith("sources") and view.facts.size(view.facts.project / name / "config.json"):
                message = f"{name} is a folder of the project, and hub: looks for it on the hub"
                edits = (Edit("rename", path(step, f"{where}.hub"), None, "path"),)
                yield say("H023", step, f"{where}.hub", message, f"write path: {name}", severity="warning", edits=edits)
        for where, named in _paths(step):
            if named.startswith(("/", "~")) and view.facts.files(named):
                yield say(
                    "H021", step, where, f"{named} is a path of one machine", "write it relative to the project's folder", severity="info"
                )
        for where in FOLDERS:
            named = at(step.raw, where)
            if isinstance(named, str) and named.startswith("~"):
                yield _home(view, step, where, named)
            elif isinstance(named, str) and not named.strip():
                yield say("H022", step, where, "the path is empty", "name the folder, or delete what it stands in")
        for where in ("model.base.path", "checkpoint.path"):
            folder = at(step.raw, where)
            full = view.facts.project / folder if isinstance(folder, str) and folder and not folder.startswith("~") else None
            if full is None or view.facts.size(full / "adapter_config.json"):
                continue  # an adapter: the rules about bases say so
            if where == "checkpoint.path" and step.type == "check_vocab_consistency" and holds_tokenizer(view, full):
                continue  # it takes a tokenizer out, with or without a model
            if not view.facts.size(full / "config.json"):
                yield _no_model(view, step, where, folder)


def hub_id(name: str) -> str:
    """The owner/name in what was written for one; empty where there is none in it."""
    plain = re.sub(r"\s*/\s*", "/", name.strip())
    plain = plain[match.end() :] if (match := ADDRESS.match(plain)) else plain
    plain = re.sub(r"^(?:datasets|models|spaces)/(?=[^/]+/[^/]+)", "", plain)
    plain = re.sub(r"/(?:tree|blob|resolve|raw|viewer|commits?|discussions)(?:/.*)?$", "", plain).strip("/")
    return plain if re.fullmatch(r"[\w.-]+(?:/[\w.-]+)?", plain) else ""


def _is_path(view: View, name: str) -> bool:
    """True for what can be no owner/name on the hub."""
    return name.startswith((".", "/", "~")) or (name.endswith(FILES) and bool(view.facts.files(name)))


def _home(view: View, step: StepMeant, where: str, named: str) -> Finding:
    """Of a folder below ~: the one of the project that is meant by it, else the path in full."""
    below = named.removeprefix("~").lstrip("/")
    full = below if below and (view.facts.project / below).exists() else os.path.expanduser(named)
    message = f"{named}: a shell puts the home in the place of ~, the run looks for a folder of that name in the project"
    if full.startswith("~"):  # nobody of that name
        return say("H022", step, where, message, f"write the path in full, or from {view.facts.project}")
    return say("H022", step, where, message, f"write {full}", edits=(Edit("set", path(step, where), full),))


def _no_model(view: View, step: StepMeant, where: str, folder: str) -> Finding:
    from runner.nearest import nearest

    full = view.facts.project / Path(os.path.expanduser(folder))
    if folder.endswith(".gguf"):
        return say(
            "H022", step, where, f"{folder} is a GGUF file, which cannot be trained", "name the transformers folder it was made from"
        )
    if full.is_file() and _of_llama2c(full):
        fix = f"recipe convert {folder} --tokenizer tokenizer.bin, and name the folder that it writes"
        return say("H022", step, where, f"{folder} is a checkpoint of llama2.c, which is one file", fix)
    if full.is_file():
        fix = f"write {Path(folder).parent}"
        return say("H022", step, where, f"{folder} is a file: a model is named by its folder, with config.json and tokenizer", fix)
    if full.is_dir():
        return _without_config(view, step, where, folder, full)
    from runner.absent import of_folder

    if (found := of_folder(view, folder)) is not None:
        edits = (Edit("set", path(step, where), found.better),) if found.better else ()
        return say("H022", step, where, found.message, found.fix, edits=edits)
    try:
        beside = [p.name for p in full.parent.iterdir() if p.is_dir()]
    except OSError:
        beside = []
    near = nearest(full.name, beside)
    fix = f"write {Path(folder).parent / near}" if near else f"paths start at {view.facts.project}"
    if not near and folder.startswith("/"):
        fix = "make it there, or write a path below the project's folder, which travels with the recipe"
    if not near and re.fullmatch(r"[\w.-]+/[\w.-]+", folder) and not folder.startswith("."):
        fix = f"write hub: {folder} when it is a name on the hub; {fix}"
    return say("H022", step, where, f"there is no folder {folder}", fix)


def _without_config(view: View, step: StepMeant, where: str, folder: str, full: Path) -> Finding:
    """Of a folder that is there: a GGUF in it, or the one below that was meant."""
    try:
        names = sorted(p.name for p in full.iterdir())
    except OSError:
        names = []
    if own := next((name for name in names if name == "params.json" or re.fullmatch(r"consolidated\.\d+\.pth", name)), ""):
        message = f"{folder} holds {own} and no config.json: it is the layout of the model's maker, not that of transformers"
        return say("H022", step, where, message, "take the same model in the layout of transformers, on the hub often by a name in -hf")
    if ggufs := [name for name in names if name.endswith(".gguf")]:
        message = f"{folder} holds {ggufs[0]} and no config.json: a GGUF file cannot be trained"
        return say("H022", step, where, message, "name the transformers folder it was made from, or its name on the hub with hub:")
    if own := next((name for name in names if name.endswith(".bin") and _of_llama2c(full / name)), ""):
        fix = f"recipe convert {full / own} --tokenizer tokenizer.bin, and name the folder that it writes"
        return say("H022", step, where, f"{folder} holds {own}, a checkpoint of llama2.c, which is one file", fix)
    if (other := of_another(full, folder)) is not None:
        return say("H022", step, where, f"{folder} {other[0]}; and no config.json", other[1])
    message = f"{folder} holds no config.json: it is no model folder"
    below = [name for name in names if view.facts.size(full / name / "config.json")]
    if len(below) == 1:
        better = f"{folder.rstrip('/')}/{below[0]}"
        return say("H022", step, where, message, f"write {better}", edits=(Edit("set", path(step, where), better),))
    if below:
        return say("H022", step, where, message, f"name one of the folders in it: {', '.join(below[:5])}")
    from runner.absent import in_run, one_of

    inside = in_run(view, folder, "config.json")
    edits = (Edit("set", path(step, where), inside[0]),) if len(inside) == 1 else ()
    return say("H022", step, where, message, one_of(inside) if inside else "name the folder that transformers saved", edits=edits)


def _of_llama2c(file: Path) -> bool:
    from steps.lm.llama2c import is_llama2c

    return is_llama2c(file)


@rule()
def places_can_be_written(view: View) -> Iterator[Finding]:
    """R001, of this machine alone: a file where the store or the runs have their folder, or one that may not be written.

    A store that is named is H038's.
    """
    meant = view.meant
    if meant.target.name != "here" or meant.recipe is None:
        return
    named = variables().get("RECIPE_STORE") or meant.recipe.store
    store, runs = store_root(meant.project, None), meant.project / "runs"
    for folder in (runs,) if named else (store, runs):
        there = next((each for each in (folder, *folder.parents) if os.path.lexists(each)), folder)
        shown, at_fault = (os.path.relpath(each, meant.project) if each.is_relative_to(meant.project) else each for each in (folder, there))
        if not there.is_dir():
            what = "is a file" if there.is_file() else "is no folder"
            fix = "move it away, or name another folder: store: FOLDER" if folder == store else "move it away"
            whose = f"{at_fault} {what}" if at_fault != shown else f"it {what}"
            yield Finding("R001", "error", f"{shown} cannot be written: {whose}", ("recipe",), fix)
        elif not os.access(there, os.W_OK):
            message = f"{shown} cannot be written: {at_fault} is not open to you"
            yield Finding("R001", "warning", message, ("recipe",), "give the folder write permission, or work in another one")


def _paths(step: StepMeant) -> Iterator[tuple[str, str]]:
    sources = step.raw.get("sources")
    for index, source in enumerate(sources if isinstance(sources, list) else []):
        if isinstance(source, dict) and isinstance(source.get("path"), str):
            yield f"sources.{index}.path", source["path"]
