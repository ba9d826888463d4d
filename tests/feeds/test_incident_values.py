"""What becomes of the values of an incident case: types, nulls, codes, names and limits."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.feeds.mapping import table
from tests.support.tenants import CASE, Tenant, attributes

# the fields that become one attribute of the case as they are, by the name that the API writes
PLAIN = {
    row.field: row.key
    for row in table("incident")
    if row.entity == "Event/Incident.Attribute"
    and row.field not in {"caseId", "ipAddress", "nameserver"}
} | {"nameServer": "Name Server"}
EVERY_FIELD = [*PLAIN, "ipAddress", "caseType", "addedDate", "detectionDate"]
MISSING = ...  # a sentinel that reads well in the name of a test


@pytest.mark.parametrize(
    "nothing", [None, MISSING, "", " \t\n", "null", "NULL", " Null "], ids=repr
)
def test_a_missing_value_makes_no_attribute_no_description_and_no_date(
    tenant: Tenant, nothing: Any
) -> None:
    detail = {} if nothing is MISSING else dict.fromkeys(EVERY_FIELD, nothing)
    for described in (False, True):
        outcome = tenant.incident(
            {"statusCode": 1, **detail}, ingest_description_as_attribute=described
        )
        case = outcome.one("incident")
        assert attributes(case) == {"Case ID": [CASE]}
        assert (case["description"], case["published_at"], case["related"]) == (None, None, [])
        assert outcome.said == []


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("N/A", ["N/A"]),
        ("None", ["None"]),
        ("  padded\tand\nbroken  ", ["  padded\tand\nbroken  "]),
        ("{{ 7 * 7 }} %s <b>&amp;</b>", ["{{ 7 * 7 }} %s <b>&amp;</b>"]),
        ("例示 Zu\u0308rich \U0001f3a3", ["例示 Zu\u0308rich \U0001f3a3"]),
        (False, ["false"]),
        (True, ["true"]),
        (0, ["0"]),
        (-12345678901234567890, ["-12345678901234567890"]),
        ("1e5", ["1e5"]),
        ("007", ["007"]),
        (["one", "two", "one"], ["one", "two"]),
        (["one", None, " ", False], ["false", "one"]),
        ([], None),
    ],
    ids=repr,
)
def test_a_value_becomes_text_and_a_list_becomes_several(
    tenant: Tenant, value: Any, texts: list[str] | None
) -> None:
    fields = [field for field in PLAIN if field not in {"detectedBy", "description"}]
    outcome = tenant.incident(dict.fromkeys(fields, value))
    found = attributes(outcome.one("incident"))
    updatable = {"URL", "Status", "Up Time", "Progress Stage"}
    additive = {PLAIN[field] for field in fields} - updatable
    assert outcome.said == []
    assert {name: found.get(name) for name in additive} == dict.fromkeys(additive, texts)
    # of several values of an updatable attribute the last one stays
    assert all(len(found.get(name, [])) == (0 if texts is None else 1) for name in updatable)


def test_an_object_as_value_is_left_out_with_a_warning_and_the_rest_stays(tenant: Tenant) -> None:
    outcome = tenant.incident({"brand": {"name": "x"}, "impact": ["high", {"a": 1}], "url": "u"})
    found = attributes(outcome.one("incident"))
    assert found == {"Case ID": [CASE], "Impact": ["high"], "URL": ["u"]}
    for name in ("Brand", "Impact"):
        assert len(outcome.heard("warning:", f"case {CASE}:", f"the attribute {name}")) == 1
    assert (outcome.summary.warnings, outcome.summary.outcome) == (2, "complete")


@pytest.mark.parametrize("value", [{"text": "x"}, ["x"]], ids=repr)
def test_a_description_that_is_no_text_is_left_out_with_a_warning(
    tenant: Tenant, value: Any
) -> None:
    outcome = tenant.incident({"description": value, "url": "u"})
    assert outcome.one("incident")["description"] is None
    assert outcome.heard("warning:", f"case {CASE}:", "description")


@pytest.mark.parametrize(
    ("value", "text", "warned"),
    [
        (1, "iZoo", False),
        (2, "Client", False),
        ("1", "iZoo", False),
        (" 2 ", "Client", False),
        ("Client", "Client", False),
        ("Reported By iZOOLogic", "Reported By iZOOLogic", False),
        (7, "7", True),
        ("17", "17", True),
        (0, "0", True),
    ],
    ids=repr,
)
def test_detected_by_one_and_two_have_names_and_anything_else_passes(
    tenant: Tenant, value: Any, text: str, warned: bool
) -> None:
    outcome = tenant.incident({"detectedBy": value})
    assert attributes(outcome.one("incident"))["Detected By"] == [text]
    assert bool(outcome.heard("warning:", f"case {CASE}:", "detectedBy")) == warned
    assert outcome.summary.outcome == "complete"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (1, "Domain Monitoring"),
        (2, "Brand Abuse Monitoring"),
        (3, "Mobile App Monitoring"),
        (4, "Social Media Monitoring"),
        (5, "Executive Monitoring"),
        (6, "Incident"),
        ("6", "Incident"),
        (9, "Reported Incident"),
        (7, None),
        (8, None),
        ("other", None),
        (None, None),
        ({"code": 6}, None),
    ],
    ids=repr,
)
def test_case_type_is_named_by_its_code_only_where_there_is_no_description(
    tenant: Tenant, code: Any, text: str | None
) -> None:
    by_code = tenant.incident({"caseType": code, "caseDescription": None})
    expected = None if text is None else [text]
    assert attributes(by_code.one("incident")).get("Case Type") == expected
    described = tenant.incident({"caseType": code, "caseDescription": "As described"})
    assert attributes(described.one("incident"))["Case Type"] == ["As described"]


def test_incident_type_is_not_split_into_a_sub_type(tenant: Tenant) -> None:
    outcome = tenant.incident({"incidentType": "Brand Abuse - Fake Website"})
    found = attributes(outcome.one("incident"))
    assert found["Incident Type"] == ["Brand Abuse - Fake Website"]
    assert "SubIncident Type" not in found


@pytest.mark.parametrize("recase", [str.upper, str.lower, str.swapcase], ids=lambda f: f.__name__)
def test_names_are_matched_without_regard_to_case_at_every_level(
    tenant: Tenant, recase: Callable[[str], str]
) -> None:
    detail = {
        **{field: f"the {field}" for field in PLAIN},
        "ipAddress": "192.0.2.1",
        "statusDescription": None,
        "addedDate": "1754200000",
        "incidentStatusLogs": [{"incidentStatusDescription": "Open", "updatedOn": "5"}],
        "caseFiles": [{"originalFilename": "a.txt", "dateUploaded": "1754200000"}],
    }
    message = {"brand": "B", "createdOn": "1754200000", "subject": "S", "message": "M"}

    def recased(value: Any) -> Any:
        if isinstance(value, dict):
            return {recase(name): recased(inner) for name, inner in value.items()}
        return [recased(inner) for inner in value] if isinstance(value, list) else value

    def answer(change: Callable[[Any], Any]) -> None:
        for endpoint, result in (
            ("CaseSync", [{"caseId": CASE, "updatedAt": "1754300000"}]),
            ("CaseDetail", detail),
            ("FetchCaseCommunications", [message]),
        ):
            envelope = change({"result": result, "success": True, "errorCode": ""})
            tenant.state.add_fault("envelope", endpoint=endpoint, json=envelope)

    answer(lambda whole: whole)
    usual = tenant.sync("incident")
    answer(recased)
    other = tenant.sync("incident")
    assert usual.one("note")["value"] == f"2025-08-03 05:46:40 - S - {CASE}"
    assert attributes(usual.one("incident"))["Status"] == ["Open"]
    assert json.loads(other.text) == json.loads(usual.text)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"nameServer": "camel", "NAMESERVER": "upper"}, "upper"),
        ({"nameServer": None, "nameserver": "lower", "NameServer": "pascal"}, "pascal"),
        ({"nameServer": " null ", "NAMESERVER": "", "nameserver": "lower"}, "lower"),
    ],
)
def test_of_names_that_differ_in_case_the_first_by_code_point_that_is_not_missing_counts(
    tenant: Tenant, fields: dict[str, Any], text: str
) -> None:
    outcome = tenant.incident(fields)
    assert attributes(outcome.one("incident"))["Name Server"] == [text]


def test_too_long_a_text_is_cut_visibly_and_reported(tenant: Tenant) -> None:
    long, fits = "x" * 65_536, "y" * 65_535
    outcome = tenant.incident({"description": long, "impact": long, "brand": fits, "url": long})
    case = outcome.one("incident")
    cut = "x" * 32_590 + " [cut]"
    assert case["description"] == cut
    assert attributes(case)["Impact"] == [cut]
    assert attributes(case)["URL"] == [cut]
    assert attributes(case)["Brand"] == [fits]
    assert len(outcome.heard(f"case {CASE}:", "65,536 bytes", "cut at 32,590")) == 3
    assert outcome.summary.outcome == "complete"


def test_a_value_that_is_too_long_makes_no_object_and_is_a_failure(tenant: Tenant) -> None:
    longest, longer = "L" * 255, "M" * 256
    for case_id in (longest, longer):
        tenant.state.put_case(case_id, {"url": "u"})
    outcome = tenant.sync("incident")
    assert [one["value"] for one in outcome.objects] == [longest]
    assert len(outcome.heard("failure:", "256 characters")) == 1
    assert (outcome.summary.outcome, outcome.summary.exit_code) == ("partial", 3)


@pytest.mark.parametrize(
    ("written", "texts"),
    [("6.0", ["6"]), ("6.5", ["6.5"]), ("1e2", ["100"]), ("1e400", None), ("-1e400", None)],
)
def test_a_number_that_is_whole_is_an_integer_and_one_without_end_is_missing(
    tenant: Tenant, written: str, texts: list[str] | None
) -> None:
    tenant.state.put_case(CASE, {"url": "u"})
    body = f"""{{"success": true, "result": {{"impact": {written}, "Brand": "b",
        "BRAND": {written}, "caseType": 6.0, "detectedBy": 2.0}}}}"""
    tenant.state.add_fault("raw", endpoint="CaseDetail", text=body)
    outcome = tenant.sync("incident")
    found = attributes(outcome.one("incident"))
    assert found.get("Impact") == texts
    # of two names, the first that is not missing counts
    assert found["Brand"] == texts or ["b"]
    assert (found["Case Type"], found["Detected By"]) == (["Incident"], ["Client"])
    assert len(outcome.said) == len(outcome.heard("warning:", "a number")) == (texts is None)


def test_ids_that_differ_in_case_alone_are_two_cases(tenant: Tenant) -> None:
    for case_id in ("abc", "ABC", "Abc"):
        tenant.state.put_case(case_id, {"url": f"u-{case_id}"})
    outcome = tenant.sync("incident")
    found = {one["value"]: attributes(one)["URL"] for one in outcome.objects}
    assert found == {"ABC": ["u-ABC"], "Abc": ["u-Abc"], "abc": ["u-abc"]}
