"""What the model found, each as a schedule of its own."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from izoologic_cdf.emulator import Emulator
from izoologic_cdf.runtime.windows import DAY
from tests.proof.events import (
    Break,
    LeakOne,
    Move,
    Open,
    Run,
    Step,
    Wait,
    Write,
    replay,
)

FOUND: dict[str, tuple[Sequence[Step], int]] = {
    "a backfill after a sync reads messages of before the sync's origin": (
        (Open(60 * DAY), Write(age=50 * DAY), Move(), Run("sync", days=30)),
        0,
    ),
    "messages of a set-aside case are not forgotten when the list names it again": (
        (
            Open(3 * DAY),
            Write(age=2 * DAY),
            Break("page", "CaseDetail"),
            Run("sync", days=30),
            Wait(DAY),
            Move(),
            Break("page", "CaseDetail"),
            Run("sync"),
        ),
        0,
    ),
    "messages of a set-aside case are read by a shorter run that lists it": (
        (
            Open(9 * DAY),
            Write(age=8 * DAY),
            Break("page", "CaseDetail"),
            Run("sync"),
            Wait(DAY),
            Move(),
            Run("run", days=3),
        ),
        0,
    ),
    "messages of a case that moves while a run goes on are read by the next run": (
        (
            Open(20 * DAY),
            Open(5 * DAY),
            Write(1, age=4 * DAY),
            Open(10 * DAY),
            Run("sync", meanwhile=Move(1)),
            Wait(DAY),
            Run("sync"),
        ),
        0,
    ),
    "messages of a case whose row lies in the future of our clock are read by the next run": (
        (Open(5 * DAY), Write(0, age=4 * DAY), Move(0), Run("sync")),
        600,
    ),
    "a case that gets the newest second of a list that was read is read after a backfill": (
        (
            LeakOne(),
            Run("sync", "dlr", days=70, meanwhile=LeakOne()),
            Wait(1201),
            Run("backfill", "dlr", days=3),
        ),
        0,
    ),
    "a case that moves on a server ten minutes behind is read though a run went on from there": (
        (
            Open(40 * DAY),
            Run("sync", days=3, meanwhile=Move()),
            Wait(7 * DAY),
            Run("run", days=3),
        ),
        -600,
    ),
    "a window that was forbidden once is asked for again": (
        (
            Open(20 * DAY),
            Break("forbidden", "CaseSync", count=4),
            Run("sync", days=70),
            Wait(DAY),
            Run("sync"),
        ),
        0,
    ),
    "a window whose request timed out is asked for again": (
        (
            Open(20 * DAY),
            Break("request timeout", "CaseSync", nth=2, count=10),
            Run("sync", days=70),
            Wait(DAY),
            Run("sync"),
        ),
        0,
    ),
    "a window that got an unknown code once is asked for again": (
        (
            Open(20 * DAY),
            Break("unknown code", "CaseSync", nth=2, count=2),
            Run("sync", days=70),
            Wait(DAY),
            Run("sync"),
        ),
        0,
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_it_ends_as_the_truth(name: str, emulator: Emulator, tmp_path: Path) -> None:
    schedule, skew = FOUND[name]
    replay(emulator, tmp_path, schedule, skew)
