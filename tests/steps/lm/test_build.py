"""Networks from scratch and from folders."""

import copy
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from schemas import ModelConfig, RecipeError
from steps.lm import build
from steps.lm.checkpoint import write_model
from tests.steps.lm.small import IDS, SIZES, network

SHAPES = [
    {"family": "mamba", "d_model": 40, "n_layers": 2, "d_state": 5, "d_conv": 3, "expand": 3},
    {"family": "mamba", "d_model": 32, "n_layers": 3, "tie_embeddings": False},
    {"family": "mamba2", "d_model": 32, "n_layers": 2, "d_state": 16, "head_dim": 16},
    {"family": "mamba2", "d_model": 64, "n_layers": 1},
    {"family": "mamba_hebbian", "d_model": 40, "n_layers": 2, "d_state": 5},
    {"family": "mamba_hebbian", "d_model": 32, "n_layers": 1, "hebbian_learned": False, "hebbian_decay": 0.9},
    {"family": "llama", "d_model": 48, "n_layers": 2, "n_heads": 6, "n_kv_heads": 2},
    {"family": "llama", "d_model": 64, "n_layers": 2, "tie_embeddings": False, "d_ff": 100},
    {"family": "gpt2", "d_model": 48, "n_layers": 2, "n_heads": 3},
    {"family": "gpt2", "d_model": 64, "n_layers": 1, "d_ff": 70},
]
X = torch.randint(0, 60, (2, 37), generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_parameter_count_is_the_arithmetic(shape: dict):
    """ModelConfig.parameters counts what torch counts, and the built network describes itself by the same sizes."""
    config = ModelConfig(vocab_size=100, **shape)
    made = build.build(config, 100, IDS, 32, 0)
    assert build.parameter_count(made) == config.parameters(32)
    assert build.sizes_of(made).parameters(32) == config.parameters(32)


@pytest.mark.parametrize("family", SIZES)
def test_transformers_opens_our_folders(family: str, tmp_path: Path):
    """AutoModelForCausalLM.from_pretrained gives the logits of the network that was written."""
    made = network(family)
    write_model(made, tmp_path, IDS)
    opened = AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        ours, theirs = made(input_ids=X, use_cache=False).logits, opened(input_ids=X, use_cache=False).logits
    assert type(opened).__name__ == json.loads((tmp_path / "config.json").read_text())["architectures"][0]
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", SIZES)
def test_a_folder_opens_with_its_very_weights(family: str, tmp_path: Path):
    """Opened by us, every tensor is bit for bit the written one (a trap: transformers rescales a Mamba's out_proj on loading)."""
    made = network(family)
    write_model(made, tmp_path, IDS)
    opened = build.open_model(tmp_path)
    for (name, a), b in zip(made.state_dict().items(), opened.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def test_weights_follow_the_seed_alone():
    """The same seed gives the same weights whatever torch's generator did before, which is left as it was."""
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = build.build(ModelConfig(**SIZES["mamba"]), 60, IDS, 64, 7).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    second = build.build(ModelConfig(**SIZES["mamba"]), 60, IDS, 64, 7).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    third = build.build(ModelConfig(**SIZES["mamba"]), 60, IDS, 64, 8).state_dict()
    assert not torch.equal(first["backbone.embeddings.weight"], third["backbone.embeddings.weight"])


def test_written_twice_a_folder_has_the_same_bytes(tmp_path: Path):
    """Files hold no time and no path."""
    for name in "ab":
        (tmp_path / name).mkdir()
        write_model(network("mamba"), tmp_path / name, IDS)
    for file in sorted((tmp_path / "a").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


def test_a_pickle_is_refused(tmp_path: Path):
    """A folder with pickled weights only is not opened, and the error says how to convert it."""
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(RecipeError, match=r"C001: .* holds no \*\.safetensors, only pytorch_model\.bin, a pickle"):
        build.open_model(tmp_path)


def test_missing_weights_are_named(tmp_path: Path):
    """A folder that lacks a tensor is refused by its name, where transformers would fill it with noise."""
    from safetensors.torch import load_file, save_file

    write_model(network("llama"), tmp_path, IDS)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(RecipeError, match=r"C003: .* the weights lack model\.layers\.1\.mlp\.up_proj\.weight"):
        build.open_model(tmp_path)


def test_packed_weights_are_named_as_such(tmp_path: Path):
    """Bytes under the names of matrices, of which config.json says nothing, in the words of `recipe check`."""
    from safetensors.torch import load_file, save_file

    write_model(network("llama"), tmp_path, IDS)
    weights = load_file(tmp_path / "model.safetensors")
    name = "model.layers.0.mlp.up_proj.weight"
    weights[name] = torch.zeros(weights[name].numel() // 2, 1, dtype=torch.uint8)
    weights[f"{name}.quant_state.bitsandbytes__nf4"] = torch.zeros(9, dtype=torch.uint8)
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        RecipeError, match=r"A110: the weights of .* are quantised already \(bitsandbytes nf4: model\.layers\.0\.mlp\.up_proj"
    ):
        build.open_model(tmp_path)


def test_the_mixer_says_which_way_it_takes():
    """On a CPU the own scan runs, and the reason is given."""
    assert build.path(network("mamba"), torch.device("cpu")) == "own scan in PyTorch: mamba-ssm's kernels need CUDA, this is cpu"


def test_a_pickle_is_opened_only_where_it_is_trusted(tmp_path: Path):
    """pytorch_model.bin: refused by default, the same weights with trust_pickle; code in it does not run even then."""
    made = network("llama")
    write_model(made, tmp_path, IDS)
    whole = build.open_model(tmp_path).state_dict()
    (tmp_path / "model.safetensors").unlink()
    torch.save(made.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(RecipeError, match="a pickle, which can run code") as error:
        build.open_model(tmp_path)
    assert error.value.code == "C001"
    assert error.value.fix == "take the same model as safetensors; a recipe's base reads its weights with trust_pickle: true"
    with pytest.raises(RecipeError) as error:
        build.open_model(tmp_path, field="model.base")
    assert error.value.fix == "write trust_pickle: true beside path if you trust who made it; only weights are read"
    opened = build.open_model(tmp_path, trust_pickle=True).state_dict()
    assert all(torch.equal(opened[name], tensor) for name, tensor in whole.items())
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Evil(tmp_path / "ran"), protocol=2))
    with pytest.raises(RecipeError) as error:
        build.open_model(tmp_path, trust_pickle=True)
    assert error.value.code == "C002"
    assert error.value.message.startswith(f"the pickle in {tmp_path.name} holds more than weights: ")
    assert "weights_only" not in f"{error.value}{error.value.fix}"  # torch's own words tell how to run it
    assert not (tmp_path / "ran").exists()
    (tmp_path / "pytorch_model.bin").write_bytes(b"no pickle at all")
    with pytest.raises(RecipeError, match="cannot be read as weights"):
        build.open_model(tmp_path, trust_pickle=True)


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def libgomp_reads(**environment: str) -> str:
    """The wait of torch's threads, as libgomp tells it when torch loads behind our steps."""
    kept = {name: value for name, value in os.environ.items() if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    done = subprocess.run([sys.executable, "-c", "import steps, torch"], env={**kept, "OMP_DISPLAY_ENV": "verbose", **environment},
                          capture_output=True, text=True, check=True)  # fmt: skip
    return next((line.strip() for line in done.stderr.splitlines() if "GOMP_SPINCOUNT" in line), "")


def test_threads_that_wait_give_their_core_up_soon():
    """After a thousand turns; a training beside another program's work spent nearly all of its time waiting. What is set is kept."""
    read = libgomp_reads()
    if not read:
        pytest.skip("this torch has no libgomp")
    assert read == "GOMP_SPINCOUNT = '1000'"
    assert libgomp_reads(GOMP_SPINCOUNT="5") == "GOMP_SPINCOUNT = '5'"


@pytest.mark.parametrize(
    ("kind", "config", "heads"),
    [
        ("gpt_neo", {"hidden_size": 64, "num_layers": 2, "num_heads": 16}, 16), ("mpt", {"d_model": 64, "n_layers": 2, "n_heads": 4}, 4),
        ("rwkv", {"hidden_size": 64, "num_hidden_layers": 2}, 1),
        ("gemma3_text", {"hidden_size": 60, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 1}, 3),
    ],
)  # fmt: skip
def test_sizes_are_read_by_the_names_of_other_families(kind: str, config: dict, heads: int):
    """TinyStories' GPT-Neo counts num_layers; where there are no heads, or heads of another width, the nearest that is described stands."""
    from steps.lm.shapes import sizes

    found = sizes({"model_type": kind, "vocab_size": 60, **config})
    assert (found.family, found.n_layers, found.n_heads) == ("llama", 2, heads)


def test_a_shape_that_is_not_known_is_told():
    """With the family's name and what its config does not say, and no traceback."""
    from transformers import PretrainedConfig

    odd: Any = torch.nn.Module()
    odd.config = PretrainedConfig(vocab_size=60)
    odd.config.model_type = "strange"
    with pytest.raises(RecipeError, match=r"C002: a strange is of a shape that recipe does not know: .* does not say hidden_size"):
        build.sizes_of(odd)


@pytest.mark.parametrize("family", ["mamba", "mamba2"])
def test_a_mamba_with_another_activation_keeps_its_own_code(family: str):
    """Ours and the kernels compute SiLU: of a base from elsewhere with GELU they would make another model."""
    made = network(family)
    kind, config = type(made), copy.deepcopy(made.config)
    config.hidden_act = "gelu"
    theirs = kind(config).eval()
    theirs.load_state_dict(made.state_dict())
    ours = copy.deepcopy(theirs)
    build.use_own_mixers(ours)
    ids = torch.arange(3, 20)[None]
    with torch.no_grad():
        assert torch.equal(ours(input_ids=ids, use_cache=False).logits, theirs(input_ids=ids, use_cache=False).logits)
    assert build.path(ours, torch.device("cpu")) == f"transformers' {family}, activated by gelu, on cpu"


def test_memory_that_runs_out_while_it_opens_is_no_fault_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A base that bitsandbytes packs on a card that is too small: not a config.json to look at."""
    write_model(network("llama"), tmp_path, IDS)

    def fails(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", fails)
    with pytest.raises(torch.OutOfMemoryError):
        build.open_model(tmp_path)
