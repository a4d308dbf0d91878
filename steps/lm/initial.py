"""init_from: another training's weights, and nothing else of it, in a network that may have more than that one had."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from schemas import RecipeError, StepContext
from steps.lm import build
from steps.lm.stored import shapes, wanted
from steps.text.tokenizers import TextTokenizer, open_tokenizer

FIELD = "init_from"


@dataclass(frozen=True)
class Taken:
    """Names of weights. taken: from the checkpoint. new: the checkpoint's network has no such. missing: it has them, and its files do not.

    unused: in its files, and without a place here.
    """

    came_from: str
    taken: list[str]
    new: list[str]
    missing: list[str]
    unused: list[str]

    def plain(self) -> dict[str, Any]:
        """As it is kept in events, statistics and the checkpoint."""
        return {"from": self.came_from, "taken": len(self.taken), "new": self.new, "missing": self.missing, "unused": self.unused}

    def words(self) -> str:
        """In a line."""
        kinds = [("new", self.new), ("missing", self.missing), ("unused", self.unused)]
        return f"{len(self.taken)} weights from {self.came_from}; " + "; ".join(f"{kind}: {build.few(names)}" for kind, names in kinds)


def start_from(network: nn.Module, folder: Path, name: str, words: TextTokenizer, context: StepContext) -> Taken:
    """Copy the weights of the transformers folder `folder`, called `name`, into `network` by their names, and say what came of it.

    Raises RecipeError C001 without safetensors, C002 for a folder that does not open, V106 where the tokenizers differ, R108 for a shape
    that differs, R109 where no name is shared. Warns R110 for weights that the checkpoint should have and has not.
    """
    build.quiet()
    stored = _stored(folder, name)
    _same_vocabulary(words, folder, name)
    places = _places(network)
    differing = [f"{key} is {_size(places[key].shape)} here and {_size(stored[key])} there"
                 for key in places if key in stored and tuple(places[key].shape) != stored[key]]  # fmt: skip
    if differing:
        raise RecipeError("R108", f"{name} cannot give its weights: {build.few(differing)}", field=FIELD,
                          fix="write the sizes of that model under model:, or delete init_from")  # fmt: skip
    shared = [key for key in places if key in stored]
    if not shared:
        raise RecipeError("R109", f"no weight of {name} has a name that this network has; it has {build.few(sorted(stored))}", field=FIELD,
                          fix="start from a network of the same kind")  # fmt: skip
    _copy(folder, places, set(shared))
    there = _their_names(folder)
    absent = [key for key in places if key not in stored]
    taken = Taken(name, shared, [key for key in absent if key not in there], [key for key in absent if key in there],
                  sorted(set(stored) - set(places)))  # fmt: skip
    if taken.missing:
        message = f"{name} lacks weights that its own config.json asks for, new ones stand in: {build.few(taken.missing)}"
        context.warn("R110", message, field=FIELD, fix="make or fetch the checkpoint again")
    context.event("init_from", **taken.plain(), message=taken.words())
    return taken


def _stored(folder: Path, name: str) -> dict[str, tuple[int, ...]]:
    try:
        return shapes(folder)
    except (OSError, ValueError) as error:
        raise RecipeError("C001", f"{name} gives no weights: {error}", field=FIELD, fix="name a folder with model.safetensors") from error


def _same_vocabulary(words: TextTokenizer, folder: Path, name: str) -> None:
    """A row of the embedding must mean the same piece in both."""
    fix = "take that model's tokenizer (the same train_tokenizer step on the same text), or delete init_from"
    try:
        other = open_tokenizer(folder)
    except RecipeError as error:
        raise RecipeError("V106", f"{name} has no tokenizer to compare with: {error.message}", field=FIELD, fix=fix) from error
    if other.vocab_size != words.vocab_size:
        message = f"{name} was trained on {other.vocab_size} tokens, this tokenizer has {words.vocab_size}: its rows mean other pieces"
        raise RecipeError("V106", message, field=FIELD, fix=fix)
    for token in range(words.vocab_size):
        if (mine := words.piece(token)) != (theirs := other.piece(token)):
            message = f"token {token} is {mine!r} here and {theirs!r} in {name}: its rows mean other pieces"
            raise RecipeError("V106", message, field=FIELD, fix=fix)


def _places(network: nn.Module) -> dict[str, torch.Tensor]:
    """Each tensor of the network under its first name; a tied one has others."""
    places: dict[str, torch.Tensor] = {}
    seen: set[int] = set()
    for key, tensor in network.state_dict().items():
        if tensor.data_ptr() not in seen:
            places[key] = tensor
        seen.add(tensor.data_ptr())
    return places


@torch.no_grad()
def _copy(folder: Path, places: dict[str, torch.Tensor], shared: set[str]) -> None:
    """One tensor at a time."""
    from safetensors import safe_open

    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for key in shared & set(file.keys()):
                places[key].copy_(file.get_tensor(key))


def _their_names(folder: Path) -> set[str]:
    """What the checkpoint's own config asks for, nothing where transformers does not know it."""
    try:
        names, ties = wanted(folder)
    except (OSError, ValueError, KeyError):
        return set()
    return set(names) - ties


def _size(shape: Any) -> str:
    return " x ".join(map(str, shape)) or "a number"
