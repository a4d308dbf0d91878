"""A chat template in Ollama's Go: the families that it is made for, and the refusal of others."""

from pathlib import Path

import pytest

from steps.export.go_template import translate
from steps.text.chat import JINJA_TEMPLATE
from steps.text.chat_form import ChatForm, chat_form
from tests.steps.text.models_with_templates import CHATML, GEMMA, LLAMA3, MISTRAL, PHI3, folder


def test_chatml_in_go(tmp_path: Path) -> None:
    """The whole text: the default system message only where none is given."""
    made = translate(chat_form(folder(tmp_path, CHATML)))
    assert made is not None
    assert made.template == (
        "{{ if not .System }}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{{ end }}{{ range .Messages }}"
        '{{ if eq .Role "system" }}<|im_start|>system\n{{ .Content }}<|im_end|>\n'
        '{{ else if eq .Role "user" }}<|im_start|>user\n{{ .Content }}<|im_end|>\n'
        '{{ else if eq .Role "assistant" }}<|im_start|>assistant\n{{ .Content }}<|im_end|>\n'
        "{{ end }}{{ end }}<|im_start|>assistant\n"
    )
    assert (made.stop, made.takes_system) == (["<|im_end|>"], True)


@pytest.mark.parametrize(
    ("template", "user", "asks", "stop", "system", "begins"),
    [
        (LLAMA3, "<|start_header_id|>user<|end_header_id|>\n\n{{ .Content }}<|eot_id|>",
         "<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>", True, True),
        (MISTRAL, "[INST] {{ .Content }} [/INST]", "{{ end }}{{ end }}", "</s>", False, True),
        (GEMMA, "<start_of_turn>user\n{{ .Content }}<end_of_turn>\n", "<start_of_turn>model\n", "<end_of_turn>", False, True),
        (PHI3, "<|user|>\n{{ .Content }}<|end|>\n", "<|assistant|>\n", "<|end|>", True, False),
    ],
)  # fmt: skip
def test_families_in_go(tmp_path: Path, template: str, user: str, asks: str, stop: str, system: bool, begins: bool) -> None:
    """What stands around a question, what opens the answer, what ends it; the begin token is llama.cpp's to add."""
    form = chat_form(folder(tmp_path, template))
    made = translate(form)
    assert made is not None
    assert f'if eq .Role "user" }}}}{user}{{{{ else' in made.template
    assert made.template.endswith(asks)
    assert (made.stop, made.takes_system, form.begins()) == ([stop], system, begins)


def test_ours_in_go() -> None:
    """Our own template, read as another's would be."""
    made = translate(ChatForm(JINJA_TEMPLATE, ["<|end|>"], {"bos": "<s>"}))
    assert made is not None
    assert '{{ if eq .Role "system" }}<|system|>\n{{ .Content }}<|end|>\n' in made.template
    assert made.stop == ["<|end|>"]


@pytest.mark.parametrize(
    "template",
    [
        "{% for m in messages %}{{ loop.index }} {{ m.role }}: {{ m.content }}\n{% endfor %}",  # numbered turns
        "{% for m in messages %}{{ m.content | upper }}{% endfor %}",
        "{{ raise_exception('no') }}",
    ],
)
def test_what_is_more_than_texts_around_turns_is_not_said(template: str) -> None:
    """None: better no template than another one."""
    assert translate(ChatForm(template)) is None
