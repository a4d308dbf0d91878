"""recipe check --online against a server in this process that answers as the hub does."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from runner.commands.check import check

pytest.importorskip("huggingface_hub")
COMMIT = "0123456789012345678901234567890123456789"
FILES = {"config.json": json.dumps({"model_type": "glm", "vocab_size": 100, "hidden_size": 8, "num_hidden_layers": 1}).encode()}
STORED = (*FILES, "model.safetensors", "README.md")
PAGE = b"""---
license: mit
dataset_info:
  features:
  - name: story
    dtype: string
  splits:
  - name: train
    num_bytes: 2000000
    num_examples: 1000
---
# A data set
"""
RECIPE = """\
recipe: r
target: rtx4090
steps:
  - {type: parse_corpus, sources: [{hub: me/DATA, revision: main}]}
  - {type: train, objective: sft, model: {base: {hub: me/NAME, revision: main}}}
  - type: export_ollama
"""


class Hub(BaseHTTPRequestHandler):
    """One model and one data set, both called me/there."""

    asked: list[str] = []

    def do_HEAD(self) -> None:
        self.answer(False)

    def do_GET(self) -> None:
        self.answer(True)

    def answer(self, whole: bool) -> None:
        Hub.asked.append(self.path)
        kind, _, name = self.path.partition("/me/there/")
        if "/tree/" in self.path:
            names = [{"type": "file", "path": n, "size": 1, "oid": "abc"} for n in STORED]
            self.send(200, json.dumps(names).encode(), whole)
        elif kind == "/api/models" or self.path.startswith("/api/datasets/me/there"):
            body = json.dumps({"id": "me/there", "sha": COMMIT, "siblings": [{"rfilename": n} for n in STORED]})
            self.send(200, body.encode(), whole)
        elif kind == "/datasets" and name.endswith("/README.md"):
            self.send(200, PAGE, whole)
        elif name.startswith("resolve/") and name.rsplit("/")[-1] in FILES:
            self.send(200, FILES[name.rsplit("/")[-1]], whole)
        else:
            self.send(404, b"", whole, {"X-Error-Code": "RepoNotFound"})

    def send(self, status: int, body: bytes, whole: bool, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        named = {"ETag": '"abc"', "X-Repo-Commit": COMMIT, "Content-Length": str(len(body)), "Content-Type": "application/json"}
        for key, value in (named | (more or {})).items():
            self.send_header(key, value)
        self.end_headers()
        if whole:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    for name in ("HF_HUB_OFFLINE", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def screen(place: Path, data: str, model: str, *options: str) -> str:
    (place / "r.yaml").write_text(RECIPE.replace("DATA", data).replace("NAME", model))
    return CliRunner().invoke(check, [str(place / "r.yaml"), *options]).stdout


@pytest.mark.usefixtures("hub")
def test_what_the_hub_has_is_judged(tmp_path: Path):
    """config.json comes into the cache and its architecture is judged, then offline too; weights are not fetched."""
    before = screen(tmp_path, "there", "there")
    assert "H026" in before
    assert "E004" not in before
    Hub.asked.clear()
    online = screen(tmp_path, "there", "there", "--online")
    assert "E004: export_ollama cannot export me/there: a model of type 'glm' cannot be exported" in online
    assert [path for path in Hub.asked if "safetensors" in path] == []
    assert "E004" in screen(tmp_path, "there", "there")


@pytest.mark.usefixtures("hub")
def test_the_page_of_a_data_set_is_fetched_and_tells_its_columns(tmp_path: Path):
    """The columns are those that the page lists, then offline too; no data is fetched."""
    assert "D106" not in screen(tmp_path, "there", "there")
    Hub.asked.clear()
    online = screen(tmp_path, "there", "there", "--online")
    assert "D106: me/there has no column that is known to hold text; it has story" in online
    assert [path for path in Hub.asked if "/datasets/" in path and "/resolve/" in path and "README" not in path] == []
    assert "D106" in screen(tmp_path, "there", "there")


@pytest.mark.usefixtures("hub")
def test_what_the_hub_does_not_have_is_an_error(tmp_path: Path):
    """A model and a data set that are misspelt."""
    said = screen(tmp_path, "ther", "thre", "--online")
    assert "H027: the hub has no dataset me/ther" in said
    assert "H027: the hub has no model me/thre" in said


def test_a_check_asks_nobody_unless_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without --online no socket is opened."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("socket.socket.connect", refuse)
    assert "H026" in screen(tmp_path, "there", "there")
