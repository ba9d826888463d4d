"""Random schedules of changes, runs, faults and crashes end, after one calm sync, in the truth.

PROOF_SCHEDULES=N plays N schedules in place of the fixed ones; PROOF_SEED=S takes others.
"""

import itertools
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from izoologic_cdf.emulator import Emulator
from izoologic_cdf.runtime.windows import DAY
from tests.proof.events import (
    FAULTS,
    Break,
    Jump,
    LeakMore,
    LeakOne,
    Mend,
    Move,
    Open,
    Remove,
    Rename,
    Rotate,
    Run,
    Step,
    Upload,
    Wait,
    Write,
    replay,
)
from tests.proof.running import Crash
from tests.proof.world import FEEDS, HOUR

SCHEDULES = int(os.environ.get("PROOF_SCHEDULES", "220"))
SEED = os.environ.get("PROOF_SEED")
# shards run side by side, and a short one is no long wait for the last
SHARDS = 11
LONG = 90 * DAY

cases = st.integers(0, 3)
ages = st.sampled_from((0, 1, 300, 3600, DAY, 10 * DAY, 40 * DAY)) | st.integers(0, LONG)
changes: st.SearchStrategy[Step] = st.one_of(
    st.builds(Rename, cases),
    st.builds(Move, cases, st.integers(0, 2)),
    st.builds(Write, cases, st.sampled_from("abc")),
    st.builds(Upload, cases, st.sampled_from(("evidence.txt", "note.pdf"))),
    st.builds(Remove, cases, st.booleans()),
    st.builds(Open),
    st.builds(LeakOne),
    st.builds(LeakMore, cases),
)
# how much later than the update of its case, or earlier than the case, a message is that does not
# update it: such that shows it, and such that does not
quiet = st.sampled_from((0, HOUR, HOUR + 1, 5 * HOUR, DAY, 3 * DAY, 20 * DAY, 40 * DAY)) | (
    st.sampled_from((-HOUR, -HOUR - 1, -5 * HOUR, -3 * DAY, -20 * DAY))
)
waits = st.builds(
    Wait, st.sampled_from((1, 300, 599, 600, 601, 1201, 3600, DAY, 7 * DAY, 31 * DAY))
)
# where a failure loses something first, and now and then elsewhere
endpoints = st.sampled_from(
    (
        *("CaseSync", "CaseDetail", "FetchCaseCommunications", "DownloadCaseFile") * 2,
        *("DLRSyncedCases", "DLRDetail", "Authenticate", None),
    )
)
# those that fail at once, and those that are tried again
at_once = st.sampled_from(("page", "unknown code", "forbidden", "bad request", "revoke"))
breaks = st.builds(
    Break, at_once, endpoints, st.none() | cases, st.integers(1, 3), st.sampled_from((1, 1, 2, 10))
) | st.builds(
    Break, st.sampled_from(sorted(FAULTS)), endpoints, st.none(), st.integers(1, 3), st.just(5)
)
crashes = st.none() | st.builds(Crash, st.integers(1, 6), st.booleans())
runs = st.builds(
    Run,
    st.sampled_from(("sync", "sync", "sync", "sync", "backfill", "run", "retry")),
    st.sampled_from((FEEDS[0], *FEEDS)),
    st.sampled_from((3, 30, 70, 101)),
    crashes,
    st.integers(1, 3),
    st.none() | changes,
    st.sampled_from((frozenset[str](),) * 4 + (frozenset({"messages"}), frozenset({"files"}))),
)
# an outage of an endpoint, or of a part of the cases, that lasts longer than a case has tries
outages: st.SearchStrategy[list[Step]] = st.builds(
    lambda fault, endpoint, happened, waited, count: [
        Break(fault, endpoint, count=None),
        *itertools.chain.from_iterable((*happened, waited, Run("sync")) for _ in range(count)),
        Mend(),
    ],
    st.sampled_from(("unavailable", "forbidden", "unknown code", "page", "reset")),
    st.sampled_from(("CaseDetail", "FetchCaseCommunications", "DownloadCaseFile", "CaseSync")),
    st.lists(changes, max_size=2),
    waits,
    st.integers(6, 8),
)
# the clock of the runs is ahead, and set right again
jumps: st.SearchStrategy[list[Step]] = st.builds(
    lambda seconds, run, happened: [Jump(seconds), run, *happened, Jump()],
    st.sampled_from((3600, 2 * DAY, 45 * DAY, 365 * DAY)),
    runs,
    st.lists(changes, max_size=2),
)
# what is there before the first run; from then on rows move to the present only
begun: st.SearchStrategy[Any] = st.builds(
    lambda age, written: [Open(age), *(Write(-1, "b", before) for before in written)],
    ages,
    st.lists(ages, max_size=3).map(lambda written: sorted(written, reverse=True)),
) | st.builds(lambda age: [LeakOne(age)], ages)
episodes: st.SearchStrategy[list[Step]] = st.builds(
    lambda happened, broken, waited, run: [*happened, *broken, waited, run],
    st.lists(changes, max_size=3),
    st.lists(breaks, max_size=2) | st.just([Mend()]),
    waits,
    runs,
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Step], int, bool]:
    """Return a schedule, how far the server's clock is ahead, and whether it tells its time."""
    skew, dated = draw(st.sampled_from((0, 0, 0, 60, 600, -60, -600))), draw(st.integers(0, 3)) > 0
    # nothing tells that a clock is wrong by more than ten minutes where the server sends no time
    others: list[st.SearchStrategy[list[Step]]] = [outages]
    others += [jumps, st.just([Rotate()])] if dated else []
    first = draw(st.lists(begun, min_size=1, max_size=4))
    then = draw(st.lists(st.one_of([episodes] * 3 + others), min_size=1, max_size=4))
    schedule: list[Step] = list(itertools.chain(*first, *then))
    if draw(st.integers(0, 2)) == 0:
        # some messages do not update their case
        schedule = [
            replace(one, quiet=draw(st.none() | quiet)) if isinstance(one, Write) else one
            for one in schedule
        ]
        for at in sorted(draw(st.lists(st.integers(0, len(schedule)), min_size=1, max_size=3))):
            schedule.insert(at, Write(draw(cases), "q", quiet=draw(quiet)))
    return schedule, skew if dated else min(max(skew, -599), 599), dated


@pytest.mark.parametrize("shard", range(SHARDS))
def test_the_library_ends_as_the_truth(shard: int, emulator: Emulator) -> None:
    @settings(
        max_examples=SCHEDULES // SHARDS,
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    @seed(f"{SEED or 'proof'}:{shard}")
    @given(histories())
    def play(history: tuple[Sequence[Step], int, bool]) -> None:
        schedule, skew, dated = history
        with tempfile.TemporaryDirectory() as folder:
            replay(emulator, Path(folder), schedule, skew, dated=dated)

    play()
