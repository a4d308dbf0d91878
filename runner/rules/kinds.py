"""Kinds of base models, by the model_type of config.json: those that write no text, and those that cannot be trained here."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from runner.rules import View, rule, say
from runner.rules.base import named_at
from schemas.findings import Finding, RulePage
from steps.lm.shapes import ANOTHER_STATE, UNTRAINED

if TYPE_CHECKING:
    from runner.modelfolder import ModelFolder

WRITES_NOTHING = {  # kinds of models that transformers has, and not as a model of the next word
    "an encoder": ("bert", "roberta", "xlm-roberta", "distilbert", "albert", "electra", "deberta", "deberta-v2", "modernbert", "mpnet",
                   "camembert", "longformer", "nomic_bert"),
    "an encoder with a decoder": ("t5", "mt5", "umt5", "longt5", "bart", "mbart", "pegasus", "marian", "m2m_100", "nllb-moe", "led",
                                  "blenderbot", "whisper", "t5gemma"),
    "a model of pictures or sound": ("clip", "siglip", "vit", "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "llava", "llava_next", "idefics2",
                                     "idefics3", "paligemma", "wav2vec2", "hubert", "qwen2_audio", "smolvlm"),
}  # fmt: skip
OTHER_HEADS = ("ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForMaskedLM", "ForRewardModel")


def writes_nothing(folder: "ModelFolder") -> tuple[str, str]:
    """What the model is instead of one that foretells the next token, and its head where that tells; both empty for one that does."""
    alone = folder.config.get("is_decoder") is True and folder.config.get("is_encoder_decoder") is not True  # a decoder made of it
    what = "" if alone else next((what for what, kinds in WRITES_NOTHING.items() if folder.kind in kinds), "")
    heads = folder.config.get("architectures") or ()
    head = next((str(name) for name in heads if str(name).endswith(OTHER_HEADS)), "") if isinstance(heads, list) else ""
    return what, head


@rule(
    RulePage(
        "C042",
        "a base that writes no text",
        "A train step teaches a model to foretell the next token. Encoders, models with an encoder before the decoder, those of pictures, "
        "and models with another head have no such output: transformers refuses them, or makes one of random numbers.",
        wrong="model: {base: {path: models/flan-t5}}",
        right="model: {base: {path: models/llama}}",
        source="huggingface/autotrain-advanced#821; salesforce/CodeT5#100",
        needs="config.json; where it cannot be looked at, the name on the hub",
    )
)
def bases_foretell_the_next_token(view: View) -> Iterator[Finding]:
    """C042: by the model_type of config.json, else by the head that architectures name."""
    for step, where, folder in view.bases:
        if folder is None or not folder.kind or step.type != "train":
            continue
        what, head = writes_nothing(folder)
        if what or head:
            message = f"{folder.name} is {what} ({folder.kind})" if what else f"{folder.name} is a {head}"
            message += ": it does not foretell the next token, so it cannot be trained here"
            yield say("C042", step, named_at(step.raw, where), message, "name a model that writes text, such as a llama, qwen2 or gpt2")


@rule(
    RulePage(
        "C043",
        "a base that transformers holds and cannot train here",
        "Of xLSTM, transformers 5.23 has a PyTorch path that refuses the kernels which published configs name, and fails when it writes "
        "text with its state: shapes of that state do not agree. A training would end at its first sample, or begin not at all.",
        wrong="model: {base: {path: models/xlstm}}",
        right="model: {base: {path: models/mamba2}}",
        source="transformers 5.23, models/xlstm, tried on a CPU",
        needs="config.json",
    )
)
def bases_can_be_trained(view: View) -> Iterator[Finding]:
    """C043: by the model_type of config.json."""
    for step, where, folder in view.bases:
        if folder is not None and folder.kind in UNTRAINED and step.type == "train":
            message = f"{folder.name} is an {folder.kind}: {UNTRAINED[folder.kind]}"
            yield say("C043", step, named_at(step.raw, where), message, ANOTHER_STATE)
