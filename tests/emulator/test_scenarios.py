"""The guide scenario, and the loading of scenarios."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf import content
from izoologic_cdf.emulator import ScenarioError, load_scenario
from izoologic_cdf.emulator.scenarios import read_scenario
from tests.emulator.api_client import API, Client

FIXTURES = content.folder("fixtures")
SYNCED = ["CASE123456", "CASE123457", "CASE123458"]


def sample(name: str) -> Any:
    return json.loads((FIXTURES / "guide" / name).read_text("utf-8"))


def rows(mapping: str) -> list[str]:
    with (FIXTURES / "mapping" / mapping).open(newline="") as file:
        return [row["path"] for row in csv.DictReader(file)]


def test_the_list_is_the_sample(client: Client) -> None:
    assert client.listed(1_672_531_200) == sample("case_sync.json")


@pytest.mark.parametrize("case_id", SYNCED)
def test_every_listed_case_has_the_sample_as_its_detail(client: Client, case_id: str) -> None:
    answer, expected = client.detail(case_id), sample("case_detail.json")
    entry = answer["result"]["caseFiles"][0]
    assert client.download(entry["fileToken"]).content == b"test file"
    # the token alone is new at every call
    entry["fileToken"] = expected["result"]["caseFiles"][0]["fileToken"]
    assert answer == expected


def test_the_communications_are_the_sample(client: Client) -> None:
    path = "/ThreatManagement/FetchCaseCommunications"
    answer = client.get(f"{path}?fromdate=1753799715&todate=1755095715&caseid=gz3kEgBWO")
    assert answer.json() == sample("case_communications.json")


@pytest.mark.parametrize("name", ["dlr_detail_1.json", "dlr_detail_2.json"])
def test_the_dlr_details_are_the_samples(client: Client, name: str) -> None:
    expected = sample(name)
    assert client.dlr(expected["result"]["caseId"]) == expected
    assert client.dlr(expected["result"]["trackingID"]) == expected


def test_every_case_is_listed_between_since_and_until(client: Client) -> None:
    scenario = client.emulator.state.scenario
    client.emulator.state.set_options(window="open-ended")
    assert scenario.since is not None
    assert scenario.until == client.emulator.state.clock
    assert client.ids(scenario.since) == [*SYNCED, "gz3kEgBWO", "exAmple01"]
    assert client.ids(scenario.since, "DLRSyncedCases") == [
        "DLR123456",
        "DLR#exAmple02",
        "DLR#n9Ra7KbR3",
    ]


def test_the_dlr_list_sample_is_what_is_modified_in_its_second(client: Client) -> None:
    answer = client.listed(1_755_168_791, "DLRSyncedCases")
    assert answer == sample("dlr_synced_cases.json")


def is_set(value: Any) -> bool:
    return value is not None and value != ""


def test_our_incident_has_every_mapped_field_set(client: Client) -> None:
    detail = {name.lower(): value for name, value in client.detail("exAmple01")["result"].items()}
    paths = [path.rpartition(".")[2] for path in rows("incident_mapping.csv")]
    names = {path.lower() for path in paths if path != "caseId"}
    assert len(names) >= 25
    assert {name for name in names if not is_set(detail[name])} == set()
    assert detail["addeddate"] != detail["detectiondate"]


def test_our_incident_has_messages_with_every_mapped_field_and_a_file(client: Client) -> None:
    until = client.emulator.state.clock
    messages = client.messages("exAmple01", until - 30 * 86_400, until)["result"]
    names = {path.rpartition(".")[2] for path in rows("communications_mapping.csv")}
    assert len(messages) == 2
    assert all(is_set(row[name]) for row in messages for name in names)
    entry = client.detail("exAmple01")["result"]["caseFiles"][0]
    assert client.download(entry["fileToken"]).content.startswith(b"Takedown request")


@pytest.mark.parametrize("part", ["dataLossRecoveryPrimaryDetail", "dataLossRecoveryDetail"])
def test_our_dlr_case_has_every_mapped_field_set(client: Client, part: str) -> None:
    detail = client.dlr("exAmple02")["result"]
    paths = rows("dlr_mapping.csv")
    of_rows = {path.rpartition(".")[2] for path in paths if "dataLossRecoveryDetail" in path}
    of_case = {path.rpartition(".")[2] for path in paths if "dataLossRecoveryDetail" not in path}
    assert len(of_rows) >= 12
    assert len(of_case) >= 14
    assert {name for name in of_case if not is_set(detail[name])} == set()
    assert {name for name in of_rows if not is_set(detail[part][0][name])} == set()


def test_our_dlr_case_has_an_account_that_is_known_by_its_user_name_alone(client: Client) -> None:
    assert client.dlr("exAmple02")["result"]["dataLossRecoveryDetail"][1]["email"] is None


def test_a_scenario_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    document = {
        "clock": 1_700_000_000,
        "options": {"window": "open-ended"},
        "faults": [{"kind": "delay", "endpoint": "CaseSync", "seconds": 0.5}],
        "incidents": [
            {
                "rows": [{"caseId": "a", "updatedAt": "2023-11-14"}],
                "detail": {"caseFiles": [{}, {}, {}]},
                "messages": [{"caseID": "a"}, {"caseID": "b"}],
                "files": [{"text": "t\n"}, {"base64": "AP8="}, {"from": "a.txt"}],
            }
        ],
    }
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(document))
    scenario = load_scenario(path)
    case = scenario.incidents.case("a")
    assert case is not None
    assert case.contents == [b"t\n", b"\x00\xff", b"text"]
    assert case.messages == [{"caseID": "a"}]
    assert (scenario.name, scenario.options.window) == ("mine", "open-ended")
    assert list(scenario.incidents.rows()) == [(1_699_920_000, "a")]
    assert [fault.kind for fault in scenario.faults] == ["delay"]


def one(**item: Any) -> dict[str, Any]:
    return {"incidents": [{"rows": [{"caseId": "a", "updatedAt": "1"}], **item}]}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "the document must be an object"),
        ({"incident": []}, "unknown key 'incident'; did you mean 'incidents'?"),
        ({"clock": "noon"}, "clock is 'noon'; it must be epoch seconds or ISO 8601"),
        ({"options": {"window": "x"}}, "option 'window' is 'x'; it must be one of"),
        ({"options": {"windw": "x"}}, "unknown option 'windw'; did you mean 'window'?"),
        ({"faults": [{"kind": "dely"}]}, "faults[0]: unknown kind of fault 'dely'"),
        ({"incidents": {}}, "incidents must be a list"),
        ({"incidents": [{}]}, "incidents[0].rows must be a list"),
        ({"dlr": [{"rows": [{"caseId": "a"}]}]}, 'dlr[0].rows[0] must be like {"caseId"'),
        (one(detial={}), "incidents[0]: unknown key 'detial'; did you mean 'detail'?"),
        (one(detail=[]), "incidents[0].detail must be an object"),
        (one(detail={}, files=["x"]), 'incidents[0].files[0] must be {"text": ...}'),
        (one(detail={}, files=[{"base64": "?"}]), "base64 cannot be decoded"),
        (one(detail={"from": "none.json"}), "incidents[0].detail: none.json cannot be read"),
        (one(detail={"from": "list.json"}), "list.json holds no response with a result"),
        (one(detail={"from": "bad.json"}), "bad.json is not JSON"),
    ],
)
def test_a_wrong_scenario_is_refused_with_its_place(
    document: Any, said: str, tmp_path: Path
) -> None:
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(ScenarioError, match=re.escape("scenario mine: ") + ".*" + re.escape(said)):
        read_scenario(document, "mine", tmp_path)


def test_a_scenario_without_a_folder_reads_no_files() -> None:
    with pytest.raises(ScenarioError, match='"from" is for scenario files'):
        read_scenario(one(detail={"from": "guide.json"}), "mine", None)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("giude", "unknown scenario 'giude'; did you mean 'guide'?"),
        ("nothing.json", "or give the path of a JSON file"),
    ],
)
def test_an_unknown_scenario_is_told_with_what_is_known(name: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(said)):
        load_scenario(name)


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(b"\xff{")
    with pytest.raises(ScenarioError, match=re.escape("scenario mine.json: it cannot be read")):
        load_scenario(path)


def test_the_paths_of_the_api_are_the_guides(client: Client) -> None:
    client.emulator.state.set_options(path_mode="bare")
    assert client.listed(1_672_531_200)["success"] is True
    assert client.get(API + "FetchCaseCommunications").status_code == 404
