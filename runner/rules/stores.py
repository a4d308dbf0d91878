"""Where the store is: a file, a folder that cannot be written, memory that forgets, a folder whose files are read as texts."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from runner.meant import StepMeant
from runner.room import store_of
from runner.rules import View, rule, say, sources
from runner.surroundings import variables
from schemas.findings import Edit, Finding, RulePage

FORGETS = ("/dev/shm", "/run", "/tmp", "/ramdisk", "/mnt/ramdisk", "/mnt/ram", "/private/tmp", "/content")
MEMORY = ("/dev/shm", "/run", "/ramdisk", "/mnt/ramdisk", "/mnt/ram")


@rule(
    RulePage(
        "H038",
        "a store that cannot be made",
        "The store is a folder that this user may write to. A file of that name, or a folder of somebody else, stops the run at its first "
        "result.",
        wrong="store: recipe.yaml",
        right="store: /large/disk/store",
        source="mozilla/DeepSpeech#374; PermissionError of pathlib",
        severity="error",
        needs="the folder, when the target is here",
    ),
    RulePage(
        "H039",
        "a store that forgets",
        "A folder in memory takes that memory from the run, and is empty after a restart, as /tmp is on most systems: corpus, bins, saves "
        "and models are gone, and nothing is left to go on from.",
        wrong="store: /dev/shm/store",
        right="store: /large/disk/store",
        source="xai-org/grok-1#138; datadreamer-dev/DataDreamer#16",
        severity="warning",
    ),
    RulePage(
        "D175",
        "a store among the texts",
        "A source that is a folder is read with all that lies below it. A store in there holds the corpus of the last run and the rows of "
        "others: they would be learned again, and every run would find new text.",
        wrong="store: data/store\nsources: [{path: data}]",
        right="store: kept/store\nsources: [{path: data}]",
        source="recipe: hidden files alone are left out of a folder",
        severity="warning",
    ),
)
def the_store_keeps(view: View) -> Iterator[Finding]:
    """H038: a file, or not writable. H039: memory, temporary folders. D175: below a folder of texts."""
    written = view.meant.recipe.store if view.meant.recipe is not None else None
    by_hand = variables().get("RECIPE_STORE")
    named = by_hand or written or ""
    if not named or "://" in named or "\\" in named:
        return  # said by the rules about paths
    where: tuple[str, ...] = () if by_hand else ("store",)
    called = f"RECIPE_STORE {named}" if by_hand else f"the store {named}"
    folder = store_of(view.meant)
    edits = (Edit("delete", ("store",)),) if not by_hand else ()
    fix = "unset RECIPE_STORE" if by_hand else "delete the line for .recipe/store"
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    if not there.is_dir():
        what = "is a file" if there == folder else f"would lie in {there.name}, which is a file"
        yield Finding("H038", "error", f"{called} {what}: a store is a folder", where, f"name a folder, or {fix}", edits)
    elif not os.access(there, os.W_OK):
        finding = Finding("H038", "error", f"{called} cannot be written: {there} is not this user's", where, f"name another, or {fix}")
        yield finding if view.meant.target.name == "here" else replace(finding, severity="info")
    if (kind := _forgets(named)) and _off(view, folder):
        yield Finding("H039", "warning", f"{called} {kind}", where, f"name a folder on a disk, or {fix}", edits)
    for step in view.of_type("parse_corpus"):
        yield from _among_texts(view, step, folder, called)


def _forgets(named: str) -> str:
    root = next((each for each in FORGETS if named == each or named.startswith(f"{each}/")), "")
    if root in MEMORY and root:
        return "lies in memory: it takes room from the run, and is empty after a restart"
    if root == "/content":
        return "lies on Colab's own disk, which is empty in the next session"
    return "is emptied when the machine starts again, and with it all that was made" if root else ""


def _off(view: View, folder: Path) -> bool:
    """Whether the project itself lies elsewhere: one that is tried out in /tmp keeps its store beside it."""
    root = next((each for each in FORGETS if str(folder).startswith(f"{each}/")), "")
    return not str(view.meant.project.resolve()).startswith(f"{root}/")


def _among_texts(view: View, step: StepMeant, folder: Path, called: str) -> Iterator[Finding]:
    """D175: a folder, or all below one, that the store lies in."""
    for where, source, _ in sources(step):
        pattern = source.get("path")
        if not isinstance(pattern, str):
            continue
        whole = pattern.removesuffix("/").removesuffix("**/*").removesuffix("/**").removesuffix("/")
        if any(sign in whole for sign in "*?[{"):
            continue
        root = view.facts.project / os.path.expanduser(whole)
        inside = folder.is_relative_to(root) and root != folder
        hidden = inside and any(part.startswith(".") for part in folder.relative_to(root).parts)
        if inside and not hidden and root.is_dir():
            message = f"{pattern} is read whole, and {called} lies in it: what a run makes would be learned by the next"
            yield say("D175", step, f"{where}.path", message, "name a store outside, such as store: kept/store", severity="warning")
