"""Laws that hold for the Python filters on any data (their native forms are equal to them)."""

import json
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import addresses, dates, envelope, files, names, notes, rows, status
from filters._shared import missing
from tests.filters import strategies
from tests.filters.harness import exact, python
from tests.filters.strategies import INPUTS, json_values

law = settings(max_examples=100)

CANARY = "canary-7Gq2"
UNDATED = {"seconds": 0, "text": None}


def test_only_four_characters_can_be_the_word_null_in_another_case() -> None:
    lowered = [chr(code).lower() for code in range(sys.maxunicode + 1)]
    assert {low for low in lowered if set(low) <= set("null")} == set("nul")


@law
@given(strategies.scalars)
def test_missing_is_null_no_text_the_word_null_and_a_number_without_end(value: Any) -> None:
    endless = str(value) in {"inf", "-inf", "nan"} and not isinstance(value, str)
    word = isinstance(value, str) and value.strip().lower() in {"", "null"}
    assert missing(value) == (value is None or endless or word)


@law
@given(
    st.dictionaries(
        st.sampled_from(["caseId", "caseID", "CASEID", "caseid", "trackingId", "TrackingId"]),
        st.sampled_from([None, False, 0, "", "null", "a"]),
    )
)
def test_a_field_is_the_first_by_code_point_that_is_not_missing(record: dict[str, Any]) -> None:
    def first(folded: str) -> list[Any]:
        values = [record[name] for name in sorted(record) if name.lower() == folded]
        return [value for value in values if not missing(value)][:1]

    expected = {name: one for name in ("caseid", "trackingid") for one in first(name)}
    assert exact(names.fold(record)) == exact(expected)


@law
@given(st.dictionaries(strategies.texts, json_values))
def test_folding_what_is_folded_changes_nothing(value: dict[str, Any]) -> None:
    once = names.fold(value)
    assert exact(names.fold(once)) == exact(once)
    assert not any(missing(one) for one in once.values())
    assert exact(names.rows([once, None])) == exact([once])
    assert exact(names.scalars(names.scalars(value))) == exact(names.scalars(value))


moments = st.datetimes(
    datetime(1970, 1, 1, 0, 0, 1),  # noqa: DTZ001 - hypothesis asks for bounds without a zone
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=0))
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)


@law
@given(moments, offsets, st.from_regex(r"\A(\.[0-9]{1,30})?\Z"), st.sampled_from("T "))
def test_all_forms_of_one_moment_are_read_alike(
    moment: datetime, zone: timezone, fraction: str, separator: str
) -> None:
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    stamp = moment.isoformat(" ")[:19]
    local = moment.astimezone(zone).isoformat()
    forms: list[Any] = [
        stamp + fraction,
        stamp.replace(" ", separator) + fraction + "Z",
        local[:10] + separator + local[11:19] + fraction + local[19:],
    ]
    if seconds < 10**11:
        forms += [seconds, str(seconds)]
    if 10**8 <= seconds < 10**11:
        forms += [seconds * 1000 + 999, str(seconds * 1000)]
    for form in forms:
        assert dates.read(form) == {"seconds": seconds, "text": stamp}


@law
@given(strategies.dates)
def test_a_date_reads_back_as_its_own_moment(value: Any) -> None:
    assert dates.read(dates.read(value)["text"]) == dates.read(value)


@law
@given(st.dictionaries(strategies.texts, st.one_of(strategies.dates, json_values), max_size=3))
def test_remarks_are_about_what_is_given_and_is_no_date(value: dict[str, Any]) -> None:
    remarks = dates.remarks(value)
    undated = {name for name, one in value.items() if dates.read(one) == UNDATED}
    assert {said.removesuffix(" is not a readable date; ignored") for said in remarks} <= undated
    assert not dates.remarks({name: one for name, one in value.items() if missing(one)})


@law
@given(
    st.lists(st.one_of(strategies.list_rows, json_values), max_size=6),
    st.randoms(use_true_random=False),
)
def test_the_order_of_list_rows_does_not_matter(value: list[Any], random: Any) -> None:
    def listed(raw: list[Any]) -> list[Any]:
        return [(case["updated"]["seconds"], case["caseId"]) for case in rows.cases(raw)]

    shuffled = value[:]
    random.shuffle(shuffled)
    assert listed(shuffled) == listed(value) == listed(value + value) == sorted(listed(value))
    assert len({case_id for _, case_id in listed(value)}) == len(listed(value))


@law
@given(strategies.notes, st.randoms(use_true_random=False))
def test_notes_depend_on_neither_order_nor_repetition_and_lose_nothing(
    given_notes: list[Any], random: Any
) -> None:
    made = notes.merged(given_notes)
    shuffled = given_notes + given_notes[:2]
    random.shuffle(shuffled)
    assert exact([note["value"] for note in notes.merged(shuffled)]) == exact(
        [note["value"] for note in made]
    )
    by_value = {note["value"].lower(): note for note in made}
    assert len(by_value) == len(made)
    for one in given_notes:
        note = by_value[one["value"].lower()]
        assert one["description"] in note["description"]
        brands, posters = (attribute["value"] for attribute in note["attributes"])
        assert one["brand"] in {"", *brands}
        assert one["postedBy"] in {"", *posters}
        assert len(set(brands)) == len(brands)


@law
@given(strategies.file_names)
def test_a_file_name_is_safe_and_stays_when_made_safe_again(original: Any) -> None:
    safe = files.name(original)
    assert 0 < len(safe) <= 255
    assert not set(safe) & {"/", "\\", "\0", "\n", "\u202e"}
    assert safe.strip(".")
    assert safe == safe.strip() == files.name(safe)


@law
@given(strategies.addresses)
def test_splitting_keeps_every_part_once_and_splitting_again_changes_nothing(value: Any) -> None:
    found = addresses.split(value)
    kinds = found["ipv4"] + found["ipv6"] + found["other"]
    assert sorted(kinds) == sorted(found["all"])
    assert len(set(kinds)) == len(kinds)
    assert addresses.split(", ".join(found["all"])) == found == addresses.split(found["all"])
    if isinstance(value, str):
        assert set(found["all"]) == set(value.replace(",", " ").replace(";", " ").split())


@law
@given(strategies.families)
def test_every_row_is_met_once_with_its_parent(value: Any) -> None:
    made = rows.with_parent(value)
    assert [one.pop("Parent") for one in made] == [value["parent"]] * len(made)
    assert len({exact(row) for row in made}) == len(made)
    assert {exact(row) for row in made} == {exact(row) for row in value["rows"] if row}


@pytest.mark.parametrize("name", sorted(INPUTS.keys() - {"notes.merged", "rows.with_parent"}))
def test_a_refusal_never_quotes_the_data(name: str) -> None:
    marked = st.recursive(
        st.one_of(st.just(CANARY), strategies.scalars),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from([CANARY, "result", "success", "token", "caseId"]), inner, max_size=3
            ),
        ),
    )

    @law
    @given(st.lists(marked) if name == "rows.cases" else marked)
    def silent(data: Any) -> None:
        found = python(name, data)
        if isinstance(found, dict) and "refused" in found:
            assert CANARY not in found["refused"]

    silent()


@law
@given(strategies.texts, strategies.texts)
def test_a_refusal_of_the_api_is_one_line_and_whole(code: str, message: str) -> None:
    failed = {"success": False, "errorCode": code * 50, "message": message * 50}
    found = python("envelope.rows", failed)
    # cut here, a secret in it could be cut before it is masked
    words = " ".join((message * 50).split())
    assert found == [] or words in found["refused"] or not message.strip()
    assert found == [] or len(found["refused"].splitlines()) == 1


@law
@given(json_values)
def test_a_response_of_success_is_a_file_and_one_of_failure_is_not(data: Any) -> None:
    content = json.dumps({"data": {"success": False, "x": data}, "success": True})
    assert envelope.file(content) == content
    assert envelope.file(content.encode()) == content.encode()
    failed = json.dumps({"success": False, "data": data})
    assert envelope.file(failed) is envelope.file(failed.encode()) is None


@law
@given(strategies.logs)
def test_the_newest_status_stays_when_older_or_empty_entries_come(value: Any) -> None:
    found = python("status.newest", value)
    if isinstance(found, str) and isinstance(value, list):
        oldest = {"incidentStatusDescription": CANARY, "updatedOn": None}
        empty = {"incidentStatusDescription": " ", "updatedOn": "9999-12-31"}
        assert status.newest([oldest, empty, *value, empty]) == found
