"""User fields: the form that an administrator fills in. Needs no expression language."""

from typing import Any, NamedTuple

from izoologic_cdf.errors import Position
from izoologic_cdf.language.nodes import Document, Node
from izoologic_cdf.language.schema import (
    ANYTHING,
    FLAG,
    TEXT,
    Choice,
    Construct,
    Keys,
    Kind,
    ListOf,
    Of,
    Scope,
    Vocabulary,
    Word,
    key,
)

PRIMARY, SUPPLEMENTAL, FULFILLMENT = "primary", "supplemental", "fulfillment"
# those that other feeds call
CALLED = (SUPPLEMENTAL, FULFILLMENT)
TYPE = "feed_type"
FEED_TYPES = Vocabulary(TYPE, "H4")
for _word in (PRIMARY, *CALLED):
    FEED_TYPES.declare(_word, FEED_TYPES.name, "values", Word(guess="H4"))
FEED_TYPE = Choice(FEED_TYPES)


class UserField(Construct, name="user field"):
    """One field of a feed's form; `default` is text, a boolean, or null for none."""

    position: Position
    name: str = key(TEXT, "name in expressions", required=True)
    label: str = key(TEXT, "label in the form", required=True)
    description: str = key(TEXT, "help text in the form", default="")
    required: bool = key(FLAG, "whether it must be filled in", default=False)
    default: str | bool | None = key(ANYTHING, "value when nothing is entered", default=None)
    mask: bool = key(FLAG, "a secret: never shown", default=False)
    boolean: bool = key(FLAG, "a check box", default=False)

    @classmethod
    def settle(cls, scope: Scope, keys: Keys, values: dict[str, Any]) -> None:
        """Make the help text one line, and read the default by what the field is."""
        values["description"] = " ".join(values["description"].split())
        boolean = values["boolean"]
        default: str | bool | None = False if boolean else None
        if "default" in keys.nodes:
            node = keys.nodes["default"]
            written = scope.document.scalar(node)
            if boolean and not (written is None or isinstance(written, bool)):
                message = "the default of a boolean field is true or false"
                raise scope.document.error(node, message)
            if written is not None:
                default = written if boolean else scope.document.text(node, "default")
        values["default"] = default


class _Fields(ListOf):
    """The user fields of a feed, each name once."""

    def read(self, scope: Scope, node: Node, what: str) -> tuple[UserField, ...]:
        """Return the fields in file order."""
        names: set[str] = set()
        fields: tuple[UserField, ...] = super().read(scope, node, what)
        for field in fields:
            if field.name in names:
                message = f"the user field {field.name!r} is defined twice"
                raise scope.document.error(field.position, message)
            names.add(field.name)
        return fields


USER_FIELDS: Kind = _Fields(Of(UserField))


class Form(NamedTuple):
    """The form of one primary feed."""

    feed: str
    fields: tuple[UserField, ...]


def read_forms(document: Document) -> list[Form]:
    """Return the form of each primary feed of a definition, in file order.

    Raises:
        DefinitionError: the parts that are read here are not as the language has them.
    """
    forms = []
    for name, feed in feed_nodes(document):
        keys = {entry.key: entry.value for entry in document.entries(feed, "a feed")}
        if feed_type(document, keys.get(TYPE)) == PRIMARY:
            forms.append(Form(name, read_fields(document, keys.get("user_fields"))))
    return forms


def feed_nodes(document: Document) -> list[tuple[str, Node]]:
    """Return the feeds of a definition: name and node."""
    for entry in document.entries(document.root, "a definition"):
        if entry.key == "feeds":
            return [(e.key, e.value) for e in document.entries(entry.value, "feeds")]
    raise document.error(document.root, "this definition lacks the key 'feeds'")


def feed_type(document: Document, node: Node | None) -> str:
    """Return the type of a feed: primary where there is no node."""
    return PRIMARY if node is None else FEED_TYPE.read(Scope(document), node, TYPE)


def read_fields(document: Document, node: Node | None) -> tuple[UserField, ...]:
    """Return the user fields of a feed; raises DefinitionError."""
    return () if node is None else USER_FIELDS.read(Scope(document), node, "user_fields")
