"""Facts that are dear to make, kept by the content that they were made from."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner import factcache
from runner.factcache import FactCache
from runner.facts import Facts
from schemas import Machine
from schemas.machine import GIB
from steps.text.heads import head_of
from tests.conftest import ROOT

TARGET = Machine(name="t4", kind="cuda", memory_bytes=GIB)


class Maker:
    """Says how long a file is and what it holds, and counts how often it was asked."""

    def __init__(self, file: Path) -> None:
        self.file, self.asked = file, 0

    def __call__(self) -> list[object]:
        self.asked += 1
        return [self.asked, self.file.read_text("utf-8")]


def told(folder: Path, maker: Maker) -> object:
    """As a new process would be told."""
    return FactCache(str(folder / "facts")).get("words 1", [str(maker.file)], maker)


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    file = tmp_path / "a.txt"
    file.write_text("aaaa", "utf-8")
    return Maker(file)


def test_a_fact_is_made_once_for_the_same_content(tmp_path: Path, maker: Maker):
    """Also when the file was only touched, or lies elsewhere by now."""
    assert told(tmp_path, maker) == told(tmp_path, maker) == [1, "aaaa"]
    maker.file = maker.file.rename(tmp_path / "b.txt")
    os.utime(maker.file, (1, 1))
    assert (told(tmp_path, maker), maker.asked) == ([1, "aaaa"], 1)


@pytest.mark.parametrize("whole", [factcache.WHOLE_BYTES, 0], ids=["known by content", "known by stat and ends"])
def test_a_change_of_the_same_size_and_time_is_noticed(tmp_path: Path, maker: Maker, monkeypatch: pytest.MonkeyPatch, whole: int):
    """Though size and mtime are what they were."""
    monkeypatch.setattr(factcache, "WHOLE_BYTES", whole)
    monkeypatch.setattr(factcache, "ENDS", 4)
    before = maker.file.stat().st_mtime_ns
    assert told(tmp_path, maker) == [1, "aaaa"]
    maker.file.write_text("bbbb", "utf-8")
    os.utime(maker.file, ns=(before, before))
    assert told(tmp_path, maker) == [2, "bbbb"]


def test_a_large_file_is_known_by_its_stat_once_that_can_be_trusted(tmp_path: Path, maker: Maker, monkeypatch: pytest.MonkeyPatch):
    """Written a moment ago it is read again each time; later on its stat tells of every change."""
    monkeypatch.setattr(factcache, "WHOLE_BYTES", 0)
    monkeypatch.setattr(factcache, "ENDS", 2)
    time.sleep(0.05)
    assert (told(tmp_path, maker), told(tmp_path, maker)) == ([1, "aaaa"], [1, "aaaa"])
    with maker.file.open("a", encoding="utf-8") as file:
        file.write("aa")
    assert told(tmp_path, maker) == [2, "aaaaaa"]


@pytest.mark.parametrize("left", [0, 10, -3], ids=["empty", "cut in its first line", "cut in the fact"])
def test_a_damaged_fact_is_made_again(tmp_path: Path, maker: Maker, left: int):
    """As if it had never been there, and whole from then on."""
    told(tmp_path, maker)
    (kept,) = [p for p in (tmp_path / "facts").iterdir() if p.name != "stat.json"]
    kept.write_bytes(kept.read_bytes()[:left] if left else b"")
    (tmp_path / "facts" / "stat.json").write_text("{")
    assert told(tmp_path, maker) == told(tmp_path, maker) == [2, "aaaa"]


def test_a_cache_that_cannot_be_written_stops_nothing(tmp_path: Path, maker: Maker):
    """Each process makes the fact for itself."""
    (tmp_path / "facts").write_text("a file where the folder would be")
    assert (told(tmp_path, maker), told(tmp_path, maker)) == ([1, "aaaa"], [2, "aaaa"])


def test_what_json_would_change_is_not_kept(tmp_path: Path, maker: Maker):
    """A tuple would come back as a list: the fact is the same in every process, or made there."""
    facts = [FactCache(str(tmp_path / "facts")).get("pair 1", [str(maker.file)], lambda: (1, maker())) for _ in range(2)]
    assert facts == [(1, [1, "aaaa"]), (1, [2, "aaaa"])]


def test_facts_are_bounded(tmp_path: Path, maker: Maker, monkeypatch: pytest.MonkeyPatch):
    """Those used last stay."""
    monkeypatch.setattr(factcache, "MOST_FACTS", 3)
    cache = FactCache(str(tmp_path / "facts"))
    for number in range(6):
        cache.get(f"number {number}", [str(maker.file)], lambda number=number: number)
        time.sleep(0.005)
    kept = sorted(p.read_text().splitlines()[1] for p in (tmp_path / "facts").iterdir() if p.name != "stat.json")
    assert kept == ["3", "4", "5"]


def test_two_processes_share_what_one_has_read(tmp_path: Path):
    """The second check needs no library that reads the format."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pa.table({"text": ["bir", "two"], "n": [1, 2]}), tmp_path / "a.parquet")
    code = (
        "import sys; from pathlib import Path; from runner.facts import Facts; from steps.text.heads import head_of\n"
        "from tests.runner.test_factcache import TARGET; import json\n"
        f"head = head_of(Facts(Path({str(tmp_path)!r}), TARGET, 1), Path('a.parquet'))\n"
        "print(json.dumps([head.rows, head.total, 'pyarrow' in sys.modules]))"
    )
    said = [json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=True).stdout) for _ in range(2)]
    rows = [[1, {"text": "bir", "n": 1}], [2, {"text": "two", "n": 2}]]
    assert said == [[rows, 2, True], [rows, 2, False]]


def test_heads_are_the_same_from_the_cache(tmp_path: Path):
    """Packed rows, broken lines and the end of the file, each as it was read the first time."""
    import gzip

    with gzip.open(tmp_path / "a.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write('{"text": "bir"}\n{"text": \n{"text": "iki"}\n')
    first, second = (head_of(Facts(tmp_path, TARGET, 1), Path("a.jsonl.gz")) for _ in range(2))
    assert (second, [line for line, _ in second.rows], len(second.broken)) == (first, [1, 3], 1)
    assert any((tmp_path / ".recipe" / "facts").iterdir())
