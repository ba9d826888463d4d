"""Loading a definition: from a file to the model, with every mistake found on the way."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from izoologic_cdf.language import codes, model
from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.language.fields import (
    CALLED,
    PRIMARY,
    SUPPLEMENTAL,
    feed_type,
    read_fields,
)
from izoologic_cdf.language.nodes import Document, Entry, Node, read
from izoologic_cdf.language.pipelines import Call, Scope, compile_pipeline
from izoologic_cdf.language.positions import Findings, did_you_mean
from izoologic_cdf.language.pyfilters import PythonFilters
from izoologic_cdf.language.reports import compile_report
from izoologic_cdf.language.schema import Parts
from izoologic_cdf.language.sources import compile_source

# how since and until are rendered where a feed does not say
DEFAULT_TIMESTAMP_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
# names that every expression may use, beside the template values
EVERYWHERE = frozenset({"user_fields", "run_meta"})
RULE_UPDATE = "update"


def load(
    path: Path, filters: Path | None = None, *, missing: Missing = Missing.NULL
) -> model.Definition:
    """Load a definition file.

    `filters` is the folder of the Python filters: `filters` beside the folder of the file when
    it is not given.

    Raises:
        DefinitionError: with every finding, each with file, line and column.
    """
    python = PythonFilters(filters or filters_of(path))
    return load_document(read(path), path, python, missing=missing)


def filters_of(path: Path) -> Path:
    """Return the folder of the Python filters of a definition file: `../filters`."""
    return path.resolve().parent.parent / "filters"


def load_document(
    document: Document, path: Path, python: PythonFilters, *, missing: Missing = Missing.NULL
) -> model.Definition:
    """Load a definition that was read already; raises DefinitionError as `load` does."""
    try:
        return _Loader(document, path, python, missing).load()
    except RecursionError:
        raise document.error(document.root, "the definition is nested too deeply") from None


class _Loader:
    def __init__(
        self, document: Document, path: Path, python: PythonFilters, missing: Missing
    ) -> None:
        self._document = document
        self._path = path
        self._python = python
        self._missing = missing
        self._found = Findings()

    def load(self) -> model.Definition:
        document = self._document
        parts = Parts(document, document.root, "definition")
        self._found = parts.found
        scope = Scope(document, EVERYWHERE, self._missing, self._python)
        values, scope = scope.named(parts.keys.get("template_values"), self._found)
        nodes = parts.part("feeds", lambda node: document.entries(node, "feeds", self._found))
        feeds: dict[str, model.Feed] = {}
        calls: list[tuple[str, Call]] = []
        for entry in nodes or ():
            own = replace(scope, calls=[])
            with self._found:
                feeds[entry.key] = _feed(own, entry)
            calls += [(entry.key, call) for call in own.calls]
        for _, call in calls:
            self._check_call(feeds, {entry.key for entry in nodes or ()}, call)
        version = parts.text("version") or ""
        required = parts.text("required_threatq_version") or ""
        if not self._found:
            self._refuse_rounds(calls)
        self._found.check()
        return model.Definition(self._path, version, required, values, feeds)

    def _check_call(self, feeds: dict[str, model.Feed], names: set[str], call: Call) -> None:
        """Check what is called against the names of all feeds, and the feeds that are sound."""
        name, message, hint = call.name, None, None
        if name not in names:
            message, hint = f"there is no feed {name!r}", did_you_mean(name, names)
        elif name in feeds and feeds[name].feed_type != call.kind:
            message = f"{name!r} is a {feeds[name].feed_type} feed, a {call.kind} one is due here"
        if message is not None:
            finding = self._document.finding(call.node, message, hint, codes.NO_SUCH_TARGET)
            self._found.add(finding)

    def _refuse_rounds(self, calls: list[tuple[str, Call]]) -> None:
        """Refuse a feed that calls itself, by way of others too: it would never end."""
        callees: dict[str, set[str]] = {}
        for caller, call in calls:
            callees.setdefault(caller, set()).add(call.name)
        for caller, call in calls:
            reached, waiting = set(), [call.name]
            while waiting:
                called = waiting.pop()
                if called not in reached:
                    reached.add(called)
                    waiting += callees.get(called, ())
            if caller in reached:
                message = f"the feed {caller!r} calls itself by way of this"
                finding = self._document.finding(call.node, message, code=codes.NO_SUCH_TARGET)
                self._found.add(finding)


def _feed(scope: Scope, entry: Entry) -> model.Feed:
    """Compile one feed; raises DefinitionError with the findings of all its parts."""
    document = scope.document
    parts = Parts(document, entry.value, "feed")
    kind = (
        PRIMARY
        if "feed_type" not in parts.keys
        else parts.part("feed_type", lambda node: feed_type(document, node))
    )
    if kind != PRIMARY:
        scope = scope.with_names("run_params")
    feed = model.Feed(
        name=entry.key,
        position=document.position(entry.key_node),
        feed_type=kind or PRIMARY,
        category=parts.text("category"),
        namespace=parts.text("namespace"),
        default_indicator_status=parts.text("default_indicator_status"),
        timestamp_format=parts.text("timestamp_format") or DEFAULT_TIMESTAMP_FORMAT,
        user_fields=parts.part("user_fields", lambda node: read_fields(document, node)) or (),
        updatable=parts.part("ingest_rules", lambda node: _rules(document, node)) or frozenset(),
        source=parts.part("source", lambda node: compile_source(scope, node)),
        filters=parts.part("filters", lambda node: _filters(scope, node, kind)) or (),
        report=parts.part("report", lambda node: compile_report(scope, node)),
    )
    if "source" not in parts.keys and kind in (PRIMARY, SUPPLEMENTAL):
        parts.found.add(document.finding(entry.key_node, "this feed lacks a source"))
    parts.check()
    return feed


def _filters(scope: Scope, node: Node, kind: str | None) -> model.Pipeline:
    pipeline = compile_pipeline(scope.with_names("value"), node)
    tracks = [step for step in _nested(pipeline) if isinstance(step, model.Track)]
    at_top = [step for step in pipeline if isinstance(step, model.Track)]
    if len(tracks) > 1 or tracks != at_top or (tracks and kind in CALLED):
        raise scope.document.error_at(
            tracks[-1].position,
            "track stands at most once, at the top level of the filters of a primary feed",
        )
    return pipeline


def _rules(document: Document, node: Node) -> frozenset[str]:
    parts = Parts(document, node, "ingest rules")
    elements = parts.due("attributes", lambda inner: document.items(inner, "attribute rules"))
    parts.check()
    names = set()
    for element in elements:
        with parts.found:
            names.add(_rule(document, element))
    parts.check()
    return frozenset(names)


def _rule(document: Document, node: Node) -> str:
    """Return the attribute that a rule is about."""
    parts = Parts(document, node, "attribute rule")
    name, rule = parts.text("name") or "", parts.text("rule")
    parts.check()
    if rule != RULE_UPDATE:
        raise document.error(parts.keys["rule"], f"unknown rule {rule!r}", "update is known")
    return name


def _nested(pipeline: model.Pipeline) -> Iterator[model.Filter]:
    for step in pipeline:
        yield step
        if isinstance(step, model.If | model.Each | model.Warn):
            yield from _nested(step.filters)
        if isinstance(step, model.FilterMapping):
            for inner in step.pipelines.values():
                yield from _nested(inner)
