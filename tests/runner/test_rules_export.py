"""Rules about exports and links: what cannot be served is known before it is trained."""

import json
from pathlib import Path

import pytest

from tests.runner.judged import meant, said

TUNED = """\
recipe: tuned
target: rtx4090
steps:
  - type: parse_corpus
    sources: [{path: talk.jsonl}]
  - type: train
    objective: sft
    model: {base: {path: base}}
    max_seq_length: 512
    num_train_epochs: 1
  - type: export_ollama
    parameters: {num_ctx: 512}
"""
SIZES = {
    "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96,
    "vocab_size": 300, "rms_norm_eps": 1e-6, "max_position_embeddings": 4096,
}  # fmt: skip
PREFIXED = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}

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


@pytest.mark.parametrize(
    ("lines", "fixes"),
    [
        ("name: tuned.Q8_0.gguf\n    quantization: q8_0", ["write name: tuned"]),
        ("name: ada/small.gguf", ["write name: ada/small"]),
        ("name: small-q4_K_M\n    quantization: q4_0", ["write name: small-q4_0, or name: small"]),
        ("name: small:q8_0", ["write name: small:f16, or name: small"]),
        ("name: small:q8_0\n    quantization: q8_0", []),
        ("name: small-q8\n    quantization: q8_0", []),
        ("name: small-fp16", []),
        ("name: qwen2.5-q", []),
        ("name: small-f1", []),
    ],
)
def test_a_name_is_no_files_and_says_no_other_format(tmp_path: Path, lines: str, fixes: list[str]):
    """The ending comes by itself; the format may stand in the name where it is the export's own."""
    found = meant(tmp_path, ("export_ollama\n", f"export_ollama\n    {lines}\n")).findings
    assert [f.fix for f in found if f.code == "E029"] == fixes


def test_two_exports_of_one_name(tmp_path: Path):
    """In Ollama the second would replace the first."""
    second = ("export_ollama\n", "export_ollama\n  - type: export_ollama\n    id: again\n    quantization: q8_0\n")
    assert said(tmp_path, second, ("export_ollama\n", "export_ollama\n    id: first\n")) == ["E021"]


def test_a_tokenizer_that_nobody_reads(tmp_path: Path):
    """Made after the last step that could use it."""
    late = "export_ollama\n  - {type: train_tokenizer, id: late, vocab_size: 8000}\n"
    assert said(tmp_path, ("export_ollama\n", late)) == ["L010"]


@pytest.mark.parametrize(("taken", "codes"), [("[parse_corpus, parse_corpus]", ["L011"]), ("[parse_corpus]", [])])
def test_a_corpus_that_is_taken_twice(tmp_path: Path, taken: str, codes: list[str]):
    """Each of its texts would be learned twice."""
    assert said(tmp_path, ("  - type: tokenize_bin\n", f"  - {{type: tokenize_bin, corpus: {taken}}}\n")) == codes


def exported(folder: Path, config: dict[str, object], tokenizer: dict[str, object] | None = None) -> list[tuple[str, str, str]]:
    """Code, key and message of what is said of the export of a base with this config.json."""
    (folder / "base").mkdir(exist_ok=True)
    (folder / "base" / "config.json").write_text(json.dumps({**SIZES, **config}))
    if tokenizer is not None:
        (folder / "base" / "tokenizer.json").write_text(json.dumps(tokenizer))
    talk = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}
    (folder / "talk.jsonl").write_text(json.dumps(talk) + "\n")
    found = meant(folder, base=TUNED).findings
    return [(f.code, str(f.path[-1]) if f.path else "", f.message) for f in found if f.code.startswith("E0") and f.code != "E020"]


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "mistral", "sliding_window": 4096},
        {"model_type": "qwen3", "head_dim": 32},
        {"model_type": "gemma2", "head_dim": 256},
        {"model_type": "gemma3_text", "head_dim": 256},
        {"model_type": "phi3", "sliding_window": 2047},
        {"model_type": "llama", "head_dim": 32,
         "rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
                          "original_max_position_embeddings": 8192}},
    ],
    ids=lambda config: str(config["model_type"]),
)  # fmt: skip
def test_bases_that_can_be_exported_are_not_refused(tmp_path: Path, config: dict[str, object]):
    """What the run writes, and proves, the check lets pass."""
    assert exported(tmp_path, config) == []


def test_rows_beyond_a_window_that_llama_cpp_has_not(tmp_path: Path):
    """Said at the length of the rows, and at the context that Ollama is to have."""
    rows, context = exported(tmp_path, {"model_type": "mistral", "sliding_window": 256})
    assert (rows[:2], context[:2]) == (("E004", "max_seq_length"), ("E004", "num_ctx"))
    assert rows[2].endswith("a sliding window of 256 tokens can be exported for texts of 256 tokens, this is 512: "
                            "llama.cpp computes longer ones in another way")  # fmt: skip


def test_a_scaling_that_llama_cpp_has_not(tmp_path: Path):
    """Said at the base."""
    ((code, key, message),) = exported(tmp_path, {"model_type": "llama", "rope_scaling": {"type": "dynamic", "factor": 2.0}})
    assert (code, key) == ("E004", "base")
    assert "a llama with rotary scaling 'dynamic' cannot be exported" in message


def test_a_tokenizer_that_llama_cpp_has_not(tmp_path: Path):
    """By the same function that the export calls."""
    tokenizer = {"model": {"type": "BPE", "byte_fallback": True, "vocab": {}, "merges": []}, "pre_tokenizer": PREFIXED}
    ((code, key, message),) = exported(tmp_path, {"model_type": "llama"}, tokenizer)
    assert (code, key) == ("E003", "base")
    assert message.endswith("it puts a space before a text that begins with none, and llama.cpp before any")


def test_tokens_that_no_training_reads(tmp_path: Path):
    """A training on answers takes documents; a second one, on tokens, makes them wanted."""
    tuned = ("    max_steps: 1000\n", "    max_steps: 1000\n    objective: sft\n")
    assert said(tmp_path, tuned).count("L010") == 1
    both = ("  - type: export_ollama\n", "  - {type: train, id: more, model: {family: llama}, max_steps: 1000}\n  - type: export_ollama\n")
    assert "L010" not in said(tmp_path, tuned, both)


def test_a_plan_behind_its_training(tmp_path: Path):
    """It stands before the step that it is for; named there it could not be."""
    found = meant(tmp_path, ("  - type: export_ollama\n", "  - type: plan\n  - type: export_ollama\n")).findings
    assert [f.fix for f in found if f.code == "L010"] == ["put plan before train, or delete it"]
