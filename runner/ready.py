"""Makes a step ready: its inputs, its params as settled, what it reads, its key, and what differs from its last run."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner import fingerprint
from runner.lookout import Lookout
from runner.meant import Link, Meant, StepMeant
from runner.selection import Options
from runner.standing import Standing, last_file
from runner.store import Store, digest_folder
from schemas.artifacts import Artifact
from schemas.base import StepParams
from schemas.findings import RecipeError
from schemas.step import Input, Read, Step


@dataclass(frozen=True, slots=True)
class Result:
    """What stands behind an input: an object of the store, or a folder of the user's."""

    digest: str
    path: Path
    kind: str = ""


@dataclass(slots=True)
class Work:
    """A step made ready. inputs: artifacts as the function takes them. results: what stands behind them. reads: sources and digests.

    why: what differs from the last run of this step, empty when nothing does or there was none.
    """

    step: Step
    id: str
    params: StepParams
    inputs: list[Any]
    results: list[Result]
    reads: list[tuple[Read, str]]
    key: fingerprint.Key
    why: list[str] = field(default_factory=list)


class Preparation:
    """Makes the steps of one run ready. results: step id to what it made. pins: outside results used, "recipe/step" to digest."""

    def __init__(self, meant: Meant, options: Options, store: Store, before: Standing) -> None:
        assert meant.recipe is not None
        self.meant = meant
        self.recipe = meant.recipe
        self.options = options
        self.store = store
        self.cache = store.cache
        self.before = before.keys
        self.lookout = Lookout(store.cache)
        self.results: dict[str, Result] = {}
        self.pins: dict[str, str] = {}
        self.packages: dict[str, str] = {}  # step type to its package's part of the key

    def prepare(self, step: StepMeant) -> Work:
        """The step, ready. Raises RecipeError when an input or a source cannot be had."""
        kind, params = step.step, step.params
        assert kind is not None
        assert params is not None
        if kind.settle_function is not None:
            from runner.hardware import here

            params = kind.settle_function(params, self.meant.target, here())
        results: list[Result] = []
        inputs: list[Any] = []
        digests: dict[str, Any] = {}
        for wanted in kind.inputs:
            found = [self._result(link, wanted) for link in step.inputs.get(wanted.name, [])]
            results += found
            if found:
                digests[wanted.name] = [result.digest for result in found] if wanted.many else found[0].digest
            inputs.append(_argument(wanted, [_load(wanted, result) for result in found]))
        reads = fingerprint.digest_reads(self._reads(kind, params), self.meant.project, self.cache)
        key = fingerprint.make_key(kind, params, digests, reads, self.recipe.seed, self.meant.target, self._package(kind))
        return Work(kind, step.id, params, inputs, results, reads, key, self._why(step.id, key))

    def _package(self, kind: Step) -> str:
        if kind.name not in self.packages:
            self.packages[kind.name] = fingerprint.package_of(kind, self.cache)
        return self.packages[kind.name]

    def check_sources(self, work: Work) -> None:
        """Raise RecipeError R013 when a source is no longer what the key says: the step may have read either."""
        changed = []
        for read, digest in work.reads:
            if read.path is not None and self._digest(self.meant.project / read.path) != digest:
                changed.append(read.name)
        for result in work.results:
            if not result.path.is_relative_to(self.store.root) and digest_folder(result.path, self.cache) != result.digest:
                changed.append(str(result.path))
        if changed:
            raise RecipeError("R013", f"{changed[0]} changed while the step was reading it", fix="run it again when it is written")

    def _digest(self, path: Path) -> str:
        try:
            return self.cache.digest(str(path))
        except OSError:
            return "gone"

    def _reads(self, kind: Step, params: StepParams) -> list[Any]:
        if kind.reads_function is None:
            return []
        with self.lookout.watching():
            return kind.reads_function(params, self.meant.project)

    def _why(self, step_id: str, key: fingerprint.Key) -> list[str]:
        before = self.before.get(step_id)
        if not before or before == key.value:
            return []
        entry = self.store.entry(before)
        return fingerprint.differences(entry.parts, key.parts) if entry is not None else ["its last result is no longer in the store"]

    def _result(self, link: Link, wanted: Input) -> Result:
        if link.inside:
            return self.results[link.step]
        if link.folder is None:
            return self._outside(link, wanted)
        folder = self.meant.project / link.folder
        if not folder.is_dir():
            fix = "write the folder that holds it, relative to the project"
            raise RecipeError("R004", f"{wanted.name}: there is no folder {folder}", field=wanted.name, fix=fix)
        self.lookout.list(folder)
        try:
            return Result(digest_folder(folder, self.cache), folder, wanted.kind.kind())
        except OSError as error:
            raise RecipeError("R004", f"cannot read {error.filename or folder}: {error.strerror}", field=wanted.name) from None

    def _outside(self, link: Link, wanted: Input) -> Result:
        """The last result of another recipe's step; in a smoke run the tiny one, else the real one."""
        name = f"{link.recipe}/{link.step}"
        for smoke in (True, False) if self.meant.smoke else (False,):
            file = last_file(self.meant.project, link.recipe, smoke)
            self.cache.watch(str(file))
            store = self.store if smoke == self.meant.smoke else Store(self.meant.project, self.recipe.store, smoke, self.cache)
            for digest in (dict(self.options.pins).get(name), Standing.read(file).digests.get(link.step)):
                if digest and store.whole(digest):
                    self.pins[name] = digest
                    return Result(digest, store.object(digest), wanted.kind.kind())
        message = f"{wanted.name}: step {link.step} of recipe {link.recipe} has no result in the store"
        raise RecipeError("R009", message, field=wanted.name, fix=f"run that recipe first: recipe run recipes/{link.recipe}.yaml")


def _load(wanted: Input, result: Result) -> Artifact:
    try:
        return wanted.kind.load(result.path)
    except ValueError as error:
        raise RecipeError("R011", f"{wanted.name}: {error}", field=wanted.name, fix=f"wire a {wanted.kind.kind()} there") from None


def _argument(wanted: Input, found: list[Artifact]) -> Any:
    if wanted.many:
        return found if found or not wanted.optional else None
    return found[0] if found else None
