"""Runs that begin or end on the edge of a day, with messages on both sides of it (F32, I-13)."""

from datetime import UTC, datetime

import pytest

from izoologic_cdf.runtime.windows import DAY
from tests.support.sites import Site


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


MIDNIGHT = at("2025-08-15T00:00:00")
EDGES = {
    "ends at midnight": (MIDNIGHT - 3 * DAY, MIDNIGHT),
    "ends a second after midnight": (MIDNIGHT - 3 * DAY, MIDNIGHT + 1),
    "ends a second before midnight": (MIDNIGHT - 3 * DAY, MIDNIGHT - 1),
    "begins at midnight": (MIDNIGHT, MIDNIGHT + 3_600),
    "begins and ends at midnight": (MIDNIGHT - DAY, MIDNIGHT),
    "begins a second before midnight": (MIDNIGHT - 1, MIDNIGHT + 3_600),
    "lasts one second at midnight": (MIDNIGHT - 1, MIDNIGHT),
    "lies within a day": (MIDNIGHT + 100, MIDNIGHT + 200),
    "is thirty days to midnight": (MIDNIGHT - 30 * DAY, MIDNIGHT),
    "is thirty days from noon": (MIDNIGHT - 30 * DAY - DAY // 2, MIDNIGHT - DAY // 2),
    "is sixty days and a second": (MIDNIGHT - 60 * DAY - 1, MIDNIGHT),
    "ends on a leap day": (at("2024-02-28T12:00:00"), at("2024-02-29T12:00:00")),
    "ends with a leap day": (at("2024-02-27T00:00:00"), at("2024-02-29T23:59:59")),
    "crosses the change of summer time": (at("2025-03-30T00:30:00"), at("2025-03-30T03:30:00")),
    "crosses the year": (at("2024-12-31T23:59:59"), at("2025-01-01T00:00:00")),
}


@pytest.mark.parametrize("rounding", [True, False])
@pytest.mark.parametrize("edge", EDGES)
def test_every_message_of_a_range_is_there_and_no_request_is_refused(
    site: Site, edge: str, rounding: bool
) -> None:
    since, until = EDGES[edge]
    site.state.set_clock(until)
    site.state.set_options(day_rounding=rounding)
    site.state.put_case("caSe00001", {"addedDate": str(since - 5 * DAY)}, until)
    moments = {since - 1, since, since + 1, until - 1, until}
    moments |= {m for m in range(since - since % DAY, until + DAY, DAY) if since <= m <= until}
    moments |= {m - 1 for m in moments if m % DAY == 0}
    for moment in sorted(moments):
        site.state.add_message("caSe00001", {"subject": "x", "createdOn": str(moment)})
    outcome = site.run(since, until)
    found = {at(value[:19].replace(" ", "T")) for value in site.note_values()}
    # the day that the range begins in is asked for from its midnight
    assert found == {moment for moment in moments if since - since % DAY <= moment <= until}
    assert outcome.summary.exit_code == 0
    for one in site.asked("FetchCaseCommunications"):
        assert int(one["fromdate"]) < int(one["todate"]) <= until + 1


def test_what_was_written_today_is_there_at_once(site: Site) -> None:
    site.fill("caSe00001", updated=site.now)
    site.state.add_message("caSe00001", {"subject": "This second", "createdOn": str(site.now)})
    site.sync()
    assert len(site.note_values()) == 2


def test_a_second_that_two_runs_share_makes_nothing_twice(site: Site) -> None:
    middle = site.now - DAY
    site.fill("caSe00001", updated=middle)
    site.state.add_message("caSe00001", {"subject": "Middle", "createdOn": str(middle)})
    site.run(middle - DAY, middle)
    once = site.text
    site.run(middle, site.now)
    assert site.text == once
