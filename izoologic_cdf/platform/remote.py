"""Planting and looking at objects from outside, and the control plane `/_platform`."""

from typing import Any

from izoologic_cdf.loopback.inputs import OBJECT, TEXT, EmulatorError, instance
from izoologic_cdf.loopback.steering import ControlPlane
from izoologic_cdf.platform import items
from izoologic_cdf.platform.envelope import RefusalError
from izoologic_cdf.platform.intake import Ingest
from izoologic_cdf.platform.rows import Reports, Row
from izoologic_cdf.platform.shapes import Shapes
from izoologic_cdf.platform.world import PlatformState


def plant(state: PlatformState, collection: str, item: dict[str, Any]) -> int:
    """Bring in an object as a consume would, and return its id.

    Raises EmulatorError for an unknown collection or a wrong item.
    """
    with state.lock:
        kind = state.kinds.of_path(collection, state.options)
        if kind is None:
            raise EmulatorError(f"there is no collection {collection!r}")
        try:
            read = items.read_item(state, kind, item)
        except RefusalError as error:
            raise EmulatorError(f"the item is refused: {items.first_error(error.errors)}") from None
        row, _ = Ingest(state, state.credentials.client_id).put(read)
        return row.id


def snapshot(state: PlatformState) -> dict[str, list[dict[str, Any]]]:
    """Return everything by code of its kind, in a form for comparing: names instead of ids."""
    with state.lock:
        return {
            kind.code: [_told(state, row) for row in state.store.rows(kind)]
            for kind in state.kinds
            if state.store.count(kind)
        }


def _told(state: PlatformState, row: Row) -> dict[str, Any]:
    flat = Shapes(state).flat(row)
    columns = (row.kind.key, *row.kind.columns, "type_name", "status_name", "published_at")
    related = {
        code: sorted(str(pivot.other(row).name) for pivot in pivots.values())
        for code, pivots in row.related.items()
        if pivots
    }
    return {
        "id": row.id,
        **{name: flat[name] for name in columns if name in flat},
        "attributes": sorted(
            (one.name, one.value, _names(one.sources)) for one in row.attributes.values()
        ),
        "sources": _names(row.sources),
        "tags": sorted(row.tags.values()),
        "comments": [comment.value for comment in row.comments.values()],
        "related": related,
    }


def _names(reports: Reports) -> list[str]:
    return sorted(report.source.name for report in reports.values())


PLANE = ControlPlane(
    "/_platform",
    PlatformState,
    {"plant": plant},
    {"kind": TEXT, "collection": TEXT, "name": TEXT, "item": OBJECT, "filters": OBJECT}
    | {"definition": instance(list, "an array")},
    {"objects": snapshot},
)
