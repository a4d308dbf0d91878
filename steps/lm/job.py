"""The pieces of a training run that its beginning and its end share: what it was asked, its base, its network, its rows."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from blake3 import blake3
from torch import nn

from schemas import Checkpoint, Corpus, RecipeError, StepContext, TokenBin, Tokenizer
from schemas.training import QuantSettings
from steps.lm import attention, build, quantized
from steps.lm.added import make_room
from steps.lm.batches import Data, Row
from steps.lm.checkpoint import copy_tokenizer
from steps.lm.shapes import ANOTHER_STATE, UNTRAINED
from steps.text.added import add_tokens
from steps.text.tokenizers import TextTokenizer, open_tokenizer
from steps.text.vocabulary import PADDINGS, ids_fit, padded, sizes_agree


@dataclass
class Job:
    """The step's arguments. params: steps.train.Train with the plan's settings in it."""

    params: Any
    bins: TokenBin | None
    corpora: list[Corpus]
    tokenizer: Tokenizer | None
    checkpoint: Checkpoint | None
    context: StepContext
    first_added: int = 0  # ids of the base's own tokenizer, once `words_of` was asked
    words_folder: Path | None = None
    new_ids: list[int] = field(default_factory=list)  # tokens whose rows were made, once the base is open


@dataclass
class Material:
    """What is trained on. digest: of the rows that are validated on."""

    data: Data
    validation: list[Row]
    chats: int = 0
    digest: str = field(default="")
    trained_on: str = ""  # digest of what is trained on

    def __post_init__(self) -> None:
        self.digest = rows_digest(self.validation)


def base_of(job: Job) -> Path | None:
    """The folder of the base model, or None for a new one."""
    ref = job.params.model.base
    if ref is None:
        return None
    if job.checkpoint is not None and ref.step is not None:
        return job.checkpoint.path
    if ref.hub is not None:
        return build.fetch(ref.hub, ref.revision, field="model.base.hub", trust_pickle=ref.trust_pickle)
    folder: Path = job.context.project / (ref.path or "")
    if ref.path is None or not folder.is_dir():
        message = f"the base model {ref.path or ref.step!r} is not there"
        raise RecipeError("C002", message, field="model.base", fix="name a transformers folder")
    return folder


def earlier_of(job: Job) -> tuple[Path, str] | None:
    """The checkpoint that `resume_from` names, and what to call it; None without one. Raises RecipeError C002 when it is not there."""
    ref = job.params.resume_from
    if ref is None:
        return None
    if ref.step is not None and job.checkpoint is not None:
        return job.checkpoint.path, _called(ref)
    folder: Path = job.context.project / (ref.path or "")
    if ref.path is None or not folder.is_dir():
        raise RecipeError("C002", f"the checkpoint {ref.path or ref.step!r} is not there", field="resume_from", fix="name its folder")
    return folder, ref.path


def _called(ref: Any) -> str:
    """A checkpoint of a step, by its recipe where that is another."""
    return f"{ref.recipe} {ref.step}" if ref.recipe else str(ref.step)


def first_of(job: Job) -> tuple[Path, str] | None:
    """The checkpoint that `init_from` names, and what to call it; None without one. Raises RecipeError C002 when it is not there."""
    ref = job.params.init_from
    if ref is None:
        return None
    if ref.step is not None and job.checkpoint is not None:
        return job.checkpoint.path, _called(ref)
    if ref.hub is not None:
        return build.fetch(ref.hub, ref.revision, field="init_from.hub"), ref.hub
    folder: Path = job.context.project / (ref.path or "")
    if ref.path is None or not folder.is_dir():
        raise RecipeError("C002", f"the checkpoint {ref.path or ref.step!r} is not there", field="init_from", fix="name its folder")
    return folder, ref.path


def tokenizer_of(job: Job) -> Tokenizer:
    """The tokenizer of a new model. Raises RecipeError V104 when none is wired."""
    if job.tokenizer is None:
        raise RecipeError("V104", "a new model needs a tokenizer", field="tokenizer", fix="put a train_tokenizer step before train")
    return job.tokenizer


def words_of(job: Job) -> Path:
    """The folder of the tokenizer that is trained with and saved: the step's own, or the base's with `add_tokens` added."""
    if job.words_folder is not None:
        return job.words_folder
    base = base_of(job)
    job.words_folder = base if base is not None else tokenizer_of(job).path
    if base is not None and job.params.add_tokens:
        folder = job.context.keep / "tokenizer"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        copy_tokenizer(base, folder)
        job.first_added = open_tokenizer(base).vocab_size
        added = add_tokens(folder, job.params.add_tokens)
        job.words_folder = folder
        there = [token for token in job.params.add_tokens if token not in added]
        message = f"{len(added)} tokens added from id {job.first_added} on: {build.few(added)}"
        message += f"; the base's tokenizer has {build.few(there)} already" if there else ""
        job.context.event("tokens_added", first=job.first_added, tokens=added, message=message)
    return job.words_folder


def open_base(job: Job, base: Path, half: torch.dtype | None = None, quantized: dict[str, Any] | None = None) -> nn.Module:
    """The base model, with a row for every added token. Raises RecipeError C043 for a kind that cannot be trained."""
    asked, kind = job.params.attn_implementation, build.read_config(base).get("model_type")
    if kind in UNTRAINED:
        raise RecipeError("C043", f"{base.name} is an {kind}: {UNTRAINED[kind]}", field="model.base", fix=ANOTHER_STATE)
    network = build.open_model(base, field="model.base", half=half, quantized=quantized, trust_pickle=job.params.model.base.trust_pickle,
                               attention=attention.opened_with(asked))  # fmt: skip
    attention.choose(network, asked)
    size = open_tokenizer(words_of(job)).vocab_size
    if job.params.add_tokens:
        first = min(job.first_added, network.config.vocab_size)  # some come with a tokenizer that is ahead of its model
        job.new_ids = list(range(first, size))
        make_room(network, first, size)
    return network


def network_of(job: Job, base: Path | None, words: TextTokenizer, half: torch.dtype | None) -> tuple[nn.Module, str]:
    """The model (in fp32, or its matrices in `half`) and its family; its embedding has a row for every id."""
    params = job.params
    if base is not None:
        network = open_base(job, base, half, _quantized(job, base))
        rows = network.config.vocab_size
        family = build.sizes_of(network).family
        ids_fit(words.vocab_size - 1, rows, "the base model", field="model.base", fix="take the base model's own tokenizer")
    else:
        asked = job.tokenizer.rows if job.tokenizer is not None else None  # rounded up by check_vocab_consistency
        rows, family = params.model.vocab_size or asked or words.vocab_size, params.model.family
        multiple = rows if rows == asked else next((m for m in PADDINGS if padded(words.vocab_size, m) == rows), 1)
        sizes_agree(words.vocab_size, rows, "the model", multiple_of=multiple, field="model.vocab_size")
        if asked is not None and rows < asked:
            message = f"the tokenizer's step rounds the rows up to {asked:,}, the model is written with {rows:,}: they stay so"
            job.context.warn("V002", message, field="model.vocab_size", fix="delete vocab_size, or pad_vocab_to_multiple_of")
        network = build.build(params.model.sizes(), rows, token_ids(words), params.max_seq_length, job.context.seed)
        attention.choose(network, params.attn_implementation)
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
    build.verify_headers(base, "model.base")  # before the library that would pack them is looked for
    settings = job.params.quant or QuantSettings()
    job.context.event("quantized", bits=settings.bits, message=f"the base is held in {quantized.describe(settings)}")
    return quantized.options(settings, job.params.precision, build.device())


def token_ids(words: TextTokenizer) -> dict[str, int | None]:
    """The special ids under the names of a transformers config."""
    return {"pad_token_id": words.pad_id, "bos_token_id": words.bos_id, "eos_token_id": words.eos_id}


def rows_digest(rows: list[Row]) -> str:
    """Digest of the tokens and masks of `rows`, so that a loss is only compared with one on the same rows."""
    digest = blake3()
    for row in rows:
        digest.update(row.ids.astype("<i8").tobytes())
        digest.update(row.learned.tobytes())
    return digest.hexdigest()[:32]
