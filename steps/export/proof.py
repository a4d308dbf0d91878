"""The proof that a GGUF file is the model: llama.cpp's ids and likeliest tokens against our tokenizer's and torch's."""

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from schemas import Corpus, RecipeError
from steps.export.gemma import softcapped
from steps.export.vocabulary import read_vocabulary
from steps.text.chat import render
from steps.text.spmodel import CONTROL, USER
from steps.text.tokenizers import TextTokenizer

PARAGRAPHS = 200
SEQUENCE = 64  # tokens of a text over which torch and llama.cpp are compared
READ_DOCUMENTS = 20_000  # paragraphs are drawn from so many, at most
SAME_TOP1 = {  # the least share of positions; below f16 what rounding costs small trained models here, and as much again
    "f32": 0.99, "f16": 0.99, "bf16": 0.99, "q8_0": 0.97, "q5_1": 0.93, "q5_0": 0.93, "q4_1": 0.86, "q4_0": 0.86,
}  # fmt: skip
THREADS_FROM = 50_000_000  # parameters; below, llama.cpp's threads wait for each other longer than they work
TIMEOUT_S = 300


@dataclass(frozen=True)
class Proof:
    """What was tried and what came out. equal_ids, same_top1: counts out of paragraphs and positions."""

    state: str = "not tried"
    paragraphs: int = 0
    equal_ids: int = 0
    positions: int = 0
    same_top1: float | None = None  # share of positions
    why: str = ""

    def plain(self) -> dict[str, Any]:
        """As the statistics keep it."""
        return asdict(self)


def prove(
    gguf: Path, folder: Path, tokenizer: TextTokenizer, texts: list[str], *, quantization: str, parameters: int, trained: bool = True,
    served: int = 0,
) -> Proof:  # fmt: skip
    """Compare `gguf` with the model in `folder`: ids of `texts`, and the likeliest next token after every prefix of some of them.

    served: the context length that the file names, 0 where the model's positions are it. Without xllamacpp, or without texts, nothing is
    claimed; nor for a model that is not `trained`, since all its tokens are about equally likely and rounding alone decides between them.
    Raises RecipeError E007 when llama.cpp does not read the file, E008 when it gives other ids, E009 when it foresees other tokens than
    torch on more positions than rounding explains.
    """
    if find_spec("xllamacpp") is None:
        return Proof(why='xllamacpp is not installed: pip install "recipe[proof]"')
    if not texts:
        return Proof(why="no corpus is wired to take real paragraphs from")
    ours = tokenizer.encode_batch(texts)
    sequences = _sequences(ours, tokenizer.bos_id, positions_for(parameters), _longest(folder, served))
    threads = 1 if parameters < THREADS_FROM else min(4, os.cpu_count() or 1)
    marked = _marked(folder, tokenizer, texts)
    plain = [text for text in texts if text not in marked]
    answer = ask_llama(gguf, plain, sequences, threads, marked)
    known = dict(zip([*plain, *marked], [*answer["ids"], *answer["marked"]], strict=True))
    theirs = [known[text] for text in texts]
    equal = sum(a == b for a, b in zip(ours, theirs, strict=True))
    if equal < len(texts):
        at = next(n for n, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1])
        raise RecipeError(
            "E008", f"llama.cpp gives other ids than the tokenizer for {len(texts) - equal} of {len(texts)} paragraphs, "
            f"first for {texts[at][:60]!r}", fix=_fix(tokenizer, texts[at]),
        )  # fmt: skip
    expected = torch_top(folder, sequences)
    pairs = [(a, b) for left, right in zip(expected, answer["top"], strict=True) for a, b in zip(left, right, strict=True)]
    same = sum(a == b for a, b in pairs) / max(1, len(pairs))
    if not trained:
        return Proof("not tried", len(texts), equal, len(pairs), same, "a model trained for a few steps has no clear next token to compare")
    if same < SAME_TOP1[quantization]:
        raise RecipeError(
            "E009", f"llama.cpp foresees another token than torch on {1 - same:.1%} of {len(pairs)} positions; "
            f"{quantization} explains at most {1 - SAME_TOP1[quantization]:.0%}", field="quantization", fix="write quantization: f16",
        )  # fmt: skip
    return Proof("proved in llama.cpp", len(texts), equal, len(pairs), same)


def _fix(tokenizer: TextTokenizer, text: str) -> str:
    if tokenizer.normalized(text) != text:
        return "compose letters and accents where the text is read (nfc: true in parse_corpus): llama.cpp takes text as it is"
    return "train the tokenizer with model: bpe, byte_fallback: true, normalization: identity"


def positions_for(parameters: int) -> int:
    """How many positions are compared: all that take a few seconds, at least 256."""
    return max(256, min(1024, int(1e10 / max(1, parameters))))


def paragraphs(corpora: Iterable[Corpus], seed: int, count: int = PARAGRAPHS) -> list[str]:
    """`count` paragraphs drawn evenly from the corpora, by `seed`; conversations are taken whole, as training writes them."""
    draw = random.Random(seed)
    kept: list[str] = []
    for number, text in enumerate(_texts(corpora)):
        if len(kept) < count:
            kept.append(text)
        elif (place := draw.randrange(number + 1)) < count:
            kept[place] = text
    return kept


def _texts(corpora: Iterable[Corpus]) -> Iterator[str]:
    for corpus in corpora:
        for number, row in enumerate(corpus.rows()):
            if number == READ_DOCUMENTS:
                break
            if row.get("messages"):
                yield render(row["messages"]).text[:4000]
                continue
            blocks = row["text"].split("\n\n") if "\n\n" in row["text"] else row["text"].split("\n")
            yield from (block[:4000] for block in blocks if len(block) >= 20)


def _longest(folder: Path, served: int = 0) -> int:
    """Tokens of a sequence: SEQUENCE, or one less than llama.cpp has positions, since it wants room for the next one.

    served: positions by the GGUF file, which has those that were trained on where the model has more.
    """
    config = json.loads((folder / "config.json").read_text("utf-8"))
    limits = [limit for limit in (config.get("max_position_embeddings") or config.get("n_positions"), served) if limit]
    return min(SEQUENCE, max(1, int(min(limits)) - 1)) if limits else SEQUENCE


def _sequences(ids: list[list[int]], bos: int | None, positions: int, longest: int = SEQUENCE) -> list[list[int]]:
    """Beginnings of texts, the longer ones first, of at most `longest` tokens, until there are enough positions."""
    start = [] if bos is None else [bos]
    found: list[list[int]] = []
    for text in sorted(ids, key=lambda one: -min(len(one), longest)):
        if positions <= 0:
            break
        found.append((start + text)[: min(longest, positions)])
        positions -= len(found[-1])
    return [one for one in found if one]


def _marked(folder: Path, tokenizer: TextTokenizer, texts: list[str]) -> list[str]:
    """The texts that hold symbols that are one token in any text, and no name of a control token.

    llama.cpp takes some of these symbols for control tokens by their names (<|end|>), and then only where marks are read as such, as
    Ollama has them read in every prompt.
    """
    found = read_vocabulary(folder, tokenizer)
    symbols, controls = (
        [piece.decode("utf-8", "replace") for piece, kind in zip(found.pieces, found.types, strict=True) if kind == wanted]
        for wanted in (USER, CONTROL)
    )
    return [text for text in texts if any(s in text for s in symbols) and not any(c in text for c in controls)]


def ask_llama(
    gguf: Path, texts: list[str], sequences: list[list[int]], threads: int = 1, marked: Sequence[str] = ()
) -> dict[str, Any]:  # fmt: skip
    """What llama.cpp says in a process of its own. marked: texts whose marks are read as tokens.

    Raises RecipeError E007 when it stops or does not read the file.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        context = max([SEQUENCE, *map(len, sequences)]) + 16
        question = {
            "gguf": str(gguf.resolve()), "texts": texts, "marked": list(marked), "sequences": sequences, "context": context,
            "threads": threads, "answer": str(answer),
        }  # fmt: skip
        child = Path(__file__).with_name("proof_child.py")
        try:
            done = subprocess.run(
                [sys.executable, "-I", str(child)], input=json.dumps(question), text=True, encoding="utf-8", errors="replace",
                capture_output=True, timeout=TIMEOUT_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise RecipeError(
                "E007", f"llama.cpp did not answer within {TIMEOUT_S} s", fix="export a smaller model, or try again"
            ) from None
        if done.returncode or not answer.is_file():
            raise RecipeError("E007", f"llama.cpp does not read the file: {_cause(done.stderr) or f'exit {done.returncode}'}"[:600])
        found: dict[str, Any] = json.loads(answer.read_text("utf-8"))
        return found


def _cause(said: str) -> str:
    """What llama.cpp calls the error, else its last lines: behind the one that tells why, several tell that it gave up."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and " I " not in line]
    told = [line.rpartition("error loading model: ")[2] for line in lines if "error loading model: " in line]
    return told[0] if told else " / ".join(lines[-3:])


def torch_top(folder: Path, sequences: list[list[int]]) -> list[list[int]]:
    """The likeliest next token after every prefix, in fp32 on the CPU, by the classes that trained it."""
    import torch

    from steps.lm.build import open_model

    capped = softcapped(json.loads((folder / "config.json").read_text("utf-8")))
    model = open_model(folder, attention={"attn_implementation": "eager"} if capped else None).eval()
    with torch.inference_mode():
        return [model(input_ids=torch.tensor([ids]), use_cache=False).logits[0].argmax(-1).tolist() for ids in sequences]
