"""A launcher that starts a run many times: none of its processes begins."""

import subprocess
import sys
from pathlib import Path

import pytest

from runner.launched import refuse_several
from schemas.findings import RecipeError
from tests.runner.by_hand import project, recipe, recipe_command

ONE = "recipe: it\nsteps:\n  - {type: shell, id: one, run: echo word > out.txt}\n"


def test_under_torchrun_no_process_runs_the_recipe(tmp_path: Path):
    """The real one starts two; they say what they are and how to start, and nothing is made."""
    pytest.importorskip("torch.distributed.run")
    project(tmp_path, ONE)
    command, how = recipe_command(tmp_path, "run", "recipes/it.yaml")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]
    done = subprocess.run([*launcher, *command], **how, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    said = "(RANK, WORLD_SIZE), and each would run the whole recipe: a training is one process on one device"
    assert any(f"R020: this is process {rank} of 2 {said}" in done.stderr for rank in (0, 1)), done.stderr  # one may end the other
    assert "fix: start it once, without torchrun, accelerate launch or mpirun: recipe run FILE" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_it_is_a_wrong_command_and_other_verbs_work(tmp_path: Path):
    """Exit code 64, as of any wrong command line; a check is no training."""
    project(tmp_path, ONE)
    many = {"WORLD_SIZE": "4", "LOCAL_RANK": "3"}
    assert recipe(tmp_path, "run", "recipes/it.yaml", **many).returncode == 64
    assert recipe(tmp_path, "check", "recipes/it.yaml", **many).returncode == 0


@pytest.mark.parametrize(
    "left",
    [{}, {"WORLD_SIZE": "4"}, {"RANK": "0", "LOCAL_RANK": "0"}, {"WORLD_SIZE": "1", "RANK": "0"}, {"WORLD_SIZE": "four", "RANK": "0"}],
)
def test_one_process_is_let_through(left: dict[str, str]):
    """A launcher of one, and what is left of another day and names no rank; as one of two it is refused."""
    refuse_several(left)
    with pytest.raises(RecipeError, match="R020"):
        refuse_several({**left, "WORLD_SIZE": "2", "RANK": "1"})


def test_mpirun_is_known():
    """By the variables of Open MPI."""
    with pytest.raises(RecipeError, match=r"R020: this is process 1 of 2 \(OMPI_COMM_WORLD_RANK, OMPI_COMM_WORLD_SIZE\)"):
        refuse_several({"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "1"})
