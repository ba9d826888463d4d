"""The views: what they show of each object, whatever the feeds ingest cases and accounts as."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from izoologic_cdf.library import database, search, views
from izoologic_cdf.library.limits import escape
from izoologic_cdf.library.objects import Batch, LibraryError, Origin
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import LEFT_OUT
from izoologic_cdf.runtime.overview import read_overview
from izoologic_cdf.runtime.state import MAX_FAILURES, read_deferred
from izoologic_cdf.runtime.windows import DAY, OVERLAP, stamp
from tests.library.reports import (
    LATER,
    NOW,
    UPDATABLE,
    back_to_format_3,
    back_to_format_4,
    incident,
    obj,
    put,
    rows,
    spooled,
)
from tests.support.shells import GUIDE, Shell

_OF_RUN = ("type", "first_seen", "last_changed", "status_since")
SECRET = "canary-1"


def table(library: Library, view: str) -> list[dict[str, Any]]:
    with library.reading() as connection:
        found = connection.execute(f"SELECT * FROM {view} ORDER BY 1")  # noqa: S608 - of ours
        names = [one[0] for one in found.description]
        return [dict(zip(names, row, strict=True)) for row in found]


def fill(library: Library, case_type: str, account_type: str, folder: Path) -> None:
    more = {"subtype": "Incident", "happened_at": NOW} if case_type == "event" else {}
    attributes = [("Brand", "B"), ("Brand", "A"), ("Status", "Open"), ("Case Type", "Phishing")]
    case = obj(case_type, "CASE1", *attributes, description="d", published_at=NOW, **more)
    put(
        library,
        case,
        obj("note", "n 1", ("Posted By", "analyst@example.com"), ("Brand", "A"), description="t"),
        obj("attachment", "a.txt", key="k 1", content=spooled(folder, b"bytes"), published_at=NOW),
        obj("attachment", "b.txt", key="k 2"),
        obj("indicator", "192.0.2.1", ("Web Host", "H"), subtype="IP Address", status="Active"),
        obj(case_type, "CASE2", **more),
        relations=[(0, 1), (0, 2), (3, 0), (4, 0), (5, 4)],
        source="Feed B",
    )
    put(library, obj(case_type, "CASE1", ("Status", "Closed"), **more), source="Feed B", now=LATER)
    account = [("Brand", "A"), ("Password", SECRET), ("Severity", "High"), ("Phone", "123")]
    for case_id in ("DLR#2", "DLR#1"):
        leaked = [("Case ID", case_id), ("Password", f"{SECRET} of {case_id}")]
        put(library, obj(account_type, "a@example.com", *account, *leaked, published_at=NOW))
    put(library, obj("event", "no case", subtype="Sighting"), obj("malware", "other"))


@pytest.mark.parametrize(
    ("case_type", "account_type"), [("incident", "account"), ("event", "identity")]
)
def test_the_objects_of_either_choice(
    library: Library, tmp_path: Path, case_type: str, account_type: str
) -> None:
    fill(library, case_type, account_type, tmp_path)
    one, two = table(library, "cases")
    shown = {name: one[name] for name in one if one[name] is not None}
    assert shown == {
        "id": 1,
        "case_id": "CASE1",
        "type": case_type,
        "brand": "A, B",
        "status": "Closed",
        "status_since": LATER,
        "closed": LATER,
        "case_type": "Phishing",
        "published": NOW,
        "first_seen": NOW,
        "last_changed": LATER,
        "sources": "Feed B",
        "notes": 1,
        "files": 2,
        "indicators": 1,
        "description": "d",
    }
    assert (two["case_id"], two["notes"], two["indicators"]) == ("CASE2", 0, 1)
    assert (two["status"], two["status_since"], two["closed"]) == (None, None, None)
    (account,) = table(library, "accounts")
    assert account["account"] == "a@example.com"
    assert [account[name] for name in ("type", "case_ids", "cases", "passwords", "brand")] == [
        account_type,
        "DLR#1, DLR#2",
        2,
        3,
        "A",
    ]
    (note,) = table(library, "notes")
    assert (note["title"], note["case_ids"], note["posted_by"], note["text"]) == (
        "n 1",
        "CASE1",
        "analyst@example.com",
        "t",
    )
    assert [(one["name"], one["case_ids"], one["size"]) for one in table(library, "files")] == [
        ("a.txt", "CASE1", 5),
        ("b.txt", "CASE1", None),
    ]
    (address,) = table(library, "indicators")
    assert [address[name] for name in ("indicator", "type", "status", "web_host")] == [
        "192.0.2.1",
        "IP Address",
        "Active",
        "H",
    ]
    assert (address["cases"], address["case_ids"]) == (2, "CASE1, CASE2")
    related = rows(library, "SELECT other_value FROM related WHERE id = 1 ORDER BY 1")
    assert [value for (value,) in related] == ["192.0.2.1", "a.txt", "b.txt", "n 1"]


def test_no_view_shows_a_password(library: Library, tmp_path: Path) -> None:
    fill(library, "incident", "account", tmp_path)
    for name in views.NAMES:
        assert SECRET not in str(table(library, name)), name
    assert SECRET in str(rows(library, "SELECT * FROM attribute"))


def test_the_names_of_views_and_columns_stay(
    library: Library, golden: Callable[[str, str], None]
) -> None:
    lines = []
    with library.reading() as connection:
        for name in views.NAMES:
            found = connection.execute(f"SELECT * FROM {name}")  # noqa: S608 - of ours
            lines.append(f"{name}: {', '.join(one[0] for one in found.description)}\n")
        made = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'view'").fetchall()
    assert {name for (name,) in made} == set(views.NAMES)
    golden("views.txt", "".join(lines))


def test_each_value_that_one_run_adds_has_its_own_time(library: Library) -> None:
    put(library, incident(("Brand", "A")))
    run = library.start_run("Feed A", NOW, NOW, NOW)
    for day, value in (("02", "B"), ("03", "C")):
        origin = Origin("Feed A", UPDATABLE, run, f"2024-06-{day} 00:00:00")
        library.ingest(Batch([incident(("Brand", value), ("Password", value))]), origin)
    since = rows(library, "SELECT value, since FROM attributes WHERE name = 'Brand' ORDER BY 1")
    assert since == [("A", NOW), ("B", "2024-06-02 00:00:00"), ("C", "2024-06-03 00:00:00")]
    (hidden, *_) = rows(library, "SELECT max(since) FROM attributes WHERE name = 'Password'")
    assert hidden == ("2024-06-03 00:00:00",)


def test_a_status_is_dated_by_its_run_where_no_change_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    with Library.create(path) as library:
        put(library, incident(("Status", "Open")))
        put(library, incident(("Status", "Closed")), now=LATER)
        put(library, incident(("Brand", "A")), now="2024-05-03 10:00:00")
    back_to_format_3(path)
    with Library.open(path) as library:
        assert library.path.exists()
        (case,) = table(library, "cases")
        assert (case["closed"], case["last_changed"]) == (LATER, "2024-05-03 10:00:00")


def test_an_earlier_library_has_the_views_and_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    with Library.create(path) as library:
        fill(library, "incident", "account", tmp_path)
        shown = {name: table(library, name) for name in views.NAMES}
    back_to_format_3(path)
    before = path.read_bytes()
    with Library.open(path) as library:
        for name in views.NAMES:
            if name == "changes":
                assert table(library, name) == [
                    one for one in shown[name] if one["what"] == "object"
                ]
            elif name != "runs":
                assert table(library, name) == shown[name]
    assert path.read_bytes() == before


def test_a_library_that_has_its_views_keeps_them_and_its_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.sqlite"
    with Library.create(path) as library:
        fill(library, "incident", "account", tmp_path)
        put(library, incident(("Status", "Withdrawn")), now=LATER)
        shown = {name: table(library, name) for name in views.NAMES}
    assert any(one["what"] == "attribute" for one in shown["changes"])
    back_to_format_4(path)
    with Library.open(path) as library:
        assert {name: table(library, name) for name in views.NAMES} == shown
    monkeypatch.setattr(database, "is_writable", lambda _: False)

    def refuse(_: Path) -> None:
        raise LibraryError("it is read-only")

    monkeypatch.setattr(database, "create", refuse)
    assert Library.bring_up_to_date(path) is None
    with Library.open(path) as library:
        assert {name: table(library, name) for name in views.NAMES} == shown


def test_a_library_that_cannot_be_brought_up_to_date_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.sqlite"
    with Library.create(path) as library:
        fill(library, "incident", "account", tmp_path)
    back_to_format_3(path)

    def refuse(_: Path) -> None:
        raise LibraryError("it is read-only")

    monkeypatch.setattr("izoologic_cdf.library.database.create", refuse)
    assert Library.bring_up_to_date(path) == (
        f"{path} was written by an earlier version and cannot be brought up to date, so the "
        "history of changes and the counts of runs are missing, and other programs see no views "
        "and no index: it is read-only"
    )


def test_what_is_not_indexed_for_a_reason_that_passes_is_no_matter(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = library.start_run("Feed A", NOW, NOW, NOW)
    library.ingest(Batch([incident()]), Origin("Feed A", UPDATABLE, run, NOW))
    monkeypatch.setattr("izoologic_cdf.library.store._PATIENCE_TO_INDEX", 0)
    with library.transaction():
        assert Library.bring_up_to_date(library.path) is None
    assert search.is_behind(library.connection)
    assert Library.bring_up_to_date(library.path) is None
    assert not search.is_behind(library.connection)


def test_an_earlier_library_has_the_views_where_nothing_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    with Library.create(path) as library:
        fill(library, "incident", "account", tmp_path)
        shown = table(library, "cases")
    back_to_format_3(path)
    before = path.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "is_writable", lambda _: False)
        with Library.open(path) as library:
            assert (table(library, "cases"), table(library, "cases")) == (shown, shown)
    assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.glob("x.*")) == ["x.sqlite"]


def test_the_feeds_fill_the_views_alike_whatever_they_ingest_cases_as(shell: Shell) -> None:
    shown: dict[str, Any] = {}
    for switch in ("false", "true"):
        path = shell.folder / f"{switch}.sqlite"
        for feed, field in (("incident", "ingest_as_event"), ("dlr", "ingest_as_identity")):
            more = ("--set", f"{field}={switch}", "--library", path.name)
            assert shell.feed("run", feed, *GUIDE, *more).code == 0
        with Library.open(path) as library:
            for view in ("cases", "accounts", "notes", "files", "indicators"):
                told = [
                    {name: row[name] for name in row if name not in _OF_RUN}
                    for row in table(library, view)
                ]
                assert told == shown.setdefault(view, told)
                assert told


# --- runs --------------------------------------------------------------------------------------


def test_a_run_is_shown_with_its_counts_and_messages(library: Library) -> None:
    done = library.start_run("Feed A", "a", "b", NOW)
    killed = library.start_run("Feed A", "a", "b", NOW)
    library.record(done, [("warning", None, "w"), ("failure", "1", "f"), ("warning", "2", "w")])
    counts = {("", "listed"): 7, ("", "failed"): 0, ("note", "created"): 2, ("x", "created"): 3}
    library.finish_run(done, "partial", LATER, counts)
    one, other = table(library, "runs")
    names = ("outcome", "listed", "failed", "created", "warnings", "failures", "errors")
    assert [one[name] for name in names] == ["partial", 7, 0, 5, 2, 1, 0]
    assert [other[name] for name in names] == [None, None, None, None, 0, 0, 0]
    assert (one["started"], one["finished"], other["id"]) == (NOW, LATER, killed)


# --- what is deferred, and gaps ----------------------------------------------------------------


def test_what_is_deferred_is_what_the_state_says(library: Library) -> None:
    execute = library.connection.execute
    execute("INSERT INTO feed_tenant VALUES (1, 'Feed A', 'h', 'n', '', '', 0, 0, '[]', 0)")
    for number, (case_id, part, cause, failures) in enumerate(
        [
            ("CASE1", "", "item", MAX_FAILURES - 1),
            ("a\\b", "file\nname\nof it", "outage", 0),
            ("CASE3", "messages", LEFT_OUT, 0),
            ("CASE4", "", "item", MAX_FAILURES),
        ]
    ):
        execute(
            "INSERT INTO feed_deferred VALUES (1, ?, ?, '{}', NULL, 1, 2, ?, ?, ?, 3, 4, 5)",
            (escape(case_id), part, cause, f"reason {number}", failures),
        )
    shown = {one["case_id"]: one for one in table(library, "deferred")}
    for one in read_deferred(library.connection, 1):
        view = shown.pop(one.case_id)
        state = "left out" if one.cause == LEFT_OUT else "abandoned" if one.abandoned else "retried"
        assert (view["state"], view["reason"], view["failures"]) == (
            state,
            one.reason,
            one.failures,
        )
        assert view["part"] == (one.kind or "case")
        assert view["name"] == (one.part.partition("\n")[2] or None)
        assert (view["next_try"], view["feed"], view["tenant"]) == (stamp(4), "Feed A", "n")
    assert shown == {}


SECONDS = st.integers(0, 40)
# some end before they begin
SPANS = st.lists(st.tuples(SECONDS, SECONDS), max_size=5)
TENANTS = st.lists(
    st.tuples(st.sampled_from(("F", "G")), st.none() | SECONDS, SPANS, SPANS), max_size=3
)
# tenant, range, begin of the run in seconds before now, and whether it ended
RUNS = st.lists(
    st.tuples(
        st.sampled_from(("F", "G")),
        st.integers(0, 4),
        SECONDS,
        SECONDS,
        st.sampled_from((0, OVERLAP - 20, 3600, DAY + 30)),
        st.booleans(),
    ),
    max_size=6,
)


def test_gaps_are_those_of_the_status(library: Library) -> None:
    @settings(max_examples=100, deadline=None)
    @given(TENANTS, RUNS)
    def compare(tenants: list[Any], runs: list[Any]) -> None:
        now = int(time.time())
        base = now - 2 * OVERLAP
        execute = library.connection.execute
        for name in ("run", "feed_interval", "feed_tenant"):
            execute(f"DELETE FROM {name}")  # noqa: S608 - of ours
        for number, (feed, origin, *intervals) in enumerate(tenants, 1):
            begun = None if origin is None else base + origin
            row = (number, feed, f"host {number}", begun)
            execute("INSERT INTO feed_tenant VALUES (?, ?, ?, '', '', '', ?, 0, '[]', 0)", row)
            for kind, spans in zip(("finished", "refused"), intervals, strict=True):
                for since, until in spans:
                    execute(
                        "INSERT INTO feed_interval (tenant, kind, since, until, messages_since) "
                        "VALUES (?, ?, ?, ?, 0)",
                        (number, kind, base + since, base + until),
                    )
        for feed, tenant, since, until, age, ended in runs:
            is_known = tenant in range(1, len(tenants) + 1) and tenants[tenant - 1][0] == feed
            window = (stamp(base + since), stamp(base + until))
            run = library.start_run(feed, *window, stamp(now - age), tenant if is_known else None)
            if ended:
                library.finish_run(run, "complete", stamp(now))
        standings = read_overview(library, now).standings
        computed = {
            (one.of.feed, one.of.host, kind, stamp(gap.since), stamp(gap.until))
            for one in standings
            for kind, gaps in (("missing", one.gaps), ("too old", one.too_old))
            for gap in gaps
        }
        told = rows(library, "SELECT feed, host, kind, since, until FROM gaps")
        # a tenant that no run has is not told of, and nothing is refused without a run
        hosts = {None, *(one.of.host for one in standings)}
        told = [row for row in told if row[1] in hosts]
        assert sorted(told, key=json.dumps) == sorted(computed, key=json.dumps)

    compare()
