"""Whether the messages of a case can be requested around its own dates, and what shows they cannot.

The list tells when a case was updated last, and its record when it was opened. If each message
updates its case, all of them lie in between, and a run over a year need not request a year of
messages for each case. Nobody has promised that, so each message that is read is a test of it: one
that no update announced is evidence against the tenant. From then on all messages are requested for
the whole range, and once more for the cases that were read shorter (I-13).

"Messages" are the items of any source that names the opening of its case with `not_before`; their
dates are their `published_at`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.windows import DAY, EARLIEST, Window, stamp

# seconds by which a message may miss the dates of its case and prove nothing
_TOLERANCE = 3_600


@dataclass(slots=True)
class Guard:
    """What is known of one tenant during a run; the threads of the run share it.

    `broken` is set once a message came that no update had announced, in this run or before.
    """

    broken: bool = False

    def needed(self, case: Case, whole: Window) -> Window:
        """Return for which part of a range the messages of a case must be requested.

        That of a case which no list of this run has shown is not known: it may have been updated.
        """
        updated, opened = case.updated, case.opened
        if self.broken or case.listed is None or updated is None or updated < EARLIEST:
            return whole
        since = whole.since if opened is None else max(whole.since, opened - DAY)
        needed = Window(since, min(whole.until, updated + DAY))
        # dates that contradict each other
        return needed if needed.since <= needed.until else whole

    def watch(self, case: Case, items: Iterable[Any]) -> None:
        """Note in a case that one of its messages contradicts its dates, if one does."""
        for at in filter(None, map(_published, items)):
            if _is_late(case, at):
                case.evidence = f"after its last update, {stamp(case.updated or 0)}"
            elif case.opened is not None and at < case.opened - _TOLERANCE:
                case.evidence = f"before it was opened, {stamp(case.opened)}"
            else:
                continue
            case.evidence = f"a message is dated {stamp(at)}, more than an hour {case.evidence}"
            self.broken = True
            return


def _is_late(case: Case, at: int) -> bool:
    """Return whether a message is later than an update that a list showed after the message."""
    if case.updated is None or case.updated < EARLIEST or case.listed is None:
        return False
    return case.updated + _TOLERANCE < at <= case.listed


def _published(item: Any) -> int | None:
    """Return the date of a message in epoch seconds; null for none."""
    text = item.get("published_at") if isinstance(item, dict) else None
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) if text else None
    except (TypeError, ValueError):
        return None
