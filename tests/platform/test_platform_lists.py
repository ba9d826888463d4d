"""Lists: filters on columns, order, limit and offset, what is asked with them."""

import json
from typing import Any

import pytest

from izoologic_cdf.platform import Platform
from tests.platform.rest import Rest

VALUES = ["192.0.2.9", "192.0.2.10", "example.com", "Example.com", "a%b", "192.0.2.9"]


@pytest.fixture
def filled(platform: Platform, rest: Rest) -> Rest:
    """Five addresses and names, a minute apart, and the first value once more as a URL."""
    for value in VALUES[:5]:
        rest.consume("indicators", {"value": value, "type": "IP Address", "status": "Active"})
        platform.state.advance(60)
    rest.consume("indicators", {"value": VALUES[5], "type": "URL", "status": "Review"})
    return rest


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [1, 2, 3, 4, 5, 6]),
        ("value=192.0.2.9", [1, 6]),
        ("value=192.0.2.9&type_id=28", [6]),
        ("type_id=28", [6]),
        ("status_id=4&value=192.%", [6]),
        ("value=192.0.2.%25", [1, 2, 6]),
        ("value=%25.com", [3, 4]),
        ("value=%252%259", [1, 6]),
        ("value=%25", [1, 2, 3, 4, 5, 6]),
        ("value=example.com", [3]),
        ("value=nothing", []),
        ("id=3", [3]),
        ("id=3&value=nothing", []),
        ("unheard=3", [1, 2, 3, 4, 5, 6]),
        ("limit=2", [1, 2]),
        ("limit=2&offset=4", [5, 6]),
        ("offset=5", [6]),
        ("limit=0", []),
        ("limit=10&offset=10", []),
        ("sort=-id", [6, 5, 4, 3, 2, 1]),
        ("sort=-created_at&limit=1", [6]),
        ("sort=created_at", [1, 2, 3, 4, 5, 6]),
        ("sort=type_id,-value", [3, 5, 4, 1, 2, 6]),
        ("sort=value", [2, 1, 6, 4, 5, 3]),
        ("sort=-description,id", [1, 2, 3, 4, 5, 6]),
        ("value=192.%25&sort=-id&limit=1&offset=1", [2]),
    ],
)
def test_a_list_is_filtered_sorted_and_cut(filled: Rest, query: str, ids: list[int]) -> None:
    assert [row["id"] for row in filled.data("GET", f"/indicators?{query}")] == ids


def test_the_total_counts_what_the_limit_leaves_out(filled: Rest) -> None:
    assert filled.send("GET", "/indicators?limit=1").json()["total"] == 6
    assert filled.send("GET", "/indicators?limit=1&type_id=28").json()["total"] == 1


def test_fields_are_those_that_were_asked_for(filled: Rest) -> None:
    (row,) = filled.data("GET", "/indicators?limit=1&fields=value,type_id")
    assert row == {"id": 1, "value": "192.0.2.9", "type_id": 15}
    (row,) = filled.data("GET", "/indicators?limit=1&fields=value,sources&with=sources")
    assert set(row) == {"id", "value", "sources"}


@pytest.mark.parametrize("collection", ["events", "adversaries", "attachments", "incident"])
def test_each_collection_is_filtered_by_its_own_name(rest: Rest, collection: str) -> None:
    file = {"file": ("a.txt", b"x")}
    rest.data("POST", "/attachments", data={"name": "x", "type": "PDF"}, files=file)
    rest.consume("events", {"title": "x", "type": "Sighting"}, {"title": "y", "type": "Sighting"})
    rest.consume("adversaries", {"name": "x"}, {"name": "y"})
    rest.consume("incident", {"value": "x"}, {"value": "y"})
    key = {"events": "title", "incident": "value"}.get(collection, "name")
    assert [row["id"] for row in rest.data("GET", f"/{collection}?{key}=x")] == [1]
    assert [row["id"] for row in rest.data("GET", f"/{collection}?{key}=x%25")] == [1]


def test_filters_follow_what_changes(rest: Rest) -> None:
    rest.consume("incident", {"value": "x"}, {"value": "y"})
    rest.data("PUT", "/incident/1", {"value": "z"})
    assert rest.data("GET", "/incident?value=x") == []
    assert [row["id"] for row in rest.data("GET", "/incident?value=z")] == [1]
    assert rest.consume("incident", {"value": "z"}) == [1]
    assert rest.consume("incident", {"value": "x"}) == [3]
    rest.data("DELETE", "/incident/1")
    assert rest.data("GET", "/incident?value=z") == []
    refused = rest.send("PUT", "/incident/2", {"value": "x"})
    assert refused.json()["data"]["errors"] == {"value": ["The value has already been taken."]}


def test_a_related_list_is_filtered_and_cut_too(filled: Rest) -> None:
    filled.consume("incident", {"value": "x", "indicators": [{"id": n} for n in range(1, 7)]})

    def ids(query: str) -> list[int]:
        return [row["id"] for row in filled.data("GET", f"/incident/1/indicators?{query}")]

    assert ids("") == [1, 2, 3, 4, 5, 6]
    assert ids("limit=2&offset=1&sort=-id") == [5, 4]
    assert ids("type_id=28") == [6]


def test_both_ends_of_a_relation_see_the_same_pivot(filled: Rest) -> None:
    filled.consume("incident", {"value": "x"})
    (one,) = filled.data("POST", "/incident/1/indicators", {"id": "2"})
    (again,) = filled.data("POST", "/indicators/2/incident", [{"id": 1}])
    assert one["pivot"] == again["pivot"]
    filled.data("DELETE", "/indicators/2/incident", [one["pivot"]["id"]])
    assert filled.data("GET", "/incident/1/indicators") == []


FILTERS: list[tuple[Any, list[int]]] = [
    ({}, [1, 2, 3, 4, 5, 6]),
    ({"value": "192.0.2.9"}, [1, 6]),
    ({"value": ["a%b", "example.com"]}, [3, 5]),
    ({"+or": [{"value": "a%b"}, {"type_name": "URL"}]}, [5, 6]),
    ({"+and": [{"value": "192.0.2.9"}, {"status_name": "Review"}]}, [6]),
    ({"+not": {"type_name": "IP Address"}}, [6]),
    ({"value": {"+like": "%.com"}}, [3, 4]),
    ({"id": {"+gte": 3, "+lt": 5}}, [3, 4]),
    ({"created_at": {"+gt": "2025-08-15 00:03:00"}}, [5, 6]),
    ({"created_at": {"+lte": "NOW-4MINUTES"}}, [1, 2]),
    ({"tags": "none"}, []),
    ({"sources": "loopback-client"}, [1, 2, 3, 4, 5, 6]),
    ({"unheard": 1}, []),
]


@pytest.mark.parametrize(("filters", "ids"), FILTERS, ids=lambda value: str(value)[:40])
def test_a_query_filters(filled: Rest, filters: Any, ids: list[int]) -> None:
    for part in ("filters", "criteria"):
        answer = filled.send("POST", "/indicators/query?sort=id", {part: filters}).json()
        assert [row["id"] for row in answer["data"]] == ids
        assert answer["total"] == len(ids)


def test_a_saved_search_is_walked_with_its_cursor(platform: Platform, filled: Rest) -> None:
    platform.state.save_search("abc", {"filters": {"type_name": "IP Address"}})
    seen, mark = [], "*"
    while True:
        answer = filled.send(
            "GET",
            "/indicators/query/hash/abc",
            params={"limit": 2, "sort": "-id", "cursorMark": mark},
        ).json()
        seen += [row["id"] for row in answer["data"]]
        assert answer["total"] == 5
        if answer["nextCursorMark"] == mark:
            break
        mark = answer["nextCursorMark"]
    assert seen == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("conditions", "ids"),
    [
        ([[("type", "is", 28)]], [6]),
        ([[("type", "is", "URL")]], [6]),
        ([[("status", "is not", "Active")]], [6]),
        ([[("value", "like", "192"), ("type", "is", 15)]], [1, 2]),
        ([[("value", "not like", "192")], [("type", "is", 28)]], [3, 4, 5, 6]),
        ([[("id", "is", 2)]], [2]),
    ],
)
def test_an_advanced_search_takes_groups_of_conditions(
    filled: Rest, conditions: list[list[tuple[str, str, Any]]], ids: list[int]
) -> None:
    groups = [
        [
            {"field": f"indicator_{name}", "operator": how, "value": value}
            for name, how, value in group
        ]
        for group in conditions
    ]
    found = filled.data("POST", "/search/advanced", {"indicators": groups})
    assert [row["id"] for row in found] == ids


def test_the_calls_of_a_client_that_enriches_an_indicator(platform: Platform, rest: Rest) -> None:
    """Those of the ThreatQ module of STIX-shifter 5.3.1, which was run unmodified on it."""
    malware = {"value": "A loader"}
    attributes = [{"name": "Confidence", "value": "High", "sources": [{"name": "S"}]}]
    rest.consume("indicators", {"value": "a.example", "type": "FQDN"})
    item = {"value": "example.org", "type": "FQDN", "attributes": attributes, "malware": [malware]}
    rest.consume("indicators", item)
    with Rest(platform) as client:
        text = client.session.get(f"{platform.url}/assets/js/config.js", timeout=10).text
        own, start = platform.credentials, text.find("ClientId") + 12
        who = {"grant_type": "password", "client_id": text[start : len(text) - 38]}
        form = {"email": own.email, "password": own.password, **who}
        login = client.send("POST", "/token", params=who, data=form)
        assert login.status_code == 200
        headers = {
            "Authorization": f"Bearer {login.json()['access_token']}",
            "Content-Type": "application/json",
        }
        criteria = {"+or": [{"value": "example.org"}], "+and": [{"type": "FQDN"}]}
        page = {"limit": 500, "offset": 0}
        body = json.dumps({"criteria": criteria})
        found = client.data("POST", "/indicators/query", params=page, data=body, headers=headers)
        assert [row["value"] for row in found] == ["example.org"]
        number = found[0]["id"]
        more = "adversaries,attachments.sources,attributes.sources,             events.type,\
            type.plugins.config,watchlist,tasks,indicators,malware,attack_pattern"
        path = f"/indicators/{number}"
        details = client.data("GET", f"{path}/details", params={"with": more}, headers=headers)
        (row,) = details["attributes"]
        assert (row["name"], row["value"], row["sources"][0]["name"]) == ("Confidence", "High", "S")
        related = {
            name: [one["value"] for one in client.data("GET", f"{path}/{name}", headers=headers)]
            for name in ("malware", "attack_pattern", "campaign", "ttp", "tool")
        }
        expected: dict[str, list[str]] = {name: [] for name in related}
        assert related == expected | {"malware": ["A loader"]}
