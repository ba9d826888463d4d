"""Times on the command line, as epoch seconds."""

import re
from datetime import UTC, datetime

from izoologic_cdf.cli.arguments import TIMES
from izoologic_cdf.errors import UsageError
from izoologic_cdf.runtime.windows import EARLIEST

_AGO = re.compile(r"([0-9]{1,6})([dh])")
_SECONDS = {"d": 86_400, "h": 3_600}
_DIGITS = re.compile(r"[0-9]{1,20}")
_EPOCH = re.compile(r"[0-9]{1,11}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})?)?")
# a year, with or without month and day, or with a time as well, without anything between them
_RUN_TOGETHER = re.compile(r"(20\d\d)((?:0[1-9]|1[0-2])?)((?:0[1-9]|[12]\d|3[01])?)(?:\d{4,6})?")
_LONG_AGO = re.compile(r"([0-9]{1,5})\s*(days?|d|hours?|hrs?|h|weeks?|w|months?|m|years?|y)( ago)?")
_DAYS = {"w": 7, "m": 30, "y": 365}


def parse_time(text: str, option: str, now: int) -> int:
    """Return a time of the command line in epoch seconds, not before 2000.

    A bare date is 00:00:00Z; no zone means UTC; `30d` and `12h` count back from now.

    Raises:
        UsageError: it is none of the forms, or before 2000; the message says what may be meant.
    """
    text = text.strip()
    epoch: float
    if text == "now":
        epoch = now
    elif ago := _AGO.fullmatch(text):
        epoch = now - int(ago[1]) * _SECONDS[ago[2]]
    elif _EPOCH.fullmatch(text):
        epoch = int(text)
    elif _DATE.fullmatch(text):
        epoch = _parse_date(text, option)
    else:
        hint = _suggest(text)
        raise UsageError(
            f"--{option}: {text!r} is not a time; a time is {TIMES}{'; ' + hint if hint else ''}"
        )
    if epoch >= EARLIEST:
        return int(epoch)
    hint = _suggest(text) or "begin in 2000 or later"
    raise UsageError(f"--{option}: {text!r} is {_format(int(epoch))}, before 2000; {hint}")


def _read(written: str) -> datetime:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        # 24:00 of a day; loading it takes its time
        from dateutil import parser  # noqa: PLC0415

        return parser.isoparse(written)


def _parse_date(text: str, option: str) -> float:
    written = text.replace(" ", "T", 1).replace(" ", "")
    try:
        moment = _read(written)
        # a moment before the year 1 overflows
        return (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(f"--{option}: there is no such date since 1970: {text!r}") from None


def _suggest(text: str) -> str | None:
    """Return what a number or an odd date probably meant."""
    if text.lower() == "yesterday":
        return "did you mean 1d?"
    if date := _RUN_TOGETHER.fullmatch(text):
        return f"did you mean {date[1]}-{date[2] or '01'}-{date[3] or '01'}?"
    if (ago := _LONG_AGO.fullmatch(text.lower())) and not _AGO.fullmatch(text):
        unit = ago[2][0]
        return f"did you mean {int(ago[1]) * _DAYS.get(unit, 1)}{unit if unit == 'h' else 'd'}?"
    if _DIGITS.fullmatch(text):
        if not int(text):
            return "did you mean now?"
        if len(text) <= 5:
            return f"did you mean {text}d or {text}h, so many days or hours ago?"
        # milliseconds, microseconds, nanoseconds
        for digits in (3, 6, 9):
            seconds = text[:-digits]
            if EARLIEST <= int(seconds or 0) < 10 * EARLIEST:
                return f"did you mean {seconds}? A number is epoch seconds"
    if _DATE.fullmatch(text) and text[:2] in ("00", "10"):
        return f"did you mean 20{text[2:]}?"
    return None


def parse_range(since: str, until: str | None, now: int) -> tuple[int, int, bool]:
    """Return since and until in epoch seconds, and whether until was set back to now.

    Raises:
        UsageError: a time that is not readable, or since is not before until.
    """
    begin = parse_time(since, "since", now)
    end = parse_time(until, "until", now) if until is not None else now
    future = end > now
    end = min(end, now)
    if begin >= end:
        raise UsageError(
            f"--since must be before --until: {_format(begin)} is not before {_format(end)}"
        )
    return begin, end, future


def _format(epoch: int) -> str:
    try:
        return datetime.fromtimestamp(epoch, UTC).replace(tzinfo=None).isoformat(" ") + " UTC"
    except (ValueError, OverflowError):
        return str(epoch)
