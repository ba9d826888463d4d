"""Export and show: what comes out of a library."""

import json
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from izoologic_cdf.library.objects import LibraryError
from izoologic_cdf.library.show import WIDTH, show
from izoologic_cdf.library.store import Library
from tests.library.reports import LATER, exported, incident, obj, put, spooled


def test_the_address_of_a_library_is_said_to_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # some builds of SQLite take an address for one unasked, so that no opened file shows it
    said: list[object] = []
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def noted(*args: Any, **named: Any) -> sqlite3.Connection:
        said.append(named.get("uri"))
        return connect(*args, **named)

    monkeypatch.setattr(sqlite3, "connect", noted)
    Library.create(tmp_path / "100% full?.sqlite").close()
    assert said
    assert set(said) == {True}


@pytest.fixture
def filled(library: Library, tmp_path: Path) -> Library:
    """One case with all that can hang on it, reported by two feeds, and changed by a second run."""
    case = incident(
        ("Case Type", "Phishing"),
        ("Status", "Open"),
        ("URL", "https://login.example.com/a?b=c"),
        ("Has Logo", "false"),
        ("A name that is longer than the column of names", "x"),
        description="First line, " + "which is long " * 10 + "\n\n  third line \x1b[31mred",
        published_at="2024-01-01 00:00:00",
        started_at="2024-01-01 00:00:00",
        tags=["phishing", "brand"],
    )
    put(
        library,
        case,
        obj("note", "2024-01-01 00:00:00 - Hello - CASE1", description="Text"),
        obj("indicator", "192.0.2.1", ("Country", "ZZ"), subtype="IP Address", status="Active"),
        obj(
            "attachment",
            "a.txt",
            key="k1",
            published_at="2024-01-01 00:00:00",
            content=spooled(tmp_path, b"test file"),
        ),
        obj("attachment", "a.txt", key="k2"),
        relations=[(0, 1), (0, 2), (3, 0), (4, 0)],
    )
    put(library, incident(("Status", "Closed")), now=LATER)
    put(library, incident(("Case Type", "Phishing"), ("Other", "1")), source="Feed B", now=LATER)
    put(library, obj("account", "account-1@example.com", ("Password", "correct horse")))
    put(library, obj("event", "CASE1", subtype="Incident", happened_at="2024-01-01 00:00:00"))
    return library


def test_export_golden(filled: Library, golden: Callable[[str, str], None]) -> None:
    golden("export.json", exported(filled))


def test_show_golden(filled: Library, golden: Callable[[str, str], None]) -> None:
    golden("overview.txt", "".join(show(filled)))
    golden("case.txt", "".join(show(filled, "CASE1")))
    golden("attachments.txt", "".join(show(filled, "a.txt")))
    golden("account.txt", "".join(show(filled, "account-1@example.com")))
    shown = "".join(show(filled, "account-1@example.com", passwords=True))
    golden("account_with_passwords.txt", shown)


def test_the_overview_of_a_large_library_can_be_read(library: Library) -> None:
    put(library, *(incident(value=f"CASE{number:04}") for number in range(1_052)))
    put(library, *(obj("malware", f"m{number}") for number in range(51)))
    lines = "".join(show(library)).splitlines()
    assert len(lines) == 3 + 2 * (1 + 1 + 50 + 1)
    assert lines[54:57] == ["  CASE0049", "  and 1,002 more: `izoologic-cdf cases`", ""]
    assert lines[-1] == "  and 1 more"


def test_an_empty_library_exports_an_empty_list(library: Library) -> None:
    assert exported(library) == '{"objects": []}\n'
    assert list(show(library)) == ["The library is empty.\n"]


def test_the_export_is_laid_out_as_json_dumps_does(filled: Library) -> None:
    text = exported(filled)
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def test_the_keys_of_an_exported_object_are_always_there(filled: Library) -> None:
    keys = ["type", "value", "subtype", "description", "published_at"]
    keys += ["sources", "attributes", "related", "tags", "status", "happened_at"]
    for one in json.loads(exported(filled))["objects"]:
        more = ["size", "sha256"] if one["type"] == "attachment" else []
        assert list(one) == keys + more


def test_tags_status_and_the_time_of_an_event_are_exported(filled: Library) -> None:
    """So that equal exports prove them too; tags are sorted."""
    found = {
        one["type"]: (one["tags"], one["status"], one["happened_at"])
        for one in json.loads(exported(filled))["objects"]
    }
    assert found == {
        "account": ([], None, None),
        "attachment": ([], None, None),
        "event": ([], None, "2024-01-01 00:00:00"),
        "incident": (["brand", "phishing"], None, None),
        "indicator": ([], "Active", None),
        "note": ([], None, None),
    }


def test_related_objects_are_exported_from_both_sides(filled: Library) -> None:
    found = json.loads(exported(filled))["objects"]
    pairs = {
        (one["type"], one["value"], other["type"], other["value"])
        for one in found
        for other in one["related"]
    }
    assert pairs == {(c, d, a, b) for a, b, c, d in pairs}
    assert ("note", "2024-01-01 00:00:00 - Hello - CASE1", "incident", "CASE1") in pairs


def test_objects_of_equal_name_are_ordered_by_the_rest_not_by_arrival(tmp_path: Path) -> None:
    texts = []
    for keys in (["1", "2"], ["2", "1"]):
        with Library.create(tmp_path / f"{keys[0]}.sqlite") as library:
            for key in keys:
                put(library, obj("attachment", "a.txt", key=key, description=key))
            texts.append(exported(library))
    assert texts[0] == texts[1]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["note", "indicator"]),
            st.text(min_size=1, max_size=3),
            st.none() | st.text(min_size=1, max_size=2),
        ),
        max_size=8,
    ),
    st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=6),
    st.lists(st.text(max_size=3), min_size=1, max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_the_export_is_sorted_by_code_point(
    names: list[tuple[str, str, str | None]],
    rows: list[tuple[str, str]],
    sources: list[str],
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Library.create(Path(folder) / "x.sqlite") as library,
    ):
        reports = [obj(kind, value, *rows, subtype=sub) for kind, value, sub in names]
        for source in sources:
            put(library, *reports, source=source, relations=[(0, i) for i in range(len(names))])
        found = json.loads(exported(library))["objects"]
    order = [(one["type"], one["value"], one["subtype"] or "") for one in found]
    assert order == sorted(order)
    for one in found:
        assert one["sources"] == sorted(set(sources))
        pairs = [(row["name"], row["value"]) for row in one["attributes"]]
        assert all(row["sources"] == one["sources"] for row in one["attributes"])
        assert set(pairs) >= {row for row in rows if row[0] not in {"Status", "URL"}}
        assert pairs == sorted(set(pairs))
        related = [(other["type"], other["value"]) for other in one["related"]]
        assert related == sorted(related)


def test_the_same_reports_export_the_same_bytes_whenever_they_came(tmp_path: Path) -> None:
    texts = []
    for now in ("2024-05-01 10:00:00", "2031-01-01 00:00:00"):
        with Library.create(tmp_path / f"{now[:4]}.sqlite") as library:
            put(library, incident(("A", "1"), description="d"), now=now)
            texts.append(exported(library))
    assert texts[0] == texts[1]


def test_shown_lines_are_no_wider_than_stated(filled: Library) -> None:
    lines = [*show(filled), *show(filled, "CASE1")]
    assert max(map(len, lines)) <= WIDTH + 1


def test_shown_text_cannot_act_on_the_terminal(library: Library) -> None:
    odd = "a\x1b[31m\r\u202eb\0"
    put(
        library, obj("event", odd, (odd, odd), subtype=odd, description=odd, tags=[odd]), source=odd
    )
    for text in ("".join(show(library)), "".join(show(library, odd))):
        assert r"a\x1b[31m\r\u202eb\x00" in text
        assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("case1", "no object has the value case1; .*exactly; similar: CASE1"),
        ("\udcff", "no object has the value \ufffd; .*exactly$"),
        ("nothing", "no object has the value nothing; .*exactly$"),
    ],
)
def test_a_value_that_no_object_has_is_an_error(
    filled: Library,
    value: str,
    sentence: str,
) -> None:
    with pytest.raises(LibraryError, match=sentence):
        list(show(filled, value))
