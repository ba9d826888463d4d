"""Reads the names and values of a request, as strictly as the options ask."""

import re
from collections.abc import Iterable
from typing import Any

from izoologic_cdf.emulator.endpoints import Endpoint, Name
from izoologic_cdf.emulator.options import Options
from izoologic_cdf.emulator.times import DAY, iso

_INTEGER = re.compile(r"-?[0-9]{1,14}")


class BadArgumentsError(Exception):
    """The request is to be refused with 400; ``errors`` are sentences by name."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(errors)
        self.errors = errors


def read(
    endpoint: Endpoint, pairs: Iterable[tuple[str, Any]], options: Options, now: int
) -> dict[str, Any]:
    """Return the values by default name: text, or whole epoch seconds.

    Strict takes the default spelling alone, once, and no time that has not come yet; otherwise
    names are read without regard to case, aliases are taken and unknown names ignored (I-09). A
    name that an option has changed is None where it is not given. Raises BadArgumentsError with
    everything that is wrong.
    """
    given: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    renamed = {
        name.default: options.renamed[full]
        for name in endpoint.names
        if (full := f"{endpoint.name}.{name.default}") in options.renamed
    }
    spellings = _spellings(endpoint, options, renamed)
    for spelling, value in pairs:
        name = spellings.get(spelling if options.strict else spelling.lower())
        if name is None:
            if options.strict:
                wanted = ", ".join(spellings)
                errors[spelling] = [f"The name {spelling} is unknown here; expected: {wanted}."]
            continue
        if options.strict and name.default in given:
            errors[spelling] = [f"The name {spelling} is given twice."]
        given.setdefault(name.default, value)
    values: dict[str, Any] = {}
    for name in endpoint.names:
        if name.default not in given and name.default in renamed:
            values[name.default] = None
            continue
        if given.get(name.default) is None:
            errors[name.default] = [f"The {name.default} field is required."]
            continue
        value = _value(endpoint, name, given[name.default], options)
        if value is None:
            wanted = _wanted(endpoint, name, options)
            errors[name.default] = [f"The value of {name.default} must be {wanted}."]
        values[name.default] = value
    if not errors and options.strict:
        errors = _too_early(values, now)
    if errors:
        raise BadArgumentsError(errors)
    return values


def _spellings(
    endpoint: Endpoint, options: Options, renamed: dict[str, str | None]
) -> dict[str, Name]:
    found: dict[str, Name] = {}
    for name in endpoint.names:
        texts = (name.default,) if options.strict else (name.default, *name.aliases)
        if name.default in renamed:
            new = renamed[name.default]
            texts = () if new is None else (new if options.strict else new.lower(),)
        found |= dict.fromkeys(texts, name)
    return found


def _value(endpoint: Endpoint, name: Name, value: Any, options: Options) -> str | int | None:
    if name.kind == "text":
        return value if isinstance(value, str) else None
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        in_json = endpoint.method == "POST"
        return None if in_json and options.epoch_type == "int" else int(value)
    if isinstance(value, int) and not isinstance(value, bool) and options.epoch_type != "string":
        return value
    return None


def _wanted(endpoint: Endpoint, name: Name, options: Options) -> str:
    if name.kind == "text":
        return "a string"
    both = "epoch seconds as a string or an integer"
    if endpoint.method == "GET":
        return "epoch seconds"
    types = {"string": "epoch seconds as a string", "int": "epoch seconds as an integer"}
    return types.get(options.epoch_type, both)


def _too_early(values: dict[str, Any], now: int) -> dict[str, list[str]]:
    errors = {}
    for name, ahead in (("fromdate", 0), ("todate", DAY)):
        if values.get(name) is not None and values[name] > now + ahead:
            errors[name] = [f"The {name} {values[name]} lies in the future of {iso(now)}."]
    return errors
