"""Lists, `changes` and `count` over the library of the guide: filters, columns, order, formats."""

import csv
import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.library.store import Library
from tests.support.platforms import bound_by_permissions
from tests.support.shells import GUIDE, NEWEST, Shell, in_turn

LIBRARY = "izoologic.sqlite"
LISTS = ("cases", "accounts", "indicators", "notes", "files")
FORMAT_1 = Path(__file__).parents[1] / "state" / "library_of_format_1.sql"
OLD = ["CASE123458", "CASE123457", "CASE123456"]
NEW = ["exAmple01", "gz3kEgBWO"]
DLR_2 = ["primary.account@example.com", "other.account@example.com", "only_user_name_test"]


@pytest.fixture(autouse=True)
def filled(shell: Shell, guide_library: bytes) -> Path:
    path = shell.folder / LIBRARY
    path.write_bytes(guide_library)
    path.chmod(0o600)
    return path


def rows(shell: Shell, *words: str) -> list[dict[str, Any]]:
    """Return the JSON form of a list."""
    ended = shell(*words, "--format", "json")
    assert ended.code == 0
    found: list[dict[str, Any]] = json.loads(ended.out)
    return found


def firsts(shell: Shell, *words: str) -> list[str]:
    """Return the first column of a list, which names its objects."""
    return [next(iter(row.values())) for row in rows(shell, *words)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["cases"], NEW + OLD),
        (["cases", "--brand", "Example Brand"], OLD),
        (["cases", "--brand", "example BRAND", "--brand", "ThreatQ"], ["gz3kEgBWO", *OLD]),
        (["cases", "--status", "waiting"], NEW),
        (["cases", "--status", "Waiting", "--brand", "ThreatQ"], ["gz3kEgBWO"]),
        (["cases", "--type", "executive monitoring"], ["exAmple01"]),
        (["cases", "--type", "Phishing"], ["gz3kEgBWO", *OLD]),
        (["cases", "--type", "incident", "--limit", "2"], NEW),
        (["cases", "--since", "2025-08-01"], NEW),
        (["cases", "--since", "2025-08-01T10:00:00Z"], ["gz3kEgBWO"]),
        (["cases", "--changed-since", "1h"], NEW + OLD),
        (["cases", "--changed-since", "2099-01-01"], []),
        (["cases", "--source", "incident"], NEW + OLD),
        (["cases", "reported by the CLIENT"], ["gz3kEgBWO"]),
        (["cases", "suspicious-site"], OLD),
        (["cases", "phishing", "123457"], ["CASE123457"]),
        (["cases", "xy"], []),
        (["cases", "--sort", "case_id"], sorted(NEW + OLD, key=str.lower)),
        (["cases", "--sort", "Case ID", "--reverse"], sorted(NEW + OLD, key=str.lower)[::-1]),
        (["cases", "--reverse"], [*OLD[::-1], *NEW[::-1]]),
        (["cases", "--limit", "1"], NEW[:1]),
        (["accounts", "--brand", "example bank", "--sort", "added"], DLR_2),
        (["accounts", "exAmple02", "collection"], DLR_2),
        (["accounts", "--type", "identity"], []),
        (["accounts", "primary.acc"], DLR_2[:1]),
        (["indicators", "--type", "ip address"], ["203.0.113.7", "192.168.1.100"]),
        (["indicators", "--brand", "Example Brand"], ["192.168.1.100"]),
        (["indicators", "--case", "CASE123457"], ["192.168.1.100"]),
        (["indicators", "--status", "Active", "--since", "2025-01-01"], ["203.0.113.7"]),
        (["files", "--case", "gz3kEgBWO"], ["test_file.txt"]),
        (["files", "--status", "waiting"], ["test_file.txt", "takedown_request.txt"]),
        (["files", "--brand", "Example Brand"], ["evidence.pdf"] * 3),
        (["notes", "acknowledgement", "--brand", "ThreatQ"],
         ["2025-08-06 14:28:43 - Incident Acknowledgement - gz3kEgBWO"]),
        (["notes", "--source", "dlr"], []),
    ],
)  # fmt: skip
def test_filters_sort_and_limit(shell: Shell, words: list[str], expected: list[str]) -> None:
    assert firsts(shell, *words) == expected


@pytest.mark.parametrize("name", LISTS)
def test_the_three_forms_of_a_list_agree(shell: Shell, name: str) -> None:
    data = rows(shell, name)
    assert data
    written = shell(name, "--format", "csv").out
    assert written.startswith("\ufeff")
    parsed = list(csv.DictReader(io.StringIO(written.removeprefix("\ufeff"), newline="")))
    assert len(parsed) == len(data)
    for cells, row in zip(parsed, data, strict=True):
        assert {key: str(value or "") for key, value in row.items() if isinstance(value, str)} == {
            key: cell for key, cell in cells.items() if isinstance(row[key], str)
        }
    lines = shell(name, "--columns", "all").out.splitlines()
    assert lines[0].split() == list(data[0])
    assert lines[-1] == f"{len(data)} {name}"
    assert len(lines) == len(data) + 3


def test_columns_are_chosen_by_name(shell: Shell) -> None:
    data = rows(shell, "cases", "--columns", "status, Case ID", "--limit", "1")
    assert data == [{"status": "Waiting", "case_id": "exAmple01"}]
    assert list(data[0]) == ["status", "case_id"]
    assert shell("cases", "--limit", "1").out.endswith("\n\n1 of 5 cases\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--columns", "brnd"], "there is no column of cases called 'brnd'; did you mean brand?"),
        (["--sort", "sttus"], "no column of cases called 'sttus'; did you mean status?"),
        (
            ["--sort", "1; DROP TABLE object"],
            "column of cases called '1;_drop_table_object'",
        ),
        (["--columns", ","], "--columns names none"),
        (["--since", "yesterday"], "--since: 'yesterday' is not a time; a time is a date"),
        (["--since", "yesterday"], "; did you mean 1d?"),
        (["--changed-since", "30"], "did you mean 30d or 30h"),
        (["--limit", "0"], "expected an integer from 1"),
        (["--format", "xlsx"], "--format: invalid choice"),
    ],
)
def test_a_wrong_option_is_a_usage_error(shell: Shell, words: list[str], told: str) -> None:
    ended = shell("cases", *words)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["cases", "--brand", "Exampel Brand"], "brand 'Exampel Brand'; did you mean 'Example B"),
        (["cases", "--status", "Closd"], "nothing has the status 'Closd'; known here: Open, Wai"),
        (["cases", "--type", "Fishing"], "did you mean 'Phishing'?"),
        (["notes", "--source", "twitter"], "the source 'twitter'; known here: iZoologic DLR Case"),
        (["indicators", "--type", "IPv4 Address"], "did you mean 'IP Address'?"),
        (["notes", "--case", "case123456"], "the case 'case123456'; did you mean 'CASE123456'?"),
        (
            ["accounts", "--case", "DLR#exAmple"],
            "the case 'DLR#exAmple'; did you mean 'DLR#exAmple02'?",
        ),
    ],
)
def test_a_value_that_nothing_has_is_told_and_no_error(
    shell: Shell, words: list[str], told: str
) -> None:
    ended = shell(*words)
    assert (ended.code, ended.out) == (0, f"no {words[0]} found\n")
    assert told in ended.err


def test_reading_keeps_the_mode_of_the_library(shell: Shell, filled: Path) -> None:
    for mode in (0o600, 0o640):
        filled.chmod(mode)
        for words in (
            *([name] for name in LISTS),
            ["show", "gz3kEgBWO"],
            ["count", "--by", "type"],
        ):
            assert shell(*words).code == 0
        assert [path.stat().st_mode & 0o777 for path in shell.folder.iterdir()] == [mode]


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_library_lists_nothing(shell: Shell, filled: Path, name: str) -> None:
    filled.unlink()
    Library.create(filled).close()
    assert shell(name).out == f"no {name} found\n"
    assert shell(name, "--format", "json").out == "[]\n"
    assert len(shell(name, "--format", "csv").out.splitlines()) == 1
    assert shell("changes", "--since", "1d").out == "no changes found\n"
    assert shell("count", "--by", "brand").out == "no cases found\n"


@pytest.mark.parametrize("words", [*([name] for name in LISTS), ["show", "x"], ["file", "x"]])
def test_no_library_is_made(shell: Shell, filled: Path, words: list[str]) -> None:
    filled.unlink()
    ended = shell(*words)
    assert (ended.code, ended.out) == (2, "")
    assert "there is no library at izoologic.sqlite: a feed run creates one" in ended.err
    assert list(shell.folder.iterdir()) == []


# --- changes and count ---------------------------------------------------------------------------


def test_what_changed_stands_with_old_and_new_value(shell: Shell) -> None:
    state = shell.emulator.state
    assert shell.feed("run", "all", *GUIDE, "--quiet").code == 0
    before = len(rows(shell, "changes", "--since", "1d"))
    state.close_case("CASE123456")
    detail = {"email": "leaked@example.com", "password": "Password_Test_1"}
    state.put_dlr("DLR#chAnge001", {"dataLossRecoveryDetail": [detail]})
    assert shell.feed("run", "all", *GUIDE, "--quiet").code == 0
    detail["password"] = "Password_Test_2"
    state.put_dlr("DLR#chAnge001", {"dataLossRecoveryDetail": [detail]})
    assert shell.feed("run", "dlr", *GUIDE, "--quiet").code == 0
    changes = rows(shell, "changes", "--since", "1d")
    (status,) = (one for one in changes if one["name"] == "Status")
    names = ("type", "value", "change", "what", "old", "new")
    assert [status[name] for name in names] == [
        "incident", "CASE123456", "changed", "attribute", "Open", "Closed",
    ]  # fmt: skip
    came = [one["value"] for one in changes[before:] if one["what"] == "object"]
    assert "leaked@example.com" in came
    passwords = [one for one in changes if one["name"] == "Password"]
    assert passwords
    assert {one["new"] for one in passwords} == {"(hidden)"}
    for form in ("text", "json", "csv"):
        assert "Password_Test" not in shell("changes", "--since", "1d", "--format", form).out
    only = rows(shell, "changes", "--since", "1d", "--what", "attribute")
    assert only == [one for one in changes if one["what"] == "attribute"]
    assert status in only
    assert rows(shell, "changes", "--since", "2099-01-01") == []
    assert "Status changed: Open -> Closed" in shell("show", "CASE123456").out
    assert shell("changes").code == 2
    ended = shell("changes", "--since", "1d", "--until", "2d")
    assert (ended.code, ended.out) == (2, "")
    assert "--since must not be after --until: " in ended.err
    assert "--until: '' is not a time" in shell("changes", "--since", "1d", "--until", "").err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--by", "Brand,Status"],
         [("Example Brand", "Open", 3), ("Example Bank", "Waiting", 1), ("ThreatQ", "Waiting", 1)]),
        (["--by", "status"], [("Open", 3), ("Waiting", 2)]),
        (["--by", "Client Ref", "--brand", "ThreatQ"], [(None, 1)]),
        (["accounts", "--by", "severity", "--text", "example.com"],
         [("High Threat", 3), ("Financial Data Exposure", 2)]),
        (["indicators", "--by", "type"], [("IP Address", 2)]),
        (["files", "--by", "name", "--limit", "1"], [("evidence.pdf", 3)]),
        (["accounts", "--by", "password"], [("(hidden)", 4), (None, 2)]),
    ],
)  # fmt: skip
def test_counts(shell: Shell, words: list[str], expected: list[tuple[Any, ...]]) -> None:
    assert [tuple(row.values()) for row in rows(shell, "count", *words)] == expected


def test_counts_name_what_they_count(shell: Shell) -> None:
    assert shell("count", "--by", "brand").out.splitlines() == [
        "brand          cases", "Example Brand      3", "Example Bank       1",
        "ThreatQ            1", "", "5 cases",
    ]  # fmt: skip
    assert shell("count", "--by", "brand", "--limit", "1").out.splitlines()[-2:] == [
        "5 cases", "1 of 3 rows",
    ]  # fmt: skip
    ended = shell("count", "--by", "Brand:month")
    assert (ended.code, ended.out) == (2, "")
    assert "there is no time of cases called 'brand'; there are: status_since, " in ended.err
    ended = shell("count", "--by", "Brnd")
    assert (ended.code, "did you mean" in ended.err) == (2, True)
    ended = shell("count", "accounts", "--by", "Brand", "--status", "x")
    assert (ended.code, "accounts have no status to filter by" in ended.err) == (2, True)


# --- whatever is in a library --------------------------------------------------------------------


def test_no_password_is_shown_found_or_counted(shell: Shell) -> None:
    passwords = {
        attribute["value"]
        for one in shell.export()
        for attribute in one["attributes"]
        if attribute["name"] == "Password"
    }
    assert passwords
    commands = [
        *([name, "--columns", "all"] for name in LISTS), ["changes", "--since", "1d"],
        ["count", "accounts", "--by", "Password,Brand"],
        ["show", "example"], ["show", "Email_Test"],
    ]  # fmt: skip
    for words in commands:
        for form in ("text", "json", "csv")[: 2 if words[0] == "show" else 3]:
            told = shell(*words, "--format", form)
            assert told.code == 0
            assert not [one for one in passwords if one in told.out + told.err], words
    for password in passwords:
        assert shell("accounts", password).out == "no accounts found\n"
        assert shell("show", password).code == 2
    shown = shell("show", "Email_Test", "--show-passwords").out
    assert [one for one in passwords if one in shown]


def test_what_is_printed_acts_on_nothing(shell: Shell) -> None:
    hostile = "\x1b[2J\u202e=cmd|' /C calc'!A0"
    shell.emulator.state.put_case("hOstile01", {"brand": hostile, "description": f"a\n{hostile}"})
    assert shell.feed("run", "incident", *NEWEST, "--quiet").code == 0
    for words in (["cases", "--columns", "all"], ["count", "--by", "brand"], ["show", "hOstile"]):
        for form in ("text", "json", "csv")[: 2 if words[0] == "show" else 3]:
            out = shell(*words, "--format", form).out.removeprefix("\ufeff")
            assert all(line.isprintable() for line in out.splitlines()), form
    assert shell("cases", "--brand", hostile).out.endswith("\n1 case\n")


def test_a_library_of_an_earlier_format_is_brought_up_to_date(shell: Shell, filled: Path) -> None:
    filled.unlink()
    with sqlite3.connect(filled) as connection:
        connection.executescript(FORMAT_1.read_text())
    connection.close()
    before = shell.export()
    for name in LISTS:
        ended = shell(name)
        assert (ended.code, ended.err) == (0, "")
    assert shell.export() == before


def test_a_library_is_read_where_nothing_can_be_written(shell: Shell, filled: Path) -> None:
    place = shell.folder / "place"
    place.mkdir()
    filled.rename(place / LIBRARY)
    (place / LIBRARY).chmod(0o400)
    place.chmod(0o555)
    commands = [[name] for name in LISTS] + [["show", "gz3kEgBWO"], ["count", "--by", "brand"]]
    commands = [[*words, "--library", f"place/{LIBRARY}"] for words in commands]
    ended = in_turn(shell.folder, *commands, under=bound_by_permissions())
    place.chmod(0o755)
    assert {(one.code, one.err) for one in ended} == {(0, "")}
    assert [path.name for path in place.iterdir()] == [LIBRARY]
