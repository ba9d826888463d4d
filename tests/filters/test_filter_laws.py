"""Laws that hold for the Python filters on any data (their native forms are equal to them)."""

import json
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import accounts, addresses, dates, envelope, files, names, notes, rows, status
from filters._shared import Fields, missing
from tests.filters import strategies
from tests.filters.harness import exact
from tests.filters.strategies import json_values

law = settings(derandomize=True, deadline=None, max_examples=150, database=None)

CANARY = "canary-7Gq2"


def test_only_four_characters_can_be_the_word_null_in_another_case() -> None:
    lowered = [chr(code).lower() for code in range(sys.maxunicode + 1)]
    assert {low for low in lowered if set(low) <= set("null")} == set("nul")


@law
@given(strategies.texts)
def test_missing_is_no_text_at_all_or_the_word_null(text: str) -> None:
    assert missing(text) == (text.strip().lower() in {"", "null"})


@law
@given(
    st.dictionaries(
        st.sampled_from(["caseId", "caseID", "CASEID", "trackingId", "TrackingId", "case", 1]),
        st.sampled_from([None, False, 0, "", "a"]),
    )
)
def test_a_field_is_the_exact_one_else_the_first_by_code_point_that_is_not_null(
    record: dict[Any, Any],
) -> None:
    def first(name: str) -> Any:
        keys = [key for key in record if str(key).lower() == name.lower()]
        ranked = sorted(keys, key=lambda key: (key != name, key))
        return next((record[key] for key in ranked if record[key] is not None), None)

    expected = {name: first(name) for name in ("trackingId", "caseId")}
    assert exact(list(Fields("trackingId", "caseId").of(record).items())) == exact(
        list(expected.items())
    )


moments = st.datetimes(
    datetime(1, 1, 3),  # noqa: DTZ001 hypothesis asks for bounds without a zone
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=0))
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)


@law
@given(moments, offsets, st.from_regex(r"\A(\.[0-9]{1,9})?\Z"), st.sampled_from("T "))
def test_all_forms_of_one_moment_give_one_stamp(
    moment: datetime, zone: timezone, fraction: str, separator: str
) -> None:
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    plain = moment.strftime("%m-%d %H:%M:%S")
    stamp = f"{moment.year:04d}-{plain}"
    local = moment.astimezone(zone).isoformat()
    forms: list[Any] = [
        stamp + fraction,
        stamp.replace(" ", separator) + fraction + "Z",
        local[:10] + separator + local[11:19] + fraction + local[19:],
    ]
    if seconds and abs(seconds) < 10**11:
        forms += [seconds, str(seconds)]
    if 10**8 <= abs(seconds) < 10**11:
        forms += [seconds * 1000 + 999, str(seconds * 1000)]
    assert {dates.stamp(form) for form in forms} == {stamp}
    assert {dates.epoch(form) for form in forms} == {seconds}


@law
@given(strategies.dates)
def test_a_stamp_reads_back_as_its_own_moment(value: Any) -> None:
    assert dates.epoch(dates.stamp(value)) == dates.epoch(value)


@law
@given(strategies.dates)
def test_a_date_that_is_read_is_never_called_unreadable(value: Any) -> None:
    assert not (dates.remarks({"date": value}) and dates.epoch(value) is not None)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("case", strategies.raw_cases),
        ("message", strategies.raw_messages),
        ("dlr", strategies.raw_dlrs),
    ],
)
def test_naming_a_named_record_changes_nothing(name: str, raw: st.SearchStrategy[Any]) -> None:
    named = getattr(names, name)

    @law
    @given(raw)
    def idempotent(value: Any) -> None:
        once = named(value)
        if once["error"] is None:
            assert exact(named(once["value"])) == exact(once)
        else:
            assert once["value"] is None

    idempotent()


@law
@given(
    st.text(min_size=1),
    st.sampled_from(["dataLossRecoveryDetail", "dataLossRecoveryPrimaryDetail"]),
)
def test_no_field_beside_the_mapped_ones_survives(key: str, rows_name: str) -> None:
    blank = names.dlr({rows_name: [{}]})["value"]
    known = {name.lower() for name in (*blank, *blank[rows_name][0])}
    if key.lower() not in known:
        record = {key: CANARY, rows_name: [{key: CANARY, "cardNumber": CANARY, "cvv": CANARY}]}
        assert names.dlr(record)["value"] == blank


@law
@given(st.lists(strategies.list_rows, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_list_rows_does_not_matter(value: list[Any], random: Any) -> None:
    def listed(raw: list[Any]) -> list[Any]:
        good = [case for case in rows.cases(raw) if case["error"] is None]
        return [(case["updated"], case["caseId"].strip()) for case in good]

    shuffled = value[:]
    random.shuffle(shuffled)
    assert listed(shuffled) == listed(value) == listed(value + value)
    assert len({case_id for _, case_id in listed(value)}) == len(listed(value))


@law
@given(
    st.lists(strategies.messages, max_size=6),
    st.sampled_from(["a", "x" * 200, ""]),
    st.randoms(use_true_random=False),
)
def test_notes_depend_on_neither_order_nor_repetition_and_have_values_of_their_own(
    messages: list[Any], case_id: str, random: Any
) -> None:
    made = notes.for_case({"caseId": case_id, "messages": messages})
    shuffled = messages + messages[:2]
    random.shuffle(shuffled)
    assert exact(notes.for_case({"caseId": case_id, "messages": shuffled})) == exact(made)
    values = [note["value"] for note in made]
    assert len(set(values)) == len(values)
    assert all(case_id in value and 0 < len(value) <= notes.LONGEST for value in values)


@law
@given(strategies.file_names)
def test_a_file_name_is_safe_and_stays_when_made_safe_again(original: Any) -> None:
    def name(raw: Any) -> Any:
        return files.for_case({"files": [{"originalFilename": raw}]})[0]["name"]

    safe = name(original)
    assert 0 < len(safe) <= files.LONGEST
    assert not set(safe) & {"/", "\\", "\0", "\n", "\u202e"}
    assert safe.strip(".")
    assert safe == safe.strip()
    # `null` is a name on its way in only when something stands before its last separator
    assert name(safe) == safe or safe.lower() == "null"


@law
@given(strategies.addresses)
def test_splitting_what_was_split_changes_nothing(value: Any) -> None:
    found = addresses.split(value)
    for kind, parts in found.items():
        again = addresses.split(", ".join(parts))
        assert again == {"ipv4": [], "ipv6": [], "other": [], kind: parts}


@law
@given(strategies.records)
def test_every_account_row_is_met_once(value: Any) -> None:
    made = accounts.per_row(value)
    assert len({exact(copy) for copy in made}) == len(made)
    assert all("dataLossRecoveryPrimaryDetail" not in copy for copy in made)
    assert exact(accounts.per_row(value)) == exact(made)


@law
@given(json_values, st.sampled_from([True, False, None, "false", 3]))
def test_an_error_of_the_envelope_never_quotes_its_data(data: Any, success: Any) -> None:
    answer = {"result": [CANARY, data], CANARY: CANARY, "success": success, "errorCode": "E"}
    for opened in (envelope.rows, envelope.record, envelope.token):
        assert CANARY not in str(opened(answer)["error"])


@law
@given(strategies.texts, strategies.texts)
def test_an_error_of_the_envelope_is_one_short_line(code: str, message: str) -> None:
    answer = {"success": False, "errorCode": code * 50, "message": message * 50}
    error = envelope.rows(answer)["error"]
    assert len(error) < 450
    assert len(error.splitlines()) == 1


@law
@given(json_values)
def test_a_file_that_is_a_successful_answer_is_no_error(data: Any) -> None:
    content = json.dumps({"data": {"success": False, "x": data}, "success": True}).encode()
    assert envelope.file_error(content) is None
    failed = json.dumps({"data": data, "success": False}).encode()
    assert envelope.file_error(failed) is not None


@law
@given(strategies.logs)
def test_the_newest_status_stays_when_older_or_empty_entries_come(value: Any) -> None:
    found = status.newest(value)
    if found is not None:
        oldest = {"incidentStatusDescription": CANARY, "updatedOn": None}
        empty = {"incidentStatusDescription": " ", "updatedOn": "253402300799"}
        assert status.newest([oldest, empty, *value, empty]) == found
