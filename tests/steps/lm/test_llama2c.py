"""A checkpoint of llama2.c, converted: the logits and ids of its own run.c; then fine-tuned, resumed, merged and written from."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from runner.commands.convert import convert as verb
from schemas import RecipeError
from steps.lm import build, llama2c
from steps.lm.speak import speak
from steps.text.tokenizers import open_tokenizer
from steps.train import Train, train
from tests.conftest import FakeContext
from tests.steps.lm.small import write_corpus

LILY = (
    ", there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play "
    "with it, but it was too high."
)  # what run.c writes behind "Once upon a time" at temperature 0


@pytest.fixture
def peer(test_data: Path) -> Path:
    return test_data / "models" / "stories260K"


@pytest.fixture
def model(peer: Path, tmp_path: Path) -> Path:
    llama2c.convert(peer / "stories260K.bin", peer / "tok512.bin", tmp_path / "stories260K")
    return tmp_path / "stories260K"


def run_c(file: Path, ids: list[int]) -> np.ndarray:
    """Logits (len(ids), vocab) by the steps of run.c in float64: one token at a time, RoPE over neighbours, from the raw file."""
    dim, hidden, layers, heads, kv_heads, vocab, _ = struct.unpack("<7i", file.read_bytes()[:28])
    floats, at, size = np.fromfile(file, "<f4", offset=28).astype(np.float64), 0, dim // heads

    def take(*shape: int) -> np.ndarray:
        nonlocal at
        at += int(np.prod(shape))
        return floats[at - int(np.prod(shape)) : at].reshape(shape)

    embedding, before = take(vocab, dim), take(layers, dim)
    wq, wk, wv, wo = take(layers, dim, dim), take(layers, kv_heads * size, dim), take(layers, kv_heads * size, dim), take(layers, dim, dim)
    between, w1, w2, w3, last = (
        take(layers, dim),
        take(layers, hidden, dim),
        take(layers, dim, hidden),
        take(layers, hidden, dim),
        take(dim),
    )

    def norm(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return weight * x / np.sqrt((x * x).mean() + 1e-5)

    def turn(x: np.ndarray, place: int) -> np.ndarray:
        out = x.copy()
        for i in range(0, len(x), 2):
            angle = place / 10000 ** ((i % size) / size)
            out[i], out[i + 1] = x[i] * np.cos(angle) - x[i + 1] * np.sin(angle), x[i] * np.sin(angle) + x[i + 1] * np.cos(angle)
        return out

    keys: list[list[np.ndarray]] = [[] for _ in range(layers)]
    values: list[list[np.ndarray]] = [[] for _ in range(layers)]
    logits = []
    for place, token in enumerate(ids):
        x = embedding[token].copy()
        for n in range(layers):
            y = norm(x, before[n])
            q = turn(wq[n] @ y, place).reshape(heads, size)
            keys[n].append(turn(wk[n] @ y, place).reshape(kv_heads, size))
            values[n].append((wv[n] @ y).reshape(kv_heads, size))
            read = np.zeros((heads, size))
            for head in range(heads):
                mine = head // (heads // kv_heads)
                scores = np.array([q[head] @ key[mine] for key in keys[n]]) / np.sqrt(size)
                share = np.exp(scores - scores.max())
                read[head] = (share / share.sum()) @ np.array([value[mine] for value in values[n]])
            x = x + wo[n] @ read.reshape(-1)
            y = norm(x, between[n])
            gate = w1[n] @ y
            x = x + w2[n] @ (gate / (1 + np.exp(-gate)) * (w3[n] @ y))
        logits.append(embedding @ norm(x, last))
    return np.array(logits)


def run_c_ids(file: Path, text: str) -> list[int]:
    """encode() of run.c: a blank before the text, characters or their bytes, then the pair that makes the piece of the highest score."""
    data, at, pieces = file.read_bytes(), 4, []
    while at < len(data):
        score, length = struct.unpack("<fi", data[at : at + 8])
        pieces.append((data[at + 8 : at + 8 + length], score))
        at += 8 + length
    by_text = {piece: number for number, (piece, _) in enumerate(pieces)}
    ids = [by_text[b" "]] if text else []
    for character in text:
        raw = character.encode()
        ids += [by_text[raw]] if raw in by_text else [byte + 3 for byte in raw]
    while True:
        pairs = [(pieces[made][1], -k, made) for k in range(len(ids) - 1)
                 if (made := by_text.get(pieces[ids[k]][0] + pieces[ids[k + 1]][0])) is not None]  # fmt: skip
        if not pairs:
            return ids
        _, k, made = max(pairs)
        ids[-k : -k + 2] = [made]


def test_logits_are_those_of_run_c(peer: Path, model: Path):
    """At every place of a text, within what fp32 rounds."""
    ids = [1, *open_tokenizer(model).encode("Lily and Tom went to the park. They saw 3 big dogs!\n")]
    with torch.no_grad():
        ours = build.open_model(model)(input_ids=torch.tensor([ids])).logits[0].double().numpy()
    assert np.abs(ours - run_c(peer / "stories260K.bin", ids)).max() < 1e-4


def int8(peer: Path, out: Path, group: int) -> Path:
    """The model as export.py's version 2 has it, by its rules in fp32: the file, and beside it as .bin one of version 0 with the same
    values widened in float64."""
    raw = (peer / "stories260K.bin").read_bytes()
    dim, hidden, layers, heads, kv_heads, vocab, seq = struct.unpack("<7i", raw[:28])
    kv = dim // heads * kv_heads
    shapes = [(vocab, dim), (layers, dim), (layers, dim * dim), (layers, kv * dim), (layers, kv * dim), (layers, dim * dim), (layers, dim),
              (layers, hidden * dim), (layers, hidden * dim), (layers, hidden * dim), (dim,)]  # fmt: skip
    parts, at = [], 28
    for shape in shapes:
        parts.append(np.frombuffer(raw, "<f4", int(np.prod(shape)), at).reshape(shape))
        at += 4 * int(np.prod(shape))
    embedding, before, wq, wk, wv, wo, between, w1, w2, w3, last = parts
    header = struct.pack("<Ii7iBi", 0x616B3432, 2, dim, hidden, layers, heads, kv_heads, vocab, seq, 1, group)
    file, wide = [header.ljust(256, b"\0"), before.tobytes(), between.tobytes(), last.tobytes()], {}
    for name, tensors in (("e", [embedding]), ("q", wq), ("k", wk), ("v", wv), ("o", wo), ("1", w1), ("2", w2), ("3", w3)):
        for tensor in tensors:
            groups = tensor.reshape(-1, group)
            scales = (np.abs(groups).max(1) / np.float32(127)).astype(np.float32)
            whole = np.round(groups / scales[:, None]).astype(np.int8)
            file += [whole.tobytes(), scales.tobytes()]
            wide[name] = [*wide.get(name, []), (whole.astype(np.float64) * scales[:, None].astype(np.float64)).astype("<f4").tobytes()]
    out.write_bytes(b"".join(file))
    order = [
        *wide["e"],
        before.tobytes(),
        *wide["q"],
        *wide["k"],
        *wide["v"],
        *wide["o"],
        between.tobytes(),
        *wide["1"],
        *wide["2"],
        *wide["3"],
    ]
    out.with_suffix(".bin").write_bytes(raw[:28] + b"".join(order) + last.tobytes() + raw[at:])
    return out


@pytest.mark.parametrize("group", [64, 16])
def test_an_int8_file_is_widened_exactly(peer: Path, tmp_path: Path, group: int):
    """Weights bit for bit, and the logits of run.c over them, which are near those of the whole model."""
    file = int8(peer, tmp_path / "small.q80", group)
    llama2c.convert(file, peer / "tok512.bin", tmp_path / "int8")
    llama2c.convert(file.with_suffix(".bin"), peer / "tok512.bin", tmp_path / "wide")
    assert (tmp_path / "int8" / "model.safetensors").read_bytes() == (tmp_path / "wide" / "model.safetensors").read_bytes()
    ids = [1, *open_tokenizer(tmp_path / "int8").encode("Lily and Tom went to the park.")]
    with torch.no_grad():
        ours = build.open_model(tmp_path / "int8")(input_ids=torch.tensor([ids])).logits[0].double().numpy()
    assert np.abs(ours - run_c(file.with_suffix(".bin"), ids)).max() < 1e-4
    assert 1e-3 < np.abs(ours - run_c(peer / "stories260K.bin", ids)).max() < 0.5


def test_an_int8_file_of_another_size_is_refused(peer: Path, tmp_path: Path):
    """Cut off, or with a group that fills no row."""
    file = int8(peer, tmp_path / "small.q80", 64)
    data = file.read_bytes()
    file.write_bytes(data[:-1])
    with pytest.raises(RecipeError, match=r"C050: .*its header asks for \d"):
        llama2c.read_shape(file)
    file.write_bytes(data[:37] + struct.pack("<i", 60) + data[41:])
    with pytest.raises(RecipeError, match="groups of 60 values do not fill its matrices"):
        llama2c.read_shape(file)


def test_ids_are_those_of_run_c(peer: Path, model: Path, stories: Path):
    """On stories of two languages, on blanks, on characters that are bytes there."""
    words = open_tokenizer(model)
    told = [json.loads(line)["text"][:400] for name in ("en", "tr_a") for line in (stories / f"{name}.jsonl").open(encoding="utf-8")]
    for text in [*told[:60], "", " ", "  two  blanks ", "a\n\nb\t", "ışık 😀", "<s> <0x41>"]:
        assert words.encode(text) == run_c_ids(peer / "tok512.bin", text), text


def test_it_writes_what_run_c_writes(model: Path):
    """The story about Lily and the red ball; transformers' own classes open the folder too."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    how = {"chat": None, "system": "", "max_new_tokens": 60, "temperature": 0, "top_k": 0, "top_p": 1.0, "seed": 0}
    assert "".join(speak(model, "Once upon a time", **how)).startswith(LILY)
    network, words = AutoModelForCausalLM.from_pretrained(model), AutoTokenizer.from_pretrained(model)
    ids = words("Once upon a time", return_tensors="pt").input_ids
    assert words.decode(network.generate(ids, max_new_tokens=60, do_sample=False)[0][ids.shape[1] :]).startswith(LILY[:100])


def test_both_versions_of_the_file_are_one_model(peer: Path, model: Path, tmp_path: Path):
    """Version 1 has a magic, other places for its norms and, by choice, weights of its own for the output."""
    tensors, shape = [*llama2c.weights(peer / "stories260K.bin", old := llama2c.read_shape(peer / "stories260K.bin")).items()], old
    raw = np.fromfile(peer / "stories260K.bin", "<f4", offset=28)
    places, at = {}, 0
    for name, size, many in shape.parts():
        places[name] = (at, count := int(np.prod(size)) * (shape.layers if many else 1))
        at += count
    newer = shape._replace(version=1)
    head = struct.pack("<IiiiiiiiiB", llama2c.MAGIC, 1, *shape[:7], 0).ljust(llama2c.HEADER, b"\0")
    body = [raw[places[name][0] : sum(places[name])] for name, _, _ in newer.parts()]
    (tmp_path / "v1.bin").write_bytes(head + np.concatenate([*body, body[3]]).tobytes())
    read = llama2c.weights(tmp_path / "v1.bin", llama2c.read_shape(tmp_path / "v1.bin"))
    assert all((read[name] == tensor).all() for name, tensor in tensors)
    assert (read["lm_head.weight"] == read["model.embed_tokens.weight"]).all()


def test_what_is_no_checkpoint_is_told(peer: Path, tmp_path: Path):
    """Cut off, of a version to come, another tokenizer, a tokenizer in its place, NaN; nothing half-written stays."""
    whole = (peer / "stories260K.bin").read_bytes()
    newer = struct.pack("<Ii", llama2c.MAGIC, 3).ljust(300, b"\0")
    nan = whole[:28] + struct.pack("<f", float("nan")) + whole[32:]
    for data, word in (
        (whole[:-4], "asks for 1,056,540 bytes, and it has 1,056,536"),
        (newer, "version 3"),
        (whole[:20], "20 bytes"),
        (nan, "NaN"),
    ):
        (tmp_path / "odd.bin").write_bytes(data)
        with pytest.raises(RecipeError, match=word) as error:
            llama2c.convert(tmp_path / "odd.bin", peer / "tok512.bin", tmp_path / "out")
        assert error.value.code == "C050"
    (tmp_path / "tok.bin").write_bytes((peer / "tok512.bin").read_bytes()[:-9])
    with pytest.raises(RecipeError, match=r"piece 511 cannot be read"):
        llama2c.convert(peer / "stories260K.bin", tmp_path / "tok.bin", tmp_path / "out")
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["odd.bin", "tok.bin"]


def test_where_nothing_can_be_written_it_says_so(peer: Path, tmp_path: Path):
    """A file stands where the folder's parent should be; a folder of a like name is left alone."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RecipeError) as error:
        llama2c.convert(peer / "stories260K.bin", peer / "tok512.bin", tmp_path / "file" / "model")
    assert (error.value.code, "--out" in error.value.fix) == ("R001", True)
    (tmp_path / "model.part").mkdir()
    llama2c.convert(peer / "stories260K.bin", peer / "tok512.bin", tmp_path / "model")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "model", "model.part"]


def test_the_verb_says_what_it_made_and_writes_over_nothing(peer: Path, tmp_path: Path):
    """Without a tokenizer it names the one that lies beside the model."""
    file, words, out = str(peer / "stories260K.bin"), str(peer / "tok512.bin"), str(tmp_path / "model")
    said = CliRunner().invoke(verb, [file, "--tokenizer", words, "--out", out], standalone_mode=False)
    assert said.output.startswith(f"{out}: a llama of 260,032 parameters, 5 layers of 64, 512 positions, 512 tokens\n")
    again = CliRunner().invoke(verb, [file, "--tokenizer", words, "--out", out], standalone_mode=False)
    assert isinstance(again.exception, RecipeError)
    assert again.exception.code == "C051"
    bare = CliRunner().invoke(verb, [file], standalone_mode=False)
    assert isinstance(bare.exception, RecipeError)
    assert "tok512.bin" in bare.exception.fix


def test_the_verb_writes_here_and_not_beside_what_it_reads(peer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A checkpoint may lie in a folder that is another's."""
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(verb, [str(peer / "stories260K.bin"), "--tokenizer", str(peer / "tok512.bin")], standalone_mode=False)
    assert said.output.startswith("stories260K: a llama of ")
    assert (tmp_path / "stories260K" / "config.json").is_file()


def test_it_is_fine_tuned_by_adapters_resumed_and_merged(model: Path, tmp_path: Path):
    """LoRA on a few questions: stopped after 4 of 8 steps and run again, the merged weights are those of the undisturbed run."""
    names = ("Lily", "Tom", "Ben", "Sue", "Max", "Ann", "Tim", "Mia", "Sam", "Jo")
    said = [[{"role": "user", "content": f"Who is {n}?"}, {"role": "assistant", "content": f"{n} is a cat."}] for n in names]
    rows: list[dict[str, Any]] = [{"text": "", "messages": turns} for turns in said]
    corpus = write_corpus(tmp_path / "corpus", rows, shape="chat")
    written = {"model": {"base": {"path": "stories260K"}}, "objective": "sft", "method": "lora", "max_steps": 8, "save_steps": 2,
               "total_batch_size": 2, "learning_rate": 1e-2, "max_seq_length": 64}  # fmt: skip
    settings = Train.model_validate(written)

    class Stopped(Exception):
        pass

    class Stopping(FakeContext):
        def log(self, line: Any) -> None:
            if line.step == 5:
                raise Stopped
            super().log(line)

    whole = train(settings, None, [corpus], None, None, None, FakeContext(tmp_path / "whole", project=tmp_path))
    with pytest.raises(Stopped):
        train(settings, None, [corpus], None, None, None, Stopping(tmp_path / "parts", project=tmp_path))
    parts = train(settings, None, [corpus], None, None, None, again := FakeContext(tmp_path / "parts", project=tmp_path))
    assert [event["step"] for event in again.events if event["event"] == "resumed"] == [4]
    assert (whole.path / "model.safetensors").read_bytes() == (parts.path / "model.safetensors").read_bytes()
    assert (whole.path / "model.safetensors").read_bytes() != (model / "model.safetensors").read_bytes()
    how = {"chat": True, "system": "", "max_new_tokens": 20, "temperature": 0, "top_k": 0, "top_p": 1.0, "seed": 0}
    assert "".join(speak(parts.path, "Who is Lily?", **how)).strip()
