"""Card data and what else no row maps stay out of everything; passwords stay in the library."""

import base64
from typing import Any
from urllib.parse import quote

import pytest

from tests.feeds.mapping import table
from tests.support.tenants import CASE, Outcome, Tenant

# fields of a leak; those that no row maps hold a text that is nowhere else
OF_ACCOUNT = (
    *("cardType", "cardLevel", "cardNumber", "cardExpiry", "cvv", "cardDetail", "track1"),
    *("cardClassification", "track2", "dob", "ssn", "country", "state", "city", "zip"),
    *("firstName", "application", "recoveryRemark"),
)
OF_CASE = (
    *("brandCode", "incidentType", "seller", "status", "originalUrl", "estimatedCost"),
    *("estimatedCryptocurrencyTransactionRate", "estimatedCryocurrencyTransactionRate"),
    *("affectedPropertyBase", "affectedPropertyBaseDate", "affectedPropertyBINNumber"),
    *("impact", "recommendation", "totalRecords", "totalCorporateAccounts"),
    *("totalPublicAccounts", "totalExecutiveAccounts"),
)
_MAPPED = {row.field for row in table("dlr")}
UNMAPPED = {name: f"Canary-{name}-7351" for name in (*OF_ACCOUNT, *OF_CASE) if name not in _MAPPED}
PASSWORD = "Canary-password-7351"
ROW = {name: UNMAPPED.get(name, "Example") for name in OF_ACCOUNT} | {
    "email": "user@example.com",
    "password": PASSWORD,
}


def leak(*rows: Any) -> dict[str, Any]:
    """Return a DLR case with all unmapped fields and these rows."""
    case: dict[str, Any] = {name: UNMAPPED.get(name, "Example") for name in OF_CASE}
    return case | {"dataLossRecoveryPrimaryDetail": list(rows), "dataLossRecoveryDetail": [ROW]}


def told(outcome: Outcome) -> str:
    """Return all that a run says to a person or a machine."""
    summary = outcome.summary
    return "\n".join([*outcome.said, summary.as_text(), summary.as_json()])


CASES: dict[str, dict[str, Any]] = {
    "whole": leak({**ROW, "email": "other@example.com"}),
    "without account": leak({**ROW, "email": None}),
    "unreadable date": leak({**ROW, "postedDate": UNMAPPED["cvv"]}),
    "object as value": leak({**ROW, "phone": {"cvv": UNMAPPED["cvv"], "password": PASSWORD}}),
    "too long": leak({**ROW, "address": "x" * 70_000, "email": "y" * 300}),
    "row is text": leak(UNMAPPED["cardNumber"]),
    "rows are text": leak() | {"dataLossRecoveryDetail": UNMAPPED["ssn"]},
    "row is a list": leak([ROW]),
}


@pytest.mark.parametrize("detail", CASES.values(), ids=CASES)
@pytest.mark.parametrize("identity", [False, True])
def test_what_no_row_maps_reaches_neither_library_nor_messages(
    tenant: Tenant, detail: dict[str, Any], identity: bool
) -> None:
    outcome = tenant.dlr(detail, ingest_as_identity=identity)
    stored = b"".join(
        path.read_bytes() for path in outcome.library.parent.glob(f"{outcome.library.name}*")
    )
    for canary in UNMAPPED.values():
        assert canary not in outcome.text
        assert canary not in told(outcome)
        assert canary.encode() not in stored
    assert PASSWORD not in told(outcome)


def test_the_password_is_stored_since_the_mapping_asks_for_it(tenant: Tenant) -> None:
    outcome = tenant.dlr(CASES["whole"])
    assert outcome.text.count(PASSWORD) == 2


@pytest.mark.parametrize("body", ["json", "html", "problem"])
@pytest.mark.parametrize("endpoint", ["DLRSyncedCases", "DLRDetail"])
def test_an_error_that_repeats_the_keys_is_told_without_them(
    tenant: Tenant, endpoint: str, body: str
) -> None:
    forms = [form for secret in tenant.secrets for form in (secret, quote(secret, safe=""))]
    forms += [base64.b64encode(secret.encode()).decode() for secret in tenant.secrets]
    tenant.state.add_fault(
        "status", endpoint=endpoint, status=400, body=body, message=" ".join(forms), count=None
    )
    outcome = tenant.dlr(CASES["whole"])
    assert outcome.summary.exit_code != 0
    assert outcome.said
    for form in forms:
        assert form not in told(outcome)


def test_a_file_token_is_never_told(tenant: Tenant) -> None:
    token = "Canary-file-token-7351"
    tenant.state.put_case(CASE, {"url": "u"})
    entry = {"originalFilename": "e.txt", "fileToken": token}
    tenant.state.add_fault("fields", endpoint="CaseDetail", put={"caseFiles": [entry]})
    outcome = tenant.sync("incident")
    assert outcome.heard("failure:", "e.txt")
    assert token not in told(outcome) + outcome.text
