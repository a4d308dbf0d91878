"""What goes on in the next block of a PDF: lines that hang, lines set so wide that each came by itself, places of files."""

import pymupdf
import pytest

from steps.text.columns import Block
from steps.text.pdf_text import goes_on, paragraphs
from tests.steps.text.test_manuscripts import drawn, read

FULL = "r - Count of walls. This option is only available for walls that are made of stone."
BELOW = ["This count is that of all walls which were seen on one day in the year, as", "the others would be counted twice."]


def block(x0: float, y0: float, x1: float, lines: list[str], **told: float) -> Block:
    return Block(x0, y0, x1, y0 + 12 * len(lines) - 2, lines, size=10.0, **told)  # type: ignore[arg-type]


def texts(*blocks: Block) -> list[str]:
    return [part.text for part in paragraphs(list(blocks), 12.0)]


def test_the_first_line_of_an_item_may_hang_out():
    """mupdf makes a block of it; what stands below it, farther in and as far right, is its rest, behind a full stop as well."""
    assert texts(block(134, 100, 477, [FULL]), block(159, 112, 477, BELOW, indent=0.0)) == [" ".join([FULL, *BELOW])]
    assert len(texts(block(134, 100, 477, [FULL]), block(159, 130, 477, BELOW, indent=0.0))) == 2  # white between them
    assert len(texts(block(134, 100, 440, [FULL]), block(159, 112, 477, BELOW, indent=0.0))) == 2  # there was room


def test_one_line_below_a_hanging_one_goes_on():
    head = "walls of stone : walls that were seen on the first day (option -S) and walls seen later (option"
    assert texts(block(134, 100, 477, [head]), block(159, 112, 173, ["-C)"])) == [f"{head} -C)"]
    second = head.replace("stone", "brick")
    assert texts(
        block(134, 100, 477, [head]), block(159, 112, 173, ["-C)"]), block(134, 128, 477, [second]), block(159, 140, 173, ["-C)"])
    ) == [f"{head} -C)", f"{second} -C)"]


def test_numbered_lines_of_code_do_not_go_on():
    code = ["251 a wall that is built of stone and of brick and was seen by nobody yet, or else", "252 is no wall"]
    assert len(texts(block(134, 100, 477, code[:1]), block(150, 112, 250, code[1:]))) == 2


def test_a_full_line_goes_on_with_a_capital():
    """Where each line came by itself, and says too little to tell how wide others are."""
    lines = [
        "(a) For this town the names that are used as",
        "endorsed by the people of the town, in a New",
        "Zealand wall, are those of section five a",
    ]
    blocks = [block(214, 100 + 18 * at, 486, [line]) for at, line in enumerate(lines)]
    assert texts(*blocks) == [" ".join(lines)]


def test_what_is_long_is_no_heading():
    """Though it begins with a number and the first of its lines is short enough."""
    first = "4.0 Walls of stone and of brick instead of wood, and a count of"
    parts = paragraphs([block(134, 100, 477, [first]), block(159, 112, 477, BELOW, indent=0.0)], 12.0)
    assert [(part.kind, part.text) for part in parts] == [("text", " ".join([first, *BELOW]))]


def test_a_place_of_a_file_goes_on():
    before = (
        "The moss of these walls is listed in two files of the machine, which are kept by name. On some machines, the two will be named"
    )
    assert goes_on(before, "/usr/lib64/walls/moss and /usr/lib64/walls/stone. They may be found in other places.")


def test_the_second_line_of_an_item_is_no_paragraph(tmp_path):
    """It begins farther in than most, as first lines of paragraphs do; but items of one line are above and below it."""

    def draw(page: pymupdf.Page, _: int) -> None:
        writer = pymupdf.TextWriter(page.rect)
        for at in range(8):
            x, text = (86, "Garrett 2003),") if at == 4 else (72, f"• a paper of the {at}th year (Eshenaur et al. 1991);")
            if at == 3:
                text = "• a paper in a book of papers that is much longer than others (Eshenaur et al. 1991;"
            writer.append((x, 100 + 14 * at), text, font=pymupdf.Font("helv"), fontsize=11)
        writer.write_text(page)

    drawn(tmp_path / "a.pdf", 1, draw)
    assert "1991; Garrett 2003),\n\n•" in read(tmp_path / "a.pdf")


def test_white_between_words_is_one_blank_and_places_to_break_are_none():
    said = "Lowry,  O.H. and   N.J. Stone, of\u200b the wall"
    assert texts(block(50, 100, 400, [said])) == ["Lowry, O.H. and N.J. Stone, of the wall"]
    assert texts(block(50, 100, 400, [said, "  a"], verse=True)) == ["Lowry,  O.H. and   N.J. Stone, of the wall\n  a"]


OPEN = "We looked at all the walls of the town in the first year, and at those that had no moss at all, which lie entirely"
REST = "in the shade of others. So it was with each of the stones that we turned over on the first day of the second year."


def test_a_paragraph_goes_on_behind_a_figure_whose_title_was_read_last():
    """Behind a caption and the words of the next figure; words that are displayed between two sentences part them."""
    above, below = block(50, 100, 400, [OPEN]), block(50, 400, 400, [REST])
    caption, title = block(50, 130, 400, ["Figure 1: Walls by their age"]), block(120, 300, 200, ["Walls and moss"])
    assert f"{OPEN} {REST}" in texts(above, caption, title, below)
    assert f"{OPEN} {REST}" not in texts(above, title, below)


def test_a_paragraph_of_chinese_ends_with_its_full_stop():
    lines = [
        "墙上的苔藓长得很慢，因为太阳每天都照在石头上，所以只有北边的墙才有苔藓。",
        "第二年我们又去看了这些墙，发现苔藓已经长满了整个北边的墙面和附近的石头。",
    ]
    assert texts(*(block(50, 100 + 30 * at, 400, [line], indent=20.0) for at, line in enumerate(lines))) == lines


def test_a_caption_goes_on_below_its_number_and_in_wide_spacing():
    words = "Walls of the town by their age and by the moss that grew on them in the first year."
    headed = block(50, 100, 400, ["Table 2", words[:60], words[60:]])
    headed.heads = ("Table 2",)
    assert texts(headed) == [f"Table 2 {words}"]
    spaced = [block(50, 100, 400, [f"Figure 4: {words[:34]}"]), block(50, 124, 400, [words[35:]])]
    assert texts(*spaced) == [f"Figure 4: {words}"]
    spaced[1].set_lines([words[35:].capitalize()])
    assert len(texts(*spaced)) == 2


def test_the_rest_of_a_note_below_a_paragraph_is_no_part_of_it():
    """Its page before has the beginning; it is smaller than the text, which goes on in the next column."""
    above = block(50, 100, 300, [OPEN[:57], OPEN[58:], OPEN[:57], f"{OPEN[58:]} in the"], indent=0.0)
    note = Block(
        50, 600, 300, 618, ["slightly wetter than the others, as was told of all walls", "in the town by those who lived there."], size=8.0
    )
    below = block(320, 100, 570, [REST[7:57], REST[58:]], indent=0.0)
    parts = paragraphs([above, note, below], 12.0)
    assert [part.kind for part in parts] == ["text", "footnote"]
    assert parts[0].text.endswith(f"in the {REST[7:]}")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["It runs on CPU-", "architectures of all kinds."], "It runs on CPU-architectures of all kinds."),
        (["See https://www-", "cdn.walls.org/moss of the wall."], "See https://www-cdn.walls.org/moss of the wall."),
        (["The sur-", "face of it."], "The surface of it."),
        (["It was 2 ◦C warmer, of the", "walls."], "It was 2 °C warmer, of the walls."),
    ],
)
def test_hyphens_behind_capitals_and_in_addresses_stay(lines, said):
    assert texts(block(50, 100, 400, lines)) == [said]
