"""Shards: how many files the tokens of a bin become."""

from collections.abc import Iterator

from runner.rules import View, number, path, rule, say
from schemas.artifacts import TokenBinForecast
from schemas.findings import Edit, Finding, RulePage

MANY = 1000  # files of one bin
SMALL = 10_000  # tokens of a file, where nobody knows how many there will be


@rule(
    RulePage(
        "D126",
        "token files so small that there are thousands",
        "shard_tokens bounds the tokens of one file, so that a file system or a copy can hold it. Small ones make as many files as there "
        "are tokens: each is written, digested, kept in the store and opened by itself. It is no length of a row: that is max_seq_length.",
        wrong="- type: tokenize_bin\n  shard_tokens: 512",
        right="- type: tokenize_bin",
        source="shard_size = int(1e8) in public preparations of FineWeb-Edu",
        severity="warning",
        needs="the recipe and the sizes of the data",
    )
)
def shards_are_few(view: View) -> Iterator[Finding]:
    """D126: files by the forecast of the tokens, or by their size alone where there is none."""
    for step in view.of_type("tokenize_bin"):
        size, made = number(step, "shard_tokens"), step.forecast
        if size is None or size < 1:
            continue
        tokens = made.train_tokens if isinstance(made, TokenBinForecast) else None
        files = tokens / size if tokens else None
        if (files is None and size >= SMALL) or (files is not None and files <= MANY):
            continue
        many = f"about {int(files):,} files" if files else f"files of {2 * int(size):,} bytes or so"
        edits = (Edit("delete", path(step, "shard_tokens")),)
        message = f"shard_tokens: {int(size):,} makes {many} of the tokens"
        yield say("D126", step, "shard_tokens", message, "delete the line: one file is the default", severity="warning", edits=edits)
