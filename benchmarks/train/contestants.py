"""Who trains in `peers.py`: our loop, nanoGPT's by hand, transformers' Trainer and TRL's SFTTrainer, each a function of a lap.

A lap trains for some steps and returns real tokens per CPU second, the first steps left out. Where sequences are filled up, the filling
is no token.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from torch import nn

from steps.lm.batches import Data, Micro, Row
from steps.lm.loop import Loop
from steps.lm.loss import Head
from steps.lm.optimizer import BETAS
from steps.lm.progress import Hooks, Settings
from steps.sizing.fallback import Live
from tests.conftest import FakeContext

SKIPPED = 2  # steps before the clock starts: buffers are made, optimizers get their state
RATE, DECAY, CLIP = 1e-3, 0.1, 1.0
Lap = Callable[[int], float]


class Clock:
    """CPU seconds at each step's end, and the real tokens of each step in the order in which they were batched."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        self.tokens: list[int] = []

    def tick(self, *_: Any) -> None:
        """A step is over."""
        self.ends.append(time.process_time())

    def rate(self) -> float:
        """Tokens a second after the first steps."""
        return sum(self.tokens[SKIPPED : len(self.ends)]) / (self.ends[-1] - self.ends[SKIPPED - 1])


class Counted:
    """`data`, whose batches are counted."""

    def __init__(self, data: Data, clock: Clock, real: Callable[[list[Micro]], int]) -> None:
        self.inner, self.clock, self.real = data, clock, real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def batches(self, position: int, rows: int, batch_size: int) -> tuple[list[Micro], int]:
        """As they are, and counted."""
        made, after = self.inner.batches(position, rows, batch_size)
        self.clock.tokens.append(self.real(made))
        return made, after


def ours(network: nn.Module, data: Data, rows: int, length: int, real: Callable[[list[Micro]], int]) -> Lap:
    """The whole loop of a run: rehearsal, log lines, watching, the smoke save, all but the validations."""
    if hasattr(data, "flat"):
        data.flat = Head(network).lay_flat()
    head = Head(network)
    head.flat = getattr(data, "flat", False)

    def lap(steps: int) -> float:
        clock = Clock()
        settings = Settings(
            steps=steps, live=Live(rows=rows, batch_size=rows, eval_batch_size=rows, length=length), peak_rate=RATE,
            lowest_rate=RATE / 10, warmup=1, scheduler="cosine", weight_decay=DECAY, max_grad_norm=CLIP, z_loss=0.0, precision="fp32",
            eval_at=frozenset(), sample_at=frozenset(), save_steps=10**6, keep=1, fingerprint="",
        )  # fmt: skip
        hooks = Hooks(lambda s: [], clock.tick, lambda: None, lambda live: "", lambda n: None, lambda: None)
        context = FakeContext(Path(tempfile.mkdtemp(prefix="recipe-peers-")))
        Loop(head, Counted(data, clock, real), [], settings, context, hooks).run(seed=1)
        return clock.rate()

    return lap


def nanogpt(network: nn.Module, stream: np.ndarray, rows: int, length: int) -> Lap:
    """The manner of github.com/karpathy/nanoGPT, train.py: random offsets into one stream, decayed matrices, fused AdamW, clipping."""
    decayed = [p for p in network.parameters() if p.ndim >= 2]
    plain = [p for p in network.parameters() if p.ndim < 2]
    groups = [{"params": decayed, "weight_decay": DECAY}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=BETAS, fused=True)
    draw = torch.Generator().manual_seed(1)
    network.train()

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        offsets = torch.randint(len(stream) - length, (rows,), generator=draw)
        x = torch.stack([torch.from_numpy(stream[i : i + length].astype(np.int64)) for i in offsets])
        y = torch.stack([torch.from_numpy(stream[i + 1 : i + 1 + length].astype(np.int64)) for i in offsets])
        return x, y

    def lap(steps: int) -> float:
        clock = Clock()
        x, y = batch()
        for _ in range(steps):
            logits = network(input_ids=x, use_cache=False).logits
            loss = F.cross_entropy(logits.view(-1, logits.size(-1)), y.view(-1), ignore_index=-1)
            clock.tokens.append(x.numel())
            x, y = batch()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            loss.item()
            clock.tick()
        return clock.rate()

    return lap


class Ticking(transformers.TrainerCallback):
    """Tells a clock of each step's end."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """A step is over."""
        self.clock.tick()


def settings(rows: int, steps: int) -> dict[str, Any]:
    """What a Trainer is told: the same batch, optimizer and precision, and nothing that we do not do in these steps."""
    return {
        "output_dir": tempfile.mkdtemp(prefix="recipe-peers-"), "per_device_train_batch_size": rows, "max_steps": steps,
        "learning_rate": RATE, "weight_decay": DECAY, "max_grad_norm": CLIP, "adam_beta1": BETAS[0], "adam_beta2": BETAS[1],
        "lr_scheduler_type": "cosine", "warmup_steps": 1, "use_cpu": True, "bf16": False, "report_to": [], "save_strategy": "no",
        "logging_steps": 10**6, "disable_tqdm": True, "gradient_checkpointing": False, "dataloader_num_workers": 0,
    }  # fmt: skip


def trainer(network: nn.Module, rows: list[Row], at_a_time: int) -> Lap:
    """transformers' Trainer; rows are filled up to the longest of a batch by its own collator, questions masked."""
    made = [{"input_ids": row.ids.tolist(), "labels": np.where(row.learned, row.ids, -100).tolist()} for row in rows]
    collate = transformers.DataCollatorForSeq2Seq(_words(), padding=True)

    def lap(steps: int) -> float:
        clock = Clock()

        def counted(examples: list[dict[str, Any]]) -> Any:
            clock.tokens.append(sum(len(example["input_ids"]) for example in examples))
            return collate(examples)

        asked = transformers.TrainingArguments(**settings(at_a_time, steps))
        one = transformers.Trainer(network, asked, data_collator=counted, train_dataset=made, callbacks=[Ticking(clock)])
        one.remove_callback(transformers.PrinterCallback)
        one.train()
        return clock.rate()

    return lap


def trl(network: nn.Module, rows: list[Row], at_a_time: int, length: int) -> Lap:
    """TRL's SFTTrainer with packing, its best-fit strategy, padding free."""
    import datasets
    from trl import SFTConfig, SFTTrainer

    datasets.disable_progress_bars()
    masks = [row.learned.astype(int).tolist() for row in rows]
    made = datasets.Dataset.from_dict({"input_ids": [row.ids.tolist() for row in rows], "completion_mask": masks})

    def lap(steps: int) -> float:
        clock = Clock()
        asked = SFTConfig(**settings(at_a_time, steps), packing=True, max_length=length)
        one = SFTTrainer(network, asked, train_dataset=made, processing_class=_words(), callbacks=[Ticking(clock)])
        collate = one.data_collator

        def counted(examples: list[dict[str, Any]]) -> Any:
            clock.tokens.append(sum(len(example["input_ids"]) for example in examples))
            return collate(examples)

        one.data_collator = counted
        one.remove_callback(transformers.PrinterCallback)
        one.train()
        return clock.rate()

    return lap


def _words() -> Any:
    """A tokenizer that is asked for its padding only."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    bare = Tokenizer(WordLevel({"<pad>": 0, "<unk>": 1, "<s>": 2, "</s>": 3}, unk_token="<unk>"))
    marks = {"pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=bare, **marks)
