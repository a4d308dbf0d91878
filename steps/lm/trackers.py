"""Metrics to wandb, TensorBoard or MLflow, besides our own logs: a tracker that fails is left behind, the training goes on."""

import contextlib
import json
import logging
import netrc
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from schemas import EvalLine, StepContext, TrainLine
from schemas.secrets import starred
from schemas.training import TRACKERS, Tracking

WAIT_S = 30  # for a server that does not answer
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": str(WAIT_S)}  # its own would hold a run for 4 minutes
TAG_CHARACTERS = 5000  # that MLflow takes


class Tracker(Protocol):
    """One library. where: what to type or open to see the metrics."""

    where: str

    def metrics(self, step: int, values: dict[str, float]) -> None:
        """Figures of optimizer step `step`."""

    def texts(self, step: int, samples: list[dict[str, str]]) -> None:
        """Texts that the model wrote: {prompt, text} each."""

    def close(self, done: bool) -> None:
        """Write out what is held."""


def open_trackers(wanted: Tracking, context: StepContext, config: dict[str, Any], resumed: int) -> "Tracked":
    """`context`, with all that is logged told to the trackers too.

    config: the settings, plain values. resumed: the step that a run goes on from, 0 for a new one: what was told after it is drawn anew.
    """
    opened: dict[str, Tracker] = {}
    run = f"{context.record.run}/{context.step_id}" if wanted.kinds() else ""
    for kind in wanted.kinds():
        folder = context.side(f"tracking/{kind}/{context.step_id}")
        folder.mkdir(exist_ok=True)
        try:
            with _quietly():
                opened[kind] = OPENERS[kind](wanted, folder, run, config, resumed)
        except ImportError:
            context.warn("S120", f"{kind} is not installed: nothing is told to it", field="tracking", fix=f'pip install "recipe[{kind}]"')
        except Exception as error:  # noqa: BLE001  a tracker is another's program, often with a network behind it
            context.warn(
                "S120", f"{kind} does not start: {_first(error)}", field="tracking", fix=f"mend it, or delete {kind} from tracking"
            )
        else:
            where = opened[kind].where
            moves = f"; once it is done runs/{context.record.run}/tracking/{kind}/{context.step_id}" if str(folder) in where else ""
            context.event("tracking", kind=kind, where=where, message=f"{kind}: {where}{moves}")
    return Tracked(context, opened)


class Tracked:
    """A step's context whose training and evaluation lines go to trackers as well."""

    def __init__(self, context: StepContext, trackers: dict[str, Tracker]) -> None:
        self._context, self.trackers = context, trackers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def log(self, line: TrainLine | EvalLine) -> None:
        """To our own log first."""
        self._context.log(line)
        if self.trackers:
            values = _figures(line)
            self._each(lambda tracker: tracker.metrics(line.step, values))
            if isinstance(line, EvalLine) and line.samples:
                samples = line.samples
                self._each(lambda tracker: tracker.texts(line.step, samples))

    def close(self, done: bool) -> None:
        """The run is over. done: it reached its last step."""
        with _quietly():
            self._each(lambda tracker: tracker.close(done))

    def _each(self, tell: Callable[[Tracker], None]) -> None:
        for kind, tracker in list(self.trackers.items()):
            try:
                tell(tracker)
            except Exception as error:  # noqa: BLE001  the same
                del self.trackers[kind]
                fix = "the figures are in logs/train_steps.jsonl all the same"
                self._context.warn("S120", f"{kind} failed and is told nothing more: {_first(error)}", field="tracking", fix=fix)


def _figures(line: TrainLine | EvalLine) -> dict[str, float]:
    """The numbers of a line under the names that trackers group by."""
    skipped = ("id", "step", "timestamp", "by", "samples")
    side = "train" if isinstance(line, TrainLine) else "eval"
    plain = {name: value for name, value in line.model_dump(exclude=set(skipped)).items() if isinstance(value, int | float)}
    found = {f"{side}/{name.removeprefix(f'{side}_')}": float(value) for name, value in plain.items()}
    for part, values in (line.by if isinstance(line, EvalLine) else {}).items():
        found |= {f"eval/{part or 'und'}/{name}": float(value) for name, value in values.items()}
    return found


class TensorBoard:
    """Event files. Tags by `/`; after a kill, what lies beyond the resumed step is purged."""

    def __init__(self, wanted: Tracking, folder: Path, run: str, config: dict[str, Any], resumed: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer: Any = SummaryWriter(str(folder), purge_step=resumed + 1 if resumed else None)
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
    """A wandb run; without a login, or with WANDB_MODE=offline, into a folder that `wandb sync` sends later. A killed one goes on."""

    def __init__(self, wanted: Tracking, folder: Path, run: str, config: dict[str, Any], resumed: int) -> None:
        import wandb

        mode: Any = os.environ.get("WANDB_MODE") or ("online" if _logged_in() else "offline")
        told = wanted.wandb
        self.run = wandb.init(
            project=(told.project if told else None) or "recipe", entity=told.entity if told else None, name=run, dir=str(folder),
            mode=mode, config=config, id=_kept(folder / "run_id", lambda: uuid.uuid4().hex[:8]), resume="allow",
            settings=wandb.Settings(silent=True, init_timeout=WAIT_S, console="off"),
        )  # fmt: skip
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
    """A run in MLFLOW_TRACKING_URI, else in files. A killed one goes on under its id."""

    def __init__(self, wanted: Tracking, folder: Path, run: str, config: dict[str, Any], resumed: int) -> None:
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
        self.id = _kept(folder / "run_id", lambda: self.client.create_run(experiment, run_name=run).info.run_id)
        self.client.update_run(self.id, status="RUNNING")
        if not resumed:
            for key, value in flat(config).items():
                self.client.log_param(self.id, key, str(value)[:500])
        self.where = f"mlflow ui --backend-store-uri {starred(uri)}"

    def metrics(self, step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            self.client.log_metric(self.id, name, value, step=step)

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
    said = str(error).strip().splitlines()
    return starred(said[0])[:200] if said else type(error).__name__
