"""The emulator's own reading of times: epoch seconds, whichever way a scenario writes them."""

import re
from datetime import UTC, datetime
from typing import Any

DAY = 86_400
_EPOCH = re.compile(r"-?[0-9]{1,14}")
_MILLISECONDS_FROM = 100_000_000_000


def epoch(value: Any) -> int | None:
    """Return the epoch seconds of an integer, of epoch text or of ISO 8601 text, else None.

    Text without a zone is UTC; more than 11 digits are milliseconds (I-17).
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value // 1000 if abs(value) >= _MILLISECONDS_FROM else value
    if not isinstance(value, str):
        return None
    text = value.strip()
    if _EPOCH.fullmatch(text):
        return epoch(int(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.year == 1:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def iso(seconds: int) -> str:
    """Return the ISO 8601 text of epoch seconds, e.g. ``2025-08-15T00:00:00Z``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
