"""What manuscripts have and printed papers have not: numbered lines, wide line spacing, fonts that name no letters."""

import re
import unicodedata
from collections import Counter
from itertools import pairwise

from steps.text.columns import Block

NUMBER = re.compile(r"\s*(\d{1,4})\s*$")
ACCENTS = dict(zip("¨´ˆ˜˘ˇ¸˚˙˝`˛", "\u0308\u0301\u0302\u0303\u0306\u030c\u0327\u030a\u0307\u030b\u0300\u0328", strict=True))
LIKE, WITH_CARON = {"˘": "ˇ"}, "CcDdEeNnRrSsTtZz"  # accents that fonts take for each other, and letters with the latter
BREVE_BEHIND = re.compile("([gG])˘(?![aeiougAEIOUG])")
ACCENT = "¨´ˆ˜˘ˇ¸˚˙˝"  # those that stand for no sign of their own, as ` does
ACCENTED = re.compile("([¨ˆ˜˘ˇ˚˙˝]|¸(?=[CSTcst])|´(?=[AEIOUYCNZaeiouycnzıȷ])|`(?=[AEIOUaeiouı]))([A-Za-zıȷ])")
CEDILLA = re.compile("([CST])¸(?![cst])")  # behind a capital letter
BEHIND, BEFORE = re.compile("([CSTcst])¸"), re.compile("(?<![CSTcst])¸[cst]")  # any, in fonts that are none of TeX's own
GRAVE = re.compile("[^\\W\\d_]`[aeiouı]")  # within a word
ALONE = re.compile("(?<![\\w`'])(`)([aAeEoO])(?=\\s|$)(?!.{0,80}['’](?!\\w))")  # the whole of a word: no quote ends behind it
OGONEK = re.compile("(?:(?<=[^\\W\\d_]) (?=˛[aeAE]))?(˛)([aeiuAEIU])")  # a blank may stand before it, whose box is low
ACUTE = re.compile("(´)([sS])(?!ch)(?=[^\\W\\d_])")  # of Polish; an apostrophe stands before the end of a word, and before -sche
AT_ANY_PLACE = re.compile("(´)([sS])")
WITHIN = re.compile("[^\\W\\d_]\xad[^\\W\\d_]")
SURE = 4  # lines with such codes in words: the others are of such fonts, too
LEAST = 4  # numbers on a page that make a sequence
ORDERED = 0.75  # share of them that stand below the one before: columns begin at the top again
BY_THEMSELVES = 0.6  # share of numbers that came as blocks of their own, where nearly all do
BESIDE = 8.0  # points between a number and its line, more or less
PAGES = 0.6  # share of the pages with text on them that have one
# Codes of the Cork encoding (LaTeX, T1) that stand as they are where a bitmap font says nothing of its letters. Those below a blank, most
# of which Python takes for white, stand in a private area instead (`codes_apart`).
APART = 0xE000
CORK = {
    0x10: "“", 0x11: "”", 0x12: "„", 0x13: "«", 0x14: "»", 0x15: "–", 0x16: "—", 0x19: "ı",
    0x1B: "ff", 0x1C: "fi", 0x1D: "fl", 0x1E: "ffi", 0x1F: "ffl",
}  # fmt: skip
STANDING = {code: APART + code for code in range(0x10, 0x20)}
STOOD = re.compile("[\ue010-\ue01f]")
CODE = re.compile("[\x10-\x1f]")
CAME_AS = "".join(map(chr, STANDING.values()))
CAME = {standing: code for code, standing in STANDING.items()}
CORK_SIGNS = {APART + code: sign for code, sign in CORK.items()}
CORK_LETTERS = dict(enumerate("ĂĄĆČĎĚĘĞĹĽŁŃŇŊŐŔŘŚŠŞŤŢŰŮŸŹŽŻĲİđ§ăąćčďěęğĺľłńňŋőŕřśšşťţűůÿźžżĳ¡¿£", 0x80))
UNSEEN = {code: letter for code, letter in CORK_LETTERS.items() if code < 0xA0 or code > 0xBC}  # which are no signs of other fonts
LETTERS = CORK_LETTERS | {0xF7: "œ", 0xFF: "ß"}  # within words
SHARP = re.compile("[aeiouyäöü]ÿ(?:[a-z]|(?!\\w))")  # an s in a word of German
CUT = re.compile("[\ud400-\ud7ff]")  # letters of formulas (U+1D400 and on) cut to 16 bits, where nothing else is Korean
KOREAN = re.compile("[\u1100-\u11ff\uac00-\ud3ff]")
DOTLESS, BULLET = "\ue019", "\x88 "  # the latter of the font of signs
CONTROL = "\ue019\ue01b\ue01c\ue01d\ue01e\ue01f"
CORK_SIGN = re.compile("[^\\W\\d_][\ue019\ue01b-\ue01f]|[\ue019\ue01b-\ue01f][^\\W\\d_]{2}")  # within a word: elsewhere signs of formulas
TURKISH = re.compile(
    "(?<=[^\\W\\d_])[\xa7\xb3](?<!\\bm\xb3)(?<!\\b[cdkm]m\xb3)|[\xa7\xb3](?=[^\\W\\d_]{2})|(?<=[^\\W\\d_] )\xb3(?=[^\\W\\d_])"
)
IN_A_WORD = re.compile(
    "(?<=[^\\W\\d_])[\xa0-\xa6\xa8-\xaf\xb4\xb6\xb8\xba-\xbc\xf7](?=[^\\W\\d_])|(?<=[^\\W\\d_]{2})[\xaa\xa1\xa6](?!\\w)|(?<=[^\\W\\d_])\xff"
)


def codes_apart(text: str) -> str:
    """`text` with codes below a blank, by which bitmap fonts name their letters, in the private area; few texts have any."""
    return CODE.sub(lambda found: chr(APART + ord(found[0])), text)


def drop_line_numbers(pages: list[list[Block]]) -> int:
    """Take out the numbers that count the lines of a manuscript, each line or every fifth; returns how many.

    They count up on most pages, in one step, and stand alone on a line of their block.
    """
    alone = [
        [
            (block, i, int(match[1]))
            for block in blocks
            if min(map(len, block.lines)) < 8
            for i, line in enumerate(block.lines)
            if len(line) < 8 and (match := NUMBER.match(line))
        ]
        for blocks in pages
    ]
    enough = PAGES * max(1, sum(sum(len(block.lines) for block in blocks) > 3 * LEAST for blocks in pages))
    if sum(len(numbers) >= LEAST - 1 for numbers in alone) < enough:
        return 0
    most: list[set[int]] = []
    for step in (1, 2, 5, 10):
        counted = [_downwards(numbers, _counted({value for _, _, value in numbers}, step)) for numbers in alone]
        total = sum(map(len, counted))
        if sum(map(bool, counted)) >= enough and total >= 2 * LEAST and total > sum(map(len, most)):
            most, chosen = counted, step
    last = 0
    gone = 0
    for blocks, numbers, values in zip(pages, alone, most, strict=False):
        for value in sorted(value for _, _, value in numbers):  # a page with few of them goes on where the one before ended
            if value - chosen in values or value == last + chosen:
                values.add(value)
        last = max(values, default=last)
        counting = _of_lines(numbers, values)
        edges = [block.x0 for block, *_ in counting]
        for block in blocks[:]:
            out = {i for other, i, _ in counting if other is block}
            if out:
                beside = len(block.lines) > len(out)
                block.set_lines([line for i, line in enumerate(block.lines) if i not in out])
                block.x0 += max(0.0, block.indent) if len(block.lines) == 1 else 0.0
                block.end, block.forced, block.indent = 0.0, False, -1.0  # they were told by the places of the numbers, too
                block.x0 = _edge(block, blocks, edges) if beside else block.x0
            gone += len(out)
            if not block.lines:
                blocks.remove(block)
    return gone


def _edge(block: Block, blocks: list[Block], edges: list[float]) -> float:
    """Left edge of a block without the numbers that stood before its lines: that of others which end where it ends."""
    if min(abs(block.x0 - x) for x in edges) > 1:
        return block.x0
    others = [b.x0 for b in blocks if BESIDE < b.x0 - block.x0 < 5 * BESIDE and abs(b.x1 - block.x1) < BESIDE and len(b.lines) > 1]
    return min((x for x in others if min(abs(x - edge) for edge in edges) > 1), default=block.x0)


def _of_lines(numbers: list[tuple[Block, int, int]], values: set[int]) -> list[tuple[Block, int, int]]:
    """Those of a page's numbers that count its lines. Of two that say the same, one on the other side of its line numbers a heading."""
    counting = [number for number in numbers if number[2] in values]
    alone = sorted(block.x0 for block, *_ in counting if len(block.lines) == 1)
    if len(alone) > BY_THEMSELVES * len(counting):  # others stand in blocks that begin where they begin
        left, right = alone[0] - BESIDE, alone[-1] + BESIDE
        counting = [number for number in counting if len(number[0].lines) == 1 or left < number[0].x0 < right]
    often = Counter(value for *_, value in counting)
    beside = [i > 0 for block, i, _ in counting if len(block.lines) > 1]
    behind = 2 * sum(beside) > len(beside)
    return [(block, i, value) for block, i, value in counting if often[value] < 2 or len(block.lines) < 2 or (i > 0) == behind]


def _counted(values: set[int], step: int) -> set[int]:
    """Those of the numbers that stand in a run of `step`, long enough."""
    found: set[int] = set()
    for start in values:
        if start - step not in values:
            run = [start]
            while run[-1] + step in values:
                run.append(run[-1] + step)
            if len(run) >= (LEAST if step < 5 else LEAST - 1):
                found.update(run)
    return found


def _downwards(numbers: list[tuple[Block, int, int]], values: set[int]) -> set[int]:
    """The values when they stand one below the other in their order, as lines do; the cells of a column are in none."""
    places = sorted((value, block.y0 + (block.y1 - block.y0) * i / len(block.lines)) for block, i, value in numbers if value in values)
    down = sum(b[1] > a[1] for a, b in pairwise(places))
    return values if down >= ORDERED * (len(places) - 1) else set()


def close_lines(blocks: list[Block], item: re.Pattern[str]) -> list[Block]:
    """Blocks of one line each, set at an even wide spacing, as the paragraphs that they are; others as they were.

    item: how a line begins that never goes on another.
    """
    lone = [b for b in blocks if len(b.lines) == 1 and b.characters > 30]
    if len(lone) < 8 or 1.5 * sum(b.characters for b in lone) < sum(b.characters for b in blocks):
        return blocks
    pitches = Counter(round(b.y1 - a.y1) for a, b in pairwise(blocks) if len(a.lines) == len(b.lines) == 1 and b.y1 > a.y1)
    if not pitches:
        return blocks
    pitch, often = pitches.most_common(1)[0]
    height = sorted(b.y1 - b.y0 for b in lone)[len(lone) // 2]
    if often < 5 or pitch > 3 * height:
        return blocks
    edge, right = Counter(round(b.x0) for b in lone).most_common(1)[0][0], max(b.x1 for b in lone)
    out: list[Block] = []
    for block in blocks:
        last = out[-1] if out else None
        if (
            last is not None
            and len(block.lines) == 1
            and abs(block.y1 - last.y1 - pitch) < 0.12 * pitch
            and abs(block.x0 - edge) < 3  # not indented
            and not item.match(block.lines[0])
            and not last.note
            and not block.note
            and abs(last.x0 - edge) < 60
            and (last.x1 > right - 0.15 * (right - edge) or not last.lines[-1].rstrip().endswith((".", "?", "!", ":")))
            and len(last.lines[-1]) > 30
        ):
            edges = min(last.x0, block.x0), last.y0, max(last.x1, block.x1), block.y1
            out[-1] = Block(*edges, [*last.lines, *block.lines], size=last.size, end=block.x1)
        else:
            out.append(block)
    return out


def name_letters(blocks: list[Block]) -> None:
    """Set letters that came as codes or in parts: those of LaTeX's T1 fonts, accents beside their letters, hyphens called soft ones."""
    text = "\n".join(["\n".join(block.lines) for block in blocks])
    if any(chr(code) in text for code in STANDING):  # as they came
        for block in blocks:
            block.rename(codes_apart)
        text = codes_apart(text)
    if BULLET in text:
        for block in blocks:
            block.rename(lambda line: f"• {line[2:]}" if line.startswith(BULLET) else line)
    sharp = "ÿ" in text and any(code in text for code in CAME_AS) and len(SHARP.findall(text)) > SURE
    if sharp or any(code in text for code in CONTROL):
        _name_cork(blocks, sharp)
    if not text.isascii() and any(chr(code) in text for code in STANDING.values()):  # those that name no letters
        for block in blocks:
            if any(STOOD.search(line) for line in block.lines):
                block.rename(lambda line: line.translate(CAME))
    if "`" in text and GRAVE.search(text):
        for block in blocks:
            if not block.listing and any(GRAVE.search(line) for line in block.lines):
                block.rename(lambda line: ACCENTED.sub(_composed, line))
    if "`" in text and ALONE.search(text):
        for block in blocks:
            if not block.listing and any("`" in line for line in block.lines):
                block.rename(lambda line: ALONE.sub(_composed, line))
    if text.isascii():
        return
    if "˛" in text or ("´" in text and ACUTE.search(text)):
        polish = AT_ANY_PLACE if len(ACUTE.findall(text)) > SURE else ACUTE
        for block in blocks:
            if any("˛" in line or "´" in line for line in block.lines):
                block.rename(lambda line: polish.sub(_composed, OGONEK.sub(_composed, line)))
    if CUT.search(text) and not KOREAN.search(text):
        for block in blocks:
            block.rename(lambda line: CUT.sub(lambda found: chr(ord(found[0]) + 0x10000), line))
    if met := [accent for accent in ACCENT if accent in text]:  # far cheaper than the patterns, which most texts have no use for
        behind = CEDILLA
        if "¸" in text and len(re.findall("[cst]¸(?![CSTcst])", text)) > len(BEFORE.findall(text)):
            behind = BEHIND
        for block in blocks:
            if any(accent in line for line in block.lines for accent in met):
                block.rename(lambda line: ACCENTED.sub(_composed, BREVE_BEHIND.sub(_with_breve, behind.sub(r"¸\1", line))))
    if "\xad" in text and "-" not in text and WITHIN.search(text):  # a font has one glyph for both
        for block in blocks:
            block.rename(lambda line: line.replace("\xad", "-"))


def _composed(found: re.Match[str]) -> str:
    """An accent and a letter as one letter, where there is one; as LaTeX's oldest fonts set them, the accent stands first."""
    letter = found[2] if found[1] == "¸" else {"ı": "i", "ȷ": "j"}.get(found[2], found[2])
    for accent in (found[1], *(LIKE.get(found[1], "") if letter in WITH_CARON else "")):
        one = unicodedata.normalize("NFC", letter + ACCENTS[accent])
        if len(one) == 1:
            return one
    return found[0]


def _with_breve(found: re.Match[str]) -> str:
    return "ğ" if found[1] == "g" else "Ğ"


def _name_cork(blocks: list[Block], sharp: bool) -> None:
    """sharp: German words have such a letter."""
    signs = [line for block in blocks for line in block.lines if not line.isprintable() and CORK_SIGN.search(line)]
    if not (signs or sharp):
        return
    turkish = sum(DOTLESS in line for line in signs) > 1
    sure = sharp or turkish or len(signs) > SURE
    for block in blocks:
        if sure or any(CORK_SIGN.search(line) for line in block.lines):
            block.rename(lambda line: _named(line, turkish, sure))


def _named(line: str, turkish: bool, sure: bool) -> str:
    line = line.translate(CORK_SIGNS | UNSEEN if sure else CORK_SIGNS)
    if turkish or DOTLESS in line:
        line = TURKISH.sub(_letter, line)
    return IN_A_WORD.sub(_letter, line) if sure else line


def _letter(found: re.Match[str]) -> str:
    return LETTERS[ord(found[0])]
