"""The patterns that generated data are made of: nulls, forms of dates, text, addresses, ids."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from izoologic_cdf.loopback.inputs import DAY

# stands for a key that is not there
MISSING = object()
NULLS: tuple[Any, ...] = (None, MISSING, "", "  ", "N/A", "null")
# prime, and so every field of an object meets every pattern as the index goes up
_CYCLE = 17

TEXTS = (
    "Example Brand",
    "例示ブランド",
    "Zu\u0308rich \N{LATIN SMALL LETTER E WITH ACUTE} cafe\u0301",
    "مثال",
    "\U0001f3a3 Example <b>Brand</b> & Co.",
)
URLS = (
    "https://login.example.com/verify",
    "http://xn--fsq.example/path?a=1&b=%20",
    "https://\U0001f4a9.example/\U0001f512",
    "HTTPS://WWW.EXAMPLE.NET/",
    "fraud@example.org",
)
# valid, IPv6, several in one text, and not an address at all
ADDRESSES = (
    "192.0.2.1",
    "198.51.100.24",
    "2001:db8::1",
    "203.0.113.7, 192.0.2.9",
    "203.0.113.8;2001:db8::2 198.51.100.3",
    "203.0.113.999",
    "192.0.2.5, unknown",
    " 192.0.2.77 ",
)
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def randomness(*key: Any) -> random.Random:
    """Return the random numbers that belong to a key: the same for the same key, always."""
    return random.Random(":".join(map(str, key)))  # noqa: S311


class Fields:
    """Fills an object field by field with values and null patterns."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._position = 0
        self.object: dict[str, Any] = {}

    def put(self, values: Mapping[str, Any]) -> None:
        """Set fields in this order: each to its value or, in its turn, to a null pattern.

        A tuple is a choice, of which each index takes one.
        """
        for name, value in values.items():
            turn = (self._index + 5 * self._position) % _CYCLE
            self._position += 1
            chosen = pick(value, self._index) if isinstance(value, tuple) else value
            self.exact(name, NULLS[turn] if turn < len(NULLS) else chosen)

    def exact(self, name: str, value: Any) -> None:
        """Set a field to just that value; MISSING leaves it out."""
        if value is not MISSING:
            self.object[name] = value


def pick(choices: Sequence[Any], index: int) -> Any:
    """Return one of the choices in turn."""
    return choices[index % len(choices)]


def stamp(seconds: int, index: int) -> Any:
    """Return epoch seconds in one of the forms of I-17, in turn; most are epoch text."""
    moment = datetime.fromtimestamp(seconds, UTC)
    elsewhere = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    return pick(
        (
            str(seconds),
            moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            str(seconds),
            elsewhere.isoformat(),
            str(seconds * 1000),
            str(seconds),
            moment.strftime("%Y-%m-%d %H:%M:%S"),
            seconds,
        ),
        index,
    )


def case_ids(seed: int, kind: str, count: int) -> list[str]:
    """Return that many different ids of 9 characters; every tenth differs in case only."""
    ids: list[str] = []
    taken: set[str] = set()
    for index in range(count):
        text = ids[index - 1].swapcase() if index % 10 == 9 else _id(seed, kind, index)
        while text in taken:
            text = _id(seed, kind, f"{index}:{text}")
        ids.append(text)
        taken.add(text)
    return ids


def _id(*key: Any) -> str:
    number = int.from_bytes(hashlib.sha256(":".join(map(str, key)).encode()).digest()[:8])
    # a letter comes first, so that an id always has a case to swap
    number, first = divmod(number, 52)
    text = _BASE62[10 + first]
    for _ in range(8):
        number, digit = divmod(number, 62)
        text += _BASE62[digit]
    return text


def update_time(seed: int, kind: str, index: int, since: int, clock: int) -> int:
    """Return when a case was updated: often just at, before or after an edge, never outside.

    Edges are those of windows of 30 days from `since`, of UTC days, and the clock itself.
    """
    numbers = randomness(seed, kind, index, "updated")
    anywhere = numbers.randint(since, clock)
    windows = (clock - since) // (30 * DAY) + 1
    edge = since + 30 * DAY * numbers.randrange(windows)
    midnight = anywhere // DAY * DAY
    moment = pick(
        (edge, edge - 1, edge + 1, midnight, midnight + DAY - 1, *[anywhere] * 4, clock), index
    )
    return int(min(max(moment, since), clock))


def list_rows(
    seed: int, kind: str, ids: list[str], since: int, clock: int
) -> list[tuple[int, str]]:
    """Return the list of all cases, with some listed twice: again earlier, or just repeated."""
    rows = []
    for index, case_id in enumerate(ids):
        updated = update_time(seed, kind, index, since, clock)
        rows.append((updated, case_id))
        if index % 17 == 3:
            earlier = randomness(seed, kind, index, "again").randint(since, updated)
            rows.append((earlier, case_id))
        if index % 23 == 5:
            rows.append((updated, case_id))
    return rows
