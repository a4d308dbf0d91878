"""SentencePiece's batches, by what the installed version can: the quick way through a corpus."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

LONG = 1 << 10  # characters of a text that is worth a call of its own


class Batches:
    """Of one open model. Each call keeps to one thread: callers that want more have threads of their own, or processes."""

    def __init__(self, processor: Any) -> None:
        import sentencepiece

        self._processor = processor
        self._as_numpy = _takes_numpy(processor)
        self._begin = getattr(sentencepiece, "ThreadPool", None)
        self._main: dict[str, Any] = {}

    def ids(self, texts: Sequence[str | bytes]) -> "list[np.ndarray]":
        """Ids of each text, or of its UTF-8, as int32 arrays."""
        import numpy as np

        if not texts:
            return []
        if not self._as_numpy:
            return [np.array(ids, dtype=np.int32) for ids in self._processor.encode(texts, num_threads=1)]
        if threading.current_thread() is threading.main_thread():
            found: list[np.ndarray] = self._processor.encode(texts, out_type="numpy", **self._thread())
        elif sum(map(len, texts)) >= LONG * len(texts):
            # A batch is encoded by a thread of the library: what that leaves behind would lie in twice as many heaps, and they grow.
            found = [self._processor.encode(text, out_type="numpy") for text in texts]
        else:
            found = self._processor.encode(texts, out_type="numpy", num_threads=1)
        return found

    def _thread(self) -> dict[str, Any]:
        """The library's thread for the main one: the same for all calls, since a new one has none of its memory at hand (2 to 5 %)."""
        if not self._main:
            self._main = {"thread_pool": self._begin(1)} if self._begin else {"num_threads": 1}
        return self._main


def _takes_numpy(processor: Any) -> bool:
    try:
        return hasattr(processor.encode(["a"], out_type="numpy", num_threads=1)[0], "dtype")
    except (ValueError, TypeError, RuntimeError):
        return False
