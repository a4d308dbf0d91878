"""What a source asks for in vain."""

import json
from pathlib import Path

import pytest

from tests.runner.judged import STORIES, meant


def found(folder: Path, sources: str, *codes: str) -> list[tuple[str, str, str]]:
    """Code, severity and fix of these findings for `sources` of a project with rows, texts and a folder of the best."""
    rows = [json.dumps({"text": f"Story {n} of a hen that met a fox near the old well."}) for n in range(60)]
    for name in ("a.jsonl", "all/best/b.jsonl", "all/c.jsonl"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n".join(f'{row[:-2]} {name}"}}' for row in rows), "utf-8")
    (folder / "d.txt").write_text("A hen met a fox.\n\nThey spoke of rain.\n\n" * 40, "utf-8")
    return [(f.code, f.severity, f.fix) for f in meant(folder, (f"[{STORIES}]", sources)).findings if f.code in codes]


@pytest.mark.parametrize(
    "setting", ["references: keep", "tables: drop", "sections: {methods: 2}", "document: line", "password: '${env:PW}'"]
)
def test_settings_of_texts_do_nothing_for_rows(tmp_path: Path, setting: str):
    """Rows are documents as they are; a text has the parts, and what is usual says nothing."""
    name = setting.split(":")[0]
    assert found(tmp_path, f"[{{path: a.jsonl, {setting}}}]", "D101") == [("D101", "warning", f"delete {name}")]
    assert found(tmp_path, f"[{{path: d.txt, {setting}}}]", "D101") == []
    assert found(tmp_path, "[{path: a.jsonl, tables: keep, references: drop}]", "D101") == []


def test_a_file_that_two_sources_read_gives_nothing_twice(tmp_path: Path):
    """All of a source is a warning, a part of it an information; other columns make other documents."""
    assert [f[:2] for f in found(tmp_path, "[{path: a.jsonl}, {path: a.jsonl, weight: 2}]", "D186")] == [("D186", "warning")]
    assert [f[:2] for f in found(tmp_path, "[{path: all/best}, {path: all}]", "D186")] == [("D186", "info")]
    assert found(tmp_path, '[{path: a.jsonl}, {path: a.jsonl, columns: {text: "- {text}"}}]', "D186") == []
    assert found(tmp_path, "[{path: a.jsonl}, {path: all}]", "D186") == []
    assert found(tmp_path, "[{path: a.jsonl, fallback: {path: a.jsonl}}]", "D186") == []


@pytest.mark.parametrize(
    ("folder", "fix"),
    [("bset", "write best"), ("worst", "there are best"), ("best", None)],
)
def test_a_priority_folder_is_there(tmp_path: Path, folder: str, fix: str | None):
    """Or the nearest that is is named, before a word is read."""
    wanted = [] if fix is None else [("D117", "warning", fix)]
    assert found(tmp_path, f"[{{path: all}}]\n    priority: {{{folder}: 3}}", "D117") == wanted
    assert found(tmp_path, f"[{{path: all}}]\n    priority: [{folder}]", "D117") == wanted


@pytest.mark.parametrize(
    ("second", "clean", "codes"),
    [
        ("One.\n\nTwo.\n" * 50, "clean: {dedup: none}", ["D191"]),
        ("One.\n\nTwo.\n" * 50, "clean: {dedup: exact}", []),
        ("One.\n\nTen.\n" * 50, "clean: {dedup: none}", []),
    ],
)
def test_a_copy_of_a_file_is_told_where_both_are_kept(tmp_path: Path, second: str, clean: str, codes: list[str]):
    """By size and beginning, whatever they are called."""
    (tmp_path / "a.txt").write_text("One.\n\nTwo.\n" * 50, "utf-8")
    (tmp_path / "b (1).txt").write_text(second, "utf-8")
    sources = f"[{{path: '*.txt', document: blank_line}}]\n    {clean}"
    assert [f.code for f in meant(tmp_path, (f"[{STORIES}]", sources)).findings if f.code == "D191"] == codes


def test_columns_of_texts_are_told(tmp_path: Path):
    """Texts have none; where some files of the source are tables, those have."""
    assert found(tmp_path, "[{path: d.txt, columns: {text: x}}]", "D101") == [("D101", "warning", "delete columns")]
    assert found(tmp_path, "[{path: '*.{txt,jsonl}', columns: {text: text}}]", "D101") == []
