"""What Datasette asks us: what may be seen, how a cell looks, and our own pages."""

import asyncio
import functools
import itertools
import sqlite3
import urllib.parse
from collections.abc import Awaitable, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.facets import ColumnFacet, Facet
from datasette.filters import FilterArguments
from datasette.utils.asgi import Base400, Request, Response
from datasette.views.base import DatasetteError
from markupsafe import Markup

from izoologic_cdf.browse import pages
from izoologic_cdf.browse.records import (
    MAX_HITS,
    VALUES,
    find,
    read_file,
    read_picture,
    read_shown,
)
from izoologic_cdf.browse.wall import FILE_POLICY, Send
from izoologic_cdf.errors import CdfError
from izoologic_cdf.library.attachments import safe_name
from izoologic_cdf.library.search import matching
from izoologic_cdf.library.spreadsheet import csv_lines
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.overview import read_run
from izoologic_cdf.runtime.windows import SystemClock

NAME = "library"
# what may be requested: our pages, and of Datasette the lists
_LIST = f"/{NAME}/(?:{'|'.join(pages.LISTS)})"
GETS = (
    rf"/|/browse\.css|/icon\.svg|/search|/(?:object|file|run)/[0-9]{{1,15}}|{_LIST}(\.csv|\.json)?"
)
POSTS = r"/account/[0-9]{1,15}/password"
# what shapes an answer, and is ours to say for an export
_SHAPE = {
    "_shape", "_size", "_next", "_nl", "_dl", "_stream", "_header", "_facet", "_nofacet",
    "_nocount",
}  # fmt: skip
# rows of an export that are asked for at a time, and sent at a time
CSV_ROWS, _BLOCK_LINES = 20_000, 500
_PLAIN_ROWS = (("_nofacet", "1"), ("_nocount", "1"))
_UNKNOWN = "This cannot be asked of this list."
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
    '<path fill="#1f6274" d="M0 0h16v16H0z"/>'
    '<path d="M4 12V8m4 4V3m4 9V6" stroke="#fff" stroke-width="2"/></svg>'
)


class Plugin:
    """Answers Datasette for one library; at most one is registered at a time."""

    __name__ = "izoologic"

    def __init__(self, library: Library) -> None:
        self._library = library
        self._templates = pages.make_environment()

    @hookimpl(trylast=True)  # type: ignore[untyped-decorator]
    def permission_allowed(self, action: str, resource: Any) -> bool:
        """Return whether something may be seen; the last word is ours."""
        return (
            action == "view-instance"
            or (action == "view-database" and resource == NAME)
            or (action == "view-table" and resource[0] == NAME and resource[1] in pages.LISTS)
        )

    @hookimpl  # type: ignore[untyped-decorator]
    def render_cell(self, row: Any, value: Any, column: str, table: str) -> Markup:
        """Return a cell; never a link to what stands in it, which may be a phishing page."""
        shown = pages.text(value if value is None else pages.shorten(str(value)))
        number = row["id"] if "id" in row.keys() else None  # noqa: SIM118 - a row of SQLite
        if value is None:
            return shown
        if number is not None and column in (VALUES.get(table), "value"):
            return Markup('<a href="/object/{}">{}</a>').format(number, shown)
        if (table, column) == ("runs", "id") or column in ("run", "created_run"):
            return Markup('<a href="/run/{}">{}</a>').format(value, shown)
        if (table, column) == ("files", "size"):
            if number is None:
                return pages.text(pages.size(value))
            return Markup('<a href="/file/{}" download>{}</a>').format(number, pages.size(value))
        return shown

    @hookimpl  # type: ignore[untyped-decorator]
    def filters_from_request(
        self, request: Request, table: str, datasette: Datasette
    ) -> Callable[[], Awaitable[FilterArguments]]:
        """Search a list by the library's own index, which may lag behind the objects."""
        lists = datasette.get_database(NAME)

        async def search() -> FilterArguments:
            # Datasette would note on the terminal that it fails half-way
            asked = set(request.args.getlist("_facet"))
            if not asked.issubset(await lists.table_columns(table)):
                raise DatasetteError(_UNKNOWN, status=400)
            words = (request.args.get("_search") or "").split() if table in VALUES else []
            wheres: list[str] = []
            values: dict[str, str] = {}
            for word in words:
                where, given = await lists.execute_fn(functools.partial(matching, word=word))
                for value in given:
                    name = f"searched{len(values)}"
                    where = where.replace("?", f":{name}", 1)
                    values[name] = value
                wheres.append(where)
            said = [f"text has {' and '.join(words)}"] if words else []
            return FilterArguments(wheres, values, said)

        return search

    @hookimpl  # type: ignore[untyped-decorator]
    def register_facet_classes(self) -> list[type[Facet]]:
        """Return how a list can be counted: by the values of a column."""
        return [ColumnFacet]

    @hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]
    def handle_exception(self, request: Request, exception: Exception) -> Response:
        """Return a page with a sentence; nothing goes to the terminal."""
        if isinstance(exception, Base400):
            return self._error(exception.status, str(exception.args[0]))
        if isinstance(exception, QueryInterrupted):
            return self._error(400, "This takes too long: narrow it down by a filter.")
        # what a query string asks of a list that it has not, such as another column
        odd = isinstance(exception, (DatasetteError, sqlite3.DatabaseError, ValueError))
        if odd and request.path.startswith(f"/{NAME}/"):
            return self._error(400, _UNKNOWN)
        if isinstance(exception, CdfError):
            return self._error(503, str(exception))
        return self._error(500, f"unexpected {type(exception).__name__}")

    @hookimpl  # type: ignore[untyped-decorator]
    def register_routes(self) -> list[tuple[str, Callable[..., Any]]]:
        """Return our pages; they come before those of Datasette."""
        return [
            (r"^/$", self._overview),
            (r"^/search$", self._search),
            (r"^/object/(?P<number>\d+)$", self._object),
            (r"^/account/(?P<number>\d+)/password$", self._password),
            (r"^/run/(?P<number>\d+)$", self._run),
            (r"^/file/(?P<number>\d+)$", self._file),
            (rf"^/{NAME}/(?P<view>\w+)\.csv$", self._csv),
            (r"^/browse\.css$", self._style),
            (r"^/icon\.svg$", self._icon),
        ]

    async def _overview(self) -> Response:
        picture = await asyncio.to_thread(read_picture, self._library, SystemClock().now())
        return self._page("overview.html", here="overview", **pages.overview(picture))

    async def _search(self, request: Request) -> Response:
        words = (request.args.get("q") or "").strip()[:200]
        hits = await asyncio.to_thread(find, self._library, words) if words else {}
        return self._page(
            "search.html", q=words, hits=hits, total=sum(map(len, hits.values())), limit=MAX_HITS
        )

    async def _object(self, request: Request) -> Response:
        return await self._show(int(request.url_vars["number"]), with_password=False)

    async def _password(self, request: Request) -> Response:
        return await self._show(int(request.url_vars["number"]), with_password=True)

    async def _show(self, number: int, *, with_password: bool) -> Response:
        shown = await asyncio.to_thread(
            read_shown, self._library, number, with_password=with_password
        )
        if shown is None:
            return self._error(404, "The library has no such object.")
        return self._page("object.html", shown=shown, table=shown.kind)

    async def _run(self, request: Request) -> Response:
        number = int(request.url_vars["number"])
        record, kinds = await asyncio.to_thread(read_run, self._library, number)
        return self._page("run.html", run=record, kinds=kinds, table="runs")

    async def _file(self, request: Request, send: Send) -> Response | None:
        found = await asyncio.to_thread(read_file, self._library, int(request.url_vars["number"]))
        if found is None:
            return self._error(404, "The library has no such file, or has not downloaded it yet.")
        name, size, chunks = found
        headers = {
            "content-type": "application/octet-stream",
            "content-length": str(size),
            "content-disposition": _disposition(name),
            "content-security-policy": FILE_POLICY,
        }
        await _begin(send, headers)
        await _send_parts(send, chunks)
        await send({"type": "http.response.body", "body": b""})
        return None

    async def _csv(self, request: Request, datasette: Datasette, send: Send) -> Response | None:
        view = request.url_vars["view"]
        given = urllib.parse.parse_qsl(request.query_string, keep_blank_values=True)
        kept = [(name, value) for name, value in given if name not in _SHAPE]
        kept += [("_shape", "arrays"), ("_size", str(CSV_ROWS)), *_PLAIN_ROWS]
        path = f"/{NAME}/{view}.json?{urllib.parse.urlencode(kept)}"
        data: dict[str, Any] = {"next": ""}
        while (following := data["next"]) is not None:
            answer = await datasette.client.get(f"{path}&_next={following}")
            if answer.status_code != 200 and not following:
                return self._error(answer.status_code, _UNKNOWN)
            # whoever gets half of it sees that it breaks off
            answer.raise_for_status()
            data = answer.json()
            lines = csv_lines(data["columns"], data["rows"])
            if following:
                # the heads, and the mark before them
                next(lines), next(lines)
            else:
                kind = {"content-type": "text/csv; charset=utf-8"}
                await _begin(send, kind | {"content-disposition": _disposition(f"{view}.csv")})
            await _send_parts(send, _in_blocks(lines))
        await send({"type": "http.response.body", "body": b""})
        return None

    async def _style(self) -> Response:
        text = (pages.FOLDER / "browse.css").read_text("utf-8")
        return Response(text, content_type="text/css; charset=utf-8")

    async def _icon(self) -> Response:
        return Response(_ICON, content_type="image/svg+xml")

    def _page(self, template: str, **values: Any) -> Response:
        return Response.html(self._templates.get_template(template).render(**values))

    def _error(self, status: int, sentence: str) -> Response:
        page = self._templates.get_template("error.html").render(status=status, error=sentence)
        return Response.html(page, status=status)


async def _begin(send: Send, headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": raw})


async def _send_parts(send: Send, parts: Generator[bytes]) -> None:
    """Send parts of a body; one thread reads them, as SQLite wants it."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as thread:
        try:
            while (part := await loop.run_in_executor(thread, next, parts, None)) is not None:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        finally:
            await loop.run_in_executor(thread, parts.close)


def _in_blocks(lines: Iterator[str]) -> Generator[bytes]:
    while block := "".join(itertools.islice(lines, _BLOCK_LINES)):
        yield block.encode("utf-8", "replace")


def _disposition(name: str) -> str:
    """Return a Content-Disposition that saves a file under a name like this, and never shows it."""
    safe = safe_name(name)
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in safe)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"
