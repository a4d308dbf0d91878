"""What a train step will make and cost, by arithmetic: no torch here, `recipe check` asks this."""

from math import ceil
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from schemas import CheckpointForecast, ForecastContext, ModelConfig
from schemas.training import ADAPTED, DEFAULT_TARGETS
from steps.lm.shapes import sizes
from steps.sizing.budget import lora_parameters, training_memory
from steps.sizing.throughput import tokens_per_second


def foresee(params: Any, inputs: dict[str, Any], context: ForecastContext) -> CheckpointForecast:
    """The forecast of `params` (steps.train.Train). What the inputs do not say stays None."""
    because: dict[str, str] = {}
    bins, tokenizer, base = inputs.get("bins"), inputs.get("tokenizer"), inputs.get("checkpoint")
    model = _model(params, bins, tokenizer, base, context, because)
    rows, micro = params.batch()
    steps = _steps(params, bins, because)
    tokens = steps * rows * params.max_seq_length if steps else None
    known = bins.train_tokens if bins is not None else None
    facts: dict[str, Any] = {"optimizer_steps": steps, "tokens": tokens, "model": model, "vocab_size": model.vocab_size if model else None}
    facts["epochs"] = tokens / known if tokens and known else params.num_train_epochs
    facts["tokenizer"] = tokenizer or (base.tokenizer if base is not None else None)
    if model is not None and model.vocab_size:
        facts |= _costs(params, model, micro, tokens, context, because)
    return CheckpointForecast(because=because, **facts)


def _model(params: Any, bins: Any, tokenizer: Any, base: Any, context: ForecastContext, because: dict[str, str]) -> ModelConfig | None:
    ref = params.model.base
    if ref is None:
        model: ModelConfig = params.model.sizes()
        if model.vocab_size is None:
            for source, found in (("tokenizer", tokenizer), ("bin", bins)):
                if found is not None and found.vocab_size:
                    because["vocab_size"] = f"follows the {source}"
                    return model.with_vocab(found.vocab_size)
        return model
    if ref.path is None:
        return base.model if base is not None else None
    config = context.json(context.project / Path(ref.path) / "config.json")
    if not isinstance(config, dict):
        because["model"] = f"{ref.path}/config.json cannot be read"
        return None
    try:
        because["model"] = f"{ref.path}/config.json"
        return sizes(config)
    except (ValueError, ValidationError) as error:
        because["model"] = f"{ref.path}/config.json is of a shape we do not know: {str(error).splitlines()[0]}"
        return None


def _steps(params: Any, bins: Any, because: dict[str, str]) -> int | None:
    if params.max_steps:
        return int(params.max_steps)
    if bins is None or bins.train_tokens is None:
        return None
    steps: int = params.steps(bins.train_tokens / params.max_seq_length)
    because["optimizer_steps"] = f"{params.num_train_epochs or 1:g} epochs of {bins.train_tokens} tokens"
    return steps


def _costs(
    params: Any, model: ModelConfig, micro: int, tokens: int | None, context: ForecastContext, because: dict[str, str]
) -> dict[str, Any]:
    machine, length = context.target, params.max_seq_length
    precision = params.precision
    if precision == "auto":
        precision = "fp32" if machine.kind != "cuda" else "bf16" if machine.bf16 else "fp16"
    rank = params.lora.r if params.lora else 8
    targets = (params.lora.target_modules if params.lora else None) or DEFAULT_TARGETS[model.family]
    adapters = lora_parameters(model, rank, tuple(targets)) if params.method in ADAPTED else 0
    parts = training_memory(
        model,
        batch_size=micro,
        length=length,
        precision=precision,
        method="lora" if params.method in ADAPTED else "full",
        lora_parameters=adapters,
        lora_rank=rank,
        lora_targets=tuple(targets),
        kind=machine.kind,
    )
    speed = tokens_per_second(model, machine, micro, length, precision, method="lora" if params.method in ADAPTED else "full")
    because["peak_memory_bytes"] = f"{micro} rows of {length} tokens at a time in {precision}"
    because["seconds"] = f"about {speed:.0f} tokens a second on {machine.title or machine.name}, modelled"
    total, share = model.parameters(length), model.embedding_parameters()
    because["parameters"] = f"{share / total:.0%} of them are embeddings"
    return {
        "parameters": total,
        "embedding_parameters": share,
        "peak_memory_bytes": sum(parts.values()),
        "memory_parts": parts,
        "seconds": tokens / speed if tokens else None,
        "disk_bytes": ceil(4 * total),
    }
