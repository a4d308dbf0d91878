"""Every code's page, collected from where it is raised: rules, steps, and the runner's own."""

from collections.abc import Iterator
from functools import cache

from schemas.findings import RulePage

SECTIONS = {
    "Y": "the file's text", "K": "keys and values", "L": "links between steps", "V": "vocabulary", "T": "tokenizer", "D": "data",
    "S": "schedule", "P": "precision and hardware", "B": "batch and memory", "M": "model", "A": "adapters", "E": "export",
    "O": "optimizer", "R": "run and store", "C": "checkpoint", "H": "paths and hub",
}  # fmt: skip


@cache
def pages() -> dict[str, RulePage]:
    """Code to page, in the order of SECTIONS. Where two have one code, the first found stays: tests hold that there are none."""
    found: dict[str, RulePage] = {}
    for page in all_pages():
        found.setdefault(page.code, page)
    order = {letter: number for number, letter in enumerate(SECTIONS)}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0][0], len(order)), item[0])))


def all_pages() -> Iterator[RulePage]:
    """Each page that is declared somewhere."""
    import steps
    from runner import codes, firstrows, ignores, judge, online
    from runner.rules import every

    yield from codes.PAGES
    yield from judge.PAGES
    yield from ignores.PAGES
    yield from firstrows.PAGES
    yield from online.PAGES
    for rule in every():
        yield from rule.pages
    for name in steps.names():
        try:
            step = steps.find(name)
        except Exception:  # noqa: BLE001 - another package's step may fail in any way; `recipe check` says so where it is used
            continue
        if step is not None:
            yield from step.pages
