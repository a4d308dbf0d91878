"""The lines of a page from its pieces of text and the marks between them."""

import re

KEPT = str.maketrans(" \t\n", "\ue000\ue001\ue002")  # white space that browsers show, inside <pre>
SHOWN = str.maketrans("\ue000\ue001\ue002", " \t\n")
LINE, FIRST, ITEM = "\x1d", "\x1f", "\x1e"  # a new line, the first cell of a row, and an item with its mark behind it
END = "\x1c"  # of a row or a table: what follows is in no cell of it, though the last one is empty
BLANKS = re.compile(r"(?<! ) {2,}+")  # on either side of a tag or a comment: browsers show one
WIDE = re.compile(rf"[ \n{LINE}]{{33,}}+")  # more than a page has to say; what follows costs more than their number
CELL = re.compile(rf"\t[ \n{LINE}]*([^\n\t{LINE}{FIRST}{END}]{{0,200}})[ \n]*(?=[\t{LINE}{END}])")  # with one line in it
FIRST_CELL = re.compile(rf"{FIRST}[ \n{LINE}]*([^\n\t{LINE}{FIRST}{END}]{{0,200}})[ \n]*(?=\t)")
MARKED = re.compile(rf"^({ITEM}\S+)\n+(?=\S)", re.MULTILINE)  # an item whose text begins with a paragraph
UNMARKED = re.compile(rf"^{ITEM}\S+[ \n]*$", re.MULTILINE)  # one without text
BREAK = re.compile(rf"(?<![ \t])[ \t]*+(?:[{LINE}\n][ \t]*+)++")


def lines_of(parts: list[str]) -> str:
    """Parts joined, with the blanks that browsers would not show taken out."""
    joined = WIDE.sub(_narrow, "".join(parts))
    joined = CELL.sub(r"\t\1", FIRST_CELL.sub(rf"{FIRST}\1", joined)).replace(END, "")
    joined = re.sub(r"(?<! ) *+\t *+", "\t", BLANKS.sub(" ", joined))
    joined = BREAK.sub(lambda found: "\n\n" if found[0].count("\n") > 1 else "\n", joined)
    joined = MARKED.sub(r"\1 ", joined)
    joined = UNMARKED.sub("", joined).replace(ITEM, "")
    return re.sub(r"\n{3,}", "\n\n", joined).replace(FIRST, "").strip().translate(SHOWN)


def _narrow(found: re.Match[str]) -> str:
    """Blanks and line ends that say the same in three characters."""
    breaks = found[0].count("\n")
    return ("\n\n" if breaks > 1 else "\n" if breaks else " ") + (LINE if LINE in found[0] else "")
