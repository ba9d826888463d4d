"""The two lists: windows, look-back, order."""

from collections.abc import Iterator
from typing import Any

import pytest

from izoologic_cdf.emulator import Emulator, Scenario
from izoologic_cdf.emulator.scenario import CaseSource
from tests.emulator.api_client import Client

DAY = 86_400
NOW = 1_700_000_000
# how many days before now each case was updated
AGES = (100, 61, 60, 45, 31, 30, 29, 1, 0, -1)
ROWS = [(NOW - age * DAY, f"age{age}") for age in AGES]
NO_DATA = {
    "result": None,
    "success": False,
    "message": "No data found",
    "errorCode": "iZOO2011",
}


@pytest.fixture
def aged() -> Iterator[Client]:
    source = CaseSource(ROWS)
    scenario = Scenario(name="ages", clock=NOW, incidents=source, dlr=source)
    with Emulator(scenario, strict=True) as emulator, Client(emulator) as client:
        client.login()
        yield client


@pytest.mark.parametrize("action", ["CaseSync", "DLRSyncedCases"])
@pytest.mark.parametrize(
    ("options", "since", "found"),
    [
        ({}, 100, [100]),
        ({}, 75, [61, 60, 45]),
        ({}, 60, [60, 45, 31, 30]),
        ({}, 30, [30, 29, 1, 0]),
        ({}, 0, [0]),
        ({"range_limit_days": 31}, 60, [60, 45, 31, 30, 29]),
        ({"window": "open-ended"}, 60, [60, 45, 31, 30, 29, 1, 0]),
        ({"window": "reject-older-than-30d"}, 30, [30, 29, 1, 0]),
        ({"window": "reject-older-than-30d"}, 31, None),
        ({"max_lookback_days": 60}, 60, [60, 45, 31, 30]),
        ({"max_lookback_days": 60}, 61, None),
        ({"max_lookback_days": 60, "window": "open-ended"}, 60, [60, 45, 31, 30, 29, 1, 0]),
        ({"max_lookback_days": 60, "window": "reject-older-than-30d"}, 45, None),
    ],
)
def test_each_window_mode_gives_its_rows_or_refuses(
    aged: Client, action: str, options: dict[str, Any], since: int, found: list[int] | None
) -> None:
    aged.emulator.state.set_options(**options)
    answer = aged.listed(NOW - since * DAY, action)
    if found is None:
        assert answer["success"] is False
        assert answer["errorCode"] not in {"", None, "iZOO2011"}
    else:
        assert [row["caseId"] for row in answer["result"]] == [f"age{age}" for age in found]


@pytest.mark.parametrize("since", [NOW + DAY, NOW - 95 * DAY])
def test_a_window_without_rows_is_no_data(aged: Client, since: int) -> None:
    assert aged.listed(since) == NO_DATA


def test_the_future_is_listed_when_the_clock_gets_there(aged: Client) -> None:
    assert "age-1" not in aged.ids(NOW - DAY)
    aged.emulator.state.advance(DAY)
    assert "age-1" in aged.ids(NOW - DAY)


def test_both_bounds_of_a_window_belong_to_it(aged: Client) -> None:
    at = NOW - 45 * DAY
    assert "age45" in aged.ids(at)
    assert "age45" not in aged.ids(at + 1)
    assert "age45" in aged.ids(at - 30 * DAY)
    assert "age45" not in aged.ids(at - 30 * DAY - 1)


@pytest.mark.parametrize(
    ("order", "expected"), [("asc", [60, 45, 31, 30]), ("desc", [30, 31, 45, 60])]
)
def test_lists_are_ordered_as_the_option_says(
    aged: Client, order: str, expected: list[int]
) -> None:
    aged.emulator.state.set_options(list_order=order)
    assert aged.ids(NOW - 60 * DAY) == [f"age{age}" for age in expected]


def test_a_shuffled_list_holds_the_same_rows_and_is_the_same_when_asked_again(aged: Client) -> None:
    aged.emulator.state.set_options(window="open-ended")
    ordered = aged.ids(0)
    aged.emulator.state.set_options(list_order="shuffled")
    shuffled = aged.ids(0)
    assert shuffled == aged.ids(0)
    assert shuffled != ordered
    assert sorted(shuffled) == sorted(ordered)


def test_the_two_lists_name_the_time_each_in_its_way(aged: Client) -> None:
    assert aged.listed(NOW)["result"] == [{"caseId": "age0", "updatedAt": str(NOW)}]
    assert aged.listed(NOW, "DLRSyncedCases")["result"] == [
        {"caseId": "age0", "modifiedDate": str(NOW)}
    ]
