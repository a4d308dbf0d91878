"""What a recipe may choose of the text rooms, apart from the code that acts on it: a check needs the words alone."""

from pathlib import Path
from typing import Literal

from steps.text.packed import PACKED
from steps.text.unreadable import Unreadable

Format = Literal["auto", "txt", "md", "html", "jsonl", "json", "csv", "parquet", "pdf", "docx"]
Split = Literal["file", "blank_line", "line"]
BY_EXTENSION = {
    "txt": "txt", "text": "txt", "md": "md", "markdown": "md", "html": "html", "htm": "html", "xhtml": "html", "jsonl": "jsonl",
    "ndjson": "jsonl", "json": "json", "csv": "csv", "tsv": "csv", "parquet": "parquet", "pdf": "pdf", "docx": "docx",
    "docm": "docx", "dotx": "docx", "dotm": "docx",
}  # fmt: skip
Private = Literal["all", "email", "phone", "iban", "tr_id", "card", "ip"]  # what is masked
HELD_OUT = 0.05  # of the documents of a fine-tuning, by digest, for validation
FEWEST = 20  # documents, below which none is held out
MOST_LEFT_OUT = 0.1  # of the documents may be conversations too long for a row: fewer are left out and told, with more nothing is trained
Strategy = Literal["auto", "paragraph", "sentence", "token"]
SectionName = Literal[
    "front", "abstract", "introduction", "methods", "results", "discussion", "conclusion", "acknowledgements", "references", "appendix"
]


def format_of(path: Path, wanted: Format = "auto") -> str:
    """The format of a file: as written, or by its extension (before `.gz`). Raises Unreadable for an extension nobody reads."""
    if wanted != "auto":
        return wanted
    suffixes = [s.lower().lstrip(".") for s in path.suffixes]
    if suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    found = BY_EXTENSION.get(suffixes[-1]) if suffixes else None
    if found is None:
        raise Unreadable(f"no reader for .{suffixes[-1]} files" if suffixes else "no extension to tell what it is")
    return found
