"""Templates of columns: what stands in twice the braces is no column, and every row becomes the same text."""

from collections.abc import Iterator

from runner.columns import as_written
from runner.rules import View, path, rule, say, sources
from runner.rules.relined import in_braces
from schemas.findings import Edit, Finding, RulePage
from steps.text.rows import fields_of


@rule(
    RulePage(
        "D189",
        "a template that names no column",
        "A column stands in one pair of braces. Two are how a brace itself is written, as in Python's format: {{title}}, which Jinja and "
        "other tools take for the column, is the text {title} in every row. All rows are then alike, and all but one are dropped.",
        wrong='columns: {text: "{{title}}\\n{{text}}"}',
        right='columns: {text: "{title}\\n{text}"}',
        source="Python's documentation of str.format: {{ and }} are literal braces; Jinja's of {{ }}",
        needs="the first rows of JSONL, CSV and parquet files",
    )
)
def templates_name_columns(view: View) -> Iterator[Finding]:
    """D189: a template with braces in which no column stands; the fix where the names in them are columns."""
    for step in view.of_type("parse_corpus"):
        for where, source, _ in sources(step):
            columns = source.get("columns")
            for role, value in columns.items() if isinstance(columns, dict) else ():
                if not isinstance(value, str) or "{{" not in value or fields_of(value):
                    continue
                found = [name for file in view.tables(source)[:1] for _, row in view.head(file, source.get("format")).rows for name in row]
                better = in_braces(value, found)
                edits = (Edit("set", (*path(step, where), "columns", role), better),) if better else ()
                fix = f"write {role}: {as_written(better)}" if better else "put each column's name into one pair of braces"
                message = "{{ and }} are braces of the text itself, so that no column stands in the template: every row is the same"
                yield say("D189", step, f"{where}.columns.{role}", message, fix, edits=edits)
