"""The export of real runs, held against the contract: keys, nulls, order, and one newline."""

import io
import json
import re
from contextlib import redirect_stderr, redirect_stdout
from itertools import pairwise
from typing import Any

import pytest

from izoologic_cdf.cli.main import main
from izoologic_cdf.emulator import Emulator
from izoologic_cdf.library.store import Library
from tests.support.shells import GUIDE, NEWEST, Shell

KEYS = [
    "type", "value", "subtype", "description", "published_at", "sources", "attributes", "related",
    "tags", "status", "happened_at",
]  # fmt: skip
SWITCHES = ("ingest_as_event", "ingest_ip_as_attribute", "ingest_as_identity")


@pytest.fixture(scope="module", params=["off", "on"])
def text(
    request: pytest.FixtureRequest, guide: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> str:
    guide.state.reset()
    folder = tmp_path_factory.mktemp("export")
    fields = {
        "api_host": guide.url,
        "api_key": guide.api_key,
        "api_secret": guide.secret_key,
        **dict.fromkeys(SWITCHES, request.param),
    }
    config, library = folder / "tenant.yaml", folder / "izoologic.sqlite"
    config.write_text("".join(f"{name}: {value}\n" for name, value in fields.items()))
    words = (*GUIDE, "--config", str(config), "--library", str(library))
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        assert [main(["run", feed, *words]) for feed in ("incident", "dlr")] == [0, 0]
    with redirect_stdout(io.TextIOWrapper(io.BytesIO(), "utf-8")) as written:
        assert main(["library", "export", str(library)]) == 0
        written.seek(0)
        return written.read()


def _objects(text: str) -> list[dict[str, Any]]:
    document = json.loads(text)
    assert list(document) == ["objects"]
    found: list[dict[str, Any]] = document["objects"]
    assert found
    return found


def test_the_keys_are_always_there_and_in_order(text: str) -> None:
    for one in _objects(text):
        more = ["size", "sha256"] if one["type"] == "attachment" else []
        assert list(one) == KEYS + more
        assert all(list(held) == ["name", "value", "sources"] for held in one["attributes"])
        assert all(list(other) == ["type", "value"] for other in one["related"])


def test_types_are_codes_and_subtypes_stand_at_events_and_indicators_alone(text: str) -> None:
    for one in _objects(text):
        assert one["type"] in (
            "incident", "event", "identity", "account", "indicator", "note", "attachment",
        )  # fmt: skip
        assert (one["subtype"] is not None) == (one["type"] in ("event", "indicator"))


def test_absent_is_null_and_never_empty(text: str) -> None:
    objects = _objects(text)
    for one in objects:
        for key in ("value", "subtype", "description", "published_at", "status", "happened_at"):
            assert one[key] is None or one[key].strip()
        for held in one["attributes"]:
            assert held["value"].strip()
            assert held["name"].strip()
    assert any(one["description"] is None for one in objects)


def test_a_published_date_has_one_form_and_is_never_the_time_of_ingest(text: str) -> None:
    dates = {one["published_at"] for one in _objects(text)} - {None}
    assert dates
    for date in dates:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", date)
        assert date < "2025-08-16"


def test_what_only_some_types_have_is_there_for_them(text: str) -> None:
    """A status is an indicator's, the time it happened an event's; our feeds set no tags."""
    for one in _objects(text):
        assert one["status"] == ("Active" if one["type"] == "indicator" else None)
        assert one["happened_at"] == (one["published_at"] if one["type"] == "event" else None)
        assert one["tags"] == []


def test_everything_is_sorted_by_code_point(text: str) -> None:
    objects = _objects(text)
    for before, after in pairwise(objects):
        keys = [(one["type"], one["value"], one["subtype"] or "") for one in (before, after)]
        assert keys[0] <= keys[1]
    for one in objects:
        assert one["sources"] == sorted(set(one["sources"]))
        for key, names in (("attributes", ("name", "value")), ("related", ("type", "value"))):
            rows = [tuple(row[name] for name in names) for row in one[key]]
            assert rows == sorted(rows)
        assert all(held["sources"] == sorted(set(held["sources"])) for held in one["attributes"])


def test_a_relation_is_shown_from_both_sides(text: str) -> None:
    objects = _objects(text)
    pairs = {
        ((one["type"], one["value"]), (other["type"], other["value"]))
        for one in objects
        for other in one["related"]
    }
    assert pairs
    assert pairs == {(right, left) for left, right in pairs}


def test_the_document_ends_with_one_newline_and_holds_nothing_of_the_run(text: str) -> None:
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")
    assert text == json.dumps({"objects": _objects(text)}, indent=2, ensure_ascii=False) + "\n"


def test_an_attachment_that_was_downloaded_has_its_size_and_sum(text: str) -> None:
    attachments = [one for one in _objects(text) if one["type"] == "attachment"]
    assert attachments
    for one in attachments:
        assert isinstance(one["size"], int)
        assert re.fullmatch("[0-9a-f]{64}", one["sha256"])


def test_an_attachment_that_was_not_downloaded_has_nulls_until_the_next_run(shell: Shell) -> None:
    shell.emulator.state.add_fault("status", endpoint="DownloadCaseFile", status=404, count=None)
    assert shell.feed("run", "incident", *NEWEST).code == 3
    held = [one for one in shell.export() if one["type"] == "attachment"]
    assert held
    assert {(one["size"], one["sha256"]) for one in held} == {(None, None)}
    shell.emulator.state.clear_faults()
    assert shell.feed("run", "incident", *NEWEST).code == 0
    held = [one for one in shell.export() if one["type"] == "attachment"]
    assert all(one["size"] is not None and one["sha256"] for one in held)


def test_an_empty_library_is_an_empty_list(shell: Shell) -> None:
    Library.create(shell.folder / "empty.sqlite").close()
    assert shell("library", "export", "empty.sqlite").out == '{"objects": []}\n'
    assert shell("library", "show", "empty.sqlite").out == "The library is empty.\n"


def test_the_export_does_not_depend_on_what_was_ingested_first(shell: Shell) -> None:
    config = shell.config()
    texts = set()
    for name, feeds in (("a", ("incident", "dlr")), ("b", ("dlr", "incident", "dlr"))):
        for feed in feeds:
            words = ("--config", config, "--library", name, "--in-flight", str(len(feeds)))
            assert shell("run", feed, *GUIDE, *words).code == 0
        texts.add(shell("library", "export", name).out)
    assert len(texts) == 1
