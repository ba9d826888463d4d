"""What a run says while it goes on: progress, warnings, failures; secrets masked."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from izoologic_cdf.errors import ItemError
from izoologic_cdf.runtime.case import Message
from izoologic_cdf.runtime.clock import stamp
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

    def say(self, text: str) -> None:
        """Report what the run does now."""

    def message(self, message: Message) -> None:
        """Report something that a person should know."""


class Speaker:
    """Passes messages on to a progress, masks secrets, and counts into the summary.

    What is passed on belongs into the record of the run too: `unrecorded` gives it, in any thread.
    """

    def __init__(self, progress: Progress, redactor: Redactor, summary: Summary) -> None:
        self._progress = progress
        self._redactor = redactor
        self._summary = summary
        self._unrecorded: deque[Message] = deque()

    def messages(self, messages: list[Message], *, recorded: bool = False) -> None:
        """Count and report messages, once each; `recorded` are those that the record has."""
        for message in messages:
            if message.level == "warning":
                self._summary.warnings += 1
            else:
                self._summary.failures += 1
            self.report(message, recorded=recorded)
        messages.clear()

    def report(self, message: Message, *, recorded: bool = False) -> None:
        """Report a message that counts for nothing."""
        masked = self._masked(message)
        if not recorded:
            self._unrecorded.append(masked)
        self._progress.message(masked)

    def unrecorded(self, messages: Iterable[Message] = ()) -> list[Message]:
        """Return what is still to be recorded, and these messages, masked."""
        found = [self._unrecorded.popleft() for _ in range(len(self._unrecorded))]
        return found + [self._masked(message) for message in messages]

    def warn(self, text: str) -> None:
        """Report a warning about the run."""
        self.messages([Message("warning", None, text)])

    def failure(self, text: str, error: ItemError) -> None:
        """Report that a window failed."""
        self.messages([Message("failure", None, text, error.position)])

    def gap(self, gap: Window) -> None:
        """Report that nothing was read of a range."""
        self._summary.gaps.append(gap)
        self.report(Message("failure", None, f"nothing was read of {span(gap)}"))

    def error(self, error: Exception) -> None:
        """Report what ended the run; only the first such error is kept."""
        if self._summary.error is None:
            self._summary.error = self.masked(str(error))
            self.report(Message("error", None, self._summary.error))

    def _masked(self, message: Message) -> Message:
        case = None if message.case is None else self._redactor(message.case)
        return replace(message, case=case, text=self._redactor(message.text))

    def masked(self, text: str) -> str:
        """Return a text with every secret masked."""
        return self._redactor(text)

    def line(self, text: str) -> None:
        """Report what the run does now."""
        self._progress.say(self._redactor(text))


def span(window: Window) -> str:
    """Return a window as people read it."""
    return f"{stamp(window.since)} to {stamp(window.until)}"
