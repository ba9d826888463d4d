"""The wall before the pages: who may ask, for what, and what a browser may do with the answer."""

import os
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# nothing from elsewhere, no script at all, no frame around it
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# a downloaded file: were it shown after all, nothing in it would act
FILE_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # pages have personal data: no cache keeps them, and no other site learns where one comes from;
    # `no-referrer` would take away the Origin by which our own POST is known
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": POLICY,
}
# the connections over IPv4 of this machine, with their users
_SOCKETS = Path("/proc/net/tcp")
# what Datasette adds, and pages do not need: cookies, and links that a browser would fetch ahead
_DROPPED = {"set-cookie", "link", "vary", "server"}


class Wall:
    """An ASGI application before another: passes what is allowed, and guards every answer.

    Only a browser of this user may ask, and only one that was sent here: a page of another site
    that has its own name resolved to this address (DNS rebinding) sends that name as Host. A
    library can be read by its owner alone, and so can its pages, where the system says whose a
    connection is: Linux does.
    """

    def __init__(self, inner: Application, port: int, gets: str, posts: str) -> None:
        """`gets` and `posts` are patterns of the whole paths that may be requested."""
        self._inner = inner
        self._port = port
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
        self._paths = {
            "GET": re.compile(gets),
            "HEAD": re.compile(gets),
            "POST": re.compile(posts),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        guarded = _guard(send)
        refusal = self._refuse(scope)
        if refusal is None:
            await self._inner(scope, receive, guarded)
            return
        status, text = refusal
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        await guarded({"type": "http.response.start", "status": status, "headers": headers})
        await guarded({"type": "http.response.body", "body": text.encode()})

    def _refuse(self, scope: Scope) -> tuple[int, str] | None:
        """Return status and sentence of a refusal, null for what may pass."""
        sent: dict[bytes, list[str]] = {}
        for name, value in scope["headers"]:
            sent.setdefault(name.lower(), []).append(value.decode("latin-1"))
        hosts = sent.get(b"host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 421, "This server answers to 127.0.0.1 and localhost only.\n"
        if not _is_ours(scope["client"], self._port):
            return 403, "Another user of this machine runs this server.\n"
        method = scope["method"]
        path = (scope.get("raw_path") or scope["path"].encode()).split(b"?")[0].decode("latin-1")
        if method not in self._paths:
            return 405, "This server can only be read.\n"
        if not self._paths[method].fullmatch(path):
            known = any(pattern.fullmatch(path) for pattern in self._paths.values())
            return (405, "Not by this method.\n") if known else (404, "There is no such page.\n")
        if method == "POST" and sent.get(b"origin") != [f"http://{hosts[0].lower()}"]:
            return 403, "Only a page of this server may ask for this.\n"
        return None


def _is_ours(client: tuple[str, int], port: int) -> bool:
    """Return whether a connection over loopback comes from this user, or root."""
    try:
        sockets = _SOCKETS.read_text("ascii")
    except OSError:
        return True
    # the client's end: its port, our address and port; then five fields, and the user
    _, _, found = sockets.partition(f":{client[1]:04X} 0100007F:{port:04X} ")
    return bool(found) and int(found.split(maxsplit=5)[4]) in (0, os.getuid())


def _guard(send: Send) -> Send:
    """Return a `send` that puts our headers on the answer, and takes others away."""

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = {
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in message.get("headers", [])
            }
            for name in _DROPPED:
                kept.pop(name, None)
            policy = kept.get("content-security-policy", POLICY)
            kept |= _HEADERS
            if policy == FILE_POLICY:
                kept["content-security-policy"] = FILE_POLICY
            headers = [(name.encode(), value.encode("latin-1")) for name, value in kept.items()]
            message = {**message, "headers": headers}
        await send(message)

    return guarded
