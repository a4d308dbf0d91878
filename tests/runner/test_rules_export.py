"""Rules about exports and links: what cannot be served is known before it is trained."""

from pathlib import Path

import pytest

from tests.runner.judged import meant, said

TOKENIZER = "vocab_size: 16000"


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("model: bpe", []),
        ("model: unigram", []),
        ("model: unigram\n    byte_fallback: true", ["E001"]),
        ("model: bpe\n    byte_fallback: false", ["E001"]),
        ("model: bpe\n    normalization: nfkc", ["E002"]),
        ("model: unigram\n    normalization: nfkc", []),
        ("model: byte_bpe", []),
    ],
)
def test_tokenizers_that_llama_cpp_reads_exactly(tmp_path: Path, kind: str, codes: list[str]):
    """Measured pairs; the finding stands at the tokenizer, where it is put right."""
    found = meant(tmp_path, (TOKENIZER, f"{TOKENIZER}\n    {kind}")).findings
    assert [f.code for f in found] == codes
    assert all(f.path[1] == "train_tokenizer" and f.edits for f in found)


def test_without_an_export_any_tokenizer_will_do(tmp_path: Path):
    """The same tokenizer is fine for training and for our own files."""
    assert said(tmp_path, (TOKENIZER, f"{TOKENIZER}\n    model: unigram\n    byte_fallback: true"), ("  - type: export_ollama\n", "")) == []


def test_a_context_beyond_the_trained_one(tmp_path: Path):
    """Only families with positions have one."""
    long = ("export_ollama\n", "export_ollama\n    parameters: {num_ctx: 4096}\n")
    assert said(tmp_path, long) == []
    assert said(tmp_path, long, ("family: mamba", "family: llama")) == ["E020"]


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("repeat_penalty: 0.5", ["E023"]),
        ("repeat_penalty: 1.0", []),
        ("temperature: 70", ["E023"]),
        ("num_thread: 8", ["K010"]),
        ("repetition_penalty: 1.1", ["K010"]),
    ],
)
def test_parameters_that_spoil_answers_or_are_not_ours(tmp_path: Path, line: str, codes: list[str]):
    """Factors out of all reason, and keys that Ollama has elsewhere: none is taken for the nearest of ours."""
    found = meant(tmp_path, ("export_ollama\n", f"export_ollama\n    parameters: {{{line}}}\n")).findings
    assert [f.code for f in found] == codes
    assert not any("num_predict" in f.fix for f in found)


def test_a_family_that_llama_cpp_has_not(tmp_path: Path):
    """Said at the model, before anything is trained."""
    (found,) = meant(tmp_path, ("family: mamba,", "family: mamba_hebbian,")).findings
    assert (found.code, found.path[-2:]) == ("E004", ("model", "family"))
    assert found.message.startswith("export_ollama cannot export a mamba_hebbian: llama.cpp has no such architecture")
    assert said(tmp_path, ("family: mamba,", "family: mamba_hebbian,"), ("  - type: export_ollama\n", "")) == []


def test_two_exports_of_one_name(tmp_path: Path):
    """In Ollama the second would replace the first."""
    second = ("export_ollama\n", "export_ollama\n  - type: export_ollama\n    id: again\n    quantization: q8_0\n")
    assert said(tmp_path, second, ("export_ollama\n", "export_ollama\n    id: first\n")) == ["E021"]


def test_a_tokenizer_that_nobody_reads(tmp_path: Path):
    """Made after the last step that could use it."""
    late = "export_ollama\n  - {type: train_tokenizer, id: late, vocab_size: 8000}\n"
    assert said(tmp_path, ("export_ollama\n", late)) == ["L010"]
