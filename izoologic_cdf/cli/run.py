"""`run`: one feed over a range of time."""

import argparse
import sys
from getpass import getpass
from pathlib import Path
from typing import Any

from izoologic_cdf.cli.feeds import Found, find_feed
from izoologic_cdf.cli.main import UsageError
from izoologic_cdf.cli.progress import progress
from izoologic_cdf.cli.times import parse_range
from izoologic_cdf.language.load import load
from izoologic_cdf.language.positions import DefinitionError
from izoologic_cdf.library.model import LibraryError
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime import configuration
from izoologic_cdf.runtime.clock import SystemClock
from izoologic_cdf.runtime.feeds import Range
from izoologic_cdf.runtime.run import FeedRun, Settings
from izoologic_cdf.runtime.summary import Summary

ENVIRONMENT = "IZOOLOGIC"


def run(options: argparse.Namespace) -> int:
    """Run a feed and print its summary."""
    found = find_feed(options.feed, options.definition)
    since, until, future = parse_range(options.since, options.until, SystemClock().now())
    if options.in_flight < 1:
        raise UsageError("--in-flight takes a whole number from 1")
    if future:
        print("--until lies in the future; now is taken", file=sys.stderr)
    values = configured(found, options)
    summary = run_feed(
        found, values, Range(since, until), options.library, Settings(options.in_flight)
    )
    print(summary.as_json() if options.format == "json" else summary.as_text())
    return summary.exit_code


def run_feed(
    found: Found, values: dict[str, Any], asked: Range, library: str | Path, settings: Settings
) -> Summary:
    """Load the definition, open the library and run.

    Raises:
        UsageError: the definition or the library can't be used.
    """
    try:
        definition = load(found.path)
    except DefinitionError as error:
        raise UsageError(f"the definition can't be used\n{error}") from None
    feed = definition.feeds[found.form.feed]
    shown = progress()
    try:
        with Library.create(library) as opened:
            return FeedRun(definition, feed, values, asked, opened, shown, settings).run()
    except LibraryError as error:
        raise UsageError(str(error)) from None
    finally:
        shown.close()


def configured(found: Found, options: argparse.Namespace) -> dict[str, Any]:
    """Return the value of every field of the feed, asking on a terminal for what is missing.

    Raises:
        UsageError: a field that is not known, a value that is none, a required one missing.
    """
    try:
        sources = [
            (options.config, configuration.read_file(Path(options.config)))
            if options.config
            else ("", {}),
            ("environment", configuration.environment(found.fields, ENVIRONMENT)),
            ("--set", configuration.read_assignments(options.assignments, found.fields)),
        ]
        values = configuration.resolve(found.fields, found.foreign, sources)
    except configuration.ConfigurationError as error:
        raise UsageError(str(error)) from None
    for field in configuration.missing(found.fields, values):
        if not sys.stdin.isatty():
            places = [
                options.config or "no --config given",
                f"{ENVIRONMENT}_{field.name.upper()} of the environment",
                "no terminal to ask on" if field.mask else f"--set {field.name}=...",
            ]
            raise UsageError(
                f"{field.label} ({field.name}) is missing; looked at: {', '.join(places)}"
            )
        ask = getpass if field.mask else input
        values[field.name] = ask(f"{field.label}: ")
        if not values[field.name].strip():
            raise UsageError(f"{field.label} ({field.name}) is missing")
    return values
