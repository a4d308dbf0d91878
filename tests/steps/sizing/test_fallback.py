"""What is given up for want of memory, in which order."""

from steps.sizing.fallback import Live, reduced


def order(live: Live, kind: str, during: str = "training", adapted: int = 0) -> list[str]:
    """Names of what is given up until nothing is left."""
    names = []
    while (found := reduced(live, kind=kind, during=during, adapted_layers=adapted)) is not None:  # type: ignore[arg-type]
        live, name = found
        names.append(name)
    return names


def test_the_order_on_cuda():
    """Micro-batch, twice; checkpointing; loss chunks; a quarter of the length; then the micro-batch again, as accumulation rises."""
    assert order(Live(rows=64, batch_size=16, eval_batch_size=8, length=512), "cuda") == [
        "batch_size", "batch_size", "activation_checkpointing", "loss_chunk_tokens", "loss_chunk_tokens", "max_seq_length",
        "batch_size", "batch_size", "max_seq_length", "max_seq_length",
    ]  # fmt: skip


def test_the_order_on_metal():
    """Validation's batch, the micro-batch, what costs nothing else, the length, and at last adapted layers."""
    found = order(Live(rows=8, batch_size=2, eval_batch_size=4, length=512, loss_chunk_tokens=64), "mps", adapted=4)
    assert found == ["eval_batch_size", "eval_batch_size", "batch_size", "activation_checkpointing", "max_seq_length", "max_seq_length",
                     "max_seq_length", "lora.layers", "lora.layers"]  # fmt: skip


def test_the_effective_batch_is_kept():
    """Halving the micro-batch doubles accumulation; the rows of a step stay."""
    now, _ = reduced(Live(rows=24, batch_size=8, eval_batch_size=8, length=64), kind="cuda", during="training") or (None, "")
    assert now is not None
    assert (now.rows, now.batch_size, now.accumulation) == (24, 4, 6)


def test_validation_has_a_budget_of_its_own():
    """Out of memory in validation never touches the training."""
    assert set(order(Live(rows=8, batch_size=8, eval_batch_size=8, length=64), "cuda", "validation")) == {
        "eval_batch_size", "loss_chunk_tokens"}  # fmt: skip


def test_with_one_row_and_nothing_else_it_stops():
    """More accumulation frees nothing."""
    spent = Live(rows=8, batch_size=1, eval_batch_size=1, length=64, checkpointing=True, loss_chunk_tokens=64, cuts=3)
    assert reduced(spent, kind="cuda", during="training") is None
