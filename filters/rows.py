"""Rows of lists."""

import json
from typing import Any, Generic, TypedDict, cast

from ._shared import is_object
from .dates import Date, read
from .names import fold
from .records import Parent, Row

__all__ = ["cases", "with_parent"]

_UPDATED = ("updatedat", "modifieddate", "updatedon")


class Case(TypedDict):
    """A case of a list; blank is no id."""

    caseId: str
    trackingId: str
    updated: Date


class Family(TypedDict, Generic[Parent]):
    """The rows of a case, and the case."""

    rows: list[dict[str, Any]]
    parent: Parent


def cases(value: Any) -> list[Case]:
    """Return {caseId, trackingId, updated} of each case of a list, the oldest update first (I-07).

    Of the rows of one case the newest counts, and of the dates of a row the first that is one; all
    rows without an id are one with a blank id.
    """
    newest: dict[str, Case] = {}
    for row in value:
        names = fold(row) if is_object(row) else {}
        case_id = names.get("caseid", "")
        dates = (read(names[name]) for name in _UPDATED if name in names)
        case: Case = {
            "caseId": "" if is_object(case_id) else str(case_id).strip(),
            "trackingId": str(names.get("trackingid", "")).strip(),
            "updated": next((one for one in dates if one["seconds"]), read(None)),
        }
        known = newest.setdefault(case["caseId"], case)
        if case["updated"]["seconds"] > known["updated"]["seconds"]:
            newest[case["caseId"]] = case
    return sorted(newest.values(), key=lambda case: (case["updated"]["seconds"], case["caseId"]))


def with_parent(value: Family[Parent]) -> list[Row[Parent]]:
    """Return each row of {rows, parent} once, with the parent under `Parent`.

    Rows are folded objects: none of them has a name with a capital letter.
    """
    distinct = {json.dumps(row, sort_keys=True): row for row in value["rows"] if row}
    return [cast("Row[Parent]", {"Parent": value["parent"], **row}) for row in distinct.values()]
