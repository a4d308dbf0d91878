"""Rules about what lies in a base's folder, and about special tokens that only its settings list."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import SFT, Case, findings

BASE = "models/base"
WHOLE = f"{BASE}/model.safetensors"
ADAPTER = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["q_proj"]}
PART = {"safetensors": {"model.norm.weight": (64,)}}


def told(folder: Path, code: str, files: dict[str, Any]) -> list[str]:
    """Messages of the findings with this code."""
    return [f.message for f in findings(Case("test", "test", SFT, files=files), folder / "project") if f.code == code]


def test_an_adapter_beside_the_model_is_told(tmp_path: Path):
    """transformers would put it onto the model; alone it is another mistake."""
    assert len(told(tmp_path, "C045", {f"{BASE}/adapter_config.json": ADAPTER})) == 1
    alone = {f"{BASE}/adapter_config.json": ADAPTER, f"{BASE}/config.json": None, WHOLE: None}
    assert told(tmp_path / "2", "C045", alone) == []
    assert told(tmp_path / "3", "C045", {f"{BASE}/adapter/adapter_config.json": ADAPTER}) == []


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (
            ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"),
            "holds 2 files of weights and no model.safetensors.index",
        ),
        (("llama.safetensors",), "holds llama.safetensors and no model.safetensors: transformers goes by the name"),
        (("consolidated.safetensors",), "holds consolidated.safetensors, its maker's own layout"),
    ],
)
def test_weights_are_found_by_their_names(tmp_path: Path, names: tuple[str, ...], says: str):
    """Parts without an index, another name, another layout."""
    files = {WHOLE: None, **{f"{BASE}/{name}": PART for name in names}}
    assert [says in each for each in told(tmp_path, "C044", files)] == [True]
    assert told(tmp_path / "2", "C044", {f"{BASE}/{names[0]}": PART}) == []


def test_the_layout_of_its_maker_is_named(tmp_path: Path):
    """params.json and consolidated.00.pth, as Meta gives them."""
    gone = {f"{BASE}/{name}": None for name in ("config.json", "model.safetensors", "tokenizer.json")}
    said = told(tmp_path, "H022", {**gone, f"{BASE}/params.json": {"dim": 64}, f"{BASE}/consolidated.00.pth": b"PK" + bytes(40)})
    assert all("the layout of the model's maker" in each for each in said)
    assert said


@pytest.mark.parametrize(
    ("listed", "found"), [(["<|one|>", "<|two|>"], 1), (["<|im_start|>", "<|im_end|>"], 0), ([], 0), (["<|one|>"] * 3, 1)]
)
def test_special_tokens_without_a_row(tmp_path: Path, listed: list[str], found: int):
    """Those that tokenizer.json lacks would get ids behind the last row; those that it has are no news."""
    assert len(told(tmp_path, "V010", {f"{BASE}/tokenizer_config.json": {"additional_special_tokens": listed}})) == found


def test_rows_that_are_left_take_new_tokens(tmp_path: Path):
    """A base with rows for padding has room for them."""
    from cases import model

    shapes = model(tmp_path / "m", vocab_size=300)
    wide = {name: (320, *shape[1:]) if shape[0] == 300 else shape for name, shape in shapes.items()}
    files = {
        WHOLE: {"safetensors": wide},
        f"{BASE}/config.json": {"vocab_size": 320},
        f"{BASE}/tokenizer_config.json": {"additional_special_tokens": ["<|one|>", "<|two|>"]},
    }
    assert told(tmp_path, "V010", files) == []


@pytest.mark.parametrize("text", ["{}", '{"version": "1.0", "model": {"type"', "[]"])
def test_a_tokenizer_that_is_none_is_told(tmp_path: Path, text: str):
    """An empty file, one that is cut off, a list."""
    assert "models/base/tokenizer.json holds no tokenizer" in told(tmp_path, "T101", {f"{BASE}/tokenizer.json": text})[0]


def test_an_empty_file_of_weights_is_said_once(tmp_path: Path):
    """It is there, by its right name."""
    assert told(tmp_path, "C044", {WHOLE: b""}) == []


def test_a_base_that_diverged_is_told(tmp_path: Path):
    """Its last norm holds nan: so does everything else."""
    import struct

    header = b'{"model.norm.weight":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}'
    for number, value in enumerate((float("nan"), float("inf"), 1.0)):
        content = struct.pack("<Q", len(header)) + header + struct.pack("<ee", 1.0, value)
        lost = ["models/base: model.norm.weight holds nan or inf: the loss is no number from the first step on"] if number < 2 else []
        assert told(tmp_path / str(number), "S101", {WHOLE: content}) == lost


def test_weights_longer_than_their_header_are_told(tmp_path: Path):
    """safetensors opens no file that has more than its header tells of."""
    header = b'{"model.norm.weight":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}'
    content = len(header).to_bytes(8, "little") + header + bytes(6)
    assert told(tmp_path, "C041", {WHOLE: content}) == ["models/base/model.safetensors: it has 84 bytes, its header tells of 82"]


def test_an_adapter_leads_to_the_model_that_it_adapts(tmp_path: Path):
    """By path where it lies there, by the hub else; a folder that names itself leads nowhere."""
    gone = {f"{BASE}/{name}": None for name in ("config.json", "model.safetensors")}
    for number, (named, fix) in enumerate(
        (("meta/llama", "{hub: meta/llama}"), ("models/other", "{path: models/other}"), (BASE, "merged"))
    ):
        files = {**gone, f"{BASE}/adapter_config.json": {**ADAPTER, "base_model_name_or_path": named}, "models/other/x": "x"}
        case = findings(Case("", "", SFT, files=files), tmp_path / str(number) / "project")
        assert [fix in f.fix for f in case if f.code == "C040"][:1] == [True]


def test_a_template_in_another_encoding(tmp_path: Path):
    """It is told as such, by the run too, and not that there is none."""
    from steps.text.chat_form import RecipeError, chat_form

    said = told(tmp_path, "D115", {f"{BASE}/chat_template.jinja": "{{ 'é' }}".encode("latin-1")})
    assert said == ["chat_template.jinja of base is no UTF-8, from byte 4 on"]
    with pytest.raises(RecipeError, match="is no UTF-8"):
        chat_form(tmp_path / "project" / BASE)


def test_an_id_that_two_added_tokens_have(tmp_path: Path):
    """The library gives the second of them the next one, which the embedding lacks."""
    import json

    from cases import scaffold

    scaffold(tmp_path / "whole")
    added = json.loads((tmp_path / "whole" / BASE / "tokenizer.json").read_text("utf-8"))["added_tokens"]
    said = told(tmp_path, "V010", {f"{BASE}/tokenizer.json": {"added_tokens": [*added, {**added[-1], "content": "<|x|>"}]}})
    assert said[:1] == ["models/base has rows for ids up to 299, its tokenizer has ids up to 300 (<|x|>)"]


def test_a_stage_of_weights_that_the_base_has_not(tmp_path: Path):
    """By the names that are stored; a name that is there says nothing."""
    for pattern, wrong in (("layers.7", 1), ("layers.1", 0), ("lm_head", 0)):
        changes = {
            "    method: lora\n    lora: {r: 8, lora_alpha: 16}\n": f"    stages: [{{steps: 5, train: [{pattern}]}}, {{train: [all]}}]\n"
        }
        found = [f.code for f in findings(Case("", "", SFT, changes), tmp_path / pattern / "project")]
        assert found.count("S024") == wrong


@pytest.mark.parametrize(("length", "told"), [(49, 1), (72, 0), (400, 0)])
def test_a_question_that_leaves_an_answer_no_room(tmp_path: Path, length: int, told: int):
    """As split_long counts it: a row that fits needs no room, one that does not needs sixteen tokens for a piece."""
    changes = {"    max_tokens: 512": f"    max_tokens: {length}", "max_seq_length: 512": f"max_seq_length: {length}"}
    made = Case("", "", SFT, changes, {f"{BASE}/tokenizer_config.json": {"chat_template": None}})
    assert [f.code for f in findings(made, tmp_path / "project")].count("D131") == told
