"""A progress that keeps what a run reports."""

from dataclasses import dataclass, field

from izoologic_cdf.runtime.case import Message
from izoologic_cdf.runtime.windows import Window


@dataclass(slots=True)
class RecordingProgress:
    said: list[str] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    listed_counts: list[int] = field(default_factory=list)
    cases: int = 0

    def window(self, window: Window, done: int, of: int) -> None:
        assert done == len(self.windows) < of
        self.windows.append(window)

    def listed(self, count: int) -> None:
        self.listed_counts.append(count)

    def case(self) -> None:
        self.cases += 1

    def say(self, text: str) -> None:
        self.said.append(text)

    def message(self, message: Message) -> None:
        self.said.append(str(message))
