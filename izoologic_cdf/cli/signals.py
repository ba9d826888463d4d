"""Ctrl-C, SIGTERM and SIGHUP: the first ends a command in good order, and nothing ends that."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# a terminal that goes away sends SIGHUP, `docker stop` and systemd SIGTERM; Windows lacks the first
NUMBERS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


@contextmanager
def once() -> Iterator[None]:
    """Raise KeyboardInterrupt at the first signal that ends a process, and pass over all others.

    So the way out, which is short, is not broken off by whoever is impatient. A signal that is
    ignored already stays so, as under `nohup` or behind a `&`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    is_heard = False

    def hear(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_heard
        if not is_heard:
            is_heard = True
            raise KeyboardInterrupt

    heeded = [number for number in NUMBERS if signal.getsignal(number) is not signal.SIG_IGN]
    former = {number: signal.signal(number, hear) for number in heeded}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
