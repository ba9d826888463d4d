"""Records what the interpreter does for one case: each step, before and after.

The recording one is the interpreter itself, with a note at each of its own calls; a run without it
pays nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from izoologic_cdf.errors import ItemError, Position
from izoologic_cdf.language import model, steps
from izoologic_cdf.language.values import Value
from izoologic_cdf.library.objects import Reported
from izoologic_cdf.runtime.bodies import Response
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.feeds import Feeds
from izoologic_cdf.runtime.http import Request, Transport
from izoologic_cdf.runtime.interpreter import CallFeed, Interpreter
from izoologic_cdf.runtime.report_objects import ItemReport, ObjectBuilder


@dataclass(slots=True)
class Asked:
    """One request: method and path, its parameters, and the status of the response."""

    endpoint: str
    params: Mapping[str, Any]
    status: int | None = None


@dataclass(slots=True, eq=False)
class Event:
    """One step; `result` is what its condition gave, `inner` what ran inside of it."""

    step: steps.Step
    before: Any
    after: Any = None
    result: Any = None
    inner: "list[Frame]" = field(default_factory=list)

    @property
    def position(self) -> Position:
        """Where the step stands."""
        return self.step.position


@dataclass(slots=True, eq=False)
class Frame:
    """One pipeline that ran over one value; or the call of a feed, whose pipelines are `calls`.

    `key` says which part of the value before `event` it was given: a key, a place in a list, or
    null for all of it.
    """

    value: Any
    names: Mapping[str, Any]
    feed: str
    event: Event | None = None
    parent: "Frame | None" = None
    key: str | int | None = None
    events: list[Event] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    asked: Asked | None = None

    @property
    def dropped(self) -> Event | None:
        """The step that ended the item; null where something came out."""
        last = self.events[-1] if self.events else None
        ends = last is not None and isinstance(last.step, steps.Drop) and last.result
        return last if ends and not self.outputs else None


def events_of(frames: Iterable[Frame]) -> Iterator[tuple[Frame, Event]]:
    """Yield each step of pipelines and of those inside of them, in order, with its pipeline."""
    for frame in frames:
        for event in frame.events:
            yield frame, event
            yield from events_of(event.inner)


class Recorder:
    """What happened so far."""

    def __init__(self, feed: str) -> None:
        """`feed` is the one that runs."""
        self.asked: list[Asked] = []
        self.items: list[Item] = []
        # the pipelines that no other one has begun, in order, of whichever feed
        self.frames: list[Frame] = []
        self._stack: list[Frame] = []
        self._feeds = [feed]

    @property
    def frame(self) -> Frame:
        """The pipeline that runs now."""
        return self._stack[-1]

    def request(self, request: Request, response: Response | None) -> None:
        """Note a request."""
        status = response.status if response is not None else None
        self.asked.append(Asked(request.endpoint, request.params or {}, status))

    def enter(self, value: Any, names: Mapping[str, Any]) -> Frame:
        """Note that a pipeline begins."""
        parent = self._stack[-1] if self._stack else None
        event = parent.events[-1] if parent and parent.events else None
        frame = Frame(value, names, self._feeds[-1], event, parent)
        called = event is not None and isinstance(event.step, steps.Supplemental)
        if event is not None:
            event.inner.append(frame)
        else:
            self.frames.append(frame)
        if (parent is None or called) and self.asked:
            frame.asked = self.asked[-1]
        self._stack.append(frame)
        return frame

    def leave(self) -> None:
        """Note that the pipeline has ended."""
        self._stack.pop()

    def call(self, feed: str, call: Callable[[], Any]) -> Any:
        """Note that what a function does is done by a feed."""
        self._feeds.append(feed)
        try:
            return call()
        finally:
            self._feeds.pop()


class TracedInterpreter(Interpreter):
    """An interpreter that notes what it does."""

    def __init__(
        self,
        recorder: Recorder,
        names: Mapping[str, Any],
        case: Case,
        call: CallFeed,
        elsewhere: Callable[[int], Mapping[str, Any] | None] | None = None,
    ) -> None:
        super().__init__(names, case, call, elsewhere)
        self._recorder = recorder
        self._given = names
        self._conditions: dict[int, steps.Step] = {}

    def _under(self, names: Mapping[str, Any]) -> Interpreter:
        return TracedInterpreter(self._recorder, names, self._case, self._call)

    def _run(self, pipeline: steps.Pipeline, value: Any) -> list[Any]:
        for step in pipeline:
            if isinstance(step, steps.Drop | steps.If):
                self._conditions[id(step.condition)] = step
            elif isinstance(step, steps.Track):
                self._conditions[id(step.id)] = step
        frame = self._recorder.enter(value, self._given)
        event = frame.event
        if event is not None and isinstance(event.step, steps.FilterMapping):
            found = (key for key, one in event.step.pipelines.items() if one is pipeline)
            frame.key = next(found, None)
        elif event is not None and isinstance(event.step, steps.Each | steps.Iterate):
            frame.key = len(event.inner) - 1
        try:
            frame.outputs = super()._run(pipeline, value)
        finally:
            self._recorder.leave()
        return frame.outputs

    def _evaluate(self, expression: Value, value: Any) -> Any:
        step = self._conditions.get(id(expression))
        result = super()._evaluate(expression, value)
        if step is not None:
            self._recorder.frame.events.append(Event(step, value, value, result))
        return result

    def _run_each(self, elements: Any, pipeline: Any, at: Position, run: Any = None) -> list[Any]:
        if run is not None:
            self._recorder.frame.events.append(Event(steps.Iterate(position=at), elements))
        return super()._run_each(elements, pipeline, at, run)

    def _do(self, step: steps.Step, value: Any) -> Any:
        event = Event(step, value)
        self._recorder.frame.events.append(event)
        event.after = super()._STEPS[type(step)](self, step, value)
        return event.after

    _STEPS: ClassVar[dict[type[Any], Callable[[Any, Any, Any], Any]]] = dict.fromkeys(
        vars(Interpreter)["_STEPS"], _do
    )


@dataclass(slots=True, eq=False)
class Item:
    """One data item of a report: where it came out, its names, and the objects that it became."""

    frame: Frame
    number: int
    names: Mapping[str, Any]
    objects: list[Reported]


class _TracedBuilder:
    """An object builder that notes each data item."""

    def __init__(self, builder: ObjectBuilder) -> None:
        self._builder = builder

    def add(self, data: Any, names: Mapping[str, Any], case: Case, report: ItemReport) -> None:
        """Add the objects of one data item."""
        recorder, known = _current.get(), len(report.batch.objects)
        frame = recorder.frames[-1]
        self._builder.add(data, names, case, report)
        number = next(n for n, one in enumerate(frame.outputs) if one is data)
        objects = report.batch.objects[known:]
        recorder.items.append(Item(frame, number, {**names, "data": data}, objects))


@dataclass(slots=True)
class ListedCase(Case):
    """A case that knows which output of which pipeline of the list it is; null once it is done."""

    output: tuple[Frame, int] | None = None


# of what this thread does now
_current = ContextVar[Recorder]("recorder")


class TracedFeeds(Feeds):
    """Feeds whose pipelines are recorded, of each thread for itself."""

    def __init__(self, *given: Any, **options: Any) -> None:
        """Take what Feeds take."""
        super().__init__(*given, **options)
        self.interpreter = lambda *names: TracedInterpreter(_current.get(), *names)
        builder = ObjectBuilder(self._feed)
        self._builders[self._feed.name] = _TracedBuilder(builder)  # type: ignore[assignment]

    @property
    def recorder(self) -> Recorder:
        """What this thread has recorded since it began something last."""
        return _current.get()

    def begin(self) -> Recorder:
        """Record what this thread does from now on."""
        recorder = Recorder(self._feed.name)
        _current.set(recorder)
        return recorder

    def list_cases(self, about: Case, latest: int) -> Iterator[Case]:
        """Yield the cases of a window, and where each came out; all are listed before the first."""
        frames = self.begin().frames
        cases = list(super().list_cases(about, latest))
        made = [(frame, number) for frame in frames for number in range(len(frame.outputs))]
        for case, output in zip(cases, made, strict=True):
            given = {one.name: getattr(case, one.name) for one in fields(case)}
            yield ListedCase(**given, output=output)

    def work(self, case: Case) -> ItemReport | None:
        """Do everything for one case."""
        self.begin()
        return super().work(case)

    def gives(self, case: Case) -> bool:
        """Request a known case; nobody reads what was recorded, and what was before goes on."""
        before = _current.set(Recorder(self._feed.name))
        try:
            return super().gives(case)
        finally:
            _current.reset(before)

    def _run(self, feed: model.Feed, params: Mapping[str, Any], case: Case) -> Iterator[Any]:
        # all of it at once: a generator would go on in the middle of another feed
        emit = super()._run
        yield from _current.get().call(feed.name, lambda: list(emit(feed, params, case)))


class TracedTransport(Transport):
    """A transport whose requests are recorded."""

    def send(self, request: Request) -> Response:
        """Send a request."""
        try:
            response = self.answer(request)
        except ItemError:
            _note(request, None)
            raise
        _note(request, response)
        return response

    def answer(self, request: Request) -> Response:
        """Return the response."""
        return super().send(request)


def _note(request: Request, response: Response | None) -> None:
    # a login can come before anything is recorded
    if (recorder := _current.get(None)) is not None:
        recorder.request(request, response)
