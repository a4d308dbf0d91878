"""Does the memory remember? `python benchmarks/models/recall.py [STEPS]` prints how often each network recalls what it was told once.

Multi-query associative recall (Arora et al., Zoology, arXiv 2312.04927, section 4): PAIRS keys with a value each, drawn anew for every
row, then ASKED times as many of these keys at random, each with its value, which is to be said. The same width, layers, data, steps and
rate for a plain Mamba and one with a Hebbian memory; then a plain one with a layer more, which has more parameters than that. One thread,
one seed, new rows in every step and for the score; a guess among the values that a row holds is right once in PAIRS.
"""

import sys
import time

import torch
from torch import Tensor, nn

from schemas import ModelConfig
from steps.lm.build import build, parameter_count, quiet
from steps.lm.loss import Head
from steps.lm.optimizer import adamw
from steps.lm.schedule import learning_rate

KEYS, VALUES, PAIRS, ASKED = 16, 16, 8, 3
ROWS, STEPS, RATE = 32, 500, 4e-3
LENGTH = 2 * PAIRS * (1 + ASKED)
WIDTH, LAYERS = 64, 1
IDS: dict[str, int | None] = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
NETWORKS: dict[str, dict[str, object]] = {
    "mamba": {"family": "mamba", "n_layers": LAYERS},
    "mamba_hebbian": {"family": "mamba_hebbian", "n_layers": LAYERS, "hebbian_decay": 0.99},
    "mamba, deeper": {"family": "mamba", "n_layers": LAYERS + 1},
}


def rows(count: int, g: torch.Generator) -> tuple[Tensor, Tensor]:
    """ids and targets, (count, LENGTH) each; the targets are the asked values, -100 elsewhere."""
    keys = torch.rand(count, KEYS, generator=g).argsort(1)[:, :PAIRS]
    values = KEYS + torch.randint(VALUES, (count, PAIRS), generator=g)
    told = torch.stack([keys, values], 2)  # (count, PAIRS, 2)
    order = torch.randint(PAIRS, (count, ASKED * PAIRS), generator=g)
    asked = told.gather(1, order[..., None].expand(-1, -1, 2))
    ids = torch.cat([told, asked], 1).flatten(1)
    targets = torch.full_like(ids, -100)
    targets[:, 2 * PAIRS :: 2] = asked[..., 1]  # behind each asked key
    return ids, targets


@torch.no_grad()
def recalled(network: nn.Module) -> float:
    """Share of the asked values that are the likeliest next token, on rows of their own."""
    ids, targets = rows(256, torch.Generator().manual_seed(99))
    network.eval()
    found = network(input_ids=ids, use_cache=False).logits.argmax(-1)
    return float((found == targets)[targets >= 0].float().mean())


def trained(sizes: dict[str, object], steps: int) -> tuple[nn.Module, float]:
    """A network after `steps` steps, and its CPU seconds."""
    network = build(ModelConfig.model_validate({"d_model": WIDTH, **sizes}), KEYS + VALUES, IDS, LENGTH, 1)
    head, optimizer, g = Head(network), adamw(network, 0.1), torch.Generator().manual_seed(1)
    network.train()
    begun = time.process_time()
    for step in range(steps):
        ids, targets = rows(ROWS, g)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps=steps, peak=RATE, lowest=RATE / 10, warmup=steps // 20, scheduler="cosine")
        (head.summed(ids, targets)[0] / (ROWS * PAIRS * ASKED)).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return network, time.process_time() - begun


def main(steps: int) -> None:
    """Print a line a network, and the ratio."""
    torch.set_num_threads(1)
    quiet()
    print(f"torch {torch.__version__}; {PAIRS} pairs, {steps} steps of {ROWS} rows, width {WIDTH}; by chance {1 / PAIRS:.1%}")
    found = {}
    for name, sizes in NETWORKS.items():
        network, seconds = trained(sizes, steps)
        found[name] = recalled(network)
        size = f"layers {sizes['n_layers']}, {parameter_count(network):7,} parameters"
        print(f"  {name:14} {size}, {seconds:4.0f} CPU s: {found[name]:6.1%} recalled")
    print(
        f"with the memory {found['mamba_hebbian'] / found['mamba']:.2f} x the recall of the plain Mamba of the same width (asked: above 1)"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else STEPS)
