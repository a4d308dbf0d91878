"""Texts that a model writes: prompts continued, or answered, at T 0.7, top_p 0.9, never greedily."""

import re
from collections.abc import Collection

from torch import nn

from schemas import RecipeError
from steps.lm import checkpoint
from steps.lm.build import longest_input
from steps.lm.generate import sample
from steps.text.chat import END
from steps.text.tokenizers import TextTokenizer

CODE = "C130"
MARK = re.compile(r"^<([A-Za-z][\w-]{0,15})>")


def language(prompt: str) -> str:
    """The language that a prompt's leading mark names, such as `<tr>`; empty without one."""
    found = MARK.match(prompt)
    return found[1] if found else ""


def prompt_ids(prompt: str, tokenizer: TextTokenizer) -> list[int]:
    """Begin token and the prompt's ids; an empty prompt without a begin token is an end token, after which a text begins too."""
    first = [tokenizer.bos_id] if tokenizer.bos_id is not None else []
    return [*first, *tokenizer.encode(prompt)] or [tokenizer.eos_id or 0]


def question_ids(prompt: str, tokenizer: TextTokenizer, system: str = "") -> list[int]:
    """The prompt as a question, and the opening of its answer, as training met them."""
    messages = [*([{"role": "system", "content": system}] if system else []), {"role": "user", "content": prompt}]
    return tokenizer.form.asked(messages, tokenizer)


def stops(tokenizer: TextTokenizer) -> set[int]:
    """Ids at which an answer ends: the end token, the mark that the template puts there, what its folder says, and usual marks."""
    found = {tokenizer.eos_id, tokenizer.form.stop(tokenizer), *(checkpoint.stops(tokenizer.folder) if tokenizer.folder else [])}
    for mark in (END, "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>"):
        ids, _ = tokenizer.encode_marked(mark, [mark])
        if len(ids) == 1:
            found.add(ids[0])
    return {number for number in found if number is not None}


def spelled_end(tokenizer: TextTokenizer) -> str:
    """Our end-of-turn mark where a model learned to spell it, since its tokenizer has no token for it; else nothing."""
    return END if tokenizer.form.source is None and tokenizer.form.stop(tokenizer) is None else ""


def room(tokens: int, limit: int | None, most: int, field: str = "") -> int:
    """Of `most` new tokens those that a model of `limit` positions has room for behind a prompt of `tokens`. Raises RecipeError C130
    where there is none."""
    left = most if limit is None else min(most, limit - tokens)
    if left <= 0:
        raise RecipeError(CODE, f"the prompt has {tokens} tokens and the model {limit} positions: nothing can follow", field=field,
                          fix="shorten it")  # fmt: skip
    return left


def write(
    network: nn.Module, tokenizer: TextTokenizer, before: list[int], *, copies: int, max_new_tokens: int, seed: int, field: str = "",
    ends: Collection[int] = (),
) -> list[list[int]]:  # fmt: skip
    """`copies` texts behind the ids `before`, as ids; ends: where they stop besides the end token. Raises RecipeError C130, at `field`,
    where `before` fills the model's positions."""
    limit = longest_input(network)
    last = {i for i in (tokenizer.eos_id, *ends) if i is not None}
    banned = tuple({i for i in (tokenizer.pad_id, tokenizer.unk_id, tokenizer.bos_id) if i is not None} - last)
    unnamed = tuple(range(tokenizer.vocab_size, network.config.vocab_size))  # rows of a padded embedding
    return sample(
        network, before, copies=copies, max_new_tokens=room(len(before), limit, max_new_tokens, field), seed=seed, ends=last, limit=limit,
        banned=banned + unnamed,
    )  # fmt: skip


def samples(
    network: nn.Module, tokenizer: TextTokenizer, prompts: list[str], *, max_new_tokens: int, seed: int, field: str = "prompts",
    asked: bool = False,
) -> list[dict[str, str]]:  # fmt: skip
    """One text a prompt: {prompt, lang, text}, the text without the prompt. field: of the prompts, for C130. asked: as its answer."""
    made = []
    for i, prompt in enumerate(prompts):
        before = question_ids(prompt, tokenizer) if asked else prompt_ids(prompt, tokenizer)
        (ids,) = write(network, tokenizer, before, copies=1, max_new_tokens=max_new_tokens, seed=seed + i, field=f"{field}.{i}",
                       ends=stops(tokenizer) if asked else ())  # fmt: skip
        text = tokenizer.decode(ids) if asked else tokenizer.continued(before, ids)
        if asked and (mark := spelled_end(tokenizer)):
            text = text.split(mark)[0]
        made.append({"prompt": prompt, "lang": language(prompt), "text": text})
    return made
