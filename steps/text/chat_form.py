"""How the model of a folder writes conversations: by its own chat template, run in a sandbox, or by ours where it has none."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas import RecipeError
from steps.text.chat import END, JINJA_TEMPLATE, Rendered, render, render_prompt

if TYPE_CHECKING:
    from jinja2 import Template

    from steps.text.tokenizers import TextTokenizer

Messages = Sequence[dict[str, str]]
OPEN, CLOSE = "\ue000", "\ue001"  # private use: they stand for a mark that a message writes out, which must stay plain text
STAND_IN = f"{OPEN}(\\d+){CLOSE}"
FIX = "mend the conversation, or the chat template in the model's folder"


@dataclass(frozen=True)
class Written:
    """A conversation as tokens. learned: for each id, whether the model learns to write it. size: UTF-8 bytes of what it learns."""

    ids: list[int]
    learned: list[bool]
    size: int


@dataclass
class ChatForm:
    """One chat template. source: Jinja, None for ours. marks: added tokens, which the template may write; control: those of them that a
    message cannot write (`<think>` is a token wherever it stands, and templates look for it). special: by role, as `bos`.
    """

    source: str | None = None
    marks: list[str] = field(default_factory=list)
    special: dict[str, str] = field(default_factory=dict)
    control: list[str] = field(default_factory=list)

    @property
    def jinja(self) -> str:
        """The template as transformers and llama.cpp keep it."""
        return self.source or JINJA_TEMPLATE

    def text(self, messages: Messages, *, ask: bool = False) -> str:
        """`messages` as the folder's template writes them; `ask`: with the opening of an answer. Raises RecipeError D115."""
        try:
            return str(_compiled(self.jinja).render(
                messages=[dict(m) for m in messages], add_generation_prompt=ask, tools=None, documents=None,
                **{f"{role}_token": self.special.get(role, "") for role in ("bos", "eos", "unk", "pad")},
            ))  # fmt: skip
        except Exception as error:  # whatever another's template raises: its own refusals, undefined names, the sandbox's
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            message = f"the model's chat template does not write the conversation {_shown(messages)}: {first}"
            raise RecipeError("D115", message, field="corpus", fix=FIX) from error

    def begins(self) -> bool:
        """Whether a conversation begins with the begin token: ours does, another's where its template writes it."""
        bos = self.special.get("bos", "")
        if self.source is None:
            return True
        try:
            return bool(bos) and self.text([{"role": "user", "content": "?"}]).startswith(bos)
        except RecipeError:  # it wants more than a question: the next to ask
            return False

    def rendered(self, messages: Messages) -> Rendered:
        """The text and what of it is learned: each answer, from where a question for it ends to its end-of-turn mark, that included.

        The template writes the conversation up to each answer, and up to its end; the whole must begin with both.
        Raises RecipeError D115 when it does not, or when an answer is not in it as it was written.
        """
        if self.source is None:
            return render(messages)
        whole, spans = self.text(messages), []
        for number, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            before, said = self.text(messages[:number], ask=True), message["content"].strip()
            if not whole.startswith(before):
                raise _not_found(_opening(whole, before, self.text(messages[:number]), said, self.source), number, messages)
            start, last = len(before), number == len(messages) - 1
            until = whole if last else _shared(whole, self.text(messages[: number + 1]))  # some end a text with eos, but no turn
            at = until.find(said, start)
            if at < 0 and self._is_turn(whole[start:], said):
                until, at = whole, whole.index(said, start)
            if at < 0:
                lacking = _lacking(said, until[start:])
                raise _not_found((f"leaves {lacking!r} out of" if lacking else "rewrites", FIX), number, messages)
            spans.append((start, self._end(until, at + len(said))))
        return Rendered(whole, spans)

    def _is_turn(self, text: str, said: str) -> bool:
        """Whether `text` begins with the answer and a mark behind it: Qwen 3 writes an answer otherwise once another question follows."""
        begun = text.lstrip()
        return begun.startswith(said) and begun[len(said) :].lstrip().startswith(tuple(self.marks) or ("\0",))

    def _end(self, text: str, at: int) -> int:
        """The end of the first mark after `at`, or of the text: a line break behind the mark is not the model's to write."""
        ends = [found + len(mark) for mark in self.marks if (found := text.find(mark, at)) >= 0]
        return min(ends, default=len(text))

    def tokens(self, messages: Messages, tokenizer: "TextTokenizer", overlap: int = 0) -> Written:
        """`messages` as ids. The template's marks are control tokens; the same characters in a message stay text.

        Ours is put between begin and end tokens; a folder's own writes its own, and where an answer has no mark behind it the end
        token follows the last, so that a model learns to stop. overlap: characters at the beginning of the last answer that are read and
        not learned.
        """
        ends = messages[-1]["role"] == "assistant"
        if self.source is None:
            shown = _behind(render(messages), overlap)
            ids, offsets = tokenizer.encode_offsets(shown.text)
            first, last = ([] if token is None else [token] for token in (tokenizer.bos_id, tokenizer.eos_id))
            learned = [False] * len(first) + _inside(offsets, shown.supervised) + [ends] * len(last)
            return Written([*first, *ids, *last], learned, sum(len(shown.text[a:b].encode("utf-8")) for a, b in shown.supervised))
        hidden = [{**m, "content": self._hidden(m["content"])} for m in messages]
        shown = self.rendered(hidden)
        if overlap and shown.supervised:  # a template may take spaces off an answer, and write something before it
            repeated = self._hidden(messages[-1]["content"][:overlap]).lstrip()
            start = shown.supervised[-1][0]
            shown = _behind(shown, shown.text.find(hidden[-1]["content"].strip(), start) - start + len(repeated))
        ids, learned = [], []
        for start, end, plain in _parts(shown.text):
            if plain:
                new = tokenizer.encode(self._meant(shown.text[start:end]))
                places = [(0, end - start)] * len(new)
            else:
                new, places = tokenizer.encode_marked(shown.text[start:end], self.marks)
            ids += new
            learned += _inside([(a + start, b + start) for a, b in places], shown.supervised)
        if ends and tokenizer.eos_id is not None and not shown.text[: shown.supervised[-1][1]].endswith(tuple(self.marks) or ("\0",)):
            ids, learned = [*ids, tokenizer.eos_id], [*learned, True]
        return Written(ids, learned, sum(len(self._meant(shown.text[a:b]).encode("utf-8")) for a, b in shown.supervised))

    def count(self, messages: Messages, tokenizer: "TextTokenizer") -> int:
        """How many ids `tokens` gives."""
        return len(self.tokens(messages, tokenizer).ids)

    def asked(self, messages: Messages, tokenizer: "TextTokenizer") -> list[int]:
        """`messages` and the opening of an answer, as the ids that stand before one in `tokens`."""
        if self.source is None:
            first = [] if tokenizer.bos_id is None else [tokenizer.bos_id]
            return [*first, *tokenizer.encode(render_prompt(messages))]
        text = self.text([{**m, "content": self._hidden(m["content"])} for m in messages], ask=True)
        ids: list[int] = []
        for start, end, plain in _parts(text):
            part = text[start:end]
            ids += tokenizer.encode(self._meant(part)) if plain else tokenizer.encode_marked(part, self.marks)[0]
        return ids

    def stop(self, tokenizer: "TextTokenizer") -> int | None:
        """The id of the mark behind an answer, None where it is no single token."""
        if self.source is None:
            ids, _ = tokenizer.encode_marked(END, [END])
            return ids[0] if len(ids) == 1 else None
        try:
            written = self.tokens([{"role": "user", "content": "?"}, {"role": "assistant", "content": "yes"}], tokenizer)
        except RecipeError:  # it wants more than a question: the next to ask
            return None
        last = [i for i, on in zip(written.ids, written.learned, strict=True) if on][-1]
        return last if tokenizer.piece(last) in self.marks else None

    def _hidden(self, content: str) -> str:
        """`content` with stand-ins for marks that are written out in it."""
        texts = [*self.control, OPEN]
        if not any(text in content for text in texts):
            return content
        either = "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))
        return re.sub(either, lambda found: f"{OPEN}{texts.index(found[0])}{CLOSE}", content)

    def _meant(self, text: str) -> str:
        """`text` with what its stand-ins stand for."""
        texts = [*self.control, OPEN]
        return re.sub(STAND_IN, lambda found: texts[int(found[1])], text)


def _behind(shown: Rendered, overlap: int) -> Rendered:
    """The last span learned only from `overlap` characters on."""
    if not overlap or not shown.supervised:
        return shown
    *others, (start, end) = shown.supervised
    return Rendered(shown.text, [*others, (min(end, start + overlap), end)])


def chat_form(folder: Path) -> ChatForm:
    """The form of the tokenizer or model in `folder`: its chat_template.jinja, else tokenizer_config.json's, else ours.

    Raises RecipeError D115 for a template that is not Jinja.
    """
    from steps.text.tokenizers import added_tokens, special_names

    source = template_of(Path(folder))
    if source is None or source == JINJA_TEMPLATE:
        return ChatForm()
    special = special_names(Path(folder))
    marks = sorted({*added_tokens(Path(folder)), *special.values()} - {""})
    control = sorted({*added_tokens(Path(folder), control=True), *special.values()} - {""})
    try:
        _compiled(source)
    except Exception as error:
        beside, line = Path(folder) / "chat_template.jinja", getattr(error, "lineno", None)
        where = beside.name + (f", line {line}" if line else "") if beside.is_file() else "chat_template in tokenizer_config.json"
        message = f"the chat template of {Path(folder).name} is no Jinja: {error}"
        fix = f"mend {where}, or fetch it again with the model: it looks cut off or edited"
        raise RecipeError("D115", message, field="model.base", fix=fix) from error
    return ChatForm(source, marks, special, control)


def template_of(folder: Path) -> str | None:
    """The Jinja template that the folder brings, None without one; an empty one is none.

    Raises ValueError for damaged JSON, RecipeError D115 for a file in another encoding.
    """
    beside = folder / "chat_template.jinja"
    if beside.is_file() and (text := _text_of(beside)).strip():
        return text
    path = folder / "tokenizer_config.json"
    found = json.loads(path.read_text("utf-8")).get("chat_template") if path.is_file() else None
    if isinstance(found, list):  # several, by name
        found = next((entry["template"] for entry in found if entry.get("name") == "default"), None)
    return found if isinstance(found, str) and found.strip() else None


def _text_of(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{file.name} of {file.parent.name} is no UTF-8, from byte {error.start} on"
        fix = "save it as UTF-8, or fetch it again with the model"
        raise RecipeError("D115", message, field="model.base", fix=fix) from error


@cache
def _compiled(source: str) -> "Template":
    """As transformers compiles it, with one difference: no clock, so that a conversation is the same text every day."""
    from jinja2 import TemplateError, nodes
    from jinja2.ext import Extension
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """`{% generation %}`: transformers marks answers with it; the text is what stands in it."""

        tags = {"generation"}

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)

    def refuse(message: str) -> None:
        raise TemplateError(message)

    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"])
    made.filters["tojson"] = lambda value, indent=None: json.dumps(value, ensure_ascii=False, indent=indent)
    made.globals["raise_exception"] = refuse
    return made.from_string(source)


def _parts(text: str) -> list[tuple[int, int, bool]]:
    """[start, end) of stretches, and whether each is a stand-in for a mark that is only text."""
    found, at = [], 0
    for stand_in in re.finditer(STAND_IN, text):
        found += [(at, stand_in.start(), False), (*stand_in.span(), True)]
        at = stand_in.end()
    return [part for part in [*found, (at, len(text), False)] if part[0] < part[1]]


def _inside(offsets: list[tuple[int, int]], spans: list[tuple[int, int]]) -> list[bool]:
    """Which tokens lie in a span. One without characters does where a span begins: the blank that a tokenizer puts before a text."""
    return [any(a < end and (b > start or a == b == start) for start, end in spans) for a, b in offsets]


def _shared(one: str, other: str) -> str:
    """The beginning that both have."""
    return one[: next((k for k, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))]


def _not_found(what: tuple[str, str], number: int, messages: Messages) -> RecipeError:
    """what: what the template does, and the fix."""
    told = f"the model's chat template {what[0]} turn {number + 1} of {_shown(messages)}, so what is learned cannot be found"
    return RecipeError("D115", told, field="corpus", fix=what[1])


SHOWN = 24  # characters of a text that is not as it was


def _opening(whole: str, before: str, asked: str, said: str, source: str) -> tuple[str, str]:
    """What a template does that does not write `before`, which ends with the opening of an answer, and the fix.

    asked: the same without the opening. said: the answer. source: the template.
    """
    shared = len(_shared(whole, before))
    if shared < len(asked):
        fix = "let the template write the same behind a turn whether another follows or not: look where it asks for loop.last"
        one, other = before[shared : shared + SHOWN], whole[shared : shared + SHOWN]
        return f"writes {one!r} while it asks, {other!r} once the answer is there, before", fix
    rest = whole[len(asked) :]
    if rest.strip():
        written = rest[: rest.find(said)] if said and said in rest else rest[:SHOWN]
        fix = f"let the template's add_generation_prompt write {written!r}, or its answers begin with {before[len(asked) :]!r}"
        return f"opens an answer with {before[len(asked) :]!r}, and writes {written!r} before", fix
    known = sorted(set(re.findall(r"""role['"]?\]?\s*==\s*['"](\w+)['"]""", source)))
    if known and "assistant" not in known:
        return "writes nothing of", f"it knows the speakers {' and '.join(known)}: write user and assistant in their place, as here"
    return "writes nothing of", FIX


def _lacking(said: str, written: str) -> str:
    """The beginning of what a template left out of an answer: what stands before the first part of it that was written."""
    size = min(len(said), 12)
    kept = next((at for at in range(len(said) - size + 1) if said[at : at + size] in written), None)
    if kept:
        return said[: min(kept, 30)]
    return said[:30] if kept is None else ""


def _shown(messages: Messages) -> str:
    return repr(messages[0]["content"][:40]) if messages else "without a turn before its answer"
