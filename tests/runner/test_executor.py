"""The executor, over recipes made by hand: what runs again, what does not, what a failure stops."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from runner.meant import Link
from runner.rundir import read_record
from schemas import StepParams, step
from schemas.findings import Place, RecipeError
from schemas.step import Again
from steps.parse_corpus import parse_corpus
from tests.runner.by_hand import Heard, Say, Words, meant_of, ran, run, say, tell, vouch, write


def chain(project: Path, first: str = "a", **params: Any):
    """one -> two -> three, and a step that tells of the run."""
    return meant_of(
        project,
        (say, "one", {"text": first, **params}, {}),
        (say, "two", {"upper": True}, {"words": ["one"]}),
        (say, "three", {"text": "!"}, {"words": ["two"]}),
        (tell, "told", {}, {}),
    )


def words(record) -> str:
    return (record.artifact / "words.txt").read_text()


def test_the_second_run_does_nothing(tmp_path):
    """No function is called, no run folder made, and the screen hears which run stands."""
    first = run(chain(tmp_path))
    assert ran == ["one", "two", "three", "told"]
    assert words(first["three"]) == "A!"
    screen = Heard()
    assert run(chain(tmp_path), screen).keys() == first.keys()
    assert (ran, screen.mended) == ([], [])
    assert len(list((tmp_path / "runs").glob("2*"))) == 1


def test_a_param_runs_what_depends_on_it_and_nothing_else(tmp_path):
    """The reason names the param, and downstream the input."""
    run(chain(tmp_path))
    again = run(chain(tmp_path, "b"))
    assert ran == ["one", "two", "three", "told"]
    assert [again[name].reason for name in ("one", "two")] == ["param text: a -> b", "input words changed"]


def test_an_unchanged_output_stops_the_rest(tmp_path):
    """Early cut-off: two makes the same from `A` as from `a`, so three is not run."""
    run(chain(tmp_path))
    again = run(chain(tmp_path, "A"))
    assert ran == ["one", "two", "told"]
    assert again["three"].status == "reused"


def test_back_to_what_was_is_in_the_store(tmp_path):
    """Changed and changed back: nothing but the telling runs, and the reason names the run that made it."""
    run(chain(tmp_path))
    run(chain(tmp_path, "b"))
    again = run(chain(tmp_path))
    assert ran == ["told"]
    assert words(again["three"]) == "A!"
    assert again["one"].reason.startswith("made by 2")


def test_an_id_and_a_worker_count_run_nothing(tmp_path):
    """Another id is another folder of the run, not other work."""
    run(meant_of(tmp_path, (say, "one", {"text": "a"}, {})))
    again = run(meant_of(tmp_path, (say, "uno", {"text": "a", "threads": 4}, {})))
    assert ran == []
    assert again["uno"].status == "reused"
    assert again["uno"].artifact.name == "uno"
    assert words(again["uno"]) == "a"


def test_several_inputs_come_in_order(tmp_path):
    """A list of ids is a list of artifacts."""
    rows = [(say, name, {"text": name}, {}) for name in "abc"]
    assert words(run(meant_of(tmp_path, *rows, (say, "all", {}, {"words": ["c", "a", "b"]})))["all"]) == "cab"


def test_a_step_that_vouches_hands_on_its_input(tmp_path):
    """The digest is the input's, and what comes behind is not run when only the vouching was."""
    first = run(meant_of(tmp_path, (say, "one", {"text": "a"}, {}), (vouch, "good", {}, {"words": ["one"]})))
    assert first["good"].digest == first["one"].digest
    assert words(first["good"]) == "a"


def test_a_failure_stops_only_what_needs_it(tmp_path):
    """The others finish, the step that sees the whole run runs too, and the finding is at its field."""
    meant = meant_of(
        tmp_path,
        (say, "bad", {"fail": "no luck"}, {}),
        (say, "behind", {}, {"words": ["bad"]}),
        (say, "beside", {"text": "x"}, {}),
        (tell, "told", {}, {}),
    )
    place = Place("hand.yaml", 7, 3, 7, 9, 80, 86)
    meant.places[("steps", "bad", "fail")] = (place, place, place)
    screen = Heard()
    records = run(meant, screen)
    assert {name: r.status for name, r in records.items()} == {"bad": "failed", "behind": "skipped", "beside": "made", "told": "made"}
    assert records["behind"].reason == "needs bad, which failed"
    assert words(records["told"]) == "bad:failed behind:skipped beside:made"
    assert [(f.code, f.message, f.place, f.fix) for f in screen.findings] == [("X009", "no luck", place, "do not")]
    assert run(meant)["beside"].status == "reused"
    assert ran == ["told"]


def test_a_slip_in_a_step_is_saved_and_told(tmp_path):
    """An exception that no step raises on purpose becomes a finding that names the saved traceback; the others go on."""
    screen = Heard()
    records = run(meant_of(tmp_path, (say, "slip", {"fail": "bug"}, {}), (say, "beside", {"text": "x"}, {})), screen)
    assert (records["slip"].status, records["beside"].status) == ("failed", "made")
    assert screen.findings[0].message.startswith("slip: ZeroDivisionError: a slip (")
    assert "ZeroDivisionError: a slip" in next((tmp_path / ".recipe" / "bugs").iterdir()).read_text()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.\nmore"),
            "memory ran out: CUDA out of memory. Tried to allocate 2.00 GiB.",
        ),
        (MemoryError(), "memory ran out"),
        (OSError(12, "Cannot allocate memory"), "memory ran out: [Errno 12] Cannot allocate memory"),
    ],
    ids=["a card", "Python", "the system"],
)
def test_memory_that_ran_out_is_no_slip(tmp_path, error, said):
    """No traceback: what was said, and what to do. A model may be too large before its training begins to give anything up."""

    @step(version=1)
    def large(params: StepParams, context: Any) -> Words:
        raise error

    screen = Heard()
    run(meant_of(tmp_path, (large, "large", {}, {})), screen)
    assert [(f.code, f.message) for f in screen.findings] == [("R019", said)]
    assert not (tmp_path / ".recipe" / "bugs").exists()


def test_a_step_that_returns_something_else_is_a_slip(tmp_path):
    """Neither another kind nor a folder of its own choice is taken."""

    @step(version=1)
    def elsewhere(params: StepParams, context: Any) -> Words:
        return Words().at(Path("/etc"))

    screen = Heard()
    run(meant_of(tmp_path, (elsewhere, "odd", {}, {})), screen)
    assert "elsewhere returned a folder outside its workdir: /etc" in screen.findings[0].message


def test_force_only_from_and_to(tmp_path):
    """The command line chooses what may run."""
    run(chain(tmp_path))
    assert [run(chain(tmp_path), force=frozenset({"two"}))["two"].reason, ran] == ["forced", ["two", "told"]]
    run(chain(tmp_path), force_all=True)
    assert ran == ["one", "two", "three", "told"]
    run(chain(tmp_path, "b"), to="two")
    assert ran == ["one", "two"]
    run(chain(tmp_path, "b"), start="three")
    assert ran == ["three", "told"]
    again = run(chain(tmp_path, "c"), only=frozenset({"one"}))
    assert ran == ["one"]
    assert again["three"].reason == "not asked for (--only one)"


def test_only_needs_its_inputs_in_the_store(tmp_path):
    """A step whose maker may not run and was never run cannot run; an unknown id is told at once."""
    screen = Heard()
    run(chain(tmp_path), screen, only=frozenset({"two"}))
    assert [f.message for f in screen.findings] == ["two needs one, which is not in the store as the recipe means it now"]
    with pytest.raises(RecipeError, match="R008: the recipe has no step 'tow'"):
        run(chain(tmp_path), only=frozenset({"tow"}))


def test_a_dry_run_touches_nothing(tmp_path):
    """It says what would run and why."""
    reasons = {name: record.reason for name, record in run(chain(tmp_path), dry_run=True).items()}
    assert reasons == {
        "one": "would run: first time",
        "two": "would run: its words comes from one, unless that comes out as before",
        "three": "would run: its words comes from two, unless that comes out as before",
        "told": "would run: it sees the whole run",
    }
    assert list(tmp_path.iterdir()) == []


def test_a_changed_file_runs_its_reader(tmp_path):
    """By content: touched is not changed."""
    source = tmp_path / "in.txt"
    source.write_text("one")
    meant = lambda: meant_of(tmp_path, (say, "read", {"file": "in.txt"}, {}))  # noqa: E731
    run(meant())
    os.utime(source)
    run(meant())
    assert ran == []
    stat = source.stat()
    source.write_text("two")
    os.utime(source, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert run(meant())["read"].reason == "file in.txt changed"
    source.unlink()
    screen = Heard()
    run(meant(), screen)
    assert [(f.code, f.fix) for f in screen.findings] == [("R004", "put the file back, or take it out of the recipe")]


def test_a_source_that_changes_while_it_is_read_makes_nothing(tmp_path):
    """The key would lie: the step fails, and the store does not learn of it."""
    (tmp_path / "in.txt").write_text("one")

    @step(version=1)
    def slow(params: Say, context: Any) -> Words:
        (tmp_path / "in.txt").write_text("two")
        return write(context, "?")

    slow.reads_function = say.reads_function
    screen = Heard()
    run(meant_of(tmp_path, (slow, "slow", {"file": "in.txt"}, {})), screen)
    assert [f.message for f in screen.findings] == ["in.txt changed while the step was reading it"]
    assert list((tmp_path / ".recipe" / "store" / "keys").iterdir()) == []


def test_a_damaged_object_is_made_again_and_nothing_else(tmp_path):
    """A warning and a miss; what lies behind has the same input as before and stays."""
    first = run(chain(tmp_path))
    path = tmp_path / ".recipe" / "store" / "objects" / first["one"].digest / "artifact" / "words.txt"
    path.chmod(0o644)
    path.write_text("z")
    screen = Heard()
    again = run(chain(tmp_path), screen)
    assert ran == ["one", "told"]
    assert [(f.code, f.severity) for f in screen.findings] == [("R010", "warning")]
    assert again["one"].digest == first["one"].digest


def test_what_the_run_folder_lost_comes_back(tmp_path):
    """A deleted and a changed export are made whole from the store without running anything."""
    first = run(chain(tmp_path))
    (first["one"].artifact / "words.txt").unlink()
    first["two"].artifact.joinpath("words.txt").chmod(0o644)
    first["two"].artifact.joinpath("words.txt").write_text("mine")
    screen = Heard()
    run(chain(tmp_path), screen)
    assert (ran, screen.mended) == ([], ["artifacts/one", "artifacts/two"])
    assert (words(first["one"]), words(first["two"])) == ("a", "A")


def test_another_recipes_result_is_an_input(tmp_path):
    """By way of the store; a new result there runs the reader here; with none, the error says what to do."""
    there = lambda text: meant_of(tmp_path, (say, "base", {"text": text}, {}), name="there")  # noqa: E731
    here = lambda: meant_of(tmp_path, (say, "one", {"text": "+"}, {"words": [Link(step="base", recipe="there")]}))  # noqa: E731
    screen = Heard()
    run(here(), screen)
    assert screen.findings[0].fix == "run that recipe first: recipe run recipes/there.yaml"
    run(there("a"))
    assert words(run(here())["one"]) == "a+"
    run(there("b"))
    assert words(run(here())["one"]) == "b+"
    outside = json.loads((read_record_of(tmp_path, "hand").folder / "config" / "outside.json").read_text())
    assert list(outside) == ["there/base"]


def read_record_of(project: Path, recipe: str):
    records = [read_record(path) for path in sorted((project / "runs").glob(f"2*-{recipe}*"))]
    return records[-1]


def test_a_folder_is_an_input(tmp_path):
    """{path: folder}: known by its content; a step that vouches for it takes it into the store."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "words.txt").write_text("m")
    Words(length=1).save(tmp_path / "mine")
    meant = lambda: meant_of(tmp_path, (vouch, "good", {}, {"words": [Link(folder=Path("mine"))]}), (say, "one", {}, {"words": ["good"]}))  # noqa: E731
    assert words(run(meant())["one"]) == "m"
    run(meant())
    assert ran == []
    (tmp_path / "mine" / "words.txt").write_text("n")
    assert words(run(meant())["one"]) == "n"


def test_statistics_and_logs_of_a_reused_step_are_in_the_new_run(tmp_path):
    """They are kept with the key and copied."""
    run(chain(tmp_path))
    again = run(meant_of(tmp_path, (say, "one", {"text": "a"}, {}), (say, "more", {"text": "b"}, {})))
    assert (again["one"].status, again["one"].stats) == ("reused", {"say": {"length": 1}})
    folder = again["one"].artifact.parents[1]
    assert sorted(path.name for path in (folder / "stats").iterdir()) == ["more.say.json", "say.json"]


def test_a_full_disk_is_told_as_such(tmp_path):
    """No traceback: how much is free and what to do."""

    @step(version=1)
    def full(params: StepParams, context: Any) -> Words:
        raise OSError(28, "No space left on device", str(context.workdir / "words.txt"))

    screen = Heard()
    run(meant_of(tmp_path, (full, "full", {}, {})), screen)
    assert screen.findings[0].code == "R003"
    assert "MB free" in screen.findings[0].message


def test_what_a_password_opened_stands_whatever_its_variable_says_later(tmp_path, monkeypatch):
    """The key holds that it is set. A wrong one is an error, which is not kept, and never another corpus: so no result can be stale."""
    pymupdf = pytest.importorskip("pymupdf")
    with pymupdf.open() as document:
        document.new_page().insert_text((60, 100), "What is locked away is text too.", fontsize=11)
        document.save(tmp_path / "locked.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="sesame", owner_pw="owner")
    source = {"path": "locked.pdf", "password": "${env:PDF_PASSWORD}", "fallback": {"path": "none"}}
    meant = meant_of(tmp_path, (parse_corpus, "texts", {"sources": [source]}, {}))
    monkeypatch.setenv("PDF_PASSWORD", "wrong")
    assert run(meant)["texts"].status == "failed"
    monkeypatch.setenv("PDF_PASSWORD", "sesame")
    made = run(meant)["texts"]
    assert made.status == "made"
    monkeypatch.setenv("PDF_PASSWORD", "owner")
    assert run(meant)["texts"] == made  # nothing to do: that run stands
    monkeypatch.delenv("PDF_PASSWORD")
    assert run(meant)["texts"].status == "failed"


@pytest.mark.parametrize("last", [True, False])
def test_a_reused_result_is_judged_by_what_is_in_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: bool):
    """What the step says of it is told, and the report is made again; where it says what was known, nothing has changed."""
    said: Again | None = None
    monkeypatch.setattr(say, "again_function", lambda params, side, name: said if params.text == "a" and side.is_dir() else None)
    run(chain(tmp_path))
    said = Again([RecipeError("X010", "it is not what is expected", field="text")] if last else [], [], True)
    screen = Heard()
    again = run(chain(tmp_path), screen)
    assert (again["one"].status, ran, [f.code for f in screen.findings]) == ("reused", ["told"], ["X010"] if last else [])
    said = None
    run(chain(tmp_path), screen)
    said = Again([], ["one thing more"], False)
    run(chain(tmp_path), screen)
    assert (ran, screen.mended) == ([], [])


def test_a_reused_result_that_is_refused_stops_what_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As if the step had failed."""
    run(chain(tmp_path))

    def refuse(params: Say, *_: object) -> None:
        if params.text == "a":
            raise RecipeError("X010", "no", field="text")

    monkeypatch.setattr(say, "again_function", refuse)
    assert [record.status for record in run(chain(tmp_path)).values()] == ["failed", "skipped", "skipped", "made"]
