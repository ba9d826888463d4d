"""The status of a case whose own is missing (I-22)."""

from typing import Any

from .dates import epoch
from .names import rows

__all__ = ["newest"]


def newest(value: Any) -> str | None:
    """Return the newest status of incidentStatusLogs, the last of equally new ones."""
    by_age = sorted(rows(value), key=lambda row: epoch(row.get("updatedon")))
    found = [row.get("incidentstatusdescription") for row in by_age]
    stated = [str(one) for one in found if isinstance(one, str | int | float)]
    return stated[-1] if stated else None
