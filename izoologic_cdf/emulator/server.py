"""The HTTP server: an event loop in a thread of its own, started and stopped by its user."""

import asyncio
import ssl
import threading
from concurrent.futures import Future
from email.utils import formatdate
from types import TracebackType
from typing import Self

from aiohttp import web

from izoologic_cdf.emulator import control, delivery
from izoologic_cdf.emulator.api_errors import EmulatorError
from izoologic_cdf.emulator.dispatch import Call, dispatch
from izoologic_cdf.emulator.requestlog import RequestLog
from izoologic_cdf.emulator.scenario import Scenario
from izoologic_cdf.emulator.tenant import State

# good for the emulator alone: no tenant ever knew them
API_KEY = "emulator-api-key"
SECRET_KEY = "emulator-secret-key"  # noqa: S105

# a scenario with files may come over the control plane
_LARGEST_BODY = 256 * 1024 * 1024
_STOP_SECONDS = 0.2


class Emulator:
    """The emulator of the iZoologic API, as a context manager.

    ``with Emulator(load_scenario("guide")) as emulator`` starts it on a free port of loopback and
    stops it at the end. ``strict`` overrules the option of that name. Given an SSL context it
    speaks HTTPS. Raises EmulatorError when it cannot listen.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        strict: bool | None = None,
        ssl_context: ssl.SSLContext | None = None,
        api_key: str = API_KEY,
        secret_key: str = SECRET_KEY,
    ) -> None:
        self.api_key = api_key
        self.secret_key = secret_key
        self.state = State(scenario, api_key, secret_key, strict)
        self._host, self._port, self._ssl = host, port, ssl_context
        self._thread: threading.Thread | None = None

    @property
    def requests(self) -> RequestLog:
        """What it has been asked."""
        return self.state.requests

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        return self._port

    @property
    def url(self) -> str:
        """The base URL without a trailing slash, e.g. ``http://127.0.0.1:8080``."""
        return f"{'https' if self._ssl else 'http'}://{self._host}:{self._port}"

    def start(self) -> Self:
        """Listen; returns when the first request can come."""
        started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(started,), name="emulator", daemon=True
        )
        self._thread.start()
        try:
            self._loop, self._stopped, self._port = started.result()
        except OSError as error:
            self._thread.join()
            self._thread = None
            where = f"{self._host}:{self._port}"
            raise EmulatorError(
                f"the emulator cannot listen on {where}: {error.strerror or error}; "
                "choose another port, or 0 for a free one"
            ) from None
        return self

    def stop(self) -> None:
        """Stop listening and end what is under way; does nothing when it does not run."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self, started: "Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]]") -> None:
        try:
            asyncio.run(self._serve(started))
        except Exception as error:
            # whoever waits for the start must not wait for ever
            if started.done():
                raise
            started.set_exception(error)

    async def _serve(
        self, started: "Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]]"
    ) -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        # the low-level server: no routing table, no middleware, no access log in the hot path
        server = web.Server(
            self._handle,
            request_factory=lambda message, payload, protocol, writer, task: web.BaseRequest(
                message, payload, protocol, writer, task, loop, client_max_size=_LARGEST_BODY
            ),
            access_log=None,
        )
        runner = web.ServerRunner(server, shutdown_timeout=_STOP_SECONDS)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._host, self._port, ssl_context=self._ssl)
            await site.start()
        except OSError as error:
            await runner.cleanup()
            started.set_exception(error)
            return
        started.set_result((loop, stopped, runner.addresses[0][1]))
        await stopped.wait()
        await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        state = self.state
        body = await request.read()
        if request.path.startswith(control.PATH):
            return delivery.response(control.answer(state, request, body))
        call = Call(request, body)
        with state.lock:
            answer = dispatch(state, call)
            answer.headers["Date"] = formatdate(state.date, usegmt=True)
            latency = state.options.latency
        state.requests.add(call.logged(answer.status))
        if latency:
            await asyncio.sleep(latency)
        if call.faults:
            return await delivery.deliver(request, answer, call.faults)
        return delivery.response(answer)
