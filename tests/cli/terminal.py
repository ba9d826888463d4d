"""A pseudo-terminal: what a person sees and types."""

import fcntl
import os
import pty
import select
import struct
import termios
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.shells import CHECKOUT, PROGRAM
from tests.support.signals import heeded

LIMIT = 40


@dataclass(frozen=True, slots=True)
class Seen:
    """The exit code, and all that the terminal showed."""

    code: int
    text: str


def typed(
    words: Sequence[str],
    folder: Path,
    replies: Sequence[tuple[str, bytes]],
    *,
    output: str | None = None,
    meanwhile: Callable[[], bytes] = bytes,
) -> Seen:
    """Run a command on a terminal, and type each reply once its prompt is shown.

    `output` is a file that standard output goes to. `meanwhile` is called again and again; what it
    returns is typed.
    """
    with heeded():
        child, terminal = pty.fork()
        if child == 0:
            try:
                os.chdir(folder)
                if output is not None:
                    os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
                os.environ["PYTHONPATH"] = str(CHECKOUT)
                os.execv(PROGRAM[0], [*PROGRAM, *words])  # noqa: S606 - our own program
            finally:
                os._exit(99)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    shown = b""
    waiting = list(replies)
    end = time.monotonic() + LIMIT
    try:
        while time.monotonic() < end:
            readable, _, _ = select.select([terminal], [], [], 0.05)
            try:
                part = os.read(terminal, 65_536) if readable else None
            except OSError:
                break  # the other side has gone
            if part == b"":
                break
            shown += part or b""
            if waiting and waiting[0][0].encode() in shown:
                os.write(terminal, waiting.pop(0)[1])
            if typing := meanwhile():
                os.write(terminal, typing)
        else:
            os.kill(child, 9)
    finally:
        os.close(terminal)
        _, status = os.waitpid(child, 0)
    return Seen(os.waitstatus_to_exitcode(status), shown.decode(errors="replace"))
