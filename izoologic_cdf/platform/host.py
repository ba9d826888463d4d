"""The emulated ThreatQ as a server, with its control plane `/_platform`."""

import asyncio
import re
import ssl
from collections.abc import Iterable
from dataclasses import asdict
from email.utils import formatdate
from pathlib import Path
from typing import Any

from aiohttp import web

from izoologic_cdf.loopback import faults
from izoologic_cdf.loopback.inputs import OBJECT, TEXT, EmulatorError, instance
from izoologic_cdf.loopback.serving import Answer, LoopbackServer, encode
from izoologic_cdf.loopback.steering import ControlPlane, LoggedRequest, RequestLog, masked
from izoologic_cdf.platform import items, routing
from izoologic_cdf.platform.assumptions import Options
from izoologic_cdf.platform.envelope import RefusalError, refusal
from izoologic_cdf.platform.grants import Credentials
from izoologic_cdf.platform.intake import Ingest
from izoologic_cdf.platform.kinds import definition
from izoologic_cdf.platform.routing import Call, Upload
from izoologic_cdf.platform.rows import Reports, Row
from izoologic_cdf.platform.shapes import Shapes
from izoologic_cdf.platform.world import PlatformState

_API = "/api/"
# where anybody may read the client id; a client takes what stands between `ClientId": "` and the
# last 38 characters
_CONFIG = "/assets/js/config.js"
_CONFIG_TEXT = 'window.config = {{"ClientId": "{}", "apiUrl": "/api", "locale": "en"}};\n'
# the values that the request log keeps
_SHOWN = frozenset({"limit", "offset", "sort", "with", "fields", "grant_type"})
_SLASHES = re.compile("/{2,}")
# POST requests that change nothing
_READS = ("/token", "/{c}/query", "/search/advanced")
_DIALECT = faults.Dialect(
    refusal=lambda status, _form, message, _code: Answer(status, encode({"errors": [message]})),
    unauthorized={"WWW-Authenticate": "Bearer"},
    payload="data",
)


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


class Platform(LoopbackServer):
    """An emulated ThreatQ, as a context manager.

    `with Platform(Options(page_size=10), install=["account"]) as platform` starts it on a free
    port of loopback. `install` names custom objects: codes of the project's own, or JSON files.
    Given an SSL context it speaks HTTPS. Raises EmulatorError when it cannot listen, and for a
    custom object that is none.
    """

    name = "platform"

    def __init__(
        self,
        options: Options | None = None,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        install: Iterable[str] = (),
        ssl_context: ssl.SSLContext | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        super().__init__(host, port, ssl_context)
        self.credentials = credentials or Credentials()
        definitions = [definition(name) for name in install]
        self.state = PlatformState(options or Options(), self.credentials, definitions)

    @property
    def requests(self) -> RequestLog:
        """What it has been asked; the endpoint of an entry is its route, e.g. /{c}/consume."""
        return self.state.requests

    def plant(self, collection: str, item: dict[str, Any]) -> int:
        """Bring in an object as a consume would, and return its id."""
        return plant(self.state, collection, item)

    def snapshot(self) -> dict[str, list[dict[str, Any]]]:
        """Return all objects by code of their kind, with names instead of ids."""
        return snapshot(self.state)

    def describe(self, authority: Path | None = None) -> str:
        """Return address and credentials, one `name: value` a line; `authority` is its CA."""
        lines = [f"threatq_host: {self.url}"]
        lines += [f"{name}: {value}" for name, value in asdict(self.credentials).items()]
        if authority is not None:
            lines.append(f"ca: {authority}")
        lines.append(f"control: {self.url}{PLANE.path}")
        lines.append("# These credentials are the emulated platform's own. Stop it with Ctrl-C.")
        return "\n".join(lines)

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request of the API or of the control plane."""
        state, path = self.state, _SLASHES.sub("/", request.path)
        if path.startswith(PLANE.path):
            return PLANE.answer(state, request, await request.read()).response()
        if path == _CONFIG:
            text = _CONFIG_TEXT.format(self.credentials.client_id)
            return web.Response(text=text, content_type="application/javascript")
        call = await _read(state, request, path)
        with state.lock:
            found, answer = _answer(call, inside=path.startswith(_API))
            answer.headers["Date"] = formatdate(state.clock, usegmt=True)
            latency = state.options.latency
        state.requests.add(_logged(call, answer.status))
        if latency:
            await asyncio.sleep(latency)
        return await faults.deliver(request, answer, found)


async def _read(state: PlatformState, request: web.BaseRequest, path: str) -> Call:
    below = "/" + path.removeprefix(_API).strip("/")
    call = Call(state, request.method, below, dict(request.query))
    call.authorization = request.headers.get("Authorization", "")
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        try:
            form = await request.post()
        except ValueError:
            return call
        call.form = {name: _upload(value) for name, value in form.items()}
    else:
        call.body = await request.read()
    return call


def _upload(value: str | bytes | bytearray | web.FileField) -> Any:
    if not isinstance(value, web.FileField):
        return value if isinstance(value, str) else bytes(value).decode(errors="replace")
    with value.file:
        return Upload(value.filename, value.file.read())


def _answer(call: Call, *, inside: bool) -> tuple[list[Any], Answer]:
    """Return the faults that strike and the answer; call it under the lock."""
    state = call.state
    now = state.clock
    session = state.logins.session(call.authorization, now)
    if session is not None:
        call.user, call.token = session.user, session.number
    handler, named = None, dict[str, str]()
    error = RefusalError(404, ["There is no such path."])
    try:
        if inside:
            call.route, handler, named = routing.find(call.method, call.path)
    except RefusalError as refused:
        error = refused
    struck = faults.strike(state.faults, method=call.method, path=call.path, route=call.route)
    skew = sum(int(one.parameters["seconds"]) for one in struck if one.kind == "skew")
    if any(one.kind == "revoke" for one in struck):
        state.revoke_tokens()
    answer = faults.replacement(struck, _DIALECT, now)
    if answer is None:
        state.advance(skew)
        try:
            if inside:
                _admit(call)
            if handler is None:
                raise error
            answer = handler(call, **call.resolve(named))
        except RefusalError as refused:
            answer = refusal(refused, state.options)
        finally:
            state.advance(-skew)
    return struck, faults.changed(answer, struck, _DIALECT)


def _admit(call: Call) -> None:
    """Raise RefusalError for a call that comes too early, without a login or without the right."""
    state = call.state
    wait = state.quota.wait(state.clock, state.options.calls_per_minute)
    if wait:
        raise RefusalError(429, ["Too many requests."], Retry_After=str(wait))
    if call.path == "/token":
        return
    if state.logins.session(call.authorization, state.clock) is None:
        raise RefusalError(401, ["The access token is invalid."], **{"WWW-Authenticate": "Bearer"})
    if state.options.read_only and call.method != "GET" and call.route not in _READS:
        raise RefusalError(403, ["This action is not authorized."])


def _logged(call: Call, status: int) -> LoggedRequest:
    body: Any = None
    if call.form:
        body = masked(call.form, _SHOWN)
    elif call.body:
        try:
            sent = call.json
        except RefusalError:
            sent = None
        # of lists only how long they are, lest each item be gone through once more
        body = {"items": len(sent)} if isinstance(sent, list) else masked(sent, _SHOWN)
    query = masked(call.query, _SHOWN)
    return LoggedRequest(call.route, call.method, call.path, query, body, status, call.token)
