"""Trackers: the figures reach each library, a run goes on in the same curve, and what breaks stops nothing."""

import json
import os
from contextlib import suppress
from pathlib import Path
from socket import create_server
from threading import Thread
from typing import Any

import pytest

from schemas import EvalLine, TrainLine
from schemas.training import Tracking
from steps.lm.trackers import OPENERS, PATIENCE, Tracked, _figures, _kept
from tests.conftest import FakeContext
from tests.steps.lm.small import run


def losses(context: FakeContext) -> list[float]:
    return [line.train_loss for line in context.lines if isinstance(line, TrainLine)]


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Tag to (step, value) pairs, as TensorBoard itself reads them."""
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = events.EventAccumulator(str(folder)).Reload()
    return {tag: [(e.step, e.value) for e in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


class Logged(FakeContext):
    """One that keeps its logs in files, as a run's does, and can be killed at a step that was told."""

    kill_at = 0

    def log(self, line: object) -> None:
        super().log(line)
        self._write()

    def rewind(self, step: int) -> None:
        super().rewind(step)
        self._write()

    def _write(self) -> None:
        for name, kind in (("train_steps", TrainLine), ("eval_steps", EvalLine)):
            texts = (line.model_dump_json(exclude_defaults=True) for line in self.lines if isinstance(line, kind))
            self.side(f"logs/{name}.jsonl").write_text("".join(f"{text}\n" for text in texts), "utf-8")

    def progress(self, done: float, total: float | None = None, unit: str = "", **shown: Any) -> None:
        if done == self.kill_at:
            raise KeyboardInterrupt


def mlflow_curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """The same of MLflow's files, by its own client."""
    client = pytest.importorskip("mlflow.tracking").MlflowClient((folder / "mlruns").as_uri())
    (one,) = client.search_runs([client.get_experiment_by_name("recipe").experiment_id])
    return {name: [(m.step, m.value) for m in client.get_metric_history(one.info.run_id, name)] for name in one.data.metrics}


def wandb_curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """The same of what `wandb sync` would send: one file, a log of records as LevelDB has it."""
    from wandb.proto.wandb_internal_pb2 import Record

    (file,) = folder.rglob("run-*.wandb")
    data, at, whole = file.read_bytes(), 7, b""
    found: dict[str, list[tuple[int, float]]] = {}
    while at + 7 <= len(data):
        if (left := 32768 - at % 32768) < 7:
            at += left
            continue
        size, part = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        whole += data[at + 7 : at + 7 + size]
        at += 7 + size
        if part in (1, 4):  # whole, or its last part
            record, whole = Record.FromString(whole), b""
            items = {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in record.history.item}
            for name in items.keys() - {"_step"}:
                found.setdefault(name, []).append((record.history.step.num, items[name]))
    return found


CURVES = {"tensorboard": scalars, "mlflow": mlflow_curves, "wandb": wandb_curves}


def test_tensorboard_shows_what_the_log_has(tmp_path: Path):
    """Every step's loss, every evaluation; told beside our own log, which is as without a tracker."""
    context, plain = FakeContext(tmp_path / "a"), FakeContext(tmp_path / "b")
    run(context, tracking="tensorboard", eval_steps=3)
    run(plain, eval_steps=3)
    assert losses(context) == losses(plain)
    found = scalars(context.side("tracking/tensorboard") / "step")
    assert [step for step, _ in found["train/loss"]] == [1, 2, 3, 4, 5, 6]
    assert [value for _, value in found["train/loss"]] == pytest.approx(losses(context))
    assert [step for step, _ in found["eval/loss"]] == [0, 3, 6]
    assert "eval/en/bits_per_byte" in found
    (event,) = [e for e in context.events if e["event"] == "tracking"]
    assert event["message"].endswith("; once it is done runs/test/tracking/tensorboard/step")  # its folder of work is gone then
    assert event["where"] == f"tensorboard --logdir {context.project}/runs/test/tracking/tensorboard/step"
    assert event["meanwhile"] == f"tensorboard --logdir {context.side('tracking/tensorboard')}/step"


@pytest.mark.parametrize("kind", ["tensorboard", "mlflow", "wandb"])
@pytest.mark.parametrize("told_from", [0, 5])
def test_a_resumed_run_draws_one_curve(kind: str, told_from: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Killed after the fifth step, with a save of the fourth, it goes on: no step twice, none missing; also where the tracker is asked
    for only then."""
    pytest.importorskip({"mlflow": "mlflow.tracking"}.get(kind, kind))
    monkeypatch.setenv("WANDB_MODE", "offline")
    context = Logged(tmp_path)
    context.kill_at = 5
    with pytest.raises(KeyboardInterrupt):
        run(context, tracking=None if told_from else kind, save_steps=2, eval_steps=3)
    context.kill_at = 0
    run(context, tracking=kind, save_steps=2, eval_steps=3)
    assert [e["step"] for e in context.events if e["event"] == "resumed"] == [4]
    assert context.warnings == []
    found = CURVES[kind](context.side(f"tracking/{kind}") / "step")
    assert [step for step, _ in found["train/loss"]] == [1, 2, 3, 4, 5, 6]
    assert [value for _, value in found["train/loss"]] == pytest.approx(losses(context))
    assert [step for step, _ in found["eval/loss"]] == [0, 3, 6]
    said = [e["message"] for e in context.events if e["event"] == "tracking"][-1]
    assert said.endswith("; steps 5 to 5 stay as they were told") == (kind == "mlflow" and not told_from)


def test_mlflow_keeps_a_run_in_files(tmp_path: Path):
    """Params, metrics and samples are read back by MLflow's own client, also where the files have moved to; the run is finished."""
    client = pytest.importorskip("mlflow.tracking").MlflowClient
    context = FakeContext(tmp_path)
    run(context, tracking={"mlflow": {"experiment": "aether"}}, learning_rate=0.02, samples=["<tr>Bir"])
    moved = tmp_path / "run"
    (context.side("tracking/mlflow") / "step").rename(moved)  # as the runner does when the step is done
    store = client((moved / "mlruns").as_uri())
    (found,) = store.search_runs([store.get_experiment_by_name("aether").experiment_id])
    assert (found.info.status, found.data.params["learning_rate"]) == ("FINISHED", "0.02")
    assert [m.value for m in store.get_metric_history(found.info.run_id, "train/loss")] == pytest.approx(losses(context))
    assert found.data.tags["samples/step_6"].startswith("<tr>Bir")


def test_wandb_without_a_login_stays_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """No key, no question, no network: a folder that `wandb sync` sends."""
    pytest.importorskip("wandb")
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    context = FakeContext(tmp_path / "run")
    run(context, tracking="wandb")
    assert context.warnings == []
    (file,) = (context.side("tracking/wandb") / "step").rglob("run-*.wandb")
    assert file.read_bytes().count(b"train/loss") >= len(losses(context)) == 6
    told = next(e for e in context.events if e["event"] == "tracking")
    assert "wandb sync" in told["where"]
    assert told["message"].endswith(f"; once it is done runs/{context.record.run}/tracking/wandb/step")


def test_a_tracker_that_breaks_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """At its start or in the middle: a warning, and the weights of a run without it."""

    class Breaks:
        where = "nowhere"
        catches_up = False
        held = told = 0

        def metrics(self, step: int, values: dict[str, float]) -> None:
            self.told += 1
            if self.told == 3:
                raise ConnectionError("the server has gone")

        def texts(self, step: int, samples: list[dict[str, str]]) -> None:
            assert step == 0

        def close(self, done: bool) -> None:
            raise AssertionError("it is told nothing more")

    broken = Breaks()
    monkeypatch.setitem(OPENERS, "wandb", lambda *_: broken)
    monkeypatch.setitem(OPENERS, "mlflow", lambda *_: (_ for _ in ()).throw(OSError("no route to host")))
    context = FakeContext(tmp_path / "a")
    done = run(context, tracking=["wandb", "mlflow"], samples=["<tr>"])
    assert (broken.told, done.step) == (3, 6)
    assert context.warnings == [
        ("S120", "mlflow does not start: no route to host"),
        ("S120", "wandb failed and is told nothing more: the server has gone"),
    ]
    plain = run(FakeContext(tmp_path / "b"), samples=["<tr>"])
    assert (done.path / "model.safetensors").read_bytes() == (plain.path / "model.safetensors").read_bytes()


def test_a_server_that_gives_no_answer_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """MLflow's own patience, eight tries, is four minutes long, in which a run neither trains nor stops."""
    pytest.importorskip("mlflow")
    for name in PATIENCE:
        monkeypatch.delenv(name, raising=False)
    for name in ("FACTOR", "JITTER"):
        monkeypatch.setenv(f"MLFLOW_HTTP_REQUEST_BACKOFF_{name}", "0")
    context = FakeContext(tmp_path)
    tries: list[object] = []
    with create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            with suppress(OSError):  # the server is closed
                while True:
                    caller, _ = server.accept()
                    tries.append(caller)
                    caller.close()

        Thread(target=hang_up, daemon=True).start()
        uri = f"http://127.0.0.1:{server.getsockname()[1]}"
        told = Tracked(context, Tracking.model_validate({"mlflow": {"uri": uri}}), {})
        told.log(EvalLine(step=0, eval_loss=2.0))
    assert len(tries) == 3
    assert told.trackers == {}
    assert [code for code, _ in context.warnings] == ["S120"]


def test_a_tracker_that_is_not_installed_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The one command, and no more."""
    monkeypatch.setitem(OPENERS, "wandb", lambda *_: (_ for _ in ()).throw(ImportError("no module")))
    context = FakeContext(tmp_path)
    told = Tracked(context, Tracking.of("wandb"), {})
    told.log(EvalLine(step=1, eval_loss=2.0))
    told.close(True)
    assert context.warnings == [("S120", "wandb is not installed: nothing is told to it")]
    assert "WANDB_MODE" not in os.environ


def test_the_id_of_a_curve_is_never_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Killed before the file is whole, there is none, and the next run makes one."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            _kept(tmp_path / "run_id", lambda: "first")
    assert not (tmp_path / "run_id").exists()
    assert [_kept(tmp_path / "run_id", lambda name=name: name) for name in ("second", "third")] == ["second", "second"]


def test_figures_of_sources_are_told_too():
    """Under names that every tracker takes."""
    by = {"en": {"loss": 2.0}}
    line = EvalLine(step=1, eval_loss=2.0, by=by, by_source={"data/a,b.txt": {"loss": 3.0}, "": {"loss": 4.0}, "../x": {"loss": 5.0}})
    names = ["eval/en/loss", "eval/source/data_a_b.txt/loss", "eval/source/und/loss", "eval/source/__x/loss"]
    assert [name for name in _figures(line) if name.count("/") > 1] == names
