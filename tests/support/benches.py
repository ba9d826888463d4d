"""A tenant of a few cases, of which one goes wrong, and what an undisturbed run makes of them."""

from pathlib import Path
from typing import Any

from izoologic_cdf.emulator import Emulator
from izoologic_cdf.loopback.faults import Fault
from izoologic_cdf.runtime import plan
from izoologic_cdf.runtime.http import Limits
from izoologic_cdf.runtime.windows import DAY
from tests.support.sites import HOUR, Site
from tests.support.tenants import CLOCK, EMPTY, FeedName, Object, Outcome

GOOD = ("caSe00001", "caSe00002", "caSe00003")
BAD = "caSe0bad1"
DLR_GOOD = ("DLR#caSe0001", "DLR#caSe0002")
DLR_BAD = "DLR#caSe0bad"
BAD_CASE: dict[FeedName, str] = {"incident": BAD, "dlr": DLR_BAD}
LIST: dict[FeedName, str] = {"incident": "CaseSync", "dlr": "DLRSyncedCases"}
DETAIL: dict[FeedName, str] = {"incident": "CaseDetail", "dlr": "DLRDetail"}
FEEDS: tuple[FeedName, ...] = ("incident", "dlr")
# slow faults end soon
HASTY = Limits(connect=1, read=0.3, whole=0.6, attempts=2)


def envelope(result: Any = None, **fields: Any) -> dict[str, Any]:
    """Return an envelope of success, some fields of it changed."""
    return {"result": result, "success": True, "message": None, "errorCode": None} | fields


def refusal(code: Any = "iZOO7777", message: str | None = "Something odd") -> dict[str, Any]:
    """Return an envelope that refuses with a code that nobody knows."""
    return envelope(success=False, errorCode=code, message=message)


# what comes out without a fault, by feed: the same in every test
_CALM: dict[FeedName, list[Object]] = {}


class Bench:
    """Runs a feed over the few cases, with the faults of a test, into libraries of their own."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.folder = folder
        self.state = emulator.state
        self.state.load(EMPTY)
        site = Site(emulator, folder)
        for number, case_id in enumerate((*GOOD[:2], BAD, GOOD[2])):
            site.fill(case_id, updated=CLOCK - (5 - number) * HOUR)
        for number, case_id in enumerate((DLR_GOOD[0], DLR_BAD, DLR_GOOD[1])):
            self.state.put_dlr(case_id, leak(case_id), CLOCK - (5 - number) * HOUR)
        self._runs = 0
        for feed in FEEDS:
            self._calm_of(feed)

    def site(self, feed: FeedName = "incident") -> Site:
        """Return a site with a library of its own over the data as they are."""
        self._runs += 1
        folder = self.folder / f"run{self._runs}"
        folder.mkdir()
        site = Site(self.emulator, folder, feed=feed, load=False)
        site.state.clear_requests()
        return site

    def run(
        self, feed: FeedName = "incident", limits: Limits | None = None, site: Site | None = None
    ) -> Outcome:
        """Run a feed over twenty days."""
        asked = plan.whole(CLOCK - 20 * DAY, self.state.clock)
        return (site or self.site(feed)).carry_out(lambda _: asked, limits=limits)

    def _calm_of(self, feed: FeedName) -> None:
        if feed not in _CALM:
            outcome = self.run(feed)
            assert outcome.summary.exit_code == 0
            _CALM[feed] = outcome.objects

    def calm(self, feed: FeedName = "incident") -> list[Object]:
        """Return what an undisturbed run makes of the cases as they are at the begin of a test."""
        return _CALM[feed]

    def disturbed(
        self,
        feed: FeedName = "incident",
        *,
        kind: str,
        limits: Limits | None = None,
        **fault: Any,
    ) -> tuple[Outcome, Fault]:
        """Run a feed with a fault; the outcome, and the fault, which has struck."""
        struck = self.state.add_fault(kind, **fault)
        outcome = self.run(feed, limits)
        assert struck.applied, "the fault has not struck"
        return outcome, struck

    def is_complete(self, outcome: Outcome, feed: FeedName = "incident") -> bool:
        """Tell whether the export equals that of the undisturbed run."""
        return outcome.objects == self.calm(feed)

    def others_are_complete(self, outcome: Outcome, feed: FeedName = "incident") -> bool:
        """Tell whether the data of all cases but the bad one equal those of the undisturbed run."""
        return _others(outcome.objects) == _others(self.calm(feed))

    def count(self, endpoint: str) -> int:
        """Return how often an endpoint was asked since the last run began."""
        return self.emulator.requests.count(endpoint)


def leak(case_id: str) -> dict[str, Any]:
    """Return the detail of a DLR case with one account of its own."""
    name = case_id.removeprefix("DLR#")
    row = {"email": f"{name}@example.com", "password": f"leaked-{name}", "cardNumber": "4111"}
    return {
        "caseId": case_id,
        "trackingID": name,
        "addedDate": str(CLOCK - DAY),
        "description": f"Leak {name}",
        "dataLossRecoveryDetail": [row],
    }


def _others(objects: list[Object]) -> list[Object]:
    return [one for one in objects if "caSe0bad" not in one["value"]]
