"""What turning one switch changes in the export, and that it changes nothing else."""

from typing import Any

import pytest

from izoologic_cdf.library.export import read_records
from izoologic_cdf.library.store import Library
from tests.support.tenants import CASE, DLR_CASE, Tenant, difference

INCIDENT: dict[str, Any] = {
    "url": "https://login.example.com",
    "description": "A fake login page",
    "addedDate": "2025-08-03T00:00:00Z",
    "detectionDate": "2025-08-02T00:00:00Z",
    "ipAddress": "192.0.2.7",
    "webhost": "Example Hosting",
    "webhostCountry": "Australia",
    "registrarName": "Example Registrar",
    "nameServer": "ns1.example.com",
    "mxRecord": "mail.example.com",
}
MESSAGE = {"createdOn": "2025-08-04T00:00:00Z", "subject": "Hello", "message": "Text"}
FILE = {"originalFilename": "evidence.txt", "dateUploaded": "2025-08-04T00:00:00Z"}
ACCOUNT = {"email": "user@example.com", "password": "Password_Test", "postedDate": "2025-08-01"}
DLR: dict[str, Any] = {
    "description": "A leak",
    "addedDate": "2025-08-03T00:00:00Z",
    "dataLossRecoveryDetail": [ACCOUNT],
}

BY_INCIDENT_FEED = "(iZoologic Incident Case Sync)"
BY_DLR_FEED = "(iZoologic DLR Case Sync)"
# the feed, the switch that is turned, the facts that go and come
TURNED = [
    (
        "ingest_as_event",
        f"""\
- attachment evidence.txt related to incident {CASE}
+ attachment evidence.txt related to event {CASE}
- incident {CASE} attribute Case ID: {CASE} {BY_INCIDENT_FEED}
- incident {CASE} attribute MX Record: mail.example.com {BY_INCIDENT_FEED}
- incident {CASE} attribute URL: https://login.example.com {BY_INCIDENT_FEED}
- incident {CASE} description: A fake login page
- incident {CASE} is there
- incident {CASE} published_at: 2025-08-02 00:00:00
- incident {CASE} related to attachment evidence.txt
- incident {CASE} related to indicator 192.0.2.7
- incident {CASE} related to note 2025-08-04 00:00:00 - Hello - {CASE}
- incident {CASE} source: iZoologic Incident Case Sync
+ event {CASE} attribute Case ID: {CASE} {BY_INCIDENT_FEED}
+ event {CASE} attribute MX Record: mail.example.com {BY_INCIDENT_FEED}
+ event {CASE} attribute URL: https://login.example.com {BY_INCIDENT_FEED}
+ event {CASE} description: A fake login page
+ event {CASE} happened_at: 2025-08-02 00:00:00
+ event {CASE} is there
+ event {CASE} published_at: 2025-08-02 00:00:00
+ event {CASE} related to attachment evidence.txt
+ event {CASE} related to indicator 192.0.2.7
+ event {CASE} related to note 2025-08-04 00:00:00 - Hello - {CASE}
+ event {CASE} source: iZoologic Incident Case Sync
+ event {CASE} subtype: Incident
- indicator 192.0.2.7 related to incident {CASE}
+ indicator 192.0.2.7 related to event {CASE}
- note 2025-08-04 00:00:00 - Hello - {CASE} related to incident {CASE}
+ note 2025-08-04 00:00:00 - Hello - {CASE} related to event {CASE}
""",
    ),
    (
        "ingest_ip_as_attribute",
        f"""\
+ incident {CASE} attribute IP Address: 192.0.2.7 {BY_INCIDENT_FEED}
+ incident {CASE} attribute Name Server: ns1.example.com {BY_INCIDENT_FEED}
+ incident {CASE} attribute Registrar Name: Example Registrar {BY_INCIDENT_FEED}
+ incident {CASE} attribute Web Host Country: Australia {BY_INCIDENT_FEED}
+ incident {CASE} attribute Web Host: Example Hosting {BY_INCIDENT_FEED}
- incident {CASE} related to indicator 192.0.2.7
- indicator 192.0.2.7 attribute Name Server: ns1.example.com {BY_INCIDENT_FEED}
- indicator 192.0.2.7 attribute Registrar Name: Example Registrar {BY_INCIDENT_FEED}
- indicator 192.0.2.7 attribute Web Host Country: Australia {BY_INCIDENT_FEED}
- indicator 192.0.2.7 attribute Web Host: Example Hosting {BY_INCIDENT_FEED}
- indicator 192.0.2.7 is there
- indicator 192.0.2.7 published_at: 2025-08-02 00:00:00
- indicator 192.0.2.7 related to incident {CASE}
- indicator 192.0.2.7 source: iZoologic Incident Case Sync
- indicator 192.0.2.7 status: Active
- indicator 192.0.2.7 subtype: IP Address
""",
    ),
    (
        "ingest_description_as_attribute",
        f"""\
+ incident {CASE} attribute Description: A fake login page {BY_INCIDENT_FEED}
- incident {CASE} description: A fake login page
""",
    ),
    (
        "use_added_date",
        f"""\
- incident {CASE} published_at: 2025-08-02 00:00:00
+ incident {CASE} published_at: 2025-08-03 00:00:00
- indicator 192.0.2.7 published_at: 2025-08-02 00:00:00
+ indicator 192.0.2.7 published_at: 2025-08-03 00:00:00
""",
    ),
    ("disable_proxies", ""),
    ("verify_ssl", ""),
]
DLR_TURNED = [
    (
        "ingest_as_identity",
        f"""\
- account user@example.com attribute Added Date: 2025-08-03 00:00:00+00:00 {BY_DLR_FEED}
- account user@example.com attribute Case ID: {DLR_CASE} {BY_DLR_FEED}
- account user@example.com attribute Password: Password_Test {BY_DLR_FEED}
- account user@example.com attribute Posted Date: 2025-08-01 00:00:00+00:00 {BY_DLR_FEED}
- account user@example.com description: A leak
- account user@example.com is there
- account user@example.com published_at: 2025-08-03 00:00:00
- account user@example.com source: iZoologic DLR Case Sync
+ identity user@example.com attribute Added Date: 2025-08-03 00:00:00+00:00 {BY_DLR_FEED}
+ identity user@example.com attribute Case ID: {DLR_CASE} {BY_DLR_FEED}
+ identity user@example.com attribute Password: Password_Test {BY_DLR_FEED}
+ identity user@example.com attribute Posted Date: 2025-08-01 00:00:00+00:00 {BY_DLR_FEED}
+ identity user@example.com description: A leak
+ identity user@example.com is there
+ identity user@example.com published_at: 2025-08-03 00:00:00
+ identity user@example.com source: iZoologic DLR Case Sync
""",
    ),
    (
        "ingest_description_as_attribute",
        f"""\
+ account user@example.com attribute Description: A leak {BY_DLR_FEED}
- account user@example.com description: A leak
""",
    ),
    (
        "use_posted_date",
        """\
- account user@example.com published_at: 2025-08-03 00:00:00
+ account user@example.com published_at: 2025-08-01 00:00:00
""",
    ),
    ("disable_proxies", ""),
    ("verify_ssl", ""),
]


def lines(text: str) -> set[str]:
    return set(text.splitlines())


@pytest.mark.parametrize(("switch", "expected"), TURNED, ids=[name for name, _ in TURNED])
def test_a_switch_of_the_incident_feed_changes_what_the_mapping_says_and_nothing_else(
    tenant: Tenant, switch: str, expected: str
) -> None:
    tenant.state.put_case(CASE, INCIDENT)
    tenant.state.add_message(CASE, MESSAGE)
    tenant.state.add_file(CASE, FILE, b"evidence")
    usual = tenant.sync("incident")
    # the certificate check is the one switch that is on
    turned = tenant.sync("incident", {switch: switch != "verify_ssl"})
    assert lines(difference(usual, turned)) == lines(expected)


@pytest.mark.parametrize(("switch", "expected"), DLR_TURNED, ids=[name for name, _ in DLR_TURNED])
def test_a_switch_of_the_dlr_feed_changes_what_the_mapping_says_and_nothing_else(
    tenant: Tenant, switch: str, expected: str
) -> None:
    usual = tenant.dlr(DLR)
    turned = tenant.sync("dlr", {switch: switch != "verify_ssl"})
    assert lines(difference(usual, turned)) == lines(expected)


@pytest.mark.parametrize(
    ("switch", "happened"), [(False, "2025-08-02 00:00:00"), (True, "2025-08-03 00:00:00")]
)
def test_an_event_happened_when_it_was_published(
    tenant: Tenant, switch: bool, happened: str
) -> None:
    outcome = tenant.incident(INCIDENT, ingest_as_event=True, use_added_date=switch)
    with Library.open(outcome.library) as library, library.reading() as connection:
        (event,) = (one for one in read_records(connection, CASE) if one.type == "event")
    assert (event.happened_at, event.ended_at) == (happened, None)
    assert event.happened_at == event.published_at
