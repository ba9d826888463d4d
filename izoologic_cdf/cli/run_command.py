"""What runs feeds: `run`, `backfill`, `sync` and `retry` differ only in their plan; `check`."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from izoologic_cdf.cli import streams
from izoologic_cdf.cli.configuration import RUN_FIELDS, configured
from izoologic_cdf.cli.form import ALL, Found, find_feeds
from izoologic_cdf.cli.moments import parse_range, parse_time
from izoologic_cdf.cli.progress_bar import Verbosity, progress
from izoologic_cdf.content import object_names
from izoologic_cdf.errors import CdfError, UsageError
from izoologic_cdf.language.load import filters_of, load_document
from izoologic_cdf.language.model import Definition, Feed
from izoologic_cdf.language.positions import did_you_mean
from izoologic_cdf.language.pyfilters import PythonFilters
from izoologic_cdf.language.steps import Track
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime import plan
from izoologic_cdf.runtime.access import LIMITS, Access, check_access
from izoologic_cdf.runtime.feeds import parts_of
from izoologic_cdf.runtime.http import Limits
from izoologic_cdf.runtime.run import FeedRun, Settings
from izoologic_cdf.runtime.state import State
from izoologic_cdf.runtime.summary import EXIT_CODES, Summary
from izoologic_cdf.runtime.windows import SystemClock, split_range, stamp

# the longest run that the API takes on the platform (I-08)
LONGEST_RUN = 30
# the exit code of a feed that its configuration keeps from running, as of a command
NOT_STARTED = 2
# a feed that has no such part has nothing to leave out
KNOWN_PARTS = frozenset({"messages", "files"})
Planner = Callable[[State], plan.Plan]


def run(options: argparse.Namespace) -> int:
    """Request a range, whatever was finished before."""
    since, until = _range(options)
    return _execute(options, lambda _: plan.whole(since, until))


def backfill(options: argparse.Namespace) -> int:
    """Request the parts of a range that are not finished yet."""
    since, until = _range(options)
    now = SystemClock().now()
    return _execute(options, lambda state: plan.backfill(state, since, until, now))


def sync(options: argparse.Namespace) -> int:
    """Request everything since the last finished point, and every gap before it."""
    now = SystemClock().now()
    since = parse_time(options.since, "since", now) if options.since else None
    if since is not None and since >= now:
        raise UsageError("--since must be in the past")

    def planner(state: State) -> plan.Plan:
        planned = plan.sync(state, now, since)
        if planned.origin is not None:
            _report(options, f"the first sync begins at {stamp(planned.origin)}")
            if others := state.tenant.others():
                _report(options, f"the library has other tenants of this feed: {', '.join(others)}")
        return planned

    code = _execute(options, planner)
    if options.push is None or code == EXIT_CODES["interrupted"]:
        return code
    # only who pushes waits until its modules are loaded
    from izoologic_cdf.cli.push_command import push_after  # noqa: PLC0415

    return worse(code, push_after(options))


def worse(*codes: int) -> int:
    """Return the exit code of several runs as one."""
    order = [EXIT_CODES["complete"], EXIT_CODES["partial"], EXIT_CODES["failed"], NOT_STARTED]
    return max(codes, key=[*order, EXIT_CODES["interrupted"]].index)


def retry(options: argparse.Namespace) -> int:
    """Retry deferred cases, abandoned or not."""
    now = SystemClock().now()
    cases = frozenset(options.cases)
    if cases and options.feed == ALL:
        raise UsageError("a case belongs to one feed: name it instead of all")

    def planner(state: State) -> plan.Plan:
        tenant, waiting = state.tenant, sorted({one.case_id for one in state.deferred()})
        if tenant.id is None and tenant.settled and (others := tenant.others()):
            raise UsageError(
                f"the library has no such tenant of this feed; it has: {', '.join(others)}"
            )
        unknown = sorted(cases - set(waiting))
        if unknown:
            raise UsageError(
                f"not deferred: {', '.join(unknown)}; deferred: {', '.join(waiting) or 'none'}"
            )
        return plan.retry(now, cases)

    return _execute(options, planner)


def check(options: argparse.Namespace) -> int:
    """Say what the keys may do; 1 without a login or a list, 3 where something else is refused."""

    def do(found: Found) -> Access:
        values, settings = _settle(found, options)
        definition, feed, settings = _load(found, settings)
        if not any(isinstance(step, Track) for step in feed.filters):
            raise UsageError(
                f"{feed.name} tracks no cases, so nothing can be tried with one of them: check an "
                "authored definition, not a built one"
            )
        limits = LIMITS._replace(requests_per_second=options.requests_per_second)
        access = check_access(definition, feed, values, SystemClock(), limits, settings.without)
        for warning in access.warnings:
            streams.complain(f"warning: {warning}")
        return access

    return _for_each(options, do)


def windows(options: argparse.Namespace) -> int:
    """Print the manual runs that cover a range on the platform."""
    since, until = _range(options)
    for window in split_range(since, until, LONGEST_RUN):
        streams.tell(f"{stamp(window.since)}  {stamp(window.until)}")
    return 0


def _range(options: argparse.Namespace) -> tuple[int, int]:
    since, until, future = parse_range(options.since, options.until, SystemClock().now())
    if future:
        _report(options, "--until is in the future; using now")
    return since, until


def _report(options: argparse.Namespace, text: str) -> None:
    if not getattr(options, "quiet", False):
        streams.complain(text)


def _execute(options: argparse.Namespace, planner: Planner) -> int:
    verbosity: Verbosity = options.quiet or options.verbose or "usual"
    with counted(options) as counts:

        def do(found: Found) -> Summary:
            values, settings = _settle(found, options)
            settings = replace(settings, **counts)
            return run_feed(found, values, options.library, settings, planner, verbosity)

        return _for_each(options, do)


def counted(options: argparse.Namespace) -> AbstractContextManager[Mapping[str, Any]]:
    """Return the settings of runs that count, or none; at the end, `--ledger` is written."""
    if options.ledger is None:
        return nullcontext({})
    # only who counts waits until its modules are loaded
    from izoologic_cdf.cli.explain_command import counting  # noqa: PLC0415

    return counting(options.ledger, options.definition)


def _for_each(options: argparse.Namespace, do: Callable[[Found], Summary | Access]) -> int:
    """Do it for the feed, or for all feeds one after the other; return the worst exit code."""
    founds = find_feeds(options.feed, options.definition, options.filters, options.spellings)
    if options.feed != ALL:
        done = do(founds[0])
        _tell(options, done, done.as_data())
        return done.exit_code
    data, codes = list[Any](), list[int]()
    for found in founds:
        try:
            done = do(found)
        except CdfError as error:
            # what one feed lacks does not stop the others
            first, *others = error.report
            streams.complain(f"izoologic-cdf: {found.form.feed}: {first}", *others)
            codes.append(NOT_STARTED)
            continue
        if options.format == "text":
            _tell(options, done, apart=bool(data))
        data.append(done.as_data())
        codes.append(done.exit_code)
        if done.exit_code == EXIT_CODES["interrupted"]:
            break
    if options.format == "json":
        _tell(options, None, data)
    return worse(*codes)


def _tell(
    options: argparse.Namespace,
    done: Summary | Access | None,
    data: Any = None,
    *,
    apart: bool = False,
) -> None:
    """Print what was done: as text, `apart` from what stands above it, or as these data."""
    try:
        if options.format == "json":
            streams.tell_text(json.dumps(data, indent=2))
        elif done is not None and (done.exit_code or not getattr(options, "quiet", None)):
            streams.tell_text("\n" * apart + done.as_text(object_names()))
    except BrokenPipeError:
        # the outcome of the run counts, whether or not anybody reads it
        streams.discard(sys.stdout)


def _settle(found: Found, options: argparse.Namespace) -> tuple[dict[str, Any], Settings]:
    """Return the value of each field of the form, and how the feed is run."""
    values = configured(found.fields, found.foreign, options)
    own = {field.name for field in found.fields}
    of_run = {f.name: values.pop(f.name) for f in RUN_FIELDS if f.name not in own}
    left_out = ",".join([*options.without, of_run.get("without") or ""])
    return values, Settings(
        options.in_flight,
        Limits(requests_per_second=options.requests_per_second),
        tenant=options.tenant or of_run.get("tenant") or "",
        same_tenant=options.same_tenant,
        without=frozenset(left_out.replace(",", " ").split()),
    )


def _load(found: Found, settings: Settings) -> tuple[Definition, Feed, Settings]:
    """Load the definition; return it, the feed, and the settings in its words.

    Raises:
        DefinitionError: the definition cannot be used.
        UsageError: it has no such part as is to be left out.
    """
    python = PythonFilters(found.filters or filters_of(found.path))
    definition = load_document(found.document, found.path, python)
    settings = replace(settings, without=_left_out(definition, settings.without))
    return definition, definition.feeds[found.form.feed], settings


def run_feed(
    found: Found,
    values: dict[str, Any],
    library: str | Path,
    settings: Settings,
    planner: Planner,
    verbosity: Verbosity = "usual",
) -> Summary:
    """Load the definition, open the library, plan and run.

    Raises:
        DefinitionError, LibraryError: the definition or the library cannot be used.
    """
    definition, feed, settings = _load(found, settings)
    shown = progress(sys.stderr, verbosity)
    try:
        with Library.create(library) as opened:
            if (word := opened.protect()) and verbosity != "quiet":
                streams.complain(f"warning: {word}")
            state = State(opened, feed, values, settings.tenant)
            planned = planner(state)
            return FeedRun(definition, feed, values, planned, opened, shown, settings).run()
    finally:
        shown.close()


def _left_out(definition: Definition, names: Iterable[str]) -> frozenset[str]:
    """Return the parts that are not requested, as the definition names them."""
    parts = set(parts_of(definition).values())
    for name in names:
        if name not in parts | KNOWN_PARTS:
            hint = did_you_mean(name, parts | KNOWN_PARTS)
            raise UsageError(f"--without: cases have no part {name!r}; {hint}")
    # a feed without such a part has nothing to leave out
    return frozenset(names) & parts
