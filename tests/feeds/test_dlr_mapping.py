"""Each row of the guide's DLR mapping is a case, under every position of the switches."""

from typing import Any

import pytest

from izoologic_cdf.emulator import Emulator
from tests.feeds.mapping import Place, Row, attribute_names, places, position, table
from tests.support.tenants import DLR_CASE, Outcome, Tenant, attributes, every_position

ROWS = table("dlr")
SWITCHES = every_position(
    "ingest_as_identity", "ingest_description_as_attribute", "use_posted_date"
)
ADDED, POSTED = "2025-08-03 01:02:03", "2025-08-02 03:04:05"
DATES = {"addedDate": ADDED, "postedDate": POSTED}
IN_ROW = "data.dataLossRecoveryDetail."
CASE_FIELDS = {
    row.field: f"the {row.field} of a case" for row in ROWS if not row.path.startswith(IN_ROW)
}
ACCOUNT_FIELDS = {
    row.field: f"the {row.field} of an account" for row in ROWS if row.path.startswith(IN_ROW)
}
# the same texts, but a date must be one, and the id is the one in the list
SENT = {field: f"{date}Z" for field, date in DATES.items()}


def sent(fields: dict[str, str], *without: str) -> dict[str, Any]:
    """Return fields as the API sends them."""
    known = {field: SENT.get(field, text) for field, text in fields.items()}
    return {field: text for field, text in known.items() if field not in without}


DETAIL: dict[str, Any] = {
    **sent(CASE_FIELDS),
    "caseId": DLR_CASE,
    "dataLossRecoveryDetail": [
        sent(ACCOUNT_FIELDS, "userName"),
        sent(ACCOUNT_FIELDS, "email"),
    ],
}
WRITTEN = {**CASE_FIELDS, **ACCOUNT_FIELDS, "caseId": DLR_CASE} | {
    field: f"{date}+00:00" for field, date in DATES.items()
}


def place(row: Row, switches: dict[str, bool]) -> Place | None:
    """Return where the row says that its value stands, or None where its switch says nowhere."""
    account = "identity" if switches["ingest_as_identity"] else "account"
    if row.is_attribute:
        on = row.key != "Description" or switches["ingest_description_as_attribute"]
        return (account, "attribute", row.key) if on else None
    return {
        "Compromised Account/Identity.Value": (account, "value"),
        "Compromised Account/Identity.Description": None
        if switches["ingest_description_as_attribute"]
        else (account, "description"),
    }[row.entity]


@pytest.fixture(scope="module", params=SWITCHES, ids=position)
def switched(
    request: pytest.FixtureRequest, emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, bool], Outcome]:
    tenant = Tenant(emulator, tmp_path_factory.mktemp("switched"))
    return request.param, tenant.dlr(DETAIL, **request.param)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_value_stands_exactly_where_its_rows_say(
    row: Row, switched: tuple[dict[str, bool], Outcome]
) -> None:
    switches, outcome = switched
    assert outcome.summary.outcome == "complete"
    expected = {place(other, switches) for other in ROWS if other.path == row.path} - {None}
    assert places(outcome.objects, WRITTEN[row.field]) == expected


def test_an_account_has_all_attributes_that_a_row_maps_and_no_other(
    switched: tuple[dict[str, bool], Outcome],
) -> None:
    switches, outcome = switched
    mapped = {found[2] for row in ROWS if row.is_attribute and (found := place(row, switches))}
    for one in outcome.objects:
        assert attribute_names([one]) == mapped


def test_accounts_are_published_at_the_date_of_the_switch(
    switched: tuple[dict[str, bool], Outcome],
) -> None:
    switches, outcome = switched
    published = POSTED if switches["use_posted_date"] else ADDED
    assert {one["published_at"] for one in outcome.objects} == {published}


def test_the_object_is_the_e_mail_address_or_else_the_user_name(
    switched: tuple[dict[str, bool], Outcome],
) -> None:
    switches, outcome = switched
    account = "identity" if switches["ingest_as_identity"] else "account"
    assert [(one["type"], one["value"]) for one in outcome.objects] == [
        (account, ACCOUNT_FIELDS["email"]),
        (account, ACCOUNT_FIELDS["userName"]),
    ]


def test_the_user_name_beside_an_e_mail_address_is_nowhere(tenant: Tenant) -> None:
    outcome = tenant.dlr({"dataLossRecoveryDetail": [sent(ACCOUNT_FIELDS)]})
    assert outcome.one("account")["value"] == ACCOUNT_FIELDS["email"]
    assert places(outcome.objects, ACCOUNT_FIELDS["userName"]) == set()


@pytest.mark.parametrize("row", [row for row in ROWS if row.is_attribute], ids=str)
def test_every_attribute_is_added_to_what_is_known(
    row: Row, changed: tuple[Outcome, Outcome]
) -> None:
    # two cases tell of the same account: nothing that one says replaces what the other said
    old, new = (attributes(outcome.one("account"))[row.key] for outcome in changed)
    assert old == [WRITTEN[row.field]]
    assert len(new) == 2
    assert set(old) < set(new)


@pytest.fixture(scope="module")
def changed(
    emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Outcome, Outcome]:
    """An account of one case, and after another case has told of it with other values."""
    folder = tmp_path_factory.mktemp("changed")
    tenant = Tenant(emulator, folder)
    into = folder / "library.sqlite"
    switches = {"ingest_description_as_attribute": True}
    account = sent(ACCOUNT_FIELDS, "userName")
    tenant.state.put_dlr(DLR_CASE, {**DETAIL, "dataLossRecoveryDetail": [account]})
    before = tenant.sync("dlr", switches, into=into)
    other = {field: f"other {text}" for field, text in CASE_FIELDS.items()}
    row = {field: f"other {text}" for field, text in account.items()} | {"email": account["email"]}
    case_id = "DLR#oTher0001"
    dates = {"addedDate": "2025-08-01", "postedDate": "2025-08-01"}
    tenant.state.put_dlr(
        case_id,
        {
            **other,
            "caseId": case_id,
            "addedDate": dates["addedDate"],
            "dataLossRecoveryDetail": [row | {"postedDate": dates["postedDate"]}],
        },
    )
    return before, tenant.sync("dlr", switches, into=into)


def test_a_dlr_run_asks_for_neither_messages_nor_files(tenant: Tenant) -> None:
    tenant.dlr(DETAIL)
    assert set(tenant.asked_endpoints) == {"Authenticate", "DLRSyncedCases", "DLRDetail"}
