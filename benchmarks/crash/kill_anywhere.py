"""Kill `recipe run` with -9 at random moments until it is done, and compare with an undisturbed run:
`python benchmarks/crash/kill_anywhere.py [ROUNDS] [SEED]`.

The recipe is quickstart with a small model: real text, all ten step types. A round ends when a run ends by itself; then the
digests of all artifacts but the report's, and the logged losses, must be those of the undisturbed run.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-m", "runner.cli", "run", "recipes/quickstart.yaml", "--quiet"]
SMALL = {
    "steps.train.max_steps": 120,
    "steps.train.model.d_model": 32,
    "steps.train.save_steps": 10,
    "steps.train.eval_steps": 40,
    "steps.train.expect": "{}",
}


def project(folder: Path) -> Path:
    """A project with the shipped recipes and stories."""
    for name in ("recipes", "data"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def start(folder: Path) -> subprocess.Popen[bytes]:
    """One run, in a process group of its own."""
    sets = [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}")]
    log = (folder / "log.txt").open("ab")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([*COMMAND, *sets], cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)


def made(folder: Path) -> dict[str, object]:
    """Digest of each step's artifact but the report's, and the losses as logged."""
    last = json.loads((folder / ".recipe" / "last" / "quickstart.json").read_text())
    digests: dict[str, object] = {name: row["digest"] for name, row in last["steps"].items() if name != "report"}
    lines = (folder / "runs" / "latest" / "logs" / "train_steps.jsonl").read_text().splitlines()
    digests["losses"] = [(line["step"], line["train_loss"]) for line in map(json.loads, lines)]
    return digests


def main(rounds: int, seed: int) -> int:
    """Print a line a round; return 1 when one differed."""
    draw = random.Random(seed)
    top = Path(tempfile.mkdtemp(prefix="recipe-kill-"))
    began = time.monotonic()
    if start(project(top / "undisturbed")).wait() != 0:
        print((top / "undisturbed" / "log.txt").read_text())
        return 1
    whole = time.monotonic() - began
    expected = made(top / "undisturbed")
    print(f"undisturbed: {whole:.1f} s, {len(expected) - 1} artifacts, {len(expected['losses'])} logged losses")  # type: ignore[arg-type]
    wrong = kills = 0
    for number in range(rounds):
        folder = project(top / f"round{number}")
        here = 0
        while True:
            running = start(folder)
            try:
                code = running.wait(timeout=draw.uniform(0.2, whole * 0.8))
                break
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()
                here += 1
        kills += here
        found = made(folder) if code == 0 else {}
        differing = sorted(name for name in expected if found.get(name) != expected[name])
        wrong += bool(differing or code)
        print(
            f"round {number}: {here} kills, exit code {code}, {'the same' if not differing else 'DIFFERS: ' + ', '.join(differing)}",
            flush=True,
        )
        if not differing and not code:
            shutil.rmtree(folder)
    print(f"{wrong} wrong of {rounds} rounds, {kills} kills")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, int(sys.argv[2]) if len(sys.argv) > 2 else 1))
