"""A small evaluator of native forms: the platform filters they use, directly on Jinja2."""

import functools
import json
from typing import Any

import yaml
from jinja2 import StrictUndefined, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from filters import addresses, dates, envelope, files, names, notes, rows, status
from filters._shared import NATIVE_FILE, Refused

MODULES = (addresses, dates, envelope, files, names, notes, rows, status)
HIDDEN = "\x7f\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ONLY_HERE = {"dates.remarks"}


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


class Tagged:
    def __init__(self, kind: str, source: str) -> None:
        self.kind, self.source = kind, source


class _Loader(yaml.SafeLoader):
    """YAML with the tags of templates and expressions."""


_Loader.add_multi_constructor(
    "!", lambda loader, kind, node: Tagged(kind, loader.construct_scalar(node))
)
STEPS: dict[str, Any] = yaml.load(NATIVE_FILE.read_text(), _Loader)  # noqa: S506
FORMS = {
    f"{module.__name__.partition('.')[2]}.{name}": getattr(module, name)
    for module in MODULES
    for name in module.__all__
}


@functools.cache
def _compiled(environment: str, tagged: Tagged) -> Any:
    if tagged.kind == "tmpl":
        return ENVIRONMENTS[environment].from_string(tagged.source).render
    return ENVIRONMENTS[environment].compile_expression(tagged.source, undefined_to_none=False)


def _value(node: Any, value: Any, environment: str) -> Any:
    if isinstance(node, Tagged):
        return _compiled(environment, node)(value=value, hidden_characters=HIDDEN)
    if isinstance(node, dict):
        return {key: _value(one, value, environment) for key, one in node.items()}
    if isinstance(node, list):
        return [_value(one, value, environment) for one in node]
    return node


def flow(steps: Any, value: Any, environment: str) -> list[Any]:
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
        elif name == "get":
            value = value[what]
        elif name == "drop":
            if _value(what, value, environment):
                return []
        elif name == "each":
            assert not isinstance(value, str | dict)
            value = [out for one in value for out in flow(what, one, environment)]
        elif name == "chain":
            out = flow(what, value, environment)
            if not out:
                return []
            value = out[0]
        elif name == "if":
            if _value(what["condition"], value, environment):
                out = flow(what["filters"], value, environment)
                if not out:
                    return []
                value = out[0]
        elif name == "filter-mapping":
            assert set(what) <= set(value), "on the platform a missing key is anybody's guess"
            value = value | {
                k: (flow(f, value[k], environment) or [None])[0] for k, f in what.items()
            }
        else:
            raise AssertionError(name)
    return [value]


def native(name: str, value: Any, environment: str = "stock") -> Any:
    """What a native form makes of a value; a refusal is its message."""
    try:
        return flow(STEPS[name], value, environment)[0]
    except ValueError as error:
        assert str(error).endswith(" is not in list"), error
        return {"refused": eval(str(error).removesuffix(" is not in list"))}  # noqa: S307
    except (TypeError, AssertionError) as error:
        return {"refused": "by type", "error": str(error)}


def python(name: str, value: Any) -> Any:
    try:
        return FORMS[name](value)
    except Refused as error:
        return {"refused": str(error)}


def exact(value: Any) -> str:
    """Write a result so that 1, 1.0 and true, and null and missing, stay apart."""
    return json.dumps(value, sort_keys=True, default=repr)
