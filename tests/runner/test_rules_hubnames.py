"""Names on the hub that can be none."""

from pathlib import Path

import pytest

from tests.runner.judged import STORIES, meant

MODEL = "{family: mamba, d_model: 512, n_layers: 12}"


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ('"llama3.2:1b"', "write the name on the hub of the weights that it was made from, such as meta-llama/Llama-3.2-1B-Instruct"),
        ("gemma2:2b-instruct-q4_0", "write the name on the hub of the weights that it was made from, such as google/gemma-2-2b-it"),
        ("llama3.2:latest", "write the name on the hub of the weights that it was made from, such as meta-llama/Llama-3.2-3B-Instruct"),
        ("mistral", "write the name on the hub of the weights that it was made from, such as mistralai/Mistral-7B-Instruct-v0.3"),
        ('"my:tag"', "write the name on the hub of the weights that it was made from: owner/name"),
        ("a/b@1234", "write hub: a/b, revision: 1234"),
    ],
)
def test_a_name_that_is_none_is_told(name: str, fix: str, tmp_path: Path):
    """With what to write; a name that can be none is not said to be missing in the cache."""
    found = meant(tmp_path, (MODEL, f"{{base: {{hub: {name}}}}}")).findings
    assert [f.fix for f in found if f.code == "H036"] == [fix]
    assert not [f for f in found if f.code == "H026" and name != "mistral"]


@pytest.mark.parametrize("name", ["gpt2", "Qwen/Qwen2.5-0.5B", "a/b_c.d-e", "./here"])
def test_a_name_or_a_path_is_not_told(name: str, tmp_path: Path):
    """Of old models without an owner, too."""
    assert not [f for f in meant(tmp_path, (MODEL, f"{{base: {{hub: {name}}}}}")).findings if f.code == "H036"]


def test_a_data_set_may_be_called_as_a_model_is(tmp_path: Path):
    """Only models are Ollama's."""
    assert not [f for f in meant(tmp_path, (STORIES, "{hub: mistral}")).findings if f.code == "H036"]


def test_a_loader_is_no_data_set(tmp_path: Path):
    """json, csv and their like are what load_dataset reads files by."""
    (finding,) = [f for f in meant(tmp_path, (STORIES, "{hub: json}")).findings if f.code == "H036"]
    assert finding.fix == "write path: and the files; their kind goes by their names"
