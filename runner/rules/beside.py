"""Files beside the weights of a base that say how its tokenizer and its answers are: they can be read, and transformers takes them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from runner.modelfolder import POINTER
from runner.rules import View, rule, say
from runner.rules.base import named_at
from schemas.findings import Finding, RulePage

if TYPE_CHECKING:
    from runner.modelfolder import ModelFolder

NEEDED = ("tokenizer_config.json", "special_tokens_map.json")  # the run ends where one is broken
BESIDE = (*NEEDED, "generation_config.json", "added_tokens.json", "chat_template.json")
SPECIAL = ("bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token")


@rule(
    RulePage(
        "C047",
        "a file beside the model that is no JSON",
        "A comma too many, or half a download, in a file that says what the chat template is, which tokens are special or where an answer "
        "ends. A broken tokenizer_config.json or special_tokens_map.json ends the run; what another one says is left out in silence.",
        wrong='{"eos_token_id": [2, 4],}',
        right='{"eos_token_id": [2, 4]}',
        source="litgpt: Tokenizer, generation_config.json contains invalid JSON",
        needs="generation_config.json, tokenizer_config.json and their like",
    ),
    RulePage(
        "C048",
        "a tokenizer_config.json that transformers refuses",
        "recipe opens tokenizer.json by itself, and the training runs. What it leaves is a folder for transformers, whose tokenizer nobody "
        "can open then: a token is a text, a side is left or right, further special tokens are a list.",
        wrong='tokenizer_config.json: "pad_token": 0',
        right='tokenizer_config.json: "pad_token": "<pad>"',
        source="transformers 5.23: PreTrainedTokenizerBase.__init__",
        severity="warning",
        needs="tokenizer_config.json",
    ),
    RulePage(
        "C049",
        "an id that two files give to two tokens",
        "added_tokens_decoder of tokenizer_config.json repeats the added tokens of tokenizer.json. Where it gives an id another token, "
        "transformers adds that one behind the vocabulary, as an id for which the embedding has no row; recipe goes by tokenizer.json "
        "alone, so that the slip shows only where the result is opened by others.",
        wrong='tokenizer_config.json: "added_tokens_decoder": {"3": {"content": "<|start|>"}}   # tokenizer.json: 3 is <|im_start|>',
        right='tokenizer_config.json: "added_tokens_decoder": {"3": {"content": "<|im_start|>"}}',
        source="seen with transformers 5: len(tokenizer) is one more than the vocabulary then",
        severity="warning",
        needs="tokenizer.json and tokenizer_config.json",
    ),
)
def files_beside_can_be_read(view: View) -> Iterator[Finding]:
    """C047: files that are there and no JSON. C048, C049: settings of the tokenizer, for a base that is trained."""
    said: set[str] = set()
    for step, where, folder in view.bases:
        if folder is None or not folder.kind:
            continue
        named = named_at(step.raw, where)
        if folder.name not in said and (lost := next((name for name in BESIDE if _unreadable(view, folder, name)), "")):
            said.add(folder.name)
            ends = lost in NEEDED
            then = "no tokenizer is opened with it" if ends else "what it says is left out"
            message = f"{folder.name}/{lost} is no readable JSON: {then}"
            fix = "mend it, or fetch or copy it again"
            yield say("C047", step, named, message, fix, severity="error" if ends else "warning")
        wrong = _tokenizer_refused(folder.json("tokenizer_config.json")) if step.type == "train" else None
        if wrong is not None:
            message = f"{folder.name}/tokenizer_config.json: {wrong[0]}: transformers will not open the tokenizer of what is trained"
            yield say("C048", step, named, message, wrong[1], severity="warning")
        elif step.type == "train" and (other := _numbered_otherwise(folder)) is not None:
            number, here, there = other
            message = f"{folder.name}/tokenizer_config.json calls id {number} {here}, its tokenizer.json {there}: "
            message += f"transformers adds {here} behind the vocabulary, where it has no row"
            yield say("C049", step, named, message, f"write {there} in added_tokens_decoder, or fetch the file again", severity="warning")


def _unreadable(view: View, folder: "ModelFolder", name: str) -> bool:
    """Whether a file is there and no JSON; a pointer of Git LFS is told elsewhere."""
    file = folder.folder / name
    return name in folder and view.facts.json(file) is None and not view.facts.head(file, 64).startswith(POINTER)


def _numbered_otherwise(folder: "ModelFolder") -> tuple[int, str, str] | None:
    """The first id of added_tokens_decoder that tokenizer.json gives to another token, with both; the first is unknown there."""
    listed = folder.json("tokenizer_config.json").get("added_tokens_decoder")
    known = {number: token for token, number in folder.tokens.items()}
    for number, entry in listed.items() if isinstance(listed, dict) else ():
        here = entry.get("content") if isinstance(entry, dict) else None
        there = known.get(int(number)) if str(number).isdigit() else None
        if isinstance(here, str) and here and there is not None and here != there and here not in folder.tokens:
            return int(number), here, there
    return None


def _tokenizer_refused(config: dict[str, Any]) -> tuple[str, str] | None:
    for name in ("padding_side", "truncation_side"):
        if name in config and config[name] not in ("left", "right"):
            return f"{name} is {config[name]}", f"write {name}: left or right"
    for name in SPECIAL:
        if not isinstance(config.get(name), str | dict | None):
            return f"{name} is {config[name]!r}, and a token is a text", f"write the token itself, such as {name}: <pad>"
    more = config.get("extra_special_tokens")
    if more is not None and not isinstance(more, list | dict):
        return f"extra_special_tokens is {more!r}", "write a list of the tokens"
    return None
