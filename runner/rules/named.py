"""What the name of a hub model tells where nobody has looked at the model: another kind of model, an adapter, an owner that is missing."""

import re
from collections.abc import Iterator

from runner.rules import View, at, path, rule, say
from runner.rules.hubnames import belongs_elsewhere
from schemas.findings import Edit, Finding

WRITES_NOTHING = {  # by a part of the name
    "an encoder": r"(xlm-)?(distil|modern|sci|bio|fin|legal|de|al|cam|ro)?berta?|electra|bge|e5|gte|embed(ding)?s?|"
    r"reranker|minilm|mpnet|colbert",
    "an encoder with a decoder": r"(flan-|code|m|um|by|long)?t5|m?bart|pegasus|nllb|m2m100|whisper|opus-mt|madlad",
    "a model of pictures or sound": r"vl|vision|omni|audio|llava|clip|siglip|vit|paligemma|idefics\d?|pixtral|smolvlm|wav2vec2?|hubert|"
    r"musicgen|sdxl|stable-diffusion|flux",
}
NAMES = {what: re.compile(rf"(?:^|[-_.])(?:{names})(?=$|[-_.\d])", re.I) for what, names in WRITES_NOTHING.items()}
DECODERS = re.compile(r"gpt|llama|qwen(?![\d.]*-?vl)|mistral|decoder|causal|instruct$", re.I)  # LLM2Vec, gpt-bert, embeddings made of them
QUANTISED = re.compile(r"(?i)(?:^|/)gpt-oss-\d+b$|(?:^|/)kimi-k2-(thinking|instruct)$|(?:^|/)deepseek-(v3(\.\d)?|r1(-zero|-0528)?)$")
OF_OTHER_KINDS = {  # kinds that the export does not write, by the names that their models have
    "gpt_oss": r"gpt-oss-\d+b", "mixtral": r"mixtral-8x\d+b", "falcon": r"falcon-(rw-|7b|40b|180b|11b)", "falcon_mamba": r"falcon-mamba",
    "bloom": r"bloom(z|-\d)", "gpt_neox": r"pythia-|gpt-neox|dolly-v2|redpajama-incite", "gpt_neo": r"gpt-neo-\d", "gptj": r"gpt-j-6",
    "opt": r"^opt-\d", "phi": r"^phi-(1|1_5|2)$", "phimoe": r"phi-3\.5-moe", "stablelm": r"stablelm-(2|zephyr|3b)",
    "starcoder2": r"starcoder2", "gpt_bigcode": r"^starcoder(base)?(-|$)|santacoder", "olmo": r"^olmo-", "olmoe": r"olmoe",
    "granite": r"^granite-[34]", "deepseek_v2": r"deepseek-(v2|coder-v2)", "deepseek_v3": r"deepseek-(v3|r1$|r1-(zero|0528)$)",
    "jamba": r"jamba", "zamba2": r"zamba", "glm4": r"^(chat)?glm-?4", "internlm2": r"internlm[23]", "minicpm": r"minicpm",
    "cohere": r"command-r|^aya-|c4ai-", "mpt": r"^mpt-\d", "rwkv": r"rwkv", "llama4": r"llama-4-", "nemotron": r"^nemotron-",
    "qwen3_moe": r"^qwen3-(coder-)?\d+b-a\d", "qwen2_moe": r"qwen1\.5-moe|qwen2-57b", "qwen3_next": r"qwen3-next",
    "exaone": r"exaone", "smollm3": r"smollm3", "gemma3n": r"gemma-3n",
}  # fmt: skip
FORMATS = re.compile(
    r"(?i)[-_.](onnx|openvino|ov|litert|tflite|coreml|mlmodel|tensorrt|trt|keras|flax|rknn|mlc|gguf-imatrix)(?=$|[-_.])|^litert-"
)
AS_META_GAVE = re.compile(r"meta-llama/Llama-2-(7b|13b|70b)(-chat)?")  # the hub has them twice: these are Meta's own files
ADAPTER = re.compile(r"[-_](q?lora|adapters?|peft|dora)(?=$|-v?\d)", re.I)
ALONE = re.compile(
    r"(distil)?gpt2(-medium|-large|-xl)?|openai-gpt|ctrl|transfo-xl.*|xlnet.*|.*bert.*|t5-.*|bart-.*|xlm-.*", re.I
)  # the hub's oldest


@rule()
def names_tell(view: View) -> Iterator[Finding]:
    """C042, C040 and H023 as warnings, of models that are not in the cache."""
    for step, where, folder in view.bases:
        name = at(step.raw, f"{where}.hub")
        if step.type != "train" or folder is not None or not isinstance(name, str):
            continue
        own = name.rpartition("/")[2]
        if QUANTISED.search(name):
            message = f"{name} has its weights in four or eight bits, and experts: neither an adapter nor an export takes them as they are"
            fix = "name a model whose weights are whole, such as Qwen/Qwen3-4B"
            yield say("A110", step, f"{where}.hub", message, fix, severity="warning")
        elif (other := _other_kind(own)) and any(step in view.makers(each, "checkpoint") for each in view.of_type("export_ollama")):
            message = f"{name} is named like a model of type {other}, which export_ollama does not write"
            fix = "train a llama, mistral, qwen2, qwen3, phi3, gemma or gpt2, or leave the export out"
            yield say("E004", step, f"{where}.hub", message, fix, severity="warning")
        if AS_META_GAVE.fullmatch(name):
            message = f"{name} holds Meta's own files, which transformers does not open"
            edit = Edit("set", path(step, f"{where}.hub"), f"{name}-hf")
            yield say("H023", step, f"{where}.hub", message, f"write hub: {name}-hf", severity="warning", edits=(edit,))
            continue
        if (other_format := FORMATS.search(own) or FORMATS.search(name)) is not None:
            found_in = other_format[0].strip("-_.")
            message = f"{name} is named like a copy for another library (…{found_in}), without the weights that are trained"
            yield say("H022", step, f"{where}.hub", message, "name the model that it was made from", severity="warning")
            continue
        kind = next((what for what, names in NAMES.items() if names.search(own)), "")
        if kind and (kind == "a model of pictures or sound" or not DECODERS.search(own)):
            message = f"{name} is named like {kind}, which does not foretell the next token"
            fix = "name a model that writes text, such as a llama, qwen2 or gpt2"
            yield say("C042", step, f"{where}.hub", message, fix, severity="warning")
        elif (found := ADAPTER.search(own)) is not None:
            message = f"{name} is named like an adapter (…{found[0]}), without the model that it adapts"
            fix = "name the model that it was made on, or one that it was merged into"
            yield say("C040", step, f"{where}.hub", message, fix, severity="warning")
        elif (
            "/" not in name
            and not ALONE.fullmatch(name)
            and not belongs_elsewhere(where, name)
            and not (view.facts.project / name).exists()
        ):
            known = _owned(name)
            edits = (Edit("set", path(step, f"{where}.hub"), known),) if known else ()
            message = f"{name} has no owner: the hub knows models by owner/name"
            fix = f"write hub: {known}" if known else "write owner/name as huggingface.co has it, or path: for a folder"
            yield say("H023", step, f"{where}.hub", message, fix, severity="warning", edits=edits)


def _other_kind(own: str) -> str:
    """The type of model that a name tells, where it is none that is exported, and no model of another maker is named beside it."""
    found = next((kind for kind, names in OF_OTHER_KINDS.items() if re.search(names, own.lower())), "")
    made_of = next((maker for maker in ("llama", "qwen", "mistral", "gemma") if maker in own.lower()), "")
    return "" if made_of and not found.startswith(made_of) else found


def _owned(name: str) -> str:
    """The one model of this name that is known, with its owner."""
    from steps.sizing.known import BESIDE, KNOWN, LIKE

    all_of_them = {model.name for model in (*KNOWN, *BESIDE)} | {other for others in LIKE.values() for other in others}
    found = sorted(other for other in all_of_them if other.rpartition("/")[2].lower() == name.lower() and not other.startswith("unsloth/"))
    return found[0] if len(found) == 1 else ""
