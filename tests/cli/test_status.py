"""`status` and `runs` over the libraries of real runs."""

import csv
import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.library.store import MAX_MESSAGES, Library
from izoologic_cdf.runtime.overview import read_overview
from izoologic_cdf.runtime.state import MAX_FAILURES
from izoologic_cdf.runtime.windows import DAY, OVERLAP, SystemClock, stamp
from tests.library.reports import back_to_format_2
from tests.support.platforms import bound_by_permissions
from tests.support.shells import GUIDE, Ended, Shell, in_turn

LIBRARY = "izoologic.sqlite"
CASE = "CASE123456"
INCIDENT = "iZoologic Incident Case Sync"
REFUSED = {"result": None, "success": False, "message": "Try later", "errorCode": "iZOO5000"}
FORMAT_1 = Path(__file__).parents[1] / "state" / "library_of_format_1.sql"
# two windows of the guide, of which the first holds cases
TWO = ("--since", "2023-01-01", "--until", "2023-02-15")
WHOLE = [{"since": "2023-01-01 00:00:00", "until": "2023-02-15 00:00:00"}]


def run(shell: Shell, *words: str) -> dict[str, Any]:
    """Run the incident feed over two windows of the guide; return its summary."""
    return shell.feed("run", "incident", *TWO, "--format", "json", *words).data


def status(shell: Shell) -> tuple[int, list[dict[str, Any]]]:
    """Return the exit code, and the feeds of the JSON form."""
    ended = shell("status", "--format", "json")
    assert ended.err == ""
    assert ended.data["in_order"] is (ended.code == 0)
    assert ended.code == shell("status").code
    return ended.code, ended.data["feeds"]


def fail_case(shell: Shell) -> None:
    """Let one case fail as long as it is not mended."""
    shell.emulator.state.add_fault(
        "envelope", endpoint="CaseDetail", case=CASE, json=REFUSED, count=None
    )


def runs(shell: Shell, *words: str) -> Any:
    """Return the JSON form of `runs`."""
    ended = shell("runs", *words, "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


@pytest.fixture
def filled(shell: Shell, guide_library: bytes) -> Path:
    path = shell.folder / LIBRARY
    path.write_bytes(guide_library)
    return path


# --- status --------------------------------------------------------------------------------------


def test_a_library_in_order(shell: Shell, filled: Path) -> None:
    before = filled.read_bytes()
    code, (dlr, incident) = status(shell)
    assert (code, dlr["feed"], incident["feed"]) == (0, "iZoologic DLR Case Sync", INCIDENT)
    assert incident["host"] == shell.emulator.url.removeprefix("http://")
    assert incident["last_run"]["outcome"] == "complete"
    assert incident["last_run"]["number"] == 1
    assert incident["finished_until"] == "2025-08-15 00:00:00"
    assert incident["lag"] == pytest.approx(SystemClock().now() - 1_755_216_000, abs=60)
    assert (incident["gaps"], incident["missing"]) == ([], [])
    text = shell("status").out
    assert text.startswith(f"{LIBRARY}: in order\n  size      {len(before):,} bytes\n")
    counts = shell("status", "--format", "json").data["objects"]
    assert sum(counts.values()) == len(shell.export())
    assert f"  objects   account {counts['account']}, attachment" in text
    assert "  finished  up to 2025-08-15 00:00:00 UTC, " in text
    assert filled.read_bytes() == before


def test_of_several_finished_intervals_the_last_one_counts(shell: Shell, filled: Path) -> None:
    with Library.open(filled) as library, library.transaction():
        library.connection.execute(
            "INSERT INTO feed_interval (tenant, kind, since, until, messages_since) "
            "SELECT id, 'finished', 1577836800, 1577836900, 0 FROM feed_tenant"
        )
    assert status(shell)[1][1]["finished_until"] == "2025-08-15 00:00:00"


@pytest.mark.parametrize(("ahead", "in_future"), [(OVERLAP, False), (OVERLAP + 1, True)])
def test_what_is_finished_lies_in_the_future_when_no_overlap_explains_it(
    filled: Path, ahead: int, in_future: bool
) -> None:
    with Library.open(filled) as library:
        standing = read_overview(library, 1_755_216_000 - ahead).standings[1]
    assert standing.in_future is in_future


def test_a_gap_is_missing_until_it_is_read(shell: Shell) -> None:
    shell.emulator.state.add_fault("status", endpoint="CaseSync", status=403, nth=1)
    gaps = run(shell)["gaps"]
    code, (feed,) = status(shell)
    assert (code, len(gaps), feed["gaps"]) == (3, 1, gaps)
    assert f"  gap       {gaps[0]['since']} to {gaps[0]['until']} UTC\n" in shell("status").out
    assert shell.feed("backfill", "incident", *TWO).code == 0
    assert status(shell)[0] == 0


def test_what_is_too_old_for_the_server_is_listed_and_not_missing(shell: Shell) -> None:
    shell.emulator.state.add_fault("status", endpoint="CaseSync", status=403, nth=1)
    gaps = run(shell)["gaps"]
    with Library.open(LIBRARY) as library, library.transaction():
        library.connection.execute(
            "INSERT INTO feed_interval (tenant, kind, since, until, messages_since) "
            "VALUES (1, 'refused', strftime('%s', ?), strftime('%s', ?), 0)",
            (gaps[0]["since"], gaps[0]["until"]),
        )
    code, (feed,) = status(shell)
    assert (code, feed["gaps"], feed["too_old"]) == (0, [], gaps)
    assert f"  too old   {gaps[0]['since']} to" in shell("status").out
    # once it was read after all, it is neither
    assert shell.feed("backfill", "incident", *TWO).code == 0
    assert status(shell)[1][0]["too_old"] == []


@pytest.mark.parametrize(
    ("endpoint", "host"), [("CaseSync", True), ("Authenticate", False)], ids=["list", "login"]
)
def test_a_run_that_failed_leaves_its_whole_range_missing(
    shell: Shell, endpoint: str, host: bool
) -> None:
    shell.emulator.state.add_fault("status", endpoint=endpoint, status=403, count=None)
    summary = run(shell)
    assert (summary["outcome"], summary["error"] is None) == ("failed", host)
    code, (feed,) = status(shell)
    assert (code, feed["gaps"], feed["last_run"]["outcome"]) == (3, WHOLE, "failed")
    assert (feed["finished_until"], feed["lag"], feed["host"] is not None) == (None, None, host)
    text = shell("status").out
    assert "  finished  nothing yet\n" in text
    assert (f"  error     {feed['error']}\n" in text) is (feed["error"] is not None)
    assert feed["error"] == summary["error"]
    shell.emulator.state.clear_faults()
    assert run(shell)["outcome"] == "complete"
    code, (feed,) = status(shell)
    assert (code, feed["gaps"], feed["last_run"]["number"]) == (0, [], 2)


def test_a_first_sync_is_in_order_though_its_last_minutes_are_not_finished(shell: Shell) -> None:
    now = SystemClock().now()
    shell.emulator.state.set_clock(now)
    assert shell.feed("sync", "incident").code == 0
    code, (feed,) = status(shell)
    assert (code, feed["gaps"]) == (0, [])
    assert 0 < feed["lag"] < 1_200
    assert shell.feed("retry", "incident").code == 0
    assert status(shell)[0] == 0


def test_a_deferred_case_is_missing_and_an_abandoned_one_is_not(shell: Shell) -> None:
    fail_case(shell)
    summary = run(shell)
    code, (feed,) = status(shell)
    assert (code, feed["cases"]) == (3, {"deferred": 1, "abandoned": 0})
    assert feed["missing"] == [one | {"count": 1} for one in summary["missing"]]
    reason = summary["missing"][0]["reason"]
    text = shell("status").out
    assert f"  deferred  {CASE}\n  missing   {CASE}: {reason}\n" in text
    for _ in range(1, MAX_FAILURES):
        summary = run(shell)
    assert summary["cases"]["abandoned"] == [CASE]
    code, (feed,) = status(shell)
    assert (code, feed["cases"]) == (0, {"deferred": 0, "abandoned": 1})
    text = shell("status").out
    assert f"  abandoned {CASE}\n  missing   {CASE}, abandoned: {reason}\n" in text


def test_parts_that_the_operator_leaves_out_are_not_missing(shell: Shell) -> None:
    assert run(shell, "--without", "files")["outcome"] == "complete"
    code, (feed,) = status(shell)
    assert (code, feed["missing"]) == (0, [])
    assert feed["left_out"] > 0
    assert f"  left out  {feed['left_out']} parts of cases\n" in shell("status").out


def test_each_tenant_stands_by_itself(shell: Shell) -> None:
    assert run(shell, "--tenant", "One")["outcome"] == "complete"
    fail_case(shell)
    assert run(shell, "--tenant", "Two")["outcome"] == "partial"
    code, (one, two) = status(shell)
    assert (code, one["tenant"], two["tenant"]) == (3, "One", "Two")
    assert (one["in_order"], two["in_order"]) == (True, False)
    assert (one["last_run"]["number"], two["last_run"]["number"]) == (1, 2)
    host = shell.emulator.url.removeprefix("http://")
    assert f"\n{INCIDENT}, {host} (Two)\n" in shell("status").out


def test_a_run_under_way_is_no_gap_and_one_that_was_killed_becomes_one(
    shell: Shell, filled: Path
) -> None:
    now = SystemClock().now()
    with Library.open(filled) as library:
        library.start_run(INCIDENT, "2026-01-01 00:00:00", "2026-02-01 00:00:00", stamp(now), 1)
    code, (_, feed) = status(shell)
    assert (code, feed["last_run"]["outcome"], feed["last_run"]["ended"]) == (0, None, None)
    assert "UTC, not finished\n" in shell("status").out
    with Library.open(filled) as library, library.transaction():
        started = stamp(now - DAY - 5)
        library.connection.execute("UPDATE run SET started_at = ? WHERE id = 3", (started,))
    code, (_, feed) = status(shell)
    assert (code, len(feed["gaps"])) == (3, 1)
    assert feed["gaps"][0]["since"] == "2026-01-01 00:00:00"


def test_a_first_run_under_way_is_shown_before_its_tenant_is_known(shell: Shell) -> None:
    with Library.create(LIBRARY) as library:
        now = stamp(SystemClock().now())
        library.start_run(INCIDENT, "2026-01-01 00:00:00", "2026-02-01 00:00:00", now)
    code, (feed,) = status(shell)
    assert (code, feed["host"], feed["gaps"]) == (0, None, [])
    assert f"\n{INCIDENT}, unknown tenant\n" in shell("status").out


def test_a_login_that_failed_says_nothing_once_the_tenant_is_known(shell: Shell) -> None:
    shell.emulator.state.add_fault("status", endpoint="Authenticate", status=403, count=None)
    assert shell.feed("run", "incident", "--since", "2022-12-01").code == 1
    assert status(shell)[0] == 3
    shell.emulator.state.clear_faults()
    run(shell)
    code, (feed,) = status(shell)
    assert (code, feed["last_run"]["number"]) == (0, 2)


def test_what_scheduled_runs_keep_is_missing_though_no_run_names_it(
    shell: Shell, filled: Path
) -> None:
    begin = 1_672_531_200
    with Library.open(filled) as library, library.transaction():
        library.connection.execute("UPDATE feed_tenant SET origin = ? WHERE id = 1", (begin - DAY,))
    code, (_, feed) = status(shell)
    assert (code, feed["gaps"]) == (
        3, [{"since": stamp(begin - DAY), "until": stamp(begin - 1)}]
    )  # fmt: skip


def test_what_is_finished_in_the_future_is_not_in_order(shell: Shell, filled: Path) -> None:
    with Library.open(filled) as library, library.transaction():
        library.connection.execute(
            "UPDATE feed_interval SET until = ? WHERE tenant = 1", (SystemClock().now() + DAY,)
        )
    code, (dlr, incident) = status(shell)
    assert (code, dlr["in_future"], incident["in_future"], incident["lag"]) == (3, False, True, 0)
    assert "UTC, which lies in the future:\n" in shell("status").out


@pytest.mark.parametrize("words", [["status"], ["runs"], ["status", "--format", "json"]])
def test_an_empty_library_is_in_order(shell: Shell, words: list[str]) -> None:
    Library.create(shell.folder / LIBRARY).close()
    ended = shell(*words)
    assert (ended.code, ended.err) == (0, "")
    if "json" in words:
        assert (ended.data["feeds"], ended.data["objects"]) == ([], {})
    else:
        assert "no feed has run yet" in ended.out


@pytest.mark.parametrize("words", [["status"], ["runs"], ["runs", "1"]])
def test_no_library_is_made(shell: Shell, words: list[str]) -> None:
    assert shell(*words, "--library", "folder/it.sqlite") == Ended(
        2, "", "izoologic-cdf: there is no library at folder/it.sqlite: a feed run creates one\n"
    )
    assert list(shell.folder.iterdir()) == []


def test_a_library_is_read_where_nothing_can_be_written(shell: Shell, guide_library: bytes) -> None:
    place = shell.folder / "place"
    place.mkdir()
    (place / LIBRARY).write_bytes(guide_library)
    (place / LIBRARY).chmod(0o400)
    place.chmod(0o555)
    words = ("--library", f"place/{LIBRARY}")
    commands = [[*one, *words] for one in (["status"], ["runs", "1"])]
    ended = in_turn(shell.folder, *commands, under=bound_by_permissions())
    after = [path.name for path in place.iterdir()]
    place.chmod(0o755)
    assert [(one.code, one.err) for one in ended] == [(0, ""), (0, "")]
    assert after == [LIBRARY]


def test_a_library_of_format_1_is_refused_and_left_as_it_is(shell: Shell) -> None:
    path = shell.folder / LIBRARY
    with sqlite3.connect(path) as connection:
        connection.executescript(FORMAT_1.read_text())
    connection.close()
    before = path.read_bytes()
    for words in (["status"], ["runs"], ["runs", "1"]):
        ended = shell(*words)
        assert (ended.code, ended.out) == (2, "")
        assert "the next run of a feed brings it up to date" in ended.err
    assert path.read_bytes() == before


def test_runs_of_format_1_leave_no_gap_in_what_was_finished_then(shell: Shell) -> None:
    path = shell.folder / LIBRARY
    with sqlite3.connect(path) as connection:
        connection.executescript(FORMAT_1.read_text())
    connection.close()
    Library.create(path).close()
    _, (feed,) = status(shell)
    assert (feed["host"], feed["gaps"], feed["last_run"]) == (None, [], None)
    assert all(one["outcome"] for one in runs(shell))


def test_a_library_of_format_2_is_read_and_left_as_it_is(shell: Shell, filled: Path) -> None:
    back_to_format_2(filled)
    before = filled.read_bytes()
    assert (shell("status").code, len(runs(shell))) == (0, 2)
    assert filled.read_bytes() == before


def test_what_is_missing_for_many_reasons_is_bounded_and_acts_on_nothing(
    shell: Shell, filled: Path
) -> None:
    hostile = "\x1b[2J\u202ex\n"
    with Library.open(filled) as library, library.transaction():
        for number in range(50):
            library.connection.execute(
                "INSERT INTO feed_deferred VALUES (1, ?, '', '{}', 0, 0, 9, 'item', ?, 0, 0, 0, 0)",
                (f"{hostile}{number:02}", f"{hostile}reason {number % 25:02}"),
            )
        library.connection.execute("UPDATE feed_tenant SET name = ?", (hostile,))
    code, (_, feed) = status(shell)
    assert (code, feed["cases"]["deferred"], feed["reasons"], len(feed["missing"])) == (
        3, 50, 25, 20,
    )  # fmt: skip
    text = shell("status").out
    assert "\\x1b[2J\\u202ex\\n00" in text
    assert "  missing   others, for 5 further reasons\n" in text
    assert " and 40 more\n" in text
    for written in (text, shell("status", "--format", "json").out, shell("runs").out):
        assert all(line.isprintable() for line in written.splitlines())


def test_no_secret_and_no_password_is_shown(shell: Shell) -> None:
    fail_case(shell)
    for feed in ("incident", "dlr"):
        shell.feed("run", feed, *GUIDE)
    passwords = {
        attribute["value"]
        for one in shell.export()
        for attribute in one["attributes"]
        if attribute["name"] == "Password"
    }
    assert passwords
    told = "".join(
        shell(*words, "--format", form).out
        for words in (["status"], ["runs"], ["runs", "1"], ["runs", "2"])
        for form in ("text", "json")
    )
    for secret in (*passwords, shell.emulator.api_key, shell.emulator.secret_key):
        assert secret not in told


# --- runs ----------------------------------------------------------------------------------------


def test_runs_are_listed_newest_first(shell: Shell, filled: Path) -> None:
    fail_case(shell)
    run(shell)
    assert [one["number"] for one in runs(shell)] == [3, 2, 1]
    assert runs(shell, "--limit", "2") == runs(shell)[:2]
    third, _, first = runs(shell)
    assert (third["outcome"], first["outcome"], first["feed"]) == ("partial", "complete", INCIDENT)
    assert third["counts"]["failures"] == 1
    objects = sum(one["counts"]["created"] for one in runs(shell))
    assert objects == len(shell.export())
    lines = shell("runs").out.splitlines()
    assert [line.split()[0] for line in lines] == ["run", "3", "2", "1"]
    assert filled.is_file()


def test_a_run_is_shown_with_its_messages_grouped(shell: Shell) -> None:
    shell.emulator.state.add_fault("envelope", endpoint="CaseDetail", json=REFUSED, count=None)
    summary = run(shell)
    data = runs(shell, "1")
    assert data["outcome"] == summary["outcome"]
    assert (data["since"], data["until"]) == (summary["since"], summary["until"])
    (kind,) = [one for one in data["messages"] if "Try later" in one["text"]]
    assert kind["count"] == len(summary["cases"]["deferred"]) == data["counts"]["failures"]
    assert kind["cases"] == summary["cases"]["deferred"][:3] or kind["more_cases"]
    text = shell("runs", "1").out
    assert text.startswith(f"run 1: {INCIDENT}, partial\n")
    assert f"({kind['count']} times; cases {', '.join(kind['cases'])}" in text


def test_runs_and_messages_are_rows_of_csv(shell: Shell) -> None:
    shell.emulator.state.add_fault("envelope", endpoint="CaseDetail", json=REFUSED, count=None)
    run(shell)
    for words, expected in ((["runs"], runs(shell)), (["runs", "1"], runs(shell, "1")["messages"])):
        written = shell(*words, "--format", "csv").out.removeprefix("\ufeff")
        found = list(csv.DictReader(io.StringIO(written, newline="")))
        assert len(found) == len(expected)
        for cells, one in zip(found, expected, strict=True):
            values = one | one.get("counts", {})
            assert {name: str(values[name]) for name in cells if name != "cases"} == {
                name: cell for name, cell in cells.items() if name != "cases"
            }


@pytest.mark.parametrize("number", ["3", "999999999"])
def test_a_run_that_there_is_not_is_a_usage_error(shell: Shell, filled: Path, number: str) -> None:
    told = f"the library {filled.name} has no run {number}: its last run is 2"
    assert shell("runs", number) == Ended(2, "", f"izoologic-cdf: {told}\n")


def test_the_help_names_how_many_messages_are_kept(shell: Shell) -> None:
    assert f"{MAX_MESSAGES:,}" in shell("runs", "--help").out
