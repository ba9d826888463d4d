"""Sends answers, well or as badly as faults ask."""

import asyncio
import socket
import struct
from collections.abc import Iterable

from aiohttp import web

from izoologic_cdf.emulator.faults import Fault
from izoologic_cdf.emulator.responses import Answer

# closing such a socket sends RST, not FIN: the peer sees "connection reset"
_LINGER_NOT = struct.pack("ii", 1, 0)
_LOOK_SECONDS = 0.05
_WAYS = {"hang", "reset", "trickle", "drip", "length", "chunked"}


def response(answer: Answer) -> web.Response:
    """Return the answer as aiohttp sends it."""
    sent = web.Response(status=answer.status, body=answer.body, headers=answer.headers)
    if answer.content_type is not None:
        sent.headers["Content-Type"] = answer.content_type
    elif "Content-Type" in sent.headers:
        del sent.headers["Content-Type"]
    return sent


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
    if way is None:
        return response(answer)
    if way.kind == "drip":
        await _drip(request, way.parameters["seconds"])
        return response(answer)
    after = way.parameters.get("after", 0)
    if after is None:
        await _break_off(request, way)
        return response(answer)
    return await _stream(request, answer, way)


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
    transport = request.transport
    text = b"HTTP/1.1 200 OK\r\nX-Slow: "
    while isinstance(transport, asyncio.Transport) and not transport.is_closing():
        transport.write(text)
        text = b"x"
        await asyncio.sleep(seconds)
        transport = request.transport


async def _break_off(request: web.BaseRequest, way: Fault) -> None:
    """Reset the connection, or keep it open and silent until the client gives up."""
    transport = request.transport
    if way.kind == "hang":
        while transport is not None and not transport.is_closing():
            await asyncio.sleep(_LOOK_SECONDS)
            transport = request.transport
    elif transport is not None:
        peer = transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        transport.abort()
