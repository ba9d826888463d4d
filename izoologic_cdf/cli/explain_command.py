"""`explain` and `ledger`: how values came about, over an emulator, a record or a tenant."""

import argparse
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import yaml

from izoologic_cdf.cli import file_output, streams
from izoologic_cdf.cli.configuration import configured, read_assignments, resolve
from izoologic_cdf.cli.form import Found, definition_files, find_feeds
from izoologic_cdf.cli.moments import parse_range
from izoologic_cdf.cli.watching import watch
from izoologic_cdf.content import folder
from izoologic_cdf.emulator import Emulator, load_scenario
from izoologic_cdf.errors import ItemError, UsageError
from izoologic_cdf.explain.ledger import CountedFeeds, Ledger
from izoologic_cdf.explain.paths import place
from izoologic_cdf.explain.story import NotListedError, Story, Teller
from izoologic_cdf.explain.telling import Data, Masker, as_data, as_page, as_text, evaluations
from izoologic_cdf.explain.trace import TracedFeeds, TracedTransport
from izoologic_cdf.language import model
from izoologic_cdf.language.load import filters_of, load_document
from izoologic_cdf.language.pyfilters import PythonFilters
from izoologic_cdf.runtime.bodies import Response, read_json
from izoologic_cdf.runtime.failures import OK
from izoologic_cdf.runtime.http import Limits, Request
from izoologic_cdf.runtime.redactor import Redactor
from izoologic_cdf.runtime.windows import DAY, EARLIEST, Clock, SystemClock, Window

# how many cases a message names
_MAX_NAMED = 10
FIELDS = "mapping/fields.yaml"
_Told = TypeVar("_Told")


def explain(options: argparse.Namespace) -> int:
    """Print how the values of one case came about; with `--watch` after each change again."""
    if options.watch:
        return watch(_files(options), lambda: _explain(options))
    return _explain(options)


def _files(options: argparse.Namespace) -> Iterator[Path]:
    """Yield what an explanation depends on."""
    paths = [Path(options.definition)] if options.definition is not None else definition_files()
    yield from paths
    yield Path(options.filters) if options.filters is not None else filters_of(paths[0])
    yield from (Path(one) for one in (options.record, options.spellings) if one is not None)


def _explain(options: argparse.Namespace) -> int:
    personal = read_fields(options.definition)["personal"]
    with _source(options) as source:
        story, redactor = _find(options, source)
    masker = Masker(personal, redactor, show_data=options.show_data)
    if options.expr is not None:
        found = evaluations(story, options.expr, options.step, masker)
        lines = [f"{one['at']}  {one['step']}: {one['value']}" for one in found]
        streams.tell_text(
            json.dumps(found, indent=2) if options.format == "json" else "\n".join(lines)
        )
        return 0
    data = as_data(story, masker, options.attribute)
    if options.output is not None:
        page = [as_page(data).encode("utf-8", "replace")]
        # with --show-data there are passwords in it
        path = file_output.write(page, "explanation.html", options.output, force=True)
        if path is not None:
            streams.tell(f"written: {path}")
    elif options.format == "json":
        streams.tell_text(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        streams.tell_text(as_text(data, in_full=options.attribute is not None))
    return 0


def explanation(options: argparse.Namespace) -> Data:
    """Return the explanation of a case, for a document."""
    with _source(options) as source:
        story, redactor = _find(options, source)
    return as_data(story, Masker(read_fields(None)["personal"], redactor), options.attribute)


def ledger(options: argparse.Namespace) -> int:
    """Print what becomes of each field of the answers; 1 when one is neither mapped nor ignored."""
    counted = count(options)
    if options.format == "json":
        streams.tell_text(counted.as_json())
    else:
        streams.tell_text(counted.as_text())
    return 1 if counted.unmapped else 0


def count(options: argparse.Namespace) -> Ledger:
    """Return the ledger of every case of the range; raises UsageError where one is not given."""
    counted = Ledger(read_fields(options.definition)["ignored"])
    for _ in _through(options, Teller.cases, partial(CountedFeeds, counted)):
        pass
    return counted


def stories(options: argparse.Namespace) -> Iterator[Story]:
    """Yield the story of each case of the range; raises UsageError where a list is not given."""
    return _through(options, Teller.stories)


@contextlib.contextmanager
def counting(file: str, definition: str | None) -> Iterator[Mapping[str, Any]]:
    """Yield the settings of runs whose ledger is written to a file, however they end.

    Raises:
        UsageError: it cannot be written; nothing has run.
    """
    path, counted = Path(file), Ledger(read_fields(definition)["ignored"])
    _write(path, "")
    try:
        yield {"feeds": partial(CountedFeeds, counted), "transport": TracedTransport}
    finally:
        text = counted.as_json() if path.suffix == ".json" else counted.as_text()
        _write(path, f"{text}\n")


def _through(
    options: argparse.Namespace,
    do: Callable[[Teller], Iterator[_Told]],
    feeds: Callable[..., TracedFeeds] = TracedFeeds,
) -> Iterator[_Told]:
    """Yield what each feed's teller tells; raises UsageError where a list is not given."""
    with _source(options) as source:
        founds = find_feeds(options.feed, options.definition, options.filters, options.spellings)
        for found in founds:
            teller, redactor = teller_of(found, options, source, feeds)
            try:
                yield from do(teller)
            except ItemError as error:
                at = f" [{place(error.position)}]" if error.position is not None else ""
                raise UsageError(f"{found.form.feed}: {redactor(error.message)}{at}") from None


def read_fields(definition: str | None) -> Mapping[str, Any]:
    """Return what the mapping ignores of the answers, and what is personal in them.

    An own copy of the definition has a table of its own: `../fixtures/mapping/fields.yaml`.
    """
    own = Path(definition or "").resolve().parent.parent / "fixtures" / FIELDS
    path = own if definition is not None and own.is_file() else folder("fixtures") / FIELDS
    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {part: dict(fields[part]) for part in ("ignored", "personal")}
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError):
        raise UsageError(f"{path} is no table of fields: expected ignored and personal") from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--ledger: {path} cannot be written: {error.strerror}") from None


# --- where the answers come from -----------------------------------------------------------------


@dataclass(slots=True)
class Source:
    """What answers, and which range of it is looked through."""

    transport: TracedTransport
    asked: Window
    values: Mapping[str, Any] | None
    is_record: bool = False


def read_record(path: Path) -> Mapping[str, Any]:
    """Return the bodies of a file by endpoint; raises UsageError for anything else."""
    form = (
        'expected {"CaseDetail": {...}, ...}: the last part of a path, and the body of its answer'
    )
    try:
        record = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"--record: {path}: {error.strerror or 'cannot be read'}") from None
    except ValueError as error:
        raise UsageError(f"--record: {path} is not JSON: {error}", form) from None
    if not isinstance(record, dict) or not record:
        raise UsageError(f"--record: {path} holds no answers", form)
    return record


class RecordedTransport(TracedTransport):
    """Answers from a record; sends nothing."""

    bodies: Mapping[str, Any]

    def answer(self, request: Request) -> Response:
        """Return the recorded body of an endpoint; raises ItemError where there is none."""
        path = urlsplit(request.url).path
        names = {request.endpoint.lower(), path.lower(), path.rpartition("/")[2].lower()}
        for name, body in self.bodies.items():
            if name.lower() in names:
                sent = body if isinstance(body, str) else json.dumps(body)
                raw = sent.encode("utf-8", "surrogatepass")
                return Response(OK, {}, read_json(raw) if request.json_due else raw)
        known = ", ".join(self.bodies)
        raise ItemError(f"the record has no answer of {request.endpoint}; it has {known}")


def without_login(definition: model.Definition) -> model.Definition:
    """Return a definition that requests no tokens."""
    feeds = {
        name: replace(feed, source=replace(feed.source, auth=None)) if feed.source else feed
        for name, feed in definition.feeds.items()
    }
    return replace(definition, feeds=feeds)


@contextlib.contextmanager
def _source(options: argparse.Namespace) -> Iterator[Source]:
    """Yield what answers: a record, a tenant, or else the emulator."""
    clock: Clock = SystemClock()
    now = clock.now()
    if options.record is not None and options.config is not None:
        raise UsageError("--record and --config are two sources of answers: drop one")
    since, until, _ = parse_range(options.since or "30d", options.until, now)
    if options.record is not None:
        record = RecordedTransport(clock, Limits())
        record.bodies = read_record(Path(options.record))
        whole = Window(since if options.since else EARLIEST, until)
        with record:
            yield Source(record, whole, {"api_host": "record"}, is_record=True)
        return
    with contextlib.ExitStack() as stack:
        asked, values = Window(since, until), None
        if options.config is None:
            scenario = load_scenario(options.scenario)
            emulator = stack.enter_context(Emulator(scenario))
            first = scenario.since if scenario.since is not None else EARLIEST
            asked = Window(first, scenario.until if scenario.until is not None else now)
            values = {
                "api_host": emulator.url,
                "api_key": emulator.api_key,
                "api_secret": emulator.secret_key,
            }
        transport = stack.enter_context(TracedTransport(clock, Limits(attempts=2)))
        yield Source(transport, asked, values)


def teller_of(
    found: Found,
    options: argparse.Namespace,
    source: Source,
    feeds: Callable[..., TracedFeeds] = TracedFeeds,
) -> tuple[Teller, Redactor]:
    """Return what tells the stories of a feed, and what masks its secrets."""
    python = PythonFilters(found.filters or filters_of(found.path))
    definition = load_document(found.document, found.path, python)
    if source.is_record:
        definition = without_login(definition)
    redactor = Redactor()
    if source.values is None:
        given = configured(found.fields, found.foreign, options)
        values = {field.name: given[field.name] for field in found.fields}
    else:
        given = read_assignments(options.assignments, found.fields)
        values = resolve(found.fields, found.foreign, [("--set", given)])
        own = {field.name for field in found.fields}
        values |= {name: value for name, value in source.values.items() if name in own}
    for field in found.fields:
        if field.mask and values.get(field.name):
            redactor.add(str(values[field.name]))
    feed = definition.feeds[found.form.feed]
    transport, asked = source.transport, source.asked
    return Teller(definition, feed, values, transport, redactor, asked, feeds), redactor


def _find(options: argparse.Namespace, source: Source) -> tuple[Story, Redactor]:
    """Return the story of the case, of whichever feed lists it."""
    founds = find_feeds(options.feed, options.definition, options.filters, options.spellings)
    said: list[str] = []
    for found in founds:
        teller, redactor = teller_of(found, options, source)
        try:
            return teller.find(options.case), redactor
        except NotListedError as error:
            known = ", ".join(error.listed[:_MAX_NAMED])
            more = ", ..." if len(error.listed) > _MAX_NAMED else ""
            said.append(
                f"{found.form.feed}: {error}" + (f"; it has {known}{more}" if known else "")
            )
        except ItemError as error:
            said.append(f"{found.form.feed}: {redactor(error.message)}")
    if source.values is None:
        said.append(
            f"the range looked through has {(source.asked.until - source.asked.since) // DAY} "
            "days; name another with --since and --until"
        )
    raise UsageError(f"{options.case or 'no case'} cannot be explained", *said)
