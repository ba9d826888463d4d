"""A clock that tests set, and that sleeps without waiting."""

import threading


class FakeClock:
    """Sleeps by moving on; a stopped one stays where it is. `slept` are the seconds of each."""

    def __init__(self, now: int = 1_700_000_000, *, stopped: bool = False) -> None:
        self._now = float(now)
        self._stopped = stopped
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> int:
        return int(self._now)

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self._now += 0 if self._stopped else seconds
