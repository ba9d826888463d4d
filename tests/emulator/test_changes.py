"""Data that changes while the emulator runs."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import pytest

from izoologic_cdf.emulator import EmulatorError, Options, Scenario, State, load_scenario
from tests.emulator.api_client import Client

CASE = "CASE123456"


def test_a_case_is_closed(client: Client) -> None:
    client.emulator.state.close_case(CASE, remark="Site is down")
    detail = client.detail(CASE)["result"]
    assert (detail["statusCode"], detail["statusDescription"]) == (16, "Closed")
    logs = detail["incidentStatusLogs"]
    assert [log["incidentStatusDescription"] for log in logs] == ["Open", "Closed"]
    assert logs[1]["updatedOn"] == str(client.emulator.state.clock)


def test_a_changed_case_is_listed_once_at_its_new_time(client: Client) -> None:
    now = client.emulator.state.clock
    client.emulator.state.update_case(CASE, url="https://other.example.com", upTime=None)
    detail = client.detail(CASE)["result"]
    assert (detail["url"], detail["upTime"]) == ("https://other.example.com", None)
    assert client.detail("CASE123457")["result"]["url"] == "https://suspicious-site.com"
    assert CASE not in client.ids(1_672_531_200)
    assert client.listed(now)["result"] == [{"caseId": CASE, "updatedAt": str(now)}]


def test_a_case_can_be_listed_twice(client: Client) -> None:
    client.emulator.state.list_case(CASE, "2023-01-05T00:00:00Z")
    assert client.ids(1_672_531_200).count(CASE) == 2


@pytest.mark.parametrize(("listed", "rows"), [(False, 0), (True, 1)])
def test_a_removed_case_has_no_detail_and_may_still_be_listed(
    client: Client, listed: bool, rows: int
) -> None:
    client.emulator.state.remove_case(CASE, listed=listed)
    client.emulator.state.remove_dlr("DLR#n9Ra7KbR3", listed=listed)
    assert client.detail(CASE)["errorCode"] == "iZOO2011"
    assert client.dlr("n9Ra7KbR3")["errorCode"] == "iZOO2011"
    assert client.ids(1_672_531_200).count(CASE) == rows
    assert client.ids(1_755_000_000, "DLRSyncedCases").count("DLR#n9Ra7KbR3") == rows


def test_a_new_case_has_messages_and_files(client: Client) -> None:
    state = client.emulator.state
    state.put_case("neWcase01", {"brand": "Example"})
    state.add_message("neWcase01", {"subject": "Hello"})
    state.add_file("neWcase01", {"originalFilename": "a.txt"}, b"a")
    now = state.clock
    assert client.ids(now) == ["neWcase01"]
    assert client.messages("neWcase01", now // 86_400 * 86_400, now + 1)["result"] == [
        {"caseID": "neWcase01", "createdOn": str(now), "subject": "Hello"}
    ]
    entry = client.detail("neWcase01")["result"]["caseFiles"][0]
    assert client.download(entry["fileToken"]).content == b"a"
    assert entry["dateUploaded"] == str(now)


def test_replacing_a_case_keeps_its_messages(client: Client) -> None:
    client.emulator.state.put_case("gz3kEgBWO", {"brand": "Other"})
    assert client.detail("gz3kEgBWO")["result"] == {"brand": "Other"}
    assert len(client.messages("gz3kEgBWO", 1_753_799_715, 1_755_095_715)["result"]) == 2


def test_a_dlr_case_is_added_and_changed(client: Client) -> None:
    state = client.emulator.state
    state.put_dlr("DLR7", {"caseId": "DLR7", "trackingID": "TRK7", "brand": "Example"})
    assert client.dlr("TRK7")["result"]["brand"] == "Example"
    state.update_dlr("DLR7", brand="Other", updated="2025-08-14T23:00:00Z")
    assert client.dlr("DLR7")["result"]["brand"] == "Other"
    assert client.ids(1_755_212_400, "DLRSyncedCases") == ["DLR7"]


def test_a_file_added_after_one_without_bytes_gets_its_own_bytes(client: Client) -> None:
    state = client.emulator.state
    state.put_case("twofiles1", {"caseFiles": [{"originalFilename": "without.txt"}]})
    state.add_file("twofiles1", {"originalFilename": "with.txt"}, b"with")
    first, second = client.detail("twofiles1")["result"]["caseFiles"]
    assert client.download(first["fileToken"]).json()["success"] is False
    assert client.download(second["fileToken"]).content == b"with"


def test_the_clock_stands_moves_and_follows_real_time() -> None:
    state = State(Scenario(name="x"), "key", "secret", None)
    real = state.clock
    state.advance(1000)
    assert 1000 <= state.clock - real < 1060
    state.set_clock("2025-01-01T00:00:00Z")
    assert state.clock == 1_735_689_600
    state.advance(-10)
    assert state.clock == 1_735_689_590
    state.set_clock(None)
    assert 0 <= state.clock - real < 60


def test_a_reset_brings_the_scenario_back(client: Client) -> None:
    state = client.emulator.state
    before = client.detail("exAmple01")["result"]
    state.update_case("exAmple01", url="changed")
    state.set_options(window="open-ended")
    state.add_fault("delay", seconds=1)
    state.advance(1000)
    state.reset()
    assert state.options == Options(strict=True)
    assert list(state.faults) == []
    assert state.clock == load_scenario("guide").clock
    client.login()
    after = client.detail("exAmple01")["result"]
    assert {**after, "caseFiles": 0} == {**before, "caseFiles": 0}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda s: s.update_case("nobody", url="x"), "there is no case 'nobody'"),
        (lambda s: s.add_message("nobody", {}), "there is no case 'nobody'"),
        (lambda s: s.put_case("x", {}, updated="soon"), "updated is 'soon'; it must be epoch"),
        (lambda s: s.set_clock(True), "clock is True; it must be epoch seconds"),
        (lambda s: s.advance("5"), "advance takes seconds as an integer, not '5'"),
        (lambda s: s.set_options(windows="x"), "unknown option 'windows'; did you mean 'window'?"),
    ],
)
def test_mistakes_are_told(call: Callable[[State], None], said: str) -> None:
    state = State(load_scenario("guide"), "key", "secret", None)
    with pytest.raises(EmulatorError, match=re.escape(said)):
        call(state)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"window": "closed"}, "one of 'window', 'open-ended', 'reject-older-than-30d'"),
        ({"strict": 1}, "one of False, True"),
        ({"bad_login_status": 500}, "one of 200, 401"),
        ({"max_lookback_days": 0}, "an integer >= 1 or null"),
        ({"max_lookback_days": True}, "an integer >= 1 or null"),
        ({"range_limit_days": None}, "an integer >= 1"),
        ({"latency": -0.1}, "a number >= 0"),
    ],
)
def test_an_option_takes_only_its_own_values(options: dict[str, Any], said: str) -> None:
    name, value = next(iter(options.items()))
    with pytest.raises(
        EmulatorError, match=re.escape(f"option {name!r} is {value!r}; it must be {said}")
    ):
        Options().changed(**options)


def test_every_option_has_a_rule() -> None:
    assert all(option.metadata for option in dataclasses.fields(Options))
