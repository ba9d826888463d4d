"""Faults: what is to go wrong, at which call and how often; and what each does to a response."""

import asyncio
import base64
import codecs
import gzip
import json
import socket
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any, ClassVar, Self

from aiohttp import web

from izoologic_cdf.loopback.inputs import (
    FLAG,
    OBJECT,
    TEXT,
    EmulatorError,
    Rule,
    instance,
    number,
    unknown,
)
from izoologic_cdf.loopback.serving import HTML, Answer, encode

REQUIRED = object()


def _is_base64(value: Any) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (TypeError, ValueError):
        return False
    return True


_SECONDS = number(float("-inf"), integer=False, wanted="a number of seconds")
_SOME_BYTES = number(1, wanted="a number of bytes from 1")
_AFTER = number(0, null=True, wanted="a number of bytes, or null")
_BODY = Rule(("json", "problem", "html", "empty").__contains__, "json, problem, html or empty")
_STATUS = Rule(lambda value: number(200).allows(value) and value < 600, "a status from 200 to 599")
_PART = Rule(
    lambda value: number(0, integer=False).allows(value) and value < 1, "a part from 0 to below 1"
)
_ANY = Rule(lambda _: True, "anything")

# kind -> its parameters, each with its default and rule; all are described in docs/emulator.md
KINDS: dict[str, dict[str, tuple[Any, Rule]]] = {
    # instead of the response
    "status": {
        "status": (REQUIRED, _STATUS),
        "body": ("json", _BODY),
        "message": ("Injected fault", TEXT),
        "code": ("iZOO9000", _ANY),
        "retry_after": (None, instance((str, int), "seconds or a date as text")),
        "retry_after_date_in": (None, number(0)),
    },
    "envelope": {"json": (REQUIRED, _ANY)},
    "raw": {
        "text": (None, TEXT),
        "base64": (None, Rule(_is_base64, "bytes in base64")),
        "status": (200, _STATUS),
        "content_type": ("application/json", TEXT),
    },
    "redirect": {"location": (REQUIRED, TEXT), "status": (302, _STATUS)},
    # before the response
    "revoke": {},
    "skew": {"seconds": (REQUIRED, _SECONDS)},
    # a changed response
    "fields": {
        "put": ({}, OBJECT),
        "drop": ([], instance(list, "a list of names")),
        "envelope": (False, FLAG),
    },
    "content_type": {"value": ("application/json", TEXT)},
    "bom": {},
    "gzip": {},
    "coding": {"value": (REQUIRED, TEXT), "keep": (1, _PART)},
    "truncate": {"keep": (0.5, _PART)},
    # on the way
    "delay": {"seconds": (REQUIRED, _SECONDS)},
    "hang": {"after": (None, _AFTER)},
    "reset": {"after": (None, _AFTER)},
    "trickle": {"seconds": (0.1, _SECONDS), "bytes": (1, _SOME_BYTES)},
    "drip": {"seconds": (0.1, _SECONDS)},
    "length": {"extra": (10, _SOME_BYTES)},
    "chunked": {"bytes": (1024, _SOME_BYTES)},
}
_WAYS = {"hang", "reset", "trickle", "drip", "length", "chunked"}
_KEYS = {"kind", "nth", "count"}


@dataclass(slots=True)
class Fault:
    """A fault, and how often it was selected (`seen`) and struck (`applied`).

    The fields in SELECTION, which each API adds, select calls (None: any); of these the `nth`,
    from 1, is the first that goes wrong, and `count` of them do (None: all from there on). Raises
    EmulatorError for an unknown kind or parameter and for a wrong value.
    """

    SELECTION: ClassVar[Mapping[str, Rule]] = {}

    kind: str
    nth: int = 1
    count: int | None = 1
    parameters: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    applied: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise EmulatorError(unknown("kind of fault", self.kind, KINDS))
        here, known = f"fault {self.kind}:", KINDS[self.kind]
        for name, rule in self.SELECTION.items():
            rule.check(f"{here} {name}", getattr(self, name))
        number(1, wanted="1 or more").check(f"{here} nth", self.nth)
        number(1, wanted="1 or more", null=True).check(f"{here} count", self.count)
        for name in self.parameters:
            if name not in known:
                text = unknown("parameter", name, [*known, *_KEYS, *self.SELECTION])
                raise EmulatorError(f"{here} {text}")
        given = self.parameters
        self.parameters = {name: given.get(name, default) for name, (default, _) in known.items()}
        for name, value in self.parameters.items():
            default, rule = known[name]
            if value is REQUIRED:
                raise EmulatorError(f"fault {self.kind} needs the parameter {name!r}")
            if value is not default:
                rule.check(f"{here} {name}", value)

    @classmethod
    def read(cls, document: Any) -> Self:
        """Return the fault of a JSON object: selection and parameters side by side."""
        if not isinstance(document, Mapping) or not isinstance(document.get("kind"), str):
            raise EmulatorError('a fault is an object like {"kind": "status", "status": 503}')
        known = {*_KEYS, *cls.SELECTION}
        rest = {key: value for key, value in document.items() if key not in known}
        return cls(**{key: document[key] for key in known & set(document)}, parameters=rest)

    def to_json(self) -> dict[str, Any]:
        """Return the fault as JSON, with its counts."""
        names = ("kind", *self.SELECTION, "nth", "count", "seen", "applied")
        return {name: getattr(self, name) for name in names} | self.parameters

    def strikes(self, call: Mapping[str, str | None]) -> bool:
        """Count one call, given by the fields of the selection; return whether it goes wrong."""
        if any(getattr(self, name) not in (None, call[name]) for name in self.SELECTION):
            return False
        self.seen += 1
        due = self.seen >= self.nth and (self.count is None or self.applied < self.count)
        self.applied += due
        return due


def strike(faults: Iterable[Fault], **call: str | None) -> list[Fault]:
    """Return the faults that strike a call; each that selects it counts it."""
    return [fault for fault in faults if fault.strikes(call)]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an API writes what faults need.

    `refusal` makes the answer of a status, a form ("json" or "problem"), a message and a code;
    `unauthorized` are the headers of a 401; `payload` is the key of the envelope's content.
    """

    refusal: Callable[[int, str, str, Any], Answer]
    unauthorized: dict[str, str]
    payload: str


def replacement(faults: Iterable[Fault], dialect: Dialect, now: int) -> Answer | None:
    """Return the answer that the first fault of that kind gives instead of the true one."""
    for fault in faults:
        match fault.kind, fault.parameters:
            case "status", given:
                return _status(dialect, now, given)
            case "envelope", given:
                return Answer(200, encode(given["json"]))
            case "raw", {"base64": None, "text": text, "status": status, "content_type": kind}:
                return Answer(status, (text or "").encode(), kind)
            case "raw", {"base64": text, "status": status, "content_type": kind}:
                return Answer(status, base64.b64decode(text), kind)
            case "redirect", {"location": location, "status": status}:
                return Answer(status, b"", None, {"Location": location})
    return None


_PAGE = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"


def _status(dialect: Dialect, now: int, given: Mapping[str, Any]) -> Answer:
    status, form, message = given["status"], given["body"], given["message"]
    if form in ("json", "problem"):
        answer = dialect.refusal(status, form, message, given["code"])
    else:
        html = (_PAGE.format(message).encode(), HTML)
        answer = Answer(status, *(html if form == "html" else (b"", None)))
    if status == 401:
        answer.headers |= dialect.unauthorized
    if given["retry_after"] is not None:
        answer.headers["Retry-After"] = str(given["retry_after"])
    if given["retry_after_date_in"] is not None:
        moment = now + given["retry_after_date_in"]
        answer.headers["Retry-After"] = formatdate(moment, usegmt=True)
    return answer


def changed(answer: Answer, faults: Iterable[Fault], dialect: Dialect) -> Answer:
    """Return the answer after the faults that change it, in their order."""
    for fault in faults:
        body = answer.body
        match fault.kind, fault.parameters:
            case "fields", given:
                answer = replace(answer, body=_fields(body, dialect.payload, **given))
            case "content_type", {"value": value}:
                answer = replace(answer, content_type=value)
            case "bom", _:
                answer = replace(answer, body=codecs.BOM_UTF8 + body)
            case "gzip", _:
                answer = _coded(answer, "gzip", 1)
            case "coding", {"value": value, "keep": keep}:
                answer = _coded(answer, value, keep)
            case "truncate", {"keep": keep}:
                answer = replace(answer, body=body[: int(len(body) * keep)])
    return answer


def _fields(
    body: bytes, payload: str, put: dict[str, Any], drop: list[str], envelope: bool
) -> bytes:
    try:
        document = json.loads(body)
    except ValueError:
        return body
    result = document if envelope else document.get(payload)
    for item in result if isinstance(result, list) else [result]:
        if isinstance(item, dict):
            item.update(put)
            for name in drop:
                item.pop(name, None)
    return encode(document)


def _coded(answer: Answer, coding: str, keep: float) -> Answer:
    """Name a content coding: gzip and deflate are true, for all others the bytes make no sense."""
    body = (gzip if coding == "gzip" else zlib).compress(answer.body)
    headers = {**answer.headers, "Content-Encoding": coding}
    return replace(answer, body=body[: int(len(body) * keep)], headers=headers)


async def deliver(
    request: web.BaseRequest, answer: Answer, faults: Iterable[Fault]
) -> web.StreamResponse:
    """Wait and send as the faults ask; delays add up, of the other ways the first is taken."""
    way: Fault | None = None
    for fault in faults:
        if fault.kind == "delay":
            await asyncio.sleep(fault.parameters["seconds"])
        elif fault.kind in _WAYS and way is None:
            way = fault
    if way is not None and way.kind == "drip":
        await _drip(request, way.parameters["seconds"])
    elif way is not None and way.parameters.get("after", 0) is not None:
        return await _stream(request, answer, way)
    elif way is not None:
        await _break_off(request, way)
    return answer.response()


async def _stream(request: web.BaseRequest, answer: Answer, way: Fault) -> web.StreamResponse:
    body, options = answer.body, way.parameters
    sent = web.StreamResponse(status=answer.status, headers=answer.headers)
    if answer.content_type is not None:
        sent.headers["Content-Type"] = answer.content_type
    if way.kind == "chunked":
        sent.enable_chunked_encoding()
    else:
        sent.content_length = len(body) + options.get("extra", 0)
    if way.kind == "length":
        sent.force_close()
    await sent.prepare(request)
    if "after" in options:
        await sent.write(body[: options["after"]])
        await _break_off(request, way)
        return sent
    step = options.get("bytes", max(len(body), 1))
    for start in range(0, len(body), step):
        await sent.write(body[start : start + step])
        await asyncio.sleep(options.get("seconds", 0))
    return sent


async def _drip(request: web.BaseRequest, seconds: float) -> None:
    """Send a header that never ends, a byte at a time, until the client gives up."""
    text = b"HTTP/1.1 200 OK\r\nX-Slow: "
    while isinstance(peer := request.transport, asyncio.Transport) and not peer.is_closing():
        peer.write(text)
        text = b"x"
        await asyncio.sleep(seconds)


# closing such a socket sends RST, not FIN: the peer sees "connection reset"
_NO_LINGER = struct.pack("ii", 1, 0)
_POLL_SECONDS = 0.05


async def _break_off(request: web.BaseRequest, way: Fault) -> None:
    """Reset the connection, or keep it open and silent until the client gives up."""
    if way.kind == "reset" and request.transport is not None:
        peer = request.transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        request.transport.abort()
    # aiohttp does not tell a handler that its client has left
    while way.kind == "hang" and request.transport and not request.transport.is_closing():  # noqa: ASYNC110
        await asyncio.sleep(_POLL_SECONDS)
