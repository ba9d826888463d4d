"""Random schedules of changes, runs, faults and crashes end, after one calm sync, in the truth.

PROOF_SCHEDULES=N plays N schedules in place of the fixed ones; PROOF_SEED=S takes others.
"""

import itertools
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from izoologic_cdf.emulator import Emulator
from izoologic_cdf.runtime.windows import DAY
from tests.proof.running import Crash
from tests.proof.world import (
    FAULTS,
    FEEDS,
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
schedules = st.builds(
    lambda first, then: list(itertools.chain(*first, *then)),
    st.lists(begun, min_size=1, max_size=4),
    st.lists(
        st.one_of(episodes, episodes, episodes, outages, jumps, st.just([Rotate()])),
        min_size=1,
        max_size=4,
    ),
)
skews = st.sampled_from((0, 0, 0, 60, 600, -60, -600))


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
    @given(schedules, skews)
    def play(schedule: Sequence[Step], skew: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            replay(emulator, Path(folder), schedule, skew)

    play()
