"""User fields: the form that an administrator fills in. Needs no expression language."""

from dataclasses import dataclass, replace

from izoologic_cdf.errors import Position
from izoologic_cdf.language.nodes import Document, Node
from izoologic_cdf.language.positions import Findings
from izoologic_cdf.language.schema import Parts

PRIMARY, SUPPLEMENTAL, FULFILLMENT = "primary", "supplemental", "fulfillment"
# those that other feeds call
CALLED = (SUPPLEMENTAL, FULFILLMENT)
FEED_TYPES = (PRIMARY, *CALLED)


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
    found = Findings()
    for element in document.items(node, "user_fields"):
        with found:
            read = _field(document, element)
            if read.name in fields:
                raise document.error(element, f"the user field {read.name!r} stands twice")
            fields[read.name] = read
    found.check()
    return tuple(fields.values())


def _field(document: Document, node: Node) -> UserField:
    parts = Parts(document, node, "user field")

    def flag(key: str) -> bool:
        return parts.part(key, lambda inner: document.boolean(inner, key)) or False

    boolean = flag("boolean")
    read = UserField(
        name=parts.text("name") or "",
        label=parts.text("label") or "",
        description=" ".join((parts.text("description") or "").split()),
        required=flag("required"),
        default=parts.part("default", lambda inner: _default(document, inner, boolean=boolean)),
        mask=flag("mask"),
        boolean=boolean,
        position=document.position(node),
    )
    parts.check()
    return replace(read, default=False) if boolean and read.default is None else read


def _default(document: Document, node: Node, *, boolean: bool) -> str | bool | None:
    default = document.scalar(node)
    if default is None or (boolean and isinstance(default, bool)):
        return default
    if boolean:
        raise document.error(node, "the default of a boolean field is true or false")
    return document.text(node, "default")
