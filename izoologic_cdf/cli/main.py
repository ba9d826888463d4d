"""`izoologic-cdf`: runs a command and ends with its exit code, whatever happens.

What a command needs is imported when it runs, so that `--help` answers at once.
"""

import argparse
import atexit
import functools
import gc
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from izoologic_cdf.cli import definition_arguments, library_arguments, run_arguments, streams
from izoologic_cdf.cli.arguments import Parser, settle
from izoologic_cdf.errors import CdfError, unexpected

FAILED = 1
USAGE_ERROR = 2
INTERRUPTED = 130
# a terminal that goes away sends SIGHUP, `docker stop` and systemd SIGTERM; Windows lacks the first
_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]

# in the order of the help; each adds the commands of one subject
GROUPS = (*run_arguments.GROUPS, *library_arguments.GROUPS, *definition_arguments.GROUPS)


class _ShowVersion(argparse.Action):
    """Prints the version and ends."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        # loading it takes longer than the rest of the help
        from importlib.metadata import version  # noqa: PLC0415

        streams.tell(f"{parser.prog} {version('izoologic-cdf')}")
        parser.exit()


@functools.cache
def build_parser(wanted: str = "") -> argparse.ArgumentParser:
    """Return the parser of the command line, once per process.

    Where a command is wanted, subjects after its own are left out: they take 7 ms.
    """
    parser = Parser(
        prog="izoologic-cdf",
        description="Sync iZoologic cases into a threat library: the feeds of the ThreatQ bundle "
        "'iZoologic Sync Cases', runnable without ThreatQ.",
        epilog="Start with `izoologic-cdf demo`.",
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and exit")
    # a bare command line shows the help
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in GROUPS:
        add(commands)
        if wanted in commands.choices:
            break
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 complete, 1 failed, 2 usage, configuration or definition, 3 partial, 130 interrupted, by
    whatever signal.
    """
    streams.prepare()
    with _end_once():
        try:
            code = _execute(arguments)
        except KeyboardInterrupt:
            streams.complain("interrupted")
            code = INTERRUPTED
        finally:
            streams.settle()
        if code == INTERRUPTED:
            # without waiting for calls under way, which nothing can break off
            os._exit(code)
    return code


def _execute(arguments: Sequence[str] | None) -> int:
    try:
        parser = build_parser(*(sys.argv[1:] if arguments is None else arguments)[:1])
        options = parser.parse_args(arguments)
        if options.command is None:
            parser.print_help()
            return 0
        settle(options)
        module, _, function = str(options.command).partition(":")
        command = _import(module, function)
        code = command(options)
        sys.stdout.flush()
    except SystemExit as ended:
        # argparse ends so, after a usage error or --help; its text may still be buffered
        return _flush(ended.code if isinstance(ended.code, int) else USAGE_ERROR)
    except BrokenPipeError:
        # whoever reads the output has seen enough
        streams.discard(sys.stdout)
        return 0
    except CdfError as error:
        first, *others = error.report
        streams.complain(f"izoologic-cdf: {first}", *others)
        return USAGE_ERROR
    except OSError as error:
        reason = error.strerror or type(error).__name__
        if error.filename is not None:
            streams.complain(f"izoologic-cdf: {error.filename} cannot be used: {reason}")
            return USAGE_ERROR
        return _report_unwritable(reason)
    except Exception as error:  # noqa: BLE001 - the last line of defence: one sentence
        streams.complain(f"izoologic-cdf: {_describe(error)}")
        return FAILED
    return code


def _describe(error: Exception) -> str:
    # needed in the worst case only
    from importlib.metadata import version  # noqa: PLC0415

    return f"{unexpected(error)}, the version ({version('izoologic-cdf')}) and your command"


def _flush(code: int) -> int:
    """Return the exit code of help or a usage error, 1 where the help cannot be written."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        streams.discard(sys.stdout)
    except OSError as error:
        return _report_unwritable(error.strerror or type(error).__name__)
    return code


def _report_unwritable(reason: str) -> int:
    streams.complain(f"izoologic-cdf: the output cannot be written: {reason}")
    streams.discard(sys.stdout)
    return FAILED


@contextmanager
def _end_once() -> Iterator[None]:
    """Raise KeyboardInterrupt at the first signal that ends a process, and ignore all others.

    So an impatient user cannot break off the way out, which is short. A signal that is ignored
    already stays ignored, as under `nohup` or after a `&`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    is_heard = False

    def hear(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_heard
        if not is_heard:
            is_heard = True
            raise KeyboardInterrupt

    heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    former = {number: signal.signal(number, hear) for number in heeded}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _import(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    """Return the function of a command; all that it needs is imported here."""
    # modules are no garbage: neither while they are loaded nor later is any looked for among them
    gc.disable()
    try:
        command: Callable[[argparse.Namespace], int] = getattr(
            importlib.import_module(f"izoologic_cdf.cli.{module}"), function
        )
    finally:
        gc.enable()
    gc.freeze()
    # nor is there any at the end: all of it goes with the process, which ends 0.05 s sooner
    atexit.register(gc.freeze)
    return command


if __name__ == "__main__":
    sys.exit(main())
