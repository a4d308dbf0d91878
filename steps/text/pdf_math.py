"""Displayed formulas of a PDF as a line of text, from where their signs stand: `x = (a+b)/2`, `c^2`, `∑_(i=1)^n k`.

The TeXbook, Appendix G, says where they stand: scripts are set at 0.7 of the size, numerators and denominators 0.7 of it off the line, big
operators and delimiters hang from their baselines.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

RELATIONS = frozenset("=<>≤≥≈≃≅≡≠∼∝≪≫≲≳∈⊂⊆→⇒⇔↔")
OPERATORS = frozenset("∑∏∫∮⋃⋂⨁⨂∐")
OPENING, CLOSING = frozenset("([{⟨⌊⌈"), frozenset(")]}⟩⌋⌉")
# Adobe's codes for the pieces of tall brackets: the upper one is the bracket, the others go.
PIECES: dict[int, str] = dict.fromkeys((*range(0xF8E5, 0xF8FF), *range(0xFE00, 0xFE10)), "")  # and what chooses a form of a sign
PIECES |= {0xF8EB: "(", 0xF8EE: "[", 0xF8F1: "{", 0xF8F6: ")", 0xF8F9: "]", 0xF8FC: "}"}
# Computer Modern's extension font by its codes (The TeXbook, Appendix F); 0x30 and on are pieces again.
EXTENSION = dict(zip(range(0x30), "()[]⌊⌋⌈⌉{}⟨⟩|∥/\\()()[]⌊⌋⌈⌉{}⟨⟩/\\()[]⌊⌋⌈⌉{}⟨⟩/\\/\\", strict=True))
EXTENSION |= dict.fromkeys(range(48, 68), "") | {0x30: "(", 0x31: ")", 0x32: "[", 0x33: "]", 0x38: "{", 0x39: "}"}
EXTENSION |= dict(zip(range(0x50, 0x60), "∑∏∫⋃⋂⊎⋀⋁∑∏∫⋃⋂⊎⋀⋁", strict=True)) | {0x44: "⟨", 0x45: "⟩", 0x60: "∐", 0x61: "∐"}
EXTENSION |= dict.fromkeys((0x62, 0x63, 0x64), "^") | dict.fromkeys((0x65, 0x66, 0x67), "~") | dict.fromkeys(range(0x70, 0x75), "√")
EXTENSION |= dict(zip(range(0x68, 0x70), "[]⌊⌋⌈⌉{}", strict=True)) | dict.fromkeys(range(117, 128), "")
EXTENSION |= PIECES


class Piece(NamedTuple):
    """Letters side by side of one size on one baseline; points. tall: of a font that holds big operators and delimiters."""

    x0: float
    x1: float
    base: float
    size: float
    text: str
    tall: bool = False


@dataclass(eq=False, slots=True)
class Atom:
    """A piece and its scripts."""

    x0: float
    x1: float
    base: float
    text: str
    tall: bool = False
    low: str = ""
    high: str = ""
    right: float = 0.0  # where its scripts end

    def __str__(self) -> str:
        return (
            self.text
            + (f"_{closed(self.low, small=True)}" if self.low else "")
            + (f"^{closed(self.high, small=True)}" if self.high else "")
        )


def closed(text: str, *, small: bool = False) -> str:
    """In brackets, unless it is one thing."""
    text = text.strip()
    one = len(text) < 2 or (text.isdecimal() if small else text.isalnum()) or set(text) <= set("∗*′'")
    return text if one or (text[0] == "(" and text.find(")") == len(text) - 1) else f"({text})"


def formula_lines(pieces: list[Piece]) -> list[str]:
    """The formula, a line of text for each of its lines, top to bottom."""
    read = []
    for piece in pieces:
        text = piece.text
        if piece.tall or not text.isascii():
            text = text.translate(EXTENSION if piece.tall else PIECES)
        if text := text.strip():
            read.append(piece if text == piece.text else Piece(*piece[:4], text, piece.tall))
    pieces = read
    if not pieces:
        return []
    size = _size(pieces)
    full, tall, small = [], [], []
    for p in pieces:
        if p.tall or p.text in OPERATORS:  # the former are centred on the axis of their line, and hang from their baseline
            middle = p.base + (-0.25 if not p.tall else 0.7 if p.text in OPERATORS else 1.0) * size
            tall.append(Atom(p.x0, p.x1, middle, p.text, tall=True, right=p.x1))
        elif p.size >= 0.8 * size:
            full.append(Atom(p.x0, p.x1, p.base, p.text, right=p.x1))
        else:
            small.append(p)
    tall = [a for i, a in enumerate(tall) if not any(b.text == a.text and abs(b.x0 - a.x0) < 0.2 * size for b in tall[:i])]
    bases = _rows(full, size) or [max(p.base for p in pieces)]
    for atom in tall:
        atom.base = min(bases, key=lambda base: abs(base - 0.25 * size - atom.base))
    for piece in sorted(small, key=lambda p: p.x0):
        _script(piece, full, tall, bases, size)
    rows: list[list[Atom]] = [[] for _ in bases]
    for atom in full + tall:
        row = min(range(len(bases)), key=lambda i: abs(bases[i] - atom.base)) if len(bases) > 1 else 0
        rows[row].append(atom)
    return [line for base, row in sorted(zip(bases, rows, strict=True), key=lambda pair: pair[0]) if (line := _line(row, base, size))]


def _size(pieces: list[Piece]) -> float:
    """The largest size that enough of the letters are set in."""
    exact: dict[float, int] = {}
    for piece in pieces:
        exact[piece.size] = exact.get(piece.size, 0) + len(piece.text)
    sizes: Counter[float] = Counter()
    for size, letters in exact.items():
        sizes[round(size, 1)] += letters
    most = max(sizes.values())
    return max(size for size, letters in sizes.items() if 6 * letters >= most)


def _rows(atoms: list[Atom], size: float) -> list[float]:
    """Baselines of the formula's lines: numerators and denominators have none of their own."""
    found: dict[float, list[Atom]] = {}
    for atom in atoms:
        for base, others in found.items():
            if abs(base - atom.base) < 0.15 * size:
                others.append(atom)
                break
        else:
            found[atom.base] = [atom]

    def rank(base: float) -> tuple[bool, int]:
        text = "".join(atom.text for atom in found[base])
        return not RELATIONS.isdisjoint(text), len(text)

    rows: list[float] = []
    for base in sorted(found, key=rank, reverse=True):
        if all(abs(base - row) > 1.1 * size for row in rows):
            rows.append(base)
    return rows


def _script(piece: Piece, full: list[Atom], tall: list[Atom], bases: list[float], size: float) -> None:
    """Give a small piece to what it belongs to: the limits of a big operator stand above and below it, scripts after their letter."""
    middle = (piece.x0 + piece.x1) / 2
    for atom in tall:
        over = atom.x0 - 0.6 * size < middle < atom.x1 + 0.6 * size
        if atom.text in OPERATORS and over and 0.5 * size < abs(piece.base - atom.base + 0.25 * size) < 2.2 * size:
            _add(atom, piece, piece.base > atom.base)
            return
    x0, base = piece.x0, piece.base
    near = 0.3 * size
    left, right = x0 - 0.5 * size, x0 + near
    hosts = [a for a in full + tall if a.x1 < right and (a.x1 > left or a.right + near > x0)]
    hosts = [a for a in hosts if -(1.6 if a.tall else 0.9) * size < base - a.base < (1.4 if a.tall else 0.55) * size]
    if hosts:
        host = min(hosts, key=lambda a: abs(x0 - a.x1) + abs(base - a.base)) if len(hosts) > 1 else hosts[0]
        _add(host, piece, piece.base > host.base - 0.05 * size)
        return
    full.append(Atom(piece.x0, piece.x1, piece.base, piece.text, right=piece.x1))


def _add(atom: Atom, piece: Piece, low: bool) -> None:
    if low:
        atom.low += piece.text
    else:
        atom.high += piece.text
    atom.right = max(atom.right, piece.x1)


def _line(atoms: list[Atom], base: float, size: float) -> str:
    """Atoms of one line, left to right; what stands above another is divided by it, or, inside of tall brackets, is a row above it."""
    on = [a for a in atoms if abs(a.base - base) < 0.3 * size]
    above = _runs([a for a in atoms if a.base <= base - 0.3 * size], size)
    below = _runs([a for a in atoms if a.base >= base + 0.3 * size], size)
    out: list[tuple[float, float, str]] = [(a.x0, a.right, str(a)) for a in on]
    for x0, x1, text in above:
        under = next((run for run in below if min(run[1], x1) - max(run[0], x0) > 0.3 * min(x1 - x0, run[1] - run[0])), None)
        if under is None:
            out.append((x0, x1, text))
            continue
        below.remove(under)
        left, right = min(x0, under[0]), max(x1, under[1])
        fenced = any(a.tall and a.text in OPENING and -size < left - a.x1 < size for a in on)
        out.append((left, right, f"{text}; {under[2]}" if fenced else f"{closed(text)}/{closed(under[2])}"))
    return _joined(out + below, size)


def _runs(atoms: list[Atom], size: float) -> list[tuple[float, float, str]]:
    """Atoms close to each other as one text, with its edges."""
    groups: list[list[Atom]] = []
    for atom in sorted(atoms, key=lambda a: a.x0):
        if groups and atom.x0 < max(a.right for a in groups[-1]) + 0.8 * size:
            groups[-1].append(atom)
        else:
            groups.append([atom])
    return [(g[0].x0, max(a.right for a in g), _joined([(a.x0, a.right, str(a)) for a in g], size)) for g in groups]


def _joined(parts: list[tuple[float, float, str]], size: float) -> str:
    parts = sorted(parts)
    text = parts[0][2] if parts else ""
    for (_, end, before), (start, _, after) in pairwise(parts):
        close = start - end < 0.12 * size or before[-1:] in OPENING or after[:1] in CLOSING
        relation = before[-1:] in RELATIONS or after[:1] in RELATIONS
        text += after if close and not relation else f" {after}"
    return " ".join(text.split())
