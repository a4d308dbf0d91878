"""Rules about what is let through to a corpus: limits that drop all of it, and mixes that end with a few texts."""

import json
from pathlib import Path

import pytest

from steps.parse_corpus import Clean
from steps.text.clean import unfit
from tests.runner.judged import STORIES, meant, said

TEXT = "The hen and the fox went to the market, and it was a fine day for all of the birds that sat on the fence there, number {}."


def rows(folder: Path, name: str, count: int) -> None:
    (folder / name).write_text("".join(json.dumps({"text": TEXT.format(n)}) + "\n" for n in range(count)), "utf-8")


@pytest.mark.parametrize(
    ("clean", "codes"),
    [
        ("min_characters: 5000", ["D160"]),
        ("min_characters: 50", []),
        ("max_characters: 50", ["D160"]),
        ("min_words: 200", ["D160"]),
        ("max_words: 100", []),
        ("languages: {allow: [tr]}", ["D160"]),
        ("languages: {allow: [tr, en]}", []),
        ("languages: {allow: [tr], min_share: 0.5}, mask: [email]", ["D160"]),
        ("dedup: none", []),
    ],
)
def test_limits_are_tried_on_the_first_documents(tmp_path: Path, clean: str, codes: list[str]):
    """An error, since these twenty are the whole data."""
    rows(tmp_path, "a.jsonl", 20)
    base = f"recipe: r\ntarget: t4\nsteps:\n  - type: parse_corpus\n    sources: [{{path: a.jsonl}}]\n    clean: {{{clean}}}\n"
    found = meant(tmp_path, base=base).findings
    assert [f.code for f in found if f.severity == "error"] == codes
    assert all(f.path[:3] == ("steps", "parse_corpus", "clean") for f in found if f.code == "D160")


def test_more_data_than_was_seen_makes_it_a_warning(tmp_path: Path):
    """And texts that are cut where the beginning ends are not judged."""
    (tmp_path / "a.txt").write_text("\n".join(TEXT.format(n) for n in range(2000)), "utf-8")
    base = (
        "recipe: r\ntarget: t4\nsteps:\n  - type: parse_corpus\n    sources: [{path: a.txt, document: line}]\n    clean: {min_words: 99}\n"
    )
    (found,) = [f for f in meant(tmp_path, base=base).findings if f.code == "D160"]
    assert (found.severity, found.fix) == ("warning", "write min_words: 7")


@pytest.mark.parametrize(("documents", "codes"), [(3, ["D161"]), (100, [])])
@pytest.mark.parametrize("more", ["", "    exhausted: repeat\n"])
def test_a_mix_ends_with_its_smallest_source(tmp_path: Path, documents: int, codes: list[str], more: str):
    """By the sizes of the files and the weights; with repeat each source is read to its end."""
    rows(tmp_path, "many.jsonl", 400)
    rows(tmp_path, "few.jsonl", documents)
    sources = "    sources: [{path: many.jsonl, weight: 1}, {path: few.jsonl, weight: 1}]\n"
    base = f"recipe: r\ntarget: t4\nsteps:\n  - type: parse_corpus\n{sources}{more}"
    found = said(tmp_path, base=base)
    assert [code for code in found if code == "D161"] == ([] if more else codes)


def test_a_source_of_unknown_size_is_not_judged(tmp_path: Path):
    """What the hub has is not known without its page."""
    rows(tmp_path, "few.jsonl", 3)
    sources = f"[{STORIES[:-1]}, weight: 1}}, {{path: few.jsonl, weight: 1}}]"
    assert "D161" not in said(tmp_path, base=f"recipe: r\ntarget: t4\nsteps:\n  - type: parse_corpus\n    sources: {sources}\n")


def test_the_limits_are_those_of_the_run():
    """One function for the check and for the step."""
    assert unfit("one two", Clean(min_words=3)) == "too few words"
    assert unfit("one two", Clean()) == ""


@pytest.mark.parametrize(
    ("weights", "found"), [((0.7, None), 1), ((0.7, 0.3), 0), ((None, None), 0), ((0.7, None, None), 1), ((0.7, 0.3, None), 0)]
)
def test_a_weight_alone_mixes_nothing(tmp_path: Path, weights: tuple[float | None, ...], found: int):
    """It is a share beside others, and sources without one are read whole."""
    listed = []
    for number, weight in enumerate(weights):
        rows(tmp_path, f"{number}.jsonl", 40)
        listed.append(f"{{path: {number}.jsonl}}" if weight is None else f"{{path: {number}.jsonl, weight: {weight}}}")
    assert said(tmp_path, (STORIES, ", ".join(listed))).count("D187") == found
    if weights == (0.7, 0.3):  # the one that is misspelt is told as such
        misspelt = ", ".join(listed).replace("weight: 0.3", "weigth: 0.3")
        assert said(tmp_path, (STORIES, misspelt)) == ["K001"]


@pytest.mark.parametrize(
    ("split", "fix"),
    [
        ("train[:500]", "write split: train, and take: 500 beside it"),
        ("train[:10%]", "write split: train, and take: N beside it"),
        ("train[:10%", "write split: train, and take: N beside it"),
        ("train", ""),
        ("train+test", ""),
    ],
)
def test_a_slice_of_a_split_cannot_be_read_as_it_comes(tmp_path: Path, split: str, fix: str):
    """`datasets` refuses it when rows are streamed; several splits it takes."""
    found = meant(tmp_path, (STORIES, STORIES.replace("}", f', split: "{split}"}}'))).findings
    assert [each.fix for each in found if each.code == "D107"] == ([fix] if fix else [])
