"""A run that counts: the same ledger as that of `ledger`, whatever the threads and the failures."""

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from time import sleep
from types import SimpleNamespace
from typing import Any

import pytest

from izoologic_cdf.cli.main import build_parser
from izoologic_cdf.cli.run_command import run
from izoologic_cdf.errors import Position
from izoologic_cdf.explain.ledger import Ledger, Tally, plain
from izoologic_cdf.explain.origins import Origins
from izoologic_cdf.explain.story import Story
from izoologic_cdf.explain.trace import Asked, Event, Recorder
from izoologic_cdf.language import steps
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.run import FeedRun
from izoologic_cdf.runtime.summary import EXIT_CODES
from izoologic_cdf.runtime.windows import NEVER
from tests.support.shells import GUIDE, Shell
from tools.ledger import guide_ledger


@cache
def expected() -> Any:
    return guide_ledger().as_data()


@pytest.mark.parametrize("threads", ["1", "8"])
def test_a_run_counts_what_the_ledger_counts(shell: Shell, threads: str) -> None:
    words = (*GUIDE, "--in-flight", threads, "--ledger", "counted.json", "--quiet")
    assert shell.feed("run", "all", *words).code == 0
    counted = json.loads(Path("counted.json").read_bytes())
    assert counted == expected()
    assert counted["lost"] == 0


def test_the_ledger_of_a_run_is_text_as_well_and_one_of_two_runs_counts_one(shell: Shell) -> None:
    for _ in range(2):
        words = (*GUIDE, "--ledger", "counted.txt", "--quiet")
        assert shell.feed("backfill", "incident", *words).code == 0
    told = Path("counted.txt").read_text(encoding="utf-8")
    # everything was finished by the first
    assert told.splitlines() == [told.splitlines()[0], "", "Feed  Set  Row  Gave a value"]


def test_a_ledger_that_cannot_be_written_stops_before_anything_runs(shell: Shell) -> None:
    ended = shell.feed("run", "incident", *GUIDE, "--ledger", "nowhere/counted.json")
    assert ended.code == 2
    assert "--ledger: nowhere/counted.json cannot be written: No such file" in ended.err
    assert not Path("izoologic.sqlite").exists()


def test_an_interrupted_run_still_tells_what_it_has_read(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(FeedRun, "_deferred_cases", interrupt)
    words = ["run", "incident", *GUIDE, "--ledger", "counted.json", "--library", "x.sqlite"]
    words += ["--config", shell.config()]
    # the command itself ends by the signal, and the process with it
    assert run(build_parser().parse_args(words)) == EXIT_CODES["interrupted"]
    counted = json.loads(Path("counted.json").read_bytes())
    listed = [one for one in expected()["fields"] if one["endpoint"] == "CaseDetail"]
    assert [one for one in counted["fields"] if one["endpoint"] == "CaseDetail"] == listed


def test_counting_changes_nothing_of_what_a_run_makes(shell: Shell) -> None:
    assert shell.feed("run", "dlr", *GUIDE, "--ledger", "counted.json").code == 0
    counted = shell("count", "--by", "Severity").out
    Path("izoologic.sqlite").unlink()
    assert shell.feed("run", "dlr", *GUIDE).code == 0
    assert shell("count", "--by", "Severity").out == counted


# --- one ledger ----------------------------------------------------------------------------------

HERE = Position("feeds/own.yaml", 1, 1)


def story(case_id: str | None, body: Any) -> Story:
    """Return a story in which a feed has parsed one answer and done nothing else."""
    recorder = Recorder("feed")
    recorder.asked.append(Asked("GET /api/Detail", {}))
    frame = recorder.enter(body, {})
    frame.events.append(Event(steps.ParseJson(position=HERE), body, body))
    case, origins = Case(case_id), Origins(None, recorder.frames)
    feed: Any = SimpleNamespace(name="feed")
    return Story(feed, case, NEVER, recorder, origins)


def seen(ledger: Ledger) -> dict[str, int]:
    return {name: count.seen for (_, name), count in ledger.fields.items()}


def test_a_case_counts_once_with_the_reading_that_succeeded() -> None:
    ledger = Ledger({})
    ledger.add(story("a", {"failed": 1}), failed=True)
    ledger.add(story("b", {"failed": 1, "twice": 1}), failed=True)
    assert seen(ledger) == {"failed": 2, "twice": 1}
    ledger.add(story("b", {"failed": 1}), failed=True)
    ledger.add(story("a", {"good": 1}))
    ledger.add(story("a", {"failed": 1}), failed=True)
    ledger.add(story("a", {"good": 1}))
    assert seen(ledger) == {"failed": 1, "good": 1}


def test_what_has_no_id_counts_each_time() -> None:
    ledger = Ledger({})
    for _ in range(3):
        ledger.add(story(None, {"good": 1}))
        ledger.add(story(None, {"bad": 1}), failed=True)
    assert seen(ledger) == {"good": 3, "bad": 3}


def test_no_count_is_lost_between_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, rounds, threads = Ledger({}), 40, 8

    class Slow(Counter[Any]):
        """A counter in which each increment can be overtaken by another thread."""

        def __setitem__(self, key: Any, value: int) -> None:
            sleep(0)
            super().__setitem__(key, value)

    monkeypatch.setattr(ledger._whole, "seen", Slow())
    bodies = {f"field_{chr(97 + number)}": 1 for number in range(20)}

    def work(thread: int) -> None:
        for number in range(rounds):
            ledger.add(story(f"{thread}.{number}", bodies))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    assert set(seen(ledger).values()) == {rounds * threads}


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("caseId", "caseId"),
        ("@timestamp", "@timestamp"),
        ("sha256", "sha256"),
        ("Straße", "Straße"),
        ("user@example.com", "*"),
        ("192.0.2.1", "*"),
        ("2025-08-06", "*"),
        ("DLR#n9Ra7KbR3", "*"),
        ("CASE123456", "*"),
        ("Jane Doe", "*"),
        ("x" * 80, "*"),
        ("", "*"),
    ],
)
def test_a_key_that_looks_like_data_is_not_shown(key: str, shown: str) -> None:
    assert plain(("result", 0, key, "text")) == f"result.{shown}.text"
    ledger = Ledger({})
    ledger.add(story("a", {"result": {key: 1}}))
    assert seen(ledger) == {f"result.{shown}": 1}
    assert shown == key or (key not in ledger.as_json() or not key)


def test_a_case_that_cannot_be_counted_is_told_and_fails_nothing(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(Tally, "count", fail)
    ended = shell.feed("run", "dlr", *GUIDE, "--ledger", "counted.txt")
    assert ended.code == 0
    told = Path("counted.txt").read_text(encoding="utf-8")
    assert re.search(r"^\d+ cases or lists could not be counted$", told, re.MULTILINE)
