"""A training step on a CPU in bf16 against one in fp32, by width: `python benchmarks/models/half.py [THREADS]`.

Four layers, 4 rows of 256 tokens, a vocabulary of 8,000; forward, loss, backward, clipping, AdamW; the best of four, CPU seconds. It pays
where the processor has units for matrices in bf16 (AMX), from some width on: steps.sizing.subject.WIDE.
"""

import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from runner.hardware import instruction_sets
from schemas import ModelConfig
from steps.lm import build, precision
from steps.lm.loss import Head

IDS: dict[str, int | None] = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
VOCABULARY, ROWS, LENGTH, LAPS = 8000, 4, 256, 4


def step_seconds(model: ModelConfig, kind: str) -> float:
    """CPU seconds of the best of some steps."""
    network = build.build(model, VOCABULARY, IDS, LENGTH, 1).train()
    head = Head(network)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=True)
    rows = torch.randint(VOCABULARY, (ROWS, LENGTH + 1), generator=torch.Generator().manual_seed(0))
    spent = []
    for _ in range(LAPS + 1):
        began = time.process_time()
        with precision.autocast(kind, torch.device("cpu")):
            loss, _ = head.summed(rows[:, :-1], rows[:, 1:], 0.0, None)
        (loss / rows[:, 1:].numel()).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        spent.append(time.process_time() - began)
    return min(spent[1:])


def main() -> None:
    """A line a family and width."""
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    print(f"{torch.get_num_threads()} threads; {', '.join(instruction_sets())}")
    for family in ("llama", "gpt2", "mamba"):
        for width in (128, 256, 512, 768):
            heads = {} if family == "mamba" else {"n_heads": width // 64}
            model = ModelConfig.model_validate({"family": family, "d_model": width, "n_layers": 4, "vocab_size": VOCABULARY, **heads})
            whole, half = step_seconds(model, "fp32"), step_seconds(model, "bf16")
            print(f"{family:6} {width:4} wide: {whole:.3f} s in fp32, {half:.3f} s in bf16: {whole / half:.2f} x", flush=True)


if __name__ == "__main__":
    main()
