"""Tokenizers, models and token files that the recipe did not make: how they are named, where they lie, what is copied out of them."""

import shutil
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas import Checkpoint, Positive, RecipeError, StepContext, Strict, Tokenizer

FILES = ("tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")


class Source(Strict):
    """Where files come from: `path`, `hub` with `revision`, `step`, or `recipe` with `step`."""

    path: str | None = Field(default=None, description="a folder, relative to the project")
    hub: str | None = Field(default=None, description="a model's name on the hub")
    revision: str | None = Field(default=None, description="its commit, so that it is the same model tomorrow")
    recipe: str | None = Field(default=None, description="another recipe's name")
    step: str | None = Field(default=None, description="the step that made it")

    @model_validator(mode="after")
    def _one(self) -> "Source":
        ways = [
            name
            for name in type(self).model_fields
            if name not in ("revision", "recipe", "trust_pickle") and getattr(self, name) is not None
        ]
        if len(ways) != 1 or (self.recipe and not self.step):
            raise PydanticCustomError(
                "T123",
                "it is named by exactly one of {ways}",
                {"ways": "path, hub, step", "fix": "write {path: ...}, {hub: ...} or {step: ...}"},
            )
        return self

    def link(self) -> str | dict[str, str] | None:
        """How the runner wires it, None for files."""
        if self.recipe is not None:
            return {"recipe": self.recipe, "step": self.step or ""}
        return self.step


class CheckpointFrom(Source):
    """The model folder whose tokenizer is taken."""

    trust_pickle: bool = Field(default=False, description="for a base that is shared by a variable; no weights are read here")


class ModelFrom(Source):
    """A model that the tokenizer will feed: a folder or .gguf file, a hub model, a step's, or the number of its rows."""

    vocab_size: Positive | None = Field(default=None, description="rows of its embedding")


class ReferenceFrom(Strict):
    """A tokenizer to compare with: a folder, or a hub model."""

    path: str | None = Field(default=None, description="a folder, relative to the project")
    hub: str | None = Field(default=None, description="a model's name on the hub")
    revision: str | None = Field(default=None, description="its commit")

    @model_validator(mode="after")
    def _one(self) -> "ReferenceFrom":
        if (self.path is None) == (self.hub is None):
            raise PydanticCustomError("T123", "a reference is named by path or by hub", {"fix": "write {path: ...} or {hub: ...}"})
        return self


class BinsFrom(Strict):
    """Token files that are there already: a `.bin` file of nanoGPT, llm.c or recipe, or a folder of them."""

    path: str = Field(description="a file, or a folder of .bin files, relative to the project")
    dtype: Literal["auto", "uint16", "uint32"] = Field(default="auto", description="type of an id; auto looks at the file")


def folder_of(source: Source | ReferenceFrom | None, field: str, made: Checkpoint | None, context: StepContext) -> Path | None:
    """The folder (or file) that `source` names; `made` is a step's, wired in."""
    if made is not None:
        return made.path
    if source is None or (source.path is None and source.hub is None):
        return None
    if source.hub is not None:
        return _from_hub(source.hub, source.revision, field)
    path = context.project / str(source.path)
    if path.is_dir() or (path.is_file() and path.suffix == ".gguf"):
        return path
    raise RecipeError("H110", f"there is no folder {source.path}", field=f"{field}.path", fix="name a model folder")


def _from_hub(hub: str, revision: str | None, field: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise RecipeError("H110", "hub models need huggingface_hub", field=f"{field}.hub", fix='pip install "recipe[train]"') from error
    try:
        return Path(snapshot_download(hub, revision=revision, allow_patterns=[*FILES, "config.json"]))
    except Exception as error:
        raise RecipeError(
            "H110",
            f"{hub} cannot be had from the hub: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            field=f"{field}.hub",
            fix="check the id, the revision and the network, or name a folder: {path: ...}",
        ) from error


def copied(folder: Path, workdir: Path, known: Tokenizer | None = None) -> Tokenizer:
    """Copy the tokenizer's files out of a folder and describe them; `known`: their description, where there is one.

    A `tokenizer.model` without its `tokenizer.json` gets one. Raises RecipeError T101 where none gives the same ids.
    """
    from steps.text.tokenizers import SentencePieceTokenizer, open_tokenizer

    if (folder / "tokenizer.model").is_file() and not (folder / "tokenizer.json").is_file():
        _as_fast(folder, workdir)
    for name in FILES:
        if (folder / name).is_file():
            shutil.copyfile(folder / name, workdir / name)
    if known is not None:
        return known.at(workdir)
    opened = open_tokenizer(workdir)
    model = opened.model if isinstance(opened, SentencePieceTokenizer) else None
    return Tokenizer(
        vocab_size=opened.vocab_size,
        model=("unigram" if model.kind == "unigram" else "bpe") if model else "byte_bpe",
        byte_fallback=model is not None and model.byte_fallback,
        normalization=model.normalization if model else "identity",
        pad_id=opened.pad_id,
        unk_id=opened.unk_id,
        bos_id=opened.bos_id,
        eos_id=opened.eos_id,
        user_symbols=opened.user_symbols,
    ).save(workdir)


def _as_fast(folder: Path, workdir: Path) -> None:
    """Write the fast tokenizer of the model in `folder` into `workdir`, proved on hard lines and all pieces."""
    from steps.text.fast import HARD_LINES, build_fast, first_difference, save_fast
    from steps.text.tokenizers import SentencePieceTokenizer, open_tokenizer

    exact = open_tokenizer(folder)
    assert isinstance(exact, SentencePieceTokenizer)
    pieces = exact.model.pieces
    roles = {"pad": exact.pad_id, "unk": exact.unk_id, "bos": exact.bos_id, "eos": exact.eos_id}
    try:
        special = {role: pieces[at].text for role, at in roles.items() if at is not None}
        save_fast(build_fast(exact.model), workdir, special=special, chat_template=None)
        differs = first_difference(exact, workdir, [*HARD_LINES, *(piece.text for piece in pieces)])
        why = differs[1] if differs is not None else ""
    except ValueError as error:
        why = str(error)
    if why:
        raise RecipeError(
            "T101",
            f"{folder.name} holds tokenizer.model alone, and the tokenizer.json that is made of it gives other ids ({why})",
            field="checkpoint",
            fix="name a folder with both, as AutoTokenizer.from_pretrained(…).save_pretrained(…) writes it",
        )


def files_of(path: Path) -> list[tuple[str, Path]]:
    """Names and places of the files that say what a tokenizer or a model is; `path` itself where it is a file."""
    if path.is_file():
        return [(path.name, path)]
    names = [*FILES, "config.json", "adapter_config.json", *(file.name for file in path.glob("*.safetensors"))]
    return [(name, path / name) for name in sorted(names) if (path / name).is_file()]
