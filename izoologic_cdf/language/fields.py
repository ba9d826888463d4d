"""User fields: the form that an administrator fills in. Needs no expression language."""

from dataclasses import dataclass

from izoologic_cdf.language.nodes import Document, MappingNode, Node
from izoologic_cdf.language.positions import Position
from izoologic_cdf.language.schema import keyed

PRIMARY, SUPPLEMENTAL, FULFILLMENT = "primary", "supplemental", "fulfillment"
FEED_TYPES = (PRIMARY, SUPPLEMENTAL, FULFILLMENT)


@dataclass(frozen=True, slots=True)
class UserField:
    """One field of a feed's form; `default` is text, a boolean, or null for none."""

    name: str
    label: str
    description: str
    required: bool
    default: str | bool | None
    mask: bool
    boolean: bool
    position: Position


@dataclass(frozen=True, slots=True)
class Form:
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
        if feed_type(document, keys.get("feed_type")) == PRIMARY:
            forms.append(Form(name, read_fields(document, keys.get("user_fields"))))
    return forms


def feed_nodes(document: Document) -> list[tuple[str, Node]]:
    """Return the feeds of a definition: name and node."""
    for entry in document.entries(document.root, "a definition"):
        if entry.key == "feeds":
            return [(e.key, e.value) for e in document.entries(entry.value, "feeds")]
    raise document.error(document.root, "this definition lacks the key 'feeds'")


def feed_type(document: Document, node: Node | None) -> str:
    """Return the kind of a feed: primary when it is not said."""
    if node is None:
        return PRIMARY
    kind = document.text(node, "feed_type")
    if kind not in FEED_TYPES:
        raise document.error(node, f"feed_type is one of {', '.join(FEED_TYPES)}")
    return kind


def read_fields(document: Document, node: Node | None) -> tuple[UserField, ...]:
    """Return the user fields of a feed; raises DefinitionError."""
    if node is None:
        return ()
    fields: dict[str, UserField] = {}
    for element in document.items(node, "user_fields"):
        read = _field(document, element)
        if read.name in fields:
            raise document.error(element, f"the user field {read.name!r} stands twice")
        fields[read.name] = read
    return tuple(fields.values())


def _field(document: Document, node: Node) -> UserField:
    keys = keyed(document, node, "user field")
    assert isinstance(node, MappingNode)  # noqa: S101 - keyed has refused everything else

    def flag(key: str) -> bool:
        return document.boolean(keys[key], key) if key in keys else False

    boolean = flag("boolean")
    default = document.scalar(keys["default"]) if "default" in keys else None
    if boolean and default is None:
        default = False
    if boolean and not isinstance(default, bool):
        raise document.error(keys["default"], "the default of a boolean field is true or false")
    if not boolean and default is not None:
        default = document.text(keys["default"], "default")
    return UserField(
        name=document.text(keys["name"], "name"),
        label=document.text(keys["label"], "label"),
        description=" ".join(
            document.text(keys["description"], "description").split()
            if "description" in keys
            else []
        ),
        required=flag("required"),
        default=default,
        mask=flag("mask"),
        boolean=boolean,
        position=document.position(node),
    )
