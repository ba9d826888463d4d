"""What the emulator says when the person who uses it made a mistake."""

import difflib
from collections.abc import Iterable

from izoologic_cdf.errors import CdfError


class EmulatorError(CdfError):
    """A wrong use of the emulator; the text says what is wrong, where, and what to do."""


class ScenarioError(EmulatorError):
    """A scenario cannot be loaded; the text names the scenario and the place in it."""


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return the sentence about an unknown name: the nearest known one, else all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(names)}"
    return f"unknown {what} {name!r}; {hint}"
