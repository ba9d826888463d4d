"""`library`, `status` and `runs`: what a library holds and how it stands. None makes a library."""

import argparse
import dataclasses
import json
from collections.abc import Iterable, Iterator
from typing import Any

from izoologic_cdf.cli import row_output, streams
from izoologic_cdf.library import export as exporting
from izoologic_cdf.library import show as showing
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.overview import (
    Overview,
    RunRecord,
    Standing,
    read_overview,
    read_run,
    read_runs,
)
from izoologic_cdf.runtime.summary import (
    EXIT_CODES,
    MAX_IDS,
    MAX_IDS_OF_PARTS,
    group_missing,
    name_some,
)
from izoologic_cdf.runtime.windows import SystemClock, Window, stamp

# reasons of what is missing, and gaps, that are listed of each feed and tenant
MAX_LISTED = 20
_UNITS = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))
_UNFINISHED = "not finished"
_RUN_COLUMNS = (
    "number", "feed", "host", "tenant", "since", "until", "started", "ended", "outcome",
    "created", "changed", "warnings", "failures", "errors",
)  # fmt: skip
_MESSAGE_COLUMNS = ("level", "text", "count", "cases", "more_cases")


def show(options: argparse.Namespace) -> int:
    """Print an overview, or the objects of one value."""
    with Library.open(options.library) as library:
        found = showing.show(library, options.value, passwords=options.show_passwords)
        streams.tell_all(line[:-1] for line in found)
    return 0


def export(options: argparse.Namespace) -> int:
    """Print the library as one JSON document."""
    with Library.open(options.library) as library:
        streams.pour(exporting.export(library))
    return 0


def status(options: argparse.Namespace) -> int:
    """Print how each feed of each tenant stands; return 3 where something is missing."""
    with Library.open(options.library) as library:
        overview = read_overview(library, SystemClock().now())
    if options.format == "json":
        data = {
            "library": options.library,
            "in_order": overview.in_order,
            "size": overview.size,
            "objects": overview.objects,
            "feeds": [_standing_data(one, overview.now) for one in overview.standings],
        }
        streams.tell_text(json.dumps(data, indent=2))
    else:
        streams.tell_all(_status_lines(options.library, overview))
    return EXIT_CODES["complete" if overview.in_order else "partial"]


def runs(options: argparse.Namespace) -> int:
    """Print the last runs, or one run with its messages."""
    with Library.open(options.library) as library:
        if options.number is None:
            records = read_runs(library, options.limit)
            data = [_run_data(one) for one in records]
            if options.format == "json":
                streams.tell_text(json.dumps(data, indent=2))
            elif options.format == "csv":
                cells = ([(one | one["counts"])[name] for name in _RUN_COLUMNS] for one in data)
                row_output.tell_csv(_RUN_COLUMNS, cells)
            else:
                streams.tell_all(_table(records))
            return 0
        record, kinds = read_run(library, options.number)
    messages = [{name: getattr(kind, name) for name in _MESSAGE_COLUMNS} for kind in kinds]
    if options.format == "json":
        streams.tell_text(json.dumps(_run_data(record) | {"messages": messages}, indent=2))
    elif options.format == "csv":
        rows = [one | {"cases": ", ".join(one["cases"])} for one in messages]
        row_output.tell_csv(_MESSAGE_COLUMNS, [list(row.values()) for row in rows])
    else:
        streams.tell_all([*_run_lines(record), *(f"  {kind.line()}" for kind in kinds)])
    return 0


# --- data ------------------------------------------------------------------------------------


def _run_data(record: RunRecord) -> dict[str, Any]:
    return {
        "number": record.number,
        "feed": record.of.feed,
        "host": record.of.host,
        "tenant": record.of.name,
        "since": record.since,
        "until": record.until,
        "started": record.started,
        "ended": record.ended,
        "outcome": record.outcome,
        "counts": record.counts,
    }


def _standing_data(standing: Standing, now: int) -> dict[str, Any]:
    groups = group_missing(standing.missing)
    until = standing.finished_until
    return {
        "feed": standing.of.feed,
        "host": standing.of.host,
        "tenant": standing.of.name,
        "in_order": standing.in_order,
        "last_run": _run_data(standing.last_run) if standing.last_run else None,
        "error": standing.error,
        "finished_until": None if until is None else stamp(until),
        "lag": None if until is None else max(0, now - until),
        "in_future": standing.in_future,
        "gaps": _ranges(standing.gaps),
        "too_old": _ranges(standing.too_old),
        "cases": {name: len(ids) for name, ids in _cases(standing).items()},
        "left_out": standing.left_out,
        "reasons": len(groups),
        "missing": [
            dataclasses.asdict(one) | {"count": len(one.cases), "cases": one.cases[:MAX_IDS]}
            for one in groups[:MAX_LISTED]
        ],
    }


def _ranges(windows: Iterable[Window]) -> list[dict[str, str]]:
    return [{"since": stamp(one.since), "until": stamp(one.until)} for one in windows]


def _cases(standing: Standing) -> dict[str, list[str]]:
    """Return the ids of cases that are deferred or abandoned, whole or in part."""
    return {
        name: list(dict.fromkeys(o.case_id for o in standing.missing if o.abandoned is abandoned))
        for name, abandoned in (("deferred", False), ("abandoned", True))
    }


# --- text ------------------------------------------------------------------------------------


def _status_lines(library: str, overview: Overview) -> Iterator[str]:
    objects = ", ".join(f"{name} {count:,}" for name, count in overview.objects.items())
    yield f"{library}: {'in order' if overview.in_order else 'something is missing'}"
    yield f"  size      {overview.size:,} bytes"
    yield f"  objects   {objects or 'none'}"
    if not overview.standings:
        yield "  runs      no feed has run yet"
    for standing in overview.standings:
        yield ""
        yield from _standing_lines(standing, overview.now)


def _standing_lines(standing: Standing, now: int) -> Iterator[str]:
    yield f"{standing.of.feed}, {standing.of.label}"
    if (last := standing.last_run) is not None:
        yield f"  last run  {last.number}: {last.started} UTC, {last.outcome or _UNFINISHED}"
        yield f"  range     {last.since} to {last.until} UTC"
    if standing.error is not None:
        yield f"  error     {standing.error}"
    if standing.finished_until is None:
        yield "  finished  nothing yet"
    elif standing.in_future:
        yield f"  finished  up to {stamp(standing.finished_until)} UTC, which lies in the future:"
        yield "            set the clock right, and the next sync requests again what was skipped"
    else:
        lag = _duration(max(0, now - standing.finished_until))
        yield f"  finished  up to {stamp(standing.finished_until)} UTC, {lag} ago"
    for label, windows in (("gap", standing.gaps), ("too old", standing.too_old)):
        for window in windows[-MAX_LISTED:]:
            yield f"  {label:<10}{window} UTC"
        if len(windows) > MAX_LISTED:
            yield f"  {label:<10}and {len(windows) - MAX_LISTED:,} earlier ones"
    for label, ids in _cases(standing).items():
        if ids:
            yield f"  {label:<10}{name_some(ids, MAX_IDS)}"
    groups = group_missing(standing.missing)
    for one in groups[:MAX_LISTED]:
        part = f"{one.part} of " if one.part else ""
        how = ", abandoned" if one.abandoned else ""
        yield f"  missing   {part}{name_some(one.cases, MAX_IDS_OF_PARTS)}{how}: {one.reason}"
    if len(groups) > MAX_LISTED:
        yield f"  missing   others, for {len(groups) - MAX_LISTED:,} further reasons"
    if standing.left_out:
        yield f"  left out  {standing.left_out:,} parts of cases"


def _duration(seconds: int) -> str:
    """Return a duration in the greatest unit that it holds twice."""
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds // size:,} {unit}"
    return f"{seconds} seconds"


def _table(records: list[RunRecord]) -> Iterator[str]:
    if not records:
        yield "no feed has run yet"
        return
    names = list(records[0].counts)
    heads = "".join(f"{name:>10}" for name in names)
    yield f"{'run':>6}  {'started (UTC)':<19}  {'outcome':<12}{heads}  {'range (UTC)':<42}  feed"
    for one in records:
        counts = "".join(f"{one.counts[name]:>10,}" for name in names)
        what = f"{one.outcome or _UNFINISHED:<12}{counts}  {one.since} to {one.until}"
        yield f"{one.number:>6}  {one.started}  {what}  {one.of.feed}, {one.of.label}"


def _run_lines(record: RunRecord) -> Iterator[str]:
    counts = record.counts
    yield f"run {record.number}: {record.of.feed}, {record.outcome or _UNFINISHED}"
    yield f"  tenant    {record.of.label}"
    yield f"  range     {record.since} to {record.until} UTC"
    yield f"  started   {record.started} UTC"
    if record.ended is not None:
        yield f"  ended     {record.ended} UTC"
    yield f"  objects   {counts['created']:,} created, {counts['changed']:,} last changed by it"
    said = (f"{counts[name]:,} {name}" for name in ("warnings", "failures", "errors"))
    yield f"  messages  {', '.join(said)}"
