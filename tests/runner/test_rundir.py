"""The folder of a run: its layout, its record, how runs are found."""

import json
import os
from pathlib import Path

import pytest

from runner import disk, rundir
from runner.background import process_of
from runner.disk import full_disk
from runner.rundir import RunDir, find_run, find_runs, git_commit, packages, place, read_record
from runner.statcache import StatCache
from schemas.findings import RecipeError
from tests.runner.by_hand import meant_of, run, say


def made(project: Path) -> Path:
    return run(meant_of(project, (say, "one", {"text": "a"}, {})))["one"].artifact.parents[1]


def test_the_layout_is_the_guides(tmp_path):
    """config, logs, plots, reports, adapters, stats, artifacts, metadata.json; nothing half-written is left."""
    folder = made(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == [
        "adapters", "artifacts", "config", "logs", "metadata.json", "plots", "reports", "stats",
    ]  # fmt: skip
    assert sorted(path.name for path in (folder / "config").iterdir()) == ["hardware_info.json", "recipe.yaml", "run_config.json"]
    assert os.readlink(tmp_path / "runs" / "latest") == folder.name
    data = json.loads((folder / "metadata.json").read_text())
    assert data["status"] == "done"
    assert {"recipe_digest", "resolved", "packages", "hardware", "git_commit", "seconds", "command"} <= set(data)
    assert {"key", "digest", "reason", "seconds", "params"} <= set(data["steps"][0])


def test_a_moved_project_still_reads_its_runs(tmp_path):
    """The record holds no path of the machine that leads into the project."""
    folder = made(tmp_path / "old")
    (tmp_path / "old").rename(tmp_path / "new")
    record = read_record(tmp_path / "new" / "runs" / folder.name)
    assert record is not None
    assert (record.steps[0].artifact / "words.txt").read_text() == "a"
    assert (record.steps[0].side / "stats" / "say.json").is_file()


def test_events_are_lines_with_id_and_time(tmp_path):
    """events.jsonl as in the guide."""
    lines = [json.loads(line) for line in (made(tmp_path) / "logs" / "events.jsonl").read_text().splitlines()]
    assert [(line["event"], line["id"]) for line in lines] == [("start", "one"), ("made", "one")]
    assert set(lines[1]) >= {"event", "id", "timestamp", "key", "digest", "reason", "seconds"}


def test_two_runs_in_a_second_have_two_folders(tmp_path):
    """The second gets a number."""
    cache = StatCache(str(tmp_path / "stat.json"))
    names = [RunDir.create(tmp_path, "r", cache).folder.name for _ in range(3)]
    assert len(set(names)) == 3
    assert [path.name for path in find_runs(tmp_path)] == sorted(names)
    assert process_of(tmp_path / "runs" / names[0]) is not None


def test_runs_are_found_by_id_start_latest_and_path(tmp_path):
    """What is not clear is an error that says what there is."""
    folder = made(tmp_path)
    for name in (folder.name, folder.name[:-2], "latest", str(folder)):
        assert find_run(tmp_path, name) == folder
    with pytest.raises(RecipeError, match="R006: there is no run 'x'"):
        find_run(tmp_path, "x")
    (tmp_path / "runs" / f"{folder.name}-2").mkdir()
    with pytest.raises(RecipeError, match="R006: '2' is the start of 2 runs"):
        find_run(tmp_path, "2")
    with pytest.raises(RecipeError) as elsewhere:
        find_run(tmp_path / "runs", "latest")
    assert elsewhere.value.fix == "go to the project's folder, or name it: --project FOLDER"


def test_exports_are_copies_and_read_only(tmp_path):
    """No hard link: writing through it would change the store. Large files are links where blocks cannot be shared."""
    source = tmp_path / "source"
    source.write_text("x" * 10)
    place(str(source), str(tmp_path / "copy"))
    assert (tmp_path / "copy").stat().st_ino != source.stat().st_ino
    assert (tmp_path / "copy").stat().st_mode & 0o222 == 0
    assert source.stat().st_nlink == 1


def test_a_large_export_costs_no_disk(tmp_path, monkeypatch):
    """It is shown by a link to the read-only file in the store."""
    monkeypatch.setattr(rundir, "SMALL_BYTES", 4)
    monkeypatch.setattr(rundir, "LINKED_BYTES", 4)
    monkeypatch.setattr(rundir, "_clone", lambda source, target: False)
    (tmp_path / "source").write_text("x" * 10)
    place(str(tmp_path / "source"), str(tmp_path / "shown"))
    assert (tmp_path / "shown").is_symlink()


def test_disk_errors_have_words(tmp_path):
    """Full, read-only, and others that are left to be bugs."""
    assert full_disk(OSError(28, "full"), tmp_path).code == "R003"
    assert full_disk(OSError(30, "read-only", str(tmp_path)), tmp_path).message == f"cannot write {tmp_path}: read-only"
    assert full_disk(OSError(30, "read-only", str(tmp_path)), tmp_path, only_full=True) is None
    assert full_disk(OSError(2, "gone"), tmp_path) is None
    large = full_disk(OSError(27, "File too large"), tmp_path)
    assert (large.message.startswith(f"a file in {tmp_path} grew larger than"), "ulimit -f" in large.fix) == (True, True)
    assert full_disk(OSError(27, "File too large", "a.bin"), tmp_path).message.startswith("a.bin is larger than a file may be")


def test_a_full_disk_is_known_in_the_words_of_libraries(tmp_path, monkeypatch):
    """What came of ENOSPC, what Rust says; torch's writer and numpy's say nothing of it, and are believed where little is free."""
    error = RuntimeError("wrong place")
    error.__context__ = OSError(28, "No space left on device", "a.bin")
    assert "a.bin" in full_disk(error, tmp_path).message
    assert full_disk(RuntimeError("I/O error: No space left on device (os error 28)"), tmp_path).code == "R003"
    torch = RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 13696 vs 13590")
    numpy = OSError("56000 requested and 31264 written")
    for free, code in ((0, "R003"), (1 << 40, None)):
        monkeypatch.setattr(disk, "_free", lambda path, free=free: free)
        assert [getattr(full_disk(error, tmp_path), "code", None) for error in (torch, numpy)] == [code, code]


def test_the_commit_is_read_without_git(tmp_path):
    """A branch, a packed branch, a detached head, no checkout."""
    assert git_commit(tmp_path) == ""
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "packed-refs").write_text("# pack-refs\n" + "b" * 40 + " refs/heads/main\n")
    assert git_commit(tmp_path / "recipes") == "b" * 40
    (git / "refs" / "heads" / "main").write_text("a" * 40 + "\n")
    assert git_commit(tmp_path) == "a" * 40
    (git / "HEAD").write_text("c" * 40 + "\n")
    assert git_commit(tmp_path) == "c" * 40


def test_packages_are_those_installed():
    """Read off folder names, and the same versions that the metadata gives."""
    from importlib.metadata import version

    found = packages()
    assert {name: found[name] for name in ("pydantic", "blake3", "click")} == {
        name: version(name) for name in ("pydantic", "blake3", "click")
    }


def test_what_a_step_no_longer_has_beside_it_is_not_in_the_run(tmp_path: Path):
    """A killed training's files are shown when it goes on; those that it begins anew under another name are there once in the end."""
    rundir, side = RunDir.create(tmp_path, "r", StatCache(str(tmp_path / "stat.json"))), tmp_path / "side"
    old, new, plot = (side / name for name in ("tracking/wandb/train/one/a.txt", "tracking/wandb/train/two/a.txt", "plots/a.txt"))
    for path in (old, plot):
        path.parent.mkdir(parents=True)
        path.write_text("a")
    rundir.gather("train", side, logs=False)
    old.unlink()
    plot.unlink()
    new.parent.mkdir()
    new.write_text("b")
    rundir.gather("other", tmp_path / "none", logs=False)
    rundir.gather("train", side, logs=False)
    assert [path.name for path in (rundir.folder / "tracking/wandb/train").iterdir()] == ["two"]
    assert list((rundir.folder / "plots").iterdir()) == []
