"""Whatever is created, changed and deleted in whatever order: the platform equals a dictionary."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from izoologic_cdf.platform import Platform
from izoologic_cdf.platform.routing import ROUTES
from tests.platform.rest import Rest

VALUES, TEXTS, SOURCES = ("a", "b", "c"), ("", "x", "y"), ("S", "T")
NAMES = ("Status", "Brand")


@dataclass
class Object:
    """What ought to be there of one object."""

    description: str | None
    sources: set[str] = field(default_factory=set)
    attributes: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    related: set[str] = field(default_factory=set)


# an operation, whose arguments are drawn whether it needs them or not
Step = tuple[str, str, str, str, str, str]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["consume", "post", "put", "delete", "attribute", "value", "drop", "relate", "unrelate"]
        ),
        st.sampled_from(VALUES),
        st.sampled_from(VALUES),
        st.sampled_from(TEXTS),
        st.sampled_from(SOURCES),
        st.sampled_from(NAMES),
    ),
    max_size=25,
)


class Model:
    """A dictionary, and the client that does the same to the platform."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self.objects: dict[str, Object] = {}

    def id(self, value: str) -> int:
        (row,) = self.rest.data("GET", f"/incident?value={value}")
        return int(row["id"])

    def bring(self, way: str, value: str, text: str, source: str, name: str) -> None:
        item = {"value": value, "description": text, "sources": [{"name": source}]}
        item["attributes"] = [{"name": name, "value": text or "z"}]
        self.rest.data("POST", way, [item])
        known = self.objects.setdefault(value, Object(text))
        known.description = text
        known.sources.add(source)
        known.attributes.setdefault((name, text or "z"), set()).add(source)

    def row(self, value: str, name: str) -> tuple[str, int] | None:
        """Return value and id of the first attribute of a name."""
        for row in self.rest.data("GET", f"/incident/{self.id(value)}/attributes"):
            if row["name"] == name:
                return row["value"], row["id"]
        return None

    def do(self, step: Step) -> None:
        what, value, other, text, source, name = step
        if what in ("consume", "post"):
            way = "/incident/consume" if what == "consume" else "/incident"
            self.bring(way, value, text, source, name)
            return
        known = self.objects.get(value)
        if known is None:
            assert self.rest.data("GET", f"/incident?value={value}") == []
            return
        path = f"/incident/{self.id(value)}"
        if what == "put":
            self.rest.data("PUT", path, {"description": text})
            known.description = text
        elif what == "delete":
            self.rest.data("DELETE", path)
            del self.objects[value]
            for left in self.objects.values():
                left.related.discard(value)
        elif what == "attribute":
            body = {"name": name, "value": text or "z", "sources": [{"name": source}]}
            self.rest.data("POST", f"{path}/attributes", body)
            known.attributes.setdefault((name, text or "z"), set()).add(source)
        elif what in ("value", "drop") and (found := self.row(value, name)) is not None:
            old, number = found
            if what == "drop":
                self.rest.data("DELETE", f"{path}/attributes/{number}")
                del known.attributes[name, old]
            else:
                self.rest.data("PUT", f"{path}/attributes/{number}", {"value": text or "z"})
                moved = known.attributes.pop((name, old))
                known.attributes.setdefault((name, text or "z"), set()).update(moved)
        elif what in ("relate", "unrelate") and other in self.objects and other != value:
            self.tie(what, path, value, other)

    def tie(self, what: str, path: str, value: str, other: str) -> None:
        known, related = self.objects[value], self.objects[other]
        pivot = self.rest.data("POST", f"{path}/incident", {"id": self.id(other)})[0]["pivot"]
        known.related.add(other)
        related.related.add(value)
        if what == "unrelate":
            self.rest.data("DELETE", f"{path}/incident", [pivot["id"]])
            known.related.discard(other)
            related.related.discard(value)

    def expected(self) -> list[dict[str, Any]]:
        return [
            {
                "value": value,
                "description": one.description,
                "sources": sorted(one.sources),
                "attributes": sorted(
                    (*pair, sorted(sources)) for pair, sources in one.attributes.items()
                ),
                "related": sorted(one.related),
            }
            for value, one in sorted(self.objects.items())
        ]


def _told(platform: Platform) -> list[dict[str, Any]]:
    rows = platform.snapshot().get("incident", [])
    told = [{name: row[name] for name in ("value", "description", "sources")} for row in rows]
    for one, row in zip(told, rows, strict=True):
        one["attributes"] = row["attributes"]
        one["related"] = row["related"].get("incident", [])
    return sorted(told, key=lambda one: str(one["value"]))


@settings(max_examples=60)
@given(steps=STEPS)
def test_it_equals_a_dictionary_after_any_steps(listening: Platform, steps: list[Step]) -> None:
    listening.state.reset()
    with Rest(listening) as rest:
        rest.login()
        model = Model(rest)
        for step in steps:
            model.do(step)
        assert _told(listening) == model.expected()
        for one in model.expected():
            assert len(rest.data("GET", f"/incident?value={one['value']}")) == 1


_KEYS = (
    *("value", "title", "name", "type", "type_id", "status", "status_id", "description", "id"),
    *("sources", "source", "tlp", "attributes", "tags", "comments", "indicators", "account"),
    *("published_at", "happened_at", "started_at", "filters", "criteria", "fields", "+or", "+gt"),
    *("value", "text", "hash", "field", "operator", "manual_score", "object_id", "object_type"),
)
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "x", "1", "URL", "Incident", "event", "is", "NOW", "2025-08-06 14:28:43"]),
    st.sampled_from(["NOW+999999999999DAYS", "0001-01-01T00:00:00+14:00", "9" * 19, "\x00", "a,b"]),
    st.text(max_size=5),
)
_BODIES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=5)
    ),
    max_leaves=12,
)
# each route once, on things that are there
_CALLS = sorted(
    {
        (method, pattern.replace("{c}", collection))
        for entries in ROUTES.values()
        for method, pattern, _, _ in entries
        for collection in (
            "incident",
            "indicators",
            "events",
            "adversaries",
            "attachments",
            "tasks",
        )
    }
)
_FILL = {"{id}": "1", "{c2}": "indicators", "{row}": "1", "{tag}": "1", "{hash}": "h"}


@settings(max_examples=250)
@given(
    call=st.sampled_from(_CALLS),
    body=_BODIES,
    query=st.dictionaries(
        st.sampled_from(["limit", "offset", "sort", "fields", "value", "id", "cursorMark", "with"]),
        st.sampled_from(
            ["1", "x", "", "-id", "*", "%", "value,tags", "sources.", "99999999999999999999"]
        ),
        max_size=2,
    ),
)
def test_whatever_is_sent_is_answered(
    listening: Platform, call: tuple[str, str], body: Any, query: dict[str, str]
) -> None:
    state = listening.state
    state.reset()
    listening.plant("indicators", {"value": "x", "type": "URL", "tags": ["t"]})
    listening.plant("incident", {"value": "x", "attributes": [{"name": "a", "value": "b"}]})
    listening.plant("events", {"title": "x", "type": "Incident"})
    listening.plant("adversaries", {"name": "x"})
    state.save_search("h", {"filters": body})
    method, path = call
    for name, text in _FILL.items():
        path = path.replace(name, text)
    with Rest(listening) as rest:
        rest.login()
        answer = rest.send(method, path, body, params=query)
    assert answer.status_code < 500, answer.text
    assert answer.status_code == 204 or isinstance(answer.json(), dict)
    listening.snapshot()
