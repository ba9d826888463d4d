"""The notes that the communications of a case become: values, texts, times, which are asked for."""

from typing import Any

import pytest

from izoologic_cdf.runtime.plan import whole
from izoologic_cdf.runtime.windows import DAY
from tests.support.tenants import ASKED, CASE, CLOCK, Outcome, Tenant, attributes

MIDNIGHT = CLOCK - CLOCK % DAY
AT = "1754490523"
WHEN = "2025-08-06 14:28:43"


def noted(tenant: Tenant, *messages: dict[str, Any]) -> Outcome:
    """Run over a case with these messages."""
    tenant.state.put_case(CASE, {"url": "u"})
    for message in messages:
        tenant.state.add_message(CASE, {"createdOn": AT, **message})
    return tenant.sync("incident")


@pytest.mark.parametrize("length", [30, 31, 100, 210])
def test_a_note_of_a_case_with_a_long_id_fits(tenant: Tenant, length: int) -> None:
    case = "x" * length
    tenant.state.put_case(case, {"url": "u"})
    for subject in ("s" * 300, "s" * (228 - length) + " - tail"):
        tenant.state.add_message(case, {"createdOn": AT, "subject": subject})
    outcome = tenant.sync("incident")
    assert (outcome.summary.exit_code, outcome.said) == (0, [])
    written = outcome.all("note")
    assert len(written) == 2
    for note in written:
        assert len(note["value"]) <= 255
        assert note["value"].endswith(f"s - {case}")


def notes(outcome: Outcome) -> list[tuple[str, str | None]]:
    """Return value and description of all notes."""
    return [(note["value"], note["description"]) for note in outcome.all("note")]


@pytest.mark.parametrize(
    ("message", "value"),
    [
        ({"subject": "Hello"}, f"{WHEN} - Hello - {CASE}"),
        ({"subject": "Incident Acknowledgement - "}, f"{WHEN} - Incident Acknowledgement - {CASE}"),
        ({"subject": " Re: - a -- - "}, f"{WHEN} - Re: - a - {CASE}"),
        ({"subject": "- a list"}, f"{WHEN} - - a list - {CASE}"),
        ({"subject": 7.0}, f"{WHEN} - 7 - {CASE}"),
        ({"subject": f"File for {CASE}"}, f"{WHEN} - File for {CASE}"),
        ({"subject": f"File for {CASE} - "}, f"{WHEN} - File for {CASE}"),
        ({"subject": f"File for {CASE.lower()}"}, f"{WHEN} - File for {CASE.lower()} - {CASE}"),
        ({"subject": ""}, f"{WHEN} - (no subject) - {CASE}"),
        ({"subject": " - "}, f"{WHEN} - (no subject) - {CASE}"),
        ({"subject": None}, f"{WHEN} - (no subject) - {CASE}"),
        ({}, f"{WHEN} - (no subject) - {CASE}"),
        ({"subject": "Hello", "createdOn": None}, f"Hello - {CASE}"),
        ({"subject": "Hello", "createdOn": ""}, f"Hello - {CASE}"),
        (
            {"subject": "Hello", "createdOn": "2025-08-06T16:28:43+02:00"},
            f"{WHEN} - Hello - {CASE}",
        ),
        ({"subject": "x" * 300}, f"{WHEN} - {'x' * 200} - {CASE}"),
        ({"subject": "x" * 191 + CASE}, f"{WHEN} - {'x' * 191}{CASE}"),
        ({"subject": "x" * 192 + CASE}, f"{WHEN} - {'x' * 192}{CASE[:8]} - {CASE}"),
        ({"subject": "x" * 199 + "- " + "y"}, f"{WHEN} - {'x' * 199} - {CASE}"),
        ({"subject": "例" * 300, "createdOn": None}, f"{'例' * 200} - {CASE}"),
    ],
)
def test_a_note_is_named_by_time_subject_and_case_id(
    tenant: Tenant, message: dict[str, Any], value: str
) -> None:
    outcome = noted(tenant, message)
    note = outcome.one("note")
    assert note["value"] == value
    assert note["published_at"] == (WHEN if value.startswith(WHEN) else None)
    assert (outcome.summary.outcome, outcome.said) == ("complete", [])


@pytest.mark.parametrize(("written", "warned"), [("0", False), (False, False), ("soon", True)])
def test_a_note_without_a_readable_date_is_kept_and_warned_of_where_one_was_due(
    tenant: Tenant, written: Any, warned: bool
) -> None:
    rows = [{"caseID": CASE, "createdOn": written, "subject": "Hello"}]
    tenant.state.put_case(CASE, {"url": "u"})
    tenant.state.add_fault(
        "envelope", endpoint="FetchCaseCommunications", json={"result": rows, "success": True}
    )
    outcome = tenant.sync("incident")
    assert outcome.one("note")["value"] == f"Hello - {CASE}"
    assert len(outcome.said) == warned
    assert bool(outcome.heard("warning:", f"case {CASE}:", "createdOn")) == warned


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("one\r\ntwo\r\n", "one\ntwo"),
        ("  one\n\n two \t\r\n ", "  one\n\n two"),
        ("<p>Hello &amp; goodbye</p>", "<p>Hello &amp; goodbye</p>"),
        ("N/A", "N/A"),
        ("null", None),
        (" \r\n ", None),
        (None, None),
        ("m" * 65_536, "m" * 32_590 + " [cut]"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_message_becomes_the_description_with_its_end_stripped(
    tenant: Tenant, text: str | None, description: str | None
) -> None:
    outcome = noted(tenant, {"subject": "S", "message": text})
    assert outcome.one("note")["description"] == description


@pytest.mark.parametrize("field", ["message", "subject", "brand", "postedBy"])
@pytest.mark.parametrize("value", [{"text": "x"}, ["x"]], ids=repr)
def test_a_part_of_a_message_that_is_an_object_or_a_list_is_ignored_with_a_warning(
    tenant: Tenant, field: str, value: Any
) -> None:
    whole = {"subject": "S", "message": "M", "brand": "B", "postedBy": "P"}
    note = noted(tenant, whole | {field: value})
    assert "x" not in str((note.one("note")["value"], note.one("note")["description"]))
    assert len(note.one("note")["attributes"]) == (1 if field in ("brand", "postedBy") else 2)
    assert len(note.heard("warning:", f"case {CASE}:", field.lower())) == len(note.said) == 1


def test_messages_of_one_second_and_subject_are_one_note_whatever_their_order(
    tenant: Tenant,
) -> None:
    messages: list[dict[str, Any]] = [
        {"subject": "S", "message": "b", "postedBy": "y@example.com"},
        {"subject": "S", "message": "a", "postedBy": "y@example.com"},
        {"subject": "S -", "message": "b", "postedBy": "x@example.com"},
        {"subject": "s", "message": "c", "brand": "B"},
        {"subject": "S", "message": None, "brand": "A"},
        {"subject": "T", "message": "a"},
        {"subject": "S", "message": "a", "createdOn": str(int(AT) + 1)},
    ]
    expected = [
        (f"{WHEN} - S - {CASE}", "a\n\nb\n\nc"),
        (f"{WHEN} - T - {CASE}", "a"),
        (f"{WHEN[:-1]}4 - S - {CASE}", "a"),
    ]
    forth = noted(tenant, *messages)
    assert notes(forth) == expected
    found = [attributes(note) for note in forth.all("note")]
    posted = ["x@example.com", "y@example.com"]
    assert found == [{"Brand": ["A", "B"], "Posted By": posted}, {}, {}]
    tenant.state.reset()
    assert noted(tenant, *reversed(messages)).text == forth.text


def test_subjects_that_are_equal_where_they_are_cut_are_one_note(tenant: Tenant) -> None:
    outcome = noted(
        tenant, {"subject": "x" * 201, "message": "a"}, {"subject": "x" * 300, "message": "b"}
    )
    assert notes(outcome) == [(f"{WHEN} - {'x' * 200} - {CASE}", "a\n\nb")]


@pytest.mark.parametrize("name", ["caseID", "caseId", "CASEID"])
def test_messages_of_another_case_are_refused_and_the_parameter_is_named(
    tenant: Tenant, name: str
) -> None:
    for case_id in ("case1", "case2"):
        tenant.state.put_case(case_id, {"url": "u"})
    rows = [{name: case_id, "subject": "S"} for case_id in ("case1", "case2")]
    envelope = {"result": rows, "success": True}
    tenant.state.add_fault(
        "envelope", endpoint="FetchCaseCommunications", case="case1", json=envelope
    )
    outcome = tenant.sync("incident")
    assert [one["value"] for one in outcome.objects] == ["case1", "case2"]
    assert outcome.heard("failure:", "case case1:", "of another case", "parameter caseid ")
    assert outcome.summary.exit_code == 3


@pytest.mark.parametrize("told", [f" {CASE}\n", None, ""], ids=repr)
def test_messages_that_say_their_case_or_none_are_kept(tenant: Tenant, told: Any) -> None:
    outcome = noted(tenant, {"caseID": told, "subject": "S"})
    assert notes(outcome) == [(f"{WHEN} - S - {CASE}", None)]


def test_equal_messages_are_one_note(tenant: Tenant) -> None:
    message = {"subject": "S", "message": "M", "brand": "B", "postedBy": "P"}
    assert (
        len(noted(tenant, message, dict(message), message | {"message": "M\r\n"}).all("note")) == 1
    )


def test_one_acknowledgement_of_many_cases_is_a_note_of_each(tenant: Tenant) -> None:
    for case_id in ("case1", "case2"):
        tenant.state.put_case(case_id, {"url": "u"})
        tenant.state.add_message(case_id, {"createdOn": AT, "subject": "Acknowledged"})
    outcome = tenant.sync("incident")
    related = {note["value"]: note["related"] for note in outcome.all("note")}
    assert related == {
        f"{WHEN} - Acknowledged - {case_id}": [{"type": "incident", "value": case_id}]
        for case_id in ("case1", "case2")
    }


@pytest.mark.parametrize("until", [CLOCK, MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + 1])
@pytest.mark.parametrize("day_rounding", [True, False])
def test_messages_of_the_whole_asked_range_are_kept_and_no_others(
    tenant: Tenant, day_rounding: bool, until: int
) -> None:
    # 100 days in several windows; the case is listed in the last of them alone
    asked = whole(until - 100 * DAY, until)
    tenant.state.set_clock(until)
    midnight = asked.asked.since - asked.asked.since % DAY
    inside = {
        midnight,
        asked.asked.since,
        asked.asked.since + 40 * DAY,
        until - DAY,
        until - 60,
        until,
    }
    outside = {midnight - 1, midnight - 40 * DAY}
    tenant.state.set_options(day_rounding=day_rounding)
    tenant.state.put_case(CASE, {"url": "u"})
    for at in inside | outside:
        tenant.state.add_message(CASE, {"createdOn": str(at), "subject": f"at {at}"})
    outcome = tenant.sync("incident", asked=asked)
    assert sorted(note["value"][22:] for note in outcome.all("note")) == sorted(
        f"at {at} - {CASE}" for at in inside
    )
    assert outcome.summary.outcome == "complete"


@pytest.mark.parametrize(
    ("detected", "added", "windows"), [(10, None, 1), (None, 10, 1), (10, 40, 2), (40, 10, 2)]
)
def test_messages_are_asked_for_from_a_day_before_the_earlier_date_of_the_case(
    tenant: Tenant, detected: int | None, added: int | None, windows: int
) -> None:
    asked = whole(CLOCK - 300 * DAY, CLOCK)
    dates = {"detectionDate": detected, "addedDate": added}
    detail = {name: "bad" if ago is None else str(CLOCK - ago * DAY) for name, ago in dates.items()}
    tenant.state.put_case(CASE, detail)
    tenant.sync("incident", asked=asked)
    assert tenant.asked_endpoints.count("FetchCaseCommunications") == windows


def test_a_message_without_a_date_is_one_note_however_many_windows_tell_it(tenant: Tenant) -> None:
    tenant.state.put_case(CASE, {"url": "u"})
    tenant.state.add_message(CASE, {"createdOn": None, "subject": "S", "message": "M"})
    asked = whole(CLOCK - 100 * DAY, CLOCK)
    assert notes(tenant.sync("incident", asked=asked)) == [(f"S - {CASE}", "M")]


def test_messages_that_cannot_be_had_are_deferred_and_their_case_is_ingested(
    tenant: Tenant,
) -> None:
    for case_id in ("case1", "case2"):
        tenant.state.put_case(case_id, {"url": "u"})
    tenant.state.add_fault(
        "envelope",
        endpoint="FetchCaseCommunications",
        case="case1",
        json={"result": None, "success": False, "errorCode": "iZOO4711", "message": "Broken"},
    )
    outcome = tenant.sync("incident", asked=ASKED)
    assert [one["value"] for one in outcome.objects] == ["case1", "case2"]
    assert outcome.heard("failure:", "case case1:", "iZOO4711", "Broken", "messages are missing")
    assert outcome.summary.exit_code == 3
