"""Who trains in `card.py`: our loop, a bare one by hand and transformers' Trainer, each a function of a network and its work to seconds.

The seconds are of the steps after the first, from a moment when the device has done all to the next such.
"""

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
import transformers
from contestants import CLIP, DECAY, RATE, settings
from torch import Tensor, nn

from steps.lm import even, precision
from steps.lm.batches import Micro, sent
from steps.lm.loop import Loop
from steps.lm.loss import Head
from steps.lm.optimizer import BETAS
from steps.lm.progress import Hooks, Settings
from steps.sizing.fallback import Live
from tests.conftest import FakeContext


@dataclass(frozen=True)
class Work:
    """`steps` steps on random rows of `length` tokens, after `warm` that are not counted."""

    rows: int
    length: int
    vocabulary: int
    warm: int
    steps: int
    precision: str
    device: torch.device

    @property
    def all_steps(self) -> int:
        """The first ones, too."""
        return self.warm + self.steps

    def ids(self, number: int) -> Tensor:
        """The rows of a step, each with a token more: (rows, length + 1)."""
        return torch.randint(self.vocabulary, (self.rows, self.length + 1), generator=torch.Generator().manual_seed(number))


class Span:
    """From the end of the last step that is not counted to the end of the last."""

    def __init__(self, work: Work) -> None:
        self.work, self.done, self.begun, self.seconds = work, 0, 0.0, 0.0

    def tick(self) -> None:
        """A step was given to the device."""
        self.done += 1
        if self.done in (self.work.warm, self.work.all_steps):
            if self.work.device.type == "cuda":
                torch.cuda.synchronize(self.work.device)
            now = time.perf_counter()
            self.begun, self.seconds = (now, 0.0) if self.done == self.work.warm else (self.begun, now - self.begun)


class Rows:
    """`work`'s rows as our loop asks for them."""

    tokens_per_epoch, rows_per_epoch = 10**9, 1e9

    def __init__(self, work: Work) -> None:
        self.work = work

    def batches(self, position: int, rows: int, batch_size: int) -> tuple[list[Micro], int]:
        """All rows at once."""
        ids = self.work.ids(position)
        return [Micro(ids[:, :-1], ids[:, 1:])], position + 1


def ours(network: nn.Module, work: Work) -> float:
    """The whole step as `Loop` does it, with its log line; where memory runs out it stops, as the others do."""
    head = Head(network.train())
    head.rounded = even.pays(work.precision, work.device)
    asked = Settings(
        steps=10**6, live=Live(rows=work.rows, batch_size=work.rows, eval_batch_size=work.rows, length=work.length), peak_rate=RATE,
        lowest_rate=RATE / 10, warmup=10, scheduler="cosine", weight_decay=DECAY, max_grad_norm=CLIP, z_loss=0.0,
        precision=work.precision, eval_at=frozenset(), sample_at=frozenset(), save_steps=10**6, keep=1, fingerprint="", on_oom="stop",
    )  # fmt: skip
    hooks = Hooks(lambda s: [], lambda s, p: None, lambda: None, lambda live: "", lambda n: None, lambda: None)
    folder = Path(tempfile.mkdtemp(prefix="recipe-card-"))
    loop = Loop(head, Rows(work), [], asked, FakeContext(folder), hooks)  # type: ignore[arg-type]
    span = Span(work)
    for number in range(work.all_steps):
        begun = time.monotonic()
        loss, norm, rate, tokens, loop.progress.position = loop._without_oom(lambda number=number: loop._step(number), "training")
        loop.progress.step += 1
        loop._tell(loss, norm, rate, tokens / (time.monotonic() - begun))
        span.tick()
    shutil.rmtree(folder)
    return span.seconds


def bare(network: nn.Module, work: Work) -> float:
    """As one writes it: autocast, cross-entropy over all logits, clipping, fused AdamW; nothing waits for the card but the clock."""
    network.train()
    groups = [
        {"params": [p for p in network.parameters() if p.ndim >= 2], "weight_decay": DECAY},
        {"params": [p for p in network.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=RATE / 10, betas=BETAS, fused=True)
    scaler = torch.amp.GradScaler(work.device.type, enabled=work.precision == "fp16")
    span = Span(work)
    for number in range(work.all_steps):
        ids = sent(work.ids(number), work.device)
        with precision.autocast(work.precision, work.device):
            logits = network(input_ids=ids[:, :-1], use_cache=False).logits
            loss = F.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten())
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=True)
        span.tick()
    return span.seconds


class Ticking(transformers.TrainerCallback):
    """Tells a span of each step's end."""

    def __init__(self, span: Span) -> None:
        self.span = span

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """A step is over."""
        self.span.tick()


def trainer(network: nn.Module, work: Work) -> float:
    """transformers' Trainer, with the same optimizer and nothing that we do not do in these steps."""
    rows = [{"input_ids": row[:-1]} for number in range(work.all_steps) for row in work.ids(number)]

    def collate(examples: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        ids = torch.stack([example["input_ids"] for example in examples])
        return {"input_ids": ids, "labels": ids}

    told = {**settings(work.rows, work.all_steps), "use_cpu": work.device.type == "cpu", "bf16": work.precision == "bf16",
            "fp16": work.precision == "fp16", "optim": "adamw_torch_fused"}  # fmt: skip
    span = Span(work)
    asked = transformers.TrainingArguments(**told)
    one = transformers.Trainer(network, asked, data_collator=collate, train_dataset=rows, callbacks=[Ticking(span)])
    one.remove_callback(transformers.PrinterCallback)
    one.train()
    shutil.rmtree(told["output_dir"], ignore_errors=True)
    return span.seconds


RIVALS: dict[str, Callable[[nn.Module, Work], float]] = {"recipe": ours, "a bare loop": bare, "transformers' Trainer": trainer}
