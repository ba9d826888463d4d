"""What changed when: kept with the change itself, and no more than that."""

import itertools
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from izoologic_cdf.library.store import Library
from izoologic_cdf.library.views import HIDDEN, is_password
from tests.library.reports import (
    LATER,
    NOW,
    back_to_format_3,
    exported,
    incident,
    obj,
    put,
    rows,
    spooled,
)


def changes(library: Library, since: str = LATER) -> list[tuple[Any, ...]]:
    query = "SELECT at, value, change, what, name, old, new FROM changes WHERE at >= ?"
    return rows(library, query, since)


def kept(library: Library) -> int:
    return int(rows(library, "SELECT count(*) FROM history")[0][0])


def test_the_first_report_of_an_object_is_one_change_and_costs_no_row(library: Library) -> None:
    put(library, incident(("Status", "Open"), tags=["a"]), obj("note", "n"), relations=[(0, 1)])
    assert kept(library) == 0
    assert changes(library, NOW) == [
        (NOW, "CASE1", "came", "object", None, None, None),
        (NOW, "n", "came", "object", None, None, None),
    ]


def test_what_comes_with_a_new_object_is_no_change_of_another(library: Library) -> None:
    put(library, incident())
    put(library, obj("note", "n"), incident(), relations=[(0, 1)], now=LATER)
    put(library, incident(), obj("note", "m"), relations=[(0, 1)], now=LATER)
    assert [row[1:4] for row in changes(library)] == [
        ("n", "came", "object"),
        ("m", "came", "object"),
    ]


def test_an_unchanged_report_is_no_change(library: Library) -> None:
    for now in (NOW, LATER):
        case = incident(("Status", "Open"), description="d", tags=["a"])
        put(library, case, obj("note", "n"), relations=[(0, 1)], now=now)
    assert changes(library) == []


def test_each_kind_of_change_is_kept_with_what_was_there(library: Library, tmp_path: Path) -> None:
    file = {"key": "k", "type_": "attachment", "value": "a.txt"}
    put(library, incident(("Status", "Open"), ("Brand", "A"), description="d"), obj(**file))
    put(
        library,
        incident(("Status", "Closed"), ("Brand", "B"), description="e", tags=["t"]),
        obj(**file, content=spooled(tmp_path, b"bytes")),
        relations=[(0, 1)],
        source="Feed A",
        now=LATER,
    )
    (digest,) = rows(library, "SELECT sha256 FROM content")[0]
    assert changes(library) == [
        (LATER, "CASE1", "came", "attribute", "Brand", None, "B"),
        (LATER, "CASE1", "changed", "attribute", "Status", "Open", "Closed"),
        (LATER, "CASE1", "came", "tag", None, None, "t"),
        (LATER, "CASE1", "changed", "field", "description", "d", "e"),
        (LATER, "a.txt", "came", "field", "content", None, digest),
        (LATER, "CASE1", "came", "relation", None, None, "a.txt"),
    ]


def test_a_second_feed_is_a_source_that_came(library: Library) -> None:
    put(library, incident(("Status", "Open")))
    put(library, incident(("Status", "Closed")), source="Feed B", now=LATER)
    assert changes(library) == [
        (LATER, "CASE1", "came", "attribute", "Status", None, "Closed"),
        (LATER, "CASE1", "came", "source", None, None, "Feed B"),
    ]


def test_what_a_new_rule_replaces_went(library: Library) -> None:
    put(library, incident(("Other", "1"), ("Other", "2"), ("Other", "3")))
    library.connection.execute("UPDATE term SET text = 'Status' WHERE text = 'Other'")
    with Library.open(library.path) as again:
        put(again, incident(("Status", "3")), now=LATER)
        assert sorted(changes(again), key=str) == [
            (LATER, "CASE1", "went", "attribute", "Status", "1", None),
            (LATER, "CASE1", "went", "attribute", "Status", "2", None),
        ]


def test_an_older_reading_changes_nothing_and_says_so(library: Library) -> None:
    put(library, incident(("Status", "Closed"), description="new"))
    put(library, incident(("Status", "Open"), description="old"), now=LATER, stale=True)
    assert changes(library) == []
    put(library, incident(("URL", "u")), now=LATER, stale=True)
    assert changes(library) == [(LATER, "CASE1", "came", "attribute", "URL", None, "u")]


def test_what_is_rolled_back_is_no_change(library: Library) -> None:
    put(library, incident(("Status", "Open")))

    def fail() -> None:
        with library.transaction():
            put(library, incident(("Status", "Closed")), now=LATER)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert changes(library) == []


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("Password", True),
        ("PASSWORD hash", True),
        ("Old passwords", True),
        ("Passwd", True),
        ("Pass Phrase", False),
        ("Passphrase", True),
        ("Pwd", True),
        ("Passport", False),
    ],
)
def test_no_change_tells_a_password(library: Library, name: str, *, hidden: bool) -> None:
    assert is_password(name) == hidden
    account = "account-1@example.com"
    put(library, obj("account", account, (name, "canary-1")))
    # a number that is remembered, and one that is read from the file
    put(library, obj("account", account, (name, "canary-2")), now=LATER)
    with Library.open(library.path) as again:
        put(again, obj("account", account, (name, "canary-3")), now=LATER)
    put(library, obj("account", account, ("Status", "canary-4")), now=LATER)
    with sqlite3.connect(library.path) as connection:
        held = str(connection.execute("SELECT * FROM history").fetchall())
    connection.close()
    assert ("canary-2" in held, "canary-3" in held, HIDDEN in held) == (not hidden,) * 2 + (hidden,)
    assert "canary-4" in held
    assert "canary-1" not in held
    shown = str(rows(library, "SELECT * FROM attributes"))
    assert all((f"canary-{i}" in shown) != hidden for i in (1, 2, 3))


def test_what_changed_before_format_4_is_told_as_far_as_it_is_known(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    with Library.create(path) as library:
        put(library, incident(("Status", "Open")), obj("account", "a", ("Password", "canary")))
        put(library, incident(("Status", "Closed")), obj("note", "n"), relations=[(0, 1)])
        account = obj("account", "a", ("Password", "canary 2"))
        put(library, incident(), account, relations=[(0, 1)], now=LATER)
        before = exported(library)
    back_to_format_3(path)
    assert Library.bring_up_to_date(path) is None
    with Library.open(path) as library:
        assert exported(library) == before
        assert [row for row in changes(library, "") if row[3] != "object"] == [
            (NOW, "CASE1", "came", "attribute", "Status", None, "Closed"),
            (LATER, "a", "came", "attribute", "Password", None, HIDDEN),
            (LATER, "CASE1", "came", "relation", None, None, "a"),
        ]
        assert "canary" not in str(rows(library, "SELECT * FROM history"))


# --- laws --------------------------------------------------------------------------------------

names = st.sampled_from(("Status", "URL", "Brand", "Other"))
reports = st.lists(
    st.tuples(
        st.lists(st.tuples(names, st.sampled_from("abc")), max_size=4),
        st.sampled_from((None, "d", "e")),
        st.sampled_from(("Feed A", "Feed B")),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


def test_played_back_from_the_end_the_changes_lead_to_the_first_report(library: Library) -> None:
    """Each state of the attributes and of the description follows from the next and its changes."""

    @settings(max_examples=80, deadline=None)
    @given(reports)
    def play(sequence: list[Any]) -> None:
        case = f"CASE{next(numbers)}"
        days = [f"2024-01-{day + 1:02} 00:00:00" for day in range(len(sequence))]
        states = []
        for day, (attributes, description, source, stale) in zip(days, sequence, strict=True):
            report = incident(*attributes, value=case, description=description)
            put(library, report, source=source, stale=stale, now=day)
            states.append(state(case))
        told = rows(
            library,
            "SELECT at, kind, text, old, new, source FROM history JOIN term ON term.id = name "
            "JOIN run ON run.id = run JOIN object ON object.id = object WHERE object.value = ? "
            "ORDER BY history.id DESC",
            case,
        )
        attributes, description = states[-1]
        for index in range(len(days) - 1, 0, -1):
            for at, kind, name, old, new, feed in told:
                if at == days[index] and kind == "field":
                    assert (name, description) == ("description", new)
                    description = old
                elif at == days[index]:
                    if new is not None:
                        attributes.remove((name, new, feed))
                    attributes += [] if old is None else [(name, old, feed)]
            assert (sorted(attributes), description) == states[index - 1]

    def state(case: str) -> tuple[list[Any], str | None]:
        found = rows(
            library,
            "SELECT name, value, source, description "
            "FROM cases LEFT JOIN attributes USING (id) WHERE case_id = ?",
            case,
        )
        return sorted(row[:3] for row in found if row[0]), found[0][3]

    numbers = itertools.count()
    play()
