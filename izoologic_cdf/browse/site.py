"""The site: Datasette's lists of our views, our own pages beside them, and nothing else.

Datasette runs no SQL but its own over the views: whoever may write a query gets past every rule
about tables (`WITH accounts AS (SELECT * FROM attribute) ...` reads a table under the name of a
view), so that the box for SQL is off. Its connections refuse all the same what no view reads.
"""

import asyncio
import contextlib
import os
import socket
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import uvicorn
from datasette.app import Datasette
from datasette.database import Database
from datasette.plugins import DEFAULT_PLUGINS, pm

from izoologic_cdf.browse import pages
from izoologic_cdf.browse.plugin import GETS, NAME, POSTS, Plugin
from izoologic_cdf.browse.records import VALUES
from izoologic_cdf.browse.wall import Application, Wall
from izoologic_cdf.errors import UsageError
from izoologic_cdf.library import database
from izoologic_cdf.library.search import matching
from izoologic_cdf.library.store import Library
from izoologic_cdf.library.views import NAMES

HOST = "127.0.0.1"
# rows of a page, and of an export at a time; seconds that a list may take
PAGE_ROWS, EXPORT_ROWS, LIST_SECONDS = 50, 100_000, 10
# by which a list is counted beside it
_FACETS = {
    "cases": ["brand", "status", "incident_type"],
    "accounts": ["brand", "severity", "data_type"],
    "notes": ["brand"],
    "indicators": ["type", "status"],
    "changes": ["change", "what", "name", "type"],
    "runs": ["feed", "outcome"],
    "gaps": ["feed", "kind"],
    "deferred": ["feed", "state", "part"],
}
# the columns that a page of a list has unless all are asked for; exports have all
_COLUMNS = {
    "cases": ["case_id", "brand", "status", "incident_type", "url", "published", "updated"],
    "accounts": [
        "account", "brand", "severity", "data_type", "case_ids", "website", "published",
        "passwords",
    ],
    "notes": ["title", "case_ids", "posted_by", "published"],
    "files": ["name", "case_ids", "size", "published", "sha256"],
    "indicators": ["indicator", "type", "status", "cases", "case_ids", "country", "published"],
    "changes": ["at", "change", "type", "value", "what", "name", "old", "new", "run"],
    "runs": [
        "id", "started", "feed", "outcome", "since", "until", "created", "updated", "failed",
        "warnings",
    ],
}  # fmt: skip
_SORT = {
    "cases": "updated", "accounts": "published", "notes": "published", "files": "published",
    "changes": "at", "runs": "id",
}  # fmt: skip
_NUMBERS = {
    "id", "run", "size", "cases", "notes", "files", "indicators", "passwords", "seconds",
    "failures", "created", "failed", "warnings",
}  # fmt: skip
_TIMES = {"at", "published", "updated", "status_since", "since", "until", "started", "finished"}
# what may be read without a view: the index of a search, and what `gaps` reads by names of its own;
# passwords, bytes and keys are in other tables and columns
_FREE, _FREE_PREFIXES = ("object", "run", "feed_interval"), ("search", "sqlite_")
_VIEWS = set(NAMES)
_FREE_OF_TENANTS = ("id", "feed", "origin")
# parts of Datasette that ours stand for: its way with an error writes the values of a query to the
# terminal. What else is installed beside it has no business here either
_REPLACED = ("datasette.handle_exception", "datasette.facets")
_STOP_SECONDS = 1
_PLAIN = {
    sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_PRAGMA,
    sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_TRANSACTION,
}  # fmt: skip


class Site:
    """Serves a library on loopback from start to stop; port 0 is any free one."""

    def __init__(self, path: Path, port: int) -> None:
        """Listen; raises LibraryError and UsageError where that cannot be."""
        self._library = Library.open(path)
        try:
            self._socket = socket.create_server((HOST, port))
        except OSError as error:
            self._library.close()
            raise UsageError(
                f"the port {port} cannot be used: {os.strerror(error.errno or 0)}; choose another "
                "port, or 0 for a free one"
            ) from None
        self.port: int = self._socket.getsockname()[1]
        self._datasette = _make(self._library.path)
        self._plugin = Plugin(self._library)
        application = Wall(self._start(), self.port, GETS, POSTS)
        self._server = uvicorn.Server(
            uvicorn.Config(
                application, log_config=None, log_level="critical", access_log=False,
                server_header=False, timeout_graceful_shutdown=_STOP_SECONDS,
            )
        )  # fmt: skip
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )

    @property
    def url(self) -> str:
        """The address of the overview."""
        return f"http://{HOST}:{self.port}/"

    def _start(self) -> Application:
        for plugin in pm.get_plugins():
            if pm.get_name(plugin) not in DEFAULT_PLUGINS or pm.get_name(plugin) in _REPLACED:
                pm.unregister(plugin)
        pm.register(self._plugin)
        application: Application = self._datasette.app()
        return application

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self._datasette.executor.shutdown()
        pm.unregister(self._plugin)
        self._library.close()


class _Views(Database):  # type: ignore[misc]
    """A library whose views alone can be read."""

    async def execute_fn(self, fn: Callable[[sqlite3.Connection], Any]) -> Any:
        """Call a function with a connection of its own; one that is kept might not see changes."""

        def read() -> Any:
            with contextlib.closing(self.connect()) as connection:
                self.ds._prepare_connection(connection, self.name)  # noqa: SLF001 - as it does itself
                return fn(connection)

        return await asyncio.get_running_loop().run_in_executor(self.ds.executor, read)

    def connect(self, write: bool = False) -> sqlite3.Connection:  # noqa: ARG002
        """Return a connection of the calling thread."""
        connection = database.connect(Path(self.path))
        connection.execute("PRAGMA query_only=1")
        # brings the function that a condition of a search may use
        matching(connection, "")
        connection.set_authorizer(_authorize)
        return connection

    async def get_view_definition(self, view: str) -> str | None:
        """Return a text for a list, also where the file is too old to have its view."""
        return view if view in pages.LISTS else None

    async def execute(self, *args: Any, **options: Any) -> Any:
        """Execute a statement; one that fails is not written to the terminal with its values."""
        return await super().execute(*args, **options | {"log_sql_errors": False})


def _authorize(
    action: int, table: str | None, column: str | None, _file: str | None, view: str | None
) -> int:
    """Let nothing be read but by a view, or of free tables; without a column rows are counted."""
    if action == sqlite3.SQLITE_READ:
        is_free = (
            not column
            or {view, table} & _VIEWS
            or table in _FREE
            or str(table).startswith(_FREE_PREFIXES)
            or (table == "feed_tenant" and column in _FREE_OF_TENANTS)
        )
        return sqlite3.SQLITE_OK if is_free else sqlite3.SQLITE_DENY
    # a virtual table that is opened declares itself so; to the file nothing is written
    declares = action == sqlite3.SQLITE_UPDATE and table == "sqlite_master"
    return sqlite3.SQLITE_OK if declares or action in _PLAIN else sqlite3.SQLITE_DENY


def _make(path: Path) -> Datasette:
    tables = {
        view: {"facets": _FACETS.get(view, [])}
        | ({"sort_desc": _SORT[view]} if view in _SORT else {})
        for view in pages.LISTS
    }
    datasette = Datasette(
        metadata={"databases": {NAME: {"tables": tables}}},
        template_dir=str(pages.FOLDER),
        settings={
            "default_page_size": PAGE_ROWS, "max_returned_rows": EXPORT_ROWS,
            "sql_time_limit_ms": LIST_SECONDS * 1000, "facet_time_limit_ms": 2_000,
            "suggest_facets": False, "default_allow_sql": False, "allow_download": False,
            "default_cache_ttl": 0, "truncate_cells_html": 300,
        },
    )  # fmt: skip
    datasette.remove_database("_memory")
    datasette.add_database(_Views(datasette, str(path)), name=NAME)
    pages.equip(datasette.jinja_env)
    datasette.jinja_env.globals |= {
        "columns_of": _COLUMNS, "searched": VALUES, "numbers": _NUMBERS, "times": _TIMES,
    }  # fmt: skip
    return datasette
