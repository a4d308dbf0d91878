"""Rules about columns, languages and texts that are there, and hardly the ones that were meant."""

import json
from pathlib import Path

import pytest

from tests.runner.judged import meant

ENGLISH = "The hen and the fox went to the market and it was a fine day for all of the birds that sat on the fence, number {}."
TURKISH = "Tavuk ile tilki pazara gitti ve bu çok güzel bir gün oldu, çitin üzerinde oturan kuşlar için de bir şölen gibi, sayı {}."


def found(folder: Path, rows: list[dict[str, str]], source: str) -> list[tuple[str, str]]:
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    base = f"recipe: r\ntarget: t4\nsteps:\n  - type: parse_corpus\n    sources: [{{path: a.jsonl{source}}}]\n"
    return [(f.code, str(f.path[-1])) for f in meant(folder, base=base).findings if f.severity != "info"]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("data/texts/{:05}.txt", [("D162", "path")]),
        ("https://example.org/page/{}", [("D162", "path")]),
        ("{}.wav", [("D162", "path")]),
        ("MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ{}", []),
        ("See data/texts/{:05}.txt for more.", []),
    ],
)
def test_names_of_files_are_no_texts(tmp_path: Path, text: str, codes: list[tuple[str, str]]):
    """A whole text that is one; words without blanks, such as proteins, are texts."""
    assert found(tmp_path, [{"text": text.format(n)} for n in range(20)], "") == codes


@pytest.mark.parametrize(
    ("columns", "codes"),
    [
        (", columns: {text: title}", [("D163", "text")]),
        (", columns: {text: text}", []),
        (', columns: {text: "{title}"}', []),
        (', columns: {text: "{title} {text}"}', []),
        (", columns: {text: summary}", []),
    ],
)
def test_the_column_of_the_text_is_named(tmp_path: Path, columns: str, codes: list[tuple[str, str]]):
    """Ten times shorter than the one that is called text; a template is meant as it stands."""
    rows = [{"title": f"T {n}", "summary": f"The hen and fox {n}", "text": ENGLISH.format(n)} for n in range(20)]
    assert found(tmp_path, rows, columns) == codes


@pytest.mark.parametrize(
    ("text", "lang", "codes"),
    [
        (ENGLISH, "tr", [("D164", "lang")]),
        (TURKISH, "en", [("D164", "lang")]),
        (TURKISH, "tr", []),
        (ENGLISH, "de", []),
        ("Der Hund und die Katze liegen auf dem Sofa, und es ist ein schöner Tag im Garten der alten Frau Nummer {}.", "tr", []),
    ],
)
def test_texts_are_in_the_language_that_is_said(tmp_path: Path, text: str, lang: str, codes: list[tuple[str, str]]):
    """Only the two languages whose commonest words are known are judged."""
    assert found(tmp_path, [{"text": text.format(n)} for n in range(20)], f", lang: {lang}") == codes


@pytest.mark.parametrize(
    ("lang", "codes"),
    [
        ("turkish", [("D167", "lang")]),
        ("Türkçe", [("D167", "lang")]),
        ("TR", [("D167", "lang")]),
        ("tur", [("D167", "lang")]),
        ("tr", []),
        ("pt-BR", []),
        ("python", []),
        ("kab", []),
    ],
)
def test_a_language_is_named_by_its_code(tmp_path: Path, lang: str, codes: list[tuple[str, str]]):
    """Names and capitals are; codes, regions and tags of one's own stay."""
    assert found(tmp_path, [{"text": f"{n} {n + 1}"} for n in range(20)], f", lang: {lang}") == codes
