"""Chat templates: the base's template writes these conversations, its marks are tokens, and something tells the model to stop."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from runner.modelfolder import ModelFolder
from runner.rules import View, at, rule, say
from runner.rules.rows import read_heads
from schemas.artifacts import CorpusForecast
from schemas.findings import Finding, RecipeError, RulePage, Severity

if TYPE_CHECKING:
    from steps.text.chat_form import ChatForm

TRIED, SHAPES = 50, 100  # conversations are written in any case; kinds of them, by the order of their speakers, each once
MARK = re.compile(r"<\|[^|<>\s]{1,40}\|>|<(?:start|end)_of_[a-z_]+>|</?s>|\[/?INST\]|<</?SYS>>|<\|?(?:im_start|im_end|eot_id|end)\|?>")
PLAIN = ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<SYS>")  # marks that Llama 2 and Mistral write as plain text
TEMPLATE = "the base's chat template and tokenizer, and the first rows of the data"


def _tuned(view: View) -> Iterator[tuple[Any, ModelFolder]]:
    """Each train step that learns conversations, with its base."""
    for step in view.of_type("train"):
        folder = view.base(step)
        corpora = view.reaches(step, "corpus")
        chats = isinstance(corpora, list) and any(isinstance(c, CorpusForecast) and c.shape == "chat" for c in corpora)
        if folder is not None and folder.config and at(step.raw, "objective") == "sft" and (chats or not corpora):
            yield step, folder


@rule(
    RulePage(
        "D172",
        "the template leaves a message out",
        "Some templates write nothing for a system message, or only the last question, and say nothing of it. What the answers were given "
        "for is then not what the model reads: it learns them without their reason, and later has no place for instructions.",
        wrong='{"messages": [{"role": "system", "content": "Answer in French."}, …]}   # of a template without a place for it',
        right='{"messages": [{"role": "user", "content": "Answer in French.\\n\\nWhere is …?"}, …]}',
        source="EricLBuehler/mistral.rs#45; microsoft/autogen#1037",
        severity="warning",
        needs=TEMPLATE,
    )
)
def template_writes_conversations(view: View) -> Iterator[Finding]:
    """D115, D172: conversations of every shape that occurs, written in the base's own template as the run would write them."""
    for step, folder in _tuned(view):
        if folder.template is None:
            continue
        from steps.text.chat_form import chat_form

        try:
            form = chat_form(folder.folder)
        except RecipeError as error:
            yield say("D115", step, "model.base", error.message, error.fix)
            continue
        except (OSError, ValueError, AttributeError, KeyError, TypeError):
            continue  # a damaged tokenizer is judged elsewhere
        refused: list[tuple[str, str]] = []
        lacking: list[str] = []
        shapes: dict[tuple[Any, ...], str] = {}  # of turns, to what is wrong with the first conversation like that
        seen = tried = 0
        for where, messages in _conversations(view, step):
            seen += 1
            shape = tuple((message["role"], "<think" in message["content"]) for message in messages)
            wrong = shapes.get(shape)
            if tried < TRIED or (wrong is None and len(shapes) < SHAPES):
                tried += 1
                wrong = ""
                try:
                    left = _left_out(form.rendered(messages).text, messages)
                    wrong = f"{where}: the model's chat template writes nothing of what the {left} says" if left else ""
                    lacking += [wrong] if wrong else []
                except RecipeError as error:
                    wrong = "refused"
                    refused.append((f"{where}: {error.message}", _remedy(form, messages, error)))
                shapes[shape] = shapes.get(shape) or wrong
            elif wrong == "refused":
                refused.append(("", ""))
            elif wrong:
                lacking.append(wrong)
        if refused:
            yield say("D115", step, "model.base", f"{folder.name}: {refused[0][0]}{_share(len(refused), seen)}", refused[0][1])
        if lacking:
            fix = "put its text into the question, or name a base whose template has a place for it"
            yield say("D172", step, "model.base", f"{folder.name}: {lacking[0]}{_share(len(lacking), seen)}", fix, severity="warning")


def _share(wrong: int, seen: int) -> str:
    return "" if wrong == seen else f" ({wrong} of {seen} that were looked at)"


def _left_out(text: str, messages: list[dict[str, str]]) -> str:
    """The role of the first message, no answer, of which not one line is in `text`; nothing when all are there."""
    for message in messages:
        lines = [line.strip() for line in message["content"].split("\n") if line.strip()]
        if message["role"] in ("system", "user") and lines and not any(line in text for line in lines):
            return message["role"]
    return ""


def _remedy(form: "ChatForm", messages: list[dict[str, str]], refusal: RecipeError) -> str:
    """What to change in a conversation that a template refuses, or in the template."""
    from steps.text.chat_form import FIX

    reason = refusal.message
    if messages[0]["role"] == "system":
        with suppress(RecipeError):
            form.rendered(messages[1:])
            return "the template has no place for a system message: put its text into the first question"
    if "strftime_now" in reason:
        return "write a date in place of strftime_now(…): rows are the same text every day"
    if "alternate" in reason:
        return "give the turns in the order that the template wants: question and answer in turn"
    return "mend the conversations or the template" if refusal.fix == FIX else refusal.fix


def _conversations(view: View, step: Any) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Conversations that reach `step`, seen through split_long, each with where it stands."""
    from steps.text.heads import Head, kind_of
    from steps.text.spread import spread_rows

    makers, parsers = list(view.makers(step, "corpus")), set()
    while makers:
        maker = makers.pop()
        parsers.add(maker.id)
        makers += view.makers(maker, "corpus")
    behind = []
    for maker, _, source, file, head, _ in read_heads(view):
        if maker.id not in parsers:
            continue
        name = file.relative_to(view.facts.project) if file.is_relative_to(view.facts.project) else file
        columns = source.get("columns")
        for line, made in head.placed(columns):
            if made.messages:
                yield f"{name}, line {line}", made.messages
        if not head.whole and kind_of(file, source.get("format")) == "jsonl":
            behind.append((name, file, head, columns))
    for name, file, head, columns in behind:
        rows = spread_rows(view.facts, file, len(head.rows) + len(head.broken))
        for line, made in Head(rows, [], False).placed(columns):
            if made.messages:
                yield f"{name}, line {line}", made.messages


@rule(
    RulePage(
        "D144",
        "the template's marks are no tokens",
        "A chat template marks turns with texts such as <|im_start|>. Where the vocabulary has no such token, each mark is cut into "
        "pieces: training works, but nothing stops the answer at its end, and serving by another tool cuts it differently.",
        wrong="model: {base: {path: llama}}   # a template of ChatML, a vocabulary without <|im_start|>",
        right="model: {base: {path: llama-instruct}}   # its template's marks are tokens",
        source="unslothai/unsloth#3198; hiyouga/LlamaFactory#5593",
        severity="warning",
        needs=TEMPLATE,
    ),
    RulePage(
        "D145",
        "nothing says that an answer is over",
        "The tokenizer has no end token and the template writes no mark behind an answer, so the model never learns to stop: it talks on "
        "until the limit.",
        wrong='tokenizer_config.json: "eos_token": null',
        right='tokenizer_config.json: "eos_token": "</s>"',
        source="huggingface/smol-course#159; ludwig-ai/ludwig#3945; axolotl-ai-cloud/axolotl#922",
        severity="warning",
        needs=TEMPLATE,
    ),
    RulePage(
        "D146",
        "the base has no chat template",
        "The base was never taught conversations. They are written in recipe's own template, whose marks it learns from this data alone: "
        "some hundred conversations at least, or an instruct model as base. The template goes into the checkpoint and the export.",
        wrong="model: {base: {hub: Qwen/Qwen2.5-1.5B}}   # and ten conversations",
        right="model: {base: {hub: Qwen/Qwen2.5-1.5B-Instruct}}",
        source="unslothai/unsloth#2096; hiyouga/LlamaFactory#5593",
        severity="info",
        needs=TEMPLATE,
    ),
    RulePage(
        "D147",
        "the model stops at another token than its template ends with",
        "The template ends an answer with one mark, generation_config.json and the tokenizer name another end token. The model writes "
        "the mark and whoever generates does not stop at it.",
        wrong='chat_template: …<|eot_id|>   # generation_config.json: "eos_token_id": 128001',
        right='generation_config.json: "eos_token_id": [128001, 128009]',
        source="meta-llama/llama3#42; ollama/ollama#8982",
        severity="info",
        needs=TEMPLATE,
    ),
)
def marks_are_tokens(view: View) -> Iterator[Finding]:
    """D144, D145, D146, D147: marks and ends of a base's chat template against its vocabulary."""
    for step, folder in _tuned(view):
        template = folder.template
        ends = folder.special.get("eos")
        if template is None and (names := _named_templates(folder)):
            message = f"{folder.name} has chat templates called {', '.join(names)} and none called default: recipe's own is taken"
            fix = f'call the one to train in "default" in {folder.name}/tokenizer_config.json'
            yield say("D146", step, "model.base", message, fix, severity="warning")
        elif template is None:
            message = f"{folder.name} has no chat template: conversations are written in recipe's own, which it has to learn"
            yield say("D146", step, "model.base", message, "start from an instruct model, or give it enough conversations", severity="info")
        elif folder.tokens:
            marks = [m for m in dict.fromkeys(MARK.findall(template)) if m not in PLAIN]
            strange = [m for m in marks if m not in folder.tokens]
            if strange and len(strange) < len(marks):  # some stand in a branch for tools or pictures, which is never taken
                written = _written(folder)
                strange = [m for m in strange if m in written]
            if strange:
                listed = ", ".join(strange[:3])
                message = f"the chat template of {folder.name} writes {listed}, which its vocabulary does not have as tokens"
                given = at(step.raw, "add_tokens")
                if isinstance(given, list) and set(strange) <= set(map(str, given)):
                    continue  # the training makes them tokens
                fix = f"write add_tokens: {json.dumps(strange, ensure_ascii=False)}, or use the template of this tokenizer"
                yield say("D144", step, "model.base", message, fix, severity="warning")
        if ends is None and folder.special:
            marked = template is None or MARK.search(template)
            tells = "only the marks of the template tell" if marked else "nothing tells"
            message = f"the tokenizer of {folder.name} names no end token: {tells} the model to stop"
            severity: Severity = "info" if marked else "warning"
            yield say("D145", step, "model.base", message, "name one in tokenizer_config.json: eos_token", severity=severity)
        elif template is not None:
            yield from _other_end(step, folder)


def _named_templates(folder: ModelFolder) -> list[str]:
    """Names of several templates; a conversation without tools wants the one called default."""
    listed = folder.json("tokenizer_config.json").get("chat_template")
    return [str(each.get("name")) for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _written(folder: ModelFolder) -> str:
    """A plain conversation in the base's own template, empty where it does not write one."""
    from steps.text.chat_form import chat_form

    try:
        return chat_form(folder.folder).text([{"role": "user", "content": "?"}, {"role": "assistant", "content": "yes"}])
    except (RecipeError, OSError, ValueError, AttributeError, KeyError, TypeError):
        return ""


def _other_end(step: Any, folder: ModelFolder) -> Iterator[Finding]:
    """D147: the mark that the template puts behind an answer against the ids at which generation stops."""
    end = end_mark(folder)
    stops = folder.json("generation_config.json").get("eos_token_id", folder.config.get("eos_token_id"))
    number = folder.tokens.get(end) if end else None
    known = stops if isinstance(stops, list) else [stops]
    if number is not None and stops is not None and number not in known and end != folder.special.get("eos"):
        message = f"answers of {folder.name} end with {end} (id {number}), generation_config.json stops at {', '.join(map(str, known))}"
        yield say(
            "D147", step, "model.base", message, f"add {number} to eos_token_id there; the export stops at it anyway", severity="info"
        )


def end_mark(folder: ModelFolder) -> str:
    """The mark that the base's template puts behind an answer; empty where there is none, or no template that can be tried."""
    from steps.text.chat_form import chat_form

    try:
        form = chat_form(folder.folder)
    except (RecipeError, OSError, ValueError, AttributeError, KeyError, TypeError):
        return ""
    text = _written(folder)
    after = text[text.rfind("yes") + 3 :]
    found = [(after.find(mark), mark) for mark in form.marks if mark in after]
    return min(found)[1] if found else ""


@rule(
    RulePage(
        "D158",
        "two chat templates",
        "chat_template.jinja is read before chat_template of tokenizer_config.json, by transformers and here. Where they differ, one of "
        "them is old, and a server that reads the other asks the model in marks that it has not learned.",
        wrong="models/base: chat_template.jinja, and another chat_template in tokenizer_config.json",
        right="models/base: chat_template.jinja alone",
        source="the documentation of Transformers, chat templates",
        severity="warning",
        needs=TEMPLATE,
    )
)
def one_template(view: View) -> Iterator[Finding]:
    """D158: chat_template.jinja against tokenizer_config.json."""
    for step, folder in _tuned(view):
        written = folder.json("tokenizer_config.json").get("chat_template")
        beside = view.facts.head(folder.folder / "chat_template.jinja").decode("utf-8", "replace")
        if isinstance(written, str) and beside.strip() and written.strip() != beside.strip():
            message = f"chat_template.jinja of {folder.name} and chat_template in its tokenizer_config.json differ; the first is read"
            yield say("D158", step, "model.base", message, "delete the one that is old", severity="warning")


QUESTION = [{"role": "user", "content": "?"}]


@rule(
    RulePage(
        "D171",
        "a template that opens no answer",
        "With add_generation_prompt a template writes the mark that opens the assistant's turn behind a question. One that does not leaves "
        "that to the model: the opening is learned as a part of each answer, and stands before each answer that is shown, in "
        "Ollama too. It may as well open a turn of the user's.",
        wrong="{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}",
        right="… {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
        source="unslothai/unsloth#5049",
        severity="warning",
        needs=TEMPLATE,
    )
)
def template_opens_answers(view: View) -> Iterator[Finding]:
    """D171: add_generation_prompt changes nothing, and words or marks stand between a question and its answer."""
    for step, folder in _tuned(view):
        if folder.template is None:
            continue
        from steps.text.chat_form import chat_form

        try:
            form = chat_form(folder.folder)
            asked, silent = form.text(QUESTION, ask=True), form.text(QUESTION)
            whole = form.text([*QUESTION, {"role": "assistant", "content": "yes"}])
        except (RecipeError, OSError, ValueError, AttributeError, KeyError, TypeError):
            continue  # judged elsewhere
        opening = whole[len(asked) : whole.rfind("yes")] if whole.startswith(asked) else ""
        if asked == silent and opening.strip():
            shown = json.dumps(opening, ensure_ascii=False)[1:-1]
            message = f"the chat template of {folder.name} opens no answer: each is learned, and shown in Ollama, with {shown} before it"
            fix = f"write {{% if add_generation_prompt %}}{{{{ '{shown}' }}}}{{% endif %}} at its end"
            yield say("D171", step, "model.base", message, fix, severity="warning")
