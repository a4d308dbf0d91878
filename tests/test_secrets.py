"""Nothing that is secret is printed or kept: not from the environment, not from an address, not from a recipe that holds one."""

import json
import socketserver
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from runner.screen import github, text
from schemas.findings import Finding, Place
from schemas.secrets import starred, without_secrets
from tests.runner.by_hand import recipe
from tests.runner.judged import meant

ROWS = "".join(json.dumps({"text": f"The {n} bears went home and slept."}) + "\n" for n in range(40))
TOKEN = "hf_" + "QwErTyUiOpAsDfGh"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://ada:pw@host/a.jsonl", "https://***@host/a.jsonl"),
        (f"https://{TOKEN}@huggingface.co/x", "https://***@huggingface.co/x"),
        ("https://host/a?part=1&token=abc&x=2", "https://host/a?part=1&token=***&x=2"),
        ("s3://b/k?X-Amz-Signature=ab12", "s3://b/k?X-Amz-Signature=***"),
        ("data/a.jsonl?token=abc", "data/a.jsonl?token=***"),
        ("is it a key=value? or not & so on", "is it a key=value? or not & so on"),
        (f"HF_ENDPOINT is {TOKEN}", "HF_ENDPOINT is ***"),
        ("https://host/a/@ada/b.jsonl?page=2", "https://host/a/@ada/b.jsonl?page=2"),
        ("mail ada@host.org, hf_hub and sk-learn", "mail ada@host.org, hf_hub and sk-learn"),
        ("tokens: 512", "tokens: 512"),
    ],
)
def test_stars_stand_for_secrets_alone(given: str, shown: str):
    """Tokens by their form, a name and password in an address, a signature in its query."""
    assert starred(given) == shown


def test_a_recorded_recipe_has_no_password():
    """The name of a variable is none."""
    data = {"sources": [{"path": "a", "password": "hunter2"}, {"path": "b", "password": "${env:PW}"}, {"password": None}]}
    assert without_secrets(data) == {
        "sources": [{"path": "a", "password": "***"}, {"path": "b", "password": "${env:PW}"}, {"password": None}]
    }


def test_a_misspelt_token_is_not_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The command hands it on by the variable's name."""
    monkeypatch.setenv("HF_TOKN", "hf_secretvalue")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    (found,) = [f for f in meant(tmp_path).findings if f.code == "H030"]
    assert found.fix == 'export HF_TOKEN="$HF_TOKN"; unset HF_TOKN'
    assert "secretvalue" not in found.message


@pytest.mark.parametrize(
    "line",
    [
        "password: hunter2",
        '{path: a, password: "hunter2"}',
        "url: https://ada:hunter2@host/x",
        "hf_token: hunter2",
        "url: h://x?token=hunter2",
    ],
)
def test_a_screen_hides_the_secret_of_its_line(line: str):
    """The carets stand where they stood."""
    found = Finding("D124", "warning", "said", place=Place("r.yaml", 1, 1, 1, len(line) + 1, 0, len(line)))
    shown = text([found], lambda name: line)
    assert "hunter2" not in shown
    assert shown.split("\n")[1].count("*") >= 7
    assert shown.split("\n")[2].count("^") == len(line)


def test_messages_hide_secrets_in_every_form():
    """For people and for GitHub."""
    found = Finding("H033", "warning", f"HF_ENDPOINT={TOKEN} is no address", fix=f"export HF_ENDPOINT=https://{TOKEN}")
    assert TOKEN not in text([found], lambda name: "") + github([found])


def test_no_secret_is_kept_by_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of a run with secrets everywhere only config/, which is the recipe, has those that are written in it."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "rows.jsonl").write_text(ROWS, "utf-8")
    (tmp_path / "recipes").mkdir()
    (tmp_path / "rows.jsonl").write_text(ROWS.replace("bears", "foxes"), "utf-8")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Nobody reads it."""

    with socketserver.TCPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "web"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://ada:URLSECRET@127.0.0.1:{server.server_address[1]}/rows.jsonl?token=QUERYSECRET"
        (tmp_path / "recipes" / "r.yaml").write_text(
            f"recipe: r\nabout: {TOKEN}\nsteps:\n  - type: parse_corpus\n    sources:\n      - url: {address}\n"
            "      - {path: rows.jsonl, password: WRITTENSECRET}\n      - {path: rows.jsonl, password: '${env:MY_PW}'}\n  - type: report\n",
            "utf-8",
        )
        for name in ("MY_PW", "HF_TOKEN", "HF_TOKN", "WANDB_API_KEY"):
            monkeypatch.setenv(name, f"{name}SECRET")
        done = recipe(tmp_path, "run", "recipes/r.yaml")
        server.shutdown()
    assert done.returncode == 0, done.stdout + done.stderr
    kept = [p for p in tmp_path.rglob("*") if p.is_file() and not p.is_symlink() and p.parent.name not in ("config", "recipes")]
    leaks = [f"{p.name}: {w}" for p in kept for w in ("SECRET", TOKEN) if w.encode() in p.read_bytes()]
    assert leaks == []
    assert not [word for word in ("SECRET", TOKEN) if word in done.stdout + done.stderr]


@pytest.mark.parametrize(
    ("old", "new", "fix"),
    [
        (
            "max_steps: 1000",
            "max_steps: 1000\n    tracking: {mlflow: {uri: 'https://ada:pw@host/ml'}}",
            "write uri: https://host/ml, and export MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
        ),
        (
            "sources: [",
            "sources: [{url: 'https://host/rows.jsonl?token=abc'}, ",
            "fetch the file yourself and write path: data/rows.jsonl; of the hub write hub: and export HF_TOKEN",
        ),
        (
            "- type: export_ollama",
            f"- type: export_ollama\n    system: {TOKEN}",
            "take it out and export it where its reader looks, such as HF_TOKEN; if others have seen it, have a new one made",
        ),
    ],
)
def test_a_secret_in_an_address_or_text_is_told(tmp_path: Path, old: str, new: str, fix: str):
    """Where it stands; the same address without it is nobody's business."""
    assert [f.fix for f in meant(tmp_path, (old, new)).findings if f.code == "D124"] == [fix]
    sound = new.replace("ada:pw@", "").replace("?token=abc", "?page=2").replace(TOKEN, "Be kind.")
    assert [f for f in meant(tmp_path, (old, sound)).findings if f.code == "D124"] == []


def test_the_doctor_names_a_mirror_without_its_password(monkeypatch: pytest.MonkeyPatch):
    """HF_ENDPOINT may hold one."""
    from runner.health import hub

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "https://ada:pw@mirror.example")
    assert [each.found for each in hub(lambda address: (200, ""))][:1] == ["https://***@mirror.example answers"]
