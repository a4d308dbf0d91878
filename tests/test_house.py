"""The house rules that the architecture draws: who may import whom, what loads when, and that nothing prints below the console."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

ROOMS = ("schemas", "runner", "steps")
HEAVY = {
    "torch", "transformers", "numpy", "tokenizers", "sentencepiece", "jinja2", "datasets", "peft", "pymupdf", "docx", "gguf", "matplotlib",
}  # fmt: skip
SOURCES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
STEPS = {path.stem for path in (ROOT / "steps").glob("*.py")} - {"__init__"}


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def top_imports(tree: ast.Module) -> Iterator[str]:
    """Imports that run when the module is imported: at the top, or under a top-level if or try that is not TYPE_CHECKING."""
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imports(node)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        elif isinstance(node, ast.If | ast.Try):
            yield from imports(node)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_arrows_point_down(path: Path):
    """schemas imports no other room, steps never import the runner, and no step imports another step."""
    room = path.relative_to(ROOT).parts[0]
    forbidden = {"schemas": ("runner", "steps"), "steps": ("runner",), "runner": ()}[room]
    for module in imports(parsed(path)):
        parts = module.split(".")
        assert parts[0] not in forbidden, f"{name(path)} imports {module}"
        if room == "steps" and parts[0] == "steps" and len(parts) > 1 and path.parent.name != "steps":
            assert parts[1] not in STEPS, f"the workshop {name(path)} imports the step {module}"
        if path.parent == ROOT / "steps" and parts[0] == "steps" and len(parts) > 1:
            assert parts[1] not in STEPS - {path.stem}, f"the step {name(path)} imports the step {module}"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_heavy_libraries_load_late(path: Path):
    """Only steps/lm may name torch and its kin at the top of a file, so that `recipe check` stays quick."""
    if path.parent == ROOT / "steps" / "lm":
        return
    heavy = sorted({module.split(".")[0] for module in top_imports(parsed(path))} & HEAVY)
    assert heavy == [], f"{name(path)} loads {heavy} on import"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_every_module_says_what_lives_there(path: Path):
    """A module opens with its docstring, unless it is an empty package file."""
    tree = parsed(path)
    assert not tree.body or ast.get_docstring(tree), f"{name(path)} has no docstring"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_nobody_prints_below_the_console(path: Path):
    """Only the runner's console, command line and verbs may print or exit."""
    if path.parent.name == "commands" or path.name in ("cli.py", "console.py", "fresh.py"):
        return
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "exit", "quit"), f"{name(path)}:{node.lineno} calls {node.func.id}"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_stub_is_left(path: Path):
    """Nothing raises NotImplementedError and no error is swallowed without a word."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Raise):
            assert "NotImplementedError" not in ast.dump(node), f"{name(path)}:{node.lineno}"
        if isinstance(node, ast.ExceptHandler):
            assert [type(n) for n in node.body] != [ast.Pass], f"{name(path)}:{node.lineno} swallows an error"


def test_packages_are_listed():
    """Every folder with Python in the three rooms is a package that pyproject.toml names, so that an installed recipe has it."""
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    assert listed == {".".join(path.parent.relative_to(ROOT).parts) for path in SOURCES}


def test_check_loads_nothing_heavy():
    """`recipe check` of a shipped recipe loads no torch, no rich, no numpy."""
    code = (
        "import sys; sys.argv = ['recipe', 'check', 'recipes/quickstart.yaml']\n"
        "from runner.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code in (0, None), end.code\n"
        f"print(sorted(set(sys.modules) & {HEAVY | {'rich', 'filelock'}!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_code_has_one_page():
    """A code that is raised anywhere has exactly one page for `recipe explain`."""
    from runner.pages import pages

    raised = set()
    for path in SOURCES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                first = node.args[0] if node.args else None
                codes = called in ("RecipeError", "Finding", "PydanticCustomError", "warn")
                if codes and isinstance(first, ast.Constant) and isinstance(first.value, str):
                    raised.add(first.value)
    assert sorted(raised - set(pages())) == []


def test_the_editors_schema_is_the_one_that_recipe_writes():
    """schemas/recipe.schema.json, which the shipped recipes name for editors, is what `recipe schema` prints."""
    command = [sys.executable, "-c", "from runner.cli import main; main()", "schema"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == (ROOT / "schemas" / "recipe.schema.json").read_text("utf-8")
