"""recipes/phase1_tr.yaml and phase2_tr.yaml, run as they are but for text and sizes: the second goes on where the first ended."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from runner.commands.run import run
from tests.conftest import ROOT

pytest.importorskip("sentencepiece")

SMALL = """\
recipe: {name}
extends: {name}_real.yaml
target: here
vars: {{block: 48}}
steps:
  - type: parse_corpus
    sources:
      - {{path: stories/*.jsonl, columns: {{text: "<{{lang}}>{{title}}\\n{{text}}"}}, take: 24}}
  - {{type: train_tokenizer, model: bpe, vocab_size: 400}}
  - {{type: tokenize_bin, val_fraction: 0.2}}
  - {{type: plan, skip_dry_run: true}}
  - {{type: train, model: {{d_model: 16, n_layers: 2}}, total_batch_size: 2, eval_steps: 3, save_steps: 3, warmup_steps: 1, {train}, samples: [], expect: null}}
  - {{type: validate_checkpoint, prompts: []}}
"""  # noqa: E501  a recipe
FIRST = "max_steps: 6"
SECOND = "max_steps: 6, stages: [{steps: 3, train: [hebbian]}, {train: [all]}]"


def ran(place: Path, name: str, train: str, *drop: str) -> dict[str, str]:
    """How each step of a run came about."""
    real = (ROOT / "recipes" / f"{name}.yaml").read_text("utf-8").replace("extends: phase1_tr.yaml", "extends: phase1_tr_real.yaml")
    (place / "recipes" / f"{name}_real.yaml").write_text(real, "utf-8")
    written = SMALL.format(name=name, train=train) + "".join(f"  - {{type: {step}, drop: true}}\n" for step in drop)
    (place / "recipes" / f"{name}.yaml").write_text(written, "utf-8")
    done = CliRunner().invoke(run, [str(place / "recipes" / f"{name}.yaml")])
    assert done.exit_code == 0, done.output
    folder = sorted((place / "runs").glob(f"*{name}*"))[-1]
    return {step["id"]: step["status"] for step in json.loads((folder / "metadata.json").read_text("utf-8"))["steps"]}


def logged(place: Path, name: str) -> list[dict]:
    folder = sorted((place / "runs").glob(f"*{name}*"))[-1]
    return [json.loads(line) for line in (folder / "logs" / "eval_steps.jsonl").read_text("utf-8").splitlines()]


def test_phase_2_begins_with_what_phase_1_ended_with(tmp_path: Path):
    """Text, tokenizer and bins come from the store; at step 0 the loss is phase 1's last; the memories are the new weights, and are trained
    alone at first. (Some 10 s of CPU time: two whole runs.)
    """
    (tmp_path / "recipes").mkdir()
    shutil.copytree(ROOT / "data" / "stories", tmp_path / "stories")
    ran(tmp_path, "phase1_tr", FIRST, "export_ollama", "report")
    how = ran(tmp_path, "phase2_tr", SECOND, "report")
    assert {step for step, status in how.items() if status == "reused"} >= {"parse_corpus", "train_tokenizer", "tokenize_bin"}
    first, second = logged(tmp_path, "phase1_tr"), logged(tmp_path, "phase2_tr")
    assert second[0]["step"] == 0
    assert second[0]["eval_loss"] == pytest.approx(first[-1]["eval_loss"], abs=1e-6)
    folder = sorted((tmp_path / "runs").glob("*phase2_tr*"))[-1]
    events = [json.loads(line) for line in (folder / "logs" / "events.jsonl").read_text("utf-8").splitlines()]
    (taken,) = [event for event in events if event["event"] == "init_from"]
    assert (taken["missing"], taken["unused"]) == ([], [])
    assert all(".hebbian." in name for name in taken["new"])
    assert [event["train"] for event in events if event["event"] == "stage"] == [["hebbian"], ["all"]]
