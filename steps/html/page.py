"""The page as one HTML text: sections in their order, each filled into its template; what fails is told on the page itself."""

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from re import sub
from typing import TYPE_CHECKING, Any

from steps.html import about_corpus, about_evaluation, about_model, about_run, about_text, about_training
from steps.html.about_run import Section
from steps.html.headline import headline, lead, state, tiles, total_seconds
from steps.html.runlog import RunLog
from steps.html.words import moment, span

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
SECTIONS: tuple[Callable[[RunLog], Section | None], ...] = (
    about_run.steps,
    about_run.findings,
    about_model.validation,
    about_training.samples,
    about_model.words,
    about_training.loss,
    about_evaluation.given_up,
    about_training.course,
    about_evaluation.sources,
    about_training.expectations,
    about_training.figures,
    about_training.plan,
    about_corpus.corpus,
    about_text.tokenizer,
    about_text.bins,
    about_text.lengths,
    about_model.export,
    about_run.others,
    about_run.events,
    about_run.configuration,
    about_run.machine,
)


def page(run: RunLog, title: str = "") -> str:
    """The whole report as HTML that needs nothing beside itself.

    What could not be shown is added to `run.problems` and stands on the page.
    """
    environment = _environment()
    parts = environment.get_template("parts.html").module
    sections: list[dict[str, Any]] = []
    for build in SECTIONS:
        try:
            section = build(run)
            if section is not None:
                sections.append({"id": section.id, "title": section.title, "html": getattr(parts, section.template)(**section.data)})
        except (TypeError, ValueError, KeyError, AttributeError, IndexError, ArithmeticError) as error:
            # statistics of a step of another package, or of another version, may have any shape: one section less, and it is said
            run.problems.append(f"section {build.__name__}: its statistics are not as expected ({type(error).__name__}: {error})")
    missing = about_run.problems(run)
    if missing is not None:
        sections.insert(min(1, len(sections)), {"id": missing.id, "title": missing.title, "html": parts.problems(**missing.data)})  # type: ignore[attr-defined]
    style = (HERE / "page.css").read_text("utf-8")
    record = run.record
    text = environment.get_template("page.html").render(
        name=title or record.recipe,
        recipe=record.recipe if title and title != record.recipe else "",
        about=record.about,
        headline=headline(run),
        lead=lead(run),
        tiles=tiles(run),
        state=state(run),
        smoke=record.smoke,
        started=moment(record.started),
        seconds=span(total_seconds(run)) if total_seconds(run) else "",
        run=record.run,
        sections=sections,
        style=style,
        style_hash=b64encode(sha256(style.encode()).digest()).decode(),
    )
    return printable(text)


def printable(text: str) -> str:
    """The text with what no browser may see made visible: control characters as their pictures, halves of surrogate pairs as U+FFFD."""
    text = sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", lambda found: chr(0x2400 + ord(found[0])), text.replace("\r\n", "\n").replace("\r", "\n"))
    return sub(r"[\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]", "\ufffd", text)


def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # heavy: only when a page is written
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False
    )
    environment.filters["together"] = lambda text: sub(
        r"(?<=\d) (?=(?:%|[kMGTB]?B|M|T|GiB|MiB|s|ms|min|h)\b|%)", "\u00a0", text
    )  # a figure keeps its unit
    environment.filters["css"] = Markup  # our own style sheet: its quotes must reach the browser as they are, or its hash is wrong
    return environment
