"""Objects in calls: how ours are written, and how those of the platform are read by name or id."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from izoologic_cdf.library.outbox import Attributes, Outgoing
from izoologic_cdf.push.remote_kinds import EVENT, INDICATOR, Kind, identified, unreadable
from izoologic_cdf.push.rest_client import Json, RestClient
from izoologic_cdf.runtime.failures import NOT_FOUND, HttpError

# a page of objects with all that hangs on them takes some 20 MB
PAGE = 250
MAX_RELATED = 1000
# up to so many objects are read one by one; more of them by pages, newest first
_SINGLES = 4
# pages that are read at most: one for so many of the objects
_WORTH = 10
# statuses of a search that a platform does not have
_NO_SEARCH = frozenset({400, 404, 405})
# objects whose values are leaked e-mail addresses and user names
PERSONAL = frozenset({"account", "identity"})
_DATES = ("published_at", "happened_at", "started_at", "ended_at")
_FIELDS = ("id", "value", "title", "name", "type_id", "type_name", "happened_at")
_FIELDS_FOUND = [*_FIELDS, "published_at", "description", "sources"]


@dataclass(frozen=True, slots=True)
class RemoteAttribute:
    """One attribute row of the platform."""

    id: int
    name: str
    value: str
    sources: frozenset[str]

    @property
    def pair(self) -> tuple[str, str]:
        """What tells it apart: the case of a name means nothing."""
        return self.name.casefold(), self.value


@dataclass(slots=True)
class RemoteRow:
    """One object of the platform; `fields` are its columns, `related` ids by key of relations."""

    id: int
    name: str
    fields: Json
    sources: set[str]
    tags: set[str] = field(default_factory=set)
    attributes: list[RemoteAttribute] = field(default_factory=list)
    related: dict[str, set[int]] = field(default_factory=dict)


def read_row(kind: Kind, row: Json) -> RemoteRow:
    """Return an object of an answer."""
    return RemoteRow(
        int(row["id"]),
        kind.name(row),
        row,
        {_name(one) for one in row.get("sources") or ()},
        {_name(one).casefold() for one in row.get("tags") or ()},
        [_attribute(one) for one in row.get("attributes") or ()],
    )


def _attribute(row: Json) -> RemoteAttribute:
    inner = row.get("attribute") or {}
    name = str(row.get("name") or inner.get("name") or "")
    sources = frozenset(_name(one) for one in row.get("sources") or ())
    return RemoteAttribute(int(row["id"]), name, str(row.get("value")), sources)


def _name(one: Json | str) -> str:
    return one if isinstance(one, str) else str(one.get("name") or "")


def is_same(kind: Kind, one: Outgoing, row: Json) -> bool:
    """Return whether a row of an answer is about an object, by its name and type.

    A platform may take names for one that differ in their case alone.
    """
    if kind.name(row).casefold() != one.value.casefold():
        return False
    if not one.subtype or not kind.types:
        return True
    name, number = row.get("type_name"), row.get("type_id")
    return name == one.subtype if name else number == kind.types.get(one.subtype)


def choose(kind: Kind, one: Outgoing, found: Iterable[Json]) -> Json | None:
    """Return the row that is an object, null for none.

    A title of an event may exist several times: what is ours is meant, else what happened when ours
    did.
    """
    fitting = [row for row in found if is_same(kind, one, row)]
    exact = [row for row in fitting if kind.name(row) == one.value] or fitting
    if kind.code != EVENT:
        return next(iter(exact), None)
    ours = [
        row for row in exact if {_name(source) for source in row.get("sources") or ()} & one.sources
    ]
    return next(iter(ours or [r for r in exact if r.get("happened_at") == one.happened_at]), None)


def sources(names: Iterable[str], tlp: str = "") -> list[dict[str, str]]:
    """Return sources as they are sent; `tlp` is the colour that each of them gets, if any."""
    return [{"name": name, **({"tlp": tlp} if tlp else {})} for name in sorted(names)]


def attributes(pairs: Attributes, tlp: str = "") -> list[dict[str, Any]]:
    """Return attributes as they are sent, each with its own sources."""
    return [
        {"name": name, "value": value, "sources": sources(of, tlp)}
        for (name, value), of in sorted(pairs.items())
    ]


def consumed(
    one: Outgoing, kind: Kind, related: dict[str, list[int]], tlp: str = ""
) -> dict[str, Any]:
    """Return one item of a `consume`; `related` are ids on the platform by key of relations."""
    item: dict[str, Any] = {kind.key: one.value}
    if one.type in (INDICATOR, EVENT) and one.subtype:
        item["type"] = {"name": one.subtype}
    if one.type == INDICATOR and one.status:
        item["status"] = {"name": one.status}
    if one.description:
        item["description"] = one.description
    item |= dates(one)
    item["sources"] = sources(one.sources, tlp)
    if one.attributes:
        item["attributes"] = attributes(one.attributes, tlp)
    if one.tags:
        item["tags"] = sorted(one.tags)
    for key, numbers in related.items():
        # files are related by a call of their own
        if key != "attachments":
            item[key] = [{"id": number} for number in numbers]
    return item


def dates(one: Outgoing) -> dict[str, str]:
    """Return the dates that an object has."""
    found = {name: getattr(one, name) for name in _DATES}
    return {name: text for name, text in found.items() if text}


def attached(one: Outgoing, category: str, tlp: str = "") -> dict[str, Any]:
    """Return the body that makes an attachment of a file that was uploaded under its name."""
    body = {"name": one.value, "title": one.value, "type": category, "malware_locked": False}
    return body | dates(one) | {"sources": sources(one.sources, tlp)}


def private(objects: Iterable[Outgoing]) -> list[str] | None:
    """Return the texts of objects that no message may quote; None where it may quote nothing."""
    texts: list[str] = []
    for one in objects:
        if one.type in PERSONAL:
            return None
        texts += [text for _, text in one.attributes] + [one.description or ""]
    return texts


class RemoteReader:
    """Reads with as few requests as it takes."""

    def __init__(self, client: RestClient) -> None:
        self._client = client
        # codes whose related objects do not come along, and whether searches are answered
        self._alone: set[str] = set()
        self._searches = True

    def find(self, kind: Kind, objects: list[Outgoing]) -> dict[int, list[Json]]:
        """Return the rows that may be these objects, by the object's id."""
        if not objects:
            return {}
        found: list[Json] | None = None
        if self._searches:
            found = self._search(kind, objects)
        by_name: dict[str, list[Json]] = {}
        for row in found if found is not None else self._look_up(kind, objects):
            by_name.setdefault(kind.name(row).casefold(), []).append(row)
        every = {one.id: by_name.get(one.value.casefold(), []) for one in objects}
        return {number: alike for number, alike in every.items() if alike}

    def _search(self, kind: Kind, objects: list[Outgoing]) -> list[Json] | None:
        """Return what a search for the names finds, null where there are no searches."""
        named = [{"+and": [{kind.key: one.value}]} for one in objects]
        body = {"criteria": {}, "filters": {"+or": named}, "fields": _FIELDS_FOUND}
        found: list[Json] = []
        while True:
            params = {"limit": MAX_RELATED, "offset": len(found)}
            path = f"{kind.collection}/query"
            try:
                document = self._client.call("POST", path, body, params=params)
            except HttpError as error:
                if error.status not in _NO_SEARCH:
                    raise
                self._searches = False
                return None
            page = identified(document, path)
            found += page
            total = document.get("total")
            if not page or not isinstance(total, int) or len(found) >= total:
                return found

    def _look_up(self, kind: Kind, objects: list[Outgoing]) -> Iterator[Json]:
        for one in objects:
            query = {kind.key: one.value, "limit": PAGE, "offset": 0, "with": "sources"}
            yield from identified(self._client.get(kind.collection, **query), kind.collection)

    def find_file(self, kind: Kind, digest: str, name: str) -> Json | None:
        """Return the attachment with these bytes (MD5) and that name, null for none."""
        query = {"hash": digest, "limit": PAGE, "offset": 0, "with": "sources"}
        found = identified(self._client.get(kind.collection, **query), kind.collection)
        return next((row for row in found if row.get("name") == name), None)

    def read(
        self, kind: Kind, numbers: Iterable[int], others: Iterable[Kind] = ()
    ) -> Iterator[RemoteRow]:
        """Yield the objects with these ids that are there, with what is related of other kinds."""
        wanted, others = set(numbers), list(others)
        pages = 1 + len(wanted) // _WORTH if len(wanted) > _SINGLES else 0
        offset = 0
        for _ in range(pages):
            page = self._get(kind, kind.collection, others, limit=PAGE, offset=offset, sort="-id")
            for row in page:
                if row["id"] in wanted:
                    wanted.discard(row["id"])
                    yield self._complete(kind, row, others)
            # newest first: the rest are gone, or stand in other places than their ids say
            if not wanted or not page or min(row["id"] for row in page) < min(wanted):
                break
            offset += len(page)
        for number in sorted(wanted):
            path = f"{kind.collection}/{number}"
            try:
                found = self._get(kind, path, others)
            except HttpError as error:
                if error.status != NOT_FOUND:
                    raise
                continue
            if [row["id"] for row in found] != [number]:
                raise unreadable(path)
            yield self._complete(kind, found[0], others)

    def _get(self, kind: Kind, path: str, others: list[Kind], **params: int | str) -> list[Json]:
        plain = ["attributes", "sources", "tags"]
        names = [] if kind.code in self._alone else [other.wanted for other in others]
        try:
            asked = {"with": ",".join([*plain, *names])}
            return identified(self._client.get(path, **params, **asked), path)
        except HttpError as error:
            if not names or error.status in (None, NOT_FOUND):
                raise
        self._alone.add(kind.code)
        return identified(self._client.get(path, **params, **{"with": ",".join(plain)}), path)

    def _complete(self, kind: Kind, row: Json, others: list[Kind]) -> RemoteRow:
        try:
            read = read_row(kind, row)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise unreadable(f"{kind.collection}/{row['id']}") from None
        for other in others:
            came = row.get(other.related)
            if not isinstance(came, list) or len(came) >= MAX_RELATED:
                came = self._related(kind, read.id, other)
            read.related[other.related] = {int(one["id"]) for one in came}
        return read

    def _related(self, kind: Kind, number: int, other: Kind) -> list[Json]:
        found: list[Json] = []
        path = f"{kind.collection}/{number}/{other.collection}"
        while True:
            document = self._client.get(path, limit=MAX_RELATED, offset=len(found))
            page, total = identified(document, path), document.get("total")
            found += page
            if not page or (isinstance(total, int) and len(found) >= total):
                return found
