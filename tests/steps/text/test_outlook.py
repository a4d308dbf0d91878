"""The forecast of parse_corpus: against what the step makes, and of hub data sets by their page."""

import json
from pathlib import Path
from typing import Any

import pytest

from runner.facts import Facts
from runner.judge import judge
from runner.resolve import mean
from schemas import Corpus, CorpusForecast
from steps.parse_corpus import ParseCorpus, parse_corpus
from steps.text.hubpage import entries, told
from steps.text.outlook import outlook
from tests.conftest import FakeContext

COMMIT = "b04c8d1ceb2f5cd4588862100d08de323dccfbaa"


def facts(project: Path) -> Facts:
    return Facts(project, FakeContext(project / "context").target, 0)


def rows(file: Path, count: int, words: int) -> None:
    text = "the quick brown fox jumps over the lazy dog " * words
    file.write_text("".join(json.dumps({"text": f"{n} {text}"}) + "\n" for n in range(count)))


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(({}, {}, "stop"), id="all of both"),
        pytest.param(({"take": 30}, {}, "stop"), id="take of one"),
        pytest.param(({"weight": 3}, {"weight": 1}, "stop"), id="weights until one is spent"),
        pytest.param(({"weight": 3}, {"weight": 1}, "repeat"), id="weights until each was read"),
        pytest.param(({"weight": 1, "take": 50}, {"weight": 1}, "stop"), id="weights of what take leaves"),
        pytest.param(({"weight": 2}, {}, "stop"), id="a weight beside a source without one"),
    ],
)
def test_take_and_weights_are_foreseen(tmp_path: Path, more: tuple[dict[str, Any], dict[str, Any], str]):
    """Documents and bytes, within a tenth of what the step writes."""
    rows(tmp_path / "a.jsonl", 200, 4)
    rows(tmp_path / "b.jsonl", 120, 20)
    a, b, exhausted = more
    params = ParseCorpus.model_validate(
        {"sources": [{"path": "a.jsonl", **a}, {"path": "b.jsonl", **b}],
         **({"exhausted": exhausted} if exhausted != "stop" else {})}
    )  # fmt: skip
    foreseen = outlook(params, facts(tmp_path))
    made = parse_corpus(params, FakeContext(tmp_path / "run", project=tmp_path))
    assert isinstance(made, Corpus)
    assert foreseen.documents == pytest.approx(made.documents_count, rel=0.1)
    assert foreseen.bytes == pytest.approx(made.bytes, rel=0.1)


def page(configs: int) -> str:
    one = """- config_name: {name}
  features:
  - name: id
    dtype: string
  - name: title
    dtype: string
  - name: text
    dtype: string
  splits:
  - name: train
    num_bytes: {size}
    num_examples: {count}
  download_size: 12
  dataset_size: {size}
"""
    infos = "".join(one.format(name=f"20231101.x{n}", size=1000 * n, count=n) for n in range(1, configs))
    infos += one.format(name="20231101.tr", size=1_000_000_000, count=500_000)
    names = [*(f"x{n}" for n in range(1, configs)), "tr"]
    listed = "".join(f"- config_name: 20231101.{n}\n  data_files:\n  - split: train\n    path: {n}/train-*\n" for n in names)
    return f"---\nlanguage:\n- tr\nlicense:\n- mit\ndataset_info:\n{infos}configs:\n{listed}---\n\n# Wikipedia\n"


def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Facts:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "datasets--wikimedia--wikipedia" / "snapshots" / COMMIT
    folder.mkdir(parents=True)
    (folder / "README.md").write_text(text)
    return facts(tmp_path)


def forecast(context: Facts, **source: object) -> CorpusForecast:
    named = {"hub": "wikimedia/wikipedia", "config": "20231101.tr", "revision": COMMIT, **source}
    return outlook(ParseCorpus.model_validate({"sources": [named]}), context)


def test_a_data_set_s_size_is_that_of_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of the configuration and the split that are asked for, out of hundreds; `take` of them."""
    context = cached(tmp_path, monkeypatch, page(300))
    whole = forecast(context)
    assert (whole.documents, whole.bytes, whole.columns) == (500_000, 1_000_000_000, ["id", "title", "text"])
    assert whole.because == {"bytes": "the page of wikimedia/wikipedia"}
    some = forecast(context, take=1000)
    assert (some.documents, some.bytes) == (1000, 2_000_000)


def test_what_a_page_does_not_say_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Another split, another configuration, another commit, a page without numbers."""
    context = cached(tmp_path, monkeypatch, page(3))
    assert forecast(context, split="test").bytes is None
    assert forecast(context, config="20231101.en").bytes is None
    assert forecast(context, revision="0" * 40).bytes is None
    assert told(context, "wikimedia/wikipedia", COMMIT, None, "train") is None


def test_a_page_of_hundreds_of_configurations_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The one that is there is no finding, also the second time, when the page is not read again; another one is."""
    cached(tmp_path, monkeypatch, page(300))
    said = []
    for config in ("20231101.tr", "20231101.tr", "20231101.tt"):
        (tmp_path / "r.yaml").write_text(
            f"recipe: r\nsteps:\n- {{type: parse_corpus, sources: [{{hub: wikimedia/wikipedia, config: {config}, revision: {COMMIT}}}]}}\n"
        )
        meant = mean(tmp_path / "r.yaml")
        said.append([f.message for f in judge(meant) if f.code == "D107"])
    assert said == [[], [], ["wikimedia/wikipedia has no configuration '20231101.tt'"]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", [], id="no page"),
        pytest.param("# Words only\n", [], id="no head"),
        pytest.param("---\ndataset_info: [\n---\n", [], id="no entries"),
        pytest.param("---\ndataset_info:\n- config_name: a\n  splits: {\n- config_name: b\n  n: 1\n---\n",
                     [{"config_name": "b", "n": 1}], id="one broken entry"),
        pytest.param("---\r\ndataset_info:\r\n  n: 1\r\nlicense: mit\r\n---\r\n", [{"n": 1}], id="one mapping, Windows line ends"),
        pytest.param("---\ndataset_info:\n  - config_name: a\n    n: 1\n  - config_name: b\n    n: 2\n---\n",
                     [{"config_name": "a", "n": 1}, {"config_name": "b", "n": 2}], id="an indented list"),
    ],
)  # fmt: skip
def test_entries_of_a_page(text: str, found: list[dict[str, Any]]):
    """What is no YAML is left out, and nothing is raised."""
    assert list(entries(text.encode(), "dataset_info")) == found
