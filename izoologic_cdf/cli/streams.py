"""The three standard streams, as a shell may hand them over: closed, full, or of few characters."""

import contextlib
import io
import os
import sys
from typing import TextIO


def prepare() -> None:
    """Make sure that there are three streams, and that every text can be written to them.

    A stream that the shell has closed becomes the null device. Characters that the encoding of
    standard output lacks are written as escapes; standard error does so by itself.
    """
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - stays open
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - stays open
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - stays open
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def complain(message: str) -> None:
    """Write a line to standard error, if anybody reads it."""
    with contextlib.suppress(OSError):
        print(message, file=sys.stderr, flush=True)


def give_up(stream: TextIO) -> None:
    """Send what is left of a stream nowhere: its reader has gone, or its disk is full."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
        stream.flush()


def settle() -> None:
    """Write what is still buffered, or give it up, before the process ends.

    The interpreter flushes both streams at its end, and ends with 120 where one of them fails,
    whatever the exit code was. Python buffers standard error too unless PYTHONUNBUFFERED is set.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            give_up(stream)
