"""A list tells a case once, at its newest update: what came before must not be lost (F27, I-13)."""

from izoologic_cdf.runtime.windows import DAY
from tests.support.sites import HOUR, Site


def say(site: Site, case_id: str, subject: str, at: int) -> None:
    """Write a message, which updates the case."""
    site.state.add_message(case_id, {"subject": subject, "createdOn": str(at)})
    site.state.update_case(case_id, at)


def test_a_case_updated_while_a_sync_runs_keeps_its_older_messages(site: Site) -> None:
    site.sync()
    site.state.advance(6 * HOUR)
    begin = site.now
    site.fill("caSe00001", updated=begin - 2 * HOUR)
    # its row moves past the end of the run just before the list is read
    say(site, "caSe00001", "Late", begin + 5)
    site.state.set_clock(begin)
    assert site.sync().summary.listed == 0
    site.state.set_clock(begin + HOUR)
    assert site.sync().summary.exit_code == 0
    assert [value.split(" - ")[1] for value in site.note_values()] == ["Hello", "Late"]


def test_a_case_updated_while_a_backfill_walks_keeps_its_older_messages(site: Site) -> None:
    begin = site.now
    site.fill("caSe00001", updated=begin - 90 * DAY)
    site.backfill(begin - 200 * DAY, begin - 100 * DAY)
    # its row moves past the end of the backfill
    say(site, "caSe00001", "Late", begin + 60)
    site.backfill(begin - 200 * DAY, begin)
    assert site.case_values() == set()
    site.state.advance(HOUR)
    assert site.sync().summary.exit_code == 0
    assert [value.split(" - ")[1] for value in site.note_values()] == ["Hello", "Late"]


def test_a_known_case_is_asked_for_in_one_request_which_reaches_back_as_far_as_it_can(
    site: Site,
) -> None:
    site.fill("caSe00001")
    site.sync()
    for _ in range(3):
        site.state.advance(DAY)
        say(site, "caSe00001", "More", site.now - HOUR)
        site.state.clear_requests()
        site.sync()
        (asked,) = site.asked("FetchCaseCommunications")
        assert int(asked["fromdate"]) == site.now - site.now % DAY - 29 * DAY
    assert len(site.note_values()) == 4


def test_a_message_that_did_not_update_its_case_comes_with_its_next_update(site: Site) -> None:
    # old enough not to be listed by the overlap of the next sync
    site.fill("caSe00001", updated=site.now - HOUR)
    site.sync()
    site.state.advance(20 * DAY)
    site.state.add_message("caSe00001", {"subject": "Quiet", "createdOn": str(site.now - 15 * DAY)})
    for _ in range(3):
        site.sync()
        site.state.advance(HOUR)
    assert len(site.note_values()) == 1
    site.state.update_case("caSe00001")
    site.sync()
    assert len(site.note_values()) == 2
