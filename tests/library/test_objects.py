"""Objects: identity, fields, sources, relations, stamps, counts."""

import pytest

from izoologic_cdf.library.objects import Count, Reported
from izoologic_cdf.library.store import Library
from tests.library.reports import LATER, NOW, incident, obj, only, put, stored


@pytest.mark.parametrize(
    ("one", "other", "objects"),
    [
        pytest.param(incident(), incident(), 1, id="equal values are one object"),
        pytest.param(incident(), incident(value="case1"), 2, id="case counts"),
        pytest.param(
            incident(value="caf\u00e9"),
            incident(value="cafe\u0301"),
            2,
            id="unicode forms are not joined",
        ),
        pytest.param(incident(value="a\0b"), incident(value="a\0c"), 2, id="text after NUL counts"),
        pytest.param(incident(value="a"), incident(value="a "), 2, id="a blank at the end counts"),
        pytest.param(incident(), obj("note", "CASE1"), 2, id="types are apart"),
        pytest.param(
            obj("indicator", "x", subtype="URL"),
            obj("indicator", "x", subtype="FQDN"),
            2,
            id="the type of an indicator counts",
        ),
        pytest.param(
            obj("event", "x", subtype="Incident"),
            obj("event", "x", subtype="Malware"),
            2,
            id="the type of an event counts",
        ),
        pytest.param(
            obj("event", "x", subtype="Incident", happened_at="2024-01-01 00:00:00"),
            obj("event", "x", subtype="Incident", happened_at="2024-01-02 00:00:00"),
            1,
            id="the time of an event does not count",
        ),
        pytest.param(
            obj("identity", "x", subtype="a"),
            obj("identity", "x", subtype="b"),
            1,
            id="the subtype of another object does not count",
        ),
        pytest.param(
            obj("attachment", "a.txt", key="1"),
            obj("attachment", "a.txt", key="2"),
            2,
            id="keys tell equal names apart",
        ),
        pytest.param(
            obj("attachment", "a.txt", key="1"),
            obj("attachment", "b.txt", key="1"),
            1,
            id="a key joins unequal names",
        ),
        pytest.param(
            obj("attachment", "1"),
            obj("attachment", "a.txt", key="1"),
            2,
            id="a value is no key",
        ),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_identity(
    library: Library,
    one: Reported,
    other: Reported,
    objects: int,
    together: bool,
) -> None:
    if together:
        put(library, one, other)
    else:
        put(library, one)
        put(library, other)
    assert len(stored(library)) == objects


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("reports", "field", "kept"),
    [
        (
            [{"published_at": "2024-01-02 00:00:00"}, {"published_at": "2024-01-01 00:00:00"}, {}],
            "published_at",
            "2024-01-01 00:00:00",
        ),
        ([{}, {"published_at": "2024-01-02 00:00:00"}], "published_at", "2024-01-02 00:00:00"),
        ([{}, {}], "published_at", None),
        ([{"description": "a"}, {"description": "b"}, {"description": ""}], "description", "b"),
        ([{"description": ""}], "description", None),
        ([{"status": "Active"}, {"status": "Expired"}, {}], "status", "Expired"),
        ([{"status": "Whitelisted"}, {"status": "Active"}], "status", "Whitelisted"),
        (
            [{"happened_at": "2024-01-01 00:00:00"}, {}],
            "happened_at",
            "2024-01-01 00:00:00",
        ),
        ([{"subtype": "a"}, {}, {"subtype": "b"}], "subtype", "b"),
    ],
)
def test_later_reports_of_an_object_join_the_earlier_ones(
    library: Library,
    reports: list[dict[str, str]],
    field: str,
    kept: str | None,
    together: bool,
) -> None:
    objects = [incident(**fields) for fields in reports]
    if together:
        put(library, *objects)
    else:
        for one in objects:
            put(library, one)
    assert getattr(only(library), field) == kept


@pytest.mark.parametrize("field", ["subtype", "happened_at", "started_at", "ended_at", "status"])
def test_an_older_reading_of_an_object_fills_gaps_and_changes_nothing(
    library: Library, field: str
) -> None:
    put(library, incident())
    for text, kept in [("2024-01-01", "2024-01-01"), ("2023-01-01", "2024-01-01")]:
        put(library, incident(**{field: text}), stale=True)
        assert getattr(only(library), field) == kept
    put(library, incident(), stale=True)
    assert getattr(only(library), field) == "2024-01-01"


def test_a_keyed_object_takes_the_latest_name(library: Library) -> None:
    put(library, obj("attachment", "a.txt", key="1"))
    put(library, obj("attachment", "b.txt", key="1"))
    assert only(library).value == "b.txt"


def test_every_source_of_an_object_is_kept(library: Library) -> None:
    put(library, incident(), source="Feed B")
    done = put(library, incident(), source="Feed A", now=LATER)
    assert only(library).sources == ["Feed A", "Feed B"]
    assert done.of("incident").objects == Count(updated=1)


def test_stamps_say_when_and_in_which_run(library: Library) -> None:
    put(library, incident(("Case Type", "Phishing")))
    put(library, incident(), now=LATER)
    record = only(library)
    assert (record.created_at, record.created_run) == (NOW, 1)
    assert (record.modified_at, record.modified_run) == (NOW, 1)
    put(library, incident(("Detected By", "iZoologic")), now=LATER)
    record = only(library)
    assert (record.created_at, record.created_run) == (NOW, 1)
    assert (record.modified_at, record.modified_run) == (LATER, 3)
    assert [(row.name, row.run) for row in record.attributes] == [
        ("Case Type", 1),
        ("Detected By", 3),
    ]


def test_objects_count_as_created_then_unchanged_then_updated(library: Library) -> None:
    counts = [
        put(library, incident(description=text), obj("note", "n")).counts
        for text in ("a", "a", "b")
    ]
    assert [count["incident"].objects for count in counts] == [
        Count(created=1),
        Count(unchanged=1),
        Count(updated=1),
    ]
    assert [count["note"].objects for count in counts] == [
        Count(created=1),
        Count(unchanged=1),
        Count(unchanged=1),
    ]


def test_an_object_reported_twice_in_a_batch_is_counted_once(library: Library) -> None:
    done = put(library, incident(("A", "1")), incident(("A", "1"), ("B", "2")))
    assert done.of("incident").objects == Count(created=1)
    assert done.of("incident").attributes == Count(created=2)


def test_what_became_of_batches_adds_up(library: Library) -> None:
    total = put(library, incident(("A", "1")))
    total.add(put(library, incident(("A", "1")), obj("note", "x" * 256)))
    assert total.of("incident").objects == Count(created=1, unchanged=1)
    assert total.of("incident").attributes == Count(created=1, unchanged=1)
    assert [problem.type for problem in total.problems] == ["note"]


def test_relations_are_stored_once_whatever_their_direction(library: Library) -> None:
    put(library, incident(), obj("note", "n"), relations=[(0, 1), (1, 0), (0, 1)])
    put(library, obj("note", "n"), incident(), relations=[(0, 1)])
    assert [(record.value, record.related) for record in stored(library)] == [
        ("CASE1", [("note", "n", None)]),
        ("n", [("incident", "CASE1", None)]),
    ]
    rows = library.connection.execute("SELECT count(*) FROM relation").fetchone()
    assert rows == (1,)


def test_no_object_is_related_to_itself(library: Library) -> None:
    put(library, incident(), incident(), relations=[(0, 1), (0, 0)])
    assert only(library).related == []


def test_a_new_relation_alone_leaves_the_stamp(library: Library) -> None:
    put(library, incident())
    done = put(library, incident(), obj("note", "n"), relations=[(0, 1)], now=LATER)
    assert done.of("incident").objects == Count(unchanged=1)
    assert stored(library)[0].modified_at == NOW


def test_tags_are_a_set(library: Library) -> None:
    put(library, incident(tags=["b", "a", "b"]))
    put(library, incident(tags=["a"]), now=LATER)
    assert only(library).tags == ["a", "b"]
    assert only(library).modified_at == NOW
    done = put(library, incident(tags=["c"]), now=LATER)
    assert only(library).tags == ["a", "b", "c"]
    assert done.of("incident").objects == Count(updated=1)
