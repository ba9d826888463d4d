"""The threads of a run: jobs are done in parallel, and what follows from each is done in order."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

# how many jobs for each thread are begun before the first of them has had its turn
MAX_AHEAD = 2
# seconds after which a wait looks for Ctrl-C
_LOOK_SECONDS = 0.5
_Got = TypeVar("_Got")


@dataclass(slots=True)
class Task(Generic[_Got]):
    """A job for a thread, and what the run does with its result when its turn has come.

    No turn is prepared after a task that `holds` before its job is done: what comes next depends on
    the result.
    """

    job: Callable[[], _Got]
    then: Callable[[_Got], None]
    holds: bool = False
    future: "Future[_Got]" = field(default_factory=Future)


# what has no job is done when its turn has come
Turn = Task[Any] | Callable[[], None]


class Workers:
    """The threads; whoever waits for them hears a signal at once."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count)
        self._most = count * MAX_AHEAD

    def do(self, job: Callable[[], _Got]) -> _Got:
        """Do one job aside and return its result."""
        future = self._pool.submit(job)
        _wait_for(future)
        return future.result()

    def carry_out(self, turns: Iterator[Turn]) -> None:
        """Do the jobs in parallel, and what follows from them in their order.

        A job that raises does so when its turn has come, and no turn is prepared after it if it
        holds.
        """
        waiting: deque[Turn] = deque()
        held: Task[Any] | None = None
        begun = 0
        while True:
            while begun < self._most and (held is None or _has_come(held)):
                turn = next(turns, None)
                if turn is None:
                    break
                if isinstance(turn, Task):
                    turn.future = self._pool.submit(turn.job)
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
                _wait_for(turn.future, *under_way)
                continue
            waiting.popleft()

    def shutdown(self, *, wait: bool) -> None:
        """Begin nothing more; `wait` for what is under way."""
        self._pool.shutdown(wait=wait, cancel_futures=True)


def _has_come(task: Task[Any]) -> bool:
    return task.future.done() and task.future.exception() is None


def _wait_for(*futures: "Future[Any]") -> None:
    """Wait for one of them in steps: a signal can be missed by a wait without an end."""
    while not any(future.done() for future in futures):
        wait(futures, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
