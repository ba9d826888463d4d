"""How many calls runs make, counted over an emulator: noise-free, whatever else the machine does.

`python -m benchmarks.cost` prints them as one JSON object.
"""

import json
import math
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.processes import BenchmarkError
from izoologic_cdf import content
from izoologic_cdf.emulator import Emulator, Options, Scenario
from izoologic_cdf.emulator.scenario import Case, CaseSource
from izoologic_cdf.language.load import load
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime import plan
from izoologic_cdf.runtime.case import Message
from izoologic_cdf.runtime.plan import Plan
from izoologic_cdf.runtime.run import FeedRun, Settings
from izoologic_cdf.runtime.state import State
from izoologic_cdf.runtime.windows import DAY, Window, split_range

SINCE = 1_700_006_400  # 2023-11-15T00:00:00Z
HOUR = 3_600
LONGEST_LIFE = 180
LIVES = (7, 30, 90, 180)
YEAR_DAYS = 360


def tenant(cases: int, days: int, life: int | None = None) -> Scenario:
    """Return cases that were updated evenly over so many days, each by its last message.

    A case lives `life` days; without it, from 1 to 180 days, short lives being the more frequent
    (the logarithm is even). It has a message at its opening, at its update, and now and then one in
    between.
    """
    numbers = random.Random(cases)  # noqa: S311
    rows, known = [], {}
    for number in range(cases):
        updated = SINCE + int((number + 0.5) * days * DAY / cases)
        lived = life or math.exp(numbers.uniform(0, math.log(LONGEST_LIFE)))
        opened = updated - int(lived * DAY)
        name = f"case{number:05}"
        detail = {"url": f"https://{number}.example/", "addedDate": str(opened)}
        between = [numbers.randint(opened, updated) for _ in range(number % 3)]
        messages = [
            {"caseID": name, "createdOn": str(at), "subject": f"Update {place}", "message": "Text"}
            for place, at in enumerate(sorted((opened, *between, updated)))
        ]
        rows.append((updated, name))
        known[name] = Case({**detail, "detectionDate": str(opened)}, messages)
    end = SINCE + days * DAY - 1
    options = Options(date_header="clock", log_limit=0)
    return Scenario(
        name="cost", clock=end, since=SINCE, until=end, options=options,
        incidents=CaseSource(rows, known),
    )  # fmt: skip


@dataclass
class _Clock:
    at: int

    def now(self) -> int:
        return self.at

    def sleep(self, _seconds: float) -> None:
        pass


@dataclass
class _Quiet:
    """Progress that nobody follows."""

    def window(self, window: Window, done: int, of: int) -> None:
        pass

    def listed(self, count: int) -> None:
        pass

    def case(self) -> None:
        pass

    def say(self, text: str) -> None:
        pass

    def message(self, message: Message) -> None:
        pass


def history(cases: int, life: int | None = None, *, parts: bool = False) -> dict[str, Any]:
    """Return the calls of reading a year in one run, or in a run for each window."""
    since, until = SINCE, SINCE + YEAR_DAYS * DAY - 1
    windows = [(w.since, w.until) for w in split_range(since, until, 30)]
    spans = windows if parts else [(since, until)]
    runs = [(until, _whole(*span)) for span in spans]
    return _counted(tenant(cases, YEAR_DAYS, life), cases, runs)


def syncs(every: int, days: int, cases: int = 199) -> dict[str, float]:
    """Return the calls of a sync every so many seconds; each case is updated once.

    So many cases are updated at all minutes of an hour alike.
    """
    times = range(SINCE + every, SINCE + days * DAY + every, every)
    runs = [(now, _sync(now, now - every)) for now in times]
    return {"runs": len(runs), **_counted(tenant(cases, days), cases, runs)}


def _whole(since: int, until: int) -> Callable[[State], Plan]:
    return lambda _: plan.whole(since, until)


def _sync(now: int, since: int) -> Callable[[State], Plan]:
    return lambda state: plan.sync(state, now, since)


def _counted(
    scenario: Scenario, cases: int, runs: list[tuple[int, Callable[[State], Plan]]]
) -> dict[str, float]:
    """Return how many calls runs make: logins and lists, and the others for each case.

    A run is its time and its plan.
    """
    definition = load(content.folder("feeds") / "izoologic_sync_cases.yaml")
    feed = definition.primary_feeds[0]
    fixed = calls = 0
    with Emulator(scenario) as emulator, tempfile.TemporaryDirectory() as folder:
        given = {"api_host": emulator.url, "api_key": emulator.api_key}
        given["api_secret"] = emulator.secret_key
        values: dict[str, Any] = {one.name: one.default for one in feed.user_fields} | given
        for now, planner in runs:
            emulator.state.set_clock(now)
            with Library.create(Path(folder) / "library.sqlite") as library:
                planned = planner(State(library, feed, values))
                settings = Settings(clock=_Clock(now))
                run = FeedRun(definition, feed, values, planned, library, _Quiet(), settings)
                done = run.run()
            if done.outcome != "complete":
                raise BenchmarkError(done.as_text())
            calls += done.requests
            fixed += done.logins + done.windows_done
        detailed = emulator.requests.count("CaseDetail")
        return {"fixed": fixed, "per_case": (calls - fixed) / cases, "read": detailed / cases}


def found() -> dict[str, Any]:
    """Return the calls of a year of history and of syncs."""
    year, lived = "a year in one run, cases that lived", f"1 to {LONGEST_LIFE} days"
    return {
        f"{year} {lived}": history(1_000),
        **{f"{year} {life} days": history(120, life) for life in LIVES},
        f"a run per window, cases that lived {lived}": history(1_000, parts=True),
        "10 days, hourly `sync`": syncs(HOUR, 10),
        "10 days, a `sync` every 15 minutes": syncs(HOUR // 4, 10),
    }


if __name__ == "__main__":
    print(json.dumps(found(), indent=1))
