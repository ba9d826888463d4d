"""How long an evaluation or a pipeline may take, and how much it may make.

A definition cannot be stopped from outside, and nothing stops one operation of Python halfway. So
two things are limited: what one operation may make or look through (`limit` and `weigh`, asked
before it begins), and how many operations there may be (`charge`, asked at each turn of a loop,
each call, each filter over a list). An evaluation has a budget of its own; so has the whole
pipeline that it stands in, with the elements that the pipeline goes through.
"""

import gc
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
_CONTAINERS = (dict, list, tuple)
_SCALARS = frozenset({str, int, float, bool, bytes, type(None)})
# turns between two looks at the clock
_STEP = 1000
# so much in one piece is a reason to look at once
_LARGE = 100_000


class LimitError(SecurityError):
    """A definition asks for more than it may have; the message says what."""


class _Budget:
    """What was used on one thread, and since when for this evaluation and the open pipeline."""

    __slots__ = (
        *("fresh", "turns", "made", "look_at", "begun_turns", "begun_made", "deadline"),
        *("open", "items", "open_made", "open_deadline"),
    )

    def __init__(self) -> None:
        # an evaluation has begun, and nobody has looked since
        self.fresh = True
        self.turns = self.made = self.look_at = self.begun_turns = self.begun_made = 0
        self.deadline = 0.0
        self.open = False
        self.items = self.open_made = 0
        # null until somebody looks
        self.open_deadline: float | None = None

    def look(self) -> None:
        """Raise LimitError where more was used than may be."""
        now = time.thread_time()
        if self.fresh:
            self.fresh = False
            self.begun_turns, self.begun_made = self.turns, self.made
            self.deadline = now + MAX_SECONDS
        if self.turns - self.begun_turns > MAX_TURNS:
            raise LimitError(f"the evaluation takes more than {MAX_TURNS} turns and calls")
        if self.made - self.begun_made > MAX_MADE:
            raise LimitError(f"the evaluation takes more than {MAX_MADE} characters of memory")
        if now > self.deadline:
            raise LimitError(f"the evaluation takes more than {MAX_SECONDS:g} seconds")
        if self.open:
            if self.open_deadline is None:
                self.open_deadline = now + MAX_PIPELINE_SECONDS
            if self.made - self.open_made > MAX_PIPELINE_MADE:
                size = f"{MAX_PIPELINE_MADE} characters of memory"
                raise LimitError(f"the pipeline takes more than {size}")
            if now > self.open_deadline:
                raise LimitError(f"the pipeline takes more than {MAX_PIPELINE_SECONDS:g} seconds")
        self.look_at = self.turns + min(_STEP, MAX_TURNS)


class _Thread(threading.local):
    def __init__(self) -> None:
        self.budget = _Budget()


# `THREAD.budget.fresh = True` begins the budget of an evaluation
THREAD = _Thread()


def charge(turns: int = 1, made: int = 0) -> None:
    """Spend turns and characters of this evaluation; raises LimitError when none are left."""
    budget = THREAD.budget
    budget.turns += turns
    budget.made += made
    if budget.turns > budget.look_at or made > _LARGE:
        budget.look()


def turns(iterable: Iterable[Any]) -> Iterator[Any]:
    """Yield what `iterable` yields; each element is a turn."""
    budget = THREAD.budget
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
        budget = THREAD.budget
        self._outer = budget.open
        if not self._outer:
            budget.open, budget.items = True, 0
            budget.open_made, budget.open_deadline = budget.made, None

    def __exit__(self, *_: object) -> None:
        THREAD.budget.open = self._outer


def unmetered(iterable: Iterable[Any]) -> Iterator[Any]:
    """Yield what `iterable` yields; the time that it takes is not the pipeline's."""
    budget, elements = THREAD.budget, iter(iterable)
    while True:
        before = None if budget.open_deadline is None else time.thread_time()
        element = next(elements, elements)
        if before is not None and budget.open_deadline is not None:
            budget.open_deadline += time.thread_time() - before
        if element is elements:
            return
        yield element


def pass_through(count: int = 1) -> None:
    """Count elements that a pipeline goes through; raises LimitError when they are too many."""
    budget = THREAD.budget
    budget.items += count
    if budget.items > MAX_ITEMS:
        raise LimitError(f"the pipeline goes through more than {MAX_ITEMS} elements")
    budget.fresh = True
    charge()


def limit(size: int, most: int | None = None) -> None:
    """Refuse a result of so many characters when it is too large; an element weighs ten."""
    most = MAX_SIZE if most is None else most
    if size > most:
        raise LimitError(
            f"the result is larger than {most} characters, or {most // ELEMENT} elements"
        )


def walk(value: Any) -> int:
    """Return how many elements a list, tuple or mapping has, those of its elements counted too.

    The same list can hang in a value many times, so that a small value can be billions of elements
    to whoever goes through it. Raises LimitError when they are too many, or nested too deep.
    """
    count, depth, level = 0, 0, [value]
    while level:
        depth += 1
        count += sum(map(len, level))
        _refuse_walk(count, depth)
        # the collector of garbage knows what a container holds, and tells it several times faster
        held = gc.get_referents(*level)
        level = [one for one in held if type(one) not in _SCALARS and isinstance(one, _CONTAINERS)]
    if count > _STEP:
        charge(count // 16)
    return count


def _refuse_walk(count: int, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise LimitError(f"the value is nested more than {MAX_DEPTH} levels deep")
    if count > MAX_ELEMENTS:
        raise LimitError(f"the value has more than {MAX_ELEMENTS} elements, all counted")


def weigh(value: Any) -> tuple[int, int]:
    """Return how long any value is as text, about, and how deep it is nested.

    Raises LimitError as `walk` does.
    """
    size, count, depth, level = 0, 0, 0, [value]
    while level:
        depth += 1
        _refuse_walk(count, depth)
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
                break
        count += len(below)
        level = below
    if count > _STEP:
        charge(count // 16)
    return size + ELEMENT * count, depth
