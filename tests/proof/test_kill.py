"""A run that is killed and repeated leaves what an undisturbed run leaves.

PROOF_KILLS=1 plays the long one: a backfill of 2,000 cases, killed again and again.
"""

import itertools
import os
import random
from pathlib import Path

import pytest

from izoologic_cdf.emulator import Emulator
from izoologic_cdf.emulator.generated import generate
from tests.proof.killed import Place, backfill, in_own_process
from tests.proof.running import Runner

CASES = 15
# what it takes to kill them all is known before the first one is killed
SEED = 4


@pytest.fixture
def scenario(emulator: Emulator) -> tuple[int, int]:
    scenario = generate(CASES, days=65, dlr=0)
    emulator.state.load(scenario)
    assert scenario.since is not None
    assert scenario.until is not None
    return scenario.since, scenario.until


@pytest.mark.parametrize("place", ["before", "after"])
def test_killed_at_every_commit_point(
    place: Place, scenario: tuple[int, int], emulator: Emulator, tmp_path: Path
) -> None:
    undisturbed = Runner(emulator, tmp_path / "undisturbed.sqlite")
    values = undisturbed.values("incident")
    before, after = backfill(undisturbed.path, values, scenario)
    points = before if place == "before" else after
    assert points >= CASES
    expected = undisturbed.export()
    assert expected.count('"type": "note"') > CASES
    assert expected.count('"sha256": "') >= CASES // 2
    # how many cases are read twice, since their messages need it, depends on the threads
    for point in itertools.count(1):
        runner = Runner(emulator, tmp_path / f"{point}.sqlite")
        died = in_own_process(runner.path, values, scenario, (place, point))
        if died == 0:
            break
        assert died == -9, f"{place} {point}: the process ended with {died}"
        runner.check_derived()
        backfill(runner.path, values, scenario)
        assert runner.export() == expected, f"{place} {point} of {points}"
    assert point > CASES
    assert runner.export() == expected


def test_a_killed_run_keeps_what_it_had_committed(
    scenario: tuple[int, int], emulator: Emulator, tmp_path: Path
) -> None:
    runner = Runner(emulator, tmp_path / "library.sqlite")
    values = runner.values("incident")
    assert in_own_process(runner.path, values, scenario, ("after", 10)) == -9
    with runner.library() as library:
        rows = library.connection.execute("SELECT case_id FROM feed_case").fetchall()
        committed = {case_id for (case_id,) in rows}
        # read for a shorter range than it turned out to need; how many are depends on the threads
        rows = library.connection.execute("SELECT case_id FROM feed_deferred").fetchall()
        short = {case_id for (case_id,) in rows}
    emulator.state.clear_requests()
    backfill(runner.path, values, scenario)
    asked = {one.query["caseid"] for one in emulator.requests if one.endpoint == "CaseDetail"}
    assert len(asked | committed) == CASES
    assert short <= asked
    # the one of the second where it goes on, and the one that two windows list
    again = asked & committed - short
    assert len(again) <= 2, f"of {len(committed)} cases, {again} were asked for again"


@pytest.mark.skipif("PROOF_KILLS" not in os.environ, reason="takes minutes; set PROOF_KILLS=1")
def test_killed_again_and_again_in_a_backfill_of_2000_cases(
    emulator: Emulator, tmp_path: Path
) -> None:
    scenario = generate(2000, dlr=0)
    emulator.state.load(scenario)
    assert scenario.since is not None
    assert scenario.until is not None
    asked = scenario.since, scenario.until
    undisturbed = Runner(emulator, tmp_path / "undisturbed.sqlite")
    values = undisturbed.values("incident")
    backfill(undisturbed.path, values, asked)
    runner = Runner(emulator, tmp_path / "library.sqlite")
    randomness = random.Random(SEED)  # noqa: S311
    kills = 0
    while (died := in_own_process(runner.path, values, asked, after=randomness.uniform(1, 4))) != 0:
        assert died == -9
        kills += 1
    print(f"killed {kills} times")
    assert kills >= 3
    assert runner.export() == undisturbed.export()
