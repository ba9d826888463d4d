"""Runs in processes of their own that die by SIGKILL at a place that was chosen before."""

import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Literal

from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime import plan
from izoologic_cdf.runtime.run import FeedRun, Settings
from izoologic_cdf.runtime.state import State
from tests.support.clocks import FakeClock
from tests.support.progress import RecordingProgress
from tests.support.tenants import definition

# just before a transaction is committed, or just after a commit point
Place = Literal["before", "after"]
# loaded before the processes are forked, so that each of them starts in no time
DEFINITION = definition("incident")
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


def backfill(
    path: Path,
    values: dict[str, object],
    asked: tuple[int, int],
    kill: tuple[Place, int] | None = None,
) -> tuple[int, int]:
    """Fill a range into the library; die at the nth such place, from 1, where there is one.

    Returns how many transactions were committed, and how many commit points were passed.
    """
    (primary,) = DEFINITION.primary_feeds
    passed = {"before": 0, "after": 0}

    def pass_by(place: Place) -> None:
        passed[place] += 1
        if kill == (place, passed[place]):
            os.kill(os.getpid(), signal.SIGKILL)

    def trace(statement: str) -> None:
        # told just before the statement is carried out
        if statement == "COMMIT":
            pass_by("before")

    clock = FakeClock(asked[1], stopped=True)
    settings = Settings(in_flight=4, clock=clock, committed=lambda: pass_by("after"))
    with Library.create(path) as library:
        library.connection.set_trace_callback(trace)
        state = State(library, primary, values)
        planned = plan.backfill(state, *asked)
        heard = RecordingProgress()
        run = FeedRun(DEFINITION, primary, values, planned, library, heard, settings)
        summary = run.run()
    assert summary.outcome == "complete", summary.as_text()
    return passed["before"], passed["after"]


def in_own_process(
    path: Path,
    values: dict[str, object],
    asked: tuple[int, int],
    kill: tuple[Place, int] | None = None,
    after: float | None = None,
) -> int | None:
    """Carry out `backfill` in a process of its own; return its exit code, -9 when it was killed.

    With `after` it is killed from outside, so many seconds after its start.
    """
    process = _CONTEXT.Process(target=backfill, args=(path, values, asked, kill))
    process.start()
    if after is not None:
        time.sleep(after)
        process.kill()
    process.join()
    return process.exitcode
