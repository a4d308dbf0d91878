"""Web pages as a person reads them: the text, not what stands beside it."""

import pytest

from steps.text.documents import read_documents

TEXT = "<p>Moss grows on the north side of walls, where it finds the rain and the shade that it needs to live for many years.</p>"
SHOWN = "Moss grows on the north side of walls, where it finds the rain and the shade that it needs to live for many years."


def read(tmp_path, body: str) -> str:
    (tmp_path / "p.html").write_text(f"<html><body>{body}</body></html>", "utf-8")
    [document] = read_documents(tmp_path / "p.html", complain=print)
    return document.text


@pytest.mark.parametrize(
    "beside",
    [
        '<div class="cookie-consent">We use cookies. <button>Accept</button></div>',
        '<div id="breadcrumbs"><a href="/">Home</a> » Moss</div>',
        '<div class="main-menu"><ul><li><a href="/">Home</a></li></ul></div>',
        '<div class="share-buttons">Share this: <a href="#">Mail</a></div>',
        '<div class="sidebar widget-area"><h3>Recent</h3></div>',
        '<div id="footer">All rights reserved.</div>',
        '<span class="mw-editsection">[edit]</span>',
        '<sup class="reference">[1]</sup>',
        '<p style="display: none">unseen</p>',
    ],
)
def test_what_stands_beside_the_text_is_not_read(tmp_path, beside):
    assert read(tmp_path, TEXT + beside) == SHOWN


@pytest.mark.parametrize(
    "inside",
    [
        '<section id="comments">{}</section>',
        '<div class="has-sidebar">{}</div>',
        '<a class="reference external">{}</a>',
        '<div id="menu">{}</div>',
    ],
)
def test_names_that_mean_something_else_hide_no_text(tmp_path, inside):
    """A section about comments, a layout, a link, and a page that is all inside one such name."""
    assert read(tmp_path, inside.format(TEXT)) == SHOWN


def test_lists_tables_and_code_keep_their_lines(tmp_path):
    page = (
        "<ul><li>first</li><li>second</li></ul><ol><li><p>one</p></li><li>two</li></ol>"
        "<table><tr><th>Wall</th><th>Cover</th></tr><tr><td></td><td><p>12</p></td></tr></table><pre>if x:\n    y</pre>"
    )
    assert read(tmp_path, page) == "- first\n- second\n\n1. one\n\n2. two\n\nWall\tCover\n\t12\n\nif x:\n    y"


def test_tags_that_nobody_closed_end_with_the_next(tmp_path):
    """A hidden paragraph without its end hides itself alone; rows and items without ends stay apart."""
    page = "<p hidden>unseen<p>seen<table><tr><td>a<td>b<tr><td>c<td>d</table><ul><li>x<li>y</ul>"
    assert read(tmp_path, page) == "seen\n\na\tb\nc\td\n\n- x\n- y"
