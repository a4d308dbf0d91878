"""What is written down of a run while it goes: findings, step records, the run's record. Says each thing to screen and log once."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from runner import fingerprint
from runner.bugs import CODE as BUG
from runner.bugs import save_bug
from runner.console import Screen
from runner.disk import full_disk
from runner.meant import Meant, StepMeant
from runner.nomemory import no_memory
from runner.ready import Work
from runner.rundir import RunDir, git_commit, now, packages
from runner.statcache import digest_bytes
from schemas.findings import Finding, RecipeError
from schemas.records import RunRecord, StepRecord
from schemas.secrets import without_secrets


class Ledger:
    """Findings and records of one run. rundir: None until the run has a folder."""

    def __init__(self, meant: Meant, screen: Screen) -> None:
        self.meant = meant
        self.screen = screen
        self.rundir: RunDir | None = None
        self.steps: dict[str, StepRecord] = {}
        self.findings: list[dict[str, Any]] = []
        self._frame: RunRecord | None = None
        for finding in meant.fixed:
            self.note(finding, fixed=True, show=False)
        for finding in meant.findings:
            self.note(finding, show=False)

    def open(self, rundir: RunDir, command: tuple[str, ...], pins: dict[str, str]) -> None:
        """The run has a folder: write there what is known so far."""
        from runner.hardware import hardware

        meant, recipe = self.meant, self.meant.recipe
        assert recipe is not None
        written = meant.file.read_bytes() if meant.file.is_file() else json.dumps(meant.data, indent=1).encode()
        machine = hardware()
        rundir.write_config(written, meant.data, machine, pins)
        self._frame = RunRecord(
            run=rundir.folder.name, recipe=recipe.recipe, about=recipe.about, started=now(), file=_relative(meant.file, meant.project),
            recipe_digest=digest_bytes(fingerprint.canonical(meant.data)), smoke=meant.smoke, command=list(command or sys.argv),
            git_commit=git_commit(meant.project), packages=packages(), hardware=machine, folder=rundir.folder,
            resolved=without_secrets(meant.data),
        )  # fmt: skip
        self.rundir = rundir
        for finding in self.findings:
            rundir.event("fixed" if finding["fixed"] else "finding", **finding)

    def record(self, **changed: Any) -> RunRecord:
        """The run so far."""
        frame = self._frame or RunRecord(run="", recipe=self.meant.recipe.recipe if self.meant.recipe else "", started=now())
        order = [self.steps[name] for name in self.meant.order if name in self.steps]
        return frame.model_copy(update={"steps": order, "findings": list(self.findings), **changed})

    # Steps ------------------------------------------------------------------------------------------------------------

    def step(self, step: StepMeant, status: Any, reason: str, work: Work | None = None, **fields: Any) -> StepRecord:
        """A record of one step. Not validated: it is ours, and there may be thousands."""
        artifact = self.rundir.folder / "artifacts" / step.id if self.rundir and fields.get("digest") else None
        side: Path | None = fields.pop("side", None)
        if side is not None and not side.is_dir():
            side = None
        known = {"digest": "", "kind": "", "seconds": 0.0, "error": "", "key": work.key.value if work else ""}
        params = work.params if work else step.params
        return StepRecord.model_construct(
            id=step.id, type=step.type, status=status, reason=reason, artifact=artifact, side=side, stats=stats_in(side),
            params=fingerprint.shown(params) if params is not None else {}, **{**known, **fields},
        )  # fmt: skip

    def failed(self, step: StepMeant, error: RecipeError, side: Path | None) -> StepRecord:
        """A mistake of the user's, at its place in the recipe."""
        finding = error.finding(("steps", step.id))
        self.note(finding.at(self.meant.place(finding.path)))
        said = f"{error.code}: {error.message}"
        return self.step(step, "failed", said, side=side, error=said)

    def broken(self, step: StepMeant, error: Exception, side: Path | None, store: Path) -> StepRecord:
        """Something that no step raises on purpose: a full disk and memory that ran out are told as such, the rest is a bug with its
        traceback saved."""
        known = full_disk(error, store) or no_memory(error)
        if known is not None:
            return self.failed(step, known, side)
        assert step.step is not None
        path = save_bug(error, self.meant.project)
        ours = step.step.function.__module__.split(".")[0] == "steps"
        whose = "a fault of recipe itself" if ours else f"a fault of the package that brings {step.type}"
        said = f"{type(error).__name__}: {error}"
        fix = f"report it with {_relative(path, self.meant.project)}, where the traceback is"
        finding = Finding(BUG if ours else "R012", "error", f"{step.id}: {said} ({whose}, not of yours)", ("steps", step.id), fix)
        self.note(finding.at(self.meant.place(finding.path, "key")))
        return self.step(step, "failed", said, side=side, error=said)

    def warned(self, step_id: str, code: str, message: str, field: str, fix: str) -> None:
        """A step's warning, at its place in the recipe."""
        finding = replace(RecipeError(code, message, field=field, fix=fix).finding(("steps", step_id)), severity="warning")
        self.note(finding.at(self.meant.place(finding.path)))

    def note(self, finding: Finding, *, fixed: bool = False, show: bool = True) -> None:
        """Write a finding down, and show it unless the door has already."""
        place = finding.place
        self.findings.append({
            "code": finding.code, "severity": finding.severity, "message": finding.message, "fix": finding.fix,
            "place": f"{place.file}:{place.line}:{place.column}" if place else "", "path": list(finding.path), "fixed": fixed,
        })  # fmt: skip
        if show:
            self.screen.finding(finding)
        if self.rundir is not None:
            self.rundir.event("finding", **self.findings[-1])


def stats_in(side: Path | None) -> dict[str, Any]:
    """The statistics kept in a side folder, by name; a damaged file is left out, it is no part of any result."""
    found: dict[str, Any] = {}
    for path in sorted((side / "stats").glob("*.json")) if side is not None else ():
        try:
            found[path.stem] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
    return found


def _relative(path: Path, project: Path) -> str:
    return str(path.relative_to(project)) if path.is_relative_to(project) else str(path)
