"""What a run knows of one item while it processes it: its name, what was said, what is missing."""

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from izoologic_cdf.errors import Cause, ItemError, Position
from izoologic_cdf.library import views
from izoologic_cdf.runtime.windows import NEVER, Window

# an error ends the run
Level = Literal["warning", "failure", "error"]
# the part of a case that the library did not take, whatever the definition calls its own parts
OBJECTS = "objects"
# the reason, and what stands in place of a cause, where the operator leaves a part out
LEFT_OUT = views.LEFT_OUT
# what stands there where a part was read for a shorter range than it turned out to need
SHORT = "short"


class Message(NamedTuple):
    """Something a person should know: about which case, what, and where it was noticed."""

    level: Level
    case: str | None
    text: str
    position: Position | None = None

    @property
    def line(self) -> str:
        """The message without its position, which concerns the author of the definition alone."""
        about = f"case {self.case}: " if self.case is not None else ""
        return f"{self.level}: {about}{self.text}"

    def __str__(self) -> str:
        return self.line if self.position is None else f"{self.line} [{self.position}]"


class Miss(NamedTuple):
    """A part of a case that could not be fetched; `key` tells which one, where there are several.

    `reason` is the same for all cases that miss it alike, `text` names what this one misses.
    `cause` is null for a part that the operator leaves out. `ranged` tells whether the part
    depends on the range that was requested.
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
    """One item of a feed and all that is carried along with it while it is processed.

    `id` is null for an item that the definition does not track, and for one without an id:
    `nameless` is the position of the step that found none. `value` is the item as it was tracked;
    the steps after that one are still to be done. `window` is what `run_meta` says, `asked` the
    range for which the parts that depend on one are requested. `given` are the parts that the API
    gave.

    `listed` is up to when a list of this run would have shown an update, null where none named the
    case; `opened` is when the case began, as its own record says. `short` is for which range the
    parts were requested, where that is less than the asked one; `evidence` says what shows that
    this was too little (`guard`).
    """

    id: str | None = None
    updated: int | None = None
    value: Any = None
    nameless: Position | None = None
    window: Window = NEVER
    asked: Window = NEVER
    messages: list[Message] = field(default_factory=list)
    misses: list[Miss] = field(default_factory=list)
    given: set[str] = field(default_factory=set)
    listed: int | None = None
    opened: int | None = None
    short: Window | None = None
    evidence: str | None = None

    def warn(self, text: str, position: Position | None = None) -> None:
        """Remember a warning; the same one once."""
        message = Message("warning", self.id, text, position)
        if message not in self.messages:
            self.messages.append(message)

    def miss(
        self, part: str, error: ItemError, text: str, key: str = "", *, ranged: bool = False
    ) -> None:
        """Note that a part could not be fetched."""
        missed = Miss(part, error.message, text, error.cause, key, error.position, ranged)
        self.misses.append(missed)

    def leave_out(self, part: str, key: str = "", *, ranged: bool = False) -> None:
        """Note that the operator leaves a part out."""
        text = f"the {part} are left out"
        self.misses.append(Miss(part, LEFT_OUT, text, None, key, ranged=ranged))

    @property
    def lacks(self) -> Miss | None:
        """The first part that is missing though the operator wants it."""
        return next((miss for miss in self.misses if miss.cause is not None), None)
