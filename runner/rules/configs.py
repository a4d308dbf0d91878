"""config.json of a base: what transformers refuses when it opens it, and kinds of models that it does not know."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from runner.rules import View, rule, say
from runner.rules.base import named_at
from runner.rules.kinds import writes_nothing
from schemas.findings import Finding, RulePage
from steps.sizing.configs import lacks_experts, refused, refused_generation, written

OURS = ("mamba_hebbian",)  # kinds with a class of our own
LISTS = {  # lists of kinds in transformers/models/auto, with the files that may hold them
    "CONFIG_MAPPING_NAMES": ("auto_mappings.py", "configuration_auto.py"),
    "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES": ("modeling_auto.py",),
}
KIND = re.compile(r"""[(\n]\s*"([\w.-]+)"\s*[,:]\s*\(?\s*"\w+""")


class Kinds(NamedTuple):
    """The kinds of models that the transformers of this machine knows, and those of them that foretell the next token."""

    known: frozenset[str]
    causal: frozenset[str]


@cache
def kinds() -> Kinds | None:
    """Read out of the library's text, for to import it takes seconds; None where it is not installed, or lists them in another way."""
    spec = find_spec("transformers")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "models" / "auto"
    known, causal = (frozenset().union(*(_listed(folder / file, name) for file in files)) for name, files in LISTS.items())
    return Kinds(known | causal, causal) if {"llama", "bert"} <= known and {"llama", "gpt2"} <= causal else None


def _listed(file: Path, name: str) -> set[str]:
    try:
        text = file.read_text("utf-8")
    except OSError:
        return set()
    found: set[str] = set()
    for start in re.finditer(rf"^{name}(?: = |: .*= |\.update)\(?", text, re.MULTILINE):
        end = text.find("\n)", start.end())
        found.update(KIND.findall(text[start.start() : end if end >= 0 else len(text)]))
    return found


@rule(
    RulePage(
        "C046",
        "a config.json that transformers refuses",
        "transformers holds each field of config.json to its type, knows certain activations, kinds of layers and of rotary scaling, and "
        "computes with the numbers as they stand: a text for a number, a scaling without its factor or a padding row beyond the embedding "
        "ends the run when the model is opened, after the data was made. It also knows only the kinds of models that it was built with; "
        "code that lies beside the weights is never run here.",
        wrong='config.json: {"rope_scaling": {"type": "yarn"}, "torch_dtype": "bf16"}',
        right='config.json: {"rope_scaling": {"type": "yarn", "factor": 4.0}, "torch_dtype": "bfloat16"}',
        source="transformers 5.23: configuration_utils, modeling_rope_utils, activations, tried field by field",
        needs="config.json, generation_config.json and the headers of the weights; for kinds of models the transformers of this machine",
    )
)
def configs_are_read(view: View) -> Iterator[Finding]:
    """C046: fields, kinds of models, experts. C042: a kind that transformers knows and has no text model of."""
    for step, where, folder in view.bases:
        if step.type != "train" or folder is None or not folder.config:
            continue
        place, name = named_at(step.raw, where), f"{folder.name}/config.json"
        if (wrong := refused(folder.config)) is not None:
            yield say("C046", step, place, f"{name}: {wrong.key} {wrong.said}", written(wrong, name))
        elif reason := "" if folder.broken else lacks_experts(folder.config, folder.tensors):
            yield say("C003", step, place, f"{folder.name}: {reason}", "copy config.json and the weights from one place")
        if (unfit := refused_generation(folder.json("generation_config.json"))) is not None:
            file = f"{folder.name}/generation_config.json"
            yield say("C046", step, place, f"{file}: {unfit.key} {unfit.said}", written(unfit, file))
        there, kind = kinds(), folder.kind
        if there is None or not kind or kind in there.causal or kind in OURS or any(writes_nothing(folder)):
            continue
        if kind in there.known:
            message = f"{folder.name} is a {kind}, of which transformers has no model that foretells the next token"
            yield say("C042", step, place, message, "name a model that writes text, such as a llama, qwen2 or gpt2")
        else:
            message = f"{name} says model_type {kind}, which the transformers of this machine does not know"
            code = "; its code lies beside it, and is never run here" if folder.config.get("auto_map") else ""
            fix = "install the transformers that has it, or take a base of another kind"
            yield say("C046", step, place, message + code, fix, severity="error" if view.meant.target.name == "here" else "warning")
