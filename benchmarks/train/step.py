"""What a training step costs over a bare hand-written torch loop with the same model and batch: `python benchmarks/train/step.py`.

CPU seconds of one thread, step by step in turn, the same rows; the median of the ratios. The bare loop: forward, cross-entropy over
all logits, backward, clipping, fused AdamW. Ours: the whole step as `Loop` does it, its log line included; and once more the bare loop
with our chunked loss, which says what the loop alone costs.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path[:0] = [str(Path(__file__).parents[2])]

from schemas import ModelConfig  # noqa: E402
from steps.lm.batches import Micro  # noqa: E402
from steps.lm.build import build  # noqa: E402
from steps.lm.loop import Loop  # noqa: E402
from steps.lm.loss import Head  # noqa: E402
from steps.lm.optimizer import adamw  # noqa: E402
from steps.lm.progress import Hooks, Settings  # noqa: E402
from steps.sizing.fallback import Live  # noqa: E402
from tests.conftest import FakeContext  # noqa: E402

VOCABULARY, ROWS, LENGTH, STEPS = 8000, 4, 256, 12
SIZES = ModelConfig(family="llama", d_model=256, n_layers=6, n_heads=8, vocab_size=VOCABULARY)


class Rows:
    """The same random rows for all."""

    tokens_per_epoch, rows_per_epoch = 10**9, 1e9

    def batches(self, position: int, rows: int, batch_size: int) -> tuple[list[Micro], int]:
        """Rows drawn from the position."""
        draw = torch.Generator().manual_seed(position)
        ids = torch.randint(VOCABULARY, (rows, LENGTH + 1), generator=draw)
        return [Micro(ids[:, :-1], ids[:, 1:])], position + 1


def bare(network: torch.nn.Module, optimizer: torch.optim.Optimizer, part: Micro, head: Head | None) -> None:
    """One step by hand; with `head`, our loss."""
    if head is None:
        logits = network(input_ids=part.ids, use_cache=False).logits
        loss = F.cross_entropy(logits.flatten(0, 1), part.targets.flatten())
    else:
        loss = head.summed(part.ids, part.targets)[0] / part.targets.numel()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def main(steps: int) -> None:
    """Print the ratios."""
    torch.set_num_threads(1)
    ids = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
    networks = [build(SIZES, VOCABULARY, ids, LENGTH, 1).train() for _ in range(3)]
    context = FakeContext(Path(tempfile.mkdtemp()))
    live = Live(rows=ROWS, batch_size=ROWS, eval_batch_size=ROWS, length=LENGTH)
    settings = Settings(
        steps=10**6, live=live, peak_rate=1e-3, lowest_rate=1e-4, warmup=10, scheduler="cosine", weight_decay=0.1, max_grad_norm=1.0,
        z_loss=0.0, precision="fp32", eval_at=frozenset(), sample_at=frozenset(), save_steps=10**6, keep=1, fingerprint="",
    )  # fmt: skip
    hooks = Hooks(lambda s: [], lambda s, p: None, lambda: None, lambda live: "", lambda n: None, lambda: None)
    rows = Rows()
    loop = Loop(Head(networks[0]), rows, [], settings, context, hooks)  # type: ignore[arg-type]
    optimizers = [adamw(network, 0.1) for network in networks[1:]]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = 1e-3
    head = Head(networks[2])
    networks[2].train()

    def ours(number: int) -> None:
        loop.progress.position = number
        loss, norm, rate, tokens, _ = loop._without_oom(lambda: loop._step(number), "training")
        loop.progress.step += 1
        loop._tell(loss, norm, rate, tokens)

    spent: list[list[float]] = [[], [], []]
    for number in range(steps):
        (part,), _ = rows.batches(number, ROWS, ROWS)
        works = (lambda n=number: ours(n), lambda p=part: bare(networks[1], optimizers[0], p, None),
                 lambda p=part: bare(networks[2], optimizers[1], p, head))  # fmt: skip
        for k in range(3):
            which = (k + number) % 3
            begun = time.process_time()
            works[which]()
            spent[which].append(time.process_time() - begun)
    for name, k in (("a bare loop", 1), ("a bare loop with our chunked loss", 2)):
        ratio = statistics.median(a / b for a, b in zip(spent[0][2:], spent[k][2:], strict=True))
        print(f"over {name}: {ratio:.3f} (asked: 1.03 at most); {statistics.median(spent[0][2:]):.3f} s a step")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else STEPS)
