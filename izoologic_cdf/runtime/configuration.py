"""The configuration of a run: from defaults, a file, the environment and `--set`, later wins."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from izoologic_cdf.language.fields import UserField
from izoologic_cdf.language.positions import did_you_mean

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})


class ConfigurationError(Exception):
    """A configuration that can't be used; the message says which field and what to do."""


def read_file(path: Path) -> dict[str, str]:
    """Read a configuration file: one flat YAML mapping, scalars as the text that was written.

    Raises:
        ConfigurationError: it can't be read, is no flat mapping, or names a field twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(f"{path}: the file can't be read: {reason}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: the file is not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        # the problem text of the parser can quote the line, and with it a secret
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ConfigurationError(f"{path}{place}: no YAML") from None
    except (yaml.YAMLError, RecursionError):
        raise ConfigurationError(f"{path}: no YAML") from None
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise ConfigurationError(f"{path}: one mapping of fields and values is due")
    values: dict[str, str] = {}
    for key, value in node.value:
        place = f"{path}:{key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
            raise ConfigurationError(f"{place}: a field takes one plain value")
        if key.value in values:
            raise ConfigurationError(f"{place}: the field {key.value!r} stands twice")
        values[str(key.value)] = str(value.value)
    return values


def read_assignments(assignments: Sequence[str], fields: Iterable[UserField]) -> dict[str, str]:
    """Read `field=value` of the command line; a secret is refused there.

    Raises:
        ConfigurationError: no `=`, or a secret (a command line can be seen by others).
    """
    secrets = {field.name for field in fields if field.mask}
    values = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise ConfigurationError("--set takes field=value")
        if name in secrets:
            raise ConfigurationError(
                f"--set refuses the secret {name}: a command line can be seen by others; "
                f"put it into the file, the environment, or wait for the prompt"
            )
        values[name] = value
    return values


def resolve(
    fields: Sequence[UserField],
    foreign: frozenset[str],
    sources: Sequence[tuple[str, Mapping[str, str]]],
) -> dict[str, Any]:
    """Return the value of each field: text, a boolean, or null where nothing was given.

    `sources` are (where, values), later wins. `foreign` are names of other feeds' fields, which
    are passed over. Required fields that are still missing are the caller's to ask for.

    Raises:
        ConfigurationError: an unknown field, a boolean that is none.
    """
    known = {field.name: field for field in fields}
    values: dict[str, Any] = {field.name: field.default for field in fields}
    for where, given in sources:
        for name, text in given.items():
            if name in known:
                values[name] = _value(known[name], text, where)
            elif name not in foreign:
                hint = did_you_mean(name, known) or "this feed has no fields"
                raise ConfigurationError(f"{where}: there is no field {name!r}; {hint}")
    return values


def environment(fields: Iterable[UserField], prefix: str) -> dict[str, str]:
    """Return what the environment says of the fields: `<PREFIX>_<FIELD>`."""
    found = {}
    for field in fields:
        text = os.environ.get(f"{prefix}_{field.name}".upper())
        if text is not None:
            found[field.name] = text
    return found


def missing(fields: Sequence[UserField], values: Mapping[str, Any]) -> list[UserField]:
    """Return the required fields without a value; a check box always has one."""
    return [
        field
        for field in fields
        if field.required and not field.boolean and not str(values[field.name] or "").strip()
    ]


def _value(field: UserField, text: str, where: str) -> Any:
    if not field.boolean:
        return text
    lowered = text.strip().lower()
    if lowered in TRUE:
        return True
    if lowered in FALSE:
        return False
    raise ConfigurationError(
        f"{where}: {field.name} is a yes or a no: one of {', '.join(sorted(TRUE | FALSE))}"
    )
