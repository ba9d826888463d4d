"""What a run processes. `run`, `backfill`, `sync` and `retry` differ in nothing else."""

from dataclasses import dataclass

from izoologic_cdf.runtime.state import State
from izoologic_cdf.runtime.windows import DAY, OVERLAP, Window, subtract, union

# where the first scheduled run begins when nothing is finished yet
FIRST_SYNC = 30 * DAY


@dataclass(frozen=True, slots=True)
class Plan:
    """The asked range, its parts that are still open, and which deferred cases to take up.

    Messages are asked for in the whole asked range, whatever part of it is open (I-13). With
    `known_since`, they are known from there on: of each case, what was not read yet is asked for.
    `only` names cases; null means all. `at_once` takes up what is abandoned, or deferred to a later
    time, as well. `origin` is where scheduled runs begin, when this is the first. Of the state,
    what is later than `believed_until` was written under a wrong clock, and is to be forgotten.
    """

    asked: Window
    parts: tuple[Window, ...]
    known_since: int | None = None
    only: frozenset[str] | None = None
    at_once: bool = False
    origin: int | None = None
    believed_until: int | None = None

    @property
    def scheduled(self) -> bool:
        """Whether it keeps everything since an origin."""
        return self.known_since is not None


def whole(since: int, until: int) -> Plan:
    """Ask for a range, whatever was finished before."""
    asked = Window(since, until)
    return Plan(asked, (asked,))


def backfill(state: State, since: int, until: int, now: int | None = None) -> Plan:
    """Ask for what of a range is not finished yet, with the messages of the whole range.

    With `now`, the time of this machine, what the state says of the future is not believed.
    """
    asked = Window(since, until)
    believed = None if now is None else state.believed_until(now)
    finished = _believed(state.finished(since), believed)
    return Plan(asked, tuple(subtract([asked], finished)), believed_until=believed)


def sync(state: State, now: int, since: int | None = None) -> Plan:
    """Ask for everything from the origin of scheduled runs until now that is still open.

    The origin is set at the first scheduled run: the last finished point, or `since`, or 30 days
    ago. What is too old for the server is not asked for again; the end is asked with an overlap.
    """
    believed = state.believed_until(now)
    finished = _believed(state.finished(), believed)
    origin = known = state.origin()
    last = finished[-1].until if finished else None
    if origin is None:
        # not earlier than 30 days ago: a server may give no second more, by its own clock
        begin = last - OVERLAP if last is not None else now - FIRST_SYNC + OVERLAP
        origin = max(0, since if since is not None else begin)
    elif believed is not None and origin > now:
        origin = believed
    taken = [*_believed(state.finished(origin), believed), *state.refused()]
    open_parts = subtract([Window(origin, now)], taken)
    tail = max(origin, last - OVERLAP if last is not None else origin)
    parts = union([*open_parts, Window(min(tail, now), now)])
    return Plan(
        Window(parts[0].since, now),
        tuple(parts),
        known_since=min([origin, *(window.since for window in finished)]),
        origin=origin if known is None else None,
        believed_until=believed,
    )


def retry(now: int, cases: frozenset[str]) -> Plan:
    """Take up what was deferred, abandoned or not, at once: the cases named, or all."""
    return Plan(Window(now, now), (), only=cases or None, at_once=True)


def _believed(finished: list[Window], until: int | None) -> list[Window]:
    if until is None:
        return finished
    return [Window(one.since, min(one.until, until)) for one in finished if one.since <= until]
