"""Intervals are sets of whole seconds: their arithmetic is that of sets."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from izoologic_cdf.runtime.windows import DAY, Window, extend_back, split_range, subtract, union

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


@given(st.integers(0, 90 * DAY), st.integers(0, 100 * DAY), st.integers(1, 40))
def test_a_begin_reaches_back_as_far_as_the_same_number_of_windows(
    since: int, length: int, days: int
) -> None:
    until = since + length
    begin = extend_back(since, until, days)
    assert begin <= since
    count = len(list(split_range(since, until, days)))
    assert len(list(split_range(begin, until, days))) == count
    assert begin == 0 or len(list(split_range(begin - 1, until, days))) > count
