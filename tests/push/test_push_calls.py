"""The calls of a push: logins, renewals, refusals, retries, budget."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from responses import RequestsMock

from izoologic_cdf.errors import Cause, RunError
from izoologic_cdf.push.rest_client import Account, RestClient
from izoologic_cdf.runtime.failures import HttpError
from izoologic_cdf.runtime.http import Limits, Transport
from izoologic_cdf.runtime.redactor import Redactor
from tests.library.reports import obj, put
from tests.push.world import FEED, World, file
from tests.support.clocks import FakeClock

BASE = "https://threatq.example.com"
CLIENT = Account(BASE, "client-id", client_secret="client-secret")
USER = Account(BASE, "client-id", email="a@example.com", password="user-password")
TOKEN = {"access_token": "token-1", "token_type": "Bearer", "expires_in": 3600}


@pytest.fixture
def mock() -> Iterator[RequestsMock]:
    with RequestsMock(registry=responses.registries.OrderedRegistry) as mock:
        yield mock


def client(account: Account = CLIENT, **limits: Any) -> RestClient:
    return RestClient(account, Transport(FakeClock(), Limits(**limits)), Redactor())


def answer(mock: RequestsMock, method: str, path: str, **given: Any) -> None:
    mock.add(method, f"{BASE}/api/{path}", **given)


@pytest.mark.parametrize("status", [200, 201])
def test_client_credentials_go_as_http_basic(mock: RequestsMock, status: int) -> None:
    answer(mock, "POST", "token", json=TOKEN, status=status)
    answer(mock, "GET", "objects", json={"total": 0, "data": []})
    assert client().get("objects") == {"total": 0, "data": []}
    login, call = (one.request for one in mock.calls)
    assert login.url is not None
    assert parse_qs(urlsplit(login.url).query) == {"grant_type": ["client_credentials"]}
    assert login.headers["Authorization"] == "Basic Y2xpZW50LWlkOmNsaWVudC1zZWNyZXQ="
    assert not login.body
    assert call.headers["Authorization"] == "Bearer token-1"


@pytest.mark.parametrize(
    ("account", "keys"),
    [(CLIENT, "client_id and client_secret,"), (USER, "email, password and client_id,")],
)
def test_a_fresh_token_that_is_refused_names_the_keys_of_the_login(
    mock: RequestsMock, account: Account, keys: str
) -> None:
    for _ in range(2):
        answer(mock, "POST", "token", json=TOKEN)
        answer(mock, "GET", "objects", status=401)
    with pytest.raises(RunError, match=rf"just given out \(401\); check {keys}"):
        client(account).get("objects")


def test_a_user_s_password_goes_in_the_body(mock: RequestsMock) -> None:
    answer(mock, "POST", "token", json=TOKEN)
    answer(mock, "GET", "objects", json={"data": []})
    client(USER).get("objects")
    login = mock.calls[0].request
    assert login.url is not None
    assert parse_qs(urlsplit(login.url).query) == {
        "grant_type": ["password"],
        "client_id": ["client-id"],
    }
    assert json.loads(login.body or "") == {"email": "a@example.com", "password": "user-password"}


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_login_ends_the_push(mock: RequestsMock, status: int) -> None:
    body = {"errors": ["The credentials client-secret were incorrect."]}
    answer(mock, "POST", "token", json=body, status=status)
    with pytest.raises(RunError, match="check client_id and client_secret") as caught:
        client().get("objects")
    assert caught.value.cause is Cause.LOGIN
    assert "client-secret" not in str(caught.value)


def test_a_401_renews_the_token_once_per_call(mock: RequestsMock) -> None:
    answer(mock, "POST", "token", json=TOKEN)
    answer(mock, "GET", "objects", json={"data": [1]})
    answer(mock, "GET", "objects", status=401)
    answer(mock, "POST", "token", json=TOKEN | {"access_token": "token-2"})
    answer(mock, "GET", "objects", json={"data": [2]})
    one = client()
    assert [one.get("objects")["data"], one.get("objects")["data"]] == [[1], [2]]
    assert mock.calls[4].request.headers["Authorization"] == "Bearer token-2"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"data": {"errors": {"name": ["It is taken."]}}}, "name: It is taken."),
        ({"errors": ["first", ["second", "third"]]}, "first; second; third"),
        ({"errors": {"value": ["too long"]}}, "value: too long"),
        ({"data": [{"error": "no such type"}]}, "no such type"),
        ({"message": "Unprocessable"}, "Unprocessable"),
        ({}, ""),
    ],
)
def test_a_refusal_is_quoted_in_each_form(mock: RequestsMock, body: Any, said: str) -> None:
    answer(mock, "POST", "token", json=TOKEN)
    answer(mock, "POST", "incident/consume", json=body, status=400)
    with pytest.raises(HttpError) as caught:
        client().call("POST", "incident/consume", [])
    wanted = "POST /api/incident/consume: the platform answered 400"
    assert caught.value.message == wanted + (f": {said}" if said else "")
    assert caught.value.cause is Cause.ITEM


def test_errors_under_a_good_status_are_a_refusal(mock: RequestsMock) -> None:
    answer(mock, "POST", "token", json=TOKEN)
    answer(mock, "POST", "note", json={"errors": ["no"]}, status=201)
    with pytest.raises(HttpError, match="refused it: no"):
        client().call("POST", "note", {})


def test_private_texts_are_not_quoted(mock: RequestsMock) -> None:
    body = {"errors": {"value": ["secret text is too long, token-1 too"]}}
    answer(mock, "POST", "token", json=TOKEN)
    answer(mock, "POST", "note", json=body, status=400)
    answer(mock, "POST", "note", json=body, status=400)
    one = client()
    with pytest.raises(HttpError, match=r"value: \*\*\* is too long, \*\*\* too$"):
        one.call("POST", "note", {}, private=["secret text"])
    with pytest.raises(HttpError, match=r"400: value$"):
        one.call("POST", "note", {}, private=None)


def test_403_ends_the_push(mock: RequestsMock) -> None:
    answer(mock, "POST", "token", json=TOKEN)
    answer(mock, "POST", "note", status=403)
    with pytest.raises(RunError, match="a role that may read and write"):
        client().call("POST", "note", {})


def test_an_upload_is_not_repeated_blindly(mock: RequestsMock) -> None:
    answer(mock, "POST", "token", json=TOKEN)
    answer(mock, "POST", "attachments/upload", status=503)
    with pytest.raises(HttpError, match="503"):
        client().upload("a.txt", b"bytes")


# --- over the emulated platform


def fill(world: World, count: int = 3) -> None:
    cases = [obj("incident", f"CASE{number}", ("Status", "Open")) for number in range(count)]
    put(world.library, *cases, source=FEED)


def test_retry_after_is_kept(world: World) -> None:
    fill(world)
    world.platform.state.add_fault("status", path="/*/consume", status=429, retry_after=17)
    summary = world.push()
    assert (summary.exit_code, summary.retries, world.clock.slept) == (0, 1, [17.0])


def test_an_expired_token_is_renewed_and_the_push_goes_on(world: World) -> None:
    fill(world)
    world.platform.state.add_fault("revoke", path="/*/consume")
    summary = world.push()
    assert (summary.exit_code, summary.logins) == (0, 2)


def test_an_outage_ends_the_push_and_the_next_one_goes_on(world: World) -> None:
    fill(world)
    put(world.library, obj("note", "n1"), source=FEED)
    for path in ("/incident/consume", "/event/types"):
        world.platform.state.add_fault("status", path=path, status=503, count=None)
    summary = world.push()
    assert (summary.exit_code, summary.outcome) == (3, "partial")
    assert summary.error is not None
    assert "503" in summary.error
    assert not summary.deferred
    world.platform.state.clear_faults()
    assert world.push().created["incident"] == 3
    world.check()


def test_an_object_that_makes_the_platform_fail_does_not_hold_the_others_up(world: World) -> None:
    fill(world, 6)
    # five attempts each: the batches of six, three and one object, and two single ones
    fault = world.platform.state.add_fault("status", path="/incident/consume", status=500, count=25)
    summary = world.push()
    assert fault.applied == 25
    assert (summary.exit_code, len(summary.deferred)) == (3, 2)
    assert world.push().exit_code == 0
    world.check()


def test_read_only_rights_end_the_push_with_what_to_do(world: World) -> None:
    fill(world)
    world.platform.state.set_options(read_only=True)
    summary = world.push()
    assert (summary.exit_code, summary.sent) == (1, 0)
    assert "a role that may read and write" in str(summary.error)


def test_a_platform_without_searches_is_asked_name_by_name(world: World) -> None:
    fill(world)
    world.platform.state.add_fault("status", path="/*/query", status=404, count=None)
    world.platform.plant("incident", {"value": "CASE1", "sources": ["Other"]})
    summary = world.push()
    assert (summary.created["incident"], summary.adopted["incident"]) == (2, 1)
    world.check()


def test_related_objects_that_do_not_come_along_are_read_by_themselves(world: World) -> None:
    objects = [obj("incident", "CASE1"), obj("note", "n1"), obj("note", "n2")]
    put(world.library, *objects, relations=[(0, 1), (0, 2)], source=FEED)
    world.push()
    (row,) = world.platform.snapshot()["incident"]
    # the answer to with= is refused, as some platforms do
    world.platform.state.add_fault("status", path="/incident/1", status=400)
    assert world.push(verify=True).differences == []
    assert world.platform.requests.count("/{c}/{id}/{c2}") == 1
    assert row["related"] == {"note": ["n1", "n2"]}


def test_the_budget_of_requests_is_kept(world: World) -> None:
    with Transport(world.clock, Limits(requests_per_second=2)) as transport:
        one = RestClient(world.account(), transport, Redactor())
        for _ in range(4):
            one.get("objects")
    # the first call takes two requests, and no time passes while a test sleeps
    assert len(world.clock.slept) == 4
    assert 2 < sum(world.clock.slept) <= 0.5 + 1.0 + 1.5 + 2.0


@pytest.mark.parametrize(
    "text",
    [
        "<html>Sign in</html>",
        "{}",
        "[]",
        '{"data": null}',
        '{"data": ["a", 1, null]}',
        '{"data": [{"value": "CASE0"}]}',
        '{"data": [{"id": null, "value": "CASE0"}]}',
        '{"data": [{"id": "abc", "value": "CASE0"}]}',
        '{"data": {"id": 77, "value": "CASE0"}}',
        '{"data": [{"id": 1, "value": "CASE0", "attributes": [{"value": 1}], "sources": "x"}]}',
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[("GET", path) for path in ("/objects", "/attachments", "/incident", "/incident/*")],
        *[("POST", path) for path in ("/*/query", "/*/consume", "/attachments")],
    ],
)
def test_an_answer_that_is_none_of_the_api_ends_in_a_sentence_and_doubles_nothing(
    world: World, method: str, path: str, text: str
) -> None:
    fill(world, 1)
    file_ = obj("attachment", "a.txt", key="k", content=file(b"text"))
    put(world.library, obj("incident", "CASE0"), file_, relations=[(0, 1)], source=FEED)

    def spoilt(*, verify: bool = False) -> None:
        world.platform.state.add_fault("raw", method=method, path=path, text=text)
        summary = world.push(verify=verify)
        world.platform.state.clear_faults()
        assert "Traceback" not in summary.as_text()

    spoilt()
    assert world.push().exit_code == 0
    world.check()
    spoilt(verify=True)
    put(world.library, obj("incident", "CASE0", ("Status", "Closed")), source=FEED)
    spoilt()
    assert world.push().exit_code == 0
    world.check()
    assert [len(rows) for rows in world.platform.snapshot().values()] == [1, 1]


def test_ids_may_come_as_text(world: World) -> None:
    fill(world, 6)
    world.push()
    (number,) = (r["id"] for r in world.platform.snapshot()["incident"] if r["value"] == "CASE0")
    row = {"id": str(number), "value": "CASE0", "attributes": [], "sources": [{"name": FEED}]}
    world.platform.state.add_fault("envelope", path="/incident", json={"data": [row]})
    said = world.push(verify=True).differences
    assert said == ["incident 'CASE0': a value of the attribute 'Status' is missing"]
