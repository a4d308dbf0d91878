"""The whole cache key, on one page, and the words for what changed between two keys.

The key is BLAKE3 of the sorted compact JSON of `parts`. The parts are kept beside the key, so `--why` can name the one that
changed. In it, and why:

  step                type and version: other code, other bytes
  param NAME          the resolved params, less those equal to their default (a changed default raises the version), less those marked
                      NotInKey (they cannot change the bytes); of a secret only whether it is set
  input NAME          content digests of the input artifacts: what made them does not matter (early cut-off)
  file NAME           content digest of a source file, by its path relative to the glob's root, never an absolute path
  source NAME         what names a source without reading it: a hub data set at a commit
  seed                of the recipe
  library NAME        version of a distribution that the step declares as byte-relevant
  package             for a step of another package: its version and the digest of its installed sources
  target              for a step that judges another one for a machine (plan): the machine's description

Not in it: ids, comments, key order, the machine we run on, times, paths.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel

from runner.statcache import StatCache, digest_bytes
from schemas.base import NotInKey, SecretMark, StepParams, reveal, version_of
from schemas.findings import RecipeError
from schemas.machine import Machine
from schemas.secrets import starred
from schemas.step import Read, Step

MANY_READS = 2000  # from here on the files' digests are folded into one part


class Key(NamedTuple):
    """A cache key and the parts it was made of."""

    value: str
    parts: dict[str, Any]


def make_key(
    step: Step,
    params: StepParams,
    inputs: Mapping[str, str | Sequence[str]],
    reads: Sequence[tuple[Read, str]],
    seed: int,
    target: Machine,
    package: str = "",
) -> Key:
    """The key of one step.

    inputs: input name to content digest(s). reads: what the step reads, each with its content digest. package: see `package_of`.
    """
    parts: dict[str, Any] = {"step": f"{step.name} version {step.version}", "seed": seed}
    parts.update({f"param {name}": value for name, value in keyed(params).items()})
    parts.update({f"input {name}": digest for name, digest in inputs.items()})
    parts.update(_read_parts(reads))
    parts.update({f"library {name}": version_of(name) for name in step.libraries})
    if package:
        parts["package"] = package
    if step.looks_at:
        parts["target"] = target.model_dump(mode="json")
    return Key(digest_bytes(canonical(parts)), parts)


def canonical(data: Any) -> bytes:
    """The one text of `data`: sorted, compact JSON."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return keyed(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def keyed(model: BaseModel) -> dict[str, Any]:
    """The fields of `model` that belong in a key, as plain data."""
    out: dict[str, Any] = {}
    secret = _marked(type(model))[1]
    for name, required, default, hint in _fields(type(model)):
        value = getattr(model, name)
        if name in secret:
            if value is not None and (not isinstance(value, str) or reveal(value) is not None):
                out[name] = "set"
        elif required or not _same(value, default, hint):
            out[name] = _keyed(value, hint)
    return out


@cache
def _fields(model: type[BaseModel]) -> list[tuple[str, bool, Any, Any]]:
    """Name, whether it is required, default and type of each field that is in the key; once a class, pydantic is slow to ask."""
    outside = _marked(model)[0]
    return [
        (name, field.is_required(), None if field.is_required() else field.get_default(call_default_factory=True), field.annotation)
        for name, field in model.model_fields.items()
        if name not in outside
    ]


@cache
def _marked(model: type[BaseModel]) -> tuple[frozenset[str], frozenset[str]]:
    """Names of the fields that are not in the key, and of those that hold secrets; the mark may stand inside, as in `Secret | None`."""
    found: tuple[set[str], set[str]] = (set(), set())
    for name, field in model.model_fields.items():
        for mark, names in zip((NotInKey, SecretMark), found, strict=True):
            if any(meta is mark for meta in field.metadata) or _carries(field.annotation, mark):
                names.add(name)
    return frozenset(found[0]), frozenset(found[1])


def _carries(hint: Any, mark: object) -> bool:
    return any(meta is mark for meta in getattr(hint, "__metadata__", ())) or any(_carries(part, mark) for part in get_args(hint))


def _same(value: Any, default: Any, hint: Any) -> bool:
    if isinstance(default, int | float) and not isinstance(default, bool) and isinstance(value, int | float):
        return value == default and not isinstance(value, bool)  # a default of 1 for a float, written out, is 1.0
    return type(value) is type(default) and bool(_keyed(value, hint) == _keyed(default, hint))


def _keyed(value: Any, hint: Any) -> Any:
    if isinstance(value, BaseModel):
        fields = keyed(value)
        # Two models of a union may agree in all fields that differ from their defaults: the name keeps them apart.
        return {**fields, "": type(value).__name__} if _models_in(hint) > 1 else fields
    if isinstance(value, list | tuple):
        return [_keyed(item, hint) for item in value]
    if isinstance(value, dict):
        return {str(name): _keyed(item, hint) for name, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, str) and (bare := starred(value)) != value:
        return f"{bare}#{digest_bytes(value.encode())}"  # the key is kept beside the result: of a secret it has the digest
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


@cache
def _models_in(hint: Any) -> int:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return 1
    return sum(_models_in(part) for part in get_args(hint) if isinstance(part, type) or get_args(part))


def shown(model: BaseModel) -> dict[str, Any]:
    """All params as plain data for the record, a secret that was written out replaced by stars."""

    def hide(part: BaseModel, data: dict[str, Any]) -> dict[str, Any]:
        secret = _marked(type(part))[1]
        for name in type(part).model_fields:
            value = getattr(part, name)
            if name in secret:
                if value is not None and not str(value).startswith("${env:"):
                    data[name] = "***"
            elif isinstance(value, BaseModel):
                hide(value, data[name])
            elif isinstance(value, list):
                for item, row in zip(value, data[name], strict=True):
                    if isinstance(item, BaseModel):
                        hide(item, row)
        return data

    return hide(model, model.model_dump(mode="json"))


def digest_reads(reads: Sequence[Read], project: Path, cache: StatCache) -> list[tuple[Read, str]]:
    """Each read with its content digest (its identity where it has no file). Raises RecipeError R004 on a file that cannot be read."""
    found = []
    for read in reads:
        if read.path is None:
            found.append((read, read.identity))
            continue
        try:
            found.append((read, cache.digest(str(project / read.path))))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise RecipeError("R004", f"cannot read {read.path}: {reason}", fix="put the file back, or take it out of the recipe") from None
    return found


def _read_parts(reads: Sequence[tuple[Read, str]]) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for read, digest in reads:
        name = f"{'source' if read.path is None else 'file'} {read.name}"
        parts[name] = [*_listed(parts[name]), digest] if name in parts else digest
    if len(parts) > MANY_READS:
        return {"files": {"count": len(parts), "digest": digest_bytes(canonical(parts))}}
    return parts


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def package_of(step: Step, cache: StatCache) -> str:
    """Version and source digest of the package that brings `step`, empty for one of ours, whose versions say when bytes change.

    The digest is there because packages are installed again without a new version, above all the editable ones.
    """
    module = step.function.__module__.split(".")[0]
    if module == "steps":
        return ""
    import steps

    point = steps.outside().get(step.name)
    released = point.dist.version if point is not None and point.dist is not None else "unreleased"
    files = sources_of(module)
    for folder in sorted({str(Path(path).parent) for path in files}):
        cache.list(folder)
    return f"{released} {digest_bytes(canonical({name: cache.digest(path) for path, name in files.items()}))[:16]}"


@cache
def sources_of(module: str) -> dict[str, str]:
    """The source files of a top-level module, absolute path to path inside the package."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if not file:
        return {}
    if Path(file).stem != "__init__":
        return {file: Path(file).name}
    root = Path(file).parent
    return {str(path): path.relative_to(root).as_posix() for path in sorted(root.rglob("*")) if _is_source(path)}


def _is_source(path: Path) -> bool:
    return "__pycache__" not in path.parts and path.suffix != ".pyc" and path.is_file()


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What changed from one key's parts to another's, in words: `param vocab_size: 1750 -> 2000`, `file data/x.jsonl changed`."""
    out: list[str] = []
    for name in sorted({*old, *new}, key=_by_weight):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        kind = name.partition(" ")[0]
        if kind in ("param", "seed", "step", "library", "target", "package"):
            out.extend(_changes(name, before, after, gone="default" if kind == "param" else "none"))
        elif kind == "files":
            out.append("some of its many source files changed")
        else:
            out.append(f"{name} {'added' if name not in old else 'removed' if name not in new else 'changed'}")
    return out


def _by_weight(name: str) -> tuple[int, str]:
    order = ("step", "package", "library", "param", "seed", "target", "input", "source", "file", "files")
    kind = name.partition(" ")[0]
    return (order.index(kind) if kind in order else len(order), name)


def _changes(name: str, before: Any, after: Any, *, gone: str) -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        out = []
        for part in sorted({*before, *after}):
            if before.get(part) != after.get(part):
                joint = " " if name == "target" else "."
                out.extend(_changes(f"{name}{joint}{part}", before.get(part), after.get(part), gone=gone))
        return out
    return [f"{name}: {_short(before, gone)} -> {_short(after, gone)}"]


def _short(value: Any, gone: str, width: int = 60) -> str:
    if value is None:
        return gone
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = re.sub(r"\s+", " ", text)
    return text if len(text) <= width else text[: width - 1] + "…"
