"""The fixes of the guide's change log, each a regression test by name."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.tenants import CASE, CLOCK, Tenant, attributes

LOGS = [
    {"incidentStatusDescription": "Open", "updatedOn": "1754000000"},
    {"incidentStatusDescription": "Waiting", "updatedOn": "1754200000"},
    {"incidentStatusDescription": "Reopened", "updatedOn": "1754100000"},
]
BOTH_DATES = {"addedDate": "2025-08-03", "detectionDate": "2025-08-02"}


@pytest.mark.parametrize("ingest_as_event", [False, True])
def test_1_1_0_a_case_whose_url_changes_stays_one_object_with_one_url(
    tenant: Tenant, tmp_path: Path, ingest_as_event: bool
) -> None:
    into = tmp_path / "library.sqlite"
    for url in ("https://one.example.com", "https://two.example.com"):
        tenant.state.put_case(CASE, {"url": url})
        outcome = tenant.sync("incident", {"ingest_as_event": ingest_as_event}, into=into)
    (case,) = outcome.objects
    assert case["value"] == CASE
    assert attributes(case)["URL"] == ["https://two.example.com"]


@pytest.mark.parametrize(
    ("status", "logs", "expected"),
    [
        ("Open", LOGS, ["Open"]),
        (None, LOGS, ["Waiting"]),
        ("", LOGS, ["Waiting"]),
        ("  ", LOGS, ["Waiting"]),
        ("NULL", LOGS, ["Waiting"]),
        ("N/A", LOGS, ["N/A"]),
        (None, list(reversed(LOGS)), ["Waiting"]),
        (None, [{"incidentStatusDescription": "A"}, LOGS[0]], ["Open"]),
        (None, [{"incidentStatusDescription": None, "updatedOn": "1755000000"}, LOGS[0]], ["Open"]),
        (None, [LOGS[1], {**LOGS[1], "incidentStatusDescription": "Later"}], ["Later"]),
        (None, {"IncidentStatusDescription": "Only", "UpdatedOn": "5"}, ["Only"]),
        (None, [{"incidentStatus": 1}], None),
        (None, [], None),
        (None, {}, None),
        (None, None, None),
    ],
)
def test_1_0_1_a_status_of_null_falls_back_to_the_newest_log_entry(
    tenant: Tenant, status: str | None, logs: Any, expected: list[str] | None
) -> None:
    detail = {"statusDescription": status, "statusCode": 1, "incidentStatusLogs": logs}
    outcome = tenant.incident(detail)
    assert outcome.said == []
    assert attributes(outcome.one("incident")).get("Status") == expected


def test_1_0_1_a_case_has_one_status_which_null_neither_erases_nor_overwrites(
    tenant: Tenant, tmp_path: Path
) -> None:
    into = tmp_path / "library.sqlite"
    found = []
    for status in ("Open", "Closed", None, "null", "", "Waiting"):
        tenant.state.put_case(CASE, {"statusDescription": status, "statusCode": None})
        case = tenant.sync("incident", into=into).one("incident")
        found.append(attributes(case)["Status"])
    assert found == [["Open"], ["Closed"], ["Closed"], ["Closed"], ["Closed"], ["Waiting"]]


@pytest.mark.parametrize("use_added_date", [False, True])
@pytest.mark.parametrize(
    ("dates", "by_detection", "by_added"),
    [
        (BOTH_DATES, "2025-08-02 00:00:00", "2025-08-03 00:00:00"),
        ({"addedDate": "2025-08-03"}, "2025-08-03 00:00:00", "2025-08-03 00:00:00"),
        ({"detectionDate": "2025-08-02"}, "2025-08-02 00:00:00", "2025-08-02 00:00:00"),
        (BOTH_DATES | {"addedDate": "0"}, "2025-08-02 00:00:00", "2025-08-02 00:00:00"),
        (BOTH_DATES | {"detectionDate": " "}, "2025-08-03 00:00:00", "2025-08-03 00:00:00"),
        (dict.fromkeys(BOTH_DATES), None, None),
        ({}, None, None),
    ],
)
def test_1_0_1_the_choice_between_added_and_detection_date_is_honoured(
    tenant: Tenant,
    use_added_date: bool,
    dates: dict[str, Any],
    by_detection: str | None,
    by_added: str | None,
) -> None:
    outcome = tenant.incident({"ipAddress": "192.0.2.1", **dates}, use_added_date=use_added_date)
    expected = by_added if use_added_date else by_detection
    published = {one["type"]: one["published_at"] for one in outcome.objects}
    assert published == {"incident": expected, "indicator": expected}


def test_a_case_closed_renamed_and_written_about_stays_one_object_with_one_more_note(
    tenant: Tenant, tmp_path: Path
) -> None:
    into = tmp_path / "library.sqlite"
    tenant.state.put_case(CASE, {"url": "https://one.example.com", "statusDescription": "Open"})
    tenant.state.add_message(CASE, {"subject": "First", "createdOn": str(CLOCK - 7200)})
    before = tenant.sync("incident", into=into)
    tenant.state.close_case(CASE)
    tenant.state.update_case(CASE, url="https://two.example.com")
    tenant.state.add_message(CASE, {"subject": "Second", "createdOn": str(CLOCK - 3600)})
    after = tenant.sync("incident", into=into)
    case = after.one("incident")
    known = attributes(before.one("incident"))
    assert (known["URL"], known["Status"]) == (["https://one.example.com"], ["Open"])
    assert attributes(case)["URL"] == ["https://two.example.com"]
    assert attributes(case)["Status"] == ["Closed"]
    notes = [f"2025-08-15 10:00:00 - First - {CASE}", f"2025-08-15 11:00:00 - Second - {CASE}"]
    assert [note["value"] for note in before.all("note")] == notes[:1]
    assert [note["value"] for note in after.all("note")] == notes
    assert case["related"] == [{"type": "note", "value": value} for value in notes]
    counts = after.summary.ingested.counts
    assert (counts["incident"].objects.created, counts["incident"].objects.updated) == (0, 1)
    assert (counts["note"].objects.created, counts["note"].objects.unchanged) == (1, 1)
