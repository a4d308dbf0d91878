"""Settings that are out of work: another one rules them out, or a number lets all or nothing through."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import LM, SFT, Case, findings

SOURCE, STEPS, VALIDATE = "      - path: data/stories.jsonl\n", "    max_steps: 1000\n", "  - type: validate_checkpoint\n"


def found(folder: Path, codes: tuple[str, ...], changes: dict[str, str], base: str = LM) -> list[tuple[str, str, str]]:
    """Code, severity and fix of what is said of a sound recipe with these changes, of these codes."""
    return [(f.code, f.severity, f.fix) for f in findings(Case("", "", base, changes), folder / "project") if f.code in codes]


@pytest.mark.parametrize(
    ("key", "idle", "at_work", "severity"),
    [
        (SOURCE, "    clean: {similarity: 0.7}", "    clean: {similarity: 0.7, near_duplicates: drop}", "warning"),
        (SOURCE, "    clean: {similarity: 0.7, near_duplicates: keep}", "    clean: {near_duplicates: together}", "warning"),
        (SOURCE, "        fallback: {path: data/stories.jsonl}", "        fallback: {hub: a/stories}", "warning"),
        (STEPS, "    on_expect: stop", "    on_expect: stop\n    expect: {500: {train_loss: [1, 6]}}", "warning"),
        (STEPS, "    weight_decay: 0\n    decay_embeddings: false", "    decay_embeddings: false", "info"),
        (VALIDATE, "    max_new_tokens: 20", "    max_new_tokens: 20\n    prompts: [Once]", "info"),
        ("  - type: tokenize_bin\n", "  - {type: plan, skip_dry_run: true, dry_run_steps: 5}",
         "  - {type: plan, dry_run_steps: 5}", "info"),
    ],
)  # fmt: skip
def test_a_setting_that_another_rules_out_is_told(tmp_path: Path, key: str, idle: str, at_work: str, severity: str):
    """At its key; beside what it belongs to nothing is said."""
    assert [f[:2] for f in found(tmp_path / "a", ("K015",), {key: f"{key}{idle}\n"})] == [("K015", severity)]
    assert found(tmp_path / "b", ("K015",), {key: f"{key}{at_work}\n"}) == []


@pytest.mark.parametrize(
    ("tokens", "fix"),
    [("['<|im_end|>']", "delete it"), ("['<|im_end|>', '<tool>']", 'write add_tokens: ["<tool>"]'), ("['<tool>']", "")],
)
def test_tokens_that_the_base_has_are_not_added(tmp_path: Path, tokens: str, fix: str):
    """What is left of the list is the fix."""
    rate = "    learning_rate: 2e-4\n"
    said = found(tmp_path, ("K015",), {rate: f"{rate}    add_tokens: {tokens}\n"}, SFT)
    assert said == ([("K015", "warning", fix)] if fix else [])


@pytest.mark.parametrize(
    ("key", "absurd", "sound"),
    [
        (SOURCE, "    clean: {near_duplicates: drop, similarity: 0.4}", "    clean: {near_duplicates: drop, similarity: 0.6}"),
        ("  - type: tokenize_bin\n", "  - {type: plan, dry_run_steps: 500}", "  - {type: plan, dry_run_steps: 20}"),
        ("    vocab_size: 1000\n", "  - {type: split_long, max_tokens: 16}", "  - {type: split_long, max_tokens: 64}"),
        (STEPS, "    loss_chunk_tokens: 1", "    loss_chunk_tokens: 64"),
        (STEPS, "    on_spike: skip\n    spike_factor: 1.01", "    on_spike: skip\n    spike_factor: 3"),
        (VALIDATE, "    tolerance: 1e-12", "    tolerance: 1e-6"),
    ],
)
def test_a_number_far_from_all_reason_is_told(tmp_path: Path, key: str, absurd: str, sound: str):
    """Slips of a unit or an exponent; small and large ones that somebody may mean are let be."""
    assert [f[:2] for f in found(tmp_path / "a", ("S016",), {key: f"{key}{absurd}\n"})] == [("S016", "warning")]
    assert found(tmp_path / "b", ("S016",), {key: f"{key}{sound}\n"}) == []


def test_a_gate_that_lets_all_through_is_told(tmp_path: Path):
    """An unknown rate of 1 passes a text of nothing else; 0 is the strictest, and meant."""
    vocabulary = "    checkpoint: {path: models/base}\n"
    for rate, codes in (("1", ["S016"]), ("0", []), ("0.01", [])):
        said = found(tmp_path / rate, ("S016", "K003"), {vocabulary: f"{vocabulary}    max_unknown_rate: {rate}\n"}, SFT)
        assert [f[0] for f in said] == codes


def test_what_the_schema_refuses_is_told_once(tmp_path: Path):
    """K003 or D130 speaks, and not the rule about extremes beside it."""
    for number, (key, line, code) in enumerate((
        (STEPS, "    spike_factor: 1\n    on_spike: skip", "K003"),
        (STEPS, "    warmup_ratio: 3", "K003"),
        ("    vocab_size: 1000\n", "  - {type: split_long, max_tokens: 8}", "D130"),
        (SOURCE, "    clean: {near_duplicates: drop, similarity: 0.2}", "K003"),
    )):  # fmt: skip
        assert [f[0] for f in found(tmp_path / str(number), ("S016", "K003", "D130"), {key: f"{key}{line}\n"})] == [code]


@pytest.mark.parametrize(
    ("lora", "told"),
    [
        ("r: 8, lora_alpha: 1", True), ("r: 16, lora_alpha: 3", True), ("r: 8, lora_alpha: 256", True), ("r: 8, lora_alpha: 2", False),
        ("r: 1, lora_alpha: 32", False), ("r: 32, lora_alpha: 4", False), ("r: 8, lora_alpha: 1, use_rslora: true", False),
    ],
)  # fmt: skip
def test_a_scale_that_was_not_meant(tmp_path: Path, lora: str, told: bool):
    """Of low ranks a quarter is the least; 32 is too much but of rank 1, where it is in use; high ranks are trained with less."""
    said = found(tmp_path, ("A113",), {"{r: 8, lora_alpha: 16}": f"{{{lora}}}"}, SFT)
    assert [f[0] for f in said] == ["A113"] * told


@pytest.mark.parametrize(
    ("symbols", "codes"),
    [("[e]", ["T125"]), ("['<tr>', 'ğ', the]", ["T125"]), ("[' the']", ["T125"]), ("[the, COVID]", []), ("['<tr>', '|', '1.']", [])],
)
def test_a_symbol_that_is_cut_out_of_words(tmp_path: Path, symbols: str, codes: list[str]):
    """A letter or two, or a blank, which SentencePiece writes as a mark; names and signs may be meant."""
    size = "    vocab_size: 1000\n"
    assert [f[0] for f in found(tmp_path, ("T125",), {size: f"{size}    user_symbols: {symbols}\n"})] == codes


def test_sentencepiece_cuts_words_at_such_a_symbol():
    """The facts that T125 stands on."""
    import io

    spm = pytest.importorskip("sentencepiece")
    pieces = {}
    for symbol in ("e", " the"):
        model = io.BytesIO()
        spm.SentencePieceTrainer.train(
            sentence_iterator=iter(["the fox and the hen met the dog near the well"] * 200), model_writer=model, vocab_size=40,
            model_type="bpe", user_defined_symbols=[symbol], hard_vocab_limit=False, minloglevel=2,
        )  # fmt: skip
        pieces[symbol] = spm.SentencePieceProcessor(model_proto=model.getvalue()).encode("the hen", out_type=str)
    assert "e" in pieces["e"]
    assert " the" not in pieces[" the"]


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        ("[{steps: 400, train: [layers.3]}, {train: [lm_head]}]", True),
        ("[{steps: 400, train: [layers.3]}, {train: [all]}]", False),
        ("[{steps: 400, train: [layers]}, {train: [embed_tokens, lm_head]}]", False),
    ],
)
def test_weights_of_a_new_network_that_no_stage_trains(tmp_path: Path, stages: str, told: bool):
    """They stay as they were drawn; a norm alone is not told."""
    assert [f[0] for f in found(tmp_path, ("S028",), {STEPS: f"{STEPS}    stages: {stages}\n"})] == ["S028"] * told


def test_frozen_weights_of_an_earlier_training_may_be_left(tmp_path: Path):
    """Where init_from brings them, a stage for the new ones alone is the way."""
    second = "  - type: train\n    id: b\n    model: {family: llama, d_model: 256, n_layers: 6, n_heads: 4}\n    init_from: {step: train}\n"
    second += "    max_steps: 10\n    stages: [{train: [layers.5]}]\n" + VALIDATE
    assert found(tmp_path, ("S028",), {VALIDATE: second}) == []


def test_a_login_of_wandb_is_a_secret(tmp_path: Path):
    """Forty digits as entity; a commit has forty as well, where it belongs."""
    key = "0123456789abcdef0123456789abcdef01234567"
    said = found(tmp_path / "a", ("D124",), {STEPS: f"{STEPS}    tracking: {{wandb: {{entity: {key}}}}}\n"})
    assert [f[0] for f in said] == ["D124"]
    assert "WANDB_API_KEY" in said[0][2]
    assert found(tmp_path / "b", ("D124",), {SOURCE: f"      - {{hub: a/b, revision: {key}}}\n"}) == []


def test_a_base_that_writes_no_text_is_told_once(tmp_path: Path):
    """C042 says why it cannot be trained; that GGUF has no place for it would follow from that."""
    case = Case("", "", SFT, files={"models/base/config.json": {"model_type": "bert", "architectures": ["BertForMaskedLM"]}})
    codes = [f.code for f in findings(case, tmp_path / "project")]
    assert "C042" in codes
    assert "E004" not in codes
