"""A server of raw bytes: what no well-behaved server would send."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any, Self

from izoologic_cdf.runtime.http import Limits, Request, Transport
from tests.support.clocks import FakeClock

# what a connection gets: called with a way to send, which raises OSError when the client has gone
Script = Callable[["Line"], None]
OK = b"HTTP/1.1 200 OK\r\n"
HASTY = Limits(connect=1, read=0.4, whole=0.5, attempts=1, attempts_on_bad_body=1)


class Line:
    """One connection; counts what was sent over it."""

    def __init__(self, peer: socket.socket, wire: "Wire") -> None:
        self._peer = peer
        self._wire = wire

    def send(self, data: bytes) -> None:
        self._peer.sendall(data)
        self._wire.sent += len(data)

    def receive(self) -> bytes:
        """Read one request: its head, and a short body; of TLS in the wrong place the begin."""
        head = b""
        while b"\r\n\r\n" not in head and not head.startswith(b"\x16"):
            part = self._peer.recv(65_536)
            if not part:
                raise ConnectionError
            head += part
        return head

    def flood(self, block: bytes, pause: float = 0.0) -> None:
        """Send for ever."""
        while not self._wire.closing.wait(pause) if pause else not self._wire.closing.is_set():
            self.send(block)


class Wire:
    """Answers every request of every connection by a script."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.sent = 0
        self.asked: list[bytes] = []
        self.closing = threading.Event()
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError, ssl.SSLError), contextlib.closing(peer):
            if self._context is not None:
                peer = self._context.wrap_socket(peer, server_side=True)
            line = Line(peer, self)
            while True:
                self.asked.append(line.receive())
                self.script(line)


@contextlib.contextmanager
def wire(*parts: bytes, context: ssl.SSLContext | None = None) -> Iterator[Wire]:
    """Serve the same bytes to everybody, and close the connection then."""

    def script(line: Line) -> None:
        for part in parts:
            line.send(part)
        raise ConnectionError

    with Wire(script, context) as made:
        yield made


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return an answer with a right length."""
    head = "".join(f"{header}\r\n" for header in (*headers, f"Content-Length: {len(body)}"))
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def ask(url: str, limits: Limits = HASTY, **changes: Any) -> Any:
    """Return what our client makes of the answer."""
    with Transport(FakeClock(), limits) as transport:
        return transport.send(Request(**{"method": "GET", "url": url + "/", **changes}))
