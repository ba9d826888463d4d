"""What `diff` tells an administrator of an upgrade: objects, runs, the command."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.cli import emulator_commands
from izoologic_cdf.cli.main import main
from izoologic_cdf.diff import compare as comparing
from izoologic_cdf.diff.compare import compare
from izoologic_cdf.diff.results import (
    Configurations,
    FirstFailure,
    Redirected,
    Result,
    object_changes,
    run_over,
)
from izoologic_cdf.diff.versions import Version, read_version
from izoologic_cdf.emulator import Scenario
from izoologic_cdf.errors import Position
from izoologic_cdf.language.model import Definition
from izoologic_cdf.language.values import Literal
from izoologic_cdf.runtime.case import Message
from tests.bundle.history import FIXTURE, GOLDEN, reconstruction, story, today
from tests.support.small_feed import OLD, version


@pytest.fixture(scope="module", autouse=True)
def each_version_is_read_and_run_once() -> Iterator[None]:
    """Read a file again where name or text differ, and run it where text or fields do."""
    read: dict[tuple[str, bytes], Version] = {}
    texts: dict[int, bytes] = {}
    results: dict[tuple[bytes, str, str], Result] = {}

    def read_once(path: Path) -> Version:
        if not path.is_file():
            return read_version(path)
        key = str(path), path.read_bytes()
        if key not in read:
            read[key] = read_version(path)
            texts[id(read[key].definition)] = key[1]
        return read[key]

    def run_once(definition: Definition, scenario: Scenario, fields: Configurations) -> Result:
        key = texts[id(definition)], scenario.name, repr(fields)
        if key not in results:
            results[key] = run_over(definition, scenario, fields)
        return results[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(emulator_commands, "read_version", read_once)
        patch.setattr(comparing, "run_over", run_once)
        yield


# kind, where, what, old, new
Told = tuple[str, str, str, str | None, str | None]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.example.com/api/x?y=1", "http://127.0.0.1:1/api/x?y=1"),
        ("https://api.example.com", "http://127.0.0.1:1/"),
        ("http://127.0.0.1:1@api.example.com/x", "http://127.0.0.1:1/x"),
        ("//api.example.com/x", "http://127.0.0.1:1/x"),
        ("https://[api.example.com/x", "http://127.0.0.1:1"),
        ("", "http://127.0.0.1:1/"),
        (None, None),
    ],
)
def test_whatever_server_a_definition_names_the_emulator_is_asked(url: Any, expected: Any) -> None:
    here = Position("x.yaml", 1, 1)
    assert Redirected(Literal(url, here), "http://127.0.0.1:1").evaluate({}) == expected


def test_a_failed_run_is_told_by_its_first_failure_and_by_no_warning() -> None:
    heard = FirstFailure()
    heard.message(Message("warning", "a", "odd"))
    heard.message(Message("failure", "a", "refused"))
    heard.message(Message("error", None, "ended"))
    assert heard.said == "failure: case a: refused"


def thing(value: str, **more: Any) -> dict[str, Any]:
    plain = dict.fromkeys(["subtype", "description", "published_at", "status", "happened_at"])
    rows: dict[str, Any] = {"sources": ["s"], "attributes": [], "related": [], "tags": []}
    return {"type": "note", "value": value, **plain, **rows, **more}


def attribute(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": value, "sources": ["s"]}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([], [], []),
        ([thing("a")], [thing("a")], []),
        (
            [thing("a")],
            [thing("b", attributes=[attribute("A", "1")])],
            [
                ("result-removed", "note a", "0 attributes, 0 related objects", None, None),
                ("result-added", "note b", "1 attributes, 0 related objects", None, None),
            ],
        ),
        (
            [thing("a", description="x")],
            [thing("a", published_at="2025-08-01 00:00:00")],
            [
                ("result-changed", "note a", "description", "x", None),
                ("result-changed", "note a", "published_at", None, "2025-08-01 00:00:00"),
            ],
        ),
        (
            [thing("a", status="Review", tags=["x", "y"])],
            [thing("a", happened_at="2025-08-01 00:00:00", tags=["y", "z"])],
            [
                ("result-changed", "note a", "happened_at", None, "2025-08-01 00:00:00"),
                ("result-changed", "note a", "status", "Review", None),
                ("result-changed", "note a", "tag", "x", "z"),
            ],
        ),
        (
            [thing("a", attributes=[attribute("A", "1"), attribute("A", "2")])],
            [thing("a", attributes=[attribute("A", "2"), attribute("A", "3"), attribute("B", "")])],
            [
                ("result-changed", "note a", "attribute A", "1", "3"),
                ("result-changed", "note a", "attribute B", None, ""),
            ],
        ),
        (
            [thing("a", sources=["s"], related=[{"type": "incident", "value": "i"}])],
            [thing("a", sources=["t"])],
            [
                ("result-changed", "note a", "source", "s", "t"),
                ("result-changed", "note a", "related incident", "i", None),
            ],
        ),
        (
            [thing("a", subtype="x"), thing("a", subtype="y")],
            [thing("a", subtype="y")],
            [("result-removed", "note a (x)", "0 attributes, 0 related objects", None, None)],
        ),
        (
            [thing("a", description="1"), thing("a", description="2")],
            [thing("a", description="2"), thing("a", description="3")],
            [("result-changed", "note a", "description", "1", "3")],
        ),
    ],
)
def test_objects_of_two_exports_are_paired_and_their_differences_told(
    old: list[Any], new: list[Any], expected: list[Told]
) -> None:
    found = [(c.kind, c.where, c.what, c.old, c.new) for c in object_changes(old, new)]
    assert found == expected


def test_the_reconstruction_of_1_0_0_is_what_the_change_log_makes_of_today() -> None:
    assert FIXTURE.read_text(encoding="utf-8") == reconstruction(), (
        "it is stale: python -m tests.bundle.history"
    )


def test_the_story_from_1_0_0_to_1_1_0_is_the_golden_one() -> None:
    assert story() == GOLDEN.read_text(encoding="utf-8"), (
        "look at the difference, then: python -m tests.bundle.history"
    )


def test_with_the_added_date_chosen_the_story_tells_of_dates_too() -> None:
    usual, chosen = GOLDEN.read_text(encoding="utf-8"), story("use_added_date=on")
    line = "(IP Address): published_at: 2025-08-01 09:00:00 -> 2025-08-02 10:15:30"
    assert (line in usual, line in chosen) == (False, True)
    assert "with use_added_date=on and else the defaults" in " ".join(chosen.split())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("built") / "built.yaml"
    path.write_text(today(), encoding="utf-8")
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(OLD, encoding="utf-8")
    return path


def test_a_file_does_not_differ_from_itself(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", str(built), str(built)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{built} (1.1.0) -> {built} (1.1.0)\n\nBoth were run over")
    assert out.endswith("No difference\n")


def test_a_definition_with_a_server_and_keys_of_its_own_is_run_on_the_emulator(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = built.read_text(encoding="utf-8")
    fixed = tmp_path / "fixed.yaml"
    changed = text.replace("user_fields.api_host", "'https://api.example.com'")
    assert changed.count("api.example.com") > 3
    fixed.write_text(changed.replace("name: api_host", "name: another_host"), encoding="utf-8")
    assert main(["diff", str(built), str(fixed), "--format", "json"]) == 1
    kinds = {change["kind"] for change in json.loads(capsys.readouterr().out)["changes"]}
    # the login takes the host, and hands it to the other feeds
    assert kinds == {"field-added", "field-removed", "request", "steps"}


def test_a_version_that_does_not_run_is_told_and_is_trouble(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.yaml"
    text = built.read_text(encoding="utf-8").replace("list: CaseSync", "list: Gone")
    broken.write_text(text, encoding="utf-8")
    assert main(["diff", str(built), str(broken)]) == 2
    out = capsys.readouterr().out
    assert "Runs that did not complete: 1\n" in out
    assert f"  * {broken}: iZoologic Incident Case Sync\n      + 32 of 32 runs did not" in out
    assert "Objects that only the old version makes" in out


def test_without_a_run_only_what_the_files_say_is_compared(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["diff", str(FIXTURE), str(built), "--no-run", "--format", "json"]
    assert main(arguments) == 1
    document = json.loads(capsys.readouterr().out)
    assert [document[side]["version"] for side in ("old", "new")] == ["1.0.0", "1.1.0"]
    assert document["run_over"] is None
    assert [change["kind"] for change in document["changes"]] == [
        "version",
        "identity",
        "identity",
        "ingest-rule-added",
        "steps",
        "steps",
    ]
    assert all(change["means"] for change in document["changes"])


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_default_of_a_secret_is_never_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    files: list[str] = []
    for secret in ("first-secret", "second-secret"):
        path = tmp_path / f"{len(files)}.yaml"
        path.write_text(OLD.replace("first-secret", secret), encoding="utf-8")
        files.append(str(path))
    assert main(["diff", *files, "--no-run", "--format", form]) == 1
    out = capsys.readouterr().out
    assert "(not shown)" in out
    assert "-secret" not in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--no-run", "--set", "as_event=on"], "--no-run makes none"),
        (["--set", "as_event=perhaps"], "as_event takes yes or no"),
        (["--set", "as_events=on"], "did you mean 'as_event'?"),
        (["--set", "secret=x"], "--set refuses the secret secret"),
        (["--set", "secret"], "--set takes field=value"),
    ],
)
def test_a_field_that_cannot_be_set_is_refused(
    small: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["diff", str(small), str(small), *arguments]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "the file cannot be read"),
        ("", "the file is empty"),
        ("feeds: {}", "lacks the keys 'version' and 'required_threatq_version'"),
        (OLD.replace("data.brand", "date.brand"), "date"),
    ],
)
def test_a_definition_that_cannot_be_used_is_trouble_with_a_place(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, said: str
) -> None:
    path = tmp_path / "bad.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert main(["diff", str(small), str(path)]) == 2
    err = capsys.readouterr().err
    assert f"{path}:" in err
    assert said in err


@pytest.mark.parametrize("depth", [50, 95, 105, 1000])
@pytest.mark.parametrize("place", ["_anchors:", "template_values:"])
def test_a_definition_nested_to_any_depth_is_compared_or_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], depth: int, place: str
) -> None:
    entry = "- " if place == "_anchors:" else "deep: "
    texts = [
        OLD.replace(place, f"{place}\n  {entry}{'[' * depth}{x}{']' * depth}") for x in ("1", "2")
    ]
    for name, text in zip(("old.yaml", "new.yaml"), texts, strict=True):
        (tmp_path / name).write_text(text, encoding="utf-8")
    code = main(["diff", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml"), "--no-run"])
    captured = capsys.readouterr()
    said = {0: "No difference", 1: "template_values.deep[1][1]", 2: ""}
    assert said[code] in captured.out
    assert (code == 2) == ("deep" in captured.err)


def test_a_single_change_is_counted_in_the_singular(tmp_path: Path) -> None:
    old = version(tmp_path, OLD, "old.yaml")
    new = version(tmp_path, OLD.replace('"1.0"', '"1.1"'))
    text = compare(old, new).as_text()
    assert text.endswith("Neither was run.\n1 change")
