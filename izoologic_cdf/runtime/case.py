"""What is known of one item while it is worked on: its name, and what was said about it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from izoologic_cdf.language.positions import Position

Level = Literal["warning", "failure"]


@dataclass(frozen=True, slots=True)
class Message:
    """Something a person should know: about which case, what, and where it was noticed."""

    level: Level
    case: str | None
    text: str
    position: Position | None = None

    def __str__(self) -> str:
        about = f"case {self.case}: " if self.case is not None else ""
        place = f" [{self.position}]" if self.position is not None else ""
        return f"{self.level}: {about}{self.text}{place}"


Say = Callable[[Message], None]


@dataclass(slots=True)
class Case:
    """One tracked item; `id` is null for items of a definition that tracks none."""

    id: str | None = None
    updated: int | None = None
    messages: list[Message] = field(default_factory=list)

    def warn(self, text: str, position: Position | None = None) -> None:
        """Remember a warning; the same one once."""
        self._say("warning", text, position)

    def fail(self, text: str, position: Position | None = None) -> None:
        """Remember that a part of the case failed, and that the rest goes on."""
        self._say("failure", text, position)

    def _say(self, level: Level, text: str, position: Position | None) -> None:
        message = Message(level, self.id, text, position)
        if message not in self.messages:
            self.messages.append(message)

    @property
    def partly_failed(self) -> bool:
        """Whether something of the case is missing."""
        return any(message.level == "failure" for message in self.messages)
