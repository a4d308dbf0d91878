"""The end of a training: adapters merged, the last and the best weights written, and what came out said."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from schemas import Checkpoint, ModelConfig
from schemas.training import LoraSettings
from steps.lm import adapters, build, checkpoint, precision
from steps.lm.evaluate import score_within
from steps.lm.frozen import rounded, stored_dtype
from steps.lm.initial import Taken
from steps.lm.job import Job, Material, base_of, network_of, open_base, token_ids, words_of
from steps.lm.loss import Head
from steps.lm.progress import Progress, Settings
from steps.lm.room import settle, take_back
from steps.lm.stages import Stages
from steps.lm.watch import judged
from steps.sizing.adapted import adapters_of
from steps.sizing.attention import chosen, used
from steps.sizing.budget import training_memory
from steps.sizing.fallback import Live
from steps.sizing.whole import Whole, whole_of
from steps.text.chat import JINJA_TEMPLATE
from steps.text.tokenizers import TextTokenizer

MIB = 1 << 20
RECORD = "training.json"  # in the checkpoint: what validate_checkpoint needs to score it again


@dataclass
class Trained:
    """A network after its last step, and all that went with it. adapted: peft's view of it, None without LoRA."""

    network: nn.Module
    adapted: Any
    words: TextTokenizer
    material: Material
    settings: Settings
    done: Progress
    half: torch.dtype | None
    taken: Taken | None = None
    stages: Stages | None = None
    end_to_end: bool = False  # how its rows were laid

    @property
    def live(self) -> Live:
        """How it ran in the end."""
        return Live(**self.done.live)


class Written(NamedTuple):
    """What was written. scored: its figures. merged, drift: largest differences of logits, by merging and from a quantised base."""

    network: nn.Module
    scored: dict[str, Any]
    merged: float | None
    drift: float | None


def finish(job: Job, trained: Trained) -> Checkpoint:
    """Write the last weights, and in `best/` those of the best validation where that was another; then say what came out."""
    params, context, out, done = job.params, job.context, job.context.workdir, trained.done
    device = next(trained.network.parameters()).device
    network, scored, merged, drift = _write(job, trained, out, done.scored, device)
    model, count = build.sizes_of(network), build.parameter_count(network)
    found = _stats(job, network, model, trained, scored, merged, device)
    best = _write_best(job, trained, network, out, device)
    first: dict[str, Any] = {} if trained.taken is None else {"init_from": trained.taken.plain(), "init_from_words": trained.taken.words()}
    if trained.stages is not None:
        first |= {"stages": trained.stages.plain(done.step), "stages_words": trained.stages.words(done.step)}
        trained.stages.tell_unreached(done.step)
    context.stats("training", {**found, "kept": best, "quantization_drift": drift, **first})
    if opened_by := getattr(network.config, "opened_by", None):
        context.event("own_class", opened_by=opened_by, message=f"the checkpoint is opened by {opened_by}")
    return Checkpoint(
        model=model, parameters=count, vocab_size=model.vocab_size or trained.words.vocab_size, step=done.step,
        trained_tokens=done.tokens, val_loss=scored.get("loss"), val_bits_per_byte=scored.get("bits_per_byte"),
        max_seq_length=trained.live.length, method=params.method, objective=params.objective, best_step=best.get("step"),
        best_val_loss=best.get("loss"), reduced=[row["given_up"] for row in done.reductions],
    ).save(out)  # fmt: skip


def _write(job: Job, trained: Trained, out: Path, scored: dict[str, Any], device: torch.device) -> "Written":
    """A transformers folder of the weights as they are now.

    Merging is in fp32, on the CPU where the base is held in half: it need not fit the card twice as large. The merged weights are
    written in the type that the base's were stored in, and scored on `device` as validate_checkpoint will score them.
    """
    params, context, network, adapted, half = job.params, job.context, trained.network, trained.adapted, trained.half
    settings, material = trained.settings, trained.material
    merged: float | None = None
    stored = torch.float32
    drift: float | None = None
    if adapted is not None:
        base = base_of(job)
        if params.method == "qlora" and base is not None:  # into the base itself, not into what four bits made of it
            whole = open_base(job, base)
            over = adapters.transplant(adapted, whole, build.sizes_of(whole).family, params.lora or LoraSettings(), job.new_ids)
            with precision.held(half, device):
                drift = adapters.drift(adapted, over, _some_rows(material).to(device))
            adapted = over
        adapters.save(adapted, out / "adapter")
        stored = stored_dtype(base) if base is not None else torch.float32
        if half is not None:
            adapted = adapted.to("cpu").float()
        rows = _some_rows(material).to(next(adapted.parameters()).device)
        network, merged = adapters.merge(adapted, rows)
        rounded(network, stored)
        kind = str(stored).removeprefix("torch.")
        moved = "" if drift is None else f"; logits differ by up to {drift:.2g} from those over the quantised base"
        context.event("merged", largest_logit_difference=merged, stored=kind, drift=drift,
                      message=f"adapters merged in fp32, weights stored in {kind}{moved}")  # fmt: skip
    checkpoint.write_model(network, out, token_ids(trained.words), stored, _ends(job, trained, network))
    if adapted is not None and material.validation:  # the merged weights are what the loss is recorded of
        with precision.held(settle(network, device, stored), device):
            head = Head(network, trained.live.loss_chunk_tokens)
            if trained.end_to_end:
                head.lay_flat()
        autocast = precision.autocast(settings.precision, device)
        scored = score_within(head, material.validation, trained.live.eval_batch_size, autocast).plain()
        take_back(network)  # the best weights need the room
    checkpoint.copy_tokenizer(words_of(job), out)
    if material.chats and trained.words.form.source is None:
        _set_template(out)
    record = {
        "objective": params.objective, "seed": context.seed, "max_seq_length": params.max_seq_length, "eval_tokens": params.eval_tokens,
        "eval_batch_size": trained.live.eval_batch_size, "precision": settings.precision, "device": device.type,
        "validation_digest": material.digest,
        "validation_tokens": scored.get("tokens", 0), "validation_loss": scored.get("loss"), "steps": trained.done.step,
        "merge_difference_is_rounding": merged is not None or None, "ran": asdict(trained.live),
        "accumulation": trained.live.accumulation,
        "reductions": [{name: value for name, value in row.items() if name != "error"} for row in trained.done.reductions],
    }  # fmt: skip
    record |= chosen(params.attn_implementation, network.config.model_type)
    if trained.taken is not None:
        record["init_from"] = trained.taken.plain()
    checkpoint.write_json(out / RECORD, record)
    return Written(network, scored, merged, drift)


def _write_best(job: Job, trained: Trained, network: nn.Module, out: Path, device: torch.device) -> dict[str, Any]:
    """`best/`, a whole folder of its own, unless the last weights are the best. Returns {"step", "loss"} of what was kept, or nothing."""
    kept, last = trained.done.kept, trained.done.step
    if not kept or kept["step"] >= last:
        return dict(kept)
    weights = checkpoint.load_best(job.context.keep, kept["step"])
    if weights is None:
        job.context.event(
            "best_lost", step=kept["step"], message=f"the best weights, of step {kept['step']}, cannot be read; the last remain"
        )
        return {}
    if job.params.method == "qlora":
        network = trained.network  # its adapters were merged into another
    elif trained.adapted is not None:
        network, family = network_of(job, base_of(job), trained.words, trained.half)
        trained.adapted = adapters.add(network, family, job.params.lora or LoraSettings(), job.context.seed, job.new_ids)
        trained.network = network if trained.half is not None else network.to(device)  # one in half is merged on the CPU
    named = dict(network.named_parameters())
    with torch.no_grad():
        for name, value in weights.items():
            named[name].copy_(value)
    (out / "best").mkdir(exist_ok=True)
    step, trained.done.step = trained.done.step, kept["step"]
    _, scored, _, _ = _write(job, trained, out / "best", {"loss": kept["loss"], "tokens": trained.done.scored.get("tokens", 0)}, device)
    trained.done.step = step
    return {"step": kept["step"], "loss": scored["loss"]}


def memory_table(network: nn.Module, live: Live, params: Any, device: torch.device) -> str:
    """What a step needs, part by part, by arithmetic, as lines of text."""
    trained = sum(p.numel() for p in network.parameters() if p.requires_grad)
    model, lora = build.sizes_of(network), params.lora or LoraSettings()
    whole = Whole()
    if params.method != "full":
        whole = whole_of(model, lora.modules_to_save or (), len(set(params.add_tokens or ())), live.length)
    parts = training_memory(
        model, batch_size=live.batch_size, length=live.length,
        precision="fp32" if params.precision == "auto" else params.precision,
        method=params.method, quant=params.quant.model_dump() if params.quant else {},
        lora_parameters=0 if params.method == "full" else max(0, trained - whole.parameters(model)), checkpointing=live.checkpointing,
        loss_chunk_tokens=live.loss_chunk_tokens, optimizer=params.optimizer, kind=device.type,
        attention=used(params.attn_implementation, network.config.model_type), whole=whole,
        adapters=adapters_of(lora, model)._replace(layers=live.layers or lora.layers),
    )  # fmt: skip
    rows = [f"  {name:<12}{size / MIB:9,.0f} MiB" for name, size in sorted(parts.items(), key=lambda part: -part[1])]
    return "\n".join([f"  {live.batch_size} rows of {live.length} tokens at a time need, by arithmetic:", *rows,
                      f"  {'in all':<12}{sum(parts.values()) / MIB:9,.0f} MiB"])  # fmt: skip


def _some_rows(material: Material) -> torch.Tensor:
    return material.data.longest(1, 1).ids[:, :128]  # one row: two end to end could be more than the model has positions for


def _ends(job: Job, trained: Trained, network: nn.Module) -> set[int]:
    """Where generation stops besides the end token: where the base's did, and at the mark behind the answers that were learned."""
    base, mark = base_of(job), trained.words.form.stop(trained.words) if trained.material.chats else None
    found = {*(checkpoint.stops(base) if base is not None else []), *([] if mark is None else [mark])}
    return {number for number in found if 0 <= number < network.config.vocab_size}


def _set_template(folder: Path) -> None:
    """The base had no template, so conversations were taught in ours, and the checkpoint's tokenizer names it."""
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    checkpoint.write_json(path, {**config, "chat_template": JINJA_TEMPLATE})


def _stats(
    job: Job, network: nn.Module, model: ModelConfig, trained: Trained, scored: dict[str, Any], merged: float | None, device: torch.device
) -> dict[str, Any]:
    threads = torch.get_num_threads()
    cpu = f"{device.type}, {threads} thread{'s' if threads > 1 else ''}"
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else cpu
    done, live, settings = trained.done, trained.live, trained.settings
    return {
        "family": model.family, "parameters": build.parameter_count(network), "embedding_parameters": model.embedding_parameters(),
        "steps": done.step, "tokens": done.tokens, "epochs": trained.material.data.epochs(done.position), "seconds": round(done.seconds, 2),
        "precision": settings.precision, "device": name, "path": build.path(network, device), "batch_size": live.batch_size,
        "gradient_accumulation_steps": live.accumulation, "max_seq_length": live.length, "optimizer": settings.optimizer,
        "activation_checkpointing": live.checkpointing, "loss_chunk_tokens": live.loss_chunk_tokens, "reductions": done.reductions,
        "train_loss": done.train_loss, "val_loss": scored.get("loss"), "val_bits_per_byte": scored.get("bits_per_byte"),
        "by": scored.get("by", {}), "by_source": scored.get("by_source", {}), "best": done.best, "resumed": done.resumed,
        "samples": done.samples, "expect": judged(job.params.expect, done.expected, done.step), "ended": done.ended,
        "spikes": done.spikes or None, "method": job.params.method,
        "objective": job.params.objective, "merge_difference": merged, "learning_rate": settings.peak_rate,
    }  # fmt: skip
