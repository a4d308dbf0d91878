"""Tabs, dashes and digits that look like others; token files that are none; symbols that every tokenizer has; a message too long."""

import bz2
import gzip
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))

from batch_9_cases import Base
from batch_11_cases import ARCHIVE, CLINIC, RADIO
from cases import Case, findings

STEPS, BIN = "    max_steps: 60\n", "  - type: tokenize_bin\n"


def told(folder: Path, base: Base, changes: Mapping[str, str], files: Mapping[str, Any] | None = None) -> list[tuple[str, str, str]]:
    """Code, message and fix, informations left out."""
    case = Case("", "", base.text, changes, {**base.files, **(files or {})})
    return [(f.code, f.message, f.fix) for f in findings(case, folder / "p") if f.severity != "info"]


@pytest.mark.parametrize(
    ("old", "new", "message", "fix"),
    [
        (STEPS, "    max_steps:\t60\n", "a tab stands behind max_steps:, where YAML wants a blank", "write max_steps: 60"),
        (STEPS, "    max_steps: 60\t# all\n", "a tab stands behind 60, which YAML does not read", "write max_steps: 60 # all"),
        (STEPS, "\tmax_steps: 60\n", "a tab cannot indent a line", "indent with spaces"),
        (BIN, "  -\ttype: tokenize_bin\n", "a tab stands behind -, where YAML wants a blank", "write - type: tokenize_bin"),
        (BIN, "  -type: tokenize_bin\n", "no blank stands behind the dash: an item of a list begins with - and a blank",
         "write - type: tokenize_bin"),
        (BIN, "  – type: tokenize_bin\n", "– is no dash to YAML: an item of a list begins with - and a blank",
         "write - type: tokenize_bin"),
        (BIN, "  * type: tokenize_bin\n", "* is no dash to YAML: an item of a list begins with - and a blank",
         "write - type: tokenize_bin"),
        (STEPS, "    - max_steps: 60\n", "- begins an item of a list, and max_steps stands in a map, as model above it",
         "take the dash away, and begin max_steps in column 5"),
    ],
)  # fmt: skip
def test_a_sign_of_another_kind_is_told_by_what_it_stands_behind(tmp_path: Path, old: str, new: str, message: str, fix: str):
    """Each is the whole screen: nothing follows from a file that cannot be read."""
    ((_, said, remedy),) = told(tmp_path, RADIO, {old: new})
    assert (said, remedy) == (message, fix)


@pytest.mark.parametrize("written", ["６０", "60\u200b", "\ufeff60"])
def test_digits_that_only_look_like_digits(tmp_path: Path, written: str):
    """The number that was meant is written."""
    ((code, _, fix),) = told(tmp_path, RADIO, {STEPS: f"    max_steps: {written}\n"})
    assert (code, fix) == ("K002", "write max_steps: 60")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("Once upon a time there was a small spoon. " * 40, "it is text"),
        ("Bir varmış bir yokmuş, küçük bir kaşık varmış. " * 40, "it is text"),
        ("<!DOCTYPE html><html></html>" * 20, "it is a web page"),
        (gzip.compress(struct.pack("<400H", *range(400)), mtime=0), "it is packed with gzip"),
        ("version https://git-lfs.github.com/spec/v1\n" * 3, "it is a pointer of Git LFS"),
        (b"\x80\x04\x95" + bytes(301), "it is a pickle"),
        (b"", "x.bin is empty"),
        (b"PAR1" + bytes(400), "it is a table of rows"),
        (b"ARROW1\0\0" + bytes(400), "it is a table of rows"),
        (b"\xfd7zXZ\0" + bytes(400), "it is packed with xz"),
        (bz2.compress(bytes(4000)), "it is packed with bzip2"),
        (b"\x89HDF\r\n" + bytes(400), "it is an HDF5 file"),
        (b"%PDF-1.7\n" + bytes(400), "it is a PDF"),
        (bytes(257) + b"ustar\x0000" + bytes(400), "it is an archive"),
        (struct.pack("<Q", 60) + b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' + bytes(400), "it holds weights"),
    ],
)
def test_a_token_file_that_is_none_is_told_by_what_it_is(tmp_path: Path, content: Any, what: str):
    """V105, not an id that happens to be too large."""
    bins = {"  - type: check_vocab_consistency\n": "  - type: check_vocab_consistency\n    bins: {path: old/x.bin}\n"}
    ((code, message, fix),) = told(tmp_path, RADIO, bins, {"old/x.bin": content})
    assert (code, what in message, bool(fix)) == ("V105", True, True)


@pytest.mark.parametrize("ids", [[n * 7 % 690 for n in range(4000)], [0] * 40 + [n % 690 for n in range(4000)], [5] * 4000, [0] * 4000])
def test_files_of_ids_are_let_be(tmp_path: Path, ids: list[int]):
    """Also such as begin with a padding, or say one thing."""
    bins = {"  - type: check_vocab_consistency\n": "  - type: check_vocab_consistency\n    bins: {path: old/x.bin, dtype: uint16}\n"}
    assert told(tmp_path, RADIO, bins, {"old/x.bin": struct.pack(f"<{len(ids)}H", *ids)}) == []


def test_special_tokens_of_another_library(tmp_path: Path):
    """T110: pad and unk are made anyway. Marks that the text holds, or for a tuning to come, are right."""
    digits = "    split_digits: true\n"
    ((code, message, fix),) = told(tmp_path, ARCHIVE, {digits: f'{digits}    user_symbols: ["[PAD]", "[UNK]", "[CLS]"]\n'})
    assert (code, fix) == ("T110", "delete user_symbols")
    assert message.startswith("[PAD], [UNK], [CLS] are special tokens of another library")
    assert told(tmp_path / "q", ARCHIVE, {digits: f'{digits}    user_symbols: ["[SEP]"]\n'}) == []
    text = {"letters/three.txt": "[PAD] is what the printer wrote.\n\n[UNK] as well, on every page.\n"}
    assert told(tmp_path / "r", ARCHIVE, {digits: f'{digits}    user_symbols: ["[PAD]", "[UNK]"]\n'}, text) == []


def test_a_system_message_that_no_context_holds(tmp_path: Path):
    """The base has 2,048 positions: no longer rows are offered."""
    system = "    system: You answer for a clinic's desk.\n"
    long = " ".join(f"Of room {n} say nothing but that it is open." for n in range(90))
    ((code, _, fix),) = told(tmp_path, CLINIC, {system: f'    system: "{long}"\n'})
    assert (code, fix) == ("E030", "shorten it: the base has 2,048 positions")


@pytest.mark.parametrize("kind", ["f", "d"])
def test_ids_as_fractions_are_told_as_such(tmp_path: Path, kind: str):
    """And not as ids of a larger tokenizer."""
    content = struct.pack(f"<4000{kind}", *(float(5 + n % 600) for n in range(4000)))
    check = "  - type: check_vocab_consistency\n"
    changes = {check: f"{check}    bins: {{path: old, dtype: uint16}}\n"}
    ((code, message, fix),) = told(tmp_path, RADIO, changes, {"old/train.bin": content})
    assert code == "V105"
    assert "numbers with a point" in message
    assert "astype(numpy.uint16)" in fix


def test_one_empty_file_of_ids_beside_others(tmp_path: Path):
    """It cannot be mapped."""
    check = "  - type: check_vocab_consistency\n"
    files = {"old/train.bin": struct.pack("<4000H", *(5 + n % 600 for n in range(4000))), "old/val.bin": b""}
    ((code, message, _),) = told(tmp_path, RADIO, {check: f"{check}    bins: {{path: old}}\n"}, files)
    assert (code, message) == ("V105", "val.bin is empty, and no training can map it")


@pytest.mark.parametrize(("written", "fix"), [("old/x.bin", "write bins: {path: old/x.bin}"), ("8", "")])
def test_a_file_of_ids_that_is_only_named(tmp_path: Path, written: str, fix: str):
    """A map with its path is wanted; a number is no file."""
    bins = {"  - type: check_vocab_consistency\n": f"  - type: check_vocab_consistency\n    bins: {written}\n"}
    assert told(tmp_path, RADIO, bins, {"old/x.bin": struct.pack("<400H", *range(400))})[0][2] == fix
