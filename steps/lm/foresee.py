"""What a train step will make and cost, by arithmetic: no torch here, `recipe check` asks this."""

from math import ceil
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from schemas import CheckpointForecast, CorpusForecast, ForecastContext, ModelConfig, TokenizerForecast
from schemas.artifacts import LINKED_BYTES
from schemas.machine import Machine
from steps.lm.shapes import sizes
from steps.sizing.counting import parameters_of
from steps.sizing.subject import precision_on, read_subject
from steps.text.choices import FEWEST, HELD_OUT
from steps.text.vocabulary import bytes_per_token

UTILISATION = {"cuda": 0.8, "mps": 0.7, "cpu": 0.9}  # of the power that a device may draw, in training
BASIS = {  # where a machine's rate comes from
    "cuda": "modelled from its data sheet",
    "mps": "modelled from its data sheet",
    "cpu": "modelled from what one core was seen to do",
}


def foresee(params: Any, inputs: dict[str, Any], context: ForecastContext) -> CheckpointForecast:
    """The forecast of `params` (steps.train.Train). What the inputs do not say stays None."""
    because: dict[str, str] = {}
    params = _with_planned_length(params, inputs.get("plan"))
    bins, tokenizer, base = inputs.get("bins"), inputs.get("tokenizer"), inputs.get("checkpoint")
    model, exact = _model(params, bins, tokenizer, base, context, because)
    vocabulary = tokenizer or (base.tokenizer if base is not None else None)
    if params.add_tokens and model is not None and model.vocab_size:
        model, vocabulary, exact = _with_added(params, model, vocabulary, because), _longer(params, vocabulary), None
    rows, _ = params.batch()
    mean = _mean_row(params, inputs, model, because)
    steps = _steps(params, bins, because) or _steps_of_tuning(params, inputs, model, because)
    tokens = round(steps * rows * (mean or params.max_seq_length)) if steps else None
    known = bins.train_tokens if bins is not None else None
    facts: dict[str, Any] = {"optimizer_steps": steps, "tokens": tokens, "model": model, "vocab_size": model.vocab_size if model else None}
    passed = _rows_of_an_epoch(params, inputs, model) if params.max_steps else None
    facts["epochs"] = tokens / known if tokens and known else steps * rows / passed if steps and passed else params.num_train_epochs
    facts["tokenizer"] = vocabulary
    if model is not None and model.vocab_size:
        facts |= _costs(params, model, exact, steps, mean, inputs, context, because)
    return CheckpointForecast(because=because, **facts)


def _model(
    params: Any, bins: Any, tokenizer: Any, base: Any, context: ForecastContext, because: dict[str, str]
) -> tuple[ModelConfig | None, int | None]:
    """The network's sizes, and its exact parameters where they are known from elsewhere."""
    ref = params.model.base
    if ref is None:
        model: ModelConfig = params.model.sizes()
        if model.vocab_size is None:
            for source, found in (("tokenizer", tokenizer), ("bin", bins)):
                if found is not None and found.vocab_size:
                    because["vocab_size"] = f"follows the {source}"
                    return model.with_vocab(getattr(found, "rows", None) or found.vocab_size), None
        return model, None
    if ref.path is None and ref.hub is None:
        return (base.model, base.parameters) if base is not None else (None, None)
    config, where = base_config(ref, context)
    if config is None:
        because["model"] = f"{where} cannot be read"
        return None, None
    try:
        because["model"] = where
        return sizes(config), parameters_of(config)
    except (ValueError, ValidationError) as error:
        because["model"] = f"{where} is of a shape we do not know: {str(error).splitlines()[0]}"
        return None, None


def base_config(ref: Any, context: ForecastContext) -> tuple[dict[str, Any] | None, str]:
    """config.json of a base in a folder or on the hub, and where it is from: the folder, the local cache, or what is known of the name."""
    if ref.path is not None:
        folder: Path | None = context.project / Path(ref.path)
    else:
        folder = context.model_folder(ref.hub, ref.revision)
    config = context.json(folder / "config.json") if folder is not None else None
    if config is None and ref.hub is not None:
        from steps.sizing.known import config_of

        known = config_of(ref.hub)
        if known is not None:
            return {"torch_dtype": "bfloat16", **known}, f"the sizes that are known of {ref.hub}"
    return config if isinstance(config, dict) else None, f"{ref.path or ref.hub}/config.json"


def _kind(params: Any, context: ForecastContext) -> str:
    """model_type of a base in a folder, empty for any other network."""
    ref = params.model.base
    config = base_config(ref, context)[0] if ref is not None and ref.step is None else None
    return str(config.get("model_type", "")) if config is not None else ""


def _longer(params: Any, tokenizer: TokenizerForecast | None) -> TokenizerForecast | None:
    """The tokenizer with the added tokens, where its size is known."""
    if tokenizer is None or tokenizer.vocab_size is None:
        return tokenizer
    return tokenizer.model_copy(update={"vocab_size": tokenizer.vocab_size + len(set(params.add_tokens))})


def _with_added(params: Any, model: ModelConfig, tokenizer: TokenizerForecast | None, because: dict[str, str]) -> ModelConfig:
    """The model with rows for the added tokens; those that its table has for padding are taken first. At most so many are made."""
    count, rows = len(set(params.add_tokens)), model.vocab_size or 0
    size = tokenizer.vocab_size if tokenizer is not None and tokenizer.vocab_size else rows
    because["vocab_size"] = f"the base's {rows:,} rows, and what {count} added tokens need"
    return model.with_vocab(max(rows, size + count))


def _with_planned_length(params: Any, plan: Any) -> Any:
    """The params with rows as long as the plan will make them, where they are not written."""
    planned = plan.settings.get("max_seq_length") if plan is not None else None
    if planned is None or "max_seq_length" in params.model_fields_set:
        return params
    return params.model_copy(update={"max_seq_length": planned})


def _packing(params: Any, inputs: dict[str, Any]) -> str | None:
    """As written, else as planned."""
    plan = inputs.get("plan")
    found = params.packing or (plan.settings.get("packing") if plan is not None else None)
    return str(found) if found is not None else None


def _rows(inputs: dict[str, Any]) -> tuple[int, int]:
    """Documents of the corpora, or the pieces that they become, and their bytes; zeros where either is not known of all."""
    corpora = [one for one in inputs.get("corpus") or [] if isinstance(one, CorpusForecast)]
    rows, sizes = [one.documents or one.pieces or 0 for one in corpora], [one.bytes or 0 for one in corpora]
    return (sum(rows), sum(sizes)) if corpora and all(rows) and all(sizes) else (0, 0)


def _mean_row(params: Any, inputs: dict[str, Any], model: ModelConfig | None, because: dict[str, str]) -> float | None:
    """Tokens of a row of fine-tuning on the average, from the sizes of the documents; None where they are not known, or rows are filled."""
    mean = _mean_document(params, inputs, model)
    if mean is None or _packing(params, inputs) == "documents":
        return None
    because["tokens"] = f"documents have about {mean:,.0f} tokens, by their bytes"
    return mean


def _mean_document(params: Any, inputs: dict[str, Any], model: ModelConfig | None) -> float | None:
    """Tokens of a document of fine-tuning on the average, no more than a row has."""
    rows, size = _rows(inputs)
    vocabulary = model.vocab_size if model is not None else None
    if params.objective == "lm" or not rows or not vocabulary:
        return None
    return max(1.0, min(float(params.max_seq_length), size / rows / bytes_per_token(vocabulary)))


def _steps_of_tuning(params: Any, inputs: dict[str, Any], model: ModelConfig | None, because: dict[str, str]) -> int | None:
    """Optimizer steps of so many epochs over documents."""
    rows = _rows_of_an_epoch(params, inputs, model)
    if rows is None:
        return None
    learned = _learned(inputs)
    filled = f" in {rows:,.0f} filled rows" if _packing(params, inputs) == "documents" else ""
    because["optimizer_steps"] = (
        f"{params.num_train_epochs or 1:g} epochs of about {learned:,} documents{filled}, {_rows(inputs)[0] - learned:,} are held out; "
        "copies that are dropped and pieces that are split change it"
    )
    return int(params.steps(rows))


def _learned(inputs: dict[str, Any]) -> int:
    """Documents of fine-tuning that are not held out."""
    documents, _ = _rows(inputs)
    return documents - (max(1, round(HELD_OUT * documents)) if documents >= FEWEST else 0)


def _rows_of_an_epoch(params: Any, inputs: dict[str, Any], model: ModelConfig | None) -> float | None:
    """Rows of one pass over documents of fine-tuning: each of its own, or filled with several; None where they are not known."""
    mean = _mean_document(params, inputs, model)
    if mean is None:
        return None
    rows = float(_learned(inputs))
    return max(1.0, rows * mean / params.max_seq_length) if _packing(params, inputs) == "documents" else rows


def _steps(params: Any, bins: Any, because: dict[str, str]) -> int | None:
    if params.max_steps:
        return int(params.max_steps)
    if bins is None or bins.train_tokens is None:
        return None
    steps: int = params.steps(bins.train_tokens / params.max_seq_length)
    because["optimizer_steps"] = f"{params.num_train_epochs or 1:g} epochs of {bins.train_tokens} tokens"
    return steps


def _costs(
    params: Any, model: ModelConfig, exact: int | None, steps: int | None, mean: float | None, inputs: dict[str, Any],
    context: ForecastContext, because: dict[str, str],
) -> dict[str, Any]:  # fmt: skip
    """Memory, time, energy and disk on the target, each with its reason."""
    machine, length = context.target, params.max_seq_length
    plan, bins = inputs.get("plan"), inputs.get("bins")
    subject = read_subject({**(plan.settings if plan is not None else {}), **params.model_dump(exclude_unset=True)}, length, mean,
                           _kind(params, context))  # fmt: skip
    precision = precision_on(machine, subject.model) if subject.precision == "auto" else subject.precision
    rows, micro = params.batch()
    if plan is not None and "batch_size" in plan.settings and params.batch_size is None:
        micro = min(rows, plan.settings["batch_size"])
    times = ceil(rows / micro)
    parts = subject.memory(model, machine, micro, length, precision, times)
    scored = subject.eval_batch_size or max(8, micro)
    name = machine.title or machine.name
    speed = subject.speed(model, machine, micro, length, precision, times)
    trained, total = subject.trained(model, length), exact or model.parameters(length)
    because |= {
        "peak_memory_bytes": f"{micro} rows of {length} tokens at a time in {precision}, the fullest moment of a step",
        "evaluation_parts": f"{scored} rows at a time, one layer's tensors and a chunk of logits",
        "seconds": f"{speed:,.0f} tokens a second on {name}: {BASIS[machine.kind]}",
        "parameters": f"counted from the sizes; {model.embedding_parameters() / model.parameters(length):.0%} of them are embeddings",
    }
    return {
        "parameters": total, "embedding_parameters": model.embedding_parameters(), "trained_parameters": trained,
        "method": params.method, "precision": precision, "peak_memory_bytes": sum(parts.values()), "memory_parts": parts,
        "evaluation_parts": subject.validation(model, machine, scored, length, precision), "tokens_per_s": speed,
        **_time(params, steps, round(rows * (mean or length)), bins, speed, machine, because),
        **_disk(params, total * _width(params, context), trained, parts["optimizer"], _validations(params, steps, bins), because),
    }  # fmt: skip


def _time(
    params: Any, steps: int | None, tokens_a_step: int, bins: Any, speed: float, machine: Machine, because: dict[str, str]
) -> dict[str, Any]:
    """Seconds of training and of its validations (a forward pass, a third of a step), and energy."""
    if not steps:
        return {}
    validated = bins.val_tokens if bins is not None else None
    if validated is not None and params.eval_tokens:
        validated = min(validated, params.eval_tokens)
    times = 1 + ceil(steps / (params.eval_steps or max(1, steps // 10)))
    seconds = steps * tokens_a_step / speed + times * (validated or 0) / (3 * speed)
    watts = machine.watts * UTILISATION[machine.kind]
    share = UTILISATION[machine.kind]
    because["energy_kwh"] = f"{watts:.0f} W: {share:.0%} of the {machine.watts:.0f} W that {machine.title or machine.name} may draw"
    if validated:
        because["seconds"] += f"; {times} validations of {validated:,} tokens"
    return {"seconds": seconds, "energy_kwh": watts * seconds / 3.6e6 if watts else None}


def _validations(params: Any, steps: int | None, bins: Any) -> int:
    """Validations before the last step, any of which may turn out to be the best."""
    if not steps or (bins is not None and bins.val_tokens == 0):
        return 0
    return max(0, ceil(steps / (params.eval_steps or max(1, steps // 10))) - 1)


def _width(params: Any, context: ForecastContext) -> int:
    """Bytes of a weight in the result: merged adapters are written as the base was stored, all else in fp32."""
    ref = params.model.base
    if params.method == "full" or ref is None or (ref.path is None and ref.hub is None):
        return 4
    config, _ = base_config(ref, context)
    stored = (config.get("dtype") or config.get("torch_dtype")) if isinstance(config, dict) else None
    return 2 if stored in ("float16", "bfloat16") else 4


def _disk(params: Any, weights: int, trained: int, state: int, validations: int, because: dict[str, str]) -> dict[str, Any]:
    """Bytes of what is there at the end of a training, when all of it is.

    saves: weights and optimizer, one more than is kept while the newest is written, and the weights of the best validations so far.
    result: `weights` bytes, and the adapter that was merged. best/: the same of the best validation, where that is not the last.
    state/: what resume_from needs. before it falls: the state of a wsd that a longer one goes on from, and the best weights of its time.
    copy in the run: of result, best/ and state/; file systems that share blocks, and large files, need none.
    """
    adapted = params.method != "full"
    one = 4 * trained + state
    result = weights + (4 * trained if adapted else 0)
    parts = {"saves": (params.keep + 1) * one + min(validations, params.keep + 1) * 4 * trained, "result": result}
    if validations:
        parts["best/"] = result
    if not params.save_only_model:
        parts["state/"] = state + (4 * trained if adapted else 0)
    parts["copy in the run"] = sum(size for name, size in parts.items() if name != "saves" and size <= LINKED_BYTES)
    falls = params.scheduler == "wsd" and not params.save_only_model
    if falls:
        parts["before it falls"] = one + (4 * trained if validations else 0)
    because["disk_parts"] = (
        f"{params.keep} saves are kept, each weights and optimizer, {one / 1e6:,.0f} MB, and the best weights beside them; the result is "
        f"{weights / 1e6:,.0f} MB of weights; best/ where the last validation is not the best; state/ is what another training goes on from"
        + ("; one save more stays, of where the rate begins to fall, which a longer training goes on from" if falls else "")
    )
    return {"disk_parts": parts, "disk_bytes": sum(parts.values())}
