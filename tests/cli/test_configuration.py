"""Configuration: what counts, what is refused, and that no refusal quotes a value."""

from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.cli import configuration
from izoologic_cdf.cli.configuration import ConfigurationError
from izoologic_cdf.errors import Position
from izoologic_cdf.language.fields import UserField

SECRET = "s3cr3t-s3cr3t"


def field(name: str, **changes: Any) -> UserField:
    values: dict[str, Any] = {
        "name": name, "label": name, "description": "", "required": False, "default": None,
        "mask": False, "boolean": False, "position": Position("f", 1, 1),
    }  # fmt: skip
    return UserField(**{**values, **changes})


FIELDS = (
    field("api_host", required=True),
    field("api_key", required=True, mask=True),
    field("verify_ssl", boolean=True, default=True, required=True),
    field("tag", default="cases"),
)


def resolved(*sources: tuple[str, dict[str, str]]) -> dict[str, Any]:
    return configuration.resolve(FIELDS, frozenset({"of_the_other"}), sources)


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "config.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    ("scalar", "text"),
    [
        ("0123", "0123"), ("1e5", "1e5"), ("true", "true"), ("null", "null"), ("~", "~"),
        ("2024-01-01", "2024-01-01"), ("'a b'", "a b"), ("", ""), ("0x1F", "0x1F"),
        ('"\\u00e9"', "é"), ("1_000", "1_000"), ("a#b", "a#b"),
    ],
)  # fmt: skip
def test_a_scalar_of_the_file_is_the_text_that_was_written(
    tmp_path: Path, scalar: str, text: str
) -> None:
    assert configuration.read_file(written(tmp_path, f"api_key: {scalar}\n")) == {"api_key": text}


def test_an_empty_file_configures_nothing(tmp_path: Path) -> None:
    assert configuration.read_file(written(tmp_path, "# nothing\n")) == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"api_key: [{SECRET}]", ":1: a field takes one plain value"),
        (f"a: 1\napi_key: {{x: {SECRET}}}", ":2: a field takes one plain value"),
        (f"api_key: {SECRET}\napi_key: {SECRET}", ":2: duplicate field 'api_key'"),
        (f"[{SECRET}]", ": expected one mapping of fields to values"),
        (f"api_key: '{SECRET}", ":1:24: not valid YAML"),
        (f"api_key: {SECRET}: {SECRET}", "not valid YAML"),
        (f"api_key: *{SECRET}", "not valid YAML"),
        (f"api_key: %{SECRET}", "not valid YAML"),
        (f"api_key: {SECRET}\x00", "not valid YAML"),
        (SECRET.encode() + b"\xff", "the file is not UTF-8"),
        ("[" * 100_000, "not valid YAML"),
    ],
)
def test_a_file_that_is_no_flat_mapping_is_refused_without_quoting_it(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ConfigurationError) as caught:
        configuration.read_file(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_file_that_never_ends_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="/dev/zero: the file is too large"):
        configuration.read_file(Path("/dev/zero"))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the file cannot be read: No such file"):
        configuration.read_file(tmp_path / "config.yaml")


@pytest.mark.parametrize("text", ["true", "Yes", "ON", "1", " yes "])
def test_these_are_a_yes(text: str) -> None:
    assert resolved(("file", {"verify_ssl": text}))["verify_ssl"] is True


@pytest.mark.parametrize("text", ["false", "No", "OFF", "0"])
def test_these_are_a_no(text: str) -> None:
    assert resolved(("file", {"verify_ssl": text}))["verify_ssl"] is False


@pytest.mark.parametrize("text", ["", "2", "y", "nope", SECRET])
def test_anything_else_is_no_boolean_and_is_not_quoted(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolved(("the file", {"verify_ssl": text}))
    assert str(caught.value) == (
        "the file: verify_ssl takes yes or no: one of 0, 1, false, no, off, on, true, yes"
    )


def test_what_was_given_nowhere_is_the_default_or_null() -> None:
    assert resolved() == {"api_host": None, "api_key": None, "verify_ssl": True, "tag": "cases"}


def test_the_later_source_wins_field_by_field() -> None:
    values = resolved(
        ("file", {"api_host": "a", "tag": "file", "verify_ssl": "no"}),
        ("environment", {"tag": "environment", "api_host": "b"}),
        ("--set", {"api_host": "c"}),
    )
    assert values == {"api_host": "c", "api_key": None, "verify_ssl": False, "tag": "environment"}


def test_text_stays_text_and_empty_text_is_not_the_default() -> None:
    values = resolved(("file", {"api_key": "0123", "tag": ""}))
    assert (values["api_key"], values["tag"]) == ("0123", "")


def test_a_field_of_the_other_feed_is_passed_over() -> None:
    assert "of_the_other" not in resolved(("file", {"of_the_other": "x"}))


def test_an_unknown_field_is_refused_with_a_suggestion_and_without_its_value() -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolved(("config.yaml", {"api_kye": SECRET}))
    assert str(caught.value) == (
        "config.yaml: there is no field 'api_kye'; did you mean 'api_key'?"
    )


def test_a_feed_without_fields_takes_none() -> None:
    with pytest.raises(ConfigurationError, match="no field 'a'; this feed has no fields"):
        configuration.resolve((), frozenset(), [("--set", {"a": "1"})])


def test_assignments_are_cut_at_the_first_equals_sign() -> None:
    assert configuration.read_assignments(["tag=a=b", "api_host="], FIELDS) == {
        "tag": "a=b",
        "api_host": "",
    }


@pytest.mark.parametrize("assignment", [f"api_key={SECRET}", SECRET, ""])
def test_a_secret_on_the_command_line_is_refused_and_not_repeated(assignment: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        configuration.read_assignments([assignment], FIELDS)
    assert SECRET not in str(caught.value)
    assert "--set" in str(caught.value)


def test_the_environment_names_fields_in_upper_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZOOLOGIC_API_KEY", SECRET)
    monkeypatch.setenv("IZOOLOGIC_UNKNOWN", "x")
    assert configuration.environment(FIELDS, "IZOOLOGIC") == {"api_key": SECRET}


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"api_host": None, "api_key": " ", "verify_ssl": False}, ["api_host", "api_key"]),
        ({"api_host": "a", "api_key": "", "verify_ssl": False}, ["api_key"]),
        ({"api_host": "a", "api_key": "b", "verify_ssl": False}, []),
    ],
)
def test_a_required_field_without_a_value_is_missing_and_a_check_box_never_is(
    values: dict[str, Any], names: list[str]
) -> None:
    assert [found.name for found in configuration.missing(FIELDS, {"tag": "", **values})] == names
