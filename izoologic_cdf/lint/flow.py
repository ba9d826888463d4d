"""How keys flow through the pipelines of a definition: who makes them, who reads them.

A pipeline is walked once, step by step, with what is known of `value`: the keys that the steps
so far have made, and whether others may be there as well (data of an API is open; what `new`
makes out of a mapping is closed). Where nothing is known nothing is reported.
"""

from dataclasses import dataclass, field

from izoologic_cdf.language.fields import SUPPLEMENTAL
from izoologic_cdf.language.nodes import TAGS, Entry, MappingNode, Node, ScalarNode, SequenceNode
from izoologic_cdf.language.schema import of
from izoologic_cdf.language.steps import Supplemental
from izoologic_cdf.lint.outline import FeedOutline, Outline, Site, word
from izoologic_cdf.lint.reads import DICT_METHODS, Read

_PARAMS, _INTO = of(Supplemental).words.params, of(Supplemental).words.into
# the nodes of the keys by which a `set`, or supplemental calls, made a key
_Made = frozenset[ScalarNode]


@dataclass(frozen=True, slots=True)
class Misread:
    """A read that sees something else than its author expects.

    `line` is that of the key which comes too late (0 where there is none); `known` are the keys
    that are there.
    """

    site: Site
    read: Read
    line: int = 0
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
    keys: dict[str, _Made] = field(default_factory=dict)
    epoch: _Epoch = field(default_factory=_Epoch)
    # a branch may run or not: what it sets may be there already
    certain: bool = True

    def copy(self, *, certain: bool) -> "_Shape":
        return _Shape(self.open, dict(self.keys), self.epoch, certain)


class Flow:
    """The findings of one walk over all pipelines of a definition."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._made: dict[ScalarNode, None] = {}
        self._used: set[ScalarNode] = set()
        self.same_block: list[Misread] = []
        self.too_early: list[Misread] = []
        self.absent: list[Misread] = []
        self.absent_gets: list[tuple[Node, str, frozenset[str]]] = []
        for feed in outline.feeds.values():
            self._feed(feed)

    @property
    def unread(self) -> list[ScalarNode]:
        """The keys that are made and never read."""
        return [made for made in self._made if made not in self._used]

    def _feed(self, feed: FeedOutline) -> None:
        login = self._outline.login_filters(feed)
        if login:
            self._use_all(self._pipeline(login, _Shape()))
        shape = _Shape()
        if "filters" in feed.keys:
            shape = self._pipeline(feed.keys["filters"].value, shape)
        if "report" not in feed.keys or feed.kind == SUPPLEMENTAL:
            self._use_all(shape)
        for site in self._outline.part(feed, "report"):
            self._reads(shape, site, "data")

    def _pipeline(self, node: Node, shape: _Shape) -> _Shape:
        for step in node.value if isinstance(node, SequenceNode) else [node]:
            shape = self._step(step, shape)
        return shape

    def _step(self, step: Node, shape: _Shape) -> _Shape:
        keys = self._outline.mapping(step)
        name, entry = next(iter(keys.items())) if keys else ("", None)
        node = entry.value if entry else step
        match name:
            case "drop" | "track":
                return self._expressions(node, shape)
            case "get":
                return self._get(node, shape)
            case "set":
                return self._set(node, shape)
            case "new" | "item":
                return self._new(node, shape)
            case "if":
                return self._if(node, shape)
            case "filter-mapping":
                return self._filter_mapping(node, shape)
            case "each":
                self._use_all(self._pipeline(node, _Shape()))
                return shape
            case "chain":
                return self._pipeline(node, shape)
            case Supplemental.word:
                return self._supplemental(node, shape)
            case "warn":
                return self._warn(node, shape)
        # parse-json, iterate, python, or an unknown filter: all may be read
        self._use_all(shape)
        return _Shape(certain=shape.certain)

    # --- one method a filter ---------------------------------------------------------------------

    def _expressions(self, node: Node, shape: _Shape) -> _Shape:
        for site in self._outline.sites(node):
            self._reads(shape, site)
        return shape

    def _get(self, node: Node, shape: _Shape) -> _Shape:
        key = word(node)
        if key in shape.keys:
            self._used |= shape.keys[key]
        elif not shape.open:
            self.absent_gets.append((node, key or "", frozenset(shape.keys)))
        return _Shape(certain=shape.certain)

    def _new(self, node: Node, shape: _Shape) -> _Shape:
        self._expressions(node, shape)
        if isinstance(node, MappingNode) and node.tag not in TAGS:
            keys = dict.fromkeys(self._outline.mapping(node), _Made())
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
                line = entry.key_node.start_mark.line + 1
                self.too_early += [
                    Misread(site, read, line) for k, site, read in shape.epoch.reads if k == key
                ]
        for key, entry in block.items():
            self._make(shape, key, entry.key_node)
        return shape

    def _supplemental(self, node: Node, shape: _Shape) -> _Shape:
        keys = self._outline.mapping(node)
        if _PARAMS in keys:
            self._expressions(keys[_PARAMS].value, shape)
        into = keys[_INTO].value if _INTO in keys else None
        if isinstance(into, ScalarNode) and (name := word(into)) is not None:
            self._make(shape, name, into)
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
            merged.keys[key] = shape.keys.get(key, _Made()) | made
        return merged

    def _filter_mapping(self, node: Node, shape: _Shape) -> _Shape:
        for key, entry in self._outline.mapping(node).items():
            if key not in shape.keys:
                shape.epoch.data.add(key)
            self._use_all(self._pipeline(entry.value, _Shape()))
        return shape

    def _warn(self, node: Node, shape: _Shape) -> _Shape:
        after = self._pipeline(node, shape.copy(certain=False))
        for key, made in after.keys.items():
            if made != shape.keys.get(key):
                self._used |= made
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
                self._used |= shape.keys[key]
            elif fresh and key in fresh:
                made = fresh[key].key_node
                self._used.add(made)
                self.same_block.append(Misread(site, read, made.start_mark.line + 1))
            elif shape.open:
                shape.epoch.reads.append((key, site, read))
            else:
                self.absent.append(Misread(site, read, known=frozenset(shape.keys)))

    def _make(self, shape: _Shape, key: str, node: ScalarNode) -> None:
        self._made[node] = None
        shape.keys[key] = _Made({node})

    def _use_all(self, shape: _Shape) -> None:
        self._used.update(*shape.keys.values())


def _keys_read(sites: list[Site]) -> set[str]:
    reads = [read for site in sites for read in site.code.reads]
    return {read.path[0] for read in reads if read.root == "value" and read.path}
