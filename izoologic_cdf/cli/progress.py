"""Progress on standard error: a bar on a terminal, plain lines elsewhere."""

import contextlib
import sys
import time
from typing import TextIO

from izoologic_cdf.runtime.clock import stamp
from izoologic_cdf.runtime.windows import Window

# less time than this, in seconds, is not worth telling
SHORTEST_TOLD = 60


class Bar:
    """A progress bar over the cases of each window."""

    def __init__(self, stream: TextIO) -> None:
        # only a terminal needs it, and loading it takes a tenth of the time to the first request
        from tqdm import tqdm  # noqa: PLC0415

        self._stream = stream
        self._begun = time.monotonic()
        self._bar = tqdm(file=stream, unit="case", leave=False, dynamic_ncols=True)

    def window(self, window: Window, done: int, of: int) -> None:
        """Name the window that begins."""
        left = _left(self._begun, done, of)
        self._bar.set_description(f"{stamp(window.since)[:10]} ({done + 1}/{of}{left})")

    def listed(self, count: int) -> None:
        """Lengthen the bar by the cases of a window."""
        self._bar.total = self._bar.n + count
        self._bar.refresh()

    def case(self) -> None:
        """Move the bar."""
        self._bar.update()

    def say(self, message: str) -> None:
        """Write a line above the bar."""
        self._bar.write(message, file=self._stream)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()


class Lines:
    """One line a window, and one for each message."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begun = time.monotonic()

    def window(self, window: Window, done: int, of: int) -> None:
        """Say that a window begins, and how long the rest may take."""
        left = _left(self._begun, done, of)
        self.say(f"window {done + 1} of {of}: {stamp(window.since)} to {stamp(window.until)}{left}")

    def listed(self, count: int) -> None:
        """Say how many cases it lists, if any."""
        if count:
            self.say(f"  {count} cases")

    def case(self) -> None:
        """Say nothing: a line a case would be too many."""

    def say(self, message: str) -> None:
        """Write a line."""
        # a run goes on where nobody reads what it says
        with contextlib.suppress(OSError):
            print(message, file=self._stream, flush=True)

    def close(self) -> None:
        """Do nothing: there is nothing to take away."""


def _left(begun: float, done: int, of: int) -> str:
    """Return the time that the other windows take if they go on like those before."""
    if not done:
        return ""
    seconds = (time.monotonic() - begun) / done * (of - done)
    if seconds < SHORTEST_TOLD:
        return ""
    minutes, hours = seconds / 60, seconds / 3600
    return f", about {hours:.1f} h left" if hours >= 1 else f", about {minutes:.0f} min left"


def progress(stream: TextIO = sys.stderr) -> Bar | Lines:
    """Return what fits the stream: a bar for a terminal, else lines."""
    return Bar(stream) if stream.isatty() else Lines(stream)
