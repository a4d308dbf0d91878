"""The attention that a train step asks for: the same function by every name, in rows of one document and of several."""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from runner.fingerprint import keyed
from schemas import RecipeError
from schemas.machine import known
from steps.lm import attention, build, flat, kernels, llama2c
from steps.lm.batches import Micro, end_to_end, pad
from steps.lm.loss import Head
from steps.lm.pack import packed
from steps.lm.precision import autocast
from steps.sizing.attention import EAGER_ALONE, FLASH, NO_FLASH
from steps.train import train
from steps.validate_checkpoint import validate_checkpoint
from tests.conftest import FakeContext
from tests.steps.lm.small import SIZES, network, params, run, text
from tests.steps.lm.test_flat import mistral, rows

CPU = torch.device("cpu")
LAID = {
    "padded": lambda: pad(rows()),
    "packed with one mask": lambda: pad(packed(rows(), 24)),
    "packed by document": lambda: pad(packed(rows(), 24)),
    "end to end": lambda: end_to_end(rows()),
}


@pytest.fixture
def peer(test_data: Path, tmp_path: Path) -> Path:
    """A base folder of transformers that another tool trained: stories260K of llama2.c."""
    folder = test_data / "models" / "stories260K"
    llama2c.convert(folder / "stories260K.bin", folder / "tok512.bin", tmp_path / "stories260K")
    return tmp_path / "stories260K"


def computed(made: Any, asked: str, micro: Micro, laid: str, precision: str = "fp32") -> tuple[Tensor, Tensor, list[Tensor]]:
    """Loss, hidden states and gradients."""
    attention.choose(made, asked)
    head = Head(made.train())
    if laid in ("packed by document", "end to end"):
        assert head.lay_flat()
    with autocast(precision, CPU):
        hidden = head._forward(micro.ids, micro.starts).detach()
        loss, _ = head.summed(micro.ids, micro.targets, 0.0, micro.starts)
    loss.backward()
    return loss.detach(), hidden, [p.grad for p in made.parameters() if p.grad is not None]


def alike(one: Any, other: Any) -> None:
    torch.testing.assert_close(other[0], one[0], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(other[1], one[1], rtol=1e-4, atol=1e-5)
    assert len(one[2]) == len(other[2]) > 0
    for a, b in zip(one[2], other[2], strict=True):
        torch.testing.assert_close(b, a, rtol=1e-3, atol=1e-5 * max(1.0, float(a.abs().max())))


@pytest.mark.parametrize("laid", LAID)
@pytest.mark.parametrize("make", [lambda: network("llama"), lambda: network("gpt2"), mistral], ids=["llama", "gpt2", "mistral"])
def test_eager_and_sdpa_are_one_function(make: Any, laid: str):
    """States and all gradients in fp32: grouped keys, learned positions, a sliding window; padded, packed and end to end."""
    micro = LAID[laid]()
    alike(computed(make(), "sdpa", micro, laid), computed(make(), "eager", micro, laid))


@pytest.mark.parametrize("laid", LAID)
def test_so_they_are_for_a_base_of_another_tool(laid: str, peer: Path):
    """Opened through transformers by either name: the weights of stories260K, in fp64, since they are trained and their gradients large."""
    micro = LAID[laid]()
    found = [
        computed(build.open_model(peer, attention=attention.opened_with(asked)).double(), asked, micro, laid) for asked in ("sdpa", "eager")
    ]
    alike(*found)


def test_logits_of_a_base_are_the_same_as_transformers_has_them(peer: Path):
    """Our eager is transformers' own to the bit, and generation with a cache goes on."""
    ids = torch.arange(3, 40)[None]
    ours = build.open_model(peer, attention={"attn_implementation": "eager"}).eval()
    theirs = build.open_model(peer, attention={"attn_implementation": "eager"}).eval()
    attention.choose(ours, "eager")
    assert theirs.config._attn_implementation == "eager"
    assert ours.config._attn_implementation == flat.EAGER
    with torch.no_grad():
        assert torch.equal(ours(input_ids=ids).logits, theirs(input_ids=ids).logits)
        drawn = [each.generate(ids, max_new_tokens=12, do_sample=False) for each in (ours, theirs)]
    assert torch.equal(*drawn)


def varlen(
    q: Tensor, k: Tensor, v: Tensor, borders: Tensor, _: Tensor, longest: int, __: int, *, dropout_p: float, softmax_scale: float | None,
    causal: bool, window_size: tuple[int, int], deterministic: bool, calls: list[Any],
) -> Tensor:  # fmt: skip
    """flash_attn_varlen_func as its documentation has it, in plain operations. q, k, v: (tokens, heads, d), in half precision alone."""
    assert q.dtype in (torch.float16, torch.bfloat16)
    assert borders.dtype == torch.int32
    assert (causal, dropout_p, deterministic, window_size[1]) == (True, 0.0, False, -1 if window_size[0] < 0 else 0)
    assert longest == int(borders.diff().max())
    calls.append((borders.tolist(), q.dtype, window_size))
    found = []
    for a, b in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True):
        one = [each[a:b].transpose(0, 1).float().repeat_interleave(q.shape[1] // each.shape[1], 0) for each in (q, k, v)]
        seen = torch.ones(b - a, b - a, dtype=torch.bool).tril()
        seen = seen if window_size[0] < 0 else seen.triu(-window_size[0])
        found.append(F.scaled_dot_product_attention(*one, attn_mask=seen, scale=softmax_scale).transpose(0, 1).to(q.dtype))
    return torch.cat(found)


@pytest.fixture
def flash(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A flash_attn that computes on a CPU what the package computes on a card; what it was called with."""
    calls: list[Any] = []
    module = ModuleType("flash_attn")
    module.flash_attn_varlen_func = lambda *given, **named: varlen(*given, **named, calls=calls)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "flash_attn", module)
    monkeypatch.setattr(kernels, "_found", {})
    return calls


@pytest.mark.parametrize("make", [lambda: network("llama"), lambda: network("gpt2"), mistral], ids=["llama", "gpt2", "mistral"])
def test_flash_attention_is_told_where_documents_end(make: Any, flash: list[Any]):
    """Rows end to end and whole rows go to its kernel in one call a layer, windows included; loss and gradients are sdpa's in bf16."""
    micro = end_to_end(rows())
    plain = Micro(torch.arange(1, 49).view(2, 24) % 60, torch.arange(2, 50).view(2, 24) % 60)
    ends = [0, *torch.tensor([len(row.ids) - 1 for row in rows()]).cumsum(0).tolist()]
    for given, borders in ((micro, ends), (plain, [0, 24, 48])):
        found = [computed(make(), asked, given, "end to end", "bf16") for asked in ("sdpa", FLASH)]
        assert found[1][0] == pytest.approx(float(found[0][0]), rel=2e-3)
        for a, b in zip(found[0][2], found[1][2], strict=True):
            assert float((a - b).abs().max()) <= 3e-2 * float(a.abs().max())
        window = (5, 0) if make is mistral else (-1, -1)
        assert flash[-4:] == 4 * [(borders, torch.bfloat16, window)]  # two layers, twice


def test_flash_attention_leaves_fp32_masks_and_caches_to_sdpa(flash: list[Any]):
    """Samples of a training in fp32, rows beside padding, and generation are as before, to the bit."""
    made, other, micro = network("llama"), network("llama"), pad(packed(rows(), 24))
    attention.choose(made, FLASH)
    ids = torch.arange(4, 20)[None]
    assert torch.equal(made(input_ids=ids).logits, other(input_ids=ids).logits)
    assert torch.equal(*(each.generate(ids, max_new_tokens=5, do_sample=False) for each in (made, other)))
    heads = [Head(each) for each in (made, other)]
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(*(head._forward(micro.ids, micro.starts) for head in heads))
    assert flash == []


def test_flash_attention_is_compared_before_it_is_used(flash: list[Any], monkeypatch: pytest.MonkeyPatch):
    """The right kernel passes and stays; one that lets documents mix, and one that fails, end the run before its first step."""
    made = network("llama")
    attention.choose(made, FLASH)
    head = Head(made)
    assert head.lay_flat()
    attention.verify(head, "bf16")
    assert len(flash) == 2
    assert made.config._attn_implementation == flat.FLASH

    def mixed(q: Tensor, k: Tensor, v: Tensor, borders: Tensor, *rest: Any, **named: Any) -> Tensor:
        whole = torch.tensor([0, len(q)], dtype=torch.int32)
        return varlen(q, k, v, whole, whole, len(q), len(q), **named, calls=[])

    def broken(*given: Any, **named: Any) -> Tensor:
        raise RuntimeError("no kernel image is available for execution on the device")

    for function, said in ((mixed, r"differs by \d"), (broken, "fails here: no kernel image")):
        monkeypatch.setattr(kernels, "_found", {("flash_attn", "flash_attn_varlen_func"): function})
        with pytest.raises(RecipeError, match=f"P111: FlashAttention-2 {said}") as error:
            attention.verify(head, "bf16")
        assert error.value.field == "attn_implementation"


@pytest.mark.parametrize("packing", ["stream", "documents"])
def test_a_whole_run_goes_through_its_kernel(packing: str, flash: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """On what passes for a card: the losses of sdpa in bf16, every row by its documents, and a proof that allows for another rounding."""
    monkeypatch.setattr(attention, "_machine", lambda device: known("a100-80"))
    losses = {}
    for asked in ("sdpa", FLASH):
        context = FakeContext(tmp_path / asked)
        made = run(context, model=SIZES["llama"], attn_implementation=asked, packing=packing, precision="bf16", max_steps=24)
        losses[asked] = [line.loss for line in context.lines if hasattr(line, "loss")]
    assert losses[FLASH] == pytest.approx(losses["sdpa"], rel=2e-3)
    steps = [borders for borders, _, _ in flash if borders[-1] == 96]  # two rows of 48
    assert {len(borders) > 3 for borders in steps} == ({False} if packing == "stream" else {False, True})
    assert json.loads((made.path / "training.json").read_text())["attn_implementation"] == FLASH
    assert "attention by FlashAttention-2's kernels on cpu" in str(context.events)
    checked = FakeContext(tmp_path / "checked")
    validate_checkpoint(validate_checkpoint.params(), made, text().bins, None, checked)
    (proof,) = [check for check in checked.kept["validation"]["checks"] if check["name"] == "validation loss"]
    assert proof["detail"].endswith("tolerance 0.02")


@pytest.mark.parametrize(("asked", "family", "code"), [(FLASH, "llama", "P105"), ("eager", "mamba", "P109"), ("sdpa", "mamba2", "P109")])
def test_a_run_refuses_at_its_start_what_the_check_finds(asked: str, family: str, code: str, tmp_path: Path):
    """The same function, before a model is made."""
    context = FakeContext(tmp_path)
    with pytest.raises(RecipeError, match=f"^{code}: "):
        run(context, model=SIZES[family], attn_implementation=asked)
    assert not any(event["event"] == "training" for event in context.events)


def test_transformers_has_no_other_attention_for_those():
    """The table is that of the installed transformers: no sdpa for a kind in it, and no other text model without it."""
    import transformers
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as NAMES

    def classes(kinds: Any) -> dict[str, Any]:
        return {kind: getattr(transformers, NAMES[kind]) for kind in kinds if isinstance(NAMES.get(kind), str)}

    assert [kind for kind, made in classes(EAGER_ALONE).items() if made._supports_sdpa] == []
    both = {kind: made._supports_flash_attn and made._supports_attention_backend for kind, made in classes(NO_FLASH).items()}
    assert [kind for kind, has in both.items() if has and kind not in EAGER_ALONE] == []
    usual = (
        "llama",
        "gpt2",
        "mistral",
        "qwen2",
        "qwen3",
        "gemma",
        "gemma3_text",
        "phi3",
        "olmo2",
        "smollm3",
        "gpt_neox",
        "cohere",
        "granite",
    )
    assert all(made._supports_sdpa and made._supports_flash_attn and made._supports_attention_backend for made in classes(usual).values())


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_trained_eagerly_it_ends_where_sdpa_ends(family: str, tmp_path: Path):
    """The same losses; the record of the checkpoint says it, and validation reproduces the loss. By auto and by sdpa: the same bytes."""
    ends = {}
    for asked in ("auto", "sdpa", "eager"):
        context = FakeContext(tmp_path / asked)
        made = run(context, model=SIZES[family], attn_implementation=asked, packing="documents")
        ends[asked] = (made, [line.loss for line in context.lines if hasattr(line, "loss")], context)
    assert ends["eager"][1] == pytest.approx(ends["sdpa"][1], rel=1e-5)
    files = ("model.safetensors", "training.json", "config.json", "state/state.json", "state/state.safetensors")
    assert all((ends["auto"][0].path / name).read_bytes() == (ends["sdpa"][0].path / name).read_bytes() for name in files)
    assert keyed(params(attn_implementation="auto")) == keyed(params())  # as keys were before the field
    records = {asked: json.loads((made.path / "training.json").read_text()) for asked, (made, _, _) in ends.items()}
    assert [records[asked].get("attn_implementation") for asked in ends] == [None, None, "eager"]
    assert "by_document" not in (ends["eager"][0].path / "config.json").read_text()
    told = next(event for event in ends["eager"][2].events if event["event"] == "training")
    assert told["path"] == f"transformers' {family}, attention by eager products on cpu"
    checked = FakeContext(tmp_path / "checked")
    validate_checkpoint(validate_checkpoint.params(), ends["eager"][0], text().bins, None, checked)
    assert checked.kept["validation"]["val_loss"] == pytest.approx(ends["eager"][0].val_loss, abs=1e-6)


def test_killed_and_gone_on_it_ends_with_the_same_bytes(tmp_path: Path):
    """Eager, dropout of the attention weights, documents apart."""
    wanted = params(model={**SIZES["gpt2"], "dropout": 0.2}, attn_implementation="eager", packing="documents", save_steps=1)
    given = (text().bins, None, text().tokenizer, None, None)
    whole = train(wanted, *given, FakeContext(tmp_path / "whole"))
    half = FakeContext(tmp_path / "half")
    half.log = lambda line: (half.lines.append(line), setattr(half, "asked_to_stop", line.step == 3))  # type: ignore[method-assign]
    with pytest.raises(InterruptedError):
        train(wanted, *given, half)
    half.asked_to_stop, half.log = False, half.lines.append  # type: ignore[method-assign]
    rest = train(wanted, *given, half)
    assert (rest.path / "model.safetensors").read_bytes() == (whole.path / "model.safetensors").read_bytes()


def test_a_training_goes_on_by_the_same_attention_alone(tmp_path: Path):
    """resume_from compares it by what it comes to: auto and sdpa are one, eager is another."""
    short: dict[str, Any] = {"model": SIZES["llama"], "scheduler": "constant", "warmup_steps": 1}
    first = run(FakeContext(tmp_path / "first"), **short, max_steps=2)

    def further(name: str, earlier: Any, asked: str) -> Any:
        written = params(**short, max_steps=4, attn_implementation=asked, resume_from={"step": "first"})
        return train(written, text().bins, None, text().tokenizer, None, earlier, FakeContext(tmp_path / name))

    assert further("more", first, "sdpa").step == 4
    with pytest.raises(RecipeError, match=r'R103: .*attn_implementation is "eager" here and "auto" there'):
        further("other", first, "eager")
    eager = run(FakeContext(tmp_path / "eager"), **short, max_steps=2, attn_implementation="eager")
    with pytest.raises(RecipeError, match=r'R103: .*attn_implementation is "auto" here and "eager" there'):
        further("back", eager, "auto")
    assert further("on", eager, "eager").step == 4


def test_eager_attention_needs_no_new_network(tmp_path: Path):
    """Fine-tuned with adapters, a base that another tool made attends so, too, and so do the merged weights that are scored."""
    from tests.steps.lm.small import write_corpus

    base = run(FakeContext(tmp_path / "base"), model=SIZES["llama"])
    corpus = write_corpus(tmp_path / "corpus", [{"text": "kedi uyudu. " * (1 + 7 * n % 5)} for n in range(40)])
    found = {}
    for asked in ("sdpa", "eager"):
        wanted = params(
            model={"base": {"path": str(base.path)}}, method="lora", objective="sft", max_seq_length=48, attn_implementation=asked
        )
        context = FakeContext(tmp_path / asked)
        found[asked] = train(wanted, None, [corpus], None, None, None, context)
    assert found["eager"].val_loss == pytest.approx(found["sdpa"].val_loss, rel=1e-5)
    assert found["eager"].model == found["sdpa"].model
