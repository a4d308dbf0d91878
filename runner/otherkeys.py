"""The keys of another trainer's configuration, laid flat: what its sections hold, and what it says in a way of its own.

Of torchtune, LitGPT, the alignment handbook and their like; all that is plain is looked up by its name in `synonyms`.
"""

from collections.abc import Mapping
from typing import Any

SECTIONS = (
    "train", "training", "eval", "data", "dataset", "model", "model_config", "checkpointer", "lora", "peft", "init_args", "trainer", "fit",
    "training_args", "training_arguments", "model_args", "data_args", "trainer_args", "train_args", "args", "kwargs", "sft", "finetune",
    "hparams", "hyperparameters", "run", "experiment", "data_module",
)  # fmt: skip
CLASS = ("_component_", "class_path", "_target_")  # of what is made of a section: said by its name, if at all
PIECES = {  # LitGPT's lora_query: true, and torchtune's lora_attn_modules, as modules of a Llama
    "lora_query": "q_proj", "lora_key": "k_proj", "lora_value": "v_proj", "lora_projection": "o_proj", "output_proj": "o_proj",
}  # fmt: skip
MLP = ("gate_proj", "up_proj", "down_proj")
INTERVALS = {"eval": {"interval": "eval_steps", "max_iters": "eval_iters"}}  # names that a section makes whole


DATA_SETS = {"alpaca_dataset": "tatsu-lab/alpaca", "alpaca_cleaned_dataset": "yahma/alpaca-cleaned"}  # torchtune's builders


def laid_flat(given: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of `given` and of its sections, the outer ones first where both have one, each as most tools have it."""
    found = _gathered(given)
    _of_torchtune(given, found)
    _of_litgpt(given, found)
    _of_llama_factory(found)
    _of_others(found)
    return found


def _gathered(given: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in given.items() if not _is_section(key, value)}
    for section, value in given.items():
        if _is_section(section, value):
            for key, inner in _gathered(value).items():
                found.setdefault(INTERVALS.get(section, {}).get(key, key), inner)
    return {key: value for key, value in found.items() if value is not None and key not in CLASS}


def _is_section(key: str, value: Any) -> bool:
    return isinstance(value, Mapping) and key in SECTIONS


def _builder(given: Mapping[str, Any], section: str) -> str:
    """The last part of the name of what torchtune makes of a section."""
    inner = given.get(section)
    return str(inner.get("_component_", "")).rpartition(".")[2] if isinstance(inner, Mapping) else ""


def _of_torchtune(given: Mapping[str, Any], found: dict[str, Any]) -> None:
    if _builder(given, "model").startswith("qlora_"):
        found["load_in_4bit"] = True
    if name := DATA_SETS.get(_builder(given, "dataset")):
        found["datasets"] = [{"path": name}]
    targets = [PIECES.get(str(name), str(name)) for name in found.pop("lora_attn_modules", None) or []]
    if found.pop("apply_lora_to_mlp", None) is True:
        targets += MLP
    found.pop("apply_lora_to_output", None)
    if targets:
        found["target_modules"] = targets


def _of_litgpt(given: Mapping[str, Any], found: dict[str, Any]) -> None:
    targets = [ours for theirs, ours in PIECES.items() if theirs.startswith("lora_") and found.pop(theirs, None) is True]
    if found.pop("lora_mlp", None) is True:
        targets += MLP
    found.pop("lora_head", None)
    if targets:
        found["target_modules"] = targets
    quantize = found.get("quantize")
    if isinstance(quantize, str) and quantize.startswith("bnb."):
        del found["quantize"]
        found["load_in_8bit" if "int8" in quantize else "load_in_4bit"] = True
    if isinstance(given.get("model_config"), Mapping):  # the sizes of a new network; its names are LitGPT's own
        for key in ("model_name", "name"):
            found.pop(key, None)
        if found.get("mlp_class_name") == "LLaMAMLP":
            found["model_type"] = "llama"
    tokens, rows, length = (found.get(key) for key in ("max_tokens", "global_batch_size", "max_seq_length"))
    if all(isinstance(each, int) and each for each in (tokens, rows, length)) and "max_steps" not in found:
        del found["max_tokens"]
        found["max_steps"] = -(-tokens // (rows * length))  # type: ignore[operator]


def _of_llama_factory(found: dict[str, Any]) -> None:
    stage = {"sft": "sft", "pt": "lm"}.get(str(found.get("stage")))
    if stage is None:
        return
    del found["stage"]
    found["objective"] = stage
    named = found.get("dataset")
    if isinstance(named, str):  # names of its data/dataset_info.json, beside which the files lie
        del found["dataset"]
        folder = str(found.pop("dataset_dir", "data")).rstrip("/")
        found["datasets"] = [f"{folder}/{name.strip()}.json" for name in named.split(",")]
    if found.pop("use_muon", None) is True:
        found["optim"] = "muon"


def _of_others(found: dict[str, Any]) -> None:
    """Of nanoGPT, axolotl, the alignment handbook."""
    if str(found.get("init_from")).startswith("gpt2"):
        found |= {"model_name_or_path": found.pop("init_from"), "objective": "lm"}
    if found.get("max_steps") == -1:  # of transformers: not set
        del found["max_steps"]
    texts = found.pop("pretraining_dataset", None)
    if isinstance(texts, str | list) and texts:
        listed = [texts] if isinstance(texts, str) else texts
        found["sources"] = [
            {"hub": each["path"], **({"config": each["name"]} if each.get("name") else {})} if isinstance(each, Mapping) else {"hub": each}
            for each in listed
        ]
        found["objective"] = "lm"
    mixer = found.get("dataset_mixer")
    if isinstance(mixer, Mapping) and mixer:
        del found["dataset_mixer"]
        found.setdefault("datasets", [{"path": name} for name in mixer])
    revision, base = found.get("model_revision"), found.get("model_name_or_path")
    if revision is not None:
        del found["model_revision"]
        if revision != "main" and isinstance(base, str):
            found["model"] = {"base": {"hub": found.pop("model_name_or_path"), "revision": revision}}
