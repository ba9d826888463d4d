"""The patterns that generated data are made of: values, nulls, forms of dates, ids."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

import yaml

from izoologic_cdf import content

# marks a key that is left out
MISSING = object()
NULLS: tuple[Any, ...] = (None, MISSING, "", "  ", "N/A", "null")
# prime, and so every field of an object meets every pattern as the index goes up
_CYCLE = 17
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_INDIA = timezone(timedelta(hours=5, minutes=30))


@lru_cache
def values() -> dict[str, Any]:
    """Return what fixtures/scenarios/generated.yaml lists."""
    path = content.folder("fixtures") / "scenarios" / "generated.yaml"
    listed: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return listed


def randomness(*key: Any) -> random.Random:
    """Return the random numbers that belong to a key: the same for the same key, always."""
    return random.Random(":".join(map(str, key)))  # noqa: S311


def pick(choices: str | Sequence[Any], index: int) -> Any:
    """Return one of the choices, or of those listed under a name, in turn."""
    listed = values()[choices] if isinstance(choices, str) else choices
    return listed[index % len(listed)]


class Fields:
    """Fills an object field by field with values and null patterns."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._position = 0
        self.object: dict[str, Any] = {}

    def put(self, listed: str, computed: Mapping[str, Any]) -> None:
        """Set the fields listed under a name: each to a value or, in its turn, a null pattern."""
        for names, value in values()[listed].items():
            name = pick(names.split("/"), self._index)
            turn = (self._index + 5 * self._position) % _CYCLE
            self._position += 1
            chosen = pick(value, self._index) if isinstance(value, list) else value
            self.exact(name, NULLS[turn] if turn < len(NULLS) else computed.get(name, chosen))

    def exact(self, name: str, value: Any) -> None:
        """Set a field to just that value; MISSING leaves it out."""
        if value is not MISSING:
            self.object[name] = value


def stamp(seconds: int, index: int) -> Any:
    """Return epoch seconds in one of the forms of I-17, in turn; most are epoch text."""
    moment = datetime.fromtimestamp(seconds, UTC)
    forms = (
        str(seconds),
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        str(seconds),
        moment.astimezone(_INDIA).isoformat(),
        str(seconds * 1000),
        str(seconds),
        moment.strftime("%Y-%m-%d %H:%M:%S"),
        seconds,
    )
    return pick(forms, index)


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
