"""What of a page is text by its form: comments that outweigh it, notes and sidebars of its own, rows and lists of links, lines of code."""

import pytest

from steps.text.html_text import html_text

SENTENCE = "Moss grows on the north side of walls, where it finds the rain and the shade that it needs to live for many years."
POST = f"<h1>Moss</h1><p>{SENTENCE}</p>"
READ = f"Moss\n\n{SENTENCE}"
LONG = " ".join([SENTENCE] * 3)  # a paragraph with which the text has begun


def read(body: str, title: str = "") -> str:
    return html_text(f"<html><head><title>{title}</title></head><body>{body}</body></html>")[0]


def test_comments_that_outweigh_the_text_are_not_read():
    """Nor is what else stands beside it."""
    comments = "".join(f"<div class=comment><p>Reader {i}: {SENTENCE}</p></div>" for i in range(12))
    beside = "<div id=cookie-banner>We use cookies. Accept all</div><div class=navigation><ul><li><a href=/>Home</a></ul></div>"
    assert read(f"{beside}<div>{POST}</div><div id=sidebar><h3>May</h3></div><div id=comments>{comments}</div>") == READ


def test_a_name_that_misleads_brings_in_its_own_text_alone():
    """Where a page has next to none elsewhere: banners, menus and what is in them stay out."""
    menu = "<div class=main-menu><a href=/>Home</a> <a href=/shop>All that we sell</a></div>"
    page = f"<div class=cookie-notice>{SENTENCE}</div><div id=sidebar>{menu}{POST}<nav>Next</nav></div><div class=footer>{SENTENCE}</div>"
    assert read(page) == READ


def test_a_page_with_text_keeps_it_though_a_sidebar_has_more():
    paragraphs = f"<p>{LONG}</p>"
    assert read(f"<div>{paragraphs}</div><div class=sidebar>{paragraphs * 4}</div>") == LONG


NOTE = "<aside class='footnote brackets' role=note><span>[1]</span><p>A note on moss.</p></aside>"


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        (f"<section>{POST}<aside class=footnote-list>{NOTE}</aside></section>", f"{READ}\n\n[1]\n\nA note on moss."),
        (f"<section>{POST}<aside class=topic><p>Of walls</p></aside></section>", f"{READ}\n\nOf walls"),
        (
            f"<section><h1>Moss</h1><aside class=sidebar><p>Of walls</p></aside><p>{SENTENCE}</p></section>",
            f"Moss\n\nOf walls\n\n{SENTENCE}",
        ),
        (f"<div class=sect1>{POST}<div class=sidebar><div><p>Of walls</p></div></div></div>", f"{READ}\n\nOf walls"),
        (f"<div class=sect1><div class=para>{SENTENCE}</div><div class=sidebar><p>Of walls</p></div></div>", f"{SENTENCE}\n\nOf walls"),
        (f"<div class=page><div>{POST}</div><div class=sidebar><p>Of us</p></div></div>", READ),
        (f"<section>{POST}<aside class=sidebar>See <a href=/a>all of our walls</a></aside></section>", READ),
        (f"<section>{POST}<aside><p>Of us</p></aside></section>", READ),
    ],
    ids=["notes", "topic", "docutils", "docbook", "publican", "of the page", "of links", "any aside"],
)
def test_notes_and_sidebars_among_paragraphs_are_text(page, seen):
    """Those of the page stay out."""
    assert read(page) == seen


@pytest.mark.parametrize(
    ("page", "title", "seen"),
    [
        (f"<header id=title-block-header><h1>Moss</h1><p>A. Wall</p></header><p>{SENTENCE}</p>", "Moss", f"Moss\n\nA. Wall\n\n{SENTENCE}"),
        (f"<div id=header><h1>moss(1) Page</h1><p>Grows</p></div><p>{SENTENCE}</p>", "moss(1)", f"moss(1) Page\n\nGrows\n\n{SENTENCE}"),
        (f"<header><h1>Walls</h1><p>Of stone</p></header><p>{SENTENCE}</p>", "Moss – Walls", SENTENCE),
        (f"<header><h1><a href=/>Walls</a></h1><p>Of stone</p></header><p>{SENTENCE}</p>", "Walls", SENTENCE),
    ],
    ids=["pandoc", "asciidoc", "of the site", "that links to it"],
)
def test_a_header_with_the_title_of_the_page_is_text(page, title, seen):
    assert read(page, title) == seen


STEPS = "<a href=b rel=next>B</a>, Previous: <a href=a rel=prev>A</a>, Up: <a href=c rel=up>Top</a> &nbsp; [<a href=d>Contents</a>]"
PICTURES = "<tr><td><a accesskey=p href=a>Prev</a></td><th>The Book of Moss</th><td><a accesskey=n href=b>Next</a></td></tr>"


@pytest.mark.parametrize(
    "beside",
    [
        "<div class=navheader><table><tr><th>1. Moss</th></tr><tr><td>Prev</td><td>Next</td></tr></table></div>",
        "<ul class=docnav><li>Prev</li></ul>",
        f"<div class=header><p>Next: {STEPS}</p></div>",
        f"<table class=navigation>{PICTURES}</table>",
        "<div id=path><a href=/>Apache</a> &gt; <a href=/s>Server</a> &gt; <a href=/d>Documentation</a></div>",
        "<p class=menu><a href=/m>Modules</a> | <a href=/d>Directives</a> | <a href=/f>FAQ</a></p>",
        "<table class='vertical-navbox'><tr><td>Mosses of the world</td></tr></table>",
        "<span class=out-of-band><a href=s>source</a> · [−]</span>",
    ],
)
def test_rows_of_links_are_not_read(beside):
    """By their form or name, whatever language they are in."""
    assert read(f"{beside}<div>{POST}</div>") == READ


def test_what_looks_like_a_row_of_links_is_read():
    """Links with words or commas between them, and a sentence with a link to the next page."""
    page = (
        "<p>See <a href=a>A</a> | <a href=b>B</a> | <a href=c>C</a></p><p><a href=a>A</a>, <a href=b>B</a>, <a href=c>C</a></p>"
        "<p>The <a href=b rel=next>next page</a> says more of it, and of walls.</p>"
    )
    assert read(page) == "See A | B | C\n\nA, B, C\n\nThe next page says more of it, and of walls."


def test_the_sign_of_a_link_to_its_own_place_is_not_read():
    page = (
        "<dl><dt>f(a)<a class=copiable-anchor href='#x'> &para;</a></dt><dd><p>A note. <a href='#r'>↩︎</a> <a href='#y'>1</a></p></dd></dl>"
    )
    assert read(page) == "f(a)\n\nA note. 1"


EACH = [f"<li><a href=/{i}>Page {i}</a></li>" for i in range(9)]
ITEMS = "".join(EACH)
CUT = [f"- Page {i}" for i in range(9)]


@pytest.mark.parametrize(
    "lists", [f"<ul>{ITEMS}</ul>", f"<div><ul>{''.join(EACH[:5])}</ul><ul>{''.join(EACH[5:])}</ul></div>"], ids=["one", "several"]
)
def test_lists_of_links_before_the_text_are_not_read(lists):
    assert read(f"{lists}<p>{LONG}</p>") == LONG


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        (f"<p>{LONG}</p><ul>{ITEMS}</ul>", "\n".join([LONG, "", *CUT])),
        (f"<p>All pages:</p><ul>{ITEMS}</ul>", "\n".join(["All pages:", "", *CUT])),
        (
            f"<ul>{ITEMS.replace('</li>', ': of moss on walls</li>')}</ul><p>{LONG}</p>",
            "\n".join([*(f"{each}: of moss on walls" for each in CUT), "", LONG]),
        ),
    ],
    ids=["behind it", "that are all of it", "with words"],
)
def test_other_lists_of_links_are_read(page, seen):
    assert read(page) == seen


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        (
            "<div class=fragment><div class=line><a name=l1></a><span class=lineno>    1</span>int main()</div>\n"
            "<div class=line>{</div><div class=line>    <span>return</span> 0;</div><div class=line>}</div></div>",
            "int main()\n{\n    return 0;\n}",
        ),
        (
            "<table class=lntable><tr><td class=lntd><pre><code><span class=lnt>1\n</span><span class=lnt>2\n</span></code></pre></td>"
            "<td class=lntd><pre><code>package main\nfunc f() {}</code></pre></td></tr></table>",
            "package main\nfunc f() {}",
        ),
        (
            "<table><tr><td class=linenos><div class=linenodiv><pre><span class=normal>1</span>\n<span>2</span></pre></div></td>"
            "<td class=code><pre>x = 1\n  y</pre></td></tr></table>",
            "x = 1\n  y",
        ),
        (
            "<table><tr><td class=blob-num data-line-number=1></td><td>x</td></tr><tr><td class=blob-num></td><td>y</td></tr></table>",
            "x\ny",
        ),
        ("<pre class=line-numbers><code>x = <span>1</span>\n</code></pre>", "x = 1"),
        ("<div class=line-block><div class=line>Moss</div><div class=line>on walls</div></div>", "Moss\non walls"),
    ],
    ids=["doxygen", "hugo", "pygments", "rows", "figures of the code", "verses"],
)
def test_lines_of_code_stand_one_below_the_other(page, seen):
    """With their indents, and without their numbers."""
    assert read(page).strip() == seen


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        ("x<sup>k</sup>a<sup><i>n</i> − k</sup> = b", "xᵏa^(n − k) = b"),
        ("(a + b)<sup>2x+1</sup>, 10<sup>n/2</sup>, the 5<sup>th</sup> and M<sup>me</sup>", "(a + b)^(2x+1), 10^(n/2), the 5th and Mme"),
        ("x<sup>-<b>1</b></sup> of walls<sup>[<a href=#n>4</a>]</sup>", "x⁻¹ of walls"),
        ("a<sup>2<p>b", "a²\n\nb"),
    ],
)
def test_what_is_raised_is_read_as_one(page, seen):
    """Whatever tags are in it; what no raised signs can write stands in brackets."""
    assert read(page) == seen


def test_a_reversed_list_counts_down():
    """From the number of its items, or from what it says."""
    assert read("<ol reversed><li>c<ul><li>d</ul><li>b<li>a</ol>") == "3. c\n- d\n2. b\n1. a"
    assert read("<ol reversed start=9><li>i<li>h</ol>") == "9. i\n8. h"
