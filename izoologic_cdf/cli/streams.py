"""The three standard streams, and everything printed on them.

A shell may pass them closed, full, or with a small character set. Nothing else prints, so every
line passes `printable`.
"""

import contextlib
import io
import os
import sys
from collections.abc import Iterable
from typing import TextIO

from izoologic_cdf.errors import UsageError
from izoologic_cdf.printable import printable


def prepare() -> None:
    """Make sure that all three streams exist and can take any text.

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


def tell(*lines: str) -> None:
    """Write lines to standard output; raises OSError if that fails."""
    tell_all(lines)


def tell_all(lines: Iterable[str]) -> None:
    """Write lines to standard output as they come; raises OSError as `tell` does."""
    sys.stdout.writelines(f"{printable(line)}\n" for line in lines)


def tell_text(text: str) -> None:
    """Write a text whose line breaks are meant; raises OSError as `tell` does."""
    tell(*text.split("\n"))
    sys.stdout.flush()


def pour(parts: Iterable[str]) -> None:
    """Write a document to standard output, in UTF-8 and as it is; raises OSError as `tell` does."""
    for part in parts:
        sys.stdout.buffer.write(part.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def pour_bytes(parts: Iterable[bytes]) -> None:
    """Write bytes to standard output as they are, but never to a terminal, which they could act on.

    Raises:
        UsageError: it is one.
        OSError: as `tell` does.
    """
    if sys.stdout.isatty():
        raise UsageError("bytes of a file are not written to a terminal: redirect the output")
    for part in parts:
        sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()


def complain(*lines: str, stream: TextIO | None = None) -> None:
    """Write lines to standard error or another stream; a closed one is ignored."""
    with contextlib.suppress(OSError):
        print(*map(printable, lines), sep="\n", file=stream or sys.stderr, flush=True)


def prompt(text: str) -> None:
    """Write a prompt to standard error; standard output is for results only."""
    print(printable(text), end="", file=sys.stderr, flush=True)


def discard(stream: TextIO) -> None:
    """Discard the rest of a stream: its reader is gone, or its disk is full."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
        stream.flush()


def settle() -> None:
    """Write what is still buffered, or discard it, before the process ends.

    The interpreter flushes both streams at exit, and exits with 120 if one of them fails, whatever
    the exit code was. Python buffers standard error too unless PYTHONUNBUFFERED is set.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            discard(stream)
