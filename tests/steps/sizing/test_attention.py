"""Which attention can run where, as the check and the run ask it."""

from typing import Any

import pytest

from schemas import Machine, ModelConfig
from schemas.machine import GIB, known
from steps.sizing.attention import ATTENTION_PAGES, attention_dropout, chosen, head_width, refusals, used

CPU = Machine(name="cpu", kind="cpu", memory_bytes=GIB)


def codes(asked: str, target: str, **said: Any) -> list[str]:
    machine = known(target)
    assert machine is not None
    return [error.code for error in refusals(asked, **{"family": "llama", "precision": "bf16", "machine": machine, "width": 64, **said})]


@pytest.mark.parametrize(
    ("asked", "target", "said", "wanted"),
    [
        ("flash_attention_2", "a100-80", {}, []),
        ("flash_attention_2", "rtx4090", {"precision": "fp16"}, []),
        ("flash_attention_2", "t4", {"precision": "fp16"}, ["P105"]),
        ("flash_attention_2", "v100", {}, ["P105"]),
        ("flash_attention_2", "cpu", {"precision": "fp32"}, ["P105"]),
        ("flash_attention_2", "m2-32gb", {"precision": "fp32"}, ["P105"]),
        ("flash_attention_2", "h100", {"precision": "fp32"}, ["P106"]),
        ("flash_attention_2", "h100", {"width": 256}, []),
        ("flash_attention_2", "h100", {"width": 257}, ["P107"]),
        ("flash_attention_2", "rtx4090", {"width": 256}, []),
        ("flash_attention_2", "rtx4090", {"width": 256, "dropout": 0.1}, ["P107"]),
        ("flash_attention_2", "a100-80", {"width": 256, "dropout": 0.1}, []),
        ("flash_attention_2", "h100", {"missing": "is not installed here", "precision": "fp32", "width": 300}, ["P106", "P107", "P108"]),
        ("flash_attention_2", "t4", {"family": "mamba"}, ["P109"]),
        ("eager", "t4", {"family": "mamba2"}, ["P109"]),
        ("sdpa", "t4", {"kind": "falcon_mamba"}, ["P109"]),
        ("auto", "t4", {"family": "mamba"}, []),
        ("sdpa", "t4", {"kind": "gemma2"}, ["P110"]),
        ("flash_attention_2", "h100", {"kind": "gpt_oss"}, ["P110"]),
        ("flash_attention_2", "h100", {"kind": "falcon"}, ["P110"]),
        ("eager", "t4", {"kind": "gemma2"}, []),
        ("sdpa", "cpu", {"kind": "falcon"}, []),
        ("eager", "m2-32gb", {"family": "gpt2", "precision": "fp32"}, []),
    ],
)
def test_what_cannot_run_is_told_by_its_reason(asked: str, target: str, said: dict[str, Any], wanted: list[str]) -> None:
    """Card, precision, width of heads, package, family and base; all that speaks against a card at once."""
    assert codes(asked, target, **said) == wanted


def test_every_refusal_says_what_to_type_and_has_its_page() -> None:
    """At the field itself."""
    found = [
        *refusals("flash_attention_2", family="llama", machine=CPU, precision="fp32"),
        *refusals("sdpa", family="llama", kind="gemma2", machine=CPU, precision="fp32"),
        *refusals("eager", family="mamba", machine=CPU, precision="fp32"),
    ]
    assert [(error.field, error.fix) for error in found] == [
        ("attn_implementation", "write attn_implementation: sdpa, which computes the same"),
        ("attn_implementation", "write attn_implementation: eager"),
        ("attn_implementation", "delete attn_implementation"),
    ]
    assert {error.code for error in found} < {page.code for page in ATTENTION_PAGES}


def test_auto_is_sdpa_wherever_transformers_has_it() -> None:
    """Records hold what differs from that."""
    assert [used("auto", kind) for kind in ("", "llama", "mistral", "gemma2")] == ["sdpa", "sdpa", "sdpa", "eager"]
    assert [chosen(asked) for asked in ("auto", "sdpa", "eager")] == [{}, {}, {"attn_implementation": "eager"}]
    assert [chosen(asked, "gemma2") for asked in ("auto", "eager")] == [{}, {}]


def test_heads_and_dropout_are_read_off_a_config() -> None:
    """Gemma's heads are wider than its width, and GPT-2 calls its dropout otherwise."""
    sized = ModelConfig(family="llama", d_model=512, n_heads=8, dropout=0.2)
    assert [head_width(sized), head_width(sized, {"head_dim": 256})] == [64, 256]
    configs: list[dict[str, Any]] = [{}, {"attn_pdrop": 0.1}, {"attention_dropout": 0.0}]
    assert [attention_dropout(sized, config) for config in configs] == [0.2, 0.1, 0.0]
