"""What the campaigns of this folder share: bytes and plain data with a few things wrong, and the count of what came out as a traceback."""

import random
import signal
import sys
import traceback
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 0.5, 1e308, -1e-9, float("nan"), float("inf"), 10**30, "", "x", "${x}", "$", "a b", "auto", "none", "512",
    "1e-3", [], [1], ["a", "b"], [[]], [None], {}, {"a": 1}, "2026-11-27", "0x10", "é", "😀", "*", "&a", "- a", "{", "~", "null", "yes",
    ":", {"hub": "a/b"}, {"path": "."}, {"step": "x"}, [{"path": "."}], "https://x.y/z?token=1", "llama", "mamba", {"content": None},
)  # fmt: skip


PATIENCE_S = 20


def _too_long(*_: object) -> None:
    raise TimeoutError(f"no answer within {PATIENCE_S} s")


class Met:
    """Tracebacks by the exception and the line of ours that it came from, the first of each kept with its input.

    An answer that takes longer than PATIENCE_S is one too.
    """

    def __init__(self) -> None:
        signal.signal(signal.SIGALRM, _too_long)
        self.tried = 0
        self.found: dict[tuple[str, str, int], int] = {}

    def run(self, work: Callable[[], object], expected: tuple[type[Exception], ...], given: str) -> None:
        """Do `work`; what is `expected` is an answer, all else our bug. given: what it was done on, to be printed beside the first."""
        self.tried += 1
        signal.alarm(PATIENCE_S)
        try:
            work()
        except expected:
            return
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            frames = [frame for frame in traceback.extract_tb(error.__traceback__) if str(ROOT) in frame.filename]
            key = type(error).__name__, Path(frames[-1].filename).name, frames[-1].lineno or 0
            self.found[key] = self.found.get(key, 0) + 1
            if self.found[key] == 1:
                print(f"{traceback.format_exc()}on:\n{given[:4000]}\n", flush=True)
        finally:
            signal.alarm(0)

    def report(self) -> bool:
        """Print the counts; True without a traceback."""
        for (name, file, line), count in sorted(self.found.items()):
            print(f"MISS {name} in {file}:{line}, {count} times")
        print(f"{self.tried} tried, {sum(self.found.values())} tracebacks")
        return not self.found


def paths(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Of all values inside of plain data."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [found for key, value in inner for found in [(*path, key), *paths(value, (*path, key))]]


def at(data: Any, path: tuple[Any, ...]) -> Any:
    """The value at a path."""
    for key in path:
        data = data[key]
    return data


def wrong_data(data: Any, rng: random.Random, names: tuple[str, ...] = ()) -> None:
    """Change one to three values of plain data in place: another value, none, a copy of another one, or a key of `names` beside it."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        known = paths(data)
        if not known:
            return
        path = rng.choice(known)
        parent, key, kind = at(data, path[:-1]), path[-1], rng.random()
        if kind < 0.6:
            parent[key] = deepcopy(rng.choice(VALUES))
        elif kind < 0.75:
            del parent[key]
        elif kind < 0.9 and names and isinstance(parent, dict):
            parent[rng.choice(names)] = deepcopy(rng.choice(VALUES))
        else:
            parent[key] = deepcopy(at(data, rng.choice(known)))


def wrong_bytes(data: bytes, rng: random.Random) -> bytes:
    """Other bytes in some places, an end that is missing, a stretch that is gone or there twice."""
    broken, kind = bytearray(data), rng.random()
    start = rng.randrange(len(data))
    end = min(len(data), start + rng.randrange(1, 2000))
    if kind < 0.5:
        for _ in range(rng.choice((1, 3, 20, 200))):
            broken[rng.randrange(len(data))] = rng.randrange(256)
    elif kind < 0.7:
        del broken[start:]
    elif kind < 0.85:
        del broken[start:end]
    else:
        broken[start:start] = data[start:end]
    return bytes(broken)
