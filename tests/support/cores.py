"""The cores of the machine, and which of them a worker of the tests keeps to."""

import contextlib
import os
from collections.abc import Callable, Iterator

# a platform that has no such thing lets everything use all cores
_told: Callable[[int], set[int]] = getattr(os, "sched_getaffinity", lambda _: set())
# before anything was narrowed down
ALL = frozenset(_told(0))


def allowed() -> set[int]:
    """Return the cores that this thread may use; none where the platform does not tell."""
    return _told(0)


def use(cores: frozenset[int]) -> None:
    """Let this thread, and whatever it starts from now on, use these cores."""
    if cores:
        os.sched_setaffinity(0, cores)


@contextlib.contextmanager
def every_core() -> Iterator[None]:
    """Let this thread, and what the block starts, use all cores."""
    own = frozenset(allowed())
    use(ALL)
    try:
        yield
    finally:
        use(own)


def keep_to_one(worker: int) -> None:
    """Give a worker a core of its own, as far as there are cores; the others use what is free.

    The threads of a run and of its emulator wake each other all the time; on two cores, which other
    workers use as well, that takes about 8 in 100 more processor time, and 20 in 100 more time.
    """
    if worker < len(ALL):
        use(frozenset({sorted(ALL)[worker]}))
