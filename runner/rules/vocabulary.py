"""Vocabulary: whoever counts tokens must count the same ones, from the tokenizer to the embedding."""

import string
from collections.abc import Iterator

from runner.meant import StepMeant
from runner.rules import GUESS, View, at, number, param, rule, say
from runner.rules.learnable import alphabet, likely_pieces, pieces_at_most
from runner.screen import in_bytes
from schemas.artifacts import CheckpointForecast, CorpusForecast, TokenBinForecast, TokenizerForecast
from schemas.findings import Edit, Finding, RecipeError, RulePage
from steps.text.agreement import rows_of
from steps.text.vocabulary import is_padded

LARGE_ALPHABET = 16_000  # pieces: a vocabulary beyond it holds any alphabet
FEW_ALWAYS = 11  # characters that every tokenizer knows, by itself: digits and the line's end
LOW_COVERAGE = 0.999
TRAINER_BYTES = 20  # of memory for each byte of text
LARGE_MEMORY = 128 << 30  # bytes of a machine that is not known


@rule(
    RulePage(
        "V001",
        "the model and its tokenizer count different tokens",
        "A token's id is a row of the model's embedding. With fewer rows than ids, training reads outside the table: on a GPU this is "
        "a device-side assert in the middle of the night, naming neither the tokenizer nor the model. Left out, the size follows "
        "the tokenizer.",
        wrong="- type: train_tokenizer\n  vocab_size: 50257\n- type: train\n  model: {family: mamba, vocab_size: 32000}",
        right="- type: train_tokenizer\n  vocab_size: 50257\n- type: train\n  model: {family: mamba}",
        source="AETHER phase 1; pytorch/torchtitan#1495; karpathy/nanoGPT#121",
    ),
    RulePage(
        "V002",
        "rows of the embedding that no token uses",
        "Rows beyond the tokenizer's last id are never trained, cost memory, and come back as nonsense when the model is sampled. "
        "Rounding up to a multiple of 8, 64 or 128 is a known speed-up and is not complained about.",
        wrong="- type: train_tokenizer\n  vocab_size: 50257\n- type: train\n  model: {family: mamba, vocab_size: 60000}",
        right="- type: train_tokenizer\n  vocab_size: 50257\n- type: train\n  model: {family: mamba, vocab_size: 50304}   # by 64",
        source="axolotl-ai-cloud/axolotl#2257",
    ),
)
def model_against_tokenizer(view: View) -> Iterator[Finding]:
    """V001, V002: `model.vocab_size` of a train step against the tokenizer that reaches it."""
    for step in view.of_type("train"):
        rows = number(step, "model.vocab_size")
        tokenizer, name = _tokenizer(view, step)
        if not isinstance(rows, int) or tokenizer is None or tokenizer.vocab_size is None:
            continue
        size = tokenizer.vocab_size
        edit = Edit("set", ("steps", step.id, "model", "vocab_size"), size)
        if rows < size and tokenizer.exact:
            message = f"the model has rows for {rows:,} tokens, tokenizer {name!r} makes {size:,}"
            fix = f"write vocab_size: {size}, or delete it to use the tokenizer's size"
            yield say("V001", step, "model.vocab_size", message, fix, edits=(edit,))
        elif rows < size:
            message = f"the model has rows for {rows:,} tokens, tokenizer {name!r} may make up to {size:,}"
            fix = "delete vocab_size to use the tokenizer's size, whatever it will be"
            gone = (Edit("delete", edit.path),)
            yield say("V001", step, "model.vocab_size", message, fix, severity="warning", edits=gone)
        elif tokenizer.rows is not None and size <= rows < tokenizer.rows:
            message = f"check_vocab_consistency rounds the rows up to {tokenizer.rows:,}, vocab_size: {rows} undoes it"
            gone = (Edit("delete", edit.path),)
            yield say("V002", step, "model.vocab_size", message, "delete vocab_size", severity="warning", edits=gone)
        elif (
            not tokenizer.exact
            and name in view.by_id
            and (found := _too_many(view, view.by_id[name], size))
            and not is_padded(rows, found[1])
        ):
            message = (
                f"the model has rows for {rows:,} tokens, and the text of tokenizer {name!r} holds hardly more than {found[1]:,} pieces"
            )
            gone = (Edit("delete", edit.path),)
            fix = "delete vocab_size to use the tokenizer's size, whatever it will be"
            yield say("V002", step, "model.vocab_size", message, fix, severity="warning", edits=gone)
        elif rows > size and rows != tokenizer.rows and not is_padded(rows, size):
            makes = "makes" if tokenizer.exact else "makes at most"
            message = f"the model has rows for {rows:,} tokens, tokenizer {name!r} {makes} {size:,}: {rows - size:,} rows are never used"
            fix = f"write vocab_size: {size}, or delete it to use the tokenizer's size" if tokenizer.exact else "delete vocab_size"
            edits = (edit,) if tokenizer.exact else (Edit("delete", edit.path),)
            yield say("V002", step, "model.vocab_size", message, fix, edits=edits)


def _tokenizer(view: View, step: StepMeant) -> tuple[TokenizerForecast | None, str]:
    """The tokenizer whose ids the step trains on, and what to call it."""
    found = view.reaches(step, "tokenizer")
    makers = view.makers(step, "tokenizer")
    if not isinstance(found, TokenizerForecast):
        bins = view.reaches(step, "bins")
        found = TokenizerForecast(vocab_size=bins.vocab_size) if isinstance(bins, TokenBinForecast) else None
        makers = [t for b in view.makers(step, "bins") for t in view.makers(b, "tokenizer")]
    return found, makers[0].id if makers else "tokenizer"


def _behind(view: View, step: StepMeant) -> list[StepMeant]:
    """The steps whose tokenizer made the ids that a train step reads."""
    found = view.makers(step, "tokenizer")
    return [*found, *(t for b in view.makers(step, "bins") for t in view.makers(b, "tokenizer"))]


@rule(
    RulePage(
        "V003",
        "token ids of one tokenizer, a model of another",
        "An id means a piece only in the tokenizer that made it. Token files made with one tokenizer and a model, a checkpoint or an "
        "export that uses another give text that looks like noise, without any error.",
        wrong="- type: tokenize_bin\n  tokenizer: small\n- type: train\n  tokenizer: large",
        right="- type: tokenize_bin\n  tokenizer: large\n- type: train\n  tokenizer: large",
        source="sillsdev/silnlp#1033",
    ),
)
def one_tokenizer(view: View) -> Iterator[Finding]:
    """V003: the tokenizer of a step and the tokenizer of its token files are the same, and a base has the one it was made with."""
    for step in view.of_type("train"):
        folder = view.base(step)
        strangers = [t for t in _behind(view, step) if t.type == "train_tokenizer"]
        if folder is None or not folder.kind or not strangers:
            continue
        found = _tokenizer(view, step)[0]
        size, rows = found.vocab_size if found is not None else None, folder.rows
        message = f"the ids of tokenizer {strangers[0].id!r}, which this recipe trains, mean nothing to {folder.name}"
        fix = "take the base's own: check_vocab_consistency with checkpoint: in place of train_tokenizer"
        if size is not None and rows is not None and size > rows:
            message = f"{folder.name} has rows for {rows:,} tokens, tokenizer {strangers[0].id!r} makes {size:,} of its own"
        yield say("V003", step, "model.base", message, fix)
    yield from _of_another_base(view)
    for step in view.of_type("train"):
        own = view.makers(step, "tokenizer")
        behind = [t for b in view.makers(step, "bins") for t in view.makers(b, "tokenizer")]
        if own and behind and own[0].id != behind[0].id:
            message = f"{step.id} uses tokenizer {own[0].id!r}, its token files were made with {behind[0].id!r}"
            yield say("V003", step, "tokenizer", message, f"write tokenizer: {behind[0].id}")
    for step in view.of_type("validate_checkpoint"):
        trained = [t for c in view.makers(step, "checkpoint") for t in view.makers(c, "tokenizer")]
        behind = [t for b in view.makers(step, "bins") for t in view.makers(b, "tokenizer")]
        if trained and behind and trained[0].id != behind[0].id:
            message = f"the model was trained with tokenizer {trained[0].id!r}, these token files were made with {behind[0].id!r}"
            yield say("V003", step, "bins", message, "name token files of the model's own tokenizer with bins:")


def _of_another_base(view: View) -> Iterator[Finding]:
    """V003 for a check_vocab_consistency that opens one model, where another is trained. A warning where nobody takes its tokenizer."""
    trained = [(step, folder) for step in view.of_type("train") if (folder := view.base(step)) is not None]
    for maker in view.of_type("check_vocab_consistency"):
        other = view.base(maker)
        if other is None or not trained or any(folder is other for _, folder in trained):
            continue
        step, folder = next(((s, f) for s, f in trained if maker in _behind(view, s)), trained[0])
        strange = sum(folder.tokens.get(token) != number for token, number in other.tokens.items())
        if strange and folder.tokens:
            message = f"{maker.id} opens the tokenizer of {other.name}, {step.id} starts from {folder.name}: "
            message += f"of {len(other.tokens):,} ids {strange:,} mean something else there"
            read = maker in _behind(view, step)
            fix = "name one model in both places"
            yield say("V003", maker, "checkpoint", message, fix, severity="error" if read else "warning")


PADDED = 1024  # rows of an embedding that may have no token: tables are rounded up, by 512 at the most that was seen


@rule()
def ids_fit_dtype(view: View) -> Iterator[Finding]:
    """D121: uint16 holds the ids 0 to 65535, so 65536 tokens are still right."""
    for step in view.of_type("tokenize_bin"):
        tokenizer = view.reaches(step, "tokenizer")
        size = tokenizer.vocab_size if isinstance(tokenizer, TokenizerForecast) else None
        if at(step.raw, "dtype") != "uint16" or size is None or size <= 1 << 16:
            continue
        ids: list[int] = []
        if not tokenizer.exact:  # of a base only the rows are known, some of which are padding
            folders = [folder for maker in view.makers(step, "tokenizer") if (folder := view.base(maker)) is not None]
            ids = [1 + number for folder in folders for number in folder.tokens.values()]
            size = max(ids, default=size - PADDED)
        if size > 1 << 16:
            has = f"makes ids up to {size - 1:,}" if tokenizer.exact or ids else f"is of a model with {tokenizer.vocab_size:,} rows"
            message = f"uint16 holds ids up to 65,535, the tokenizer {has}: uint32 is needed"
            edit = Edit("set", ("steps", step.id, "dtype"), "auto")
            yield say("D121", step, "dtype", message, "write dtype: auto, or delete the line", edits=(edit,))


@rule()
def corpus_feeds_vocabulary(view: View) -> Iterator[Finding]:
    """T102 as a warning: more pieces than any text of this size was seen to hold, or than the words in a sample of it allow."""
    for step in view.of_type("train_tokenizer"):
        size = number(step, "vocab_size")
        if isinstance(size, int) and (found := _too_many(view, step, size)) is not None:
            text, most = found
            message = f"{size:,} pieces from about {in_bytes(text)} of text: there will hardly be more than {most:,}"
            fix = f"write vocab_size: {{at_most: {size}}} to take the largest that works, or give it more text"
            edits = [Edit("set", ("steps", step.id, "vocab_size"), {"at_most": size})]
            for train in view.of_type("train"):  # whose rows would be those of a tokenizer that is not made
                if number(train, "model.vocab_size") is not None and _tokenizer(view, train)[1] == step.id:
                    fix += f", and delete vocab_size of {train.id}"
                    edits.append(Edit("delete", ("steps", train.id, "model", "vocab_size")))
            yield say("T102", step, "vocab_size", message, fix, severity="warning", edits=tuple(edits))


def _too_many(view: View, step: StepMeant, size: int) -> tuple[int, int] | None:
    """Bytes of text and the pieces that they hold at most, where `size` is more than those; None where it may be reached."""
    corpora = view.reaches(step, "corpus")
    sizes = [c.bytes for c in corpora if isinstance(c, CorpusForecast)] if isinstance(corpora, list) else []
    if not sizes or None in sizes or param(step, "model") is None:
        return None
    there = sum(s for s in sizes if s is not None)
    text = min(there, param(step, "sample_bytes"))
    most_text = text * (GUESS if any(isinstance(c, CorpusForecast) and c.guessed for c in corpora) else 1)
    sampled = text < there and number(step, "sample_bytes") is not None
    if sampled and pieces_at_most(view, step, there, there) > pieces_at_most(view, step, text, there) < size:
        return None  # T109
    if text > 0 and (most := likely_pieces(view, step, size, most_text, max(there, most_text))) < size and _alphabet_fits(view, step, size):
        return text, most
    return None


def _alphabet_fits(view: View, step: StepMeant, size: int) -> bool:
    return param(step, "model") == "byte_bpe" or size > LARGE_ALPHABET or len(alphabet(view, step)) < size


@rule()
def vocabulary_holds_the_bytes(view: View) -> Iterator[Finding]:
    """T103: fewer pieces than the 256 bytes, the special tokens and the user symbols alone take, or than the text has characters."""
    for step in view.of_type("train_tokenizer"):
        asked = number(step, "vocab_size") or number(step, "vocab_size.at_most")
        model, symbols = param(step, "model"), param(step, "user_symbols")
        if asked is None or model is None:
            continue
        bytes_in = model == "byte_bpe" or getattr(step.params, "fallback", False)
        always = _always_known(step)
        least = 256 * bytes_in + 4 + len(symbols or ()) + len(always)
        if asked < least:
            taken = [*["bytes"] * bytes_in, *["printable characters"] * (len(always) > FEW_ALWAYS), "special tokens"]
            message = f"{int(asked):,} pieces are too few: {', '.join(taken)} and symbols alone take {least}"
            yield say("T103", step, "vocab_size", message, f"write vocab_size: {max(2 * least, 1000)}")
        elif model != "byte_bpe" and asked <= LARGE_ALPHABET:
            known = alphabet(view, step, asked - least)
            if (needed := len(known | always) - len(always) + least) > asked and known:
                message = f"{int(asked):,} pieces are too few: the beginning of the text has {len(known):,} characters to be known"
                fix = f"write vocab_size: {max(2 * needed, 1000)}, a lower character_coverage, or model: byte_bpe, which needs 256"
                yield say("T103", step, "vocab_size", message, fix)


def _always_known(step: StepMeant) -> set[str]:
    """The characters that are made pieces whatever the text holds; with a normalization none, since it may change them."""
    if param(step, "model") == "byte_bpe" or param(step, "normalization") not in (None, "identity"):
        return set()
    small = set("\n" + string.digits)
    return small if param(step, "model") == "bpe" and getattr(step.params, "fallback", False) else small | set(string.printable[:94] + "\t")


@rule()
def characters_are_covered(view: View) -> Iterator[Finding]:
    """T121 before the step: without byte fallback what character_coverage leaves out is unknown, more than is let through."""
    for step in view.of_type("train_tokenizer"):
        coverage = number(step, "character_coverage")
        if coverage is None or coverage >= LOW_COVERAGE or param(step, "model") == "byte_bpe" or getattr(step.params, "fallback", True):
            continue
        message = f"character_coverage {coverage:g} leaves {1 - coverage:.2%} of the characters unknown, and byte_fallback is off"
        yield say("T121", step, "character_coverage", message, "delete it, or write byte_fallback: true", severity="warning")


LOST = {"nmt": "blanks of line breaks and tabs", "cf": "small letters of capitals"}


@rule()
def normalization_gives_the_text_back(view: View) -> Iterator[Finding]:
    """T122 before the step: what SentencePiece's rules take from every text; told where no step proves the tokenizer. nfkc alone changes
    signs that few texts have.

    nmt: line breaks and tabs become blanks. cf: capitals become small letters (github.com/google/sentencepiece, doc/normalization.md).
    """
    for step in view.of_type("train_tokenizer"):
        asked = param(step, "normalization")
        if asked in (None, "identity", "nfkc") or _refused_by_export(view, step, str(asked)):
            continue
        lost = [what for part, what in LOST.items() if part in asked]
        message = f"{asked} makes {' and '.join(lost)}: no model of this tokenizer writes them"
        edits = (Edit("set", ("steps", step.id, "normalization"), "identity"),) if asked == "nmt_nfkc" else ()
        fix = "write normalization: identity" + (", unless all is meant to be small" if "cf" in asked else "")
        proved = any(step in view.makers(other, "tokenizer") for other in view.of_type("check_vocab_consistency"))
        yield say("T122", step, "normalization", message, fix, severity="warning" if proved else "info", edits=edits if proved else ())


def _refused_by_export(view: View, step: StepMeant, asked: str) -> bool:
    """Whether E001 or E002 says to write identity already."""
    if not any(view.of_type("export_ollama")):
        return False
    from steps.export.tokenizer_kinds import Refusal, gguf_tokenizer

    kind = gguf_tokenizer(str(param(step, "model")), bool(getattr(step.params, "fallback", False)), asked)
    return isinstance(kind, Refusal) and kind.field == "normalization"


@rule(
    RulePage(
        "T108",
        "a sample that the trainer cannot hold",
        "A tokenizer's trainer holds all of its text in memory, about twenty bytes for each: measured are 23 for unigram and 18 for bpe "
        "on 6 MB. A hundred million bytes are plenty; more text hardly changes the pieces.",
        wrong="sample_bytes: 20000000000",
        right="sample_bytes: 100000000",
        source="google/sentencepiece#680; google/sentencepiece#405",
        severity="warning",
        needs="the recipe, and the memory of this machine when the target is here",
    )
)
def sample_fits_memory(view: View) -> Iterator[Finding]:
    """T108: TRAINER_BYTES for each byte of the sample, against this machine's memory, or LARGE_MEMORY where another is meant."""
    for step in view.of_type("train_tokenizer"):
        asked, corpora = number(step, "sample_bytes"), view.reaches(step, "corpus")
        sizes = [getattr(c, "bytes", None) for c in corpora] if isinstance(corpora, list) else []
        if asked is None:
            continue
        known = [size for size in sizes if isinstance(size, int)]
        text = min(asked, sum(known)) if sizes and len(known) == len(sizes) else asked
        there = LARGE_MEMORY
        if view.meant.target.name == "here":
            from runner.hardware import memory_bytes

            there = memory_bytes()
        if text * TRAINER_BYTES > there:
            message = f"the trainer holds {in_bytes(int(text))} of text in about {in_bytes(int(text * TRAINER_BYTES))} of memory"
            edits = (Edit("delete", ("steps", step.id, "sample_bytes")),)
            yield say(
                "T108", step, "sample_bytes", message, "delete it: 100 MB are taken, which is plenty", severity="warning", edits=edits
            )


@rule()
def model_from_elsewhere(view: View) -> Iterator[Finding]:
    """V101: the rows of a model folder, or of `model: {vocab_size: N}`, against the tokenizer that will feed it."""
    for step in view.of_type("check_vocab_consistency"):
        source, tokenizer = param(step, "model"), view.reaches(step, "tokenizer")
        size = tokenizer.vocab_size if isinstance(tokenizer, TokenizerForecast) and tokenizer.exact else None
        if source is None or size is None:
            continue
        try:
            rows = source.vocab_size or (rows_of(view.facts.project / source.path) if source.path is not None else None)
        except RecipeError as error:  # damaged weights
            yield say(error.code, step, "model.path", error.message, error.fix or "fetch or copy the file again")
            continue
        made = view.reaches(step, "model")
        rows = rows or (made.vocab_size if isinstance(made, CheckpointForecast) else None)
        if rows is not None and rows < size:
            where = "model.vocab_size" if source.vocab_size else "model"
            message = f"the model has rows for {rows:,} tokens, its tokenizer makes {size:,}"
            yield say("V101", step, where, message, "use the tokenizer that the model was made with")
