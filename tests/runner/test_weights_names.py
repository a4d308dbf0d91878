"""Names of stored weights that tell what the folder does not: who quantised them, what they were wrapped in, that none is looked for."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))

from batch_11_cases import CLINIC, tensors
from cases import Case, findings

WHOLE: dict[str, tuple[int, ...]] = tensors()["safetensors"]
TARGETS = "      target_modules: [q_proj, k_proj, v_proj, o_proj]\n"


def told(folder: Path, shapes: dict[str, tuple[int, ...]], changes: dict[str, str] | None = None) -> list[tuple[str, str, str]]:
    """Code, message and fix of all errors and warnings about a base of these weights."""
    files: dict[str, Any] = {**CLINIC.files, "models/base/model.safetensors": {"safetensors": shapes}}
    found = findings(Case("", "", CLINIC.text, changes or {}, files), folder / "p")
    return [(f.code, f.message, f.fix) for f in found if f.severity != "info"]


@pytest.mark.parametrize(
    ("ends", "who"),
    [
        ((".weight._data", ".weight._scale"), "quanto"),
        ((".W_q", ".scale", ".zero"), "hqq"),
        ((".codes", ".codebooks", ".scales"), "aqlm"),
        ((".weight", ".weight_scales"), "eetq"),
        ((".qweight", ".qzeros", ".scales"), "gptq or awq"),
    ],
)
def test_who_quantised_is_told_by_the_names_alone(tmp_path: Path, ends: tuple[str, ...], who: str):
    """A110 and nothing else: no layer is missed, no place is random."""
    shapes = {}
    for name, shape in WHOLE.items():
        shapes |= {name.removesuffix(".weight") + end: shape for end in ends} if name.endswith("_proj.weight") else {name: shape}
    message = f"the weights of models/base are quantised already ({who}, which config.json does not say)"
    assert told(tmp_path, shapes) == [("A110", message, "name the model that it was made from; base is set in line 5")]


@pytest.mark.parametrize(
    ("before", "who"),
    [("module.", "DataParallel"), ("_orig_mod.", "torch.compile"), ("base_model.model.", "peft"), ("_fsdp_wrapped_module.", "FSDP")],
)
def test_weights_that_were_saved_with_what_wrapped_them(tmp_path: Path, before: str, who: str):
    """Seen: transformers 5.23 gives every matrix of such a folder random numbers."""
    ((code, message, fix),) = told(tmp_path, {f"{before}{name}": shape for name, shape in WHOLE.items()})
    assert code == "C003"
    assert f", as {who} names them, and model.layers.0 is looked for" in message
    assert ("merge_and_unload" if who == "peft" else "save_pretrained") in fix


def test_weights_of_another_family(tmp_path: Path):
    """A llama is not looked for below transformer."""
    ((code, message, _),) = told(tmp_path, {name.replace("model.", "transformer."): shape for name, shape in WHOLE.items()})
    assert (code, "is looked for" in message) == ("C003", True)


def test_weights_below_no_model_are_found(tmp_path: Path):
    """Seen: transformers puts the base's prefix before them."""
    assert told(tmp_path, {name.removeprefix("model."): shape for name, shape in WHOLE.items()}) == []


def test_an_adapter_that_was_not_merged(tmp_path: Path):
    """The layer of the base stands below base_layer."""
    shapes = {name.replace("_proj.weight", "_proj.base_layer.weight"): shape for name, shape in WHOLE.items()}
    ((code, _, fix),) = told(tmp_path, shapes)
    assert (code, "merge_and_unload" in fix) == ("C003", True)


@pytest.mark.parametrize("written", ["[\"'q_proj'\", \"'v_proj'\"]", '["[q_proj", "v_proj]"]', '["(q_proj)", v_proj]'])
def test_signs_around_the_name_of_a_layer(tmp_path: Path, written: str):
    """A101 with the names that were meant."""
    found = told(tmp_path, WHOLE, {TARGETS: f"      target_modules: {written}\n"})
    assert {(code, fix) for code, _, fix in found} == {("A101", "write target_modules: [q_proj, v_proj]")}
