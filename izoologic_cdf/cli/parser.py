"""The parser of the command line: every command, its options and its help.

Nothing heavy is imported here, so that `--help` answers at once.
"""

import argparse
import functools

from izoologic_cdf.cli import streams
from izoologic_cdf.cli.arguments import Parser
from izoologic_cdf.cli.definition_arguments import add_bundle, add_definitions, add_emulators
from izoologic_cdf.cli.engineer_arguments import add_explanations, add_own_copies
from izoologic_cdf.cli.library_arguments import (
    add_browse,
    add_library,
    add_push,
    add_status,
)
from izoologic_cdf.cli.run_arguments import add_runs
from izoologic_cdf.cli.view_arguments import add_lists

# in the order of the help; each adds the commands of one subject
GROUPS = (
    add_runs,
    add_status,
    add_lists,
    add_browse,
    add_push,
    add_library,
    add_emulators,
    add_definitions,
    add_explanations,
    add_own_copies,
    add_bundle,
)


class _ShowVersion(argparse.Action):
    """Prints the version and ends."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        # loading it takes longer than the rest of the help
        from importlib.metadata import version  # noqa: PLC0415

        streams.tell(f"{parser.prog} {version('izoologic-cdf')}")
        parser.exit()


@functools.cache
def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line; a process that runs commands makes it once."""
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
    return parser
