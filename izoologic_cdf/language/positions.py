"""Where something stands in a definition, and what is reported about that place."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import TracebackType
from typing import NamedTuple, Self

from izoologic_cdf.errors import CdfError, Position
from izoologic_cdf.printable import printable


class Code:
    """The stable codes of what the loader finds, by which a linter lists and silences it."""

    UNREADABLE = "CDF001"
    # every finding that names no other code: a key or a shape that the language does not have
    SHAPE = "CDF002"
    UNKNOWN_TAG = "CDF003"
    KEY_TWICE = "CDF004"
    UNKNOWN_FILTER = "CDF005"
    NO_JINJA = "CDF006"
    UNKNOWN_JINJA_FILTER = "CDF007"
    UNKNOWN_NAME = "CDF008"
    NO_SUCH_TARGET = "CDF009"
    METHOD_AS_KEY = "CDF010"
    READ_ONCE = "CDF011"


class Finding(NamedTuple):
    """One thing wrong with a definition: where, what, and what to do about it."""

    position: Position
    message: str
    help: str | None = None
    source_line: str | None = None
    code: str | None = None

    @property
    def lines(self) -> list[str]:
        """The finding for people: where and what, the line with a caret below, what to do."""
        lines = [f"{self.position}: {self.message}"]
        if self.source_line is not None:
            column = self.position.column - 1
            before, rest = self.source_line[:column], self.source_line[column:].rstrip()
            lines.append(f"    {printable(before)}{rest}")
            lines.append("    " + " " * len(printable(before)) + "^")
        if self.help:
            lines.append(f"    help: {self.help}")
        return lines

    def __str__(self) -> str:
        return "\n".join(map(printable, self.lines))


@dataclass(slots=True)
class DefinitionError(CdfError):
    """A definition that cannot be used; carries every finding, in file order."""

    findings: list[Finding] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """The lines of all findings, in file order."""
        ordered = sorted(self.findings, key=_by_position)
        return [line for finding in ordered for line in finding.lines]

    @property
    def report(self) -> list[str]:
        """What is wrong, then the lines of all findings."""
        return ["the definition cannot be used", *self.lines]

    def __str__(self) -> str:
        return "\n".join(map(printable, self.lines))


class Findings:
    """Collects the findings of several parts, so that one look at a definition shows them all.

    Each part stands in a `with` block of its own, which ends at the part's DefinitionError.
    """

    def __init__(self) -> None:
        # a fragment that is used twice is wrong once
        self._found: dict[Finding, None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> bool:
        if isinstance(error, DefinitionError):
            self._found |= dict.fromkeys(error.findings)
            return True
        return False

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, finding: Finding) -> None:
        """Add one finding."""
        self._found[finding] = None

    def check(self) -> None:
        """Raise DefinitionError with everything that was found; nothing where all is well."""
        if self._found:
            raise DefinitionError(list(self._found))


def _by_position(finding: Finding) -> Position:
    return finding.position


def did_you_mean(word: str, known: Iterable[str], otherwise: str | None = None) -> str | None:
    """Return a sentence that names the known word nearest to a mistyped one.

    Where none is near, it is `otherwise`, or names all of them.
    """
    known = sorted(known)
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    if not close:
        lowered = {name.lower(): name for name in known}
        close = [
            lowered[name] for name in get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
        ]
    if close:
        return f"did you mean {close[0]!r}?"
    if otherwise is not None:
        return otherwise
    return "known here: " + ", ".join(known) if known else None
