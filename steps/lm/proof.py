"""Is a checkpoint what it says: its files, weights, vocabulary and recorded loss, each a check with its finding."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from schemas import Checkpoint, Corpus, RecipeError, TokenBin
from steps.lm import attention, build, precision
from steps.lm.batches import Row, validation_rows
from steps.lm.evaluate import Scored, score_within
from steps.lm.finish import RECORD
from steps.lm.job import rows_digest
from steps.lm.loss import Head
from steps.lm.stored import shapes, wanted
from steps.lm.supervised import rows_of
from steps.text.binfile import BinReader
from steps.text.tokenizers import TextTokenizer

PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")
LARGEST_COMPARED = 100_000_000  # numbers of an embedding whose rows are compared with each other
REMEDY = "train the step again: recipe run --force --only <its id>"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. code: of the error when it did not pass."""

    name: str
    passed: bool
    detail: str
    code: str = ""
    fix: str = ""

    def plain(self) -> dict[str, Any]:
        """As it stands in the statistics."""
        return {"name": self.name, "passed": self.passed, "detail": self.detail}


def file_checks(checkpoint: Checkpoint, *, trust_pickle: bool = False) -> list[Check]:
    """Weights in safetensors, their names and shapes as the config asks, their number as recorded. Opens no tensor.

    With `trust_pickle` pickles may lie beside them, which nothing opens.
    """
    folder = checkpoint.path
    pickles = sorted(p.name for pattern in PICKLES for p in folder.glob(pattern))
    shown, fix = ", ".join(pickles) or "model.safetensors", "delete the pickled file, or write trust_pickle: true"
    found = [Check("safetensors only", trust_pickle or not pickles, shown, "C001", fix)]
    try:
        stored = shapes(folder)
    except (OSError, ValueError) as error:
        return [*found, Check("weights can be read", False, str(error), "C010", REMEDY)]
    asked, ties = wanted(folder)
    missing = sorted(set(asked) - set(stored) - ties)
    strange = sorted(set(stored) - set(asked))
    wrong = sorted(name for name in set(stored) & set(asked) if stored[name] != asked[name])
    parts = [f"{word}: {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
             for word, names in (("missing", missing), ("unknown", strange), ("another shape", wrong)) if names]  # fmt: skip
    found.append(Check("keys and shapes", not parts, "; ".join(parts) or f"{len(stored)} tensors", "C011", REMEDY))
    count = sum(_product(shape) for shape in stored.values())
    agree = count == checkpoint.parameters
    found.append(Check("parameter count", agree, f"{count} stored, {checkpoint.parameters} recorded", "C012", REMEDY))
    return found


def _product(shape: tuple[int, ...]) -> int:
    total = 1
    for n in shape:
        total *= n
    return total


def weight_check(network: nn.Module) -> Check:
    """No NaN and no infinity in any tensor."""
    bad = [name for name, p in network.named_parameters() if not bool(torch.isfinite(p).all())]
    return Check("finite weights", not bad, ", ".join(bad[:3]) or "no NaN, no infinity", "C013", "lower learning_rate and train again")


def vocabulary_check(network: nn.Module, words: TextTokenizer) -> Check:
    """A row for every id of the tokenizer, and no more than padding beyond."""
    rows = network.config.vocab_size
    fits = words.vocab_size <= rows < words.vocab_size + 1024
    return Check(
        "vocabulary", fits, f"{rows} rows, {words.vocab_size} tokens", "C014", "train with this tokenizer, or export the right one"
    )


def embedding_facts(network: nn.Module, words: TextTokenizer, bins: TokenBin | None) -> dict[str, Any]:
    """How much of the embedding is at work.

    dead: share of the tokens' rows whose length is under a hundredth of the median's, or that hold the very values of another row.
    unseen: share of the tokens that never occur in the training side of `bins`; None without bins. padding: rows beyond the tokens.
    """
    import numpy as np

    rows = network.get_input_embeddings().weight.detach().float().cpu()[: words.vocab_size]
    lengths = rows.norm(dim=1)
    small = lengths < 0.01 * lengths.median()
    twice = torch.zeros_like(small)
    if rows.numel() <= LARGEST_COMPARED:
        _, place, counts = torch.unique(rows, dim=0, return_inverse=True, return_counts=True)
        twice = counts[place] > 1
    unseen = None
    if bins is not None:
        tokens = BinReader(bins.path, "train").tokens
        counts = np.zeros(words.vocab_size, np.int64)
        for at in range(0, len(tokens), 1 << 22):
            counts += np.bincount(np.asarray(tokens[at : at + (1 << 22)]), minlength=words.vocab_size)[: words.vocab_size]
        unseen = float((counts == 0).mean())
    return {
        "dead": float((small | twice).float().mean()),
        "unseen": unseen,
        "padding": int(network.config.vocab_size - words.vocab_size),
    }


def embedding_check(facts: dict[str, Any]) -> Check:
    """The same in words; it finds nothing wrong by itself."""
    said = [f"{facts['dead']:.2%} of the tokens' rows are dead"]
    said += [] if facts["unseen"] is None else [f"{facts['unseen']:.2%} of the tokens never occur in the training text"]
    said += [f"{facts['padding']} rows are padding"] if facts["padding"] else []
    return Check("embedding", True, "; ".join(said))


def rows_for(record: dict[str, Any], bins: TokenBin | None, corpora: list[Corpus], words: TextTokenizer) -> list[Row]:
    """The rows that the training validated on, made again from its record; empty where the data is not wired."""
    if record.get("objective") == "sft":
        if not corpora:
            return []
        try:
            return rows_of(corpora, words, record["max_seq_length"], record["seed"], record.get("eval_tokens")).held
        except RecipeError:
            return []  # another corpus than the one that was trained on
    if bins is None:
        return []
    return validation_rows(BinReader(bins.path, "val"), record["max_seq_length"], record["eval_tokens"], record["seed"])


def read_record(folder: Path) -> dict[str, Any]:
    """What the training wrote beside the weights; empty for a model that another tool trained."""
    try:
        return json.loads((folder / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def loss_check(
    network: nn.Module, rows: list[Row], record: dict[str, Any], checkpoint: Checkpoint, tolerance: float
) -> tuple[Check, Scored | None]:
    """The recorded validation loss, computed again from the files."""
    name = "validation loss"
    if not rows:
        return Check(name, True, "not tried: no validation data is wired to this step"), None
    device = next(network.parameters()).device
    kind = record.get("precision", "fp32")
    if kind != "fp32" and device.type == "cpu" and record.get("device") != "cpu":
        kind = "fp32"
    halved = kind == "fp32" and torch.is_autocast_enabled(device.type)  # the card has no room for it in fp32
    alike = attention.as_trained(network, record) and kind == record.get("precision", "fp32") and not halved
    build.verify_kernels(network, kind)
    head = Head(network)
    if record.get("objective") == "sft":
        head.lay_flat()
    found = score_within(head, rows, record.get("eval_batch_size", 8), precision.autocast(kind, device))
    recorded = checkpoint.val_loss
    if recorded is None:
        return Check(name, True, f"{found.loss:.4f}; none is recorded"), found
    if rows_digest(rows) != record.get("validation_digest"):
        return Check(name, True, f"{found.loss:.4f} on other rows than the recorded {recorded:.4f}; not compared"), found
    allowed = tolerance if alike else max(tolerance, 0.02)
    close = abs(found.loss - recorded) <= allowed
    return Check(name, close, f"{found.loss:.6f} now, {recorded:.6f} recorded, tolerance {allowed:g}", "C015", REMEDY), found
