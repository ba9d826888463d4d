"""Attributes: rows that add, names that are updated, sources of each row."""

import pytest

from izoologic_cdf.library.objects import Count
from izoologic_cdf.library.store import Library
from tests.library.reports import attributes, incident, put

A = ("Feed A",)
B = ("Feed B",)
BOTH = ("Feed A", "Feed B")


@pytest.mark.parametrize(
    ("reports", "rows", "count"),
    [
        pytest.param(
            [("Feed A", [("IP", "1"), ("IP", "2")])],
            [("IP", "1", A), ("IP", "2", A)],
            Count(created=2),
            id="a name has many values",
        ),
        pytest.param(
            [("Feed A", [("IP", "1")]), ("Feed A", [("IP", "2")])],
            [("IP", "1", A), ("IP", "2", A)],
            Count(created=1),
            id="a value adds to those stored",
        ),
        pytest.param(
            [("Feed A", [("IP", "1")]), ("Feed B", [("IP", "1")])],
            [("IP", "1", BOTH)],
            Count(updated=1),
            id="a second source joins the row",
        ),
        pytest.param(
            [("Feed A", [("IP", "1"), ("IP", "1")])],
            [("IP", "1", A)],
            Count(created=1),
            id="a row said twice is one row",
        ),
        pytest.param(
            [("Feed A", [("IP", ""), ("IP", " "), ("IP", "null"), ("IP", "false")])],
            [("IP", "", A), ("IP", " ", A), ("IP", "false", A), ("IP", "null", A)],
            Count(created=4),
            id="values are kept as they are",
        ),
        pytest.param(
            [("Feed A", [("Status", "Open")]), ("Feed A", [("Status", "Closed")])],
            [("Status", "Closed", A)],
            Count(updated=1),
            id="an updatable value is replaced",
        ),
        pytest.param(
            [("Feed A", [("Status", "Open")]), ("Feed A", [])],
            [("Status", "Open", A)],
            Count(),
            id="no value erases nothing",
        ),
        pytest.param(
            [("Feed A", [("Status", "Open"), ("Status", "Closed")])],
            [("Status", "Closed", A)],
            Count(created=1),
            id="the last of an updatable name wins",
        ),
        pytest.param(
            [("Feed A", [("Status", "Open")]), ("Feed B", [("Status", "Closed")])],
            [("Status", "Closed", B), ("Status", "Open", A)],
            Count(created=1),
            id="another source's value stays",
        ),
        pytest.param(
            [
                ("Feed A", [("Status", "Open")]),
                ("Feed B", [("Status", "Open")]),
                ("Feed A", [("Status", "Closed")]),
            ],
            [("Status", "Closed", A), ("Status", "Open", B)],
            Count(updated=1),
            id="a replaced value stays with the other source",
        ),
        pytest.param(
            [
                ("Feed A", [("Status", "Open")]),
                ("Feed B", [("Status", "Closed")]),
                ("Feed A", [("Status", "Closed")]),
            ],
            [("Status", "Closed", BOTH)],
            Count(updated=1),
            id="sources come to agree",
        ),
        pytest.param(
            [("Feed A", [("Status", "Open")]), ("Feed A", [("Status", "Open"), ("IP", "1")])],
            [("IP", "1", A), ("Status", "Open", A)],
            Count(created=1, unchanged=1),
            id="an equal value changes nothing",
        ),
    ],
)
def test_attributes(
    library: Library,
    reports: list[tuple[str, list[tuple[str, str]]]],
    rows: list[tuple[str, str, tuple[str, ...]]],
    count: Count,
) -> None:
    for source, reported in reports:
        done = put(library, incident(*reported), source=source)
    assert attributes(library) == rows
    assert done.of("incident").attributes == count


def test_an_updatable_name_reported_by_two_objects_of_a_batch_takes_the_last(
    library: Library,
) -> None:
    put(library, incident(("Status", "Open")), incident(("Status", "Closed")))
    assert attributes(library) == [("Status", "Closed", A)]
