"""Windows: a range is covered exactly once, in parts that no server refuses as too long."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from izoologic_cdf.runtime.windows import DAY, Window, split_range

EPOCHS = st.integers(-(10**9), 4 * 10**9)
SPANS = st.integers(0, 400 * DAY)
DAYS = st.integers(1, 60)
CUT = given(since=EPOCHS, span=SPANS, days=DAYS)


@CUT
def test_the_range_is_covered_exactly_once(since: int, span: int, days: int) -> None:
    parts = list(split_range(since, since + span, days))
    assert parts[0].since == since
    assert parts[-1].until == since + span
    assert all(later.since == earlier.until + 1 for earlier, later in pairwise(parts))
    assert all(part.since <= part.until for part in parts)


@CUT
def test_each_is_at_most_so_many_days_from_the_midnight_before_it(
    since: int, span: int, days: int
) -> None:
    for part in split_range(since, since + span, days):
        midnight = part.since // DAY * DAY
        assert part.until - midnight < days * DAY


@CUT
def test_all_but_the_last_end_on_the_last_second_of_a_day(since: int, span: int, days: int) -> None:
    *earlier, _ = split_range(since, since + span, days)
    assert all((part.until + 1) % DAY == 0 for part in earlier)


@CUT
def test_no_window_is_shorter_than_it_must_be(since: int, span: int, days: int) -> None:
    parts = list(split_range(since, since + span, days))
    assert len(parts) == (since % DAY + span) // (days * DAY) + 1


def test_windows_by_example() -> None:
    assert list(split_range(DAY + 100, 3 * DAY + 5, 1)) == [
        Window(DAY + 100, 2 * DAY - 1),
        Window(2 * DAY, 3 * DAY - 1),
        Window(3 * DAY, 3 * DAY + 5),
    ]
    assert list(split_range(7, 7, 30)) == [Window(7, 7)]
    assert list(split_range(8, 7, 30)) == []
