"""`python -m tests.steps.lm.on_card FOLDER`: trainings on a card, a true one or that of tests/steps/lm/card.py; findings in result.json."""

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

if "CARD" in os.environ:
    from tests.steps.lm.card import card, waited
else:
    card, waited = nullcontext, None  # type: ignore[assignment]

import torch

from schemas import Checkpoint, ModelConfig, RecipeError, TrainLine
from steps.lm import build, kernels, room
from steps.lm.checkpoint import copy_tokenizer, write_model
from steps.lm.loop import Loop
from steps.lm.precision import held
from steps.lm.speak import speak
from steps.train import train
from steps.validate_checkpoint import ValidateCheckpoint, validate_checkpoint
from tests.conftest import FakeContext
from tests.steps.lm.small import IDS, SIZES, network, params, run, text
from tests.steps.lm.test_kernels import CHUNKS, CONV, SCAN, causal_conv1d_fn, mamba_chunk_scan_combined, selective_scan_fn

Facts = dict[str, Any]
STAND_INS = {SCAN: selective_scan_fn, CHUNKS: mamba_chunk_scan_combined, CONV: causal_conv1d_fn}


def losses(context: FakeContext) -> list[float]:
    return [line.train_loss for line in context.lines if isinstance(line, TrainLine)]


def device_of(context: FakeContext) -> str:
    return str(context.kept["training"]["device"])


def full(folder: Path, family: str) -> Facts:
    """The same training on both: documents apart, layers computed again, a loss every step."""
    asked: Facts = {"model": SIZES[family], "packing": "documents", "activation_checkpointing": True, "max_steps": 3, "precision": "fp32",
                    "eval_tokens": 60}  # fmt: skip
    here = FakeContext(folder / "cpu")
    run(here, **asked)
    there = FakeContext(folder / "card")
    with card():
        made = run(there, **asked)
    return {"cpu": losses(here), "card": losses(there), "device": device_of(there), "val_loss": made.val_loss}


@contextmanager
def watched() -> Iterator[list[dict[str, int]]]:
    """What each step waits for; nothing is known of a true card."""
    seen: list[dict[str, int]] = []
    plain = Loop._step

    def step(self: Loop, number: int) -> Any:
        before = {} if waited is None else dict(waited)
        found = plain(self, number)
        if waited is not None:
            seen.append({place: count - before.get(place, 0) for place, count in waited.items() if count > before.get(place, 0)})
        return found

    with mock.patch.object(Loop, "_step", step):
        yield seen


def whole_rows(folder: Path, family: str) -> Facts:
    """Fine-tuning in bf16 of two rows at a time, twice a step; what the last step waits for."""
    asked = params(model=SIZES[family], objective="sft", precision="bf16", total_batch_size=4, batch_size=2, max_seq_length=800,
                   max_steps=3, eval_steps=100, save_steps=50)  # fmt: skip
    context = FakeContext(folder)
    with card(), watched() as seen:
        train(asked, None, [text().corpus], text().tokenizer, None, None, context)
    return {"waits": seen[-1] if seen else None, "losses": losses(context)}


def with_kernels(folder: Path, family: str) -> Facts:
    """Documents apart by stand-ins for the kernels of mamba-ssm and causal-conv1d, and by our own code; what the last step waits for."""
    found: Facts = {}
    for name, there in (("own", {}), ("kernels", STAND_INS)):
        kernels._found.clear()
        kernels._found.update(dict.fromkeys(STAND_INS) | there)
        context = FakeContext(folder / name)
        with card(), watched() as seen:
            run(context, model=SIZES[family], packing="documents", max_steps=3, precision="bf16", eval_tokens=60)
        found[name] = {"losses": losses(context), "path": context.kept["training"]["path"], "waits": seen[-1] if seen else None}
    kernels._found.clear()
    return found


def adapted(folder: Path, family: str) -> Facts:
    """LoRA over a base in half, whose best weights are not its last; merged, scored, validated and asked."""
    base = folder / "base"
    base.mkdir(parents=True)
    write_model(build.build(ModelConfig(**SIZES[family]), 400, IDS, 800, 3), base, IDS)
    copy_tokenizer(text().tokenizer.path, base)
    asked = params(model={"base": {"path": "base"}}, method="lora", lora={"lora_dropout": 0.1}, objective="sft", packing="documents",
                   max_seq_length=800, max_steps=2, precision="bf16", learning_rate=3.0, scheduler="constant", warmup_steps=0,
                   eval_steps=1)  # fmt: skip
    context, again = FakeContext(folder, project=folder), FakeContext(folder / "again")
    with card():
        made = train(asked, None, [text().corpus], None, None, None, context)
        assert isinstance(made, Checkpoint)
        validate_checkpoint(ValidateCheckpoint(max_new_tokens=5, prompts=["<en>"], weights="best"), made, None, [text().corpus], again)
        said = "".join(speak(made.path, "<en>", chat=False, system="", max_new_tokens=5, temperature=0.7, top_k=0, top_p=0.9, seed=1))
    return {
        "best": made.best_step,
        "recorded": made.best_val_loss,
        "found": again.kept["validation"]["val_loss"],
        "said": isinstance(said, str),
    }


def going_on(folder: Path, **written: Any) -> Facts:
    """One training, and one that is stopped in its middle and goes on; with dropout and accumulation."""
    asked: Facts = {"model": {**SIZES["llama"], "dropout": 0.1}, "total_batch_size": 4, "batch_size": 2, "max_steps": 4, "save_steps": 1,
                    "eval_steps": 2, "eval_tokens": 60, **written}  # fmt: skip
    found = []
    for name, stops in (("whole", False), ("halves", True)):
        context = FakeContext(folder / name)
        plain = context.log

        def log(line: Any, context: FakeContext = context, plain: Any = plain, stops: bool = stops) -> None:
            plain(line)
            context.asked_to_stop = stops and isinstance(line, TrainLine) and line.step == 2

        context.log = log  # type: ignore[method-assign]
        with card():
            try:
                made = run(context, **asked)
            except InterruptedError:
                context.log, context.asked_to_stop = plain, False  # type: ignore[method-assign]
                made = run(context, **asked)
        found.append((made.path / "model.safetensors").read_bytes())
    return {"equal": found[0] == found[1], "resumed": [e["step"] for e in context.events if e["event"] == "resumed"]}


def twice(folder: Path, family: str, named: str = "", **written: Any) -> Facts:
    """One training on a card, and one that is killed in its third step and goes on. named: as the card is called until then."""
    asked: Facts = {"model": {**SIZES[family], **({"dropout": 0.1} if family == "llama" else {})}, "max_steps": 4, "save_steps": 1,
                    "packing": "documents", "eval_steps": 2, "eval_tokens": 60, "precision": "bf16", **written}  # fmt: skip
    whole, context = FakeContext(folder / "whole"), FakeContext(folder / "halves")
    plain, modes, kills = context.log, [], [KeyboardInterrupt]

    def log(line: Any) -> None:
        plain(line)
        modes.append((torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark))
        if isinstance(line, TrainLine) and line.step == 3 and kills:
            raise kills.pop()

    context.log = log  # type: ignore[method-assign]
    torch.backends.cudnn.benchmark = True
    with card():
        made, name = run(whole, **asked), torch.cuda.get_device_name()
        with suppress(KeyboardInterrupt), mock.patch.object(torch.cuda, "get_device_name", return_value=named or name):
            run(context, **asked)
        assert not kills, "nothing stopped the first run"
        again = run(context, **asked)
    left = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = False
    files = [(one.path / "model.safetensors").read_bytes() for one in (made, again)]
    said = next(event for event in context.events if event["event"] == "resumed")
    began = next(event for event in context.events if event["event"] == "training")
    return {"equal": files[0] == files[1], "bitwise": said["bitwise"], "said": said["message"], "began": began["message"], "card": name,
            "modes": sorted(set(modes)), "left": left, "variable": os.environ.get("CUBLAS_WORKSPACE_CONFIG")}  # fmt: skip


def prolonged(folder: Path, **first: Any) -> Facts:
    """resume_from on a card: a training of 4 steps and one that goes on to 6, beside one of 6; with dropout. first: of the first alone."""
    asked: Facts = {"model": {**SIZES["llama"], "dropout": 0.1}, "scheduler": "constant", "warmup_steps": 1, "deterministic": True,
                    "eval_steps": 100, "precision": "bf16"}  # fmt: skip
    context = FakeContext(folder / "more")
    with card():
        whole = run(FakeContext(folder / "whole"), **asked, max_steps=6)
        start = run(FakeContext(folder / "first"), **{**asked, **first}, max_steps=4)
        given = params(**asked, max_steps=6, resume_from={"step": "first"})
        more = train(given, text().bins, None, text().tokenizer, None, start, context)
    files = [(one.path / "model.safetensors").read_bytes() for one in (whole, more)]  # type: ignore[union-attr]
    said = next(event for event in context.events if event["event"] == "resumed")
    stored = (start.path / "state" / "state.safetensors").read_bytes()
    return {"equal": files[0] == files[1], "bitwise": said["bitwise"], "said": said["message"], "kept": b"cuda_generator.0" in stored}


def in_order(folder: Path) -> Facts:
    """Which way a Mamba takes in deterministic mode where mamba-ssm imports."""
    old = {**dict.fromkeys(STAND_INS), **STAND_INS, kernels.SWITCH: None}
    new = {**old, kernels.SWITCH: torch.are_deterministic_algorithms_enabled}
    late = ModuleType(kernels.TUNED + "combined")
    late.one = SimpleNamespace(configs=[1, 2])  # type: ignore[attr-defined]
    found: Facts = {}
    for name, family, there, modules in (("mamba", "mamba", new, {}), ("old", "mamba2", old, {}), ("new", "mamba2", new, {}),
                                         ("late", "mamba2", new, {late.__name__: late})):  # fmt: skip
        kernels._found.clear()
        kernels._found.update(there)
        context = FakeContext(folder / name)
        with card(), mock.patch.dict(sys.modules, modules):
            run(context, model=SIZES[family], packing="documents", max_steps=3, precision="bf16", eval_tokens=60, deterministic=True)
        found[name] = {"losses": losses(context), "path": context.kept["training"]["path"]}
    kernels._found.clear()
    return found


def refused(folder: Path) -> Facts:
    """What is said where cuBLAS has another workspace, has begun without one, and of an operation that has no deterministic form."""
    found: Facts = {}

    def late(*_: Any) -> Any:
        raise RuntimeError("Deterministic behavior was enabled with a mode, but this operation is not deterministic because it uses CuBLAS")

    other = mock.patch.dict(os.environ, {"CUBLAS_WORKSPACE_CONFIG": ":8:8"})
    disorder = mock.patch.object(Loop, "gradients", lambda self, *_: torch.ones(3, device=self.device).cumsum(0))
    for name, changed in (("other", other), ("late", mock.patch.object(torch, "mm", late)), ("operation", disorder)):
        with card(), changed:
            try:
                run(FakeContext(folder / name), model=SIZES["llama"], deterministic=True)
            except RecipeError as error:
                found[name] = [error.code, str(error), error.field, error.fix, torch.are_deterministic_algorithms_enabled()]
    return found


def without_room(folder: Path) -> Facts:
    """Logits of a model in fp32, in half on a card that has no room for that, and by blocks on one that has room for neither."""
    made, ids = network("llama"), torch.arange(2, 22)[None]
    size = sum(p.numel() * p.element_size() for p in made.parameters())
    found: Facts = {}
    with torch.no_grad():
        expected = made(input_ids=ids, use_cache=False).logits
        for name, free in (("whole", 4 * size), ("half", size), ("blocks", size // 8)):
            one = network("llama")
            with card(free=free):
                device = build.device()
                half = room.settle(one, device, torch.bfloat16)
                with held(half, device):
                    logits = one(input_ids=ids.to(device), use_cache=False).logits.float().cpu()
                on = [p.device.type for p in one.model.layers.parameters()]
                room.take_back(one)
            found[name] = {"half": str(half), "blocks": sorted(set(on)), "off": float((logits - expected).abs().max()),
                           "left": sorted({p.device.type for p in one.parameters()})}  # fmt: skip
    return found


CASES: dict[str, Callable[[Path], Facts]] = {
    **{f"full {family}": lambda folder, family=family: full(folder, family) for family in SIZES},
    **{f"rows {family}": lambda folder, family=family: whole_rows(folder, family) for family in ("llama", "mamba2")},
    **{f"kernels {family}": lambda folder, family=family: with_kernels(folder, family) for family in ("mamba", "mamba2", "mamba_hebbian")},
    **{f"lora {family}": lambda folder, family=family: adapted(folder, family) for family in ("llama", "mamba")},
    "fp16": lambda folder: going_on(folder, precision="fp16"),
    "8 bit": lambda folder: going_on(folder, precision="bf16", optimizer="adamw_8bit"),
    "muon": lambda folder: going_on(folder, precision="bf16", optimizer="muon"),
    **{f"deterministic {family}": lambda folder, family=family: twice(folder, family, deterministic=True) for family in SIZES},
    "as it comes": lambda folder: twice(folder, "llama"),
    "loose": lambda folder: twice(folder, "llama", deterministic=True, optimizer="adamw_8bit"),
    "another card": lambda folder: twice(folder, "llama", "another card", deterministic=True),
    "prolonged": prolonged,
    "prolonged, off before": lambda folder: prolonged(folder, deterministic=False),
    **({"room": without_room, "in order": in_order, "refused": refused} if waited is not None else {}),
}  # fmt: skip

if __name__ == "__main__":
    result: Facts = {}
    for name, case in CASES.items():
        try:
            result[name] = case(Path(sys.argv[1]) / name.replace(" ", "-"))
        except Exception:  # noqa: BLE001  all that is met is told
            result[name] = {"error": traceback.format_exc(limit=-12)}
    (Path(sys.argv[1]) / "result.json").write_text(json.dumps(result), "utf-8")
