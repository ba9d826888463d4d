"""What can go wrong in a run, by what it ends.

RunError          ends the run: no login, the certificate is refused
ItemError         ends one item (a case); the others go on
  RefusedWindow   a window of a list that the server did not give: a hole
"""

import json
import threading
from urllib.parse import quote

from izoologic_cdf.language.positions import Position

_MASK = "***"
# shorter secrets would mask ordinary words
SHORTEST_SECRET = 4


class RunError(Exception):
    """The run can't go on; the message says why and what to do."""


class ItemError(Exception):
    """One item can't be done; `position` is where the definition noticed."""

    def __init__(self, message: str, position: Position | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class Redactor:
    """Masks the secrets of a run in all that is written: plain, JSON, URL-encoded, base64."""

    def __init__(self) -> None:
        self._forms: list[str] = []
        self._lock = threading.Lock()

    def add(self, secret: str) -> None:
        """Remember a secret (an API key, a token); short ones and blanks are no secrets."""
        from base64 import b64encode, urlsafe_b64encode  # noqa: PLC0415 - only when there is one

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
                b64encode(raw).decode(),
                urlsafe_b64encode(raw).decode(),
            }
        with self._lock:
            self._forms = sorted({*self._forms, *forms}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text with every secret replaced, and control characters made visible."""
        for form in self._forms:
            text = text.replace(form, _MASK)
        return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
