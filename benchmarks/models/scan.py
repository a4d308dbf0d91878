"""Mamba-1 without kernels, in CPU seconds of one thread: `python benchmarks/models/scan.py [ROUNDS]` prints three ratios of one run.

A training step (forward, loss, backward, clipping, AdamW) of width 256, 6 layers, vocabulary 8,000, fp32, the sides in turn; the best
of ROUNDS. 1: ours against transformers' PyTorch fallback, 512 tokens, batch 1: 20 x is asked. 2: ours at 4 times the length, in times
of the time a token: linear is 1; the fallback beside it at lengths that it can do. 3: tokens a CPU second of ours over those of a Llama
of the same width and layers, tied, 688 inside, 512 tokens, batch 4: 0.75 is asked. The best of three times ROUNDS each, now the one
first and now the other; and what the pairs' own ratios were.
"""

import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import nn
from transformers.models.mamba.modeling_mamba import MambaMixer

from schemas import ModelConfig
from steps.lm.build import build, quiet
from steps.lm.loss import Head
from steps.lm.optimizer import adamw

WIDTH, LAYERS, VOCABULARY, ROUNDS = 256, 6, 8000, 5
IDS: dict[str, int | None] = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}


def trainer(network: nn.Module) -> Callable[[int, int], float]:
    """A function of (batch, tokens) that does one step on random tokens and returns its CPU seconds."""
    network.train()
    head, optimizer = Head(network), adamw(network, 0.1)

    def step(batch: int, tokens: int) -> float:
        ids = torch.randint(VOCABULARY, (batch, tokens + 1), generator=torch.Generator().manual_seed(1))
        begun = time.process_time()
        loss, _ = head.summed(ids[:, :-1], ids[:, 1:])
        (loss / (batch * tokens)).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return time.process_time() - begun

    return step


def made(family: str, **sizes: int) -> nn.Module:
    """A network of the benchmark's width."""
    model = ModelConfig.model_validate({"family": family, "d_model": WIDTH, "n_layers": LAYERS, "vocab_size": VOCABULARY, **sizes})
    return build(model, VOCABULARY, IDS, 4096, 1)


def fallback() -> nn.Module:
    """The same Mamba with transformers' own mixer."""
    network = made("mamba")
    for module in network.modules():
        if isinstance(module, MambaMixer):
            module.__class__ = MambaMixer
    return network


def main(rounds: int) -> None:
    """Print the ratios."""
    torch.set_num_threads(1)
    quiet()
    ours, theirs, llama = trainer(made("mamba")), trainer(fallback()), trainer(made("llama", d_ff=688))
    print(f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, one thread, best of {rounds}")

    for tokens in (64, 128, 256):  # the fallback's first step is no slower than the next
        a, b = min(ours(1, tokens) for _ in range(rounds)), theirs(1, tokens)
        print(f"  {tokens:5} tokens, batch 1: ours {tokens / a:6.0f} tokens a second, the fallback {tokens / b:5.0f}: {b / a:.1f} x")
    once = theirs(1, 512)
    quick = min(ours(1, 512) for _ in range(rounds))
    print(f"1. 512 tokens, batch 1: ours {quick:.3f} s, transformers' fallback {once:.2f} s: {once / quick:.1f} x (asked: 20)")

    each = {tokens: [ours(1, tokens) / tokens for _ in range(rounds)] for tokens in (512, 2048, 4096)}
    best = {tokens: min(found) for tokens, found in each.items()}
    print(f"2. a token at 2,048 takes {best[2048] / best[512]:.2f} x of one at 512, at 4,096 {best[4096] / best[512]:.2f} x (linear: 1)")

    pairs: list[tuple[float, float]] = []
    for number in range(3 * rounds + 1):
        first, second = (ours, llama) if number % 2 else (llama, ours)
        spent = first(4, 512), second(4, 512)
        pairs.append(spent if number % 2 else spent[::-1])
    mine, other = min(a for a, _ in pairs[1:]), min(b for _, b in pairs[1:])
    ratios = sorted(b / a for a, b in pairs[1:])
    print(f"3. batch 4: {2048 / mine:.0f} tokens a CPU second, the Llama {2048 / other:.0f}: {other / mine:.2f} of it (asked: 0.75); "
          f"pairs {ratios[0]:.2f} to {ratios[-1]:.2f}, their median {statistics.median(ratios):.2f}")  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
