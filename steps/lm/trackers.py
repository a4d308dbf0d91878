"""Metrics to wandb, TensorBoard or MLflow, besides our own logs: a tracker that fails is left behind, the training goes on."""

import contextlib
import json
import logging
import netrc
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from schemas import EvalLine, RecipeError, StepContext, TrainLine
from schemas.secrets import starred
from schemas.training import TRACKERS, Tracking
from steps.sizing.lack import said_of

WAIT_S = 30  # for a server that does not answer
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": str(WAIT_S)}  # its own would hold a run for 4 minutes
TAG_CHARACTERS = 5000  # that MLflow takes
_SIGNS = re.compile(r"^[. ]+|[^\w\-. ]+")  # that MLflow refuses in a name


class Tracker(Protocol):
    """One library. where: what to type or open to see the metrics. catches_up: it is to be told first what the log has already.
    held: the last step whose figures stay there as they were told; 0 where what is told again takes the place of what was told.
    """

    where: str
    catches_up: bool
    held: int

    def metrics(self, step: int, values: dict[str, float]) -> None:
        """Figures of optimizer step `step`."""

    def texts(self, step: int, samples: list[dict[str, str]]) -> None:
        """Texts that the model wrote: {prompt, text} each."""

    def close(self, done: bool) -> None:
        """Write out what is held."""


class Tracked:
    """A step's context whose training and evaluation lines go to trackers as well.

    They are opened when the first line comes, for by then it is known where the training goes on: what they were told from there on is
    told anew or left out, and one that is new is told first what the log has already. So each holds one curve.
    config: the settings, plain values.
    """

    def __init__(self, context: StepContext, wanted: Tracking, config: dict[str, Any]) -> None:
        self._context, self._wanted, self._config = context, wanted, config
        self.trackers: dict[str, Tracker] | None = None
        self._left: set[str] = set()  # behind: they failed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def log(self, line: TrainLine | EvalLine) -> None:
        """To our own log first."""
        if self.trackers is None:
            self._open(line.step)
        self._context.log(line)
        self._tell(self.trackers or {}, line)

    def rewind(self, step: int) -> None:
        """The logs are cut back to `step`, and with the next line so are the curves."""
        self.close(False)
        self.trackers = None
        self._context.rewind(step)

    def close(self, done: bool) -> None:
        """The run is over. done: it reached its last step."""
        with _quietly():
            self._each(self.trackers or {}, lambda tracker: tracker.close(done))

    def _open(self, first: int) -> None:
        """Open all that are wanted. first: the step of the line that comes next."""
        context, self.trackers = self._context, {}
        run = f"{context.record.run}/{context.step_id}" if self._wanted.kinds() else ""
        for kind in self._wanted.kinds():
            if kind in self._left:
                continue
            folder = context.side(f"tracking/{kind}/{context.step_id}")
            try:
                tracker = opened(kind, self._wanted, folder, run, self._config, first)
            except RecipeError as error:
                context.warn(error.code, error.message, field=error.field, fix=error.fix)
                self._left.add(kind)
                continue
            self.trackers[kind] = tracker
            where, moved = tracker.where, f"runs/{context.record.run}/tracking/{kind}/{context.step_id}"
            there = where.replace(str(folder), str(context.project / moved))
            moves = "" if there == where else f"; once it is done {moved}"
            stays = f"; steps {first:,} to {tracker.held:,} stay as they were told" if tracker.held >= first > 0 else ""
            context.event("tracking", kind=kind, where=there, meanwhile=where, message=f"{kind}: {where}{moves}{stays}")
            if tracker.catches_up:
                for line in logged(context.side("logs/x").parent):
                    self._tell({kind: tracker} if kind in self.trackers else {}, line)

    def _tell(self, trackers: dict[str, Tracker], line: TrainLine | EvalLine) -> None:
        self._each(trackers, lambda tracker: tell(tracker, line))

    def _each(self, trackers: dict[str, Tracker], say: Callable[[Tracker], None]) -> None:
        for kind, tracker in list(trackers.items()):
            try:
                say(tracker)
            except Exception as error:  # noqa: BLE001  a tracker is another's program, often with a network behind it
                (self.trackers or {}).pop(kind, None)
                self._left.add(kind)
                fix = "the figures are in logs/train_steps.jsonl all the same"
                self._context.warn("S120", f"{kind} failed and is told nothing more: {_first(error)}", field="tracking", fix=fix)


def opened(kind: str, wanted: Tracking, folder: Path, run: str, config: dict[str, Any], first: int) -> Tracker:
    """A tracker that keeps its files in `folder`. Raises RecipeError S120 where it does not start."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _quietly():
            return OPENERS[kind](wanted, folder, run, config, first)
    except ImportError as error:
        raise RecipeError("S120", f"{kind} is not installed: nothing is told to it", field="tracking",
                          fix=f'pip install "recipe[{kind}]"') from error  # fmt: skip
    except Exception as error:  # the same
        raise RecipeError("S120", f"{kind} does not start: {_first(error)}", field="tracking",
                          fix=f"mend it, or delete {kind} from tracking") from error  # fmt: skip


@contextlib.contextmanager
def all_told(kind: str, tracker: Tracker) -> Iterator[None]:
    """What a tracker is told of a training that is done, and its end. Raises RecipeError S120 where it fails."""
    try:
        with _quietly():
            yield
            tracker.close(True)
    except Exception as error:  # the same
        raise RecipeError("S120", f"{kind} failed and is told nothing: {_first(error)}", field="tracking",
                          fix=f"mend it, or delete {kind} from tracking") from error  # fmt: skip


def tell(tracker: Tracker, line: TrainLine | EvalLine) -> None:
    """The figures of a line, and the texts that came with it."""
    tracker.metrics(line.step, _figures(line))
    if isinstance(line, EvalLine) and line.samples:
        tracker.texts(line.step, line.samples)


def logged(folder: Path) -> list[TrainLine | EvalLine]:
    """The lines of both logs in `folder`, in the order in which they were written; none where there are none."""
    found: list[TrainLine | EvalLine] = []
    for name, kind in (("train_steps", TrainLine), ("eval_steps", EvalLine)):
        path = folder / f"{name}.jsonl"
        if path.is_file():
            found += [kind.model_validate_json(text) for text in path.read_text("utf-8").splitlines()]
    return sorted(found, key=lambda line: line.step)


def _figures(line: TrainLine | EvalLine) -> dict[str, float]:
    """The numbers of a line under the names that trackers group by."""
    skipped = ("id", "step", "timestamp", "by", "by_source", "samples")
    side = "train" if isinstance(line, TrainLine) else "eval"
    plain = {name: value for name, value in line.model_dump(exclude=set(skipped)).items() if isinstance(value, int | float)}
    found = {f"{side}/{name.removeprefix(f'{side}_')}": float(value) for name, value in plain.items()}
    if isinstance(line, EvalLine):
        for place, parts in (("eval", line.by), ("eval/source", line.by_source)):
            for part, values in parts.items():
                found |= {f"{place}/{_SIGNS.sub('_', part) or 'und'}/{name}": float(value) for name, value in values.items()}
    return found


class TensorBoard:
    """Event files. Tags by `/`; what an earlier file has from the first step on that is told is purged."""

    def __init__(self, wanted: Tracking, folder: Path, run: str, config: dict[str, Any], first: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.catches_up, self.held = not any(folder.glob("events.out.tfevents.*")), 0
        self.writer: Any = SummaryWriter(str(folder), purge_step=None if self.catches_up else first)
        self.where = f"tensorboard --logdir {folder}"
        self.writer.add_text("config", f"```json\n{json.dumps(config, indent=1, default=str)}\n```")

    def metrics(self, step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)

    def texts(self, step: int, samples: list[dict[str, str]]) -> None:
        for number, sample in enumerate(samples):
            self.writer.add_text(f"samples/{number}", f"**{sample['prompt']}** {sample['text']}", step)
        self.writer.flush()

    def close(self, done: bool) -> None:
        self.writer.close()


class Wandb:
    """A wandb run; without a login, or with WANDB_MODE=offline, into a folder that `wandb sync` sends later. A killed one goes on.

    A trap: `wandb sync` of a second offline folder of one run takes the place of the first (wandb/wandb#5865). So one that goes on
    offline is told all of it again, and the folder of its beginning goes.
    """

    def __init__(self, wanted: Tracking, folder: Path, run: str, config: dict[str, Any], first: int) -> None:
        import wandb

        mode: Any = os.environ.get("WANDB_MODE") or ("online" if _logged_in() else "offline")
        told, before = wanted.wandb, list((folder / "wandb").glob("offline-run-*"))
        self.run = wandb.init(
            project=(told.project if told else None) or "recipe", entity=told.entity if told else None, name=run, dir=str(folder),
            mode=mode, config=config, id=_kept(folder / "run_id", lambda: uuid.uuid4().hex[:8]), resume="allow",
            settings=wandb.Settings(silent=True, init_timeout=WAIT_S, console="off"),
        )  # fmt: skip
        self.catches_up = not self.run.resumed  # by the server
        self.held = 0 if self.catches_up else int(self.run.starting_step) - 1  # wandb itself leaves out what comes again
        for old in before:
            if old.resolve() != Path(self.run.dir).parent.resolve():
                shutil.rmtree(old, ignore_errors=True)
        self.where = str(self.run.url) if mode == "online" else f"offline; wandb sync {folder}/wandb/offline-run-*"

    def metrics(self, step: int, values: dict[str, float]) -> None:
        self.run.log(values, step=step)

    def texts(self, step: int, samples: list[dict[str, str]]) -> None:
        import wandb

        rows: Any = [[sample["prompt"], sample["text"]] for sample in samples]
        self.run.log({"samples": wandb.Table(columns=["prompt", "text"], data=rows)}, step=step)

    def close(self, done: bool) -> None:
        import wandb

        self.run.finish(exit_code=0 if done else 1)
        wandb.teardown()  # a trap: its other process writes the file after `finish` has returned, and the folder is about to move


class MLflow:
    """A run in MLFLOW_TRACKING_URI, else in files. A killed one goes on under its id; what it holds of a figure is not told again."""

    def __init__(self, wanted: Tracking, folder: Path, run: str, config: dict[str, Any], first: int) -> None:
        told = (wanted.mlflow.uri if wanted.mlflow else None) or os.environ.get("MLFLOW_TRACKING_URI")
        self.own, uri = told is None, told or (folder / "mlruns").as_uri()
        if uri.startswith("file:"):
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # in maintenance there, and the only store that needs no database
        for name, value in PATIENCE.items():
            os.environ.setdefault(name, value)
        from mlflow.tracking import MlflowClient

        self.client: Any = MlflowClient(tracking_uri=uri)
        name = (wanted.mlflow.experiment if wanted.mlflow else None) or "recipe"
        known = self.client.get_experiment_by_name(name)
        experiment = known.experiment_id if known else self.client.create_experiment(name)
        self._new, self.catches_up = not (folder / "run_id").exists(), True
        self.id = _kept(folder / "run_id", lambda: self.client.create_run(experiment, run_name=run).info.run_id)
        self.client.update_run(self.id, status="RUNNING")
        there = {} if self._new else self.client.get_run(self.id).data.params
        for key, value in flat(config).items():
            if key not in there:
                self.client.log_param(self.id, key, str(value)[:500])
            elif there[key] != str(value)[:500]:  # a training that is made longer; a param is for ever
                self.client.set_tag(self.id, key, str(value)[:500])
        self._last: dict[str, int] = {}
        self.held = self._holds("train/loss")
        self.where = f"mlflow ui --backend-store-uri {starred(uri)}"

    def metrics(self, step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            if step > self._holds(name):
                self.client.log_metric(self.id, name, value, step=step)
                self._last[name] = step

    def _holds(self, name: str) -> int:
        """The last step of a figure that the run has, -1 where it has none."""
        if name not in self._last:
            points = [] if self._new else self.client.get_metric_history(self.id, name)
            self._last[name] = max((point.step for point in points), default=-1)
        return self._last[name]

    def texts(self, step: int, samples: list[dict[str, str]]) -> None:
        lines = "".join(f"{sample['prompt']}{sample['text']}\n\n" for sample in samples)
        if self.own:  # its files move into the run's folder, and MLflow looks for artifacts where they were written
            self.client.set_tag(self.id, f"samples/step_{step}", lines[:TAG_CHARACTERS])
        else:
            self.client.log_text(self.id, lines, f"samples/step_{step}.txt")

    def close(self, done: bool) -> None:
        self.client.set_terminated(self.id, "FINISHED" if done else "KILLED")


OPENERS: dict[str, Callable[[Tracking, Path, str, dict[str, Any], int], Tracker]] = {
    "wandb": Wandb,
    "tensorboard": TensorBoard,
    "mlflow": MLflow,
}
assert set(OPENERS) == set(TRACKERS)


def flat(data: Any, name: str = "") -> dict[str, Any]:
    """Nested settings as dotted names."""
    if not isinstance(data, dict):
        return {name: data}
    return {key: value for k, v in data.items() for key, value in flat(v, f"{name}.{k}" if name else str(k)).items()}


def _kept(path: Path, make: Callable[[], str]) -> str:
    """The id of a run that survives a kill, also one between the beginning of the file and its end."""
    if not path.exists():
        half = path.with_name(f"{path.name}.half")
        half.write_text(make())
        half.replace(path)
    return path.read_text()


def _logged_in() -> bool:
    """Whether wandb would find a key without asking."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    with contextlib.suppress(OSError, netrc.NetrcParseError):
        return netrc.netrc().authenticators("api.wandb.ai") is not None
    return False


@contextlib.contextmanager
def _quietly() -> Any:
    """Nobody prints below the console: not a tracker's library either."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)


def _first(error: Exception) -> str:
    return starred(said_of(error))
