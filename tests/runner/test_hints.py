"""What to type instead of a value that is of the wrong kind or out of its range."""

from pathlib import Path

import pytest

from tests.runner.judged import meant

STEPS = "max_steps: 1000"


@pytest.mark.parametrize(
    ("old", "new", "fix"),
    [
        (STEPS, "max_steps: 1000,", "write max_steps: 1000, without the comma"),
        (STEPS, "max_steps: $steps", "write ${steps}, a variable of vars:"),
        (STEPS, "max_steps: '{{ steps }}'", "write ${steps}, a variable of vars:"),
        (STEPS, f"{STEPS}\n    resume_from: true", "delete the line: a stopped run goes on by itself when it is run again"),
        (STEPS, f"{STEPS}\n    resume_from: latest",
         "delete the line: a stopped run goes on by itself; of another training write {step: ID} or {path: FOLDER}"),
        ("target: t4", "target: t4\nseed: random", "write a whole number, such as seed: 42, or delete the line"),
        (STEPS, f"{STEPS}\n    report_to: swanlab", "tracking: tells wandb, tensorboard and mlflow, and no other"),
        (STEPS, f"{STEPS}\n    wandb_log: true", "write tracking: wandb"),
        (STEPS, f"{STEPS}\n    learning_rate: 10^-3", "write learning_rate: 1e-3"),
        (STEPS, f"{STEPS}\n    learning_rate: 2.5 x 10**(-4)", "write learning_rate: 2.5e-4"),
        ("n_layers: 12}", "n_layers: 12, dropout: 0,1}", "write dropout: 0.1"),
        ("d_model: 512", "d_model: 1,024", "write d_model: 1024"),
    ],
)  # fmt: skip
def test_what_to_type_is_said(old: str, new: str, fix: str, tmp_path: Path):
    """One finding, with the words to write."""
    (found,) = [f for f in meant(tmp_path, (old, new)).findings if f.severity == "error"]
    assert fix in found.fix


@pytest.mark.parametrize("value", [".inf", "-.inf", ".nan"])
def test_a_number_that_is_none_is_no_count(value: str, tmp_path: Path):
    """It is no number of steps that a share was written for."""
    (found,) = [f for f in meant(tmp_path, (STEPS, f"{STEPS}\n    warmup_ratio: {value}")).findings if f.severity == "error"]
    assert (found.code, found.edits) == ("K003", ())


@pytest.mark.parametrize(
    ("line", "fix", "mended"),
    [
        ("eval_steps: 0.1", "delete the line: every tenth of all steps is what happens without it", True),
        ("save_steps: 0.25", "write a number of steps, or delete it: every twentieth of all steps, of 500 at most, then", False),
    ],
)
def test_a_share_of_steps_that_are_not_known(line: str, fix: str, mended: bool, tmp_path: Path):
    """Where the run is given in epochs, what happens without the line may be what was meant."""
    (found,) = [f for f in meant(tmp_path, (STEPS, f"num_train_epochs: 1\n    {line}")).findings if f.code == "K002"]
    assert (found.fix, bool(found.edits)) == (fix, mended)


def test_a_step_without_its_dash_is_told(tmp_path: Path):
    """Its type stands in the step before it."""
    (found,) = [f for f in meant(tmp_path, ("  - type: tokenize_bin", "    type: tokenize_bin")).findings if f.code == "Y004"]
    assert found.fix == "begin line 8 with `- ` where another step begins there, or keep one of the two"


def test_a_list_in_quotes_is_mended(tmp_path: Path):
    """And a list of words parted by commas; a text with blanks is one text."""
    for written, wanted in (("'[a_b]'", "[a_b]"), ("a_b, c.d", "[a_b, c.d]"), ("'Once upon, a time'", "[Once upon, a time]")):
        (found,) = [f for f in meant(tmp_path, (STEPS, f"{STEPS}\n    samples: {written}")).findings if f.code == "K002"]
        assert found.fix.replace('"', "").replace("'", "") == f"write samples: {wanted}"


def test_a_role_of_columns_by_another_name(tmp_path: Path):
    """The key is at fault, not its value; and a source that is a bare path."""
    source = "- {hub: roneneldan/TinyStories, columns: {response: a, instruction: b}}"
    base = f"recipe: r\nsteps:\n  - type: parse_corpus\n    sources:\n      {source}\n"
    (found,) = [f for f in meant(tmp_path, base=base).findings if f.code == "K001"]
    assert (found.message, found.fix) == ("unknown key response in sources.0.columns", "write output: a")
    (found,) = [f for f in meant(tmp_path, base=base.replace(source, "- data/a.jsonl")).findings if f.code == "K002"]
    assert found.fix == "write path: data/a.jsonl behind the dash"


@pytest.mark.parametrize(
    ("source", "code", "fix"),
    [
        ("{hub: a/b, name: default}", "K010", "write config: for a configuration of a data set on the hub"),
        ("{path: a.jsonl, field: text}", "K010", "columns: {text: NAME} says which column holds what"),
        ("{url: data.txt}", "D102", "write the whole address, https://data.txt, or path: for a file"),
        ("{url: there.txt}", "D102", "write path: there.txt"),
    ],
)
def test_keys_of_a_source(source: str, code: str, fix: str, tmp_path: Path):
    """What other tools call them, and a path that stands as an address."""
    (tmp_path / "there.txt").write_text("Once.\n\nTwice.\n\nThrice.\n")
    found = meant(tmp_path, base=f"recipe: r\nsteps:\n  - type: parse_corpus\n    sources: [{source}]\n").findings
    assert fix in next(f.fix for f in found if f.code == code)


def test_a_base_stands_under_base(tmp_path: Path):
    """path: directly under model is model.base.path."""
    found = meant(tmp_path, ("model: {family: mamba, d_model: 512, n_layers: 12}", "model: {path: models/small}")).findings
    assert "base: {path: models/small}" in next(f.fix for f in found if f.code in ("K010", "K006"))


@pytest.mark.parametrize(
    ("item", "fix"),
    [
        ("- Question: who is the fox?", "put the text in quotes: 'Question: who is the fox?'"),
        ("- user: it's late", 'put the text in quotes: "user: it\'s late"'),
        ("- text: once", "write once, or put the text in quotes: 'text: once'"),
        ("- Question:", "put the text in quotes: 'Question:'"),
        ("- {name}", "write ${NAME} for a variable of vars:"),
        ("- {name: a b}", "write ${NAME} for a variable of vars:"),
    ],
)
def test_a_text_that_its_colon_made_a_map_is_put_in_quotes(item: str, fix: str, tmp_path: Path):
    """A colon and a blank in a text without quotes; braces are a variable's."""
    (found,) = [f for f in meant(tmp_path, (STEPS, f"{STEPS}\n    samples:\n      - Once\n      {item}")).findings if f.code == "K002"]
    assert found.fix == fix


@pytest.mark.parametrize("value", ["{value: 1000}", "{a: {b: 1}}"])
def test_a_map_where_a_number_is_wanted_is_no_variable(value: str, tmp_path: Path):
    """What is wanted is said; nothing is guessed."""
    (found,) = [f for f in meant(tmp_path, (STEPS, f"max_steps: {value}")).findings if f.code == "K002"]
    assert found.message == "max_steps is a map, wanted a whole number"
    assert "NAME" not in found.fix


@pytest.mark.parametrize(
    ("typed", "fix"),
    [
        ("optimizer: {_component_: bitsandbytes.optim.PagedAdamW8bit, lr: 2e-5}",
         "write optimizer: adamw_8bit, learning_rate: 2e-5 as keys of the step"),
        ("optimizer: torch.optim.AdamW", "write optimizer: adamw"),
        ("optimizer: {name: nothing_known}", "write optimizer: adamw"),
        ("scheduler: {name: get_cosine_schedule_with_warmup, num_warmup_steps: 10}",
         "write scheduler: cosine, warmup_steps: 10 as keys of the step"),
        ("precision: fp16-mixed", "write precision: fp16"),
        ("packing: yes", "write packing: documents"),
        ("on_oom: halve", "write on_oom: reduce"),
        ("compile: inductor", "write compile: true"),
        ("tracking: {wandb: true}", "write wandb: {}, or tracking: wandb"),
        ("tracking: false", "delete the line: without it there is none"),
    ],
)  # fmt: skip
def test_a_word_of_another_tool_has_ours_beside_it(typed: str, fix: str, tmp_path: Path):
    """Also the class of a component, a switch by its kind, and a number for a number format."""
    (found,) = [f for f in meant(tmp_path, (STEPS, f"{STEPS}\n    {typed}")).findings if f.code in ("K002", "K004")]
    assert found.fix == fix


@pytest.mark.parametrize(("typed", "fix"), [("8", "q8_0"), ("4", "q4_0"), ("float16", "f16"), ("gguf", "f16")])
def test_bits_name_a_quantization(typed: str, fix: str, tmp_path: Path):
    """Of a GGUF file."""
    (found,) = [f for f in meant(tmp_path, ("export_ollama", f"export_ollama\n    quantization: {typed}")).findings if f.code == "K004"]
    assert found.fix == f"write quantization: {fix}"


def test_a_band_the_wrong_way_round_is_turned(tmp_path: Path):
    """The lower figure comes first."""
    (found,) = [
        f for f in meant(tmp_path, (STEPS, f"{STEPS}\n    expect: {{1000: {{train_loss: [4.0, 2.5]}}}}")).findings if f.code == "S002"
    ]
    assert found.fix == "write train_loss: [2.5, 4]"


@pytest.mark.parametrize(
    ("old", "new", "code", "fix"),
    [
        ("export_ollama", "export_ollama\n    name: Öykü Modeli!", "E010",
         "write name: Oyku-Modeli; a name is of letters, digits, dots and dashes: model, owner/model, model:tag"),
        ("export_ollama", "export_ollama\n    name: a/b/c/d", "E010",
         "write letters, digits, dots and dashes: model, owner/model, model:tag"),
        ("export_ollama", "export_ollama\n    name: !!!", "Y003", "put the value in quotes"),
        ("n_layers: 12}", "n_layers: 12, hebbian_decay: 0.9}", "M002", "delete hebbian_decay, or write family: mamba_hebbian"),
        ("n_layers: 12}", "n_layers: 12, head_dim: 64}", "M002", "delete head_dim, or write family: mamba2, which has heads"),
        (STEPS, f"{STEPS}\n    method: qlora\n    quant: {{bits: 8, type: nf4, double: true}}", "A006",
         "delete type and double: of four bits alone"),
    ],
)  # fmt: skip
def test_a_fix_names_all_that_is_to_be_typed(old: str, new: str, code: str, fix: str, tmp_path: Path):
    """A name that is taken, the family that has the sizes, every key that has no effect."""
    assert [f.fix for f in meant(tmp_path, (old, new)).findings if f.code == code] == [fix]


@pytest.mark.parametrize(
    ("typed", "fix"),
    [
        ("take: 0", "delete the line: all of it is taken then"),
        ("columns: body", "write columns: {text: body}"),
        ("fallback: data/other.jsonl", "write fallback: {path: data/other.jsonl}"),
        ("fallback: allenai/c4", "write fallback: {hub: allenai/c4}"),
    ],
)
def test_a_source_is_mended(typed: str, fix: str, tmp_path: Path):
    """One value where a map stands, and nothing that is taken."""
    (tmp_path / "a.jsonl").write_text('{"body": "A hen met a fox."}\n')
    base = f"recipe: r\nsteps:\n  - type: parse_corpus\n    sources:\n      - path: a.jsonl\n        {typed}\n"
    assert fix in [f.fix for f in meant(tmp_path, base=base).findings if f.code in ("K002", "K003")]


@pytest.mark.parametrize(
    ("typed", "fix"),
    [
        ("clean: {languages: [en, tr]}", "write languages: {allow: [en, tr]}"),
        ("clean: {mask: [emails]}", "write email"),
        ("clean: {max_repeated_lines: 30}", "write max_repeated_lines: 0.3, a share and no percentage"),
        ("clean: {near_duplicates: drop, similarity: 0.1}", "write similarity: 0.8"),
        ("clean: true", "delete the line: texts are made tidy by itself"),
        ("workers: 0", "write workers: auto"),
        ("on_bad_row: ignore", "write on_bad_row: skip"),
    ],
)
def test_settings_of_a_corpus_are_mended(typed: str, fix: str, tmp_path: Path):
    """Each with what to type."""
    found = meant(tmp_path, ("  - type: train_tokenizer", f"    {typed}\n  - type: train_tokenizer")).findings
    assert [f.fix for f in found if f.code in ("K002", "K003", "K004")] == [fix]


@pytest.mark.parametrize(
    ("model", "fix"),
    [
        ("llama", "write model: {family: llama, d_model: 256, n_layers: 6} for a new one; to go on with one, {base: {hub: owner/name}}"),
        ("{base: gpt2}", "write base: {hub: gpt2} or {path: gpt2}"),
        ("{base: models/small}", "write base: {path: models/small}"),
        ("{base: {recipe: first}}", "write {recipe: first, step: train}, by the id of its step"),
    ],
)
def test_a_model_by_one_word(model: str, fix: str, tmp_path: Path):
    """A family, a name on the hub, a folder, or another recipe without its step."""
    found = meant(tmp_path, ("model: {family: mamba, d_model: 512, n_layers: 12}", f"model: {model}")).findings
    assert fix in [f.fix for f in found if f.code in ("K002", "H003")]


@pytest.mark.parametrize(
    ("old", "new", "fix"),
    [
        ("export_ollama", "export_ollama\n    weights: first", "write weights: last, as it is when left out"),
        (STEPS, "max_steps: many", "write a number"),
    ],
)
def test_where_nothing_better_is_known_the_usual_value_is_named(old: str, new: str, fix: str, tmp_path: Path):
    """Of words; never of a value that only its author knows."""
    (found,) = [f for f in meant(tmp_path, (old, new)).findings if f.code in ("K002", "K003", "K004")]
    assert found.fix == fix


def test_a_folder_where_a_step_is_named_has_its_path(tmp_path: Path):
    """Of the tokenizer to check, a folder or a name on the hub."""
    for name, way in (("models/base", "path"), ("Qwen/Qwen2.5-0.5B", "hub")):
        step = f"- type: check_vocab_consistency\n    checkpoint: {name}\n  - type: tokenize_bin"
        fixes = [f.fix for f in meant(tmp_path, ("- type: tokenize_bin", step)).findings if f.code == "L001"]
        assert fixes == [f"write checkpoint: {{{way}: {name}}}"]


def test_one_word_in_brackets_is_the_word(tmp_path: Path):
    """Where a text is wanted."""
    (found,) = [
        f for f in meant(tmp_path, ("- type: train", "- type: plan\n    for: [train]\n  - type: train")).findings if f.code == "K002"
    ]
    assert found.fix == "write for: train"
