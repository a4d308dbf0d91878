"""Pieces: the text that a tokenizer is trained on against what is asked of it, and against the text that it will cut."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from unicodedata import normalize

from runner.meant import StepMeant
from runner.rules import View, number, param, path, rule, say, sources
from runner.rules.learnable import pieces_at_most
from runner.screen import in_bytes
from schemas.artifacts import CorpusForecast
from schemas.findings import Edit, Finding, RulePage, Severity
from steps.text.richness import most_pieces, sampled_texts

THIN = 10  # bytes of a sample for each piece: of less it is chance whether there are as many
FEWEST_LETTERS = 2000  # of a sample: of less nothing is said
STRANGE = 0.05  # share of letters that a tokenizer never saw
CHAT_MARK = re.compile(
    r"<\|.*\|>|</?(?:s|tool|think|user|assistant|system)\w*>|\[/?[A-Z_]+\]", re.IGNORECASE
)  # for a tuning that comes later
OTHER_MARK = re.compile(r"[<\[(|#]\{\w+\}")  # what a template of columns writes around a field
TYPED_MARK = re.compile(r"<\|\w+\|>|<(?!(?:br|hr|p|b|i|u|li|ul|em|td|tr|div|span)>)[A-Za-z]\w*>")
ANY_MARK = re.compile(r"<\|?\w{1,20}\|?>|\[\w{1,20}\]|\{\w{1,20}\}|#\w{1,20}#|@\w{1,20}@")
SHOWN = 4
ORDINARY = 2  # letters of a word that stands in half of all others


@rule(
    RulePage(
        "T109",
        "a sample too small for the vocabulary",
        "sample_bytes counts bytes: of 100 the trainer sees one line, and of that makes a few hundred pieces, however large the corpus is. "
        "Left out, it is 100 MB.",
        wrong="sample_bytes: 100   # megabytes were meant\nvocab_size: {at_most: 16000}",
        right="sample_bytes: 100000000\nvocab_size: {at_most: 16000}",
        source="google/sentencepiece#730",
        severity="warning",
        needs="the recipe and the sizes of the data",
    )
)
def samples_hold_the_pieces(view: View) -> Iterator[Finding]:
    """T109: fewer pieces in the sample than are asked for, though the corpus has more to give."""
    for step in view.of_type("train_tokenizer"):
        sample, model = number(step, "sample_bytes"), param(step, "model")
        wanted = number(step, "vocab_size") or number(step, "vocab_size.at_most")
        if sample is None or wanted is None or model is None:
            continue
        corpora = view.reaches(step, "corpus")
        sizes = [c.bytes for c in corpora if isinstance(c, CorpusForecast)] if isinstance(corpora, list) else []
        there = sum(size or 0 for size in sizes) if None not in sizes else None
        most = pieces_at_most(view, step, int(sample), there) if there else most_pieces(int(sample), model)
        thin = sample < THIN * wanted and number(step, "vocab_size") is not None
        more = there is None or (there > sample and pieces_at_most(view, step, there, there) > most)
        if more and (most < wanted or thin):
            message = f"sample_bytes lets {in_bytes(int(sample))} of the text through, which hold hardly more than {most:,} pieces"
            if most >= wanted:
                message = f"sample_bytes lets {in_bytes(int(sample))} of the text through, a few lines for {int(wanted):,} pieces"
            edits = (Edit("delete", path(step, "sample_bytes")),)
            fix = "delete it: 100 MB are taken; megabytes are written with six zeros"
            yield say("T109", step, "sample_bytes", message, fix, severity="warning", edits=edits)


@rule(
    RulePage(
        "T110",
        "symbols that stand in no text",
        "A user symbol is one piece wherever it stands, and its row of the embedding learns there. One that the text spells otherwise, "
        "[en] for <en>, is never met: its row stays as it began, and a prompt that begins with it gives noise. Marks for a tuning that "
        "comes later are right.",
        wrong='sources: [{path: data/*.jsonl, columns: {text: "[{lang}]{text}"}}]\nuser_symbols: ["<en>"]',
        right='sources: [{path: data/*.jsonl, columns: {text: "<{lang}>{text}"}}]\nuser_symbols: ["<en>"]',
        source="google/sentencepiece#217; google/sentencepiece#227",
        severity="info",
        needs="the beginnings of plain and JSONL files",
    )
)
def symbols_are_met(view: View) -> Iterator[Finding]:
    """T110: none of the symbols, those of chats aside, in a sample; a warning where a template of columns writes marks of its own."""
    for step in view.of_type("train_tokenizer"):
        symbols = param(step, "user_symbols")
        yield from _made_anyway(view, step, symbols)
        if otherwise := _otherwise(view, step):
            yield from _spelled_otherwise(step, otherwise)
            continue
        found = view.text_sources(step)
        if not symbols or not found or any(source.path is None for source in found):
            continue
        texts = view.texts(step)
        spelled = _as_spelled(symbols, texts)
        own = [
            symbol
            for symbol, other in zip(symbols, spelled, strict=True)
            if symbol and symbol.count("<") < 2 and (other != symbol or not CHAT_MARK.fullmatch(symbol))  # V109 of several in one
        ]
        if not own:
            continue
        if sum(map(len, texts)) < FEWEST_LETTERS or any(symbol in text for text in texts for symbol in own):
            continue
        written = [str(value) for source in found for value in (source.columns or {}).values() if OTHER_MARK.search(str(value))]
        listed = ", ".join(own[:SHOWN]) + (" …" if len(own) > SHOWN else "")
        message = f"{listed} stand{'s' if len(own) == 1 else ''} in none of the texts that were looked at"
        message += f", whose columns write {written[0].split(chr(10))[0][:30]!r}" if written else ""
        severity: Severity = "warning" if written or spelled != symbols else "info"
        better = list(dict.fromkeys(spelled))
        edits = (Edit("set", path(step, "user_symbols"), better),) if spelled != symbols else ()
        fix = f"write user_symbols: {json.dumps(better, ensure_ascii=False)}" if edits else "spell them as the text does"
        yield say("T110", step, "user_symbols", message, fix, severity=severity, edits=edits)


def _letters(mark: str) -> str:
    return re.sub(r"\W", "", mark).lower()


def _as_spelled(symbols: list[Any], texts: list[str]) -> list[Any]:
    """The symbols as the texts spell marks of the same letters: <en> for [en], and without blanks around it."""
    marks = {_letters(mark): mark for text in reversed(texts) for mark in ANY_MARK.findall(text)}
    spelled = []
    for symbol in symbols:
        bare = symbol.strip() if isinstance(symbol, str) else symbol
        there = isinstance(bare, str) and bare != symbol and any(bare in text for text in texts)
        spelled.append(bare if there else marks.get(_letters(bare), symbol) if isinstance(bare, str) else symbol)
    return spelled


def _otherwise(view: View, step: StepMeant) -> dict[str, str]:
    """Symbols whose word the templates of columns write between other brackets, and how: <|tr|> and <tr>."""
    symbols = [symbol for symbol in param(step, "user_symbols") or () if isinstance(symbol, str)]
    templates = [str(value) for source in view.text_sources(step) for value in (source.columns or {}).values() if "{" in str(value)]
    found: dict[str, str] = {}
    for symbol in symbols:
        word = re.sub(r"^\W+|\W+$", "", symbol)
        if not word or word == symbol or any(symbol in template for template in templates):
            continue
        spelled = re.compile(rf"(?<![{{\w])[<\[(|#]{{1,2}}/?{re.escape(word)}[>\])|#]{{1,2}}")
        other = next((match[0] for template in templates for match in spelled.finditer(template)), None)
        if other is not None and other not in symbols:
            found[symbol] = other
    return found


def _spelled_otherwise(step: StepMeant, otherwise: dict[str, str]) -> Iterator[Finding]:
    """T110, with the symbols as the templates have them."""
    symbols = [otherwise.get(symbol, symbol) for symbol in param(step, "user_symbols")]
    edits = (Edit("set", path(step, "user_symbols"), symbols),)
    listed = ", ".join(
        f"{other} where {symbol if symbol == symbol.strip() else f'{symbol!r}, with a blank,'} is a symbol"
        for symbol, other in list(otherwise.items())[:SHOWN]
    )
    message = f"columns write {listed}: they are cut like words, and the symbols are never met"
    fix = f"write user_symbols: {json.dumps(symbols, ensure_ascii=False)}"
    yield say("T110", step, "user_symbols", message, fix, severity="warning", edits=edits)


OF_OTHERS = ("[PAD]", "[UNK]", "[BOS]", "[EOS]", "[CLS]", "[SEP]", "[MASK]", "<mask>", "<cls>", "<sep>")  # of BERT and its like
MADE = ("[PAD]", "[UNK]", "[BOS]", "[EOS]")  # those of them that every tokenizer here has under another name


def _made_anyway(view: View, step: StepMeant, symbols: Any) -> Iterator[Finding]:
    """T110 of another library's special tokens, where no text holds them."""
    others = [symbol for symbol in symbols or () if symbol in OF_OTHERS]
    found = view.text_sources(step)
    if not set(others) & set(MADE) or not found or any(source.path is None for source in found):
        return
    texts = view.texts(step)
    met = [symbol for symbol in others if any(symbol in text for text in texts)]
    if met or not any(texts):
        return
    rest = [symbol for symbol in symbols if symbol not in others]
    fix = f"write user_symbols: {json.dumps(rest, ensure_ascii=False)}" if rest else "delete user_symbols"
    edit = Edit("set", path(step, "user_symbols"), rest) if rest else Edit("delete", path(step, "user_symbols"))
    message = (
        f"{', '.join(others)} are special tokens of another library: <pad>, <unk>, <s> and </s> are made anyway, and no text holds these"
    )
    yield say("T110", step, "user_symbols", message, fix, severity="warning", edits=(edit,))


@rule(
    RulePage(
        "D173",
        "marks that are cut like words",
        "A mark that a template of columns writes into each text, such as <|title|>, is text to the tokenizer: it is cut into pieces, a "
        "handful for each, and a prompt that spells it a little otherwise misses it. As a user symbol it is one piece.",
        wrong='sources: [{path: data/*.jsonl, columns: {text: "<|title|>{title}<|body|>{text}"}}]',
        right='sources: [{path: data/*.jsonl, columns: {text: "<|title|>{title}<|body|>{text}"}}]\nuser_symbols: ["<|title|>", "<|body|>"]',
        source="allenai/open-instruct#54",
        severity="info",
    )
)
def marks_are_symbols(view: View) -> Iterator[Finding]:
    """D173: marks that are written out in a template of columns, none of them a symbol of the tokenizer that learns from it."""
    for step in view.of_type("train_tokenizer"):
        symbols = [symbol for symbol in param(step, "user_symbols") or () if isinstance(symbol, str)]
        templates = [str(value) for source in view.text_sources(step) for value in (source.columns or {}).values() if "{" in str(value)]
        marks = dict.fromkeys(mark for template in templates for mark in TYPED_MARK.findall(template))
        said = _otherwise(view, step).values()
        strange = [
            mark
            for mark in marks
            if mark not in said
            and not OF_DOCUMENTS.fullmatch(mark)  # D176
            and not any(symbol in mark or mark in symbol or _letters(symbol) == _letters(mark) for symbol in symbols)
        ]
        if not strange or param(step, "model") is None:
            continue
        shown = ", ".join(strange[:SHOWN])
        message = f"columns write {shown} into every text, and the tokenizer cuts {'it' if len(strange) == 1 else 'them'} like words"
        listed = [*symbols, *strange]
        edits = (Edit("set", path(step, "user_symbols"), listed),)
        fix = f"write user_symbols: {json.dumps(listed, ensure_ascii=False)}"
        yield say("D173", step, "user_symbols" if symbols else "", message, fix, severity="info", edits=edits)


@rule(
    RulePage(
        "T111",
        "a tokenizer of another alphabet",
        "A tokenizer knows the characters of the text that it was trained on. Without byte fallback every other one becomes the unknown "
        "token, which no model can tell from the next; with it, each is spelled in two to four bytes, so rows hold a third of the text.",
        wrong="- type: train_tokenizer\n  corpus: english\n- type: tokenize_bin\n  corpus: russian",
        right="- type: train_tokenizer\n  corpus: [english, russian]\n- type: tokenize_bin\n  corpus: russian",
        source="sillsdev/silnlp#1033; arXiv 2305.15425 (language model tokenizers introduce unfairness between languages)",
        severity="warning",
        needs="the beginnings of plain and JSONL files",
    )
)
def letters_are_known(view: View) -> Iterator[Finding]:
    """T111: letters of the text that is cut, in none of a sample of the text that the tokenizer learns from."""
    for step in view.of_type("train_tokenizer"):
        learned = view.text_sources(step)
        known: set[str] = set()
        for other in view.of_type("tokenize_bin", "train"):
            if step not in view.makers(other, "tokenizer") or not other.inputs.get("corpus"):
                continue
            read = view.text_sources(other)
            if all(source in learned for source in read) or any(source.path is None for source in learned):
                continue
            letters = [c for text in view.texts(other) for c in text if c.isalpha()]
            if len(letters) < FEWEST_LETTERS:
                continue
            known = known or {c for text in view.texts(step) for c in text}
            strange = [c for c in letters if c not in known]
            if known and len(strange) > STRANGE * len(letters):
                yield _unknown(view, step, other, strange, len(letters))


def _unknown(view: View, step: StepMeant, other: StepMeant, strange: list[str], letters: int) -> Finding:
    bytes_in = param(step, "model") == "byte_bpe" or bool(getattr(step.params, "fallback", False))
    shown = "".join(letter for letter, _ in Counter(strange).most_common(8))
    message = f"{len(strange) / letters:.0%} of the letters of {other.id} stand in no text that {step.id} learns from ({shown}): "
    message += "each is spelled in bytes" if bytes_in else "each becomes the unknown token"
    fix = f"write corpus: [{', '.join(dict.fromkeys(parser.id for each in (step, other) for parser in view.parsers(each)))}]"
    return say("T111", step, "corpus", message, fix, severity="info" if bytes_in else "warning")


@rule(
    RulePage(
        "T125",
        "a symbol that is cut out of words",
        "A user symbol is one piece wherever it stands, inside of words too, and no longer piece holds it: with the symbol e every word is "
        "cut at each of its e's. A blank in it never matches, for a tokenizer of words writes it as a mark. Symbols are for marks that no "
        "word contains.",
        wrong='user_symbols: ["e", "<tr>"]',
        right='user_symbols: ["<tr>"]',
        source="google/sentencepiece, doc/special_symbols.md: user defined symbols",
        severity="warning",
    )
)
def symbols_are_no_letters(view: View) -> Iterator[Finding]:
    """T125: symbols of one or two letters, and those that begin or end with a blank."""
    for step in view.of_type("train_tokenizer"):
        for place, symbol in enumerate(param(step, "user_symbols") or ()):
            if symbol.isalpha() and len(symbol) <= ORDINARY:
                message = f"the symbol {symbol!r} is cut out of every word that has it"
            elif symbol != symbol.strip() and symbol.strip().isalpha() and param(step, "model") != "byte_bpe":
                message = f"the symbol {symbol!r} has a blank at its end, which no piece of a text has"
            else:
                continue
            yield say("T125", step, f"user_symbols.{place}", message, "take it out: letters and words get pieces by themselves",
                      severity="warning")  # fmt: skip


@rule()
def signs_are_kept(view: View) -> Iterator[Finding]:
    """T122 of nfkc, told: the signs of the first texts that it writes otherwise, the most frequent first."""
    for step in view.of_type("train_tokenizer"):
        if param(step, "normalization") != "nfkc":
            continue
        counts = Counter(c for text in view.texts(step) for c in text if ord(c) > 127)
        changed = [(c, normalize("NFKC", c)) for c, _ in counts.most_common() if normalize("NFKC", c) != normalize("NFC", c)]
        if changed:
            shown = ", ".join(f"{became!r} of {c!r}" for c, became in changed[:3])
            edits = (Edit("set", path(step, "normalization"), "identity"),)
            message = f"nfkc makes {shown}: no model of this tokenizer writes {'it' if len(changed) == 1 else 'them'}"
            yield say("T122", step, "normalization", message, "write normalization: identity", severity="info", edits=edits)


END_MARK = re.compile(
    r"<\|endoftext\|>|<\|end_of_text\|>|<\|eot_id\|>|</s>|<eos>|<EOS>|<\|eos\|>|<EOT>|<eot>|\[EOS\]|<\|eod\|>|<end_of_text>"
)
BEGIN_MARK = re.compile(r"<\|startoftext\|>|<\|begin_of_text\|>|<s>|<bos>|<BOS>|\[BOS\]|\[CLS\]|<sos>|<SOS>|<pad>|\[PAD\]|<PAD>")
OF_DOCUMENTS = re.compile(f"{END_MARK.pattern}|{BEGIN_MARK.pattern}")
TAKEN_OUT = re.compile(r"<unk>|\[UNK\]|<UNK>")
OF_CHATS = re.compile(r"<\|im_start\|>|<\|start_header_id\|>|\[INST\]|<start_of_turn>|<\|user\|>|<\|assistant\|>")
OFTEN = 3  # times in the sample: once or twice it may be what a text is about


@rule(
    RulePage(
        "D176",
        "a mark of another tokenizer in the texts",
        "Files that were made for GPT-2 or nanoGPT part their texts by <|endoftext|>. To a tokenizer that is trained here it is text like "
        "any other: it is cut into a handful of pieces, which the model learns to write, and documents are not parted at it. Each document "
        "gets its own beginning and end by itself. A conversation's marks are symbols only where user_symbols names them, and a text with "
        "<unk> in it has lost its rare words.",
        wrong="Once upon a time …\n<|endoftext|>\nA fox …   # document: file",
        right="Once upon a time …\n\nA fox …   # document: blank_line",
        source="karpathy/minbpe#47; karpathy/nanoGPT#374; Modalities/modalities#383",
        severity="warning",
        needs="the beginnings of plain and JSONL files",
    )
)
def ends_are_not_typed(view: View) -> Iterator[Finding]:
    """D176: a mark that stands several times in a sample of what a tokenizer learns from, and is none of its symbols."""
    for step in view.of_type("train_tokenizer"):
        symbols = [str(symbol) for symbol in param(step, "user_symbols") or ()]
        if templates := list(_written_by_columns(view, step, symbols)):
            yield from templates
            continue
        texts = view.texts(step)
        for marks in (END_MARK, BEGIN_MARK, TAKEN_OUT, OF_CHATS):
            counts = Counter(mark for text in texts for mark in marks.findall(text))
            mark, count = next(((m, c) for m, c in counts.most_common() if not any(m in symbol for symbol in symbols)), ("", 0))
            if count >= OFTEN:
                yield from _typed(view, step, marks, mark, count)
                break


def _written_by_columns(view: View, step: StepMeant, symbols: list[str]) -> Iterator[Finding]:
    """D176 of marks of a document's beginning and end that a template of columns puts around every text."""
    for parser in view.parsers(step):
        for where, source, _ in sources(parser):
            columns = source.get("columns")
            for role, template in columns.items() if isinstance(columns, dict) else ():
                marks = [mark for mark in dict.fromkeys(OF_DOCUMENTS.findall(str(template))) if mark not in symbols]
                if not marks or "{" not in str(template):
                    continue
                message = f"columns write {' and '.join(marks)} into every text, where {'they are' if len(marks) > 1 else 'it is'} no token"
                better = OF_DOCUMENTS.sub("", str(template))
                fix = f"write {role}: {json.dumps(better, ensure_ascii=False)}: each document gets its beginning and end anyway"
                at = f"{where}.columns.{role}"
                yield say("D176", parser, at, message, fix, severity="warning", edits=(Edit("set", path(parser, at), better),))


def _typed(view: View, step: StepMeant, marks: re.Pattern[str], mark: str, count: int) -> Iterator[Finding]:
    """D176, at the step that reads the files, with what is done about such a mark."""
    typed = mark.replace("/", "\\/").replace("[", "\\[").replace("]", "\\]")
    what, fix = {
        END_MARK: ("it is cut into pieces like a word, and parts no documents",
                   f"put a blank line in its place, with document: blank_line: sed -i 's/{typed}/\\n\\n/g' FILES"),
        BEGIN_MARK: ("it is cut into pieces like a word, and every document has its own beginning",
                     f"take it out of the files: sed -i 's/{typed}//g' FILES"),
        TAKEN_OUT: ("words were taken out of this text, and the model learns to write the mark", "take the text as it was written, such as "
                    "wikitext-103-raw for wikitext-103"),
        OF_CHATS: ("it is cut into pieces like a word", f"write user_symbols: [{json.dumps(mark)}] and the other marks in train_tokenizer"),
    }[marks]  # fmt: skip
    for parser in view.parsers(step):
        if any(marks.search(text) for text in sampled_texts(param(parser, "sources") or (), view.facts)):
            message = f"{mark} stands {count:,} times in the first texts: {what}"
            yield say("D176", parser, "sources", message, fix, severity="warning", on="key")
            return
