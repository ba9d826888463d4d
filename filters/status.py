"""The status of a case whose own is missing (I-22)."""

from typing import Any

from .dates import epoch
from .names import rows

__all__ = ["newest"]


def newest(value: Any) -> str | None:
    """Return the newest status of incidentStatusLogs, the last of equally new ones."""
    stated = [row for row in rows(value) if "incidentstatusdescription" in row]
    stated.sort(key=lambda row: epoch(row.get("updatedon")))
    return str(stated[-1]["incidentstatusdescription"]) if stated else None
