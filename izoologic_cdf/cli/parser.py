"""The parser of the command line: every command, its options and its help.

Nothing heavy is imported here, so that `--help` answers at once.
"""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from izoologic_cdf.cli import streams
from izoologic_cdf.printable import printable

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

DEFAULT_LIBRARY = "izoologic.sqlite"
MAX_PORT = 65_535
# of runs
MAX_NUMBER = 999_999_999
# each case in flight has a thread and a connection of its own
MAX_IN_FLIGHT = 256
# requests per second: from one in about a quarter of an hour
MIN_RATE, MAX_RATE = 0.001, 1_000

TIMES = (
    "a date (2025-08-01), a date and time (2025-08-01T12:30:00Z; without a zone it is UTC), "
    "epoch seconds, 30d or 12h for that long ago, or now"
)
A_TIME = f"A time is {TIMES}."
FEED = "the feed's name, or a part of it: incident, dlr"


class Parser(argparse.ArgumentParser):
    """A parser whose help is not lost in silence, and whose errors quote a line as one line."""

    def print_help(self, file: "SupportsWrite[str] | None" = None) -> None:  # noqa: ARG002
        """Write the help; raises OSError, which argparse alone would swallow."""
        streams.tell_text(self.format_help().rstrip("\n"))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a word that is none of the choices, and name the nearest one."""
        if action.choices is not None and value not in action.choices:
            # only a mistyped command waits for it
            from izoologic_cdf.language.positions import did_you_mean  # noqa: PLC0415

            hint = did_you_mean(str(value), map(str, action.choices))
            raise argparse.ArgumentError(action, f"invalid choice: {value!r}; {hint}")

    def error(self, message: str) -> NoReturn:
        """End with a usage error, which may quote what was typed."""
        super().error(printable(message))


class _ShowVersion(argparse.Action):
    """Prints the version and ends."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        # loading it takes longer than the rest of the help
        from importlib.metadata import version  # noqa: PLC0415

        streams.tell(f"{parser.prog} {version('izoologic-cdf')}")
        parser.exit()


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
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
    _add_runs(commands)
    _add_status(commands)
    _add_push(commands)
    _add_library(commands)
    _add_definitions(commands)
    _add_bundle(commands)
    return parser


_Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it


def _add(commands: "_Commands[Parser]", name: str, runs: str, **words: Any) -> Parser:
    """Add a command that `runs` a `module:function` of this package."""
    parser = commands.add_parser(name, **words)
    parser.set_defaults(command=runs)
    return parser


def _add_runs(commands: "_Commands[Parser]") -> None:
    demo = _add(
        commands,
        "demo",
        "emulator_commands:demo",
        help="run both feeds over the built-in emulator and show the result",
        description="Start an emulated iZoologic API with the samples of the vendor's guide, run "
        "both feeds over it into a library in FOLDER, and show the summaries and a few objects. "
        "Nothing leaves this machine.",
    )
    demo.add_argument("folder", nargs="?", default="demo", metavar="FOLDER", help="default: demo")
    demo.add_argument("--definition", metavar="FILE", help="run a built definition of your own")
    _add_spellings(demo, "the definition")
    run = _add(
        commands,
        "run",
        "run_command:run",
        help="run one feed over a range of time",
        description="Request every case updated in the range, with its details, communications "
        "and files, and write them to the library. You can repeat a run: what is there already "
        "stays as it is.",
        epilog=f"{A_TIME} Exit codes: 0 complete, 3 partial (a case, file or row failed, or a part "
        "of the range could not be read), 1 failed, 2 usage or configuration.",
    )
    backfill = _add(
        commands,
        "backfill",
        "run_command:backfill",
        help="walk history window by window, and resume after an interruption",
        description="Request the parts of the range that are not finished yet. Finished intervals "
        "are remembered in the library, so a backfill continues with the gaps after any "
        "interruption.",
        epilog=A_TIME,
    )
    sync = _add(
        commands,
        "sync",
        "run_command:sync",
        help="the scheduled run: everything since the last finished point",
        description="Request everything since the last finished point, with a small overlap, and "
        "every gap before it. Deferred cases are retried. The first sync begins at the last "
        "finished point, or 30 days ago.",
        epilog=A_TIME,
    )
    retry = _add(
        commands,
        "retry",
        "run_command:retry",
        help="retry deferred cases now, including abandoned ones",
        description="Retry deferred cases, and deferred parts of cases, without waiting for their "
        "next time: those you name, or all of them, including abandoned ones.",
    )
    windows = _add(
        commands,
        "windows",
        "run_command:windows",
        help="print the manual runs that cover a range on the platform",
        description="Print the manual runs to start on the platform for a range: since and until "
        "of each, UTC, both inclusive, at most 30 days. Makes no requests.",
        epilog=A_TIME,
    )
    for parser in (run, backfill, sync, retry):
        parser.add_argument("feed", metavar="FEED", help=FEED)
    for parser in (run, backfill, windows):
        parser.add_argument(
            "--since", required=True, metavar="T", help="start of the range, inclusive"
        )
        parser.add_argument("--until", metavar="T", help="end of the range; default: now")
    sync.add_argument(
        "--since", metavar="T", help="where the first sync begins; later syncs ignore it"
    )
    sync.add_argument(
        "--push",
        metavar="CONFIG",
        help="then push the library to the ThreatQ of this configuration, as `push --config` does",
    )
    retry.add_argument("cases", nargs="*", metavar="CASE", help="case id; default: all")
    for parser in (run, backfill, sync, retry):
        _add_run_options(parser)


def _add_run_options(parser: Parser) -> None:
    parser.add_argument(
        "--library",
        default=DEFAULT_LIBRARY,
        metavar="FILE",
        help=f"the library; created if missing; default: {DEFAULT_LIBRARY}",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="YAML file, one field: value per line; may hold secrets",
    )
    _add_set(
        parser,
        "set one field, not a secret; overrides the file and IZOOLOGIC_<FIELD> of the environment; "
        "repeatable",
    )
    parser.add_argument(
        "--tenant",
        metavar="NAME",
        help="name of the tenant if one host serves several; also `tenant` in the configuration",
    )
    parser.add_argument(
        "--same-tenant",
        action="store_true",
        help="the keys have changed but the tenant has not, whatever the API shows",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="PART",
        help="skip a part of the cases, messages or files: it is not requested, and the run is "
        "complete without it; also `without` in the configuration",
    )
    parser.add_argument(
        "--definition",
        metavar="FILE",
        help="run the feeds of this file, not the built-in ones",
    )
    _add_spellings(parser, "the definition")
    _add_filters(parser)
    parser.add_argument(
        "--in-flight",
        type=_integer(1, MAX_IN_FLIGHT),
        default=8,
        metavar="N",
        help=f"cases processed at the same time, at most {MAX_IN_FLIGHT}; default: 8",
    )
    parser.add_argument(
        "--requests-per-second",
        type=_rate,
        metavar="N",
        help="upper limit of the request rate; default: none",
    )
    _add_format(parser, "summary")
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "--quiet",
        action="store_const",
        const="quiet",
        help="print nothing but failures, and no summary of a complete run: for a scheduler",
    )
    output.add_argument(
        "--verbose",
        action="store_const",
        const="verbose",
        help="print every warning by itself, with its place in the definition",
    )


def _add_status(commands: "_Commands[Parser]") -> None:
    status = _add(
        commands,
        "status",
        "library_command:status",
        help="show how a library stands: lag, gaps, deferred cases",
        description="Show of each feed and tenant the last run, how far it is finished, gaps, and "
        "deferred and abandoned cases with their reasons. Changes nothing; fit for monitoring.",
        epilog="Exit codes: 0 in order (abandoned cases and what is too old for the server do not "
        "count), 3 something is missing (gaps, deferred cases, or a finished point in the future), "
        "2 no library.",
    )
    runs = _add(
        commands,
        "runs",
        "library_command:runs",
        help="list the runs of a library, or show one with its messages",
        description="List the runs of a library, newest first. With N: one run, with its messages, "
        "similar ones as one. The counts are objects that the run created, objects that no later "
        "run has changed since, and messages; a library keeps the last 100,000 messages.",
    )
    runs.add_argument(
        "number", nargs="?", type=_integer(1, MAX_NUMBER), metavar="N", help="number of a run"
    )
    runs.add_argument(
        "--limit",
        type=_integer(1, MAX_NUMBER),
        default=20,
        metavar="COUNT",
        help="runs that are listed; default: 20",
    )
    for parser, what in ((status, "status"), (runs, "runs")):
        _add_library_option(parser)
        _add_format(parser, what)


def _add_library_option(parser: Parser) -> None:
    parser.add_argument(
        "--library",
        default=DEFAULT_LIBRARY,
        metavar="FILE",
        help=f"the library; default: {DEFAULT_LIBRARY}",
    )


def _add_push(commands: "_Commands[Parser]") -> None:
    push = _add(
        commands,
        "push",
        "push_command:push",
        help="bring a library into a ThreatQ over its REST API",
        description="Send what changed since the last push to that platform: indicators, notes, "
        "files, then cases and accounts with their relations. You can repeat a push, also after "
        "it was killed: nothing is doubled, and what other sources report stays as it is.",
        epilog="Exit codes: 0 complete, 3 partial (something was refused, is missing or differs), "
        "1 failed, 2 usage or configuration.",
    )
    _add_library_option(push)
    push.add_argument(
        "--config",
        metavar="FILE",
        help="YAML file, one field: value per line: threatq_host, client_id, client_secret or "
        "email and password, verify_ssl, disable_proxies, tlp",
    )
    _add_set(
        push,
        "set one field, not a secret; overrides the file and IZOOLOGIC_<FIELD> of the environment; "
        "repeatable",
    )
    what = push.add_mutually_exclusive_group()
    what.add_argument(
        "--check", action="store_true", help="log in, report what the platform lacks, and stop"
    )
    what.add_argument(
        "--dry-run", action="store_true", help="print what would be sent; makes no requests"
    )
    what.add_argument(
        "--verify",
        action="store_true",
        help="read everything back and name each difference; the next push mends them",
    )
    push.add_argument(
        "--without-passwords", action="store_true", help="leave out the attribute Password"
    )
    push.add_argument(
        "--definition",
        metavar="FILE",
        help="the definition that filled the library, if not the built-in one",
    )
    _add_filters(push)
    _add_spellings(push, "the definition")
    push.add_argument(
        "--requests-per-second",
        type=_rate,
        metavar="N",
        help="upper limit of the request rate; default: none",
    )
    _add_format(push, "summary")
    push.add_argument(
        "--quiet",
        action="store_const",
        const="quiet",
        help="print nothing but failures, and no summary of a complete push: for a scheduler",
    )


def _add_library(commands: "_Commands[Parser]") -> None:
    library = commands.add_parser("library", help="look into a library")
    actions = library.add_subparsers(title="actions", metavar="ACTION", required=True)
    show = _add(
        actions,
        "show",
        "library_command:show",
        help="show what a library holds, or one object in full",
        description="Without VALUE: counts and values. With VALUE: every object with that value, "
        "in full, including leaked passwords.",
    )
    show.add_argument("file", metavar="FILE")
    show.add_argument("value", nargs="?", metavar="VALUE", help="value, title or name of an object")
    export = _add(
        actions, "export", "library_command:export", help="print a library as one JSON document"
    )
    export.add_argument("file", metavar="FILE")
    emulator = _add(
        commands,
        "emulator",
        "emulator_commands:serve",
        help="serve an emulated iZoologic API on this machine until stopped",
        description="Serve an emulated iZoologic API on loopback. Prints its address and "
        "credentials; stop it with Ctrl-C.",
    )
    emulator.add_argument(
        "--scenario",
        default="guide",
        metavar="NAME or FILE",
        help="guide, generated:N for N generated cases, or a scenario file; default: guide",
    )
    emulator.add_argument(
        "--port", type=_integer(0, MAX_PORT), default=0, metavar="N", help="default: any free port"
    )

    platform = _add(
        commands,
        "platform",
        "emulator_commands:serve_platform",
        help="serve an emulated ThreatQ on this machine until stopped",
        description="Serve ThreatQ's REST API on loopback, as public clients use it. Prints its "
        "address and credentials, one per line; stop it with Ctrl-C.",
    )
    platform.add_argument(
        "--port", type=_integer(0, MAX_PORT), default=0, metavar="N", help="default: any free port"
    )
    platform.add_argument(
        "--tls",
        action="store_true",
        help="speak HTTPS with a throw-away certificate, and print the path of its CA; needs the "
        "extra izoologic-cdf[tls]",
    )
    platform.add_argument(
        "--install",
        action="append",
        default=[],
        metavar="CODE or FILE",
        help="install a custom object: account, or the JSON file of its definition; repeatable; "
        "default: none",
    )
    platform.add_argument(
        "--assume",
        action="append",
        default=[],
        metavar="OPTION=VALUE",
        help="choose another reading of what no public source settles; docs/platform.md lists "
        "them; repeatable",
    )


def _add_definitions(commands: "_Commands[Parser]") -> None:
    fields = _add(
        commands,
        "fields",
        "form:show_fields",
        help="print the configuration form of a feed",
        description="Print the fields of a feed: name, label, default, whether it is required, "
        "and what it does.",
    )
    fields.add_argument("feed", metavar="FEED", help=FEED)
    fields.add_argument("--definition", metavar="FILE", help="a definition file of your own")
    _add_spellings(fields, "the definition")
    lint = _add(
        commands,
        "lint",
        "definition_commands:lint",
        help="check definitions as a reviewer would",
        description="Check definition files: keys, expressions and names, how keys flow through "
        "the pipelines, and the approval checklist. Each finding has the code of its rule. "
        "Runs nothing of a definition, and makes no requests.",
        epilog="To silence a finding, put a comment on its line or above it: "
        "# lint: ignore CDF104 because ... - Exit codes: 0 no finding, 1 findings, 2 usage.",
    )
    lint.add_argument(
        "files", nargs="*", metavar="FILE", help="definition files; default: the built-in ones"
    )
    _add_format(lint, "findings")
    lint.add_argument(
        "--explain", metavar="CODE", help="say what a rule checks and why, with an example"
    )
    _add_filters(lint)
    _add_spellings(lint, "the definitions")
    diff = _add(
        commands,
        "diff",
        "emulator_commands:diff",
        help="show what an upgrade from one definition to another will do",
        description="Compare two versions of a definition, authored or built: user fields, feeds "
        "and namespaces, object identity, attributes, ingest rules, requests and steps. Then run "
        "both over the samples of the vendor's guide in the built-in emulator, and show which "
        "objects differ. Nothing leaves this machine.",
        epilog="Exit codes: 0 no difference, 1 differences, 2 a definition cannot be used, or a "
        "run did not complete.",
    )
    diff.add_argument("old", metavar="OLD.yaml", help="the definition that is installed")
    diff.add_argument("new", metavar="NEW.yaml", help="the one that would replace it")
    _add_set(diff, "a user field as you have it configured, for the runs; repeatable")
    diff.add_argument("--no-run", action="store_true", help="compare the text only, run nothing")
    _add_format(diff, "difference")


def _add_bundle(commands: "_Commands[Parser]") -> None:
    build = _add(
        commands,
        "build",
        "definition_commands:build",
        help="build the zip that a ThreatQ administrator unpacks",
        description="Turn the definitions and their Python filters into one native YAML file, and "
        "pack it with the custom object, the guide, the logo and a manifest. Prints which "
        "constructs of the YAML no public source confirms, and what to check on the first upload.",
    )
    build.add_argument(
        "--output", default="dist", metavar="FOLDER", help="where to write; default: dist"
    )
    build.add_argument("--yaml", action="store_true", help="also write the YAML next to the zip")
    _add_spellings(build, "the built file")
    verify = _add(
        commands,
        "verify",
        "definition_commands:verify",
        help="check a bundle before you upload it",
        description="Check the sums, versions, custom object, logo, limits and definition of a "
        "bundle. Exit codes: 0 it can be uploaded, 1 it cannot, and why.",
    )
    verify.add_argument("zip", metavar="ZIP")


def _add_set(parser: Parser, help_: str) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        dest="assignments",
        help=help_,
    )


def _add_format(parser: Parser, what: str) -> None:
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help=f"format of the {what}"
    )


def _add_filters(parser: Parser) -> None:
    parser.add_argument(
        "--filters",
        metavar="FOLDER",
        help="folder of the Python filters; default: ../filters of each definition file",
    )


def _add_spellings(parser: Parser, what: str) -> None:
    parser.add_argument(
        "--spellings",
        metavar="FILE",
        help=f"YAML file of the words that {what} spells differently",
    )


def _integer(least: int, most: int) -> Callable[[str], int]:
    """Return the type of an option; argparse names the option when it raises."""

    def read(text: str) -> int:
        # the length first: Python refuses to read a number of thousands of digits
        if not text.isdecimal() or len(text) > len(str(most)) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"expected an integer from {least} to {most}")
        return int(text)

    return read


def _rate(text: str) -> float:
    """Return a number in its bounds; argparse names the option when this raises."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not MIN_RATE <= number <= MAX_RATE:
        raise argparse.ArgumentTypeError(f"expected a number from {MIN_RATE} to {MAX_RATE}")
    return number
