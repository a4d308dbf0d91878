"""Which codes `recipe check` can print, read off the source: those in a function that it, a rule, a forecast or a check of params reaches.

Names are followed through imports, within modules and from function to function; a class is followed as a whole. So the list may hold a
code too many, such as one of the store, and lacks none that is written where it is raised.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT

CODE = re.compile(r"[A-Z]\d{3}")
CHECKS = ("runner.commands.check", "runner.judge", "runner.rules")
PARAMS = {"StepParams", "Strict", "BaseModel"}  # classes of these, or with a validator, are checked before anything runs


class Module(NamedTuple):
    """What a file defines at its top, and what its imported names stand for."""

    name: str
    defined: dict[str, ast.stmt]
    imported: dict[str, str]


Place = tuple[str, str]  # module, name in it


@cache
def told() -> frozenset[str]:
    """The codes that a check can print."""
    modules = {module.name: module for module in _modules()}
    todo = [place for module in modules.values() for place in _first(module)]
    reached: set[Place] = set()
    while todo:
        place = todo.pop()
        if place not in reached:
            reached.add(place)
            todo += _used(modules, place)
    return frozenset(code for name, own in reached for code in _codes_in(modules[name].defined[own]))


def _modules() -> Iterator[Module]:
    for room in ("runner", "steps", "schemas"):
        for file in (ROOT / room).rglob("*.py"):
            yield _module(file)


def _module(file: Path) -> Module:
    tree = ast.parse(file.read_text("utf-8"))
    defined: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defined |= {target.id: node for target in targets if isinstance(target, ast.Name)}
    imported = {}
    for each in ast.walk(tree):
        if isinstance(each, ast.ImportFrom):
            imported |= {alias.asname or alias.name: f"{each.module}.{alias.name}" for alias in each.names}
        elif isinstance(each, ast.Import):
            imported |= {alias.asname or alias.name: alias.name for alias in each.names}
    return Module(".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), defined, imported)


def _first(module: Module) -> Iterator[Place]:
    """Where a check begins: its own modules, the rules, classes of params, forecasts."""
    for name, node in module.defined.items():
        decorated = [ast.unparse(each) for each in node.decorator_list] if isinstance(node, ast.FunctionDef) else []
        if (
            module.name.startswith(CHECKS)
            or (isinstance(node, ast.ClassDef) and not module.name.startswith("runner") and _is_checked(node))
            or any(each.endswith((".forecast", ".needs")) for each in decorated)
        ):
            yield module.name, name


def _is_checked(node: ast.ClassDef) -> bool:
    decorators = [each for own in node.body if isinstance(own, ast.FunctionDef) for each in own.decorator_list]
    return bool({ast.unparse(base) for base in node.bases} & PARAMS) or any("_validator" in ast.unparse(each) for each in decorators)


def _used(modules: dict[str, Module], place: Place) -> Iterator[Place]:
    """What the definition at `place` names. A decorator is left out: @train.forecast names the step, and does not call it."""
    module = modules[place[0]]
    node = module.defined[place[1]]
    parts: list[ast.AST] = [node.args, *node.body] if isinstance(node, ast.FunctionDef) else [node]
    for each in (inner for part in parts for inner in ast.walk(part)):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load):
            if each.id in module.defined:
                yield module.name, each.id
            elif each.id in module.imported:
                yield from _behind(modules, module.imported[each.id])
        elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id in module.imported:
            yield from _behind(modules, f"{module.imported[each.value.id]}.{each.attr}")


def _behind(modules: dict[str, Module], dotted: str) -> Iterator[Place]:
    """The definition that an imported name stands for, also where a package hands it on."""
    name, _, own = dotted.rpartition(".")
    module = modules.get(name)
    if module is None:
        return
    if own in module.defined:
        yield name, own
    elif (further := module.imported.get(own, dotted)) != dotted:
        yield from _behind(modules, further)


def _codes_in(node: ast.AST) -> Iterator[str]:
    """Codes that stand in it as texts, but for those of pages."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "RulePage":
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
        yield node.value
    for each in ast.iter_child_nodes(node):
        yield from _codes_in(each)
