"""The control plane ``/_emulator``: the methods of the state, over HTTP on loopback.

``POST /_emulator/<command>`` takes the arguments of the method of that name as a JSON object.
"""

import base64
import binascii
import dataclasses
import inspect
import ipaddress
from collections.abc import Callable
from typing import Any

from aiohttp import web

from izoologic_cdf.emulator import scenarios, times
from izoologic_cdf.emulator.api_errors import EmulatorError, unknown
from izoologic_cdf.emulator.responses import Answer, decode, encode
from izoologic_cdf.emulator.tenant import State

PATH = "/_emulator"

# names of methods of State
COMMANDS = (
    "set_clock",
    "advance",
    "set_options",
    "revoke_tokens",
    "put_case",
    "update_case",
    "close_case",
    "list_case",
    "remove_case",
    "add_message",
    "add_file",
    "put_dlr",
    "update_dlr",
    "list_dlr",
    "remove_dlr",
    "add_fault",
    "clear_faults",
    "clear_requests",
    "load",
    "reset",
)
_TYPES: dict[str, tuple[type, str]] = {
    "case_id": (str, "a string"),
    "kind": (str, "a string"),
    "remark": (str, "a string"),
    "detail": (dict, "an object"),
    "row": (dict, "an object"),
    "entry": (dict, "an object"),
    "listed": (bool, "true or false"),
}


def answer(state: State, request: web.BaseRequest, body: bytes) -> Answer:
    """Return the answer to a request of the control plane; mistakes are told with 4xx."""
    if not ipaddress.ip_address(request.remote or "0.0.0.0").is_loopback:  # noqa: S104
        return _refusal(403, "the control plane answers on loopback only")
    command = request.path[len(PATH) :].strip("/")
    if request.method == "GET" and command in _VIEWS:
        return Answer(200, encode(_VIEWS[command](state)))
    if command not in COMMANDS:
        return _refusal(404, unknown("command", command, COMMANDS))
    if request.method != "POST" or request.content_type != "application/json":
        return _refusal(405, f"{command} is a POST with a JSON object, of {_signature(command)}")
    try:
        arguments = decode(body)
    except ValueError as error:
        return _refusal(400, f"the body is not JSON: {error}")
    try:
        _run(state, command, arguments)
    except EmulatorError as error:
        return _refusal(400, str(error))
    return Answer(200, encode({"ok": True, "clock": state.clock}))


def _run(state: State, command: str, arguments: Any) -> None:
    if not isinstance(arguments, dict):
        raise EmulatorError("the body must be a JSON object of arguments")
    method: Callable[..., Any] = getattr(state, command)
    if command == "load":
        method, arguments = state.load, {"scenario": _scenario(arguments)}
    try:
        inspect.signature(method).bind(**arguments)
    except TypeError as error:
        raise EmulatorError(f"{error}; it takes {_signature(command)}") from None
    for name, (kind, wanted) in _TYPES.items():
        # fields of a case may have any name and any value
        if name in arguments and name in inspect.signature(method).parameters:
            _check(name, arguments[name], kind, wanted)
    if command == "add_file":
        arguments = {**arguments, "content": _content(arguments["content"])}
    method(**arguments)


def _check(name: str, value: Any, kind: type, wanted: str) -> None:
    if not isinstance(value, kind):
        raise EmulatorError(f"{name} is {value!r}; it must be {wanted}")


def _scenario(arguments: dict[str, Any]) -> Any:
    match arguments:
        case {"name": str(name), **rest} if not rest:
            return scenarios.named(name)
        case {"document": document, **rest} if not rest:
            # files are read for who starts the emulator, not for who can reach it
            return scenarios.read_scenario(document, "document", None)
    raise EmulatorError('load takes {"name": a scenario} or {"document": the scenario itself}')


def _content(value: Any) -> bytes:
    match value:
        case {"text": str(text)}:
            return text.encode()
        case {"base64": str(text)}:
            try:
                return base64.b64decode(text, validate=True)
            except (ValueError, binascii.Error):
                pass
    raise EmulatorError('content must be {"text": ...} or {"base64": ...}')


def _signature(command: str) -> str:
    if command == "load":
        return "{name} or {document}"
    names = [str(p) for p in inspect.signature(getattr(State, command)).parameters.values()][1:]
    return "{" + ", ".join(name.partition(":")[0] for name in names if name != "*") + "}"


def _refusal(status: int, text: str) -> Answer:
    return Answer(status, encode({"ok": False, "error": text}))


def _overview(state: State) -> dict[str, Any]:
    scenario = state.scenario
    return {
        "scenario": scenario.name,
        "since": scenario.since,
        "until": scenario.until,
        "clock": state.clock,
        "time": times.iso(state.clock),
        "options": _options(state),
        "faults": _faults(state),
        "requests": len(state.requests),
        "spellings": state.requests.spellings,
        "commands": {command: _signature(command) for command in COMMANDS},
    }


def _options(state: State) -> dict[str, Any]:
    return dataclasses.asdict(state.options)


def _faults(state: State) -> list[dict[str, Any]]:
    return [fault.told() for fault in state.faults]


def _requests(state: State) -> list[dict[str, Any]]:
    return [entry._asdict() for entry in state.requests]


_VIEWS: dict[str, Callable[[State], Any]] = {
    "": _overview,
    "options": _options,
    "faults": _faults,
    "requests": _requests,
}
