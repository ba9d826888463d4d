"""Times of the command line: to epoch seconds."""

import re
from datetime import UTC, datetime

from izoologic_cdf.cli.main import TIMES, UsageError

_AGO = re.compile(r"([0-9]{1,6})([dh])")
_SECONDS = {"d": 86_400, "h": 3_600}
_EPOCH = re.compile(r"[0-9]{1,11}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})?)?")


def parse_time(text: str, option: str, now: int) -> int:
    """Return a time of the command line in epoch seconds.

    A bare date is 00:00:00Z; no zone means UTC; `30d` and `12h` count back from now.

    Raises:
        UsageError: it is none of the forms.
    """
    text = text.strip()
    if text == "now":
        return now
    if ago := _AGO.fullmatch(text):
        epoch = now - int(ago[1]) * _SECONDS[ago[2]]
        if epoch >= 0:
            return epoch
        raise UsageError(f"--{option}: {text!r} reaches back to before 1970")
    if _EPOCH.fullmatch(text):
        return int(text)
    if _DATE.fullmatch(text):
        # the other forms do without it, and loading it takes its time
        from dateutil import parser  # noqa: PLC0415

        try:
            moment = parser.isoparse(text.replace(" ", "T", 1).replace(" ", ""))
            epoch = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
        except (ValueError, OverflowError):
            epoch = -1
        if epoch >= 0:
            return epoch
        raise UsageError(f"--{option}: there is no such date since 1970: {text!r}")
    raise UsageError(f"--{option}: {text!r} is no time; a time is {TIMES}")


def parse_range(since: str, until: str | None, now: int) -> tuple[int, int, bool]:
    """Return since and until in epoch seconds, and whether until was set back to now.

    Raises:
        UsageError: a time that can't be read, or since is not before until.
    """
    begin = parse_time(since, "since", now)
    end = parse_time(until, "until", now) if until is not None else now
    future = end > now
    end = min(end, now)
    if begin >= end:
        raise UsageError(
            f"--since must be before --until: {_shown(begin)} is not before {_shown(end)}"
        )
    return begin, end, future


def _shown(epoch: int) -> str:
    try:
        return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError):
        return str(epoch)
