"""The filters of a pipeline: what each is called, which keys it has, how each is read.

The runtime has its own table of what each of them does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, ClassVar

from izoologic_cdf.errors import Position
from izoologic_cdf.language.fields import SUPPLEMENTAL
from izoologic_cdf.language.nodes import MappingNode, Node, ScalarNode, SequenceNode
from izoologic_cdf.language.positions import Code, Findings, did_you_mean
from izoologic_cdf.language.pyfilters import (
    BrokenFilterError,
    PythonFilter,
    UnknownFilterError,
    places_of_filters,
)
from izoologic_cdf.language.reports import ITEM_ROW
from izoologic_cdf.language.schema import (
    TEXT,
    Construct,
    FeedName,
    Kind,
    Leaf,
    Place,
    Schema,
    Scope,
    Vocabulary,
    Word,
    key,
    map_of,
    name_of_expressions,
    of,
    pairs,
    read,
    whole,
)
from izoologic_cdf.language.values import PARAMS, VALUE, Value

# the name of what a caller hands to the feed that it calls
RUN_PARAMS = name_of_expressions("run_params", "H2", "what the caller of a feed hands to it")


STEPS: dict[str, "type[Step]"] = {}
WORDS = Vocabulary("filter")


class Step(Construct):
    """One filter of a pipeline; the classes below are the language, and the only list of it.

    A filter has keys, as a construct has, or one value, or it is a bare word. `uploaded` is false
    for one that the build drops, or the filter that it writes instead.
    """

    position: Position
    word: ClassVar[str]

    def __init_subclass__(
        cls, name: str = "", guess: str | None = None, *, uploaded: bool | str = True
    ) -> None:
        super().__init_subclass__(name, guess, uploaded=uploaded)
        STEPS[name], cls.word = cls, name
        WORDS.declare(name, name, "word", Word(cls.__doc__ or "", guess, uploaded=uploaded))

    @classmethod
    def value_fields(cls) -> "list[Field[Any]]":
        """Return the attributes that the one value of a filter is read into."""
        return [one for one in fields(cls) if "whole" in one.metadata]

    @classmethod
    def kinds(cls) -> tuple[Kind, ...]:
        """Return what can stand under the filter; nothing for a bare word."""
        wholes = tuple(one.metadata["kind"] for one in cls.value_fields())
        return wholes or ((of(cls),) if takes_value(cls) else ())


Pipeline = tuple[Step, ...]


# --- what can stand in a pipeline ----------------------------------------------------------------


def _block(scope: Scope, node: Node, what: str) -> Value:
    if not isinstance(node, MappingNode):
        raise scope.document.error(node, f"{what} takes a mapping of keys and values")
    values: Value = PARAMS.read(scope, node, what)
    return values


def _key_of_get(scope: Scope, node: Node, _what: str) -> str:
    return scope.document.text(node, "the key of get")


def _python(scope: Scope, node: Node, _what: str) -> PythonFilter:
    name, python = scope.document.text(node, "a Python filter"), scope.python
    assert python is not None  # noqa: S101 - a scope without filters reads forms alone
    try:
        return python.find(name)
    except UnknownFilterError as error:
        if not python.folder.is_dir():
            # all filters of the file miss it, and it is reported once
            where = scope.document.root
            places = places_of_filters(Path(scope.document.name))
            if python.folder in places:
                looked, which = f"{places[0]} and in {places[1]}", "neither is a folder"
            else:
                looked, which = str(python.folder), "which is not a folder"
            message = f"Python filters are looked for in {looked}, {which}"
            hint = "put them into one of these, or name another: --filters FOLDER"
            raise scope.document.error(where, message, hint, Code.UNKNOWN_FILTER) from None
        message = f"there is no Python filter {name!r} in {python.folder.name}/"
        hint_ = did_you_mean(name, error.known)
        raise scope.document.error(node, message, hint_, Code.UNKNOWN_FILTER) from None
    except BrokenFilterError as error:
        raise scope.document.error(node, str(error)) from None


class _Pipeline(Kind):
    """A list of filters."""

    schema: Schema = {"type": "array", "items": {"$ref": "#/definitions/filter"}}  # noqa: RUF012 - constant

    def read(self, scope: Scope, node: Node, what: str) -> Pipeline:  # noqa: ARG002 - same shape as the others
        """Return the filters of a list, those of a `chain` in its place."""
        steps: list[Step] = []
        found = Findings()
        for element in scope.document.items(node, "filters"):
            with found:
                steps += _steps(scope, element)
        found.check()
        return tuple(steps)

    def _places(self, node: Node, seen: set[tuple[int, int]]) -> Iterator[Place]:
        for element in node.value if isinstance(node, SequenceNode) else ():
            yield from self.step_places(element, node, seen)

    def step_places(self, node: Node, holder: Node, seen: set[tuple[int, int]]) -> Iterator[Place]:
        """Yield the words of one filter."""
        if isinstance(node, ScalarNode):
            yield Place(WORDS, node, holder, node)
        for _, (word, argument) in pairs(node):
            yield Place(WORDS, word, holder, node)
            made = STEPS.get(word.value)
            for kind in made.kinds() if made else ():
                yield from kind.places(argument, seen)


class _Pipelines(Kind):
    """A pipeline, or a single filter, for each key of a mapping."""

    schema = map_of({"anyOf": [{"$ref": "#/definitions/filter"}, _Pipeline.schema]})

    def read(self, scope: Scope, node: Node, what: str) -> Mapping[str, Pipeline]:
        """Return the pipelines by key."""
        document, pipelines, found = scope.document, {}, Findings()
        for entry in document.entries(node, what, found):
            with found:
                one = isinstance(entry.value, ScalarNode | MappingNode)
                read_one = _steps(scope, entry.value) if one else None
                pipeline = read_one or PIPELINE.read(scope, entry.value, what)
                pipelines[entry.key] = pipeline
                if iterates(pipeline):
                    message = f"iterate gives several values, and {entry.key!r} holds one"
                    raise document.error(entry.value, message, "use `each`, which gives a list")
        found.check()
        return pipelines

    def _places(self, node: Node, seen: set[tuple[int, int]]) -> Iterator[Place]:
        for _, (_, value) in pairs(node):
            if isinstance(value, SequenceNode):
                yield from PIPELINE.places(value, seen)
            else:
                yield from PIPELINE.step_places(value, value, seen)


PIPELINE, PIPELINES = _Pipeline(), _Pipelines()


def _steps(scope: Scope, node: Node) -> Pipeline:
    """Read one filter; `chain` gives several."""
    document = scope.document
    if isinstance(node, ScalarNode):
        word, at, argument = document.text(node, "a filter"), node, None
    else:
        entries = document.entries(node, "a filter")
        if len(entries) != 1:
            message = f"a filter is a word or has exactly one key, this has {len(entries)}"
            raise document.error(node, message, "start each filter with its own dash")
        (entry,) = entries
        word, at, argument = entry.key, entry.key_node, entry.value
    made = STEPS.get(word)
    if made is None:
        message, hint = f"unknown filter {word!r}", WORDS.hint(document, word)
        raise document.error(at, message, hint, Code.UNKNOWN_FILTER)
    (shown,), position = WORDS.shown(document, [word]), document.position(at)
    if (argument is not None) != takes_value(made):
        if argument is None:
            message, hint = f"the filter {shown!r} needs a value", f"write `{shown}: ...`"
            raise document.error(at, message, hint)
        raise document.error(at, f"the filter {shown!r} takes no value")
    if argument is None:
        return (made(position=position),)
    if not made.value_fields():
        return (read(made, scope, argument, position=position),)
    own = [(one.name, one.metadata["kind"]) for one in made.value_fields()]
    values = {name: kind.read(scope, argument, shown) for name, kind in own}
    step = made(position=position, **values)
    return step.filters if isinstance(step, Chain) else (step,)


def takes_value(made: type[Step]) -> bool:
    """Return whether a filter has a value or keys; else it is a bare word."""
    return len(fields(made)) > 1


# --- the filters ---------------------------------------------------------------------------------


class ParseJson(Step, name="parse-json"):
    """Bytes or text to an object."""


class Get(Step, name="get"):
    """`value` becomes `value[key]`."""

    key: str = whole(Leaf(_key_of_get, TEXT.schema))


class Iterate(Step, name="iterate"):
    """Each element of the list goes on by itself."""


class Drop(Step, name="drop"):
    """The item ends here when the condition is true."""

    condition: Value = whole(VALUE)


class Set(Step, name="set"):
    """Sets keys; the right-hand sides see the value as it was before."""

    values: Value = whole(Leaf(_block, map_of({})))


class New(Step, name="new"):
    """`value` becomes something else."""

    value: Value = whole(VALUE)


class Item(Step, name="item", guess="H7", uploaded="new"):
    """`value` becomes an item of a report: `new`, with its keys checked."""

    value: Value = whole(ITEM_ROW)


class If(Step, name="if"):
    """A sub-pipeline that runs when the condition is true."""

    condition: Value = key(VALUE, "whether the sub-pipeline runs", required=True)
    filters: Pipeline = key(PIPELINE, "the sub-pipeline", required=True)


class FilterMapping(Step, name="filter-mapping"):
    """Applies a pipeline to `value[key]` in place, for each key."""

    pipelines: Mapping[str, Pipeline] = whole(PIPELINES)


class Each(Step, name="each"):
    """A sub-pipeline on every element of a list; dropped elements vanish."""

    filters: Pipeline = whole(PIPELINE)


class Chain(Step, name="chain"):
    """Groups filters: in a pipeline that was read, they stand in its place."""

    filters: Pipeline = whole(PIPELINE)


class Python(Step, name="python", guess="H5", uploaded=False):
    """A Python filter."""

    name: str = whole(TEXT)
    function: PythonFilter = whole(Leaf(_python, TEXT.schema))


class Supplemental(Step, name="supplemental", guess="H2"):
    """Calls a supplemental feed and puts what it emits under a key."""

    feed: str = key(FeedName(SUPPLEMENTAL), "name of the supplemental feed", required=True)
    params: Value | None = key(PARAMS, "what it gets as run_params", default=None)
    into: str = key(TEXT, "key that receives what it emits", required=True)


class Warn(Step, name="warn", guess="H7", uploaded=False):
    """A pipeline on the side that ends in what to report about the item: text, a list, nothing."""

    filters: Pipeline = whole(PIPELINE)


class Track(Step, name="track", guess="H7", uploaded=False):
    """From here on the item is a case: counted, named in errors, committed as one."""

    id: Value = key(VALUE, "the case, for reports and errors", required=True)
    updated: Value | None = key(VALUE, "epoch of its newest update")


def iterates(pipeline: Pipeline) -> bool:
    """Return whether a pipeline can turn one item into several."""
    return any(
        isinstance(one, Iterate) or (isinstance(one, If) and iterates(one.filters))
        for one in pipeline
    )


def nested(pipeline: Pipeline) -> Iterator[Step]:
    """Yield the filters of a pipeline, however deep."""
    for one in pipeline:
        yield one
        inner = getattr(one, "pipelines", {}).values()
        for below in (getattr(one, "filters", ()), *inner):
            yield from nested(below)
