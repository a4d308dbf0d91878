"""Speed of the shell against its peers, as ratios in one run: `python benchmarks/shell/speed.py [noop check facts steps chain digest]`.

CPU seconds of the whole process tree, medians. Wall clocks are not used: the cores are shared.
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from pipeline import RECIPE, ROOT, cpu_of, doit_project, measured, median, recipe_project, row, workshop

DOIT = [sys.executable, "-m", "doit"]
ONE_MODEL = "import pydantic\nclass A(pydantic.BaseModel):\n    a: int = 1\nA.model_validate({'a': 2})\n"


def noop() -> bool:
    """A run in which nothing changed, of 10 and of 500 steps."""
    good = True
    for steps in (10, 500):
        folder = workshop()
        recipe_project(folder / "ours", steps)
        doit_project(folder / "doit", steps)
        for command, place in (([*RECIPE, "run", "recipes/bench.yaml"], folder / "ours"), (DOIT, folder / "doit")):
            for _ in range(2):
                cpu_of(command, place)
        ours = median([*RECIPE, "run", "recipes/bench.yaml"], folder / "ours", 15)
        theirs = median(DOIT, folder / "doit", 15)
        good &= row(f"no-op of {steps} steps", ours, theirs, "doit", 1.0)
        good &= row(
            f"memory of a no-op of {steps} steps",
            measured([*RECIPE, "run", "recipes/bench.yaml"], folder / "ours")[1],
            60.0,
            "limit",
            1.0,
            "MiB",
        )
    return good


def check() -> bool:
    """`recipe check` of a recipe that was edited since the last check."""
    one = median([sys.executable, "-c", ONE_MODEL], ROOT, 15)
    folder = workshop()
    text = (ROOT / "recipes" / "phase1_tr.yaml").read_text()
    (folder / "recipes").mkdir()
    count = iter(range(10**6))
    file = folder / "recipes" / "phase1_tr.yaml"
    ours = median([*RECIPE, "check", "recipes/phase1_tr.yaml"], folder, 15, lambda: file.write_text(f"{text}# {next(count)}\n"))
    good = row("check of phase1_tr, edited", ours, one, "a process with one pydantic model", 1.7)
    many = recipe_project(folder / "many", 500)
    text = many.read_text()
    ours = median([*RECIPE, "check", "recipes/bench.yaml"], folder / "many", 9, lambda: many.write_text(f"{text}# {next(count)}\n"))
    return row("check of 500 steps, edited", ours, one, "a process with one pydantic model", 4.0) and good


def facts() -> bool:
    """`recipe check` of a recipe over parquet, edited: with the facts of the last check over without them."""
    folder = workshop()
    (folder / "data").mkdir()
    table = (
        "import pyarrow as p, pyarrow.parquet as q; q.write_table(p.table({'text': ['words of a story ' * 50] * 5000}), 'data/a.parquet')"
    )
    subprocess.run([sys.executable, "-c", table], cwd=folder, check=True)
    file = folder / "recipe.yaml"
    text = "recipe: r\ntarget: t4\nsteps:\n  - {type: parse_corpus, sources: [{path: data/a.parquet}]}\n"
    text += "  - {type: train_tokenizer, vocab_size: 300}\n  - type: tokenize_bin\n  - {type: train, max_steps: 100}\n"
    count = iter(range(10**6))
    command = [*RECIPE, "check", "recipe.yaml"]
    edit = lambda: file.write_text(f"{text}# {next(count)}\n")  # noqa: E731
    first = median(command, folder, 9, lambda: (edit(), subprocess.run(["rm", "-rf", folder / ".recipe"], check=True)))
    again = median(command, folder, 9, edit)
    return row("check over parquet, edited", again, first, "the first one", 0.9)


def steps() -> bool:
    """100 trivial steps: CPU milliseconds a step over the same commands in a bare loop."""
    folder = workshop()
    commands = [f"cat $PROJECT/in.txt > out.txt; echo {number} >> out.txt" for number in range(100)]
    (folder / "in.txt").write_text("words\n")
    bare = f"import subprocess\nfor c in {commands!r}: subprocess.run(['sh', '-c', c], env={{'PROJECT': {str(folder)!r}}})"
    work = median([sys.executable, "-c", bare], folder, 7) - median([sys.executable, "-c", "import subprocess"], folder, 7)
    ours = []
    for number in (1, 100):
        place = folder / str(number)
        recipe_project(place, number)
        again = [*RECIPE, "run", "recipes/bench.yaml", "--force"]
        ours.append(
            median(again, place, 7, lambda place=place: subprocess.run(["rm", "-rf", place / ".recipe", place / "runs"], check=True))
        )
    doit_project(folder / "doit", 100)
    theirs = median(
        DOIT, folder / "doit", 7, lambda: subprocess.run("rm -f out*.txt .doit.db*", shell=True, cwd=folder / "doit", check=True)
    )
    none = median([*DOIT, "list"], folder / "doit", 7)
    each = ((ours[1] - ours[0]) / 99 - work / 100) * 1000
    other = ((theirs - none) / 100 - work / 100) * 1000
    print(
        f"  100 steps {ours[1]:.3f} s, 1 step {ours[0]:.3f} s, the bare commands {work:.3f} s; doit {theirs:.3f} s, {other:.1f} ms a step"
    )
    return row("a trivial step, over its work", each, 3.0, "limit", 1.0, "ms")


def chain() -> bool:
    """A chain of 2,000 steps, in linear time: per step no more than in one of 500 (and some)."""
    each = []
    for number in (500, 2000):
        folder = workshop() / "it"
        recipe_project(folder, number, chained=True)
        each.append(cpu_of([*RECIPE, "run", "recipes/bench.yaml"], folder) / number * 1000)
    return row("a step of a chain of 2,000", each[1], each[0], "a step of a chain of 500", 1.2, "ms")


def digest() -> bool:
    """A source of 2 GiB: the first digest against BLAKE3's own, then the no-op against one with a tiny source."""
    folder = workshop()
    recipe_project(folder, 1)
    small = median([*RECIPE, "run", "recipes/bench.yaml", "--force"], folder, 5)
    cpu_of([*RECIPE, "run", "recipes/bench.yaml"], folder)
    small_noop = median([*RECIPE, "run", "recipes/bench.yaml"], folder, 15)
    block = os.urandom(1 << 24)
    with (folder / "in.txt").open("wb") as file:
        for _ in range(128):
            file.write(block)
    (folder / "recipes" / "bench.yaml").write_text(
        "recipe: bench\nsteps:\n  - type: shell\n    inputs: [in.txt]\n    run: head -c 9 $PROJECT/in.txt > out.txt\n"
    )
    own = "from blake3 import blake3\nblake3(max_threads=blake3.AUTO).update_mmap('in.txt').hexdigest()"
    cpu_of(["cat", "in.txt"], folder)  # into the page cache
    blake = median([sys.executable, "-c", own], folder, 3) - median([sys.executable, "-c", "from blake3 import blake3"], folder, 5)
    forget = lambda: subprocess.run(["rm", "-rf", folder / ".recipe"], check=True)  # noqa: E731
    first = median([*RECIPE, "run", "recipes/bench.yaml", "--force"], folder, 3, forget) - small
    good = row("first digest of 2 GiB", first, blake, "BLAKE3 itself", 1.2)
    cpu_of([*RECIPE, "run", "recipes/bench.yaml"], folder)
    cpu_of([*RECIPE, "run", "recipes/bench.yaml"], folder)
    later = median([*RECIPE, "run", "recipes/bench.yaml"], folder, 15) - small_noop
    return row("then, over a tiny source", later * 1000, 10.0, "limit", 1.0, "ms") and good


def main() -> int:
    """Run what is named, or all."""
    parts = {"noop": noop, "check": check, "facts": facts, "steps": steps, "chain": chain, "digest": digest}
    asked = sys.argv[1:] or list(parts)
    results = [parts[name]() for name in asked]
    print("all bounds kept" if all(results) else f"{results.count(False)} of {len(results)} parts missed a bound")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
