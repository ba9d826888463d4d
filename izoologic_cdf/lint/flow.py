"""How keys flow through the pipelines of a definition: who makes them, who reads them.

A pipeline is walked once, step by step, with what is known of `value`: the keys that the steps
so far have made, and whether others may be there as well (data of an API is open; what `new`
makes out of a mapping is closed). Where nothing is known nothing is said.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from izoologic_cdf.language.fields import SUPPLEMENTAL
from izoologic_cdf.language.nodes import TAGS, Entry, MappingNode, Node, ScalarNode, SequenceNode
from izoologic_cdf.lint.outline import FeedOutline, Outline, Site, word
from izoologic_cdf.lint.reads import DICT_METHODS, Read


@dataclass(frozen=True, slots=True)
class Made:
    """A key that a `set`, or a supplemental call, makes."""

    key: str
    node: ScalarNode


@dataclass(frozen=True, slots=True)
class Misread:
    """A read that sees something else than its reader thinks.

    `made` is the key that comes too late; `known` are the keys that are there.
    """

    site: Site
    read: Read
    made: Made | None = None
    known: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Epoch:
    """The life of one `value`: from the step that puts it there to the step that replaces it."""

    reads: list[tuple[str, Site, Read]] = field(default_factory=list)
    data: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Shape:
    """What is known of `value` before a step."""

    open: bool = True
    keys: dict[str, frozenset[Made]] = field(default_factory=dict)
    epoch: _Epoch = field(default_factory=_Epoch)
    # a branch may run or not: what it sets may be there already
    certain: bool = True

    def copy(self, *, certain: bool) -> "_Shape":
        return _Shape(self.open, dict(self.keys), self.epoch, certain)


class Flow:
    """The findings of one walk over all pipelines of a definition."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._made: dict[int, Made] = {}
        self._used: set[int] = set()
        self.same_block: list[Misread] = []
        self.too_early: list[Misread] = []
        self.absent: list[Misread] = []
        self.absent_gets: list[tuple[Node, frozenset[str]]] = []
        for feed in outline.feeds.values():
            self._feed(feed)

    @property
    def unread(self) -> list[Made]:
        """The keys that are made and read by nobody."""
        return [made for at, made in self._made.items() if at not in self._used]

    def _feed(self, feed: FeedOutline) -> None:
        login = self._outline.under(self._outline.http(feed), "auth").get("filters")
        if login:
            self._use_all(self._pipeline(login.value, _Shape()))
        shape = _Shape()
        if "filters" in feed.keys:
            shape = self._pipeline(feed.keys["filters"].value, shape)
        kind = word(feed.keys["feed_type"].value) if "feed_type" in feed.keys else None
        if "report" not in feed.keys or kind == SUPPLEMENTAL:
            self._use_all(shape)
        for site in self._outline.part(feed, "report"):
            self._reads(shape, site, "data")

    def _pipeline(self, node: Node, shape: _Shape) -> _Shape:
        if not isinstance(node, SequenceNode):
            return self._step(node, shape)
        for element in node.value:
            shape = self._step(element, shape)
        return shape

    def _step(self, node: Node, shape: _Shape) -> _Shape:
        keys = self._outline.mapping(node)
        name, entry = next(iter(keys.items())) if keys else (word(node), None)
        step = _STEPS.get(name or "")
        if entry is None or step is None:
            # parse-json, iterate, python, or a filter that nobody knows: all may be read
            self._use_all(shape)
            return _Shape(certain=shape.certain)
        return step(self, entry.value, shape)

    # --- one method a filter ---------------------------------------------------------------------

    def _expressions(self, node: Node, shape: _Shape) -> _Shape:
        for site in self._outline.sites(node):
            self._reads(shape, site)
        return shape

    def _get(self, node: Node, shape: _Shape) -> _Shape:
        key = word(node)
        if key in shape.keys:
            self._use(shape.keys[key])
        elif not shape.open:
            self.absent_gets.append((node, frozenset(shape.keys)))
        return _Shape(certain=shape.certain)

    def _new(self, node: Node, shape: _Shape) -> _Shape:
        self._expressions(node, shape)
        if isinstance(node, MappingNode) and node.tag not in TAGS:
            keys = dict.fromkeys(self._outline.mapping(node), frozenset[Made]())
            return _Shape(open=False, keys=keys, certain=shape.certain)
        return _Shape(certain=shape.certain)

    def _set(self, node: Node, shape: _Shape) -> _Shape:
        block = self._outline.mapping(node)
        sites = {key: self._outline.sites(entry.value) for key, entry in block.items()}
        # a key that is made out of itself was there before
        given = {key for key in block if key in _keys_read(sites[key])} | shape.keys.keys()
        for key, entry in block.items():
            fresh = {k: e for k, e in block.items() if k not in given and k != key}
            for site in sites[key]:
                self._reads(shape, site, fresh=fresh)
            if key not in given and key not in shape.epoch.data and shape.certain:
                self._note_early(shape, entry)
        for key, entry in block.items():
            shape.keys[key] = frozenset({self._make(key, entry)})
        return shape

    def _note_early(self, shape: _Shape, entry: Entry) -> None:
        for key, site, read in shape.epoch.reads:
            if key == entry.key:
                made = Made(key, entry.key_node)
                self.too_early.append(Misread(site, read, made))

    def _supplemental(self, node: Node, shape: _Shape) -> _Shape:
        keys = self._outline.mapping(node)
        if "params" in keys:
            self._expressions(keys["params"].value, shape)
        into = keys.get("into")
        name = word(into.value) if into else None
        if into and name is not None and isinstance(into.value, ScalarNode):
            made = Entry(name, into.value, into.value, merged=False)
            shape.keys[name] = frozenset({self._make(name, made)})
        return shape

    def _if(self, node: Node, shape: _Shape) -> _Shape:
        keys = self._outline.mapping(node)
        if "condition" in keys:
            self._expressions(keys["condition"].value, shape)
        if "filters" not in keys:
            return shape
        inside = self._pipeline(keys["filters"].value, shape.copy(certain=False))
        merged = shape.copy(certain=shape.certain)
        merged.open = shape.open or inside.open
        if inside.epoch is not shape.epoch:
            merged.epoch = _Epoch()
        for key, made in inside.keys.items():
            merged.keys[key] = shape.keys.get(key, frozenset()) | made
        return merged

    def _filter_mapping(self, node: Node, shape: _Shape) -> _Shape:
        for key, entry in self._outline.mapping(node).items():
            if key not in shape.keys:
                shape.epoch.data.add(key)
            self._use_all(self._pipeline(entry.value, _Shape()))
        return shape

    def _each(self, node: Node, shape: _Shape) -> _Shape:
        self._use_all(self._pipeline(node, _Shape()))
        return shape

    def _warn(self, node: Node, shape: _Shape) -> _Shape:
        before = dict(shape.keys)
        after = self._pipeline(node, shape.copy(certain=False))
        for key, made in after.keys.items():
            if made != before.get(key):
                self._use(made)
        return shape

    # --- what reads and makes mean ---------------------------------------------------------------

    def _reads(
        self, shape: _Shape, site: Site, root: str = "value", fresh: dict[str, Entry] | None = None
    ) -> None:
        for read in site.code.reads:
            if read.root != root:
                continue
            if not read.path or read.path[0] in DICT_METHODS:
                self._use_all(shape)
                continue
            key = read.path[0]
            if key in shape.keys:
                self._use(shape.keys[key])
            elif fresh and key in fresh:
                self._used.add(id(fresh[key].key_node))
                made = Made(key, fresh[key].key_node)
                self.same_block.append(Misread(site, read, made))
            elif shape.open:
                shape.epoch.reads.append((key, site, read))
            else:
                self.absent.append(Misread(site, read, known=frozenset(shape.keys)))

    def _make(self, key: str, entry: Entry) -> Made:
        return self._made.setdefault(id(entry.key_node), Made(key, entry.key_node))

    def _use(self, made: frozenset[Made]) -> None:
        self._used |= {id(one.node) for one in made}

    def _use_all(self, shape: _Shape) -> None:
        for made in shape.keys.values():
            self._use(made)


def _keys_read(sites: list[Site]) -> Iterator[str]:
    return (
        read.path[0]
        for site in sites
        for read in site.code.reads
        if read.root == "value" and read.path
    )


_STEPS: dict[str, Callable[[Flow, Node, _Shape], _Shape]] = {
    "get": Flow._get,  # noqa: SLF001 - the table of this module's own methods
    "drop": Flow._expressions,  # noqa: SLF001
    "set": Flow._set,  # noqa: SLF001
    "new": Flow._new,  # noqa: SLF001
    "item": Flow._new,  # noqa: SLF001
    "if": Flow._if,  # noqa: SLF001
    "filter-mapping": Flow._filter_mapping,  # noqa: SLF001
    "each": Flow._each,  # noqa: SLF001
    "chain": Flow._pipeline,  # noqa: SLF001
    "supplemental": Flow._supplemental,  # noqa: SLF001
    "warn": Flow._warn,  # noqa: SLF001
    "track": Flow._expressions,  # noqa: SLF001
}
