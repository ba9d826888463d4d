"""Each assumed option, both ways: what a client sees under each reading."""

import ast
import dataclasses
import json
import re
from typing import Any

import pytest

from izoologic_cdf.platform import EmulatorError, Options, Platform
from tests.documents.support import rows, text
from tests.platform.rest import Rest, fits

OURS, OTHER = "iZoologic Incident Case Sync", "Other"
OPTIONS = {option.name: option for option in dataclasses.fields(Options)}


def assume(rest: Rest, **options: Any) -> None:
    rest.platform.state.set_options(**options)


def case(value: str = "CASE1", source: str = OURS, **more: Any) -> dict[str, Any]:
    return {"value": value, "sources": [{"name": source}], **more}


def open_or_closed(value: str) -> list[dict[str, str]]:
    return [{"name": "Status", "value": value}]


# --- login and limits


@pytest.mark.parametrize("status", [200, 201])
def test_login_status(rest: Rest, status: int) -> None:
    assume(rest, login_status=status)
    query = {"grant_type": "client_credentials"}
    own = rest.platform.credentials
    answer = rest.send("POST", "/token", params=query, auth=(own.client_id, own.client_secret))
    assert answer.status_code == status


@pytest.mark.parametrize("seconds", [3600, 172_799])
def test_token_life_seconds(rest: Rest, seconds: int) -> None:
    assume(rest, token_life_seconds=seconds)
    rest.login()
    rest.platform.state.advance(seconds - 1)
    assert rest.send("GET", "/objects").status_code == 200
    rest.platform.state.advance(1)
    assert rest.send("GET", "/objects").status_code == 401


def test_read_only(rest: Rest) -> None:
    assert rest.send("POST", "/incident", case()).status_code == 201
    assume(rest, read_only=True)
    refused = rest.send("POST", "/incident", case("CASE2"))
    assert (refused.status_code, fits(refused.json(), {"errors": [str]})) == (403, True)
    for method, path in (("PUT", "/incident/1"), ("DELETE", "/incident/1")):
        assert rest.send(method, path, {"description": "x"}).status_code == 403
    rest.login()
    assert len(rest.data("GET", "/incident")) == 1
    assert len(rest.data("POST", "/incident/query", {})) == 1
    assert rest.data("POST", "/search/advanced", {"incident": []}) == []


def test_calls_per_minute(rest: Rest) -> None:
    assert all(rest.send("GET", "/objects").ok for _ in range(5))
    rest.platform.state.advance(70)
    assume(rest, calls_per_minute=2)
    answers = [rest.send("GET", "/objects") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "50"
    rest.platform.state.advance(50)
    assert rest.send("GET", "/objects").ok


# --- names


@pytest.mark.parametrize(
    ("reading", "account", "note"), [("code", "account", "note"), ("plural", "accounts", "notes")]
)
def test_collections(rest: Rest, reading: str, account: str, note: str) -> None:
    assume(rest, collections=reading, strict_collections=True)
    found = {row["name"]: row["collection"] for row in rest.data("GET", "/objects")}
    assert (found["account"], found["note"], found["incident"]) == (account, note, "incident")
    for collection in (account, note, "incident"):
        assert rest.consume(collection, {"value": "x"}) == [1]
    # relations are still named by the code
    rest.consume("incident", {"value": "x", "note": [{"id": 1}]})
    assert fits(rest.data("GET", "/incident/1?with=note"), {"note": [{"id": 1}]})


OTHER_SPELLINGS = ["notes", "accounts", "incidents", "Note", "attackPattern", "attack-patterns"]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("spelling", OTHER_SPELLINGS)
def test_strict_collections(rest: Rest, spelling: str, strict: bool) -> None:
    assume(rest, strict_collections=strict)
    assert rest.send("GET", f"/{spelling}").status_code == (404 if strict else 200)
    assert rest.send("GET", "/indicator").status_code == 404


@pytest.mark.parametrize(("reading", "number"), [("usual", 15), ("shifted", 115)])
def test_type_ids(reading: str, number: int) -> None:
    with Platform(Options(type_ids=reading)) as platform, Rest(platform) as rest:
        rest.login()
        item = {"value": "192.0.2.9", "type": "IP Address", "status": "Active"}
        (made,) = rest.data("POST", "/indicators", item)
        assert (made["type_id"], made["status_id"]) == (number, number - 14)
        assert rest.data("GET", f"/indicator/types/{number}")["name"] == "IP Address"
        other = "usual" if reading == "shifted" else "shifted"
        with pytest.raises(EmulatorError, match="can be set at the start only"):
            platform.state.set_options(type_ids=other)


def test_unknown_event_type(rest: Rest) -> None:
    event = {"title": "T", "type": {"name": "New"}}
    assert rest.send("POST", "/events/consume", [event]).status_code == 400
    assume(rest, unknown_event_type="make")
    assert rest.consume("events", event) == [1]
    assert rest.data("GET", "/event/types?name=New")[0]["id"] == 15


def test_unknown_category(rest: Rest) -> None:
    data, files = {"name": "a", "type": "New"}, {"file": ("a", b"x")}
    assert rest.send("POST", "/attachments", data=data, files=files).status_code == 400
    assume(rest, unknown_category="generic")
    assert rest.data("POST", "/attachments", data=data, files=files)["type_id"] == 6


# --- who an object is


@pytest.mark.parametrize(("reading", "ids"), [("exact", [1, 2]), ("folded", [1, 1])])
def test_keys(rest: Rest, reading: str, ids: list[int]) -> None:
    assume(rest, keys=reading)
    rows = [rest.data("POST", "/incident/consume", [case(value)])[0] for value in ("gZ3", "Gz3")]
    assert [row["id"] for row in rows] == ids
    assert len(rest.data("GET", "/incident?value=GZ3")) == (0 if reading == "exact" else 1)
    assert rest.data("GET", "/incident/1")["value"] == "gZ3"


@pytest.mark.parametrize(
    ("reading", "ids"), [("title+type", [1, 1, 2]), ("title+type+happened_at", [1, 2, 3])]
)
def test_event_key(rest: Rest, reading: str, ids: list[int]) -> None:
    assume(rest, event_key=reading)
    event = {"title": "T", "type": {"name": "Incident"}, "happened_at": "2025-08-06 14:28:43"}
    later = event | {"happened_at": "2025-08-07 14:28:43"}
    other = event | {"type": {"name": "Sighting"}}
    assert [rest.consume("events", one)[0] for one in (event, later, other)] == ids


@pytest.mark.parametrize(("reading", "ids"), [("hash+name", [1, 1, 2]), ("none", [1, 2, 3])])
def test_file_key(rest: Rest, reading: str, ids: list[int]) -> None:
    assume(rest, file_key=reading)
    got = []
    for name in ("a", "a", "b"):
        data, files = {"name": name, "type": "PDF"}, {"file": ("a", b"x")}
        got.append(rest.data("POST", "/attachments", data=data, files=files)["id"])
    assert got == ids


def test_too_long(rest: Rest) -> None:
    long: dict[str, Any] = {"value": "x" * 300, "description": "\u00fc" * 40_000}
    long["tags"] = ["t" * 60]
    long["attributes"] = [{"name": "n" * 70, "value": "v" * 70_000}]
    assert rest.send("POST", "/incident/consume", [long]).status_code == 400
    assume(rest, too_long="cut")
    (row,) = rest.data("POST", "/incident/consume", [long])
    assert (len(row["value"]), len(row["description"].encode())) == (255, 65_534)
    found = rest.data("GET", "/incident/1?with=tags,attributes")
    assert len(found["tags"][0]["name"]) == 50
    assert len(found["attributes"][0]["name"]) == 64
    assert len(found["attributes"][0]["value"]) == 70_000


# --- what a consume does to what exists


@pytest.mark.parametrize(("reading", "text"), [("replace", "new"), ("keep", "old")])
@pytest.mark.parametrize("way", ["/incident/consume", "/incident"])
def test_consume_description(rest: Rest, way: str, reading: str, text: str) -> None:
    assume(rest, consume_description=reading)
    rest.data("POST", way, [case(description="old")])
    rest.data("POST", way, [case(description="new")])
    assert rest.data("GET", "/incident/1")["description"] == text
    rest.data("POST", way, [case()])
    assert rest.data("GET", "/incident/1")["description"] == text
    rest.data("PUT", "/incident/1", {"description": "put"})
    assert rest.data("GET", "/incident/1")["description"] == "put"


@pytest.mark.parametrize(("reading", "day"), [("keep", "01"), ("replace", "02")])
def test_consume_dates(rest: Rest, reading: str, day: str) -> None:
    assume(rest, consume_dates=reading)
    for date in ("2025-08-01 00:00:00", "2025-08-02 00:00:00"):
        dates = {"published_at": date, "happened_at": date}
        rest.consume("events", {"title": "T", "type": "Incident", **dates})
        rest.consume("incident", case(published_at=date, started_at=date))
    date = f"2025-08-{day} 00:00:00"
    (event,) = rest.data("POST", "/events/query", {})
    (incident,) = rest.data("POST", "/incident/query", {})
    assert (event["happened_at"], event["published_at"]) == (date, date)
    assert (incident["started_at"], incident["published_at"]) == (date, date)


@pytest.mark.parametrize(("reading", "status"), [("replace", "Expired"), ("keep", "Review")])
def test_consume_status(rest: Rest, reading: str, status: str) -> None:
    assume(rest, consume_status=reading)
    for sent in ("Review", "Expired"):
        rest.consume("indicators", {"value": "x", "type": "URL", "status": sent})
    assert rest.data("GET", "/indicators/1?with=status")["status"]["name"] == status


@pytest.mark.parametrize("protected", ["Active", "Whitelisted"])
def test_a_protected_status_stays_under_every_reading(rest: Rest, protected: str) -> None:
    for sent in (protected, "Expired"):
        rest.consume("indicators", {"value": "x", "type": "URL", "status": sent})
    assert rest.data("GET", "/indicators/1?with=status")["status"]["name"] == protected
    rest.data("PUT", "/indicators/1", {"status": "Expired"})
    assert rest.data("GET", "/indicators/1?with=status")["status"]["name"] == "Expired"


def test_consume_attributes(rest: Rest) -> None:
    rest.consume("incident", case(source=OTHER, attributes=open_or_closed("Open")))
    rest.consume("incident", case(attributes=open_or_closed("Open")))
    rest.consume("incident", case(attributes=open_or_closed("Closed")))
    added = {("Status", "Open"): sorted([OTHER, OURS]), ("Status", "Closed"): [OURS]}
    assert rest.attributes("incident", 1) == added
    assume(rest, consume_attributes="replace")
    rest.consume("incident", case(attributes=open_or_closed("Gone")))
    replaced = {("Status", "Open"): [OTHER], ("Status", "Gone"): [OURS]}
    assert rest.attributes("incident", 1) == replaced
    rest.consume("incident", case(attributes=[{"name": "Brand", "value": "B"}]))
    assert rest.attributes("incident", 1) == replaced | {("Brand", "B"): [OURS]}


def test_consume_bad_item(rest: Rest) -> None:
    batch = [case("CASE1"), case(""), case("CASE2")]
    refused = rest.send("POST", "/incident/consume", batch)
    assert refused.status_code == 400
    assert fits(refused.json(), {"data": {"errors": {"1.value": [str]}}})
    assert rest.data("GET", "/incident") == []
    assume(rest, consume_bad_item="skip")
    answer = rest.send("POST", "/incident/consume", batch)
    assert (answer.status_code, fits(answer.json()["data"], [{"id": 1}, {"id": 2}])) == (201, True)
    assume(rest, consume_bad_item="report")
    data = rest.data("POST", "/incident/consume", [*batch, "text"])
    assert fits(data, [{"id": 1}, {"id": 2}, {"error": str}, {"error": str}])
    assume(rest, consume_bad_item="refuse")
    answer = rest.send("POST", "/incident/consume", ["text"])
    assert fits(answer.json(), {"data": {"errors": {"0": [str]}}})


def test_consume_order(rest: Rest) -> None:
    batch = [case(f"CASE{number}") for number in range(20)]

    def order() -> list[str]:
        return [row["value"] for row in rest.data("POST", "/incident/consume", batch)]

    sent = [item["value"] for item in batch]
    assert order() == sent
    assume(rest, consume_order="shuffled")
    assert order() != sent
    assert sorted(order()) == sorted(sent)
    assert order() == order()


# --- the update of an attribute


@pytest.mark.parametrize(
    ("reading", "sources"), [("keep", sorted([OTHER, OURS])), ("replace", [OURS])]
)
def test_put_attribute_sources(rest: Rest, reading: str, sources: list[str]) -> None:
    assume(rest, put_attribute_sources=reading)
    for source in (OTHER, OURS):
        rest.consume("incident", case(source=source, attributes=open_or_closed("Open")))
    body = {"name": "Status", "value": "Closed", "sources": [{"name": OURS}]}
    rest.data("PUT", "/incident/1/attributes/1", body)
    assert rest.attributes("incident", 1) == {("Status", "Closed"): sources}
    rest.data("PUT", "/incident/1/attributes/1", {"value": "Open"})
    assert rest.attributes("incident", 1) == {("Status", "Open"): sources}


def test_put_attribute_twin(rest: Rest) -> None:
    both = [*open_or_closed("Open"), *open_or_closed("Closed")]
    rest.consume("incident", case(attributes=both[:1]), case(source=OTHER, attributes=both[1:]))
    assume(rest, put_attribute_twin="refuse")
    refused = rest.send("PUT", "/incident/1/attributes/1", {"value": "Closed"})
    assert (refused.status_code, fits(refused.json()["data"]["errors"], {"value": [str]})) == (
        400,
        True,
    )
    assume(rest, put_attribute_twin="merge")
    rest.data("PUT", "/incident/1/attributes/1", {"value": "Closed"})
    assert rest.attributes("incident", 1) == {("Status", "Closed"): sorted([OTHER, OURS])}


# --- answers


@pytest.mark.parametrize(("reading", "sources"), [("login", ["loopback-client"]), ("none", [])])
def test_default_source(rest: Rest, reading: str, sources: list[str]) -> None:
    assume(rest, default_source=reading)
    rest.consume("incident", {"value": "x", "attributes": open_or_closed("Open")})
    found = rest.data("GET", "/incident/1?with=sources")["sources"]
    assert [source["name"] for source in found] == sources
    assert rest.attributes("incident", 1) == {("Status", "Open"): sources}
    rest.data("POST", "/incident/1/attributes", {"name": "A", "value": "B"})
    assert rest.attributes("incident", 1)["A", "B"] == sources


@pytest.mark.parametrize(("reading", "date"), [("hidden", None), ("given", "2025-08-06 14:28:43")])
def test_source_published(rest: Rest, reading: str, date: str | None) -> None:
    assume(rest, source_published=reading)
    rest.consume("incident", case(published_at="2025-08-06 14:28:43"))
    (source,) = rest.data("GET", "/incident/1?with=sources")["sources"]
    assert source["published_at"] == date


def test_error_form(rest: Rest) -> None:
    bad = {"value": "", "attributes": []}
    assert fits(rest.send("POST", "/incident", bad).json(), {"data": {"errors": {"value": [str]}}})
    assume(rest, error_form="list")
    assert fits(rest.send("POST", "/incident", bad).json(), {"errors": [str]})


@pytest.mark.parametrize(("reading", "there"), [("asked", False), ("all", True)])
def test_hash_fields(rest: Rest, reading: str, there: bool) -> None:
    assume(rest, hash_fields=reading)
    rest.consume("incident", case(attributes=open_or_closed("Open")))
    (row,) = rest.data("GET", "/incident/query/hash/x")
    assert ("attributes" in row, "sources" in row, "tags" in row) == (there, there, True)
    (row,) = rest.data("GET", "/incident/query/hash/x?fields=value,sources")
    assert set(row) == {"id", "value", "sources"}
    (row,) = rest.data("POST", "/incident/query", {})
    assert {"attributes", "sources"} <= set(row)


@pytest.mark.parametrize(("reading", "status"), [("all", 200), ("refuse", 404)])
def test_unknown_hash(rest: Rest, reading: str, status: int) -> None:
    assume(rest, unknown_hash=reading)
    assert rest.send("GET", "/incident/query/hash/x").status_code == status
    rest.platform.state.save_search("x", {})
    assert rest.send("GET", "/incident/query/hash/x").status_code == 200


def test_page_size(rest: Rest) -> None:
    rest.consume("incident", *(case(f"CASE{number}") for number in range(7)))
    assert len(rest.data("GET", "/incident")) == 7
    assume(rest, page_size=3)
    answer = rest.send("GET", "/incident").json()
    assert (len(answer["data"]), answer["total"]) == (3, 7)
    assert len(rest.data("GET", "/incident?limit=5")) == 5


def test_related_limit(rest: Rest) -> None:
    number = 1001
    urls = [{"value": f"example.com/{n}", "type": "URL"} for n in range(number)]
    rest.consume("incident", case(indicators=urls))
    for limit, got in (("", 1000), ("limit=2000", 1000), ("limit=5", 5), ("offset=1000", 1)):
        assert len(rest.data("GET", f"/incident/1/indicators?{limit}")) == got
    assume(rest, related_limit=10)
    assert len(rest.data("GET", "/incident/1/indicators")) == 10


# --- the options themselves

_SERVER = {"latency", "log_limit"}


@pytest.mark.parametrize("name", sorted(OPTIONS.keys() - _SERVER))
def test_each_option_has_a_test_of_its_name(name: str) -> None:
    assert callable(globals().get(f"test_{name}"))


@pytest.mark.parametrize("name", OPTIONS)
def test_each_option_is_explained_with_its_default_and_its_other_values(name: str) -> None:
    told = {row[0].strip("`"): row for row in rows(text("docs/platform.md")) if len(row) == 3}
    default = OPTIONS[name].default
    assert told[name][1] in (json.dumps(default), default)
    wanted = OPTIONS[name].metadata["rule"].wanted
    choices = wanted.startswith("one of ") and ast.literal_eval(f"[{wanted[7:]}]")
    for choice in choices or ():
        assert re.search(rf"`{re.escape(str(choice).lower())}`", told[name][2]), choice


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("pagesize=3", "did you mean 'page_size'?"),
        ("page_size=0", "it must be an integer >= 1 or null"),
        ("keys=none", "it must be one of 'exact', 'folded'"),
        ("read_only=1", "it must be one of False, True"),
        ("keys", "NAME=VALUE"),
    ],
)
def test_a_wrong_option_is_told(assignment: str, said: str) -> None:
    with pytest.raises(EmulatorError, match=re.escape(said)):
        Options.read([assignment])


def test_options_are_read_from_text() -> None:
    got = Options.read(["page_size=10", "read_only=true", "keys=folded", "calls_per_minute=null"])
    assert got == Options(page_size=10, read_only=True, keys="folded")
