"""What the tags, classes and ids of a page say of what stands beside its text."""

import re
from collections.abc import Mapping
from typing import Literal

SILENT = {
    "script", "style", "noscript", "template", "svg", "nav", "header", "footer", "aside", "form", "button", "select", "textarea",
    "iframe", "object", "audio", "video", "canvas", "rt", "rp", "head", "amp-ad", "amp-embed", "amp-sidebar",
}  # fmt: skip
SKIP_ROLES = {"navigation", "banner", "contentinfo", "search", "complementary", "menu", "dialog", "alertdialog"}
NOTE_ROLES = {"note", "doc-footnote", "doc-endnotes", "doc-tip", "doc-notice"}  # of asides that are text
FLOWING = {"footnote", "footnote-list", "topic", "admonition"}  # classes of such asides, by docutils
TAIL = r"(?:[-_](?:banner|bar|notice|links?|list|container|wrapper|area|content|menu|popup|modal|box|panel|widget|trail|item))*"
NEVER = re.compile(  # names of classes and ids of what is never the page's own text
    rf"(?!(?:has|with|no)[-_])(?:.*[-_])?(?:cookies?|consent|gdpr|catlinks|editsection|printfooter|noprint|newsletter|advertisement|skip-link"
    rf"|screen-reader-text|sr-only){TAIL}"
    r"|(?:social|share|sharing)[-_](?:bar|buttons?|links?|icons?|list|post|this)|share|sharedaddy|addtoany.*|comments(?:[-_](?:area|list|section))?"
    r"|navheader|navfooter|docnav|comment[-_](?:list|respond|form)|(?:site|page|main|global)?[-_]?footer|out-of-band|hideme",
    re.IGNORECASE,
)
BESIDE = re.compile(  # of what stands beside it, on pages whose tags do not say so; on some such a name means something else
    rf"(?!(?:has|with|no)[-_])(?:.*[-_])?(?:breadcrumbs?|navbar|navbox|nav|navigation|menu|sidebar|toc|pagination|pager|ads?){TAIL}"
    r"|related(?:[-_](?:posts?|articles?|links?))?|widget[-_]area|entry[-_]meta|post[-_]meta|byline",
    re.IGNORECASE,
)
NAMELESS = {
    "html", "body", "main", "article", "table", "tbody", "tr", "td", "th", "pre", "code", "p", "h1", "h2", "h3", "h4", "h5", "h6",
}  # fmt: skip
HUMP = re.compile("(?<=[a-z0-9])(?=[A-Z])")  # topNav is top-nav
UNSEEN = {"sr-only", "visually-hidden", "screen-reader-text"}  # classes of what only a screen reader says
TOP = {"header", "masthead", "site-header"}  # ids of what stands above the page's own text, as <header> does
HEADERLINKS = {"headerlink", "anchor-link", "anchorlink", "hash-link", "header-anchor"}  # classes of the sign that links to a heading
BY_ID = {"div", "ul", "ol"}  # whose ids say what they are for; those of sections and headings say what they are about
HIDDEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
FORMULA, PICTURE = "mwe-math-mathml", "mwe-math-fallback-image"  # of Wikipedia: a formula behind its picture, and the picture
NUMBER = {"lineno", "line-no", "line-number", "linenumber", "lnt", "linenodiv", "rouge-gutter", "blob-num", "hljs-ln-numbers"}
NUMBERS = {"linenos", "line-numbers", "linenums"}  # of numbers of lines, too, but not where all of the code is in it
SMALL = {"span", "td", "th", "a"}
Given = Mapping[str, str | None]
Beside = Literal["", "never", "beside"]


def is_hidden(tag: str, given: Given, names: list[str]) -> bool:
    """True for what a browser does not show, or shows beside the page by what it is for."""
    if "hidden" in given or given.get("role") in SKIP_ROLES or given.get("aria-hidden") == "true":
        return True
    if tag == "dialog" and "open" not in given:
        return True
    if not UNSEEN.isdisjoint(names):
        return True
    return bool(HIDDEN.search(given.get("style") or "")) and not any(name.startswith(FORMULA) for name in names)


def is_note(given: Given, names: list[str]) -> bool:
    """True for an aside that is a part of the text."""
    return given.get("role") in NOTE_ROLES or not FLOWING.isdisjoint(names)


def beside(tag: str, names: list[str], called: str) -> Beside:
    """Whether what a tag holds is never text, or stands beside the text, by its classes or id. called: the id."""
    if (tag == "sup" and "reference" in names) or (tag == "a" and not HEADERLINKS.isdisjoint(names)) or called == "siteSub":
        return "never"
    if tag in NAMELESS:
        return "beside" if tag == "table" and any(name.endswith("navbox") for name in names) else ""
    if "section" in names:
        return ""
    for name in [*names, *([called] if tag in BY_ID else [])]:
        spread = HUMP.sub("-", name)
        if NEVER.fullmatch(name) or NEVER.fullmatch(spread):
            return "never"
        if BESIDE.fullmatch(name) or BESIDE.fullmatch(spread):
            return "beside"
    return ""


def has_line_number(tag: str, names: list[str]) -> bool:
    """True for what holds the numbers of lines of code, by its classes."""
    return not NUMBER.isdisjoint(names) or (tag in SMALL and not NUMBERS.isdisjoint(names))
