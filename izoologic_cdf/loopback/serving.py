"""An HTTP server on loopback: an event loop in a thread, started and stopped by its user."""

import abc
import asyncio
import json
import signal
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from izoologic_cdf.loopback.inputs import EmulatorError

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
BYTES = "application/octet-stream"
# scenarios may bring files along
_MAX_BODY = 256 * 1024 * 1024
_STOP_SECONDS = 0.2


@dataclass(slots=True)
class Answer:
    """Status, body and content type (None: there is no body) of a response, and other headers."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = JSON
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        """Return it as aiohttp sends it."""
        sent = web.Response(status=self.status, body=self.body, headers=self.headers)
        sent.headers.pop("Content-Type", None)
        if self.content_type is not None:
            sent.headers["Content-Type"] = self.content_type
        return sent


def encode(value: Any) -> bytes:
    """Return JSON in UTF-8; text that UTF-8 cannot hold (lone surrogates) is escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


class LoopbackServer(abc.ABC):
    """A context manager that listens from start to stop; `respond` answers each request.

    Port 0 is any free port. With an SSL context it speaks HTTPS.
    """

    name = "server"

    def __init__(self, host: str, port: int, ssl_context: ssl.SSLContext | None) -> None:
        self._host, self._port, self._ssl = host, port, ssl_context
        self._thread: threading.Thread | None = None

    @abc.abstractmethod
    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        """Read and answer one request."""

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        return self._port

    @property
    def url(self) -> str:
        """The base URL without a trailing slash, e.g. `http://127.0.0.1:8080`."""
        return f"{'https' if self._ssl else 'http'}://{self._host}:{self._port}"

    def start(self) -> Self:
        """Listen; raises EmulatorError when that is not possible."""
        started: Future[int] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(started)), name=self.name, daemon=True
        )
        self._thread.start()
        try:
            self._port = started.result()
        except Exception as error:
            self._thread.join()
            if not isinstance(error, OSError):
                raise
            raise EmulatorError(
                f"the {self.name} cannot listen on {self._host}:{self._port}: "
                f"{error.strerror or error}; choose another port, or 0 for a free one"
            ) from None
        return self

    def stop(self) -> None:
        """Stop listening and end what is under way; does nothing when it does not run."""
        if self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def _serve(self, started: "Future[int]") -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        # the low-level server: no routing table, no middleware, no access log in the hot path
        server = web.Server(
            self.respond,
            request_factory=lambda message, payload, protocol, writer, task: web.BaseRequest(
                message, payload, protocol, writer, task, self._loop, client_max_size=_MAX_BODY
            ),
            access_log=None,
        )
        runner = web.ServerRunner(server, shutdown_timeout=_STOP_SECONDS)
        try:
            await runner.setup()
            site = web.TCPSite(runner, self._host, self._port, ssl_context=self._ssl)
            await site.start()
            started.set_result(runner.addresses[0][1])
            await self._stopped.wait()
        except Exception as error:
            # whoever waits for the start must not wait for ever
            if started.done():
                raise
            started.set_exception(error)
        finally:
            await runner.cleanup()


def serve_until_signal(
    server: AbstractContextManager[object], announce: Callable[[], None]
) -> None:
    """Start a server, announce it, and block until SIGINT or SIGTERM; for the main thread only."""
    ends = {signal.SIGINT, signal.SIGTERM}
    # the threads that start from here on inherit that they are blocked
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    try:
        with server:
            announce()
            signal.sigwait(ends)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
