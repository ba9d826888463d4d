"""The routes of objects: create, consume, list, read, change, delete, search."""

import random
from collections.abc import Iterable
from typing import Any

from izoologic_cdf.loopback.serving import Answer
from izoologic_cdf.platform import items, listing, searching
from izoologic_cdf.platform.envelope import RefusalError, missing, nothing, one, several, wrong
from izoologic_cdf.platform.kinds import ADVERSARY, ATTACHMENT, INDICATOR, Kind
from izoologic_cdf.platform.routing import Call, route
from izoologic_cdf.platform.shapes import Json

# of a flat row, left out of a saved search unless they are asked for
_ASKED = ("attributes", "sources")
_DEFAULT_LIMIT = 1000


@route("POST", "/{c}")
def create(call: Call, c: str) -> Answer:
    """Create an object, or several of a list; what exists is answered with existing = Y."""
    kind = call.kind(c)
    if kind is ATTACHMENT:
        raise wrong("file", "The file field is required.")
    read = [items.read_item(call.state, kind, sent) for sent in call.rows]
    if kind is ADVERSARY and any(call.state.store.find(kind, item.fields) for item in read):
        raise wrong("name", "The name has already been taken.")
    ingest, shapes, want = call.ingest, call.shapes, call.want
    made = [ingest.put(item) for item in read]
    status = created_or_not(made)
    data = [shapes.created(row, want, existing=existing) for row, existing in made]
    if kind is INDICATOR or isinstance(call.json, list):
        return several(data, status=status)
    return one(data[0], status)


@route("POST", "/{c}/consume", "/{c}/consume/new")
def consume(call: Call, c: str) -> Answer:
    """Bring in objects, new or not; answers each object once."""
    kind, options = call.kind(c), call.state.options
    if kind is ATTACHMENT or kind.loose:
        raise missing(f"Route {c}/consume")
    read, refused = [], list[Json]()
    for index, sent in enumerate(call.rows):
        try:
            read.append(items.read_item(call.state, kind, sent))
        except RefusalError as error:
            if options.consume_bad_item == "refuse":
                raise _of_item(error, index) from None
            if options.consume_bad_item == "report":
                refused.append({"error": items.first_error(error.errors)})
    ingest, shapes = call.ingest, call.shapes
    put = [ingest.put(item) for item in read]
    rows = {row.id: row for row, _ in put}
    data = [shapes.row(row, call.want) for row in rows.values()]
    if options.consume_order == "shuffled":
        # the same request has the same answer
        random.Random(len(data)).shuffle(data)  # noqa: S311
    return several(data + refused, status=created_or_not(put))


def created_or_not(made: Iterable[tuple[Any, bool]]) -> int:
    """Return the status of what was made: 201, or 200 where all of it existed."""
    return 200 if all(existing for _, existing in made) else 201


def _of_item(error: RefusalError, index: int) -> RefusalError:
    if isinstance(error.errors, list):
        return RefusalError(error.status, {str(index): error.errors})
    named = {f"{index}.{name}": texts for name, texts in error.errors.items()}
    return RefusalError(error.status, named)


@route("GET", "/{c}")
def list_all(call: Call, c: str) -> Answer:
    """List the objects of a collection."""
    kind = call.kind(c)
    shapes, want = call.shapes, call.want
    which = listing.part(call.query, call.state.options.page_size)
    rows = listing.of_kind(call.state.store, kind, call.query)
    return listing.listed(rows, call.query, which, lambda row: shapes.row(row, want))


@route("GET", "/{c}/{id}")
def read_one(call: Call, c: str, id: str) -> Answer:  # noqa: A002 - as the pattern names it
    """Answer one object."""
    return one(call.shapes.row(call.row(call.kind(c), id), call.want))


@route("GET", "/{c}/{id}/details")
def read_details(call: Call, c: str, id: str) -> Answer:  # noqa: A002
    """Answer one object with everything."""
    kind = call.kind(c)
    return one(call.shapes.row(call.row(kind, id), call.shapes.everything(kind)))


@route("PUT", "/{c}/{id}")
def update(call: Call, c: str, id: str) -> Answer:  # noqa: A002
    """Change an object; columns may stand in the query too."""
    kind = call.kind(c)
    row = call.row(kind, id)
    body = call.json
    if body is not None and not isinstance(body, dict):
        raise RefusalError(400, ["An object is expected."])
    query = {name: text for name, text in call.query.items() if name not in ("with", "fields")}
    call.ingest.change(row, items.read_change(call.state, kind, {**query, **(body or {})}))
    return one(call.shapes.row(row, call.want))


@route("DELETE", "/{c}/{id}")
def delete(call: Call, c: str, id: str) -> Answer:  # noqa: A002
    """Delete an object and what hangs on it."""
    row = call.row(call.kind(c), id)
    call.state.store.delete(row)
    if row.kind is ATTACHMENT:
        del call.state.contents[row.id]
    return nothing()


@route("POST", "/{c}/query")
def query(call: Call, c: str) -> Answer:
    """Search a collection with filters."""
    kind, body = call.kind(c), call.object
    fields = body.get("fields") or []
    return _found(call, kind, body, _names(fields), limit=_DEFAULT_LIMIT)


@route("GET", "/{c}/query/hash/{hash}")
def saved_query(call: Call, c: str, hash: str) -> Answer:  # noqa: A002
    """Search a collection with the filters that were saved under a hash."""
    kind, options = call.kind(c), call.state.options
    body = call.state.searches.get(hash)
    if body is None:
        if options.unknown_hash == "refuse":
            raise missing("Search")
        body = {}
    fields = _names(call.query.get("fields", ""))
    leave = _ASKED if options.hash_fields == "asked" else ()
    return _found(call, kind, body, fields, limit=_DEFAULT_LIMIT, leave=leave)


def _found(
    call: Call,
    kind: Kind,
    body: dict[str, Any],
    fields: list[str],
    *,
    limit: int,
    leave: Iterable[str] = (),
) -> Answer:
    found = dict(searching.matching(call.state, searching.candidates(call.state, kind, body), body))
    rows = listing.ordered(list(found), call.query.get("sort", ""))
    which = listing.part(call.query, limit)
    flats = [found[row] for row in rows]
    page, more = flats[which], dict[str, Any]()
    if "cursorMark" in call.query:
        size = (which.stop or 0) - which.start
        page, mark = searching.after_cursor(flats, call.query["cursorMark"], size)
        more = {"nextCursorMark": mark}
    if fields:
        page = [{name: flat[name] for name in ("id", *fields) if name in flat} for flat in page]
    elif leave:
        page = [{name: flat[name] for name in flat if name not in leave} for flat in page]
    return several(page, len(flats), **more)


def _names(fields: Any) -> list[str]:
    names = fields.split(",") if isinstance(fields, str) else fields
    if not isinstance(names, list):
        raise wrong("fields", "The fields must be a list.")
    return [str(name) for name in names if name]


@route("GET", "/search")
def search(call: Call) -> Answer:
    """Search the names of indicators, events, adversaries and attachments."""
    found = list(searching.everywhere(call.state, call.query.get("query", "")))
    return several(found[listing.part(call.query, None)], len(found))


@route("POST", "/search/advanced")
def search_advanced(call: Call) -> Answer:
    """Search with groups of conditions."""
    found = list(searching.advanced(call.state, call.json))
    return several(found[listing.part(call.query, None)], len(found))
