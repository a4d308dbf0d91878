"""What a document consists of: headings, paragraphs, tables, captions, footnotes, references; which of it is kept, and its sections."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from steps.text.papers import reference_span

Kind = Literal["text", "heading", "table", "caption", "footnote", "references", "formula", "listing"]
_SAYING = (  # behind the number, a sentence: Figure 7 shows, Fig. 5a and b show, Tablo 2'de
    r"(?:[A-Z]?\d+(?:[.–-]\d+)*|[IVX]+\b)(?:\(?[a-z]\)?)?(?:(?:,| and| und| ve) (?:\d+(?:\.\d+)*[a-z]?|\(?[a-z]\)?)(?!\w))*+"
    r"(?:,?\s(?!con(?:t\b|tinu|cluded)|devam|suite\b)(?-i:[a-zß-öø-ÿğış]{2})|['’](?-i:[a-zıöü]))"
)
CAPTION = re.compile(
    r"^(?:table|tab\.|figure|fig\.|algorithm|listing|scheme|tablo|çizelge|şekil|grafik|resim|abbildung|tabelle|tableau)\s*"
    rf"(?!{_SAYING})(?:[A-Z]?\d|[IVX]+\b)"
    r"|^(?:fig(?:ura|uur|ur|\.)|tab(?:ela|el|ella|la|ulka|ell|\.)|rys(?:unek|\.)|obr(?:ázek|\.)|cuadro|quadro|gráfico|imagen|рис(?:унок|\.)|таблица|табл\."
    r"|kuva|taulukko|bild|ábra|图|表)\s*[A-Z]?\d+(?:[.–-]\d+)*[a-z]?\s?(?:[.:—–](?=\s|$)|：)",
    re.IGNORECASE,
)
NUMBER = r"(?:(?:\d+|[A-Z]|[IVX]+)(?:\.\d+)*\.?\s+)?"
SECTIONS: dict[str, str] = {  # name to what its heading may say, in English and Turkish
    "abstract": r"abstract|summary|öz|özet",
    "introduction": r"introduction|background|giriş",
    "methods": r"(?:materials?\s+(?:and|&)\s+)?methods?|methods?\s+(?:and|&)\s+materials?|methodology"
    r"|experimental(?:\s+(?:setup|section|methods))?"
    r"|study\s+(?:area|design)(?:\s+and\s+methods)?|yöntem(?:ler)?|metot|metodoloji"
    r"|(?:gereç|materyal|malzeme)\s+(?:ve|&)\s+(?:yöntem(?:ler)?|metot|metod)",
    "results": r"results?|findings|bulgular",
    "discussion": r"discussion|results?\s+(?:and|&)\s+discussion|tartışma|bulgular\s+ve\s+tartışma",
    "conclusion": r"conclusions?|concluding\s+remarks|conclusions?\s+and\s+future\s+work|sonuç(?:lar)?|sonuç\s+ve\s+öneriler",
    "acknowledgements": r"acknowledge?ments?|teşekkür",
    "references": r"references(?:\s+and\s+notes|\s+cited)?|bibliography|works\s+cited|literature\s+cited|kaynaklar|kaynakça",
    "appendix": r"appendi(?:x|ces)\b.*|supplementary\b.*|ek(?:ler)?(?:\s+\w+)?",
}
_ANY = "|".join(f"(?P<{name}>{words})" for name, words in SECTIONS.items())
_HEADING = re.compile(rf"(?:#+\s*)?\**{NUMBER}(?:{_ANY})\**\s*[:.]?$", re.IGNORECASE)
_TURKISH = re.compile("[ĞğŞşİı]")


class Part(NamedTuple):
    """A block of a document, in reading order."""

    kind: Kind
    text: str
    called_in: str = ""  # of a note at the end of a document: the section that has its mark


@dataclass(frozen=True)
class Wanted:
    """What of a document is read. sections: how often training sees each; None: the document is not parted.

    password: of encrypted files, as it is, not its name.
    """

    references: bool = False
    tables: bool = True
    captions: bool = True
    footnotes: bool = False
    formulas: bool = True
    sections: Mapping[str, float] | None = None
    password: str | None = None

    def keeps(self, part: Part) -> bool:
        """Whether a part of this kind stays; a reference list that has a weight is wanted."""
        if part.kind == "references":
            return self.references or bool((self.sections or {}).get("references"))
        if part.kind in ("text", "heading", "listing"):  # nearly all
            return True
        return {"table": self.tables, "caption": self.captions, "footnote": self.footnotes, "formula": self.formulas}[part.kind]


EVERYTHING_USUAL = Wanted()


def section_of(heading: str) -> str:
    """The name in SECTIONS of the section that begins with this line, empty where it is none: `2. Materials and Methods` is methods."""
    line = heading.strip()
    if not line or len(line) > 80 or "\n" in line:
        return ""
    found = _HEADING.match(line)
    if found is None and _TURKISH.search(line):  # its capitals fold their own way
        found = _HEADING.match(line.replace("İ", "i").replace("I", "ı")) or _HEADING.match(line.replace("ı", "i").replace("İ", "i"))
    return found.lastgroup or "" if found else ""


def with_references(parts: list[Part]) -> list[Part]:
    """`parts` with the reference list marked as such, heading included."""
    start, end = reference_span([part.text for part in parts])
    return [Part("references", p.text) if start <= i < end and p.kind in ("text", "heading") else p for i, p in enumerate(parts)]


def joined(parts: list[Part], wanted: Wanted = EVERYTHING_USUAL) -> str:
    """The parts that are wanted, a blank line between them."""
    return "\n\n".join(part.text for part in parts if wanted.keeps(part) and part.text.strip())


def in_sections(parts: list[Part]) -> list[tuple[str, list[Part]]]:
    """Name and parts of each section, in order; what stands before the first heading that is known is `front`."""
    found: list[tuple[str, list[Part]]] = [("front", [])]
    for part in parts:
        if part.called_in and (own := [inside for name, inside in found if name == part.called_in]):
            own[-1].append(part)
            continue
        name = "references" if part.kind == "references" else section_of(part.text) if part.kind in ("heading", "text") else ""
        if name and name != found[-1][0]:
            found.append((name, []))
        found[-1][1].append(part)
    return [(name, inside) for name, inside in found if inside]


def of_text(text: str, *, markdown: bool = False) -> list[Part]:
    """A plain text or Markdown as parts: blocks between blank lines, of which a line that names a section is a heading."""
    parts = []
    for block in re.split(r"\n[^\S\n]*\n\s*", text.strip("\n")):
        first, _, rest = block.partition("\n")
        if rest and section_of(first):
            parts += [Part("heading", first), Part("text", rest)]
        elif section_of(block) or (markdown and re.match(r"#{1,6}\s", block) and not rest):
            parts.append(Part("heading", block))
        elif markdown and re.match(r"\s*\|.*\|\s*$", first) and rest:
            parts.append(Part("table", block))
        elif CAPTION.match(block) and not rest:
            parts.append(Part("caption", block))
        else:
            parts.append(Part("text", block))
    return with_references(parts)
