"""Sections 2, 3 and 5: each call as public clients send it, and what they read in the answer.

The evidence stands in the name: W seen on the wire, C read in a client, R a real answer.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from izoologic_cdf.platform import Platform
from tests.platform.rest import Rest, fits

JSON = {"Content-Type": "application/json"}
STAMP = "2025-08-15 00:00:00"
STAMPS = {"created_at": STAMP, "updated_at": STAMP, "touched_at": STAMP}
PIVOT = {"id": int, "created_at": STAMP, "updated_at": STAMP}
GENERIC = {"object_id": int, "object_code": str, "object_name": str, "object_name_plural": str}
INDICATOR = {
    "id": 1,
    "value": "192.0.2.9",
    "class": "network",
    "type_id": 15,
    "status_id": 1,
    "description": None,
    "hash": str,
    "expires_needs_calc": "Y",
    "expires_at": None,
    "expired_at": None,
    "expires_calculated_at": None,
    "last_detected_at": None,
    **STAMPS,
}
TYPE = {"id": 15, "name": "IP Address", "class": "network", "score": None}
TYPE |= {"wildcard_matching": "Y", "created_at": STAMP, "updated_at": STAMP}
EVENT = {"id": 1, "title": "CASE123456", "type_id": 13, "happened_at": "2025-08-06 14:28:43"}
EVENT |= {"hash": str, "description": None, **STAMPS}
INCIDENT = {"id": 1, "value": "CASE123456", "status_id": None, "type_id": None}
INCIDENT |= {"description": "d", "started_at": None, "ended_at": None, **STAMPS}
INCIDENT |= {"object_id": 4, "object_code": "incident", "object_name": "Incident"}
INCIDENT |= {"object_name_plural": "Incidents"}
SOURCE = {"id": int, "type": "other_sources", "name": "S", "tlp_id": None, "published_at": None}
SOURCE |= {"created_at": STAMP, "updated_at": STAMP, "reference_id": int}
ATTRIBUTE = {"id": 1, "attribute_id": 1, "name": "A", "value": "B", "incident_id": 1, **STAMPS}
ATTRIBUTE |= {"attribute": {"id": 1, "name": "A"}}
SCORE = {"generated_score": "0.00", "manual_score": 7}
WORD = {"id": int, "name": str}


@dataclass(frozen=True)
class Exchange:
    """A request, and what its answer holds: ``data`` alone, or the whole ``answer``."""

    name: str
    method: str
    path: str
    body: Any = None
    status: int = 200
    data: Any = None
    answer: dict[str, Any] = field(default_factory=dict)
    raw: str | None = None
    total: bool | None = None


IP = {"type": "IP Address", "status": "Active", "value": "192.0.2.9"}
# what is there before each exchange; each is number 1 of its kind
WORLD: dict[str, dict[str, Any]] = {
    "indicators": {
        **IP,
        "sources": [{"name": "S"}],
        "attributes": [{"name": "A", "value": "B"}],
        "tags": ["t"],
    },
    "events": {"title": "CASE123456", "type": "Incident", "happened_at": "2025-08-06 14:28:43"},
    "adversaries": {"name": "Bear", "description": [{"value": "d"}]},
    "incident": {
        "value": "CASE123456",
        "description": "d",
        "sources": [{"name": "S"}],
        "attributes": [{"name": "A", "value": "B", "sources": [{"name": "S"}]}],
        "tags": ["t"],
        "indicators": [{"id": 1}],
        "adversaries": [{"id": 1}],
        "comments": [{"value": "c"}],
    },
}
OTHER = {"type": "URL", "status": "Review", "value": "example.com/x"}
NEW = {"existing": "N"}
URL_TYPE = {"type_id": 28}
CALLS = [
    # types, statuses, kinds
    Exchange("W types", "GET", "/indicator/types?name=URL", data=[{"id": 28, "name": "URL"}]),
    Exchange("W parsable", "GET", "/indicator/types?is_parsable=Y&limit=1", data=[WORD]),
    Exchange("W type", "GET", "/indicator/types/15", data={"name": "IP Address"}),
    Exchange("W statuses", "GET", "/indicator/statuses?name=Review", data=[WORD]),
    Exchange(
        "R status",
        "GET",
        "/indicator/statuses/1",
        data={"id": 1, "name": "Active", "description": None, "visible": "Y"}
        | {"include_in_export": "Y", "protected": "Y", "user_editable": "N"},
    ),
    Exchange("W event types", "GET", "/event/types?name=Incident", data=[WORD]),
    Exchange("W event type", "GET", "/event/types/13", data={"name": "Incident"}),
    Exchange("W signature types", "GET", "/signature/types?name=YARA", data=[WORD]),
    Exchange("W categories", "GET", "/attachments/types?name=Generic Text", data=[WORD]),
    Exchange("W category", "GET", "/attachments/types/6", data={"name": "Generic Text"}),
    Exchange("C make a type", "POST", "/event/types", {"name": "X"}, 201, {"id": 15, "name": "X"}),
    # lists and single reads; XS sends the body null
    Exchange("W list", "GET", "/incident?limit=1", data=[INCIDENT], raw="null", total=True),
    Exchange(
        "W list with",
        "GET",
        "/events?with=attributes,sources",
        data=[{**EVENT, "attributes": [], "sources": [{"type": "users"}]}],
        raw="null",
    ),
    Exchange("W one", "GET", "/indicators/1", data=INDICATOR, raw="null"),
    Exchange(
        "W one with",
        "GET",
        "/indicators/1?with=attributes,sources,score,type,status",
        data={
            **INDICATOR,
            "attributes": [{"id": 1, "name": "A", "value": "B", "indicator_id": 1}],
            "sources": [{**SOURCE, "pivot": {"id": int, "indicator_id": 1}}],
            "score": {"generated_score": "0.00", "manual_score": None},
            "type": TYPE,
            "status": {"id": 1, "protected": "Y"},
        },
    ),
    Exchange(
        "C details",
        "GET",
        "/indicators/1/details?with=malware,attack_pattern",
        data={
            **INDICATOR,
            "incident": [{"value": "CASE123456"}],
            "attack_pattern": [],
            "attributes": [{"name": "A"}],
            "tags": [{"id": 1, "name": "t"}],
            "score": {"generated_score": "0.00", "manual_score": None},
        },
    ),
    Exchange(
        "R everything of a generic object",
        "GET",
        "/incident/1?with=attackPattern,courseOfAction,exploitTarget,intrusionSet,indicators,"
        "adversaries,malware,status,type,watchlist,tags,comments",
        data={
            **INCIDENT,
            "attack_pattern": [],
            "course_of_action": [],
            "exploit_target": [],
            "intrusion_set": [],
            "malware": [],
            "indicators": [{"id": 1, "pivot": PIVOT}],
            "adversaries": [{"id": 1, "name": "Bear"}],
            "status": None,
            "type": None,
            "watchlist": [],
            "tags": [{"id": 1, "name": "t"}],
            "comments": [{"value": "c"}],
        },
    ),
    Exchange(
        "C dotted with",
        "GET",
        "/incident/1?with=indicators.type,indicators.status",
        data={"indicators": [{"type": TYPE, "status": {"name": "Active"}}]},
    ),
    Exchange(
        "C with in snake case is a 500",
        "GET",
        "/indicators/1?with=attack_pattern",
        status=500,
        answer={"errors": [str]},
    ),
    # create
    Exchange(
        "W indicator",
        "POST",
        "/indicators",
        {**OTHER, "sources": [{"name": "S"}], "attributes": [{"name": "A", "value": "B"}]},
        201,
        [{**NEW, **URL_TYPE, "id": 2, "status_id": 4, "type": {"name": "URL"}}],
        total=True,
    ),
    Exchange(
        "C indicators in an array, class and ids",
        "POST",
        "/indicators?normalize=Y",
        [{"type_id": "28", "status_id": 4, "value": "x", "class": "host"}, {**OTHER, "value": "y"}],
        201,
        [{"id": 2, "class": "host", "type_id": 28}, {"id": 3, "class": "network"}],
    ),
    Exchange("R existing", "POST", "/indicators", IP, 200, [{"id": 1, "existing": "Y"}]),
    Exchange(
        "W event with its type by name",
        "POST",
        "/events",
        {
            "title": "CASE2",
            "type": "Incident",
            "happened_at": "2025-08-06 14:28:43",
            "sources": [{"name": "S"}],
            "attributes": [{"name": "A", "value": "B"}],
        },
        201,
        {**EVENT, "id": 2, "title": "CASE2", "type": {"id": 13, "user_editable": "N"}},
        total=False,
    ),
    Exchange(
        "W event with name and id of its type",
        "POST",
        "/events",
        {"title": "C", "type": "Sighting", "type_id": 14, "happened_at": "2025-08-06 14:28:43"},
        201,
        {"type_id": 14, "type": {"name": "Sighting"}},
    ),
    Exchange(
        "C event that happened at no time",
        "POST",
        "/events",
        {"title": "C", "type": "Sighting", "happened_at": None},
        201,
        {"happened_at": None},
    ),
    Exchange(
        "W adversary",
        "POST",
        "/adversaries",
        {"name": "Cat", "sources": [{"name": "S"}], "published_at": "2025-08-06 14:28:43"},
        201,
        {"id": 2, "name": "Cat"},
    ),
    Exchange(
        "W adversary of a taken name",
        "POST",
        "/adversaries",
        {"name": "Bear"},
        400,
        {"errors": {"name": ["The name has already been taken."]}},
    ),
    Exchange(
        "C description of an adversary",
        "POST",
        "/adversaries/1/description",
        {"value": "new"},
        201,
        {"id": int, "value": "new"},
    ),
    Exchange("C read it", "GET", "/adversaries/1/description", data={"value": "d"}),
    Exchange(
        "R generic object",
        "POST",
        "/attack_pattern",
        {"value": "x", "description": "y"},
        201,
        {"id": 1, "value": "x", "description": "y", **GENERIC, **STAMPS}
        | {"object_code": "attack_pattern", "object_name": "Attack Pattern"},
    ),
    Exchange("I custom object", "POST", "/account", {"value": "x"}, 201, {"id": 1, **GENERIC}),
    Exchange("I note", "POST", "/note", {"value": "x"}, 201, {"id": 1, **GENERIC}),
    # change and delete
    Exchange(
        "W description",
        "PUT",
        "/incident/1?with=attributes,sources",
        {"description": "new"},
        data={**INCIDENT, "description": "new", "attributes": [{}], "sources": [{}]},
        total=False,
    ),
    Exchange(
        "W event",
        "PUT",
        "/events/1",
        {"title": "T", "happened_at": "2025-01-02 03:04:05", "type": "Sighting"},
        data={"title": "T", "happened_at": "2025-01-02 03:04:05", "type_id": 14},
    ),
    Exchange(
        "W status by name", "PUT", "/indicators/1", {"status": "Review"}, data={"status_id": 4}
    ),
    Exchange(
        "C status as an object",
        "PUT",
        "/indicators/1?with=attributes,sources,score",
        {"status": {"name": "Review"}},
        data={"status_id": 4, "score": {"generated_score": "0.00"}},
    ),
    Exchange("C status by id", "PUT", "/indicators/1", {"status_id": 4}, data={"status_id": 4}),
    Exchange("C status in the query", "PUT", "/indicators/1?status_id=4", data={"status_id": 4}),
    Exchange("W delete", "DELETE", "/incident/1", status=204, raw="null"),
    Exchange("W score", "PUT", "/indicator/1/scores", {"manual_score": 7}, data=SCORE, total=False),
    Exchange("C score in the query", "PUT", "/indicator/1/scores?manual_score=7", data=SCORE),
    Exchange(
        "W no score",
        "PUT",
        "/indicator/1/scores",
        {"manual_score": None},
        data={"indicator_id": 1, "generated_score": "0.00", "manual_score": None},
    ),
    # attributes
    Exchange(
        "R attributes",
        "GET",
        "/incident/1/attributes?with=attribute",
        data=[
            {
                **ATTRIBUTE,
                "sources": [{**SOURCE, "pivot": {"id": int, "incident_attribute_id": 1}}],
            }
        ],
        total=True,
    ),
    Exchange(
        "W add an attribute",
        "POST",
        "/incident/1/attributes",
        {"name": "A", "value": "C"},
        201,
        [{"id": 2, "attribute_id": 1, "value": "C", "sources": [{"type": "users"}]}],
        total=True,
    ),
    Exchange(
        "C add attributes without a date",
        "POST",
        "/incident/1/attributes",
        [
            {"name": "A", "value": "C", "published_at": None, "sources": [{"name": "S"}]},
            {"name": "Z", "value": "1", "published_at": "2025-08-06 14:28:43"},
        ],
        201,
        [{"attribute_id": 1, "sources": [{"name": "S"}]}, {"attribute_id": 2}],
    ),
    Exchange(
        "W add one that is there",
        "POST",
        "/incident/1/attributes",
        {"name": "A", "value": "B"},
        201,
        [{"id": 1}],
    ),
    Exchange(
        "W change an attribute",
        "PUT",
        "/incident/1/attributes/1",
        {"value": "Closed"},
        data={"id": 1, "attribute_id": 1, "name": "A", "value": "Closed"},
    ),
    Exchange(
        "C change it with name and sources",
        "PUT",
        "/incident/1/attributes/1",
        {"name": "A", "value": "Closed", "sources": [{"name": "S"}]},
        data={"id": 1, "value": "Closed", "sources": [{"name": "S"}]},
    ),
    Exchange("W delete it", "DELETE", "/incident/1/attributes/1", status=204, raw="null"),
    # sources, tags, comments
    Exchange(
        "R add a source",
        "POST",
        "/incident/1/sources",
        {"name": "T"},
        201,
        {"id": int, "source_id": int, "name": "T", "creator_source_id": int, "existing": 0}
        | {"published_at": None, "tlp_id": None, "incident_id": 1, "deleted_at": None},
    ),
    Exchange(
        "R add one that is there",
        "POST",
        "/incident/1/sources",
        {"name": "S"},
        200,
        {"id": 1, "existing": 1},
    ),
    Exchange("W delete a source", "DELETE", "/incident/1/sources/1", status=204, raw="null"),
    Exchange("C tag", "POST", "/incident/1/tags", {"name": "u"}, 201, [{"id": 2, "name": "u"}]),
    Exchange(
        "C tags, with a slash at the end",
        "POST",
        "/incident/1/tags/",
        [{"name": "t"}, {"name": "u"}],
        201,
        [{"id": 1, "name": "t"}, {"id": 2, "name": "u"}],
    ),
    Exchange("C untag", "DELETE", "/incident/1/tags/1", status=204),
    Exchange("C untag everything", "DELETE", "/tags/1", status=204),
    Exchange(
        "W comment",
        "POST",
        "/incident/1/comments?with=sources",
        {"value": "text"},
        201,
        {"id": 2, "value": "text", "sources": [{"type": "users"}]},
    ),
    Exchange("W comments", "GET", "/incident/1/comments?with=sources", data=[{"value": "c"}]),
    # relations
    Exchange(
        "W related",
        "GET",
        "/indicators/1/incident?with=attributes&limit=1000",
        data=[{**INCIDENT, "pivot": PIVOT, "attributes": [{"name": "A"}]}],
        raw="null",
        total=True,
    ),
    Exchange(
        "W relate, the id as text",
        "POST",
        "/incident/1/events",
        {"id": "1"},
        201,
        [{**EVENT, "pivot": PIVOT}],
        total=True,
    ),
    Exchange("W relate", "POST", "/events/1/incident", {"id": 1}, 201, [{"pivot": PIVOT}]),
    Exchange("C relate a list", "POST", "/events/1/indicators", [{"id": 1}], 201, [{"id": 1}]),
    Exchange(
        "R pivot between indicators and adversaries",
        "POST",
        "/indicators/1/adversaries",
        [{"id": 1}],
        201,
        [
            {
                "pivot": {"src_type": "indicator", "src_object_id": 1}
                | {"dest_type": "adversary", "dest_object_id": 1}
            }
        ],
    ),
    Exchange("W unrelate", "DELETE", "/incident/1/indicators", [1], 204),
    # searches
    Exchange(
        "W search",
        "GET",
        "/search?query=192.0.2&limit=5",
        data=[{"id": 1, "value": "192.0.2.9", "object": "indicator"}],
        raw="null",
    ),
    Exchange("W search events", "GET", "/search?query=case", data=[{"object": "event"}]),
    Exchange(
        "W advanced search",
        "POST",
        "/search/advanced?limit=10",
        {
            "indicators": [
                [
                    {"field": "indicator_type", "operator": "is", "value": 15},
                    {"field": "indicator_value", "operator": "like", "value": "192"},
                ]
            ]
        },
        data=[{"id": 1}],
    ),
    Exchange(
        "C query",
        "POST",
        "/indicators/query?limit=5&offset=0&sort=-created_at",
        {
            "criteria": {},
            "filters": {"+or": [{"+and": [{"type_name": "IP Address"}, {"value": "192.0.2.9"}]}]},
            "fields": ["value", "type_name", "tags", "sources", "score"],
        },
        data=[
            {
                "id": 1,
                "value": "192.0.2.9",
                "type_name": "IP Address",
                "tags": ["t"],
                "score": 0,
                "sources": [
                    {
                        "id": 1,
                        "source_id": int,
                        "source_type": "other_sources",
                        "creator_source_id": int,
                        "indicator_id": 1,
                        "published_at": STAMP,
                        "reference_id": int,
                        "name": "S",
                    }
                ],
            }
        ],
        total=True,
    ),
    Exchange(
        "C query with criteria by type",
        "POST",
        "/indicators/query?limit=500&offset=0",
        {"criteria": {"+or": [{"value": "192.0.2.9"}], "+and": [{"type": "IP Address"}]}},
        data=[{"id": 1, "status_name": "Active", "attributes": [{"name": "A", "value": "B"}]}],
    ),
    Exchange(
        "C query by date",
        "POST",
        "/incident/query",
        {"filters": {"created_at": {"+gt": "2025-08-01 00:00:00", "+lt": "NOW"}}},
        data=[],
    ),
    Exchange(
        "C query by date, with a match",
        "POST",
        "/incident/query",
        {"filters": {"created_at": {"+gt": "NOW-1DAY", "+lt": "NOW+1HOUR"}}},
        data=[{"value": "CASE123456"}],
    ),
    Exchange(
        "C saved query",
        "GET",
        "/indicators/query/hash/abc?limit=10&cursorMark=*&sort=id",
        answer={"total": 1, "data": [{"id": 1, "value": "192.0.2.9"}], "nextCursorMark": str},
    ),
    # outside of ours
    Exchange("C task", "POST", "/tasks", {"name": "Look"}, 201, {"id": 1, "name": "Look"}),
    Exchange("C investigation", "POST", "/investigations", {"name": "I"}, 201, {"id": 1}),
]


def there(platform: Platform) -> None:
    for collection, item in WORLD.items():
        assert platform.plant(collection, item) == 1


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_a_call_is_answered_as_a_client_expects(
    platform: Platform, rest: Rest, call: Exchange
) -> None:
    there(platform)
    arguments = {"data": call.raw, "headers": JSON} if call.raw is not None else {}
    answer = rest.send(call.method, call.path, call.body, **arguments)
    assert answer.status_code == call.status, answer.text
    if call.status == 204:
        assert answer.content == b""
        return
    document = answer.json()
    if call.data is not None:
        assert fits(document["data"], call.data), json.dumps(document["data"], indent=1)
    assert fits(document, call.answer), document
    if call.total is not None:
        assert ("total" in document) is call.total


def test_every_kind_is_found_with_its_collection_types_and_statuses(rest: Rest) -> None:
    kinds = {row["name"]: row for row in rest.data("GET", "/objects")}
    collections = {name: row["collection"] for name, row in kinds.items()}
    assert (
        collections.items()
        >= {
            "indicator": "indicators",
            "event": "events",
            "adversary": "adversaries",
            "attachment": "attachments",
            "signature": "signatures",
            "task": "tasks",
            "incident": "incident",
            "attack_pattern": "attack_pattern",
            "identity": "identity",
            "note": "note",
            "account": "account",
        }.items()
    )
    assert kinds["account"]["display_name"] == "Compromised Account"
    assert kinds["account"]["display_name_plural"] == "Compromised Accounts"
    assert {"id": 13, "name": "Incident"} in kinds["event"]["types"]
    assert {"id": 1, "name": "Active"} in kinds["indicator"]["statuses"]
    assert kinds["account"]["types"] == kinds["account"]["statuses"] == []


def test_a_custom_object_is_there_only_after_it_was_installed() -> None:
    with Platform() as bare, Rest(bare) as rest:
        rest.login()
        assert "account" not in {row["name"] for row in rest.data("GET", "/objects")}
        assert rest.send("POST", "/account/consume", [{"value": "x"}]).status_code == 404
        rest.consume("identity", {"value": "x"})
        definition = [{"code": "account", "name": "A", "fields": [{"field": "value"}]}]
        bare.state.install(definition)
        assert rest.consume("account", {"value": "x"}) == [1]
        bare.state.reset()
        assert rest.send("GET", "/objects").status_code == 401


def test_tasks_and_investigations_are_tied_to_our_objects(platform: Platform, rest: Rest) -> None:
    there(platform)
    rest.data("POST", "/tasks", {"name": "Look"})
    assert rest.data("POST", "/indicators/1/tasks", [{"id": 1}])[0]["pivot"]["id"]
    assert rest.data("POST", "/tasks/1/events", [{"id": 1}])[0]["title"] == "CASE123456"
    rest.data("POST", "/investigations", {"name": "I", "priority": "High"})
    node = rest.data("POST", "/investigations/1/nodes", {"object_id": 1, "object_type": "event"})
    assert node["object_id"] == 1
    assert rest.data("GET", "/investigations/1")["priority"] == "High"
    for collection in ("imports", "plugins", "connectors"):
        assert rest.data("POST", f"/{collection}", {"name": "N"})["id"] == 1
        assert rest.data("GET", f"/{collection}?name=N")[0]["name"] == "N"


def test_an_object_is_deleted_with_all_that_hangs_on_it(platform: Platform, rest: Rest) -> None:
    there(platform)
    rest.data("DELETE", "/indicators/1")
    assert rest.send("GET", "/indicators/1").status_code == 404
    assert rest.data("GET", "/incident/1/indicators") == []
    assert rest.data("GET", "/incident/1?with=indicators")["indicators"] == []
    assert rest.data("POST", "/indicators", IP)[0]["id"] == 2


# what is refused: method, path, body, status, the field or None for a general error
REFUSED: list[tuple[str, str, Any, int, str | None]] = [
    ("GET", "/notes/9", None, 404, None),
    ("GET", "/nothing", None, 404, None),
    ("GET", "/indicators/9", None, 404, None),
    ("GET", "/indicators/abc", None, 404, None),
    ("GET", "/a/b/c/d/e", None, 404, None),
    ("PUT", "/indicators/9", {}, 404, None),
    ("DELETE", "/indicators/9", None, 404, None),
    ("PUT", "/search", {}, 405, None),
    ("POST", "/attachments/consume", [{"name": "a"}], 404, None),
    ("POST", "/indicators", IP | {"type": "Nonsense"}, 400, "type_id"),
    ("POST", "/indicators", IP | {"status": "Nonsense"}, 400, "status_id"),
    ("POST", "/indicators", {"value": "x"}, 400, "type_id"),
    ("POST", "/indicators", {"type": "URL"}, 400, "value"),
    ("POST", "/indicators", IP | {"value": ["x"]}, 400, "value"),
    ("POST", "/incident", {"value": ""}, 400, "value"),
    ("POST", "/incident", {"value": "x" * 256}, 400, "value"),
    ("POST", "/incident", {"value": "x", "description": "\u00fc" * 32_768}, 400, "description"),
    ("POST", "/incident", {"value": "x", "started_at": "yesterday"}, 400, "started_at"),
    ("POST", "/incident", {"value": "x", "tags": ["t" * 51]}, 400, "name"),
    ("POST", "/incident", {"value": "x", "sources": [{"tlp_id": 1}]}, 400, "sources"),
    ("POST", "/incident", {"value": "x", "indicators": [{"id": 9}]}, 400, "indicators"),
    ("POST", "/incident", {"value": "x", "attributes": [{"name": "A"}]}, 400, "value"),
    ("POST", "/incident", "text", 400, None),
    ("POST", "/incident/1/attributes", {"name": "n" * 65, "value": "v"}, 400, "name"),
    ("POST", "/incident/1/attributes", {"name": "n", "value": None}, 400, "value"),
    ("PUT", "/incident/1/attributes/9", {"value": "v"}, 404, None),
    ("DELETE", "/incident/1/attributes/9", None, 404, None),
    ("POST", "/incident/1/sources", {}, 400, "sources"),
    ("DELETE", "/incident/1/sources/99", None, 404, None),
    ("POST", "/incident/1/tags", {"name": ""}, 400, "name"),
    ("DELETE", "/incident/1/tags/9", None, 404, None),
    ("DELETE", "/tags/9", None, 404, None),
    ("POST", "/incident/1/comments", {"value": None}, 400, "value"),
    ("POST", "/incident/1/indicators", {"id": 9}, 400, "indicators"),
    ("POST", "/incident/1/incident", {"id": 1}, 400, "id"),
    ("DELETE", "/incident/1/indicators", [9], 404, None),
    ("DELETE", "/incident/1/indicators", None, 404, None),
    ("PUT", "/indicator/1/scores", {"manual_score": "high"}, 400, "manual_score"),
    ("PUT", "/incident/1", {"value": None}, 400, "value"),
    ("PUT", "/incident/1", ["x"], 400, None),
    ("POST", "/event/types", {"name": "Incident"}, 400, "name"),
    ("POST", "/event/types", {}, 400, "name"),
    ("GET", "/event/types/99", None, 404, None),
    ("GET", "/event/statuses", None, 404, None),
    ("GET", "/incident?limit=many", None, 400, "limit"),
    ("POST", "/incident/query", {"filters": {"+xor": []}}, 400, "filters"),
    ("POST", "/incident/query", {"filters": {"value": {"+near": 1}}}, 400, "filters"),
    ("POST", "/incident/query", {"filters": {"+and": ["x"]}}, 400, "filters"),
    ("GET", "/incident/query/hash/x?cursorMark=!", None, 400, "cursorMark"),
    ("POST", "/search/advanced", [], 400, "body"),
    ("POST", "/search/advanced", {"nothing": []}, 400, "nothing"),
    ("POST", "/search/advanced", {"events": [["x"]]}, 400, "field"),
    (
        "POST",
        "/search/advanced",
        {"events": [[{"field": "event_x", "operator": "is", "value": 1}]]},
        400,
        "field",
    ),
    (
        "POST",
        "/search/advanced",
        {"events": [[{"field": "event_title", "operator": "was", "value": 1}]]},
        400,
        "operator",
    ),
    ("POST", "/investigations/1/nodes", {}, 404, None),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "name"), REFUSED, ids=lambda value: str(value)[:40]
)
def test_what_is_wrong_is_refused_in_a_known_form_and_leaves_no_trace(
    platform: Platform, rest: Rest, method: str, path: str, body: Any, status: int, name: str | None
) -> None:
    there(platform)
    before = platform.snapshot()
    answer = rest.send(method, path, body)
    assert answer.status_code == status, answer.text
    form = {"errors": [str]} if name is None else {"data": {"errors": {name: [str]}}}
    assert fits(answer.json(), form), answer.text
    assert platform.snapshot() == before


@pytest.mark.parametrize("body", ["{", "[1,", "\ud800".encode(errors="surrogatepass")])
def test_a_body_that_is_no_json_is_refused(rest: Rest, body: Any) -> None:
    assert rest.send("POST", "/incident", data=body, headers=JSON).status_code == 400


def test_a_body_that_is_nested_too_deeply_is_refused(rest: Rest) -> None:
    deep: Any = {"value": "x"}
    text = '{"indicators":[' * 5000 + json.dumps(deep) + "]}" * 5000
    answer = rest.send("POST", "/incident", data=text, headers=JSON)
    assert answer.status_code == 400
