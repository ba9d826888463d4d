"""What a run works on. `run`, `backfill`, `sync` and `retry` differ in nothing else."""

from dataclasses import dataclass

from izoologic_cdf.runtime.intervals import subtract, union
from izoologic_cdf.runtime.state import State
from izoologic_cdf.runtime.windows import DAY, Window

# a scheduled run begins this long before the last finished point: clocks differ, and a case can
# change while it is read (F26, F27)
OVERLAP = 600
# where the first scheduled run begins when nothing is finished yet
FIRST_SYNC = 30 * DAY


@dataclass(frozen=True, slots=True)
class Plan:
    """The asked range, its parts that are still open, and which set-aside cases to take up.

    Messages are asked for in the whole asked range, whatever part of it is open (I-13). With
    `known_since`, they are known from there on: of each case, what was not read yet is asked for.
    `only` names cases; null means every case that is not given up.
    """

    asked: Window
    parts: tuple[Window, ...]
    known_since: int | None = None
    only: frozenset[str] | None = None
    given_up: bool = False


def whole(since: int, until: int) -> Plan:
    """Ask for a range, whatever was finished before."""
    asked = Window(since, until)
    return Plan(asked, (asked,))


def backfill(state: State, since: int, until: int) -> Plan:
    """Ask for what of a range is not finished yet, with the messages of the whole range."""
    asked = Window(since, until)
    return Plan(asked, tuple(subtract([asked], state.finished(since))))


def sync(state: State, now: int, since: int | None = None) -> Plan:
    """Ask for everything from the origin of scheduled runs until now that is still open.

    The origin is set at the first scheduled run: the last finished point, or `since`, or 30 days
    ago. What the server refused once is not asked for again; the end is asked with an overlap.
    """
    finished = state.finished()
    origin = state.origin()
    last = finished[-1].until if finished else None
    if origin is None:
        # not earlier than 30 days ago: a server may give no second more, by its own clock
        begin = last - OVERLAP if last is not None else now - FIRST_SYNC + OVERLAP
        origin = max(0, since if since is not None else begin)
        state.begin_at(origin)
    taken = [*state.finished(origin), *state.refused()]
    open_parts = subtract([Window(origin, now)], taken)
    tail = max(origin, last - OVERLAP if last is not None else origin)
    parts = union([*open_parts, Window(min(tail, now), now)])
    known_since = min([origin, *(window.since for window in finished)])
    return Plan(Window(parts[0].since, now), tuple(parts), known_since)


def retry(now: int, cases: frozenset[str]) -> Plan:
    """Take up cases that were set aside, given up or not: those named, or all."""
    return Plan(Window(now, now), (), only=cases or None, given_up=True)
