"""Walks back from a value to the fields of the answers that it was made of.

A path is a tuple of keys and of places in lists. What an expression reads is known by its text; of
a Python filter only what it was given and what it gave: it passes on what stands in both, and else
has made the value of those fields whose names its module has.
"""

from dataclasses import dataclass, field
from typing import Any

from izoologic_cdf.errors import Position
from izoologic_cdf.explain.paths import (
    ABSENT,
    MAX_ELEMENTS,
    Path,
    dotted,
    look,
    look_folded,
    mentioned,
    same_key,
    sources_of,
)
from izoologic_cdf.explain.trace import Asked, Event, Frame
from izoologic_cdf.language import steps
from izoologic_cdf.language.expressions import Compiled, Expression
from izoologic_cdf.language.steps import RUN_PARAMS
from izoologic_cdf.language.values import Value, members
from izoologic_cdf.lint.reads import scan

_DATA = "data"
# more places than this are no explanation
_MAX_PLACES = 20_000


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an answer: of which request, where, its value (ABSENT for none)."""

    asked: Asked | None
    path: Path
    value: Any
    # the line that read it first
    read_at: Position | None = None

    @property
    def name(self) -> str:
        """The path for people: `result[0].caseId`."""
        return dotted(self.path)


@dataclass(frozen=True, slots=True)
class Hop:
    """What a step made of the value: where, the word of the step, its expression, the value."""

    position: Position
    word: str
    text: str
    path: Path
    value: Any
    feed: str
    # that of an `if` or a `drop`
    result: Any = None


@dataclass(slots=True)
class Way:
    """The fields a value was made of, and its steps, from the answer on; `settings` are names."""

    fields: dict[Path, Field] = field(default_factory=dict)
    hops: list[Hop] = field(default_factory=list)
    settings: dict[str, None] = field(default_factory=dict)
    # what was walked already: several expressions lead to the same places
    seen: set[tuple[int, int, Path]] = field(default_factory=set)


class Origins:
    """The ways of the values of one case."""

    def __init__(self, listed: tuple[Frame, int] | None, details: list[Frame]) -> None:
        """`listed` is the pipeline of the list that gave the case, and which of its outputs it is.

        `details` are the pipelines of the case itself, in order.
        """
        self._listed, self.details = listed, details

    def of_report(self, value: Value, frame: Frame, number: int) -> Way:
        """Return the way of what a value of the report gives; its `data` came out of a pipeline."""
        way = Way()
        self._part(value, (), frame, number, way, _DATA)
        return way

    def of_part(self, value: Value, frame: Frame, index: int) -> Way:
        """Return the way of what a value of a step gives."""
        way = Way()
        self._part(value, (), frame, index, way)
        return way

    def of_conditions(self, value: Value, frame: Frame, index: int) -> Way:
        """Return the way of the fields that an expression reads of a value, not of all of it."""
        way = Way()
        for one in (*(part for _, part in members(value)), value):
            if isinstance(one, Compiled):
                for read in scan(one.source, template=not isinstance(one, Expression)).reads:
                    if read.root == "value" and read.path:
                        self._read("value", read.path, (), frame, index, way)
        return way

    # --- steps -----------------------------------------------------------------------------------

    def _back(self, frame: Frame, index: int, path: Path, way: Way) -> None:
        """Follow a path of the value in front of the step at an index."""
        if (id(frame), index, path) in way.seen or len(way.seen) > _MAX_PLACES:
            return
        way.seen.add((id(frame), index, path))
        if index == 0:
            self._input(frame, path, way)
            return
        event = frame.events[index - 1]
        value = look(event.after, path)
        text = self._through(frame, index - 1, event, path, way)
        if text is None:
            return
        hop = Hop(event.position, event.step.word, text, path, value, frame.feed, event.result)
        if hop not in way.hops:
            way.hops.append(hop)

    def _through(self, frame: Frame, at: int, event: Event, path: Path, way: Way) -> str | None:
        """Follow a path through one step; return its text, null where it does not touch it."""
        step = event.step
        match step:
            case steps.Set():
                own = dict(members(step.values))
                if path and path[0] in own:
                    self._part(own[path[0]], path[1:], frame, at, way)
                    return f"{path[0]}: {source(own[path[0]])}"
            case steps.New() | steps.Item():
                self._part(step.value, path, frame, at, way)
                return source(step.value)
            case steps.Get():
                self._back(frame, at, (step.key, *path), way)
                return step.key
            case steps.FilterMapping():
                for inner in event.inner:
                    if path and inner.key == path[0]:
                        self._output(inner, 0, path[1:], way)
                        return str(path[0])
            case steps.Each():
                pairs = all(_is_pair(inner.value) for inner in event.inner)
                if path and isinstance(path[0], str) and event.inner and pairs:
                    self._pair(frame, at, event, path, way)
                else:
                    self._elements(event, path, way)
                return ""
            case steps.Python():
                self._filter(step, frame, at, event, path, way)
                return step.name
            case steps.ParseJson():
                self._answer(frame, path, event.after, event.position, way)
                return ""
            case steps.Supplemental():
                if path and path[0] == step.into:
                    self._called(event, path[1:], way)
                    return f"{step.feed} into {step.into}"
            case steps.If():
                if event.result and event.inner:
                    self._output(event.inner[0], 0, path, way)
                else:
                    self._back(frame, at, path, way)
                return source(step.condition)
            case steps.Drop():
                self._back(frame, at, path, way)
                return source(step.condition)
        self._back(frame, at, path, way)
        return None

    def _input(self, frame: Frame, path: Path, way: Way) -> None:
        event, parent = frame.event, frame.parent
        if event is None or parent is None:
            self._first(frame, path, way)
            return
        if isinstance(event.step, steps.Supplemental):
            self._answer(frame, path, frame.value, event.position, way)
            return
        inside = path if frame.key is None else (frame.key, *path)
        self._back(parent, parent.events.index(event), inside, way)

    def _first(self, frame: Frame, path: Path, way: Way) -> None:
        """Follow a path out of a pipeline of the case: to the list, or to the one before it."""
        at = self.details.index(frame) if frame in self.details else -1
        if at > 0:
            before = self.details[at - 1]
            found = [n for n, one in enumerate(before.outputs) if one is frame.value]
            self._output(before, found[0] if found else 0, path, way)
        elif at == 0 and self._listed is not None:
            self._output(*self._listed, path, way)
        else:
            self._answer(frame, path, frame.value, None, way)

    def _output(self, frame: Frame, number: int, path: Path, way: Way) -> None:
        """Follow a path of one of the values that came out of a pipeline."""
        last = frame.events[-1] if frame.events else None
        if last is not None and isinstance(last.step, steps.Iterate):
            for inner in last.inner:
                if number < len(inner.outputs):
                    self._output(inner, number, path, way)
                    return
                number -= len(inner.outputs)
            return
        self._back(frame, len(frame.events), path, way)

    def _elements(self, event: Event, path: Path, way: Way) -> None:
        kept = [(inner, n) for inner in event.inner for n in range(len(inner.outputs))]
        if path and isinstance(path[0], int):
            chosen, path = kept[path[0] : path[0] + 1], path[1:]
        else:
            chosen = kept[:MAX_ELEMENTS]
        for inner, number in chosen:
            self._output(inner, number, path, way)
        if not kept and event.inner:
            for inner in event.inner[:MAX_ELEMENTS]:
                self._back(inner, len(inner.events), (), way)

    def _pair(self, frame: Frame, at: int, event: Event, path: Path, way: Way) -> None:
        """Follow a key that is missing among the pairs of an object: into the pair that is gone."""
        gone = (one for one in event.inner if not one.outputs and same_key(one.value[0], path[0]))
        inner = next(gone, None)
        if inner is None:
            self._back(frame, at, path, way)
        else:
            self._back(inner, len(inner.events), (1, *path[1:]), way)

    def _called(self, event: Event, path: Path, way: Way) -> None:
        kept = [(inner, n) for inner in event.inner for n in range(len(inner.outputs))]
        emitted = event.after.get(event.step.into) if isinstance(event.after, dict) else None  # type: ignore[attr-defined]
        if not isinstance(emitted, list) or (kept and emitted is kept[-1][0].outputs[kept[-1][1]]):
            chosen = kept[-1:]
        elif path and isinstance(path[0], int):
            chosen, path = kept[path[0] : path[0] + 1], path[1:]
        else:
            chosen, path = kept[:MAX_ELEMENTS], ()
        for inner, number in chosen:
            self._output(inner, number, path, way)
        for inner in event.inner[-1:] if not kept else ():
            self._back(inner, len(inner.events), (), way)

    def _filter(
        self, step: steps.Python, frame: Frame, at: int, event: Event, path: Path, way: Way
    ) -> None:
        """Follow a path into a Python filter, of which nothing is known but its two sides."""
        before, made = event.before, look(event.after, path)
        for one in sources_of(before, event.after, path, made, mentioned(step.function)):
            self._back(frame, at, one, way)

    def _answer(
        self, frame: Frame, path: Path, body: Any, position: Position | None, way: Way
    ) -> None:
        spelt = look_folded(body, path) or path
        found = Field(_asked_of(frame), spelt, look(body, spelt), position)
        way.fields.setdefault((frame.feed, *spelt), found)

    # --- expressions -----------------------------------------------------------------------------

    def _part(
        self, part: Value, path: Path, frame: Frame, at: int, way: Way, root: str = "value"
    ) -> None:
        """Follow a path of what a value of the definition gives, of a step or of the report."""
        inner = dict(members(part))
        if inner:
            own = [value for key, value in inner.items() if path and key == path[0]]
            for one in own if path else inner.values():
                self._part(one, path[1:], frame, at, way, root)
            return
        if not isinstance(part, Compiled):
            return
        code = scan(part.source, template=not isinstance(part, Expression))
        reads = [(one.root, one.path) for one in code.reads]
        before, after = _around(frame, at, root)
        # what leads to the same place is passed on; the rest decides whether it is
        exact = [
            one for one in reads if one[0] == root and look(before, (*one[1], *path)) is not ABSENT
        ]
        if path and exact:
            reads = exact
        elif path and (root, ()) in reads and look(after, path) is ABSENT:
            reads = [(root, ())]
        for name, read in reads:
            self._read(name, read, path, frame, at, way, root)

    def _read(
        self,
        name: str,
        read: Path,
        path: Path,
        frame: Frame,
        at: int,
        way: Way,
        root: str = "value",
    ) -> None:
        if name == root == _DATA:
            self._output(frame, at, read, way)
        elif name == root:
            before, _ = _around(frame, at, root)
            given = look(before, read)
            whole = (*read, *path)
            if not path or look(before, whole) is not ABSENT or not isinstance(given, dict | list):
                self._back(frame, at, whole, way)
                return
            after = made_of(frame.events[at], path)
            for one in sources_of(given, after, path, look(after, path), frozenset()):
                self._back(frame, at, (*read, *one), way)
        elif name == RUN_PARAMS:
            self._handed(frame, (*read, *path), way)
        else:
            way.settings[".".join([name, *map(str, read)])] = None

    def _handed(self, frame: Frame, path: Path, way: Way) -> None:
        """Follow a path of what the caller of a feed has handed to it."""
        while frame.event is not None and not isinstance(frame.event.step, steps.Supplemental):
            assert frame.parent is not None  # noqa: S101 - it has an event
            frame = frame.parent
        event, caller = frame.event, frame.parent
        if event is None or caller is None or not isinstance(event.step, steps.Supplemental):
            return
        if event.step.params is not None:
            at = caller.events.index(event)
            self._part(event.step.params, path, caller, at, way)


def _around(frame: Frame, at: int, root: str) -> tuple[Any, Any]:
    """Return the value before and after a step; of a report what it is given, and nothing."""
    if root == _DATA:
        return frame.outputs[at], None
    return frame.events[at].before, frame.events[at].after


def _is_pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and isinstance(value[0], str)


def _asked_of(frame: Frame) -> Asked | None:
    up: Frame | None = frame
    while up is not None and up.asked is None:
        up = up.parent
    return up.asked if up is not None else None


def made_of(event: Event, path: Path) -> Any:
    """Return what a step has made of the value that a path leads into: a key of `set`, or all."""
    if not isinstance(event.step, steps.Set):
        return event.after
    made = (look(event.after, (key,)) for key, _ in members(event.step.values))
    return next((one for one in made if look(one, path) is not ABSENT), event.after)


def source(value: Value) -> str:
    """Return the text of an expression, on one line; of a mapping its keys."""
    if isinstance(value, Compiled):
        return " ".join(value.source.split())
    inner = members(value)
    if inner:
        return ", ".join(str(key) for key, _ in inner)
    return repr(getattr(value, "value", ""))
