"""The keys of another trainer's configuration, laid flat: what its sections hold, and what it says in a way of its own.

Of torchtune, LitGPT, the alignment handbook and their like; all that is plain is looked up by its name in `synonyms`.
"""

from collections.abc import Mapping
from typing import Any

SECTIONS = (
    "train", "training", "eval", "data", "dataset", "model", "checkpointer", "tokenizer", "lora", "peft", "init_args", "trainer", "fit",
    "training_args", "training_arguments", "model_args", "data_args", "trainer_args", "train_args", "args", "kwargs", "sft", "finetune",
    "hparams", "hyperparameters", "run", "experiment", "data_module",
)  # fmt: skip
CLASS = ("_component_", "class_path", "_target_")  # of what is made of a section: said by its name, if at all
PIECES = {  # LitGPT's lora_query: true, and torchtune's lora_attn_modules, as modules of a Llama
    "lora_query": "q_proj", "lora_key": "k_proj", "lora_value": "v_proj", "lora_projection": "o_proj", "output_proj": "o_proj",
}  # fmt: skip
MLP = ("gate_proj", "up_proj", "down_proj")
INTERVALS = {"eval": {"interval": "eval_steps", "max_iters": "eval_iters"}}  # names that a section makes whole


def laid_flat(given: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of `given` and of its sections, the outer ones first where both have one."""
    found = {key: value for key, value in given.items() if not _is_section(key, value)}
    for section, value in given.items():
        if _is_section(section, value):
            for key, inner in laid_flat(value).items():
                found.setdefault(INTERVALS.get(section, {}).get(key, key), inner)
    return _said_plainly({key: value for key, value in found.items() if value is not None and key not in CLASS})


def _is_section(key: str, value: Any) -> bool:
    return isinstance(value, Mapping) and key in SECTIONS


def _said_plainly(found: dict[str, Any]) -> dict[str, Any]:
    """Values that only their own tool reads, as the names that others have for them."""
    targets = [ours for theirs, ours in PIECES.items() if found.pop(theirs, None) is True]
    for name in found.pop("lora_attn_modules", None) or []:
        targets.append(PIECES.get(str(name), str(name)))
    mlp = [found.pop(key, None) for key in ("lora_mlp", "apply_lora_to_mlp")]
    if targets:
        found.setdefault("target_modules", [*targets, *(MLP if True in mlp else ())])
    for key in ("lora_key", "lora_value", "lora_projection", "lora_head", "apply_lora_to_output"):
        found.pop(key, None)
    if isinstance(again := found.pop("use_gradient_checkpointing", None), str | bool):  # Unsloth's
        found.setdefault("gradient_checkpointing", bool(again))
    quantize = found.get("quantize")
    if isinstance(quantize, str) and quantize.startswith("bnb."):
        del found["quantize"]
        found.setdefault("load_in_8bit" if "int8" in quantize else "load_in_4bit", True)
    mixer = found.get("dataset_mixer")
    if isinstance(mixer, Mapping) and mixer:
        del found["dataset_mixer"]
        found.setdefault("datasets", [{"path": name} for name in mixer])
    revision, base = found.get("model_revision"), found.get("model_name_or_path")
    if revision is not None:
        del found["model_revision"]
        if revision != "main" and isinstance(base, str):
            found["model"] = {"base": {"hub": found.pop("model_name_or_path"), "revision": revision}}
    return found
