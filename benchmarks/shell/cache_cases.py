"""The 24 cache cases on which peers give a wrong result in silence: `python benchmarks/shell/cache_cases.py` prints N wrong.

Each case: a project is run to its end, something happens, it is run again; the result must be what a run from nothing would
give, and nothing more than needed may have been done (counted by lines that each command appends to `did`).
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from pipeline import RECIPE, environment, workshop

TEXT = """\
# a comment
recipe: cases
seed: 1
steps:
  - type: shell
    id: a
    run: echo a >> $MARKS/did; sort $PROJECT/in.txt > out.txt
    inputs: [in.txt]
  - type: shell
    id: other
    run: echo other >> $MARKS/did; echo other > out.txt
  - type: shell
    id: b
    files: [a]
    run: echo b >> $MARKS/did; {nap} head -n 2 $IN/out.txt > out.txt
  - type: shell
    id: c
    files: [b, other]
    run: echo c >> $MARKS/did; for f in $(echo $IN | tr ":" " "); do cat $f/out.txt; done > out.txt
"""
FINAL = "apple\nberry\nother\n"
NAP = "echo half > out.txt; touch $MARKS/began; sleep 1;"


class Case:
    """One project, run once."""

    def __init__(self, text: str = TEXT.format(nap=""), *, run: bool = True) -> None:
        self.folder, self.marks = workshop(), workshop()
        self.variables = {**environment(), "MARKS": str(self.marks)}
        self.file = self.folder / "recipes" / "cases.yaml"
        self.file.parent.mkdir()
        self.file.write_text(text)
        self.source = self.folder / "in.txt"
        self.source.write_text("cherry\nberry\napple\n")
        self.output = ""
        if run:
            self.run()
            time.sleep(0.03)

    def run(self, *options: str) -> list[str]:
        """Run it; the ids of the steps whose commands were started."""
        (self.marks / "did").write_text("")
        done = subprocess.run(
            [*RECIPE, "run", "recipes/cases.yaml", *options],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        self.code, self.output = done.returncode, done.stdout + done.stderr
        return (self.marks / "did").read_text().split()

    def start(self) -> subprocess.Popen[bytes]:
        """Begin a run and wait until its step b is at work."""
        (self.marks / "began").unlink(missing_ok=True)
        quiet = subprocess.DEVNULL
        command = [*RECIPE, "run", "recipes/cases.yaml"]
        running = subprocess.Popen(command, cwd=self.folder, env=self.variables, stdout=quiet, stderr=quiet, start_new_session=True)
        while not (self.marks / "began").exists() and running.poll() is None:
            time.sleep(0.01)
        return running

    def edit(self, old: str, new: str) -> None:
        """Change the recipe's text."""
        text = self.file.read_text()
        assert old in text, old
        self.file.write_text(text.replace(old, new))

    def shown(self, step: str = "c") -> str:
        """What the last run shows as the result of a step."""
        return (self.folder / "runs" / "latest" / "artifacts" / step / "out.txt").read_text()

    def right(self, did: list[str], wanted: str, final: str = FINAL) -> bool:
        """Exactly these steps ran, it ended well, and the result is that."""
        return self.code == 0 and did == wanted.split() and self.shown() == final

    def spoil(self, path: Path, *, keep_mtime: bool) -> None:
        """Flip a byte."""
        before = path.stat()
        os.chmod(path, 0o644)
        data = bytearray(path.read_bytes())
        data[0] ^= 1
        path.write_bytes(data)
        os.chmod(path, 0o444)
        if keep_mtime:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def no_change() -> bool:
    case = Case()
    return case.right(case.run(), "")


def one_param() -> bool:
    case = Case()
    case.edit("head -n 2", "head -n 1")
    return case.right(case.run(), "b c", "apple\nother\n")


def same_output() -> bool:
    case = Case()
    case.edit("head -n 2 $IN/out.txt", "cat $IN/out.txt | head -n 2")
    return case.right(case.run(), "b")


def there_and_back() -> bool:
    case = Case()
    case.edit("head -n 2", "head -n 1")
    case.run()
    case.edit("head -n 1", "head -n 2")
    return case.right(case.run(), "")


def comments() -> bool:
    case = Case()
    case.edit("# a comment", "# another\n\n# and one more")
    return case.right(case.run(), "")


def key_order() -> bool:
    case = Case()
    case.edit("recipe: cases\nseed: 1\n", "seed: 1\nrecipe: cases\n")
    case.edit("    id: b\n    files: [a]\n", "    files: [a]\n    id: b\n")
    return case.right(case.run(), "")


def block_order() -> bool:
    case = Case()
    head, *blocks = case.file.read_text().split("  - type: shell\n")
    a, other, b, c = blocks
    case.file.write_text("  - type: shell\n".join([head, other, a, b, c]))
    return case.right(case.run(), "")


def undeclared_script() -> bool:
    case = Case(run=False)
    (case.folder / "script.sh").write_text("head -n 2 $1")
    case.edit("head -n 2 $IN/out.txt", "sh $PROJECT/script.sh $IN/out.txt")
    case.run()
    said = "X002" in case.output and "script.sh" in case.output
    (case.folder / "script.sh").write_text("head -n 1 $1")
    return said and case.right(case.run(), "b c", "apple\nother\n")


def touch() -> bool:
    case = Case()
    os.utime(case.source)
    return case.right(case.run(), "")


def content() -> bool:
    case = Case()
    case.source.write_text("cherry\nberry\nacorn\n")
    return case.right(case.run(), "a b c", "acorn\nberry\nother\n")


def content_in_disguise() -> bool:
    case = Case()
    before = case.source.stat()
    case.source.write_text("cherry\nberry\nacorn\n")
    os.utime(case.source, ns=(before.st_atime_ns, before.st_mtime_ns))
    return case.right(case.run(), "a b c", "acorn\nberry\nother\n")


def export_deleted() -> bool:
    case = Case()
    (case.folder / "runs" / "latest" / "artifacts" / "c" / "out.txt").unlink()
    return case.right(case.run(), "")


def killed(group: bool) -> bool:
    case = Case(TEXT.format(nap=NAP), run=False)
    running = case.start()
    (os.killpg if group else os.kill)(running.pid, signal.SIGKILL)
    running.wait()
    return case.right(case.run(), "b c")


def killed_under_another_param() -> bool:
    case = Case(TEXT.format(nap=NAP))
    case.edit("head -n 2", "head -n 1")
    running = case.start()
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    case.edit("head -n 1", "head -n 2")
    return case.right(case.run(), "")


def interrupted() -> bool:
    case = Case(TEXT.format(nap=NAP), run=False)
    running = case.start()
    os.killpg(running.pid, signal.SIGINT)
    return running.wait() == 130 and case.right(case.run(), "b c")


def failed_half_way() -> bool:
    case = Case(TEXT.format(nap="echo half > out.txt; exit 3;"), run=False)
    case.run()
    failed = case.code == 1
    case.edit("echo half > out.txt; exit 3;", "")
    return failed and case.right(case.run(), "b c")


def two_at_once() -> bool:
    case = Case(TEXT.format(nap=NAP), run=False)
    both = [case.start(), case.start()]
    codes = [running.wait() for running in both]
    once = sorted((case.marks / "did").read_text().split()) == ["a", "b", "c", "other"]
    return codes == [0, 0] and once and case.right(case.run(), "")


def flipped(where: str, keep_mtime: bool) -> bool:
    case = Case()
    if where == "store":
        path = next(p for p in (case.folder / ".recipe/store/objects").glob("*/artifact/out.txt") if p.read_text() == "apple\nberry\n")
        case.spoil(path, keep_mtime=keep_mtime)
        return case.right(case.run(), "b")
    case.spoil(case.folder / "runs" / "latest" / "artifacts" / where / "out.txt", keep_mtime=keep_mtime)
    return case.right(case.run(), "") and case.shown("b") == "apple\nberry\n"


CASES: dict[str, Callable[[], bool]] = {
    "no change": no_change,
    "one param": one_param,
    "a param whose output stays the same": same_output,
    "changed and changed back": there_and_back,
    "comments": comments,
    "reversed keys": key_order,
    "reversed blocks": block_order,
    "an undeclared script": undeclared_script,
    "touch": touch,
    "content": content,
    "content with size and mtime kept": content_in_disguise,
    "an exported output deleted": export_deleted,
    "kill -9 of runner and step": lambda: killed(True),
    "kill -9 of the runner alone": lambda: killed(False),
    "kill -9 under a new param, and back": killed_under_another_param,
    "SIGINT": interrupted,
    "failing half-way, then mended": failed_half_way,
    "two runs at once": two_at_once,
    "a flipped byte in an output": lambda: flipped("b", False),
    "a flipped byte in an output, mtime kept": lambda: flipped("b", True),
    "a flipped byte in a final output": lambda: flipped("c", False),
    "a flipped byte in a final output, mtime kept": lambda: flipped("c", True),
    "a flipped byte in the store": lambda: flipped("store", False),
    "a flipped byte in the store, mtime kept": lambda: flipped("store", True),
}


def main() -> int:
    """Run all cases, or those whose names are given."""
    wrong = 0
    for name in sys.argv[1:] or CASES:
        good = CASES[name]()
        wrong += not good
        print(f"{'right' if good else 'WRONG'}  {name}", flush=True)
    print(f"{wrong} wrong of {len(sys.argv[1:] or CASES)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
