"""Executes the filters of a feed over a value, and evaluates its expressions."""

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
_Run = Callable[[steps.Pipeline, Any], list[Any]]
_KINDS: dict[type | tuple[type, ...], str] = {
    (bytes, SpooledBody): "a file",
    type(None): "null",
    bool: "a boolean",
    dict: "an object",
    list: "a list",
    str: "text",
    (int, float): "a number",
}


class RefusedError(ItemError):
    """The definition failed on purpose: the data says that something is wrong."""


def evaluate(value: Value, names: Mapping[str, Any]) -> Any:
    """Evaluate a value of the definition; raises ItemError with its position."""
    try:
        return value.evaluate(names)
    except EvaluationError as error:
        kind = RefusedError if error.purposeful else ItemError
        raise kind(error.message, error.position) from None


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


class Interpreter:
    """Runs pipelines for one case, under the names of one feed. Not shared by threads.

    `elsewhere` gives the names under which an element of a list that is dropped before it is
    tracked is looked at once more, by its update; null where it stays dropped.
    """

    def __init__(
        self,
        names: Mapping[str, Any],
        case: Case,
        call: CallFeed,
        elsewhere: Callable[[int], Mapping[str, Any] | None] | None = None,
    ) -> None:
        self._names = dict(names)
        self._case = case
        self._call = call
        self._elsewhere = elsewhere
        self._dropped: int | None = None

    def run(self, pipeline: steps.Pipeline, value: Any) -> list[Any]:
        """Return what comes out at the end: nothing, one value, or several.

        A pipeline that tracks gives a Case for each item instead, cut at that filter. All of it,
        with the feeds that it calls, has one budget.

        Raises:
            ItemError: a filter failed on the data, or on purpose (RefusedError).
        """
        with budget.Pipeline():
            return self._run(pipeline, value)

    def _run(self, pipeline: steps.Pipeline, value: Any) -> list[Any]:
        for index, step in enumerate(pipeline):
            do = self._STEPS.get(type(step))
            if do is not None:
                value = do(self, step, value)
            elif isinstance(step, steps.Iterate):
                return self._run_each(
                    value, pipeline[index + 1 :], step.position, self._run_element
                )
            elif isinstance(step, steps.If):
                if self._evaluate(step.condition, value):
                    inner = self._run(step.filters, value)
                    if len(inner) != 1:
                        return self._run_each(inner, pipeline[index + 1 :], step.position)
                    value = inner[0]
            elif isinstance(step, steps.Drop):
                if self._evaluate(step.condition, value):
                    self._note(pipeline[index + 1 :], value)
                    return []
            elif isinstance(step, steps.Track):
                return [self._track(step, value)]
        return [value]

    def _run_element(self, rest: steps.Pipeline, value: Any) -> list[Any]:
        out = self._run(rest, value)
        dropped, self._dropped = self._dropped, None
        if out or self._elsewhere is None or dropped is None:
            return out
        names = self._elsewhere(dropped)
        return [] if names is None else self._under(names).run(rest, value)

    def _under(self, names: Mapping[str, Any]) -> "Interpreter":
        """Return one for the same case under other names."""
        return Interpreter(names, self._case, self._call)

    def _note(self, rest: steps.Pipeline, value: Any) -> None:
        """Note the update of an item that is dropped in front of the step that tracks it."""
        track = next((one for one in rest if isinstance(one, steps.Track)), None)
        if self._elsewhere is not None and track is not None and track.updated is not None:
            updated = self._evaluate(track.updated, value)
            self._dropped = updated if isinstance(updated, int) else None

    def _run_each(
        self, elements: Any, pipeline: steps.Pipeline, at: Position, run: _Run | None = None
    ) -> list[Any]:
        """Return what comes out for all elements of a list."""
        run = run or self._run
        outcome: list[Any] = []
        for one in _elements(elements, at):
            try:
                budget.pass_through()
                outcome += run(pipeline, one)
            except budget.LimitError as error:
                raise ItemError(f"not allowed: {error}", at) from None
            except RecursionError:
                raise ItemError("these filters are nested too deeply", at) from None
        return outcome

    def _evaluate(self, expression: Value, value: Any) -> Any:
        self._names["value"] = value
        return evaluate(expression, self._names)

    def _track(self, step: steps.Track, value: Any) -> Case:
        identity = _bounded(self._evaluate(step.id, value), step.position)
        updated = self._evaluate(step.updated, value) if step.updated else None
        return Case(
            None if identity is None else str(identity),
            updated if isinstance(updated, int) else None,
            value,
            step.position if identity is None else None,
        )

    def _set(self, step: steps.Set, value: Any) -> Any:
        return {**_object("set", value, step), **self._evaluate(step.values, value)}

    def _new(self, step: steps.New | steps.Item, value: Any) -> Any:
        return self._evaluate(step.value, value)

    def _get(self, step: steps.Get, value: Any) -> Any:
        return _object("get", value, step).get(step.key)

    def _each(self, step: steps.Each, value: Any) -> Any:
        return self._run_each(value, step.filters, step.position)

    def _parse_json(self, step: steps.ParseJson, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, str):
            value = value.encode("utf-8", "surrogatepass")
        if not isinstance(value, bytes):
            raise ItemError(f"parse-json needs text, this is {_kind(value)}", step.position)
        try:
            # a body was parsed when it arrived
            body = value if isinstance(value, JsonBody) else read_json(value)
        except BodyError as error:
            raise ItemError(error.message, step.position) from None
        for remark in body.remarks:
            self._case.warn(remark, step.position)
        return body.parsed

    def _python(self, step: steps.Python, value: Any) -> Any:
        _bounded(value, step.position)
        try:
            return step.function(value)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - content, and its text may hold data
            reason = refusal(error)
            if reason is not None:
                raise RefusedError(reason, step.position) from None
            raise ItemError(
                f"the Python filter {step.name} failed with {type(error).__name__}", step.position
            ) from None

    def _warn(self, step: steps.Warn, value: Any) -> Any:
        for result in self._run(step.filters, value):
            _bounded(result, step.position)
            for text in result if isinstance(result, list) else [result]:
                if text is not None:
                    self._case.warn(str(text), step.position)
        return value

    def _filter_mapping(self, step: steps.FilterMapping, value: Any) -> Any:
        changed = dict(_object("filter-mapping", value, step))
        for key, pipeline in step.pipelines.items():
            results = self._run(pipeline, value.get(key))
            if key in value or (results and results[0] is not None):
                changed[key] = results[0] if results else None
        return changed

    def _supplemental(self, step: steps.Supplemental, value: Any) -> Any:
        found = _object(step.word, value, step)
        params = self._evaluate(step.params, value) if step.params else {}
        return {**found, step.into: self._call(step.feed, params, self._case)}

    # what each step does; those that end or branch an item are in `_run`
    _STEPS: ClassVar[dict[type[Any], Callable[["Interpreter", Any, Any], Any]]] = {
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


def _object(what: str, value: Any, step: steps.Step) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ItemError(f"{what} needs an object, this is {_kind(value)}", step.position)
    return value


def _elements(value: Any, position: Position) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ItemError(f"expected a list, this is {_kind(value)}", position)
    return value


def _kind(value: Any) -> str:
    """Return how a value is called in a message, without the value itself."""
    kinds = (name for kind, name in _KINDS.items() if isinstance(value, kind))
    return next(kinds, type(value).__name__)
