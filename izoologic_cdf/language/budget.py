"""How long an evaluation or a pipeline may take, and how much it may make.

A definition cannot be stopped from outside, and nothing stops one operation of Python halfway. So
two things are limited: what one operation may make or look through (`limit` and `weigh`, asked
before it begins), and how many operations there may be (`charge`, asked at each turn of a loop,
each call, each filter over a list). An evaluation has a budget of its own; so has the whole
pipeline that it stands in, with the elements that the pipeline goes through.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

from jinja2.exceptions import SecurityError

# the largest text that one operation may make, in characters; an element of a list weighs ten
MAX_SIZE = 10_000_000
ELEMENT = 10
# what one operation may go through: elements of lists in lists, and levels of them
MAX_ELEMENTS = 5_000_000
MAX_DEPTH = 100
# the largest number, in bits
MAX_BITS = 10_000
# what two texts may measure, multiplied, where one is compared at each place of the other
MAX_PRODUCT = 1_000_000_000
# one evaluation: turns of loops and calls; characters made; seconds of this thread's processor
MAX_TURNS = 5_000_000
MAX_MADE = 500_000_000
MAX_SECONDS = 10.0
# one pipeline, with the feeds that it calls: elements gone through, and the same again
MAX_ITEMS = 1_000_000
MAX_PIPELINE_MADE = 2_000_000_000
MAX_PIPELINE_SECONDS = 300.0
# what is no longer than this is not charged for by itself
SHORT = 100
# turns between two looks at the clock
_STEP = 1000
# so much in one piece is a reason to look at once
_LARGE = 100_000


class LimitError(SecurityError):
    """A definition asks for more than it may have; the message says what."""


class _Budget:
    """What was used on one thread; the begin of this evaluation, and of the open pipeline."""

    __slots__ = ("begun", "deadline", "items", "look_at", "looked", "made", "pipeline", "turns")

    def __init__(self) -> None:
        self.turns = self.made = self.look_at = 0
        # turns and characters at the begin of this evaluation
        self.begun = (0, 0)
        # the evaluation that has a deadline, and that deadline
        self.looked: tuple[int, int] | None = None
        self.deadline = 0.0
        # characters at the begin of the open pipeline, and its deadline
        self.pipeline: tuple[int, float] | None = None
        self.items = 0

    def look(self) -> None:
        """Raise LimitError where more was used than may be."""
        turns, made = self.turns - self.begun[0], self.made - self.begun[1]
        now = time.thread_time()
        if self.looked is not self.begun:
            self.looked, self.deadline = self.begun, now + MAX_SECONDS
        if turns > MAX_TURNS:
            raise LimitError(f"the evaluation takes more than {MAX_TURNS} turns and calls")
        if made > MAX_MADE:
            raise LimitError(f"the evaluation takes more than {MAX_MADE} characters of memory")
        if now > self.deadline:
            raise LimitError(f"the evaluation takes more than {MAX_SECONDS:g} seconds")
        if self.pipeline is not None:
            before, deadline = self.pipeline
            if self.made - before > MAX_PIPELINE_MADE:
                size = f"{MAX_PIPELINE_MADE} characters of memory"
                raise LimitError(f"the pipeline takes more than {size}")
            if now > deadline:
                raise LimitError(f"the pipeline takes more than {MAX_PIPELINE_SECONDS:g} seconds")
        self.look_at = self.turns + min(_STEP, MAX_TURNS)


class _Thread(threading.local):
    def __init__(self) -> None:
        self.budget = _Budget()


_THREAD = _Thread()


def begin() -> None:
    """Begin the budget of an evaluation."""
    budget = _THREAD.budget
    budget.begun = (budget.turns, budget.made)


def charge(turns: int = 1, made: int = 0) -> None:
    """Spend turns and characters of this evaluation; raises LimitError when none are left."""
    budget = _THREAD.budget
    budget.turns += turns
    budget.made += made
    if budget.turns > budget.look_at or made > _LARGE:
        budget.look()


def turns(iterable: Iterable[Any]) -> Iterator[Any]:
    """Yield what `iterable` yields; each element is a turn."""
    budget = _THREAD.budget
    for element in iterable:
        budget.turns += 1
        # what is made of an element and is short is not charged for by itself
        budget.made += SHORT
        if budget.turns > budget.look_at:
            budget.look()
        yield element


class Pipeline:
    """While it is open, everything on this thread counts for one pipeline; the outermost counts."""

    __slots__ = ("_outer",)

    def __enter__(self) -> None:
        budget = _THREAD.budget
        self._outer = budget.pipeline
        if self._outer is None:
            budget.pipeline = budget.made, time.thread_time() + MAX_PIPELINE_SECONDS
            budget.items = 0

    def __exit__(self, *_: object) -> None:
        _THREAD.budget.pipeline = self._outer


def unmetered(iterable: Iterable[Any]) -> Iterator[Any]:
    """Yield what `iterable` yields; the time that it takes is not the pipeline's."""
    budget, elements = _THREAD.budget, iter(iterable)
    while True:
        before = time.thread_time()
        element = next(elements, elements)
        if budget.pipeline is not None:
            made, deadline = budget.pipeline
            budget.pipeline = made, deadline + time.thread_time() - before
        if element is elements:
            return
        yield element


def pass_through(count: int = 1) -> None:
    """Count elements that a pipeline goes through; raises LimitError when they are too many."""
    budget = _THREAD.budget
    budget.items += count
    if budget.items > MAX_ITEMS:
        raise LimitError(f"the pipeline goes through more than {MAX_ITEMS} elements")
    begin()
    charge()


def limit(size: int, most: int | None = None) -> None:
    """Refuse a result of so many characters when it is too large; an element weighs ten."""
    most = MAX_SIZE if most is None else most
    if size > most:
        raise LimitError(
            f"the result is larger than {most} characters, or {most // ELEMENT} elements"
        )


def weigh(value: Any) -> tuple[int, int]:
    """Return how long a value is as text, about, and how deep it is nested.

    The same list can hang in a value many times, so that a small value can be billions of elements
    to whoever goes through it. Raises LimitError when they are too many, or nested too deep.
    """
    size, count, depth, level = 0, 0, 0, [value]
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise LimitError(f"the value is nested more than {MAX_DEPTH} levels deep")
        below: list[Any] = []
        for one in level:
            kind = type(one)
            if kind is str:
                size += len(one)
            elif kind is dict:
                below += one
                below += one.values()
            elif kind is list or kind is tuple:
                below += one
            elif kind is int:
                size += one.bit_length() // 3
            elif isinstance(one, str | bytes):
                size += len(one)
            elif isinstance(one, list | tuple):
                below += one
            if count + len(below) > MAX_ELEMENTS:
                raise LimitError(f"the value has more than {MAX_ELEMENTS} elements, all counted")
        count += len(below)
        level = below
    if count > _STEP:
        charge(count // 16)
    return size + ELEMENT * count, depth
