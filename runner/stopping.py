"""SIGINT, SIGTERM, a terminal that is closed: the first asks the run to stop after saving, the second interrupts the step."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from runner.console import Screen, to_nowhere


class Stopping:
    """asked: the run was asked to stop."""

    def __init__(self, screen: Screen) -> None:
        self.asked = False
        self._screen = screen
        self._terminals: list[int] = []  # of standard output and error

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals while this is open. In another thread than the main one Python cannot, and they stay as they are.

        SIGHUP comes when a terminal is closed or a connection breaks; one that is ignored (nohup) stays so.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [signal.SIGINT, signal.SIGTERM]
        if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
            numbers.append(signal.SIGHUP)
            self._terminals = [number for number in (1, 2) if os.isatty(number)]
        before: dict[int, Any] = {number: signal.signal(number, self._heard) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if number == getattr(signal, "SIGHUP", None):
            to_nowhere(self._terminals)  # writing to what is gone would be an error, for whatever a step prints too
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._screen.stopping()
