"""The Hebbian memory against the loop that writes it down: `python benchmarks/models/hebbian.py [ROUNDS]` prints three ratios of one run.

The loop is the formula as a guide to such models writes it: A, (B, L, D, D), is filled position by position, A[:, t] = λ A[:, t-1] +
η k_t v_tᵀ, and read with einsum. Beside it the same loop with a list of states, stacked at the end, which a careful author would write.
Forward and backward, D 256, L 128, B 4, fp32, CPU seconds of one thread; ours is the best of ROUNDS, a loop's step is done once.
1: time, 500 x is asked. 2: peak memory beyond the inputs, in a process of its own: at most 1/4 is asked. 3: ours at 4 times the
length: linear is 4.
"""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from steps.lm.hebbian import fast_weights

B, L, D, DECAY, RATE, ROUNDS = 4, 128, 256, 0.95, 0.5, 5
Memory = Callable[[Tensor, Tensor, Tensor], Tensor]


def guide(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """All states in one tensor, filled in place. q, k, v: (B, L, D)."""
    A = q.new_zeros(*q.shape, q.shape[-1])
    A[:, 0] = RATE * k[:, 0, :, None] * v[:, 0, None, :]
    for t in range(1, q.shape[1]):
        A[:, t] = DECAY * A[:, t - 1] + RATE * k[:, t, :, None] * v[:, t, None, :]
    return torch.einsum("blk,blkv->blv", q, A)


def stacked(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The states in a list."""
    A, states = q.new_zeros(q.shape[0], q.shape[2], q.shape[2]), []
    for k_t, v_t in zip(k.unbind(1), v.unbind(1), strict=True):
        A = DECAY * A + RATE * k_t[:, :, None] * v_t[:, None, :]
        states.append(A)
    return torch.einsum("blk,blkv->blv", q, torch.stack(states, 1))


def ours(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """In chunks."""
    return fast_weights(q, k, RATE * v, q.new_tensor(DECAY).log())[0]


def inputs(length: int) -> list[Tensor]:
    """q, k, v of this length, k of length 1."""
    g = torch.Generator().manual_seed(1)
    q, k, v = (torch.randn(B, length, D, generator=g) for _ in range(3))
    return [x.requires_grad_() for x in (q, torch.nn.functional.normalize(k, dim=-1), v)]


def step(memory: Memory, given: list[Tensor]) -> tuple[float, list[Tensor]]:
    """CPU seconds of forward and backward; the output and the gradients."""
    begun = time.process_time()
    out = memory(*given)
    slopes = torch.autograd.grad(out.sum(), given)
    return time.process_time() - begun, [out.detach(), *slopes]


def resident_peak() -> float:
    """MiB that this process held at most; not ru_maxrss, which begins at the parent's."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    if found is None:
        raise RuntimeError("/proc/self/status has no VmHWM")
    return int(found[1]) / 1024


def peak(name: str, length: int) -> float:
    """MiB that one step takes beyond its inputs, in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "peak", name, str(length)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main(rounds: int) -> None:
    """Print the ratios."""
    print(f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, one thread; B {B}, L {L}, D {D}")
    given = inputs(L)
    step(ours, given)
    best = min(step(ours, given)[0] for _ in range(rounds))
    _, found = step(ours, given)
    for memory, asked in ((guide, " (asked: 500)"), (stacked, "")):
        seconds, want = step(memory, given)
        error = max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(found, want, strict=True))
        print(f"1. ours {1000 * best:.2f} ms, {memory.__name__} {1000 * seconds:,.0f} ms: {seconds / best:,.0f} x{asked}; "
              f"largest relative difference {error:.1e}")  # fmt: skip
    mine = peak("ours", L)
    for name, asked in (("guide", " (asked: 0.25)"), ("stacked", "")):
        theirs = peak(name, L)
        print(f"2. ours {mine:,.0f} MiB, {name} {theirs:,.0f} MiB: {mine / theirs:.3f} of it{asked}")
    times = {n: min(step(ours, given)[0] for _ in range(rounds)) for n in (1024, 4096) for given in [inputs(n)]}
    most = {n: peak("ours", n) for n in times}
    print(
        f"3. 4,096 tokens take {times[4096] / times[1024]:.2f} x the time of 1,024, {most[4096] / most[1024]:.2f} x the memory (linear: 4)"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1:2] == ["peak"]:
        memory: Memory = {"guide": guide, "stacked": stacked, "ours": ours}[sys.argv[2]]
        tokens = inputs(int(sys.argv[3]))
        step(ours, inputs(2))  # what torch loads the first time
        before = resident_peak()
        step(memory, tokens)
        print(resident_peak() - before)
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
