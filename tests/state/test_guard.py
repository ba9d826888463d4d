"""Messages are requested around the dates of their case, until one shows that this is too little.

And what a scheduled run has read with one update is not read again (I-13).
"""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from izoologic_cdf.emulator import Emulator
from izoologic_cdf.runtime.guard import Guard
from izoologic_cdf.runtime.windows import DAY, Window
from tests.proof.events import Open, Run, Step, Wait, Write, replay
from tests.support.sites import HOUR, Site

TODAY = DAY // 2  # the clock of the site stands at noon


def put(site: Site, case_id: str, opened: int, updated: int, *messages: int) -> None:
    """Add a case with messages, all so many seconds before now."""
    dates = {"addedDate": str(site.now - opened), "detectionDate": str(site.now - opened)}
    site.state.put_case(case_id, {"url": "https://example.com/", **dates}, site.now - updated)
    for ago in messages:
        say(site, case_id, site.now - ago)


def say(site: Site, case_id: str, at: int) -> None:
    """Write a message that does not update its case."""
    site.state.add_message(case_id, {"subject": f"at {at}", "createdOn": str(at)})


def asked(site: Site, case_id: str) -> list[Window]:
    """Return for which ranges the messages of a case were requested, and forget all requests."""
    found = [
        Window(int(one["fromdate"]), int(one["todate"]))
        for one in site.asked("FetchCaseCommunications")
        if one["caseid"] == case_id
    ]
    site.state.clear_requests()
    return found


def is_known(site: Site) -> bool:
    """Return whether the library knows that messages come without an update."""
    with site.remembered() as state:
        return state.coverage.is_unannounced()


# days that a case lived, requests that this takes; each counts from a midnight to an end of a day
@pytest.mark.parametrize(("lived", "requests"), [(0, 1), (1, 1), (26, 1), (28, 2), (90, 4)])
def test_one_run_over_a_year_requests_what_a_case_lived_and_fills_its_requests(
    site: Site, lived: int, requests: int
) -> None:
    opened, updated = site.now - (150 + lived) * DAY, site.now - 150 * DAY
    put(site, "caSe00001", (150 + lived) * DAY, 150 * DAY)
    site.run(site.now - 360 * DAY)
    found = asked(site, "caSe00001")
    assert len(found) == requests
    assert found[0].since <= opened - DAY - TODAY
    assert found[-1].until >= updated + DAY + TODAY - 1
    days = (found[-1].until + 1 - found[0].since) // DAY
    assert days == 30 * requests
    # the margins on both sides are equal
    margins = opened - found[0].since, found[-1].until + 1 - updated
    assert abs(margins[0] - margins[1]) <= DAY
    assert all(one.until - one.since < 30 * DAY for one in found)


def test_a_margin_ends_with_the_asked_range(site: Site) -> None:
    put(site, "caSe00001", 101 * DAY, 100 * DAY)
    since, until = site.now - 103 * DAY, site.now - 97 * DAY
    site.run(since, until)
    assert asked(site, "caSe00001") == [Window(since - since % DAY, until)]


@pytest.mark.parametrize(
    "dates", [{"addedDate": None}, {"addedDate": "x"}, {"addedDate": str(2**31)}]
)
def test_a_case_without_a_good_opening_is_requested_from_the_begin_of_the_range(
    site: Site, dates: dict[str, str | None]
) -> None:
    site.state.put_case("caSe00001", dates, site.now - 150 * DAY)
    site.run(site.now - 200 * DAY)
    assert asked(site, "caSe00001")[0].since <= site.now - 200 * DAY


EVIDENCE = {
    # seconds after the update, or before the opening (negative), and whether they show something
    "at the update": (0, False),
    "an hour after the update": (HOUR, False),
    "more than an hour after the update": (HOUR + 1, True),
    "days after the update": (9 * DAY, True),
    "an hour before the opening": (-HOUR, False),
    "more than an hour before the opening": (-HOUR - 1, True),
    "days before the opening": (-9 * DAY, True),
}


@pytest.mark.parametrize("date", ["clock", "none"])
@pytest.mark.parametrize("name", EVIDENCE)
def test_a_message_that_no_update_announced_is_remembered_and_ends_the_short_requests(
    site: Site, name: str, date: str
) -> None:
    offset, shows = EVIDENCE[name]
    site.state.set_options(date_header=date)
    late = -offset if offset >= 0 else DAY - offset
    put(site, "caSe00001", 101 * DAY, 100 * DAY, 100 * DAY + late)
    put(site, "caSe00002", 91 * DAY, 90 * DAY, 10 * DAY, 115 * DAY)
    outcome = site.run(site.now - 200 * DAY)
    assert outcome.summary.exit_code == 0
    assert is_known(site) is shows
    assert len(outcome.heard("do not always update their case")) == shows
    # the second case was read at the same time
    found = asked(site, "caSe00002")
    assert (found[-1].until == site.now) is shows
    assert len(site.note_values()) == 1 + 2 * shows
    # and the next run of that tenant knows it from the start
    site.run(site.now - 200 * DAY)
    assert (asked(site, "caSe00002")[-1].until == site.now) is shows
    # others are not judged by it
    site.tenant = "another"
    assert not is_known(site)


@pytest.mark.parametrize(
    ("date", "ago", "shows"),
    [("clock", 59, False), ("clock", 62, True), ("none", 599, False), ("none", 602, True)],
)
def test_a_message_that_may_have_come_after_the_list_shows_nothing(
    site: Site, date: str, ago: int, *, shows: bool
) -> None:
    site.state.set_options(date_header=date)
    put(site, "caSe00001", 9 * DAY, 8 * DAY, ago)
    site.sync()
    assert is_known(site) is shows


def test_what_was_read_shorter_by_earlier_runs_is_requested_again(site: Site) -> None:
    # too far from its dates to be seen
    put(site, "caSe00001", 101 * DAY, 100 * DAY, 50 * DAY)
    site.run(site.now - 200 * DAY, site.now - 20 * DAY)
    assert (site.note_values(), is_known(site)) == ([], False)
    put(site, "caSe00002", 11 * DAY, 10 * DAY, 8 * DAY)
    site.state.clear_requests()
    outcome = site.sync()
    assert outcome.heard("once more for 2 cases")
    assert len(site.note_values()) == 2
    assert asked(site, "caSe00001")[-1].until == site.now
    assert (outcome.summary.exit_code, site.deferred) == (0, [])


@pytest.mark.parametrize("nth", range(1, 8))
def test_what_was_read_shorter_is_requested_again_wherever_the_run_died(
    site: Site, nth: int
) -> None:
    for number in range(1, 7):
        # the third one shows it, the others do not
        late = 98 if number == 3 else 20
        put(site, f"caSe0000{number}", 101 * DAY, (100 * DAY) - number, late * DAY)
    left = itertools.count(1)

    def die() -> None:
        if next(left) == nth:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        site.run(site.now - 110 * DAY, committed=die)
    waiting = {one.label for one in site.deferred}
    # it may have been read, and others with it, before the first one was committed
    assert is_known(site) or nth < 3
    assert "the messages of case caSe00003" in waiting or nth < 3
    assert site.backfill(site.now - 110 * DAY).summary.exit_code == 0
    assert len(site.note_values()) == 6
    assert site.deferred == []


def test_messages_between_two_updates_come_with_the_second_though_nothing_showed_them(
    site: Site,
) -> None:
    put(site, "caSe00001", 101 * DAY, 100 * DAY, 50 * DAY)
    site.run(site.now - 200 * DAY)
    assert site.note_values() == []
    site.state.update_case("caSe00001")
    site.sync(site.now - 200 * DAY)
    assert len(site.note_values()) == 1
    assert not is_known(site)


# --- what was read is not read again ---------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "seconds", "reads"),
    [("clock", 59, True), ("clock", 60, False), ("none", 599, True), ("none", 600, False)],
)
def test_a_case_that_was_read_some_time_after_its_update_is_not_read_again(
    site: Site, date: str, seconds: int, *, reads: bool
) -> None:
    site.state.set_options(date_header=date)
    put(site, "caSe00001", DAY, seconds)
    put(site, "caSe00002", DAY, 0)
    site.sync()
    site.state.clear_requests()
    outcome = site.sync()
    read = {one["caseid"] for one in site.asked("CaseDetail")}
    assert ("caSe00001" in read) is reads
    # that one may be updated once more in the same second
    assert "caSe00002" in read
    assert outcome.summary.listed == 1 + reads


def test_what_is_missing_of_a_case_or_was_not_requested_is_read_all_the_same(site: Site) -> None:
    for number in range(1, 4):
        put(site, f"caSe0000{number}", 3 * DAY, HOUR // 10 + number, 2 * DAY)

    def read(outcome: object) -> set[str]:
        found = {one["caseid"] for one in site.asked("CaseDetail")}
        site.state.clear_requests()
        return found if outcome else set()

    # read by a run over less than what scheduled runs keep
    site.run(site.now - DAY)
    assert len(read(site.sync(site.now - 9 * DAY))) == 3
    assert len(site.note_values()) == 3
    assert read(site.sync()) == set()
    # left out, and wanted again
    site.state.update_case("caSe00001", site.now - 200)
    assert read(site.sync(without=frozenset({"messages"}))) == {"caSe00001"}
    assert read(site.sync()) == {"caSe00001"}
    # failed in part, and as a whole
    for endpoint in ("FetchCaseCommunications", "CaseDetail"):
        site.state.update_case("caSe00002", site.now - 200 + len(endpoint))
        site.state.add_fault("status", endpoint=endpoint, status=403)
        assert read(site.sync()) == {"caSe00002"}
        assert read(site.sync()) == {"caSe00002"}
        assert read(site.sync()) == set()
    # updated once more, or listed with an earlier update than before
    site.state.update_case("caSe00003", site.now - 61)
    assert read(site.sync()) == {"caSe00003"}
    # whoever asks for a range gets it
    assert len(read(site.run(site.now - DAY))) == 3


# --- would the proofs notice? ----------------------------------------------------------------

FOUND = "missing: .*'note'|no message was seen to come without an update"
QUIET: list[Step] = [
    Open(60 * DAY),
    Write(quiet=40 * DAY),
    Run("run", days=70),
    Open(30 * DAY),
    Write(1, quiet=5 * HOUR),
    Wait(DAY),
]


def test_messages_without_an_update_are_there_once_one_was_seen(
    emulator: Emulator, tmp_path: Path
) -> None:
    replay(emulator, tmp_path, QUIET)


def _blind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Guard, "watch", lambda *_: None)


def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("izoologic_cdf.runtime.state._DEFER_SHORT", "SELECT :part, :cause, :reason")


@pytest.mark.parametrize(
    ("fault", "schedule"), [(_blind, QUIET), (_forgetful, [*QUIET[:2], *QUIET[3:]])]
)
def test_the_proof_finds_a_guard_that_sees_nothing_or_reads_nothing_again(
    emulator: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[pytest.MonkeyPatch], None],
    schedule: list[Step],
) -> None:
    replay(emulator, tmp_path, schedule)
    fault(monkeypatch)
    with pytest.raises(AssertionError, match=FOUND):
        replay(emulator, tmp_path / "again", schedule)
