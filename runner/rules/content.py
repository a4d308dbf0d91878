"""Content: what the first texts of the data look like, where a slip of the script that wrote them shows in most of them."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from runner.meant import StepMeant
from runner.rules import BEGINNING, FEWEST, FILES, View, at, rule, say, sources
from runner.rules.rows import name_of, read_heads
from schemas.artifacts import Document
from schemas.findings import Finding, RulePage, Severity
from steps.text.choices import format_of
from steps.text.encodings import beginning
from steps.text.unreadable import Unreadable

NEARLY, ENOUGH = 0.95, 100  # share of so many first rows that are copies: the rest will hardly be others
SHORT = 8  # characters of a question that an answer may begin with by chance
# A letter of UTF-8 that was read as windows-1252: two for one, the second of them mostly a sign
MISREAD = re.compile(
    r"[\u00c2-\u00c5\u00d0\u00d1][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
LOST = "\ufffd"
MARKUP = re.compile(r"</(?:p|div|span|a|b|i|em|strong|li|ul|h[1-6]|td|tr|table)>|<br ?/?>|&(?:nbsp|amp|lt|gt|quot|#\d+);", re.IGNORECASE)
FENCED = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
LINE_END = re.compile(  # not the \nu and \nabla of formulas
    r"\\n(?!(?:u|abla|eq?|ot|otin|eg|i|mid|leq|geq|earrow|warrow|exists|parallel|onumber|oindent|ew\w+|ormal\w*|ode|ame|umexpr)(?![a-z]))"
)
ASKED = re.compile(r"^\W*(?:human|user|question|q|instruction|input|soru|kullanıcı)\s*:|\[INST\]|<\|(?:im_start\|>)?user", re.I | re.M)
ANSWERED = re.compile(
    r"^\W*(?:assistant|gpt|ai|bot|answer|a|response|output|cevap|asistan)\s*:|\[/INST\]|<\|(?:im_start\|>)?assistant", re.I | re.M
)
NAMED = re.compile(r"\s*(?:#+\s*)?(?:assistant|gpt|chatgpt|ai|bot|model|asistan)\s*:|\s*#+\s*(?:response|answer|output)\s*:?", re.I)
ASKING = re.compile(r"\s*(?:#+\s*)?(?:user|human|kullanıcı)\s*:|\s*#+\s*(?:instruction|question|input)\s*:?", re.I)
INLINE = re.compile(
    r"(?:###|im_start\|>)\s*(?:human|user|instruction)\b.*?(?:###|im_start\|>)\s*(?:assistant|response)\b", re.IGNORECASE | re.DOTALL
)


class Texts(NamedTuple):
    """The first documents of one file. where: dotted path of its source. whole: they are all of it."""

    step: StepMeant
    where: str
    name: str
    documents: Sequence[Document]
    whole: bool

    def share(self, odd: Callable[[Document], bool]) -> tuple[int, float]:
        """How many of the documents are odd, and which share of them that is."""
        count = sum(map(odd, self.documents))
        return count, count / len(self.documents)


def said_in(document: Document) -> list[str]:
    """What a document says: its turns, or its text."""
    return [m["content"] for m in document.messages] if document.messages else [document.text]


def texts_of(view: View) -> Iterator[Texts]:
    """Tables with FEWEST documents at least, each file by itself, and the lines of text files."""
    for step, where, source, file, head, _ in read_heads(view):
        documents = head.documents(source.get("columns"))
        if len(documents) >= FEWEST:
            yield Texts(step, where, name_of(view, file), documents, head.whole)


def _lines(view: View) -> Iterator[Texts]:
    """Text files with FEWEST lines at least, of which each is looked at by itself."""
    for step in view.of_type("parse_corpus"):
        for where, source, _ in sources(step):
            pattern = source.get("path")
            for file in view.facts.files(pattern)[:FILES] if isinstance(pattern, str) and pattern else []:
                lines = _of_text(view, file, source.get("format"))
                if len(lines) >= FEWEST:
                    yield Texts(step, where, name_of(view, file), lines, whole=False)


def _of_text(view: View, file: Path, wanted: object) -> list[Document]:
    from steps.text.rows import read

    try:
        if format_of(file, wanted if isinstance(wanted, str) else "auto") not in ("txt", "md"):  # type: ignore[arg-type]
            return []
        data = view.facts.head(file, BEGINNING)
        text = beginning(data, view.facts.size(file) <= len(data))
    except Unreadable:
        return []
    return [read(line) for line in text.split("\n") if line.strip()]


@rule(
    RulePage(
        "D152",
        "the same again and again",
        "Where every answer is the same the model learns to say that, whatever it is asked. Of rows that are copies parse_corpus keeps "
        "one, unless dedup: none is written: then the model learns them by heart. Most often a loop wrote one variable into each row.",
        wrong='{"prompt": "a", "completion": "ok"}\n{"prompt": "b", "completion": "ok"}\n…',
        right='{"prompt": "a", "completion": "one"}\n{"prompt": "b", "completion": "two"}\n…',
        source="arXiv 2107.06499 (deduplicating training data makes language models better)",
        severity="warning",
        needs="the first rows of JSONL and CSV files",
    ),
    RulePage(
        "D153",
        "an answer that begins with its question",
        "A column that holds question and answer together was named as the answer: the model learns to repeat what it is asked before it "
        "answers.",
        wrong='{"prompt": "Double 2.", "completion": "Double 2. It is 4."}',
        right='{"prompt": "Double 2.", "completion": "It is 4."}',
        source="li-plus/chat4u#2",
        severity="warning",
        needs="the first rows of JSONL and CSV files",
    ),
    RulePage(
        "D154",
        "a conversation written out in one text",
        "With objective: sft the answers of a conversation are learned and its questions are not. Of a text all of it is learned: a "
        "model trained on question and answer in one text learns to write questions too, and goes on with the next instead of stopping.",
        wrong='{"text": "### Human: Hello ### Assistant: Good day"}',
        right='{"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}]}',
        source="hiyouga/LlamaFactory#1332",
        severity="warning",
        needs="the first rows of JSONL and CSV files",
    ),
    RulePage(
        "D155",
        "texts that were misread",
        "UTF-8 read as a western table gives two letters for each accent (gÃ¼n, Ä±ÅŸÄ±k); a letter that a table does not have is \ufffd. "
        "A text of which every accent is two letters is read as it was before, and counted; of others the model learns them so, and each "
        "takes several tokens. What is lost cannot be had back from the text.",
        wrong='{"text": "Ã§ok gÃ¼zel bir gÃ¼n"}',
        right='{"text": "çok güzel bir gün"}',
        source="the documentation of ftfy",
        severity="warning",
        needs="the first rows or lines of the data",
    ),
    RulePage(
        "D156",
        "markup in the text",
        "Tags and entities of web pages are learned like words: the model writes <br> and &nbsp; into its answers. Pages themselves "
        "(format: html) are read without them.",
        wrong='{"text": "<p>A dog &amp; a cat</p>"}',
        right="sources: [{path: pages/*.html}]   # or texts without tags",
        source="arXiv 2306.01116 (RefinedWeb), text extraction",
        severity="warning",
        needs="the first rows of JSONL and CSV files",
    ),
    RulePage(
        "D157",
        "line ends written as two signs",
        "A text with \\n in it, and no line end, was escaped twice on its way into the file. The model learns to write both signs.",
        wrong='{"text": "First line.\\\\nSecond line."}',
        right='{"text": "First line.\\nSecond line."}',
        source="RWKV/RWKV-infctx-trainer#34; RasaHQ/rasa#6087",
        severity="warning",
        needs="the first rows of JSONL and CSV files",
    ),
    RulePage(
        "D179",
        "answers that begin with the speaker's name",
        "The chat template says who speaks. Where each answer begins with Assistant: or the like as well, the model learns to write that "
        "before everything that it says, and a conversation that is served shows it.",
        wrong='{"role": "assistant", "content": "Assistant: It is 4."}',
        right='{"role": "assistant", "content": "It is 4."}',
        source="seen with rows that were made of transcripts; the role is written by the template: huggingface.co/docs/transformers, chat",
        severity="warning",
        needs="the first rows of JSONL and CSV files",
    ),
    RulePage(
        "D180",
        "conversations that end with a question",
        "A model learns the answers of a conversation. Behind the last of them a turn of the user changes nothing that is learned, and "
        "takes room in the row; often the answer to it was cut away, or the turn is a thanks.",
        wrong='[{"role": "user", …}, {"role": "assistant", …}, {"role": "user", "content": "Thanks"}]',
        right='[{"role": "user", …}, {"role": "assistant", …}]',
        source="huggingface.co/docs/trl: data set formats, conversational",
        severity="info",
        needs="the first rows of JSONL and CSV files",
    ),
)
def texts_teach_what_is_meant(view: View) -> Iterator[Finding]:
    """D152 to D157, D179, D180: slips that show in most of the first texts."""
    learned = {parser.id for step in view.of_type("train") if at(step.raw, "objective") == "sft" for parser in view.parsers(step)}
    for texts in texts_of(view):
        yield from _all_alike(texts)
        yield from _unanswered(texts)
        yield from _questions_in_answers(texts)
        yield from _named_speakers(texts)
        if texts.step.id in learned:
            yield from _turns_in_one_text(texts)
        yield from _misread(texts)
        yield from _markup(texts)
        yield from _written_line_ends(texts)
    for texts in _lines(view):
        yield from _misread(texts)


def told(texts: Texts, message: str, fix: str, code: str, severity: Severity = "warning") -> Finding:
    """A finding about the first texts of a file, at the path of its source."""
    return say(code, texts.step, f"{texts.where}.path", f"{texts.name}: {message}", fix, severity=severity)


def _all_alike(texts: Texts) -> Iterator[Finding]:
    """D152: answers that are all the same, and rows of which half are copies. An information where only the beginning was seen, unless
    hardly any row of it is another."""
    severity: Severity = "warning" if texts.whole else "info"
    answers = {turn["content"] for d in texts.documents for turn in d.messages or () if turn["role"] == "assistant"}
    copies = len(texts.documents) - len({d.text for d in texts.documents})
    said = f"{'its' if texts.whole else 'the first'} {len(texts.documents)} rows"
    kept = at(texts.step.raw, "clean.dedup") == "none"
    if kept and len(texts.documents) >= ENOUGH and len(texts.documents) > 2 * copies >= 0.1 * len(texts.documents):
        message = f"{copies} of {said} are copies of others, and dedup: none keeps them: validation is learned, too"
        yield told(texts, message, "delete dedup: none, which keeps one of each", "D152")
    elif 2 * copies >= len(texts.documents):
        message = f"{copies} of {said} are copies of others" + (", and dedup: none keeps them" if kept else "")
        sure = kept or copies >= NEARLY * len(texts.documents)
        severity = "warning" if len(texts.documents) >= ENOUGH and sure else severity
        fix = "delete dedup: none, which keeps one of each" if kept else "look at the script that wrote them: one of each is kept"
        yield told(texts, message, fix, "D152", severity)
    elif len(answers) == 1:
        answer = next(iter(answers))
        message = f"{said} all have one answer, {answer if len(answer) <= 30 else answer[:30] + '…'!r}"
        yield told(texts, message, "look at the script that wrote the rows", "D152", severity)


def _unanswered(texts: Texts) -> Iterator[Finding]:
    """D180: half of the conversations end with the user."""
    count, share = texts.share(lambda document: (document.messages or [{"role": ""}])[-1]["role"] == "user")
    if share >= 0.5:
        message = f"{count} of the first {len(texts.documents)} conversations end with the user, without an answer"
        message += ": that turn is read, and nothing is learned from it"
        yield told(texts, message, "take the last turn away, or give its answer", "D180", "info")


def _questions_in_answers(texts: Texts) -> Iterator[Finding]:
    """D153: nine of ten answers begin with the whole question."""

    def repeats(document: Document) -> bool:
        turns = document.messages or []
        asked = next((turn["content"].strip() for turn in turns if turn["role"] == "user"), "")
        answer = next((turn["content"].strip() for turn in turns if turn["role"] == "assistant"), "")
        return len(asked) >= SHORT and answer.startswith(asked)

    count, share = texts.share(repeats)
    if share >= 0.9:
        message = f"{count} of the first {len(texts.documents)} answers begin with their whole question"
        yield told(texts, message, "name a column that holds the answer alone: columns: {instruction: …, output: …}", "D153")


def _named_speakers(texts: Texts) -> Iterator[Finding]:
    """D179: nearly all answers, or questions, begin with who says them."""
    for role, name, what in (("assistant", NAMED, "answers"), ("user", ASKING, "questions")):
        said = [m["content"] for d in texts.documents for m in d.messages or () if m["role"] == role]
        found = [match[0].strip() for text in said if (match := name.match(text)) is not None]
        if len(said) >= FEWEST and len(found) >= NEARLY * len(said):
            message = f"{len(found)} of the first {len(said)} {what} begin with the speaker's name, {found[0]!r}, which the template writes"
            yield told(texts, message, "take the name out of the rows", "D179")


def _turns_in_one_text(texts: Texts) -> Iterator[Finding]:
    """D154: half of the texts hold marks of a question and of an answer."""

    def written_out(document: Document) -> bool:
        text = document.text[:4000]
        return not document.messages and bool(INLINE.search(text) or (ASKED.search(text) and ANSWERED.search(text)))

    count, share = texts.share(written_out)
    if share >= 0.5:
        message = f"{count} of the first {len(texts.documents)} texts hold question and answer, and both are learned"
        yield told(texts, message, "give the turns as rows of messages, or of prompt and completion", "D154")


def _misread(texts: Texts) -> Iterator[Finding]:
    """D155: a fifth of the texts holds letters of a wrong encoding."""
    misread, share = texts.share(lambda document: any(MISREAD.search(text) for text in said_in(document)))
    lost, gone = texts.share(lambda document: any(LOST in text for text in said_in(document)))
    if share >= 0.2:
        example = next(found[0] for d in texts.documents for text in said_in(d) if (found := MISREAD.search(text)))
        message = f"{misread} of the first {len(texts.documents)} texts hold letters like {example}, which are UTF-8 misread"
        fix = "read the source as UTF-8 and write the file again; ftfy.fix_text mends what is there"
        yield told(texts, message, fix, "D155")
    elif gone >= 0.2:
        message = f"{lost} of the first {len(texts.documents)} texts hold {LOST}, where a letter was lost"
        yield told(texts, message, "make the file again from its source", "D155")


def _markup(texts: Texts) -> Iterator[Finding]:
    """D156: half of the texts hold tags outside of code."""
    tagged, share = texts.share(lambda document: any(len(MARKUP.findall(FENCED.sub("", text))) > 1 for text in said_in(document)))
    if share >= 0.5:
        message = f"{tagged} of the first {len(texts.documents)} texts hold tags of web pages"
        yield told(texts, message, "take them out, or read the pages themselves", "D156")


def _written_line_ends(texts: Texts) -> Iterator[Finding]:
    """D157: half of the texts hold a written-out line end, and none a real one."""
    columns = next((source.get("columns") for where, source, _ in sources(texts.step) if where == texts.where), None)
    if any(LINE_END.search(str(template)) for template in (columns.values() if isinstance(columns, dict) else ())):
        return  # K013: the recipe writes it
    escaped, share = texts.share(lambda document: any(LINE_END.search(text) for text in said_in(document)))
    if share >= 0.5 and not any("\n" in text for document in texts.documents for text in said_in(document)):
        message = f"{escaped} of the first {len(texts.documents)} texts have \\n written out, and no line end"
        yield told(texts, message, "write line ends as such: text.replace('\\\\n', '\\n') before the row is written", "D157")
