"""Dates of the API in any form that it writes them in (I-17)."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypedDict

from ._shared import missing

__all__ = ["read", "remarks"]

# dates whose seconds are kept, and the length of the longest one
MAX_KEPT, MAX_LENGTH = 64, 64
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_END = 253_402_300_800
_NUMBER = re.compile(r"[0-9]+")
_CALENDAR = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?: ((?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])(?:\.[0-9]*)?"
    r"(?:Z|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))?)?"
)


def epoch(value: Any) -> int:
    """Return the seconds since 1970 of a date, 0 for what is not a date after that."""
    written = str(value) if isinstance(value, int | str) else ""
    return _seconds(written) if len(written) > MAX_LENGTH else _seconds_again(written)


def _seconds(written: str) -> int:
    if _NUMBER.fullmatch(written):
        seconds = int(written[:-3] if len(written) > 11 else written) if len(written) < 15 else 0
    else:
        seconds = _calendar(written.replace("T", " "))
    return seconds if 0 < seconds < _END else 0


# each date of a case is read, and looked at for remarks
_seconds_again = lru_cache(MAX_KEPT)(_seconds)


def _calendar(written: str) -> int:
    if not (found := _CALENDAR.fullmatch(written)):
        return 0
    day, time, sign, hours, minutes = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day} {time or '00:00:00'}+00:00")
    except ValueError:  # a day that the calendar does not have
        return 0
    offset = int(hours) * 3600 + int(minutes) * 60 if sign else 0
    return (moment - _ZERO) // _SECOND - (offset if sign == "+" else -offset)


class Date(TypedDict):
    """Seconds since 1970, and YYYY-MM-DD HH:MM:SS in UTC."""

    seconds: int
    text: str | None


def read(value: Any) -> Date:
    """Return {seconds since 1970, text YYYY-MM-DD HH:MM:SS in UTC}; 0 and null for no date."""
    seconds = epoch(value)
    text = str(_ZERO + seconds * _SECOND)[:19] if seconds else None
    return {"seconds": seconds, "text": text}


def remarks(value: Any) -> list[str]:
    """Return a sentence for each value of an object that ought to be a date and is not.

    What is missing, a boolean and zero say on purpose that there is no date.
    """
    return [
        f"{field} is not a readable date; ignored"
        for field, found in sorted(value.items())
        if not (missing(found) or isinstance(found, bool) or epoch(found)) and str(found).strip("0")
    ]
