"""What is known of one item while it is processed: its name, what was said, what is missing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from izoologic_cdf.errors import Cause, ItemError, Position

# an error ends the run
Level = Literal["warning", "failure", "error"]
# the part of a case that the library did not take, whatever the definition calls its own parts
OBJECTS = "objects"


@dataclass(frozen=True, slots=True)
class Message:
    """Something a person should know: about which case, what, and where it was noticed."""

    level: Level
    case: str | None
    text: str
    position: Position | None = None

    @property
    def line(self) -> str:
        """The message without the place in a definition, which concerns its author alone."""
        about = f"case {self.case}: " if self.case is not None else ""
        return f"{self.level}: {about}{self.text}"

    def __str__(self) -> str:
        return self.line if self.position is None else f"{self.line} [{self.position}]"


Say = Callable[[Message], None]


@dataclass(frozen=True, slots=True)
class Miss:
    """A part of a case that could not be had; `key` tells which one, where there are several.

    `reason` is the same for all cases that miss it alike, `text` names what is missing of this
    one. `cause` is null for a part that the operator leaves out. `ranged` tells whether the part
    depends on the range that was asked for.
    """

    part: str
    reason: str
    text: str
    cause: Cause | None
    key: str = ""
    position: Position | None = None
    ranged: bool = False

    @property
    def name(self) -> str:
        """Which part of the case this is and no other."""
        return f"{self.part}\n{self.key}" if self.key else self.part

    def error(self) -> ItemError:
        """Return the failure of a case that cannot do without this part."""
        return ItemError(self.text, self.position, self.cause or Cause.ITEM)


@dataclass(slots=True)
class Case:
    """One tracked item; `id` is null for items of a definition that tracks none.

    `given` are the parts of it that the API gave.
    """

    id: str | None = None
    updated: int | None = None
    messages: list[Message] = field(default_factory=list)
    misses: list[Miss] = field(default_factory=list)
    given: set[str] = field(default_factory=set)

    def warn(self, text: str, position: Position | None = None) -> None:
        """Remember a warning; the same one once."""
        message = Message("warning", self.id, text, position)
        if message not in self.messages:
            self.messages.append(message)

    @property
    def lacks(self) -> Miss | None:
        """The first part that is missing though the operator wants it."""
        return next((miss for miss in self.misses if miss.cause is not None), None)
