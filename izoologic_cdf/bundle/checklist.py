"""Which conventions a definition uses, and where: the checklist of the first upload.

Constructs are looked for where the language has them: a key of that name in the data is none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jinja2 import TemplateSyntaxError
from jinja2 import nodes as jinja

from izoologic_cdf.errors import Position
from izoologic_cdf.language.conventions import CONVENTIONS, Convention
from izoologic_cdf.language.expressions import Missing, environment_of, parse_expression
from izoologic_cdf.language.fields import FULFILLMENT
from izoologic_cdf.language.model import Definition
from izoologic_cdf.language.nodes import (
    EXPR,
    TAGS,
    TMPL,
    Document,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
)
from izoologic_cdf.language.reports import (
    ATTACHMENT,
    ATTRIBUTE_SETS,
    ITEM_KEYS,
    PLURALS,
    RELATED,
    SET_KEYS,
    SUFFIX,
    TAG_SETS,
    ObjectSet,
)
from izoologic_cdf.language.schema import of
from izoologic_cdf.language.spellings import FILE, entries_of
from izoologic_cdf.language.steps import Supplemental
from izoologic_cdf.lint.outline import FeedOutline, Outline, walk, word

# the names that every Jinja2 has, as it comes
_GLOBALS = frozenset({"cycler", "dict", "joiner", "namespace", "range"})
_VALUES = ("value", "title", "name")
_Found = Iterator[tuple[str, Node]]


@dataclass(frozen=True, slots=True)
class Use:
    """A convention and the places where a definition uses it, in file order."""

    convention: Convention
    places: tuple[Position, ...]


def uses(document: Document) -> list[Use]:
    """Return the conventions that a definition uses, worst first."""
    places: dict[str, dict[Position, None]] = {}
    for key, node in _Search(document).found():
        places.setdefault(key, {})[document.position(node)] = None
    return [
        Use(convention, tuple(sorted(places[convention.id])))
        for convention in CONVENTIONS
        if convention.id in places
    ]


class _Search(Outline):
    """One look through a definition; yields (id of a convention, node that uses it)."""

    def found(self) -> _Found:
        for entry in self.under(self.keys, "template_values").values():
            yield from (("H9", site.node) for site in self.sites(entry.value))
        yield from self._words()
        yield from self._everywhere()
        for feed in self.feeds.values():
            own = feed.keys["filters"].value if "filters" in feed.keys else None
            for pipeline in (self.login_filters(feed), own):
                if pipeline is not None:
                    made = _Made(self)
                    yield from self._pipeline(pipeline)
                    made.pipeline(pipeline)
                    yield from (("H11", node) for node in made.parsed)
                    yield from (("H20", node) for node in made.uncertain)
            yield from self._report(feed)

    def _words(self) -> _Found:
        """Look at every word of the language: what it is declared as says which guess it is."""
        for place in of(Definition).places(self.document.root, set()):
            said = place.vocabulary.said(self.document, place.node.value)
            guess = said and (said.guess or said.meaning)
            # the word of a construct that is a guess counts, not its keys; a code where it is a set
            if guess and place.vocabulary.guess is None and place.vocabulary is not RELATED:
                yield guess, place.node

    def _everywhere(self) -> _Found:
        """Look at every expression, and at what stands somewhere by an alias."""
        for site in self.sites(self.document.root):
            text = str(site.node.value)
            if site.node.tag == TMPL and "{%" in text:
                yield "D1", site.node
            if "[].index(" in text:
                yield "D2", site.node
            if site.code.roots & _GLOBALS:
                yield "H14", site.node
        for node in walk(self.document.root):
            if isinstance(node, MappingNode):
                yield from (("H19", value) for key, value in node.value if _is_alias(value, key))
            elements_ = elements_of(node)
            for index, one in enumerate(elements_):
                if _is_alias(one, node) or (one.tag in TAGS and one in elements_[:index]):
                    yield "H19", one

    def _pipeline(self, node: Node, *, chained: bool = False, mapped: bool = False) -> _Found:
        for step in elements_of(node) if isinstance(node, SequenceNode) else [node]:
            if word(step) == "iterate" and chained:
                yield "H16", step
            for name, entry in self.mapping(step).items():
                if name == "filter-mapping":
                    if mapped:
                        yield "H17", entry.key_node
                    for inner in self.mapping(entry.value).values():
                        yield from self._pipeline(inner.value, mapped=True)
                elif name == "if":
                    filters = self.mapping(entry.value).get("filters")
                    if filters is None:
                        continue
                    if filters.value.start_mark.index < filters.key_node.start_mark.index:
                        yield "H18", filters.key_node
                    yield from self._pipeline(filters.value, chained=chained, mapped=mapped)
                elif name in ("chain", "each", "warn"):
                    inside = chained or name == "chain"
                    yield from self._pipeline(entry.value, chained=inside, mapped=mapped)

    # --- reports ---------------------------------------------------------------------------------

    def _report(self, feed: FeedOutline) -> _Found:
        for key, entry in self.under(feed.keys, "report").items():
            if key in (ATTRIBUTE_SETS, TAG_SETS):
                continue
            code = key.removesuffix(SUFFIX)
            if key not in SET_KEYS:  # a code that nobody knows
                yield "H13", entry.key_node
            for member in self.mapping(entry.value).values():
                keys = self.mapping(member.value)
                if "items" not in keys:
                    continue
                placeholders = of(ObjectSet).words.fulfillment in keys or feed.kind == FULFILLMENT
                bytes_here = code == ATTACHMENT and not placeholders
                if bytes_here and keys["items"].value.tag in TAGS:
                    yield "H21", member.key_node
                yield from self._items(keys["items"].value)

    def _items(self, node: Node) -> _Found:
        for item in elements_of(node) if isinstance(node, SequenceNode) else [node]:
            if item.tag in TAGS:
                yield "H12", item
            for key, entry in self.mapping(item).items():
                if key in _VALUES and _may_be_null(entry.value):
                    yield "H10", entry.value
                elif ITEM_KEYS.said(self.document, key) is None:
                    if PLURALS.said(self.document, key) is None:
                        yield "H13", entry.key_node
                    yield from self._items(entry.value)


def elements_of(node: Node) -> list[Node]:
    """Return the elements of a list; nothing for anything else."""
    return list(node.value) if isinstance(node, SequenceNode) else []


def _is_alias(node: Node, after: Node) -> bool:
    """Return whether a tagged value stands by an alias where it has to come after another node."""
    # an anchor stands before all of its aliases
    return node.tag in TAGS and node.start_mark.index < after.start_mark.index


def _may_be_null(node: Node) -> bool:
    """Return whether a value says null in so many words, at least in one of its branches."""
    if node.tag == "tag:yaml.org,2002:null":
        return True
    if not isinstance(node, ScalarNode) or node.tag != EXPR:
        return False
    try:
        waiting = [parse_expression(environment_of(Missing.NULL), str(node.value))]
    except TemplateSyntaxError:
        return False
    while waiting:
        tree = waiting.pop()
        if isinstance(tree, jinja.Const) and tree.value is None:
            return True
        if isinstance(tree, jinja.CondExpr):
            waiting += [tree.expr1, tree.expr2 or jinja.Const(None)]
        elif isinstance(tree, jinja.Or):
            waiting.append(tree.right)
        elif isinstance(tree, jinja.Filter) and tree.name in ("d", "default"):
            waiting += tree.args[:1]
    return False


# --- what filters have made ----------------------------------------------------------------------

_INTO = of(Supplemental).words.into


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a value: `made` by an expression, not handed on; the keys it has."""

    made: bool = False
    keys: Mapping[str, "_Known"] = field(default_factory=dict)

    def at(self, key: str) -> "_Known":
        return self.keys.get(key, _Known(self.made))

    def joined(self, other: "_Known") -> "_Known":
        """Return what is known of one of the two."""
        both = self.keys.keys() & other.keys.keys()
        keys = {key: self.keys[key].joined(other.keys[key]) for key in both}
        return _Known(self.made or other.made, keys)


class _Made:
    """One walk over a pipeline, with what is known of `value`; two guesses depend on that.

    `parse-json` is attested for what an API sends, and `filter-mapping` for a key that is there:
    `parsed` are the `parse-json` of what the filters have made, `uncertain` the keys of a
    `filter-mapping` that nothing before has set.
    """

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self.parsed: list[Node] = []
        self.uncertain: list[Node] = []

    def pipeline(self, node: Node, value: _Known = _Known()) -> _Known:
        """Walk a list of filters, or one filter; return what is known of its result."""
        for step in node.value if isinstance(node, SequenceNode) else [node]:
            value = self._step(step, value)
        return value

    def _step(self, node: Node, value: _Known) -> _Known:
        if word(node) == "parse-json":
            if value.made:
                self.parsed.append(node)
            return _Known()
        for name, entry in self._outline.mapping(node).items():
            argument = entry.value
            if name == "get":
                return value.at(word(argument) or "")
            if name in ("new", "item"):
                return self._of(argument, value)
            if name == "set":
                block = self._outline.mapping(argument)
                fresh = {key: self._of(one.value, value) for key, one in block.items()}
                return _Known(value.made, {**value.keys, **fresh})
            if name == "filter-mapping":
                return self._filter_mapping(argument, value)
            if name == "chain":
                return self.pipeline(argument, value)
            if name == "each":
                return _Known(self.pipeline(argument, _Known(value.made)).made)
            keys = self._outline.mapping(argument)
            if name == "if" and "filters" in keys:
                return value.joined(self.pipeline(keys["filters"].value, value))
            if name == Supplemental.word and _INTO in keys:
                return _Known(value.made, {**value.keys, word(keys[_INTO].value) or "": _Known()})
            if name == "warn":
                self.pipeline(argument, value)
            if name == "python":
                return _Known(made=True)
        return value

    def _filter_mapping(self, node: Node, value: _Known) -> _Known:
        changed = dict(value.keys)
        for key, entry in self._outline.mapping(node).items():
            if key not in value.keys:
                self.uncertain.append(entry.key_node)
            changed[key] = self.pipeline(entry.value, value.at(key))
        return _Known(value.made, changed)

    def _of(self, node: Node, value: _Known) -> _Known:
        """Return what is known of a new value."""
        if isinstance(node, MappingNode):
            keys = self._outline.mapping(node)
            return _Known(keys={key: self._of(one.value, value) for key, one in keys.items()})
        if isinstance(node, SequenceNode):
            return _Known(any(self._of(one, value).made for one in node.value))
        if not isinstance(node, ScalarNode) or node.tag != EXPR:
            return _Known(made=True)
        try:
            tree = parse_expression(environment_of(Missing.NULL), str(node.value))
        except TemplateSyntaxError:
            return _Known(made=True)
        return _of_tree(tree, value) or _Known(made=True)


def _of_tree(tree: jinja.Expr | None, value: _Known) -> _Known | None:
    """Return what is known of an expression's result; null where it is null, or fails."""
    if isinstance(tree, jinja.CondExpr | jinja.Or):
        branches = (
            (tree.expr1, tree.expr2)
            if isinstance(tree, jinja.CondExpr)
            else (tree.left, tree.right)
        )
        one, other = (_of_tree(branch, value) for branch in branches)
        return one.joined(other) if one and other else one or other
    if isinstance(tree, jinja.Const) and tree.value is None:
        return None
    if isinstance(tree, jinja.Name):
        return value if tree.name == "value" else _Known()
    if isinstance(tree, jinja.Getattr):
        inner = _of_tree(tree.node, value)
        return inner and inner.at(tree.attr)
    if isinstance(tree, jinja.Getitem) and isinstance(tree.arg, jinja.Const):
        inner = _of_tree(tree.node, value)
        return inner and inner.at(str(tree.arg.value))
    if isinstance(tree, jinja.Call) and isinstance(tree.node, jinja.Getattr):
        if tree.node.attr == "index" and isinstance(tree.node.node, jinja.List):
            return None  # `[].index('message')`: the way to fail
        if tree.node.attr == "get" and tree.args and isinstance(tree.args[0], jinja.Const):
            inner = _of_tree(tree.node.node, value)
            return inner and inner.at(str(tree.args[0].value))
    return _Known(made=True)


def checklist(found: list[Use], name: str) -> str:
    """Return the conventions to tick off on the first upload, one a line."""
    lines = [f"{len(found)} constructs of {name} are confirmed by no public source. Worst first:"]
    for use in found:
        numbers = sorted({at.line for at in use.places})
        where = ", ".join(map(str, numbers[:5]))
        more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
        plural = "s" if len(numbers) > 1 else ""
        entries = ", ".join(entries_of(use.convention.id))
        lines.append(
            f"[ ] {use.convention.id:<3} {use.convention.name}, line{plural} {where}{more}"
            + (f"; {FILE}: {entries}" if entries else "")
        )
    return "\n".join(lines)
