"""Why a path names nothing: what is read in place of what was typed, and the nearest thing that is there. Loaded when one is missing."""

import os
import re
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from runner.nearest import nearest
from runner.rules import View
from runner.unquoted import DOUBLE, as_typed, escapes_in, with_slashes

QUOTES = "\u201c\u201d\u2018\u2019 "
EXAMPLE = re.compile(  # what manuals write where a reader writes a name of their own; only of what is not there
    r"(?i)(?:^|/)(?:path[-_ /]?to(?=[-_/ ]|$)|your[-_ ][\w-]+|<[^/<>]+>|\{[\w -]+\}|x{3,}|y{3,}|todo|fixme|changeme|placeholder"
    r"|\.{3}|…)(?=$|[/.])|^[A-Z]+_(?:PATH|DIR|FOLDER|FILE|NAME)$"
)
READ_AS = {"\\t": "a tab", "\\n": "a line end", "\\r": "a line end"}


class Absent(NamedTuple):
    """message, fix: in words. better: what can be written in its place, where that is there; empty otherwise."""

    message: str
    fix: str
    better: str = ""


def recipes_near(folder: Path, project: Path) -> set[str]:
    """Names of the recipes that lie in `folder`, and of those that ran in `project`."""
    names = {file.stem for file in (project / ".recipe" / "last").glob("*.json")}
    for file in sorted(folder.glob("*.y*ml"))[:100]:
        try:
            head = file.read_text("utf-8", errors="replace")[:4000]
        except OSError:
            continue
        names |= {match[1] for match in re.finditer(r"^recipe:[ \t]*([\w.-]+)", head, re.MULTILINE)}
    return names


def of_source(view: View, pattern: str) -> Absent:
    """Of a path or glob that matches no file."""
    project = view.facts.project
    if re.match(r"[A-Za-z][\w+.-]+://", pattern):
        remote = pattern.startswith(("http://", "https://"))
        below = pattern.removeprefix("file://")
        for better in (below, below.lstrip("/")):
            if below != pattern and better and view.facts.files(better):
                return Absent(f"{pattern} is an address, and path: names files of this machine", f"write path: {better}", better)
        fix = f"write url: {pattern}" if remote or not pattern.startswith("file:") else "write the path alone, without file://"
        return Absent(f"{pattern} is an address, and path: names files of this machine", fix)
    found = of_signs(view, pattern)
    if found is not None:
        return found
    if found := _through_a_file(view, pattern) or _no_file(project / Path(os.path.expanduser(pattern)), pattern):
        return found
    several = [part.strip() for part in re.split(r"[,;]", pattern)]
    if len(several) > 1 and all(part and view.facts.files(part) for part in several):
        listed = ", ".join(f"{{path: {part}}}" for part in several)
        return Absent(f"there is no {pattern}: these are several paths", f"write a source for each: sources: [{listed}]")
    return _of_names(view, pattern, project)


def _through_a_file(view: View, pattern: str) -> Absent | None:
    """Of a path that goes on behind a file as if it were a folder: data/a.jsonl/, data/a.jsonl/*.json."""
    parts = Path(os.path.expanduser(pattern)).parts
    for count in range(1, len(parts) + 1):
        better = str(Path(*parts[:count]))
        if (view.facts.project / better).is_file() and (count < len(parts) or pattern.endswith("/")):
            return Absent(f"no file matches {pattern}: {better} is a file, and no folder", f"write path: {better}", better)
    return None


def _no_file(there: Path, pattern: str) -> Absent | None:
    """Of a name that is there and is no file: a link that leads nowhere, a pipe, a folder with nothing in it."""
    if there.is_dir():
        return Absent(f"{pattern} is a folder without files", "put the texts into it, or name the folder that holds them")
    if there.exists() and not there.is_file():
        return Absent(f"{pattern} is a pipe or a device, and is read more than once", "write what it gives to a file, and name that")
    if there.is_symlink() and not there.exists():
        target = os.readlink(there)
        lost = "leads back to itself" if (there.parent / target).is_symlink() else "is not there"
        return Absent(f"{pattern} is a link to {target}, which {lost}", "make the link anew, or name the file")
    return None


def of_signs(view: View, named: str) -> Absent | None:
    """Of signs in a path that mean something else than they were meant to; None where there are none."""
    if EXAMPLE.search(named) and "*" not in named:
        found = _elsewhere(view.facts.project, Path(named).name)
        fix = f"write {found}, which has that name" if found else "write the path of what is there on your disk"
        return Absent(f"{named} stands for a path of your own, as manuals write it", fix)
    if escapes := escapes_in(named):
        typed = as_typed(named)
        if not escapes_in(bare := named.strip("\t\r\n ")):
            return _better(view, bare, f"there is no {typed}: a line end or a tab is part of it")
        read = list(dict.fromkeys(READ_AS.get(each, "a control character") for each in escapes))
        verb = "is" if len(escapes) == 1 else "are"
        message = f"there is no {typed}: in double quotes {' and '.join(escapes)} {verb} {' and '.join(read)}"
        return _better(view, with_slashes(typed), message)
    if "\\" in named:
        return _better(view, with_slashes(named), f"there is no {named}: a path has / between its folders")
    if (double := DOUBLE.search(named)) is not None:
        fix = f"write {DOUBLE.sub(r'${' + double[1] + '}', named)}, and vars: {{{double[1]}: …}} at the top"
        return Absent(f"there is no {named}: {double[0]} is no variable here", fix)
    if "$" in named or re.match(r"%\w+%", named):
        return Absent(f"there is no {named}: variables of the shell are not read", "write the path, or a variable of vars: as ${name}")
    if named.strip(QUOTES) != named:
        return _better(view, named.strip(QUOTES), f"there is no {named}: the quotes are typographic, or a blank is part of it")
    return None


def of_folder(view: View, named: str) -> Absent | None:
    """Of the folder of a model that is not there: signs in its name, other letters, a / at its beginning; None for others."""
    if (found := of_signs(view, named)) is not None:
        return found
    message = f"there is no folder {named}"
    if better := in_other_case(view.facts.project, named):
        return Absent(f"{message}: capital and small letters count in a path", f"write {better}", better)
    below = named.lstrip("/")
    if below != named and below and (view.facts.project / below).is_dir():
        return Absent(f"{message}: a path that begins with / begins at the disk's root", f"write {below}", below)
    return None


def in_run(view: View, named: str, file: str, kind: str = "") -> list[str]:
    """The results of a run, named by its folder, that hold `file`; of that kind of artifact where one is asked for."""
    folder = view.facts.project / os.path.expanduser(named)
    found: list[str] = []
    seen: list[object] = []
    for path in sorted(folder.glob(f"artifacts/*/{file}")):
        described = view.facts.json(path.parent / "artifact.json")
        if (
            isinstance(described, dict) and kind in ("", described.get("kind")) and described not in seen
        ):  # a check vouches for the same one
            seen.append(described)
            found.append(f"{named.rstrip('/')}/artifacts/{path.parent.name}")
    return found


def one_of(results: list[str]) -> str:
    """A fix that names them: `write A`, or `write A or B`."""
    return f"write {' or '.join(results)}"


def _better(view: View, better: str, message: str) -> Absent:
    there = _is_there(view, better)
    if not there and (near := in_other_case(view.facts.project, better)):
        better, there = near, True
    drive = re.match(r"[A-Za-z]:/", better)
    behind = " where that drive is, or a path from the project's folder" if drive and not there else ""
    return Absent(message, f"write {better}{behind}", better if there else "")


def _is_there(view: View, named: str) -> bool:
    return bool(view.facts.files(named)) or (view.facts.project / Path(os.path.expanduser(named))).exists()


def in_other_case(project: Path, named: str) -> str:
    """The path that differs from `named` in capital and small letters alone, to the end or to its glob; empty where there is none."""
    there = project
    found: list[str] = []
    parts = Path(named).parts
    for index, part in enumerate(parts):
        if any(mark in part for mark in "*?["):
            return str(Path(*found, *parts[index:])) if found else ""
        if not (there / part).exists():
            names = _names(there)
            part = next((name for name in names if name.lower() == part.lower()), "")
            if not part:
                return ""
        there, found = there / part, [*found, part]
    return str(Path(*found)) if found else ""


def _names(folder: Path) -> list[str]:
    try:
        return sorted(p.name for p in folder.iterdir())
    except OSError:
        return []


def _of_names(view: View, pattern: str, project: Path) -> Absent:
    there, missing, rest = project, "", list(Path(os.path.expanduser(pattern)).parts)
    while rest and not missing:
        part = rest.pop(0)
        if any(mark in part for mark in "*?[") or not (there / part).exists():
            missing = part
        else:
            there = there / part
    shown = there.relative_to(project) if there.is_relative_to(project) else there
    if (better := in_other_case(project, pattern)) and view.facts.files(better):
        return Absent(f"there is no {pattern}: capital and small letters count in a path", f"write {better}", better)
    if pattern.startswith(("/", "~")):
        below = pattern.lstrip("/")
        if pattern.startswith("/") and view.facts.files(below):
            return Absent(f"there is no {pattern}: a path that begins with / begins at the disk's root", f"write {below}", below)
        return Absent(f"there is no {pattern} on this machine", "write a path below the project's folder, which travels with the recipe")
    below = pattern
    while below.startswith("../"):
        below = below[3:]
    if below != pattern and view.facts.files(below):
        return Absent(f"there is no {pattern}: paths start at the project's folder", f"write {below}", below)
    beside = f"the folder {shown}" if there != project else f"the project's folder {project}"
    if any(mark in missing for mark in "*?[{") and (cased := _in_other_letters(view, pattern)):
        return Absent(f"no file matches {pattern}: capital and small letters count in a path", f"write {cased}", cased)
    if any(mark in missing for mark in "*?[{"):
        return Absent(f"no file matches {pattern}", f"look into {beside}: paths start at the project's folder")
    names = _names(there)
    if same := next((name for name in names if normalize("NFC", name) == normalize("NFC", missing)), ""):
        better = str(Path(*shown.parts, same, *rest))
        message = f"there is no {pattern}: on the disk the same letters are written by other signs (Unicode NFC and NFD)"
        fix = f"let recipe check --fix write it, or rename {same}"
        return Absent(message, fix, better if view.facts.files(better) else "")
    near = nearest(missing, names) or next((name for name in names if Path(name).stem == missing), None)
    by_recipe = view.meant.file.parent / pattern
    if near is not None:
        return Absent(f"there is no {pattern}", f"write {_below(view, Path(shown, near), [] if (there / near).is_file() else rest)}")
    if by_recipe.exists() and by_recipe.resolve().is_relative_to(project):
        return Absent(f"there is no {pattern}", f"paths start at the project's folder: write {by_recipe.resolve().relative_to(project)}")
    if (found := _elsewhere(project, Path(pattern).name)) is not None:
        return Absent(f"there is no {pattern}: {beside} has no {missing}", f"write {found}, which has that name")
    if not pattern.startswith("..") and (project.parent / pattern).is_file():
        fix = f"write ../{pattern}, or put the recipe into a folder recipes/ beside {Path(pattern).parts[0]}"
        return Absent(f"there is no {pattern}: {beside} has no {missing}, and paths start there", fix)
    return Absent(f"there is no {pattern}: {beside} has no {missing}", "paths start at the project's folder")


def _below(view: View, folder: Path, rest: list[str]) -> str:
    """A folder with what was named below it, each part as it is nearest there; without what it does not have."""
    for part in rest:
        if any(mark in part for mark in "*?["):
            return str(folder / Path(*rest[rest.index(part) :]))
        names = _names(view.facts.project / folder)
        if not names:
            return str(folder)
        near = part if part in names else nearest(part, names)
        if near is None:
            return f"{folder}/…, which has {', '.join(names[:5])}"
        folder = folder / near
    return str(folder)


def _in_other_letters(view: View, pattern: str) -> str:
    """A glob with its extension in the other letters, where that matches: *.CSV for *.csv."""
    front, dot, extension = pattern.rpartition(".")
    both = [f"{front}.{other}" for other in (extension.lower(), extension.upper()) if other != extension] if dot else []
    return next((each for each in both if "/" not in extension and view.facts.files(each)), "")


def _elsewhere(project: Path, name: str) -> str | None:
    """The only file of that name in the folders of the project, two levels deep."""
    if any(mark in name for mark in "*?[") or not name:
        return None
    try:
        found = [p for depth in ("", "*/", "*/*/") for p in sorted(project.glob(f"{depth}{name}"))[:3]]
    except (OSError, ValueError):
        return None
    kept = [p for p in found if not any(part.startswith(".") or part == "runs" for part in p.relative_to(project).parts)]
    return str(kept[0].relative_to(project)) if len(kept) == 1 else None
