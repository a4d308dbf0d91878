"""Models that the recipe did not make: their rows as config, weights, adapter and GGUF have them."""

import json

import numpy as np
import pytest

from schemas import RecipeError
from steps.text.agreement import of_model, rows_of

safetensors = pytest.importorskip("safetensors.numpy")


def folder(path, config=None, adapter=None, **tensors):
    path.mkdir(parents=True, exist_ok=True)
    if config is not None:
        (path / "config.json").write_text(json.dumps({"vocab_size": config}))
    if adapter is not None:
        (path / "adapter_config.json").write_text(json.dumps(adapter))
    if tensors:
        arrays = {name.replace("__", "."): np.zeros(shape, dtype=np.float32) for name, shape in tensors.items()}
        safetensors.save_file(arrays, path / ("adapter_model.safetensors" if adapter else "model.safetensors"))
    return path


def told(path, size):
    return [(c.where, c.size, c.agrees, c.code) for c in of_model(path, size, "model")]


def test_config_and_weights(tmp_path):
    """Both are looked at: the weights of Llama, GPT-2 and Mamba by their names; positions are no vocabulary."""
    path = folder(tmp_path / "a", 64, model__embed_tokens__weight=(64, 4), lm_head__weight=(64, 4))
    assert told(path, 60) == [("model", 64, True, "V102"), ("model: embedding", 64, True, "V102"), ("model: output head", 64, True, "V102")]
    path = folder(tmp_path / "b", 64, transformer__wte__weight=(64, 4), transformer__wpe__weight=(1024, 4))
    assert told(path, 64)[1:] == [("model: embedding", 64, True, "V102")]
    assert rows_of(folder(tmp_path / "c", 64, backbone__embeddings__weight=(60, 4))) == 60
    assert rows_of(tmp_path) is None


def test_too_few_rows(tmp_path):
    """V101 names the largest id that has none."""
    [found] = of_model(folder(tmp_path, 32_000), 50_257, "model")
    assert (found.agrees, found.code) == (False, "V101")
    assert found.note == "the model has rows for 32000 tokens (ids 0 to 31999), but id 50256 occurs (in the tokenizer)"


def test_a_config_that_its_weights_belie(tmp_path):
    """Somebody wrote another vocab_size into config.json."""
    path = folder(tmp_path, 50_304, model__embed_tokens__weight=(32, 4))
    assert told(path, 30)[1] == ("model: embedding", 32, False, "V102")
    assert of_model(path, 30, "model")[1].note.startswith("config.json says 50304, the weights have 32 rows")


def test_tokens_that_lora_added(tmp_path):
    """An adapter that keeps its embedding counts by that; one that does not must do with its base's rows."""
    base = folder(tmp_path / "base", 100)
    settings = {"base_model_name_or_path": str(base)}
    whole = folder(tmp_path / "whole", None, settings, base_model__model__model__embed_tokens__weight=(104, 4))
    assert told(whole, 104) == [("model: embedding", 104, True, "V102")]
    bare = folder(tmp_path / "bare", None, settings, base_model__model__layers__0__q_proj__lora_A__weight=(4, 4))
    assert told(bare, 100) == [("model: adapter", 100, True, "V102")]
    [found] = of_model(bare, 104, "model")
    assert (found.agrees, found.code, found.note.endswith("4 added tokens were never learnt")) == (False, "V101", True)
    lost = folder(tmp_path / "lost", None, {"base_model_name_or_path": "someone/elsewhere"})
    assert told(lost, 104) == [("model: adapter", 104, True, "V102")]


def test_a_gguf_file(tmp_path):
    """Its embedding and its pieces, which must be as many."""
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    writer.add_token_list([f"t{i}".encode() for i in range(60)])
    writer.add_tensor("token_embd.weight", np.zeros((64, 4), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert told(tmp_path / "m.gguf", 60) == [("model: embedding", 64, True, "V102"), ("model: pieces", 60, False, "V102")]


def test_damaged_files(tmp_path):
    """V103 with the file's name."""
    (tmp_path / "model.safetensors").write_bytes(b"not at all")
    with pytest.raises(RecipeError, match=r"V103: model\.safetensors is no safetensors file"):
        of_model(tmp_path, 10, "model")
