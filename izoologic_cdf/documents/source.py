"""The definitions as the documents read them: nodes, not the compiled model.

The model knows no words of what it runs; a document shows the words that stand in the file.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

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

FEEDS = ("incident", "dlr")
_TEMPLATE_NAME = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class FeedSource:
    """One feed of a definition: its name, its kind, its parts by key."""

    name: str
    kind: str
    keys: dict[str, Node]


@dataclass(frozen=True, slots=True)
class Source:
    """One definition file."""

    document: Document

    @property
    def feeds(self) -> list[FeedSource]:
        """The feeds, in file order."""
        found = []
        for name, node in feed_nodes(self.document):
            keys = self.mapping(node)
            found.append(FeedSource(name, feed_type(self.document, keys.get("feed_type")), keys))
        return found

    @property
    def primary(self) -> FeedSource:
        """The primary feed; each of our files has one."""
        return next(feed for feed in self.feeds if feed.kind == PRIMARY)

    @property
    def constants(self) -> dict[str, str]:
        """The template values that are plain text."""
        values = self.mapping(self.mapping(self.document.root)["template_values"])
        return {
            name: str(node.value)
            for name, node in values.items()
            if isinstance(node, ScalarNode) and node.tag not in (EXPR, TMPL)
        }

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
        """Return a value on one line as it is written, tags left out."""
        if isinstance(node, MappingNode):
            inner = (f"{key}: {self.text(value)}" for key, value in self.mapping(node).items())
            return "{" + ", ".join(inner) + "}"
        if isinstance(node, SequenceNode):
            return "[" + ", ".join(self.text(element) for element in node.value) + "]"
        return " ".join(str(node.value).split())

    def expanded(self, node: Node) -> str:
        """Return a template with the constants among its names written out."""
        constants = self.constants

        def replaced(found: re.Match[str]) -> str:
            return constants.get(found[1], found[0])

        return _TEMPLATE_NAME.sub(replaced, self.text(node))

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
    """Return the definition file of a feed, by its short name: incident or dlr."""
    return Source(read(folder("feeds") / f"{feed}_case_sync.yaml"))
