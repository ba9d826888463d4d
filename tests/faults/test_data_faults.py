"""F21 to F25, F29, F31, F33 and F34: data that is odd, drifts, or comes twice."""

import itertools
from typing import Any

import pytest

from tests.support.benches import BAD, DLR_BAD, Bench, envelope, leak
from tests.support.sites import HOUR
from tests.support.tenants import CLOCK, Object, attributes

# one second of 2025-08-14, in every form that a date may take (I-17)
MOMENT = 1_755_168_791
NULLS: list[Any] = [None, "", "  ", "\t\r\n", "null", "NULL"]
TEXTS = {
    "IDN and emoji": "https://b\u00fccher.example.com/\U0001f4e7?x=\u00df",
    "CJK": "\u4f8b\u793a\u54c1\u724c",
    "combining marks": "e\u0301\u0323 o\u0308",
    "right to left": "\u05d0\u05d1 \u202eabc",
    "HTML": "<script>alert('x')</script> &amp; <b>bold</b>",
    "Jinja": "{{ 7 * 7 }} {% for x in y %} {# z #}",
    "control characters": "a\x07b\x1bc\x7f",
    "NUL": "a\x00b",
    "quotes": "\"'`; DROP TABLE object; --",
}


def fields_of(one: Object) -> set[str]:
    return set(attributes(one))


@pytest.mark.parametrize("what", TEXTS)
def test_f21_texts_are_kept_as_they_are(bench: Bench, what: str) -> None:
    text = TEXTS[what]
    bench.state.update_case(BAD, CLOCK - HOUR, url=text, description=text, brand=text)
    bench.state.add_message(BAD, {"subject": "Note", "message": text, "createdOn": str(MOMENT)})
    outcome = bench.run()
    case = outcome.one("incident", BAD)
    assert attributes(case)["URL"] == attributes(case)["Brand"] == [text]
    assert case["description"] == text
    assert outcome.one("note", f"2025-08-14 10:53:11 - Note - {BAD}")["description"] == text
    assert outcome.summary.exit_code == 0
    row = {"email": "x@example.com", "websiteOrServer": text}
    bench.state.update_dlr(DLR_BAD, CLOCK - HOUR, dataLossRecoveryDetail=[row])
    leaked = bench.run("dlr")
    assert text in itertools.chain(*attributes(leaked.one("account", "x@example.com")).values())


@pytest.mark.parametrize("where", ["detail", "message", "file"])
def test_f21_a_lone_surrogate_is_replaced(bench: Bench, where: str) -> None:
    if where == "detail":
        bench.state.update_case(BAD, CLOCK - HOUR, brand="a\ud800b", description="\udfff")
    elif where == "message":
        bench.state.add_message(BAD, {"subject": "a\ud800b", "createdOn": str(MOMENT)})
    else:
        bench.state.add_file(BAD, {"originalFilename": f"{BAD}\ud800b.txt"}, b"x")
    outcome = bench.run()
    assert "\ufffd" in outcome.text
    assert outcome.summary.exit_code == 0
    assert bench.others_are_complete(outcome)


def test_f21_a_case_whose_id_cannot_be_sent_fails_alone_and_once(bench: Bench) -> None:
    bench.state.put_case("caSe0bad\ud800", {"brand": "x"}, CLOCK - HOUR)
    outcome = bench.run()
    assert (outcome.summary.exit_code, outcome.summary.failed) == (3, 1)
    assert outcome.heard("failure: case caSe0bad\\ud800: ", "cannot be sent")
    assert bench.is_complete(outcome)


def test_f21_a_message_of_one_megabyte_is_cut_visibly(bench: Bench) -> None:
    message = {"subject": "Long", "message": "x" * 1_000_000, "createdOn": str(MOMENT)}
    bench.state.add_message(BAD, message)
    outcome = bench.run()
    assert outcome.one("note", f"2025-08-14 10:53:11 - Long - {BAD}")["description"].endswith(
        " [cut]"
    )
    assert outcome.heard(f"warning: case {BAD}")
    assert outcome.summary.exit_code == 0
    assert bench.others_are_complete(outcome)


def test_f22_a_case_listed_twice_is_one_case_and_is_asked_for_once(bench: Bench) -> None:
    bench.state.list_case(BAD, CLOCK - 9 * HOUR)
    bench.state.list_case(BAD, CLOCK - 3 * HOUR)
    outcome = bench.run()
    assert bench.is_complete(outcome)
    asked = [request.query.get("caseid") for request in bench.emulator.requests]
    assert asked.count(BAD) == 2  # its detail and its messages


def test_f22_a_case_in_two_windows_is_one_case_and_read_for_each_update(bench: Bench) -> None:
    bench.state.list_case(BAD, CLOCK - 50 * 24 * HOUR)
    outcome = bench.site().run(CLOCK - 60 * 24 * HOUR)
    assert outcome.summary.windows == 3
    details = [r for r in bench.emulator.requests if r.endpoint == "CaseDetail"]
    assert [r.query["caseid"] for r in details].count(BAD) == 2
    assert bench.is_complete(outcome)


def test_f22_a_message_a_file_and_an_account_that_come_twice_are_there_once(bench: Bench) -> None:
    bench.state.add_message(BAD, dict(bench.state.incidents.case(BAD).messages[0]))  # type: ignore[union-attr]
    case = bench.state.incidents.case(BAD)
    assert case is not None
    bench.state.add_file(BAD, dict(case.detail["caseFiles"][0]), BAD.encode())
    assert bench.is_complete(bench.run())
    rows = leak(DLR_BAD)["dataLossRecoveryDetail"]
    bench.state.update_dlr(
        DLR_BAD, dataLossRecoveryPrimaryDetail=rows, dataLossRecoveryDetail=rows + rows
    )
    assert bench.is_complete(bench.run("dlr"), "dlr")


@pytest.mark.parametrize("null", NULLS)
def test_f23_what_is_missing_makes_no_attribute(bench: Bench, null: Any) -> None:
    names = ("url", "brand", "clientRef", "upTime", "webhost", "ipAddress", "description")
    bench.state.update_case(BAD, CLOCK - 3 * HOUR, **dict.fromkeys(names, null))
    outcome = bench.run()
    assert outcome.summary.exit_code == 0
    assert fields_of(outcome.one("incident", BAD)) == {"Case ID", "Status"}
    assert bench.others_are_complete(outcome)
    bench.state.update_dlr(
        DLR_BAD, dataLossRecoveryDetail=[{"email": "x@example.com", "password": null}]
    )
    account = bench.run("dlr").one("account", "x@example.com")
    assert "Password" not in fields_of(account)


def test_f23_not_available_is_a_text_like_any_other(bench: Bench) -> None:
    bench.state.update_case(BAD, CLOCK - 3 * HOUR, brand="N/A")
    assert attributes(bench.run().one("incident", BAD))["Brand"] == ["N/A"]


VARIANTS = [str, str.lower, str.upper, lambda name: name[0].upper() + name[1:]]


@pytest.mark.parametrize("variant", VARIANTS)
def test_f24_names_are_read_in_any_case(bench: Bench, variant: Any) -> None:
    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {variant(key): renamed(inner) for key, inner in value.items()}
        return [renamed(inner) for inner in value] if isinstance(value, list) else value

    case = bench.state.incidents.case(BAD)
    assert case is not None
    detail = {**case.detail, "caseFiles": None}
    bench.state.add_fault(
        "envelope", endpoint="CaseDetail", case=BAD, json=renamed(envelope(detail))
    )
    messages = [{**message} for message in case.messages]
    bench.state.add_fault(
        "envelope", endpoint="FetchCaseCommunications", case=BAD, json=renamed(envelope(messages))
    )
    outcome = bench.run()
    assert outcome.summary.exit_code == 0
    assert [one for one in outcome.objects if one["type"] == "note"] == [
        one for one in bench.calm() if one["type"] == "note"
    ]
    bench.state.add_fault(
        "envelope", endpoint="DLRDetail", case=DLR_BAD, json=renamed(envelope(leak(DLR_BAD)))
    )
    assert bench.is_complete(bench.run("dlr"), "dlr")


DATES: dict[Any, str | None] = {
    MOMENT: "2025-08-14 10:53:11",
    str(MOMENT): "2025-08-14 10:53:11",
    f"{MOMENT}000": "2025-08-14 10:53:11",
    "2025-08-14T10:53:11Z": "2025-08-14 10:53:11",
    "2025-08-14 10:53:11": "2025-08-14 10:53:11",
    "2025-08-14T12:53:11.5+02:00": "2025-08-14 10:53:11",
    "2025-08-14": "2025-08-14 00:00:00",
    "4102444800": "2100-01-01 00:00:00",
    "0001-01-01T00:00:00": None,
    "-86400": None,
    "1970-01-01T00:00:00Z": None,
    0: None,
    "0": None,
    "": None,
    None: None,
    "soon": None,
    "14/08/2025": None,
    "99999999999999999": None,
}


@pytest.mark.parametrize("date", DATES, ids=str)
def test_f25_a_date_is_read_in_every_form_or_left_out(bench: Bench, date: Any) -> None:
    bench.state.update_case(BAD, CLOCK - 3 * HOUR, addedDate=date, detectionDate=date)
    outcome = bench.run()
    assert outcome.one("incident", BAD)["published_at"] == DATES[date]
    assert outcome.summary.exit_code == 0
    assert bench.others_are_complete(outcome)


@pytest.mark.parametrize("date", [date for date, read in DATES.items() if read], ids=str)
def test_f25_the_date_of_a_row_is_read_in_every_form(bench: Bench, date: Any) -> None:
    rows = [{"caseId": BAD, "updatedAt": date}]
    bench.state.add_fault("envelope", endpoint="CaseSync", json=envelope(rows))
    outcome = bench.run()
    # an update that cannot be belongs to no window, and is no reason to leave the case out
    odd = DATES[date] == "2100-01-01 00:00:00"
    inside = DATES[date] in ("2025-08-14 10:53:11", "2025-08-14 00:00:00")
    assert [one["value"] for one in outcome.all("incident")] == [BAD] * (inside or odd)
    assert bool(outcome.heard(f"case {BAD}: its update time is")) is odd
    assert outcome.summary.exit_code == 0


def test_f29_what_changes_is_replaced_and_the_old_address_stays_related(bench: Bench) -> None:
    site = bench.site()
    steps: list[dict[str, Any]] = [
        {"statusDescription": "Open", "url": "https://a.example.com", "ipAddress": None},
        {"statusDescription": "Closed", "ipAddress": "192.0.2.1", "upTime": "1 day"},
        {"statusDescription": None, "url": "https://b.example.com", "ipAddress": "192.0.2.2"},
        {"url": "", "upTime": "2 days", "progressStage": "Done"},
    ]
    for fields in steps:
        bench.state.update_case(BAD, CLOCK - 3 * HOUR, **fields)
        outcome = bench.run(site=site)
    case = outcome.one("incident", BAD)
    found = attributes(case)
    assert found["Status"] == ["Closed"]
    assert found["URL"] == ["https://b.example.com"]
    assert (found["Up Time"], found["Progress Stage"]) == (["2 days"], ["Done"])
    related = [one["value"] for one in case["related"] if one["type"] == "indicator"]
    assert related == ["192.0.2.1", "192.0.2.2"]


ODD_IDS = ["a+b/c d", "a&b=c", "50%25", "\u4f8b\u793a\u00e9", "a#b?c", "'\"<>", "..", "a;b,c"]


@pytest.mark.parametrize("case_id", ODD_IDS)
def test_f31_ids_are_encoded(bench: Bench, case_id: str) -> None:
    bench.state.put_case(case_id, {"brand": "Odd", "addedDate": "1754800000"}, CLOCK - HOUR)
    bench.state.add_message(case_id, {"subject": "Odd", "createdOn": str(MOMENT)})
    outcome = bench.run()
    assert outcome.summary.exit_code == 0
    assert attributes(outcome.one("incident", case_id))["Case ID"] == [case_id]
    assert outcome.one("note", f"2025-08-14 10:53:11 - Odd - {case_id}")
    dlr_id = f"DLR#{case_id}"
    bench.state.put_dlr(dlr_id, {**leak(dlr_id), "trackingID": case_id}, CLOCK - HOUR)
    leaked = bench.run("dlr")
    assert leaked.summary.exit_code == 0
    assert leaked.one("account", f"{case_id}@example.com")


def test_f31_ids_that_differ_in_case_alone_are_two_cases(bench: Bench) -> None:
    for case_id in ("odd00001", "ODD00001"):
        bench.state.put_case(case_id, {"brand": case_id}, CLOCK - HOUR)
    outcome = bench.run()
    found = [attributes(outcome.one("incident", one))["Brand"] for one in ("odd00001", "ODD00001")]
    assert found == [["odd00001"], ["ODD00001"]]


@pytest.mark.parametrize("case_type", [6, "6", " 6 "])
def test_f33_a_case_type_is_read_as_number_and_as_text(bench: Bench, case_type: Any) -> None:
    bench.state.update_case(BAD, CLOCK - 3 * HOUR, caseType=case_type, caseDescription=None)
    assert attributes(bench.run().one("incident", BAD))["Case Type"] == ["Incident"]


@pytest.mark.parametrize(
    ("detected_by", "shown"),
    [(1, "iZoo"), ("1", "iZoo"), (2, "Client"), ("2", "Client"), ("Client", "Client"), (5, "5")],
)
def test_f33_detected_by_is_read_as_number_and_as_text(
    bench: Bench, detected_by: Any, shown: str
) -> None:
    bench.state.update_case(BAD, CLOCK - 3 * HOUR, detectedBy=detected_by)
    assert attributes(bench.run().one("incident", BAD))["Detected By"] == [shown]


@pytest.mark.parametrize("flag", [True, "false", None, 0, {}])
def test_f33_a_screenshot_is_a_file_whatever_its_flag_says(bench: Bench, flag: Any) -> None:
    entry = {"originalFilename": "shot.png", "isCaseScreenshot": flag}
    bench.state.add_file(BAD, entry, b"png")
    outcome = bench.run()
    assert outcome.one("attachment", "shot.png")["size"] == 3
    assert outcome.summary.exit_code == 0


@pytest.mark.parametrize(("flag", "shown"), [(True, "true"), (False, "false"), ("false", "false")])
def test_f33_an_executive_account_is_told_by_boolean_and_by_text(
    bench: Bench, flag: Any, shown: str
) -> None:
    row = {"email": "x@example.com", "isExecutiveAccount": flag}
    bench.state.update_dlr(
        DLR_BAD, dataLossRecoveryDetail=[row], totalRecords="1500", totalPublicAccounts=None
    )
    outcome = bench.run("dlr")
    assert attributes(outcome.one("account", "x@example.com"))["Is Executive Account"] == [shown]
    assert outcome.summary.exit_code == 0


def test_f33_no_executive_flag_is_no_attribute(bench: Bench) -> None:
    row = {"email": "x@example.com", "isExecutiveAccount": None}
    bench.state.update_dlr(DLR_BAD, dataLossRecoveryDetail=[row])
    assert "Is Executive Account" not in fields_of(bench.run("dlr").one("account", "x@example.com"))


@pytest.mark.parametrize("nothing", [None, [], {}, "missing"])
@pytest.mark.parametrize("name", ["incidentStatusLogs", "caseFiles"])
def test_f34_no_logs_and_no_files_are_empty(bench: Bench, name: str, nothing: Any) -> None:
    change: dict[str, Any] = {"drop": [name]} if nothing == "missing" else {"put": {name: nothing}}
    bench.state.add_fault("fields", endpoint="CaseDetail", case=BAD, **change)
    outcome = bench.run()
    assert (outcome.summary.exit_code, outcome.summary.failures) == (0, 0)
    assert bench.others_are_complete(outcome)
    assert attributes(outcome.one("incident", BAD))["Status"] == ["Open"]


@pytest.mark.parametrize("nothing", [None, [], {}, "missing"])
def test_f34_a_leak_without_rows_is_empty(bench: Bench, nothing: Any) -> None:
    name = "dataLossRecoveryDetail"
    change: dict[str, Any] = {"drop": [name]} if nothing == "missing" else {"put": {name: nothing}}
    bench.state.add_fault("fields", endpoint="DLRDetail", case=DLR_BAD, **change)
    outcome = bench.run("dlr")
    assert (outcome.summary.exit_code, len(outcome.all("account"))) == (0, 2)
    assert bench.others_are_complete(outcome, "dlr")
