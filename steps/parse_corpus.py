"""parse_corpus: read files, hub data sets and URLs, and write one clean corpus."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas import (
    Corpus,
    CorpusForecast,
    Document,
    ForecastContext,
    Positive,
    Read,
    RecipeError,
    RulePage,
    StepContext,
    StepParams,
    Strict,
)
from steps import step
from steps.text.clean import Dropped, Seen, cleaned
from steps.text.documents import Format, Split
from steps.text.sources import Reading, files_of, stream

EVERY = 200  # documents between two looks at the clock and the stop sign

PAGES = (
    RulePage(
        "D101",
        "a source names no place, or two",
        "A source is one of: files (`path`), a data set (`hub`), a file behind an address (`url`). "
        "What belongs to another kind has no effect and is refused.",
        wrong="sources: [{path: data/*.txt, hub: roneneldan/TinyStories}]",
        right="sources: [{path: data/*.txt}, {hub: roneneldan/TinyStories}]",
    ),
    RulePage("D102", "no file matches", "Paths are relative to the project's folder, the one above `recipes/`; `**` goes through folders."),
    RulePage(
        "D103",
        "files cannot be read, and strict asks for all",
        "Without `strict: true` damaged files are listed with the reason in the report and the rest is used.",
    ),
    RulePage("D104", "nothing could be read", "Every file of every source failed, was empty, or was dropped by cleaning."),
    RulePage("D105", "a library for this format is missing", "Readers load only when a file of their format comes."),
    RulePage(
        "D106",
        "a column does not exist",
        "`columns` names columns of the rows, alone or in a template in braces.",
        wrong='columns: {text: "{titel}\\n{text}"}',
        right='columns: {text: "{title}\\n{text}"}',
    ),
    RulePage(
        "D107", "a hub data set cannot be read", "The id, config, split or revision is wrong, or there is no network. A fallback is taken."
    ),
    RulePage("D108", "an address cannot be fetched", "The server did not give the file. A fallback is taken when there is one."),
    RulePage(
        "D109",
        "texts and conversations in one corpus",
        "Conversations are trained on their answers only, texts on every token: they are two corpora.",
        wrong="sources: [{path: papers}, {path: pairs.jsonl}]",
        right="two parse_corpus steps, and corpus: [papers, pairs] in the step that takes both",
    ),
)


class Source(Strict):
    """One place that documents come from, and how they are read."""

    path: str | None = Field(default=None, description="file, folder or glob, relative to the project")
    hub: str | None = Field(default=None, description="data set on the Hugging Face hub, or a folder in its layout")
    config: str | None = Field(default=None, description="configuration of the data set")
    split: str = Field(default="train", description="split of the data set")
    revision: str | None = Field(default=None, description="commit of the data set; unpinned it is resolved once and recorded")
    url: str | None = Field(default=None, description="address of one file")
    format: Format = Field(default="auto", description="auto goes by the extension")
    document: Split | None = Field(default=None, description="what one document is in a text: the file, a blank line's part, or a line")
    columns: dict[Literal["text", "title", "lang", "messages", "instruction", "input", "output", "system"], str] | None = Field(
        default=None, description='role to column or template: {text: "{title}\\n{text}"}'
    )
    lang: str | None = Field(default=None, description="language of all its documents; else the row's lang, else tr or en by common words")
    weight: float | None = Field(default=None, gt=0, description="share of characters drawn, relative to the other weights")
    take: Positive | None = Field(default=None, description="at most so many documents")
    repeat: float = Field(default=1.0, gt=0, description="how often training sees it: 2.5 is twice, and a seeded half a third time")
    references: Literal["drop", "keep"] = Field(default="drop", description="reference lists of papers")
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
        return self

    @property
    def label(self) -> str:
        """Its name in statistics."""
        return self.path or self.url or f"{self.hub}{f'/{self.config}' if self.config else ''}"


class Clean(Strict):
    """What is done to every document, and which are dropped."""

    nfc: bool = Field(default=True, description="compose letters and their accents")
    whitespace: bool = Field(default=True, description="line breaks as \\n, no control characters, no blanks at line ends")
    dedup: Literal["exact", "none"] = Field(default="exact", description="drop documents whose text came before")
    min_characters: Positive = Field(default=1, description="shorter documents are dropped")
    max_characters: Positive | None = Field(default=None, description="longer documents are dropped")


class ParseCorpus(StepParams):
    """What is read, how it is mixed, and how it is cleaned."""

    sources: list[Source] = Field(min_length=1)
    exhausted: Literal["stop", "repeat"] = Field(default="stop", description="what weights do when the first source is spent")
    priority: dict[str, float] = Field(default_factory=dict, description="folder below a source's root to how often it is repeated")
    clean: Clean = Field(default=Clean())
    strict: bool = Field(default=False, description="fail when a file cannot be read")

    @model_validator(mode="after")
    def _fits(self) -> "ParseCorpus":
        for folder, repeat in self.priority.items():
            if repeat <= 0:
                raise PydanticCustomError("D101", "priority {folder} must be above 0", {"folder": folder, "name": f"priority.{folder}"})
        if self.exhausted == "repeat" and not any(s.weight for s in self.sources):
            raise PydanticCustomError("D101", "exhausted has no effect without a weight", {"name": "exhausted", "fix": "delete exhausted"})
        return self


@step(version=1, libraries=("pymupdf", "python-docx"), pages=PAGES)
def parse_corpus(params: ParseCorpus, context: StepContext) -> Corpus:
    """Write `corpus.jsonl`: sources without weight whole and in order, those with weights mixed; files by name within a source.

    Raises RecipeError D102-D108 on the source that fails, D103 when `strict` and a file cannot be read, D104 when nothing is left,
    D109 when texts and conversations come together.
    """
    reading = Reading(context.project, context.keep, context.event)
    counts = _Counts(params, context)
    with (context.workdir / "corpus.jsonl").open("w", encoding="utf-8", newline="\n") as out:
        for number, document in _all(params, reading, context.seed):
            out.write(counts.line(number, document))
    if reading.unreadable:
        listed = "; ".join(f"{entry['file']}: {entry['reason']}" for entry in reading.unreadable[:5])
        context.event("unreadable", files=reading.unreadable, message=f"{len(reading.unreadable)} files could not be read: {listed}")
        if params.strict:
            raise RecipeError("D103", f"{len(reading.unreadable)} files cannot be read: {listed}", field="strict", fix="mend or move them")
    context.stats("corpus", counts.facts(reading))
    if not counts.documents:
        why = "; ".join(f"{entry['file']}: {entry['reason']}" for entry in reading.unreadable[:3])
        why = why or "; ".join(f"{entry['count']} {reason}" for reason, entry in reading.dropped.facts().items()) or "the sources are empty"
        raise RecipeError("D104", f"no document is left ({why})", field="sources", fix="name other files, or clean less")
    return counts.artifact().save(context.workdir)


def _all(params: ParseCorpus, reading: Reading, seed: int) -> Iterator[tuple[int, Document]]:
    """Every document that is kept, with the number of its source."""
    from steps.text.mix import mixed

    seen = Seen()
    whole = [i for i, source in enumerate(params.sources) if source.weight is None]
    weighed = [i for i, source in enumerate(params.sources) if source.weight is not None]

    def opener(i: int) -> Any:
        return lambda first_pass: _kept(params, i, reading, seed, seen if first_pass else Seen(), first_pass)

    for i in whole:
        yield from ((i, document) for document in opener(i)(True))
    if weighed:
        weights = [params.sources[i].weight or 1.0 for i in weighed]
        for i, document in mixed([opener(i) for i in weighed], weights, repeat=params.exhausted == "repeat"):
            yield weighed[i], document


def _kept(params: ParseCorpus, i: int, reading: Reading, seed: int, seen: Seen, first_pass: bool) -> Iterator[Document]:
    """Documents of source `i`, cleaned, counted, with origin and repeats."""
    from blake3 import blake3

    from steps.text.language import guessed_language

    source, clean = params.sources[i], params.clean
    dropped = reading.dropped if first_pass else Dropped()
    taken = 0
    for document in stream(source, reading, f"sources.{i}", first_pass=first_pass):
        if document.messages is None:
            text = cleaned(document.text, nfc=clean.nfc, whitespace=clean.whitespace)
        else:
            document = _clean_chat(document, clean)
            text = document.text
        digest = blake3(text.encode("utf-8")).digest(16)
        if reason := _reason(text, digest, clean, seen):
            dropped.add(reason, f"{document.source}: {text[:80]!r}")
            continue
        repeat = _repeats(source.repeat * _priority(params.priority, document.source), digest, seed)
        if not repeat:
            dropped.add("repeat below 1", f"{document.source}: {text[:80]!r}")
            continue
        lang = document.lang or guessed_language(text)
        yield document.model_copy(update={"text": text, "lang": lang, "origin": digest.hex(), "repeat": repeat})
        taken += 1
        if taken == source.take:
            return


def _clean_chat(document: Document, clean: Clean) -> Document:
    from steps.text.chat import render

    messages = [{**m, "content": cleaned(m["content"], nfc=clean.nfc, whitespace=clean.whitespace)} for m in document.messages or []]
    return document.model_copy(update={"messages": messages, "text": render(messages).text})


def _reason(text: str, digest: bytes, clean: Clean, seen: Seen) -> str:
    """Why a document is dropped, or nothing."""
    if not text.strip():
        return "empty"
    if len(text) < clean.min_characters:
        return "too short"
    if clean.max_characters is not None and len(text) > clean.max_characters:
        return "too long"
    if clean.dedup == "exact" and not seen.add(int.from_bytes(digest[:8], "little")):
        return "duplicate"
    return ""


def _priority(priority: dict[str, float], name: str) -> float:
    """The repeat of the deepest priority folder that `name` lies in."""
    best, depth = 1.0, -1
    for folder, repeat in priority.items():
        wanted = folder.strip("/").split("/")
        parts = name.split("/")[:-1]
        inside = any(parts[i : i + len(wanted)] == wanted for i in range(len(parts)))
        if inside and len(wanted) > depth:
            best, depth = repeat, len(wanted)
    return best


def _repeats(repeat: float, digest: bytes, seed: int) -> int:
    """Whole repeats: the fraction is drawn from the seed and the text."""
    whole, part = int(repeat), repeat - int(repeat)
    return whole + (part > 0 and random.Random(f"{seed}:{digest.hex()}").random() < part)


class _Counts:
    """Counts while the corpus is written."""

    def __init__(self, params: ParseCorpus, context: StepContext) -> None:
        self.params, self.context = params, context
        self.documents = self.characters = self.bytes = self.chats = 0
        self.languages: Counter[str] = Counter()
        self.by_source = [[0, 0] for _ in params.sources]

    def line(self, number: int, document: Document) -> str:
        """The document as its line of corpus.jsonl, counted."""
        row = {k: v for k, v in document.model_dump().items() if v not in ("", None) and (k, v) != ("repeat", 1)}
        self.chats += document.messages is not None
        self.documents += 1
        if 0 < self.chats < self.documents:
            raise RecipeError(
                "D109",
                f"{self.params.sources[number].label} holds {'conversations' if document.messages else 'texts'}, what came before does not",
                field=f"sources.{number}",
                fix="give each kind its own parse_corpus step",
            )
        self.characters += len(document.text)
        self.bytes += len(document.text.encode("utf-8"))
        self.languages[document.lang or "und"] += 1
        self.by_source[number][0] += 1
        self.by_source[number][1] += len(document.text)
        if self.documents % EVERY == 0:
            self.context.progress(self.documents, None, "documents")
            if self.context.stopping():
                raise self.context.stopped()
        return json.dumps(row, ensure_ascii=False) + "\n"

    def facts(self, reading: Reading) -> dict[str, Any]:
        """For the statistics."""
        sources = [
            {"source": source.label, "documents": documents, "characters": characters}
            for source, (documents, characters) in zip(self.params.sources, self.by_source, strict=True)
        ]
        return {
            "documents": self.documents,
            "characters": self.characters,
            "bytes": self.bytes,
            "files": reading.files,
            "languages": dict(sorted(self.languages.items())),
            "sources": sources,
            "dropped": reading.dropped.facts(),
            "unreadable": reading.unreadable,
            "revisions": reading.revisions,
        }

    def artifact(self) -> Corpus:
        """The description of the corpus."""
        sources: Counter[str] = Counter()
        for source, (documents, _) in zip(self.params.sources, self.by_source, strict=True):
            sources[source.label] += documents
        return Corpus(
            documents_count=self.documents,
            characters=self.characters,
            bytes=self.bytes,
            languages=dict(sorted(self.languages.items())),
            sources=dict(sources),
            shape="chat" if self.chats else "text",
        )


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
                identity = "|".join((source.hub, source.config or "", source.split, source.revision or "main"))
                found.append(Read(f"{mark}/hub", identity=identity))
            else:
                found.append(Read(f"{mark}/url", identity=source.url or ""))
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
