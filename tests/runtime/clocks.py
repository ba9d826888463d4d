"""A clock that tests set, and that sleeps by moving on."""

import threading


class FakeClock:
    def __init__(self, now: int = 1_700_000_000) -> None:
        self._now = float(now)
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> int:
        return int(self._now)

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self._now += seconds
