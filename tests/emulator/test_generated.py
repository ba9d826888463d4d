"""What the generated scenario promises."""

import ipaddress
import json
import re
from collections import Counter
from typing import Any

import pytest

from izoologic_cdf.emulator import Emulator, Scenario, ScenarioError, generate, load_scenario
from izoologic_cdf.emulator.scenario import Case, CaseSource
from izoologic_cdf.loopback.inputs import epoch
from tests.emulator.api_client import Client

DAY = 86_400
SCENARIO = generate(400, seed=5, dlr=200, messages_per_case=3)
ABSENT = object()


def cases(source: CaseSource) -> dict[str, Case]:
    found = {case_id: source.case(case_id) for _, case_id in source.rows()}
    assert None not in found.values()
    return {case_id: case for case_id, case in found.items() if case}


INCIDENTS = cases(SCENARIO.incidents)
DLR = cases(SCENARIO.dlr)
ROWS = [
    row
    for case in DLR.values()
    for part in ("dataLossRecoveryPrimaryDetail", "dataLossRecoveryDetail")
    for row in case.detail.get(part) or []
]


def everything(scenario: Scenario) -> str:
    parts = [
        [list(source.rows()), [[case.detail, case.messages] for case in cases(source).values()]]
        for source in (scenario.incidents, scenario.dlr)
    ]
    return json.dumps(parts)


def test_the_same_seed_gives_the_same_data_and_another_seed_other_data() -> None:
    first = everything(generate(60, seed=1))
    assert first == everything(generate(60, seed=1))
    assert first != everything(generate(60, seed=2))


def test_the_number_of_cases_is_the_one_asked_for() -> None:
    assert (len(INCIDENTS), len(DLR)) == (400, 200)
    assert len(cases(generate(40).dlr)) == 10


def test_no_two_cases_share_an_id_and_some_differ_in_case_only() -> None:
    for ids in (list(INCIDENTS), list(DLR)):
        folded = Counter(case_id.lower() for case_id in ids)
        assert folded.most_common(1)[0][1] == 2


def test_ids_look_like_the_real_ones() -> None:
    assert all(re.fullmatch("[0-9A-Za-z]{9}", case_id) for case_id in INCIDENTS)
    forms = Counter(bool(re.fullmatch("DLR#[0-9A-Za-z]{9}", case_id)) for case_id in DLR)
    assert forms[True] > forms[False] > 0


def test_every_dlr_case_is_found_by_either_id() -> None:
    with Emulator(SCENARIO, strict=True) as emulator, Client(emulator) as client:
        client.login()
        for case_id, case in list(DLR.items())[:20]:
            tracking = str(case.detail.get("trackingID", case.detail.get("trackingId")))
            assert client.dlr(case_id)["result"] == case.detail
            assert client.dlr(tracking)["result"] == case.detail


@pytest.mark.parametrize(
    "field", ["url", "statusDescription", "ipAddress", "addedDate", "executiveName", "mxRecord"]
)
def test_a_nullable_field_meets_every_null_pattern(field: str) -> None:
    values = {json.dumps(case.detail.get(field, "absent")) for case in INCIDENTS.values()}
    assert values >= {"null", '""', '"  "', '"N/A"', '"null"', '"absent"'}
    assert len(values) > 6


def test_every_case_type_occurs() -> None:
    assert {case.detail["caseType"] for case in INCIDENTS.values()} >= {1, 2, 3, 4, 5, 6, 9, "6"}


def kinds(text: Any) -> str:
    parts = [part for part in re.split(r"[,; ]+", text or "") if part]
    versions = set[int]()
    for part in parts:
        try:
            versions.add(ipaddress.ip_address(part).version)
        except ValueError:
            versions.add(0)
    return f"{len(parts) > 1} {sorted(versions)}"


def test_addresses_are_v4_v6_several_or_invalid() -> None:
    found = {kinds(case.detail.get("ipAddress")) for case in INCIDENTS.values()}
    assert found >= {
        "False [4]",
        "False [6]",
        "False [0]",
        "True [4]",
        "True [4, 6]",
        "True [0, 4]",
    }


def test_both_dlr_shapes_and_the_variants_of_names_occur() -> None:
    keys = {key for case in DLR.values() for key in case.detail}
    assert keys >= {
        *("caseId", "caseID", "trackingID", "trackingId", "subType", "SubType"),
        *("seller", "Seller", "affectedPropertyBINNumber", "AffectedPropertyBINNumber"),
        *("estimatedCryocurrencyTransactionRate", "estimatedCryptocurrencyTransactionRate"),
    }
    sizes = {len(row) > 16 for row in ROWS}
    assert sizes == {True, False}
    shapes = {"dataLossRecoveryPrimaryDetail" in case.detail for case in DLR.values()}
    assert shapes == {True, False}


def test_some_accounts_are_in_both_arrays_and_some_have_no_name() -> None:
    both = [
        row
        for case in DLR.values()
        for row in case.detail.get("dataLossRecoveryPrimaryDetail") or []
        if row in (case.detail.get("dataLossRecoveryDetail") or [])
    ]
    assert both
    assert [row for row in ROWS if not (row.get("email") or row.get("userName") or "").strip()]


def test_some_cases_are_listed_twice() -> None:
    for source in (SCENARIO.incidents, SCENARIO.dlr):
        rows = Counter(source.rows())
        ids = Counter(case_id for _, case_id in rows)
        assert max(rows.values()) == 2
        assert max(ids.values()) == 2


def test_update_times_lie_on_both_sides_of_every_kind_of_edge() -> None:
    since, until = SCENARIO.since, SCENARIO.until
    assert since is not None
    assert until is not None
    times = {at for at, _ in SCENARIO.incidents.rows()}
    assert min(times) == since
    assert max(times) == until
    for window in range(1, 4):
        edge = since + window * 30 * DAY
        assert times >= {edge - 1, edge, edge + 1}
    assert {0, DAY - 1} <= {at % DAY for at in times}


def test_messages_lie_within_the_span_and_also_far_from_the_update() -> None:
    newest: dict[str, int] = {}
    for at, case_id in SCENARIO.incidents.rows():
        newest[case_id] = max(at, newest.get(case_id, 0))
    far = 0
    for case_id, case in INCIDENTS.items():
        for row in case.messages:
            assert row["caseID"] == case_id
            assert SCENARIO.since <= int(row["createdOn"]) <= SCENARIO.until  # type: ignore[operator]
            far += abs(int(row["createdOn"]) - newest[case_id]) > 30 * DAY
    assert far > 50


def test_no_message_is_older_than_the_added_date_of_its_case() -> None:
    for case in INCIDENTS.values():
        added = epoch(case.detail.get("addedDate"))
        assert all(added is None or int(row["createdOn"]) >= added for row in case.messages)


def test_some_messages_share_second_and_subject_and_some_everything() -> None:
    alike: Counter[str] = Counter()
    same: Counter[str] = Counter()
    for case in INCIDENTS.values():
        alike.update(f"{row['caseID']}{row['createdOn']}{row['subject']}" for row in case.messages)
        same.update(json.dumps(row) for row in case.messages)
    assert max(same.values()) > 1
    assert sum(n > 1 for n in alike.values()) > sum(n > 1 for n in same.values())


def test_files_have_odd_names_and_contents_and_some_occur_twice() -> None:
    contents = [content for case in INCIDENTS.values() for content in case.contents]
    assert b"" in contents
    assert any(content and b"\x00" in content for content in contents)
    assert b'{"success":true,"result":[]}' in contents
    lists = [case.detail.get("caseFiles", ABSENT) for case in INCIDENTS.values()]
    assert None in lists
    assert [] in lists
    assert {} in lists
    assert ABSENT in lists
    full = [files for files in lists if isinstance(files, list) and len(files) > 1]
    assert any(files[0] == files[-1] for files in full)
    assert any(
        files[0]["originalFilename"] == files[1]["originalFilename"] and files[0] != files[1]
        for files in full
    )


def test_text_is_not_only_ascii() -> None:
    brands = {case.detail.get("brand") for case in INCIDENTS.values()}
    assert any(brand and not brand.isascii() for brand in brands)


def test_only_reserved_domains_and_addresses_occur() -> None:
    text = json.dumps(
        [[case.detail, case.messages] for case in (*INCIDENTS.values(), *DLR.values())]
    )
    hosts = set(re.findall(r"(?:https?://|@)([^/\"'\\ <?]+)", text, re.IGNORECASE))
    assert hosts
    reserved = re.compile(r"(.*\.)?example(\.com|\.org|\.net)?", re.IGNORECASE)
    # a host in unicode is cut at its escape, and so leaves nothing before ".example"
    assert {host for host in hosts if not reserved.fullmatch(host)} == set()


def test_the_knobs_are_read_from_the_name() -> None:
    named = load_scenario("generated:30:seed=3:days=200:dlr=5:messages_per_case=0:files_per_case=0")
    plain = generate(30, seed=3, days=200, dlr=5, messages_per_case=0, files_per_case=0)
    assert everything(named) == everything(plain)
    assert named.until is not None
    assert named.until - 200 * DAY == named.since
    assert not [case for case in cases(named.incidents).values() if case.messages or case.contents]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("generated:", "the number of cases is ''; it must be an integer"),
        ("generated:many", "the number of cases is 'many'"),
        ("generated:5:sed=1", "unknown setting 'sed'; did you mean 'seed'?"),
        ("generated:5:seed=x", "seed is 'x'; it must be an integer"),
        ("generated:-5", "cases is -5; it must be at least 0"),
        ("generated:5:days=0", "days is 0; it must be at least 1"),
    ],
)
def test_a_wrong_name_is_told(name: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(said)):
        load_scenario(name)


def test_a_hundred_thousand_cases_keep_no_detail_in_memory() -> None:
    scenario = generate(100_000)
    kept = vars(scenario.incidents)
    assert {type(value) for value in kept["_index"].values()} == {int}
    assert kept["_made"].cache_info().maxsize < 1000
    case = scenario.incidents.case(kept["_ids"][77_777])
    assert case is not None
    assert case.detail["caseType"]
