"""Cheap facts of the disk and of this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

from runner.facts import Facts
from runner.hardware import hardware, here
from schemas import Machine
from schemas.machine import GIB
from tests.conftest import ROOT

TARGET = Machine(name="t4", kind="cuda", memory_bytes=GIB)


def test_files_match_globs_and_folders(tmp_path: Path):
    """Sorted; a folder stands for what is below it; hidden files are left out; what is absent is an empty list."""
    for name in ("a/2.txt", "a/1.txt", "a/b/3.txt", "a/.hidden", "a/.git/x.txt", "top.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    facts = Facts(tmp_path, TARGET, 1)
    assert [str(p.relative_to(tmp_path)) for p in facts.files("a")] == ["a/1.txt", "a/2.txt", "a/b/3.txt"]
    assert [p.name for p in facts.files("a/*.txt")] == ["1.txt", "2.txt"]
    assert [p.name for p in facts.files("**/*.txt")] == ["1.txt", "2.txt", "3.txt"]
    assert [p.name for p in facts.files(str(tmp_path / "top.md"))] == ["top.md"]
    assert facts.files("none/*.txt") == []
    assert facts.files("") == []


def test_braces_name_several_files_as_in_a_shell(tmp_path: Path):
    """Nested too; a brace without a comma is a letter, and a file of the whole name comes first."""
    for name in ("tr/1.txt", "en/2.md", "en/3.pdf", "{a}.txt", "x{1,2}.txt", "x1.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    facts = Facts(tmp_path, TARGET, 1)
    assert [p.name for p in facts.files("*/*.{txt,md}")] == ["2.md", "1.txt"]
    assert [p.name for p in facts.files("{tr/*.{txt,md},en/3.pdf}")] == ["3.pdf", "1.txt"]
    assert [p.name for p in facts.files("{a}.txt")] == ["{a}.txt"]
    assert [p.name for p in facts.files("x{1,2}.txt")] == ["x{1,2}.txt"]


def test_heads_follow_changes(tmp_path: Path):
    """Read once while the file stays the same, again when it changes, from the longest piece read so far."""
    file = tmp_path / "a.txt"
    file.write_bytes(b"hello world")
    facts = Facts(tmp_path, TARGET, 1)
    assert facts.head(file, 5) == b"hello"
    assert facts.head(Path("a.txt")) == b"hello world"
    file.write_bytes(b"other")
    os.utime(file, ns=(1, 1))
    assert (facts.head(file), facts.size(file)) == (b"other", 5)
    assert (facts.head(tmp_path / "none"), facts.size(tmp_path / "none"), facts.head(tmp_path)) == (b"", 0, b"")


def test_json_is_data_or_none(tmp_path: Path):
    """Damaged and absent files are None."""
    (tmp_path / "good.json").write_text('{"a": [1]}')
    (tmp_path / "bad.json").write_text('{"a": ')
    (tmp_path / "deep.json").write_text("[" * 100_000)
    facts = Facts(tmp_path, TARGET, 1)
    names = ("good.json", "bad.json", "deep.json", "none.json")
    assert [facts.json(Path(name)) for name in names] == [{"a": [1]}, None, None, None]


def test_this_machine_is_known():
    """Memory and cores are what this process may use."""
    machine = here()
    assert machine.memory_bytes > 0
    assert 1 <= machine.cores <= (os.cpu_count() or 1)
    assert machine.kind in ("cpu", "cuda", "mps")


def test_the_record_of_the_machine_is_plain_data():
    """`hardware_info.json` is JSON, and says what the run saw."""
    record = json.loads(json.dumps(hardware()))
    assert record["machine"]["name"] == "here"
    assert record["disk_free_bytes"] > 0
    assert record["python"] == ".".join(map(str, sys.version_info[:3]))


def test_knowing_this_machine_loads_nothing_heavy():
    """No torch, no psutil and no NVML where there is no driver."""
    code = "import sys; from runner.hardware import here; here()\n"
    code += "print(sorted({'torch', 'psutil', 'subprocess', 'pynvml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() in ("[]", "['pynvml']")
