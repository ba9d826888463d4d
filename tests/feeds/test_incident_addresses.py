"""IP addresses of an incident case, and where its hosting attributes go."""

from typing import Any

import pytest

from tests.support.tenants import CASE, Tenant, attributes

HOSTING = {
    "webhost": "Example Hosting",
    "webhostCountry": "Australia",
    "registrarName": "Example Registrar",
    "nameServer": "ns1.example.com",
}
HOSTED = {
    "Web Host": ["Example Hosting"],
    "Web Host Country": ["Australia"],
    "Registrar Name": ["Example Registrar"],
    "Name Server": ["ns1.example.com"],
}
V4, V6 = "IP Address", "IPv6 Address"
# ipAddress, its indicators (type, value), and what is none
ADDRESSES: list[tuple[Any, list[tuple[str, str]], list[str]]] = [
    ("192.0.2.1", [(V4, "192.0.2.1")], []),
    ("  192.0.2.1\t", [(V4, "192.0.2.1")], []),
    ("2001:DB8::1", [(V6, "2001:DB8::1")], []),
    ("2001:db8:0:0:0:0:0:1", [(V6, "2001:db8:0:0:0:0:0:1")], []),
    ("192.0.2.1,192.0.2.2", [(V4, "192.0.2.1"), (V4, "192.0.2.2")], []),
    (
        "192.0.2.2; 2001:db8::2 192.0.2.1,192.0.2.1",
        [(V4, "192.0.2.1"), (V4, "192.0.2.2"), (V6, "2001:db8::2")],
        [],
    ),
    (["192.0.2.1", "192.0.2.2"], [(V4, "192.0.2.1"), (V4, "192.0.2.2")], []),
    ("192.0.2.1, unknown", [(V4, "192.0.2.1")], ["unknown"]),
    ("192.0.2.256", [], ["192.0.2.256"]),
    ("192.0.2.01", [], ["192.0.2.01"]),
    ("192.0.2.0/24", [], ["192.0.2.0/24"]),
    ("fe80::1%eth0", [], ["fe80::1%eth0"]),
    ("::1", [(V6, "::1")], []),
    ("2001:db8:1:2:3:4::5", [(V6, "2001:db8:1:2:3:4::5")], []),
    ("::", [], ["::"]),
    ("2001:db8:1:2:3:4:5::", [], ["2001:db8:1:2:3:4:5::"]),
    ("::2:3:4:5:6:7:8", [], ["::2:3:4:5:6:7:8"]),
    ("::ffff:192.0.2.1", [], ["::ffff:192.0.2.1"]),
    ("192.0.2.1, null", [(V4, "192.0.2.1")], ["null"]),
    ("login.example.com", [], ["login.example.com"]),
    ("N/A", [], ["N/A"]),
    ("null", [], []),
    (",; ", [], []),
    (None, [], []),
]


@pytest.mark.parametrize(("text", "valid", "other"), ADDRESSES, ids=repr)
def test_valid_addresses_are_indicators_and_carry_the_hosting_else_the_case_does(
    tenant: Tenant, text: Any, valid: list[tuple[str, str]], other: list[str]
) -> None:
    outcome = tenant.incident({"ipAddress": text, "mxRecord": "mx.example.com", **HOSTING})
    case, indicators = outcome.one("incident"), outcome.all("indicator")
    assert [(one["subtype"], one["value"]) for one in indicators] == valid
    for indicator in indicators:
        assert attributes(indicator) == HOSTED
        assert indicator["related"] == [{"type": "incident", "value": CASE}]
    addresses = {"IP Address": other} if other else {}
    always = {"Case ID": [CASE], "MX Record": ["mx.example.com"]}
    assert attributes(case) == always | addresses | ({} if valid else HOSTED)
    assert [one["value"] for one in case["related"]] == [value for _, value in valid]
    assert bool(outcome.heard("warning:", f"case {CASE}:", "ipAddress")) == bool(other)
    assert outcome.summary.outcome == "complete"


@pytest.mark.parametrize(("text", "valid", "other"), ADDRESSES, ids=repr)
def test_in_attribute_mode_every_part_is_an_attribute_of_the_case_without_a_warning(
    tenant: Tenant, text: Any, valid: list[tuple[str, str]], other: list[str]
) -> None:
    outcome = tenant.incident({"ipAddress": text, **HOSTING}, ingest_ip_as_attribute=True)
    case = outcome.one("incident")
    expected = sorted([value for _, value in valid] + other)
    assert outcome.objects == [case]
    assert attributes(case).get("IP Address", []) == expected
    assert {name: attributes(case)[name] for name in HOSTED} == HOSTED
    assert outcome.said == []


def test_cases_that_share_an_address_share_one_indicator_with_the_earliest_date(
    tenant: Tenant,
) -> None:
    for case_id, date in (("case1", "2025-08-03"), ("case2", "2025-08-01"), ("case3", None)):
        tenant.state.put_case(
            case_id, {"ipAddress": "192.0.2.1", "webhost": case_id, "detectionDate": date}
        )
    indicator = tenant.sync("incident").one("indicator")
    assert indicator["published_at"] == "2025-08-01 00:00:00"
    assert attributes(indicator) == {"Web Host": ["case1", "case2", "case3"]}
    assert [one["value"] for one in indicator["related"]] == ["case1", "case2", "case3"]


def test_an_address_that_changes_leaves_the_old_one_related(tenant: Tenant) -> None:
    outcome = tenant.incident({"ipAddress": "192.0.2.1"})
    tenant.state.update_case(CASE, ipAddress="192.0.2.2")
    again = tenant.sync("incident", into=outcome.library)
    related = [one["value"] for one in again.one("incident")["related"]]
    assert related == ["192.0.2.1", "192.0.2.2"]
