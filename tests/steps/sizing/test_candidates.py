"""Candidates: which settings are weighed, and which is best."""

import pytest

from schemas import Machine, ModelConfig
from schemas.machine import GIB, known
from steps.sizing.candidates import candidates, starting_point
from steps.sizing.subject import precision_on, read_subject
from steps.sizing.throughput import tokens_per_second

PHASE1 = ModelConfig(family="mamba", vocab_size=50257, d_model=256, n_layers=6)


def machine(name: str) -> Machine:
    found = known(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "start"),
    [("gtx1650", (1, 512)), ("rtx4060", (1, 1024)), ("t4", (2, 1536)), ("rtx3090", (4, 2048)), ("a6000", (8, 2048)), ("h100", (8, 2048)),
     ("m1-8gb", (1, 512)), ("m2-16gb", (1, 1024)), ("m3-32gb", (2, 1536)), ("m4-64gb", (4, 2048)), ("m4-128gb", (8, 4096))],
)  # fmt: skip
def test_the_guides_tables_are_the_starting_points(name: str, start: tuple[int, int]) -> None:
    """Rows and length by memory; what the driver keeps for itself does not move a card down a row."""
    assert starting_point(machine(name)) == start


def test_the_effective_batch_is_kept_exactly() -> None:
    """Every candidate's micro-batch times its accumulation is what was asked for."""
    subject = read_subject({"total_batch_size": 96, "max_seq_length": 512})
    found = candidates(subject, PHASE1, machine("t4"), 512, margin=0.8, most=20)
    assert {c.batch_size * c.accumulation for c in found} == {96}
    assert {c.batch_factor for c in found} == {1.0}


def test_above_the_margin_is_rejected() -> None:
    """No candidate that fits passes 80 %, and the smallest that does not is shown."""
    subject = read_subject({"total_batch_size": 4096, "max_seq_length": 512})
    found = candidates(subject, PHASE1, machine("gtx1650"), 512, margin=0.8, most=5)
    assert [c.verdict for c in found] == ["fits"] * 5 + ["over the margin"]
    assert all(c.memory_bytes <= 0.8 * machine("gtx1650").memory_bytes for c in found[:5])
    assert found[5].score == 0.0


def test_the_best_is_neither_the_smallest_nor_the_fullest() -> None:
    """Throughput speaks for large micro-batches, stability against a full memory."""
    subject = read_subject({"total_batch_size": 1024, "max_seq_length": 512})
    found = [c for c in candidates(subject, PHASE1, machine("t4"), 512, margin=0.8, most=99) if c.fits]
    sizes = [c.batch_size for c in found]
    assert min(sizes) < found[0].batch_size < max(sizes)
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)


def test_what_is_written_is_the_only_choice() -> None:
    """A written micro-batch is neither raised nor lowered."""
    subject = read_subject({"batch_size": 3, "gradient_accumulation_steps": 5})
    assert [(c.batch_size, c.accumulation) for c in candidates(subject, PHASE1, machine("t4"), 512, margin=0.8, most=5)] == [(3, 5)]


def test_a_larger_card_takes_no_smaller_batch() -> None:
    """The plan grows with the memory, layers being computed once."""
    subject = read_subject({"total_batch_size": 512, "activation_checkpointing": False})
    chosen = [candidates(subject, PHASE1, machine(n), 512, margin=0.8, most=5)[0].batch_size for n in ("gtx1650", "rtx4060", "t4", "a6000")]
    assert chosen == sorted(chosen)
    assert chosen[0] < chosen[-1]


def test_precision_follows_the_card() -> None:
    """A T4 has no bf16, an A100 has, a CPU trains in fp32."""
    cpu = Machine(name="here", kind="cpu", memory_bytes=8 * GIB)
    assert [precision_on(m) for m in (machine("t4"), machine("a100"), cpu, machine("m2-16gb"))] == ["fp16", "bf16", "fp32", "fp32"]


def test_throughput_is_ordered_as_machines_are() -> None:
    """Larger cards and larger micro-batches are faster, longer rows of attention slower."""
    llama = ModelConfig(family="llama", vocab_size=32000, d_model=512, n_layers=8)
    speeds = [tokens_per_second(llama, machine(n), 8, 512, "fp16") for n in ("gtx1650", "t4", "h100")]
    assert speeds == sorted(speeds)
    assert tokens_per_second(llama, machine("t4"), 1, 512, "fp16") < tokens_per_second(llama, machine("t4"), 16, 512, "fp16")
    assert tokens_per_second(llama, machine("t4"), 1, 8192, "fp16") < tokens_per_second(llama, machine("t4"), 16, 512, "fp16")


def test_speed_of_fine_tuning_counts_tokens_of_the_text() -> None:
    """Rows end to end: all tokens are text, and attention reaches over a document; side by side: what fills rows up is no text."""
    written = {"model": {"family": "llama"}, "objective": "sft", "max_seq_length": 1024}
    llama, mamba = (ModelConfig(family=family, vocab_size=32000, d_model=512, n_layers=8) for family in ("llama", "mamba"))
    t4 = machine("t4")

    def speed(model: ModelConfig, mean: float | None, **more: object) -> float:
        return read_subject({**written, **more}, None, mean).speed(model, t4, 4, 1024, "fp16", 1)

    assert speed(llama, None) == speed(llama, 1024) < speed(llama, 256) < 1.5 * speed(llama, None)
    assert speed(mamba, 256) == pytest.approx(speed(mamba, None) / 4)  # a scan on a GPU takes rows side by side
    assert speed(llama, 256, compile=True) == pytest.approx(speed(llama, None, compile=True) / 4)
    assert speed(mamba, 256, packing="documents") == speed(mamba, None)
    assert speed(llama, 256, objective="lm") == speed(llama, None)
