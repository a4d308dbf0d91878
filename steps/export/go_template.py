"""A chat template in Jinja said again in Ollama's Go: its turns are seen by writing a conversation of markers, and cut at them."""

from dataclasses import dataclass
from typing import Any

from schemas import RecipeError
from steps.text.chat_form import ChatForm

SYSTEM, USER, ANSWER, AGAIN = "qSYSTEMq", "qFIRSTq", "qANSWERq", "qSECONDq"  # nothing that a template would trim or change
ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class GoTemplate:
    """template: Go. stop: texts that end an answer. takes_system: False where the template has no place for a system message."""

    template: str
    stop: list[str]
    takes_system: bool


def translate(form: ChatForm) -> GoTemplate | None:
    """`form` in Go where every turn is a text before and a text after its content; None where it is not so.

    Proved on conversations: what the Go template writes is, letter by letter, what the Jinja one writes.
    """
    talk = [_turn("user", USER), _turn("assistant", ANSWER), _turn("user", AGAIN)]
    try:
        asked, answered, bare = form.text(talk, ask=True), form.text(talk[:2]), form.text(talk)
    except RecipeError:
        return None
    begin = form.special.get("bos", "")  # llama.cpp adds it by itself
    cut = _cut(asked.removeprefix(begin), (USER, ANSWER, AGAIN))
    ends = _cut(answered, (USER, ANSWER))
    closed = _cut(bare, (USER, ANSWER, AGAIN))
    if cut is None or ends is None or closed is None:
        return None
    head, between, turned, asks = cut
    after_answer, after_user = _without_end(form, ends[-1], turned), _without_end(form, closed[-1], asks)
    if not turned.startswith(after_answer) or not asks.startswith(after_user) or not between.startswith(asks):
        return None
    opening = asks[len(after_user) :]
    before = {"user": turned[len(after_answer) :], "assistant": between[len(after_user) :]}
    after = {"user": after_user, "assistant": after_answer}
    if not head.endswith(before["user"]):
        return None
    default = head.removesuffix(before["user"])
    takes_system = _add_system(form, begin, before, after)
    if any("{{" in text or "}}" in text for text in (*before.values(), *after.values(), default)):
        return None
    checks = [talk[:1], talk, *([[_turn("system", SYSTEM), *talk]] if takes_system else [])]
    if any(_spoken(check, default, opening, before, after) != form.text(check, ask=True).removeprefix(begin) for check in checks):
        return None
    return GoTemplate(_go(default, opening, before, after), _stops(form, after_answer), takes_system)


def _add_system(form: ChatForm, begin: str, before: dict[str, str], after: dict[str, str]) -> bool:
    """Put the texts around a system message in; False where the template refuses one, or puts it into another's turn."""
    try:
        written = form.text([_turn("system", SYSTEM), _turn("user", USER)], ask=True).removeprefix(begin)
    except RecipeError:
        return False
    cut = _cut(written, (SYSTEM, USER))
    if cut is None or not cut[1].endswith(before["user"]):
        return False
    before["system"], after["system"] = cut[0], cut[1].removesuffix(before["user"])
    return True


def _without_end(form: ChatForm, text: str, wanted: str) -> str:
    """`text` without the end token that some templates put behind the last turn only; `wanted` begins with it then."""
    end = form.special.get("eos", "")
    return text if wanted.startswith(text) or not end else text.removesuffix(end)


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _cut(text: str, markers: tuple[str, ...]) -> list[str] | None:
    """`text` in the parts between `markers`; None unless each stands in it once, in this order."""
    parts = []
    for marker in markers:
        if text.count(marker) != 1:
            return None
        part, text = text.split(marker)
        parts.append(part)
    return [*parts, text]


def _spoken(messages: list[dict[str, str]], default: str, opening: str, before: dict[str, str], after: dict[str, str]) -> str:
    """What `_go`'s template writes."""
    first = "" if any(m["role"] == "system" for m in messages) else default
    return first + "".join(before[m["role"]] + m["content"] + after[m["role"]] for m in messages) + opening


def _go(default: str, opening: str, before: dict[str, str], after: dict[str, str]) -> str:
    said: list[Any] = [f'if eq .Role "{role}" }}}}{before[role]}{{{{ .Content }}}}{after[role]}' for role in ROLES if role in before]
    first = f"{{{{ if not .System }}}}{default}{{{{ end }}}}" if default else ""
    return f"{first}{{{{ range .Messages }}}}{{{{ {'{{ else '.join(said)}{{{{ end }}}}{{{{ end }}}}{opening}"


def _stops(form: ChatForm, after_answer: str) -> list[str]:
    """The first of the template's marks behind an answer; where it has none there, the text itself."""
    found = sorted((at, -len(mark), mark) for mark in form.marks if (at := after_answer.find(mark)) >= 0)
    return [found[0][2]] if found else [after_answer.strip()] if after_answer.strip() else []
