"""Conversations as text: one template, the same for training, for transformers (Jinja) and for Ollama."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

END = "<|end|>"
ROLES = ("system", "user", "assistant")
MARKS = ("<|system|>", "<|user|>", "<|assistant|>", END)  # give them as user_symbols and each is one token


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """A turn is `before` with its role, the content, `end`, `after`. What the model must learn to say is the content and `end`."""

    before: str = "<|{role}|>\n"
    end: str = END
    after: str = "\n"

    def opening(self, role: str) -> str:
        """What stands before a turn of `role`."""
        return self.before.replace("{role}", role)


DEFAULT_TEMPLATE = ChatTemplate()

JINJA_TEMPLATE = (
    "{{- bos_token -}}"
    "{%- for message in messages -%}"
    "{{- '<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>\\n' -}}{%- endif -%}"
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A conversation as text; supervised: spans of characters [start, end) that the model learns to write."""

    text: str
    supervised: list[tuple[int, int]]


def render(messages: Iterable[Mapping[str, str]], template: ChatTemplate = DEFAULT_TEMPLATE) -> Rendered:
    """`messages` ({"role", "content"} each) in the template. The end-of-turn mark of an answer is supervised too.

    Beginning and end of text are tokens, not characters: whoever encodes adds them.
    """
    parts: list[str] = []
    spans: list[tuple[int, int]] = []
    at = 0
    for message in messages:
        opening, learned = template.opening(message["role"]), message["content"] + template.end
        parts += (opening, learned, template.after)
        start = at + len(opening)
        if message["role"] == "assistant":
            spans.append((start, start + len(learned)))
        at = start + len(learned) + len(template.after)
    return Rendered("".join(parts), spans)


def render_prompt(messages: Iterable[Mapping[str, str]], template: ChatTemplate = DEFAULT_TEMPLATE) -> str:
    """`messages` and the opening of the answer: what a model is asked with."""
    return render(messages, template).text + template.opening("assistant")
