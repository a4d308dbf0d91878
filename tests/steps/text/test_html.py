"""Web pages as a person reads them: the text, not what stands beside it."""

import sys

import pytest

from steps.text.documents import read_documents
from steps.text.html_charset import html_charset
from steps.text.html_text import html_text

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
        '<div class="topNav"><ul class="navList"><li>Overview</li></ul></div>',
        '<div class="main-menu"><ul><li><a href="/">Home</a></li></ul></div>',
        '<div class="share-buttons">Share this: <a href="#">Mail</a></div>',
        '<div class="sidebar widget-area"><h3>Recent</h3></div>',
        '<div id="footer">All rights reserved.</div>',
        '<span class="mw-editsection">[edit]</span>',
        '<sup class="reference">[1]</sup>',
        '<p style="display: none">unseen</p>',
        '<div id="header"><a href="/">Mosses</a> | <a href="/login">Log in</a></div>',
        '<div class="share"><a href="#">Share on Facebook</a></div>',
        '<ul class="pagination"><li><a>1</a></li><li><a>Next »</a></li></ul>',
        '<div role="dialog">Subscribe to our newsletter!</div>',
        "<amp-ad type=x><div placeholder>Ad</div></amp-ad>",
        '<div id="siteSub">From Wikipedia, the free encyclopedia</div>',
        '<a class="headerlink" href="#moss">¶</a>',
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


FORMULAS = {
    "<math alttext='E=mc^2'><mi>E</mi></math>": "E=mc^2",
    "<math><semantics><mi>E</mi><annotation encoding='application/x-tex'>E = m\nc^2</annotation></semantics></math>": "E = m c^2",
    "<math><mi>E</mi><mo>=</mo><mi>m</mi><mo>&#x2062;</mo><msup><mi>c</mi><mn>2</mn></msup></math>": "E=mc^2",
    "<math><mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></mfrac></math>": "(a+b)/2",
    "<math><msub><mi>x</mi><mrow><mi>i</mi><mi>j</mi></mrow></msub></math>": "x_(ij)",
    "<math><msub><mi>x</mi><mn>1</mn></msub><mn>2</mn></math>": "x_1 2",
    "<math><mfrac><mn>1</mn><mn>2</mn></mfrac><mi>x</mi></math>": "1/2 x",
    "<math><mfrac><mi>a</mi><mrow><mn>2</mn><mi>b</mi></mrow></mfrac></math>": "a/(2b)",
    "<math><msqrt><mi>a</mi><mi>b</mi></msqrt></math>": "√(ab)",
    "<span style='display: none' class='mwe-math-mathml-a11y'><math alttext='{\\displaystyle x^{2}}'></math></span>"
    "<img class='mwe-math-fallback-image-inline' aria-hidden='true' alt='{\\displaystyle x^{2}}'>": "x^{2}",
    "<img class='tex' alt='x^{2}'>": "x^{2}",
    "<span class='katex'><math><mi>c</mi></math><span aria-hidden='true'>c</span></span>": "c",
}


@pytest.mark.parametrize(("formula", "line"), FORMULAS.items())
def test_formulas_are_read_as_a_line(tmp_path, formula, line):
    """What the page says of itself in TeX, else the signs; once, also where a picture of it stands beside."""
    assert read(tmp_path, f"<p>It is {formula}, he said.</p>") == f"It is {line}, he said."


def test_a_formula_that_nobody_closed_ends_with_its_paragraph(tmp_path):
    """And one of its own stands alone."""
    assert read(tmp_path, "<p>a <math><mi>x</mi><p>b<math display='block'><mi>y</mi></math>") == "a x\n\nb\n\ny"


def test_a_deep_formula_is_looked_at_once(tmp_path):
    """Fifty rows inside each other: a second look at each depth would take 2^50 steps."""
    assert read(tmp_path, f"<p>a <math>{'<mrow>' * 50}<mi>x</mi>{'</mrow>' * 50}</math> b") == "a x b"


DEEP = [
    "<div>{0} ", "<span>{0} ", "<ul><li>{0}", "<table><tr><td>{0}", "<p>{0}<b></i>", "<div class='cookie'>{0}", "<math><mrow><mi>{0}</mi>",
    "<form>{0} ", "<div class=sidebar><p>{0}</p>", "<div class=menu>{0}<a href=x rel=next>", "x<sup>{0}<div>", "<ol reversed><li>{0}",
    "<div><ul><li><a href=x>{0}</a> <a href=y>{0}</a>", "<table><tr><td><a rel=next href=x>{0}</a>", "<header><h1>{0}",
    "<aside class=note>{0}",
]  # fmt: skip


@pytest.mark.parametrize("piece", DEEP)
def test_a_deep_page_costs_its_length(piece):
    """Four times as much of what nests is at most about four times the steps of the interpreter."""
    counts = []
    for times in (300, 1200):
        page, steps = "".join(piece.format(i) for i in range(times)), 0

        def count(*_) -> None:
            nonlocal steps
            steps += 1

        sys.setprofile(count)
        try:
            html_text(page)
        finally:
            sys.setprofile(None)
        counts.append(steps)
    assert counts[1] < 5 * counts[0] + 1000


LONG = TEXT * 2


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        (f'<form action="x"><div>{LONG}</div></form>', f"{SHOWN}\n\n{SHOWN}"),
        (f'<form action="x"><main>{LONG}</main></form><div>Beside</div>', f"{SHOWN}\n\n{SHOWN}"),
        (f'<form action="x">{LONG}', f"{SHOWN}\n\n{SHOWN}"),
        (f"{TEXT}<form><label>Name <input></label><p>We write to you once a week.</p><button>Go</button></form>", SHOWN),
        (f"<section><header><h1>Moss</h1><p>2019</p></header>{TEXT}</section>", f"Moss\n\n2019\n\n{SHOWN}"),
        (f"{TEXT}<p class='sr-only'>unseen</p><object>no</object><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", f"{SHOWN}\n\n漢"),
        ("<ol start=3><li>c<li value=7>g<li>h</ol>", "3. c\n7. g\n8. h"),
        ("<ol type=a><li>x<li><p>y</p></ol><ol type=I start=4><li>z</ol>", "a. x\nb. y\n\nIV. z"),
        ("<ul><li><ul><li>b</li></ul></li></ul><p>-</p><p>On.</p>", "- b\n\n-\n\nOn."),
        (
            "<p>10<sup>6</sup> per m<sup>2</sup> of moss,<sup>4</sup> or 10<sup>−3</sup> of it<sup>th</sup></p>",
            "10⁶ per m² of moss, or 10⁻³ of itth",
        ),
        ("<pre>moss<sup>2</sup></pre>", "moss2"),
        ("One<center>two</center><font>three</font>", "One\n\ntwo\n\nthree"),
        ("<p>A <q>word</q> of mo&shy;ss</p>", "A “word” of moss"),
        (f"<main>{TEXT}</main><section class=related><article>Cat found</article></section><article>Dog lost</article>", SHOWN),
        ("<p>Seen.</p><dialog>Are you sure?</dialog><dialog open>Sure.</dialog>", "Seen.\n\nSure."),
        ("<table><tr><td><p>a</p></td><td>\n b </td></tr><tr><td><div>c</div></td><td><p>d</p></td></tr></table>", "a\tb\nc\td"),
        (
            "<table><tr><th rowspan=2>Size<th colspan=2>cm<tr><td>Chest<td>Waist<tr><td>S<td rowspan=3>86<td>71<tr><td>M<td>81</table>"
            "<table><tr><td>x<td>y</table>",
            "Size\tcm\n\tChest\tWaist\nS\t86\t71\nM\t\t81\n\nx\ty",
        ),
    ],
    ids=[
        "a page in a form",
        "its main text",
        "never closed",
        "a newsletter",
        "a section's header",
        "unseen",
        "counted",
        "by letters",
        "without text",
        "raised",
        "code",
        "centred",
        "quoted",
        "teasers",
        "closed dialog",
        "paragraphs in cells",
        "cells over rows",
    ],
)
def test_a_page_as_a_browser_shows_it(tmp_path, page, seen):
    assert read(tmp_path, page) == seen


CHARSETS = {
    "latin-1 that is cp1252": ("cp1252", "iso-8859-1", "l’été – €"),
    "latin-1 that is utf-8": ("utf-8", "iso-8859-1", "ılık şişe"),
    "latin-5 that is cp1254": ("cp1254", "iso-8859-9", "ılık ‘şişe’"),
    "latin-1 that is cp1254": ("cp1254", "iso-8859-1", "Işığı gördüm; ağaçlar yeşildi."),
    "latin-1 that is Icelandic": ("cp1252", "iso-8859-1", "Sýna hleðslu rafhlöðu í prósentum, þing"),
    "gb2312 that is gb18030": ("gb18030", "gb2312", "中国的朱镕基"),
}


@pytest.mark.parametrize("case", CHARSETS)
def test_a_charset_means_what_browsers_take_it_for(case):
    encoding, named, text = CHARSETS[case]
    page = f"<html><head><meta charset={named}></head><body>{text}</body></html>"
    assert html_charset(page.encode(encoding)) == page


def test_the_encoding_of_an_xml_declaration_counts():
    page = "<?xml version='1.0' encoding='windows-1251'?><html><body>Москва</body></html>"
    assert html_charset(page.encode("cp1251")) == page


def test_the_head_of_a_table_stands_above_its_rows(tmp_path):
    """With nothing between them, whatever tags hold them; a caption stands apart."""
    rows = "<tr><th>Name</th><th>Size</th></tr>{}<tr><td>a</td><td>1</td></tr>{}<tr><td>all</td><td>1</td></tr>"
    parted = rows.format("</thead>\n<tbody>", "</tbody>\n<tfoot>")
    body = f"<table><caption>Sizes</caption>\n<thead>{parted}</tfoot>\n</table><p>End.</p>"
    assert read(tmp_path, body) == "Sizes\n\nName\tSize\na\t1\nall\t1\n\nEnd."


def test_what_follows_a_table_is_in_no_cell_of_it(tmp_path):
    """Though the last cell of its last row is empty, and a list or a table comes soon."""
    table = "<table><tr><td>a</td><td>1</td><td></td></tr><tr><td>b</td><td>2</td><td><svg></svg></td></tr></table>"
    body = f"{table}<h3>Others</h3><ul><li>c</li></ul>{table}\n<p>End.</p>{table}"
    assert read(tmp_path, body) == "a\t1\nb\t2\n\nOthers\n\n- c\n\na\t1\nb\t2\n\nEnd.\n\na\t1\nb\t2"


def test_blanks_on_either_side_of_a_tag_are_one(tmp_path):
    """As browsers show them; in <pre> they stay, and so do those that do not part words."""
    body = "<p>New <!-- c --> text <b> is </b> here.</p><ul><li> <a> one</a></li></ul><pre>a  b</pre><p>1&nbsp;&nbsp;2</p>"
    assert read(tmp_path, body) == "New text is here.\n\n- one\n\na  b\n\n1\u00a0\u00a02"
