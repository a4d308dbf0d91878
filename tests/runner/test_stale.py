"""`recipe gc`: half-done work that no recipe goes on from any more, listed and cleared away."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner.commands.gc import age, gc
from runner.fingerprint import keyed
from runner.halfdone import write_about
from runner.screen import in_bytes
from runner.stale import left_behind
from runner.standing import Standing
from runner.store import Entry, Store
from tests.conftest import ROOT
from tests.runner.judged import meant

STEADY = ("max_steps: 1000", "max_steps: 1000\n    scheduler: constant\n    warmup_steps: 50")


def parts(folder: Path, *changes: tuple[str, str]) -> dict[str, object]:
    (train,) = [step for step in meant(folder, *changes).steps if step.type == "train"]
    assert train.params is not None
    return {**{f"param {name}": value for name, value in keyed(train.params).items()}, "param precision": "fp16", "seed": 0}


def stop(folder: Path, *changes: tuple[str, str], done: int = 600, key: str = "a1", recipe: str = "sound") -> Path:
    """What a run of the recipe leaves that was stopped after so many steps."""
    kept = Store(folder).open().keep(key)
    (kept / "keep").mkdir(parents=True)
    (kept / "keep" / f"state-{done:08d}.pt").write_bytes(b"12345")
    write_about(kept, recipe, "train", parts(folder, *changes))
    return kept


def said(folder: Path, *changes: tuple[str, str]) -> list[tuple[bool, str]]:
    meant(folder, *changes)  # the recipe as it is now
    return [(one.stale, one.why) for one in left_behind(folder)]


@pytest.mark.parametrize(
    ("now", "stale", "why"),
    [
        ([STEADY], False, "recipe run goes on from it"),
        ([STEADY, ("max_steps: 1000", "max_steps: 2000\n    save_steps: 7")], False, "recipe run goes on from it"),
        ([STEADY, ("max_steps: 1000", "max_steps: 500")], True, "the training ends at 500 now"),
        ([STEADY, ("max_steps: 1000", "max_steps: 1000\n    learning_rate: 1e-4")], True, "learning_rate changed"),
        ([("max_steps: 1000", "max_steps: 1000\n    scheduler: wsd\n    z_loss: 1e-4\n    on_oom: stop\n    weight_decay: 0")], True,
         "on_oom, scheduler, warmup_steps changed and 2 more"),
        ([("type: train\n", "type: train\n    id: base\n")], True, "the recipe has no such step now"),
        ([("recipe: sound", "recipe: other")], True, "no recipe here is called sound"),
        ([("max_steps: 1000", "max_steps: -1")], False, "the recipe has mistakes in that step"),
    ],
    ids=["the same", "longer", "shorter", "another", "much else", "another step", "another recipe", "mistakes"],
)  # fmt: skip
def test_what_a_recipe_goes_on_from_is_kept(now: list[tuple[str, str]], stale: bool, why: str, tmp_path: Path):
    """All else is stale, and it is said why."""
    stop(tmp_path, STEADY)
    assert said(tmp_path, *now) == [(stale, why)]


def test_a_cosine_of_another_length_is_stale(tmp_path: Path):
    """Its rates were others from the first step after the warm-up."""
    stop(tmp_path)
    assert said(tmp_path, ("max_steps: 1000", "max_steps: 2000")) == [(True, "the rates of its steps are others now")]


def test_what_was_taken_over_is_stale_once_the_step_is_done(tmp_path: Path):
    """By a longer one, whose result is what the recipe asks for now; not before, and not when that result is gone."""
    stop(tmp_path, STEADY)
    longer = [STEADY, ("max_steps: 1000", "max_steps: 2000")]
    store = Store(tmp_path).open()
    place = store.workplace()
    (place / "artifact").mkdir()
    digest = store.publish(place)
    store.remember(Entry("k2", digest, "Checkpoint", parts(tmp_path, *longer)))
    Standing(steps={"train": {"digest": digest, "key": "k2", "kind": "Checkpoint"}}).write(last(tmp_path))
    assert said(tmp_path, *longer) == [(True, "the step is done")]
    assert said(tmp_path, STEADY, ("max_steps: 1000", "max_steps: 3000")) == [(False, "recipe run goes on from it")]
    store.discard(digest)
    assert said(tmp_path, *longer) == [(False, "recipe run goes on from it")]


def last(folder: Path) -> Path:
    file = folder / ".recipe" / "last" / "sound.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def test_one_recipe_that_goes_on_is_enough(tmp_path: Path):
    """Of several with its name; also one that only a run tells of, outside recipes/."""
    stop(tmp_path, STEADY)
    meant(tmp_path, STEADY)
    (tmp_path / "elsewhere").mkdir()
    text = (tmp_path / "recipe.yaml").read_text()
    (tmp_path / "recipe.yaml").write_text(text.replace("max_steps: 1000", "max_steps: 400"))
    assert [one.stale for one in left_behind(tmp_path)] == [True]
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "same.yml").write_text(text)
    assert [one.stale for one in left_behind(tmp_path)] == [False]


def test_what_a_run_has_in_hand_is_never_touched(tmp_path: Path):
    """Another process holds its lock: not stale, and not removed."""
    kept = stop(tmp_path, key="b7")
    meant(tmp_path, ("recipe: sound", "recipe: other"))
    (left,) = left_behind(tmp_path)
    holding = "import sys, time; from runner.store import Store; from pathlib import Path\n" \
              "with Store(Path(sys.argv[1])).lock('b7', print): print('held', flush=True); time.sleep(60)"  # fmt: skip
    child = subprocess.Popen([sys.executable, "-c", holding, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        assert [(one.stale, one.why) for one in left_behind(tmp_path)] == [(False, "a run has it in hand")]
        assert not left.clear()
        assert kept.is_dir()
    finally:
        child.kill()
        child.wait()
    assert left.clear()
    assert not kept.exists()


def test_the_command_lists_and_removes(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Without --remove nothing goes; with it the stale ones, the younger ones stay by --days; what is gone on from always stays."""
    old, young, mine = stop(tmp_path), stop(tmp_path, key="b2", done=700), stop(tmp_path, STEADY, key="c3", done=800)
    smoke = Store(tmp_path, smoke=True).open().keep("d4")
    (smoke / "keep").mkdir(parents=True)
    write_about(smoke, "sound", "train", {})
    for kept, days in ((old, 5), (young, 3), (mine, 4), (smoke, 1)):
        os.utime(kept / "keep", (time.time() - 86_400 * days,) * 2)
    meant(tmp_path, STEADY)
    sizes = [sum(path.stat().st_size for path in kept.rglob("*") if path.is_file()) for kept in (old, young, mine, smoke)]
    assert gc.main(["--project", str(tmp_path)], standalone_mode=False) == 0
    assert [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()] == [
        "recipe step done size age",
        f"sound train {in_bytes(sizes[3])} 24 h stale: of a smoke run",
        f"sound train 700 steps {in_bytes(sizes[1])} 3 days stale: scheduler, warmup_steps changed",
        f"sound train 800 steps {in_bytes(sizes[2])} 4 days kept: recipe run goes on from it",
        f"sound train 600 steps {in_bytes(sizes[0])} 5 days stale: scheduler, warmup_steps changed",
        f"recipe gc --remove frees {in_bytes(sizes[0] + sizes[1] + sizes[3])}",
    ]
    assert all(kept.is_dir() for kept in (old, young, mine, smoke))
    assert gc.main(["--project", str(tmp_path), "--remove", "--days", "4", "--json"], standalone_mode=False) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["steps"], row["stale"], row["removed"]) for row in rows] == [(800, False, False), (600, True, True)]
    assert [kept.is_dir() for kept in (old, young, mine, smoke)] == [False, True, True, True]
    assert gc.main(["--project", str(tmp_path), "--remove"], standalone_mode=False) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"2 removed, {in_bytes(sizes[1] + sizes[3])}"
    assert [kept.is_dir() for kept in (young, mine, smoke)] == [False, True, False]


def test_without_any_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Nothing is made, either."""
    assert gc.main(["--project", str(tmp_path)], standalone_mode=False) == 0
    assert capsys.readouterr().out == "nothing half-done is in the store\n"
    assert list(tmp_path.iterdir()) == []


def test_ages_are_round():
    assert [age(seconds) for seconds in (30, 3600, 7200, 50 * 3600)] == ["0 min", "60 min", "2 h", "2 days"]
