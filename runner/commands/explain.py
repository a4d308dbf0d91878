"""recipe explain: the page of a code, a step or a field."""

import re
import sys
from textwrap import fill, indent

import click

from schemas.findings import RulePage

CODE = re.compile(r"[A-Za-z][0-9OIlL]{1,4}")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("word", metavar="[CODE|STEP|FIELD]", required=False)
def explain(word: str | None) -> int:
    """Say what a finding's CODE means, what a STEP does and takes, or what a FIELD is; without one, list the codes."""
    from runner.pages import pages

    known = pages()
    if word is None:
        sys.stdout.write(listed(known) + "\n")
        return 0
    page = known.get(word.upper())
    if page is not None:
        sys.stdout.write(page_text(page) + "\n")
        return 0
    if CODE.fullmatch(word):
        raise click.UsageError(f"there is no code {word}; {_near_code(word, known)}")
    from runner import manual

    text = manual.page_of(word)
    if text is None:
        from runner.nearest import nearest

        near = nearest(word.rpartition(".")[2], manual.names())
        hint = f"did you mean {near}?" if near else "see `recipe explain` for the codes, `recipe explain train` for a step"
        raise click.UsageError(f"there is no code, step or field {word}; {hint}")
    sys.stdout.write(text + "\n")
    return 0


def _near_code(code: str, known: dict[str, RulePage]) -> str:
    from runner.nearest import nearest

    digits = code[:1].upper() + code[1:].upper().translate(str.maketrans("OIL", "011"))
    near = digits if digits in known else nearest(code.upper(), known, 0.5)
    same = [c for c in known if c[:1] == code[:1].upper()]
    return f"did you mean {near}?" if near else f"codes of that letter: {', '.join(same)}" if same else "see `recipe explain`"


def page_text(page: RulePage) -> str:
    """A page as it is printed."""
    word = "" if page.severity == "error" else f" ({page.severity})"
    parts = [f"{page.code}: {page.title}{word}", fill(page.why, 88)]
    if page.wrong:
        parts.append(f"wrong:\n{indent(page.wrong.rstrip(), '    ')}")
    if page.right:
        parts.append(f"right:\n{indent(page.right.rstrip(), '    ')}")
    if page.source:
        parts.append(f"seen in: {page.source}")
    if page.needs != "the recipe":
        parts.append(f"looks at: {page.needs}")
    return "\n\n".join(parts)


def listed(known: dict[str, RulePage]) -> str:
    """All codes with their titles, by what they are about."""
    from runner.pages import SECTIONS

    lines: list[str] = []
    for letter, about in SECTIONS.items():
        rows = [f"  {page.code}  {page.title}" for page in known.values() if page.code[0] == letter]
        if rows:
            lines += ["", about, *rows] if lines else [about, *rows]
    return "\n".join(lines)
