"""Section 4: what a consume item may hold, and what it does, beside the assumed options."""

from typing import Any

import pytest

from izoologic_cdf.platform import Platform
from tests.platform.rest import Rest, fits

SOURCE = "iZoologic Incident Case Sync"
# the item that an SDK was seen to send
CASE: dict[str, Any] = {
    "value": "CASE123456",
    "description": "d",
    "published_at": "2025-08-06 14:28:43",
    "attributes": [{"name": "Status", "value": "Open", "sources": [{"name": SOURCE}]}],
    "sources": [{"name": SOURCE, "tlp_id": 2}],
    "tags": ["t"],
    "indicators": [{"id": 1}],
    "note": [{"id": 1}],
}
IP = {"value": "192.0.2.9", "type": {"name": "IP Address"}, "status": {"name": "Review"}}


def test_the_attested_item_arrives_whole(rest: Rest) -> None:
    rest.consume("indicators", IP)
    rest.consume("note", {"value": "2025-08-06 hello", "description": "text"})
    assert rest.consume("incident", CASE) == [1]
    parts = "attributes,sources,tags,indicators,note"
    assert fits(
        rest.data("GET", f"/incident/1?with={parts}"),
        {
            "value": "CASE123456",
            "description": "d",
            "attributes": [{"name": "Status", "value": "Open", "sources": [{"name": SOURCE}]}],
            "sources": [{"name": SOURCE, "tlp_id": 2}],
            "tags": [{"name": "t"}],
            "indicators": [{"id": 1, "value": "192.0.2.9", "status_id": 4}],
            "note": [{"id": 1, "description": "text"}],
        },
    )
    (flat,) = rest.data("POST", "/incident/query", {"filters": {"value": "CASE123456"}})
    assert flat["published_at"] == "2025-08-06 14:28:43"
    assert fits(flat["sources"], [{"name": SOURCE, "published_at": "2025-08-06 14:28:43"}])


# what each collection takes as an item, and what a read of number 1 holds
ITEMS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "indicator by type and status ids": (
        "indicators",
        {"value": "x", "type_id": 28, "status_id": 4, "normalize": "N", "class": "host"},
        {"type_id": 28, "status_id": 4, "class": "host"},
    ),
    "indicator by plain names": (
        "indicators",
        {"value": "x", "type": "URL", "status": "Expired"},
        {"type_id": 28, "status_id": 2, "class": "network"},
    ),
    "indicator that was detected": (
        "indicators",
        {"value": "x", "type": {"name": "URL"}, "last_detected_at": "2025-08-06 14:28:43"},
        {"last_detected_at": "2025-08-06 14:28:43", "status_id": 1},
    ),
    "event": (
        "events",
        {"title": "x", "type": {"name": "Sighting"}, "happened_at": "2025-08-06 14:28:43"},
        {"title": "x", "type_id": 14, "happened_at": "2025-08-06 14:28:43"},
    ),
    "adversary": (
        "adversaries",
        {"name": "x", "description": [{"value": "d"}]},
        {"name": "x", "description": {"value": "d"}},
    ),
    "identity": (
        "identity",
        {"value": "x", "contact_information": "a@example.com"},
        {"contact_information": "a@example.com"},
    ),
    "incident with a span": (
        "incident",
        {
            "value": "x",
            "started_at": "2025-08-06T14:28:43Z",
            "ended_at": "2025-08-06 16:28:43+02:00",
        },
        {"started_at": "2025-08-06 14:28:43", "ended_at": "2025-08-06 14:28:43"},
    ),
    "custom object": ("account", {"value": "x", "description": None}, {"description": None}),
    "comments and tags as objects": (
        "note",
        {"value": "x", "comments": [{"value": "c"}], "tags": [{"name": "t"}]},
        {"comments": [{"value": "c"}], "tags": [{"name": "t"}]},
    ),
    "attribute values as numbers": (
        "account",
        {"value": "x", "attributes": [{"name": "N", "value": 5}]},
        {"attributes": [{"name": "N", "value": "5"}]},
    ),
}


@pytest.mark.parametrize("name", ITEMS)
def test_an_item_is_taken_and_can_be_read(rest: Rest, name: str) -> None:
    collection, item, expected = ITEMS[name]
    assert rest.consume(collection, item) == [1]
    asked = "description,attributes,comments,tags,sources"
    found = rest.data("GET", f"/{collection}/1?with={asked}")
    assert fits(found, expected)
    assert rest.consume(collection, item) == [1]
    assert len(rest.data("GET", f"/{collection}")) == 1


@pytest.mark.parametrize(
    ("sent", "tlp"),
    [
        ({"sources": [{"name": "S"}]}, None),
        ({"sources": [{"name": "S", "tlp_id": 2}]}, 2),
        ({"sources": [{"name": "S", "tlp": "AMBER", "published_at": "2025-01-02 03:04:05"}]}, 2),
        ({"sources": [{"name": "S", "tlp": {"name": "green"}}]}, 3),
        ({"sources": ["S"]}, None),
        ({"sources": "S"}, None),
        ({"source": "S"}, None),
        ({"source": {"name": "S"}}, None),
    ],
)
def test_a_source_is_taken_in_every_form(rest: Rest, sent: dict[str, Any], tlp: int | None) -> None:
    rest.consume("incident", {"value": "x", **sent})
    assert fits(
        rest.data("GET", "/incident/1?with=sources"), {"sources": [{"name": "S", "tlp_id": tlp}]}
    )


def test_objects_that_are_not_there_yet_come_with_the_one_they_belong_to(rest: Rest) -> None:
    bulk = {
        "value": "CASE1",
        "sources": [{"name": "S"}],
        "indicators": [{"value": "192.0.2.9", "type": "IP Address"}, {"value": "x", "type": "URL"}],
        "account": [{"value": "a@example.com"}],
    }
    rest.consume("incident", bulk)
    rest.consume("incident", bulk | {"value": "CASE2"})
    found = rest.data("GET", "/incident/2?with=indicators,account")
    assert [row["value"] for row in found["indicators"]] == ["192.0.2.9", "x"]
    assert [row["value"] for row in found["account"]] == ["a@example.com"]
    assert fits(
        rest.data("GET", "/indicators/1?with=sources,incident"),
        {"sources": [{"name": "S"}], "incident": [{"id": 1}, {"id": 2}]},
    )


def test_an_item_may_hold_the_ids_of_events_adversaries_and_attachments(rest: Rest) -> None:
    rest.consume("events", {"title": "E", "type": "Sighting", "happened_at": None})
    rest.consume("adversaries", {"name": "A"})
    file = {"file": ("a.txt", b"x")}
    rest.data("POST", "/attachments", data={"name": "a", "type": "PDF"}, files=file)
    ids = {"events": [{"id": 1}], "adversaries": [{"id": "1"}], "attachments": [{"id": 1}]}
    rest.consume("incident", {"value": "x", **ids})
    found = rest.data("GET", "/incident/1?with=events,adversaries,attachments")
    assert [found[name][0]["id"] for name in ids] == [1, 1, 1]


def test_two_thousand_items_with_a_twin_are_one_call(platform: Platform, rest: Rest) -> None:
    items = [{"value": f"192.0.{n // 250}.{n % 250}", "type_id": 15} for n in range(2000)]
    answer = rest.send("POST", "/indicators/consume?normalize=Y", [*items, items[7]])
    assert answer.status_code == 201
    data = answer.json()["data"]
    assert {row["value"] for row in data} == {item["value"] for item in items}
    assert len({row["id"] for row in data}) == 2000
    assert rest.send("POST", "/indicators/consume", items).status_code == 200
    assert len(platform.snapshot()["indicator"]) == 2000


def test_the_older_way_to_consume(rest: Rest) -> None:
    data = rest.data("POST", "/indicators/consume/new", [{"value": "x", "type": "URL"}])
    assert fits(data, [{"id": 1}])


def test_an_empty_batch_is_no_mistake(rest: Rest) -> None:
    assert rest.send("POST", "/incident/consume", []).json() == {"total": 0, "data": []}


def test_sent_again_nothing_doubles_and_nothing_is_touched(platform: Platform, rest: Rest) -> None:
    rest.consume("indicators", IP)
    rest.consume("note", {"value": "n"})
    rest.consume("incident", CASE)
    before = rest.data("GET", "/incident/1?with=attributes,sources,tags,indicators,note")
    platform.state.advance(60)
    rest.consume("incident", CASE)
    assert rest.data("GET", "/incident/1?with=attributes,sources,tags,indicators,note") == before


def test_sources_of_others_are_added_and_stay(rest: Rest) -> None:
    row = {"name": "Status", "value": "Open"}
    rest.consume("incident", {"value": "x", "sources": ["Other"], "attributes": [row]})
    rest.consume("incident", {"value": "x", "sources": [SOURCE], "attributes": [row]})
    found = rest.data("GET", "/incident/1?with=sources")["sources"]
    assert [source["name"] for source in found] == ["Other", SOURCE]
    assert rest.attributes("incident", 1) == {("Status", "Open"): sorted(["Other", SOURCE])}


def test_signatures_are_imported_and_then_consumed(rest: Rest) -> None:
    text = 'rule x { strings: $a = "b" condition: $a }'
    (imported,) = rest.data("POST", "/signatures/import", {"text": text, "type_id": 6})
    row = {"hash": imported["hash"], "name": "x", "type_id": 6, "status_id": 1, "source": "S"}
    (made,) = rest.data("POST", "/signatures/consume", [row])
    assert fits(
        rest.data("GET", f"/signatures/{made['id']}?with=sources,type"),
        {"name": "x", "value": text, "sources": [{"name": "S"}], "type": {"name": "YARA"}},
    )
    assert rest.data("POST", "/signatures/consume", [row])[0]["id"] == made["id"]
    assert rest.send("POST", "/signatures/consume", [{"hash": "0"}]).status_code == 400
    assert rest.send("POST", "/signatures/import", {"text": ""}).status_code == 400


def test_attribute_names_are_one_whatever_their_case(rest: Rest) -> None:
    rest.consume("incident", {"value": "x", "attributes": [{"name": "Status", "value": "Open"}]})
    (row,) = rest.data("POST", "/incident/1/attributes", {"name": "STATUS", "value": "Open"})
    assert (row["id"], row["name"]) == (1, "Status")


def test_values_keep_their_text(rest: Rest) -> None:
    texts = ["\u00fcber", "\U0001f600", 'a"b\\c', " x ", "a\nb", "100%", "<b>", "\ud800"]
    for number, text in enumerate(texts, 1):
        assert rest.consume("incident", {"value": text, "description": text}) == [number]
        found = rest.data("GET", f"/incident/{number}")
        assert (found["value"], found["description"]) == (text, text)
