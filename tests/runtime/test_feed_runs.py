"""Runs: one bad case stops no other, commits keep their order, and nothing is lost in silence."""

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from izoologic_cdf.errors import Position
from izoologic_cdf.language import model, steps
from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.language.load import load
from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.values import compile_value
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.feeds import Feeds, constant_names, parts_of
from izoologic_cdf.runtime.lists import ListReader
from izoologic_cdf.runtime.plan import Plan, whole
from izoologic_cdf.runtime.windows import DAY, Window
from tests.runtime.runs import Outcome, run
from tests.support.clocks import FakeClock
from tests.support.loopback import Answer, Asked, Loopback
from tests.support.tenants import definition

DEFINITION = Path(__file__).parent / "definitions" / "cases.yaml"
# two days from a midnight
SINCE = 19_675 * DAY
PLAN = whole(SINCE, SINCE + 2 * DAY - 1)
KEY = "hunter2-hunter2"


class Tenant:
    """A server with cases; details, files and lists can be made to fail."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.details: dict[str, Answer] = {}
        self.lists: dict[int, Answer] = {}
        self.files: dict[str, Answer] = {}
        self.tokens = 0
        self.server = Loopback(
            {"/login": self.login, "/list": self.list, "/detail": self.detail, "/file": self.file}
        )

    def add(self, case_id: str | None, updated: int = 0, **detail: Any) -> None:
        self.rows.append({"id": case_id, "updated": SINCE + updated})
        if case_id is not None:
            self.details[case_id] = Answer({"text": f"text of {case_id}", **detail})

    def login(self, asked: Asked) -> Answer:
        self.tokens += 1
        right = json.loads(asked.body) == {"key": KEY}
        return Answer({"token": f"token-{self.tokens}"} if right else {}, 200 if right else 401)

    def list(self, asked: Asked) -> Answer:
        since, until = int(asked.get("since")), int(asked.get("until"))
        if since in self.lists:
            return self.lists[since]
        return Answer({"rows": [row for row in self.rows if since <= row["updated"] <= until]})

    def detail(self, asked: Asked) -> Answer:
        return self.details[asked.get("id")]

    def file(self, asked: Asked) -> Answer:
        return self.files[asked.get("id")]

    def paths(self, path: str) -> int:
        return self.server.paths().count(path)


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    tenant = Tenant()
    with tenant.server:
        yield tenant


@pytest.fixture
def sync(tenant: Tenant, tmp_path: Path) -> Callable[..., Outcome]:
    def sync(key: str = KEY, plan: Plan = PLAN, **how: Any) -> Outcome:
        fields = {"host": tenant.server.url, "key": key}
        clock = FakeClock(SINCE + 12 * DAY)
        outcome = run(DEFINITION, tmp_path / "l.sqlite", fields, plan=plan, clock=clock, **how)
        written = [*outcome.told.said, outcome.summary.as_text(), outcome.summary.as_json()]
        assert not any(KEY in text or "token-" in text for text in written)
        return outcome

    return sync


Sync = Callable[..., Outcome]


def values(outcome: Outcome, code: str = "incident") -> list[str]:
    found = json.loads(outcome.exported)["objects"]
    return [one["value"] for one in found if one["type"] == code]


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    summary = outcome.summary
    return summary.listed, summary.detailed, summary.skipped, summary.failed


def test_all_cases_of_all_windows_are_ingested(tenant: Tenant, sync: Sync) -> None:
    for number in range(20):
        tenant.add(f"case-{number:02}", number * DAY // 10)
    outcome = sync()
    assert values(outcome) == [f"case-{number:02}" for number in range(20)]
    assert counts(outcome) == (20, 20, 0, 0)
    assert (outcome.summary.outcome, outcome.summary.exit_code) == ("complete", 0)
    assert outcome.told.windows == [
        Window(SINCE, SINCE + DAY - 1),
        Window(SINCE + DAY, SINCE + 2 * DAY - 1),
    ]
    assert (outcome.told.listed_counts, outcome.told.cases) == ([10, 10], 20)
    assert outcome.summary.logins == tenant.tokens == 1
    assert outcome.summary.requests == len(tenant.server.asked) == 1 + 2 + 20


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(b"", 500), "GET /detail: the server answered 500 Internal Server Error"),
        (Answer(b"", 404), "GET /detail: the server answered 404"),
        (Answer(b"<html>"), "GET /detail: expected JSON, got HTML"),
        (Answer(b'{"cut'), "GET /detail: truncated JSON"),
        (Answer(b"", 302, {"Location": "/in"}), "GET /detail: redirects to /in"),
        (Answer({"text": "x", "files": 5, "notice": {}}), None),
    ],
)
def test_one_failing_case_stops_no_other(
    tenant: Tenant, sync: Sync, answer: Answer, said: str | None
) -> None:
    for case_id in ("a", "bad", "c"):
        tenant.add(case_id)
    tenant.details["bad"] = answer
    outcome = sync()
    if said is None:
        assert values(outcome) == ["a", "bad", "c"]
        return
    assert values(outcome) == ["a", "c"]
    assert counts(outcome) == (3, 2, 0, 1)
    assert (outcome.summary.outcome, outcome.summary.exit_code) == ("partial", 3)
    (line,) = [line for line in outcome.told.said if line.startswith("failure: case bad: ")]
    assert said in line
    assert outcome.summary.deferred == ["bad"]


def test_a_case_that_is_gone_is_skipped(tenant: Tenant, sync: Sync) -> None:
    tenant.add("a")
    tenant.add("b", gone=True)
    outcome = sync()
    assert (values(outcome), counts(outcome)) == (["a"], (2, 1, 1, 0))
    assert outcome.summary.outcome == "complete"


def test_what_is_said_of_a_case_names_it_and_its_place(tenant: Tenant, sync: Sync) -> None:
    tenant.add("a", notice="look at this")
    outcome = sync()
    (line,) = outcome.told.said
    assert line.startswith("warning: case a: look at this [")
    place = DEFINITION.read_text().splitlines().index("      - warn:") + 1
    assert line.endswith(f"cases.yaml:{place}:9]")
    assert (outcome.summary.warnings, outcome.summary.outcome) == (1, "complete")


def test_cases_are_committed_in_the_order_of_the_list_whichever_is_ready_first(
    tenant: Tenant, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        tenant.add(f"case-{number:02}")
    last_asked = threading.Event()
    answer = tenant.detail

    def detail(asked: Asked) -> Answer:
        # the first is ready only when the fourth, worked on beside it, has been asked for
        if asked.get("id") == "case-03":
            last_asked.set()
        if asked.get("id") == "case-00":
            assert last_asked.wait(5)
        return answer(asked)

    tenant.server.routes["/detail"] = detail
    committed: list[str] = []
    ingest = Library.ingest

    def remember(library: Library, batch: Any, origin: Any) -> Any:
        committed.append(batch.objects[0].value)
        return ingest(library, batch, origin)

    monkeypatch.setattr(Library, "ingest", remember)
    sync(in_flight=4)
    assert committed == [f"case-{number:02}" for number in range(12)]


def test_no_more_cases_than_allowed_are_worked_on_at_once(tenant: Tenant, sync: Sync) -> None:
    lock, now, most = threading.Lock(), 0, 0
    together = threading.Barrier(3)
    answer = tenant.detail

    def detail(asked: Asked) -> Answer:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait(5)
        with lock:
            now -= 1
        return answer(asked)

    tenant.server.routes["/detail"] = detail
    for number in range(30):
        tenant.add(f"case-{number}")
    sync(in_flight=3)
    assert most == 3


@pytest.mark.parametrize(
    "answer", [Answer(b"", 400), Answer(b"", 500), Answer({"refused": "too old"}), Answer([])]
)
def test_a_window_that_is_not_given_is_a_hole_and_the_others_go_on(
    tenant: Tenant, sync: Sync, answer: Answer
) -> None:
    tenant.add("lost", 0)
    tenant.add("found", DAY)
    tenant.lists[SINCE] = answer
    outcome = sync()
    assert values(outcome) == ["found"]
    assert outcome.summary.gaps == [Window(SINCE, SINCE + DAY - 1)]
    assert (outcome.summary.outcome, outcome.summary.exit_code) == ("partial", 3)
    assert "failure: nothing was read for 2023-11-14 00:00:00 to 2023-11-14 23:59:59" in (
        outcome.told.said
    )


def test_expressions_are_compiled_while_the_first_list_is_on_the_way(
    tenant: Tenant, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.add("found", 0)
    prepared, request = threading.Event(), ListReader.request

    def requested(reader: ListReader, window: Window) -> Any:
        assert prepared.wait(10)
        return request(reader, window)

    monkeypatch.setattr(Feeds, "prepare", lambda _: prepared.set())
    monkeypatch.setattr(ListReader, "request", requested)
    assert values(sync()) == ["found"]


def test_a_run_without_any_window_has_failed(tenant: Tenant, sync: Sync) -> None:
    tenant.lists = {SINCE: Answer(b"", 400), SINCE + DAY: Answer(b"", 400)}
    summary = sync().summary
    assert (summary.outcome, summary.exit_code, len(summary.gaps)) == ("failed", 1, 2)


def test_a_refused_window_is_asked_for_again_from_where_the_server_may_have_it(
    tenant: Tenant, sync: Sync
) -> None:
    # ten days before now lie inside the window that begins two days earlier
    since = SINCE + 2 * DAY
    plan = whole(since - 3600, since + DAY - 1)
    tenant.lists[since - 3600] = Answer({"refused": "too old"})
    tenant.add("kept", 2 * DAY + 5)
    outcome = sync(plan=plan)
    assert values(outcome) == ["kept"]
    assert outcome.summary.gaps == [Window(since - 3600, since - 1)]


def test_a_wrong_key_ends_the_run_before_anything_is_listed(tenant: Tenant, sync: Sync) -> None:
    tenant.add("a")
    outcome = sync(key="wrong")
    assert (outcome.summary.outcome, outcome.summary.exit_code) == ("failed", 1)
    assert outcome.summary.error is not None
    assert outcome.summary.error.startswith("the login failed: POST /login: the server answered 40")
    assert outcome.told.said == [f"error: {outcome.summary.error}"]
    assert set(tenant.server.paths()) == {"/login"}


def test_a_host_that_is_none_ends_the_run(sync: Sync, tenant: Tenant, tmp_path: Path) -> None:
    fields = {"host": "not a host", "key": KEY}
    summary = run(DEFINITION, tmp_path / "other.sqlite", fields, plan=PLAN).summary
    assert summary.outcome == "failed"
    assert "this gives no http or https address" in (summary.error or "")


@pytest.mark.parametrize("days", ["true", "0", "-1", "1.5", "'7'", "none"])
def test_the_days_of_a_window_are_an_integer_from_1(
    tenant: Tenant, tmp_path: Path, days: str
) -> None:
    text = DEFINITION.read_text(encoding="utf-8")
    path = tmp_path / "cases.yaml"
    path.write_text(text.replace("{days: 1,", f'{{days: !expr "{days}",'), encoding="utf-8")
    fields = {"host": tenant.server.url, "key": KEY}
    summary = run(path, tmp_path / "l.sqlite", fields, plan=PLAN).summary
    assert summary.outcome == "failed"
    assert "expected an integer >= 1 for the days of a window" in (summary.error or "")


@pytest.mark.parametrize("years", [1, 200])
def test_a_case_of_the_future_is_looked_at_in_the_window_of_its_day(
    tenant: Tenant, tmp_path: Path, years: int
) -> None:
    text = DEFINITION.read_text(encoding="utf-8")
    assert '"%s"' in text
    outside = "not run_meta.since | int <= value.updated <= run_meta.until | int"
    no_day = "run_meta.since | int % 86400 != 0 or run_meta.until | int % 86400 != 86399"
    # what is written as text is so until the year 2100
    form = "(run_meta.since | string).startswith('0') != (value.updated < 4102444800)"
    before, track, after = text.replace('"%s"', '"0%s"').partition("      - track:")
    path = tmp_path / "cases.yaml"
    path.write_text(
        f'{before}      - drop: !expr "{outside} or {no_day} or {form}"\n{track}{after}'
    )
    tenant.add("ahead", years * 366 * DAY + 12_345)
    tenant.lists[SINCE] = Answer({"rows": tenant.rows})
    fields = {"host": tenant.server.url, "key": KEY}
    clock = FakeClock(SINCE + 12 * DAY)
    outcome = run(path, tmp_path / "l.sqlite", fields, plan=PLAN, clock=clock)
    assert values(outcome) == ["ahead"]


def test_an_interrupted_run_keeps_what_was_committed(tenant: Tenant, sync: Sync) -> None:
    for number in range(9):
        tenant.add(f"case-{number}")
    left = iter([None, None])

    def committed() -> None:
        if next(left, "stop") == "stop":
            raise KeyboardInterrupt

    outcome = sync(committed=committed)
    assert (outcome.summary.outcome, outcome.summary.exit_code) == ("interrupted", 130)
    assert values(outcome) == ["case-0", "case-1", "case-2"]
    again = sync()
    assert values(again) == [f"case-{number}" for number in range(9)]
    assert again.summary.outcome == "complete"


FILES = [{"name": "a.txt", "key": "k1", "run_params": {"id": "1"}},
         {"name": "b.txt", "key": "k2", "run_params": {"id": "2"}}]  # fmt: skip


def test_placeholders_are_filled_and_not_asked_for_again(tenant: Tenant, sync: Sync) -> None:
    tenant.add("a", files=FILES)
    tenant.files = {"1": Answer(b"\x00one"), "2": Answer(bytes(100_000))}
    first = sync()
    sizes = {one["value"]: one["size"] for one in json.loads(first.exported)["objects"]
             if one["type"] == "attachment"}  # fmt: skip
    assert sizes == {"a.txt": 4, "b.txt": 100_000}
    assert first.summary.outcome == "complete"
    second = sync()
    assert second.exported == first.exported
    assert tenant.paths("/file") == 2


def test_a_file_that_fails_is_said_and_tried_again_next_time(tenant: Tenant, sync: Sync) -> None:
    tenant.add("a", files=FILES)
    tenant.files = {"1": Answer(b"", 404), "2": Answer(b"two")}
    first = sync()
    assert first.summary.outcome == "partial"
    assert values(first) == ["a"]
    assert values(first, "attachment") == ["a.txt", "b.txt"]
    (line,) = [line for line in first.told.said if line.startswith("failure: case a: the file")]
    assert "the file 'a.txt' was not fetched: GET /file: the server answered 404" in line
    tenant.files["1"] = Answer(b"one")
    second = sync(plan=Plan(PLAN.asked, ()))
    assert second.summary.outcome == "complete"
    assert (second.summary.retried, second.told.cases) == (1, 1)
    assert '"size": 3' in second.exported
    assert second.exported.count('"size": null') == 0


def test_an_empty_file_is_kept_and_warned_of(tenant: Tenant, sync: Sync) -> None:
    tenant.add("a", files=FILES[:1])
    tenant.files = {"1": Answer(b"")}
    outcome = sync()
    assert outcome.summary.outcome == "complete"
    assert any("the file 'a.txt' is empty" in line for line in outcome.told.said)
    assert '"size": 0' in outcome.exported


def test_a_token_revoked_in_the_middle_is_renewed_once_for_all(tenant: Tenant, sync: Sync) -> None:
    for number in range(30):
        tenant.add(f"case-{number:02}")
    answer, asked_for = tenant.detail, threading.Semaphore(10)

    def detail(asked: Asked) -> Answer:
        if asked.headers["Authorization"] == "Bearer token-1" and not asked_for.acquire(
            blocking=False
        ):
            return Answer(b"", 401)
        return answer(asked)

    tenant.server.routes["/detail"] = detail
    outcome = sync()
    assert (outcome.summary.outcome, counts(outcome)) == ("complete", (30, 30, 0, 0))
    assert outcome.summary.logins == tenant.tokens == 2


@pytest.mark.parametrize("text", ["lone \ud800 surrogate", "nul \x00 inside", "é😀\u202e"])
def test_strange_text_ends_no_run(tenant: Tenant, sync: Sync, text: str) -> None:
    tenant.add("a", text=text, notice=text)
    tenant.add("b")
    outcome = sync()
    assert values(outcome) == ["a", "b"]
    assert outcome.summary.outcome == "complete"


def test_a_row_without_an_id_fails_alone_and_is_not_set_aside(tenant: Tenant, sync: Sync) -> None:
    tenant.add(None)
    tenant.add("a")
    tenant.add("b", DAY)
    outcome = sync()
    assert values(outcome) == ["a", "b"]
    assert (outcome.summary.outcome, counts(outcome)) == ("partial", (3, 2, 0, 1))
    assert (outcome.summary.gaps, outcome.summary.deferred) == ([], [])
    assert any("an item without an id cannot be tracked" in line for line in outcome.told.said)


@pytest.mark.parametrize(
    ("called", "parts"),
    [
        ((), set()),
        (("inner",), {"messages"}),
        (("outer",), set()),
        (("outer", "inner"), {"messages"}),
    ],
)
def test_a_case_depends_on_its_range_when_a_feed_that_it_reaches_asks_for_one(
    called: tuple[str, ...], parts: set[str]
) -> None:
    ours = definition("incident")
    named = {"outer": "Get Incident Case Details", "inner": "Get Case Communications"}

    def calling(feed: model.Feed, *names: str) -> model.Feed:
        here = Position("x.yaml", 1, 1)
        made = (steps.Supplemental(position=here, feed=named[name], into=name) for name in names)
        return dataclasses.replace(feed, filters=tuple(made))

    outer = calling(ours.feeds[named["outer"]], *called)
    feeds = {**ours.feeds, named["outer"]: outer}
    primary = calling(ours.primary_feeds[0], "outer")
    changed = dataclasses.replace(ours, feeds=feeds)
    there = SimpleNamespace(_definition=changed, _feed=primary, _parts=parts_of(ours))
    assert Feeds.ranged(cast("Feeds", there)) == parts


def test_what_a_case_can_do_without_is_a_called_list_and_what_fills_placeholders() -> None:
    ours = definition("incident")
    parts = {"Get Case Communications": "messages", "Get Case Files": "files"}
    assert parts_of(ours) == parts
    # each for its own reason
    bare = {name: dataclasses.replace(feed, report=None) for name, feed in ours.feeds.items()}
    assert set(parts_of(dataclasses.replace(ours, feeds=bare)).values()) <= {"messages"}
    idle = {name: dataclasses.replace(feed, filters=()) for name, feed in ours.feeds.items()}
    assert set(parts_of(dataclasses.replace(ours, feeds=idle)).values()) <= {"files"}


@pytest.mark.parametrize(
    ("values", "constant"),
    [
        ({}, {"user_fields"}),
        ({"a": "user_fields.x", "b": "run_meta.since", "c": "a ~ 1", "d": "a ~ b"},
         {"user_fields", "a", "c"}),
        ({"a": "[1, user_fields.x]", "b": "{'x': [run_meta]}"}, {"user_fields", "a"}),
        # one that is called as what the administrator filled in, and is not
        ({"user_fields": "run_meta", "b": "user_fields.x"}, set()),
    ],
)  # fmt: skip
def test_a_name_is_constant_when_it_is_made_of_constant_names_alone(
    values: dict[str, str], constant: set[str]
) -> None:
    names = frozenset({"user_fields", "run_meta", *values})
    documents = {name: Document("x.yaml", f'!expr "{text}"') for name, text in values.items()}
    compiled = {
        name: compile_value(document, document.root, names, Missing.NULL)
        for name, document in documents.items()
    }
    given = cast("model.Definition", SimpleNamespace(template_values=compiled))
    assert constant_names(given) == constant


CALL = "      - supplemental: {feed: Detail, params: {id: !expr value.id}, into: detail}\n"


@pytest.mark.parametrize(
    ("begin", "body", "gives"),
    [
        (CALL, '{"text": "x"}', True),
        (CALL, '{"gone": true}', False),
        (f"      - new: !expr value\n{CALL}", '{"text": "x"}', True),
        (f"      - drop: !expr value.id == 'a'\n{CALL}", '{"text": "x"}', False),
        # a later call asks for nothing of the case itself
        (f"{CALL}{CALL.replace('detail}', 'other}')}", '{"text": "x"}', True),
        # nothing is requested, so nothing shows that the case is known
        ("", '{"text": "x"}', False),
        ("      - set: {detail: 1}\n", '{"text": "x"}', False),
    ],
)
def test_the_api_gives_a_case_when_its_first_call_does(
    begin: str, body: str, gives: bool, tmp_path: Path
) -> None:
    path, asked = tmp_path / "cases.yaml", []
    path.write_text(DEFINITION.read_text(encoding="utf-8").replace(CALL, begin), encoding="utf-8")

    def ask(*_: object) -> Iterator[str]:
        asked.append(body)
        yield body

    ours = load(path, path.parent)
    sources: Any = SimpleNamespace(ask=ask)
    feeds = Feeds(ours, ours.primary_feeds[0], {"host": "", "key": KEY}, sources, lambda _: {})
    case = Case("a", SINCE, {"id": "a"}, asked=Window(SINCE, SINCE))
    assert feeds.gives(case) is gives
    assert len(asked) <= 1


@pytest.mark.parametrize(("reach", "may_be"), [(39, True), (40, False), (41, False)])
def test_a_gap_is_too_old_only_beyond_the_greatest_age_that_was_given(
    reach: int, may_be: bool
) -> None:
    now = SINCE + 100 * DAY
    session = SimpleNamespace(
        clock=FakeClock(now),
        plan=SimpleNamespace(scheduled=True),
        state=SimpleNamespace(coverage=SimpleNamespace(reach=lambda: reach * DAY)),
    )
    there = SimpleNamespace(_session=session, _look_back=[30], _oldest=now - 20 * DAY)
    since = now - 40 * DAY
    gap = Window(since, since + DAY)
    assert ListReader._may_be_too_old(cast("ListReader", there), gap, since) is may_be
