"""The report of a feed, from nodes to the model."""

from izoologic_cdf.language import codes, model
from izoologic_cdf.language.nodes import (
    TAGS,
    Document,
    Entry,
    MappingNode,
    Node,
    SequenceNode,
    kind_of,
)
from izoologic_cdf.language.pipelines import Scope
from izoologic_cdf.language.positions import did_you_mean
from izoologic_cdf.language.schema import CONSTRUCTS, keyed
from izoologic_cdf.language.values import Value, compile_value

SUFFIX = "-sets"
ATTRIBUTE_SETS, TAG_SETS = "attribute-sets", "tag-sets"


def compile_report(scope: Scope, node: Node | None) -> model.Report | None:
    """Compile the report of a feed; `data` is a name in it. Null where the feed has none.

    Raises:
        DefinitionError: an unknown key, a set that does not exist, anything wrong in an expression.
    """
    if node is None:
        return None
    return _ReportCompiler(scope.with_names("data")).compile(node)


class _ReportCompiler:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._document: Document = scope.document
        self._attribute_sets: dict[str, Value] = {}
        self._tag_sets: dict[str, Value] = {}
        self._names: dict[str, set[str]] = {}

    def compile(self, node: Node) -> model.Report:
        document = self._document
        objects: list[tuple[str, Entry]] = []
        for entry in document.entries(node, "report"):
            if not entry.key.endswith(SUFFIX) or entry.key == SUFFIX:
                raise document.error(
                    entry.key_node,
                    f"a report has no key {entry.key!r}",
                    "its keys are attribute-sets, tag-sets and <object code>-sets",
                )
            code = entry.key.removesuffix(SUFFIX)
            for member in document.entries(entry.value, entry.key):
                if entry.key == ATTRIBUTE_SETS:
                    self._attribute_sets[member.key] = self._attributes(self._shared(member))
                elif entry.key == TAG_SETS:
                    self._tag_sets[member.key] = self._value(self._shared(member))
                else:
                    self._names.setdefault(code, set()).add(member.key)
                    objects.append((code, member))
        object_sets = tuple(self._object_set(code, member) for code, member in objects)
        return model.Report(object_sets, self._attribute_sets, self._tag_sets)

    def _shared(self, member: Entry) -> Node:
        """Return the items of an attribute set or tag set; a set is always a mapping."""
        if not isinstance(member.value, MappingNode):
            raise self._document.error(
                member.value,
                f"a set is a mapping with the key 'items', this is {kind_of(member.value)}",
                f"write `{member.key}: {{items: ...}}`",
            )
        return keyed(self._document, member.value, "shared set")["items"]

    def _value(self, node: Node) -> Value:
        scope = self._scope
        return compile_value(scope.document, node, scope.names, scope.missing, guarded=True)

    def _attributes(self, node: Node) -> Value:
        self._check_attributes(node)
        return self._value(node)

    def _check_attributes(self, node: Node) -> None:
        if node.tag in TAGS:
            return
        for element in self._document.items(node, "attributes"):
            if element.tag not in TAGS:
                keyed(self._document, element, "attribute")

    def _object_set(self, code: str, member: Entry) -> model.ObjectSet:
        document = self._document
        keys = keyed(document, member.value, "object set")
        self._check_items(keys["items"])
        fulfillment = None
        if "fulfillment" in keys:
            fulfillment = document.text(keys["fulfillment"], "fulfillment")
            self._scope.calls.append((fulfillment, keys["fulfillment"]))
        return model.ObjectSet(
            position=document.position(member.key_node),
            code=code,
            name=member.key,
            items=self._value(keys["items"]),
            attribute_sets=self._named(keys.get(ATTRIBUTE_SETS), self._attribute_sets),
            tag_sets=self._named(keys.get(TAG_SETS), self._tag_sets),
            related=self._related(keys.get("related")),
            fulfillment=fulfillment,
        )

    def _named(self, node: Node | None, known: dict[str, Value] | set[str]) -> tuple[str, ...]:
        if node is None:
            return ()
        names = []
        for element in self._document.items(node, "names of sets"):
            name = self._document.text(element, "the name of a set")
            if name not in known:
                hint = did_you_mean(name, known)
                message = f"there is no set {name!r}"
                raise self._document.error(element, message, hint, codes.NO_SUCH_TARGET)
            names.append(name)
        return tuple(names)

    def _related(self, node: Node | None) -> tuple[tuple[str, str], ...]:
        if node is None:
            return ()
        pairs = []
        for entry in self._document.entries(node, "related"):
            if entry.key not in self._names:
                hint = did_you_mean(entry.key, self._names)
                message = f"this report has no {entry.key}{SUFFIX}"
                raise self._document.error(entry.key_node, message, hint, codes.NO_SUCH_TARGET)
            pairs += [
                (entry.key, name) for name in self._named(entry.value, self._names[entry.key])
            ]
        return tuple(pairs)

    def _check_items(self, node: Node) -> None:
        """Check the keys of items that are written out; those from an expression come later."""
        if isinstance(node, SequenceNode):
            for element in node.value:
                self._check_item(element)
        elif node.tag not in TAGS:
            self._check_item(node)

    def _check_item(self, node: Node) -> None:
        if node.tag in TAGS:
            return
        known = CONSTRUCTS["item"]
        for entry in self._document.entries(node, "an item"):
            if entry.key == "attributes":
                self._check_attributes(entry.value)
            elif entry.key not in known and not self._nests(entry):
                raise self._document.error(
                    entry.key_node,
                    f"an item has no key {entry.key!r}",
                    did_you_mean(entry.key, known),
                )

    def _nests(self, entry: Entry) -> bool:
        """Tell whether a key is the plural of an object code with a list of objects under it."""
        if not entry.key.endswith("s") or isinstance(entry.value, MappingNode):
            return False
        if isinstance(entry.value, SequenceNode):
            self._check_items(entry.value)
            return True
        return entry.value.tag in TAGS


def code_of_plural(plural: str) -> str:
    """Return the object code of a plural: identities -> identity, indicators -> indicator."""
    return plural.removesuffix("ies") + "y" if plural.endswith("ies") else plural.removesuffix("s")
