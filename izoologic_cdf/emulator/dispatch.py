"""The way from a request to its answer: route, authorize, read, handle, as ASP.NET Core does."""

import json
from typing import Any

from aiohttp import web

from izoologic_cdf.emulator import corruption, endpoints, request_values, responses
from izoologic_cdf.emulator.faults import Fault
from izoologic_cdf.emulator.handlers import HANDLERS
from izoologic_cdf.emulator.requestlog import LoggedRequest, masked
from izoologic_cdf.emulator.responses import Answer
from izoologic_cdf.emulator.tenant import State


class Call:
    """One request of the API on its way through the server."""

    __slots__ = ("body", "endpoint", "faults", "json", "path", "request", "token")

    def __init__(self, request: web.BaseRequest, body: bytes) -> None:
        self.request = request
        self.path = request.path
        self.body = body
        self.json: Any = None
        self.endpoint: endpoints.Endpoint | None = None
        self.token: int | None = None
        self.faults = list[Fault]()

    def logged(self, status: int) -> LoggedRequest:
        """Return what the request log keeps of it."""
        return LoggedRequest(
            self.endpoint.name if self.endpoint else None,
            self.request.method,
            self.path,
            masked(self.request.query),
            masked(self.json),
            status,
            self.token,
        )


def dispatch(state: State, call: Call) -> Answer:
    """Return the answer, after the faults that strike before it is sent; call it under the lock."""
    options, now = state.options, state.clock
    endpoint = endpoints.ROUTES[options.path_mode].get(call.path.lower())
    if endpoint is None:
        return responses.not_found()
    call.endpoint = endpoint
    if call.request.method != endpoint.method:
        return responses.method_not_allowed(endpoint.method)
    if endpoint.method == "POST":
        try:
            call.json = json.loads(call.body)
        except (ValueError, RecursionError):
            call.json = None
    _find_token(state, call)
    if not state.faults:
        return _answer(state, call, endpoint, now)
    call.faults = state.faults.take(endpoint.name, _case(state, call, endpoint))
    for fault in call.faults:
        if fault.kind == "revoke":
            state.revoke_tokens()
        elif fault.kind == "skew":
            now += int(fault.parameters["seconds"])
    answer = corruption.replacement(call.faults, state.date)
    if answer is None:
        answer = _answer(state, call, endpoint, now)
    return corruption.changed(answer, call.faults)


def _answer(state: State, call: Call, endpoint: endpoints.Endpoint, now: int) -> Answer:
    request, options = call.request, state.options
    if endpoint.needs_token and not state.tokens.use(_bearer(request), now, options):
        return responses.unauthorized()
    pairs = list(request.query.items())
    if endpoint.method == "POST":
        if request.content_type != "application/json":
            return responses.problem(415, "Unsupported Media Type", {})
        if not isinstance(call.json, dict):
            return responses.bad_request({"$": ["The body must be a JSON object."]})
        if pairs and options.strict:
            return responses.bad_request({name: ["Unknown in the query."] for name, _ in pairs})
        pairs = list(call.json.items())
    try:
        values = request_values.read(endpoint, pairs, options, now)
    except request_values.BadArgumentsError as error:
        return responses.bad_request(error.errors)
    return HANDLERS[endpoint](state, values, now)


def _bearer(request: web.BaseRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _find_token(state: State, call: Call) -> None:
    call.token = state.tokens.issued.get(_bearer(call.request))


def _case(state: State, call: Call, endpoint: endpoints.Endpoint) -> str | None:
    """Return the id of the case that a call is about, however it names it; None if of none."""
    if endpoint is endpoints.DOWNLOAD:
        token = call.json.get("filetoken") if isinstance(call.json, dict) else None
        found = state.file_tokens.read(token) if isinstance(token, str) else None
        return found[0] if found else None
    query = call.request.query
    named = (query.get(name) for name in ("caseid", "trackingid", "id"))
    identifier = next((value for value in named if value is not None), None)
    if endpoint is endpoints.DLR_DETAIL and identifier is not None:
        return state.dlr.find(identifier) or identifier
    return identifier
