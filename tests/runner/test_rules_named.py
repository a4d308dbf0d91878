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
