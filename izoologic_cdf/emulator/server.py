"""The emulator as a server: route, authorize, read, answer, as ASP.NET Core does."""

import asyncio
import json
import ssl
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from aiohttp import web

from izoologic_cdf.emulator import assumed, endpoints, handlers
from izoologic_cdf.emulator.endpoints import Endpoint
from izoologic_cdf.emulator.scenario import Scenario
from izoologic_cdf.emulator.tenant import CONTROL, State
from izoologic_cdf.loopback import faults
from izoologic_cdf.loopback.faults import Fault
from izoologic_cdf.loopback.inputs import iso
from izoologic_cdf.loopback.serving import HTML, Answer, LoopbackServer
from izoologic_cdf.loopback.steering import LoggedRequest, RequestLog, masked
from izoologic_cdf.printable import printable

# good for the emulator alone: no tenant ever knew them
API_KEY = "emulator-api-key"
SECRET_KEY = "emulator-secret-key"  # noqa: S105

# the names whose values the request log keeps
_SHOWN = frozenset({"lastsyncntime", "lastsynctime", "fromdate", "todate", "caseid", "trackingid"})
_UNAUTHORIZED = {"WWW-Authenticate": assumed.UNAUTHORIZED_HEADER}
_DIALECT = faults.Dialect(
    refusal=lambda status, form, message, code: (
        handlers.problem(status, message, {"$": [message]})
        if form == "problem"
        else handlers.envelope(assumed.failure(message, code), status)
    ),
    unauthorized=_UNAUTHORIZED,
    payload="result",
)


class Emulator(LoopbackServer):
    """The emulator of the iZoologic API, as a context manager.

    `with Emulator(load_scenario("guide")) as emulator` starts it on a free port of loopback and
    stops it at the end. `strict` overrules the option of that name. With an SSL context it speaks
    HTTPS. Raises EmulatorError when it cannot listen.
    """

    name = "emulator"

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
        super().__init__(host, port, ssl_context)
        self.api_key = api_key
        self.secret_key = secret_key
        self.state = State(scenario, api_key, secret_key, strict)

    @property
    def requests(self) -> RequestLog:
        """What it has been requested."""
        return self.state.requests

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request of the API or of the control plane."""
        state, body = self.state, await request.read()
        if request.path.startswith(CONTROL.path):
            return CONTROL.answer(state, request, body).response()
        call = _Call(state, request, body)
        with state.lock:
            answer = call.answer()
            # without one, the server would add its own
            is_dated = state.options.date_header != "none"
            answer.headers["Date"] = formatdate(state.date, usegmt=True) if is_dated else ""
            latency = state.options.latency
            state.requests.add(call.logged(answer.status))
        if latency:
            await asyncio.sleep(latency)
        return await faults.deliver(request, answer, call.faults)


@dataclass(slots=True)
class _Call:
    """One request of the API on its way through the server."""

    state: State
    request: web.BaseRequest
    body: bytes
    json: Any = None
    endpoint: Endpoint | None = None
    token: str = ""
    faults: list[Fault] = field(default_factory=list)

    def logged(self, status: int) -> LoggedRequest:
        """Return what the request log keeps of it."""
        return LoggedRequest(
            self.endpoint.name if self.endpoint else None,
            self.request.method,
            self.request.path,
            masked(self.request.query, _SHOWN),
            masked(self.json, _SHOWN),
            status,
            self.state.tokens.issued.get(self.token),
        )

    def answer(self) -> Answer:
        """Return the answer, after the faults that strike before it is sent; under the lock."""
        state = self.state
        endpoint = endpoints.ROUTES[state.options.path_mode].get(self.request.path.lower())
        if endpoint is None:
            return Answer(404, assumed.NOT_FOUND_PAGE, HTML)
        self.endpoint = endpoint
        if self.request.method != endpoint.method:
            return Answer(405, b"", None, {"Allow": endpoint.method})
        if endpoint.method == "POST":
            try:
                self.json = json.loads(self.body)
            except (ValueError, RecursionError):
                self.json = None
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        self.token = token if scheme.lower() == "bearer" else ""
        now = state.clock
        if not state.faults:
            return self._handle(endpoint, now)
        self.faults = faults.strike(state.faults, endpoint=endpoint.name, case=self._case(endpoint))
        for fault in self.faults:
            if fault.kind == "revoke":
                state.revoke_tokens()
            elif fault.kind == "skew":
                now += int(fault.parameters["seconds"])
        answer = faults.replacement(self.faults, _DIALECT, state.date)
        if answer is None:
            answer = self._handle(endpoint, now)
        return faults.changed(answer, self.faults, _DIALECT)

    def _handle(self, endpoint: Endpoint, now: int) -> Answer:
        state, options = self.state, self.state.options
        if endpoint.needs_token and not state.tokens.use(self.token, now, options):
            return Answer(401, b"", None, dict(_UNAUTHORIZED))
        pairs = list(self.request.query.items())
        if endpoint.method == "POST":
            if self.request.content_type != "application/json":
                return handlers.problem(415, "Unsupported Media Type", {})
            if not isinstance(self.json, dict):
                return handlers.bad_request({"$": ["The body must be a JSON object."]})
            if pairs and options.strict:
                return handlers.bad_request({name: ["Unknown in the query."] for name, _ in pairs})
            pairs = list(self.json.items())
        try:
            values = handlers.read(endpoint, pairs, options, now)
        except handlers.BadRequestError as error:
            return handlers.bad_request(error.args[0])
        return handlers.HANDLERS[endpoint](state, values, now)

    def _case(self, endpoint: Endpoint) -> str | None:
        """Return the id of the case that it is about, however it names it; None if of none."""
        if endpoint is endpoints.DOWNLOAD:
            token = self.json.get("filetoken") if isinstance(self.json, dict) else None
            return self.state.file_tokens.case(token)
        named = (self.request.query.get(name) for name in ("caseid", "trackingid", "id"))
        identifier = next((value for value in named if value is not None), None)
        if endpoint is endpoints.DLR_DETAIL and identifier is not None:
            return self.state.dlr.find(identifier) or identifier
        return identifier


def description(emulator: Emulator) -> str:
    """Return what a person needs to use the emulator: address, credentials, scenario, range."""
    scenario = emulator.state.scenario
    lines = [
        f"iZoologic emulator, scenario {scenario.name}",
        f"  API Hostname  {emulator.url}",
        f"  API Key       {emulator.api_key}",
        f"  API Secret    {emulator.secret_key}",
        f"  Control       {emulator.url}{CONTROL.path}",
    ]
    if scenario.since is not None and scenario.until is not None:
        lines.append(f"  Holds         {iso(scenario.since)} to {iso(scenario.until)}")
    if scenario.clock is not None:
        lines.append(f"  Clock         stopped at {iso(scenario.clock)}")
    lines.append("These credentials are the emulator's own. Stop it with Ctrl-C.")
    return "\n".join(map(printable, lines))
