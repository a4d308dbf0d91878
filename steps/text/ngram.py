"""Interpolated n-gram models of token ids with Witten-Bell smoothing: the bar that a trained model must beat.

Witten and Bell 1991; Chen and Goodman 1998 (arXiv cmp-lg/9606011), section 2.5:
p(w | h) = (c(h w) + T(h) p(w | h')) / (c(h) + T(h)), with T(h) the number of different words seen after h and h' one word shorter.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

SMOOTHING = "interpolated Witten-Bell"
TOKEN_LIMIT = 4_000_000  # tokens counted at most: about 200 MB at order 5


class Ngram:
    """Counts of all orders up to `order`; ids of one document never follow those of another.

    Each order keeps its n-grams as sorted integers: the number of the context, found at the order below, and the next id.
    """

    def __init__(self, order: int, vocab_size: int) -> None:
        if order < 1:
            raise ValueError("order must be at least 1")
        self.order, self.vocab_size = order, vocab_size
        self.fitted_tokens = 0
        self._keys: list[np.ndarray] = []  # of order k: (context number) * vocab_size + id, sorted; its place is the n-gram's number
        self._counts: list[np.ndarray] = []
        self._total: list[np.ndarray] = []  # by context number: c(h)
        self._types: list[np.ndarray] = []  # by context number: T(h)
        self._starts: list[np.ndarray] = []  # by context number: its first place in keys, one more at the end

    def fit(self, ids: "np.ndarray", offsets: "np.ndarray", limit: int = TOKEN_LIMIT) -> "Ngram":
        """Count `ids` (N,) of documents ids[offsets[i]:offsets[i + 1]], whole documents up to `limit` tokens. The first id of a
        document is context only (bos). Returns itself.
        """
        import numpy as np

        documents = max(1, int(np.searchsorted(offsets, min(limit, len(ids)), side="right")) - 1)
        end = min(int(offsets[min(documents, len(offsets) - 1)]), max(limit, 1))
        flat = np.asarray(ids[:end], dtype=np.int64)
        depth = _depth(end, offsets)
        self.fitted_tokens = end
        numbers = np.zeros(end, dtype=np.int64)  # of the context that ends before each position; order 1 has the empty one
        contexts = 1
        for k in range(1, self.order + 1):
            valid = depth >= max(1, k - 1)  # so many ids of the same document stand before; never the first id alone
            keys = numbers[valid] * self.vocab_size + flat[valid]
            unique, places, counts = np.unique(keys, return_inverse=True, return_counts=True)
            owner = unique // self.vocab_size
            self._keys.append(unique)
            self._counts.append(counts)
            self._total.append(np.bincount(owner, weights=counts, minlength=contexts).astype(np.int64))
            self._types.append(np.bincount(owner, minlength=contexts))
            self._starts.append(np.searchsorted(owner, np.arange(contexts + 1)))
            here = np.full(end, -1, dtype=np.int64)
            here[valid] = places
            numbers = self._shifted(here, flat, depth, k)
            contexts = len(unique) + (self.vocab_size if k == 1 else 0)
        return self

    def _shifted(self, here: "np.ndarray", flat: "np.ndarray", depth: "np.ndarray", k: int) -> "np.ndarray":
        """Number of the context of length k before each position: the k-gram that ends at the position before."""
        import numpy as np

        numbers = np.zeros(len(flat), dtype=np.int64)
        if k == 1:  # a context of one id is the id: bos is one too, although it is never predicted
            numbers[1:] = flat[:-1]
            return numbers
        numbers[1:] = here[:-1]
        numbers[depth < k] = -1
        return numbers

    def nats(self, ids: "np.ndarray", offsets: "np.ndarray", order: int | None = None) -> tuple[float, int]:
        """Total negative log probability, in nats, of all ids but the first of each document; and how many ids that is."""
        import numpy as np

        flat = np.asarray(ids, dtype=np.int64)
        depth = _depth(len(flat), offsets)
        probability = self._probabilities(flat, depth, order or self.order)
        scored = depth >= 1
        return float(-np.log(probability[scored]).sum()), int(scored.sum())

    def _probabilities(self, flat: "np.ndarray", depth: "np.ndarray", order: int) -> "np.ndarray":
        import numpy as np

        n = len(flat)
        probability = np.full(n, 1.0 / self.vocab_size)
        context = np.zeros(n, dtype=np.int64)
        known = depth >= 1
        for k in range(1, min(order, self.order) + 1):
            at = np.flatnonzero(known)
            places, found = self._find(k, context[at], flat[at])
            total, types = self._total[k - 1][context[at]], self._types[k - 1][context[at]]
            seen = total > 0
            counts = np.where(found, self._counts[k - 1][places], 0)
            probability[at[seen]] = ((counts + types * probability[at]) / np.maximum(total + types, 1))[seen]
            here = np.full(n, -1, dtype=np.int64)
            here[at[found]] = places[found]
            if k == 1:
                here = flat  # contexts of one id are numbered by the id
            context = np.full(n, -1, dtype=np.int64)
            context[1:] = here[:-1]
            known = (depth >= max(1, k)) & (context >= 0)
        return probability

    def _find(self, k: int, context: "np.ndarray", ids: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
        """Places of n-grams of order k, and whether they are there at all."""
        import numpy as np

        keys = self._keys[k - 1]
        wanted = context * self.vocab_size + ids
        places = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        return places, (keys[places] == wanted if len(keys) else np.zeros(len(wanted), bool))

    def distribution(self, before: list[int]) -> "np.ndarray":
        """(vocab_size,) probabilities of the next id after `before`, which begins with the first id of a document."""
        import numpy as np

        probability = np.full(self.vocab_size, 1.0 / self.vocab_size)
        for k in range(1, min(self.order, len(before) + 1) + 1):
            context = self._context(before[len(before) - k + 1 :])
            if context is None or not self._total[k - 1][context]:
                break
            start, end = self._starts[k - 1][context : context + 2]
            total, types = self._total[k - 1][context], self._types[k - 1][context]
            probability *= types / (total + types)
            probability[self._keys[k - 1][start:end] % self.vocab_size] += self._counts[k - 1][start:end] / (total + types)
        return probability

    def _context(self, ids: list[int]) -> int | None:
        """Number of a context, or None when it never occurred."""
        import numpy as np

        if not ids:
            return 0
        number = ids[0]
        for k, token in enumerate(ids[1:], 2):
            places, found = self._find(k, np.array([number]), np.array([token]))
            if not found[0]:
                return None
            number = int(places[0])
        return number

    def sample(
        self,
        before: list[int],
        count: int,
        rng: Any,
        *,
        temperature: float = 1.0,
        top_p: float = 1.0,
        stop: int | None = None,
    ) -> list[int]:
        """Up to `count` ids drawn after `before`, ending before `stop`. rng: a numpy Generator."""
        import numpy as np

        ids = list(before)
        for _ in range(count):
            weights = self.distribution(ids) ** (1.0 / temperature)
            weights /= weights.sum()
            if top_p < 1.0:
                ordered = np.argsort(-weights, kind="stable")
                kept = ordered[: int(np.searchsorted(np.cumsum(weights[ordered]), top_p)) + 1]
                drawn = int(rng.choice(kept, p=weights[kept] / weights[kept].sum()))
            else:
                drawn = int(rng.choice(self.vocab_size, p=weights))
            if drawn == stop:
                break
            ids.append(drawn)
        return ids[len(before) :]


def _depth(n: int, offsets: "np.ndarray") -> "np.ndarray":
    """(n,) how many ids of the same document stand before each."""
    import numpy as np

    starts = np.asarray(offsets, dtype=np.int64)
    starts = starts[starts < n]
    document = np.zeros(n, dtype=np.int64)
    document[starts] = starts
    return np.arange(n) - np.maximum.accumulate(document)
