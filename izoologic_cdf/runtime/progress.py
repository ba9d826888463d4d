"""What a run says while it goes on: progress, warnings, failures; secrets masked."""

from typing import Protocol

from izoologic_cdf.runtime.case import Message
from izoologic_cdf.runtime.clock import stamp
from izoologic_cdf.runtime.problems import ItemError
from izoologic_cdf.runtime.redactor import Redactor
from izoologic_cdf.runtime.summary import Summary
from izoologic_cdf.runtime.windows import Window


class Progress(Protocol):
    """Where a run tells how far it is."""

    def window(self, window: Window, done: int, of: int) -> None:
        """Say that a window begins."""

    def listed(self, count: int) -> None:
        """Say how many cases the window lists."""

    def case(self) -> None:
        """Say that one more case is done."""

    def say(self, message: str) -> None:
        """Say something that a person should know."""


class Speaker:
    """Says messages through a progress, masks secrets, and counts into the summary."""

    def __init__(self, progress: Progress, redactor: Redactor, summary: Summary) -> None:
        self._progress = progress
        self._redactor = redactor
        self._summary = summary

    def messages(self, messages: list[Message]) -> None:
        """Say the messages of a case, once each."""
        for message in messages:
            if message.level == "warning":
                self._summary.warnings += 1
            else:
                self._summary.failures += 1
            self.line(str(message))
        messages.clear()

    def warn(self, text: str) -> None:
        """Say a warning about the run."""
        self.messages([Message("warning", None, text)])

    def failure(self, text: str, error: ItemError, case: str | None = None) -> None:
        """Say that a case or a window failed."""
        self.messages([Message("failure", case, text, error.position)])

    def gap(self, gap: Window) -> None:
        """Say that nothing was read of a range."""
        self._summary.gaps.append(gap)
        self.line(f"failure: nothing was read of {span(gap)}")

    def error(self, error: Exception) -> None:
        """Say what ended the run; only the first such error is kept."""
        if self._summary.error is None:
            self._summary.error = self.masked(str(error))
            self.line(f"error: {self._summary.error}")

    def masked(self, text: str) -> str:
        """Return a text with every secret masked."""
        return self._redactor(text)

    def line(self, text: str) -> None:
        """Say one line."""
        self._progress.say(self._redactor(text))


def span(window: Window) -> str:
    """Return a window as people read it."""
    return f"{stamp(window.since)} to {stamp(window.until)}"
