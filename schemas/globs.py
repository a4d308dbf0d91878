"""Globs as shells read them."""

import re

CHOICE = re.compile(r"\{([^{}]*,[^{}]*)\}")  # the innermost: {txt,md}


def alternatives(pattern: str) -> list[str]:
    """What `pattern` stands for: `text/*.{txt,md}` is `text/*.txt` and `text/*.md`. Braces without a comma are letters like others."""
    found = CHOICE.search(pattern)
    if found is None:
        return [pattern]
    spread = [each for choice in found[1].split(",") for each in alternatives(pattern[: found.start()] + choice + pattern[found.end() :])]
    return list(dict.fromkeys(spread))
