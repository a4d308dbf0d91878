"""Pieces that repeat the end of the piece before: what is repeated is read, and learned once."""

import json

import pytest

from schemas import Corpus, Tokenizer
from steps.lm.supervised import encode, rows_of, splitter
from steps.split_long import SplitLong, split_long
from steps.text.chat import END, MARKS, render
from steps.text.tokenizers import open_tokenizer
from steps.train_tokenizer import train_tokenizer
from tests.conftest import FakeContext
from tests.steps.text.made import corpus, folder, stories

QUESTION = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Tell me all of it."}]
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content | trim }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def story() -> str:
    return "\n".join(row["text"] for row in list(stories().rows())[:3])


def tokenizer(template: str | None = None) -> Tokenizer:
    asked = train_tokenizer.params.model_validate({"model": "bpe", "vocab_size": 1000, "user_symbols": [*MARKS, "<tr>", "<en>"]})
    made = train_tokenizer(asked, [stories()], FakeContext(folder()))
    if template is not None:
        path = made.path / "tokenizer_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "chat_template": template}), "utf-8")
    return made  # type: ignore[return-value]


def talk() -> dict:
    messages = [*QUESTION, {"role": "assistant", "content": story()}]
    return {"text": render(messages).text, "messages": messages}


def split(made: Corpus, words: Tokenizer, max_tokens: int, overlap: int) -> Corpus:
    return split_long(SplitLong(max_tokens=max_tokens, overlap_tokens=overlap, workers=1), [made], words, FakeContext(folder()))


def learned(rows: list[dict], words: Tokenizer) -> tuple[list[str], int]:
    """What is learned of each row, its end mark and what a token at the border has too much left out; and the bytes of all."""
    one = open_tokenizer(words.path)
    made = [encode(row, one) for row in rows]
    return [one.decode(row.ids[row.learned]).removesuffix(END) for row in made], sum(row.size for row in made)


def fresh(row: dict) -> str:
    whole = row["messages"][-1]["content"] if row.get("messages") else row["text"]
    return whole[row.get("overlap", 0) :]


@pytest.mark.parametrize(("row", "template"), [({"text": story()}, None), (talk(), None), (talk(), TEMPLATE)])
def test_an_overlap_is_learned_once(row: dict, template: str | None):
    """A text, and a long answer in our template and in a model's own: what is new in each piece is learned, and nothing else."""
    words = tokenizer(template)
    rows = list(split(corpus([row]), words, 120, 24).rows())
    assert len(rows) > 5
    assert ["overlap" in piece for piece in rows] == [False] + [True] * (len(rows) - 1)
    assert "".join(fresh(piece) for piece in rows) == story()
    found, size = learned(rows, words)
    for said, piece in zip(found, rows, strict=True):
        assert said.strip().endswith(fresh(piece).strip())
        assert len(said) < len(fresh(piece)) + 12
    marks = len(END) * len(rows) if row.get("messages") else 0
    assert size - marks == pytest.approx(len(story().encode()), abs=3 * len(rows) if template else 0)


@pytest.mark.parametrize("row", [{"text": story()}, talk()])
def test_split_again_it_is_still_learned_once(row: dict):
    """By split_long a second time, and when memory asks for shorter rows."""
    words = tokenizer()
    first = split(corpus([row]), words, 160, 24)
    again = list(split(first, words, 90, 0).rows())
    assert "".join(fresh(piece) for piece in again) == story()
    one = open_tokenizer(words.path)
    found = rows_of([first], one, 160, seed=1)
    shorter = splitter(found, one, lambda length: None)
    made = [part for whole in found.train for part in (shorter(whole, 90) if len(whole.ids) > 91 else [whole])]
    assert sum(part.size for part in made) - (len(END) * len(made) if row.get("messages") else 0) == len(story().encode())


def test_no_overlap_writes_what_it_wrote():
    """Without one, a piece has no such field."""
    words = tokenizer()
    assert all("overlap" not in piece for piece in split(corpus([{"text": story()}, talk()]), words, 120, 0).rows())
