"""The arithmetic of memory and file sizes, against what torch keeps and the exporter writes."""

import pytest

from schemas import ModelConfig
from steps.sizing.budget import export_bytes, layer_bytes, lora_parameters, step_flops, training_memory

SIZES = {"mamba": {"d_state": 16}, "mamba2": {"d_state": 64}, "llama": {"n_heads": 8, "n_kv_heads": 2}, "gpt2": {}}


def model(family: str, **more: object) -> ModelConfig:
    return ModelConfig.model_validate({"family": family, "vocab_size": 1000, "d_model": 128, "n_layers": 3, **SIZES[family], **more})


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("family", list(SIZES))
def test_a_layer_keeps_what_is_counted(family: str, half: bool) -> None:
    """Bytes that autograd saves for one layer of our own networks, to 5 %; below fp32 the copies of the weights counted apart."""
    torch = pytest.importorskip("torch")
    from steps.lm.build import build

    torch.set_num_threads(1)

    def saved(layers: int) -> int:
        config = model(family, n_layers=layers)
        network = build(config, 1000, {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}, 256, 1).train()
        weights = {p.data_ptr() for p in network.parameters()}
        copies = {tuple(p.shape) for p in network.parameters()} | {tuple(p.shape[::-1]) for p in network.parameters()}
        seen: dict[int, int] = {}
        kept = []

        def pack(tensor: object) -> object:
            storage = tensor.untyped_storage()  # type: ignore[attr-defined]
            if storage.data_ptr() not in weights and tuple(tensor.shape) not in copies:  # type: ignore[attr-defined]
                seen[storage.data_ptr()] = storage.nbytes()
                kept.append(tensor)
            return tensor

        ids = torch.randint(4, 1000, (3, 192))
        with torch.autocast("cpu", torch.bfloat16, enabled=half), torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
            network.get_submodule(network.base_model_prefix)(input_ids=ids, use_cache=False)
        return sum(seen.values())

    assert (saved(3) - saved(2)) / 576 == pytest.approx(layer_bytes(model(family), 192, half), rel=0.05)


@pytest.mark.parametrize("family", list(SIZES))
def test_memory_grows_with_batch_and_length_and_lora_saves_the_moments(family: str) -> None:
    """Twice the rows are twice the activations; LoRA keeps gradients of the adapters alone."""
    one = training_memory(model(family), batch_size=2, length=256, precision="fp32")
    two = training_memory(model(family), batch_size=4, length=256, precision="fp32")
    lora = training_memory(model(family), batch_size=2, length=256, precision="fp32", method="lora", lora_parameters=1000)
    assert two["activations"] == 2 * one["activations"]
    assert (one["optimizer"], lora["optimizer"], lora["gradients"]) == (8 * model(family).parameters(256), 8000, 4000)


def test_checkpointing_and_half_precision_take_less() -> None:
    """Both are there to save activations."""
    big = ModelConfig(family="llama", vocab_size=32000, d_model=1024, n_layers=16)
    plain = training_memory(big, batch_size=8, length=1024, precision="fp32")["activations"]
    assert training_memory(big, batch_size=8, length=1024, precision="bf16")["activations"] < 0.75 * plain
    assert training_memory(big, batch_size=8, length=1024, precision="fp32", checkpointing=True)["activations"] < 0.2 * plain


def test_a_known_model_has_its_known_size() -> None:
    """A llama of 7 B parameters in bf16 with adamw: 16 bytes a parameter and two for the copy, and a q4_0 file of about 3.9 GB."""
    seven = ModelConfig(family="llama", vocab_size=32000, d_model=4096, n_layers=32, n_heads=32, d_ff=11008, tie_embeddings=False)
    memory = training_memory(seven, batch_size=1, length=512, precision="bf16")
    parameters = seven.parameters()
    assert parameters == 6_738_415_616
    assert memory["weights"] + memory["gradients"] + memory["optimizer"] == 18 * parameters
    assert 3.7e9 < export_bytes(seven, "q4_0") < 4.0e9
    assert step_flops(seven, 1, 512) == pytest.approx(6 * parameters, rel=0.05)


@pytest.mark.parametrize("family", list(SIZES))
def test_lora_parameters_are_what_peft_makes(family: str) -> None:
    """Counted on the adapters of a real network."""
    pytest.importorskip("peft")
    from schemas.training import DEFAULT_TARGETS, LoraSettings
    from steps.lm import adapters
    from steps.lm.build import build

    network = build(model(family), 1000, {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}, 64, 1)
    adapters.add(network, family, LoraSettings(r=4), 1)
    made = sum(p.numel() for name, p in network.named_parameters() if "lora_" in name)
    assert made == lora_parameters(model(family), 4, tuple(DEFAULT_TARGETS[family]))
