"""SIGINT and SIGTERM: the first asks the run to stop after saving, the second interrupts the step."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from runner.console import Screen


class Stopping:
    """asked: the run was asked to stop."""

    def __init__(self, screen: Screen) -> None:
        self.asked = False
        self._screen = screen

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the two signals while this is open. In another thread than the main one Python cannot, and they stay as they are."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[int, Any] = {number: signal.signal(number, self._heard) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._screen.stopping()
