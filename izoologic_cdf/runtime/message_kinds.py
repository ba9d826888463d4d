"""Messages of one kind stand together: while a run reports them, and in the record of a run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from izoologic_cdf.runtime.case import Level, Message

# case ids listed per kind of message
MAX_SHOWN_IDS = 3
# further kinds of messages are counted together
MAX_KINDS = 200
# what differs between messages of one kind: quotes, times, numbers of four digits or more
_DETAIL = re.compile(
    r"""(?<!\w)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?!\w)"""
    r"|\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d)?|(?<![\w.])\d[\d,]{3,}(?![\w.])"
)


@dataclass(slots=True)
class Kind:
    """Messages of one kind: how many, of which cases, and whether their texts are equal."""

    level: Level
    first_text: str
    count: int = 0
    cases: list[str] = field(default_factory=list)
    more_cases: bool = False
    same: bool = True

    def add(self, message: Message) -> None:
        """Count a message of this kind."""
        self.count += 1
        self.same = self.same and message.text == self.first_text
        if message.case is not None and message.case not in self.cases:
            if len(self.cases) < MAX_SHOWN_IDS:
                self.cases.append(message.case)
            else:
                self.more_cases = True

    @property
    def text(self) -> str:
        """The text of all of them, with `...` for what differs."""
        return self.first_text if self.same else _DETAIL.sub("...", self.first_text)

    def line(self) -> str:
        """Return one line: the text, the count and the first cases."""
        if self.count == 1:
            return Message(self.level, self.cases[0] if self.cases else None, self.text).line
        named = f"; cases {', '.join(self.cases)}" if self.cases else ""
        return f"{self.level}: {self.text} ({self.count} times{named}{', ...' * self.more_cases})"


class MessageKinds:
    """The kinds of messages so far, in the order of their first one; a bounded number."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[Level, str], Kind] = {}

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds.values())

    def add(self, message: Message) -> bool:
        """Count a message; return whether it is the first of its kind."""
        text, key = message.text, (message.level, _DETAIL.sub("...", message.text))
        if key not in self._kinds and len(self._kinds) >= MAX_KINDS:
            text = "messages of further kinds"
            key = (message.level, text)
        kind = self._kinds.setdefault(key, Kind(message.level, text))
        kind.add(message)
        return kind.count == 1

    def clear(self) -> None:
        """Forget them."""
        self._kinds.clear()
