"""Rules about what stands in the recipe and says nothing, or something else than it looks like."""

from pathlib import Path

import pytest

from tests.runner.judged import STORIES, meant

STEPS = "max_steps: 1000"


@pytest.mark.parametrize(
    ("old", "new", "fixed"),
    [
        (STEPS, STEPS + "\n    samples: ['One\\nTwo', plain]", "One\nTwo"),
        (STEPS, STEPS + '\n    samples: ["One\\nTwo"]', None),
        (STEPS, STEPS + "\n    samples: ['a formula: \\nabla f, \\nu']", None),
        (STORIES, STORIES[:-1] + ", columns: {text: '{title}\\n{text}'}}", "{title}\n{text}"),
        (STORIES, STORIES[:-1] + ", columns: {text: '{title}\\t{text}'}}", "{title}\t{text}"),
        (STORIES, STORIES[:-1] + ', columns: {text: "{title}\\n{text}"}}', None),
        ("export_ollama\n", "export_ollama\n    parameters: {stop: [\\n\\n]}\n", "\n\n"),
        ("export_ollama\n", 'export_ollama\n    parameters: {stop: ["\\n\\n"]}\n', None),
    ],
)
def test_a_line_end_is_written_in_double_quotes(tmp_path: Path, old: str, new: str, fixed: str | None):
    """The fix writes the line end that was meant; the letters of a formula are none."""
    found = [f for f in meant(tmp_path, (old, new)).findings if f.severity != "info"]
    assert [(f.code, f.edits[0].value) for f in found] == ([("K013", fixed)] if fixed else [])


@pytest.mark.parametrize(
    ("samples", "codes"),
    [
        ("[Once upon a time, there was a hen]", ["K014"]),
        ('["Once upon a time", "there was a hen"]', []),
        ("[Once upon a time, The hen sat down]", []),
        ("[Once, twice, thrice]", []),
        ("\n      - Once upon a time\n      - there was a hen", []),
    ],
)
def test_a_comma_that_parts_a_prompt_is_told(tmp_path: Path, samples: str, codes: list[str]):
    """Only where the second goes on as a sentence does; who quotes or lists them means two."""
    found = meant(tmp_path, (STEPS, f"{STEPS}\n    samples: {samples}")).findings
    assert [(f.code, f.severity) for f in found] == [(code, "info") for code in codes]
