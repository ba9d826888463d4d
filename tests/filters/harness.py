"""A small evaluator of native forms: the few platform filters they use, directly on Jinja2."""

import functools
import json
from typing import Any

import yaml
from jinja2 import StrictUndefined, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

import filters.accounts
import filters.addresses
import filters.dates
import filters.envelope
import filters.files
import filters.names
import filters.notes
import filters.rows
import filters.status

MODULES = (
    filters.accounts,
    filters.addresses,
    filters.dates,
    filters.envelope,
    filters.files,
    filters.names,
    filters.notes,
    filters.rows,
    filters.status,
)
"""Every module of filters; a test compares it with the folder."""

FORMS = {
    f"{module.__name__.partition('.')[2]}.{name}": (
        getattr(module, name),
        module.NATIVE[name],
        module.EXAMPLES[name],
    )
    for module in MODULES
    for name in module.__all__
}
"""`module.function` -> (Python form, native form, examples)."""


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


class _Loader(yaml.SafeLoader):
    """YAML with the tags of templates and expressions."""


def _tagged(loader: _Loader, kind: str, node: yaml.ScalarNode) -> tuple[str, Any]:
    return kind, loader.construct_scalar(node)


_Loader.add_multi_constructor("!", _tagged)


@functools.cache
def _steps(text: str) -> Any:
    return yaml.load(text, _Loader)  # noqa: S506 a safe loader with two tags of ours


@functools.cache
def _template(environment: str, source: str) -> Any:
    return ENVIRONMENTS[environment].from_string(source)


@functools.cache
def _expression(environment: str, source: str) -> Any:
    return ENVIRONMENTS[environment].compile_expression(source, undefined_to_none=False)


def native(text: str, value: Any, environment: str = "stock") -> Any:
    """Send a value through a native form, as the platform would."""
    for step in _steps(text):
        if step == "parse-json":
            value = json.loads(value)
        else:
            ((name, (tag, source)),) = step.items()
            assert name == "new"
            if tag == "tmpl":
                value = _template(environment, source).render(value=value)
            else:
                value = _expression(environment, source)(value=value)
    return value


def exact(value: Any) -> str:
    """Write a result so that 1, 1.0 and true, and null and missing, stay apart."""
    return json.dumps(value, sort_keys=True)
