"""`diff`: what an upgrade from one version of a definition to another will do."""

import argparse
from pathlib import Path

from izoologic_cdf.cli import streams
from izoologic_cdf.diff.compare import compare
from izoologic_cdf.diff.versions import read_version
from izoologic_cdf.emulator import load_scenario
from izoologic_cdf.errors import UsageError
from izoologic_cdf.runtime.configuration import read_assignments

SCENARIO = "guide"


def diff(options: argparse.Namespace) -> int:
    """Print the difference; 0 none, 1 some, 2 a run that did not complete."""
    if options.no_run and options.assignments:
        raise UsageError("--set is about the runs, and --no-run wants none: leave one of them away")
    old, new = (read_version(Path(name)) for name in (options.old, options.new))
    fields = [
        field
        for version in (old, new)
        for feed in version.definition.primary_feeds
        for field in feed.user_fields
    ]
    given = read_assignments(options.assignments, fields)
    scenario = None if options.no_run else load_scenario(SCENARIO)
    difference = compare(old, new, scenario, given)
    streams.tell_text(difference.as_json() if options.format == "json" else difference.as_text())
    return difference.exit_code
