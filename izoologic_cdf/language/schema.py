"""How the language is declared: each of its words once, on the class that it belongs to.

A subclass of `Construct` (a mapping with fixed keys) or of `steps.Step` (a filter) is the
language, and its only list: the loader, the editor's schema, the build, the checklist of guesses
and `spellings.yaml` all ask the classes. `Kind` is what can stand under a key. Nothing here needs
the expression language, so that a form can be shown without it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from enum import Enum
from typing import Any, ClassVar, NamedTuple, TypeVar, dataclass_transform

from izoologic_cdf.language.nodes import (
    Document,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    Spot,
    is_merge,
    kind_of,
)
from izoologic_cdf.language.positions import Findings, did_you_mean
from izoologic_cdf.language.pyfilters import PythonFilters

_C = TypeVar("_C", bound="Construct")
Schema = dict[str, Any]
PUBLIC, VENDOR_DOCS, OUR_ASSUMPTION = "public", "vendor docs", "our assumption"
# the evidence by the first letter of a convention's id
EVIDENCE = {"D": VENDOR_DOCS, "H": OUR_ASSUMPTION}


class Missing(Enum):
    """What a missing key of the data is."""

    NULL = "null"
    UNDEFINED = "undefined"


# --- words ---------------------------------------------------------------------------------------


class Word(NamedTuple):
    """What is declared of one word of the language.

    `guess` is the convention that its spelling is, `meaning` one about a word that is public.
    `uploaded` is false for what the build drops, or the word that it writes instead. `spot` is
    where `spellings.yaml` renames it, null where it cannot be renamed.
    """

    says: str = ""
    guess: str | None = None
    meaning: str | None = None
    uploaded: bool | str = True
    required: bool = False
    spot: Spot | None = None
    # how the renamed word is made into this one: a code into the name of its set
    form: Callable[[str], str] = str

    @property
    def evidence(self) -> str:
        """How well the spelling is known."""
        return EVIDENCE[self.guess[0]] if self.guess else PUBLIC


class Vocabulary(dict[str, Word]):
    """The words that can stand at one kind of place, by their canonical spelling.

    `guess` is one that they are as a whole. `in_data` is true where rows of the data have these
    words as well: such words stay in a document as they are spelt, all others become canonical
    (`spellings`).
    """

    def __init__(self, name: str, guess: str | None = None, *, in_data: bool = False) -> None:
        super().__init__()
        self.name = name
        self.guess = guess
        self.in_data = in_data
        VOCABULARIES.append(self)

    def declare(self, word: str, entry: str, part: str, said: Word, of: str | None = None) -> None:
        """Add a word; `of` is the one that is renamed, where this is a form of it."""
        renamed = said.guess is not None and said.uploaded is True
        self[word] = said._replace(spot=(entry, part, of or word) if renamed else None)

    def spelt(self, document: Document) -> dict[str, str]:
        """Return the words that a document spells otherwise: canonical to spelt."""
        words = document.spelt
        known = ((word, said) for word, said in self.items() if said.spot in words) if words else ()
        return {word: said.form(words[said.spot]) for word, said in known if said.spot}

    def shown(self, document: Document, words: Iterable[str] | None = None) -> list[str]:
        """Return words as a document spells them; all of them without `words`."""
        spelt = self.spelt(document)
        return [spelt.get(word, word) for word in (self if words is None else words)]

    def said(self, document: Document, text: str) -> Word | None:
        """Return what is declared of a word as a document has it; null for an unknown one."""
        spelt = self.spelt(document) if self.in_data else {}
        if text in spelt:
            return None
        return self.get({new: old for old, new in spelt.items()}.get(text, text))

    def hint(self, document: Document, word: str) -> str | None:
        """Return what to write instead of an unknown word."""
        spelt = self.spelt(document)
        if word in spelt:
            return f"{document.spelt_in} spells it {spelt[word]!r}"
        return did_you_mean(word, self.shown(document))


VOCABULARIES: list[Vocabulary] = []
# the names of expressions that are guesses
NAMES = Vocabulary("name")


def name_of_expressions(word: str, guess: str, says: str) -> str:
    """Declare a name that expressions may use."""
    NAMES.declare(word, word, "word", Word(says, guess))
    return word


class Place(NamedTuple):
    """A word in a file: from which vocabulary, its node, and the collection that holds it."""

    vocabulary: Vocabulary
    node: ScalarNode
    holder: Node
    member: Any


# --- what is read, and what can stand under a key ------------------------------------------------


class Call(NamedTuple):
    """A feed that is called: its name, where, and which type of feed is expected there."""

    name: str
    node: Node
    kind: str


@dataclass(slots=True)
class Scope:
    """What a part of a definition is read with, and the calls that it turned out to hold."""

    document: Document
    names: frozenset[str] = frozenset()
    missing: Missing = Missing.NULL
    python: PythonFilters | None = None
    calls: list[Call] = field(default_factory=list)
    # the names of the sets of a report by object code, those of attributes and tags under theirs
    sets: dict[str, set[str]] = field(default_factory=dict)

    def with_names(self, *names: str) -> "Scope":
        """Return the same scope with further names of expressions."""
        return replace(self, names=self.names | set(names))


class Kind:
    """What can stand under a key: how it is read, and its JSON Schema for editors."""

    schema: Schema = {}  # noqa: RUF012 - not changed, replaced by subclasses

    def read(self, scope: Scope, node: Node, what: str) -> Any:
        """Return what a node says; `what` names it in messages. Raises DefinitionError."""
        raise NotImplementedError

    def places(self, node: Node, seen: set[tuple[int, int]]) -> Iterator[Place]:
        """Yield the words at and below a node, whatever is wrong with it, each node once.

        A word may be changed while it is yielded: what stands below goes by the changed one.
        """
        if (id(self), id(node)) not in seen:
            seen.add((id(self), id(node)))
            yield from self._places(node, seen)

    def _places(self, node: Node, seen: set[tuple[int, int]]) -> Iterator[Place]:  # noqa: ARG002
        return iter(())


class Leaf(Kind):
    """A value that holds no words of the language, read by a function."""

    def __init__(
        self, read: Callable[[Scope, Node, str], Any], schema: Schema | None = None
    ) -> None:
        self._read = read
        self.schema = schema or {}

    def read(self, scope: Scope, node: Node, what: str) -> Any:
        """Return what the function makes of a node."""
        return self._read(scope, node, what)


class Choice(Kind):
    """One of some fixed words."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.schema = {"enum": [*vocabulary]}

    def read(self, scope: Scope, node: Node, what: str) -> str:
        """Return the word, in its canonical spelling."""
        word = scope.document.text(node, what)
        if word not in self.vocabulary:
            known = ", ".join(self.vocabulary.shown(scope.document))
            raise scope.document.error(node, f"{what} is one of {known}")
        return word

    def _places(self, node: Node, seen: set[tuple[int, int]]) -> Iterator[Place]:  # noqa: ARG002
        if isinstance(node, ScalarNode):
            yield Place(self.vocabulary, node, node, None)


class ListOf(Kind):
    """A list whose elements are of one kind."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.schema = {"type": "array", "items": kind.schema}

    def read(self, scope: Scope, node: Node, what: str) -> tuple[Any, ...]:
        """Return the elements, with the findings of all of them."""
        found, read = Findings(), []
        for element in scope.document.items(node, what):
            with found:
                read.append(self.kind.read(scope, element, what))
        found.check()
        return tuple(read)

    def _places(self, node: Node, seen: set[tuple[int, int]]) -> Iterator[Place]:
        for element in node.value if isinstance(node, SequenceNode) else ():
            yield from self.kind.places(element, seen)


class Words:
    """The words of a construct by the attributes that they are read into."""

    def __init__(self, construct: "type[Construct]") -> None:
        self.__dict__ |= {one.name: word for word, one in declared(construct)}

    def __getattr__(self, attribute: str) -> str:
        raise AttributeError(attribute)


class Of(Kind):
    """A construct."""

    def __init__(self, construct: "type[Construct]") -> None:
        self.construct = construct
        self.words = Words(construct)
        self.name: str = construct.keys.name.replace(" ", "-")
        self.schema = {"$ref": f"#/definitions/{self.name}"}

    def read(self, scope: Scope, node: Node, what: str) -> Any:  # noqa: ARG002 - same shape as the others
        """Return an object of the construct."""
        return read(self.construct, scope, node)

    def _places(self, node: Node, seen: set[tuple[int, int]]) -> Iterator[Place]:
        kinds = {key: one.metadata["kind"] for key, one in declared(self.construct)}
        for holder, pair in pairs(node):
            yield Place(self.construct.keys, pair[0], holder, pair)
            if pair[0].value in kinds:
                yield from kinds[pair[0].value].places(pair[1], seen)


_KINDS: "dict[type[Construct], Of]" = {}


def of(construct: "type[Construct]") -> Of:
    """Return the kind of a construct, always the same for the same class."""
    if construct not in _KINDS:
        _KINDS[construct] = Of(construct)
    return _KINDS[construct]


class FeedName(Kind):
    """The name of a feed of one type, which is called there."""

    schema: Schema = {"type": "string"}  # noqa: RUF012 - constant

    def __init__(self, type_of_feed: str) -> None:
        self._type = type_of_feed

    def read(self, scope: Scope, node: Node, what: str) -> str:
        """Return the name, and note the call."""
        name = scope.document.text(node, what)
        scope.calls.append(Call(name, node, self._type))
        return name


def pairs(node: Node) -> Iterator[tuple[MappingNode, tuple[ScalarNode, Node]]]:
    """Yield the pairs of a mapping and of those that it merges, each with its own mapping."""
    if isinstance(node, MappingNode):
        for pair in list(node.value):
            if is_merge(pair[0]):
                merged = pair[1].value if isinstance(pair[1], SequenceNode) else [pair[1]]
                for other in merged:
                    yield from pairs(other)
            elif isinstance(pair[0], ScalarNode):
                yield node, pair


def _text(scope: Scope, node: Node, what: str) -> str:
    return scope.document.text(node, what)


def _flag(scope: Scope, node: Node, what: str) -> bool:
    return scope.document.boolean(node, what)


TEXT = Leaf(_text, {"type": "string"})
FLAG = Leaf(_flag, {"type": "boolean"})
ANYTHING = Leaf(lambda _scope, node, _what: node)


class _Within(Kind):
    def __init__(self, kind: Kind, names: tuple[str, ...], made_of: Callable[[Any], Any]) -> None:
        self._kind, self._names, self._made_of = kind, names, made_of
        self.schema = kind.schema

    def read(self, scope: Scope, node: Node, what: str) -> Any:
        """Return what the kind reads with further names."""
        return self._made_of(self._kind.read(scope.with_names(*self._names), node, what))

    def _places(self, node: Node, seen: set[tuple[int, int]]) -> Iterator[Place]:
        yield from self._kind.places(node, seen)


def within(kind: Kind, *names: str, made_of: Callable[[Any], Any] = lambda made: made) -> Kind:
    """Return a kind whose expressions may use further names, or of which something is made."""
    return _Within(kind, names, made_of)


# --- constructs ----------------------------------------------------------------------------------

# every construct by its name, in the order of the editor's schema
CONSTRUCTS: dict[str, "type[Construct]"] = {}


def key(
    kind: Kind,
    says: str,
    guess: str | None = None,
    *,
    required: bool = False,
    default: Any = None,
    name: str | None = None,
    meaning: str | None = None,
    uploaded: bool = True,
    own: bool = False,
) -> Any:
    """Declare a key: what stands under it, and what it says.

    `default` is the value where it is absent, or a function of the place of the construct. `name`
    is the key where it is not that of the attribute. `own` gives it an entry of its own in
    `spellings.yaml`, where it is renamed as `word`. The others are those of `Word`.
    """
    said = Word(says, guess, meaning, uploaded, required)
    about = {"kind": kind, "said": said, "name": name, "own": own, "default": default}
    return field(default=MISSING if required else default, metadata=about)


def whole(kind: Kind) -> Any:
    """Declare the one value of a filter that has no keys."""
    return field(metadata={"kind": kind, "whole": True})


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(key, whole))
class Construct:
    """A mapping with fixed keys; a subclass declares one: `class Auth(Construct, name="auth")`.

    A subclass is a frozen dataclass. What holds for all of its keys is said behind its name: a
    guess, whether the build drops it, and whether rows of the data have these keys as well. An
    attribute `position` is where the construct begins.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]
    keys: ClassVar[Vocabulary]

    def __init_subclass__(
        cls,
        name: str = "",
        guess: str | None = None,
        *,
        uploaded: bool | str = True,
        in_data: bool = False,
    ) -> None:
        dataclass(frozen=True, kw_only=True, eq=False, repr=False)(cls)
        if not declared(cls):
            return
        cls.keys = words = Vocabulary(name, guess, in_data=in_data)
        for word, one in declared(cls):
            said: Word = one.metadata["said"]
            kept = said.uploaded and bool(uploaded)
            if word not in words:
                entry, part = (word, "word") if one.metadata["own"] else (name, "keys")
                said = said._replace(guess=said.guess or guess, uploaded=kept)
                words.declare(word, entry, part, said)
        CONSTRUCTS[name] = cls

    @classmethod
    def opened(cls, scope: Scope, keys: "Keys", values: dict[str, Any]) -> Scope:  # noqa: ARG003 - for subclasses
        """Return the scope in which the keys are read; may read some itself, into `values`."""
        return scope

    @classmethod
    def settle(cls, scope: Scope, keys: "Keys", values: dict[str, Any]) -> None:
        """Check and change what was read; adds what is wrong to `keys.found`, or raises it."""


def declared(made: "type[Construct]") -> list[tuple[str, "Field[Any]"]]:
    """Return the keys of a construct, each with the field that it is read into."""
    own = [one for one in fields(made) if "said" in one.metadata]
    return [(one.metadata["name"] or one.name, one) for one in own]


class Keys:
    """The keys of a mapping that a construct has; unknown and missing ones are findings.

    `nodes` are the nodes of the known keys that are there; `found` collects what is wrong.
    """

    def __init__(self, document: Document, node: Node, vocabulary: Vocabulary) -> None:
        """Look at the keys; raises DefinitionError where it is no mapping."""
        self.nodes: dict[str, Node] = {}
        self.found = Findings()
        known, hints = vocabulary, set()
        one = f"{'an' if known.name[0] in 'aehio' else 'a'} {known.name}"
        if not isinstance(node, MappingNode):
            message = f"{one} must be a mapping, this is {kind_of(node)}"
            raise document.error(node, message, f"its keys: {', '.join(known.shown(document))}")
        spelt = known.spelt(document) if known.in_data else {}
        written = {spelt.get(word, word): word for word in known}
        for entry in document.entries(node, one, self.found):
            if entry.key in written:
                self.nodes[written[entry.key]] = entry.value
                continue
            hint = known.hint(document, entry.key)
            hints.add(hint)
            message = f"{one} has no key {entry.key!r}"
            self.found.add(document.finding(entry.key_node, message, hint))
        missing = [word for word, said in known.items() if said.required and word not in self.nodes]
        # a mistyped key is not missing as well
        missing = [w for w in missing if did_you_mean(w, known.shown(document, [w])) not in hints]
        if missing:
            shown = known.shown(document, missing)
            *most, last = map(repr, shown)
            names = f"s {', '.join(most)} and {last}" if most else f" {last}"
            says = zip(shown, missing, strict=True)
            help_ = "; ".join(f"{word}: {known[canonical].says}" for word, canonical in says)
            message = f"this {known.name} lacks the key{names}"
            self.found.add(document.finding(node, message, help_))


def read(made: type[_C], scope: Scope, node: Node, **given: Any) -> _C:
    """Return an object of a construct; `given` are attributes that no key of it says.

    Raises:
        DefinitionError: with everything that is wrong in it.
    """
    keys, at = Keys(scope.document, node, made.keys), scope.document.position(node)
    values = {"position": at, **given} if "position" in made.__dataclass_fields__ else given
    inner = made.opened(scope, keys, values)
    for word, one in declared(made):
        if one.name in values:
            continue
        default = one.metadata["default"]
        values[one.name] = default(at) if callable(default) else default
        if word in keys.nodes:
            with keys.found:
                values[one.name] = one.metadata["kind"].read(inner, keys.nodes[word], word)
    with keys.found:
        made.settle(inner, keys, values)
    keys.found.check()
    return made(**values)


def map_of(value: Schema) -> Schema:
    """Return the schema of a mapping with any keys."""
    return {"type": "object", "additionalProperties": value}
