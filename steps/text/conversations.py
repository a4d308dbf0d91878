"""Splitting conversations: turns stay whole, a system message is repeated, a long answer is split with its question repeated."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from steps.text.chat import render
from steps.text.choices import Strategy
from steps.text.ruler import Ruler, Starts
from steps.text.split import Cutter

Messages = list[dict[str, str]]
Size = Callable[[Messages], int]
LEAST_ROOM = 16  # tokens of an answer worth a piece of its own
SLACK = 1.1  # a sum of rounds so far below the limit needs no measuring: at a seam of two rounds there are few tokens more


@dataclass(slots=True)
class Done:
    """What was done to one conversation. rows: what it became. apart: rounds that begin a row and had a round before them.

    answers: long answers that were split. whole: rounds kept above the limit, with the reason of each.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    apart: int = 0
    answers: int = 0
    whole: list[str] = field(default_factory=list)


def split_messages(
    messages: Messages, max_tokens: int, ruler: Ruler | Starts, strategy: Strategy, overlap_tokens: int, size: Size | None = None
) -> list[dict[str, Any]]:
    """The rows of `split_conversation`."""
    return split_conversation(messages, max_tokens, ruler, strategy, overlap_tokens, size).rows


def split_conversation(
    messages: Messages, max_tokens: int, ruler: Ruler | Starts, strategy: Strategy, overlap_tokens: int, size: Size | None = None
) -> Done:
    """`messages` as rows {"text", "messages"} of at most `max_tokens` tokens each.

    size: tokens of a conversation as the model's own template writes it; of its text in ours when left out.
    A round that leaves no room for an answer stays whole, above the limit, and is told. A row whose answer repeats the end of the last
    row's has "overlap" besides, the characters that it repeats.
    """
    measure = ruler if isinstance(ruler, Ruler) else Ruler(ruler)
    count = size or (lambda talk: measure.count(render(talk).text))
    system = messages[: 1 if messages and messages[0]["role"] == "system" else 0]
    done = Done()
    held: Messages = []
    sum_held = 0  # of the rounds held, each by itself: what they are together is measured only near the limit
    parts: list[tuple[Messages, int]] = []  # and the characters that the last answer repeats
    rounds = _rounds(messages[len(system) :])
    for turns in rounds:
        alone = count([*system, *turns])
        if held and (sum_held + alone) * SLACK > max_tokens:
            exact = count([*system, *held, *turns])
            together, sum_now = exact <= max_tokens, exact
        else:
            together, sum_now = bool(held), sum_held + alone
        if together:
            held, sum_held = held + turns, sum_now
            continue
        if held:
            parts.append((system + held, 0))
        done.apart += bool(parts)
        held, sum_held = [], 0
        if alone <= max_tokens:
            held, sum_held = turns, alone
            continue
        long = _long_round(system, turns, max_tokens, measure, strategy, overlap_tokens, count, done)
        parts += [(system + part, repeated) for part, repeated in long]
    if held:
        parts.append((system + held, 0))
    done.rows = [{"messages": part, "text": render(part).text, **({"overlap": n} if n else {})} for part, n in parts]
    return done


def _rounds(messages: Messages) -> list[Messages]:
    """Stretches that begin with a question and end before the next: what must not be parted."""
    rounds: list[Messages] = []
    for message in messages:
        if not rounds or (message["role"] != "assistant" and rounds[-1][-1]["role"] == "assistant"):
            rounds.append([])
        rounds[-1].append(message)
    return rounds


def _long_round(
    system: Messages, turns: Messages, max_tokens: int, ruler: Ruler, strategy: Strategy, overlap_tokens: int, size: Size, done: Done
) -> list[tuple[Messages, int]]:
    """One question with an answer too long for the window, as several with parts of the answer, each with what it repeats."""
    if turns[-1]["role"] != "assistant":
        done.whole.append("a question without an answer")
        return [(turns, 0)]
    if sum(turn["role"] == "assistant" for turn in turns) > 1:
        done.whole.append("several answers in a row")
        return [(turns, 0)]
    question, answer = turns[:-1], turns[-1]
    empty = [*system, *question, {**answer, "content": ""}]
    room = max_tokens - size(empty) - 2  # at its edges an answer can have a token more than by itself
    while room >= max(LEAST_ROOM, 2 * overlap_tokens):
        pieces = Cutter(room, ruler, strategy, overlap_tokens).pieces(ruler.windows([answer["content"]]))
        parts = [([*question, {**answer, "content": piece.text}], piece.repeated) for piece in pieces]
        above = max(size([*system, *part]) for part, _ in parts) - max_tokens
        if above <= 0:
            done.answers += 1
            return parts
        room -= above
    done.whole.append("its question leaves no room for an answer")
    return [(turns, 0)]
