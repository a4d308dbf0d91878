"""Tokens added to a base's tokenizer: rows as the mean, learned, saved, merged and exported under the same ids."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file

from schemas import Checkpoint, RecipeError
from steps.lm import added, build
from steps.lm.checkpoint import copy_tokenizer, write_model
from steps.text.added import add_tokens
from steps.text.fast import HARD_LINES, first_difference
from steps.text.tokenizers import FastTokenizer, SentencePieceTokenizer, open_tokenizer
from steps.train import train
from steps.validate_checkpoint import ValidateCheckpoint, validate_checkpoint
from tests.conftest import FakeContext
from tests.steps.export import small_models
from tests.steps.lm.small import IDS, SIZES, network, params, text, write_corpus

MARKS = ["<|tool|>", "<|end_tool|>"]
X = torch.randint(0, 60, (2, 20), generator=torch.Generator().manual_seed(8))
ROWS = [{"text": f"<|tool|>kedi {n}<|end_tool|> uyudu."} for n in range(12)]


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("family", SIZES)
def test_new_rows_are_the_mean_and_the_old_model_is_unchanged(family: str, tied: bool):
    """Logits of old tokens stay; a new one is as likely as the others on the average; the table is one where it was one."""
    from schemas import ModelConfig

    made = build.build(ModelConfig(**{**SIZES[family], "tie_embeddings": tied}), 60, IDS, 64, 3).eval()
    with torch.no_grad():
        for p in made.parameters():
            p += 0.05 * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel()))
        before = made(input_ids=X, use_cache=False).logits
        added.make_room(made, 60, 63)
        after = made(input_ids=X, use_cache=False).logits
    assert (after.shape[-1], made.config.vocab_size, len(added.ends(made))) == (63, 63, 1 if tied else 2)
    torch.testing.assert_close(after[..., :60], before)
    torch.testing.assert_close(after[..., 60:], before.mean(-1, keepdim=True).expand(-1, -1, 3))
    assert build.parameter_count(made) == build.sizes_of(made).parameters(64)


def test_rows_that_are_there_for_padding_are_taken_first():
    """A table of 64 rows for 60 tokens is no longer than before with 3 more."""
    made: Any = network("llama", vocab_size=64)
    added.make_room(made, 60, 63)
    table = made.get_input_embeddings().weight
    torch.testing.assert_close(table[60:63], table[:60].mean(0).expand(3, -1))
    assert len(table) == 64


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_both_forms_of_a_sentencepiece_tokenizer_get_them(kind: str, tmp_path: Path, stories: Path):
    """Behind all ids, the same in tokenizer.model, tokenizer.json and transformers; other text has the ids that it had."""
    from transformers import AutoTokenizer

    from steps.train_tokenizer import train_tokenizer

    lines = [{"text": line} for line in small_models.stories(stories)[:20]]
    corpus = write_corpus(tmp_path / "corpus", lines)
    wanted = train_tokenizer.params.model_validate({"model": kind, "vocab_size": 400})
    made = train_tokenizer(wanted, [corpus], FakeContext(tmp_path / "made"))
    folder = tmp_path / "more"
    folder.mkdir()
    copy_tokenizer(made.path, folder)
    old = open_tokenizer(made.path)
    assert add_tokens(folder, [*MARKS, "<|tool|>"]) == MARKS
    assert add_tokens(folder, MARKS) == []
    new = open_tokenizer(folder)
    assert (type(new), new.vocab_size) == (SentencePieceTokenizer, old.vocab_size + 2)
    assert first_difference(new, folder, [*HARD_LINES, "a<|tool|>b <|end_tool|>\n<|tool|>"]) is None
    sentence = "kedi <|tool|>uyudu"
    assert [i for i in new.encode(sentence) if i >= old.vocab_size] == [old.vocab_size]
    assert all(new.encode(line) == old.encode(line) for line in HARD_LINES)
    assert new.decode(new.encode(sentence)) == sentence
    assert AutoTokenizer.from_pretrained(folder)(sentence, add_special_tokens=False).input_ids == new.encode(sentence)


def test_a_byte_level_tokenizer_gets_them(tmp_path: Path, stories: Path):
    """One token of them is there already and keeps its id."""
    from steps.export.tokenizer_kinds import SPLITS

    folder = small_models.byte_level(tmp_path, small_models.stories(stories)[:20], SPLITS[1].regex)
    old = open_tokenizer(folder)
    assert add_tokens(folder, ["<tool_call>", *MARKS]) == MARKS
    new = open_tokenizer(folder)
    assert (type(new), new.vocab_size) == (FastTokenizer, old.vocab_size + 2)
    assert new.encode("x<|end_tool|><tool_call>") == [*old.encode("x"), old.vocab_size + 1, *old.encode("<tool_call>")]


def base(folder: Path, family: str = "llama", **more: Any) -> Path:
    folder.mkdir()
    write_model(build.build(_model(family, **more), 400, IDS, 64, 5), folder, IDS)
    copy_tokenizer(text().tokenizer.path, folder)
    return folder


def _model(family: str, **more: Any) -> Any:
    from schemas import ModelConfig

    return ModelConfig(**{**SIZES[family], "d_model": 64, **more})


def adapt(tmp_path: Path, name: str, **written: Any) -> tuple[FakeContext, Checkpoint]:
    context = FakeContext(tmp_path / name, project=tmp_path)
    short = {"max_steps": 8, "total_batch_size": 4, "learning_rate": 1e-2, "model": {"base": {"path": "base"}}, "objective": "sft"}
    wanted = params(**{**short, "add_tokens": MARKS, **written})
    corpus = write_corpus(tmp_path / "corpus", ROWS)
    return context, train(wanted, None, [corpus], None, None, None, context)  # type: ignore[return-value]


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize(
    ("method", "lora", "tied"),
    [("full", None, True), ("lora", {"r": 2}, True), ("lora", {"r": 2}, False), ("qlora", {"r": 2}, True),
     ("lora", {"r": 2, "modules_to_save": ["embed_tokens"]}, True)],
    ids=["full", "lora", "lora untied", "qlora", "modules_to_save"],
)  # fmt: skip
def test_they_are_learned_saved_and_merged_under_the_same_ids(tmp_path: Path, method: str, lora: dict[str, Any] | None, tied: bool):
    """Embedding, config, tokenizer and artifact count 402; adapters move the new rows and no old one; validate_checkpoint agrees."""
    if method == "qlora":
        pytest.importorskip("bitsandbytes")
    folder = base(tmp_path / "base", tie_embeddings=tied)
    context, made = adapt(tmp_path, "made", method=method, **({"lora": lora} if lora else {}))
    weights, before = load_file(made.path / "model.safetensors"), load_file(folder / "model.safetensors")
    words = open_tokenizer(made.path)
    assert (made.vocab_size, words.vocab_size, build.read_config(made.path)["vocab_size"]) == (402, 402, 402)
    assert [words.encode(mark) for mark in MARKS] == [[400], [401]]
    for table in ["model.embed_tokens.weight"] + ([] if tied else ["lm_head.weight"]):
        mean = before[table].mean(0)
        assert weights[table].shape[0] == 402
        assert all(float((row - mean).abs().max()) > 1e-3 for row in weights[table][400:]), table
        if method != "full" and "modules_to_save" not in (lora or {}):
            assert torch.equal(weights[table][:400], before[table])
    assert [e["tokens"] for e in context.events if e["event"] == "tokens_added"] == [MARKS]
    corpus = write_corpus(tmp_path / "again", ROWS)
    checked = validate_checkpoint(ValidateCheckpoint(), made, None, [corpus], FakeContext(tmp_path / "checked"))
    assert checked.vocab_size == 402


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_generation_stops_at_the_mark_that_was_learned(tmp_path: Path):
    """transformers' generate reads generation_config.json: the end token, the mark behind an answer, and where the base stopped."""
    folder = base(tmp_path / "base")
    (folder / "generation_config.json").write_text('{"eos_token_id": [3, 7, 9999]}')
    talk = [
        {"text": "", "messages": [{"role": "user", "content": f"kedi {n}"}, {"role": "assistant", "content": "uyudu"}]} for n in range(12)
    ]
    context = FakeContext(tmp_path / "made", project=tmp_path)
    wanted = params(max_steps=1, total_batch_size=4, model={"base": {"path": "base"}}, objective="sft", add_tokens=["<|end|>"])
    made = train(wanted, None, [write_corpus(tmp_path / "corpus", talk, "chat")], None, None, None, context)
    assert json.loads((made.path / "generation_config.json").read_text())["eos_token_id"] == [3, 7, 400]
    _, plain = adapt(tmp_path, "plain", max_steps=1, add_tokens=MARKS)
    assert json.loads((plain.path / "generation_config.json").read_text())["eos_token_id"] == [3, 7]


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_a_tokenizer_that_is_ahead_of_its_model_gets_its_rows(tmp_path: Path):
    """Somebody added the tokens to the folder's tokenizer and left the embedding as it was."""
    add_tokens(base(tmp_path / "base"), MARKS)
    _, made = adapt(tmp_path, "made", method="lora")
    weights = load_file(made.path / "model.safetensors")["model.embed_tokens.weight"]
    assert (made.vocab_size, len(weights), open_tokenizer(made.path).encode(MARKS[1])) == (402, 402, [401])
    assert not torch.equal(weights[400], weights[401])


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_stopped_and_gone_on_it_ends_with_the_same_bytes(tmp_path: Path):
    """The rows are made again, then filled from the state."""
    base(tmp_path / "base")
    _, whole = adapt(tmp_path, "whole", method="lora", save_steps=1)
    half = FakeContext(tmp_path / "half", project=tmp_path)
    half.log = lambda line: (half.lines.append(line), setattr(half, "asked_to_stop", line.step == 3))  # type: ignore[method-assign,func-returns-value,assignment]
    wanted = params(max_steps=8, total_batch_size=4, learning_rate=1e-2, model={"base": {"path": "base"}}, objective="sft",
                    add_tokens=MARKS, method="lora", save_steps=1)  # fmt: skip
    corpus = write_corpus(tmp_path / "corpus", ROWS)
    with pytest.raises(InterruptedError):
        train(wanted, None, [corpus], None, None, None, half)
    half.asked_to_stop, half.log = False, half.lines.append  # type: ignore[method-assign]
    rest = train(wanted, None, [corpus], None, None, None, half)
    assert (rest.path / "model.safetensors").read_bytes() == (whole.path / "model.safetensors").read_bytes()


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_llama_cpp_has_the_same_ids(tmp_path: Path):
    """Exported after LoRA, the file gives the added tokens where the tokenizer does."""
    pytest.importorskip("gguf")
    pytest.importorskip("xllamacpp")
    from steps.export_ollama import export_ollama

    base(tmp_path / "base")
    _, made = adapt(tmp_path, "made", method="lora")
    paragraphs = write_corpus(tmp_path / "paragraphs", [{"text": f"bir <|tool|>kedi {n}<|end_tool|> uyudu\n\niki"} for n in range(40)])
    context = FakeContext(tmp_path / "exported")
    export_ollama(export_ollama.params.model_validate({"quantization": "f32"}), made, [paragraphs], context)
    proof = context.kept["export"]["proof"]
    assert (proof["state"], proof["equal_ids"] > 20) == ("proved in llama.cpp", True)


@pytest.mark.parametrize(
    ("written", "said"),
    [({"objective": "sft"}, "model has no base"), ({"model": {"base": {"path": "x"}}}, "its bin was made without them")],
)
def test_where_they_have_no_place_they_are_refused(written: dict[str, Any], said: str):
    """A new model has them from train_tokenizer; a bin is encoded already."""
    with pytest.raises(ValidationError) as error:
        params(add_tokens=MARKS, **written)
    (first,) = error.value.errors()
    assert (first["type"], said in first["msg"]) == ("V107", True)


def test_a_token_that_the_tokenizer_changes_is_refused(tmp_path: Path):
    """What does not come back as one id is no token."""
    copy_tokenizer(text().tokenizer.path, tmp_path)
    with pytest.raises(RecipeError) as error:
        add_tokens(tmp_path, ["<|a|>", "a<|a|>b"])
    assert error.value.code == "V107"


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("family", ["llama", "gpt2", "mamba"])
def test_names_after_merging_are_foreseen_with_added_rows(family: str, tied: bool):
    """What the export is tried with after step 1 are the names and shapes of the merged model."""
    from schemas import ModelConfig
    from schemas.training import LoraSettings
    from steps.lm import adapters
    from steps.lm.first_save import Shapes

    made = build.build(ModelConfig(**{**SIZES[family], "tie_embeddings": tied}), 60, IDS, 64, 3)
    head = {name for name, p in made.named_parameters()}
    shapes = {name: tuple(value.shape) for name, value in made.state_dict().items() if name in head}
    adapters.add(made, family, LoraSettings(r=2), 1, [58, 59])
    found = Shapes(made)
    assert {name: found.shape(name) for name in found.names() if name in shapes or "adapter" in name or "tokens_" in name} == shapes
