"""The threads of a run: jobs are done in parallel, and what follows from each is done in order."""

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

# how many jobs for each thread are begun before the first of them has had its turn
MAX_AHEAD = 2
# seconds after which a wait looks for Ctrl-C
_LOOK_SECONDS = 0.5
# turns after which the scheduler chooses the core anew, and after which it is looked whether the
# run computes, until it does
_CHOICE_EVERY, _LOOK_EVERY = 512, 16
# of the time, what its threads must have computed or wanted to
_BUSY = 0.5
_Got = TypeVar("_Got")


class OneCore:
    """Keeps the threads of a run that computes more than it waits on one core.

    One of them at a time computes anyway. Where the API has no latency, threads that wake each
    other on two cores took 22 in 100 more processor time, and 18 in 100 more time; beside two busy
    processes eight times as long. At a latency of 50 ms it brought nothing. The scheduler
    chooses the core again and again, so that a run does not stay beside another that keeps to the
    same one. What an administrator has narrowed down stays as it is, and so it does where the
    platform cannot do this.
    """

    def __init__(self) -> None:
        self._allowed: set[int] = set()
        with contextlib.suppress(AttributeError, OSError):
            allowed = os.sched_getaffinity(0)
            self._allowed = allowed if len(allowed) == os.cpu_count() else set()
        self._turns, self._is_kept = 0, False
        self._since = time.monotonic(), _wanted()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # what this process starts later is free again
        self._keep_to(self._allowed)

    def turn(self) -> None:
        """Count a turn of the run, and choose anew when it is time."""
        if self._turns == 0:
            self._keep_to(self._allowed)
            self._is_kept = False
        elif not self._is_kept and self._turns % _LOOK_EVERY == 0 and self._is_busy():
            self._keep_to(_current_core() & self._allowed)
            self._is_kept = True
        self._turns = (self._turns + 1) % _CHOICE_EVERY

    def _is_busy(self) -> bool:
        """Return whether the threads have wanted a core most of the time since the last look."""
        (at, wanted), self._since = self._since, (time.monotonic(), _wanted())
        return self._since[1] - wanted > _BUSY * (self._since[0] - at)

    def _keep_to(self, cores: set[int]) -> None:
        for thread in threading.enumerate() if cores and len(self._allowed) > 1 else ():
            # a thread may end meanwhile
            with contextlib.suppress(OSError):
                os.sched_setaffinity(thread.native_id or 0, cores)


def _wanted() -> float:
    """Return the seconds that the threads have computed, or waited for a core that others had."""
    seconds = 0.0
    with contextlib.suppress(OSError, ValueError):
        for task in Path("/proc/self/task").iterdir():
            computed, waited, _ = (task / "schedstat").read_text("ascii").split()
            seconds += (int(computed) + int(waited)) / 1e9
    return seconds


def _current_core() -> set[int]:
    """Return the core of this thread, from field 39 of proc(5); nothing where it is not told."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        return {
            int(Path("/proc/thread-self/stat").read_text("ascii").rpartition(")")[2].split()[36])
        }
    return set()


@dataclass(slots=True)
class Task(Generic[_Got]):
    """A job for a thread, and what the run does with its result when its turn has come.

    No turn is prepared after a task that `holds` before its job is done: what comes next depends on
    the result.
    """

    job: Callable[[], _Got]
    then: Callable[[_Got], None]
    holds: bool = False
    # there once the job has begun
    future: "Future[_Got]" = field(init=False)


# what has no job is done when its turn has come
Turn = Task[Any] | Callable[[], None]


class Workers:
    """The threads; whoever waits for them hears a signal at once."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count)
        self._most = count * MAX_AHEAD
        # set whenever a job ends
        self._ended = threading.Event()

    def do(self, job: Callable[[], _Got]) -> _Got:
        """Do one job aside and return its result."""
        future = self._begin(job)
        self._wait_for(future)
        return future.result()

    def _begin(self, job: Callable[[], _Got]) -> "Future[_Got]":
        future = self._pool.submit(job)
        future.add_done_callback(lambda _: self._ended.set())
        return future

    def carry_out(self, turns: Iterator[Turn]) -> None:
        """Do the jobs in parallel, and what follows from them in their order.

        A job that raises does so when its turn has come, and no turn is prepared after it if it
        holds.
        """
        with OneCore() as core:
            self._carry_out(turns, core)

    def _carry_out(self, turns: Iterator[Turn], core: OneCore) -> None:
        waiting: deque[Turn] = deque()
        held: Task[Any] | None = None
        begun = 0
        while True:
            while begun < self._most and (held is None or _has_come(held)):
                turn = next(turns, None)
                if turn is None:
                    break
                if isinstance(turn, Task):
                    turn.future = self._begin(turn.job)
                    begun += 1
                    held = turn if turn.holds else None
                waiting.append(turn)
            if not waiting:
                return
            turn = waiting[0]
            if not isinstance(turn, Task):
                turn()
            elif turn.future.done():
                turn.then(turn.future.result())
                begun -= 1
            else:
                under_way = [held.future] if held and not held.future.done() else []
                self._wait_for(turn.future, *under_way)
                continue
            waiting.popleft()
            core.turn()

    def _wait_for(self, *futures: "Future[Any]") -> None:
        """Wait for one of them in steps: a signal can be missed by a wait without an end."""
        while not any(future.done() for future in futures):
            # concurrent.futures would make something for each future at each wait
            self._ended.wait(_LOOK_SECONDS)
            self._ended.clear()

    def shutdown(self, *, wait: bool) -> None:
        """Begin nothing more; `wait` for what is under way."""
        self._pool.shutdown(wait=wait, cancel_futures=True)


def _has_come(task: Task[Any]) -> bool:
    return task.future.done() and task.future.exception() is None
