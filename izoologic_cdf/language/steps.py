"""The filters of a pipeline: what each is called, which keys it has, how each is read.

The runtime has its own table of what each of them does.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, TypeVar, cast

from izoologic_cdf.errors import Position
from izoologic_cdf.language import codes
from izoologic_cdf.language.fields import SUPPLEMENTAL
from izoologic_cdf.language.nodes import MappingNode, Node, ScalarNode, SequenceNode
from izoologic_cdf.language.positions import Findings, did_you_mean
from izoologic_cdf.language.pyfilters import BrokenFilterError, PythonFilter, UnknownFilterError
from izoologic_cdf.language.reports import ITEM_ROW
from izoologic_cdf.language.schema import (
    TEXT,
    FeedName,
    Kind,
    Leaf,
    Place,
    Schema,
    Scope,
    Vocabulary,
    Word,
    construct,
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


@dataclass(frozen=True, slots=True)
class Step:
    """One filter of a pipeline; the classes below are the language, and the only list of it."""

    position: Position
    word: ClassVar[str]
    # whether the filter takes one value instead of keys
    whole: ClassVar[bool] = False

    @classmethod
    def kinds(cls) -> tuple[Kind, ...]:
        """Return what can stand under the filter; nothing for a bare word."""
        wholes = tuple(one.metadata["kind"] for one in fields(cls) if "whole" in one.metadata)
        return wholes or ((of(cls),) if len(fields(cls)) > 1 else ())


Pipeline = tuple[Step, ...]
_S = TypeVar("_S", bound=Step)
STEPS: dict[str, type[Step]] = {}
WORDS = Vocabulary("filter")


def step(
    word: str, guess: str | None = None, *, uploaded: bool | str = True
) -> Callable[[type[_S]], type[_S]]:
    """Declare a class as the filter of that name.

    `uploaded` is false for one that the build drops, or the filter that it writes instead.
    """

    def declare(made: type[_S]) -> type[_S]:
        STEPS[word], made.word = made, word
        made.whole = any("whole" in one.metadata for one in fields(made))
        if not made.whole and takes_value(made):
            construct(word, guess, uploaded=uploaded)(made)
        WORDS.declare(word, word, "word", Word(made.__doc__ or "", guess, uploaded=uploaded))
        return made

    return declare


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
            message = f"Python filters are looked for in {python.folder}, which is not a folder"
            hint = "move the file into a folder beside it, or name another: --filters FOLDER"
            raise scope.document.error(where, message, hint, codes.UNKNOWN_FILTER) from None
        message = f"there is no Python filter {name!r} in {python.folder.name}/"
        hint_ = did_you_mean(name, error.known)
        raise scope.document.error(node, message, hint_, codes.UNKNOWN_FILTER) from None
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
        word, at, argument = entries[0].key, entries[0].key_node, entries[0].value
    made = STEPS.get(word)
    if made is None:
        message, hint = f"unknown filter {word!r}", WORDS.hint(document, word)
        raise document.error(at, message, hint, codes.UNKNOWN_FILTER)
    (shown,), position = WORDS.shown(document, [word]), document.position(at)
    if (argument is not None) != takes_value(made):
        if argument is None:
            message, hint = f"the filter {shown!r} needs a value", f"write `{shown}: ...`"
            raise document.error(at, message, hint)
        raise document.error(at, f"the filter {shown!r} takes no value")
    if argument is None:
        return (made(position),)
    if not made.whole:
        return (read(made, scope, argument, position=position),)
    values = [kind.read(scope, argument, shown) for kind in made.kinds()]
    return cast("Pipeline", values[0]) if made is Chain else (made(position, *values),)


def takes_value(made: type[Step]) -> bool:
    """Return whether a filter has a value or keys; else it is a bare word."""
    return len(fields(made)) > 1


# --- the filters ---------------------------------------------------------------------------------


@step("parse-json")
@dataclass(frozen=True, slots=True)
class ParseJson(Step):
    """Bytes or text to an object."""


@step("get")
@dataclass(frozen=True, slots=True)
class Get(Step):
    """`value` becomes `value[key]`."""

    key: str = whole(Leaf(_key_of_get, TEXT.schema))


@step("iterate")
@dataclass(frozen=True, slots=True)
class Iterate(Step):
    """Each element of the list goes on by itself."""


@step("drop")
@dataclass(frozen=True, slots=True)
class Drop(Step):
    """The item ends here when the condition is true."""

    condition: Value = whole(VALUE)


@step("set")
@dataclass(frozen=True, slots=True)
class Set(Step):
    """Sets keys; the right-hand sides see the value as it was before."""

    values: Value = whole(Leaf(_block, map_of({})))


@step("new")
@dataclass(frozen=True, slots=True)
class New(Step):
    """`value` becomes something else."""

    value: Value = whole(VALUE)


@step("item", "H7", uploaded="new")
@dataclass(frozen=True, slots=True)
class Item(Step):
    """`value` becomes an item of a report: `new`, with its keys checked."""

    value: Value = whole(ITEM_ROW)


@step("if")
@dataclass(frozen=True, slots=True, kw_only=True)
class If(Step):
    """A sub-pipeline that runs when the condition is true."""

    condition: Value = key(VALUE, "whether the sub-pipeline runs", required=True)
    filters: Pipeline = key(PIPELINE, "the sub-pipeline", required=True)


@step("filter-mapping")
@dataclass(frozen=True, slots=True)
class FilterMapping(Step):
    """Applies a pipeline to `value[key]` in place, for each key."""

    pipelines: Mapping[str, Pipeline] = whole(PIPELINES)


@step("each")
@dataclass(frozen=True, slots=True)
class Each(Step):
    """A sub-pipeline on every element of a list; dropped elements vanish."""

    filters: Pipeline = whole(PIPELINE)


@step("chain")
@dataclass(frozen=True, slots=True)
class Chain(Step):
    """Groups filters: in a pipeline that was read, they stand in its place."""

    filters: Pipeline = whole(PIPELINE)


@step("python", "H5", uploaded=False)
@dataclass(frozen=True, slots=True)
class Python(Step):
    """A Python filter."""

    name: str = whole(TEXT)
    function: PythonFilter = whole(Leaf(_python, TEXT.schema))


@step("supplemental", "H2")
@dataclass(frozen=True, slots=True, kw_only=True)
class Supplemental(Step):
    """Calls a supplemental feed and puts what it emits under a key."""

    feed: str = key(FeedName(SUPPLEMENTAL), "name of the supplemental feed", required=True)
    params: Value | None = key(PARAMS, "what it gets as run_params")
    into: str = key(TEXT, "key that receives what it emits", required=True)


@step("warn", "H7", uploaded=False)
@dataclass(frozen=True, slots=True)
class Warn(Step):
    """A pipeline on the side that ends in what to report about the item: text, a list, nothing."""

    filters: Pipeline = whole(PIPELINE)


@step("track", "H7", uploaded=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class Track(Step):
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


def calls(pipeline: Pipeline) -> Iterator[Supplemental]:
    """Yield the calls of other feeds in a pipeline, however deep."""
    return (one for one in nested(pipeline) if isinstance(one, Supplemental))
