"""export_ollama, called as the runner calls it."""

import json
import os
import shutil
from pathlib import Path

import pytest

pytest.importorskip("gguf")
pytest.importorskip("torch")

from pydantic import ValidationError

from schemas import CheckpointForecast, Export, ModelConfig, TokenizerForecast
from steps.export.modelfile import parse_modelfile
from steps.export_ollama import ExportOllama, export_ollama
from tests.conftest import ROOT, FakeContext
from tests.steps.export import small_models


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint, a chat checkpoint and a corpus."""
    folder = tmp_path_factory.mktemp("export")
    texts = small_models.stories(ROOT / "data" / "stories")
    small_models.tokenizer(folder / "bpe", texts, user_defined_symbols="<tr>,<en>")
    small_models.checkpoint(folder / "base", "mamba", folder / "bpe", rows=512)
    small_models.checkpoint(folder / "chat", "llama", folder / "bpe", objective="sft")
    marked = [f"<{'tr' if i % 2 == 0 else 'en'}>{text}" for i, text in enumerate(texts)]
    small_models.corpus(folder / "corpus", marked)
    return folder


def run(
    place: Path, tmp_path: Path, checkpoint: str = "base", corpus: Path | None = None, **params: object
) -> tuple[Export, FakeContext]:  # fmt: skip
    from schemas import Checkpoint, Corpus

    context = FakeContext(tmp_path)
    made = export_ollama(
        ExportOllama.model_validate({"create": "never", **params}),
        Checkpoint.load(place / checkpoint),
        [Corpus.load(corpus or place / "corpus")],
        context,
    )
    return made, context  # type: ignore[return-value]


def test_an_export_is_proved(place: Path, tmp_path: Path) -> None:
    """A marked bilingual corpus, a padded vocabulary: every id equal, every top token the same."""
    pytest.importorskip("xllamacpp")
    made, context = run(place, tmp_path, name="tiny", quantization="f16")
    assert (made.proof, made.gguf, made.bytes) == ("proved in llama.cpp", "tiny.gguf", (context.workdir / "tiny.gguf").stat().st_size)
    proof = context.kept["export"]["proof"]
    assert (proof["paragraphs"], proof["equal_ids"], proof["positions"]) == (200, 200, 1024)
    assert proof["same_top1"] >= 0.99
    assert sorted(p.name for p in context.workdir.iterdir()) == ["Modelfile", "artifact.json", "tiny.gguf"]


def test_the_best_weights_are_exported_by_choice(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is that of the folder best/ alone; where none are kept the last stand in, and that is told."""
    monkeypatch.setattr("steps.export.proof.find_spec", lambda name: None)
    both = shutil.copytree(place / "base", tmp_path / "both")
    small_models.checkpoint(both / "best", "mamba", place / "bpe", rows=512, seed=2)
    (both / "best" / "artifact.json").rename(tmp_path / "best.json")
    kept = json.loads((both / "artifact.json").read_text("utf-8"))
    (both / "artifact.json").write_text(json.dumps({**kept, "best_step": 4}), "utf-8")
    small_models.checkpoint(tmp_path / "alone", "mamba", place / "bpe", rows=512, seed=2)
    files = {}
    for name, folder, weights in (("best", both, "best"), ("last", both, "last"), ("alone", tmp_path / "alone", "last")):
        made, context = run(tmp_path, tmp_path / name, folder.name, corpus=place / "corpus", weights=weights)
        files[name] = (context.workdir / made.gguf).read_bytes()
        assert context.warnings == []
    assert files["best"] == files["alone"] != files["last"]
    _, context = run(place, tmp_path / "none", weights="best")
    assert [code for code, _ in context.warnings] == ["C122"]


def test_without_llama_cpp_nothing_is_claimed(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The export stands, and says that it was not tried and why."""
    monkeypatch.setattr("steps.export.proof.find_spec", lambda name: None)
    made, context = run(place, tmp_path)
    assert made.proof == "not tried"
    assert context.kept["export"]["proof"]["why"].startswith("xllamacpp is not installed")


def test_a_chat_model_speaks_as_it_was_trained(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Template, stop mark and context follow from the checkpoint; what is written by hand wins."""
    monkeypatch.setattr("steps.export.proof.find_spec", lambda name: None)
    run(place, tmp_path, "chat", system="Kind.", parameters={"temperature": 0.5})
    read = parse_modelfile((tmp_path / "work" / "Modelfile").read_text("utf-8"))
    assert [(i.kind, i.name, i.value) for i in read if i.kind != "TEMPLATE"] == [
        ("FROM", "", "./model.gguf"), ("PARAMETER", "stop", "<|end|>"), ("PARAMETER", "num_ctx", "128"),
        ("PARAMETER", "temperature", "0.5"), ("SYSTEM", "", "Kind."),
    ]  # fmt: skip
    assert "<|assistant|>" in next(i.value for i in read if i.kind == "TEMPLATE")


def test_ollama_create_is_called_where_it_is_found(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of that name on the PATH is given the name and the Modelfile; its failure is a warning."""
    monkeypatch.setattr("steps.export.proof.find_spec", lambda name: None)
    program = tmp_path / "bin" / "ollama"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\ntest -f Modelfile || exit 9\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    _, context = run(place, tmp_path, name="tiny", create="auto")
    assert (tmp_path / "asked").read_text() == "create tiny -f Modelfile\n"
    assert context.kept["export"]["ollama"] == "created: ollama run tiny"
    program.write_text("#!/bin/sh\necho no space left >&2\nexit 1\n")
    _, context = run(place, tmp_path / "again", name="tiny", create="auto")
    assert context.warnings == [("E006", "ollama create failed: no space left")]


def test_a_forecast_knows_the_size_and_the_tokenizer() -> None:
    """Without a file: bytes, and why a tokenizer will not do."""
    model = ModelConfig(family="mamba", vocab_size=50257, d_model=256, n_layers=6)
    forecast = export_ollama.forecast_function
    assert forecast is not None
    bad = TokenizerForecast(vocab_size=50257, model="unigram", byte_fallback=True)
    found = forecast(ExportOllama(), {"checkpoint": CheckpointForecast(model=model, tokenizer=bad)}, None)
    assert found.disk_bytes is not None
    assert 31e6 < found.disk_bytes < 34e6
    assert "other ids" in found.because["tokenizer"]


def test_a_name_that_ollama_refuses_is_an_error() -> None:
    """It would be found out only at the very end."""
    with pytest.raises(ValidationError) as error:
        ExportOllama(name="my model!")
    assert error.value.errors()[0]["type"] == "E010"


@pytest.mark.parametrize(
    ("name", "file"),
    [("school", "school.gguf"), ("mylab/school-q8:v1.0", "school-q8-v1.0.gguf"), ("registry.lab.org:5000/me/my.model", "my.model.gguf")],
)
def test_an_owner_and_a_tag_are_part_of_a_name(name: str, file: str) -> None:
    """As Ollama has them; the file is called by model and tag."""
    assert ExportOllama(name=name).file == file


@pytest.mark.parametrize(
    "name", ["a/b/c/d", "me/my/school", "my.lab/school", "school:", "/school", "-school", "schule:v 1", "öğren", "x" * 81]
)
def test_a_name_of_other_parts_is_an_error(name: str) -> None:
    """An owner has no dot, no part is empty or longer than 80."""
    with pytest.raises(ValidationError):
        ExportOllama(name=name)


@pytest.mark.parametrize("chat", [True, False], ids=["a template without a place", "plain text"])
def test_a_system_message_that_no_template_writes_is_left_out(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chat: bool
) -> None:
    """With E012; the template that the model has stays."""
    from shutil import copytree

    monkeypatch.setattr("steps.export.proof.find_spec", lambda name: None)
    copytree(place / ("chat" if chat else "base"), tmp_path / "model")
    copytree(place / "corpus", tmp_path / "corpus")
    if chat:
        template = (
            "{% for m in messages %}{% if m.role != 'system' %}[{{ m.role }}] {{ m.content }}\n{% endif %}{% endfor %}"
            "{% if add_generation_prompt %}[assistant] {% endif %}"
        )
        (tmp_path / "model" / "chat_template.jinja").write_text(template)
    _, context = run(tmp_path, tmp_path, "model", system="You are a pirate.")
    kinds = [i.kind for i in parse_modelfile((tmp_path / "work" / "Modelfile").read_text("utf-8"))]
    assert ("TEMPLATE" in kinds, "SYSTEM" in kinds) == (True, False)
    assert [(code, said.endswith("SYSTEM is left out")) for code, said in context.warnings] == [("E012", True)]


def test_the_artifact_has_no_path_and_no_time(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two exports of one checkpoint are the same folder, byte for byte."""
    monkeypatch.setattr("steps.export.proof.find_spec", lambda name: None)
    folders = [run(place, tmp_path / name)[0].path for name in ("a", "b")]
    first, second = ({p.name: p.read_bytes() for p in folder.iterdir()} for folder in folders)
    assert first == second
    assert json.loads(first["artifact.json"])["kind"] == "Export"


@pytest.mark.parametrize("translated", [True, False])
def test_a_chat_model_keeps_its_own_template(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, translated: bool) -> None:
    """The Modelfile says the template of the checkpoint's folder, with its own stop mark; what Go cannot say is left out with E012."""
    from shutil import copytree

    from gguf import GGUFReader

    from tests.steps.text.models_with_templates import CHATML

    monkeypatch.setattr("steps.export.proof.find_spec", lambda name: None)
    copytree(place / "chat", tmp_path / "chat")
    copytree(place / "corpus", tmp_path / "corpus")
    numbered = "{% for m in messages %}{{ loop.index }} {{ m.content }}\n{% endfor %}"
    config = tmp_path / "chat" / "tokenizer_config.json"
    written = json.loads(config.read_text("utf-8")) if config.is_file() else {}
    config.write_text(json.dumps({**written, "chat_template": CHATML if translated else numbered}), "utf-8")
    _, context = run(tmp_path, tmp_path, "chat")
    read = parse_modelfile((tmp_path / "work" / "Modelfile").read_text("utf-8"))
    templates = [i.value for i in read if i.kind == "TEMPLATE"]
    stops = [i.value for i in read if i.name == "stop"]
    field = GGUFReader(tmp_path / "work" / "model.gguf").fields["tokenizer.chat_template"]
    assert bytes(field.parts[field.data[0]]).decode() == (CHATML if translated else numbered)
    if translated:
        assert templates[0].startswith("{{ if not .System }}<|im_start|>system\nYou are a helpful assistant.")
        assert (len(templates), stops, context.warnings) == (1, ["<|im_end|>"], [])
    else:
        assert (templates, stops) == ([], [])
        said = "the model's chat template is more than texts around turns: the Modelfile has no TEMPLATE"
        assert context.warnings == [("E012", said)]


def test_a_qwen2_chat_model_is_proved(place: Path, tmp_path: Path) -> None:
    """As style_lora's: ChatML from the tokenizer's folder, no begin token, rows beyond the pieces."""
    pytest.importorskip("xllamacpp")
    from shutil import copytree

    from steps.export.tokenizer_kinds import SPLITS
    from tests.steps.text.models_with_templates import CHATML

    stories = small_models.stories(ROOT / "data" / "stories")
    tokenizer = small_models.byte_level(tmp_path / "t", stories, SPLITS[1].regex, template=CHATML)
    small_models.qwen2(tmp_path / "qwen", tokenizer, objective="sft")
    copytree(place / "corpus", tmp_path / "corpus")
    made, context = run(tmp_path, tmp_path, "qwen", name="house", system="Kind.")
    assert (made.proof, context.warnings, context.kept["export"]["architecture"]) == ("proved in llama.cpp", [], "qwen2")
    assert (context.kept["export"]["proof"]["equal_ids"], context.kept["export"]["proof"]["same_top1"] >= 0.99) == (200, True)
    read = parse_modelfile((tmp_path / "work" / "Modelfile").read_text("utf-8"))
    assert [i.value for i in read if i.kind == "PARAMETER"] == ["<|im_end|>", "128"]
