"""Names of files (I-42, F20)."""

from typing import Any

__all__ = ["name"]

_HIDDEN = set("\x7f\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def name(value: Any) -> str:
    """Return what follows the last separator, without deceptive characters, at most 255 long."""
    written = str(value) if isinstance(value, str | int | float) else ""
    last = written.replace("\\", "/").split("/")[-1]
    safe = "".join(char for char in last if char >= " " and char not in _HIDDEN).strip()
    return safe[:235] + safe[235:][-20:] if safe.strip(".") else "unnamed"
