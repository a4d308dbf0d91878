"""Writes the screens of tests/gallery anew: `python -m tests.gallery_update [NAME…]`. Read the diff: a user will read these lines tired."""

import json
import os
import sys
from pathlib import Path

from runner.commands.check import fixed_text, screen
from runner.surroundings import Surroundings, standing_in

GALLERY = Path(__file__).parent / "gallery"
RECIPE = Path("recipe.yaml")


def cases() -> list[Path]:
    """Folders with a bad recipe."""
    return sorted(path.parent for path in GALLERY.glob("*/recipe.yaml"))


def screens(folder: Path) -> dict[str, str]:
    """What belongs into the folder: the screen of `recipe check`, and the recipe after --fix where that changes it."""
    before = os.getcwd()
    os.chdir(folder)
    os.environ["HF_HUB_CACHE"] = str(GALLERY / "hub")  # not what the reader of this has fetched
    try:
        with standing_in(machine(folder)):
            return _screens()
    finally:
        os.chdir(before)


def machine(folder: Path) -> Surroundings:
    """The machine that the screen was made on: machine.json of the folder, else one that has all and lacks nothing."""
    file = folder / "machine.json"
    said = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    variables = {"HOME": str(folder / "nobody"), **said.get("variables", {})}
    return Surroundings(variables, frozenset(said.get("absent", ())), said.get("free", 1 << 50))


def _screens() -> dict[str, str]:
    found = {"screen.txt": _without_forecast(screen(RECIPE)) + "\n"}
    fixed = fixed_text(RECIPE)
    if fixed != RECIPE.read_bytes().decode("utf-8"):
        found["fixed.yaml"] = fixed
    return found


def _without_forecast(text: str) -> str:
    """The screen without the lines of cost below its last block: their figures change with every better estimate."""
    *blocks, last = text.split("\n\n")
    return "\n\n".join([*blocks, last.split("\n")[0]])


def main() -> None:
    """Write them."""
    for folder in cases():
        if sys.argv[1:] and folder.name not in sys.argv[1:]:
            continue
        wanted = screens(folder)
        for name in ("screen.txt", "fixed.yaml"):
            path = folder / name
            if name in wanted:
                path.write_bytes(wanted[name].encode("utf-8"))
            else:
                path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
