"""The report of a feed, from nodes to the model."""

from functools import partial

from izoologic_cdf.language import codes, model
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
from izoologic_cdf.language.pipelines import Call, Scope
from izoologic_cdf.language.positions import Findings, did_you_mean
from izoologic_cdf.language.schema import CONSTRUCTS, Parts
from izoologic_cdf.language.values import Value, compile_value

SUFFIX = "-sets"
# the constructs of rows that sets share
_ATTRIBUTE, _TAG = "attribute", "tag"
ATTRIBUTE_SETS, TAG_SETS = _ATTRIBUTE + SUFFIX, _TAG + SUFFIX
# the keys of an item with rows under them
_ROWS = {"attributes": _ATTRIBUTE, "tags": _TAG}


def compile_report(scope: Scope, node: Node) -> model.Report:
    """Compile the report of a feed; `data` is a name in it.

    Raises:
        DefinitionError: unknown keys, sets that do not exist, all that is wrong in expressions.
    """
    return _ReportCompiler(scope.with_names("data")).compile(node)


class _ReportCompiler:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._document: Document = scope.document
        # the names of all sets by object code; those of attributes and tags stand under theirs
        self._names: dict[str, set[str]] = {_ATTRIBUTE: set(), _TAG: set()}

    def compile(self, node: Node) -> model.Report:
        document, found = self._document, Findings()
        members: list[tuple[str, Entry]] = []
        for entry in document.entries(node, "report", found):
            code = entry.key.removesuffix(SUFFIX)
            if code in ("", entry.key):
                message = f"a report has no key {entry.key!r}"
                help_ = "its keys are attribute-sets, tag-sets and <object code>-sets"
                found.add(document.finding(entry.key_node, message, help_))
                continue
            with found:
                # wrong or not, what is named here is no unknown set
                for member in document.entries(entry.value, entry.key, found):
                    self._names.setdefault(code, set()).add(member.key)
                    members.append((code, member))
        shared: dict[str, dict[str, Value]] = {_ATTRIBUTE: {}, _TAG: {}}
        objects: list[model.ObjectSet] = []
        for code, member in members:
            with found:
                if code in shared:
                    shared[code][member.key] = self._shared(code, member)
                else:
                    objects.append(self._object_set(code, member))
        found.check()
        return model.Report(tuple(objects), shared[_ATTRIBUTE], shared[_TAG])

    def _parts(self, member: Entry, construct: str) -> Parts:
        if not isinstance(member.value, MappingNode):
            raise self._document.error(
                member.value,
                f"a set is a mapping with the key 'items', this is {kind_of(member.value)}",
                f"write `{member.key}: {{items: ...}}`",
            )
        return Parts(self._document, member.value, construct)

    def _shared(self, construct: str, member: Entry) -> Value:
        parts = self._parts(member, "shared set")
        with parts.found:
            self._check_rows(parts.keys.get("items"), construct)
        items = parts.due("items", self._value)
        parts.check()
        return items

    def _object_set(self, code: str, member: Entry) -> model.ObjectSet:
        parts = self._parts(member, "object set")
        with parts.found:
            self._check_items(parts.keys.get("items"))
        fulfillment = parts.text("fulfillment")
        if fulfillment is not None:
            self._scope.calls.append(Call(fulfillment, parts.keys["fulfillment"], FULFILLMENT))
        names = self._names
        object_set = model.ObjectSet(
            position=self._document.position(member.key_node),
            code=code,
            name=member.key,
            items=parts.due("items", self._value),
            attribute_sets=parts.part(ATTRIBUTE_SETS, partial(self._named, names[_ATTRIBUTE]))
            or (),
            tag_sets=parts.part(TAG_SETS, partial(self._named, names[_TAG])) or (),
            related=parts.part("related", self._related) or (),
            fulfillment=fulfillment,
        )
        parts.check()
        return object_set

    def _value(self, node: Node) -> Value:
        scope = self._scope
        return compile_value(scope.document, node, scope.names, scope.missing, guarded=True)

    def _named(self, known: set[str], node: Node) -> tuple[str, ...]:
        """Return the names of sets that a list holds; each has to be a known one."""
        names, found = [], Findings()
        for element in self._document.items(node, "names of sets"):
            with found:
                name = self._document.text(element, "the name of a set")
                if name not in known:
                    hint = did_you_mean(name, known)
                    message = f"there is no set {name!r}"
                    raise self._document.error(element, message, hint, codes.NO_SUCH_TARGET)
                names.append(name)
        found.check()
        return tuple(names)

    def _related(self, node: Node) -> tuple[tuple[str, str], ...]:
        pairs, found = [], Findings()
        known = self._names.keys() - {_ATTRIBUTE, _TAG}
        for entry in self._document.entries(node, "related", found):
            with found:
                if entry.key not in known:
                    hint = did_you_mean(entry.key, known)
                    message = f"this report has no {entry.key}{SUFFIX}"
                    raise self._document.error(entry.key_node, message, hint, codes.NO_SUCH_TARGET)
                named = self._named(self._names[entry.key], entry.value)
                pairs += [(entry.key, name) for name in named]
        found.check()
        return tuple(pairs)

    def _check_rows(self, node: Node | None, construct: str) -> None:
        """Check the keys of attributes or tags that are written out; others come later."""
        if node is None or node.tag in TAGS:
            return
        found = Findings()
        for element in self._document.items(node, f"{construct}s"):
            if element.tag not in TAGS:
                with found:
                    Parts(self._document, element, construct).check()
        found.check()

    def _check_items(self, node: Node | None) -> None:
        """Check the keys of items that are written out."""
        found = Findings()
        for element in node.value if isinstance(node, SequenceNode) else [node]:
            if element is not None and element.tag not in TAGS:
                with found:
                    self._check_item(element, found)
        found.check()

    def _check_item(self, node: Node, found: Findings) -> None:
        known = CONSTRUCTS["item"]
        for entry in self._document.entries(node, "an item", found):
            with found:
                if entry.key in _ROWS:
                    self._check_rows(entry.value, _ROWS[entry.key])
                elif entry.key not in known and not self._nests(entry):
                    message = f"an item has no key {entry.key!r}"
                    hint = did_you_mean(entry.key, known)
                    raise self._document.error(entry.key_node, message, hint)

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
