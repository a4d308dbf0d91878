"""What is trained beside adapters: whole modules and rows of added tokens, as peft makes them and as torch holds them."""

from typing import Any

import pytest

from schemas import ModelConfig
from steps.sizing.known import BESIDE, KNOWN, LIKE, config_of
from steps.sizing.subject import read_subject
from steps.sizing.whole import Whole, whole_of
from tests.conftest import ROOT
from tests.steps.sizing.test_budget import model

IDS: dict[str, int | None] = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
ASKED: list[tuple[str, bool, dict[str, Any], int]] = [
    *(("llama", tied, {"modules_to_save": ["embed_tokens"]}, 0) for tied in (True, False)),
    *(("llama", tied, {"modules_to_save": ["lm_head"]}, 0) for tied in (True, False)),
    ("llama", False, {"modules_to_save": ["embed_tokens", "lm_head"]}, 0),
    ("llama", True, {"modules_to_save": ["norm"]}, 0),
    ("llama", True, {"modules_to_save": ["input_layernorm", "gate_proj"], "target_modules": ["q_proj"]}, 0),
    ("gpt2", True, {"modules_to_save": ["wte", "ln_1", "ln_f"]}, 0),
    ("gpt2", True, {"modules_to_save": ["wpe"]}, 0),
    ("mamba", True, {"modules_to_save": ["embeddings", "norm_f"]}, 0),
    ("mamba", True, {"modules_to_save": ["conv1d", "norm"]}, 0),
    ("mamba2", True, {"modules_to_save": ["conv1d", "norm"]}, 0),
    *(("llama", tied, {}, 5) for tied in (True, False)),
    ("llama", False, {"modules_to_save": ["embed_tokens"]}, 5),
    ("llama", True, {"use_dora": True}, 0),
    ("llama", True, {"layers": 2, "r": 3}, 0),
]


@pytest.mark.parametrize(("family", "tied", "lora", "added"), ASKED)
def test_trained_parameters_are_those_that_torch_counts(family: str, tied: bool, lora: dict[str, Any], added: int) -> None:
    """Adapters, whole modules by peft's way to read a name, and rows: exactly, on a real network."""
    pytest.importorskip("peft")
    from schemas.training import LoraSettings
    from steps.lm import adapters
    from steps.lm.build import build

    config = model(family, tie_embeddings=tied)
    written = {"method": "lora", "lora": {"target_modules": None, **lora}, "add_tokens": [f"<{n}>" for n in range(added)]}
    network = build(config, 1000, IDS, 64, 1)
    adapters.add(network, family, LoraSettings.model_validate(lora), 1, range(1000 - added, 1000))
    assert read_subject(written).trained(config, 64) == sum(p.numel() for p in network.parameters() if p.requires_grad)


@pytest.mark.parametrize(
    ("tied", "lora", "added", "precision", "times"),
    [
        (True, {"modules_to_save": ["embed_tokens"]}, 0, "fp32", 2),
        (False, {"modules_to_save": ["embed_tokens", "lm_head"]}, 0, "bf16", 1),
        (False, {"modules_to_save": ["lm_head"]}, 0, "fp32", 1),
        (True, {}, 8, "bf16", 1),
        (False, {}, 8, "fp32", 2),
    ],
)
def test_the_peak_with_whole_modules_is_what_torch_holds(
    tied: bool, lora: dict[str, Any], added: int, precision: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies, gradients and optimizer's state of tables, tallied at every operation: to 3 %."""
    pytest.importorskip("peft")
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "memory"))
    from child import measure
    from grid import modelled, setting

    from steps.sizing.budget import PARTS

    asked = setting("llama", 2, 64, 8000, {"d_model": 64, "n_layers": 2}, precision, method="lora", times=times, lora=lora, added=added,
                    tie_embeddings=tied)  # fmt: skip
    found = measure(asked)
    training, evaluation = modelled(asked, "cpu", found["eval_batch_size"])
    assert sum(training[name] for name in PARTS) == pytest.approx(found["tensors"], rel=0.03)
    assert sum(evaluation[name] for name in PARTS) == pytest.approx(found["evaluation"], rel=0.05)


def test_both_tables_of_llama_3_are_sixteen_bytes_a_parameter() -> None:
    """1.05 B parameters trained whole beside the adapters of an 8 B model: their copy, gradients and two moments."""
    from schemas.machine import known
    from steps.lm.shapes import sizes

    card, config = known("a100-80"), config_of("meta-llama/Meta-Llama-3-8B-Instruct")
    assert card is not None
    assert config is not None
    llama, tables = sizes(config), {"modules_to_save": ["embed_tokens", "lm_head"]}
    plain, whole = (read_subject({"method": "qlora", "lora": lora}) for lora in ({}, tables))
    counted = 2 * 128256 * 4096
    assert whole.trained(llama, 512) - plain.trained(llama, 512) == counted
    one, two = (subject.memory(llama, card, 1, 512, "bf16", 2) for subject in (plain, whole))
    more = {part: two[part] - one[part] for part in ("weights", "gradients", "optimizer")}
    assert (more["gradients"], more["optimizer"]) == (4 * counted, 8 * counted)
    assert more["weights"] >= 4 * counted


def test_modules_of_another_family_count_nothing() -> None:
    """The check's rules say that they are not there."""
    assert whole_of(model("llama"), ["word_embeddings"]) == Whole()
    assert whole_of(ModelConfig(family="mamba", vocab_size=10), ["q_proj"]).parameters(model("mamba")) == 0


def test_names_that_share_sizes_name_one_that_is_known() -> None:
    """Each stands once, and beside a model of the table."""
    names = [name for others in LIKE.values() for name in others]
    every = names + [each.name for each in (*KNOWN, *BESIDE)]
    assert set(LIKE) <= {each.name for each in KNOWN}
    assert len(every) == len(set(every))
    assert config_of("meta-llama/Meta-Llama-3-8B") == config_of("meta-llama/Llama-3.1-8B-Instruct")
    assert config_of("nobody/nothing") is None
