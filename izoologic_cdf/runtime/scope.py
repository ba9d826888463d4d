"""The names of expressions of a feed in one window of a run."""

from collections.abc import Mapping
from typing import Any

from izoologic_cdf.language.steps import RUN_PARAMS


class Names(dict[str, Any]):
    """Names with their values; those of one call have `run_params` beside those of the window.

    `kept` is shared by all calls of the window: what was made once of the window's names alone.
    """

    __slots__ = ("kept",)

    kept: dict[object, Any]

    def of_call(self, run_params: Mapping[str, Any]) -> "Names":
        """Return the names of one call of a feed."""
        names = Names(self)
        names[RUN_PARAMS] = run_params
        names.kept = self.kept
        return names


def of_window(values: Mapping[str, Any]) -> Names:
    """Return the names of a window."""
    names = Names(values)
    names.kept = {}
    return names
