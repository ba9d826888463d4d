"""What can go wrong in a run, by what it ends.

RunError          ends the run: no login, the certificate is refused
ItemError         ends one item (a case); the others go on
  RefusedWindow   a window of a list that the server did not give: a hole
"""

import json
import re
import threading
from enum import Enum
from urllib.parse import quote

from izoologic_cdf.language.positions import Position

_MASK = "***"
# shorter secrets would mask ordinary words
SHORTEST_SECRET = 4
# 13 to 19 digits in groups, which is a card when its check digit is right (ISO/IEC 7812)
_CARD = re.compile(r"(?<![0-9A-Za-z])[2-6](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z])")


class Cause(Enum):
    """Where a failure lies. Only one that lies in the item may use up the tries of the item."""

    # its data, or the answer about it alone
    ITEM = "item"
    # the server refuses an endpoint, whatever it is asked for: 403, 404 without JSON, 405, redirects
    ENDPOINT = "endpoint"
    # the server, or the way to it, for the moment: 5xx, 429, time-outs, answers that break off
    OUTAGE = "outage"
    # this machine or its proxy: no room, no file handles, name resolution, certificates
    MACHINE = "machine"
    # the keys or the token
    LOGIN = "login"


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


class Redactor:
    """Masks the secrets of a run in all that is written: plain, JSON, URL-encoded, base64.

    Numbers that can only be payment cards are masked as well, whoever wrote them (I-38).
    """

    def __init__(self) -> None:
        self._forms: list[str] = []
        self._lock = threading.Lock()

    def add(self, secret: str) -> None:
        """Remember a secret (an API key, a token); short ones and blanks are no secrets."""
        forms: set[str] = set()
        # as it was given, and as a header or a filter trims it
        for form in {secret, secret.strip()}:
            if len(form.strip()) < SHORTEST_SECRET:
                return
            raw = form.encode("utf-8", "surrogatepass")
            forms |= {
                form,
                json.dumps(form)[1:-1],
                json.dumps(form, ensure_ascii=False)[1:-1],
                quote(form, safe="", errors="replace"),
                quote(form, errors="replace"),
                *_base64(raw),
            }
        with self._lock:
            self._forms = sorted({*self._forms, *forms}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text with every secret replaced, and control characters made visible."""
        for form in self._forms:
            text = text.replace(form, _MASK)
        text = _CARD.sub(_card_masked, text)
        return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def _base64(raw: bytes) -> set[str]:
    """Return how bytes look in base64: alone, and inside a longer text at every alignment."""
    from base64 import b64encode, urlsafe_b64encode  # noqa: PLC0415 - only when there is one

    forms = {encode(raw).decode() for encode in (b64encode, urlsafe_b64encode)}
    for before in range(3):
        # a character of base64 is six bits: those that the bytes around share are cut off
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        padded = bytes(before) + raw + bytes(2)
        forms |= {encode(padded).decode()[first:last] for encode in (b64encode, urlsafe_b64encode)}
    return forms


def _card_masked(found: re.Match[str]) -> str:
    digits = [int(digit) for digit in found[0] if digit.isdigit()]
    odd, even = digits[-1::-2], digits[-2::-2]
    doubled = [sum(divmod(2 * digit, 10)) for digit in even]
    return found[0] if (sum(odd) + sum(doubled)) % 10 else _MASK
