"""Run a recipe on a disk that is full, read-only or both, with a little more room each time, and compare with an undisturbed run:
`python benchmarks/crash/full_disk.py [SEED]`. Linux, as root or where user namespaces may mount.

The recipe is quickstart with a small model: all ten step types. The disk is a real one, in memory, filled with ballast up to a few bytes.
A run may be done (0) or say R003 (1); a traceback, another code, or an artifact that differs from the undisturbed run's is wrong.
With --temporary, what the system calls the temporary folder is on that disk, too.
"""

import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from kill_anywhere import COMMAND, ROOT, SMALL, made, project

DISK = 96 << 20
SMALLER = {
    **SMALL,
    "steps.train.max_steps": 30,
    "steps.train.warmup_steps": 5,
    "steps.train.eval_steps": 10,
    "steps.plan.skip_dry_run": "true",
}
ROOMS = (0, 4 << 10, 16 << 10, 48 << 10, 128 << 10, 300 << 10, 700 << 10, 1 << 20, 2 << 20, 3 << 20, 4 << 20, 6 << 20, 9 << 20, 14 << 20)


def run(folder: Path, temporary: Path | None) -> tuple[int, str]:
    """One run: its exit code and all that it said."""
    sets = [word for name, value in SMALLER.items() for word in ("--set", f"{name}={value}")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **({"TMPDIR": str(temporary)} if temporary else {})}
    done = subprocess.run([*COMMAND, *sets], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def leave(folder: Path, room: int) -> None:
    """Fill the disk up to `room` bytes with a file of nothing."""
    ballast = folder.parent / "ballast"
    ballast.unlink(missing_ok=True)
    known = os.statvfs(folder)
    size = known.f_bavail * known.f_frsize - room
    if size > 0:
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)


def judge(code: int, said: str) -> str:
    """What is wrong with how a run on a full disk ended, or nothing."""
    if "Traceback" in said or "R900" in said:
        return "a traceback"
    if code not in (0, 1):
        return f"exit code {code}"
    if code == 1 and "R003" not in said:
        return "no word of the full disk"
    return ""


def main(seed: int, temporary: bool) -> int:
    """Print a line a run; return 1 when one was wrong."""
    draw = random.Random(seed)
    top = Path(tempfile.mkdtemp(prefix="recipe-full-"))
    code, said = run(project(top / "undisturbed"), None)
    if code:
        print(said)
        return 1
    expected = made(top / "undisturbed")
    disk = top / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(disk)], check=True)
    wrong = 0
    try:
        folder = project(disk / "project")
        place = disk / "tmp" if temporary else None
        if place:
            place.mkdir()
        rooms = sorted([*ROOMS, *(int(room * draw.uniform(0.3, 1)) for room in ROOMS[1:])])
        for room in [*rooms, DISK]:
            leave(folder, room)
            code, said = run(folder, place)
            told = judge(code, said) or ("not done with all the room there is" if room == DISK and code else "")
            wrong += bool(told)
            first = next((line for line in said.splitlines() if "R003" in line), said.strip().splitlines()[-1] if said.strip() else "")
            print(f"{room:>11,} bytes free: exit code {code}{f', WRONG: {told}' if told else ''}  {first.strip()[:150]}", flush=True)
            if told:
                (top / f"wrong-{room}.txt").write_text(said)
        found = made(folder) if not code else {}
        differing = sorted(name for name in expected if found.get(name) != expected[name])
        wrong += bool(differing)
        same = "the same artifacts and losses" if not differing else f"DIFFERS: {', '.join(differing)}"
        print(f"{same}; {wrong} wrong of {len(rooms) + 1} runs")
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    if wrong:
        print(f"what was said stands in {top}")
    return 1 if wrong else 0


if __name__ == "__main__":
    if os.geteuid():  # mounting needs it
        os.execvp("unshare", ["unshare", "--map-root-user", "--mount", sys.executable, *sys.argv])
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    sys.exit(main(int(words[0]) if words else 1, "--temporary" in sys.argv))
