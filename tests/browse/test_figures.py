"""The plots: what is counted stands in them, and no text acts."""

import re
from datetime import date
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from izoologic_cdf.browse.figures import (
    MAX_SERIES,
    OTHERS,
    bars_by_name,
    bars_over_time,
    calendar_year,
)
from izoologic_cdf.runtime.windows import DAY, Window
from tests.browse.world import HOSTILE, SCRIPT

DAYS = st.dates(min_value=date(1990, 1, 1)).map(str)
NAMES = st.text(max_size=8)
COUNTS = st.dictionaries(st.tuples(DAYS, NAMES), st.integers(1, 10_000), min_size=1, max_size=30)
# 2025-01-01T00:00:00Z, a Wednesday
NEW_YEAR = 1_735_689_600


@settings(max_examples=40)
@given(COUNTS)
def test_every_case_is_counted_once(counts: dict[tuple[str, str], int]) -> None:
    plot = bars_over_time(counts, "Cases")
    assert plot is not None
    total = sum(counts.values())
    assert sum(sum(row) for _, row in plot.rows) == total
    assert sum(count for _, _, count in plot.legend) == total
    assert len(plot.legend) <= MAX_SERIES
    bars = [float(bar.get("height") or 0) for bar in _all(plot.svg, "rect")]
    assert len(bars) == sum(count > 0 for _, row in plot.rows for count in row)
    assert max(bars) > 5


@settings(max_examples=40)
@given(st.dictionaries(st.tuples(NAMES, NAMES), st.integers(1, 99), min_size=1, max_size=40))
def test_every_account_is_counted_once(counts: dict[tuple[str, str], int]) -> None:
    plot = bars_by_name(counts, "Accounts")
    assert plot is not None
    assert sum(sum(row) for _, row in plot.rows) == sum(counts.values())
    assert len(plot.rows) <= MAX_SERIES


@pytest.mark.parametrize(
    ("first", "last", "unit"),
    [
        ("2025-08-01", "2025-08-01", "day"), ("2025-02-20", "2025-03-31", "day"),
        ("2025-02-20", "2025-04-01", "week"), ("2024-12-30", "2025-09-01", "week"),
        ("2023-01-01", "2025-08-15", "month"), ("2001-01-01", "2025-08-15", "year"),
    ],
)  # fmt: skip
def test_there_are_not_too_many_bars(first: str, last: str, unit: str) -> None:
    plot = bars_over_time({(first, "a"): 1, (last, "b"): 2}, "Cases")
    assert plot is not None
    assert plot.heads[0] == unit
    assert len(plot.rows) <= 40
    assert (plot.rows[0][1][1], plot.rows[-1][1][0]) == (1, 2)


def test_rare_names_stand_together() -> None:
    counts = {("2025-08-01", f"brand {number}"): number for number in range(1, 10)}
    plot = bars_over_time(counts, "Cases")
    assert plot is not None
    assert [(name, count) for _, name, count in plot.legend] == [
        ("brand 9", 9), ("brand 8", 8), ("brand 7", 7), ("brand 6", 6), ("brand 5", 5),
        (OTHERS, 10),
    ]  # fmt: skip


def test_nothing_gives_no_plot() -> None:
    assert bars_over_time({}, "Cases") is None
    assert bars_over_time({("", "undated"): 3}, "Cases") is None
    assert bars_by_name({}, "Accounts") is None


@pytest.mark.parametrize("text", [*HOSTILE.values(), SCRIPT])
def test_a_hostile_name_is_text(text: str) -> None:
    for plot in (
        bars_over_time({("2025-08-01", text): 1}, text),
        bars_by_name({(text, text): 1}, text),
    ):
        assert plot is not None
        names = {element.tag.rpartition("}")[2] for element in _elements(plot.svg)}
        assert names <= {"svg", "line", "text", "rect", "title"}


def test_a_day_has_the_state_that_matters_most() -> None:
    states = {
        "old": [Window(NEW_YEAR, NEW_YEAR + 2 * DAY - 1)],
        "finished": [Window(NEW_YEAR + DAY, NEW_YEAR + 3 * DAY + 5)],
        "running": [Window(NEW_YEAR + 5 * DAY, NEW_YEAR + 5 * DAY)],
        "gap": [Window(NEW_YEAR + 6 * DAY - 1, NEW_YEAR + 6 * DAY)],
    }
    svg = calendar_year(2025, states, "Coverage")
    days = {
        place: path.get("class")
        for path in _all(svg, "path")
        if path.get("class") != "mark"
        for place in re.findall(r"M(\d+) (\d+)h", path.get("d") or "")
    }
    assert len(days) == 365
    ordered = sorted(days, key=lambda place: tuple(map(int, place)))
    assert [days[place] for place in ordered[:8]] == [
        "old", "finished", "finished", "part", "none", "gap", "gap", "none",
    ]  # fmt: skip
    # a column a week, Monday on top
    assert ordered[:6] == [
        ("0", "40"),
        ("0", "52"),
        ("0", "64"),
        ("0", "76"),
        ("0", "88"),
        ("12", "16"),
    ]
    assert all(int(one[0]) <= int(two[0]) for one, two in pairwise(ordered))


@pytest.mark.parametrize("year", [2023, 2024, 2028])
def test_every_day_of_a_year_is_drawn(year: int) -> None:
    svg = calendar_year(year, {}, "Coverage")
    assert svg.count("h10v10h-10z") == (366 if year % 4 == 0 else 365)


def _all(svg: str, name: str) -> list[ET.Element]:
    return [element for element in _elements(svg) if element.tag == name]


def _elements(svg: str) -> list[ET.Element]:
    return list(ET.fromstring(svg).iter())  # noqa: S314 - ours
