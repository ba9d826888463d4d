"""How requests are read: paths, methods, names, types; and what is logged of them."""

from typing import Any

import pytest

from izoologic_cdf.emulator import EmulatorError
from tests.emulator.api_client import API, Client

BARE = "/ThreatManagement/"
LIST = {"lastsyncntime": "1672531200"}


def test_paths_are_read_without_regard_to_case(client: Client) -> None:
    assert client.post("/API/threatmanagement/casesync", LIST).json()["success"] is True


@pytest.mark.parametrize(
    ("mode", "path", "status"),
    [
        ("both", API + "CaseSync", 200),
        ("both", BARE + "CaseSync", 200),
        ("both", BARE + "DownloadCaseFile", 200),
        ("api", API + "CaseSync", 200),
        ("api", BARE + "CaseSync", 404),
        ("api", API + "DownloadCaseFile", 200),
        ("api", BARE + "DownloadCaseFile", 404),
        ("bare", API + "CaseSync", 200),
        ("bare", BARE + "CaseSync", 404),
        ("bare", API + "DownloadCaseFile", 404),
        ("bare", BARE + "DownloadCaseFile", 200),
        ("without", API + "CaseSync", 404),
        ("without", BARE + "CaseSync", 200),
        ("without", API + "DLRSyncedCases", 404),
        ("without", BARE + "DLRSyncedCases", 200),
    ],
)
def test_path_modes_answer_the_other_form_with_a_404_page(
    client: Client, mode: str, path: str, status: int
) -> None:
    client.emulator.state.set_options(path_mode=mode)
    body = {"filetoken": "unknown"} if path.endswith("File") else LIST
    response = client.post(path, body)
    assert response.status_code == status
    assert ("text/html" in response.headers["Content-Type"]) is (status == 404)


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/api/Token/Authenticate", "GET", "POST"),
        (API + "CaseSync", "GET", "POST"),
        (API + "CaseDetail", "POST", "GET"),
        (BARE + "FetchCaseCommunications", "POST", "GET"),
        (BARE + "DownloadCaseFile", "PUT", "POST"),
        (API + "DLRSyncedCases", "GET", "POST"),
        (API + "DLRDetail", "HEAD", "GET"),
    ],
)
def test_other_methods_are_405_with_allow(
    client: Client, path: str, method: str, allowed: str
) -> None:
    response = client.session.request(method, client.emulator.url + path, timeout=5)
    assert (response.status_code, response.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("epoch_type", "value", "status"),
    [
        ("both", "1672531200", 200),
        ("both", 1672531200, 200),
        ("string", "1672531200", 200),
        ("string", 1672531200, 400),
        ("int", 1672531200, 200),
        ("int", "1672531200", 400),
        ("both", 1672531200.0, 400),
        ("both", True, 400),
        ("both", None, 400),
        ("both", "2023-01-01", 400),
        ("both", "", 400),
    ],
)
def test_the_type_of_lastsyncntime_is_what_the_option_says(
    client: Client, epoch_type: str, value: Any, status: int
) -> None:
    client.emulator.state.set_options(epoch_type=epoch_type)
    response = client.post(API + "CaseSync", {"lastsyncntime": value})
    assert response.status_code == status
    if status == 400:
        assert list(response.json()["errors"]) == ["lastsyncntime"]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (API + "CaseDetail", {"caseid": "CASE123456"}),
        (API + "CaseDetail", {"id": "CASE123456"}),
        (API + "CaseDetail", {"CaseID": "CASE123456"}),
        (API + "CaseDetail", {"trackingid": "CASE123456"}),
        (API + "DLRDetail", {"trackingid": "DLR123456"}),
        (API + "DLRDetail", {"caseId": "DLR123456"}),
        (API + "DLRDetail", {"trackingid": "DLR123456", "more": "x"}),
    ],
)
def test_lenient_takes_every_spelling_and_strict_the_default_alone(
    client: Client, path: str, names: dict[str, str]
) -> None:
    default = {"CaseDetail": ["caseid"], "DLRDetail": ["trackingid"]}[path.rpartition("/")[2]]
    response = client.get(path, params=names)
    assert response.status_code == (200 if list(names) == default else 400)
    if response.status_code == 400:
        assert set(names) - set(default) <= set(response.json()["errors"])
    client.emulator.state.set_options(strict=False)
    assert client.get(path, params=names).json()["success"] is True


@pytest.mark.parametrize("spelling", ["lastsynctime", "LastSyncNTime"])
def test_the_other_spelling_of_lastsyncntime_is_counted_when_lenient(
    client: Client, spelling: str
) -> None:
    body = {spelling: "1672531200"}
    assert client.post(API + "CaseSync", body).status_code == 400
    client.emulator.state.set_options(strict=False)
    assert client.post(API + "CaseSync", body).json()["success"] is True
    assert client.emulator.requests.spellings[spelling] == 2


def test_strict_refuses_a_name_given_twice_or_in_the_wrong_place(client: Client) -> None:
    twice = client.get(API + "CaseDetail?caseid=CASE123456&caseid=CASE123457")
    assert "twice" in twice.json()["errors"]["caseid"][0]
    in_query = client.post(API + "CaseSync?lastsyncntime=1672531200", LIST)
    assert list(in_query.json()["errors"]) == ["lastsyncntime"]


@pytest.mark.parametrize(
    ("first", "last", "named"),
    [
        (-100, 0, []),
        (0, 1, []),
        (-100, 86_400, []),
        (1, 100, ["fromdate"]),
        (-100, 86_401, ["todate"]),
    ],
)
def test_strict_refuses_ranges_in_the_future(
    client: Client, first: int, last: int, named: list[str]
) -> None:
    now = client.emulator.state.clock
    answer = client.messages("gz3kEgBWO", now + first, now + last)
    assert list(answer.get("errors", [])) == named


def test_a_body_that_is_not_json_is_refused(client: Client) -> None:
    url = client.emulator.url + API + "CaseSync"
    headers = {"Content-Type": "application/json"}
    assert client.session.post(url, data="{", headers=headers, timeout=5).status_code == 400
    assert client.session.post(url, data=LIST, timeout=5).status_code == 415


def test_the_log_tells_every_request_and_no_secret(client: Client) -> None:
    client.emulator.requests.clear()
    token = client.login()
    entry = client.detail("CASE123456")["result"]["caseFiles"][0]
    client.download(entry["fileToken"])
    client.post(API + "CaseSync", {"lastsyncntime": "1672531200", "apikey": "in the wrong place"})
    log = list(client.emulator.requests)
    assert [(line.endpoint, line.status, line.token) for line in log] == [
        ("Authenticate", 200, 1),
        ("CaseDetail", 200, 2),
        ("DownloadCaseFile", 200, 2),
        ("CaseSync", 400, 2),
    ]
    assert log[1].query == {"caseid": "CASE123456"}
    text = repr(log)
    secrets = [client.emulator.api_key, client.emulator.secret_key, token, entry["fileToken"]]
    assert not [secret for secret in [*secrets, "in the wrong place"] if secret in text]


def test_the_log_counts_all_requests_and_keeps_the_newest(client: Client) -> None:
    client.emulator.state.set_options(log_limit=2)
    client.emulator.requests.clear()
    for _ in range(3):
        client.detail("CASE123456")
    client.detail("CASE123457")
    assert [line.query["caseid"] for line in client.emulator.requests] == [
        "CASE123456",
        "CASE123457",
    ]
    assert client.emulator.requests.count("CaseDetail", 200) == 4
    assert client.emulator.requests.count("CaseSync") == 0


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", ["case", None])
def test_a_renamed_parameter_is_another_one_and_the_old_name_is_unknown(
    client: Client, name: str | None, strict: bool
) -> None:
    state = client.emulator.state
    state.set_options(renamed={"FetchCaseCommunications.caseid": name}, strict=strict)
    state.put_case("otHer0001", {}, state.clock)
    state.add_message("otHer0001", {"subject": "Not yours"})
    answer = client.messages("CASE123456", state.clock - 86_400, state.clock)
    if strict:
        assert answer["status"] == 400
        expected = answer["errors"]["caseid"][0].partition("expected")[2]
        assert ("case" in expected) is (name == "case")
    else:
        assert [row["caseID"] for row in answer["result"]] == ["otHer0001"]
    if name is not None:
        names = {"fromdate": state.clock - 86_400, "todate": state.clock, name: "otHer0001"}
        told = client.get(API + "FetchCaseCommunications", params=names).json()
        assert [row["caseID"] for row in told["result"]] == ["otHer0001"]


def test_a_detail_whose_parameter_is_ignored_is_that_of_any_case(client: Client) -> None:
    state = client.emulator.state
    renamed = {"DLRDetail.trackingid": "tracking", "CaseDetail.caseid": None}
    state.set_options(renamed=renamed, strict=False)
    for wanted in ("n9Ra7KbR3", "TRK789012", "nobody"):
        assert client.dlr(wanted)["result"]["trackingID"] == client.dlr("")["result"]["trackingID"]
    assert client.detail("nobody")["success"] is True


@pytest.mark.parametrize("wrong", [{"CaseDetail.nothing": "a"}, {"CaseDetail.caseid": 1}, [], "a"])
def test_a_renaming_of_what_is_not_there_is_refused(client: Client, wrong: object) -> None:
    with pytest.raises(EmulatorError, match=r"option .renamed.|parameter"):
        client.emulator.state.set_options(renamed=wrong)
