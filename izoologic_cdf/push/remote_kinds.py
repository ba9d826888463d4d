"""What a platform has: kinds of objects with their collections, event types, file categories."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from izoologic_cdf.library.outbox import Outgoing
from izoologic_cdf.push.rest_client import Json, RestClient

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
            for one in row.get("types") or ():
                kind.types[str(one["name"])] = int(one["id"])
            self._kinds[code] = kind
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
        for row in rows(self._client.get("event/types")):
            kind.types[str(row.get("name"))] = int(row["id"])

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
