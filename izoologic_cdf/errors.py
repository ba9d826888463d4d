"""The errors of this project, what each of them ends, and where a failure lies.

CdfError                    the root: whatever is caught here ends with a sentence, not a traceback
  UsageError                a command that cannot be carried out as given
  DefinitionError           a definition that cannot be used (`language/positions`)
  ConfigurationError        a value of the form (`cli/configuration`)
  LibraryError              a library that cannot be read or written (`library/objects`)
  BuildError, ZipError      a definition that cannot be built, a zip that cannot be read (`bundle`)
  EmulatorError             a wrong use of an emulated API (`loopback/inputs`)
  NoCollectionError         a kind of objects that a ThreatQ lacks (`push/placing`)
  RefusalError              an answer of the emulated ThreatQ (`platform/envelope`)
  RunError                  ends the run: no login, the certificate is refused
  ItemError                 ends one case, part or window; the others go on
    HttpError               a call that got no usable response (`runtime/failures`)
    BodyError               a body that cannot be decoded or parsed (`runtime/bodies`)
    SpoolError              a file that this machine cannot keep (`runtime/spool`)
    BadEnvironmentError     a proxy or a bundle that cannot be used (`runtime/connections`)
    RefusedError            a Python filter that refuses its input (`runtime/interpreter`)
"""

import traceback
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import NamedTuple

_PACKAGE = __name__.partition(".")[0]
_PLACES = 3


class CdfError(Exception):
    """The root of what this project raises."""

    @property
    def report(self) -> Sequence[str]:
        """The lines for the user: what is wrong, then where and what to do."""
        # one line, whatever it quotes
        return [str(self)]


class UsageError(CdfError):
    """The command cannot be carried out as given; its lines say why and what to do."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines

    @property
    def report(self) -> Sequence[str]:
        """The lines as they were given; one may hold a line break."""
        return self.lines


class Position(NamedTuple):
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Cause(Enum):
    """Where a failure lies. Only one that lies in the item may use up the tries of the item."""

    # its data, or the answer about it alone
    ITEM = "item"
    # the server refuses an endpoint for everything: 403, 404 without JSON, 405, redirects
    ENDPOINT = "endpoint"
    # the server, or the way to it, for the moment: 5xx, 429, time-outs, answers that break off
    OUTAGE = "outage"
    # this machine or its proxy: no room, no file handles, name resolution, certificates
    MACHINE = "machine"
    # the keys or the token
    LOGIN = "login"


def unexpected(error: Exception) -> str:
    """Return what to say of an error that nobody foresaw: its type and its places, never its text.

    The text can hold data or a secret. The places are the innermost ones in this project's code.
    """
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _PACKAGE in Path(frame.filename).parts]
    places = [f"{Path(one.filename).name}:{one.lineno}" for one in own[-_PLACES:]]
    where = f" at {' > '.join(places)}" if places else ""
    return f"unexpected {type(error).__name__}{where}; this is a bug: please report this line"


class RunError(CdfError):
    """The run cannot go on; the message says why and what to do.

    `position` is where the definition noticed, for its author.
    """

    def __init__(
        self, message: str, cause: Cause = Cause.ITEM, position: Position | None = None
    ) -> None:
        super().__init__(message)
        self.cause = cause
        self.position = position


class ItemError(CdfError):
    """One item cannot be done; `position` is where the definition noticed."""

    def __init__(
        self, message: str, position: Position | None = None, cause: Cause = Cause.ITEM
    ) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.cause = cause


def unforeseen(error: Exception) -> ItemError:
    """Return what an error that nobody foresaw means for the item that met it."""
    outside = isinstance(error, OSError | MemoryError)
    return ItemError(unexpected(error), cause=Cause.MACHINE if outside else Cause.ITEM)
