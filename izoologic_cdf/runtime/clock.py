"""The clock of a run; tests bring their own."""

import time
from datetime import UTC, datetime
from typing import Protocol

STAMP = "%Y-%m-%d %H:%M:%S"


class Clock(Protocol):
    """What a run asks of time."""

    def now(self) -> int:
        """Return the time in epoch seconds."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Return the time in epoch seconds."""
        return int(time.time())

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def stamp(epoch: int) -> str:
    """Return epoch seconds as `YYYY-MM-DD HH:MM:SS`, UTC."""
    return datetime.fromtimestamp(epoch, UTC).strftime(STAMP)
