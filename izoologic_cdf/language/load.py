"""Loading a definition: from a file to the model, with every mistake found on the way."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from izoologic_cdf.language import codes, model
from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.language.fields import (
    FULFILLMENT,
    PRIMARY,
    SUPPLEMENTAL,
    feed_type,
    read_fields,
)
from izoologic_cdf.language.nodes import Document, Entry, Node, read
from izoologic_cdf.language.pipelines import Scope, compile_pipeline
from izoologic_cdf.language.positions import DefinitionError, Finding, did_you_mean
from izoologic_cdf.language.pyfilters import PythonFilters
from izoologic_cdf.language.reports import compile_report
from izoologic_cdf.language.schema import keyed
from izoologic_cdf.language.sources import compile_source
from izoologic_cdf.language.values import Value, compile_value

# how since and until are rendered where a feed does not say
DEFAULT_TIMESTAMP_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
# names that every expression may use, beside the template values
EVERYWHERE = frozenset({"user_fields", "run_meta"})
RULE_UPDATE = "update"
_T = TypeVar("_T")


def load(
    path: Path, filters: Path | None = None, *, missing: Missing = Missing.NULL
) -> model.Definition:
    """Load a definition file.

    `filters` is the folder of the Python filters: `filters` beside the folder of the file when
    it is not given.

    Raises:
        DefinitionError: with every finding, each with file, line and column.
    """
    python = PythonFilters(filters or path.resolve().parent.parent / "filters")
    return load_document(read(path), path, python, missing=missing)


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
        self._findings: list[Finding] = []

    def load(self) -> model.Definition:
        document = self._document
        keys = keyed(document, document.root, "definition")
        values = self._template_values(keys.get("template_values"), EVERYWHERE)
        feeds = {}
        calls: list[tuple[model.Feed, str, Node]] = []
        for entry in document.entries(keys["feeds"], "feeds"):
            try:
                loader = _FeedLoader(self._scope(frozenset(values)), entry)
                feed = feeds[entry.key] = loader.load()
                calls += [(feed, name, node) for name, node in loader.calls]
            except DefinitionError as error:
                self._findings += error.findings
        for feed, name, node in calls:
            self._check_call(feeds, feed, name, node)
        if not self._findings:
            self._refuse_rounds(calls)
        if self._findings:
            raise DefinitionError(self._findings)
        return model.Definition(
            path=self._path,
            version=document.text(keys["version"], "version"),
            required_threatq_version=document.text(
                keys["required_threatq_version"], "required_threatq_version"
            ),
            template_values=values,
            feeds=feeds,
        )

    def _scope(self, names: frozenset[str]) -> Scope:
        return Scope(self._document, EVERYWHERE | names, self._missing, self._python)

    def _template_values(self, node: Node | None, names: frozenset[str]) -> dict[str, Value]:
        if node is None:
            return {}
        values: dict[str, Value] = {}
        for entry in self._document.entries(node, "template_values"):
            # a template value may use those that stand before it
            values[entry.key] = compile_value(
                self._document, entry.value, names | set(values), self._missing
            )
        return values

    def _check_call(
        self, feeds: dict[str, model.Feed], caller: model.Feed, name: str, node: Node
    ) -> None:
        wanted = FULFILLMENT if caller.report and _fulfills(caller, name) else SUPPLEMENTAL
        if name not in feeds:
            if not self._findings:  # a feed with findings of its own is not a missing feed
                hint = did_you_mean(name, feeds)
                self._findings.append(
                    self._document.finding(
                        node, f"there is no feed {name!r}", hint, codes.NO_SUCH_TARGET
                    )
                )
        elif feeds[name].feed_type != wanted:
            self._findings.append(
                self._document.finding(
                    node,
                    f"{name!r} is a {feeds[name].feed_type} feed, a {wanted} one is due here",
                    code=codes.NO_SUCH_TARGET,
                )
            )

    def _refuse_rounds(self, calls: list[tuple[model.Feed, str, Node]]) -> None:
        """Refuse a feed that calls itself, by way of others too: it would never end."""
        callees: dict[str, set[str]] = {}
        for feed, name, _ in calls:
            callees.setdefault(feed.name, set()).add(name)
        for feed, name, node in calls:
            reached, waiting = set(), [name]
            while waiting:
                called = waiting.pop()
                if called not in reached:
                    reached.add(called)
                    waiting += callees.get(called, ())
            if feed.name in reached:
                message = f"the feed {feed.name!r} calls itself by way of this"
                self._findings.append(
                    self._document.finding(node, message, code=codes.NO_SUCH_TARGET)
                )


def _fulfills(feed: model.Feed, name: str) -> bool:
    return feed.report is not None and any(
        object_set.fulfillment == name for object_set in feed.report.object_sets
    )


class _FeedLoader:
    """One feed; findings of its parts are collected, so that one run shows them all."""

    def __init__(self, scope: Scope, entry: Entry) -> None:
        self._document = scope.document
        self._entry = entry
        self._base = scope
        self._findings: list[Finding] = []
        self.calls = scope.calls

    def load(self) -> model.Feed:
        document, entry = self._document, self._entry
        keys = keyed(document, entry.value, "feed")
        kind = feed_type(document, keys.get("feed_type"))
        scope = self._base if kind == PRIMARY else self._base.with_names("run_params")

        def text(key: str) -> str | None:
            return document.text(keys[key], key) if key in keys else None

        source = self._collected(lambda: compile_source(scope, keys.get("source")))
        filters = self._collected(lambda: self._filters(scope, keys.get("filters"), kind))
        report = self._collected(lambda: compile_report(scope, keys.get("report")))
        fields = self._collected(lambda: read_fields(document, keys.get("user_fields")))
        rules = self._collected(lambda: self._rules(keys.get("ingest_rules")))
        if source is None and kind != FULFILLMENT and "source" not in keys:
            self._findings.append(document.finding(entry.key_node, "this feed lacks a source"))
        if self._findings:
            raise DefinitionError(self._findings)
        return model.Feed(
            name=entry.key,
            position=document.position(entry.key_node),
            feed_type=kind,
            category=text("category"),
            namespace=text("namespace"),
            default_indicator_status=text("default_indicator_status"),
            timestamp_format=text("timestamp_format") or DEFAULT_TIMESTAMP_FORMAT,
            user_fields=fields or (),
            updatable=rules or frozenset(),
            source=source,
            filters=filters or (),
            report=report,
        )

    def _collected(self, part: Callable[[], _T]) -> _T | None:
        try:
            return part()
        except DefinitionError as error:
            self._findings += error.findings
            return None

    def _filters(self, scope: Scope, node: Node | None, kind: str) -> model.Pipeline:
        if node is None:
            return ()
        pipeline = compile_pipeline(scope.with_names("value"), node)
        tracks = [step for step in _nested(pipeline) if isinstance(step, model.Track)]
        at_top = [step for step in pipeline if isinstance(step, model.Track)]
        if len(tracks) > 1 or tracks != at_top or (tracks and kind != PRIMARY):
            raise self._document.error_at(
                tracks[-1].position,
                "track stands at most once, at the top level of the filters of a primary feed",
            )
        return pipeline

    def _rules(self, node: Node | None) -> frozenset[str]:
        document = self._document
        if node is None:
            return frozenset()
        names = set()
        rules = keyed(document, node, "ingest rules")["attributes"]
        for element in document.items(rules, "attribute rules"):
            keys = keyed(document, element, "attribute rule")
            rule = document.text(keys["rule"], "rule")
            if rule != RULE_UPDATE:
                raise document.error(keys["rule"], f"unknown rule {rule!r}", "update is known")
            names.add(document.text(keys["name"], "name"))
        return frozenset(names)


def _nested(pipeline: model.Pipeline) -> Iterator[model.Filter]:
    for step in pipeline:
        yield step
        if isinstance(step, model.If | model.Each | model.Warn):
            yield from _nested(step.filters)
        if isinstance(step, model.FilterMapping):
            for inner in step.pipelines.values():
                yield from _nested(inner)
