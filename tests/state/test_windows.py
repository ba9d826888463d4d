"""A long range over every way in which a server may read its one bound (I-07, I-13)."""

import dataclasses
import itertools
from collections import Counter
from pathlib import Path
from typing import Any, Self

import pytest

from izoologic_cdf.emulator import Emulator, Scenario, load_scenario
from izoologic_cdf.loopback.inputs import epoch
from izoologic_cdf.runtime.windows import DAY, OVERLAP, Window
from izoologic_cdf.runtime.workers import MAX_AHEAD
from tests.support.sites import IN_FLIGHT, Site
from tests.support.tenants import Object

NAME = "generated:{}:days=200:messages_per_case=1:files_per_case=0:dlr=0"
MODES: dict[str, tuple[dict[str, Any], int | None]] = {
    # options of the emulator -> how many days back it gives anything
    "window": ({"window": "window"}, None),
    "open-ended": ({"window": "open-ended"}, None),
    "reject-older-than-30d": ({"window": "reject-older-than-30d"}, 30),
    "look-back-60": ({"max_lookback_days": 60}, 60),
    "look-back-180": ({"max_lookback_days": 180, "day_rounding": False}, 180),
}


@dataclasses.dataclass(frozen=True)
class Truth:
    """What the API holds of a range: its cases, and of each how many messages."""

    messages: dict[str, int]

    @classmethod
    def of(cls, scenario: Scenario, first: int, since: int, until: int) -> Self:
        """Take the cases updated from `first` on, and their messages from `since` on."""
        listed = {name for at, name in scenario.incidents.rows() if first <= at <= until}
        messages = {}
        for name in listed:
            case = scenario.incidents.case(name)
            assert case is not None
            dated = [(epoch(row.get("createdOn")), row) for row in case.messages]
            messages[name] = len(
                {
                    (at, *(row.get(key) for key in ("subject", "message", "postedBy")))
                    for at, row in dated
                    if at is None or since <= at <= until
                }
            )
        return cls(messages)


def notes(one: Object) -> int:
    return sum(other["type"] == "note" for other in one["related"])


# how a bound is read does not depend on how many cases lie behind it: many once, else some
@pytest.mark.parametrize(
    ("mode", "cases"), [(mode, 1_500 if mode == "window" else 120) for mode in MODES]
)
def test_200_days_are_complete_or_the_hole_is_named(
    emulator: Emulator, tmp_path: Path, mode: str, cases: int
) -> None:
    options, days = MODES[mode]
    scenario = load_scenario(NAME.format(cases))
    assert scenario.since is not None
    assert scenario.clock is not None
    changed = dataclasses.replace(scenario, options=scenario.options.changed(**options))
    site = Site(emulator, tmp_path, changed)
    since, until = scenario.since, scenario.clock
    outcome = site.run(since, until)
    first = since
    if days is None:
        assert outcome.summary.gaps == []
    else:
        # windows that begin too early, whole ones and the first part of one
        first = until - days * DAY + OVERLAP
        holes = sorted(outcome.summary.gaps)
        assert (holes[0].since, holes[-1].until) == (since, first - 1)
        assert all(a.until + 1 == b.since for a, b in itertools.pairwise(holes))
        assert outcome.heard("failure: nothing was read for")
    partial = bool(outcome.summary.gaps or outcome.summary.failures)
    assert outcome.summary.exit_code == (3 if partial else 0)
    truth = Truth.of(scenario, first, since, until)
    found = outcome.all("incident")
    assert {one["value"]: notes(one) for one in found} == truth.messages
    assert len(found) == len(truth.messages)
    check_lists(site, since, until)
    check_messages(site, since, until)


def check_lists(site: Site, since: int, until: int) -> None:
    """No list is asked for twice, and none from outside the range."""
    begins = site.lists_asked()
    assert len(begins) == len(set(begins))
    assert all(since <= begin <= until for begin in begins)


def check_messages(site: Site, since: int, until: int) -> None:
    """Messages are asked for once, up to the end of the range, 30 days at most, not ahead.

    They come without an update here, so a case that was read before that was seen is read again.
    """
    readings: dict[str, list[list[Window]]] = {}
    for request in site.emulator.requests:
        if request.endpoint == "CaseDetail":
            readings.setdefault(request.query["caseid"], []).append([])
        elif request.endpoint == "FetchCaseCommunications":
            window = Window(int(request.query["fromdate"]), int(request.query["todate"]))
            readings[request.query["caseid"]][-1].append(window)
    # a case updated in the last minutes may be asked for again: it may have changed meanwhile; one
    # that is listed at several updates is read for each
    listed = [(at, name) for at, name in site.state.scenario.incidents.rows()]
    often = Counter(name for _, name in listed)
    late = {name for at, name in listed if at > until - OVERLAP or often[name] > 1}
    again = [name for name, times in readings.items() if len(times) > 1 and name not in late]
    assert 0 < len(again) <= 2 * IN_FLIGHT * MAX_AHEAD
    for name, times in readings.items():
        assert max(window.until for asked in times for window in asked) == until
        # two readings of a case that is listed twice can go on at once
        if name in late:
            continue
        assert len(times) <= 2
        assert times[-1][-1].until == until
        for asked in times:
            assert all(a.until < b.since for a, b in itertools.pairwise(asked))
            # no hole between two: the next midnight follows
            assert all(b.since - a.until <= 1 for a, b in itertools.pairwise(asked))
            assert asked[0].since >= since - since % DAY
            for window in asked:
                assert window.until - window.since <= 30 * DAY
                assert window.since % DAY == 0
                assert window.until <= site.now
