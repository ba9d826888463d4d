"""G 30 and 31: no partial downloads, and a last line of defence behind every other."""

import gzip
import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from izoologic_cdf import content
from izoologic_cdf.cli.main import main
from izoologic_cdf.emulator import Emulator, ScenarioError, load_scenario
from izoologic_cdf.errors import ItemError, unexpected
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.failures import HttpError
from izoologic_cdf.runtime.feeds import Feeds
from izoologic_cdf.runtime.http import Limits, Request, Transport
from izoologic_cdf.runtime.spool import Spool
from tests.reports.wires import OK, Line, Wire, answer, wire
from tests.support.benches import BAD, BAD_CASE, DETAIL, FEEDS, Bench
from tests.support.clocks import FakeClock
from tests.support.steps import steps
from tests.support.tenants import FeedName

SECRET = "hunter2"
LARGE = bytes(400_000)
CODED = "Content-Encoding: gzip"
pytestmark = pytest.mark.usefixtures("plain_environment")


class Watched:
    """Counts the files in a folder at every request of a server."""

    def __init__(self, folder: Path, reply: bytes) -> None:
        self.folder = folder
        self.reply = reply
        self.counts: list[int] = []

    def script(self, line: Line) -> None:
        self.counts.append(sum(path.is_file() for path in self.folder.rglob("*")))
        line.send(self.reply)
        raise ConnectionError


BREAKS: dict[str, bytes] = {
    "short": OK + b"Content-Length: 900000\r\n\r\n" + LARGE,
    "a cut chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"80000\r\n" + LARGE,
    "cut gzip": answer(gzip.compress(LARGE, 0)[:-9], CODED),
    "too large": answer(LARGE * 3),
}  # fmt: skip


@pytest.mark.parametrize("what", ["short", "a cut chunk"])
def test_30_what_a_failed_try_has_left_is_gone_before_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    watched = Watched(tmp_path, BREAKS[what])
    with Wire(watched.script) as server, Transport(FakeClock(), Limits()) as transport:
        with pytest.raises(HttpError):
            transport.send(Request("GET", server.url + "/", json_due=False))
        assert watched.counts == [0] * 5
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("what", BREAKS)
def test_30_nothing_is_left_of_a_download_that_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    limits = Limits(attempts=2, largest_file=1_000_000)
    with wire(BREAKS[what]) as server, Transport(FakeClock(), limits) as transport:
        with pytest.raises(HttpError):
            transport.send(Request("GET", server.url + "/", json_due=False))
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_30_a_large_page_in_place_of_a_file_is_gone_before_the_run_is_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    bench.state.add_file(BAD, {"originalFilename": "screen.png"}, b"<html>" + LARGE)
    left: list[Path] = []
    close = Spool.close

    def look(self: Spool) -> None:
        left.extend(files(temporary))
        close(self)

    monkeypatch.setattr(Spool, "close", look)
    assert bench.run().heard("a page came where the name says png")
    assert left == []


def test_30_nothing_is_left_of_a_run_that_is_interrupted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    bench.state.add_file(BAD, {"originalFilename": "large.png"}, LARGE)
    seen: list[Path] = []

    def stop(*_: Any, **__: Any) -> Any:
        seen.extend(files(temporary))
        raise KeyboardInterrupt

    monkeypatch.setattr(Library, "ingest", stop)
    assert bench.run().summary.exit_code == 130
    assert files(temporary) == []


# --- 31: what nobody foresaw ---------------------------------------------------------------------

DATES = [
    "Fri, 31 Dec 99999999999999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 -2359",
    "Mon, 01 Jan 0001 00:00:00 +2359", "Fri, 31 Dec 10000 23:59:59 GMT",
    "Mon, 01 Jan -1 00:00:00 GMT", "Tue, 14 Nov 2023 22:13:50 +99999999999999",
    "Tue, 14 Nov 2023 99999999999999:13:50 GMT", "Tue, 99999999999999 Nov 2023 22:13:50 GMT",
    "Tue, 14 Nov 2023 22:13:50 -999999", "Tue, 31 Feb 2023 22:13:50 GMT", "0 0 0 0 0 0", ",,,,",
    "Tue, 14 Nov 2023 22:13:50 GMT " * 50, "\x00", "2023-11-14T22:13:50Z", "1e400", "9" * 60_000,
    ":", "-9", "+9", "9.5", "NaN", "٣", "Infinity",
]  # fmt: skip


@pytest.mark.parametrize("date", DATES)
def test_31_no_date_inread_retry_after_ends_a_run(date: str) -> None:
    head = f"HTTP/1.1 503 Wait\r\nRetry-After: {date}\r\nContent-Length: 0\r\n\r\n"
    clock = FakeClock()
    with (
        wire(head.encode()) as server,
        Transport(clock, Limits(attempts=2)) as transport,
        pytest.raises(HttpError) as caught,
    ):
        transport.send(Request("GET", server.url + "/"))
    assert "the server answered 503" in str(caught.value)
    assert 0 <= clock.slept[0] <= 120


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=40))
def test_31_no_text_inread_retry_after_ends_a_run(text: str) -> None:
    from izoologic_cdf.runtime.http import read_retry_after  # noqa: PLC0415 - the one that reads it

    for written in (text, f"Fri, 31 Dec {text} 23:59:59 GMT", f"Fri, 31 Dec 2030 23:59:59 {text}"):
        wait = read_retry_after(written, FakeClock())
        assert wait is None or wait >= 0


@pytest.mark.parametrize("case", ["status", "run"])
@pytest.mark.parametrize("feed", FEEDS)
def test_31_the_reported_date_costs_a_case_and_not_the_run(
    bench: Bench, feed: FeedName, case: str
) -> None:
    outcome, _ = bench.disturbed(
        feed, kind="status", endpoint=DETAIL[feed], case=BAD_CASE[feed], status=503, count=None,
        retry_after=DATES[0],
    )  # fmt: skip
    assert (outcome.summary.exit_code, outcome.summary.failed) == (3, 1)
    assert bench.others_are_complete(outcome, feed)


def raiser(error: Exception, method: Callable[..., Any], case_id: str | None) -> Callable[..., Any]:
    """Return a method that fails for one case, or always."""

    def fail(self: Any, *args: Any, **kwargs: Any) -> Any:
        ids = [getattr(arg, "id", None) for arg in args]
        batch = [one.value for arg in args for one in getattr(arg, "objects", ())]
        if case_id is None or case_id in ids or case_id in batch:
            raise error
        return method(self, *args, **kwargs)

    return fail


ERRORS = [
    KeyError(SECRET), RecursionError(SECRET), MemoryError(SECRET), OverflowError(SECRET),
    UnicodeEncodeError("utf-8", SECRET, 0, 1, SECRET), AssertionError(), OSError(28, SECRET),
    sqlite3.IntegrityError(SECRET), sqlite3.InterfaceError(SECRET),
]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", ["work", "ingest"])
def test_31_what_nobody_foresaw_of_one_case_fails_that_case_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception, place: str
) -> None:
    owner: Any = Feeds if place == "work" else Library
    monkeypatch.setattr(owner, place, raiser(error, getattr(owner, place), BAD))
    outcome = bench.run()
    (line,) = outcome.heard(f"failure: case {BAD}: unexpected {type(error).__name__} at ")
    assert "this is a bug: please report this line" in line
    assert SECRET not in "".join(outcome.said)
    assert (outcome.summary.exit_code, outcome.summary.failed) == (3, 1)
    assert outcome.summary.error is None
    assert bench.others_are_complete(outcome)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_31_what_nobody_foresaw_of_a_run_ends_in_its_summary(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(Feeds, "list_cases", raiser(error, Feeds.list_cases, None))
    outcome = bench.run()
    assert outcome.summary.exit_code == 1
    told = rf"unexpected {type(error).__name__} at \w+\.py:[0-9]+ > .*; this is a bug: please"
    assert re.match(told, str(outcome.summary.error))
    assert SECRET not in outcome.summary.as_text() + "".join(outcome.said)
    assert outcome.summary.as_text().startswith("iZoologic Incident Case Sync: failed")


@pytest.mark.parametrize("kind", ["SystemExit", "RecursionError", "MemoryError", "KeyError"])
def test_31_however_a_python_filter_ends_it_is_the_items_failure(tmp_path: Path, kind: str) -> None:
    code = f"__all__ = ['ends']\ndef ends(value): raise {kind}(value)\n"
    (tmp_path / "own.py").write_text(code, encoding="utf-8")
    with pytest.raises(ItemError, match=f"^the Python filter own.ends failed with {kind}$"):
        steps("[python: own.ends]", SECRET, folder=tmp_path)


COMMANDS = [
    ("izoologic_cdf.cli.run_command.run_feed", ["run", "dlr", "--since", "2d"]),
    ("izoologic_cdf.cli.definition_commands.lint", ["lint"]),
    ("izoologic_cdf.cli.definition_commands.build", ["build"]),
    ("izoologic_cdf.cli.definition_commands.verify", ["verify", "x.zip"]),
    ("izoologic_cdf.cli.emulator_commands.diff", ["diff", "a.yaml", "b.yaml"]),
    ("izoologic_cdf.cli.emulator_commands.demo", ["demo", "x"]),
    ("izoologic_cdf.cli.library_command.export", ["library", "export", "x"]),
    ("izoologic_cdf.cli.form.show_fields", ["fields", "dlr"]),
    ("izoologic_cdf.cli.emulator_commands.serve", ["emulator"]),
]


@pytest.mark.parametrize(("place", "words"), COMMANDS, ids=lambda value: str(value[0]))
def test_31_what_nobody_foresaw_of_a_command_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    place: str,
    words: list[str],
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise KeyError(SECRET)

    monkeypatch.chdir(tmp_path)
    for name in ("API_HOST", "API_KEY", "API_SECRET"):
        monkeypatch.setenv(f"IZOOLOGIC_{name}", SECRET)
    monkeypatch.setattr(place, fail)
    assert main(words) == 1
    written = capsys.readouterr()
    (line,) = written.err.splitlines()
    assert line.startswith("izoologic-cdf: unexpected KeyError at ")
    assert line.endswith("please report this line, the version (1.1.0) and your command")
    assert SECRET not in line + written.out
    assert "Traceback" not in line


TWO_DASHES = [
    ("runs", "--limit=--"), ("windows", "--since=--"), ("status", "--library=--"),
    ("cases", "--since=--"), ("changes", "--since=--"), ("ledger", "--scenario=--"),
    ("run", "dlr", "--since=1d", "--without=--"), ("emulator", "--port=--"),
    ("run", "dlr", "--since=1d", "--format=--"),
]  # fmt: skip


@pytest.mark.parametrize("words", TWO_DASHES, ids=" ".join)
def test_31_a_value_of_two_dashes_is_a_value(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2


def test_31_an_error_is_told_by_its_kind_and_its_places_alone() -> None:
    try:
        json.loads(SECRET)
    except ValueError as error:
        told = unexpected(error)
    assert told == "unexpected JSONDecodeError; this is a bug: please report this line"


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


DETAIL_OF = b'{"incidents": [{"rows": [], "detail": %b}]}'
SCENARIOS: dict[str, bytes] = {
    "deep": nested(100_000).encode(),
    "a deep detail": DETAIL_OF % nested(5_000).encode(),
    "a detail that is only copied": DETAIL_OF % nested(400).encode(),
    "digits": b'{"clock": ' + b"9" * 5_000 + b"}",
    "no clock": b'{"clock": 1e400}',
    "bytes": b'{"clock": "\xff"}',
    "nothing": b"",
}  # fmt: skip


@pytest.mark.parametrize("what", SCENARIOS)
def test_31_a_scenario_that_cannot_be_read_is_refused(tmp_path: Path, what: str) -> None:
    path = tmp_path / "odd.json"
    path.write_bytes(SCENARIOS[what])
    with pytest.raises(ScenarioError, match="scenario odd"):
        load_scenario(path)


@pytest.mark.parametrize("what", SCENARIOS)
def test_31_nor_does_it_end_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    path = tmp_path / "odd.json"
    path.write_bytes(SCENARIOS[what])
    assert main(["emulator", "--scenario", str(path)]) == 2
    assert "scenario odd" in capsys.readouterr().err


def test_31_a_deep_command_is_refused_and_the_emulator_goes_on(emulator: Emulator) -> None:
    import requests  # noqa: PLC0415 - this test alone speaks to it by hand

    url = emulator.url + "/_emulator/"
    headers = {"Content-Type": "application/json"}
    for levels in (400, 100_000):
        body = f'{{"case_id": "a", "detail": {{"x": {nested(levels)}}}}}'
        got = requests.post(url + "put_case", data=body, headers=headers, timeout=5)
        assert (got.status_code, "nested deeper" in got.json()["error"]) == (400, True)
    path = "/api/Token/Authenticate"
    got = requests.post(emulator.url + path, data=nested(100_000), headers=headers, timeout=5)
    assert got.status_code == 400


@pytest.mark.parametrize("form", ["!expr {}", '!tmpl "{{{{ {} }}}}"', "!expr 30 + {} * 2"])
def test_31_an_integer_of_many_digits_in_a_definition_is_a_finding(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    form: str,
) -> None:
    text = (content.folder("feeds") / "izoologic_sync_cases.yaml").read_text("utf-8")
    assert "window_days: 30\n" in text
    path = tmp_path / "feeds" / "odd.yaml"
    path.parent.mkdir()
    (tmp_path / "filters").symlink_to(content.folder("filters"))
    path.write_text(text.replace("window_days: 30\n", f"window_days: {form.format('9' * 5_000)}\n"))
    assert main(["lint", str(path)]) == 1
    assert "too many digits" in capsys.readouterr().out
    for name in ("API_HOST", "API_KEY", "API_SECRET"):
        monkeypatch.setenv(f"IZOOLOGIC_{name}", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    assert main(["run", "dlr", "--since", "2d", "--definition", str(path)]) == 2
