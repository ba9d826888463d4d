"""What can go wrong in a run, by what it ends.

RunError          ends the run: no login, the certificate is refused
ItemError         ends one item (a case); the others go on
  RefusedWindow   a window of a list that the server did not give: a hole
"""

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
    """Masks the secrets of a run in everything that is written: plain, URL-encoded, base64."""

    def __init__(self) -> None:
        self._forms: list[str] = []

    def add(self, secret: str) -> None:
        """Remember a secret (an API key, a token); short ones and blanks are no secrets."""
        from base64 import b64encode, urlsafe_b64encode  # noqa: PLC0415 - only when there is one

        if len(secret.strip()) < SHORTEST_SECRET:
            return
        raw = secret.encode("utf-8", "surrogatepass")
        forms = {
            secret,
            quote(secret, safe="", errors="replace"),
            quote(secret, errors="replace"),
            b64encode(raw).decode(),
            urlsafe_b64encode(raw).decode(),
        }
        self._forms = sorted({*self._forms, *forms}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text with every secret replaced, and control characters made visible."""
        for form in self._forms:
            text = text.replace(form, _MASK)
        return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
