"""What people ask of a library: lists, objects by a part of them, changes, counts."""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from izoologic_cdf.errors import UsageError
from izoologic_cdf.library import queries
from izoologic_cdf.library.finding import find
from izoologic_cdf.library.objects import LibraryError
from izoologic_cdf.library.queries import (
    Filters,
    Table,
    count_by,
    known_values,
    read_changes,
    read_list,
    read_object,
    read_passwords,
)
from izoologic_cdf.library.store import Library
from tests.library.reports import LATER, NOW, incident, obj, put, spooled

FORMAT_1 = Path(__file__).parents[1] / "state" / "library_of_format_1.sql"
LAST = "2024-05-03 10:00:00"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("queries")
    with Library.create(folder / "x.sqlite") as library:
        fill(library, folder)
        yield library


def fill(library: Library, folder: Path) -> None:
    case = [("Brand", "Ätna"), ("Brand", "Other, Inc"), ("Status", "Open"), ("Case Type", "Phish")]
    put(
        library,
        incident(*case, ("URL", "https://evil.example.com/x"), published_at="2024-03-01 00:00:00"),
        obj("note", "n1 Takedown", ("Brand", "B"), description="asked the registrar"),
        obj("attachment", "a.txt", key="1", content=spooled(folder, b"x")),
        obj("indicator", "192.0.2.1", subtype="IP Address", status="Active"),
        obj("event", "case1", ("Brand", "B"), ("Status", "Closed"), subtype="Incident"),
        obj("malware", "evil"),
        relations=[(0, 1), (0, 2), (0, 3)],
    )
    put(library, incident(("Status", "Closed"), ("Recommendation", "A long one")), now=LATER)
    for number, case_id in enumerate(("DLR#Ex1", "DLR#Ex1", "DLR2")):
        leaked = [("Case ID", case_id), ("Password", "canary"), ("Severity", f"{number}")]
        account = obj("account", f"user{number}@mail.example.com", *leaked, ("Brand", "B"))
        put(library, account, source="Feed DLR", now=LAST)


def first(table: Table) -> list[object]:
    return [row[0] for row in table.rows]


@pytest.mark.parametrize(
    ("view", "filters", "values"),
    [
        ("cases", Filters(), ["CASE1", "case1"]),
        ("cases", Filters(brand=["ätna"]), ["CASE1"]),
        ("cases", Filters(brand=["OTHER, INC"]), ["CASE1"]),
        ("cases", Filters(brand=["Inc"]), []),
        ("cases", Filters(brand=["b", "Ätna"]), ["CASE1", "case1"]),
        ("cases", Filters(status=["closed"], brand=["B"]), ["case1"]),
        ("cases", Filters(status=["Open"]), []),
        ("cases", Filters(type=["PHISH"]), ["CASE1"]),
        ("cases", Filters(type=["event"]), ["case1"]),
        ("cases", Filters(case=["CASE1"]), ["CASE1"]),
        ("cases", Filters(text="EVIL.example phish"), ["CASE1"]),
        ("cases", Filters(text="evil registrar"), []),
        ("cases", Filters(since="2024-03-01 00:00:00", until="2024-03-01 00:00:00"), ["CASE1"]),
        ("cases", Filters(since="2024-03-02 00:00:00"), ["case1"]),
        ("cases", Filters(changed_since=LATER), ["CASE1"]),
        ("cases", Filters(source=["feed a"]), ["CASE1", "case1"]),
        ("cases", Filters(source=["dlr"]), []),
        (
            "accounts",
            Filters(case=["DLR#Ex1"]),
            ["user0@mail.example.com", "user1@mail.example.com"],
        ),
        ("accounts", Filters(case=["DLR2", "x#Ex1"]), ["user2@mail.example.com"]),
        ("accounts", Filters(case=["Ex1"]), ["user0@mail.example.com", "user1@mail.example.com"]),
        ("accounts", Filters(text="R2@MAIL"), ["user2@mail.example.com"]),
        ("accounts", Filters(text="canary"), []),
        ("notes", Filters(brand=["b"]), ["n1 Takedown"]),
        ("notes", Filters(brand=["ätna"]), []),
        ("notes", Filters(status=["closed"]), ["n1 Takedown"]),
        ("notes", Filters(status=["open"]), []),
        ("files", Filters(brand=["Ätna"], type=["phish"], status=["Closed"]), ["a.txt"]),
        ("files", Filters(brand=["B"]), []),
        ("indicators", Filters(brand=["other, inc"], status=["Active"]), ["192.0.2.1"]),
        ("indicators", Filters(status=["Closed"]), []),
        ("notes", Filters(text="ista"), []),
        ("notes", Filters(text="istr", case=["CASE1"]), ["n1 Takedown"]),
        ("files", Filters(case=["CASE1"]), ["a.txt"]),
        ("files", Filters(case=["case1"]), []),
        ("indicators", Filters(status=["active"], type=["ip address"]), ["192.0.2.1"]),
    ],
)
def test_a_list_has_the_rows_that_meet_all_filters(
    filled: Library, view: str, filters: Filters, values: list[str]
) -> None:
    column = {"cases": "case_id", "accounts": "account", "notes": "title", "files": "name"}
    found = read_list(filled, view, filters, columns=[column.get(view, "indicator")])
    assert sorted(map(str, first(found))) == values
    assert found.total == len(values)


def test_a_list_is_sorted_cut_and_has_the_columns_that_are_asked_for(filled: Library) -> None:
    def accounts(sort: str, limit: int | None = None, offset: int = 0) -> list[object]:
        columns = ["severity", "id"]
        found = read_list(
            filled, "accounts", columns=columns, sort=sort, limit=limit, offset=offset
        )
        assert (found.columns, found.total) == (("severity", "id"), 3)
        return first(found)

    assert accounts("severity") == ["0", "1", "2"]
    assert accounts("-severity", 2) == ["2", "1"]
    assert accounts("-severity", 2, 2) == ["0"]
    by_type = read_list(filled, "cases", columns=["case_type"], sort="-case_type")
    assert first(by_type) == ["Phish", None]
    assert first(read_list(filled, "cases", columns=["case_id"], limit=1)) == ["CASE1"]
    assert first(read_list(filled, "runs", columns=["id"], limit=1)) == [5]
    for view in ("gaps", "deferred", "changes", "attributes", "related", "objects"):
        assert read_list(filled, view, limit=3).total >= 0


def test_counts_add_up_to_the_rows_that_are_counted(filled: Library) -> None:
    assert count_by(filled, "cases", ["Brand", "status"]).rows == [
        ("B", "Closed", 1),
        ("Other, Inc, Ätna", "Closed", 1),
    ]
    assert count_by(filled, "cases", ["published:month"]).rows == [(None, 1), ("2024-03", 1)]
    assert count_by(filled, "cases", ["recommendation"], Filters(brand=["b"])).rows == [(None, 1)]
    assert count_by(filled, "accounts", ["Case ID"]).rows == [("DLR#Ex1", 2), ("DLR2", 1)]
    assert count_by(filled, "accounts", ["Password"]).rows == [("(hidden)", 3)]
    assert count_by(filled, "runs", ["feed"]).rows == [("Feed DLR", 3), ("Feed A", 2)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("case1", ["case1", "CASE1"]),
        ("ASE", ["case1", "CASE1"]),
        ("DLR#Ex1", ["user0@mail.example.com", "user1@mail.example.com"]),
        ("ex1", ["user0@mail.example.com", "user1@mail.example.com"]),
        ("r2@MAIL", ["user2@mail.example.com"]),
        ("evil", ["evil", "CASE1"]),
        ("registrar", ["n1 Takedown"]),
        (" ätna ", ["CASE1"]),
        ("canary", []),
        ("", []),
        ("%", []),
    ],
)
def test_objects_are_found_by_their_value_their_case_and_their_text(
    filled: Library, text: str, values: list[str]
) -> None:
    found = find(filled, text)
    assert [one.value for one in found] == values
    assert find(filled, text, limit=1) == found[:1]


def test_what_is_found_says_why_and_where_it_is_listed(filled: Library) -> None:
    one, other = find(filled, "evil")
    assert (one.type, one.view, one.reason) == ("malware", None, "value")
    assert (other.type, other.view, other.reason) == ("incident", "cases", "text")
    (found,) = find(filled, "dlr2")
    assert (found.reason, found.exact) == ("case id", True)


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("case1", {"CASE1", "case1"}),
        ("ase1", set()),
        ("dlr#EX1", {"user0@mail.example.com", "user1@mail.example.com"}),
        ("ex1", {"user0@mail.example.com", "user1@mail.example.com"}),
        ("x1", set()),
        ("evil", {"evil"}),
        ("mail.example.com", set()),
    ],
)
def test_what_is_meant_is_told_from_what_has_it_as_a_part(
    filled: Library, text: str, exact: set[str]
) -> None:
    found = find(filled, text)
    assert {one.value for one in found if one.exact} == exact
    assert [one.exact for one in found] == sorted((one.exact for one in found), reverse=True)


@pytest.mark.parametrize(
    ("view", "name", "values"),
    [
        ("cases", "brand", ["B", "Other, Inc", "Ätna"]),
        ("files", "brand", ["B", "Other, Inc", "Ätna"]),
        ("cases", "status", ["Closed"]),
        ("indicators", "status", ["Active"]),
        ("cases", "type", ["Phish", "event", "incident"]),
        ("cases", "case", ["CASE1", "case1"]),
        ("accounts", "case", ["DLR#Ex1", "DLR2"]),
        ("cases", "source", ["Feed A", "Feed DLR"]),
    ],
)
def test_the_values_of_a_filter_are_known(
    filled: Library, view: str, name: str, values: list[str]
) -> None:
    assert known_values(filled, view, name) == values


def test_sorting_minds_no_capital_letters(library: Library) -> None:
    put(library, *(incident(value=value) for value in ("b", "A", "C", "a")))
    found = first(read_list(library, "cases", columns=["case_id"], sort="case_id"))
    assert found == ["A", "a", "b", "C"]


def test_changes_are_those_of_a_time(filled: Library) -> None:
    found = read_changes(filled, LATER, LATER)
    columns = (
        "at",
        "run",
        "id",
        "type",
        "value",
        "change",
        "what",
        "name",
        "old",
        "new",
        "other_id",
    )
    assert found.columns == columns
    assert [row[4:10] for row in found.rows] == [
        ("CASE1", "came", "attribute", "Recommendation", None, "A long one"),
        ("CASE1", "changed", "attribute", "Status", "Open", "Closed"),
    ]
    assert read_changes(filled, NOW, what=["object"], limit=2).total == 9
    assert len(read_changes(filled, NOW, limit=2).rows) == 2
    assert read_changes(filled, "2025-01-01 00:00:00") == Table(columns, [], 0)


def test_an_object_comes_with_all_that_belongs_to_it(filled: Library) -> None:
    (_, case) = find(filled, "case1")
    details = read_object(filled, case.id)
    assert details is not None
    assert (details.fields["value"], details.view) == ("CASE1", "cases")
    assert [row[1:3] for row in details.attributes.rows if row[1] == "Status"] == [
        ("Status", "Closed")
    ]
    assert [row[6] for row in details.changes.rows] == ["object", "attribute", "attribute"]
    assert [row[2] for row in details.related.rows] == ["attachment", "indicator", "note"]
    assert read_object(filled, 99) is None


def test_passwords_are_told_only_where_they_are_asked_for(filled: Library) -> None:
    (account,) = find(filled, "dlr2")
    assert "canary" not in str(read_object(filled, account.id))
    assert read_passwords(filled, account.id) == [("Password", "canary")]
    assert read_passwords(filled, 1) == []


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda of: read_list(of, "casse"), "no list called 'casse'; did you mean cases"),
        (lambda of: read_list(of, "x"), "no list called 'x'; there are: cases, accounts"),
        (lambda of: read_list(of, "cases", columns=["brnd"]), "column of cases .* mean brand"),
        (lambda of: read_list(of, "cases", sort="-id; DROP"), "no column of cases"),
        (lambda of: read_list(of, "accounts", Filters(status=["x"])), "accounts have no status"),
        (lambda of: read_list(of, "runs", Filters(text="x")), "runs cannot be filtered"),
        (lambda of: count_by(of, "cases", []), "nothing is named to count cases by"),
        (lambda of: count_by(of, "cases", ["Recomendation"]), "did you mean Recommendation"),
        (lambda of: count_by(of, "cases", ["published:week"]), "no period called 'week'"),
        (lambda of: count_by(of, "gaps", ["Status"]), "no column of gaps"),
    ],
)
def test_what_is_not_there_is_a_usage_error(
    filled: Library, ask: Callable[[Library], object], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        ask(filled)


def test_a_library_of_format_1_is_refused_until_it_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(FORMAT_1.read_text(encoding="utf-8"))
    with (
        Library.open(path) as library,
        pytest.raises(LibraryError, match=r"kept too little for this: the next run of a feed"),
    ):
        read_list(library, "cases")
    assert Library.bring_up_to_date(path) is None
    with Library.open(path) as library:
        assert read_list(library, "cases", limit=1).rows


def test_every_list_has_a_view(tmp_path: Path) -> None:
    with Library.create(tmp_path / "x.sqlite") as library:
        for view in queries.VIEW_OF.values():
            assert read_list(library, view).rows == []


# --- size --------------------------------------------------------------------------------------

_MANY = """
INSERT INTO run (id, source, since, until, started_at) VALUES (1, 'F', '', '', '');
INSERT INTO term (text) VALUES ('F'), ('Brand'), ('Status'), ('Case Type'), ('Case ID'), ('URL'),
  ('Threat Type'), ('Impact'), ('Severity'), ('Posted By'), ('Web Host'), ('Password');
CREATE TEMP TABLE number AS
  WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 50000)
  SELECT n, n / 5 AS c, n % 5 AS kind FROM counted;
INSERT INTO object (id, identity, type, subtype, value, description, published_at, created_at,
    created_run, modified_at, modified_run)
  SELECT n, n, CASE kind WHEN 0 THEN 'incident' WHEN 1 THEN 'note' WHEN 2 THEN 'attachment'
      WHEN 3 THEN 'account' ELSE 'indicator' END, NULL, 'value ' || n || '@example.com',
    'a description of some length, with ' || n * 7919 % 50000 || ' in the midst of it',
    datetime(1700000000 + n, 'unixepoch'), datetime(1700000000 + n, 'unixepoch'), 1,
    datetime(1700000000 + n * 7919 % 50000, 'unixepoch'), 1
  FROM number;
INSERT INTO object_source SELECT n, 1 FROM number;
INSERT INTO attribute SELECT n, term.id, text || ' ' || n * term.id % 40, 1, 1
  FROM number, term WHERE term.id > 1 AND (kind IN (0, 3) OR term.id < 4);
INSERT INTO relation SELECT n, other, 1 FROM (
  SELECT n, n + step AS other FROM number, (SELECT 1 AS step UNION SELECT 2 UNION SELECT 4)
  WHERE kind = 0) WHERE other <= 50000;
INSERT INTO history (object, run, at, kind, name, old, new)
  SELECT n, 1, datetime(1700000000 + n, 'unixepoch'), 'attribute', 3, 'a', 'b' FROM number;
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """10,000 cases, each with a note, a file, an address, and an account beside it."""
    with Library.create(tmp_path_factory.mktemp("large") / "x.sqlite") as library:
        library.connection.executescript(f"BEGIN; {_MANY} COMMIT;")
        assert Library.bring_up_to_date(library.path) is None
        yield library


@pytest.mark.parametrize(
    "ask",
    [
        *(lambda of, view=view: read_list(of, view, limit=100) for view in queries.LISTS),
        *(
            lambda of, view=view: read_list(of, view, Filters(text="4711"), limit=100)
            for view in queries.LISTS
        ),
        lambda of: read_list(of, "cases", Filters(brand=["brand 4"], status=["status 6"])),
        lambda of: read_list(of, "cases", sort="status_since", limit=100),
        lambda of: read_list(of, "notes", Filters(case=["value 5@example.com"])),
        lambda of: count_by(of, "cases", ["Brand", "Status"]),
        lambda of: count_by(of, "accounts", ["published:day", "severity"]),
        lambda of: read_changes(of, "2023-11-15 00:00:00", limit=100),
        lambda of: find(of, "711@example"),
        lambda of: find(of, "not there"),
        lambda of: read_object(of, 5),
    ],
)
def test_each_question_to_10000_cases_takes_less_than_a_second(
    large: Library, ask: Callable[[Library], object]
) -> None:
    begun = time.process_time()
    ask(large)
    assert time.process_time() - begun < 1
