"""A base frozen in half precision: what is halved, what is computed, what is stored. On a CPU in bf16; a GPU holds the same."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from schemas.training import LoraSettings
from steps.lm import adapters, build
from steps.lm.frozen import halve, held_dtype, rounded, stored_dtype
from steps.lm.loss import Head
from steps.lm.precision import held
from tests.steps.lm.small import SIZES, network

X = torch.randint(0, 60, (2, 20), generator=torch.Generator().manual_seed(8))
BF16 = torch.bfloat16


def test_only_lora_on_a_gpu_holds_half() -> None:
    """Full training needs fp32 masters, a CPU stays as it was."""
    gpu, cpu = torch.device("cuda"), torch.device("cpu")
    assert held_dtype("lora", "bf16", gpu) is BF16
    assert held_dtype("lora", "fp16", gpu) is torch.float16
    assert [held_dtype("lora", "fp32", gpu), held_dtype("full", "bf16", gpu), held_dtype("lora", "bf16", cpu)] == [None] * 3


@pytest.mark.parametrize("family", SIZES)
def test_a_halved_base_computes_what_autocast_computes(family: str) -> None:
    """Matrices in half, all else and the adapters fp32; the loss is the fp32 base's under autocast, and the adapters learn."""
    losses = []
    for half in (False, True):
        made = network(family)
        if half:
            halve(made, BF16)
            kinds = {name: p.dtype for name, p in made.named_parameters()}
            assert all(dtype is torch.float32 for name, dtype in kinds.items() if "norm" in name or "A_log" in name or "bias" in name)
            assert kinds[next(name for name in kinds if name.endswith("embeddings.weight") or "embed" in name or "wte" in name)] is BF16
        adapters.add(made, family, LoraSettings(), 1)
        assert {p.dtype for p in made.parameters() if p.requires_grad} == {torch.float32}
        with held(BF16, torch.device("cpu")):
            head = Head(made.train())
            loss, _ = head.summed(X[:, :-1], X[:, 1:])
        loss.backward()
        adapters.every_adapter_learns(made)
        losses.append(float(loss) / X[:, 1:].numel())
    assert losses[1] == pytest.approx(losses[0], abs=0.01)


def test_the_stored_type_is_read_from_the_files(tmp_path: Path) -> None:
    """Most bytes decide; what is rounded to it comes back from a file as it is."""
    save_file({"a": torch.zeros(9, dtype=BF16), "b": torch.zeros(2)}, tmp_path / "model.safetensors")
    assert stored_dtype(tmp_path) is BF16
    made = network("llama")
    rounded(made, BF16)
    assert all(torch.equal(p, p.to(BF16).float()) for p in made.parameters())


def test_lora_in_half_merges_in_fp32_and_stores_what_the_base_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole run as on a GPU: bf16 base in its own ChatML, bf16 merged weights, its own template in the folder, the loss theirs."""
    from schemas import Checkpoint, ModelConfig
    from steps.lm.checkpoint import write_model
    from steps.train import train
    from steps.validate_checkpoint import ValidateCheckpoint, validate_checkpoint
    from tests.conftest import FakeContext
    from tests.steps.lm.small import IDS, params, write_corpus
    from tests.steps.text.models_with_templates import CHATML, folder

    base = folder(tmp_path / "base", CHATML)
    model = build.build(ModelConfig(family="llama", d_model=32, n_layers=2, n_heads=2), 300, IDS, 256, 1)
    write_model(model, base, {"eos_token_id": 257}, BF16)
    talks = [[{"role": "user", "content": f"Say {k}"}, {"role": "assistant", "content": f"It is {k}."}] for k in range(40)]
    corpus = write_corpus(tmp_path / "corpus", [{"text": "", "messages": talk} for talk in talks], "chat")
    monkeypatch.setattr("steps.lm.assemble.held_dtype", lambda *_: BF16)
    context = FakeContext(tmp_path, project=tmp_path)
    wanted = params(model={"base": {"path": "base"}}, method="lora", objective="sft", precision="bf16", max_steps=3, max_seq_length=256,
                    samples=["Say"])  # fmt: skip
    made = train(wanted, None, [corpus], None, None, None, context)
    weights = load_file(made.path / "model.safetensors")
    assert {w.dtype for w in weights.values()} == {BF16}
    assert not torch.equal(weights["model.layers.0.self_attn.q_proj.weight"], model.model.layers[0].self_attn.q_proj.weight.to(BF16))
    assert (made.path / "tokenizer_config.json").read_bytes() == (base / "tokenizer_config.json").read_bytes()
    assert next(e for e in context.events if e["event"] == "merged")["stored"] == "bfloat16"
    again = FakeContext(tmp_path / "again")
    validate_checkpoint(ValidateCheckpoint(max_new_tokens=5, tolerance=0.01), Checkpoint.load(made.path), None, [corpus], again)
    assert again.kept["validation"]["val_loss"] == pytest.approx(made.val_loss, abs=0.01)
