"""The control plane does over HTTP what the state does in Python."""

import re
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf import content
from izoologic_cdf.emulator import State
from izoologic_cdf.emulator.tenant import CONTROL
from izoologic_cdf.loopback.faults import KINDS
from izoologic_cdf.loopback.steering import Steered
from tests.emulator.api_client import API, Client


def told(client: Client, view: str = "") -> Any:
    return client.get(f"/_emulator/{view}").json()


def test_the_overview_tells_clock_options_and_commands(client: Client) -> None:
    overview = told(client)
    assert overview["scenario"] == "guide"
    assert overview["time"] == "2025-08-15T00:00:00Z"
    assert overview["options"]["strict"] is True
    assert sorted(overview["commands"]) == sorted(CONTROL.commands)


def test_every_public_method_of_the_state_is_a_command() -> None:
    methods = {
        name
        for one in (State, Steered)
        for name, member in vars(one).items()
        if callable(member) and not name.startswith("_")
    }
    assert methods == set(CONTROL.commands)


def test_a_case_is_put_changed_closed_and_removed(client: Client) -> None:
    def run(command: str, **arguments: Any) -> None:
        assert client.command(command, **arguments).json()["ok"] is True

    run("put_case", case_id="neWcase01", detail={"brand": "Example", "caseFiles": None})
    run("update_case", case_id="neWcase01", url="https://example.com")
    run("add_message", case_id="neWcase01", row={"subject": "Hello"})
    run("add_file", case_id="neWcase01", entry={}, content={"base64": "AP8="})
    run("add_file", case_id="neWcase01", entry={}, content={"text": "\u00fc"})
    run("close_case", case_id="neWcase01")
    detail = client.detail("neWcase01")["result"]
    assert (detail["url"], detail["statusDescription"]) == ("https://example.com", "Closed")
    files = [client.download(entry["fileToken"]).content for entry in detail["caseFiles"]]
    assert files == [b"\x00\xff", b"\xc3\xbc"]
    run("remove_case", case_id="neWcase01", listed=True)
    assert client.detail("neWcase01")["result"] is None
    run("put_dlr", case_id="DLR#new", detail={"brand": "Example"})
    assert client.dlr("new")["result"] == {"brand": "Example"}


def test_clock_options_tokens_and_faults_are_set(client: Client) -> None:
    client.command("set_clock", clock="2025-01-01T00:00:00Z")
    assert client.command("advance", seconds=5).json() == {"ok": True, "clock": 1_735_689_605}
    client.command("set_options", window="open-ended")
    assert told(client, "options")["window"] == "open-ended"
    client.command("add_fault", kind="status", status=503, case="CASE123456")
    assert client.get(API + "CaseDetail?caseid=CASE123456").status_code == 503
    fault = told(client, "faults")[0]
    assert (fault["kind"], fault["case"], fault["applied"]) == ("status", "CASE123456", 1)
    client.command("clear_faults")
    assert told(client, "faults") == []
    client.command("revoke_tokens")
    assert client.get(API + "CaseDetail?caseid=CASE123456").status_code == 401


def test_the_request_log_is_read_and_cleared(client: Client) -> None:
    client.command("clear_requests")
    client.detail("CASE123456")
    assert told(client, "requests") == [
        {
            "endpoint": "CaseDetail",
            "method": "GET",
            "path": "/api/ThreatManagement/CaseDetail",
            "query": {"caseid": "CASE123456"},
            "body": None,
            "status": 200,
            "token": 1,
        }
    ]


def test_scenarios_are_loaded_by_name_or_as_a_document_and_reset(client: Client) -> None:
    client.command("load", name="generated:5:dlr=2")
    assert told(client)["scenario"] == "generated:5"
    document = {"incidents": [{"rows": [{"caseId": "a", "updatedAt": "1"}], "detail": {"x": 1}}]}
    client.command("load", document=document)
    client.command("set_options", window="open-ended")
    client.login()
    assert client.detail("a")["result"] == {"x": 1}
    client.command("update_case", case_id="a", x=2)
    client.command("reset")
    client.login()
    assert client.detail("a")["result"] == {"x": 1}


def test_the_control_plane_reads_no_files(client: Client) -> None:
    path = content.folder("fixtures") / "scenarios" / "guide.json"
    assert path.is_file()
    response = client.command("load", name=str(path))
    assert (response.status_code, response.json()["ok"]) == (400, False)
    document = {"incidents": [{"rows": {"from": str(path)}}]}
    assert "scenario files" in client.command("load", document=document).json()["error"]
    assert told(client)["scenario"] == "guide"


@pytest.mark.parametrize(
    ("command", "arguments", "status", "said"),
    [
        ("put_cas", {}, 404, "unknown command 'put_cas'; did you mean 'put_case'?"),
        ("put_case", {}, 400, "missing a required argument: 'case_id'; it takes {case_id, "),
        ("put_case", {"case_id": 5, "detail": {}}, 400, "case_id is 5; it must be a string"),
        ("put_case", {"case_id": "a", "detail": []}, 400, "detail is []; it must be an object"),
        ("advance", {"seconds": "5"}, 400, "advance takes seconds as an integer, not '5'"),
        ("advance", {"second": 5}, 400, "it takes {seconds}"),
        ("close_case", {"case_id": "none"}, 400, "there is no case 'none'"),
        ("add_fault", {"kind": "nothing"}, 400, "unknown kind of fault 'nothing'"),
        ("add_fault", {"kind": 5}, 400, "kind is 5; it must be a string"),
        ("add_file", {"case_id": "a", "entry": {}, "content": "x"}, 400, "content must be"),
        ("load", {"name": "x", "more": 1}, 400, "load takes"),
        ("load", {"document": {"clok": 1}}, 400, "did you mean 'clock'?"),
        ("set_clock", {"clock": "noon"}, 400, "clock is 'noon'"),
    ],
)
def test_mistakes_are_told(
    client: Client, command: str, arguments: dict[str, Any], status: int, said: str
) -> None:
    response = client.command(command, **arguments)
    assert response.status_code == status
    assert said in response.json()["error"]


def test_a_command_is_a_post_with_a_json_object(client: Client) -> None:
    assert client.get("/_emulator/reset").status_code == 405
    form = client.session.post(client.emulator.url + "/_emulator/reset", data={"a": 1}, timeout=5)
    assert form.status_code == 405
    assert "JSON object" in client.post("/_emulator/reset", [1]).json()["error"]


def test_the_docs_tell_every_command_option_and_kind_of_fault(client: Client) -> None:
    docs = Path(__file__).parents[2].joinpath("docs", "emulator.md").read_text("utf-8")
    table = docs.partition("| command | arguments |")[2].partition("\n\n")[0]
    commands = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE)))
    assert sorted(commands) == sorted(CONTROL.commands)
    names = [*told(client, "options"), *KINDS]
    parameters = [name for kind in KINDS.values() for name in kind]
    assert [name for name in [*names, *parameters] if f"`{name}`" not in docs] == []
