"""A checkpoint asked for a text, which comes piece by piece as it is drawn."""

from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from schemas import Checkpoint
from steps.lm import build
from steps.lm.frozen import stored_dtype
from steps.lm.generate import choose, stream
from steps.lm.precision import held
from steps.lm.room import settle
from steps.lm.texts import prompt_ids, question_ids, room, spelled_end, stops
from steps.text.tokenizers import open_tokenizer


def speak(
    folder: Path, prompt: str, *, chat: bool | None, system: str, max_new_tokens: int, temperature: float, top_k: int, top_p: float,
    seed: int, told: Callable[[str], None] = lambda _: None,
) -> Iterator[str]:  # fmt: skip
    """What the model in `folder` writes behind `prompt`; as an answer to it with `chat` (None: where the model was taught to answer).

    Every piece is whole characters, and joined they are the text; it ends with an end token, an end-of-turn mark, or at the limit.
    temperature 0 takes the likeliest token; top_k 0 and top_p 1 leave nothing out. The same seed gives the same text. told: hears that
    the model's positions ended before max_new_tokens did, and of a system message that nobody reads.
    Raises RecipeError C130 when the prompt leaves no room, C013 for a model that answers no numbers, and what opening a model raises.
    """
    build.quiet()
    network = build.open_model(folder)
    half = settle(network, build.device(), stored_dtype(folder))
    words = open_tokenizer(folder)
    answering = answers(folder, chat)
    if system and not answering:
        told("the system message is left out: the prompt is continued, not answered (--chat)")
    ids = question_ids(prompt, words, system) if answering else prompt_ids(prompt, words)
    limit = build.longest_input(network)
    most = room(len(ids), limit, max_new_tokens)
    ends = stops(words)
    written_out = spelled_end(words) if answering else ""
    never = {i for i in (words.pad_id, words.unk_id, words.bos_id) if i is not None} - ends
    banned = [*sorted(never), *range(words.vocab_size, network.config.vocab_size)]
    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(seed % 2**63)
    drawn: list[int] = []
    said = ""
    with build.fitting_threads(network), held(half, device), stream(network, 1) as further:
        logits = further(torch.tensor([ids], device=device))
        for left in range(most - 1, -1, -1):
            logits[:, banned] = -torch.inf
            token = int(choose(logits, temperature, top_p, generator, top_k=top_k))
            if token in ends:
                break
            drawn.append(token)
            text = words.decode(drawn) if answering else words.continued(ids, drawn)
            if written_out and written_out in text:
                break
            if (not text.endswith("\ufffd") or left == 0) and not _begins(text, written_out):  # else a character's bytes are still coming
                if text != said:
                    yield text[len(said) :]
                said = text
            logits = further(torch.tensor([[token]], device=device))
    text = words.decode(drawn) if answering else words.continued(ids, drawn)
    if rest := (text.split(written_out)[0] if written_out else text)[len(said) :]:
        yield rest
    if len(drawn) == most < max_new_tokens:
        told(f"ended after {most} of {max_new_tokens} new tokens: the model has {limit} positions")


def _begins(text: str, mark: str) -> bool:
    """Whether `text` ends with a beginning of `mark`."""
    return any(text.endswith(mark[:size]) for size in range(1, len(mark) + 1))


def answers(folder: Path, chat: bool | None) -> bool:
    """Whether the model in `folder` answers a prompt and does not continue it.

    As said; else of our own models those that were fine-tuned, of others those that bring a template.
    """
    from steps.text.chat_form import template_of

    if chat is not None:
        return chat
    return template_of(folder) is not None and ours(folder) in ("sft", "")


def ours(folder: Path) -> str:
    """The objective of a checkpoint that a train step made, empty for another's model."""
    try:
        return Checkpoint.load(folder).objective
    except ValueError:
        return ""
