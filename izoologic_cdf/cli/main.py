"""`izoologic-cdf`: the parser of the command line, and the way to each command.

Nothing heavy is imported here, so that `--help` answers at once.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence

USAGE_ERROR = 2
INTERRUPTED = 130
DEFAULT_LIBRARY = "izoologic.sqlite"

TIMES = (
    "a date (2025-08-01), a date and time (2025-08-01T12:30:00Z; without a zone it is UTC), "
    "epoch seconds, 30d or 12h for that long ago, or now"
)


class UsageError(Exception):
    """The command can't be carried out as it was given; the message says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 complete, 1 failed, 2 usage, configuration or definition, 3 partial, 130 interrupted.
    """
    options = build_parser().parse_args(arguments)
    module, _, function = str(options.command).partition(":")
    try:
        command: Callable[[argparse.Namespace], int] = getattr(
            importlib.import_module(f"izoologic_cdf.cli.{module}"), function
        )
        code = command(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever reads the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except UsageError as error:
        print(f"izoologic-cdf: {error}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    return code


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="izoologic-cdf",
        description="Follow iZoologic cases into a threat library: the feeds of the ThreatQ "
        "bundle 'iZoologic Sync Cases', runnable without ThreatQ.",
        epilog="Start with `izoologic-cdf demo`.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _demo(commands)
    _run(commands)
    _library(commands)
    _emulator(commands)
    _fields(commands)
    _lint(commands)
    _build(commands)
    _verify(commands)
    return parser


_Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it


def _demo(commands: "_Commands[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "demo",
        help="run both feeds over the built-in emulator and show what comes out",
        description="Start the emulator of the iZoologic API with the samples of the vendor's "
        "guide, run both feeds over it into a library in FOLDER, and show the summaries and a "
        "few objects in full. Nothing leaves this machine.",
    )
    parser.add_argument("folder", nargs="?", default="demo", metavar="FOLDER", help="default: demo")
    parser.set_defaults(command="demo:demo")


def _run(commands: "_Commands[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "run",
        help="run one feed over a range of time",
        description="Ask the API for every case updated in the range, with its details, "
        "communications and files, and report them into the library. A run can be repeated: "
        "what is there already is left as it is.",
        epilog=f"A time is {TIMES}. Exit codes: 0 complete, 3 partial (a case, file or row "
        "failed, or a part of the range could not be read), 1 failed, 2 usage or configuration.",
    )
    parser.add_argument(
        "feed", metavar="FEED", help="the feed's name, or a part of it: incident, dlr"
    )
    parser.add_argument("--since", required=True, metavar="T", help="begin of the range, inclusive")
    parser.add_argument("--until", metavar="T", help="end of the range, inclusive; default: now")
    feed_options(parser)
    parser.set_defaults(command="run:run")


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
        "--definition",
        metavar="FILE",
        help="run the feeds of this definition file instead of the built-in ones",
    )
    parser.add_argument(
        "--in-flight", type=int, default=8, metavar="N", help="cases at the same time; default: 8"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="form of the summary"
    )


def _library(commands: "_Commands[argparse.ArgumentParser]") -> None:
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
    show.set_defaults(command="library:show")
    export = actions.add_parser("export", help="print a library as one JSON document")
    export.add_argument("file", metavar="FILE")
    export.set_defaults(command="library:export")


def _emulator(commands: "_Commands[argparse.ArgumentParser]") -> None:
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
    parser.add_argument("--port", type=int, default=0, metavar="N", help="default: any free port")
    parser.set_defaults(command="emulator:serve")


def _fields(commands: "_Commands[argparse.ArgumentParser]") -> None:
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
    parser.set_defaults(command="fields:fields")


def _lint(commands: "_Commands[argparse.ArgumentParser]") -> None:
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
    parser.set_defaults(command="lint:lint")


def _build(commands: "_Commands[argparse.ArgumentParser]") -> None:
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
    parser.set_defaults(command="build:build")


def _verify(commands: "_Commands[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "verify",
        help="check a bundle before it is uploaded",
        description="Check sums, versions, custom object, logo, limits and the definition of a "
        "bundle. Exit codes: 0 it can be uploaded, 1 it can not, and why.",
    )
    parser.add_argument("zip", metavar="ZIP")
    parser.set_defaults(command="build:verify")


if __name__ == "__main__":
    sys.exit(main())
