"""What a person sees of a run on standard error: how far it is, and its messages.

A terminal shows a bar, anything else gets a line for each window with cases and at least one in ten
seconds. Equal messages are one line.
"""

import contextlib
import re
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Literal, TextIO

from izoologic_cdf.cli import streams
from izoologic_cdf.runtime.case import Level, Message
from izoologic_cdf.runtime.clock import stamp
from izoologic_cdf.runtime.windows import Window

# failures alone; each kind of message once; every message, with its place in the definition
Verbosity = Literal["quiet", "usual", "verbose"]
# less time than this, in seconds, is not worth telling
SHORTEST_TOLD = 60
# seconds between two lines about nothing but progress
PAUSE = 10
# case ids of a kind of message that are named
SHOWN_IDS = 3
# kinds of messages that are told apart; further ones are counted together
MOST_KINDS = 200
# what differs between messages of one kind: what they quote, times, and numbers of four digits on
_DETAIL = re.compile(
    r"""(?<!\w)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?!\w)"""
    r"|\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d)?|(?<![\w.])\d[\d,]{3,}(?![\w.])"
)


@dataclass(slots=True)
class _Kind:
    """Messages that say the same: how often, of which cases, and whether in the same words."""

    level: Level
    text: str
    count: int = 0
    cases: list[str] = field(default_factory=list)
    more_cases: bool = False
    same: bool = True

    def add(self, message: Message) -> None:
        self.count += 1
        self.same = self.same and message.text == self.text
        if message.case is not None and message.case not in self.cases:
            if len(self.cases) < SHOWN_IDS:
                self.cases.append(message.case)
            else:
                self.more_cases = True

    def line(self) -> str:
        """Return one line: what, how often, and the first cases."""
        text = self.text if self.same else _DETAIL.sub("...", self.text)
        if self.count == 1:
            return Message(self.level, self.cases[0] if self.cases else None, text).line
        named = f"; cases {', '.join(self.cases)}" if self.cases else ""
        return f"{self.level}: {text} ({self.count} times{named}{', ...' * self.more_cases})"


class _Teller:
    """Tells the messages of a run: failures at once, warnings at the end, equal ones once."""

    def __init__(self, stream: TextIO, verbosity: Verbosity) -> None:
        self._stream = stream
        self._verbosity = verbosity
        self._begun = time.monotonic()
        self._kinds: dict[tuple[Level, str], _Kind] = {}
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Say what the run does, unless nobody wants to know."""
        if self._verbosity != "quiet":
            self._line(text)

    def message(self, message: Message) -> None:
        """Tell the first failure of its kind at once, and count; from any thread."""
        if self._verbosity == "verbose":
            self._line(str(message))
            return
        text, key = message.text, (message.level, _DETAIL.sub("...", message.text))
        with self._lock:
            if key not in self._kinds and len(self._kinds) >= MOST_KINDS:
                text = "messages of further kinds"
                key = (message.level, text)
            kind = self._kinds.setdefault(key, _Kind(message.level, text))
            kind.add(message)
            first = kind.count == 1
        if first and message.level != "warning":
            self._line(message.line)

    def close(self) -> None:
        """Tell what was not told yet: warnings, and how often the same thing failed."""
        for kind in self._kinds.values():
            if kind.level == "warning" and self._verbosity == "quiet":
                continue
            if kind.level == "warning" or kind.count > 1:
                self._line(kind.line())
        self._kinds.clear()

    def _line(self, text: str) -> None:
        streams.complain(text, stream=self._stream)

    def _left(self, done: int, of: int) -> str:
        """Return the time that the other windows take if they go on like those before."""
        if not done:
            return ""
        seconds = (time.monotonic() - self._begun) / done * (of - done)
        if seconds < SHORTEST_TOLD:
            return ""
        minutes, hours = seconds / 60, seconds / 3600
        return f", about {hours:.1f} h left" if hours >= 1 else f", about {minutes:.0f} min left"


class Bar(_Teller):
    """A progress bar over the cases of each window, below what is told."""

    def __init__(self, stream: TextIO, verbosity: Verbosity = "usual") -> None:
        super().__init__(stream, verbosity)
        # only a terminal needs it, and loading it takes a tenth of the time to the first request
        from tqdm import tqdm  # noqa: PLC0415

        self._bar = tqdm(file=stream, unit="case", leave=False, dynamic_ncols=True)

    def window(self, window: Window, done: int, of: int) -> None:
        """Name the window that begins."""
        with _whoever_looks():
            left = self._left(done, of)
            self._bar.set_description(f"{stamp(window.since)[:10]} ({done + 1}/{of}{left})")

    def listed(self, count: int) -> None:
        """Lengthen the bar by the cases of a window."""
        with _whoever_looks():
            self._bar.total = self._bar.n + count
            self._bar.refresh()

    def case(self) -> None:
        """Move the bar."""
        with _whoever_looks():
            self._bar.update()

    def close(self) -> None:
        """Take the bar away."""
        with _whoever_looks():
            self._bar.close()
        super().close()

    def _line(self, text: str) -> None:
        with _whoever_looks(), self._bar.external_write_mode(file=self._stream):
            super()._line(text)


class Lines(_Teller):
    """Lines for a log: a window with cases has one, and so has what takes its time."""

    def __init__(self, stream: TextIO, verbosity: Verbosity = "usual") -> None:
        super().__init__(stream, verbosity)
        self._window = ""
        self._told_at = time.monotonic()
        self._listed = self._done = 0

    def window(self, window: Window, done: int, of: int) -> None:
        """Name the window that begins, when the last line is a while ago."""
        left = self._left(done, of)
        self._window = (
            f"window {done + 1} of {of}: {stamp(window.since)} to {stamp(window.until)}{left}"
        )
        self._listed = self._done = 0
        if self._is_due():
            self._tell_window()

    def listed(self, count: int) -> None:
        """Say how many cases the window lists, if any."""
        self._listed, self._done = count, 0
        if count:
            self._tell_window()
            self._say_progress(f"  {count} cases")

    def case(self) -> None:
        """Say how far it is, when the last line is a while ago."""
        self._done += 1
        if self._is_due():
            self._say_progress(f"  {self._done} of {self._listed} cases")

    def _is_due(self) -> bool:
        return time.monotonic() >= self._told_at + PAUSE

    def _tell_window(self) -> None:
        if self._window:
            self._say_progress(self._window)
        self._window = ""

    def _say_progress(self, text: str) -> None:
        self._told_at = time.monotonic()
        self.say(text)


class Silent(_Teller):
    """No progress: messages alone."""

    def window(self, window: Window, done: int, of: int) -> None:
        """Pass over the begin of a window."""

    def listed(self, count: int) -> None:
        """Pass over a count."""

    def case(self) -> None:
        """Pass over a case that is done."""


def _whoever_looks() -> contextlib.suppress:
    """A run goes on where nobody sees what it shows, as when its terminal is gone."""
    return contextlib.suppress(OSError)


def progress(stream: TextIO = sys.stderr, verbosity: Verbosity = "usual") -> Bar | Lines | Silent:
    """Return what fits the stream: a bar for a terminal, else lines."""
    if verbosity == "quiet":
        return Silent(stream, verbosity)
    return (Bar if stream.isatty() else Lines)(stream, verbosity)
