"""Splitting conversations: turns stay whole, a system message is repeated, a long answer is split with its question repeated."""

from collections.abc import Callable
from typing import Any

from steps.text.chat import render
from steps.text.split import Starts, Strategy, split_text

Messages = list[dict[str, str]]
Size = Callable[[Messages], int]
LEAST_ROOM = 16  # tokens of an answer worth a piece of its own


def split_messages(
    messages: Messages, max_tokens: int, starts: Starts, strategy: Strategy, overlap_tokens: int, size: Size | None = None
) -> list[dict[str, Any]]:
    """`messages` as rows {"text", "messages"} of at most `max_tokens` tokens each.

    size: tokens of a conversation as the model's own template writes it; of its text in ours when left out.
    A question that leaves no room for an answer stays together with it, above the limit: the caller counts it.
    """
    measure = size or (lambda talk: len(starts(render(talk).text)))
    system = messages[: 1 if messages and messages[0]["role"] == "system" else 0]
    rounds = _rounds(messages[len(system) :])
    parts: list[Messages] = []
    held: Messages = []
    for turns in rounds:
        if held and measure([*system, *held, *turns]) <= max_tokens:
            held = held + turns
            continue
        if held:
            parts.append(system + held)
        if measure([*system, *turns]) <= max_tokens:
            held = turns
            continue
        held = []
        parts += [system + part for part in _long_round(system, turns, max_tokens, starts, strategy, overlap_tokens, measure)]
    if held:
        parts.append(system + held)
    return [{"messages": part, "text": render(part).text} for part in parts]


def _rounds(messages: Messages) -> list[Messages]:
    """Stretches that begin with a question and end before the next: what must not be parted."""
    rounds: list[Messages] = []
    for message in messages:
        if not rounds or (message["role"] != "assistant" and rounds[-1][-1]["role"] == "assistant"):
            rounds.append([])
        rounds[-1].append(message)
    return rounds


def _long_round(
    system: Messages, turns: Messages, max_tokens: int, starts: Starts, strategy: Strategy, overlap_tokens: int, measure: Size
) -> list[Messages]:
    """One question with an answer too long for the window, as several with parts of the answer."""
    if turns[-1]["role"] != "assistant" or sum(turn["role"] == "assistant" for turn in turns) > 1:
        return [turns]
    question, answer = turns[:-1], turns[-1]
    empty = [*system, *question, {**answer, "content": ""}]
    room = max_tokens - measure(empty) - 2  # at its edges an answer can have a token more than by itself
    if room < max(LEAST_ROOM, 2 * overlap_tokens):
        return [turns]
    pieces = split_text(answer["content"], room, starts, strategy, overlap_tokens)
    return [[*question, {**answer, "content": piece}] for piece in pieces]
