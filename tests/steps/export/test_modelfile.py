"""The Modelfile: written, and read back as Ollama reads it."""

import pytest

from schemas import RecipeError
from steps.export.modelfile import PLAIN_TEMPLATE, chat_template, modelfile, parse_modelfile

GREETING = 'You are "Aether".\nAnswer briefly.\n'


def test_a_base_model_goes_on_from_the_prompt() -> None:
    """The whole file, as it is shipped."""
    assert modelfile("m.gguf", PLAIN_TEMPLATE, {"temperature": 0.7, "num_ctx": 512}) == (
        'FROM ./m.gguf\nTEMPLATE "{{ .Prompt }}"\nPARAMETER temperature 0.7\nPARAMETER num_ctx 512\n'
    )


def test_the_chat_template_is_the_one_of_training() -> None:
    """The Go template, with the turns put in by hand, is what render_prompt writes."""
    from steps.text.chat import render_prompt

    turns = [{"role": "system", "content": "Kind."}, {"role": "user", "content": "Hi?"}]
    before, loop = chat_template().split("{{ range .Messages }}")
    turn, after = loop.split("{{ end }}")
    said = [turn.replace("{{ .Role }}", t["role"]).replace("{{ .Content }}", t["content"]) for t in turns]
    assert before + "".join(said) + after == render_prompt(turns)


@pytest.mark.parametrize("system", [GREETING, 'say "hi"', '"', '""', "plain", ' """ inside', "# no comment", "a\n\nb", "FROM x\nSYSTEM y"])
def test_what_is_written_is_read(system: str) -> None:
    """Quotes, empty lines and lines that look like instructions come back as they were."""
    text = modelfile("m.gguf", chat_template(), {"stop": ["<|end|>", 'a"b', "\n\n"], "top_k": 40}, system)
    assert [tuple(i) for i in parse_modelfile(text)] == [
        ("FROM", "", "./m.gguf"), ("TEMPLATE", "", chat_template()), ("PARAMETER", "stop", "<|end|>"), ("PARAMETER", "stop", 'a"b'),
        ("PARAMETER", "stop", "\n\n"), ("PARAMETER", "top_k", "40"), ("SYSTEM", "", system),
    ]  # fmt: skip


def test_three_quotes_at_a_line_end_cannot_be_said() -> None:
    """Ollama's parser would end the text there."""
    with pytest.raises(RecipeError, match=r"E005") as error:
        modelfile("m.gguf", PLAIN_TEMPLATE, {}, 'a """\nb')
    assert error.value.field == "system"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FORM ./m.gguf\n", "line 1: 'FORM' is no instruction"),
        ("TEMPLATE x\n", "no FROM"),
        ('FROM x\n\nSYSTEM """a\nb', "line 3: the quote"),
    ],
)
def test_a_broken_modelfile_is_named(text: str, message: str) -> None:
    """The line, and what is wrong with it."""
    with pytest.raises(ValueError, match=message):
        parse_modelfile(text)
