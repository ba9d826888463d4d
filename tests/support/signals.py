"""Signals reach the processes that a test starts, however the tests themselves were started."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

NUMBERS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


@contextmanager
def heeded() -> Iterator[None]:
    """Let a process that is started meanwhile heed the signals that end it.

    A process inherits what is ignored, as it is for the tests under `nohup` or behind a `&`, and a
    shell can't even trap such a signal.
    """
    before = [signal.signal(number, signal.default_int_handler) for number in NUMBERS]
    try:
        yield
    finally:
        for number, handler in zip(NUMBERS, before, strict=True):
            signal.signal(number, handler)
