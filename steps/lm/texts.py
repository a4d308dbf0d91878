"""Texts that a model writes: prompts continued at T 0.7, top_p 0.9, never greedily."""

import re

from torch import nn

from schemas import RecipeError
from steps.lm.build import longest_input
from steps.lm.generate import sample
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


def room(tokens: int, limit: int | None, most: int, field: str = "") -> int:
    """Of `most` new tokens those that a model of `limit` positions has room for behind a prompt of `tokens`. Raises RecipeError C130
    where there is none."""
    left = most if limit is None else min(most, limit - tokens)
    if left <= 0:
        raise RecipeError(CODE, f"the prompt has {tokens} tokens and the model {limit} positions: nothing can follow", field=field,
                          fix="shorten it")  # fmt: skip
    return left


def write(
    network: nn.Module, tokenizer: TextTokenizer, prompt: str, *, copies: int, max_new_tokens: int, seed: int, field: str = ""
) -> list[list[int]]:  # fmt: skip
    """`copies` continuations of `prompt` as ids. Raises RecipeError C130, at `field`, where the prompt fills the model's positions."""
    ids, limit = prompt_ids(prompt, tokenizer), longest_input(network)
    banned = tuple({i for i in (tokenizer.pad_id, tokenizer.unk_id, tokenizer.bos_id) if i is not None and i != tokenizer.eos_id})
    unnamed = tuple(range(tokenizer.vocab_size, network.config.vocab_size))  # rows of a padded embedding
    return sample(
        network, ids, copies=copies, max_new_tokens=room(len(ids), limit, max_new_tokens, field), seed=seed, eos_id=tokenizer.eos_id,
        limit=limit, banned=banned + unnamed,
    )  # fmt: skip


def samples(
    network: nn.Module, tokenizer: TextTokenizer, prompts: list[str], *, max_new_tokens: int, seed: int, field: str = "prompts"
) -> list[dict[str, str]]:
    """One text a prompt: {prompt, lang, text}, the text without the prompt. field: of the prompts, for C130."""
    made = []
    for i, prompt in enumerate(prompts):
        (ids,) = write(network, tokenizer, prompt, copies=1, max_new_tokens=max_new_tokens, seed=seed + i, field=f"{field}.{i}")
        made.append({"prompt": prompt, "lang": language(prompt), "text": tokenizer.continued(prompt_ids(prompt, tokenizer), ids)})
    return made
