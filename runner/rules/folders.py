"""What lies in a base's folder beside the model, or in its place, so that transformers opens something else than what was meant."""

from collections.abc import Iterator

from runner.modelfolder import INDEX, SINGLE, ModelFolder
from runner.rules import View, at, rule, say
from schemas.findings import Finding, RulePage

FOLDER = "the names in the base's folder"


@rule(
    RulePage(
        "C045",
        "an adapter beside a model",
        "Where a folder holds adapter_config.json, transformers opens the model and puts the adapter onto it, or goes for the model that "
        "the adapter names. What was to be trained anew, or merged, is then half of each.",
        wrong="model: {base: {path: models/llama}}   # with adapter_config.json and adapter_model.safetensors in it",
        right="model: {base: {path: models/llama-merged}}   # peft: merge_and_unload(), then save_pretrained()",
        source="unslothai/unsloth#1061",
        needs=FOLDER,
    ),
    RulePage(
        "C044",
        "weights that nothing leads to",
        "transformers opens model.safetensors, or the files that model.safetensors.index.json names. Parts without their index, and files "
        "by another name, are not looked at.",
        wrong="model: {base: {path: models/llama}}   # model-00001-of-00002.safetensors, model-00002-of-00002.safetensors",
        right="hf download owner/name --include '*.json' --local-dir models/llama   # brings the index",
        source="shuaijiang/Ke-Omni-R#4; ollama/ollama#6273",
        needs=FOLDER,
    ),
)
def folders_hold_one_model(view: View) -> Iterator[Finding]:
    """C045, C044: of folders with a config.json that names its kind; an adapter alone and weights of other formats are told elsewhere."""
    for step, where, folder in view.bases:
        if step.type != "train" or folder is None or not folder.kind or not isinstance(at(step.raw, f"{where}.path"), str):
            continue
        named = f"{where}.path"
        if folder.adapter:
            message = f"{folder.name} holds an adapter beside the model: transformers puts it onto the model, or opens the model it names"
            fix = "merge it first (peft: merge_and_unload), or move adapter_config.json and adapter_model.safetensors out of the folder"
            yield say("C045", step, named, message, fix)
        if SINGLE not in folder and INDEX not in folder and folder.shards and SINGLE not in folder.shards:
            yield say("C044", step, named, *_unled(folder))


def _unled(folder: ModelFolder) -> tuple[str, str]:
    """Which files of weights there are, and what is missing."""
    others = [name for name in folder.shards if not name.startswith("adapter_model")]
    parts = [name for name in others if "-of-" in name]
    if parts:
        many = f"{len(parts)} files of weights" if len(parts) > 1 else parts[0]
        message = f"{folder.name} holds {many} and no {INDEX}, which says what is in which"
        return message, f"fetch {INDEX} from where the model came from"
    if len(others) == 1 and others[0].startswith("consolidated"):
        message = f"{folder.name} holds {others[0]}, its maker's own layout, and no {SINGLE}"
        return message, "take the same model in the layout of transformers"
    if others:
        message = f"{folder.name} holds {', '.join(others[:2])} and no {SINGLE}: transformers goes by the name"
        return message, f"call it {SINGLE}" if len(others) == 1 else f"keep one, and call it {SINGLE}"
    return f"{folder.name} holds no {SINGLE}: its only weights are those of an adapter", "fetch the model that it adapts"
