"""How fast a machine trains a network, modelled from its data sheet: good enough to choose between settings, never measured."""

from schemas.machine import Machine
from schemas.model import ModelConfig
from steps.sizing.budget import matrix_parameters, step_flops
from steps.sizing.layers import MAMBA, layer_bytes, scores_of, transient_bytes

SUSTAINED = {"cuda": 0.45, "mps": 0.4, "cpu": 0.85}  # share of the peak that large matrix products reach in training
HALF_BUSY = {"cuda": 2048, "mps": 1024, "cpu": 16}  # tokens in a micro-batch at which a device runs at half of that
LAUNCH_S = {"cuda": 6e-6, "mps": 1e-5, "cpu": 2e-6}  # fixed cost of one operation
OPERATIONS = {"mamba": 90, "mamba2": 120, "mamba_hebbian": 170, "llama": 75, "gpt2": 70}  # a layer, forward and backward
BANDWIDTH = {"cuda": 300e9, "mps": 100e9}  # where the machine does not say
CORE_FLOPS = 80e9  # of a CPU core: two fused products of eight floats a cycle at 2.5 GHz
CPU_HALF = 2.5  # times that in bf16, with units for matrices (seen: 1.7 to 2.2 a step of 256 to 768 wide Llamas)
CORE_BANDWIDTH = 4e9  # bytes a second that one core moves through elementwise operations (seen)
STATE_S = {"cuda": 3e-12, "mps": 2e-10, "cpu": 7.5e-9}  # of a Mamba-1 scan: a state element of a token, there and back; of one core (seen)
ONE_THREAD_PARAMETERS = 2_000_000  # up to here a CPU trains on one thread: see `fitting_threads` in steps/lm/build.py
UPDATE_BYTES = 28  # AdamW reads weight, gradient and two moments and writes three of them


def tokens_per_second(
    model: ModelConfig,
    machine: Machine,
    batch_size: int,
    length: int,
    precision: str,
    *,
    method: str = "full",
    checkpointing: bool = False,
    accumulation: int = 1,
    mean: float | None = None,
    end_to_end: bool = False,
    attention: str = "sdpa",
) -> float:
    """Modelled tokens a second of one device in training; tokens of the text, not those that fill rows up.

    mean: tokens of a row on the average, where rows differ; all have `length` when it is left out. end_to_end: such rows lie one behind
    the other, so a micro-batch holds as many tokens as `batch_size` of the longest and none is filling; else they stand side by side, as
    wide as the longest.

    The time of a micro-batch is the sum of: matrix products at a sustained share of the peak (which small batches do not reach);
    the activations written, read and read again at the memory's bandwidth; the state scan of Mamba-1 (on CUDA as mamba-ssm's kernel);
    a fixed cost an operation; and its share, one in `accumulation`, of the optimizer's pass over the weights.
    fp32 runs at a quarter of a GPU's fp16 peak, bf16 on a card without it as fp32; scores that eager attention keeps are activations.
    """
    kind, tokens = machine.kind, batch_size * length
    real = tokens if end_to_end or mean is None else batch_size * min(mean, length)
    length = max(1, round(min(mean, length))) if end_to_end and mean is not None else length
    cores = 1 if kind == "cpu" and model.parameters(length) <= ONE_THREAD_PARAMETERS else max(1, machine.cores)
    half = (precision == "bf16" and machine.bf16) or (precision == "fp16" and machine.fp16)
    peak = CORE_FLOPS * cores * (CPU_HALF if half else 1) if kind == "cpu" else max(machine.tflops, 1e-3) * 1e12 / (1 if half else 4)
    bandwidth = CORE_BANDWIDTH * cores if kind == "cpu" else machine.bandwidth or BANDWIDTH[kind]
    busy = SUSTAINED[kind] * tokens / (tokens + HALF_BUSY[kind])
    products = step_flops(model, tokens, length, method=method, checkpointing=checkpointing) / (peak * busy)
    kept = layer_bytes(model, length, half, scores_of(model, attention, half, kind, length))
    moved = tokens * model.n_layers * (3 * kept + transient_bytes(model, length, half) // 2) / bandwidth
    fixed = model.n_layers * OPERATIONS[model.family] * LAUNCH_S[kind]
    scan = tokens * model.n_layers * model.inner * model.state * STATE_S[kind] if model.family in MAMBA else 0.0
    update = 0.0 if method == "lora" else UPDATE_BYTES * matrix_parameters(model) / bandwidth / accumulation
    return real / (products + moved + fixed + scan / (cores if kind == "cpu" else 1) + update)
