"""F26 to F28, F30 and F32: clocks that differ, changes in mid-run, volume, edges of days."""

import pytest

from izoologic_cdf.emulator import load_scenario
from izoologic_cdf.runtime import plan
from izoologic_cdf.runtime.windows import DAY, OVERLAP
from tests.support.benches import BAD, GOOD, Bench, refusal
from tests.support.sites import HOUR, IN_FLIGHT, Site
from tests.support.tenants import CLOCK


@pytest.mark.parametrize("skew", [-600, -60, 60, 600])
def test_f26_a_server_with_another_clock_loses_nothing(bench: Bench, skew: int) -> None:
    site = bench.site()
    site.sync(CLOCK - DAY)
    for number in range(4):
        # the server stamps by its own clock; the runs go by ours
        real = CLOCK + number * 900
        site.state.set_clock(real + skew)
        site.fill(f"new{number}", updated=real + skew)
        site.state.set_clock(real + 1)
        site.state.add_fault("skew", endpoint="CaseSync", seconds=skew, count=None)
        assert site.sync().summary.exit_code == 0
        site.state.clear_faults()
    for _ in range(2):
        site.state.advance(900)
        site.sync()
    assert site.case_values() == {BAD, *GOOD, "new0", "new1", "new2", "new3"}
    assert len(site.note_values()) == 8


def test_f26_an_update_in_the_future_waits_and_is_not_passed_over(bench: Bench) -> None:
    site = bench.site()
    site.sync(CLOCK - DAY)
    site.state.set_clock(CLOCK + DAY)
    site.fill("future", updated=CLOCK + 300)
    site.state.set_clock(CLOCK)
    # the server tells a row that is ahead of our clock
    site.state.add_fault("skew", endpoint="CaseSync", seconds=600, count=None)
    assert "future" not in {*site.case_values()} - {BAD}
    site.sync()
    assert site.finished[-1].until <= CLOCK
    site.state.clear_faults()
    site.state.advance(HOUR)
    site.sync()
    assert "future" in site.case_values()


@pytest.mark.parametrize(
    ("age", "proven"),
    [(None, OVERLAP + 1), (30, 31), (HOUR, OVERLAP + 1)],
    ids=["none", "new", "old"],
)
def test_f26_finished_is_up_to_before_the_newest_row_or_ten_minutes_before_the_run(
    bench: Bench, age: int | None, proven: int
) -> None:
    site = bench.site()
    site.state.advance(DAY)
    if age is not None:
        site.fill("new", updated=site.now - age)
    site.sync(site.now - 2 * HOUR)
    assert site.finished[-1].until == site.now - proven


def test_f27_a_case_updated_during_the_run_is_read_by_the_next(bench: Bench) -> None:
    site = bench.site()

    def change() -> None:
        if site.state.clock == CLOCK:
            site.state.advance(5)
            site.state.update_case(GOOD[0], statusDescription="Closed")
            site.state.update_case(GOOD[2], statusDescription="Closed")

    asked = CLOCK - DAY
    outcome = site.carry_out(lambda state: site.planned(state, asked), committed=change)
    assert outcome.summary.exit_code == 0
    assert site.finished[-1].until <= CLOCK
    site.state.advance(60)
    site.sync()
    for case_id in (GOOD[0], GOOD[2]):
        assert site.attribute(case_id, "Status") == ["Closed"]


def test_f28_a_failure_in_the_middle_passes_no_case_over(bench: Bench) -> None:
    site = bench.site()
    for number in range(30):
        site.fill(f"many{number:02}", updated=CLOCK - 1_000 + number)
    done = 0

    def crash() -> None:
        nonlocal done
        done += 1
        if done == 17:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        site.carry_out(lambda state: site.planned(state, CLOCK - DAY), committed=crash)
    before = site.case_values()
    assert len(before) == 17
    # finished is what the committed cases mean, and no second more
    assert site.finished[-1].until < CLOCK - 1_000 + 13
    assert site.sync().summary.exit_code == 0
    calm = bench.site()
    calm.sync(CLOCK - DAY)
    assert site.text == calm.text


def test_f28_cases_of_one_second_are_not_passed_over_by_a_crash_between_them(
    bench: Bench,
) -> None:
    site = bench.site()
    site.fill("same1", "same2", "same3", updated=CLOCK - 5 * DAY)

    def crash() -> None:
        raise ConnectionError

    since, until = CLOCK - 6 * DAY, CLOCK - 4 * DAY
    with pytest.raises(ConnectionError):
        site.carry_out(lambda state: plan.backfill(state, since, until), committed=crash)
    assert site.case_values() == {"same1"}
    site.backfill(since, until)
    assert site.case_values() == {"same1", "same2", "same3"}


def test_f28_a_repeated_run_changes_nothing(bench: Bench) -> None:
    site = bench.site()
    site.sync(CLOCK - DAY)
    once = site.text
    for _ in range(2):
        site.run(CLOCK - DAY)
    assert site.text == once


def test_f28_a_case_that_fails_in_the_middle_is_set_aside_and_the_rest_is_finished(
    bench: Bench,
) -> None:
    site = bench.site()
    site.state.add_fault("envelope", endpoint="CaseDetail", case=BAD, json=refusal())
    outcome = bench.run(site=site)
    assert (outcome.summary.exit_code, outcome.summary.deferred) == (3, [BAD])
    assert bench.others_are_complete(outcome)
    assert site.finished[-1].until >= CLOCK - 2 * HOUR
    assert bench.is_complete(bench.run(site=site))


def test_f30_two_hundred_messages_and_a_hundred_files_of_one_case_are_all_there(
    bench: Bench,
) -> None:
    for number in range(200):
        row = {"subject": f"Message {number}", "createdOn": str(CLOCK - number)}
        bench.state.add_message(BAD, row)
    for number in range(100):
        bench.state.add_file(BAD, {"originalFilename": f"file{number}"}, b"%d" % number)
    outcome = bench.run()
    assert outcome.summary.exit_code == 0
    assert len(outcome.all("note")) == 204
    assert len({one["sha256"] for one in outcome.all("attachment")}) == 104


def test_f30_totals_are_no_matter(bench: Bench) -> None:
    bench.state.add_fault("fields", endpoint="DLRDetail", put={"totalRecords": 1500}, count=None)
    assert bench.is_complete(bench.run("dlr"), "dlr")


def test_f30_cases_are_read_a_little_ahead_of_what_is_committed_however_many_there_are(
    bench: Bench,
) -> None:
    scenario = load_scenario("generated:300:days=25:messages_per_case=0:files_per_case=0:dlr=0")
    assert scenario.since is not None
    bench.state.load(scenario)
    site = bench.site()
    since = scenario.since
    ahead: list[int] = []

    def measure() -> None:
        ahead.append(bench.count("CaseDetail") - len(ahead))

    outcome = site.carry_out(lambda state: site.planned(state, since), committed=measure)
    assert outcome.summary.detailed == 300
    # twice the number in flight
    assert max(ahead) <= 2 * IN_FLIGHT


@pytest.mark.parametrize("second", [0, 1, 86_399])
@pytest.mark.parametrize("rounding", [True, False])
def test_f32_a_run_on_the_edge_of_a_day_asks_for_no_empty_range(
    bench: Bench, second: int, rounding: bool
) -> None:
    day = CLOCK - CLOCK % DAY
    bench.state.set_options(day_rounding=rounding)
    bench.state.set_clock(day + second)
    site: Site = bench.site()
    site.fill("edge", updated=day + second)
    outcome = site.run(day) if second else site.run(day - 1)
    assert outcome.summary.exit_code == 0
    assert "edge" in site.case_values()
    for one in site.asked("FetchCaseCommunications"):
        assert int(one["fromdate"]) < int(one["todate"])
