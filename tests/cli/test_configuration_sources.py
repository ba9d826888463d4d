"""Where a value comes from: default, file, environment, `--set`; later wins."""

import argparse
import itertools
from typing import Any

import pytest

from izoologic_cdf.cli.configuration import ConfigurationError, configured
from izoologic_cdf.cli.form import find_feed
from izoologic_cdf.cli.main import build_parser
from tests.support.shells import NEWEST, Ended, Shell

SECRET = "s3cr3t-s3cr3t"
SINCE = ("--since", "1d")


def _configured(options: argparse.Namespace) -> dict[str, Any]:
    found = find_feed("incident", None)
    return configured(found.fields, found.foreign, options)


@pytest.mark.parametrize(
    ("file", "environment", "option"), list(itertools.product((None, "yes", "no"), repeat=3))
)
def test_the_later_source_wins(
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
    file: str | None,
    environment: str | None,
    option: str | None,
) -> None:
    words = ["run", "incident", *SINCE, "--config", shell.config(use_added_date=file)]
    if environment is not None:
        monkeypatch.setenv("IZOOLOGIC_USE_ADDED_DATE", environment)
    if option is not None:
        words += ["--set", f"use_added_date={option}"]
    given = [text for text in (option, environment, file) if text is not None]
    values = _configured(build_parser().parse_args(words))
    assert values["use_added_date"] is (given[0] == "yes" if given else False)


def test_of_two_assignments_of_one_field_the_later_wins(shell: Shell) -> None:
    off, on = "ingest_as_event=off", "ingest_as_event=on"
    assert shell.feed("run", "incident", *NEWEST, "--set", off, "--set", on).code == 0
    assert {one["type"] for one in shell.export()} & {"event", "incident"} == {"event"}


def test_a_run_takes_the_host_the_key_and_the_switch_from_three_places(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IZOOLOGIC_API_SECRET", shell.emulator.secret_key)
    config = shell.config(api_host="http://192.0.2.1", api_secret="wrong", ingest_as_event="no")
    url = f"api_host={shell.emulator.url}"
    ended = shell(
        "run", "incident", *NEWEST, "--config", config, "--set", url, "--set", "ingest_as_event=1"
    )
    assert ended.code == 0
    assert {one["type"] for one in shell.export()} & {"event", "incident"} == {"event"}


def test_one_file_may_configure_both_feeds(shell: Shell) -> None:
    config = shell.config(ingest_as_event="on", ingest_as_identity="on")
    for feed in ("incident", "dlr"):
        assert shell("run", feed, *NEWEST, "--config", config).code == 0
    assert {one["type"] for one in shell.export()} >= {"event", "identity"}


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffapi_host: h\n", "api_host: h\r\n", "{api_host: h}", "--- \napi_host: h\n...\n",
        "# mine\napi_host: h # here\n", '"api_host": "h"', "api_host: &x h\n",
        "api_host: >-\n  h\n",
    ],
)  # fmt: skip
def test_a_file_may_be_written_as_yaml_allows(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    (shell.folder / "own.yaml").write_bytes(content.encode())
    monkeypatch.setenv("IZOOLOGIC_API_KEY", "k")
    monkeypatch.setenv("IZOOLOGIC_API_SECRET", "s")
    options = build_parser().parse_args(["run", "incident", *SINCE, "--config", "own.yaml"])
    assert _configured(options)["api_host"] == "h"


@pytest.mark.parametrize("text", ["0123", "1e5", "null", "yes", "0x1F", "ключ", "a" * 100_000])
def test_a_key_is_the_text_that_was_written(shell: Shell, text: str) -> None:
    words = ["run", "incident", *SINCE, "--config", shell.config(api_key=text)]
    values = _configured(build_parser().parse_args(words))
    assert values["api_key"] == text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (f"api_key: {SECRET}: {SECRET}", "own.yaml:1:"),
        (f"api_key: '{SECRET}", "not valid YAML"),
        (f"api_key: [{SECRET}]", "own.yaml:1: a field takes one plain value"),
        (f"api:\n  api_key: {SECRET}", "own.yaml:1: a field takes one plain value"),
        (f"api_key: {SECRET}\napi_key: {SECRET}", "own.yaml:2: duplicate field 'api_key'"),
        (f"- {SECRET}", "expected one mapping of fields to values"),
        (SECRET, "expected one mapping of fields to values"),
        (f"api_kye: {SECRET}", "there is no field 'api_kye'; did you mean 'api_key'?"),
        ("API_KEY: x", "there is no field 'API_KEY'; did you mean 'api_key'?"),
        ("verify_ssl: maybe", "verify_ssl takes yes or no: one of 0, 1, false"),
        ("verify_ssl:", "verify_ssl takes yes or no: one of 0, 1, false"),
        (b"\xff\xfea\x00", "not UTF-8"),
        (b"api_key: \xe9", "not UTF-8"),
        (f"api_key: {SECRET}\x00", "not valid YAML"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_never_quoted(
    shell: Shell, content: str | bytes, told: str
) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    (shell.folder / "own.yaml").write_bytes(data)
    _refused(shell("run", "incident", *SINCE, "--config", "own.yaml"), "own.yaml", told)
    assert shell.emulator.requests.count() == 0
    assert not (shell.folder / "izoologic.sqlite").exists()


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("nothing.yaml", "No such file"), (".", "Is a directory"), ("", "Is a directory"),
        ("a" * 300, "name too long"), ("/dev/null/x", "Not a directory"),
    ],
)  # fmt: skip
def test_a_path_that_cannot_be_read_is_named(shell: Shell, path: str, told: str) -> None:
    _refused(shell("run", "incident", *SINCE, "--config", path), path or ".", told)


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        (f"api_key={SECRET}", "--set refuses the secret api_key"),
        (f"api_secret={SECRET}", "--set refuses the secret api_secret"),
        (SECRET, "--set takes field=value"),
        ("", "--set takes field=value"),
        (f"={SECRET}", "--set: there is no field ''"),
        (f"api_hots={SECRET}", "did you mean 'api_host'?"),
        (f"verify_ssl={SECRET}", "--set: verify_ssl takes yes or no"),
        ("ingest_as_event=", "--set: ingest_as_event takes yes or no"),
        (f" api_key ={SECRET}", "there is no field"),
    ],
)
def test_an_assignment_that_cannot_be_used_is_refused_and_not_repeated(
    shell: Shell, assignment: str, told: str
) -> None:
    for command in (("run", "incident", *SINCE), ("sync", "incident"), ("retry", "incident")):
        _refused(shell.feed(*command, "--set", assignment), "--set", told)


def test_a_boolean_of_the_environment_that_is_none_is_refused(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IZOOLOGIC_VERIFY_SSL", SECRET)
    _refused(shell.feed("run", "incident", *SINCE), "environment", "verify_ssl takes yes or no")


@pytest.mark.parametrize("value", ["", "   ", "\t"])
def test_an_empty_value_of_a_later_source_is_a_missing_one(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("IZOOLOGIC_API_HOST", value)
    _refused(
        shell.feed("run", "incident", *SINCE),
        "API Hostname (api_host) is missing; looked in: tenant.yaml, IZOOLOGIC_API_HOST of the "
        "environment, --set api_host=...",
    )


def test_the_configuration_of_a_command_is_checked_before_a_secret_is_asked_for() -> None:
    words = ["run", "incident", *SINCE, "--set", "verify_ssl=x"]
    with pytest.raises(ConfigurationError, match="verify_ssl"):
        _configured(build_parser().parse_args(words))


def _refused(ended: Ended, *told: str) -> None:
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("izoologic-cdf: ")
    for text in told:
        assert text in ended.err
    assert SECRET not in ended.err
    assert "Traceback" not in ended.err
