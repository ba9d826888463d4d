"""The three standard streams, as a shell may hand them over: closed, full, or of few characters."""

import contextlib
import io
import os
import sys


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


def give_up_output() -> None:
    """Send what is left of standard output nowhere: its reader has gone, or its disk is full."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
