"""Rules about what the first texts of the data look like, and about a base's folder whose parts do not belong together."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks" / "check"
sys.path.insert(0, str(BENCHMARKS))

from cases import LM, SFT, Case, findings, model  # noqa: E402


def told(folder: Path, recipe: str, files: dict[str, Any], changes: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """Code and severity of all that is said of a sound recipe with these files, but for the number of epochs."""
    found = findings(Case("test", "test", recipe, changes or {}, files), folder / "project")
    return [(f.code, f.severity) for f in found if f.code not in ("D010", "M010")]


def talks(answer: str, asked: str = "What is {n} and {n}?", count: int = 40) -> list[dict[str, Any]]:
    """Conversations about numbers."""
    turns = (("user", asked), ("assistant", answer))
    return [{"messages": [{"role": role, "content": text.replace("{n}", str(n))} for role, text in turns]} for n in range(count)]


def texts(text: str, count: int = 40) -> list[dict[str, str]]:
    """Documents about numbers."""
    return [{"text": text.replace("{n}", str(n))} for n in range(count)]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (talks("It is {n}."), []),
        (talks("I cannot help with that."), [("D152", "warning")]),
        (talks("I cannot help with that.", count=4), []),
        ([{"messages": each["messages"] + talks("You are welcome.", "Thanks!")[0]["messages"]} for each in talks("It is {n}.")], []),
        (talks("yes", "Is that so?"), [("D152", "warning")]),
        (talks("What is {n} and {n}? It is {n}."), [("D153", "warning")]),
        (talks("{n}", "{n}"), []),
        (texts("### Human: Double {n}. ### Assistant: it is more"), [("D154", "warning")]),
        (texts("Question: what is twice {n}?\nAnswer: more"), [("D154", "warning")]),
        (texts("[INST] Double {n}. [/INST] It is more."), [("D154", "warning")]),
        (texts("The user asked for {n} pears and the assistant brought them."), []),
        (talks("<p>It is <b>{n}</b>.</p>"), [("D156", "warning")]),
        (talks("Write `<p>{n}</p>`:\n```html\n<p><b>{n}</b></p>\n```"), []),
        (talks("First {n}.\\nThen more."), [("D157", "warning")]),
        (talks("First {n},\\nthen more,\\nnow the end."), [("D157", "warning")]),
        (talks("The derivative \\nabla f, with \\nu = {n}"), []),
        (talks("First {n}.\nThen \\n is a line end."), []),
        (talks("Ã‡ok gÃ¼zel bir {n}. gÃ¼n"), [("D155", "warning")]),
        (talks("Çok güzel bir {n}. gün; SÃO PAULO, Ângela, Ä. Ö."), []),
        (talks("Bir g\ufffdn {n}"), [("D155", "warning")]),
    ],
)
def test_slips_of_the_script_that_wrote_the_rows_are_told(tmp_path: Path, rows: list[Any], found: list[tuple[str, str]]):
    """One answer to all, copies, repeated questions, turns in one text, markup, written-out line ends, misread letters."""
    assert [each for each in told(tmp_path, SFT, {"data/chat.jsonl": rows}) if each[0].startswith("D15")] == found


def test_of_a_large_file_whose_rows_may_be_sorted_one_answer_is_an_information(tmp_path: Path):
    """Two hundred rows of a label can be the first of many labels."""
    rows = [*talks("spam", count=300), *talks("ham", count=300)]
    assert [each for each in told(tmp_path, SFT, {"data/chat.jsonl": rows}) if each[0] == "D152"] == [("D152", "info")]


def test_copies_are_dropped_unless_the_recipe_keeps_them(tmp_path: Path):
    """The finding is the same, its remedy is not."""
    kept = {"      - path: data/chat.jsonl\n": "      - path: data/chat.jsonl\n    clean: {dedup: none}\n"}
    rows = {"data/chat.jsonl": talks("yes", "Is that so?")}
    plain = findings(Case("test", "test", SFT, {}, rows), tmp_path / "a")
    keeping = findings(Case("test", "test", SFT, kept, rows), tmp_path / "b")
    assert [f.fix for f in plain if f.code == "D152"] == ["look at the script that wrote them: one of each is kept"]
    assert [f.fix for f in keeping if f.code == "D152"] == ["delete dedup: none, which keeps one of each"]


def test_a_large_file_of_nothing_but_copies_is_a_warning(tmp_path: Path):
    """Of two hundred first rows two are left: what follows will hardly be others."""
    rows = [*talks("no", "Or that?", count=1), *talks("yes", "Is that so?", count=399)]
    assert [each for each in told(tmp_path, SFT, {"data/chat.jsonl": rows}) if each[0] == "D152"] == [("D152", "warning")]


def test_a_text_file_that_was_misread_is_told(tmp_path: Path):
    """Lines of a .txt are looked at like rows."""
    changes = {"data/stories.jsonl": "data/stories.txt"}
    line = "Ä°stanbul Ã¼zerinde {n}. gÃ¼n yaÄŸmur baÅŸladÄ±.\n"
    misread = {"data/stories.txt": "".join(line.replace("{n}", str(n)) for n in range(3000))}
    right = {"data/stories.txt": "".join(f"İstanbul üzerinde {n}. gün yağmur başladı.\n" for n in range(3000))}
    assert ("D155", "warning") in told(tmp_path / "a", LM, misread, changes)
    assert ("D155", "warning") not in told(tmp_path / "b", LM, right, changes)


@pytest.mark.parametrize("name", ["data/stories.jsonl.gz", "data/stories.parquet", "data/stories.jsonl.zst"])
def test_a_page_saved_under_the_name_of_an_archive_is_told(tmp_path: Path, name: str):
    """A login page in place of the download."""
    page = {name: b"<!DOCTYPE html>\n<html><body><h1>403 Forbidden</h1></body></html>"}
    assert ("D104", "error") in told(tmp_path, LM, page, {"data/stories.jsonl": name})


@pytest.mark.parametrize(
    "config",
    [{"num_hidden_layers": 4}, {"hidden_size": 128, "head_dim": 16}],
)
def test_a_config_of_another_model_than_the_weights(tmp_path: Path, config: dict[str, int]):
    """What the weights lack would be random numbers."""
    assert ("C003", "error") in told(tmp_path, SFT, {"models/base/config.json": config})


def test_an_output_layer_that_is_not_tied_and_not_there(tmp_path: Path):
    """tie_word_embeddings: false, and no lm_head in the weights."""
    shapes = model(tmp_path / "whole")
    del shapes["lm_head.weight"]
    weights = {"models/base/model.safetensors": {"safetensors": shapes}}
    assert ("C003", "error") in told(tmp_path / "a", SFT, weights)
    tied = {**weights, "models/base/config.json": {"tie_word_embeddings": True}}
    assert "C003" not in dict(told(tmp_path / "b", SFT, tied))


def test_the_headers_of_the_weights_are_held_against_the_config(tmp_path: Path):
    """A matrix of another shape, one that is absent, packed ones; a block more is passed by."""
    config = {"models/base/config.json": {"intermediate_size": 160}}
    assert ("C003", "error") in told(tmp_path / "a", SFT, config)
    assert ("C003", "error") in told(tmp_path / "b", SFT, {"models/base/config.json": {"num_key_value_heads": 4}})
    assert ("C003", "warning") in told(tmp_path / "c", SFT, {"models/base/config.json": {"num_hidden_layers": 1}})
    names = {"model.embed_tokens.weight": (300, 64), "lm_head.weight": (300, 64), "model.layers.0.mlp.up_proj.weight.absmax": (4,)}
    packed = told(tmp_path / "d", SFT, {"models/base/model.safetensors": {"safetensors": names}})
    assert ("A110", "error") in packed
    assert "C003" not in dict(packed)


def test_an_unknown_token_that_has_no_row(tmp_path: Path):
    """`tokenizers` fails at the first text that needs it."""
    tokenizer = {"models/base/tokenizer.json": {"model": {"type": "BPE", "unk_token": "<nil>", "vocab": {"<unk>": 0}, "merges": []}}}
    assert ("T101", "error") in told(tmp_path, SFT, tokenizer)


def test_the_tokenizer_of_one_model_before_the_training_of_another(tmp_path: Path):
    """check_vocab_consistency opens a larger model's tokenizer, which the training does not take."""
    other = {"checkpoint: {path: models/base}": "checkpoint: {path: models/other}"}
    model(tmp_path / "models" / "other", vocab_size=400)
    files = {f"models/other/{file.name}": file.read_bytes() for file in (tmp_path / "models" / "other").iterdir()}
    assert ("V003", "warning") in told(tmp_path, SFT, files, other)
    model(tmp_path / "models" / "same")
    same = {f"models/other/{file.name}": file.read_bytes() for file in (tmp_path / "models" / "same").iterdir()}
    assert ("V003", "warning") not in told(tmp_path / "b", SFT, same, other)


def test_a_branch_of_the_hub_is_no_revision(tmp_path: Path):
    """revision: main is what it is today."""
    source = {"path: data/stories.jsonl": "{hub: owner/name, revision: main}", "- {hub": "- {hub"}
    commit = {"path: data/stories.jsonl": "{hub: owner/name, revision: b04c8d1ceb2f5cd4588862100d08de323dccfbaa}"}
    assert ("H020", "info") in told(tmp_path / "a", LM, {}, source)
    assert ("H020", "info") not in told(tmp_path / "b", LM, {}, commit)


def test_bins_of_four_bytes_read_by_two(tmp_path: Path):
    """Every second id would be next to nothing."""
    numpy = pytest.importorskip("numpy")
    ids = numpy.random.default_rng(7).integers(5, 900, 20_000)
    step = {"  - type: tokenize_bin\n": "  - type: check_vocab_consistency\n    bins: {path: old, dtype: uint16}\n  - type: tokenize_bin\n"}
    wide = {"old/train.bin": ids.astype("<u4").tobytes()}
    assert ("V105", "error") in told(tmp_path / "a", LM, wide, step)
    (wrong,) = [f for f in findings(Case("test", "test", LM, step, wide), tmp_path / "fix") if f.code == "V105"]
    assert (wrong.path[-2:], wrong.fix, wrong.edits[0].value) == (("bins", "dtype"), "write dtype: uint32", "uint32")
    assert ("V105", "error") not in told(tmp_path / "b", LM, {"old/train.bin": ids.astype("<u2").tobytes()}, step)


def test_an_end_token_of_another_tokenizer(tmp_path: Path):
    """tokenizer_config.json came from another model: the name has no id."""
    config = {"models/base/tokenizer_config.json": {"eos_token": "<|eot_id|>"}}
    assert ("V012", "warning") in told(tmp_path, SFT, config)


def test_two_templates_and_two_models_in_one_folder(tmp_path: Path):
    """What is read is the newer one only by chance."""
    template = {"models/base/chat_template.jinja": "{% for m in messages %}{{ m['content'] }}</s>{% endfor %}"}
    assert ("D158", "warning") in told(tmp_path / "a", SFT, template)
    shapes = {"safetensors": {"model.embed_tokens.weight": (300, 64)}}
    index = {"weight_map": {"model.embed_tokens.weight": "model-00001-of-00001.safetensors"}}
    shards = {"models/base/model-00001-of-00001.safetensors": shapes, "models/base/model.safetensors.index.json": index}
    assert ("C003", "warning") in told(tmp_path / "b", SFT, shards)


@pytest.mark.parametrize("split", ["", "  - type: split_long\n    max_tokens: 512\n    analyze_only: true\n"])
def test_text_files_longer_than_a_row(tmp_path: Path, split: str):
    """A file is a document; split_long with analyze_only parts none."""
    changes = {"data/chat.jsonl": "data/*.txt", "  - type: split_long\n    max_tokens: 512\n": split}
    files = {f"data/{n}.txt": f"Chapter {n}. " + "It was a long day at the harbour. " * 400 for n in range(30)}
    assert ("D111", "error") in told(tmp_path, SFT, files, changes)


def test_sources_whose_language_is_not_let_through(tmp_path: Path):
    """They say en, clean wants tr."""
    source = "      - path: data/stories.jsonl\n"
    english = {source: f"{source}        lang: en\n    clean: {{languages: {{allow: [tr]}}}}\n"}
    assert ("D112", "error") in told(tmp_path / "a", LM, {}, english)
    both = {source: f"{source}        lang: en\n    clean: {{languages: {{allow: [tr, en]}}}}\n"}
    assert ("D112", "error") not in told(tmp_path / "b", LM, {}, both)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("    vocab_size: 1000\n", "    vocab_size: 1000\n    model: unigram\n    character_coverage: 0.95\n", "T121"),
        ("    max_steps: 1000\n", "    max_steps: 1000\n    scheduler: wsd\n    decay_share: 0.95\n    warmup_ratio: 0.1\n", "S003"),
    ],
)
def test_shares_that_leave_nothing(tmp_path: Path, old: str, new: str, code: str):
    """Characters that nobody covers; a rise and a fall that take all of the steps."""
    assert (code, "warning") in told(tmp_path, LM, {}, {old: new})


def test_saves_that_the_training_waits_for(tmp_path: Path):
    """A billion parameters, saved at each of many steps, on a fast card."""
    large = {
        "target: t4": "target: h100",
        "{family: llama, d_model: 256, n_layers: 4, n_heads: 4}": "{family: llama, d_model: 2048, n_layers: 24, n_heads: 16}",
        "max_steps: 1000": "max_steps: 20000\n    save_steps: 1",
    }
    assert ("S018", "warning") in told(tmp_path / "a", LM, {}, large)
    rare = {**large, "max_steps: 1000": "max_steps: 20000\n    save_steps: 1000"}
    assert ("S018", "warning") not in told(tmp_path / "b", LM, {}, rare)
    short = {**large, "max_steps: 1000": "max_steps: 1000\n    save_steps: 1"}
    found = findings(Case("test", "test", LM, short), tmp_path / "c")
    fixes = [f.fix for f in found if f.code == "S018"]
    assert fixes == ["delete it: the end is saved anyway"]  # an interval beyond the last step would be told next


def test_answers_with_a_bad_mark_are_told(tmp_path: Path):
    """label: false in some rows; a label that is no mark is left alone."""
    for number, (label, codes) in enumerate(((True, []), (False, [("D166", "warning")]), ("sports", []))):
        rows = [{"prompt": f"Double {n}.", "completion": str(2 * n), "label": label if n % 2 else (label if label == "sports" else True)}
                for n in range(40)]  # fmt: skip
        assert told(tmp_path / str(number), SFT, {"data/chat.jsonl": rows}) == codes


def test_the_longest_rows_are_counted_wherever_they_stand(tmp_path: Path):
    """What lies behind the first documents of a file is looked at by its length."""
    rows = [*talks("Yes.", count=150), *talks("It is a long answer about hens. " * 30, count=40)]
    changes = {"  - type: split_long\n    max_tokens: 512\n": ""}
    assert ("D111", "error") in told(tmp_path, SFT, {"data/chat.jsonl": rows}, changes)


def test_a_mark_that_a_conversation_is_written_with_must_be_a_token(tmp_path: Path):
    """One of a branch for tools is never written, and may be text."""
    from cases import CHATML

    base = "models/base/tokenizer_config.json"
    tools = "{% if tools %}<|tool_call|>{% endif %}" + CHATML
    for number, (template, codes) in enumerate(((CHATML.replace("<|im_end|>", "<|end_of_turn|>"), ["D144"]), (tools, []))):
        found = told(tmp_path / str(number), SFT, {base: {"chat_template": template}})
        assert [code for code, _ in found if code == "D144"] == codes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("b'Hello there {n}'", ["D168"]),
        ("▁The ▁cat ▁sat {n}", ["D168"]),
        ("The Ġcat Ġsat Ġon {n}", ["D168"]),
        ("[CLS] the cat ##s sat {n} [SEP]", ["D168"]),
        ("the un@@ broken c@@ ats {n}", ["D168"]),
        ('{"text": "The cat sat {n}"}', ["D168"]),
        ("The cat sat {n}<|endoftext|>", ["D169"]),
        ("The cat sat {n}</s>\n", ["D169"]),
        ("## Heading {n}\n\n## Another\n\nSee #12 and C## and b'x'.", []),
        ('{"name": "f", "arguments": {"n": {n}}}', []),
        ("Mail a@@b or write <|endoftext|> {n} in the middle.", []),
        ("Ġgantija {n} and Għarb, on the isle of Gozo", []),
    ],
)
def test_what_another_program_left_in_the_texts_is_told(tmp_path: Path, text: str, found: list[str]):
    """Marks of tokenizers, bytes as Python shows them, JSON in JSON, end marks; not what merely looks a little like them."""
    said = told(tmp_path, LM, {"data/stories.jsonl": texts(text)})
    assert [code for code, _ in said if code in ("D168", "D169")] == found


def test_empty_cells_of_a_table_are_told_when_there_are_some(tmp_path: Path):
    """Two of forty rows, and one answer that is about nan is none."""
    rows = [*texts("The cat sat {n}", 38), {"text": "nan"}, {"text": "nan "}]
    assert ("D168", "warning") in told(tmp_path / "a", LM, {"data/stories.jsonl": rows})
    rows = [*texts("The cat sat {n}", 39), {"text": "nan"}]
    assert ("D168", "warning") not in told(tmp_path / "b", LM, {"data/stories.jsonl": rows})


def test_a_list_of_rows_in_one_line_is_taken_apart(tmp_path: Path):
    """The command that does it is offered."""
    made = Case("test", "test", LM, {}, {"data/stories.jsonl": [json.dumps(texts("The cat sat {n}"))]})
    (finding,) = [f for f in findings(made, tmp_path / "project") if f.code == "D142"]
    assert finding.fix == "write one row a line: jq -c '.[]' data/stories.jsonl > rows.jsonl"


def test_an_end_mark_of_the_base_is_told_once(tmp_path: Path):
    """Of tokens that the base has D151 tells, with what is to be done; of others D169."""
    for mark, codes in (("</s>", ["D151"]), ("<|endoftext|>", ["D169"])):
        rows = texts("The cat sat {n}" + mark)
        said = [code for code, _ in told(tmp_path / codes[0], SFT, {"data/chat.jsonl": rows}) if code in ("D151", "D169")]
        assert said == codes


def test_the_line_of_a_refused_conversation_is_its_own(tmp_path: Path):
    """Rows before it that become no document count as lines."""
    refuse = "{% if messages[0].role == 'system' %}{{ raise_exception('none here') }}{% endif %}"
    template = refuse + "{% for m in messages %}{{ m.content }}{% endfor %}"
    refused = {"messages": [{"role": "system", "content": "Be brief."}, *talks("It is {n}.", count=1)[0]["messages"]]}
    rows = [{"messages": None}, {"messages": []}, *talks("It is {n}."), refused]
    files = {"data/chat.jsonl": rows, "models/base/tokenizer_config.json": {"chat_template": template}}
    made = findings(Case("test", "test", SFT, {}, files), tmp_path / "project")
    (finding,) = [f for f in made if f.code == "D115"]
    assert "data/chat.jsonl, line 43: " in finding.message


REFUSING = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}{{ m.content + '</s>' }}{% endfor %}"
)
SILENT = "{% for m in messages %}{% if m.role != 'system' %}{{ m.content + '</s>' }}{% endif %}{% endfor %}"


@pytest.mark.parametrize(
    ("template", "code", "words"),
    [
        (REFUSING, "D115", "does not write the conversation"),
        (SILENT, "D172", "writes nothing of what the system says"),
    ],
)
@pytest.mark.parametrize(("at", "many"), [(120, 200), (900, 1000)])
def test_conversations_of_every_shape_are_written(tmp_path: Path, template: str, code: str, words: str, at: int, many: int):
    """Behind the first fifty, and behind the first rows of the file."""
    brief = {"role": "system", "content": "Be brief."}
    rows = [{"messages": [*([brief] if n >= at else []), *row["messages"]]} for n, row in enumerate(talks("It is {n}.", count=many))]
    files = {"data/chat.jsonl": rows, "models/base/tokenizer_config.json": {"chat_template": template}}
    (found,) = [f for f in findings(Case("test", "test", SFT, {}, files), tmp_path / "project") if f.code in ("D115", "D172")]
    assert found.code == code
    assert words in found.message


def test_a_second_file_is_written_too(tmp_path: Path):
    """Its conversations have another shape."""
    asked = talks("It is {n}.", count=60)
    files = {
        "data/chat.jsonl": asked,
        "data/more.jsonl": [{"messages": [{"role": "system", "content": "Be brief."}, *row["messages"]]} for row in asked],
        "models/base/tokenizer_config.json": {"chat_template": REFUSING},
    }
    more = {"      - path: data/chat.jsonl\n": "      - path: data/chat.jsonl\n      - path: data/more.jsonl\n"}
    (found,) = [f for f in findings(Case("test", "test", SFT, more, files), tmp_path / "project") if f.code == "D115"]
    assert "data/more.jsonl, line 1: " in found.message
    assert "(60 of 120 that were looked at)" in found.message


@pytest.mark.parametrize(("positions", "longer"), [(512, False), (4096, True)])
def test_rows_are_not_asked_to_be_longer_than_the_base(tmp_path: Path, positions: int, longer: bool):
    """A remedy that the next check refuses (M101) is none."""
    rows = [*talks("Yes.", count=150), *talks("It is a long answer about hens. " * 30, count=40)]
    files = {"data/chat.jsonl": rows, "models/base/config.json": {"max_position_embeddings": positions}}
    changes = {"  - type: split_long\n    max_tokens: 512\n": ""}
    (found,) = [f for f in findings(Case("test", "test", SFT, changes, files), tmp_path / "project") if f.code == "D111"]
    assert "put a split_long step with max_tokens: 512 before it" in found.fix
    assert ("or write max_seq_length" in found.fix) == longer


@pytest.mark.parametrize(("dedup", "copies", "told"), [("none", 30, ["D152"]), ("none", 5, []), ("exact", 30, [])])
def test_copies_that_are_kept_are_told(tmp_path: Path, dedup: str, copies: int, told: list[str]):
    """They come to stand on both sides of validation; where one of each is kept, a few are no matter."""
    rows = talks("It is {n}.", count=200 - copies)
    changes = {"      - path: data/chat.jsonl\n": f"      - path: data/chat.jsonl\n    clean: {{dedup: {dedup}}}\n"}
    made = Case("test", "test", SFT, changes, {"data/chat.jsonl": [*rows, *rows[:copies]]})
    assert [f.code for f in findings(made, tmp_path / "project") if f.code == "D152"] == told


@pytest.mark.parametrize(("steps", "severity"), [(1000, "info"), (4000, "warning")])
def test_answers_that_are_learned_by_heart_are_told(tmp_path: Path, steps: int, severity: str):
    """A base needs few passes; a new network has a thousand."""
    made = Case("test", "test", SFT, {"num_train_epochs: 3": f"max_steps: {steps}"}, {})
    assert [f.severity for f in findings(made, tmp_path / "project") if f.code == "D010"] == [severity]


@pytest.mark.parametrize(
    ("answer", "asked", "found"),
    [
        ("Assistant: It is {n}.", "What is {n}?", "answers"),
        ("### Response:\nIt is {n}.", "What is {n}?", "answers"),
        ("It is {n}.", "User: What is {n}?", "questions"),
        ("Assistants say: {n}.", "What is {n}?", ""),
        ("Answer: {n}", "What is {n}?", ""),
        ("# Result {n}", "What is {n}?", ""),
    ],
)
def test_names_of_speakers_that_are_typed(tmp_path: Path, answer: str, asked: str, found: str):
    """D179: before every answer or question; a form of answers and a heading are meant."""
    case = Case("test", "test", SFT, {}, {"data/chat.jsonl": talks(answer, asked)})
    said = [f.message for f in findings(case, tmp_path / "p") if f.code == "D179"]
    assert [found in each for each in said] == ([True] if found else [])
