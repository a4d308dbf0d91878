"""QLoRA: the base in 4 or 8 bits, adapters that learn over it and are merged into the base itself."""

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file

from schemas import Checkpoint, RecipeError
from schemas.training import LoraSettings, QuantSettings
from steps.lm import adapters, build
from steps.lm.checkpoint import copy_tokenizer, write_model
from steps.lm.frozen import halve
from steps.lm.loss import Head
from steps.lm.quantized import is_quantized, options
from steps.train import Train, train
from steps.validate_checkpoint import ValidateCheckpoint, validate_checkpoint
from tests.conftest import FakeContext
from tests.steps.lm.small import IDS, SIZES, network, params, text

pytest.importorskip("bitsandbytes")
CPU = torch.device("cpu")
X = torch.randint(0, 60, (2, 20), generator=torch.Generator().manual_seed(8))
WIDE = {
    "mamba": {"d_model": 64},
    "mamba2": {"d_model": 64, "head_dim": 32},
    "mamba_hebbian": {"d_model": 64},
    "llama": {"d_model": 64},
    "gpt2": {"d_model": 64, "n_heads": 4},
}


def base_folder(folder: Path, family: str, vocab_size: int = 400) -> Path:
    """A small model whose matrices fill blocks of 64, with the tokenizer of the stories."""
    from schemas import ModelConfig

    folder.mkdir()
    made = build.build(ModelConfig(**{**SIZES[family], **WIDE[family]}), vocab_size, IDS, 64, 5)
    for name, parameter in made.named_parameters():
        if name.endswith("hebbian.gate"):
            torch.nn.init.constant_(parameter, 0.1)  # a memory that nobody reads teaches its adapters nothing
    write_model(made, folder, IDS)
    copy_tokenizer(text().tokenizer.path, folder)
    return folder


@pytest.mark.parametrize("family", SIZES)
@pytest.mark.parametrize("quant", [{"bits": 4}, {"bits": 4, "type": "fp4", "double": True}, {"bits": 8}], ids=["nf4", "fp4_double", "int8"])
def test_a_base_in_bytes_is_near_the_base_and_its_adapters_learn(family: str, quant: dict, tmp_path: Path):
    """Layers are packed, logits are near those of the whole base, every default adapter gets a gradient."""
    folder = base_folder(tmp_path / "base", family)
    whole = build.open_model(folder)
    packed = build.open_model(folder, quantized=options(QuantSettings(**quant), "fp32", CPU))
    assert sum(is_quantized(m) for m in packed.modules()) >= 2 * SIZES[family]["n_layers"]
    with torch.no_grad():
        difference = float((whole(input_ids=X, use_cache=False).logits - packed(input_ids=X, use_cache=False).logits).abs().max())
    assert 0 < difference < 0.5
    adapters.add(packed, family, LoraSettings(), 1)
    Head(packed.train()).summed(X[:, :-1], X[:, 1:])[0].backward()
    adapters.every_adapter_learns(packed)


def test_qlora_trains_merges_into_the_whole_base_and_tells_the_drift(tmp_path: Path):
    """The checkpoint is whole and proved: weights of the base plus the adapters', the recorded loss theirs; adapters in peft's format."""
    base = base_folder(tmp_path / "base", "llama")
    made = text()
    context = FakeContext(tmp_path, project=tmp_path)
    wanted = params(model={"base": {"path": "base"}}, method="qlora", quant={"bits": 4, "double": True}, max_steps=4)
    done = train(wanted, made.bins, None, None, None, None, context)
    assert done.method == "qlora"
    merged, first = load_file(done.path / "model.safetensors"), load_file(base / "model.safetensors")
    assert {name: w.shape for name, w in merged.items()} == {name: w.shape for name, w in first.items()}
    same = {name for name in first if torch.equal(first[name], merged[name])}
    assert {name for name in first if "proj" in name} & same == set()
    assert all(name in same for name in first if "norm" in name or "embed" in name)
    event = next(e for e in context.events if e["event"] == "merged")
    assert 0 < event["drift"] < 0.5
    assert event["largest_logit_difference"] < 1e-4
    assert context.kept["training"]["quantization_drift"] == event["drift"]
    again = FakeContext(tmp_path / "again")
    validate_checkpoint(ValidateCheckpoint(max_new_tokens=5), Checkpoint.load(done.path), made.bins, None, again)
    assert again.kept["validation"]["val_loss"] == pytest.approx(done.val_loss, abs=1e-4)


def test_a_killed_qlora_goes_on_to_the_same_bytes(tmp_path: Path):
    """The base is packed anew from the same file; adapters and optimizer come from the save."""
    base_folder(tmp_path / "base", "mamba")
    made = text()
    wanted = params(model={"base": {"path": "base"}}, method="qlora", lora={"lora_dropout": 0.1}, max_steps=4, save_steps=1)
    whole = train(wanted, made.bins, None, None, None, None, FakeContext(tmp_path / "whole", project=tmp_path))
    half = FakeContext(tmp_path / "half", project=tmp_path)
    half.log = lambda line: (half.lines.append(line), setattr(half, "asked_to_stop", line.step == 2))
    with pytest.raises(InterruptedError):
        train(wanted, made.bins, None, None, None, None, half)
    half.asked_to_stop, half.log = False, half.lines.append
    rest = train(wanted, made.bins, None, None, None, None, half)
    assert (rest.path / "model.safetensors").read_bytes() == (whole.path / "model.safetensors").read_bytes()


def test_what_is_packed_already_is_refused(tmp_path: Path):
    """There are no weights to merge into."""
    folder = base_folder(tmp_path / "base", "llama")
    config = folder / "config.json"
    config.write_text(
        config.read_text().replace('"vocab_size"', '"quantization_config": {"quant_method": "gptq", "bits": 4},\n "vocab_size"')
    )
    wanted = params(model={"base": {"path": "base"}}, method="qlora")
    with pytest.raises(RecipeError, match=r"A110: the weights of base are quantised already \(gptq, 4 bits\)"):
        train(wanted, text().bins, None, None, None, None, FakeContext(tmp_path, project=tmp_path))


@pytest.mark.parametrize("method", ["full", "lora"])
def test_packed_weights_without_a_word_in_the_config_are_refused(tmp_path: Path, method: str):
    """By the headers of their file, whatever the method, as the check does."""
    from safetensors.torch import load_file, save_file

    folder = base_folder(tmp_path / "base", "llama")
    weights = load_file(folder / "model.safetensors")
    name = next(name for name in weights if name.endswith("q_proj.weight"))
    weights |= {name: torch.zeros(64, 1, dtype=torch.uint8), f"{name}.absmax": torch.zeros(4)}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    wanted = params(model={"base": {"path": "base"}}, method=method)
    with pytest.raises(RecipeError, match=r"A110: the weights of base are quantised already \(bitsandbytes, 4 bits: "):
        train(wanted, text().bins, None, None, None, None, FakeContext(tmp_path, project=tmp_path))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"method": "lora", "quant": {"bits": 4}}, "quant has no effect with method: lora"),
        ({"method": "qlora", "quant": {"bits": 8, "type": "nf4"}}, "type has no effect with bits: 8"),
        ({"method": "qlora", "quant": {"bits": 5}}, "Input should be 4 or 8"),
    ],
)
def test_settings_that_do_not_go_together(written: dict, said: str):
    """Each is refused before anything runs."""
    with pytest.raises(ValidationError, match=said):
        Train.model_validate({"model": {"base": {"path": "base"}}, **written})


TABLES = [("llama", "embed_tokens"), ("gpt2", "wte"), ("mamba", "embeddings"), ("mamba2", "embeddings")]
TIED = [(family, saved) for family, table in TABLES for saved in ([table], [table, "lm_head"], ["lm_head"])]


@pytest.mark.parametrize(("family", "saved"), TIED)
def test_an_embedding_is_trained_whole_beside_adapters(family: str, saved: list[str]):
    """modules_to_save: its rows move, and merging keeps the tie and the logits, by whichever of its names it is called."""
    made = network(family)
    view = adapters.add(made, family, LoraSettings(modules_to_save=saved), 1)
    before = made.get_input_embeddings().weight.detach().clone()
    optimizer = torch.optim.SGD([p for p in made.parameters() if p.requires_grad], 0.1)
    Head(made).summed(X[:, :-1], X[:, 1:])[0].backward()
    adapters.every_adapter_learns(made)
    optimizer.step()
    merged, difference = adapters.merge(view, X)
    assert difference < 1e-4
    assert not torch.equal(merged.get_input_embeddings().weight, before)
    assert torch.equal(merged.get_input_embeddings().weight, merged.get_output_embeddings().weight)
    assert set(merged.state_dict()) == set(network(family).state_dict())


@pytest.mark.parametrize(("saved", "added"), [(["embed_tokens", "lm_head"], []), ([], [38, 39])], ids=["tables", "rows"])
def test_what_is_trained_stands_in_fp32_over_a_base_in_half(saved: list[str], added: list[int]):
    """A loss scaler takes no gradients in fp16, and in bf16 AdamW's small steps are lost; the frozen originals stay in half."""
    made = network("llama")
    halve(made, torch.bfloat16)
    adapters.add(made, "llama", LoraSettings(modules_to_save=saved or None), 1, added)
    assert {p.dtype for p in made.parameters() if p.requires_grad} == {torch.float32}
    assert {m.weight.dtype for name, m in made.named_modules() if name.endswith(("original_module", "base_layer"))} == {torch.bfloat16}


@pytest.mark.parametrize("saved", [["embed_tokens"], ["lm_head"]], ids=" ".join)
def test_a_head_that_is_trained_whole_takes_the_loss_in_chunks(saved: list[str]):
    """The copy in peft's wrapper is a plain product like any head: loss and gradients are those of the whole logits."""
    made = network("llama")
    adapters.add(made, "llama", LoraSettings(modules_to_save=saved), 1)
    head = Head(made)
    assert head.plain
    loss = head.summed(X[:, :-1], X[:, 1:])[0]
    loss.backward()
    found = {name: p.grad.clone() for name, p in made.named_parameters() if p.grad is not None}
    made.zero_grad()
    logits = made(input_ids=X[:, :-1], use_cache=False).logits
    whole = torch.nn.functional.cross_entropy(logits.flatten(0, 1), X[:, 1:].flatten(), reduction="sum")
    whole.backward()
    torch.testing.assert_close(loss, whole)
    for name, p in made.named_parameters():
        if p.grad is not None:
            torch.testing.assert_close(found[name], p.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("extra", [{"use_rslora": True}, {"use_dora": True}, {"layers": 1}], ids=["rslora", "dora", "last_block"])
@pytest.mark.parametrize("family", SIZES)
def test_kinds_of_adapters_learn_and_merge(family: str, extra: dict):
    """rsLoRA, DoRA, and the last block alone."""
    made = network(family)
    view = adapters.add(made, family, LoraSettings(**extra), 1)
    blocks = {int(name.split(".layers." if ".layers." in name else ".h.")[1].split(".")[0])
              for name, p in made.named_parameters() if "lora_B" in name}  # fmt: skip
    assert blocks == ({1} if "layers" in extra else {0, 1})
    optimizer = torch.optim.SGD([p for p in made.parameters() if p.requires_grad], 0.5)
    for _ in range(2):
        optimizer.zero_grad()
        Head(made).summed(X[:, :-1], X[:, 1:])[0].backward()
        adapters.every_adapter_learns(made)
        optimizer.step()
    _, difference = adapters.merge(view, X)
    assert difference < 1e-3


def test_more_blocks_than_there_are_is_refused():
    """With the number that the model has."""
    with pytest.raises(RecipeError, match=r"A107: the model has 2 blocks, lora\.layers is 3"):
        adapters.add(network("llama"), "llama", LoraSettings(layers=3), 1)


def test_an_adapter_whose_a_gets_no_gradient_is_named():
    """In the second step B has moved, so a silent A is dead."""
    made = network("mamba2")
    adapters.add(made, "mamba2", LoraSettings(), 1)
    b = next(p for n, p in made.named_parameters() if "lora_B" in n)
    with torch.no_grad():
        b += 0.1
    next(p for n, p in made.named_parameters() if "lora_A" in n).register_hook(torch.zeros_like)
    Head(made).summed(X[:, :-1], X[:, 1:])[0].backward()
    with pytest.raises(RecipeError, match=r"A103: 1 adapters get no gradient and would never learn, such as backbone\.layers\.0"):
        adapters.every_adapter_learns(made)
