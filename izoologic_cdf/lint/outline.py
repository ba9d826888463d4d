"""A definition as the rules see it: feeds, fields, calls and expressions, whatever is broken.

The loader refuses a definition with a mistake; a rule has to look at the rest of it. So nothing
here raises: what has the wrong shape is left out, and the loader reports it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from izoologic_cdf.errors import Position
from izoologic_cdf.language.fields import PRIMARY
from izoologic_cdf.language.model import Auth, Feed, HttpSource
from izoologic_cdf.language.nodes import (
    EXPR,
    TMPL,
    Document,
    Entry,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    visit,
)
from izoologic_cdf.language.positions import DefinitionError, Findings
from izoologic_cdf.language.reports import ObjectSet
from izoologic_cdf.language.schema import NAMES, of
from izoologic_cdf.language.steps import Supplemental
from izoologic_cdf.lint.reads import Code, Read, scan

_TYPE, AUTH = of(Feed).words.feed_type, of(HttpSource).words.auth
_CALLED, _FILLING = of(Supplemental).words.feed, of(ObjectSet).words.fulfillment
# how the tags of YAML itself begin, and that of `<<`
YAML = "tag:yaml.org,2002:"
MERGE = f"{YAML}merge"


@dataclass(frozen=True, slots=True)
class Site:
    """One expression or template of a definition, and what it reads."""

    node: ScalarNode
    code: Code


@dataclass(frozen=True, slots=True)
class FieldOutline:
    """One user field: its keys, and the node of its name."""

    name: str
    name_node: ScalarNode
    keys: dict[str, Entry]

    def on(self, flag: str) -> bool:
        """Return whether a flag is written out as true."""
        return text_of(self.keys, flag) in ("true", "True", "yes", "on")

    def text(self, key: str) -> str:
        """Return the text under a key; empty where there is none."""
        return text_of(self.keys, key) or ""


@dataclass(slots=True)
class FeedOutline:
    """One feed: its name, its keys, and what it refers to."""

    name: str
    key_node: ScalarNode
    keys: dict[str, Entry]
    fields: list[FieldOutline] = field(default_factory=list)
    calls: set[str] = field(default_factory=set)

    @property
    def primary(self) -> bool:
        """Whether the feed can be configured and run."""
        return self.kind == PRIMARY

    @property
    def kind(self) -> str | None:
        """The type of the feed; null where that is no plain word."""
        return word(self.keys[_TYPE].value) if _TYPE in self.keys else PRIMARY


class Outline:
    """One definition file."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._sites: dict[int, Site] = {}
        # names of expressions as the file spells them, to those of the language
        self.renamed = {new: name for name, new in NAMES.spelt(document).items()}

    @cached_property
    def keys(self) -> dict[str, Entry]:
        """The entries of the top level."""
        return self.mapping(self.document.root)

    @cached_property
    def feeds(self) -> dict[str, FeedOutline]:
        """The feeds by name, in file order."""
        found = {}
        for name, entry in self.under(self.keys, "feeds").items():
            feed = FeedOutline(name, entry.key_node, self.mapping(entry.value))
            feed.fields = list(self._fields(feed))
            feed.calls = set(self._calls(feed))
            found[name] = feed
        return found

    @property
    def primary_feeds(self) -> list[FeedOutline]:
        """The feeds that can be configured and run."""
        return [feed for feed in self.feeds.values() if feed.primary]

    def reached(self, feed: FeedOutline) -> list[FeedOutline]:
        """Return a feed and every feed that it calls, directly or not."""

        def called(one: FeedOutline) -> list[FeedOutline]:
            return [self.feeds[name] for name in one.calls if name in self.feeds]

        return list(visit([feed], called))

    def part(self, feed: FeedOutline, *keys: str) -> list[Site]:
        """Return the expressions under these keys of a feed; all of them without keys."""
        chosen = keys or tuple(feed.keys)
        return self.sites(*(feed.keys[key].value for key in chosen if key in feed.keys))

    @cached_property
    def template_values(self) -> dict[str, list[Site]]:
        """The expressions of each template value of the file."""
        return self.values(self.keys)

    def http(self, feed: FeedOutline) -> dict[str, Entry]:
        """Return the entries of the request of a feed."""
        return self.under(self.under(feed.keys, "source"), "http")

    def login_filters(self, feed: FeedOutline) -> Node | None:
        """Return the filters of the login of a feed; null where it has none."""
        entry = self.under(self.http(feed), AUTH).get(of(Auth).words.filters)
        return entry.value if entry else None

    def values(self, keys: dict[str, Entry]) -> dict[str, list[Site]]:
        """Return the expressions of each of the `template_values` under these keys."""
        return {
            name: self.sites(entry.value)
            for name, entry in self.under(keys, "template_values").items()
        }

    def sites(self, *nodes: Node) -> list[Site]:
        """Return every expression and template at or below these nodes, each once."""
        return [
            self._site(node)
            for node in walk(*nodes)
            if isinstance(node, ScalarNode) and node.tag in (EXPR, TMPL)
        ]

    def position(self, site: Site, read: Read, segment: int = 0) -> Position:
        """Return where the name (0) or a key (from 1) of a read stands."""
        return self.document.position_in(site.node, read.offsets[segment])

    def mapping(self, node: Node) -> dict[str, Entry]:
        """Return the entries of a mapping by key, merges resolved; nothing for anything else."""
        try:
            entries = self.document.entries(node, "this", Findings())
        except DefinitionError:
            return {}
        return {entry.key: entry for entry in entries}

    def under(self, keys: dict[str, Entry], key: str) -> dict[str, Entry]:
        """Return the entries of the mapping under a key; nothing where there is none."""
        return self.mapping(keys[key].value) if key in keys else {}

    def _site(self, node: ScalarNode) -> Site:
        site = self._sites.get(id(node))
        if site is None:
            code = scan(str(node.value), template=node.tag == TMPL, names=self.renamed)
            site = Site(node, code)
            self._sites[id(node)] = site
        return site

    def _fields(self, feed: FeedOutline) -> Iterator[FieldOutline]:
        for element in elements(feed.keys, "user_fields"):
            keys = self.mapping(element)
            name = keys["name"].value if "name" in keys else None
            if isinstance(name, ScalarNode):
                yield FieldOutline(str(name.value), name, keys)

    def _calls(self, feed: FeedOutline) -> Iterator[str]:
        """Yield the feeds that a feed names: as supplemental in filters, as fulfillment."""
        parts = [feed.keys[key].value for key in ("filters", "report") if key in feed.keys]
        for node in walk(*parts):
            if isinstance(node, MappingNode):
                keys = self.mapping(node)
                named = [self.under(keys, Supplemental.word).get(_CALLED), keys.get(_FILLING)]
                for entry in named:
                    name = word(entry.value) if entry else None
                    if name is not None:
                        yield name


def names_read(sites: list[Site], values: dict[str, list[Site]]) -> set[str]:
    """Return the names that expressions read, themselves or by the values that they name."""
    names: set[str] = set()
    waiting = list(sites)
    while waiting:
        fresh = waiting.pop().code.roots - names
        names |= fresh
        waiting += [site for name in fresh for site in values.get(name, [])]
    return names


def walk(*nodes: Node) -> Iterator[Node]:
    """Yield every node at or below these in file order, keys left out, shared ones once."""
    return visit(nodes, children)


def children(node: Node) -> list[Node]:
    """Return the values of a mapping or the elements of a list; nothing for a scalar."""
    if isinstance(node, MappingNode):
        return [value for _, value in node.value]
    return list(node.value) if isinstance(node, SequenceNode) else []


def word(node: Node) -> str | None:
    """Return the text of a scalar without a tag of the language; null for anything else."""
    if isinstance(node, ScalarNode) and not node.tag.startswith("!"):
        return str(node.value)
    return None


def elements(keys: dict[str, Entry], key: str) -> list[Node]:
    """Return the elements of the list under a key; nothing for anything else."""
    node = keys[key].value if key in keys else None
    return list(node.value) if isinstance(node, SequenceNode) else []


class Trees:
    """Compares subtrees by what they say, not by where they stand: equal ones share a number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._known: dict[int, int] = {}
        self._sizes: dict[int, int] = {}

    def same(self, one: Node, other: Node) -> bool:
        """Return whether two nodes say the same."""
        return one is other or self.number(one) == self.number(other)

    def number(self, node: Node) -> int:
        """Return the number of a subtree."""
        if id(node) not in self._known:
            inner = [self.number(child) for child in children(node)]
            if isinstance(node, MappingNode):
                inner += [self.number(key) for key, _ in node.value]
            content = (node.tag, str(inner or node.value))
            self._known[id(node)] = self._numbers.setdefault(content, len(self._numbers))
        return self._known[id(node)]

    def size(self, node: Node) -> int:
        """Return how many values (scalars, lists, mappings) are written out in a subtree.

        Keys do not count, and what an alias refers to is one value: it stands somewhere else.
        """
        if id(node) not in self._sizes:
            begin = node.start_mark.index
            self._sizes[id(node)] = 1 + sum(
                self.size(child) if child.start_mark.index > begin else 1
                for child in children(node)
            )
        return self._sizes[id(node)]


def text_of(keys: dict[str, Entry], key: str) -> str | None:
    """Return the plain text under a key; null where there is none."""
    return word(keys[key].value) if key in keys else None
