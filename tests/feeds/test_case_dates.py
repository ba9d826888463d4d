"""Dates of both feeds in every form that the API writes."""

from typing import Any

import pytest

from tests.support.tenants import CASE, DLR_CASE, Tenant, attributes

# what the API writes, the moment that it means, and whether it is warned of
DATES: list[tuple[Any, str | None, bool]] = [
    ("1754199000", "2025-08-03 05:30:00", False),
    (1_754_199_000, "2025-08-03 05:30:00", False),
    ("1754199000999", "2025-08-03 05:30:00", False),
    (1_754_199_000_999, "2025-08-03 05:30:00", False),
    ("2025-08-03T05:30:00Z", "2025-08-03 05:30:00", False),
    ("2025-08-03T05:30:00", "2025-08-03 05:30:00", False),
    ("2025-08-03 05:30:00.987654321", "2025-08-03 05:30:00", False),
    ("2025-08-03T11:00:00+05:30", "2025-08-03 05:30:00", False),
    ("2025-08-03T00:00:00-05:30", "2025-08-03 05:30:00", False),
    ("2025-08-03", "2025-08-03 00:00:00", False),
    (1_754_199_000.0, "2025-08-03 05:30:00", False),
    ("1970-01-01T00:00:01Z", "1970-01-01 00:00:01", False),
    ("2099-01-01", "2099-01-01 00:00:00", False),
    (None, None, False),
    ("", None, False),
    ("null", None, False),
    ("0", None, False),
    (0, None, False),
    (False, None, False),
    (True, None, False),
    ("-1", None, True),
    ("1970-01-01T00:00:00Z", None, True),
    ("1969-12-31", None, True),
    ("1970-01-01T01:00:00+01:00", None, True),
    ("0001-01-01T00:00:00", None, True),
    ("2025-02-29", None, True),
    ("03/08/2025", None, True),
    ("2025-08-03T05:30", None, True),
    ("123456789012345", None, True),
    ("soon", None, True),
    (1754199000.5, None, True),
    ({}, None, True),
]


@pytest.mark.parametrize(("written", "moment", "warned"), DATES, ids=repr)
def test_the_dates_of_an_incident_mean_the_same_in_every_form(
    tenant: Tenant, written: Any, moment: str | None, warned: bool
) -> None:
    for field, switch in (("detectionDate", False), ("addedDate", True)):
        outcome = tenant.incident({field: written}, use_added_date=switch)
        assert outcome.one("incident")["published_at"] == moment
        assert len(outcome.said) == warned
        assert len(outcome.heard("warning:", f"case {CASE}:", field)) == warned
        assert outcome.summary.outcome == "complete"


@pytest.mark.parametrize(("written", "moment", "warned"), DATES, ids=repr)
def test_the_dates_of_a_leak_mean_the_same_in_every_form(
    tenant: Tenant, written: Any, moment: str | None, warned: bool
) -> None:
    rows = {"addedDate": {"email": "a@example.com"}, "postedDate": {"email": "a@example.com"}}
    rows["postedDate"]["postedDate"] = written
    for field, name in (("addedDate", "Added Date"), ("postedDate", "Posted Date")):
        case = {"addedDate": written} if field == "addedDate" else {}
        outcome = tenant.dlr(
            {**case, "dataLossRecoveryDetail": [rows[field]]}, use_posted_date=field == "postedDate"
        )
        account = outcome.one("account")
        assert account["published_at"] == moment
        expected = None if moment is None else [f"{moment}+00:00"]
        assert attributes(account).get(name) == expected
        assert len(outcome.said) == warned
        assert len(outcome.heard("warning:", f"case {DLR_CASE}:", field)) == warned


@pytest.mark.parametrize("use_posted_date", [False, True])
@pytest.mark.parametrize(
    ("added", "posted", "by_added", "by_posted"),
    [
        ("2025-08-03", "2025-08-01", "2025-08-03 00:00:00", "2025-08-01 00:00:00"),
        ("2025-08-03", None, "2025-08-03 00:00:00", "2025-08-03 00:00:00"),
        ("2025-08-03", "0", "2025-08-03 00:00:00", "2025-08-03 00:00:00"),
        (None, "2025-08-01", None, "2025-08-01 00:00:00"),
        (None, None, None, None),
    ],
)
def test_the_published_date_of_an_account_follows_the_switch(
    tenant: Tenant,
    use_posted_date: bool,
    added: str | None,
    posted: str | None,
    by_added: str | None,
    by_posted: str | None,
) -> None:
    row = {"email": "a@example.com", "postedDate": posted}
    outcome = tenant.dlr(
        {"addedDate": added, "dataLossRecoveryDetail": [row]}, use_posted_date=use_posted_date
    )
    expected = by_posted if use_posted_date else by_added
    assert outcome.one("account")["published_at"] == expected
