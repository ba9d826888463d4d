"""What a platform has: kinds of objects with their collections, event types, file categories."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from izoologic_cdf.errors import Cause
from izoologic_cdf.library.outbox import Outgoing
from izoologic_cdf.push.rest_client import Json, RestClient
from izoologic_cdf.runtime.failures import OK, HttpError

INDICATOR, EVENT, ATTACHMENT = "indicator", "event", "attachment"
# codes whose collections have another name than the code everywhere, also as keys of relations
_LEGACY = {
    INDICATOR: "indicators",
    EVENT: "events",
    ATTACHMENT: "attachments",
    "adversary": "adversaries",
    "signature": "signatures",
}
# the column that names an object of these codes; all others have `value`
_KEYS = {EVENT: "title", ATTACHMENT: "name", "adversary": "name"}
FALLBACK_CATEGORY = "Generic Text"
# by extension of the file's name
_CATEGORIES = {"pdf": "PDF", "pcap": "PCAP", "json": "JSON", "xml": "XML", "stix": "STIX"}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of objects: `collection` is its name in paths, `key` the column that names one.

    `types` are the ids of its types by name; they differ between platforms.
    """

    code: str
    collection: str
    key: str
    types: dict[str, int] = field(default_factory=dict, compare=False)

    @property
    def related(self) -> str:
        """The key of related objects in what is sent and answered."""
        return _LEGACY.get(self.code, self.code)

    @property
    def wanted(self) -> str:
        """The name of related objects in `with=`, which is in camel case."""
        first, *rest = self.related.split("_")
        return first + "".join(word.title() for word in rest)

    def name(self, row: Json) -> str:
        """Return what names an object of the platform."""
        return str(row.get(self.key) or "")


class RemoteKinds:
    """The kinds of one platform, read once; types and categories when they are needed."""

    def __init__(self, client: RestClient) -> None:
        self._client = client
        self._kinds: dict[str, Kind] = {}
        for row in rows(client.get("objects")):
            code = str(row.get("name") or "").lower()
            collection = str(row.get("collection") or _LEGACY.get(code, code))
            kind = Kind(code, collection, _KEYS.get(code, "value"))
            kind.types.update(_numbers(row.get("types")))
            self._kinds[code] = kind
        if not self._kinds.keys() & _LEGACY.keys():
            raise unreadable("objects")
        self._categories: frozenset[str] | None = None

    def find(self, code: str) -> Kind | None:
        """Return the kind of a code, null where the platform has no such objects."""
        return self._kinds.get(code)

    def missing(self, codes: Iterable[str]) -> list[str]:
        """Return the codes that the platform does not know, sorted."""
        return sorted(code for code in set(codes) if code not in self._kinds)

    def add_event_types(self, objects: Iterable[Outgoing]) -> None:
        """Make the event types that these objects need and the platform lacks."""
        needed = {one.subtype for one in objects if one.type == EVENT and one.subtype}
        kind = self._kinds.get(EVENT)
        if kind is None or needed <= kind.types.keys():
            return
        # another push may have made it since
        self._read_event_types(kind)
        for name in sorted(needed - kind.types.keys()):
            self._client.call("POST", "event/types", {"name": name})
        self._read_event_types(kind)

    def _read_event_types(self, kind: Kind) -> None:
        kind.types.update(_numbers(self._client.get("event/types").get("data")))

    def category(self, name: str) -> str:
        """Return the category of a file by the extension of its name."""
        if self._categories is None:
            found = rows(self._client.get("attachments/types"))
            self._categories = frozenset(str(row.get("name")) for row in found)
        extension = name.rpartition(".")[2].lower() if "." in name else ""
        category = _CATEGORIES.get(extension, FALLBACK_CATEGORY)
        return category if category in self._categories else FALLBACK_CATEGORY


def rows(document: Json) -> list[Json]:
    """Return the objects of an answer, whether it holds one or several."""
    data = document.get("data")
    found = data if isinstance(data, list) else [data]
    return [row for row in found if isinstance(row, dict)]


def identified(document: Json, path: str) -> list[Json]:
    """Return the objects of an answer from a path, their ids as integers.

    Raises HttpError for an answer that is none: to take it for "nothing found" would double things.
    """
    found: list[Json] = [{**row, "id": read_id(row)} for row in rows(document)]
    data = document.get("data")
    is_whole = len(found) == len(data) if isinstance(data, list) else isinstance(data, dict)
    if not is_whole or any(row["id"] is None for row in found):
        raise unreadable(path)
    return found


def read_id(row: Json) -> int | None:
    """Return the id of an object of an answer, which may be text; null where it has none."""
    try:
        return int(row["id"])
    except (KeyError, TypeError, ValueError):
        return None


def unreadable(path: str) -> HttpError:
    """Return the error of an answer that is not what the API answers at a path."""
    message = "the answer is not one of ThreatQ's API; check threatq_host"
    return HttpError(f"/api/{path}", message, OK, Cause.OUTAGE)


def _numbers(entries: object) -> Iterator[tuple[str, int]]:
    """Yield names and ids of types."""
    for entry in rows({"data": entries}):
        if (number := read_id(entry)) is not None:
            yield str(entry.get("name")), number
