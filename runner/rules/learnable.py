"""What the texts that reach a train_tokenizer can give it: pieces, at most and likely, and characters that it must know."""

from collections import Counter

from runner.meant import StepMeant
from runner.rules import View, param
from steps.text.richness import FULL, SAMPLED, SMALL, most_pieces, pieces_of_little, pieces_of_words, words_in

ALPHABET_SAMPLE = 300_000  # characters that are looked at
FEW_CHARACTERS = 500
DOUBT = 6  # a vocabulary this many times below the bound by size alone is surely had


def pieces_at_most(view: View, step: StepMeant, text: int, there: int) -> int:
    """The pieces in `text` bytes of the `there` that reach a step: by the size, and of little text by what stands in it."""
    model = param(step, "model")
    bound = most_pieces(text, model)
    if text >= SMALL or model == "byte_bpe":
        return bound
    texts = view.texts(step)
    if sum(len(each.encode("utf-8", "replace")) for each in texts) < min(there, SAMPLED) * FULL:
        return bound  # of some sources nothing was read
    found = pieces_of_little(texts, model, bool(getattr(step.params, "fallback", True)), text)
    return bound if found is None else min(bound, found + len(param(step, "user_symbols") or ()))


def likely_pieces(view: View, step: StepMeant, asked: int, text: int, there: int) -> int:
    """The same, and where the size leaves a doubt by the words in a sample."""
    model = param(step, "model")
    bound = pieces_at_most(view, step, text, there)
    if asked > bound or asked * DOUBT < bound:
        return bound
    words = words_in(view.texts(step), text)
    return bound if words is None else min(bound, pieces_of_words(words, text, model))


def alphabet(view: View, step: StepMeant, beyond: float = FEW_CHARACTERS) -> set[str]:
    """Characters in the beginning of the text that the tokenizer must have a piece for, by its coverage; none for up to `beyond`.

    What a normalization does to them is not known: with one, few characters are told nothing of.
    """
    if beyond < FEW_CHARACTERS and param(step, "normalization") not in (None, "identity"):
        beyond = FEW_CHARACTERS
    texts, read = [], 0
    for text in view.texts(step):
        texts.append(text)
        read += len(text)
        if read > ALPHABET_SAMPLE:
            break
    characters = "".join(texts)
    needed: set[str] = set()
    if len(set(characters)) <= beyond:
        return needed
    coverage, covered = param(step, "character_coverage") or 0.9995, 0
    for character, count in Counter(characters).most_common():
        if covered >= coverage * len(characters):
            break
        covered += count
        needed.add(character)
    return needed
