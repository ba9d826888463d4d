"""Executes the filters of a feed over a value."""

import gc
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from izoologic_cdf.errors import ItemError, Position
from izoologic_cdf.language import budget, steps
from izoologic_cdf.language.expressions import EvaluationError
from izoologic_cdf.language.pyfilters import refusal
from izoologic_cdf.language.values import Value
from izoologic_cdf.runtime.bodies import BodyError, JsonBody, read_json
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.spool import SpooledBody

# calls a supplemental feed: its name, run_params, and the case that asks
CallFeed = Callable[[str, Mapping[str, Any], Case], Any]
Flow = Callable[[steps.Pipeline, Any, Case], list[Any]]


class RefusedError(ItemError):
    """The definition failed on purpose: the data says that something is wrong."""


def evaluate(value: Value, names: Mapping[str, Any]) -> Any:
    """Evaluate a value of the definition; raises ItemError with its position."""
    try:
        return value.evaluate(names)
    except EvaluationError as error:
        raise _failure(error) from None


def evaluate_whole(value: Value, names: Mapping[str, Any]) -> Any:
    """Evaluate a value that is sent or written as a whole; raises ItemError with its position."""
    return _bounded(evaluate(value, names), value.position)


def _bounded(value: Any, position: Position) -> Any:
    """Return a value that somebody will go through; raises ItemError where it is huge to them."""
    # what is not tracked holds nothing that holds anything
    if isinstance(value, dict | list | tuple) and gc.is_tracked(value):
        try:
            budget.walk(value)
        except budget.LimitError as error:
            raise ItemError(f"not allowed: {error}", position) from None
    return value


def _failure(error: EvaluationError) -> ItemError:
    kind = RefusedError if error.purposeful else ItemError
    return kind(error.message, error.position)


class Pipelines:
    """Runs pipelines under the names of one feed of a run. Not shared by threads.

    `elsewhere` gives the names under which an element of a list that is dropped before it is
    tracked is looked at once more, by its update; null where it stays dropped.
    """

    def __init__(
        self,
        names: Mapping[str, Any],
        call: CallFeed,
        elsewhere: Callable[[int], Mapping[str, Any] | None] | None = None,
    ) -> None:
        self._names = dict(names)
        self._call = call
        self._elsewhere = elsewhere
        self._dropped: int | None = None

    def flow(self, pipeline: steps.Pipeline, value: Any, case: Case) -> list[Any]:
        """Return what comes out at the end: nothing, one value, or several.

        A pipeline that tracks gives a Case for each item instead, cut at that filter. All of it,
        with the feeds that it calls, has one budget.

        Raises:
            ItemError: a filter failed on the data, or on purpose (RefusedError).
        """
        with budget.Pipeline():
            return self._flow(pipeline, value, case)

    def _flow(self, pipeline: steps.Pipeline, value: Any, case: Case) -> list[Any]:
        for index, step in enumerate(pipeline):
            do = self._STEPS.get(type(step))
            if do is not None:
                value = do(self, step, value, case)
            elif isinstance(step, steps.Iterate):
                rest = pipeline[index + 1 :]
                return self._each_of(value, rest, step.position, case, self._element)
            elif isinstance(step, steps.If):
                if self._evaluate(step.condition, value):
                    inner = self._flow(step.filters, value, case)
                    if len(inner) != 1:
                        return self._each_of(inner, pipeline[index + 1 :], step.position, case)
                    value = inner[0]
            elif isinstance(step, steps.Drop):
                if self._evaluate(step.condition, value):
                    self._note(pipeline[index + 1 :], value)
                    return []
            elif isinstance(step, steps.Track):
                return [self._track(step, value)]
        return [value]

    def _element(self, rest: steps.Pipeline, value: Any, case: Case) -> list[Any]:
        self._dropped = None
        out = self._flow(rest, value, case)
        names = None if out else self._names_elsewhere()
        return out if names is None else Pipelines(names, self._call).flow(rest, value, case)

    def _names_elsewhere(self) -> Mapping[str, Any] | None:
        if self._elsewhere is None or self._dropped is None:
            return None
        return self._elsewhere(self._dropped)

    def _note(self, rest: steps.Pipeline, value: Any) -> None:
        """Note the update of an item that is dropped in front of the step that tracks it."""
        track = next((one for one in rest if isinstance(one, steps.Track)), None)
        if self._elsewhere is not None and track is not None and track.updated is not None:
            updated = self._evaluate(track.updated, value)
            self._dropped = updated if isinstance(updated, int) else None

    def _each_of(
        self,
        elements: Any,
        pipeline: steps.Pipeline,
        at: Position,
        case: Case,
        flow: Flow | None = None,
    ) -> list[Any]:
        """Return what comes out for all elements of a list."""
        flow = flow or self._flow
        outcome: list[Any] = []
        for one in _elements(elements, at):
            try:
                budget.pass_through()
                outcome += flow(pipeline, one, case)
            except budget.LimitError as error:
                raise ItemError(f"not allowed: {error}", at) from None
            except RecursionError:
                raise ItemError("these filters are nested too deeply", at) from None
        return outcome

    def _evaluate(self, expression: Value, value: Any) -> Any:
        names = self._names
        names["value"] = value
        try:
            return expression.evaluate(names)
        except EvaluationError as error:
            raise _failure(error) from None

    def _track(self, step: steps.Track, value: Any) -> Case:
        identity = _bounded(self._evaluate(step.id, value), step.position)
        updated = self._evaluate(step.updated, value) if step.updated else None
        return Case(
            None if identity is None else str(identity),
            updated if isinstance(updated, int) else None,
            value,
            step.position if identity is None else None,
        )

    def _set(self, step: steps.Set, value: Any, _case: Case) -> Any:
        if not isinstance(value, dict):
            raise ItemError(f"set needs an object, this is {_kind(value)}", step.position)
        return {**value, **self._evaluate(step.values, value)}

    def _new(self, step: steps.New | steps.Item, value: Any, _case: Case) -> Any:
        return self._evaluate(step.value, value)

    def _get(self, step: steps.Get, value: Any, _case: Case) -> Any:
        if not isinstance(value, dict):
            raise ItemError(f"get needs an object, this is {_kind(value)}", step.position)
        return value.get(step.key)

    def _each(self, step: steps.Each, value: Any, case: Case) -> Any:
        return self._each_of(value, step.filters, step.position, case)

    def _parse_json(self, step: steps.ParseJson, value: Any, case: Case) -> Any:
        for remark in value.remarks if isinstance(value, JsonBody) else ():
            case.warn(remark, step.position)
        return _parse(value, step.position)

    def _python(self, step: steps.Python, value: Any, _case: Case) -> Any:
        _bounded(value, step.position)
        try:
            return step.function(value)
        except Exception as error:  # noqa: BLE001 - a filter is content; its text may hold data
            said = refusal(error)
            if said is not None:
                raise RefusedError(said, step.position) from None
            raise ItemError(
                f"the Python filter {step.name} failed with {type(error).__name__}", step.position
            ) from None

    def _warn(self, step: steps.Warn, value: Any, case: Case) -> Any:
        for said in self._flow(step.filters, value, case):
            _bounded(said, step.position)
            for text in said if isinstance(said, list) else [said]:
                if text is not None:
                    case.warn(str(text), step.position)
        return value

    def _filter_mapping(self, step: steps.FilterMapping, value: Any, case: Case) -> Any:
        if not isinstance(value, dict):
            kind = _kind(value)
            raise ItemError(f"filter-mapping needs an object, this is {kind}", step.position)
        changed = dict(value)
        for key, pipeline in step.pipelines.items():
            results = self._flow(pipeline, value.get(key), case)
            if key in value or (results and results[0] is not None):
                changed[key] = results[0] if results else None
        return changed

    def _supplemental(self, step: steps.Supplemental, value: Any, case: Case) -> Any:
        if not isinstance(value, dict):
            kind = _kind(value)
            raise ItemError(f"supplemental needs an object, this is {kind}", step.position)
        params = self._evaluate(step.params, value) if step.params else {}
        return {**value, step.into: self._call(step.feed, params, case)}

    # what each filter does; those that end or branch an item are in `flow`
    _STEPS: ClassVar[dict[type[Any], Callable[["Pipelines", Any, Any, Case], Any]]] = {
        steps.Set: _set,
        steps.New: _new,
        steps.Item: _new,
        steps.Get: _get,
        steps.Each: _each,
        steps.ParseJson: _parse_json,
        steps.Python: _python,
        steps.FilterMapping: _filter_mapping,
        steps.Supplemental: _supplemental,
        steps.Warn: _warn,
    }


def _elements(value: Any, position: Position) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ItemError(f"a list is due here, this is {_kind(value)}", position)
    return value


def _parse(value: Any, position: Position) -> Any:
    if value is None:
        return None
    if isinstance(value, JsonBody):
        return value.parsed
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")
    if not isinstance(value, bytes):
        raise ItemError(f"parse-json needs text, this is {_kind(value)}", position)
    try:
        return read_json(value).parsed
    except BodyError as error:
        raise ItemError(error.message, position) from None


def _kind(value: Any) -> str:
    if isinstance(value, bytes | SpooledBody):
        return "a file"
    if value is None or isinstance(value, bool):
        return "null" if value is None else "a boolean"
    for kind, name in ((dict, "an object"), (list, "a list"), (str, "text"), (int, "a number")):
        if isinstance(value, kind):
            return name
    return "a number" if isinstance(value, float) else type(value).__name__
