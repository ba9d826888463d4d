"""The routes of objects: create, consume, list, read, change, delete, search; and of files."""

import hashlib
import json
import random
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from izoologic_cdf.loopback.serving import BYTES, Answer
from izoologic_cdf.platform import items, searching
from izoologic_cdf.platform.envelope import RefusalError, missing, nothing, one, several, wrong
from izoologic_cdf.platform.kinds import ADVERSARY, ATTACHMENT, INDICATOR, SIGNATURE, Kind
from izoologic_cdf.platform.routing import Call, Upload, route
from izoologic_cdf.platform.rows import Row
from izoologic_cdf.platform.shapes import Json

# of a flat row, left out of a saved search unless they are asked for
_ASKED = ("attributes", "sources")
_DEFAULT_LIMIT = 1000
# what cannot stand between the quotes of a header
_UNQUOTABLE = re.compile(r'[\x00-\x1f\x7f"\\]')


@route("POST", "/{c}")
def create(call: Call, kind: Kind) -> Answer:
    """Create an object, or several of a list; what exists is answered with existing = Y."""
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
def consume(call: Call, kind: Kind) -> Answer:
    """Bring in objects, new or not; answers each object once."""
    options = call.state.options
    if kind is ATTACHMENT or kind.loose:
        raise missing(f"Route {kind.answered}/consume")
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
def list_all(call: Call, kind: Kind) -> Answer:
    """List the objects of a collection."""
    shapes, want = call.shapes, call.want
    which = searching.part(call.query, call.state.options.page_size)
    rows = searching.of_kind(call.state.store, kind, call.query)
    return searching.listed(rows, call.query, which, lambda row: shapes.row(row, want))


@route("GET", "/{c}/{id}")
def read_one(call: Call, row: Row) -> Answer:
    """Answer one object."""
    return one(call.shapes.row(row, call.want))


@route("GET", "/{c}/{id}/details")
def read_details(call: Call, row: Row) -> Answer:
    """Answer one object with everything."""
    return one(call.shapes.row(row, call.shapes.everything(row.kind)))


@route("PUT", "/{c}/{id}")
def update(call: Call, row: Row) -> Answer:
    """Change an object; columns may stand in the query too."""
    body = call.json
    if body is not None and not isinstance(body, dict):
        raise RefusalError(400, ["An object is expected."])
    query = {name: text for name, text in call.query.items() if name not in ("with", "fields")}
    call.ingest.change(row, items.read_change(call.state, row.kind, {**query, **(body or {})}))
    return one(call.shapes.row(row, call.want))


@route("DELETE", "/{c}/{id}")
def delete(call: Call, row: Row) -> Answer:
    """Delete an object and what hangs on it."""
    call.state.store.delete(row)
    if row.kind is ATTACHMENT:
        del call.state.contents[row.id]
    return nothing()


@route("POST", "/{c}/query")
def query(call: Call, kind: Kind) -> Answer:
    """Search a collection with filters."""
    body = call.object
    return _found(call, kind, body, _names(body.get("fields") or []))


@route("GET", "/{c}/query/hash/{hash}")
def saved_query(call: Call, kind: Kind, digest: str) -> Answer:
    """Search a collection with the filters that were saved under a hash."""
    options = call.state.options
    body = call.state.searches.get(digest)
    if body is None:
        if options.unknown_hash == "refuse":
            raise missing("Search")
        body = {}
    fields = _names(call.query.get("fields", ""))
    leave = _ASKED if options.hash_fields == "asked" else ()
    return _found(call, kind, body, fields, leave)


def _found(
    call: Call,
    kind: Kind,
    body: dict[str, Any],
    fields: list[str],
    leave: Iterable[str] = (),
) -> Answer:
    found = dict(searching.matching(call.state, searching.candidates(call.state, kind, body), body))
    rows = searching.ordered(list(found), call.query.get("sort", ""))
    which = searching.part(call.query, _DEFAULT_LIMIT)
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
    return several(found[searching.part(call.query, None)], len(found))


@route("POST", "/search/advanced")
def search_advanced(call: Call) -> Answer:
    """Search with groups of conditions."""
    found = list(searching.advanced(call.state, call.json))
    return several(found[searching.part(call.query, None)], len(found))


@route("POST", "/attachments/upload")
def upload(call: Call) -> Answer:
    """Take the bytes of a file; nothing but its name ties them to what follows."""
    name, file = call.form.get("resumableFilename"), call.form.get("file")
    if not isinstance(name, str) or not isinstance(file, Upload):
        raise wrong("file", "The file field and its resumableFilename are required.")
    if call.form.get("resumableTotalChunks", "1") != "1":
        raise wrong("resumableTotalChunks", "A file in several chunks is not supported.")
    call.state.uploads[name] = file.content
    return one({"name": name, "file_size": len(file.content)}, 201)


@route("POST", "/attachments")
def attach(call: Call) -> Answer:
    """Make an attachment of a multipart body, or of a file that was uploaded under its name."""
    state = call.state
    if call.form:
        sent = dict(call.form)
        file = sent.pop("file", None)
        if not isinstance(file, Upload):
            raise wrong("file", "The file field is required.")
        sent.setdefault("name", file.filename)
        if str(sent.get("sources", "")).startswith(("[", "{")):
            sent["sources"] = _parsed(sent["sources"])
        content = file.content
    else:
        sent = call.object
        name = sent.get("name")
        if not isinstance(name, str) or name not in state.uploads:
            raise wrong("name", "There is no uploaded file of that name.")
        content = state.uploads[name]
    item = items.read_item(state, ATTACHMENT, {"title": sent.get("name"), **sent})
    if item.fields.get("type_id") is None:
        raise wrong("type", "The type field is required.")
    # a name of the database's own, as the API has it
    digest = hashlib.md5(content).hexdigest()  # noqa: S324
    item.fields |= {"hash": digest, "file_size": len(content)}
    row, existing = call.ingest.put(item)
    state.contents[row.id] = content
    if not call.form:
        del state.uploads[item.fields["name"]]
    status = created_or_not([(row, existing)])
    return one(call.shapes.created(row, call.want, existing=existing), status)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@route("GET", "/attachments/{id}/download")
def download(call: Call, identifier: str) -> Answer:
    """Answer the bytes of an attachment, with its name between quotes in a header."""
    row = call.row(ATTACHMENT, identifier)
    name = _UNQUOTABLE.sub("_", str(row.name))
    disposition = f'attachment; filename="{name.encode("ascii", "replace").decode()}"'
    if not name.isascii():
        disposition += f"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"
    headers = {"Content-Disposition": disposition}
    return Answer(200, call.state.contents[row.id], BYTES, headers)


@route("POST", "/signatures/import")
def import_signatures(call: Call) -> Answer:
    """Take the text of signatures; the hashes in the answer name them in what follows."""
    state, data = call.state, []
    for sent in [call.form] if call.form else call.rows:
        text = sent.get("text") if isinstance(sent, Mapping) else None
        if not isinstance(text, str) or not text:
            raise wrong("text", "The text field is required.")
        read = items.read_item(state, SIGNATURE, {"type_id": sent.get("type_id")})
        digest = hashlib.md5(text.encode(errors="replace")).hexdigest()  # noqa: S324
        state.imports[digest] = {"value": text, **read.fields, "hash": digest}
        data.append({"name": None, **state.imports[digest]})
    return several(data, status=201)


@route("POST", "/signatures/consume")
def consume_signatures(call: Call) -> Answer:
    """Make signatures of what was imported, named by its hash."""
    read = [
        items.read_item(call.state, SIGNATURE, _imported(call.state.imports, sent))
        for sent in call.rows
    ]
    ingest, shapes = call.ingest, call.shapes
    made = [ingest.put(item) for item in read]
    data = [shapes.row(row, call.want) for row in dict(made)]
    return several(data, status=created_or_not(made))


def _imported(imports: Mapping[str, dict[str, Any]], sent: Any) -> dict[str, Any]:
    known = imports.get(str(sent.get("hash"))) if isinstance(sent, dict) else None
    if known is None:
        raise wrong("hash", "The signature was not imported.")
    return {"name": known["hash"], **known, **sent}
