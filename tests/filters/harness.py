"""A small evaluator of native forms: the platform filters they use, directly on Jinja2."""

import ast
import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jinja2 import StrictUndefined, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from filters import addresses, dates, envelope, files, names, notes, records, rows, status
from filters._shared import Refused

MODULES = (addresses, dates, envelope, files, names, notes, records, rows, status)
PYTHON: dict[str, Callable[[Any], Any]] = {
    f"{module.__name__.partition('.')[2]}.{name}": getattr(module, name)
    for module in MODULES
    for name in module.__all__
}
"""`module.function` -> the Python form."""

ONLY_PYTHON = frozenset({"dates.remarks"})
"""Feeds the warnings, which only our runtime has."""

ONLY_NATIVE = frozenset({"dates.calendar", "dates.civil", "envelope.result"})
"""Parts of other native forms, used by alias."""

_FOLDER = Path(dates.__file__).parent
NATIVE_TEXT = (_FOLDER / "native.yaml").read_text(encoding="utf-8")
_FEEDS = _FOLDER.with_name("feeds") / "izoologic_sync_cases.yaml"


class _NullEnvironment(ImmutableSandboxedEnvironment):
    """A missing key is null."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        found = super().getattr(obj, attribute)
        return None if isinstance(found, Undefined) else found

    def getitem(self, obj: Any, argument: Any) -> Any:
        found = super().getitem(obj, argument)
        return None if isinstance(found, Undefined) else found


ENVIRONMENTS = {
    "stock": ImmutableSandboxedEnvironment(),
    "strict": ImmutableSandboxedEnvironment(undefined=StrictUndefined),
    "null": _NullEnvironment(),
}


@dataclass(frozen=True, eq=False)
class Tagged:
    """An expression (`expr`), a template (`tmpl`) or a request's body (`json`)."""

    kind: str
    source: str


class _Tags(yaml.SafeLoader):
    """YAML with the tags of definitions, and those of the examples."""


def _tagged(loader: yaml.SafeLoader, kind: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return Tagged(kind, loader.construct_scalar(node))
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


def _long(loader: yaml.SafeLoader, node: yaml.Node) -> str:
    """Write a text of pieces; a number repeats the piece before it."""
    assert isinstance(node, yaml.SequenceNode)
    pieces: list[str] = []
    for piece in loader.construct_sequence(node):
        pieces.append(piece if isinstance(piece, str) else pieces.pop() * piece)
    return "".join(pieces)


_Tags.add_multi_constructor("!", _tagged)
_Tags.add_constructor("!long", _long)


def parsed(text: str) -> Any:
    """Read YAML with the tags of definitions."""
    return yaml.load(text, _Tags)  # noqa: S506 - a safe loader with tags of ours


NATIVE: dict[str, Any] = parsed(NATIVE_TEXT)
"""`module.function` -> the native form: a list of platform filters."""

_VALUES = parsed(_FEEDS.read_text(encoding="utf-8"))["template_values"]
CONSTANTS = {
    name: value
    for name, value in (_VALUES | _VALUES["_uploaded"]).items()
    if not isinstance(value, Tagged)
}
"""The template values that native forms may use."""


def _examples() -> Iterator[tuple[str, Any, Any]]:
    text = (_FOLDER / "examples.yaml").read_text(encoding="utf-8")
    for name, given in parsed(text).items():
        for row in given:
            if isinstance(row, list):
                yield name, *row
                continue
            values = row.pop("each") if "each" in row else [row.pop("in")]
            yield from ((name, value, row.get("out", row)) for value in values)


def _as_bytes(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


EXAMPLES = list(_examples())
EXAMPLES += [
    (name, _as_bytes(value), _as_bytes(result))
    for name, value, result in EXAMPLES
    if name == "envelope.file"
]
"""(filter, value in, value out or {refused: sentence})."""


def tagged(node: Any) -> Iterator[Tagged]:
    """Yield every expression and template of a parsed definition."""
    if isinstance(node, Tagged):
        yield node
    elif isinstance(node, dict | list):
        for one in node.values() if isinstance(node, dict) else node:
            yield from tagged(one)


class _NoListError(Exception):
    """The platform says in its own words that `each` needs a list."""


@functools.cache
def compiled(environment: str, one: Tagged) -> Callable[..., Any]:
    """Compile an expression or a template to a function of `value`."""
    made = ENVIRONMENTS[environment]
    known = {**made.globals, **CONSTANTS}
    if one.kind == "tmpl":
        render = made.from_string(one.source).render
        return lambda value: render(value=value, **CONSTANTS)
    template = made.compile_expression(one.source, undefined_to_none=False)._template

    def evaluate(value: Any) -> Any:
        # as the expression does itself, but without collecting the globals anew for each value
        context = template.new_context({**known, "value": value}, shared=True)
        for _ in template.root_render_func(context):
            pass
        return context.vars["result"]

    return evaluate


def _value(node: Any, value: Any, environment: str) -> Any:
    if isinstance(node, Tagged):
        return compiled(environment, node)(value)
    if isinstance(node, dict):
        return {key: _value(one, value, environment) for key, one in node.items()}
    if isinstance(node, list):
        return [_value(one, value, environment) for one in node]
    return node


def _flow(steps: Any, value: Any, environment: str) -> list[Any]:
    """Send a value through a pipeline: nothing or one value comes out."""
    for step in steps if isinstance(steps, list) else [steps]:
        if step == "parse-json":
            value = json.loads(value)
            continue
        ((name, what),) = step.items()
        if name == "new":
            value = _value(what, value, environment)
        elif name == "set":
            value = {**value, **_value(what, value, environment)}
        elif name == "drop":
            if _value(what, value, environment):
                return []
        elif name == "each":
            if not isinstance(value, list | tuple):
                raise _NoListError
            value = [out for one in value for out in _flow(what, one, environment)]
        elif name == "chain":
            (value,) = _flow(what, value, environment)
        elif name == "if":
            if _value(what["condition"], value, environment):
                (value,) = _flow(what["filters"], value, environment)
        elif name == "filter-mapping":
            assert set(what) <= set(value), "on the platform a missing key is anybody's guess"
            mapped = {key: _flow(one, value[key], environment)[0] for key, one in what.items()}
            value = {**value, **mapped}
        else:
            raise AssertionError(name)
    return [value]


def native(
    name: str, value: Any, environment: str = "stock", forms: dict[str, Any] = NATIVE
) -> Any:
    """Return what a native form makes of a value, or {refused: sentence}."""
    try:
        return _flow(forms[name], value, environment)[0]
    except _NoListError:
        return {"refused": "expected a list"}
    except ValueError as error:
        said, purposeful, _ = str(error).partition(" is not in list")
        if not purposeful:
            raise
        return {"refused": ast.literal_eval(said)}


def python(name: str, value: Any) -> Any:
    """Return what a Python form makes of a value, or {refused: sentence}."""
    try:
        return PYTHON[name](value)
    except Refused as error:
        return {"refused": str(error)}


def exact(value: Any) -> str:
    """Write a result so that 1, 1.0 and true, and null and missing, stay apart."""
    return json.dumps(value, sort_keys=True, default=repr)
