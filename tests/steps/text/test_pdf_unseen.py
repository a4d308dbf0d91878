"""Text of a PDF that nobody sees is not read, but for the text layer of a scan; each test draws its own pages."""

import pymupdf
import pytest

from steps.text.unreadable import Incomplete
from tests.steps.text.test_manuscripts import drawn, read, sentence

HIDDEN = {
    "in no colour": {"render_mode": 3},
    "white on white": {"color": (1, 1, 1)},
    "without size": {"fontsize": 0.3},
}


def seen(page, first=0, last=6, top=100):
    for i in range(first, last):
        page.insert_text((72, top + 14 * (i - first)), sentence(i), fontsize=11)


@pytest.mark.parametrize("how", HIDDEN)
def test_what_is_not_seen_is_not_read(tmp_path, how):
    def draw(page, _):
        seen(page)
        page.insert_text((72, 400), "Buy our walls today, the best walls.", **({"fontsize": 11} | HIDDEN[how]))

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").split() == " ".join(sentence(i) for i in range(6)).split()


def test_white_letters_on_dark_ground_are_read(tmp_path):
    """On the second page too, where a place known from the first is not looked at again."""

    def draw(page, number):
        page.draw_rect((60, 380, 500, 420), fill=(0, 0, 0.5), color=None)
        page.insert_text((72, 404), f"A fact of page {'one' if number == 0 else 'two'} in a box.", fontsize=11, color=(1, 1, 1))
        seen(page, 6 * number, 6 * number + 6)

    drawn(tmp_path / "m.pdf", 2, draw)
    assert [said in read(tmp_path / "m.pdf") for said in ("page one in", "page two in")] == [True, True]


def test_white_numbers_of_items_hide_no_text(tmp_path):
    def draw(page, _):
        for i in range(3):
            page.draw_circle((75, 97 + 40 * i), 7, fill=(0, 0, 1), color=None)
            page.insert_text((72, 100 + 40 * i), f"{i + 1}", fontsize=9, color=(1, 1, 1))
            page.insert_text((86, 100 + 40 * i), sentence(i), fontsize=9)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert [sentence(i) in read(tmp_path / "m.pdf") for i in range(3)] == [True] * 3


def scanned(page, first, last):
    """The picture of a page with text."""
    with pymupdf.open() as held:
        there = held.new_page(width=page.rect.width, height=page.rect.height)
        seen(there, first, last)
        page.insert_image(page.rect, pixmap=there.get_pixmap(dpi=72))


def layer(page, first, last, top=100):
    for i in range(first, last):
        page.insert_text((72, top + 14 * (i - first)), sentence(i), fontsize=11, render_mode=3)


def test_the_text_layer_of_a_scan_is_read(tmp_path):
    def draw(page, number):
        scanned(page, 6 * number, 6 * number + 6)
        layer(page, 6 * number, 6 * number + 6)

    drawn(tmp_path / "m.pdf", 2, draw)
    assert read(tmp_path / "m.pdf").split() == " ".join(sentence(i) for i in range(12)).split()


def test_a_stamp_in_seen_letters_does_not_hide_the_layer_of_a_scan(tmp_path):
    def draw(page, _):
        scanned(page, 0, 6)
        layer(page, 0, 6)
        page.insert_text((72, 500), "This copy belongs to the library of the old mill.", fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert [sentence(i) in read(tmp_path / "m.pdf") for i in range(6)] == [True] * 6


def test_an_unseen_copy_of_seen_text_is_not_read(tmp_path):
    def draw(page, _):
        seen(page)
        layer(page, 0, 6)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").split() == " ".join(sentence(i) for i in range(6)).split()


def test_a_page_of_nothing_but_letters_too_small_is_told(tmp_path):
    """Old fonts of dots may set each letter so, and say nothing of it; a few words without size among others are hidden."""

    def draw(page, number):
        if number:
            for i in range(60):
                page.insert_text((72, 80 + 10 * i), sentence(i), fontsize=0.2)
            page.insert_text((72, 700), "A plot of walls", fontsize=8)
        else:
            seen(page)

    drawn(tmp_path / "m.pdf", 2, draw)
    with pytest.raises(Incomplete, match="page 2 of 2: its fonts do not say which letters they draw"):
        read(tmp_path / "m.pdf")
