"""report: one page about a run, whole or broken, that opens offline."""

import json
import math
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from schemas import RunRecord
from steps.report import Report, report
from steps.text.turkish import page as turkish_page
from tests.conftest import FakeContext
from tests.steps.html import example_run

HEADLINE = "A Mamba model of 0.6 M parameters learned Turkish and English: 2.14 bits per byte, 6 % better than the best n-gram."


class Page(HTMLParser):
    """Tags with their attributes, the text of each element by class or tag, and whether all tags close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "input", "br", "wbr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", self.text)


def written(context: FakeContext, record: RunRecord, **params: Any) -> str:
    """The page that report writes of a record."""
    context.record = record
    made = report(Report(**params), context)
    return (made.path / "report.html").read_text("utf-8")


def changed(record: RunRecord, step_id: str, **changes: Any) -> RunRecord:
    return record.model_copy(update={"steps": [s.model_copy(update=changes) if s.id == step_id else s for s in record.steps]})


@pytest.fixture(autouse=True)
def no_pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the tests about the PNG files draw them: each takes half a second."""
    if "plots" not in request.node.name and "matplotlib" not in request.node.name:
        monkeypatch.setattr("steps.html.pictures.draw", lambda run, place: [])


@pytest.fixture
def whole(context: FakeContext, tmp_path: Path) -> str:
    return written(context, example_run.record(tmp_path / "run"))


def test_the_headline_says_what_was_made_and_how_good_it_is(whole: str):
    """In words, in the title too."""
    assert HEADLINE in Page(whole).words
    assert f"<title>quickstart: {HEADLINE}</title>" in whole


def test_every_section_stands_in_the_contents_and_all_tags_close(whole: str):
    """Each section has an id that the table of contents links to; ids are not used twice."""
    page = Page(whole)
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    sections = [attrs["id"] for tag, attrs in page.tags if tag == "section"]
    links = {attrs["href"] for tag, attrs in page.tags if tag == "a"}
    assert page.open == []
    assert len(ids) == len(set(ids))
    assert sections == ["steps", "findings", "validation", "samples", "words", "loss", "course", "expectations", "training", "plan",
                        "corpus", "tokenizer", "bins", "lengths", "export", "events", "configuration", "again"]  # fmt: skip
    assert {f"#{name}" for name in sections} <= links


def test_nothing_is_fetched_and_nothing_runs(whole: str):
    """No script, no style attribute, no address outside the file; the policy forbids them all."""
    page = Page(whole)
    policy = next(a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy")
    assert (policy or "").startswith("default-src 'none'; style-src 'sha256-")
    assert not any(tag in ("script", "img", "iframe", "object", "base", "form") for tag, _ in page.tags)
    assert not any("style" in attrs or any(name.startswith("on") for name in attrs) for _, attrs in page.tags)
    for tag, attrs in page.tags:
        for name in ("href", "src", "xlink:href", "action", "data"):
            assert (attrs.get(name) or "#").startswith(("#", "data:image/svg+xml,")), (tag, attrs)
    assert "url(" not in whole
    assert "@import" not in whole


def test_texts_of_others_are_shown_as_text(whole: str):
    """A script that a model wrote or a corpus held is words on the page."""
    assert "<script" not in whole
    assert "<script>document.title='owned'</script>" in Page(whole).text


def test_texts_that_were_read_otherwise_are_not_told_as_dropped(whole: str):
    """They stand below, under words of their own."""
    before, _, behind = Page(whole).words.partition("Read otherwise than it stands there")
    assert "eski.txt" in behind
    assert "Dropped" in before
    assert "encoded twice" not in before


def test_figures_of_all_rooms_are_on_the_page(whole: str):
    """One telling value of each statistic in the contract."""
    text = Page(whole).words
    for told in (
        "vocab_size changed from 2000 to 1750", "the model expects 32000 tokens", "recipes/quickstart.yaml:31:7",
        "0.939", "87 %", "no text layer", "could not be read, or not whole", "page 3 of 12: its content is damaged",
        "99.9 %", "3.31", "2.42", "·çor", "103,400", "uint16", "5,210", "needs 144 % of the budget", "two rows fill both cores", "SYSTEM",
        "hikâye anlatıcısısın",
        "proved in llama.cpp", "99.81 %", "not reached", "2.60 to 3.00", "out of memory: batch_size 4 becomes 2",
        "learning_rate: 0.004",
        "AMD EPYC 7B13", "5.0.0", "recipe run runs/20261121-214000-quickstart", "Pazardaki Kırmızı Balon",
    ):  # fmt: skip
        assert told in text, told


def test_the_page_is_the_same_for_the_same_record(tmp_path: Path):
    """No clock and no chance on it."""
    record = example_run.record(tmp_path / "run")
    assert written(FakeContext(tmp_path / "a"), record) == written(FakeContext(tmp_path / "b"), record)


def test_plots_are_written_as_pictures(context: FakeContext, tmp_path: Path):
    """Loss, throughput and memory, under the names of the guide."""
    pytest.importorskip("matplotlib")
    written(context, example_run.record(tmp_path / "run"))
    for name in ("loss", "throughput", "memory"):
        assert context.side(f"plots/{name}.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_report_says_so_and_goes_on(context: FakeContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The page is whole; only the pictures are missing, and it says how to get them."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    text = Page(written(context, example_run.record(tmp_path / "run"))).words
    assert HEADLINE in text
    assert "matplotlib is not installed" in text
    assert not list(context.side("plots/x").parent.glob("*.png"))


def test_a_failed_run_has_a_report(context: FakeContext, tmp_path: Path):
    """The headline names step and reason, the remedy follows, and what was made before is still told."""
    error = "P003: CUDA out of memory: 14.9 GiB wanted, 14.6 GiB there"
    record = changed(example_run.record(tmp_path / "run"), "train", status="failed", error=error, reason=error, stats={})
    gone = {"status": "skipped", "stats": {}}
    record = changed(changed(record, "validate_checkpoint", **gone), "export_ollama", **gone)
    finding = {
        "code": "P003",
        "severity": "error",
        "message": "out of memory",
        "fix": "write batch_size: 1",
        "path": ["steps", "train"],
        "fixed": False,
    }
    page = written(context, record.model_copy(update={"findings": [finding]}))
    text = Page(page).words.replace("\u00a0", " ")
    assert "The run failed at step train: CUDA out of memory: 14.9 GiB wanted, 14.6 GiB there." in text
    assert "To put it right: write batch_size: 1." in text
    assert "What was made before: a tokenizer of 1,750 pieces was made from 612 documents in Turkish and English." in text


def test_a_run_without_steps_has_a_report(context: FakeContext):
    """Nothing is there, and the page says that."""
    assert "No step of this run has left a result yet." in written(context, RunRecord(run="r", recipe="r", started=""))


def test_losses_that_are_no_number_are_told(context: FakeContext, tmp_path: Path):
    """As NaN, as null and as infinity; the headline does not call such a model good."""
    record = example_run.record(tmp_path / "run")
    rows = example_run.train_rows()
    for row, loss in zip(rows[100:], [math.nan, None, math.inf] * 20, strict=False):
        row["train_loss"] = loss
    example_run.lines(tmp_path / "run/side/train/logs/train_steps.jsonl", rows)
    stats = {"training": {**example_run.training_stats(), "train_loss": math.nan, "val_loss": math.nan, "val_bits_per_byte": math.nan}}
    record = changed(changed(record, "train", stats=stats), "validate_checkpoint", stats={})
    text = Page(written(context, record)).words
    assert "was trained on Turkish and English but diverged: its validation loss is not a number." in text
    assert "The training loss was not a finite number in 40 log lines (step 1,010 to 1,400)." in text
    assert "NaN" not in text


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_log_lines_are_enough(context: FakeContext, tmp_path: Path, count: int):
    """None, one and two."""
    record = example_run.record(tmp_path / "run")
    example_run.lines(tmp_path / "run/side/train/logs/train_steps.jsonl", example_run.train_rows()[:count])
    example_run.lines(tmp_path / "run/side/train/logs/eval_steps.jsonl", example_run.eval_rows()[:count])
    page = Page(written(context, record))
    assert HEADLINE in page.words
    assert ("loss" in [a.get("id") for _, a in page.tags]) is (count > 0)


def test_many_log_lines_are_thinned(context: FakeContext, tmp_path: Path):
    """A long log makes no long page, and its one spike is still there."""
    record = example_run.record(tmp_path / "run")
    rows = [{"step": i, "train_loss": 9.5 if i == 31_337 else 3.0 + (i % 7) / 100} for i in range(60_000)]
    example_run.lines(tmp_path / "run/side/train/logs/train_steps.jsonl", rows)
    text = written(context, record)
    assert len(text) < 900_000
    assert re.search(r'class="raw stroke" d="[^"]*L\S+ 4\d\.\dL', text)  # near the top of the chart


def test_damaged_and_missing_logs_are_listed(context: FakeContext, tmp_path: Path):
    """Half a line, binary, another shape: each is passed over, counted, and warned of."""
    record = example_run.record(tmp_path / "run")
    log = tmp_path / "run/side/train/logs/train_steps.jsonl"
    log.write_bytes(
        b'{"step": 1, "train_loss": 3.5}\n{"step": 2, "tra\n\xff\x00\n[1, 2]\n{"step": "3", "train_loss": 3}\n\n'
        b'{"step": 4, "train_loss": 3.1}'
    )
    (tmp_path / "run/side/train/logs/eval_steps.jsonl").unlink()
    text = Page(written(context, record)).words
    assert "step train: logs/train_steps.jsonl: 4 lines could not be read, the first is line 2; the rest is shown" in text
    assert "step train: logs/eval_steps.jsonl is not there" in text
    assert [code for code, _ in context.warnings] == ["R080", "R080"]


def test_statistics_of_another_shape_cost_one_section(context: FakeContext, tmp_path: Path):
    """What a step of another version kept under a known name is told, and the rest of the page is whole."""
    record = changed(
        example_run.record(tmp_path / "run"), "tokenize_bin", stats={"bins": {"dtype": "uint16"}, "words_seen": {"a": {"b": 3}}}
    )
    record = changed(record, "plan", stats={"plan": {"candidates": 7, "chosen": [1]}})
    text = Page(written(context, record)).words
    assert "section plan: its statistics are not as expected" in text
    assert "words seen" in text
    assert HEADLINE in text


def test_any_script_and_any_character_can_be_shown(context: FakeContext, tmp_path: Path):
    """Right to left, CJK, emoji, Turkish; halves of surrogates and control characters are made visible instead of breaking the file."""
    texts = ["שלום עולם", "从前有一只小猫。", "👩‍👩‍👧‍👦🐌", "ığdır İĞNE şöğüç", "half \ud83d of \x00 it \x1b[31m", "x" * 100_000]
    samples = [{"step": i, "prompt": "", "lang": "", "text": text} for i, text in enumerate(texts)]
    record = changed(
        example_run.record(tmp_path / "run"), "train", stats={"training": {**example_run.training_stats(), "samples": samples}}
    )
    page = written(context, record)
    text = Page(page).text
    for told in texts[:4]:
        assert told in text
    assert "half \ufffd of ␀ it ␛[31m" in text
    assert "… and 98,500 characters more" in text
    assert 'dir="auto"' in page
    assert len(page) < 500_000


def test_several_train_steps_stand_apart(context: FakeContext, tmp_path: Path):
    """Each has its own curve under its id; the headline is about the last."""
    record = example_run.record(tmp_path / "run")
    side = tmp_path / "run/side/style"
    example_run.lines(side / "logs/train_steps.jsonl", example_run.train_rows(300, 5))
    example_run.lines(side / "logs/eval_steps.jsonl", example_run.eval_rows(300, 50))
    train = next(s for s in record.steps if s.id == "train")
    style = train.model_copy(update={"id": "style", "side": side, "params": {"method": "lora", "objective": "sft"}})
    page = written(context, record.model_copy(update={"steps": [*record.steps, style]}))
    assert 'aria-label="Loss of train"' in page
    assert 'aria-label="Loss of style"' in page
    assert "was fine-tuned with LoRA on Turkish and English" in Page(page).words


def test_a_title_names_the_page(context: FakeContext, tmp_path: Path):
    """And the recipe's name stands beside it."""
    page = written(context, example_run.record(tmp_path / "run"), title="Aether <Phase 1>")
    assert "<title>Aether &lt;Phase 1&gt;: A Mamba" in page
    assert "recipe quickstart" in Page(page).words


def chromium(page: Path, folder: Path) -> tuple[str, list[str]]:
    """The document as Chromium has built it, and what it wrote to the console."""
    browser = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip("no Chromium on this machine: the page was not opened in a browser")
    quiet = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND")  # fmt: skip
    seen = subprocess.run(
        [browser, *quiet, f"--user-data-dir={folder}", "--enable-logging=stderr", "--virtual-time-budget=2000",
         "--dump-dom", page.as_uri()],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    return seen.stdout.decode("utf-8"), [line for line in seen.stderr.decode("utf-8", "replace").splitlines() if "CONSOLE" in line]


def test_a_browser_opens_it_without_network_or_complaint(context: FakeContext, tmp_path: Path, whole: str):
    """The policy reports every fetch and every style that it blocks on the console: there is none. Its own style sheet is applied."""
    document, console = chromium(context.workdir / "report.html", tmp_path / "profile")
    assert console == []
    assert HEADLINE in Page(document).words
    assert "<title>quickstart: " in document
    spoiled = tmp_path / "spoiled.html"
    spoiled.write_text(whole.replace("</body>", '<img src="http://127.0.0.1:9/x.png" alt=""></body>'), "utf-8")
    assert "violates" in chromium(spoiled, tmp_path / "profile")[1][0]  # the proof that the console is heard


def test_a_report_needs_no_log_to_be_registered():
    """It is the last step, takes no artifact, and forecasts a page."""
    assert report.last
    assert report.inputs == ()
    assert report.makes.kind() == "Page"
    assert [page.code for page in report.pages] == ["R080", "R081"]
    assert json.loads(Report().model_dump_json()) == {"title": ""}


def test_the_tokenizer_has_a_turkish_page(context: FakeContext, tmp_path: Path):
    """Letters, capitals, suffix chains and the reference of a real proof: each chain by the grammar, and how many cuts meet it."""
    from tests.steps.text.made import opened, stories

    texts = [row["text"] for row in stories().rows() if row["lang"] == "tr"]
    figures = {"documents": 9, "round_trip": 1.0, "unknown_rate": 0.0, "characters_per_token": 2.25, "tokens_per_word": 3.5}
    stats = {
        "vocab_size": 1000,
        "by_language": {"tr": figures},
        "reference": {"name": "someone's", "vocab_size": 50257, "by_language": {"tr": {**figures, "characters_per_token": 1.75}}},
        "turkish": turkish_page(opened(), texts),
        "bins": [{"file": "train.bin", "dtype": "uint16", "tokens": 77, "largest_id": 999, "fits": True}],
    }
    record = changed(example_run.record(tmp_path / "run"), "check_vocab_consistency", stats={"vocabulary": stats})
    words = Page(written(context, record)).words
    for text in (
        "ev-ler-imiz-de-ki-ler-den",
        "ılık / Ilık",
        "all come back",
        "someone's (50,257 pieces)",
        "1.75",
        "4 or more",
        "train.bin",
    ):
        assert text in words, text
