"""Intervals are sets of whole seconds: their arithmetic is that of sets."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from izoologic_cdf.runtime.windows import DAY, Window, split_range, spread, subtract, union

BOUND = st.integers(-5, 40)
# some end before they begin: an interval that has not grown yet
PARTS = st.lists(st.builds(Window, BOUND, BOUND), max_size=8)


def seconds(parts: list[Window]) -> set[int]:
    return {second for part in parts for second in range(part.since, part.until + 1)}


def apart(parts: list[Window]) -> bool:
    """Tell whether windows are ascending, not empty, and leave a second between each other."""
    ends = itertools.pairwise(parts)
    return all(a.until + 1 < b.since for a, b in ends) and all(p.since <= p.until for p in parts)


@given(PARTS)
def test_a_union_holds_the_same_seconds_in_windows_that_do_not_touch(parts: list[Window]) -> None:
    assert seconds(union(parts)) == seconds(parts)
    assert apart(union(parts))


@given(PARTS, PARTS)
def test_a_difference_holds_the_seconds_of_one_that_are_not_in_the_other(
    parts: list[Window], taken: list[Window]
) -> None:
    assert seconds(subtract(parts, taken)) == seconds(parts) - seconds(taken)
    assert apart(subtract(parts, taken))


@given(st.integers(0, 5 * DAY), st.integers(0, 100 * DAY), st.integers(1, 40))
def test_windows_hold_a_range_once_and_span_their_days_from_midnight(
    since: int, length: int, days: int
) -> None:
    cut = list(split_range(since, since + length, days))
    assert (cut[0].since, cut[-1].until) == (since, since + length)
    assert all(a.until + 1 == b.since for a, b in itertools.pairwise(cut))
    assert all(0 <= w.until - (w.since - w.since % DAY) < days * DAY for w in cut)


@given(*(st.integers(0, 100 * DAY) for _ in range(4)), st.integers(1, 40))
def test_a_margin_takes_no_further_window_and_leaves_no_day_that_would_take_none(
    before: int, since: int, length: int, after: int, days: int
) -> None:
    needed = Window(before + since, before + since + length)
    allowed = Window(before, needed.until + after)
    found = spread(needed, allowed, days)
    assert allowed.holds(found)
    assert found.holds(needed)

    def count(since: int, until: int) -> int:
        return len(list(split_range(since, until, days)))

    assert count(found.since, found.until) == count(needed.since, needed.until)
    for wider in (
        Window(found.since - 1, found.until),
        Window(found.since, found.until + 1),
    ):
        if allowed.holds(wider):
            assert count(wider.since, wider.until) > count(found.since, found.until)


def test_a_margin_lies_on_both_sides() -> None:
    needed = Window(100 * DAY, 110 * DAY - 1)
    assert spread(needed, Window(0, 200 * DAY), 30) == Window(90 * DAY, 120 * DAY - 1)
    # what has no room on one side goes to the other
    assert spread(needed, Window(0, 112 * DAY - 1), 30) == Window(82 * DAY, 112 * DAY - 1)
    assert spread(needed, Window(98 * DAY, 200 * DAY), 30) == Window(98 * DAY, 128 * DAY - 1)
