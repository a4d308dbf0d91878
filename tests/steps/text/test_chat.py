"""The chat template: one text for training, transformers and Ollama."""

from jinja2 import Environment

from steps.text.chat import JINJA_TEMPLATE, render, render_prompt

TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Selam"},
    {"role": "assistant", "content": "Merhaba!"},
    {"role": "user", "content": "Nasılsın?\nİyi misin?"},
    {"role": "assistant", "content": ""},
]


def test_only_answers_and_their_end_are_supervised():
    """Spans are the answers with the end-of-turn mark, nothing of the question."""
    made = render(TALK)
    assert [made.text[a:b] for a, b in made.supervised] == ["Merhaba!<|end|>", "<|end|>"]


def test_jinja_gives_the_same_text():
    """What transformers renders is what training saw, after bos."""
    template = Environment(autoescape=False, trim_blocks=True, lstrip_blocks=True).from_string(JINJA_TEMPLATE)
    assert template.render(messages=TALK, bos_token="<s>") == "<s>" + render(TALK).text
    asked = template.render(messages=TALK[:2], bos_token="", add_generation_prompt=True)
    assert asked == render_prompt(TALK[:2])
