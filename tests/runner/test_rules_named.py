"""What the names of hub models tell that nobody has looked at."""

from pathlib import Path

import pytest

from tests.runner.judged import meant

MODEL = "{family: mamba, d_model: 512, n_layers: 12}"


def told(folder: Path, name: str) -> list[tuple[str, str]]:
    """Code and message of what is said of a base by its name alone."""
    found = meant(folder, (MODEL, f"{{base: {{hub: {name}}}}}")).findings
    return [(f.code, f.message) for f in found if f.code in ("C040", "C042", "H023")]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("google-bert/bert-base-uncased", "C042", "an encoder"),
        ("FacebookAI/xlm-roberta-large", "C042", "an encoder"),
        ("BAAI/bge-m3", "C042", "an encoder"),
        ("intfloat/multilingual-e5-base", "C042", "an encoder"),
        ("google/flan-t5-base", "C042", "an encoder with a decoder"),
        ("facebook/bart-large-cnn", "C042", "an encoder with a decoder"),
        ("openai/whisper-small", "C042", "an encoder with a decoder"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "C042", "a model of pictures or sound"),
        ("meta-llama/Llama-3.2-11B-Vision-Instruct", "C042", "a model of pictures or sound"),
        ("tloen/alpaca-lora-7b", "C040", "an adapter (…-lora)"),
        ("someone/my-adapter", "C040", "an adapter (…-adapter)"),
    ],
)
def test_a_name_of_another_kind_of_model_is_told(tmp_path: Path, name: str, code: str, said: str):
    """An encoder, a model of pictures, an adapter: by a part of its name."""
    found = told(tmp_path, name)
    assert [each[0] for each in found] == [code]
    assert said in found[0][1]


@pytest.mark.parametrize(
    "name",
    [
        "Qwen/Qwen2.5-7B-Instruct", "gpt2", "distilgpt2", "EleutherAI/pythia-160m", "state-spaces/mamba-130m-hf", "babylm/gpt-bert-10m",
        "Alibaba-NLP/gte-Qwen2-7B-instruct", "someone/explorer-1b", "albert/storyteller", "HuggingFaceTB/SmolLM2-135M", "microsoft/phi-4",
    ],
)  # fmt: skip
def test_names_of_models_that_write_are_left_alone(tmp_path: Path, name: str):
    """Also where a part of another kind's name stands in them, or an owner is called so."""
    assert told(tmp_path, name) == []


def test_a_missing_owner_is_added_where_one_is_known(tmp_path: Path):
    """A model of one owner alone is offered; the oldest models have none."""
    found = meant(tmp_path, (MODEL, "{base: {hub: Qwen2.5-7B-Instruct}}")).findings
    assert [f.fix for f in found if f.code == "H023"] == ["write hub: Qwen/Qwen2.5-7B-Instruct"]
    found = meant(tmp_path, (MODEL, "{base: {hub: someones-model}}")).findings
    assert [f.fix for f in found if f.code == "H023"] == ["write owner/name as huggingface.co has it, or path: for a folder"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("EleutherAI/pythia-1.4b", "gpt_neox"), ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mixtral"), ("bigscience/bloomz-1b7", "bloom"),
        ("Qwen/Qwen3-30B-A3B", "qwen3_moe"), ("deepseek-ai/DeepSeek-V2-Lite", "deepseek_v2"), ("facebook/opt-1.3b", "opt"),
        ("tiiuae/falcon-mamba-7b", "falcon_mamba"), ("meta-llama/Llama-4-Scout-17B-16E", "llama4"), ("microsoft/phi-2", "phi"),
        ("Qwen/Qwen3-4B", ""), ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", ""), ("deepseek-ai/DeepSeek-R1-0528-Qwen3-8B", ""),
        ("tiiuae/Falcon3-7B-Base", ""), ("microsoft/Phi-3.5-mini-instruct", ""), ("state-spaces/mamba-130m-hf", ""),
        ("nvidia/Llama-3.1-Nemotron-Nano-8B-v1", ""), ("HuggingFaceTB/SmolLM2-135M", ""), ("mistralai/Mistral-7B-v0.3", ""),
    ],
)  # fmt: skip
def test_a_kind_that_is_not_exported_is_told_by_its_name(tmp_path: Path, name: str, kind: str):
    """Only where it would be exported."""
    base = (MODEL, f"{{base: {{hub: {name}}}}}")
    found = [f.message for f in meant(tmp_path, base).findings if f.code == "E004"]
    assert found == ([f"{name} is named like a model of type {kind}, which export_ollama does not write"] if kind else [])
    alone = meant(tmp_path, base, ("  - type: export_ollama\n", "")).findings
    assert not any(f.code == "E004" for f in alone)


@pytest.mark.parametrize(
    ("name", "codes"), [("openai/gpt-oss-20b", ["A110"]), ("deepseek-ai/DeepSeek-V3", ["A110"]), ("someone/gpt-oss-20b-bf16", [])]
)
def test_a_base_that_is_only_there_in_few_bits_is_told_by_its_name(tmp_path: Path, name: str, codes: list[str]):
    """Copies in sixteen bits are called so."""
    found = meant(tmp_path, (MODEL, f"{{base: {{hub: {name}}}}}")).findings
    assert [f.code for f in found if f.code == "A110"] == codes


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("onnx-community/Llama-3.2-1B-Instruct-ONNX", "H022", "name the model that it was made from"),
        ("google/gemma-7b-flax", "H022", "name the model that it was made from"),
        ("litert-community/Gemma3-1B-IT", "H022", "name the model that it was made from"),
        ("OpenVINO/Qwen2.5-7B-Instruct-int4-ov", "A110", "name the model that it was made from"),
        ("meta-llama/Llama-2-7b", "H023", "write hub: meta-llama/Llama-2-7b-hf"),
        ("meta-llama/Llama-2-7b-chat", "H023", "write hub: meta-llama/Llama-2-7b-chat-hf"),
        ("ISTA-DASLab/Llama-3.1-8B-AQLM-PV-2Bit-1x16-hf", "A110", "name the model that it was made from"),
        ("microsoft/bitnet-b1.58-2B-4T", "A110", "name the model that it was made from"),
        ("RedHatAI/Llama-3.2-3B-Instruct-FP8-dynamic", "A110", "name the model that it was made from"),
    ],
)
def test_copies_for_other_libraries_and_in_few_bits(tmp_path: Path, name: str, code: str, words: str):
    """By the end of their names, such as their makers write it."""
    found = {f.code: f.fix for f in meant(tmp_path, (MODEL, f"{{base: {{hub: {name}}}}}")).findings if f.severity != "info"}
    assert found.get(code) == words


@pytest.mark.parametrize("name", ["meta-llama/Llama-2-7b-hf", "google/gemma-2-2b", "coverage/ovation-1b", "someone/flaxen-1b"])
def test_copies_for_this_library_are_let_be(tmp_path: Path, name: str):
    """A part of a word is no format."""
    found = meant(tmp_path, (MODEL, f"{{base: {{hub: {name}}}}}")).findings
    assert not {f.code for f in found} & {"H022", "H023", "A110"}
