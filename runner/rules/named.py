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
        kind = next((what for what, names in NAMES.items() if names.search(own)), "")
        if kind and (kind == "a model of pictures or sound" or not DECODERS.search(own)):
            message = f"{name} is named like {kind}, which does not foretell the next token"
            yield say(
                "C042", step, f"{where}.hub", message, "name a model that writes text, such as a llama, qwen2 or gpt2", severity="warning"
            )
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


def _owned(name: str) -> str:
    """The one model of this name that is known, with its owner."""
    from steps.sizing.known import BESIDE, KNOWN, LIKE

    all_of_them = {model.name for model in (*KNOWN, *BESIDE)} | {other for others in LIKE.values() for other in others}
    found = sorted(other for other in all_of_them if other.rpartition("/")[2].lower() == name.lower() and not other.startswith("unsloth/"))
    return found[0] if len(found) == 1 else ""
