"""D 16 and 17: files are told apart by their bytes, and answers about another case are refused."""

import hashlib
import itertools
import re
from typing import Any

import pytest

from tests.support.benches import BAD, DLR_BAD, DLR_GOOD, GOOD, Bench
from tests.support.sites import HOUR, Site
from tests.support.tenants import CLOCK, Outcome

DOWNLOAD = "DownloadCaseFile"
NAME = "screen.png"
ENTRY = {"originalFilename": NAME, "dateUploaded": str(CLOCK - HOUR)}
SIZES = {"small": 300, "large": 150_000}


def content(number: int, size: str = "small") -> bytes:
    return bytes([number]) * SIZES[size]


def digests(outcome: Outcome) -> list[Any]:
    """Return the digests of all attachments of that name, sorted; None for one without bytes."""
    found = [one["sha256"] for one in outcome.objects if one["value"] == NAME]
    return sorted(found, key=str)


def expected(*contents: bytes) -> list[str]:
    return sorted(hashlib.sha256(one).hexdigest() for one in contents)


def relist(bench: Bench, *contents: bytes) -> None:
    """Let the case list these files, in this order, and be updated."""
    case = bench.state.incidents.edit(BAD)
    case.detail["caseFiles"] = [dict(ENTRY) for _ in contents]
    case.contents[:] = list(contents)
    bench.state.list_case(BAD, CLOCK - HOUR)


# --- 16 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", [2, 3])
def test_16_files_of_one_name_and_second_are_kept_apart_by_their_bytes(
    bench: Bench, count: int, size: str
) -> None:
    contents = [content(number, size) for number in range(count)]
    relist(bench, *contents)
    site = bench.site()
    outcome = bench.run(site=site)
    assert outcome.summary.exit_code == 0
    assert digests(outcome) == expected(*contents)
    assert len(outcome.one("incident", BAD)["related"]) >= count
    # what is there is not fetched again, in whatever order the API lists it
    for order in itertools.permutations(contents):
        relist(bench, *order)
        before = bench.count(DOWNLOAD)
        assert digests(bench.run(site=site)) == expected(*contents)
        assert bench.count(DOWNLOAD) == before


def test_16_a_file_that_is_listed_twice_is_one_attachment_and_fetched_once_more_at_most(
    bench: Bench,
) -> None:
    relist(bench, content(1), content(1))
    site = bench.site()
    assert digests(bench.run(site=site)) == expected(content(1))
    before = bench.count(DOWNLOAD)
    assert digests(bench.run(site=site)) == expected(content(1))
    assert bench.count(DOWNLOAD) == before


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_16_a_file_that_joins_others_of_its_name_is_found_wherever_it_is_listed(
    bench: Bench, order: tuple[int, ...]
) -> None:
    contents = [content(number) for number in range(3)]
    site = bench.site()
    relist(bench, contents[0])
    assert digests(bench.run(site=site)) == expected(contents[0])
    relist(bench, *contents[:2])
    assert digests(bench.run(site=site)) == expected(*contents[:2])
    relist(bench, *(contents[number] for number in order))
    assert digests(bench.run(site=site)) == expected(*contents)


@pytest.mark.parametrize("nth", [1, 2])
def test_16_of_two_such_files_one_may_fail_and_comes_with_the_next_run(
    bench: Bench, nth: int
) -> None:
    relist(bench, content(1), content(2))
    site = bench.site()
    bench.state.add_fault("status", endpoint=DOWNLOAD, case=BAD, status=404, nth=nth)
    outcome = bench.run(site=site)
    assert outcome.summary.exit_code == 3
    assert digests(outcome) == expected(content(3 - nth))
    assert digests(bench.run(site=site)) == expected(content(1), content(2))


def test_16_placeholders_of_two_such_files_become_both(bench: Bench) -> None:
    relist(bench, content(1), content(2))
    site = bench.site()
    bench.state.add_fault("status", endpoint=DOWNLOAD, case=BAD, status=404, count=None)
    assert digests(bench.run(site=site)) == [None]
    bench.state.clear_faults()
    assert digests(bench.run(site=site)) == expected(content(1), content(2))


def test_16_files_of_two_cases_with_one_name_and_equal_bytes_stay_two(bench: Bench) -> None:
    relist(bench, content(1))
    bench.state.add_file(GOOD[0], ENTRY, content(1))
    assert digests(bench.run()) == expected(content(1), content(1))


# --- 17 ------------------------------------------------------------------------------------------


def refused(outcome: Outcome, case: str, parameter: str) -> bool:
    """Return whether a case was refused with the parameter that is to be looked at."""
    about = re.compile(rf"^failure: case {re.escape(case)}: .*another case.*\b{parameter}\b")
    return any(about.search(line) for line in outcome.said)


@pytest.mark.parametrize("name", ["case", None])
def test_17_messages_of_all_cases_in_answer_to_each_are_refused(
    bench: Bench, name: str | None
) -> None:
    bench.state.set_options(renamed={"FetchCaseCommunications.caseid": name}, strict=False)
    outcome = bench.run()
    assert outcome.summary.exit_code == 3
    # the same of all cases is said once
    assert any(refused(outcome, case, "caseid") for case in (*GOOD, BAD))
    assert outcome.heard("the messages of 4 cases are missing for that reason: ")
    # no case got a message, and all else is there
    assert outcome.objects == [
        {**one, "related": [each for each in one["related"] if each["type"] != "note"]}
        for one in bench.calm()
        if one["type"] != "note"
    ]


def test_17_one_message_that_names_another_case_is_refused(bench: Bench) -> None:
    bench.state.add_message(BAD, {"caseID": GOOD[0], "subject": "Astray", "message": "x"})
    outcome = bench.run()
    assert refused(outcome, BAD, "caseid")
    assert not [one for one in outcome.objects if "Astray" in one["value"]]
    assert bench.others_are_complete(outcome)


@pytest.mark.parametrize("row", [{"caseID": f" {BAD} "}, {"caseID": None}, {"caseID": ""}])
def test_17_a_message_that_names_its_case_or_none_is_taken(
    bench: Bench, row: dict[str, Any]
) -> None:
    bench.state.add_message(BAD, {**row, "subject": "Mine", "message": "x"})
    outcome = bench.run()
    assert outcome.summary.exit_code == 0
    assert [one for one in outcome.objects if "Mine" in one["value"]]


def test_17_details_of_one_case_in_answer_to_each_are_refused(bench: Bench) -> None:
    bench.state.set_options(renamed={"CaseDetail.caseid": None}, strict=False)
    outcome = bench.run()
    # an incident does not name its case: the first one may pass, whosever the details are
    cases = [case for case in (*GOOD, BAD) if not refused(outcome, case, "caseid")]
    assert len(cases) == 1
    assert outcome.summary.exit_code == 3
    assert [one["value"] for one in outcome.all("incident")] == cases


def test_17_details_that_are_equal_are_believed_where_another_id_has_none(bench: Bench) -> None:
    equal = dict.fromkeys(("url", "brand", "impact", "statusDescription", "upTime"), "the same")
    for case in (*GOOD, BAD):
        bench.state.put_case(case, equal, CLOCK - HOUR)
    outcome = bench.run()
    assert (outcome.summary.exit_code, outcome.summary.detailed) == (0, 4)
    assert bench.count("CaseDetail") == 5


@pytest.mark.parametrize("name", ["tracking", None])
def test_17_a_leak_in_answer_to_another_is_refused(bench: Bench, name: str | None) -> None:
    bench.state.set_options(renamed={"DLRDetail.trackingid": name}, strict=False)
    outcome = bench.run("dlr")
    # the one case whose details they are may pass
    cases = [case for case in (*DLR_GOOD, DLR_BAD) if not refused(outcome, case, "trackingid")]
    assert len(cases) == 1
    assert outcome.summary.exit_code == 3
    accounts = [one["value"] for one in outcome.objects if one["type"] == "account"]
    assert accounts == [f"{cases[0].removeprefix('DLR#')}@example.com"]


@pytest.mark.parametrize(
    ("fields", "is_own"),
    [
        ({"caseId": DLR_BAD}, True),
        ({"trackingID": "caSe0bad"}, True),
        ({"caseId": DLR_BAD, "trackingID": "caSe0bad"}, True),
        ({}, True),
        ({"caseId": DLR_GOOD[0]}, False),
        ({"trackingID": "caSe0001"}, False),
        ({"CASEID": DLR_GOOD[0], "trackingId": "caSe0001"}, False),
    ],
)
def test_17_the_ids_of_a_leak_tell_whose_it_is(
    bench: Bench, fields: dict[str, Any], is_own: bool
) -> None:
    site = Site(bench.emulator, bench.folder, feed="dlr", load=False)
    detail = {**fields, "dataLossRecoveryDetail": [{"email": "who@example.com"}]}
    bench.state.put_dlr(DLR_BAD, detail, CLOCK - 3 * HOUR)
    outcome = bench.run("dlr", site=site)
    assert refused(outcome, DLR_BAD, "trackingid") is not is_own
    found = [one for one in outcome.objects if one["value"] == "who@example.com"]
    assert bool(found) is is_own
