"""A checkpoint asked for a text, which comes piece by piece as it is drawn."""

from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from schemas import Checkpoint
from steps.lm import build
from steps.lm.generate import choose, stream
from steps.lm.texts import prompt_ids, room
from steps.text.chat import render_prompt
from steps.text.tokenizers import TextTokenizer, open_tokenizer


def speak(
    folder: Path, prompt: str, *, chat: bool | None, system: str, max_new_tokens: int, temperature: float, top_k: int, top_p: float,
    seed: int, told: Callable[[str], None] = lambda _: None,
) -> Iterator[str]:  # fmt: skip
    """What the model in `folder` writes behind `prompt`; as an answer to it with `chat` (None: where the model was taught to answer).

    Every piece is whole characters, and joined they are the text; it ends with an end token, an end-of-turn mark, or at the limit.
    temperature 0 takes the likeliest token; top_k 0 and top_p 1 leave nothing out. The same seed gives the same text. told: hears that
    the model's positions ended before max_new_tokens did.
    Raises RecipeError C130 when the prompt leaves no room, and what opening a model raises.
    """
    build.quiet()
    network = build.open_model(folder)
    network.to(build.device())
    words = open_tokenizer(folder)
    ids = _asked(words, prompt, system) if _is_chat(folder, chat) else prompt_ids(prompt, words)
    limit = build.longest_input(network)
    most = room(len(ids), limit, max_new_tokens)
    ends = {i for i in (words.eos_id, *_marks(words)) if i is not None}
    never = {i for i in (words.pad_id, words.unk_id, words.bos_id) if i is not None} - ends
    banned = [*sorted(never), *range(words.vocab_size, network.config.vocab_size)]
    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    drawn: list[int] = []
    said = ""
    with build.fitting_threads(network), stream(network, 1) as further:
        logits = further(torch.tensor([ids], device=device))
        for left in range(most - 1, -1, -1):
            logits[:, banned] = -torch.inf
            token = int(choose(logits, temperature, top_p, generator, top_k=top_k))
            if token in ends:
                break
            drawn.append(token)
            text = words.decode(drawn)
            if not text.endswith("\ufffd") or left == 0:  # else a character's bytes are still coming
                yield text[len(said) :]
                said = text
            logits = further(torch.tensor([[token]], device=device))
    rest = words.decode(drawn)[len(said) :]
    if rest:
        yield rest
    if len(drawn) == most < max_new_tokens:
        told(f"ended after {most} of {max_new_tokens} new tokens: the model has {limit} positions")


def _is_chat(folder: Path, chat: bool | None) -> bool:
    """As said; else of our own models those that were fine-tuned, of others those that bring a template."""
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


def _asked(words: TextTokenizer, prompt: str, system: str) -> list[int]:
    """A question, and the opening of its answer, as training met them."""
    messages = [*([{"role": "system", "content": system}] if system else []), {"role": "user", "content": prompt}]
    if words.form.source is None:
        first = [words.bos_id] if words.bos_id is not None else []
        return [*first, *words.encode(render_prompt(messages))]
    return words.encode_marked(words.form.text(messages, ask=True), words.form.marks)[0]


def _marks(words: TextTokenizer) -> list[int]:
    """Ids of end-of-turn marks: our own, and those that other models end an answer with."""
    from steps.text.chat import END

    found = []
    for mark in (END, "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>"):
        ids, _ = words.encode_marked(mark, [mark])
        if len(ids) == 1:
            found.append(ids[0])
    return found
