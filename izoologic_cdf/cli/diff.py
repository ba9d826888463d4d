"""`diff`: what an upgrade from one version of a definition to another will do."""

import argparse
from pathlib import Path

from izoologic_cdf.bundle.build import BuildError
from izoologic_cdf.bundle.diff import compare
from izoologic_cdf.bundle.diff_forms import read_version
from izoologic_cdf.cli import streams
from izoologic_cdf.cli.main import UsageError
from izoologic_cdf.emulator import EmulatorError, load_scenario
from izoologic_cdf.language.positions import DefinitionError
from izoologic_cdf.library.model import LibraryError
from izoologic_cdf.runtime.configuration import ConfigurationError, read_assignments

SCENARIO = "guide"


def diff(options: argparse.Namespace) -> int:
    """Print the difference; 0 none, 1 some, 2 a run that did not complete."""
    if options.no_run and options.assignments:
        raise UsageError("--set is about the runs, and --no-run wants none: leave one of them away")
    try:
        old, new = (read_version(Path(name)) for name in (options.old, options.new))
    except DefinitionError as error:
        raise UsageError("a definition can't be used", *error.lines) from None
    except BuildError as error:
        raise UsageError(str(error)) from None
    fields = [
        field
        for version in (old, new)
        for feed in version.definition.primary_feeds
        for field in feed.user_fields
    ]
    try:
        given = read_assignments(options.assignments, fields)
        scenario = None if options.no_run else load_scenario(SCENARIO)
        difference = compare(old, new, scenario, given)
    except (ConfigurationError, EmulatorError, LibraryError) as error:
        raise UsageError(str(error)) from None
    streams.tell_text(difference.as_json() if options.format == "json" else difference.as_text())
    return difference.exit_code
