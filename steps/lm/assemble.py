"""A training run put together: model, data, loop, and the checkpoint at the end."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from blake3 import blake3
from torch import nn

from schemas import Checkpoint, RecipeError
from schemas.training import ADAPTED, LoraSettings, Tracking
from steps.lm import adapters, attention, build, deterministic, even, first_save, oom, precision, texts
from steps.lm.batches import PackedRows, WholeRows, validation_rows
from steps.lm.bitwise import loose
from steps.lm.finish import Trained, finish, memory_table
from steps.lm.flat import FLASH
from steps.lm.frozen import held_dtype
from steps.lm.initial import start_from
from steps.lm.job import Job, Material, base_of, earlier_of, first_of, network_of, rows_digest, words_of
from steps.lm.loop import Loop
from steps.lm.loss import Head
from steps.lm.optimizer import embeddings_trained
from steps.lm.pack import packed, split_packed
from steps.lm.progress import Hooks, Settings
from steps.lm.prolong import remember, taken_over
from steps.lm.resume import FOLDER, go_on, keep_state
from steps.lm.shapes import sizes
from steps.lm.stages import Stages
from steps.lm.supervised import rows_of, splitter
from steps.lm.trackers import Tracked
from steps.lm.watch import SPIKE_FACTOR, Bands
from steps.sizing.attention import chosen
from steps.sizing.fallback import Live
from steps.sizing.lack import said_of
from steps.text.binfile import BinReader
from steps.text.same_words import refuse_other_words
from steps.text.tokenizers import TextTokenizer, open_tokenizer

SAMPLE_TOKENS = 80


def assemble(job: Job) -> Checkpoint:
    """Build or open the model, train it, and write it to the context's workdir."""
    params, context = job.params, job.context
    build.quiet()
    device = build.device()
    oom.begin(device)
    precision.supported(params.precision if params.precision != "auto" else "fp32", device)
    base = base_of(job)
    _attention_runs(params, base, device)
    words = open_tokenizer(words_of(job))
    material = _material(job, words)
    half = held_dtype(params.method, params.precision, device)
    network, family = network_of(job, base, words, half)
    limit = build.longest_input(network)
    if limit is not None and limit < params.max_seq_length:
        raise RecipeError("M101", f"the model has {limit} positions, rows have {params.max_seq_length}", field="max_seq_length",
                          fix=f"write max_seq_length: {limit}")  # fmt: skip
    first = first_of(job)
    taken = None if first is None else start_from(network, *first, words, context)
    if params.method != "qlora":  # bitsandbytes has put it there
        network.to(device)
    adapted = adapters.add(network, family, params.lora or LoraSettings(), context.seed, job.new_ids) if params.method in ADAPTED else None
    left = adapters.unheard(network, family) if adapted is not None else []
    if left and not (params.lora and params.lora.target_modules):
        message = f"{', '.join(sorted(left))} are not adapted: the gates of these memories are 0"
        context.event("memory_left_out", layers=sorted(left), message=message)
    settings = _settings(params, material)
    stages = None if params.stages is None else Stages(params.stages, network, settings.steps, context)
    build.verify_kernels(network, settings.precision)
    with precision.held(half, device):
        head = Head(network)
        head.rounded = even.pays(settings.precision, device)
        if not params.compile:  # it would compile again for every row of another length
            _lay_flat(head, material.data, device)
        if params.packing == "documents" and not head.keeps_documents_apart():
            message = f"documents of one row would see each other in a {network.config.model_type}, which knows no borders"
            raise RecipeError("D119", message, field="packing", fix="leave packing out")
    attention.verify(head, settings.precision, params.compile)
    path = build.path(network, device)
    settings = replace(settings, computed=deterministic.computed_by(params, network, device, path))
    free = loose(settings.computed)
    hooks = Hooks(
        sampler=_sampler(job, network, words, half), watcher=Bands(params.expect, context, params.on_expect == "stop"),
        after_early_backward=(lambda: adapters.every_adapter_learns(network)) if adapted is not None else (lambda: None),
        memory_table=lambda live: memory_table(network, live, params, device),
        freeze_below=lambda layers: adapters.train_last(network, layers),
        prove_save=lambda: first_save.prove(job, network, adapted, words),
        adapted_layers=build.sizes_of(network).n_layers if adapted is not None else 0,
        before_step=(lambda step: False) if stages is None else stages.enter,
    )  # fmt: skip
    if params.compile:
        build.scans_stay_eager()
    told = Tracked(context, Tracking.of(params.tracking), _config(job))
    loop = Loop(head, material.data, material.validation, settings, told, hooks)
    repeats = f"; resumed it is not bitwise: {free}" if free else "" if device.type == "cpu" else "; resumed it is bit for bit"
    context.event("training", parameters=build.parameter_count(network), steps=settings.steps, precision=settings.precision,
                  path=path, bitwise=not free, message=f"{path}; {settings.precision}{repeats}")  # fmt: skip
    with build.fitting_threads(network):
        try:
            earlier, facts = earlier_of(job), _facts(job, network, material)

            def begin(started: Loop) -> None:
                if not taken_over(started, context) and earlier is not None:
                    go_on(started, earlier, facts, context)

            done = loop.run(context.seed, begin)
            if not params.save_only_model:
                keep_state(loop, context.workdir / FOLDER, facts, whole=adapted is None)
                remember(loop, context, whole=adapted is None)
        finally:
            told.close(done=loop.progress.step == settings.steps or bool(loop.progress.ended))
        return finish(job, Trained(network, adapted, words, material, settings, done, half, taken, stages, head.end_to_end))


def _attention_runs(params: Any, base: Path | None, device: torch.device) -> None:
    """Raise what speaks against the attention that is asked for, before a model is opened."""
    if params.attn_implementation != "auto":
        config = None if base is None else build.read_config(base)
        model = params.model.sizes() if config is None else sizes(config)
        attention.demand(params.attn_implementation, model, config, "fp32" if params.precision == "auto" else params.precision, device)


def _lay_flat(head: Head, data: Any, device: torch.device) -> None:
    """Rows of fine-tuning end to end. Documents of a stream too on a CPU, where one mask for all costs more than a call for each; and
    all rows for kernels that take documents in one call, and no mask."""
    if isinstance(data, WholeRows):
        data.flat = head.lay_flat()
    elif (data.isolated and device.type == "cpu") or head.network.config._attn_implementation == FLASH:
        head.lay_flat()


def _facts(job: Job, network: nn.Module, material: Material) -> dict[str, Any]:
    """What a training that goes on from this one must have in common with it."""
    params = job.params
    return {
        "model": build.sizes_of(network).model_dump(mode="json"), "method": params.method, "objective": params.objective,
        "lora": params.lora.model_dump(mode="json") if params.lora else None, "optimizer": params.optimizer, "seed": job.context.seed,
        "data": material.trained_on, "max_seq_length": params.max_seq_length, "packing": params.packing, "batch": params.batch()[0],
        **({"add_tokens": params.add_tokens} if params.add_tokens else {}),
        **({"moments of embeddings": "fp32"} if params.optimizer == "adamw_8bit" and embeddings_trained(network) else {}),
        **({"dropout": params.model.dropout} if params.model.dropout else {}),  # a network does not tell of it
        **chosen(params.attn_implementation, network.config.model_type),
        **({} if params.stages is None else {"stages": [stage.model_dump(mode="json") for stage in params.stages]}),
    }  # fmt: skip


def _config(job: Job) -> dict[str, Any]:
    """The settings as trackers keep them: what was written or planned."""
    return {"seed": job.context.seed, **job.params.model_dump(mode="json", exclude_unset=True, exclude={"tracking"})}


def _material(job: Job, words: TextTokenizer) -> Material:
    params, seed = job.params, job.context.seed
    if params.objective == "sft":
        rows = rows_of(job.corpora, words, params.max_seq_length, seed, params.eval_tokens)
        if rows.left_out:
            message = f"{len(rows.left_out)} conversations are longer than max_seq_length {params.max_seq_length} and left out, none is cut"
            fix = f"write max_seq_length: {max(rows.left_out)} (and split_long's max_tokens) to learn them too"
            job.context.warn("D114", message, field="max_seq_length", fix=fix)
            job.context.event("left_out", conversations=len(rows.left_out), longest=max(rows.left_out))

        def left_out(length: int) -> None:
            message = f"a conversation of {length} tokens is left out: its question alone fills the rows that memory allows"
            job.context.event("left_out", conversations=1, longest=length, message=message)

        split, learned = splitter(rows, words, left_out), rows.train
        if params.packing == "documents":
            learned, split = packed(rows.train, params.max_seq_length), split_packed(split)
            full = sum(len(row.ids) for row in learned) / (len(learned) * (params.max_seq_length + 1))
            job.context.event("packed", documents=len(rows.train), rows=len(learned), full=full,
                              message=f"{len(rows.train)} documents in {len(learned)} rows, {full:.1%} full")  # fmt: skip
        return Material(WholeRows(learned, seed, split), rows.held, rows.chats, trained_on=rows_digest(learned))
    if job.bins is None:
        message = "objective: lm reads a token bin, and there is none"
        raise RecipeError("D113", message, field="bins", fix="put a tokenize_bin step before train")
    refuse_other_words(job.bins, words_of(job), words.vocab_size)
    train, val = BinReader(job.bins.path, "train"), BinReader(job.bins.path, "val")
    if int(train.offsets[-1]) <= params.max_seq_length:
        raise RecipeError("D113", f"the bin holds {int(train.offsets[-1])} tokens, less than one row of {params.max_seq_length + 1}",
                          field="max_seq_length", fix="give more text, or lower max_seq_length")  # fmt: skip
    rows_val = validation_rows(val, params.max_seq_length, params.eval_tokens, seed)
    stream = PackedRows(train, params.max_seq_length, seed, params.packing == "documents")
    return Material(stream, rows_val, trained_on=train.digest)


def _settings(params: Any, material: Material) -> Settings:
    rows, micro = params.batch()
    steps = params.steps(material.data.rows_per_epoch)
    every = params.eval_steps or max(1, steps // 10)
    quarters = frozenset(round(steps * share) for share in (0, 0.25, 0.5, 1))
    precise = "fp32" if params.precision == "auto" else params.precision
    shown = {"eval_steps", "save_steps", "keep", "expect", "on_expect", "samples", "tracking"}
    written = params.model_dump(
        mode="json", exclude=shown, exclude_defaults=True
    )  # a save older than a field is of its default, as a key is
    live = Live(rows, micro, params.eval_batch_size or max(8, micro), params.max_seq_length, params.activation_checkpointing,
                params.loss_chunk_tokens)  # fmt: skip
    stopping = params.early_stopping
    bands = frozenset(step for step, band in params.expect.items() if band.val_loss is not None or band.val_bits_per_byte is not None)
    return Settings(
        steps=steps, live=live, peak_rate=params.rate, lowest_rate=params.lowest_rate, warmup=params.warmup(steps),
        scheduler=params.scheduler, decay_share=params.falling_share, weight_decay=params.weight_decay,
        decay_embeddings=params.decay_embeddings, max_grad_norm=params.max_grad_norm or 0.0, z_loss=params.z_loss, precision=precise,
        eval_at=frozenset([*range(every, steps, every), steps]), sample_at=quarters if params.samples else frozenset(),
        save_steps=params.save_steps or max(1, min(500, steps // 20)), keep=params.keep, optimizer=params.optimizer,
        on_spike=params.on_spike, spike_factor=params.spike_factor or SPIKE_FACTOR, on_oom=params.on_oom, compile=params.compile,
        patience=stopping.patience if stopping else None, min_delta=stopping.min_delta if stopping else 0.0,
        band_at=bands, prolongable=not params.save_only_model,
        fingerprint=blake3(json.dumps([written, steps, material.digest], sort_keys=True).encode()).hexdigest(),
    )  # fmt: skip


def _sampler(job: Job, network: nn.Module, words: TextTokenizer, half: torch.dtype | None) -> Any:
    def sampler(step: int) -> list[dict[str, str]]:
        seed, device = job.context.seed + step, next(network.parameters()).device
        try:
            with precision.held(half, device):
                return texts.samples(network, words, job.params.samples, max_new_tokens=SAMPLE_TOKENS, seed=seed, field="samples")
        except Exception as error:  # allocators have many kinds; others are raised again
            if not oom.out_of_memory(error):
                raise
            message = f"memory has no room to continue the samples at step {step}: they are left out"
            job.context.event("samples_left_out", step=step, error=said_of(error), message=message)
        oom.free(device)
        return []

    return sampler
