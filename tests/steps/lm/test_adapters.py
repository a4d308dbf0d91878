"""LoRA: which layers, which gradients, and what merging changes."""

import json
import warnings
from pathlib import Path

import pytest
import torch

from schemas import RecipeError
from schemas.training import LoraSettings
from steps.lm import adapters
from steps.lm.loss import Head
from steps.lm.optimizer import adamw
from tests.steps.lm.small import SIZES, network

X = torch.randint(0, 60, (2, 20), generator=torch.Generator().manual_seed(8))


def adapted(family: str, **settings):
    made = network(family)
    return made, adapters.add(made, family, LoraSettings(**settings), seed=1)


def learn(made: torch.nn.Module, steps: int = 3) -> None:
    optimizer, head = adamw(made, 0.0), Head(made)
    for group in optimizer.param_groups:
        group["lr"] = 1e-2
    for k in range(steps):
        head.summed(X[:, :-1], X[:, 1:])[0].backward()
        if k == 0:
            adapters.every_adapter_learns(made)
        optimizer.step()
        optimizer.zero_grad()


@pytest.mark.parametrize("family", SIZES)
def test_default_adapters_learn_and_merge(family: str):
    """By default every adapter gets a gradient, only adapters train, and merged weights give the same logits."""
    made, view = adapted(family)
    frozen = {name: p.clone() for name, p in made.named_parameters() if not p.requires_grad}
    learn(made)
    assert all(torch.equal(p, frozen[name]) for name, p in made.named_parameters() if name in frozen)
    before = network(family)(input_ids=X, use_cache=False).logits
    merged, difference = adapters.merge(view, X)
    after = merged(input_ids=X, use_cache=False).logits.detach()
    assert difference < 1e-4
    assert float((after - before).abs().max()) > 100 * difference
    assert set(merged.state_dict()) == set(network(family).state_dict())


def test_every_projection_of_our_mamba_can_learn_that_peft_allows():
    """dt_proj gets no gradient through transformers' forward pass; through ours, which calls the module, it does."""
    made, _ = adapted("mamba", target_modules=["in_proj", "x_proj", "dt_proj"])
    learn(made)
    assert all(bool(p.any()) for n, p in made.named_parameters() if "lora_B" in n and "dt_proj" in n)


@pytest.mark.parametrize("family", SIZES)
def test_every_layer_that_check_lets_pass_learns(family: str):
    """What the rules of `recipe check` know of a family's layers is so: those not refused are adapted and get a gradient, B and then A."""
    from runner.rules.adapters import LAYERS, REFUSED

    made, _ = adapted(family, target_modules=[name for name in LAYERS[family] if name not in REFUSED.get(family, {})])
    learn(made, 2)
    assert sum("lora_B" in name for name, _ in made.named_parameters()) >= 2
    for refused in REFUSED.get(family, {}):
        with pytest.raises(RecipeError, match=r"A10[12]"):
            adapted(family, target_modules=[refused])


def test_layers_that_are_cut_otherwise_are_adapted_by_default():
    """Phi-3 has one matrix for queries, keys and values: without a word all its linear layers but the head learn."""
    from transformers import Phi3Config, Phi3ForCausalLM

    sizes = {"vocab_size": 60, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    made = Phi3ForCausalLM(Phi3Config(**sizes, pad_token_id=0, bos_token_id=2, eos_token_id=3))
    assert adapters.usual_targets(made, "llama") == ["down_proj", "gate_up_proj", "o_proj", "qkv_proj"]
    adapters.add(made, "llama", LoraSettings(), seed=1)
    Head(made).summed(X[:, :-1], X[:, 1:])[0].backward()
    adapters.every_adapter_learns(made)


def test_layers_of_a_class_of_their_own_are_adapted():
    """Falcon's are made from torch's Linear."""
    from transformers import FalconConfig, FalconForCausalLM

    made = FalconForCausalLM(FalconConfig(vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=4))
    assert adapters.usual_targets(made, "llama") == ["dense", "dense_4h_to_h", "dense_h_to_4h", "query_key_value"]
    adapters.add(made, "llama", LoraSettings(), seed=1)
    Head(made).summed(X[:, :-1], X[:, 1:])[0].backward()
    adapters.every_adapter_learns(made)


def test_a_memory_whose_gate_is_0_is_left_out():
    """By default its layers get no adapters, which would never learn; where they are named the error says why, and what to do."""
    made = network("mamba_hebbian")
    with torch.no_grad():
        for block in made.backbone.layers:
            block.hebbian.gate.zero_()
    assert adapters.usual_targets(made, "mamba_hebbian") == ["in_proj", "x_proj"]
    assert "k_proj" in adapters.usual_targets(network("mamba_hebbian"), "mamba_hebbian")
    adapters.add(made, "mamba_hebbian", LoraSettings(target_modules=["in_proj", "k_proj", "o_proj"]), seed=1)
    Head(made).summed(X[:, :-1], X[:, 1:])[0].backward()
    with pytest.raises(RecipeError, match=r"A103: 4 adapters .* the gate of this memory is 0, and adapters leave it so") as error:
        adapters.every_adapter_learns(made)
    assert error.value.fix == "take k_proj, o_proj out of target_modules, or train the memory with method: full before"


def test_an_adapter_without_a_gradient_is_named():
    """An adapter whose B has a gradient of zero is an error after the first backward pass."""
    made, _ = adapted("mamba2")
    next(p for n, p in made.named_parameters() if "lora_B" in n).register_hook(torch.zeros_like)
    Head(made).summed(X[:, :-1], X[:, 1:])[0].backward()
    with pytest.raises(
        RecipeError, match=r"A103: 1 adapters get no gradient and would never learn, such as backbone\.layers\.0\.mixer\.in_proj"
    ):
        adapters.every_adapter_learns(made)


def test_an_unknown_layer_gets_the_nearest_name():
    """A name that no layer has is refused with those that there are."""
    with pytest.raises(RecipeError, match=r"A101: the model has no linear layer 'q_prj'; it has .*q_proj") as error:
        adapted("llama", target_modules=["q_prj"])
    assert error.value.fix == "did you mean 'q_proj'?"


def test_what_peft_refuses_is_our_error():
    """out_proj of a Mamba: peft's refusal with our remedy."""
    with pytest.raises(RecipeError, match=r"A102: peft refuses these layers: .*out_proj") as error:
        adapted("mamba", target_modules=["out_proj"])
    assert error.value.fix == 'write target_modules: ["in_proj", "x_proj"]'


def test_a_tied_head_is_refused():
    """An adapter of a tied head would change the embedding when merged."""
    with pytest.raises(RecipeError, match="A102: lm_head is tied to the other end of the model"):
        adapted("llama", target_modules=["lm_head"])


def test_a_saved_adapter_is_the_same_bytes_and_peft_opens_it(tmp_path: Path):
    """No time, no path, sorted names; and peft gives back the adapted logits from it."""
    from peft import PeftModel

    for name in "ab":
        made, view = adapted("llama")
        learn(made)
        adapters.save(view, tmp_path / name)
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert files == ["adapter_config.json", "adapter_model.safetensors"]
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)
    assert json.loads((tmp_path / "a" / files[0]).read_text())["base_model_name_or_path"] is None
    again = PeftModel.from_pretrained(network("llama"), tmp_path / "a").eval()
    made.eval()
    with torch.no_grad():
        torch.testing.assert_close(again(input_ids=X).logits, view(input_ids=X).logits)


@pytest.mark.parametrize("family", SIZES)
def test_a_tied_table_that_is_trained_whole_stays_one(family: str, tmp_path: Path):
    """Whatever the embedding is called: in training, after merging, and where peft opens the adapter."""
    from peft import PeftModel

    made = network(family)
    embedding = adapters._leaf(made, made.get_input_embeddings())
    view = adapters.add(made, family, LoraSettings(modules_to_save=[embedding]), seed=1)
    before = made.get_input_embeddings().weight.detach().clone()
    learn(made)
    assert made.get_output_embeddings().weight is made.get_input_embeddings().weight
    adapters.save(view, tmp_path)
    again = PeftModel.from_pretrained(network(family), tmp_path).eval()
    with torch.no_grad():
        torch.testing.assert_close(again(input_ids=X, use_cache=False).logits, view.eval()(input_ids=X, use_cache=False).logits)
    merged, difference = adapters.merge(view, X)
    assert difference < 1e-4
    assert not torch.equal(merged.get_input_embeddings().weight, before)
    assert merged.get_output_embeddings().weight is merged.get_input_embeddings().weight


def test_a_tied_table_that_peft_would_part_is_refused():
    """Where neither end has a name by which peft knows the tie; and nothing is said of a tie that no adapter touches."""
    from transformers import GPTNeoXJapaneseConfig, GPTNeoXJapaneseForCausalLM

    sizes = {"vocab_size": 60, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    made = GPTNeoXJapaneseForCausalLM(GPTNeoXJapaneseConfig(**sizes, tie_word_embeddings=True))
    with pytest.raises(RecipeError, match="A102: embed_in is tied to the other end of the model, and peft would part them"):
        adapters.add(made, "llama", LoraSettings(target_modules=["query_key_value"], modules_to_save=["embed_in"]), seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        adapted("llama", modules_to_save=["norm"])


def test_loading_the_libraries_says_nothing():
    """peft loads bitsandbytes where it is installed, which warns of kernels that nobody asked for."""
    import subprocess
    import sys

    words = "from steps.lm import build; build.quiet(); import peft"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
