"""Faults, the request log and the control plane."""

import json
from typing import Any

import pytest
import requests

from izoologic_cdf.platform import EmulatorError, Platform, PlatformState
from izoologic_cdf.platform.host import PLANE
from tests.platform.rest import Rest, fits

SECRETS = ("loopback-client-secret", "loopback-password", "leaked", "canary@example.com")


def command(platform: Platform, name: str, /, **arguments: Any) -> requests.Response:
    return requests.post(f"{platform.url}/_platform/{name}", json=arguments, timeout=5)


def view(platform: Platform, name: str = "") -> Any:
    return requests.get(f"{platform.url}/_platform/{name}", timeout=5).json()


# --- faults


@pytest.mark.parametrize(
    ("selection", "struck"),
    [
        ({}, ["POST /incident/consume", "GET /incident", "GET /incident/1"]),
        ({"method": "GET"}, ["GET /incident", "GET /incident/1"]),
        ({"path": "/*/consume"}, ["POST /incident/consume"]),
        ({"path": "/{c}/consume"}, ["POST /incident/consume"]),
        ({"path": "/incident*", "method": "GET"}, ["GET /incident", "GET /incident/1"]),
        ({"method": "GET", "nth": 2}, ["GET /incident/1"]),
        ({"nth": 2, "count": 1}, ["GET /incident"]),
        ({"path": "/note"}, []),
    ],
)
def test_a_fault_strikes_the_calls_that_are_meant(
    platform: Platform, rest: Rest, selection: dict[str, Any], struck: list[str]
) -> None:
    fault = platform.state.add_fault("status", **{"count": None, **selection}, status=503)
    calls = [("POST", "/incident/consume"), ("GET", "/incident"), ("GET", "/incident/1")]
    bodies = {"POST": [{"value": "x"}]}
    got = [
        f"{method} {path}"
        for method, path in calls
        if rest.send(method, path, bodies.get(method)).status_code == 503
    ]
    assert got == struck
    assert fault.applied == len(struck)


def test_a_fault_in_place_of_the_answer_changes_nothing(platform: Platform, rest: Rest) -> None:
    platform.state.add_fault("status", method="POST", status=429, retry_after=7, message="Wait")
    answer = rest.send("POST", "/incident", {"value": "x"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json() == {"errors": ["Wait"]}
    assert platform.snapshot() == {}


@pytest.mark.parametrize("kind", ["reset", "length"])
def test_a_fault_on_the_way_strikes_after_the_change(
    platform: Platform, rest: Rest, kind: str
) -> None:
    platform.state.add_fault(kind, method="POST", path="/incident/consume")
    with pytest.raises(requests.exceptions.RequestException):
        rest.send("POST", "/incident/consume", [{"value": "x"}])
    assert [row["value"] for row in platform.snapshot()["incident"]] == ["x"]


def test_tokens_are_revoked_in_mid_run(platform: Platform, rest: Rest) -> None:
    platform.state.add_fault("revoke", path="/incident", nth=2)
    assert [rest.send("GET", "/incident").status_code for _ in range(3)] == [200, 401, 401]
    rest.login()
    assert rest.send("GET", "/incident").ok


def test_the_clock_may_be_skewed_for_one_call(platform: Platform, rest: Rest) -> None:
    platform.state.add_fault("skew", path="/incident", seconds=60)
    rows = [rest.data("POST", "/incident", {"value": value}) for value in "xy"]
    assert [row["created_at"][-5:] for row in rows] == ["01:00", "00:00"]


def test_fields_of_the_data_are_changed(platform: Platform, rest: Rest) -> None:
    rest.consume("incident", {"value": "x"})
    platform.state.add_fault("fields", path="/incident", put={"value": "y"}, drop=["id"])
    (row,) = rest.data("GET", "/incident")
    assert (row["value"], "id" in row) == ("y", False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"kind": "stats"}, "did you mean 'status'"),
        (
            {"kind": "status", "status": 503, "method": "FETCH"},
            "method is 'FETCH'; it must be one of",
        ),
        ({"kind": "status", "status": 503, "endpoint": "x"}, "unknown parameter 'endpoint'"),
        ({"kind": "status"}, "needs the parameter 'status'"),
    ],
)
def test_a_wrong_fault_is_told(platform: Platform, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(EmulatorError, match=said):
        platform.state.add_fault(**arguments)


# --- the request log


def test_the_log_tells_what_was_asked_and_keeps_no_secret(platform: Platform, rest: Rest) -> None:
    own = platform.credentials
    form = {"grant_type": "password", "email": own.email, "password": own.password}
    rest.send("POST", "/token", data={**form, "client_id": own.client_id})
    password = [{"name": "Password", "value": "leaked"}]
    rest.consume("account", {"value": "canary@example.com", "attributes": password})
    rest.data("GET", "/account?value=canary@example.com&limit=5")
    rest.data("PUT", "/account/1", {"description": "leaked"})
    rest.send("POST", "/account", data=b"{leaked")
    log = list(platform.requests)
    assert [(entry.method, entry.endpoint, entry.status) for entry in log[2:]] == [
        ("POST", "/{c}/consume", 201),
        ("GET", "/{c}", 200),
        ("PUT", "/{c}/{id}", 200),
        ("POST", "/{c}", 400),
    ]
    assert log[2].body == {"items": 1}
    assert log[3].query == {"value": "***", "limit": "5"}
    assert (log[0].token, log[2].token, log[2].path) == (None, 1, "/account/consume")
    assert platform.requests.count("/{c}/consume") == 1
    told = json.dumps([entry._asdict() for entry in log])
    assert not [secret for secret in SECRETS if secret in told]


# --- the control plane


def test_every_public_method_of_the_state_is_a_command(platform: Platform) -> None:
    methods = {
        name
        for owner in PlatformState.__mro__[:-1]
        for name, member in vars(owner).items()
        if callable(member) and not name.startswith("_")
    }
    assert {*methods, "plant"} == set(PLANE.commands)
    assert set(view(platform)["commands"]) == set(PLANE.commands)


def test_it_is_steered_over_http(platform: Platform, rest: Rest) -> None:
    item = {"value": "x", "sources": ["Other"], "tags": ["t"]}
    commands: list[tuple[str, dict[str, Any]]] = [
        ("set_clock", {"clock": "2025-01-01T00:00:00Z"}),
        ("advance", {"seconds": 5}),
        ("set_options", {"page_size": 3}),
        ("install", {"definition": [{"code": "c2", "name": "C", "fields": [{"field": "value"}]}]}),
        ("plant", {"collection": "c2", "item": item}),
        ("save_search", {"name": "h", "filters": {}}),
        ("add_fault", {"kind": "status", "path": "/c2", "status": 503}),
    ]
    for name, arguments in commands:
        assert command(platform, name, **arguments).json() == {
            "ok": True,
            "clock": int(platform.state.clock),
        }
    overview = view(platform)
    assert (overview["time"], overview["objects"]["c2"]) == ("2025-01-01T00:00:05Z", 1)
    assert view(platform, "options")["page_size"] == 3
    assert fits(view(platform, "faults"), [{"path": "/c2", "applied": 0}])
    assert fits(
        view(platform, "objects"), {"c2": [{"value": "x", "sources": ["Other"], "tags": ["t"]}]}
    )
    assert rest.send("GET", "/c2").status_code == 503
    assert fits(view(platform, "requests"), [{}, {"endpoint": "/{c}", "status": 503}])
    for name in ("revoke_tokens", "clear_faults", "clear_requests", "reset"):
        assert command(platform, name).ok
    assert view(platform)["objects"]["c2"] == 0


@pytest.mark.parametrize(
    ("name", "arguments", "status", "said"),
    [
        ("plants", {}, 404, "did you mean 'plant'"),
        ("plant", {"collection": "c"}, 400, "it takes {collection, item}"),
        ("plant", {"collection": "none", "item": {}}, 400, "there is no collection 'none'"),
        ("plant", {"collection": "incident", "item": {}}, 400, "The value field is required"),
        ("install", {"definition": {}}, 400, "it must be an array"),
        ("install", {"definition": []}, 400, "a JSON array"),
        ("save_search", {"name": "h", "filters": []}, 400, "it must be an object"),
        ("install", {"definition": [{"code": "c3"}]}, 400, "a code, a name and fields"),
        (
            "install",
            {"definition": [{"code": "note", "name": "N", "fields": [{"field": "value"}]}]},
            400,
            "'note' is taken",
        ),
        (
            "install",
            {"definition": [{"code": "c3", "name": "N", "fields": []}]},
            400,
            "no field 'value'",
        ),
        ("set_clock", {"clock": "soon"}, 400, "epoch seconds"),
    ],
)
def test_a_mistake_is_told(
    platform: Platform, name: str, arguments: dict[str, Any], status: int, said: str
) -> None:
    answer = command(platform, name, **arguments)
    assert (answer.status_code, said in answer.json()["error"]) == (status, True), answer.text
