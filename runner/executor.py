"""Runs a recipe: for each step its key, then reuse or work, then the record. Linear in the number of steps."""

import shutil
import time
from pathlib import Path
from typing import Any

from runner.console import Screen
from runner.context import RunContext, Stopped
from runner.disk import full_disk
from runner.halfdone import earlier_work, write_about
from runner.ledger import Ledger
from runner.meant import Meant, StepMeant
from runner.ready import Preparation, Result, Work
from runner.rundir import RunDir, now, read_record
from runner.selection import Options, asked_for
from runner.standing import Standing, last_file
from runner.statcache import StatCache, digest_bytes
from runner.stopping import Stopping
from runner.store import Entry, Store, remove
from schemas.findings import Finding, RecipeError
from schemas.records import RunRecord, StepRecord

WRITTEN_EVERY_S = 2.0
WHOLE_RUN = "it sees the whole run"


def execute(meant: Meant, options: Options | None = None, screen: Screen | None = None, cache: StatCache | None = None) -> RunRecord:
    """Run `meant` and return the record of the run, or of the last one when nothing had changed (`screen.unchanged` is told).

    A step that fails stops only those that need it. Raises RecipeError for what stops the whole run: a store or folder
    that cannot be written, an unknown step id on the command line.
    """
    return Execution(meant, options or Options(), screen or Screen(), cache).run()


class Execution:
    """One run. Steps are taken in the order of the graph; a run folder is made when the first of them has to work."""

    def __init__(self, meant: Meant, options: Options, screen: Screen, cache: StatCache | None = None) -> None:
        if meant.recipe is None or meant.errors:
            raise ValueError("a recipe with errors cannot run")
        self.meant = meant
        self.recipe = meant.recipe
        self.options = options
        self.screen = screen
        self.asked = asked_for(meant, options)
        self.cache = cache or StatCache(str(meant.project / ".recipe" / "stat.json"), verify=options.verify)
        self.store = Store(meant.project, meant.recipe.store, meant.smoke, self.cache)
        self.last_file = last_file(meant.project, meant.recipe.recipe, meant.smoke)
        self.before = Standing.read(self.last_file)
        self.ready = Preparation(meant, options, self.store, self.before)
        self.ledger = Ledger(meant, screen)
        self.stop = Stopping(screen)
        self.by_id = {step.id: step for step in meant.steps}
        self.rundir: RunDir | None = None
        self.half_done: Path | None = None  # side files of the step that has just failed
        self.began = time.perf_counter()
        self.written_at = 0.0
        self.looked_anew = False  # something is said of a reused result that was not said before

    # The run ----------------------------------------------------------------------------------------------------------

    def run(self) -> RunRecord:
        """Take all steps; return the record. Raises RecipeError R003 or R001 when the run's own files cannot be written any more."""
        try:
            return self._run()
        except OSError as error:
            if self.rundir is not None:
                self.rundir.abandon()
            raise full_disk(error, self.store.root) or error from None

    def _run(self) -> RunRecord:
        if not self.options.dry_run:
            self.store.open()
        self.screen.begin(self.recipe.recipe, [(name, self.by_id[name].type) for name in self.meant.order])
        with self.stop.listening():
            self._take(last=False)
            if self.options.dry_run:
                self._take(last=True)
                return self.ledger.record(status="done", folder=self.meant.project)
            if self.rundir is None and self._same_as_before():
                return self._unchanged()
            self._open()
            self._take(last=True)
            return self._finish()

    def _take(self, *, last: bool) -> None:
        for name in self.meant.order:
            step = self.by_id[name]
            if (step.step is not None and step.step.last) is last and not self.stop.asked:
                self._one(step)

    def _one(self, step: StepMeant) -> None:
        began = time.perf_counter()
        self.half_done = None
        try:
            record = self._step(step)
        except (Stopped, KeyboardInterrupt):
            self.stop.asked = True
            record = self.ledger.step(step, "stopped", "the run was asked to stop; run it again to go on", side=self.half_done)
        except RecipeError as error:
            record = self.ledger.failed(step, error, self.half_done)
        except Exception as error:  # noqa: BLE001 - the boundary: a step may raise anything, the others go on
            record = self.ledger.broken(step, error, self.half_done, self.store.root)
        if record.status != "reused":
            record = record.model_copy(update={"seconds": round(time.perf_counter() - began, 4)})
        self.ledger.steps[step.id] = record
        self.screen.done(record)
        if self.rundir is not None:
            said = {"key": record.key, "digest": record.digest, "reason": record.reason, "seconds": record.seconds}
            self.rundir.event(record.status, step.id, **said)
            self._write_now_and_then(self.rundir)

    def _write_now_and_then(self, rundir: RunDir) -> None:
        if time.monotonic() - self.written_at > WRITTEN_EVERY_S:
            rundir.write(self.ledger.record())
            self.cache.save()
            self.written_at = time.monotonic()

    # One step ---------------------------------------------------------------------------------------------------------

    def _step(self, step: StepMeant) -> StepRecord:
        blocked = self._blocked(step)
        if blocked:
            return self.ledger.step(step, "skipped", blocked)
        work = self.ready.prepare(step)
        asked = step.id in self.asked
        if work.step.last:
            return self._last(step, work) if asked else self._not_asked(step, work)
        forced = asked and self.options.forces(step.id)
        entry = None if forced else self._found(work)
        if entry is not None:
            return self._reuse(step, work, entry)
        reason = "forced" if forced else "; ".join(self._damage() or work.why) or "first time"
        if not asked:
            return self._not_asked(step, work)
        if self.options.dry_run:
            return self.ledger.step(step, "skipped", f"would run: {reason}", work)
        self._open()
        self._start(step, reason)
        with self.store.lock(work.key.value, lambda: self._waiting(step.id)):
            entry = None if forced else self._found(work)  # another run may have made it while we waited
            if entry is not None:
                return self._reuse(step, work, entry)
            if forced:
                remove(self.store.keep(work.key.value))
            return self._make(step, work, reason)

    def _start(self, step: StepMeant, reason: str) -> None:
        assert self.rundir is not None
        self.screen.start(step.id, step.type, reason)
        self.rundir.event("start", step.id, reason=reason)

    def _blocked(self, step: StepMeant) -> str:
        """Why the step cannot run, empty when it can."""
        for name, links in step.inputs.items():
            for link in links:
                if not link.inside or link.step in self.ready.results:
                    continue
                was = self.ledger.steps[link.step]
                if was.reason.startswith("would run"):
                    return f"would run: its {name} comes from {link.step}, unless that comes out as before"
                if was.reason.startswith("not asked for"):
                    if step.id not in self.asked:
                        return was.reason
                    message = f"{step.id} needs {link.step}, which is not in the store as the recipe means it now"
                    raise RecipeError("R007", message, fix=f"run it without {self.options.partial}, or with --from {link.step}")
                became = {"failed": "failed", "stopped": "was stopped"}.get(was.status, "was skipped")
                return f"needs {link.step}, which {became}"
        return ""

    def _not_asked(self, step: StepMeant, work: Work) -> StepRecord:
        return self.ledger.step(step, "skipped", f"not asked for ({self.options.partial})", work)

    def _found(self, work: Work) -> Entry | None:
        entry = self.store.entry(work.key.value)
        return entry if entry is not None and self.store.whole(entry.digest) else None

    def _damage(self) -> list[str]:
        """What the store found damaged, told once: a warning and a miss, never a stop."""
        found, self.store.damaged = self.store.damaged, []
        for message in found:
            self.ledger.note(Finding("R010", "warning", message, fix="nothing to do: it is made again"))
        return found

    def _waiting(self, step_id: str) -> None:
        if self.stop.asked:
            raise Stopped(step_id)
        self.screen.waiting(step_id)

    # Reuse, or work ---------------------------------------------------------------------------------------------------

    def _reuse(self, step: StepMeant, work: Work, entry: Entry) -> StepRecord:
        self._damage()
        self.ready.results[step.id] = Result(entry.digest, self.store.object(entry.digest), entry.kind)
        reason = "unchanged"
        if self.before.keys.get(step.id) != work.key.value:
            reason = f"made by {entry.made.get('run')}" + (f" ({'; '.join(work.why)})" if work.why else "")
        done = {"digest": entry.digest, "kind": entry.kind, "seconds": entry.made.get("seconds", 0.0)}
        self._look_again(step, work, f"{entry.made.get('run')}/{step.id}")
        record = self.ledger.step(step, "reused", reason, work, side=self.store.side(work.key.value), **done)
        if self.rundir is not None:
            self._show(self.rundir, record)
        return record

    def _look_again(self, step: StepMeant, work: Work, name: str) -> None:
        """What the step itself has to say of a reused result, by params that are in no key: then the report is another, too."""
        if work.step.again_function is None:
            return
        try:
            found = work.step.again_function(work.params, self.store.side(work.key.value), name)
        except RecipeError:
            del self.ready.results[step.id]
            raise
        if found is None:
            return
        self.looked_anew = self.looked_anew or found.changed
        for warning in found.warnings:
            self.ledger.warned(step.id, warning.code, warning.message, warning.field, warning.fix)
        for message in found.said:
            self.screen.said(step.id, message)

    def _show(self, rundir: RunDir, record: StepRecord, *, logs: bool = True) -> None:
        """Put a step's files into the run's folder."""
        rundir.export(self.store, record.id, record.digest)
        if record.side is not None:
            rundir.gather(record.id, record.side, logs=logs)
        rundir.show(record.kind, record.digest, self.store)

    def _last(self, step: StepMeant, work: Work) -> StepRecord:
        """A step that sees the whole run: made anew in every run that is one, its key never looked up."""
        if self.options.dry_run:
            return self.ledger.step(step, "skipped", f"would run: {WHOLE_RUN}", work)
        assert self.rundir is not None
        self._start(step, WHOLE_RUN)
        own = digest_bytes(f"{work.key.value} {self.rundir.folder.name}".encode())
        return self._make(step, work, WHOLE_RUN, own)

    def _make(self, step: StepMeant, work: Work, reason: str, own: str = "") -> StepRecord:
        """Do the work. own: the key of a step that sees the whole run, under which nothing is remembered."""
        assert self.rundir is not None
        key = own or work.key.value
        self.store.begin(key)
        place = self.store.workplace()
        began = time.perf_counter()
        try:
            context = self._context(step, work, place, key)
            try:
                made = work.step.function(work.params, *work.inputs, context)
            finally:
                context.close()
            self.ready.check_sources(work)
            digest, vouched = self._outcome(work, made, place)
        except BaseException as error:
            self.half_done = self.store.keep(key) / "side"
            if self.stop.asked and isinstance(error, Exception) and not isinstance(error, Stopped):
                self._stopped_badly(step, error)
            raise
        finally:
            remove(place)
        seconds = round(time.perf_counter() - began, 4)
        where = {"run": self.rundir.folder.name, "recipe": self.recipe.recipe, "id": step.id, "at": now(), "seconds": seconds}
        self.store.finish(Entry(key, digest, made.kind(), work.key.parts, where, vouched), remember=not own)
        self.ready.results[step.id] = Result(digest, self.store.object(digest), made.kind())
        record = self.ledger.step(step, "made", reason, work, side=self.store.side(key), digest=digest, kind=made.kind())
        self._show(self.rundir, record, logs=False)
        return record

    def _stopped_badly(self, step: StepMeant, error: Exception) -> None:
        """Raise Stopped for an error that came of the signal, to a process of the step's, and tell it; a disk without room is another."""
        assert self.rundir is not None
        if full_disk(error, self.store.root) is not None or getattr(error, "code", "") in ("R001", "R003"):
            return
        said = str(error).strip().splitlines()
        message = f"while it stopped: {type(error).__name__}: {said[0][:200] if said else 'no word'}"
        self.rundir.event("stopped_badly", step.id, message=message)
        self.screen.said(step.id, message)
        raise Stopped(step.id) from error

    def _context(self, step: StepMeant, work: Work, place: Path, key: str) -> RunContext:
        assert self.rundir is not None
        recipe, parts, names = self.recipe.recipe, work.key.parts, work.step.prolonged_by
        before = self.before.keys.get(step.id, "")
        return RunContext(
            step.id, seed=self.recipe.seed, smoke=self.meant.smoke, project=self.meant.project, target=self.meant.target,
            place=place, kept=self.store.keep(key), rundir=self.rundir, screen=self.screen, record=self.ledger.record,
            stopping=lambda: self.stop.asked, warn=lambda *said: self.ledger.warned(step.id, *said),
            readers=self.meant.readers(step), about=lambda folder: write_about(folder, recipe, step.id, parts),
            earlier=lambda: earlier_work(self.store, recipe, step.id, before, parts, names),
        )  # fmt: skip

    def _outcome(self, work: Work, made: Any, place: Path) -> tuple[str, bool]:
        """The digest of what a step returned: a new folder moved into the store, or one of its inputs, for which it vouches."""
        if not isinstance(made, work.step.makes):
            raise TypeError(f"{work.step.name} returned {type(made).__name__}, it declares {work.step.makes.__name__}")
        for result in work.results:
            if made.path == result.path:
                return self._taken_in(result), True
        if made.path != place / "artifact":
            if made.path != Path():
                raise TypeError(f"{work.step.name} returned a folder outside its workdir: {made.path}")
            made.save(place / "artifact")
        return self.store.publish(place), False

    def _taken_in(self, result: Result) -> str:
        """The object of an input that a step vouched for; a folder of the user's is copied into the store."""
        if self.store.whole(result.digest):
            return result.digest
        place = self.store.workplace()
        shutil.copytree(result.path, place / "artifact")
        return self.store.publish(place)

    # The end ----------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        """Give the run its folder, with all that was reused so far."""
        if self.rundir is not None:
            return
        name = self.recipe.recipe + ("-smoke" if self.meant.smoke else "")
        self.rundir = RunDir.create(self.meant.project, name, self.cache)
        self.ledger.open(self.rundir, self.options.command, self.ready.pins)
        self.screen.opened(self.rundir.folder)
        for step_id, record in self.ledger.steps.items():
            if record.digest:
                record = record.model_copy(update={"artifact": self.rundir.folder / "artifacts" / step_id})
                self.ledger.steps[step_id] = record
                self._show(self.rundir, record)
            self.rundir.event(record.status, step_id, key=record.key, digest=record.digest, reason=record.reason)
        self.rundir.write(self.ledger.record())
        self.written_at = time.monotonic()

    def _same_as_before(self) -> bool:
        """True when every step was reused as the last run left it, and that run ended well and still has its folder."""
        before = self.before
        if before.status != "done" or before.part != self.options.partial or self.stop.asked or self.looked_anew:
            return False
        folder = self.meant.project / "runs" / before.run
        if read_record(folder) is None:
            return False
        for name, record in self.ledger.steps.items():
            row = before.steps.get(name, {})
            if record.status == "failed" or (record.digest and (row.get("key"), row.get("digest")) != (record.key, record.digest)):
                return False
        for step in self.meant.steps:
            if step.step is not None and step.step.last and step.id in self.asked:
                row = before.steps.get(step.id, {})
                if row.get("key") != self.ready.prepare(step).key.value or not self.store.whole(row.get("digest", "")):
                    return False
        return bool(self.options.partial) or set(before.steps) == set(self.by_id)

    def _unchanged(self) -> RunRecord:
        """Nothing to do, but what was deleted or damaged in the last run's folder is made whole again."""
        folder = self.meant.project / "runs" / self.before.run
        rundir = RunDir(folder, self.cache)
        record = read_record(folder)
        assert record is not None
        mended = []
        for step in record.steps:
            if step.digest and self.store.whole(step.digest):
                if rundir.export(self.store, step.id, step.digest):
                    mended.append(f"artifacts/{step.id}")
                if rundir.mend_page(step.kind, step.digest, self.store):
                    mended.append("reports/report.html")
        self.cache.watch(str(folder / "metadata.json"))
        self.cache.watch(str(self.last_file))
        self.cache.save()
        self.screen.unchanged(record, mended)
        return record

    def _finish(self) -> RunRecord:
        assert self.rundir is not None
        statuses = {record.status for record in self.ledger.steps.values()}
        missing = set(self.meant.order) - set(self.ledger.steps)
        status = "stopped" if "stopped" in statuses or missing else "failed" if "failed" in statuses else "done"
        seconds = round(time.perf_counter() - self.began, 3)
        record = self.ledger.record(finished=now(), seconds=seconds, status=status)
        self._write_standing(status)
        self.rundir.finish(record)
        self.cache.watch(str(self.rundir.folder / "metadata.json"))
        self.cache.save()
        self.screen.finish(record)
        return record

    def _write_standing(self, status: str) -> None:
        assert self.rundir is not None
        run = self.rundir.folder.name
        steps = {name: row for name, row in self.before.steps.items() if name in self.by_id}
        for name, record in self.ledger.steps.items():
            if record.digest:
                steps[name] = {"digest": record.digest, "key": record.key, "kind": record.kind, "run": run}
        Standing(run, status, self.options.partial, steps).write(self.last_file)
        self.cache.watch(str(self.last_file))
