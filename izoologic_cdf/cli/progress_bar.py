"""Progress and messages of a run on standard error.

A terminal gets a bar; anything else gets one line per window with cases, and at least one line in
ten seconds. Equal messages are one line.
"""

import contextlib
import sys
import threading
import time
from typing import Literal, TextIO

from izoologic_cdf.cli import streams
from izoologic_cdf.runtime.case import Message
from izoologic_cdf.runtime.message_kinds import MessageKinds
from izoologic_cdf.runtime.windows import Window, stamp

# failures only; each kind of message once; every message, with its place in the definition
Verbosity = Literal["quiet", "usual", "verbose"]
# less time left than this is not worth reporting
MIN_SECONDS_LEFT = 60
# between two lines about progress alone
PAUSE_SECONDS = 10


class _Reporter:
    """Reports messages: failures at once, warnings at the end, equal ones once."""

    def __init__(self, stream: TextIO, verbosity: Verbosity) -> None:
        self._stream = stream
        self._verbosity = verbosity
        self._begun = time.monotonic()
        self._kinds = MessageKinds()
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Report what the run does, unless it is quiet."""
        if self._verbosity != "quiet":
            self._line(text)

    def message(self, message: Message) -> None:
        """Report the first failure of its kind at once and count the others; from any thread."""
        if self._verbosity == "verbose":
            self._line(str(message))
            return
        with self._lock:
            first = self._kinds.add(message)
        if first and message.level != "warning":
            self._line(message.line)

    def close(self) -> None:
        """Report what is still open: warnings, and how often the same thing failed."""
        for kind in self._kinds:
            if kind.level == "warning" and self._verbosity == "quiet":
                continue
            if kind.level == "warning" or kind.count > 1:
                self._line(kind.line())
        self._kinds.clear()

    def _line(self, text: str) -> None:
        streams.complain(text, stream=self._stream)

    def _left(self, done: int, of: int) -> str:
        """Return the estimated time for the remaining windows."""
        if not done:
            return ""
        seconds = (time.monotonic() - self._begun) / done * (of - done)
        if seconds < MIN_SECONDS_LEFT:
            return ""
        minutes, hours = seconds / 60, seconds / 3600
        return f", about {hours:.1f} h left" if hours >= 1 else f", about {minutes:.0f} min left"


class Bar(_Reporter):
    """A progress bar over the cases of each window, below the messages."""

    def __init__(self, stream: TextIO, verbosity: Verbosity = "usual") -> None:
        super().__init__(stream, verbosity)
        # only a terminal needs it, and loading it takes a tenth of the time to the first request
        from tqdm import tqdm  # noqa: PLC0415

        self._bar = tqdm(file=stream, unit="case", leave=False, dynamic_ncols=True)

    def window(self, window: Window, done: int, of: int) -> None:
        """Name the window that starts."""
        with _ignore_closed_terminal():
            left = self._left(done, of)
            self._bar.set_description(f"{stamp(window.since)[:10]} ({done + 1}/{of}{left})")

    def listed(self, count: int) -> None:
        """Extend the bar by the cases of a window."""
        with _ignore_closed_terminal():
            self._bar.total = self._bar.n + count
            self._bar.refresh()

    def case(self) -> None:
        """Advance the bar."""
        with _ignore_closed_terminal():
            self._bar.update()

    def close(self) -> None:
        """Remove the bar."""
        with _ignore_closed_terminal():
            self._bar.close()
        super().close()

    def _line(self, text: str) -> None:
        with _ignore_closed_terminal(), self._bar.external_write_mode(file=self._stream):
            super()._line(text)


class Lines(_Reporter):
    """Lines for a log: one per window with cases, and more when a window takes long."""

    def __init__(self, stream: TextIO, verbosity: Verbosity = "usual") -> None:
        super().__init__(stream, verbosity)
        self._window = ""
        self._reported_at = time.monotonic()
        self._listed = self._done = 0

    def window(self, window: Window, done: int, of: int) -> None:
        """Name the window that starts, if the last line is old enough."""
        left = self._left(done, of)
        self._window = (
            f"window {done + 1} of {of}: {stamp(window.since)} to {stamp(window.until)}{left}"
        )
        self._listed = self._done = 0
        if self._is_due():
            self._report_window()

    def listed(self, count: int) -> None:
        """Report how many cases the window lists, if any."""
        self._listed, self._done = count, 0
        if count:
            self._report_window()
            self._report_progress(f"  {count} cases")

    def case(self) -> None:
        """Report the count of finished cases, if the last line is old enough."""
        self._done += 1
        if self._is_due():
            self._report_progress(f"  {self._done} of {self._listed} cases")

    def _is_due(self) -> bool:
        return time.monotonic() >= self._reported_at + PAUSE_SECONDS

    def _report_window(self) -> None:
        if self._window:
            self._report_progress(self._window)
        self._window = ""

    def _report_progress(self, text: str) -> None:
        self._reported_at = time.monotonic()
        self.say(text)


class Silent(_Reporter):
    """Messages only."""

    def window(self, *_: object, **__: object) -> None:
        """Ignore how far the run is."""

    listed = case = window


def _ignore_closed_terminal() -> contextlib.suppress:
    """Let a run go on when its terminal is gone."""
    return contextlib.suppress(OSError)


def progress(stream: TextIO = sys.stderr, verbosity: Verbosity = "usual") -> Bar | Lines | Silent:
    """Return what fits the stream: a bar for a terminal, else lines."""
    if verbosity == "quiet":
        return Silent(stream, verbosity)
    return (Bar if stream.isatty() else Lines)(stream, verbosity)
