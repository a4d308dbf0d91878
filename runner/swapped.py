"""Two settings beside each other that have each other's value: a share where a number is wanted, and the number in the share's place."""

from typing import Any

from runner.numerals import Hint
from schemas.findings import Edit, RecipePath

PAIRS = (  # a share or a small factor, and a count
    ("top_p", "top_k"), ("min_p", "top_k"), ("temperature", "top_k"), ("warmup_ratio", "warmup_steps"), ("lora_dropout", "r"),
    ("lora_dropout", "lora_alpha"), ("dropout", "n_layers"),
)  # fmt: skip


def met(raw: Any, base: RecipePath, path: tuple[str | int, ...]) -> Hint:
    """What to write where the value at `path` and one beside it are each the other's; nothing where they are not."""
    for key in path[:-1]:
        raw = raw.get(key) if isinstance(raw, dict) else None
    if not isinstance(raw, dict):
        return Hint()
    for share, count in PAIRS:
        first, second = raw.get(share), raw.get(count)
        if path[-1] not in (share, count) or not isinstance(first, (int, float)) or not isinstance(second, float):
            continue
        if first > 1 and first == int(first) and 0 < second < 1:
            edits = tuple(Edit("set", (*base, *path[:-1], name), value) for name, value in ((share, second), (count, int(first))))
            return Hint(f"{share} is a share and {count} a number: write {share}: {second:g}, {count}: {int(first)}", edits)
    return Hint()
