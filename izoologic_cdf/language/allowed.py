"""What of Jinja2, and of the methods of values, a definition may use: everything else is refused.

What could make something huge, or take long, has a guard. So no single operation takes long, and
the budget, which is looked at between operations, is kept.
"""

import functools
from collections.abc import Callable
from typing import Any

from jinja2 import Environment

from izoologic_cdf.language import guards
from izoologic_cdf.language.budget import SHORT, charge, turns
from izoologic_cdf.language.guards import Guard, made

Filter = Callable[..., Any]


_HARMLESS = frozenset({guards.as_text, guards.compared, guards.searched})


def _skips(original: Filter) -> int:
    """Return how many arguments Jinja2 puts in front of those of the definition."""
    return int(hasattr(original, "jinja_pass_arg"))


def _guarded(original: Filter, guard: Guard) -> Filter:
    """Guard what makes something of one value."""
    skipped = _skips(original)
    # a short text alone makes nothing large
    at = skipped if guard in _HARMLESS else None

    @functools.wraps(original)
    def bounded(*args: Any, **named: Any) -> Any:
        if at is not None and len(args) == at + 1 and not named:
            value = args[at]
            if type(value) is str and len(value) <= SHORT:
                return original(*args)
        guard(*args[skipped:], **named)
        return made(original(*args, **named))

    return original if guard is guards.free else bounded


def _of_list(original: Filter, guard: Guard) -> Filter:
    """Guard a filter over all elements; what can be read once becomes a list first."""
    skipped = _skips(original)

    @functools.wraps(original)
    def bounded(*args: Any, **named: Any) -> Any:
        passed, value, others = args[:skipped], args[skipped], args[skipped + 1 :]
        if not isinstance(value, str | list | tuple | dict):
            value = list(turns(value))
        charge(len(value))
        guard(value, *others, **named)
        return made(original(*passed, value, *others, **named))

    return bounded


def _applying(original: Filter, _: Guard) -> Filter:
    """Count how often a filter applies another one, or a test."""

    @functools.wraps(original)
    def counted(context: Any, value: Any, *args: Any, **named: Any) -> Any:
        return original(context, turns(value) if value else value, *args, **named)

    return counted


def _named(given: dict[Guard, str]) -> dict[str, Guard]:
    """Return the guard of each name, given the names of each guard."""
    return {name: guard for guard, names in given.items() for name in names.split()}


_FILTERS: dict[Callable[[Filter, Guard], Filter], dict[Guard, str]] = {
    _guarded: {
        guards.as_text: "attr capitalize e escape lower safe string truncate upper urlencode",
        guards.cut_up: "title wordcount",
        guards.integer: "int",
        guards.squared: "striptags",
        guards.searched: "trim",
        guards.padded: "center",
        guards.percent: "format",
        guards.indented: "indent",
        guards.replaced: "replace",
        guards.rounded: "round",
        guards.as_json: "tojson",
        guards.wrapped: "wordwrap",
        # these look at one element, or make nothing
        guards.free: "abs count d default filesizeformat first float items last length",
    },
    _of_list: {
        guards.compared: "dictsort groupby max min sort unique",
        guards.free: "list reverse",
        guards.filled: "batch slice",
        guards.joined: "join",
        guards.summed: "sum",
    },
    _applying: {guards.free: "map reject rejectattr select selectattr"},
}
# Jinja2 has these too; what a definition has instead
REFUSED = {
    "forceescape": "write `| escape`",
    "pprint": "write `| tojson`",
    "random": "a run that is repeated has to give the same; write `| first`",
    "urlize": "the platform makes links by itself",
    "xmlattr": "write the attributes out",
}
_TESTS: dict[Guard, str] = {
    guards.compared: "!= < <= == > >= eq equalto ge greaterthan gt in le lessthan lt ne",
    guards.number_due: "divisibleby even odd",
    guards.as_text: "lower upper",
    guards.free: "boolean defined false filter float integer iterable mapping none number sameas "
    "sequence string test true undefined",
}
GLOBALS = ("cycler", "dict", "joiner", "namespace", "range")


def restrict(environment: Environment) -> None:
    """Leave an environment the filters, tests and globals that a definition may use, guarded."""
    environment.filters = {
        name: bound(environment.filters[name], guard)
        for bound, given in _FILTERS.items()
        for name, guard in _named(given).items()
    }
    tests: dict[str, Any] = environment.tests
    environment.tests = {
        name: _guarded(tests[name], guard) for name, guard in _named(_TESTS).items()
    }
    environment.globals = {name: environment.globals[name] for name in GLOBALS}


# --- methods of values ---------------------------------------------------------------------------

METHODS: dict[type, dict[str, Guard]] = {
    str: _named(
        {
            guards.free: "capitalize casefold count endswith find index isalnum isalpha isascii "
            "isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper "
            "join lower partition removeprefix removesuffix startswith swapcase title upper",
            guards.searched: "lstrip rfind rindex rpartition rstrip strip",
            guards.split: "rsplit split",
            guards.lines_split: "splitlines",
            guards.padded: "center ljust rjust zfill",
            guards.braces: "format format_map",
            guards.expanded: "expandtabs",
            guards.replaced: "replace",
            guards.translated: "translate",
            guards.coded: "encode",
        }
    ),
    bytes: _named({guards.free: "count endswith find startswith", guards.coded: "decode"}),
    dict: _named({guards.free: "copy items keys values", guards.looked_up: "get"}),
    list: _named({guards.compared: "copy count index"}),
    tuple: _named({guards.compared: "count grouper index list"}),
    int: _named({guards.free: "bit_length imag real"}),
    float: _named({guards.free: "imag is_integer real"}),
    range: _named({guards.free: "count index start step stop"}),
}
# with those of what Jinja2 itself hands out: of a loop, of a `cycler`
METHOD_NAMES = frozenset({"changed", "cycle", "next", "reset"}).union(*METHODS.values())
