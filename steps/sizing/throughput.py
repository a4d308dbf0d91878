"""How fast a machine trains a network, modelled from its data sheet: good enough to choose between settings, never measured."""

from schemas.machine import Machine
from schemas.model import ModelConfig
from steps.sizing.budget import layer_bytes, step_flops

SUSTAINED = {"cuda": 0.45, "mps": 0.4, "cpu": 0.6}  # share of the peak that large matrix products reach in training
HALF_BUSY = {"cuda": 2048, "mps": 1024, "cpu": 48}  # tokens in a micro-batch at which a device runs at half of that
LAUNCH_S = {"cuda": 6e-6, "mps": 1e-5, "cpu": 2e-6}  # fixed cost of one operation
OPERATIONS = {"mamba": 90, "mamba2": 120, "llama": 75, "gpt2": 70}  # a layer, forward and backward
BANDWIDTH = {"cuda": 300e9, "mps": 100e9, "cpu": 10e9}  # where the machine does not say
STATE_S = {"cuda": 3e-12, "mps": 2e-10, "cpu": 16e-9}  # of a Mamba-1 scan: one state element of one token, there and back, a core


def tokens_per_second(
    model: ModelConfig,
    machine: Machine,
    batch_size: int,
    length: int,
    precision: str,
    *,
    method: str = "full",
    checkpointing: bool = False,
) -> float:
    """Modelled tokens a second of one device in training.

    The time of a micro-batch is the sum of: matrix products at a sustained share of the peak (which small batches do not reach); the
    activations written, read and read again at the memory's bandwidth; the state scan of Mamba-1; and a fixed cost an operation.
    fp32 runs at a quarter of a GPU's fp16 peak, bf16 on a card without it as fp32.
    """
    kind = machine.kind
    tokens = batch_size * length
    peak = max(machine.tflops, 1e-3) * 1e12
    half = (precision == "bf16" and machine.bf16) or (precision == "fp16" and machine.fp16)
    if kind != "cpu" and not half:
        peak /= 4
    busy = SUSTAINED[kind] * tokens / (tokens + HALF_BUSY[kind])
    products = step_flops(model, tokens, length, method=method, checkpointing=checkpointing) / (peak * busy)
    moved = 3 * tokens * model.n_layers * layer_bytes(model, length, half) / (machine.bandwidth or BANDWIDTH[kind])
    fixed = model.n_layers * OPERATIONS[model.family] * LAUNCH_S[kind]
    return tokens / (products + moved + fixed + _scan_s(model, machine, tokens))


def _scan_s(model: ModelConfig, machine: Machine, tokens: int) -> float:
    if model.family != "mamba":
        return 0.0
    workers = machine.cores if machine.kind == "cpu" else 1
    return tokens * model.n_layers * model.inner * model.state * STATE_S[machine.kind] / max(1, workers)
