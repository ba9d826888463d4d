"""`izoologic-cdf`: the parser of the command line, and the way to each command.

Nothing heavy is imported here, so that `--help` answers at once.
"""

import argparse
import atexit
import gc
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from izoologic_cdf.cli import signals, streams
from izoologic_cdf.errors import CdfError, unexpected
from izoologic_cdf.printable import printable

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

FAILED = 1
USAGE_ERROR = 2
INTERRUPTED = 130
DEFAULT_LIBRARY = "izoologic.sqlite"
HIGHEST_PORT = 65_535
# each case in flight has a thread and a connection of its own
MOST_IN_FLIGHT = 256
# requests per second: from one in about a quarter of an hour
SLOWEST, FASTEST = 0.001, 1_000

TIMES = (
    "a date (2025-08-01), a date and time (2025-08-01T12:30:00Z; without a zone it is UTC), "
    "epoch seconds, 30d or 12h for that long ago, or now"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 complete, 1 failed, 2 usage, configuration or definition, 3 partial, 130 interrupted, by
    whatever signal.
    """
    streams.prepare()
    with signals.once():
        try:
            code = _executed(arguments)
        except KeyboardInterrupt:
            streams.complain("interrupted")
            code = INTERRUPTED
        finally:
            streams.settle()
        if code == INTERRUPTED:
            # without waiting for calls under way, which nothing can break off
            os._exit(code)
    return code


def _executed(arguments: Sequence[str] | None) -> int:
    try:
        options = build_parser().parse_args(arguments)
        module, _, function = str(options.command).partition(":")
        command = _imported(module, function)
        code = command(options)
        sys.stdout.flush()
    except SystemExit as ended:
        # argparse ends so, after a usage error or --help; its text may still be buffered
        return _flushed(ended.code if isinstance(ended.code, int) else USAGE_ERROR)
    except BrokenPipeError:
        # whoever reads the output has seen enough
        streams.give_up(sys.stdout)
        return 0
    except CdfError as error:
        first, *others = error.report
        streams.complain(f"izoologic-cdf: {first}", *others)
        return USAGE_ERROR
    except OSError as error:
        reason = error.strerror or type(error).__name__
        if error.filename is not None:
            streams.complain(f"izoologic-cdf: {error.filename} can't be used: {reason}")
            return USAGE_ERROR
        return _unwritten(reason)
    except Exception as error:  # noqa: BLE001 - the last line of defence: one sentence
        streams.complain(f"izoologic-cdf: {_unexpected(error)}")
        return FAILED
    return code


def _unexpected(error: Exception) -> str:
    # needed in the worst case only
    from importlib.metadata import version  # noqa: PLC0415

    return f"{unexpected(error)}, the version ({version('izoologic-cdf')}) and your command"


def _flushed(code: int) -> int:
    """Return the exit code of help or a usage error, 1 where the help can't be written."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        streams.give_up(sys.stdout)
    except OSError as error:
        return _unwritten(error.strerror or type(error).__name__)
    return code


def _unwritten(reason: str) -> int:
    streams.complain(f"izoologic-cdf: the output can't be written: {reason}")
    streams.give_up(sys.stdout)
    return FAILED


def _imported(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    """Return the function of a command; all that it needs is imported here."""
    # modules are no rubbish, and looking for some among them takes as long as some imports
    gc.disable()
    try:
        command: Callable[[argparse.Namespace], int] = getattr(
            importlib.import_module(f"izoologic_cdf.cli.{module}"), function
        )
    finally:
        gc.enable()
    # nor is there any at the end: all of it goes with the process, which ends sooner for that
    atexit.register(gc.freeze)
    return command


class _Parser(argparse.ArgumentParser):
    """A parser whose help is not lost in silence, and whose errors quote a line as one line."""

    def print_help(self, file: "SupportsWrite[str] | None" = None) -> None:  # noqa: ARG002
        """Write the help; raises OSError, which argparse alone would swallow."""
        streams.tell_text(self.format_help().rstrip("\n"))

    def error(self, message: str) -> NoReturn:
        """End with a usage error, which may quote what was typed."""
        super().error(printable(message))


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = _Parser(
        prog="izoologic-cdf",
        description="Follow iZoologic cases into a threat library: the feeds of the ThreatQ "
        "bundle 'iZoologic Sync Cases', runnable without ThreatQ.",
        epilog="Start with `izoologic-cdf demo`.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _demo(commands)
    _run(commands)
    _backfill(commands)
    _sync(commands)
    _retry(commands)
    _windows(commands)
    _library(commands)
    _emulator(commands)
    _fields(commands)
    _lint(commands)
    _build(commands)
    _verify(commands)
    _diff(commands)
    return parser


_Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it


def _demo(commands: "_Commands[_Parser]") -> None:
    parser = commands.add_parser(
        "demo",
        help="run both feeds over the built-in emulator and show what comes out",
        description="Start the emulator of the iZoologic API with the samples of the vendor's "
        "guide, run both feeds over it into a library in FOLDER, and show the summaries and a "
        "few objects in full. Nothing leaves this machine.",
    )
    parser.add_argument("folder", nargs="?", default="demo", metavar="FOLDER", help="default: demo")
    parser.set_defaults(command="demo_command:demo")


def _run(commands: "_Commands[_Parser]") -> None:
    parser = commands.add_parser(
        "run",
        help="run one feed over a range of time",
        description="Ask the API for every case updated in the range, with its details, "
        "communications and files, and report them into the library. A run can be repeated: "
        "what is there already is left as it is.",
        epilog=f"A time is {TIMES}. Exit codes: 0 complete, 3 partial (a case, file or row "
        "failed, or a part of the range could not be read), 1 failed, 2 usage or configuration.",
    )
    _feed(parser)
    _range(parser)
    feed_options(parser)
    parser.set_defaults(command="run_command:run")


def _backfill(commands: "_Commands[_Parser]") -> None:
    parser = commands.add_parser(
        "backfill",
        help="walk history window by window, and go on where it was interrupted",
        description="Ask for what of the range is not finished yet. Finished intervals are "
        "remembered in the library, so that a backfill resumes into its gaps after any "
        "interruption.",
        epilog=f"A time is {TIMES}.",
    )
    _feed(parser)
    _range(parser)
    feed_options(parser)
    parser.set_defaults(command="run_command:backfill")


def _sync(commands: "_Commands[_Parser]") -> None:
    parser = commands.add_parser(
        "sync",
        help="the scheduled run: everything since the last finished point",
        description="Ask for everything since the last finished point, with a small overlap, and "
        "for what is still open before it. Deferred cases are retried. The first sync "
        "begins at the last finished point, or 30 days ago.",
        epilog=f"A time is {TIMES}.",
    )
    _feed(parser)
    parser.add_argument("--since", metavar="T", help="where the first sync begins; later ignored")
    feed_options(parser)
    parser.set_defaults(command="run_command:sync")


def _retry(commands: "_Commands[_Parser]") -> None:
    parser = commands.add_parser(
        "retry",
        help="ask for deferred cases again at once, also abandoned ones",
        description="Ask for deferred cases, and for deferred parts of cases, again at once, "
        "whatever their next time is: those named, or all of them, abandoned ones as well.",
    )
    _feed(parser)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="case id; default: all")
    feed_options(parser)
    parser.set_defaults(command="run_command:retry")


def _windows(commands: "_Commands[_Parser]") -> None:
    parser = commands.add_parser(
        "windows",
        help="print the manual runs that cover a range on the platform",
        description="Print the manual runs to start on the platform for a range: since and until "
        "of each, UTC, both inclusive, at most 30 days.",
        epilog=f"A time is {TIMES}.",
    )
    _range(parser)
    parser.set_defaults(command="run_command:windows")


def _feed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "feed", metavar="FEED", help="the feed's name, or a part of it: incident, dlr"
    )


def _range(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", required=True, metavar="T", help="begin of the range, inclusive")
    parser.add_argument("--until", metavar="T", help="end of the range, inclusive; default: now")


def _in_flight(text: str) -> int:
    """Return a whole number in its bounds; argparse names the option when this raises."""
    return _whole(text, 1, MOST_IN_FLIGHT, f"from 1 is due, at most {MOST_IN_FLIGHT}")


def _whole(text: str, least: int, most: int, due: str) -> int:
    # the length first: Python refuses to read a number of thousands of digits
    if not text.isdecimal() or len(text) > len(str(most)) or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"a whole number {due}")
    return int(text)


def _rate(text: str) -> float:
    """Return a number in its bounds; argparse names the option when this raises."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not SLOWEST <= number <= FASTEST:
        raise argparse.ArgumentTypeError(f"a number above 0 is due, from {SLOWEST} to {FASTEST}")
    return number


def _port(text: str) -> int:
    """Return a port, 0 for any free one; argparse names the option when this raises."""
    return _whole(text, 0, HIGHEST_PORT, f"from 0 to {HIGHEST_PORT} is due")


def feed_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that all commands share that run feeds."""
    parser.add_argument(
        "--library",
        default=DEFAULT_LIBRARY,
        metavar="FILE",
        help=f"the library; made when it is not there; default: {DEFAULT_LIBRARY}",
    )
    parser.add_argument(
        "--config", metavar="FILE", help="YAML file with one field: value a line; may hold secrets"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        dest="assignments",
        help="set one field, no secret; stands over the file and over IZOOLOGIC_<FIELD> of the "
        "environment; may be given several times",
    )
    parser.add_argument(
        "--tenant",
        metavar="NAME",
        help="which of several tenants of one host this is; also `tenant` in the configuration",
    )
    parser.add_argument(
        "--same-tenant",
        action="store_true",
        help="the keys have changed, and the tenant is the same, whatever the API shows",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="PART",
        help="do without a part of the cases: messages or files; it is not asked for, and the run "
        "is complete; also `without` in the configuration",
    )
    parser.add_argument(
        "--definition",
        metavar="FILE",
        help="run the feeds of this definition file instead of the built-in ones",
    )
    _filters(parser)
    parser.add_argument(
        "--in-flight",
        type=_in_flight,
        default=8,
        metavar="N",
        help=f"cases at the same time, at most {MOST_IN_FLIGHT}; default: 8",
    )
    parser.add_argument(
        "--requests-per-second",
        type=_rate,
        metavar="N",
        help="ask at most this often; default: as fast as the answers come",
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="form of the summary"
    )
    told = parser.add_mutually_exclusive_group()
    told.add_argument(
        "--quiet",
        action="store_const",
        const="quiet",
        help="say nothing but failures, and no summary of a complete run: for a scheduler",
    )
    told.add_argument(
        "--verbose",
        action="store_const",
        const="verbose",
        help="tell every warning by itself, with its place in the definition",
    )


def _library(commands: "_Commands[_Parser]") -> None:
    parser = commands.add_parser("library", help="look into a library")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    show = actions.add_parser(
        "show",
        help="show what a library holds, or one object in full",
        description="Without VALUE: counts and values. With VALUE: every object with that value, "
        "in full, leaked passwords included.",
    )
    show.add_argument("file", metavar="FILE")
    show.add_argument("value", nargs="?", metavar="VALUE", help="value, title or name of an object")
    show.set_defaults(command="library_command:show")
    export = actions.add_parser("export", help="print a library as one JSON document")
    export.add_argument("file", metavar="FILE")
    export.set_defaults(command="library_command:export")


def _emulator(commands: "_Commands[_Parser]") -> None:
    parser = commands.add_parser(
        "emulator",
        help="serve an emulated iZoologic API on this machine until it is stopped",
        description="Serve an emulated iZoologic API on loopback. Prints its address and "
        "credentials; stop it with Ctrl-C.",
    )
    parser.add_argument(
        "--scenario",
        default="guide",
        metavar="NAME or FILE",
        help="guide, generated:N for N generated cases, or a scenario file; default: guide",
    )
    parser.add_argument("--port", type=_port, default=0, metavar="N", help="default: any free port")
    parser.set_defaults(command="emulator_command:serve")


def _fields(commands: "_Commands[_Parser]") -> None:
    parser = commands.add_parser(
        "fields",
        help="print the configuration form of a feed",
        description="Print the fields of a feed: name, label, default, whether it is required, "
        "and what it does.",
    )
    parser.add_argument(
        "feed", metavar="FEED", help="the feed's name, or a part of it: incident, dlr"
    )
    parser.add_argument("--definition", metavar="FILE", help="a definition file of your own")
    parser.set_defaults(command="form_fields:fields")


def _lint(commands: "_Commands[_Parser]") -> None:
    parser = commands.add_parser(
        "lint",
        help="check definitions as a reviewer would",
        description="Check definition files: keys, expressions and names, how keys flow through "
        "the pipelines, and the approval checklist. Each finding has a code with a page in "
        "docs/lint. Runs nothing and asks nobody.",
        epilog="A finding is silenced by a comment on its line or above it: "
        "# lint: ignore CDF104 because ... - Exit codes: 0 no finding, 1 findings, 2 usage.",
    )
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="definition files; default: the built-in ones"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="form of the findings"
    )
    _filters(parser)
    parser.set_defaults(command="lint_command:lint")


def _filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--filters",
        metavar="FOLDER",
        help="folder of the Python filters; default: ../filters of each definition file",
    )


def _build(commands: "_Commands[_Parser]") -> None:
    parser = commands.add_parser(
        "build",
        help="make the zip that a ThreatQ administrator unpacks",
        description="Turn the definitions and their Python filters into one native YAML, and pack "
        "it with the custom object, the guide, the logo and a manifest. Prints which constructs "
        "of the YAML no public source confirms, and what to check on the first upload.",
    )
    parser.add_argument(
        "--output", default="dist", metavar="FOLDER", help="where to write; default: dist"
    )
    parser.add_argument("--yaml", action="store_true", help="write the YAML beside the zip as well")
    parser.set_defaults(command="build_command:build")


def _verify(commands: "_Commands[_Parser]") -> None:
    parser = commands.add_parser(
        "verify",
        help="check a bundle before it is uploaded",
        description="Check sums, versions, custom object, logo, limits and the definition of a "
        "bundle. Exit codes: 0 it can be uploaded, 1 it can not, and why.",
    )
    parser.add_argument("zip", metavar="ZIP")
    parser.set_defaults(command="build_command:verify")


def _diff(commands: "_Commands[_Parser]") -> None:
    parser = commands.add_parser(
        "diff",
        help="tell what an upgrade from one definition to another will do",
        description="Compare two versions of a definition, authored or built: user fields, feeds "
        "and namespaces, object identity, attributes, ingest rules, requests and steps. Then run "
        "both over the samples of the vendor's guide in the built-in emulator, and tell which "
        "objects differ. Nothing leaves this machine.",
        epilog="Exit codes: 0 no difference, 1 differences, 2 trouble: a definition can't be used, "
        "or a run did not complete.",
    )
    parser.add_argument("old", metavar="OLD.yaml", help="the definition that is installed")
    parser.add_argument("new", metavar="NEW.yaml", help="the one that would replace it")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        dest="assignments",
        help="a user field as you have it configured, for the runs; may be given several times",
    )
    parser.add_argument("--no-run", action="store_true", help="compare what they say, run nothing")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="form of the difference"
    )
    parser.set_defaults(command="diff_command:diff")


if __name__ == "__main__":
    sys.exit(main())
