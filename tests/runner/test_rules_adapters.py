"""Names of layers that an adapter goes on: what is written so that they are names of the base."""

from pathlib import Path

import pytest

from tests.runner.judged import meant

TUNED = """\
  - type: train
    id: tuned
    model: {base: {step: train}}
    method: lora
    lora: {target_modules: TYPED}
    max_steps: 10
  - type: export_ollama
    checkpoint: tuned
"""


@pytest.mark.parametrize(
    ("typed", "fix"),
    [
        ("[in_proj x_proj]", "part them by commas: target_modules: [in_proj, x_proj]"),
        ("['in_proj,x_proj', dt_proj]", "part them by commas: target_modules: [in_proj, x_proj, dt_proj]"),
        ("[in_proj, dense]", "take dense out of target_modules"),
        ("[mixer.in_proj]", "write in_proj"),
        ("[x]", "write x_proj"),
        ("[dense]", "write target_modules: [in_proj, x_proj]"),
        ("in_proj x_proj", "write target_modules: [in_proj, x_proj]"),
    ],
)
def test_names_of_layers_are_parted_and_shortened(typed: str, fix: str, tmp_path: Path):
    """What else was named stays; a name with its path is its last part."""
    found = meant(tmp_path, ("  - type: export_ollama\n", TUNED.replace("TYPED", typed))).findings
    assert [f.fix for f in found if f.code in ("A101", "K002")] == [fix]
