"""The steps after text with a place that nobody may write to: the system's error, which the runner tells as R001, and nothing half made.

validate_checkpoint writes nothing: what it vouches for is handed on as it stands.
"""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas import Checkpoint, Tokenizer
from steps.plan import PlanParams, plan
from steps.report import Report, report
from tests.conftest import ROOT, FakeContext
from tests.steps.disks import close, small_disk
from tests.steps.html import example_run

Step = Callable[[FakeContext], object]


def planning(place: Path) -> Step:
    subject = {"model": {"family": "mamba", "d_model": 64, "n_layers": 2, "d_state": 8}, "total_batch_size": 8, "max_seq_length": 64}
    params = PlanParams.model_validate({"subject": subject, "skip_dry_run": True})
    return lambda context: plan(params, Tokenizer(vocab_size=500), None, None, None, context)


def reporting(place: Path) -> Step:
    record = example_run.record(place / "run")

    def step(context: FakeContext) -> object:
        context.record = record
        return report(Report(), context)

    return step


def training(place: Path) -> Step:
    pytest.importorskip("torch")
    from tests.steps.lm.small import run

    return lambda context: run(context, max_steps=2)


def exporting(place: Path) -> Step:
    pytest.importorskip("gguf")
    pytest.importorskip("torch")
    from steps.export_ollama import ExportOllama, export_ollama
    from tests.steps.export import small_models

    small_models.tokenizer(place / "bpe", small_models.stories(ROOT / "data" / "stories"))
    made = small_models.checkpoint(place / "base", "mamba", place / "bpe", rows=512)
    params = ExportOllama.model_validate({"create": "never"})
    return lambda context: export_ollama(params, Checkpoint.load(made.path), [], context)


@pytest.mark.parametrize("prepared", [planning, reporting, training, exporting])
def test_a_read_only_disk_is_the_systems_error(tmp_path: Path, prepared: Callable[[Path], Step]):
    """EROFS; where it may write, the same step does."""
    step = prepared(tmp_path / "given")
    step(FakeContext(tmp_path / "open"))
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        context = FakeContext(disk)
        close(disk)
        with pytest.raises(OSError, match="Read-only file system") as error:
            step(context)
        assert error.value.errno == errno.EROFS
        assert not list(context.workdir.iterdir())
