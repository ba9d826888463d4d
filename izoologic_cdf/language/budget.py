"""How long one evaluation may take, and how much may hang together in what it makes.

A definition can't be stopped from outside, so the places where it can go round are counted: each
turn of a loop and of the filters that apply another one, and each call. What one operation makes
is limited in `sandbox`; memory as a whole is not.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jinja2.exceptions import SecurityError

# the longest text or list, and the largest product of numbers in bits, that one operation may make
LARGEST_RESULT = 10_000_000
LARGEST_NUMBER = 10_000
MOST_TURNS = 10_000_000
LONGEST_SECONDS = 30.0


class Budget:
    """What is left to one evaluation; kept on its context, made at the first turn."""

    __slots__ = ("_deadline", "_turns")

    def __init__(self) -> None:
        self._turns = MOST_TURNS
        self._deadline = time.monotonic() + LONGEST_SECONDS

    def spend(self) -> None:
        """Spend one turn; raises SecurityError when none, or no time, is left."""
        self._turns -= 1
        if self._turns < 0:
            raise SecurityError(f"the evaluation takes more than {MOST_TURNS} turns and calls")
        if time.monotonic() > self._deadline:
            raise SecurityError(f"the evaluation takes more than {LONGEST_SECONDS:g} seconds")


def budget_of(context: Any) -> Budget:
    """Return the budget of the evaluation that has this context of Jinja2."""
    budget: Budget | None = context.__dict__.get("budget")
    if budget is None:
        budget = context.__dict__["budget"] = Budget()
    return budget


def turns(context: Any, iterable: Iterable[Any]) -> Iterator[Any]:
    """Yield what `iterable` yields; each element is a turn."""
    return _turns(budget_of(context), iter(iterable))


def _turns(budget: Budget, elements: Iterator[Any]) -> Iterator[Any]:
    for element in elements:
        budget.spend()
        yield element


def limit(size: int) -> None:
    """Refuse a result of so many characters or elements when it is too large."""
    if size > LARGEST_RESULT:
        raise SecurityError(f"the result is larger than {LARGEST_RESULT} elements")


def weigh(value: Any) -> None:
    """Refuse a value whose text would be huge: the same list can hang in it many times."""
    weight, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str | bytes):
            weight += len(one)
        elif isinstance(one, Mapping):
            waiting += [*one, *one.values()]
        elif isinstance(one, list | tuple):
            waiting += one
        weight += 1
        limit(weight + len(waiting))
