"""parse_corpus on what lies elsewhere: files on a web server and in other file systems, and data sets of a hub, by the real code."""

import gzip
import json
import os
import subprocess
import sys
import time

import pytest

from schemas import RecipeError
from steps.parse_corpus import ParseCorpus, Source, parse_corpus, reads
from steps.text import remote
from tests.conftest import ROOT, FakeContext
from tests.steps.text.hub_server import COMMITS, Hub, Silent


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    monkeypatch.setattr(remote, "WAIT_S", 0.001)


def rows(count, tag="satır"):
    return "".join(json.dumps({"text": f"{tag} {i}", "n": i}, ensure_ascii=False) + "\n" for i in range(count)).encode()


def made(tmp_path, *sources, **params):
    context = FakeContext(tmp_path / f"run{len(list(tmp_path.iterdir()))}", project=tmp_path)
    corpus = parse_corpus(ParseCorpus(sources=[Source(**source) for source in sources], **params), context)
    return [d.text for d in corpus.documents()], context


def zst(data):
    return pytest.importorskip("pyarrow").Codec("zstd").compress(data).to_pybytes()


def test_a_stream_is_taken_up_where_it_broke(tmp_path):
    """Three answers are cut off; every row is there once, and the digest of the whole is written down."""
    data = rows(5000)
    want = [f"satır {i}" for i in range(5000)]
    for name, content in (("a.jsonl", data), ("a.jsonl.gz", gzip.compress(data)), ("a.jsonl.zst", zst(data))):
        with Hub({COMMITS[0]: {name: content}}, breaks=3) as server:
            texts, context = made(tmp_path, {"url": f"{server.url}/{name}"})
        assert texts == want, name
        assert (server.breaks, list(context.kept["corpus"]["addresses"])) == (0, [f"{server.url}/{name}"])


def test_half_a_file_is_never_whole(tmp_path):
    """A server that goes on breaking off gives D108, also when half of the rows were read; nothing is taken for the end."""
    message = r"D108: .*a\.jsonl cannot be fetched: .*broke off after [\d,]+ bytes"
    with Hub({COMMITS[0]: {"a.jsonl": rows(200_000)}}, breaks=1, dies=True) as server, pytest.raises(RecipeError, match=message) as error:
        made(tmp_path, {"url": f"{server.url}/a.jsonl", "fallback": Source(path="nowhere")})
    assert error.value.field == "sources.0.url"


def test_only_what_is_taken_is_read(tmp_path):
    """`take` ends the stream: of four megabytes not half are sent."""
    with Hub({COMMITS[0]: {"a.jsonl": rows(100_000)}}) as server:
        texts, _ = made(tmp_path, {"url": f"{server.url}/a.jsonl", "take": 3})
    assert texts == ["satır 0", "satır 1", "satır 2"]
    assert not list((tmp_path / "run0").glob("keep/*"))


def test_parquet_and_other_files_behind_an_address(tmp_path):
    """Parquet is fetched whole; a name says the format, else it is a page; a secret in the address is told nowhere."""
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(arrow.table({"text": ["bir", "iki"]}), tmp_path / "a.parquet")
    page = "<html><body><main><p>Merhaba dünya, bugün hava çok güzel.</p></main></body></html>".encode()
    files = {"x/a.parquet": (tmp_path / "a.parquet").read_bytes(), "sayfa": page, "b.txt": b"Bir.\n\n\xc4\xb0ki."}
    with Hub({COMMITS[0]: files}, breaks=1, least=10) as server:
        url = server.url.replace("http://", "http://ada:secret@")
        sources = [
            {"url": f"{url}/x/a.parquet?token=secret"},
            {"url": f"{url}/sayfa"},
            {"url": f"{url}/b.txt", "document": "blank_line"},
        ]
        texts, context = made(tmp_path, *sources)
    assert texts == ["bir", "iki", "Merhaba dünya, bugün hava çok güzel.", "Bir.", "İki."]
    assert "secret" not in json.dumps([context.kept, context.events])
    assert "secret" not in str(reads(ParseCorpus(sources=[Source(**s) for s in sources]), tmp_path))


def test_other_file_systems(tmp_path):
    """memory:// and file:// by fsspec, with folders and globs; names are relative to them, hidden files are left out."""
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    for name, data in {"/set/a.jsonl": rows(2, "a"), "/set/sub/b.jsonl.gz": gzip.compress(rows(1, "b")), "/set/.c.jsonl": rows(1)}.items():
        memory.pipe(name, data)
    assert made(tmp_path, {"url": "memory://set"})[0] == ["a 0", "a 1", "b 0"]
    assert made(tmp_path, {"url": "memory://set/*.jsonl"})[0] == ["a 0", "a 1"]
    assert made(tmp_path, {"url": "memory://set/{a,sub/b}.{jsonl,jsonl.gz}"})[0] == ["a 0", "a 1", "b 0"]
    (tmp_path / "c.jsonl").write_bytes(rows(1, "c"))
    assert made(tmp_path, {"url": f"file://{tmp_path}/c.jsonl"})[0] == ["c 0"]
    for url in ("memory://set/none.jsonl", "memory://none/*.jsonl", "file:///nowhere/a.txt"):
        with pytest.raises(RecipeError, match=r"D108: .* cannot be fetched"):
            made(tmp_path, {"url": url})
    with pytest.raises(RecipeError, match=r"D10[58]: "):
        made(tmp_path, {"url": "nosuch://set/a.jsonl"})


CHILD = """
import json, sys
from pathlib import Path
import datasets, logging
datasets.config.STREAMING_READ_RETRY_INTERVAL = 0.01
from steps.parse_corpus import ParseCorpus, parse_corpus, reads
from schemas import RecipeError
from tests.conftest import FakeContext
project = Path(sys.argv[1])
for number, params in enumerate(json.loads(sys.argv[2])):
    params = ParseCorpus(**params)
    context = FakeContext(project / f"run{number}", project=project)
    try:
        keys = [read.identity for read in reads(params, project)]
        texts = [d.text for d in parse_corpus(params, context).documents()]
        print(json.dumps({"texts": texts, "keys": keys, "stats": context.kept["corpus"], "events": context.events}))
    except RecipeError as error:
        print(json.dumps({"error": str(error.code), "message": error.message, "field": error.field}))
"""


def on_hub(tmp_path, server, *sources, patience_s=20):
    """What parse_corpus makes of each of these sources in a process of its own whose hub is `server`."""
    pytest.importorskip("datasets")
    cache = {"HF_HOME": str(tmp_path / "home"), "HF_DATASETS_CACHE": str(tmp_path / "cache")}
    env = {k: v for k, v in os.environ.items() if not k.startswith("HF_")} | cache | {"HF_ENDPOINT": server.url, "PYTHONPATH": str(ROOT)}
    env["HF_HUB_ETAG_TIMEOUT"] = str(patience_s)
    asked = json.dumps([{"sources": [source]} for source in sources])
    done = subprocess.run([sys.executable, "-c", CHILD, str(tmp_path), asked], capture_output=True, text=True, cwd=ROOT, env=env)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_a_hub_data_set_at_its_commit(tmp_path):
    """Unpinned, the hub is asked once and the commit kept for the project; pinned, that commit is read; splits by name."""
    old, new = COMMITS
    commits = {
        old: {"README.md": b"# old\n", "data/train.jsonl": rows(30, "eski")},
        new: {"README.md": b"# new\n", "data/train.jsonl": rows(3000, "yeni"), "data/test.jsonl": rows(5, "deneme")},
    }
    with Hub(commits, breaks=1, least=40_000) as server:
        hub = {"hub": "owner/set"}
        first, pinned, test, gone = on_hub(
            tmp_path,
            server,
            hub,
            {**hub, "revision": old, "take": 2},
            {**hub, "split": "test", "columns": {"text": "{n}: {text}"}},
            {**hub, "split": "nosuch"},
        )
        assert (first["texts"], first["keys"]) == ([f"yeni {i}" for i in range(3000)], [f"owner/set||train|{new}"])
        assert (first["stats"]["revisions"], json.loads((tmp_path / ".recipe" / "hub.json").read_text())) == (
            {"owner/set": new},
            {"owner/set": new},
        )
        assert (pinned["texts"], pinned["stats"]["revisions"]) == (["eski 0", "eski 1"], {"owner/set": old})
        assert test["texts"][0] == "0: deneme 0"
        assert (gone["error"], gone["field"]) == ("D107", "sources.0.hub")
        assert [path for _, path in server.asked].count("/api/datasets/owner/set") == 1
        server.main = old  # the hub moves on, the project does not
        [again] = on_hub(tmp_path, server, {**hub, "take": 1})
        assert again["texts"] == ["yeni 0"]


def test_a_hub_data_set_that_is_not_there(tmp_path):
    """D107 in one line, or the fallback with its event."""
    (tmp_path / "own.jsonl").write_bytes(rows(2, "kendi"))
    with Hub({COMMITS[0]: {}}) as server:
        missing = {"hub": "owner/none"}
        error, fallback = on_hub(tmp_path, server, missing, {**missing, "fallback": {"path": "own.jsonl"}})
    assert (error["error"], error["field"], error["message"].count("\n")) == ("D107", "sources.0.hub", 0)
    assert fallback["texts"] == ["kendi 0", "kendi 1"]
    assert [e["event"] for e in fallback["events"]] == ["fallback"]


def test_a_hub_that_nobody_reaches_is_an_error_or_a_fallback(tmp_path):
    """No network, no commit known: D107 in one line, and the fallback; its key says that it is not pinned."""
    (tmp_path / "own.jsonl").write_bytes(rows(2, "kendi"))
    missing = {"hub": "owner/none"}
    with Hub({COMMITS[0]: {}}) as server:
        pass  # closed: nobody answers there
    began = time.monotonic()
    error, fallback = on_hub(tmp_path, server, missing, {**missing, "fallback": {"path": "own.jsonl"}})
    assert (error["error"], error["field"], error["message"].count("\n")) == ("D107", "sources.0.hub", 0)
    assert time.monotonic() - began < 20  # 2 s of waiting; the rest is the start of a process on a busy machine
    assert "owner/none cannot be read from the hub: nobody answers there, asked twice: " in error["message"]
    assert fallback["texts"] == ["kendi 0", "kendi 1"]
    assert "owner/none||train|main" in fallback["keys"]


@pytest.mark.parametrize("pin", [{}, {"revision": COMMITS[0]}])
def test_a_silent_hub_is_soon_an_error_or_a_fallback(tmp_path, pin):
    """It takes every connection and never answers: two questions, and no more of them, whether the commit is known or not."""
    (tmp_path / "own.jsonl").write_bytes(rows(2, "kendi"))
    silent = {"hub": "owner/set", **pin}
    with Silent() as server:
        began = time.monotonic()
        error, fallback = on_hub(tmp_path, server, silent, {**silent, "fallback": {"path": "own.jsonl"}}, patience_s=2)
        assert time.monotonic() - began < 30  # 4 s of waiting; the rest is the start of a process on a busy machine
    assert (error["error"], error["field"]) == ("D107", "sources.0.hub")
    assert error["message"] == "owner/set cannot be read from the hub: the hub gave no answer in 2 seconds, twice"
    assert fallback["texts"] == ["kendi 0", "kendi 1"]


def test_a_slow_hub_is_read(tmp_path):
    """It thinks for a while before each answer, and is no silent one."""
    with Hub({COMMITS[0]: {"README.md": b"# set\n", "data/train.jsonl": rows(30, "yavaş")}}, wait_s=0.2) as server:
        [made] = on_hub(tmp_path, server, {"hub": "owner/set"}, patience_s=3)
    assert made["texts"] == [f"yavaş {i}" for i in range(30)]


def test_a_local_data_set_whose_files_are_on_the_web(tmp_path):
    """A folder in the hub's layout may name addresses in its card; `datasets` streams them."""
    pytest.importorskip("aiohttp")
    with Hub({COMMITS[0]: {}}) as hub, Hub({COMMITS[0]: {"uzak.jsonl": rows(3, "uzak")}}) as web:
        card = f"---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: {web.url}/uzak.jsonl\n---\n"
        (tmp_path / "set").mkdir()
        (tmp_path / "set" / "README.md").write_text(card)
        [found] = on_hub(tmp_path, hub, {"hub": "set"})
    assert found["texts"] == ["uzak 0", "uzak 1", "uzak 2"]
    assert found["stats"]["revisions"] == {"set": "local"}


@pytest.mark.parametrize(
    ("url", "error", "fix"),
    [
        (
            "zip://a.txt::http://host/z.zip",
            ImportError('X requires "requests" and "aiohttp" to be installed'),
            "pip install requests aiohttp",
        ),
        ("gs://bucket/a.txt", ImportError("Please install gcsfs to access Google Storage"), "pip install gcsfs"),
        ("s3://bucket/a.txt", ImportError("Install s3fs to access S3"), 'pip install "recipe[s3]"'),
        ("hf://a.txt", ModuleNotFoundError("No module named 'fsspec'", name="fsspec"), 'pip install "recipe[train]"'),
    ],
)
def test_the_package_that_an_address_needs_is_named(tmp_path, monkeypatch, url, error, fix):
    """At the address, as fsspec says it; an extra of recipe where one has it."""
    import fsspec

    def refuse(url):
        raise error

    monkeypatch.setattr(fsspec.core, "url_to_fs", refuse)
    with pytest.raises(RecipeError, match="D105") as raised:
        parse_corpus(ParseCorpus(sources=[Source(url=url)]), FakeContext(tmp_path / "run", project=tmp_path))
    assert (raised.value.field, raised.value.fix) == ("sources.0.url", fix)
