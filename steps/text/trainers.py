"""Training a vocabulary: what text is shown to the trainer, and the two engines (SentencePiece, byte-level BPE by tokenizers)."""

import io
import json
import random
import re
import string
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steps.text.fast import SPECIAL
from steps.text.spmodel import NORMAL, parse_model, varint
from steps.text.tokenizers import _library

CHUNK = 4000  # characters of a training sentence: paragraphs with their line breaks inside, whole where they fit
SENTENCE_BYTES = 4 * CHUNK + 16  # SentencePiece drops longer ones without a word
THREADS = 16  # part of the model file and of the order of float sums: always the same, whatever the machine
SMALL_CORPUS = 50_000_000
HELD_SHARE = {"unigram": 0.1, "bpe": 0.02}  # of the text, for the proof of equal ids: little beside the time that training takes
HELD_FROM = range(5_000_000, 25_000_000)  # of so many bytes at least, and at most
SCORE_GRID = 64  # see `on_grid`
UNKNOWN_SIGN = "\u2585"  # SentencePiece's own: it drops a sentence that holds it, or a NUL, without a word
PRINTABLE = "\n\t" + string.digits + string.ascii_letters + string.punctuation
TURKISH = "çğıöşüÇĞİÖŞÜâîûÂÎÛ"  # Ğ begins no word, so a corpus may well lack it


class TooFewPieces(ValueError):
    """The corpus does not hold `asked` pieces; `largest` is the size that it does, `made` that tokenizer where it came of the attempt."""

    def __init__(self, asked: int, largest: int, made: Any = None) -> None:
        super().__init__(f"{asked} pieces asked, {largest} possible")
        self.asked, self.largest, self.made = asked, largest, made


class TooSmall(ValueError):
    """`asked` pieces do not even hold the characters, bytes and marks; `smallest` would."""

    def __init__(self, asked: int, smallest: int) -> None:
        super().__init__(f"{asked} pieces asked, {smallest} needed")
        self.asked, self.smallest = asked, smallest


@dataclass
class Sample:
    """Text shown to the trainer, and text kept back for the proof."""

    chunks: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    bytes: int = 0


def chunks_of(text: str | Iterable[str]) -> Iterator[str]:
    """`text`, or one that comes in parts, in stretches of at most CHUNK characters, cut after line breaks where possible, else blanks."""
    if isinstance(text, str):
        if len(text) <= CHUNK:
            if text:
                yield text
            return
        text = (text,)
    held, start = "", 0
    for part in text:
        held, start = held[start:] + part, 0
        while len(held) - start > CHUNK:
            end = start + CHUNK
            cut = held.rfind("\n", start, end)
            cut = cut if cut > start else held.rfind(" ", start, end)
            end = cut + (held[cut] == "\n") if cut > start else end
            yield held[start:end]
            start = end
    if start < len(held):
        yield held[start:]


def draw_sample(texts: Iterable[str | Iterable[str]], total_bytes: int, sample_bytes: int, seed: int, kind: str = "bpe") -> Sample:
    """Chunks of `texts`, all of them when they are within `sample_bytes`, else a seeded even share.

    What is held for the proof of this `kind` comes evenly from all of the text.
    """
    share = min(1.0, sample_bytes / max(1, total_bytes))
    wanted = int(HELD_SHARE.get(kind, 0) * min(HELD_FROM.stop, max(HELD_FROM.start, min(sample_bytes, total_bytes))))
    draw = random.Random(seed).random
    sample = Sample()
    passed = held = 0  # bytes
    for chunk in (c for text in texts for c in chunks_of(text)):
        size = len(chunk) if chunk.isascii() else len(chunk.encode("utf-8"))
        passed += size
        shown = share == 1.0 or draw() < share
        if shown:
            sample.chunks.append(chunk)
            sample.bytes += size
        if held < wanted and held * total_bytes <= wanted * passed and (share == 1.0 or not shown):
            sample.held.append(chunk[1:] if shown else chunk)  # begins in the middle of a word: not a text the trainer saw
            held += size
        if sample.bytes >= sample_bytes * 1.05:
            break
    return sample


def train_sentencepiece(
    sample: Sample,
    *,
    kind: str,
    vocab_size: int,
    coverage: float,
    byte_fallback: bool,
    normalization: str,
    user_symbols: list[str],
    split_digits: bool = False,
) -> bytes:
    """A serialised SentencePiece model of exactly `vocab_size` pieces, with ids 0-3 for pad, unk, bos, eos.

    The bytes depend on the text and the settings alone. Raises TooFewPieces or TooSmall when the size cannot be had.
    """
    sentencepiece = _library("sentencepiece")
    out = io.BytesIO()
    letters = TURKISH if any("ğ" in chunk or "ş" in chunk or "ı" in chunk for chunk in sample.chunks) else ""
    blank = [] if any(" " in chunk for chunk in sample.chunks) else [" "]  # without any, required_chars is passed over
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(chunk.replace("\0", " ").replace(UNKNOWN_SIGN, " ") for chunk in [*sample.chunks, *blank]),
            model_writer=out,
            model_type=kind,
            vocab_size=vocab_size,
            character_coverage=coverage,
            byte_fallback=byte_fallback,
            normalization_rule_name=normalization,
            remove_extra_whitespaces=False,
            add_dummy_prefix=False,  # nothing is added to a text: offsets and marks at its start stay exact
            user_defined_symbols=user_symbols,
            split_digits=split_digits,
            train_extremely_large_corpus=sample.bytes > 1 << 30,  # its indices have 32 bits otherwise
            required_chars="\n" + string.digits if kind == "bpe" and byte_fallback else PRINTABLE + letters,
            max_sentence_length=SENTENCE_BYTES,
            num_threads=THREADS,
            pad_id=0,
            unk_id=1,
            bos_id=2,
            eos_id=3,
            pad_piece=SPECIAL["pad"],
            unk_piece=SPECIAL["unk"],
            bos_piece=SPECIAL["bos"],
            eos_piece=SPECIAL["eos"],
            minloglevel=3,
        )
    except (RuntimeError, OSError) as error:
        raise _understood(error, vocab_size) from error
    return on_grid(out.getvalue()) if kind == "unigram" else out.getvalue()


def on_grid(model: bytes) -> bytes:
    """The unigram model with scores rounded to 1/64 nat.

    SentencePiece adds scores in float32, tokenizers and llama.cpp in float64: on long texts near ties fall differently (2 of 330
    stories). Multiples of 1/64 add up exactly in float32 as far as 2^18, so all of them agree.
    """
    parse_model(model)  # a damaged model is found here, not half-way through the rewriting
    out = bytearray(model)
    at = 0
    while at < len(out):
        key, at = varint(out, at)
        if key & 7 == 0:
            _, at = varint(out, at)
            continue
        size, at = varint(out, at)
        if key >> 3 == 1:
            _round_score(out, at, at + size)
        at += size
    return bytes(out)


def _round_score(out: bytearray, at: int, end: int) -> None:
    """Round the score (field 2, a float) of the piece that stands in out[at:end]; control pieces keep their 0."""
    while at < end:
        key, at = varint(out, at)
        if key & 7 == 5:
            if key >> 3 == 2:
                score = struct.unpack_from("<f", out, at)[0]
                struct.pack_into("<f", out, at, round(score * SCORE_GRID) / SCORE_GRID)
            at += 4
        elif key & 7 == 2:
            size, at = varint(out, at)
            at += size
        else:
            _, at = varint(out, at)


def _understood(error: Exception, asked: int) -> Exception:
    """SentencePiece's complaint about the size as one of ours; anything else stays what it is."""
    text = str(error)
    if match := re.search(r"set it to a value <= (\d+)", text):
        return TooFewPieces(asked, int(match[1]))
    if match := re.search(r"smaller than required_chars\. (\d+) vs (\d+)", text):
        return TooSmall(asked, max(int(match[1]), int(match[2])))
    return error


def train_byte_bpe(sample: Sample, *, vocab_size: int, user_symbols: list[str], split_digits: bool = False) -> Any:
    """A byte-level BPE `tokenizers.Tokenizer` of exactly `vocab_size` entries. Raises TooFewPieces or TooSmall.

    Words are split as GPT-2 does, with `split_digits` as Qwen2 does: llama.cpp knows both by name.
    """
    tokenizers = _library("tokenizers")
    from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers, trainers

    from steps.export.tokenizer_kinds import SPLITS

    marks = [*SPECIAL.values(), *user_symbols]
    if vocab_size < len(marks) + 256:
        raise TooSmall(vocab_size, len(marks) + 256)
    fast = tokenizers.Tokenizer(models.BPE(unk_token=None))
    split = next(split for split in SPLITS if split.pre == ("qwen2" if split_digits else "gpt-2"))
    words = [pre_tokenizers.Split(Regex(split.regex), "isolated")] if split.regex else []
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not words)
    fast.pre_tokenizer = pre_tokenizers.Sequence([*words, level]) if words else level
    fast.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        show_progress=False,
        special_tokens=[AddedToken(m, special=True, normalized=False) for m in marks],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    fast.train_from_iterator(sample.chunks, trainer)
    made = json.loads(fast.to_str())
    for token in made["added_tokens"]:  # the trainer takes marks only as special tokens, and text must not skip the user's own
        token["special"] = token["content"] not in user_symbols
    done = tokenizers.Tokenizer.from_str(json.dumps(made))
    if (size := done.get_vocab_size()) < vocab_size:
        raise TooFewPieces(vocab_size, size, done)
    return done


def longest_pieces(pieces: Iterable[str], count: int = 24) -> list[str]:
    """The longest entries of a vocabulary, for a person to look at."""
    return sorted(set(pieces), key=lambda piece: (-len(piece), piece))[:count]


def normal_pieces(path: Path) -> list[str]:
    """The trained pieces of a `.model`, without marks and bytes."""
    return [p.text for p in parse_model(path.read_bytes()).pieces if p.kind == NORMAL]
