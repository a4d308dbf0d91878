"""Numbers of list items in Word files as Word counts and writes them: from nothing on, in words, and marks that draw nothing."""

import pytest

from steps.text.docx_lists import W
from steps.text.numerals import FORMATS
from tests.steps.text.test_docx import element, numbered, read


def levels(document) -> list:
    return document.part.numbering_part.element.findall(f".//{W}lvl")


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("cardinalText", "One|Two|Twelve|Twenty|Twenty-one|One hundred five"),
        ("ordinalText", "First|Second|Twelfth|Twentieth|Twenty-first|One hundred fifth"),
        ("chicago", "*|†|§§§|§§§§§|******|" + "*" * 27),
        ("hebrew1", "א|ב|יב|כ|כא|קה"),
    ],
)
def test_numbers_in_words_and_in_signs(kind, written):
    assert [FORMATS[kind](count) for count in (1, 2, 12, 20, 21, 105)] == written.split("|")


def test_hebrew_numbers_write_no_name():
    assert [FORMATS["hebrew1"](count) for count in (15, 16, 515)] == ["טו", "טז", "תקטו"]


@pytest.mark.parametrize(("language", "line"), [("en-US", "Article One a"), ("tr-TR", "Article 1 a")])
def test_a_number_in_words_is_in_the_language_of_the_text(tmp_path, language, line):
    document = numbered(("a", 3, 0))
    document.styles.element.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr/{W}lang").set(f"{W}val", language)
    level = levels(document)[3]
    level.find(f"{W}numFmt").set(f"{W}val", "cardinalText")
    level.find(f"{W}lvlText").set(f"{W}val", "Article %1")
    assert read(document, tmp_path) == line


def test_figures_of_all_levels_keep_the_zero_of_their_own(tmp_path):
    """Article I, Section 1.01."""
    document = numbered(("a", 3, 0), ("b", 3, 1))
    article, section = levels(document)[3:5]
    article.find(f"{W}numFmt").set(f"{W}val", "upperRoman")
    section.find(f"{W}numFmt").set(f"{W}val", "decimalZero")
    section.append(element("<w:isLgl/>"))
    assert read(document, tmp_path).split("\n\n") == ["I a", "1.01 b"]


def test_a_level_that_names_no_start_begins_with_nothing(tmp_path):
    document = numbered(("a", 1, 0), ("b", 1, 0))
    level = levels(document)[0]
    level.remove(level.find(f"{W}start"))
    assert read(document, tmp_path).split("\n\n") == ["0. a", "1. b"]


@pytest.mark.parametrize(
    ("text", "picture", "line"), [("•", "", "- a"), (" ", "", "a"), ("", "", "a"), ("", "<w:lvlPicBulletId w:val='0'/>", "- a")]
)
def test_a_bullet_that_draws_nothing_is_no_mark(tmp_path, text, picture, line):
    """A picture is one."""
    document = numbered(("a", 1, 0))
    level = levels(document)[0]
    level.find(f"{W}numFmt").set(f"{W}val", "bullet")
    level.find(f"{W}lvlText").set(f"{W}val", text)
    if picture:
        level.append(element(picture))
    assert read(document, tmp_path) == line
