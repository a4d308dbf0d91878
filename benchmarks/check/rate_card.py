"""What `recipe check` finds, misses and says for nothing: `python benchmarks/check/rate_card.py [--list SET]`.

Sets: the gallery's cases (known), mistakes written down before the rules were tried on them (batch_1, batch_2), failures from public
trackers (batch_3, batch_4, batch_5, batch_7, batch_9, batch_10, batch_11, batch_13, batch_14), siblings of the known failures (batch_6),
guesses at unknown ones (batch_8, batch_15 to batch_18), what other trainers refuse (batch_12), sound recipes (valid). Found: an error or a
warning that the sound recipe does not have; in the reports one that names the cause at its line. Told: only an information. Prints a
Markdown table.
"""

import re
import sys
import tempfile
import time
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))
from cases import LM, ROOT, SFT, Case, Report, findings, standing

GALLERY = ROOT / "tests" / "gallery"
HUB = {"HF_HUB_CACHE": str(GALLERY / "hub")}
BATCHES = ("batch_1", "batch_2")
REPORTS = (
    "batch_3", "batch_4", "batch_5", "batch_6", "batch_7", "batch_8", "batch_9", "batch_10", "batch_11", "batch_12", "batch_13", "batch_14",
    "batch_15", "batch_16", "batch_17", "batch_18",
)  # fmt: skip


class Result(NamedTuple):
    """One recipe: what it is called, and the findings that count. seconds: CPU time of its check, in this process."""

    name: str
    found: list[Any]
    seconds: float
    crashed: str = ""

    @property
    def verdict(self) -> str:
        """found, told or missed."""
        return "found" if any(f.severity != "info" for f in self.found) else "told" if self.found else "missed"


def of_batch(name: str) -> list[Result]:
    """Every case of a batch, in a project of its own."""
    sound = {text: {(f.code, f.message) for f in _checked(Case("", "", text))[0]} for text in (LM, SFT)}
    results = []
    for case in import_module(name).CASES:
        try:
            found, seconds = _checked(case)
            results.append(
                Result(f"{case.family}: {case.title}", [f for f in found if (f.code, f.message) not in sound[case.recipe]], seconds)
            )
        except Exception as error:  # noqa: BLE001 - a crash is a miss, and is shown
            results.append(Result(f"{case.family}: {case.title}", [], 0.0, f"{type(error).__name__}: {error}"))
    return results


def of_reports(name: str) -> list[Result]:
    """Every case of a batch of reports, with the findings that name the cause at its line."""
    results = []
    for case in import_module(name).CASES:
        found, seconds = _checked(case)
        results.append(Result(f"{case.family}: {case.title} ({case.source})", [f for f in found if names_the_cause(case, f)], seconds))
    return results


def names_the_cause(case: Report, finding: Any) -> bool:
    """True when the finding stands at a line of the cause and says its words."""
    other = case.files.get(Path(finding.place.file).name) if finding.place is not None else None  # a recipe that this one extends
    lines = (other if isinstance(other, str) else case.text()).split("\n")
    line = lines[finding.place.line - 1] if finding.place is not None and finding.place.line <= len(lines) else ""
    pieces = [piece.strip() for piece in re.split(r" \| |\n", case.at)]
    return any(piece in line for piece in pieces) and re.search(case.says, f"{finding.message} {finding.fix}", re.I) is not None


def _checked(case: Case) -> tuple[list[Any], float]:
    with tempfile.TemporaryDirectory() as folder:
        before = time.process_time()
        return findings(case, Path(folder) / "p"), time.process_time() - before


def of_files(files: list[Path]) -> list[Result]:
    """Recipes where they stand."""
    from runner.judge import judge
    from runner.resolve import mean
    from runner.surroundings import standing_in
    from tests.gallery_update import machine

    results = []
    for file in files:
        with standing(file.parent, HUB), standing_in(machine(file.parent)):
            before = time.process_time()
            found = judge(mean(Path(file.name)))
            results.append(Result(str(file.relative_to(ROOT)), found, time.process_time() - before))
    return results


def known() -> list[Result]:
    """The gallery's cases: each folder is named by the code that must be found."""
    wanted = []
    for result in of_files(sorted(GALLERY.glob("*/recipe.yaml"))):
        code = result.name.split("/")[-2][:4].upper()
        wanted.append(result._replace(found=[f for f in result.found if f.code == code]))
    return wanted


def valid() -> list[Result]:
    """Sound recipes: those of the gallery, those that are shipped, and those of the batches of reports."""
    files = sorted((GALLERY / "valid").rglob("*.yaml")) + sorted((ROOT / "recipes").glob("*.yaml"))
    results = of_files(files)
    for case in [case for name in REPORTS for case in import_module(name).SOUND]:
        found, seconds = _checked(case)
        results.append(Result(f"{case.family}: {case.title}", found, seconds))
    return [r._replace(found=[f for f in r.found if f.severity != "info"]) for r in results]


def row(name: str, results: list[Result], alarms: bool = False) -> str:
    """One line of the table."""
    count = Counter(r.verdict for r in results)
    share = f"{(count['found'] + count['told']) / len(results):.1%}"
    time_ms = sorted(r.seconds for r in results)[len(results) // 2] * 1000
    if alarms:
        return f"| {name} | {len(results)} | | | | {count['found']} | {time_ms:.0f} ms |"
    return f"| {name} | {len(results)} | {count['found']} | {count['told']} | {count['missed']} ({share} seen) | | {time_ms:.0f} ms |"


def main() -> None:
    """Print the card, or one set's recipes with what was said."""
    sets = {
        "known": known,
        **{b: (lambda b=b: of_batch(b)) for b in BATCHES if (Path(__file__).parent / f"{b}.py").is_file()},
        **{name: (lambda name=name: of_reports(name)) for name in REPORTS},
        "valid": valid,
    }
    if "--list" in sys.argv:
        name = sys.argv[sys.argv.index("--list") + 1]
        for result in sets[name]():
            print(f"{result.verdict:7}{result.name} {result.crashed}")
            for f in result.found:
                edits = " (can be fixed)" if f.edits else ""
                print(f"         {f.code} {f.severity}: {f.message} | fix: {f.fix}{edits}".replace("\n", " / "))
        return
    print("| recipes | number | found | told | missed | false alarms | CPU time of a check |\n|---|---|---|---|---|---|---|")
    for name, results in sets.items():
        print(row(name, results(), alarms=name == "valid"))


if __name__ == "__main__":
    main()
