"""What a pydantic model accepts, read off its annotations: names, nested names, secrets. Only asked when something is to be explained."""

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.base import SecretMark

Names = tuple[str | int, ...]


def members(annotation: Any) -> Iterator[Any]:
    """The alternatives of an annotation, Annotated and unions opened."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from members(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from members(part)
    elif hasattr(annotation, "__value__"):  # a `type X = …` alias
        yield from members(annotation.__value__)
    else:
        yield annotation


def is_model(annotation: Any) -> bool:
    """True for a pydantic model."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def written_name(name: str, field: FieldInfo) -> str:
    """The field's name in a recipe."""
    return field.alias or name


def fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields by the names that they have in a recipe, those that the runner fills in left out."""
    return {written_name(n, f): f for n, f in model.model_fields.items() if n != "subject"}


def below(annotations: list[Any], key: str | int) -> list[Any]:
    """What may stand under `key` in a value of one of these annotations."""
    found: list[Any] = []
    for annotation in annotations:
        for part in members(annotation):
            origin, args = get_origin(part), get_args(part)
            if is_model(part):
                field = fields(part).get(str(key))
                if field is not None:
                    found.append(field.annotation)
            elif origin in (list, set, tuple) and args and isinstance(key, int):
                found.append(args[0])
            elif origin is dict and len(args) == 2:
                found.append(args[1])
    return found


def at(model: type[BaseModel], path: Names) -> list[Any]:
    """The alternatives that may stand at `path` below `model`."""
    found: list[Any] = [model]
    for key in path:
        found = below(found, key)
    return [part for annotation in found for part in members(annotation)]


def models_at(model: type[BaseModel], path: Names) -> list[type[BaseModel]]:
    """The models among them."""
    return [part for part in at(model, path) if is_model(part)]


def literals_at(model: type[BaseModel], path: Names) -> list[Any]:
    """The fixed words that may stand at `path`."""
    return [word for part in at(model, path) if get_origin(part) is Literal for word in get_args(part)]


def has(model: type[BaseModel], path: Names) -> bool:
    """True when a recipe may write something at `path`."""
    return bool(at(model, path))


def everywhere(model: type[BaseModel], deepest: int = 3) -> dict[str, list[Names]]:
    """Every name of `model` and of the models inside it (not through lists), with its paths, the shallowest first."""
    found: dict[str, list[Names]] = {}
    level: list[tuple[Names, type[BaseModel]]] = [((), model)]
    for _ in range(deepest):
        following: list[tuple[Names, type[BaseModel]]] = []
        for path, current in level:
            for name, field in fields(current).items():
                paths = found.setdefault(name, [])
                if (*path, name) not in paths:
                    paths.append((*path, name))
                following.extend(((*path, name), part) for part in members(field.annotation) if is_model(part))
        level = following
    return found


def is_secret(model: type[BaseModel], path: Names) -> bool:
    """True when the field at `path` is marked Secret."""
    found: list[Any] = [model]
    for key in path[:-1]:
        found = below(found, key)
    for annotation in found:
        for part in members(annotation):
            if is_model(part):
                field = fields(part).get(str(path[-1]))
                if field is not None and (SecretMark in field.metadata or _marked(field.annotation)):
                    return True
            elif isinstance(path[-1], int) or get_origin(part) is dict:
                inner = get_args(part)
                if inner and _marked(inner[-1]):
                    return True
    return False


def _marked(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return any(meta is SecretMark for meta in get_args(annotation)[1:]) or _marked(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType, list, dict):
        return any(_marked(part) for part in get_args(annotation))
    return False
