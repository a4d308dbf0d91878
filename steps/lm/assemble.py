"""A training run put together: model, data, loop, and the checkpoint at the end."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from blake3 import blake3
from torch import nn

from schemas import Checkpoint, Corpus, ModelConfig, RecipeError, StepContext, TokenBin, Tokenizer
from schemas.training import ADAPTED, LoraSettings, QuantSettings, Tracking
from steps.lm import adapters, build, checkpoint, precision, quantized, texts
from steps.lm.batches import Data, PackedRows, Row, WholeRows, validation_rows
from steps.lm.evaluate import score
from steps.lm.frozen import halve, held_dtype, rounded, stored_dtype
from steps.lm.loop import Loop, Progress, Settings
from steps.lm.loss import Head
from steps.lm.supervised import rows_of
from steps.lm.trackers import open_trackers
from steps.text.binfile import BinReader
from steps.text.chat import JINJA_TEMPLATE
from steps.text.tokenizers import TextTokenizer, open_tokenizer
from steps.text.vocabulary import ids_fit, sizes_agree

RECORD = "training.json"  # in the checkpoint: what validate_checkpoint needs to score it again
SAMPLE_TOKENS = 80
PADDINGS = (8, 16, 32, 64, 128, 256)  # multiples to which an embedding may be rounded up


@dataclass
class Job:
    """The step's arguments. params: steps.train.Train with the plan's settings in it."""

    params: Any
    bins: TokenBin | None
    corpora: list[Corpus]
    tokenizer: Tokenizer | None
    checkpoint: Checkpoint | None
    context: StepContext


@dataclass
class Material:
    """What is trained on. digest: of the rows that are validated on."""

    data: Data
    validation: list[Row]
    chats: int = 0
    digest: str = field(default="")

    def __post_init__(self) -> None:
        self.digest = rows_digest(self.validation)


def assemble(job: Job) -> Checkpoint:
    """Build or open the model, train it, and write it to the context's workdir."""
    params, context = job.params, job.context
    build.quiet()
    device = build.device()
    precision.supported(params.precision if params.precision != "auto" else "fp32", device)
    base = _base(job)
    words = open_tokenizer(base if base is not None else _needed(job).path)
    material = _material(job, words)
    half = held_dtype(params.method, params.precision, device)
    network, family = _network(job, base, words, half)
    limit = build.longest_input(network)
    if limit is not None and limit < params.max_seq_length:
        raise RecipeError("M101", f"the model has {limit} positions, rows have {params.max_seq_length}", field="max_seq_length",
                          fix=f"write max_seq_length: {limit}")  # fmt: skip
    if params.method != "qlora":  # bitsandbytes has put it there
        network.to(device)
    adapted = adapters.add(network, family, params.lora or LoraSettings(), context.seed) if params.method in ADAPTED else None
    settings = _settings(params, material)
    watch = Bands(params.expect, context)
    with precision.held(half, device):
        head = Head(network)
    told = open_trackers(Tracking.of(params.tracking), context, _config(job), checkpoint.newest(context.keep))
    loop = Loop(
        head, material.data, material.validation, settings, told, _sampler(job, network, words, half), watch,
        (lambda: adapters.every_adapter_learns(network)) if adapted is not None else (lambda: None),
    )  # fmt: skip
    context.event("training", parameters=build.parameter_count(network), steps=settings.steps, precision=settings.precision,
                  path=build.path(network, device), message=f"{build.path(network, device)}; {settings.precision}")  # fmt: skip
    with build.fitting_threads(network):
        try:
            done = loop.run(context.seed)
        finally:
            told.close(done=loop.progress.step == settings.steps)
        return _finish(job, network, adapted, words, material, settings, done, half)


def _config(job: Job) -> dict[str, Any]:
    """The settings as trackers keep them: what was written or planned."""
    return {"seed": job.context.seed, **job.params.model_dump(mode="json", exclude_unset=True, exclude={"tracking"})}


def _base(job: Job) -> Path | None:
    """The folder of the base model, or None for a new one."""
    ref = job.params.model.base
    if ref is None:
        return None
    if job.checkpoint is not None:
        return job.checkpoint.path
    if ref.hub is not None:
        return build.fetch(ref.hub, ref.revision, field="model.base.hub")
    folder: Path = job.context.project / (ref.path or "")
    if ref.path is None or not folder.is_dir():
        message = f"the base model {ref.path or ref.step!r} is not there"
        raise RecipeError("C002", message, field="model.base", fix="name a transformers folder")
    return folder


def _needed(job: Job) -> Tokenizer:
    if job.tokenizer is None:
        raise RecipeError("V104", "a new model needs a tokenizer", field="tokenizer", fix="put a train_tokenizer step before train")
    return job.tokenizer


def _material(job: Job, words: TextTokenizer) -> Material:
    params, seed = job.params, job.context.seed
    if params.objective == "sft":
        rows = rows_of(job.corpora, words, params.max_seq_length, seed)
        if rows.left_out:
            message = f"{len(rows.left_out)} conversations are longer than max_seq_length {params.max_seq_length} and left out, none is cut"
            fix = f"write max_seq_length: {max(rows.left_out)} (and split_long's max_tokens) to learn them too"
            job.context.warn("D114", message, field="max_seq_length", fix=fix)
            job.context.event("left_out", conversations=len(rows.left_out), longest=max(rows.left_out))
        return Material(WholeRows(rows.train, seed), rows.held, rows.chats)
    if job.bins is None:
        message = "objective: lm reads a token bin, and there is none"
        raise RecipeError("D113", message, field="bins", fix="put a tokenize_bin step before train")
    train, val = BinReader(job.bins.path, "train"), BinReader(job.bins.path, "val")
    if int(train.offsets[-1]) <= params.max_seq_length:
        raise RecipeError("D113", f"the bin holds {int(train.offsets[-1])} tokens, less than one row of {params.max_seq_length + 1}",
                          field="max_seq_length", fix="give more text, or lower max_seq_length")  # fmt: skip
    rows_val = validation_rows(val, params.max_seq_length, params.eval_tokens, seed)
    return Material(PackedRows(train, params.max_seq_length, seed), rows_val)


def _network(job: Job, base: Path | None, words: TextTokenizer, half: torch.dtype | None) -> tuple[nn.Module, str]:
    """The model (in fp32, or its matrices in `half`) and its family; its embedding has a row for every id."""
    params = job.params
    if base is not None:
        network = build.open_model(base, field="model.base", half=half, quantized=_quantized(job, base))
        rows = network.config.vocab_size
        family = build.sizes_of(network).family
        ids_fit(words.vocab_size - 1, rows, "the base model", field="model.base", fix="take the base model's own tokenizer")
    else:
        rows, family = params.model.vocab_size or words.vocab_size, params.model.family
        multiple = next((m for m in PADDINGS if -(-words.vocab_size // m) * m == rows), 1)
        sizes_agree(words.vocab_size, rows, "the model", multiple_of=multiple, field="model.vocab_size")
        network = build.build(params.model.sizes(), rows, token_ids(words), params.max_seq_length, job.context.seed)
        expected = params.model.sizes().with_vocab(rows).parameters(params.max_seq_length)
        if build.parameter_count(network) != expected:
            raise AssertionError(f"{family}: {build.parameter_count(network)} parameters, {expected} by arithmetic")
    if job.bins is not None and params.objective == "lm":
        ids_fit(job.bins.largest_id, rows, "the model", field="model")
    return network, family


def _quantized(job: Job, base: Path) -> dict[str, Any] | None:
    """How a base is held in bytes, None where it is not."""
    if job.params.method != "qlora":
        return None
    if kind := quantized.already(base):
        raise RecipeError("A109", f"{base.name} is quantised already ({kind}): adapters are merged into the weights themselves",
                          field="model.base", fix="name the model that it was quantised from")  # fmt: skip
    settings = job.params.quant or QuantSettings()
    job.context.event("quantized", bits=settings.bits, message=f"the base is held in {quantized.describe(settings)}")
    return quantized.options(settings, job.params.precision, build.device())


def token_ids(words: TextTokenizer) -> dict[str, int | None]:
    """The special ids under the names of a transformers config."""
    return {"pad_token_id": words.pad_id, "bos_token_id": words.bos_id, "eos_token_id": words.eos_id}


def _settings(params: Any, material: Material) -> Settings:
    rows, micro = params.batch()
    steps = params.steps(material.data.rows_per_epoch)
    every = params.eval_steps or max(1, steps // 10)
    quarters = frozenset(round(steps * share) for share in (0, 0.25, 0.5, 1))
    precise = "fp32" if params.precision == "auto" else params.precision
    facts = [
        params.model_dump(mode="json", exclude={"eval_steps", "save_steps", "keep", "expect", "samples", "tracking"}),
        steps,
        material.digest,
    ]
    return Settings(
        steps=steps, rows=rows, batch_size=micro, eval_batch_size=params.eval_batch_size or max(8, micro), peak_rate=params.rate,
        lowest_rate=params.lowest_rate, warmup=params.warmup(steps), scheduler=params.scheduler, weight_decay=params.weight_decay,
        max_grad_norm=params.max_grad_norm or 0.0, z_loss=params.z_loss, precision=precise,
        eval_at=frozenset([*range(every, steps, every), steps]), sample_at=quarters if params.samples else frozenset(),
        save_steps=params.save_steps or max(1, min(500, steps // 20)), keep=params.keep,
        fingerprint=blake3(json.dumps(facts, sort_keys=True).encode()).hexdigest(),
    )  # fmt: skip


def _sampler(job: Job, network: nn.Module, words: TextTokenizer, half: torch.dtype | None) -> Any:
    def sampler(step: int) -> list[dict[str, str]]:
        seed = job.context.seed + step
        with precision.held(half, next(network.parameters()).device):
            return texts.samples(network, words, job.params.samples, max_new_tokens=SAMPLE_TOKENS, seed=seed)

    return sampler


class Bands:
    """Looks whether a run is where the recipe expects it, at the steps that it names."""

    def __init__(self, expect: dict[int, Any], context: StepContext) -> None:
        self.expect, self.context = expect, context

    def __call__(self, step: int, done: Progress) -> None:
        if step not in self.expect:
            return
        found = {"train_loss": done.train_loss, "val_loss": done.scored.get("loss"), "val_bits_per_byte": done.scored.get("bits_per_byte")}
        for metric, band in self.expect[step].model_dump(exclude_none=True).items():
            value, (low, high) = found[metric], band
            inside = value is not None and low <= value <= high
            done.expected.append({"step": step, "metric": metric, "low": low, "high": high, "found": value, "inside": inside})
            if not inside:
                shown = "not known" if value is None else f"{value:.3f}"
                self.context.warn("S110", f"{metric} at step {step} is {shown}, expected {low:g} to {high:g}", field=f"expect.{step}",
                                  fix="look at the curve; then mend the settings, or the band")  # fmt: skip


def _finish(
    job: Job, network: nn.Module, adapted: Any, words: TextTokenizer, material: Material, settings: Settings, done: Progress,
    half: torch.dtype | None,
) -> Checkpoint:  # fmt: skip
    """Merge, write, and say what came out.

    Merging is in fp32, on the CPU where the base is held in half: it need not fit the card twice as large. The merged weights are
    written in the type that the base's were stored in, and scored as they are written.
    """
    params, context, out = job.params, job.context, job.context.workdir
    device = next(network.parameters()).device
    merged: float | None = None
    stored = torch.float32
    drift: float | None = None
    if adapted is not None:
        base = _base(job)
        if params.method == "qlora" and base is not None:  # into the base itself, not into what four bits made of it
            whole = build.open_model(base, field="model.base")
            over = adapters.transplant(adapted, whole, build.sizes_of(whole).family, params.lora or LoraSettings())
            with precision.held(half, device):
                drift = adapters.drift(adapted, over, _some_rows(material, settings).to(device))
            adapted = over
        adapters.save(adapted, out / "adapter")
        stored = stored_dtype(base) if base is not None else torch.float32
        if half is not None:
            adapted = adapted.to("cpu").float()
        rows = _some_rows(material, settings).to(next(adapted.parameters()).device)
        network, merged = adapters.merge(adapted, rows)
        rounded(network, stored)
        kind = str(stored).removeprefix("torch.")
        moved = "" if drift is None else f"; logits differ by up to {drift:.2g} from those over the quantised base"
        context.event("merged", largest_logit_difference=merged, stored=kind, drift=drift,
                      message=f"adapters merged in fp32, weights stored in {kind}{moved}")  # fmt: skip
    checkpoint.write_model(network, out, token_ids(words), stored)
    if adapted is not None and material.validation:  # the merged weights are what the loss is recorded of
        if half is not None:
            halve(network, half)
        with precision.held(half, device):
            head = Head(network.to(device))
        found = score(head, material.validation, settings.eval_batch_size, precision.autocast(settings.precision, device), device)
        done.scored = {"loss": found.loss, "bits_per_byte": found.bits_per_byte, "tokens": found.tokens, "by": found.by}
    checkpoint.copy_tokenizer(_base(job) or _needed(job).path, out)
    if material.chats and words.form.source is None:
        _set_template(out)
    scored = done.scored
    record = {
        "objective": params.objective, "seed": context.seed, "max_seq_length": params.max_seq_length, "eval_tokens": params.eval_tokens,
        "eval_batch_size": settings.eval_batch_size, "precision": settings.precision, "validation_digest": material.digest,
        "validation_tokens": scored.get("tokens", 0), "validation_loss": scored.get("loss"), "steps": done.step,
        "merge_difference_is_rounding": merged is not None or None,
    }  # fmt: skip
    checkpoint.write_json(out / RECORD, record)
    model = build.sizes_of(network)
    count = build.parameter_count(network)
    context.stats("training", {**_stats(job, network, model, material, settings, done, merged, device), "quantization_drift": drift})
    return Checkpoint(
        model=model, parameters=count, vocab_size=model.vocab_size or words.vocab_size, step=done.step, trained_tokens=done.tokens,
        val_loss=scored.get("loss"), val_bits_per_byte=scored.get("bits_per_byte"), max_seq_length=params.max_seq_length,
        method=params.method, objective=params.objective,
    ).save(out)  # fmt: skip


def _some_rows(material: Material, settings: Settings) -> torch.Tensor:
    ids, _ = material.data.batches(0, min(2, settings.rows), 2)[0]
    return ids[:, :128]


def _set_template(folder: Path) -> None:
    """The base had no template, so conversations were taught in ours, and the checkpoint's tokenizer names it."""
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    checkpoint.write_json(path, {**config, "chat_template": JINJA_TEMPLATE})


def _stats(
    job: Job, network: nn.Module, model: ModelConfig, material: Material, settings: Settings, done: Progress, merged: float | None,
    device: torch.device,
) -> dict[str, Any]:  # fmt: skip
    threads = torch.get_num_threads()
    cpu = f"{device.type}, {threads} thread{'s' if threads > 1 else ''}"
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else cpu
    return {
        "family": model.family, "parameters": build.parameter_count(network), "embedding_parameters": model.embedding_parameters(),
        "steps": done.step, "tokens": done.tokens, "epochs": done.step * settings.rows / material.data.rows_per_epoch,
        "seconds": round(done.seconds, 2),
        "precision": settings.precision, "device": name, "path": build.path(network, device), "batch_size": settings.batch_size,
        "gradient_accumulation_steps": math.ceil(settings.rows / settings.batch_size), "max_seq_length": job.params.max_seq_length,
        "train_loss": done.train_loss, "val_loss": done.scored.get("loss"), "val_bits_per_byte": done.scored.get("bits_per_byte"),
        "by": done.scored.get("by", {}), "best": done.best, "resumed": done.resumed, "samples": done.samples, "expect": done.expected,
        "method": job.params.method, "objective": job.params.objective, "merge_difference": merged, "learning_rate": settings.peak_rate,
    }  # fmt: skip


def rows_digest(rows: list[Row]) -> str:
    """Digest of the tokens and masks of `rows`, so that a loss is only compared with one on the same rows."""
    digest = blake3()
    for row in rows:
        digest.update(row.ids.astype("<i8").tobytes())
        digest.update(row.learned.tobytes())
    return digest.hexdigest()[:32]
