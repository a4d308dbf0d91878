"""The Modelfile that Ollama reads: written here, and read back by the rules of Ollama's own parser."""

from typing import NamedTuple

from schemas import RecipeError
from steps.text.chat import DEFAULT_TEMPLATE, ChatTemplate

PLAIN_TEMPLATE = "{{ .Prompt }}"  # a base model goes on from the prompt: no turns, no marks
INSTRUCTIONS = ("FROM", "ADAPTER", "TEMPLATE", "SYSTEM", "LICENSE", "PARAMETER", "MESSAGE", "REQUIRES")
ParameterValue = str | int | float | bool


class Instruction(NamedTuple):
    """One instruction. name: the parameter's or the role's, empty for the others."""

    kind: str
    name: str
    value: str


def chat_template(template: ChatTemplate = DEFAULT_TEMPLATE) -> str:
    """The Go template that writes a conversation as training wrote it, ending where the answer begins."""
    before = template.before.replace("{role}", "{{ .Role }}")
    turn = f"{before}{{{{ .Content }}}}{template.end}{template.after}"
    return f"{{{{ range .Messages }}}}{turn}{{{{ end }}}}{template.opening('assistant')}"


def modelfile(gguf: str, template: str | None, parameters: dict[str, ParameterValue | list[str]], system: str | None = None) -> str:
    """The text of a Modelfile for the file `gguf` beside it. A list of values gives a line each (`stop`); without a template
    Ollama takes its own for the file, or none.

    Raises RecipeError E005 for a value that a Modelfile cannot hold.
    """
    lines = [f"FROM ./{gguf}", *([] if template is None else [f"TEMPLATE {_quoted(template, 'template')}"])]
    for name, value in parameters.items():
        for one in value if isinstance(value, list) else [value]:
            lines.append(f"PARAMETER {name} {_quoted(one, f'parameters.{name}') if isinstance(one, str) else _number(one)}")
    if system:
        lines.append(f"SYSTEM {_quoted(system, 'system')}")
    return "\n".join(lines) + "\n"


def parse_modelfile(text: str) -> list[Instruction]:
    """The instructions of a Modelfile, read as Ollama's parser/parser.go does.

    A value ends at the end of the line, unless it has opened a quote (`"` or three of them) that is not closed there.
    Raises ValueError with the line of an unknown instruction, a missing FROM or an open quote.
    """
    found: list[Instruction] = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line, first = lines[at].strip(), at + 1
        at += 1
        if not line or line.startswith("#"):
            continue
        kind, _, value = line.partition(" ")
        name = ""
        if kind.upper() not in INSTRUCTIONS:
            raise ValueError(f"line {first}: {kind!r} is no instruction of a Modelfile")
        if kind.upper() in ("PARAMETER", "MESSAGE"):
            name, _, value = value.strip().partition(" ")
        value = lines[at - 1][lines[at - 1].index(value) :] if value else ""
        while (unquoted := _unquoted(value)) is None:
            if at == len(lines):
                raise ValueError(f"line {first}: the quote is never closed")
            value += "\n" + lines[at]
            at += 1
        found.append(Instruction(kind.upper(), name, unquoted))
    if not any(instruction.kind == "FROM" for instruction in found):
        raise ValueError("there is no FROM")
    return found


def _unquoted(value: str) -> str | None:
    """What stands in quotes, or the value itself; None when its quote is still open."""
    value = value.strip()
    if value.startswith('"""'):
        return value[3:-3] if len(value) >= 6 and value.endswith('"""') else None
    if value.startswith('"'):
        return value[1:-1] if len(value) >= 2 and value.endswith('"') else None
    return value


def _quoted(value: str, field: str) -> str:
    """`value` in the quotes that give it back; there is no escape for three quotes at the end of a line."""
    for quote in ('"', '"""'):
        text = f"{quote}{value}{quote}"
        read = text.split("\n")
        so_far = ["\n".join(read[: n + 1]) for n in range(len(read))]
        if all(_unquoted(part) is None for part in so_far[:-1]) and _unquoted(text) == value:
            return text
    raise RecipeError(
        "E005", 'a line that ends in three double quotes (""") cannot stand in a Modelfile', field=field, fix="put a character after them"
    )


def _number(value: ParameterValue) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
