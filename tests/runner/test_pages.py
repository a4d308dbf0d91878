"""pages: a code that can be raised can be explained."""

import re
from collections import Counter

import pytest

from runner.pages import SECTIONS, all_pages, pages
from tests.conftest import ROOT

CALLS = "RecipeError|Finding|say|warn|PydanticCustomError|_mistake|complain|refuse|_said|Refusal|_say"
RAISED = re.compile(rf'(?:{CALLS})\(\s*(?:self, |state, )?"([A-Z]\d{{3}})"')


def raised() -> dict[str, str]:
    """Code to a file that raises it."""
    found = {}
    for room in ("runner", "steps", "schemas"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for code in RAISED.findall(path.read_text("utf-8")):
                found[code] = str(path.relative_to(ROOT))
    return found


@pytest.mark.parametrize(("code", "file"), sorted(raised().items()))
def test_a_code_that_is_raised_has_a_page(code: str, file: str):
    """Whoever reads the code on the screen can ask what it means."""
    assert code in pages(), f"{code} of {file} has no page"


def test_a_code_means_one_thing():
    """No two pages share a code."""
    twice = {code: n for code, n in Counter(page.code for page in all_pages()).items() if n > 1}
    assert twice == {}


def test_codes_are_sorted_by_what_they_are_about():
    """Every letter has a section, and titles begin small, as they follow a colon."""
    for page in pages().values():
        assert page.code[0] in SECTIONS
        assert re.fullmatch(r"[A-Z]\d{3}", page.code)
        assert page.title
        assert page.why
        assert not page.title.endswith(".")
