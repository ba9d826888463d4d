"""Masks leaked credentials, addresses and the texts of messages in what is shown of a case.

What is personal is decided by the mapping: `fixtures/mapping/fields.yaml` names the fields by
endpoint. Of an endpoint that is not there, fields with the usual names count. The values of such
fields are masked wherever they stand, whatever a step has called them.
"""

import json
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from typing import Any

from izoologic_cdf.explain.paths import ABSENT, Path, parts
from izoologic_cdf.explain.trace import Asked, Frame
from izoologic_cdf.language import steps
from izoologic_cdf.runtime.redactor import MASK, Redactor

_USUAL = frozenset(
    {"apikey", "body", "dob", "email", "filetoken", "firstname", "fullname", "lastname", "mail"}
    | {"message", "passwd", "password", "phone", "pwd", "secret", "ssn", "token", "username"}
)
# shorter texts would mask ordinary words
_MIN_TEXT = 3
MAX_SHOWN = 300


class Masker:
    """What is shown of values."""

    def __init__(
        self, personal: Mapping[str, list[str]], redactor: Redactor, *, show_data: bool = False
    ) -> None:
        """`personal` are patterns of paths by the last part of an endpoint's path."""
        self._personal = {name.lower(): patterns for name, patterns in personal.items()}
        self._redactor, self._show = redactor, show_data
        self._texts: dict[str, None] = {}
        self._pattern: re.Pattern[str] | None = None

    def learn(self, frames: Iterable[Frame]) -> None:
        """Remember the personal values of the answers."""
        for frame in frames:
            for event in frame.events:
                if isinstance(event.step, steps.ParseJson):
                    self._learn(frame.asked, event.after)
                self.learn(event.inner)
        longest = sorted(self._texts, key=len, reverse=True)
        escaped = "|".join(map(re.escape, longest))
        self._pattern = re.compile(escaped, re.IGNORECASE) if escaped else None

    def _learn(self, asked: Asked | None, body: Any) -> None:
        for path, value in parts(body):
            is_text = isinstance(value, str | int | float) and not isinstance(value, bool)
            if is_text and self.is_personal(asked, path):
                for line in (str(value), *str(value).splitlines()):
                    if len(line.strip()) >= _MIN_TEXT:
                        self._texts[line.strip()] = None

    def is_personal(self, asked: Asked | None, path: Path) -> bool:
        """Return whether a field of an answer is personal."""
        names = [one.lower() for one in path if isinstance(one, str)]
        endpoint = asked.endpoint.rpartition("/")[2].lower() if asked is not None else ""
        if endpoint in self._personal:
            dotted = ".".join(names)
            return any(fnmatch(dotted, one.lower()) for one in self._personal[endpoint])
        return bool(names) and names[-1] in _USUAL

    def text(self, text: str) -> str:
        """Return a text with what is personal or secret in it masked."""
        if self._pattern is not None and not self._show:
            text = self._pattern.sub(MASK, text)
        return self._redactor(text)

    def value(self, value: Any) -> str | None:
        """Return a value as JSON text, cut; null where there is none."""
        if value is ABSENT:
            return None
        written = json.dumps(self._masked(value), ensure_ascii=False, default=_other)
        return written if len(written) <= MAX_SHOWN else f"{written[:MAX_SHOWN]}..."

    def _masked(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): self._masked(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._masked(one) for one in value]
        if isinstance(value, str):
            return self.text(value)
        shown = not isinstance(value, int | float) or isinstance(value, bool)
        return (
            value if shown or self._show or str(value) not in self._texts else self.text(str(value))
        )


def _other(value: Any) -> str:
    size = len(value) if isinstance(value, bytes) else getattr(value, "size", None)
    return f"{size} bytes" if size is not None else type(value).__name__
