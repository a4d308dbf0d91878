"""What is asked of a training that is done, by params that are in no key: bands, trackers and samples that were written since."""

import json
import shutil
from pathlib import Path
from typing import Any

from schemas import RecipeError
from schemas.step import Again
from schemas.training import Tracking
from steps.lm.trackers import all_told, logged, opened, tell
from steps.lm.watch import judge_again


def look_again(params: Any, side: Path, name: str) -> Again | None:
    """Judge a training by bands, tell its log to trackers, and say what is too late, as `params` have them now.

    side: the folder of its logs and statistics. name: of its run and step. Raises RecipeError S111 for a band that is to stop the run.
    """
    warnings, said = judge_again(params, side), []
    changed, warnings = warnings is not None, warnings or []
    for kind in Tracking.of(params.tracking).kinds():
        folder = side / "tracking" / kind / name.rpartition("/")[2]
        if folder.is_dir() and any(folder.iterdir()):
            continue
        try:
            said.append(_tell_all(kind, params, side, folder, name))
            changed = True
        except RecipeError as error:
            warnings.append(error)
    if late := _not_drawn(params.samples, side):
        said.append(late)
    return Again(warnings, said, changed) if changed or warnings or said else None


def _tell_all(kind: str, params: Any, side: Path, folder: Path, name: str) -> str:
    """Tell the whole log to a tracker, and say where it stands. Raises RecipeError S120."""
    part, lines = folder.with_name(f"{folder.name}.part"), logged(side / "logs")
    config = params.model_dump(mode="json", exclude_unset=True, exclude={"tracking"})
    try:
        tracker = opened(kind, Tracking.of(params.tracking), part, name, config, 0)
        with all_told(kind, tracker):
            for line in lines:
                tell(tracker, line)
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    last = max((line.step for line in lines), default=0)
    place = f"tracking/{kind}/{folder.name} of the run's folder" if str(part) in tracker.where else tracker.where
    return f"{kind}: told all {last:,} steps of this training, which was done before; {place}"


def _not_drawn(prompts: list[str], side: Path) -> str:
    """A word on prompts that were not continued while it was trained, empty where all were."""
    try:
        drawn = {sample["prompt"] for sample in json.loads((side / "stats" / "training.json").read_text("utf-8"))["samples"]}
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    late = [prompt for prompt in prompts if prompt not in drawn]
    if not late:
        return ""
    return (f"samples: {len(late)} of {len(prompts)} prompts came after this training was done and show no way there; "
            "recipe generate asks its model, recipe run --force trains it again")  # fmt: skip
