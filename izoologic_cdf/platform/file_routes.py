"""The routes of attachments, in one step and in two, and of signatures."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from izoologic_cdf.loopback.serving import BYTES, Answer
from izoologic_cdf.platform import items
from izoologic_cdf.platform.envelope import one, several, wrong
from izoologic_cdf.platform.kinds import ATTACHMENT, SIGNATURE
from izoologic_cdf.platform.object_routes import created_or_not
from izoologic_cdf.platform.routing import Call, Upload, route

# what cannot stand between the quotes of a header
_UNQUOTABLE = re.compile(r'[\x00-\x1f\x7f"\\]')


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
def download(call: Call, id: str) -> Answer:  # noqa: A002 - as the pattern names it
    """Answer the bytes of an attachment, with its name between quotes in a header."""
    row = call.row(ATTACHMENT, id)
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
