"""What can go wrong in a run, by what it ends.

RunError          ends the run: no login, the certificate is refused
ItemError         ends one item (a case); the others go on
  RefusedWindow   a window of a list that the server did not give: a hole
"""

import traceback
from enum import Enum
from pathlib import Path

from izoologic_cdf.language.positions import Position

_PACKAGE = __name__.partition(".")[0]
_PLACES = 3


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


class RunError(Exception):
    """The run cannot go on; the message says why and what to do."""

    def __init__(self, message: str, cause: Cause = Cause.ITEM) -> None:
        super().__init__(message)
        self.cause = cause


class ItemError(Exception):
    """One item cannot be done; `position` is where the definition noticed."""

    def __init__(
        self, message: str, position: Position | None = None, cause: Cause = Cause.ITEM
    ) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.cause = cause
