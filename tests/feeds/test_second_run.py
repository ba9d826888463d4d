"""Running again: over the guide's own samples, where every row of the mapping has a value."""

from pathlib import Path

import pytest

from izoologic_cdf.emulator import load_scenario
from izoologic_cdf.runtime.plan import whole
from tests.feeds.mapping import attribute_names, table
from tests.support.tenants import FeedName, Outcome, Tenant, attributes

# 2023-01-01 to 2025-08-15, midnight: everything that the scenario holds
GUIDE = whole(1_672_531_200, 1_755_216_000)
FEEDS: tuple[FeedName, ...] = ("incident", "dlr")


def sync(tenant: Tenant, feed: FeedName, into: Path | None = None, **switches: bool) -> Outcome:
    return tenant.sync(feed, switches, into=into, asked=GUIDE)


@pytest.fixture
def guide(tenant: Tenant) -> Tenant:
    tenant.load(load_scenario("guide"))
    return tenant


@pytest.mark.parametrize("on", [False, True])
def test_every_attribute_of_the_mapping_has_a_value_in_the_samples_of_the_guide(
    guide: Tenant, on: bool
) -> None:
    incident = sync(
        guide, "incident", ingest_ip_as_attribute=on, ingest_description_as_attribute=on
    )
    dlr = sync(guide, "dlr", ingest_description_as_attribute=on)
    cases = {row.key for row in table("incident") if row.is_attribute}
    notes = {row.key for row in table("communications") if row.is_attribute}
    accounts = {row.key for row in table("dlr") if row.is_attribute}
    if not on:
        cases -= {"Description", "IP Address"}
        accounts -= {"Description"}
    assert attribute_names(incident.objects) == cases | notes
    assert attribute_names(dlr.objects) == accounts
    assert incident.summary.outcome == dlr.summary.outcome == "complete"


def test_the_case_of_the_guide_comes_out_as_its_sample_says(guide: Tenant) -> None:
    outcome = sync(guide, "incident")
    case = outcome.one("incident", "CASE123456")
    assert attributes(case) == {
        "Brand": ["Example Brand"],
        "Case ID": ["CASE123456"],
        "Case Type": ["Incident"],
        "Client Ref": ["REF123"],
        "Detected By": ["iZoo"],
        "Impact": ["High risk to brand reputation"],
        "Incident Type": ["Phishing"],
        "MX Record": ["mail.example.com"],
        "Progress Stage": ["Investigation"],
        "Recommendation": ["Immediate takedown required"],
        "Status": ["Open"],
        "Threat Type": ["Brand Abuse"],
        "URL": ["https://suspicious-site.com"],
        "Up Time": ["2 days, 3 hours, 45 minutes"],
    }
    assert case["description"] == "Phishing site impersonating brand"
    assert case["published_at"] == "2023-01-01 00:00:00"
    assert case["sources"] == ["iZoologic Incident Case Sync"]
    assert case["related"] == [
        {"type": "attachment", "value": "evidence.pdf"},
        {"type": "indicator", "value": "192.168.1.100"},
    ]


def test_the_accounts_of_the_guide_come_out_as_its_samples_say(guide: Tenant) -> None:
    outcome = sync(guide, "dlr")
    account = outcome.one("account", "Email_Test")
    found = attributes(account)
    assert (len(account["attributes"]), found["Is Executive Account"]) == (15, ["false"])
    assert found["Posted Date"] == ["2025-08-12 00:00:00+00:00"]
    assert account["published_at"] == "2025-08-14 10:53:11"
    phones = {
        value: attributes(outcome.one("account", value))["Phone"]
        for value in ("Billy.****@example.com", "john.****@example.com")
    }
    assert phones == {
        "Billy.****@example.com": ["555-***-5678"],
        "john.****@example.com": ["555-***-1234"],
    }


@pytest.mark.parametrize("on", [False, True])
def test_a_second_run_changes_nothing_and_counts_everything_as_unchanged(
    guide: Tenant, tmp_path: Path, on: bool
) -> None:
    into = tmp_path / "both.sqlite"
    switches: dict[FeedName, dict[str, bool]] = {
        "incident": dict.fromkeys(("ingest_as_event", "ingest_ip_as_attribute"), on),
        "dlr": dict.fromkeys(("ingest_as_identity", "use_posted_date"), on),
    }
    first = [sync(guide, feed, into, **switches[feed]) for feed in FEEDS]
    second = [sync(guide, feed, into, **switches[feed]) for feed in FEEDS]
    for before, after in zip(first, second, strict=True):
        assert after.text == first[-1].text
        assert before.summary.ingested.counts.keys() == after.summary.ingested.counts.keys()
        for counts in after.summary.ingested.counts.values():
            for count in (counts.objects, counts.attributes):
                assert (count.created, count.updated) == (0, 0)
            assert counts.objects.unchanged > 0


def test_both_feeds_in_one_library_leave_each_other_alone(guide: Tenant, tmp_path: Path) -> None:
    alone = [sync(guide, feed) for feed in FEEDS]
    into = tmp_path / "both.sqlite"
    sync(guide, "dlr", into)
    together = sync(guide, "incident", into)
    assert together.facts == alone[0].facts | alone[1].facts
