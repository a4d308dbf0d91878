"""What `columns:` would most likely say, by the names of the columns that rows have."""

import json
import re
from collections.abc import Sequence

ASKED = ("instruction", "prompt", "question", "query", "input", "user", "source", "problem", "request", "ask", "human", "frage", "soru",
         "inputs", "prompts", "questions")  # fmt: skip
ANSWERED = ("output", "response", "answer", "answers", "completion", "target", "reply", "assistant", "label", "solution", "gpt", "bot",
            "model", "summary", "highlights", "decision", "antwort", "cevap", "targets", "outputs", "responses")  # fmt: skip
TURNS = (".messages", ".conversations")
TEXTUAL = ("text", "content", "body", "document", "article", "story", "passage", "metin", "sentence", "abstract", "markdown")


def columns_meant(found: Sequence[str], answers: bool = False) -> str:
    """What `columns` would most likely say of columns with these names: a question and its answer, or a text. answers: those are learned,
    so that what stands beside one is asked."""
    holders = {name.rpartition(".")[0] for name in found}
    plain = [name for name in found if name not in holders]
    last = {name.rsplit(".", 1)[-1].strip().lower(): name for name in reversed(plain) if not name.endswith((".answer_start", ".id"))}
    last |= {holder.lower(): name for holder in holders for name in plain if name == f"{holder}.text"}
    if turns := next((name for name in found if name.endswith(TURNS) or {f"{name}.0.role", f"{name}.0.from"} & {*found}), ""):
        return _columns(messages=turns)
    asked, answer = _called(last, ASKED) or last.get("q"), _called(last, ANSWERED) or last.get("a")
    if asked and answer and asked != answer:
        more = next((last[word] for word in ("context", "input", "passage") if word in last and last[word] not in (asked, answer)), "")
        return _columns(instruction=asked, **({"input": more} if more else {}), output=answer)
    if len(plain) == 2 and all(len(name.rsplit(".", 1)[-1]) == 2 for name in plain):  # languages
        return _columns(instruction=plain[0], output=plain[1])
    if answer and answers and 1 < len(plain) <= 4:
        others = [name for name in plain if name != answer]
        return _columns(instruction=others[0] if len(others) == 1 else "\n".join(f"{{{name}}}" for name in others), output=answer)
    return _columns(text=_called(last, TEXTUAL) or (plain[0] if plain else found[0] if found else "…"))


def _columns(**roles: str) -> str:
    return f"columns: {{{', '.join(f'{role}: {as_written(name)}' for role, name in roles.items())}}}"


def _called(names: dict[str, str], words: Sequence[str]) -> str | None:
    """The column that is called by one of the words, or else has one of them as a part of its name: response_text, src_question."""
    whole = next((names[word] for word in words if word in names), None)
    parts = {name: re.split(r"[^a-z]+", name) for name in names}
    return whole or next((names[name] for word in words for name, each in parts.items() if word in each), None)


def as_written(value: str) -> str:
    """A name or template as it stands in a recipe: in quotes where YAML would take it for something else."""
    return json.dumps(value, ensure_ascii=False) if "{" in value or value != value.strip() else value
