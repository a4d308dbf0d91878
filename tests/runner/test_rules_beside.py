"""Files beside the weights of a base, weights as other trainers leave them, and data that is not text: told by small files and names."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))

from cases import SFT, Case, findings

BASE = "models/base"
GONE = {f"{BASE}/model.safetensors": None}


def told(folder: Path, files: dict[str, Any], *codes: str) -> list[tuple[str, str, str]]:
    """Severity, message and fix of the findings of these codes at the train step, for files below the base's folder."""
    case = Case("", "", SFT, files={f"{BASE}/{name}": content for name, content in files.items()})
    found = [f for f in findings(case, folder / "p") if f.code in codes and f.path[1:2] == ("train",)]
    return [(f.severity, f.message, f.fix) for f in found]


def test_weights_are_not_measured_by_a_config_that_is_refused(tmp_path: Path):
    """Heads that do not divide the width are told alone: what they ask of the weights is not what was meant."""
    found = told(tmp_path, {"config.json": {"num_attention_heads": 5, "num_key_value_heads": 5}}, "C046", "C003")
    assert [message for _, message, _ in found] == [f"{BASE}/config.json: num_attention_heads is 5, and does not divide hidden_size 64"]


def test_a_tokenizer_that_others_will_not_open_is_a_warning(tmp_path: Path):
    """The run reads the tokenizer by itself; what it leaves is opened by transformers."""
    found = told(tmp_path / "a", {"tokenizer_config.json": {"pad_token": 0}}, "C048")
    assert [(severity, fix) for severity, _, fix in found] == [("warning", "write the token itself, such as pad_token: <pad>")]
    assert len(told(tmp_path / "b", {"tokenizer_config.json": {"padding_side": "both"}}, "C048")) == 1
    assert len(told(tmp_path / "c", {"tokenizer_config.json": {"extra_special_tokens": "<|x|>"}}, "C048")) == 1
    fine = {"pad_token": {"content": "<unk>"}, "padding_side": "left", "extra_special_tokens": ["<|im_end|>"]}
    assert told(tmp_path / "d", {"tokenizer_config.json": fine}, "C048") == []


@pytest.mark.parametrize(
    ("name", "severity", "says"),
    [
        ("tokenizer_config.json", "error", "no tokenizer is opened with it"),
        ("generation_config.json", "warning", "what it says is left out"),
    ],
)
def test_a_file_beside_the_model_that_is_no_json(tmp_path: Path, name: str, severity: str, says: str):
    """An error where the run would end by it, a warning where what it says would be left out in silence."""
    case = Case("", "", SFT, files={f"{BASE}/{name}": '{"eos_token_id": [2, 4],}'})
    found = [f for f in findings(case, tmp_path / "p") if f.code == "C047"]
    assert [(f.severity, f.message) for f in found] == [(severity, f"{BASE}/{name} is no readable JSON: {says}")]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["zero_to_fp32.py", "latest"], "zero_to_fp32.py"),
        (["pytorch_model_fsdp_0/__0_0.distcp"], "accelerate merge-weights models/base/pytorch_model_fsdp_0 models/base"),
        (["lit_model.pth"], "litgpt convert_from_litgpt"),
        (["hf_model_0001_0.pt"], "FullModelHFCheckpointer"),
    ],
)
def test_weights_as_another_trainer_leaves_them(tmp_path: Path, names: list[str], says: str):
    """What the folder holds, and the command that makes a transformers folder of it, with config.json and without."""
    layout: dict[str, Any] = {"model.safetensors": None, **dict.fromkeys(names, "x")}
    (found,) = told(tmp_path / "a", layout, "C001")
    assert says in found[2]
    (found,) = told(tmp_path / "b", {**layout, "config.json": None}, "H022")
    assert says in found[2]


def test_pictures_beside_answers_are_told(tmp_path: Path):
    """Where they are filled: an empty list in each row is no picture."""
    rows = [
        {"messages": [{"role": "user", "content": f"Is room {n} open?"}, {"role": "assistant", "content": f"Room {n} is."}]}
        for n in range(50)
    ]

    def found(images: list[str]) -> list[str]:
        case = Case("", "", SFT, files={"data/chat.jsonl": [{**row, "images": images} for row in rows]})
        return [f.message for f in findings(case, tmp_path / str(len(images)) / "p") if f.code == "D188"]

    assert found(["one.png"]) == ["data/chat.jsonl: images is filled in 50 of the first 50 rows, and nothing reads it"]
    assert found([]) == []


def test_a_data_set_that_datasets_has_saved(tmp_path: Path):
    """Its JSON files describe it and are no rows."""
    files = {"data/s/dataset_info.json": "{}", "data/s/state.json": "{}", "data/s/data-00000-of-00001.arrow": b"ARROW1\0\0" + bytes(40)}
    changes = {"path: data/chat.jsonl": "path: data/s/*.json"}
    found = [f for f in findings(Case("", "", SFT, changes, files), tmp_path / "p") if f.code.startswith("D")]
    assert [(f.code, f.fix) for f in found] == [
        ("D104", "datasets.load_from_disk(FOLDER).to_json('rows.jsonl') writes its rows: name that file")
    ]


def test_an_id_that_two_files_give_to_two_tokens(tmp_path: Path):
    """The same token twice, one under another id, and a new one behind the vocabulary are told elsewhere or right."""
    for number, content, found in ((3, "<|start|>", 1), (3, "<|im_start|>", 0), (3, "<|im_end|>", 0), (300, "<|new|>", 0)):
        decoder = {"added_tokens_decoder": {str(number): {"content": content, "special": True}}}
        assert len(told(tmp_path / f"{number}{content[2:6]}{found}", {"tokenizer_config.json": decoder}, "C049")) == found
