"""What becomes of the rows of a DLR case: primary and other rows, accounts, nulls, names."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.feeds.mapping import table
from tests.support.tenants import DLR_CASE, Tenant, attributes

EMAIL = "user@example.com"
DATES = {"addedDate", "postedDate"}
ROWS = [row for row in table("dlr") if row.is_attribute and row.field not in {"caseId", *DATES}]
OF_ACCOUNT = {row.field: row.key for row in ROWS if "dataLossRecoveryDetail" in row.path}
OF_CASE = {row.field: row.key for row in ROWS if row.field not in OF_ACCOUNT}
MISSING = ...  # a sentinel that reads well in the name of a test


def detail(value: Any, *without: str) -> dict[str, Any]:
    """Return a case in which every mapped field has that value, but for the account's e-mail."""
    case = {field: value for field in (*OF_CASE, "addedDate") if field not in without}
    row = {
        field: value for field in (*OF_ACCOUNT, "postedDate", "userName") if field not in without
    }
    return {**case, "dataLossRecoveryDetail": [{"email": EMAIL, **row}]}


@pytest.mark.parametrize("nothing", [None, MISSING, "", " \t\n", "null", "NULL"], ids=repr)
@pytest.mark.parametrize("described", [False, True])
def test_a_missing_value_makes_no_attribute_no_description_and_no_date(
    tenant: Tenant, nothing: Any, described: bool
) -> None:
    given = detail(nothing) if nothing is not MISSING else detail("", *OF_CASE, *OF_ACCOUNT, *DATES)
    outcome = tenant.dlr(
        given, ingest_description_as_attribute=described, use_posted_date=described
    )
    account = outcome.one("account")
    assert attributes(account) == {"Case ID": [DLR_CASE]}
    assert (account["description"], account["published_at"], outcome.said) == (None, None, [])


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("N/A", ["N/A"]),
        (" padded ", [" padded "]),
        ("j***@example.com; 例示 \U0001f3a3", ["j***@example.com; 例示 \U0001f3a3"]),
        (False, ["false"]),
        (True, ["true"]),
        (0, ["0"]),
        (1500, ["1500"]),
        (["b", "a"], ["a", "b"]),
    ],
    ids=repr,
)
def test_a_value_becomes_text_and_a_list_becomes_several(
    tenant: Tenant, value: Any, texts: list[str]
) -> None:
    outcome = tenant.dlr(detail(value, *DATES, "description"))
    expected = dict.fromkeys((*OF_CASE.values(), *OF_ACCOUNT.values()), texts)
    del expected["Description"]
    assert attributes(outcome.one("account")) == expected | {"Case ID": [DLR_CASE]}
    assert outcome.said == []


@pytest.mark.parametrize(
    ("value", "texts"), [(False, ["false"]), (True, ["true"]), ("false", ["false"]), (None, None)]
)
def test_false_is_an_attribute_of_an_account_and_null_is_none(
    tenant: Tenant, value: Any, texts: list[str] | None
) -> None:
    row = {"email": EMAIL, "isExecutiveAccount": value}
    account = tenant.dlr({"dataLossRecoveryDetail": [row]}).one("account")
    assert attributes(account).get("Is Executive Account") == texts


def test_an_object_as_value_is_left_out_with_a_warning(tenant: Tenant) -> None:
    row = {"email": EMAIL, "phone": {"home": "1"}, "address": "1 Example Street"}
    outcome = tenant.dlr({"brand": {"name": "x"}, "dataLossRecoveryDetail": [row]})
    assert attributes(outcome.one("account")) == {
        "Address": ["1 Example Street"],
        "Case ID": [DLR_CASE],
    }
    for name in ("Brand", "Phone"):
        assert outcome.heard("warning:", f"case {DLR_CASE}:", f"the attribute {name}")


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ({"email": EMAIL, "userName": "user"}, EMAIL),
        ({"email": f"  {EMAIL}\n"}, EMAIL),
        ({"email": "J.***@Example.COM"}, "J.***@Example.COM"),
        ({"email": None, "userName": " user "}, "user"),
        ({"email": "", "userName": "user"}, "user"),
        ({"email": "  ", "userName": "user"}, "user"),
        ({"email": "Null", "userName": "user"}, "user"),
        ({"userName": "user"}, "user"),
        ({"EMAIL": EMAIL}, EMAIL),
        ({"email": 12345}, "12345"),
        ({"email": 12345, "userName": "user"}, "12345"),
        ({"email": {"address": EMAIL}, "userName": "user"}, "user"),
        ({"email": [EMAIL], "userName": 7.0}, "7"),
        ({"email": 0}, "0"),
        ({"email": True}, "true"),
        ({"email": "N/A", "userName": "user"}, "N/A"),
    ],
    ids=repr,
)
def test_the_account_is_the_e_mail_address_or_else_the_user_name_trimmed(
    tenant: Tenant, row: dict[str, Any], value: str
) -> None:
    assert tenant.dlr({"dataLossRecoveryDetail": [row]}).one("account")["value"] == value


@pytest.mark.parametrize(
    "row",
    [
        {"password": "Password_Test"},
        {"email": None, "userName": None},
        {"email": "", "userName": " "},
        {"email": "null", "userName": "NULL"},
        {"email": {"address": EMAIL}},
        {"email": [EMAIL]},
        {},
    ],
    ids=repr,
)
def test_a_row_without_an_account_makes_no_object_and_is_warned_of(
    tenant: Tenant, row: dict[str, Any]
) -> None:
    outcome = tenant.dlr({"dataLossRecoveryDetail": [row, {"email": EMAIL}]})
    assert [one["value"] for one in outcome.objects] == [EMAIL]
    assert len(outcome.heard("warning:", f"case {DLR_CASE}:", "row")) == 1
    assert (outcome.summary.detailed, outcome.summary.outcome) == (1, "complete")


@pytest.mark.parametrize("rows", [None, [], {}, [None], MISSING], ids=repr)
def test_a_case_without_rows_makes_no_object(tenant: Tenant, rows: Any) -> None:
    lists = ("dataLossRecoveryPrimaryDetail", "dataLossRecoveryDetail")
    given = {} if rows is MISSING else dict.fromkeys(lists, rows)
    outcome = tenant.dlr({"brand": "B", **given})
    assert outcome.objects == []
    assert (outcome.summary.detailed, outcome.summary.exit_code) == (1, 0)


def test_primary_and_other_rows_both_count(tenant: Tenant) -> None:
    outcome = tenant.dlr(
        {
            "dataLossRecoveryPrimaryDetail": [{"email": "b@example.com", "phone": "1"}],
            "dataLossRecoveryDetail": [{"email": "a@example.com", "phone": "2"}],
        }
    )
    found = {one["value"]: attributes(one)["Phone"] for one in outcome.objects}
    assert found == {"a@example.com": ["2"], "b@example.com": ["1"]}


def test_an_equal_row_in_both_lists_counts_once(tenant: Tenant) -> None:
    row = {"email": EMAIL, "password": "Password_Test"}
    lists = ("dataLossRecoveryPrimaryDetail", "dataLossRecoveryDetail")
    outcome = tenant.dlr({key: [row] for key in lists})
    counts = outcome.summary.ingested.counts["account"]
    assert (counts.objects.created, counts.attributes.created) == (1, 2)


def test_one_account_of_many_rows_has_the_attributes_of_all(tenant: Tenant) -> None:
    rows = [
        {"email": EMAIL, "password": "Password_1", "postedDate": "2025-08-02"},
        {"email": f" {EMAIL}", "password": "Password_2", "postedDate": "2025-08-01"},
    ]
    outcome = tenant.dlr({"dataLossRecoveryDetail": rows}, use_posted_date=True)
    account = outcome.one("account")
    assert attributes(account)["Password"] == ["Password_1", "Password_2"]
    assert account["published_at"] == "2025-08-01 00:00:00"


def test_accounts_that_differ_in_case_alone_are_two(tenant: Tenant) -> None:
    rows = [{"email": "User@example.com"}, {"email": "user@example.com"}]
    outcome = tenant.dlr({"dataLossRecoveryDetail": rows})
    assert [one["value"] for one in outcome.objects] == ["User@example.com", "user@example.com"]


@pytest.mark.parametrize("recase", [str.upper, str.lower, str.swapcase], ids=lambda f: f.__name__)
def test_names_are_matched_without_regard_to_case_at_every_level(
    tenant: Tenant, recase: Callable[[str], str]
) -> None:
    given = detail("a value", *DATES) | {"addedDate": "2025-08-01", "caseId": DLR_CASE}
    given["dataLossRecoveryPrimaryDetail"] = [{"email": "b@example.com", "postedDate": "5"}]
    usual = tenant.dlr(given)
    assert len(usual.objects) == 2

    def recased(value: Any) -> Any:
        if isinstance(value, dict):
            return {recase(name): recased(inner) for name, inner in value.items()}
        return [recased(inner) for inner in value] if isinstance(value, list) else value

    envelope = recased({"result": given, "success": True, "message": "", "errorCode": ""})
    tenant.state.add_fault("envelope", endpoint="DLRDetail", json=envelope)
    assert tenant.sync("dlr").text == usual.text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"subType": "camel", "SubType": "pascal"}, "pascal"),
        ({"subType": "camel", "SubType": None}, "camel"),
        ({"SubType": "pascal", "SUBTYPE": "upper"}, "upper"),
    ],
)
def test_of_names_that_differ_in_case_the_first_by_code_point_that_is_not_missing_counts(
    tenant: Tenant, fields: dict[str, Any], text: str
) -> None:
    outcome = tenant.dlr({**fields, "dataLossRecoveryDetail": [{"email": EMAIL}]})
    assert attributes(outcome.one("account"))["Subtype"] == [text]


def test_an_account_that_is_too_long_makes_no_object_and_the_others_stay(tenant: Tenant) -> None:
    rows = [{"email": "x" * 256}, {"email": EMAIL}]
    outcome = tenant.dlr({"dataLossRecoveryDetail": rows})
    assert outcome.one("account")["value"] == EMAIL
    assert outcome.heard("failure:", f"case {DLR_CASE}:", "256 characters")
    assert outcome.summary.exit_code == 3


def test_a_password_that_is_too_long_is_cut_and_reported_without_being_told(
    tenant: Tenant,
) -> None:
    row = {"email": EMAIL, "password": "Secret_Test" * 6000}
    outcome = tenant.dlr({"dataLossRecoveryDetail": [row]})
    (password,) = attributes(outcome.one("account"))["Password"]
    assert password == row["password"][:32_590] + " [cut]"
    assert outcome.heard("Password", "66,000 bytes")
    assert not outcome.heard("Secret_Test")
