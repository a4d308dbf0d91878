"""parse_corpus: read files, hub data sets and URLs, and write one clean corpus."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas import (
    Corpus,
    CorpusForecast,
    ForecastContext,
    Fraction,
    NotInKey,
    Positive,
    Read,
    RecipeError,
    Secret,
    StepContext,
    StepParams,
    Strict,
)
from steps import step
from steps.text.choices import Format, Private, SectionName, Split
from steps.text.corpus_pages import CORPUS_PAGES
from steps.text.language import KNOWN, codes_meant
from steps.text.left_out import ALTERED, BROKEN, INCOMPLETE, apart, by_reason, counted, in_words, nothing_left
from steps.text.remote import keyed_url, shown_url
from steps.text.sieve import Kept, Sieve, priority_of
from steps.text.sources import Reading, files_of, stream
from steps.text.tally import Tally, drawn

EVERY = 200  # documents between two looks at the clock and the stop sign
PRIORITY = 2.5  # repeat of a priority folder that is named without one

Role = Literal[
    "text", "title", "lang", "messages", "instruction", "input", "output", "system", "repeat",
    "conversations", "prompt", "completion", "question", "answer",
]  # fmt: skip


class Source(Strict):
    """One place that documents come from, and how they are read."""

    path: str | None = Field(default=None, description="file, folder or glob, such as texts/**/*.{txt,md}, relative to the project")
    hub: str | None = Field(default=None, description="data set on the Hugging Face hub, or a folder in its layout")
    config: str | None = Field(default=None, description="configuration of the data set")
    split: str = Field(default="train", description="split of the data set")
    revision: str | None = Field(
        default=None, description="commit; without it the hub is asked once, and .recipe/hub.json keeps the answer"
    )
    url: str | None = Field(default=None, description="address of a file; on s3 and its like also a folder or glob")
    format: Format = Field(default="auto", description="auto goes by the extension")
    document: Split | None = Field(default=None, description="what one document is in a text: the file, a blank line's part, or a line")
    columns: dict[Role, str] | None = Field(
        default=None,
        description='role to column, name with dots (instances.0.output) or template: {text: "{title}\\n{text}"}',
    )
    lang: str | None = Field(default=None, description="language of all its documents; else the row's lang, else tr or en by common words")
    weight: float | None = Field(default=None, gt=0, description="share of characters drawn, relative to the other weights")
    take: Positive | None = Field(default=None, description="at most so many documents")
    repeat: float = Field(default=1.0, gt=0, description="how often training sees it: 2.5 is twice, and a seeded half a third time")
    references: Literal["drop", "keep"] = Field(default="drop", description="reference lists of papers")
    tables: Literal["keep", "drop"] = Field(default="keep", description="tables of papers and pages, cells parted by tabs")
    captions: Literal["keep", "drop"] = Field(default="keep", description="captions of tables and figures")
    footnotes: Literal["drop", "keep"] = Field(
        default="drop",
        description="footnotes of papers, and their notices on the first page; raised numbers that call them or references go",
    )
    formulas: Literal["keep", "drop"] = Field(default="keep", description="displayed formulas of PDFs, each as a line: x = (a+b)/2")
    sections: dict[SectionName, Annotated[float, Field(ge=0)]] | None = Field(
        default=None, description="how often training sees each section of a paper, {methods: 2.0, acknowledgements: 0}; others once"
    )
    password: Secret | None = Field(default=None, description="of encrypted files, as ${env:NAME}")
    fallback: "Source | None" = Field(default=None, description="read instead when this one fails before its first document")

    @model_validator(mode="after")
    def _one_place(self) -> "Source":
        given = [name for name in ("path", "hub", "url") if getattr(self, name) is not None]
        if len(given) != 1:
            found = f"names {' and '.join(given)}" if given else "names no place"
            raise PydanticCustomError(
                "D101", "a source " + found, {"name": given[1] if given else "", "fix": "write one of path, hub and url"}
            )
        if self.hub is None:
            for name in ("config", "revision"):
                if getattr(self, name) is not None:
                    raise PydanticCustomError("D101", "{name} has no effect without hub", {"name": name, "fix": f"delete {name}"})
        if self.fallback is not None and self.fallback.weight is not None:
            what = {"name": "fallback.weight", "fix": "delete weight here: the weight of the source that it stands in for holds"}
            raise PydanticCustomError("D101", "weight has no effect in a fallback", what)
        return self

    @property
    def label(self) -> str:
        """Its name in statistics."""
        return self.path or (shown_url(self.url) if self.url else f"{self.hub}{f'/{self.config}' if self.config else ''}")


class Languages(Strict):
    """Which languages stay, judged by py3langid."""

    allow: list[str] = Field(min_length=1, description="codes of ISO 639: [tr, en]")
    min_share: Fraction = Field(default=0.5, description="share of a document's characters that must be in one of them")

    @model_validator(mode="after")
    def _known(self) -> "Languages":
        for code in self.allow:
            if code not in KNOWN:
                said = {"code": code, "name": "allow", "fix": codes_meant(self.allow)}
                raise PydanticCustomError("D101", "no language {code} is known", said)
        return self


class Clean(Strict):
    """What is done to every document, and which are dropped."""

    nfc: bool = Field(default=True, description="compose letters and their accents")
    whitespace: bool = Field(default=True, description="line breaks as \\n, no control characters, no blanks at line ends")
    mask: list[Private] = Field(default_factory=list, description="replaced by <EMAIL>, <PHONE> and so on: [all], or a list of kinds")
    dedup: Literal["exact", "none"] = Field(default="exact", description="drop documents whose text came before")
    near_duplicates: Literal["keep", "together", "drop"] = Field(
        default="keep", description="of documents that are much alike: keep all, keep them on one side of train and val, or keep the first"
    )
    similarity: Annotated[float, Field(gt=0.3, le=1.0)] = Field(
        default=0.8, description="share of runs of five words that near duplicates have in common"
    )
    languages: Languages | None = Field(default=None, description="drop documents in others: {allow: [tr, en], min_share: 0.5}")
    min_characters: Positive = Field(default=1, description="shorter documents are dropped")
    max_characters: Positive | None = Field(default=None, description="longer documents are dropped")
    min_words: Positive | None = Field(default=None, description="documents of fewer words are dropped")
    max_words: Positive | None = Field(default=None, description="documents of more words are dropped")
    max_repeated_lines: Fraction | None = Field(
        default=None, description="largest share of characters in lines that stand in the document before"
    )

    @model_validator(mode="after")
    def _leaves_some(self) -> "Clean":
        for what in ("characters", "words"):
            least, most = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
            if least is not None and most is not None and least > most:
                said = {
                    "what": what,
                    "least": least,
                    "most": most,
                    "name": f"max_{what}",
                    "fix": f"write max_{what} above {least}, or delete one",
                }
                raise PydanticCustomError("D101", "no document has at least {least} and at most {most} {what}", said)
        return self


class ParseCorpus(StepParams):
    """What is read, how it is mixed, and how it is cleaned."""

    sources: list[Source] = Field(min_length=1)
    exhausted: Literal["stop", "repeat"] = Field(default="stop", description="what weights do when the first source is spent")
    priority: dict[str, float] | list[str] = Field(
        default_factory=dict, description="folders below a source's root, repeated 2.5 times, or each with its own repeat: {best: 3}"
    )
    clean: Clean = Field(default=Clean())
    on_bad_row: Literal["skip", "error"] = Field(default="skip", description="what a broken or incomplete row of a table does")
    strict: bool = Field(default=False, description="fail when a file cannot be read")
    workers: Annotated[Positive | Literal["auto"], NotInKey] = Field(
        default="auto", description="processes that read PDF and DOCX; auto: as many as cores. The corpus is the same for any number"
    )

    @model_validator(mode="after")
    def _fits(self) -> "ParseCorpus":
        for folder, repeat in self.priorities.items():
            if repeat <= 0:
                raise PydanticCustomError("D101", "priority {folder} must be above 0", {"folder": folder, "name": f"priority.{folder}"})
        if self.exhausted == "repeat" and not any(s.weight for s in self.sources):
            raise PydanticCustomError("D101", "exhausted has no effect without a weight", {"name": "exhausted", "fix": "delete exhausted"})
        return self

    @property
    def priorities(self) -> dict[str, float]:
        """Folder to repeat."""
        return self.priority if isinstance(self.priority, dict) else dict.fromkeys(self.priority, PRIORITY)


@step(version=36, libraries=("pymupdf", "python-docx", "rensa", "py3langid"), pages=CORPUS_PAGES)
def parse_corpus(params: ParseCorpus, context: StepContext) -> Corpus:
    """Write `corpus.jsonl`: sources without weight whole and in order, those with weights mixed; files by name within a source.

    Files of priority folders come first: of two copies the one that is seen more often stays.

    Raises RecipeError D102-D108 on the source that fails, D103 when `strict` and a file cannot be read, D104 when nothing is left,
    D109 when texts and conversations come together, D116 at the first bad row when that is asked for.
    """
    sieve = Sieve(params.clean, context.keep)
    complain = sieve.dropped.add if params.on_bad_row == "skip" else partial(_refused, sieve)
    reading = Reading(context.project, context.keep, context.event, complain, params.workers)
    if priorities := params.priorities:
        reading.priority = lambda name: priority_of(priorities, name)[1]
    tally = Tally(params.sources, context.seed)
    try:
        with (context.workdir / "corpus.jsonl").open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as out:
            for number, (name, repeat, kept) in _all(params, reading, sieve, tally, context.seed):
                out.writelines(tally.line(number, kept, name, repeat))
                if tally.documents % EVERY == 0:
                    context.progress(tally.documents, None, "documents")
                    if context.stopping():
                        raise context.stopped()
    finally:
        sieve.close()
    _report(params, context, reading, sieve, tally)
    return Corpus(
        documents_count=tally.documents,
        characters=tally.characters,
        bytes=tally.bytes,
        languages=dict(sorted(tally.languages.items())),
        sources=tally.by_label(),
        shape="chat" if tally.chats else "text",
    ).save(context.workdir)


def _refused(sieve: Sieve, reason: str, example: str) -> None:
    """Stop at a row that is none; what is left out by choice, and what was read and is right, is counted."""
    row = reason.partition(":")[0]
    if row not in (BROKEN, INCOMPLETE, ALTERED):
        sieve.dropped.add(reason, example)
        return
    raise RecipeError("D116", f"{row}: {example}", field="on_bad_row", fix="mend the row, or write on_bad_row: skip")


Placed = tuple[str, int, Kept]  # file or data set, how often training sees it, the document


def _all(params: ParseCorpus, reading: Reading, sieve: Sieve, tally: Tally, seed: int) -> Iterator[tuple[int, Placed]]:
    """Every document that is kept, with the number of its source."""
    from steps.text.mix import mixed

    whole = [i for i, source in enumerate(params.sources) if source.weight is None]
    weighed = [i for i, source in enumerate(params.sources) if source.weight is not None]

    def opener(i: int) -> Any:
        return lambda number: _kept(params, i, reading, sieve, tally, seed, first_pass=number == 0)

    for i in whole:
        yield from ((i, placed) for _, placed in opener(i)(0))
    if weighed:
        weights = [params.sources[i].weight or 1.0 for i in weighed]
        repeat = params.exhausted == "repeat"
        yield from ((weighed[i], placed) for i, placed in mixed([opener(i) for i in weighed], weights, repeat=repeat, seed=seed))


def _kept(
    params: ParseCorpus, i: int, reading: Reading, sieve: Sieve, tally: Tally, seed: int, *, first_pass: bool
) -> Iterator[tuple[int, Placed]]:
    """Documents of source `i` that stay, each after its number of characters, with its repeats drawn."""
    place, priorities = f"sources.{i}", params.priorities
    taken = 0
    for number, (name, document) in enumerate(stream(params.sources[i], reading, place, first_pass=first_pass)):
        source = reading.taken.get(place, params.sources[i])
        lang = source.lang or document.lang
        kept = sieve.look(document, lang, name, i) if first_pass else sieve.again(document, lang, i, number)
        if kept is None:
            continue
        folder, more = priority_of(priorities, name) if priorities else ("", 1.0)
        repeat = drawn(source.repeat * more * document.repeat * document.weight, kept.digest, seed)
        if not repeat:
            if first_pass:
                sieve.dropped.add("repeat below 1", f"{name}: {kept.text[:80]!r}")
            continue
        if folder:
            tally.priority(folder, repeat)
        if document.section:
            tally.section(document.section, repeat, document.weight)
        yield len(kept.text), (name, repeat, kept)
        taken += 1
        if taken == source.take:
            return


def _report(params: ParseCorpus, context: StepContext, reading: Reading, sieve: Sieve, tally: Tally) -> None:
    """Tell what was left out and why; keep the statistics. Raises RecipeError D103 and D104."""
    unreadable = reading.unreadable
    dropped, encodings, said = apart(sieve.dropped.facts())
    if unreadable:
        listed = by_reason(unreadable)
        message = f"{counted(unreadable, reading.files)}: {listed}"
        context.event("unreadable", files=unreadable, message=message)
        if params.strict:
            whole = sum("read" not in entry for entry in unreadable)
            files = "1 file" if len(unreadable) == 1 else f"{len(unreadable)} files"
            refused = f"{files} cannot be read{'' if whole == len(unreadable) else ' whole'}: {listed}"
            raise RecipeError("D103", refused, field="strict", fix="mend or move them")
    if dropped:
        context.event("dropped", message=in_words(dropped), reasons={r: e["count"] for r, e in dropped.items()})
    if encodings:
        context.event("encodings", encodings=encodings, message=said)
    facts = tally.facts(params.priorities) | sieve.facts() | {"dropped": dropped}
    facts |= {"files": reading.files, "unreadable": unreadable, "revisions": reading.revisions}
    if encodings:
        facts["encodings"] = encodings
    if reading.taken:
        facts["fallbacks"] = {params.sources[int(place.split(".")[1])].label: taken.label for place, taken in reading.taken.items()}
    if reading.addresses:
        facts["addresses"] = reading.addresses
    context.stats("corpus", facts)
    if not tally.documents:
        raise nothing_left(unreadable, dropped)
    for folder in params.priorities:
        if folder not in tally.by_priority:
            fix = "name a folder as it stands below the source's root"
            context.warn("D117", f"no document lies in the priority folder {folder}", field="priority", fix=fix)


@parse_corpus.reads
def reads(params: ParseCorpus, project: Path) -> list[Read]:
    """Files with their names relative to the glob's root; hub data sets by id, config, split and commit; URLs by their address."""
    found: list[Read] = []
    for number, given in enumerate(params.sources):
        source: Source | None = given
        mark = str(number)
        while source is not None:
            if source.path is not None:
                found += [Read(f"{mark}/{name}", path) for name, path in files_of(source.path, project)]
            elif source.hub is not None and (project / source.hub).is_dir():
                found += [Read(f"{mark}/{name}", path) for name, path in files_of(source.hub, project)]
            elif source.hub is not None:
                from steps.text.hub import pinned

                revision = source.revision or pinned(source.hub, project) or "main"
                identity = "|".join((source.hub, source.config or "", source.split, revision))
                found.append(Read(f"{mark}/hub", identity=identity))
            else:
                found.append(Read(f"{mark}/url", identity=keyed_url(source.url or "")))
            source, mark = source.fallback, f"{mark}.fallback"
    return sorted(found, key=lambda read: read.name)


@parse_corpus.forecast
def forecast(params: ParseCorpus, inputs: dict[str, Any], context: ForecastContext) -> CorpusForecast:
    """Sizes and first rows of local files; of hub data sets and URLs only what the recipe says."""
    from steps.text.outlook import outlook

    return outlook(params, context)


@parse_corpus.smoke
def smoke(params: dict[str, Any]) -> dict[str, Any]:
    """Forty documents of every source."""

    def small(source: Any) -> Any:
        if not isinstance(source, dict):
            return source
        most = source.get("take")
        less = {**source, "take": min(most, 40) if isinstance(most, int) else 40}
        return {**less, "fallback": small(source["fallback"])} if "fallback" in source else less

    sources = params.get("sources")
    return {**params, "sources": [small(s) for s in sources]} if isinstance(sources, list) else params
