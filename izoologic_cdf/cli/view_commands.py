"""What looks into a library: lists, `show`, `file`, `changes`, `count`, `browse`, `report`."""

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from izoologic_cdf.cli import file_output, row_output, streams
from izoologic_cdf.cli.moments import parse_range, parse_time
from izoologic_cdf.errors import UsageError
from izoologic_cdf.language.positions import did_you_mean
from izoologic_cdf.library import finding, queries
from izoologic_cdf.library.queries import Filters, Table
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.windows import SystemClock, Window, stamp

# what the text of a list shows, and the date by which the newest stands first
_SHOWN = {
    "cases": ("case_id", "brand", "status", "case_type", "incident_type", "updated", "url"),
    "accounts": ("account", "brand", "severity", "breach", "case_ids", "passwords", "published"),
    "indicators": ("indicator", "type", "status", "country", "case_ids", "published"),
    "notes": ("title", "brand", "posted_by", "published"),
    "files": ("name", "case_ids", "size", "published"),
    "changes": ("at", "run", "type", "value", "change", "name", "old", "new"),
}
_NEWEST = {"cases": "-updated"}
_ALL = "all"
# numbers of objects, which mean something in this library alone
_NUMBERS = frozenset({"id", "other_id"})
# values of a filter that are named where none is near to the one that was typed
MAX_KNOWN = 10


def show_list(options: argparse.Namespace) -> int:
    """Print a list."""
    kind = options.kind
    sort = _fold(options.sort) if options.sort else _NEWEST.get(kind, "-published")
    if options.reverse:
        sort = sort.removeprefix("-") if sort.startswith("-") else f"-{sort}"
    with _opened(options) as library:
        filters = _filters(options)
        columns = _columns(options)
        found = queries.read_list(
            library, kind, filters, columns=columns, sort=sort, limit=options.limit
        )
        if not found.rows:
            _hint(library, kind, filters)
    _tell(options, found, kind)
    return 0


def changes(options: argparse.Namespace) -> int:
    """Print what came, went or changed."""
    now = SystemClock().now()
    since = stamp(parse_time(options.since, "since", now))
    until = stamp(parse_time(options.until, "until", now)) if options.until is not None else None
    if until is not None and until < since:
        raise UsageError(f"--since must not be after --until: {since} is after {until} UTC")
    with _opened(options) as library:
        found = queries.read_changes(library, since, until, what=options.what, limit=options.limit)
    _tell(options, _pick(found, _columns(options)), "changes")
    return 0


def count(options: argparse.Namespace) -> int:
    """Print how many there are by attributes or columns."""
    with _opened(options) as library:
        filters = _filters(options)
        found = queries.count_by(library, options.kind, _names("by", options.by), filters)
        if not found.rows:
            _hint(library, options.kind, filters)
    total = sum(row[-1] for row in found.rows if isinstance(row[-1], int))
    heads = (*found.columns[:-1], options.kind)
    _tell(options, Table(heads, found.rows[: options.limit], total), options.kind)
    if options.format == "text" and options.limit is not None and options.limit < found.total:
        streams.tell(f"{options.limit:,} of {found.total:,} rows")
    return 0


def show(options: argparse.Namespace) -> int:
    """Print what was found in full."""
    passwords = options.show_passwords
    with _opened(options) as library:
        if options.format == "json":
            found = finding.find_documents(library, options.value, passwords=passwords)
            streams.tell_text(json.dumps(found, indent=2))
            if len(found) == finding.MAX_NAMED:
                streams.complain(f"these are the first {len(found):,} objects; lists show all")
        else:
            streams.tell_all(finding.find_lines(library, options.value, passwords=passwords))
    return 0


def write_file(options: argparse.Namespace) -> int:
    """Write the bytes of a file of a case, or list its files."""
    with _opened(options) as library:
        found = file_output.read_files(library, options.case)
        if options.name is None:
            row_output.tell_table(file_output.CaseFile._fields, found)
            return 0
        one, digest = file_output.choose(found, options.case, options.name, options.sha256)
        parts = library.read_content(digest)
        path = file_output.write(parts, one.name, options.output, force=options.force)
    if path is not None:
        streams.tell(f"{path}: {one.size:,} bytes, SHA-256 {digest}")
    return 0


def browse(options: argparse.Namespace) -> int:
    """Serve a library on loopback until SIGINT or SIGTERM."""
    try:
        from izoologic_cdf.browse.site import Site  # noqa: PLC0415 - needs an extra
    except ModuleNotFoundError as error:
        if str(error.name).startswith("izoologic_cdf"):
            raise
        raise UsageError("browse needs Datasette: pip install 'izoologic-cdf[browse]'") from None
    from izoologic_cdf.loopback.serving import serve_until_signal  # noqa: PLC0415

    _bring_up_to_date(options)
    site = Site(Path(options.library), options.port)
    serve_until_signal(
        site,
        lambda: streams.tell_text(
            f"{site.url} shows the library {options.library} to this machine. Stop it with Ctrl-C."
        ),
    )
    return 0


def report(options: argparse.Namespace) -> int:
    """Write a library as one HTML file."""
    from izoologic_cdf.browse.pages import render_report  # noqa: PLC0415 - loads Jinja2

    now = SystemClock().now()
    since, until, _ = parse_range(options.since, options.until, now)
    window, personal = Window(since, until), options.with_personal_data
    with _opened(options) as library:
        page = render_report(library, window, now, personal=personal).encode("utf-8", "replace")
    output = Path(options.output)
    try:
        file_output.replace(output, [page])
    except OSError as error:
        raise UsageError(f"the report {output} cannot be written: {error.strerror}") from None
    streams.tell(f"the report is {output}, readable by you alone")
    return 0


@contextmanager
def _opened(options: argparse.Namespace) -> Iterator[Library]:
    """Open the library in today's format, or say what it lacks."""
    _bring_up_to_date(options)
    with Library.open(options.library) as library:
        yield library


def _bring_up_to_date(options: argparse.Namespace) -> None:
    if word := Library.bring_up_to_date(options.library):
        streams.complain(f"warning: {word}")


def _filters(options: argparse.Namespace) -> Filters:
    now = SystemClock().now()
    times = {
        name: stamp(parse_time(text, name.replace("_", "-"), now))
        for name in ("since", "changed_since")
        if (text := getattr(options, name)) is not None
    }
    return Filters(
        options.brand, options.status, options.type, options.source, options.case,
        text=" ".join(options.words), **times,
    )  # fmt: skip


def _hint(library: Library, kind: str, filters: Filters) -> None:
    """Name the nearest value where nothing has one that a filter asks for."""
    for name in ("brand", "status", "type", "source", "case"):
        if not (given := getattr(filters, name)):
            continue
        known = queries.known_values(library, kind, name)
        lowered = [one.lower() for one in known]
        for value in given:
            if name == "case":
                has_it = any(value in (one, one.partition("#")[2]) for one in known)
            elif name == "source":
                has_it = any(value.lower() in one for one in lowered)
            else:
                has_it = value.lower() in lowered
            if not has_it:
                hint = did_you_mean(value, known, None if len(known) <= MAX_KNOWN else "")
                streams.complain(f"nothing has the {name} {value!r}{f'; {hint}' if hint else ''}")


def _columns(options: argparse.Namespace) -> Sequence[str]:
    """Return the names of columns that were chosen, or are shown; none stands for all."""
    if options.columns and options.columns != _ALL:
        return [_fold(name) for name in _names("columns", options.columns)]
    return _SHOWN[options.kind] if options.format == "text" and not options.columns else ()


def _fold(name: str) -> str:
    return "_".join(name.lower().split())


def _names(option: str, text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UsageError(f"--{option} names none")
    return names


def _pick(found: Table, columns: Sequence[str]) -> Table:
    """Return a table with these columns of it alone; with all for none."""
    for name in columns:
        if name not in found.columns:
            hint = did_you_mean(name, found.columns)
            raise UsageError(f"there is no column {name!r}; {hint}")
    places = [found.columns.index(name) for name in columns or found.columns]
    rows = [tuple(row[place] for place in places) for row in found.rows]
    return Table(tuple(columns) or found.columns, rows, found.total)


def _tell(options: argparse.Namespace, found: Table, kind: str) -> None:
    """Print the rows, and in the text below them how many there are."""
    if not getattr(options, "columns", None) or options.columns == _ALL:
        found = _pick(found, [name for name in found.columns if name not in _NUMBERS])
    if options.format == "json":
        row_output.tell_json(found.columns, found.rows)
    elif options.format == "csv":
        row_output.tell_csv(found.columns, found.rows)
    elif not found.rows:
        streams.tell(f"no {kind} found")
    else:
        row_output.tell_table(found.columns, found.rows)
        shown = len(found.rows)
        counted = f"{found.total:,} {kind.removesuffix('s') if found.total == 1 else kind}"
        is_cut = options.limit == shown and found.columns[-1] != kind and shown < found.total
        streams.tell("", f"{shown:,} of {counted}" if is_cut else counted)
