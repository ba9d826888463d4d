"""The threads of a run stay on one core, and nothing else does."""

import os
import subprocess
import sys
import threading
import time

import pytest

from izoologic_cdf.runtime import workers
from izoologic_cdf.runtime.workers import OneCore, Task, Workers
from tests.support.cores import ALL, allowed, use

# a platform that has no such thing has nothing to test
pytestmark = [
    pytest.mark.skipif(
        not 1 < len(ALL) == os.cpu_count(), reason="needs two cores that nobody has narrowed down"
    ),
    pytest.mark.usefixtures("every_core"),
]


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a run that has always computed, whatever else the machine does."""
    monkeypatch.setattr(OneCore, "_is_busy", lambda _: True)


def seen_in(turns: int) -> tuple[list[set[int]], list[set[int]]]:
    """Return the cores that jobs, and the turns after them, were allowed."""
    jobs, thens = list[set[int]](), list[set[int]]()
    threads = Workers(2)
    tasks = (
        Task(lambda: jobs.append(allowed()), lambda _: thens.append(allowed()))
        for _ in range(turns)
    )
    threads.carry_out(tasks)
    threads.shutdown(wait=True)
    return jobs, thens


@pytest.mark.usefixtures("busy")
def test_after_the_first_turns_all_threads_of_a_run_share_one_core() -> None:
    jobs, thens = seen_in(100)
    assert jobs[0] == thens[0] == ALL
    assert len(thens[-1]) == 1
    assert jobs[-1] == thens[-1]


def test_a_run_that_waits_more_than_it_computes_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(OneCore, "_is_busy", lambda _: False)
    jobs, thens = seen_in(40)
    assert {frozenset(cores) for cores in (*jobs, *thens)} == {frozenset(ALL)}


def test_whether_a_run_computes_is_looked_at_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = list[object]()
    monkeypatch.setattr(OneCore, "_is_busy", lambda _: looked.append(1))
    seen_in(40)
    # before the turns 16 and 32
    assert len(looked) == 2


@pytest.mark.parametrize(
    ("wanted", "is_busy"), [(0.0, False), (0.4, False), (0.6, True), (9, True)]
)
def test_a_run_computes_when_its_threads_want_a_core_for_half_of_the_time(
    monkeypatch: pytest.MonkeyPatch, wanted: float, is_busy: bool
) -> None:
    now = iter([10.0, 11.0])
    seen = iter([5.0, 5.0 + wanted])
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    monkeypatch.setattr(workers, "_wanted", lambda: next(seen))
    assert OneCore()._is_busy() is is_busy


def test_threads_want_a_core_while_they_compute() -> None:
    before, end = workers._wanted(), time.thread_time() + 0.1
    while time.thread_time() < end:
        pass
    assert workers._wanted() - before > 0.08


@pytest.mark.usefixtures("busy")
def test_the_core_is_chosen_anew_from_time_to_time() -> None:
    _, thens = seen_in(1_200)
    free = [at for at, cores in enumerate(thens) if cores == ALL]
    assert any(at > 400 for at in free)
    assert len(free) < 60


@pytest.mark.usefixtures("busy")
def test_what_is_started_after_a_run_may_use_all_cores() -> None:
    seen_in(100)
    assert allowed() == ALL
    code = "import os; print(len(os.sched_getaffinity(0)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert int(told.stdout) == len(ALL)


def test_a_run_that_fails_leaves_its_process_as_it_was() -> None:
    def fail() -> None:
        raise ValueError

    threads = Workers(2)
    turns = [*[lambda: None] * 50, fail]
    with pytest.raises(ValueError, match=r"^$"):
        threads.carry_out(iter(turns))
    threads.shutdown(wait=True)
    assert allowed() == ALL


@pytest.mark.usefixtures("busy")
def test_what_an_administrator_has_narrowed_down_stays() -> None:
    one = frozenset({min(ALL)})
    use(one)
    jobs, thens = seen_in(100)
    assert {frozenset(cores) for cores in (*jobs, *thens)} == {one}
    assert allowed() == one


def test_a_platform_that_cannot_do_this_runs_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    done: list[int] = []
    threads = Workers(2)
    threads.carry_out(Task(lambda: 1, done.append) for _ in range(100))
    threads.shutdown(wait=True)
    assert len(done) == 100


def test_threads_that_end_meanwhile_are_no_fault() -> None:
    # each turn begins and ends a thread of its own
    def turn() -> None:
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()

    threads = Workers(1)
    threads.carry_out(iter([turn] * 300))
    threads.shutdown(wait=True)
    assert allowed() == ALL
