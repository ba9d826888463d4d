"""The report of a feed: which objects, attributes and tags a data item becomes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from izoologic_cdf.errors import Position
from izoologic_cdf.language.fields import FULFILLMENT
from izoologic_cdf.language.nodes import (
    TAGS,
    Document,
    Entry,
    MappingNode,
    Node,
    SequenceNode,
    kind_of,
)
from izoologic_cdf.language.positions import Code, Findings, did_you_mean
from izoologic_cdf.language.schema import (
    TEXT,
    Construct,
    FeedName,
    Keys,
    Kind,
    ListOf,
    Place,
    Schema,
    Scope,
    Vocabulary,
    Word,
    key,
    map_of,
    of,
    pairs,
    read,
)
from izoologic_cdf.language.values import ITEMS, PARAMS, VALUE, Value

SUFFIX = "-sets"
# what sets share
_ATTRIBUTE, _TAG = "attribute", "tag"
ATTRIBUTE_SETS, TAG_SETS = _ATTRIBUTE + SUFFIX, _TAG + SUFFIX
# the object codes that public definitions have sets of, and those that follow by the same rule
ATTESTED_CODES = ("indicator", "report", "asset")
ATTACHMENT = "attachment"
_GUESSED_CODES = ("event", "incident", "identity", "account", "note", ATTACHMENT)
# the codes as keys of a report, as keys of `related`, as keys of an item
SET_KEYS, RELATED = Vocabulary("report"), Vocabulary("related")
PLURALS = Vocabulary("plural", in_data=True)


def code_of_plural(plural: str) -> str:
    """Return the object code of a plural: identities -> identity, indicators -> indicator."""
    return plural.removesuffix("ies") + "y" if plural.endswith("ies") else plural.removesuffix("s")


def _plural(code: str) -> str:
    return code.removesuffix("y") + "ies" if code.endswith("y") else code + "s"


def _set_key(code: str) -> str:
    return code + SUFFIX


for _code in (*ATTESTED_CODES, *_GUESSED_CODES):
    _guess = "H13" if _code in _GUESSED_CODES else None
    for _vocabulary, _form in ((SET_KEYS, _set_key), (RELATED, str), (PLURALS, _plural)):
        _said = Word("objects of that code", _guess, form=_form)
        _vocabulary.declare(_form(_code), "object_codes", "values", _said, _code)


# --- rows: attributes, tags, items ---------------------------------------------------------------


class _Rows(Kind):
    """Attributes, tags or items: written out, or given by an expression, as a whole or in part."""

    def __init__(self, made: type[Any], *, one: bool = False) -> None:
        self._kind = of(made)
        self._what, self._one = made.keys.name, one
        written = {"anyOf": [self._kind.schema, TEXT.schema]}
        single = [self._kind.schema] if one else []
        self.schema: Schema = {
            "anyOf": [{"type": "array", "items": written}, *single, TEXT.schema],
        }

    def read(self, scope: Scope, node: Node, what: str, kind: Kind = ITEMS) -> Value:
        """Return the rows as one value; the keys of those that are written out are checked."""
        found = Findings()
        with found:
            self.check(scope.document, node, found)
        with found:
            value: Value = kind.read(scope, node, what)
        found.check()
        return value

    def check(self, document: Document, node: Node, found: Findings) -> None:
        """Check the keys of rows that are written out; others come later."""
        if node.tag in TAGS:
            return
        single = self._one and not isinstance(node, SequenceNode)
        for element in [node] if single else document.items(node, f"{self._what}s"):
            if element.tag not in TAGS:
                with found:
                    self._check_row(document, element, found)

    def _check_row(self, document: Document, node: Node, _: Findings) -> None:
        Keys(document, node, self._kind.construct.keys).found.check()

    def _places(self, node: Node, seen: set[tuple[int, int]]) -> Iterator[Place]:
        for element in node.value if isinstance(node, SequenceNode) else [node]:
            yield from self._row_places(element, seen)

    def _row_places(self, node: Node, seen: set[tuple[int, int]]) -> Iterator[Place]:
        yield from self._kind.places(node, seen)


class Tag(Construct, name=_TAG, in_data=True):
    """A row of tags, written out."""

    name: Value = key(VALUE, "text of the tag; a list is several tags", required=True)
    condition: Value = key(VALUE, "whether it is reported", "H22")


class Attribute(Construct, name=_ATTRIBUTE):
    """A row of attributes, written out."""

    name: Value = key(VALUE, "name of the attribute", required=True)
    value: Value = key(VALUE, "its value; a list is several attributes", required=True)
    condition: Value = key(VALUE, "whether it is reported")


TAG_ROWS, ATTRIBUTE_ROWS = _Rows(Tag), _Rows(Attribute)


class ReportedItem(Construct, name="item", in_data=True):
    """An item of an object set, written out; it has related objects under their plural as well."""

    value: Value = key(VALUE, "value of the object")
    title: Value = key(VALUE, "title of an event")
    name: Value = key(VALUE, "name of an attachment")
    type: Value = key(VALUE, "type of an event or indicator")
    description: Value = key(VALUE, "description")
    published_at: Value = key(VALUE, "date of the source")
    happened_at: Value = key(VALUE, "date of an event")
    started_at: Value = key(VALUE, "start of an incident")
    ended_at: Value = key(VALUE, "end of an incident")
    status: Value = key(VALUE, "status of an indicator")
    attributes: Value = key(ATTRIBUTE_ROWS, "attributes of this item")
    tags: Value = key(TAG_ROWS, "tags of this item")
    run_params: Value = key(VALUE, "what the fulfillment feed gets", "H3")
    content: Value = key(VALUE, "bytes of an attachment", "H21")
    condition: Value = key(VALUE, "whether the object is reported", "H22")
    # last, since it hides the function of that name
    key: Value = key(VALUE, "identity of a placeholder", "H3")


ITEM_KEYS: Vocabulary = of(ReportedItem).construct.keys


class _Items(_Rows):
    """Items, with related objects under the plural of their code."""

    def _check_row(self, document: Document, node: Node, found: Findings) -> None:
        spelt = {word: key for key, word in ITEM_KEYS.spelt(document).items()}
        for entry in document.entries(node, "an item", found):
            with found:
                word = spelt.get(entry.key, entry.key)
                stale = word == entry.key and word in spelt.values()
                if word in _ROWS and not stale:
                    _ROWS[word].check(document, entry.value, found)
                elif (word not in ITEM_KEYS or stale) and not self._nests(document, entry, found):
                    message = f"an item has no key {entry.key!r}"
                    hint = ITEM_KEYS.hint(document, entry.key)
                    raise document.error(entry.key_node, message, hint)

    def _nests(self, document: Document, entry: Entry, found: Findings) -> bool:
        """Check objects that stand under the plural of their code; false where there are none."""
        plural, value = entry.key, entry.value
        if not plural.endswith("s") or plural in PLURALS.spelt(document):
            return False
        if isinstance(value, SequenceNode):
            self.check(document, value, found)
        return isinstance(value, SequenceNode) or value.tag in TAGS

    def _row_places(self, node: Node, seen: set[tuple[int, int]]) -> Iterator[Place]:
        yield from self._kind.places(node, seen)
        for holder, pair in pairs(node):
            if pair[0].value not in ITEM_KEYS:
                yield Place(PLURALS, pair[0], holder, pair)
                yield from self.places(pair[1], seen)


_ROWS = {"attributes": ATTRIBUTE_ROWS, "tags": TAG_ROWS}
_ITEMS = _Items(ReportedItem, one=True)


class _ItemRow(Kind):
    """One item that a filter makes."""

    schema = of(ReportedItem).schema

    def read(self, scope: Scope, node: Node, what: str) -> Value:
        """Return the item as a value; its keys are checked."""
        if not isinstance(node, MappingNode):
            raise scope.document.error(node, f"{what} takes a mapping of keys and values")
        return _ITEMS.read(scope, node, what, PARAMS)

    def _places(self, node: Node, seen: set[tuple[int, int]]) -> Iterator[Place]:
        yield from _ITEMS.places(node, seen)


ITEM_ROW = _ItemRow()

# --- sets ----------------------------------------------------------------------------------------


class _SetNames(ListOf):
    """Names of sets of one code, all of which stand in the report."""

    def __init__(self, code: str) -> None:
        super().__init__(TEXT)
        self._code = code

    def read(self, scope: Scope, node: Node, what: str) -> tuple[str, ...]:  # noqa: ARG002 - same shape as the others
        """Return the names."""
        known, names, found = scope.sets[self._code], [], Findings()
        for element in scope.document.items(node, "names of sets"):
            with found:
                name = scope.document.text(element, "the name of a set")
                if name not in known:
                    message, hint = f"there is no set {name!r}", did_you_mean(name, known)
                    raise scope.document.error(element, message, hint, Code.NO_SUCH_TARGET)
                names.append(name)
        found.check()
        return tuple(names)


class _Related(Kind):
    """Names of sets by object code."""

    schema = map_of(ListOf(TEXT).schema)

    def read(self, scope: Scope, node: Node, what: str) -> tuple[tuple[str, str], ...]:
        """Return pairs of a code and the name of a set."""
        document, related, found = scope.document, [], Findings()
        known = scope.sets.keys() - {_ATTRIBUTE, _TAG}
        for entry in document.entries(node, what, found):
            with found:
                if entry.key not in known:
                    message = f"this report has no {entry.key}{SUFFIX}"
                    hint = did_you_mean(entry.key, RELATED.shown(document, known))
                    raise document.error(entry.key_node, message, hint, Code.NO_SUCH_TARGET)
                names = _SetNames(entry.key).read(scope, entry.value, what)
                related += [(entry.key, name) for name in names]
        found.check()
        return tuple(related)

    def _places(self, node: Node, seen: set[tuple[int, int]]) -> Iterator[Place]:  # noqa: ARG002
        for holder, pair in pairs(node):
            yield Place(RELATED, pair[0], holder, pair)


class SharedSet(Construct, name="shared set"):
    """A set of attributes or tags, which object sets name."""

    items: Value = key(VALUE, "its attributes or tags", required=True)


class ObjectSet(Construct, name="object set"):
    """Objects of one code that a data item becomes; `related` are pairs of a code and a set."""

    position: Position
    code: str
    name: str
    items: Value = key(_ITEMS, "the objects", required=True)
    attribute_sets: tuple[str, ...] = key(
        _SetNames(_ATTRIBUTE), "names of attribute sets", default=(), name=ATTRIBUTE_SETS
    )
    tag_sets: tuple[str, ...] = key(_SetNames(_TAG), "names of tag sets", default=(), name=TAG_SETS)
    related: tuple[tuple[str, str], ...] = key(
        _Related(), "object code to names of sets", default=()
    )
    fulfillment: str | None = key(
        FeedName(FULFILLMENT), "feed that fills placeholder attachments", "H3", own=True
    )


@dataclass(frozen=True, slots=True)
class Report:
    """The objects, attributes and tags that a data item becomes.

    `item_words` and `tag_words` make the keys of items and tags canonical, whose words a
    definition may spell otherwise; a canonical one of which that is so becomes an unknown key.
    """

    object_sets: tuple[ObjectSet, ...] = ()
    attribute_sets: Mapping[str, Value] = field(default_factory=dict)
    tag_sets: Mapping[str, Value] = field(default_factory=dict)
    item_words: Mapping[str, str] = field(default_factory=dict)
    tag_words: Mapping[str, str] = field(default_factory=dict)


class _Report(Kind):
    """The report of a feed."""

    schema: Schema = {"$ref": "#/definitions/report"}  # noqa: RUF012 - constant

    def read(self, scope: Scope, node: Node, what: str) -> Report:
        """Return the report, whose sets may refer to each other."""
        document, found = scope.document, Findings()
        scope.sets = {_ATTRIBUTE: set(), _TAG: set()}
        members: list[tuple[str, Entry]] = []
        for entry in document.entries(node, what, found):
            code = entry.key.removesuffix(SUFFIX)
            if code in ("", entry.key):
                message = f"a report has no key {entry.key!r}"
                help_ = f"its keys are {ATTRIBUTE_SETS}, {TAG_SETS} and <object code>{SUFFIX}"
                found.add(document.finding(entry.key_node, message, help_))
                continue
            with found:
                # wrong or not, what is named here is no unknown set
                for member in document.entries(entry.value, entry.key, found):
                    scope.sets.setdefault(code, set()).add(member.key)
                    members.append((code, member))
        shared: dict[str, dict[str, Value]] = {_ATTRIBUTE: {}, _TAG: {}}
        objects: list[ObjectSet] = []
        for code, member in members:
            with found:
                _refuse_list(document, member)
                if code in shared:
                    shared[code][member.key] = _shared(scope, code, member)
                    continue
                at = document.position(member.key_node)
                given: dict[str, Any] = {"position": at, "code": code, "name": member.key}
                objects.append(read(ObjectSet, scope, member.value, **given))
        found.check()
        words = _words(document, ITEM_KEYS, PLURALS), _words(document, of(Tag).construct.keys)
        return Report(tuple(objects), shared[_ATTRIBUTE], shared[_TAG], *words)

    def _places(self, node: Node, seen: set[tuple[int, int]]) -> Iterator[Place]:
        for holder, (name, members) in pairs(node):
            yield Place(SET_KEYS, name, holder, (name, members))
            shared = _SHARED.get(name.value.removesuffix(SUFFIX))
            for _, (_, member) in pairs(members):
                if shared is None:
                    yield from of(ObjectSet).places(member, seen)
                    continue
                for _, (under, rows) in pairs(member):
                    if under.value == "items":
                        yield from shared.places(rows, seen)


_SHARED = {_ATTRIBUTE: ATTRIBUTE_ROWS, _TAG: TAG_ROWS}
REPORT = _Report()


def _refuse_list(document: Document, member: Entry) -> None:
    if not isinstance(member.value, MappingNode):
        message = f"a set is a mapping with the key 'items', this is {kind_of(member.value)}"
        raise document.error(member.value, message, f"write `{member.key}: {{items: ...}}`")


def _shared(scope: Scope, code: str, member: Entry) -> Value:
    keys = Keys(scope.document, member.value, of(SharedSet).construct.keys)
    value: Any = None
    if "items" in keys.nodes:
        with keys.found:
            value = _SHARED[code].read(scope, keys.nodes["items"], "items")
    keys.found.check()
    return value  # type: ignore[no-any-return]


def _words(document: Document, *vocabularies: Vocabulary) -> dict[str, str]:
    spelt = [pair for one in vocabularies for pair in one.spelt(document).items()]
    stale = {canonical: f"{canonical} (spelt {word!r})" for canonical, word in spelt}
    return stale | {word: canonical for canonical, word in spelt}
