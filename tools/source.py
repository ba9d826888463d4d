"""The definition as the documents show it, in the view that is uploaded: its nodes, not the model.

Names of fields are shown as the vendor writes them, whatever case the definition reads them in.
"""

import csv
import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from izoologic_cdf.content import folder
from izoologic_cdf.language.fields import (
    PRIMARY,
    UserField,
    feed_nodes,
    feed_type,
    read_fields,
)
from izoologic_cdf.language.nodes import (
    EXPR,
    TMPL,
    Document,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    read,
)
from izoologic_cdf.language.pyfilters import PythonFilters
from izoologic_cdf.language.schema import of
from izoologic_cdf.language.steps import Supplemental

FEEDS = ("incident", "dlr")
"""The primary feeds, by a word of their names."""

CALL = of(Supplemental).words
"""How the keys of a supplemental call are spelt."""

_DEFINITION = "izoologic_sync_cases.yaml"
_WORD = re.compile(r"\w+")
_TEMPLATE_NAME = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class FeedSource:
    """One feed of a definition: its name, its kind, its parts by key."""

    name: str
    kind: str
    keys: dict[str, Node]


@dataclass(frozen=True, slots=True)
class Source:
    """The definition file, as far as one primary feed needs it; `word` is in the feed's name."""

    document: Document
    word: str

    @property
    def feeds(self) -> list[FeedSource]:
        """The primary feed and the feeds that it calls, by way of others too, in file order."""
        every = {}
        for name, node in feed_nodes(self.document):
            keys = self.mapping(node)
            every[name] = FeedSource(name, feed_type(self.document, keys.get("feed_type")), keys)
        reached = [
            one.name
            for one in every.values()
            if one.kind == PRIMARY and self.word in one.name.lower()
        ]
        for name in reached:
            named = {text for node in every[name].keys.values() for text in _texts(node)}
            reached += [other for other in every if other in named and other not in reached]
        return [one for name, one in every.items() if name in reached]

    @property
    def primary(self) -> FeedSource:
        """The primary feed."""
        return next(feed for feed in self.feeds if feed.kind == PRIMARY)

    @property
    def version(self) -> str:
        """The version of the integration."""
        return self.document.text(self.mapping(self.document.root)["version"], "version")

    @property
    def required_threatq_version(self) -> str:
        """The oldest ThreatQ that runs it, as the file writes it."""
        key = "required_threatq_version"
        return self.document.text(self.mapping(self.document.root)[key], key)

    def user_fields(self) -> tuple[UserField, ...]:
        """Return the form of the primary feed."""
        return read_fields(self.document, self.primary.keys.get("user_fields"))

    def mapping(self, node: Node) -> dict[str, Node]:
        """Return a mapping by key, merge keys resolved."""
        return {entry.key: entry.value for entry in self.document.entries(node, "a mapping")}

    def text(self, node: Node) -> str:
        """Return a value on one line, tags left out, with the vendor's names of fields."""
        if isinstance(node, MappingNode):
            inner = (f"{key}: {self.text(value)}" for key, value in self.mapping(node).items())
            return "{" + ", ".join(inner) + "}"
        if isinstance(node, SequenceNode):
            return "[" + ", ".join(self.text(element) for element in node.value) + "]"
        spelt = vendor_names()
        return _WORD.sub(lambda word: spelt.get(word[0], word[0]), " ".join(node.value.split()))

    def path(self, feed: FeedSource, url: Node) -> str:
        """Return the path of a feed's URL, with what its callers hand over as text."""
        handed = {"host": "", "api_url": ""}
        for caller in self.feeds:
            for word, argument in self.steps(caller.keys["filters"]):
                keys = self.mapping(argument) if word == Supplemental.word and argument else {}
                if CALL.params in keys and self.text(keys[CALL.feed]) == feed.name:
                    params = self.mapping(keys[CALL.params]).items()
                    plain = {key: node for key, node in params if node.tag not in (EXPR, TMPL)}
                    handed |= {f"run_params.{key}": str(node.value) for key, node in plain.items()}
        return _TEMPLATE_NAME.sub(lambda name: handed.get(name[1], name[0]), str(url.value))

    def native(self, python_filter: Node) -> Node:
        """Return the native form of a Python filter: a list of filters."""
        forms = read(PythonFilters(folder("filters")).native())
        return self.mapping(forms.root)[str(python_filter.value)]

    def steps(self, node: Node) -> Iterator[tuple[str, Node | None]]:
        """Yield the filters of a pipeline, or of one filter, as (word, argument); no grouping."""
        if isinstance(node, ScalarNode):
            yield str(node.value), None
        elif isinstance(node, SequenceNode):
            for element in node.value:
                yield from self.steps(element)
        else:
            for word, argument in self.mapping(node).items():
                if word == "chain":
                    yield from self.steps(argument)
                else:
                    yield word, argument


@functools.cache
def source(feed: str) -> Source:
    """Return the definition as far as a feed needs it, by its short name: incident or dlr."""
    return Source(read(folder("feeds") / _DEFINITION, uploaded=True), feed)


@functools.cache
def vendor_names() -> dict[str, str]:
    """Return how the vendor writes the name of each field: in the mapping, else in the samples."""
    fixtures = folder("fixtures")
    names = []
    for path in sorted((fixtures / "mapping").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            names += [row["path"].rpartition(".")[2] for row in csv.DictReader(file)]
    for path in sorted((fixtures / "guide").glob("*.json")):
        names += _keys(json.loads(path.read_text(encoding="utf-8")))
    return {name.lower(): name for name in reversed(names)}


def _keys(data: Any) -> Iterator[str]:
    for inner in (
        data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    ):
        yield from _keys(inner)
    yield from data if isinstance(data, dict) else ()


def _texts(node: Node) -> Iterator[str]:
    """Yield every single value below a node."""
    if isinstance(node, ScalarNode):
        yield str(node.value)
    for child in () if isinstance(node, ScalarNode) else node.value:
        for inner in child if isinstance(child, tuple) else (child,):
            yield from _texts(inner)
