"""The store: equal outputs are one object, damage is a miss, a kill between any two moves loses nothing."""

import json
import os
import socket
from pathlib import Path

import pytest

from runner.statcache import StatCache
from runner.store import Entry, Store, digest_folder
from runner.surroundings import Surroundings, standing_in
from schemas.findings import RecipeError


def store_in(tmp_path: Path, **changed) -> Store:
    return Store(tmp_path, cache=StatCache(str(tmp_path / "stat.json"), **changed)).open()


def put(store: Store, **files: str) -> str:
    place = store.workplace()
    (place / "artifact").mkdir()
    for name, text in files.items():
        path = place / "artifact" / name.replace("__", "/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return store.publish(place)


def test_equal_outputs_are_one_object(tmp_path):
    """The digest is that of names and contents; the second folder is thrown away."""
    store = store_in(tmp_path)
    assert put(store, a="1", sub__b="2") == put(store, sub__b="2", a="1") != put(store, a="1")
    assert len(list((store.root / "objects").iterdir())) == 2
    assert list((store.root / "work").iterdir()) == []


def test_objects_are_read_only_and_free_of_times_and_paths(tmp_path):
    """The manifest holds names and digests, and a second machine would make the same one."""
    store = store_in(tmp_path / "one")
    digest = put(store, a="1")
    assert (store.object(digest) / "a").stat().st_mode & 0o222 == 0
    assert set(json.loads((store.object(digest).parent / "manifest.json").read_text())) == {"files", "format"}
    assert digest == put(store_in(tmp_path / "two"), a="1")
    assert digest == digest_folder(store.object(digest), store.cache)


def spoil(path: Path, *, keep_mtime: bool) -> None:
    before = path.stat()
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    path.chmod(0o444)
    if keep_mtime:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("verify", [False, True])
@pytest.mark.parametrize("keep_mtime", [False, True])
def test_a_flipped_byte_is_noticed(tmp_path, keep_mtime, verify):
    """With a new mtime or the old one: the object is put aside, which is told, and is a miss."""
    store = store_in(tmp_path)
    digest = put(store, a="hello", b="other")
    store.cache.save()
    spoil(store.object(digest) / "a", keep_mtime=keep_mtime)
    later = store_in(tmp_path, verify=verify)
    assert not later.whole(digest)
    assert later.damaged == [f"the store's object {digest[:12]}… is damaged (a changed)"]
    assert not later.object(digest).exists()
    assert put(later, a="hello", b="other") == digest
    assert later.whole(digest)


def test_verify_sees_what_no_stat_shows(tmp_path):
    """A byte changed behind the file system's back is found by reading everything."""
    store = store_in(tmp_path)
    digest = put(store, a="hello")
    path = store.object(digest) / "a"
    spoil(path, keep_mtime=True)
    store.cache.known(str(path), json.loads((path.parent.parent / "manifest.json").read_text())["files"]["a"])
    entry = store.cache.used[str(path)]
    entry.at_ns += 10**10  # as if the stat had been taken long after the change
    store.cache.save()
    assert store_in(tmp_path).whole(digest)
    assert not store_in(tmp_path, verify=True).whole(digest)


def test_a_missing_and_a_foreign_file_are_damage(tmp_path):
    """What is there must be what the manifest says, no less and no more."""
    store = store_in(tmp_path)
    gone, more = put(store, a="1", b="2"), put(store, a="1")
    (store.object(gone) / "b").unlink()
    (store.object(more) / "c").write_text("3")
    later = store_in(tmp_path)
    assert not later.whole(gone)
    assert not later.whole(more)
    assert [said.partition("(")[2] for said in later.damaged] == ["b is missing)", "c does not belong there)"]


@pytest.mark.parametrize("damage", [b"", b"{", b'{"check": "0"}', None])
def test_a_damaged_entry_is_a_miss(tmp_path, damage):
    """A key file that was cut off or changed is told and forgotten."""
    store = store_in(tmp_path)
    store.remember(Entry("k" * 64, put(store, a="1"), "Words"))
    path = store.root / "keys" / f"{'k' * 64}.json"
    assert store.entry("k" * 64) is not None
    path.write_bytes(path.read_bytes().replace(b"Words", b"Wards") if damage is None else damage)
    assert store.entry("k" * 64) is None
    assert len(store.damaged) == 1
    assert not path.exists()


def test_half_written_folders_are_swept_when_their_run_is_dead(tmp_path):
    """Only those of dead processes of this machine go."""
    store = store_in(tmp_path)
    host = socket.gethostname()
    names = [f"{host}+{os.getpid()}-900", f"{host}+999999999-0", "elsewhere+999999999-0"]
    for name in names:
        (store.root / "work" / name).mkdir()
    store_in(tmp_path)
    assert sorted(path.name for path in (store.root / "work").iterdir()) == sorted([names[0], names[2]])


def test_links_in_an_artifact_are_refused(tmp_path):
    """An artifact is plain files: a link would lead out of the store."""
    store = store_in(tmp_path)
    place = store.workplace()
    (place / "artifact").mkdir()
    (place / "artifact" / "link").symlink_to("/etc/hostname")
    with pytest.raises(RecipeError, match="R005: the step wrote link, which is no plain file"):
        store.publish(place)


def test_the_store_moves_by_setting_and_by_variable(tmp_path, monkeypatch):
    """`store:` is relative to the project; the variable wins; smoke runs have their own."""
    assert Store(tmp_path).root == tmp_path / ".recipe" / "store"
    assert Store(tmp_path, "there").root == tmp_path / "there"
    assert Store(tmp_path, "there", True).root == tmp_path / "there" / "smoke"
    monkeypatch.setenv("RECIPE_STORE", str(tmp_path / "elsewhere"))
    assert Store(tmp_path, "there").root == tmp_path / "elsewhere"


def test_a_store_that_cannot_be_written_or_read_is_said(tmp_path):
    """A file in its way, and a store of a newer version."""
    (tmp_path / "file").write_text("")
    with pytest.raises(RecipeError, match="R001: cannot write the store"):
        Store(tmp_path, "file").open()
    store_in(tmp_path)
    (tmp_path / ".recipe" / "store" / "format.json").write_text('{"format": 99}')
    with pytest.raises(RecipeError, match=r"R002: the store .* has format 99, this version reads format 1"):
        Store(tmp_path).open()


def test_a_kill_before_the_key_is_written_loses_no_side_files(tmp_path):
    """The side files had moved, the key was not yet there: the next run takes them up again, with what the step kept."""
    store = store_in(tmp_path)
    for name in ("keep", "side"):
        (store.keep("k") / name).mkdir(parents=True)
    (store.keep("k") / "keep" / "checkpoint").write_text("1")
    (store.keep("k") / "side" / "log").write_text("step 1")
    os.replace(store.keep("k") / "side", store.side("k"))  # here it was killed
    store.begin("k")
    assert (store.keep("k") / "side" / "log").read_text() == "step 1"
    store.finish(Entry("k", put(store, a="1"), "Words"))
    assert (store.side("k") / "log").read_text() == "step 1"
    assert not store.keep("k").exists()


def test_side_files_of_a_step_that_kept_nothing_begin_anew(tmp_path):
    """What a killed step logged is dropped when it cannot go on where it was."""
    store = store_in(tmp_path)
    (store.keep("k") / "side").mkdir(parents=True)
    store.begin("k")
    assert not store.keep("k").exists()


def test_the_environment_names_the_store(tmp_path):
    """Also one that stands in for this machine's: a check looks where that machine's run would."""
    with standing_in(Surroundings({"RECIPE_STORE": "theirs"})):
        assert Store(tmp_path, "mine").root == tmp_path / "theirs"
    with standing_in(Surroundings({})):
        assert Store(tmp_path, "mine").root == tmp_path / "mine"
