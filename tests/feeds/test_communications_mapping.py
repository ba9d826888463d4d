"""Each row of the guide's communications mapping is a case; only the incident feed has them."""

import pytest

from izoologic_cdf.emulator import Emulator
from tests.feeds.mapping import Place, Row, attribute_names, places, table
from tests.support.tenants import CASE, Outcome, Tenant, attributes, every_position

ROWS = table("communications")
CREATED = "2025-08-06 14:28:43"
FIELDS = {row.field: f"the {row.field} of a note" for row in ROWS} | {"createdOn": CREATED}


def place(row: Row) -> Place:
    """Return where the row says that its value stands."""
    if row.is_attribute:
        return "note", "attribute", row.key
    return {"Title or Value": ("note", "value"), "Description": ("note", "description")}[row.entity]


@pytest.fixture(scope="module", params=every_position("ingest_as_event"), ids=str)
def switched(
    request: pytest.FixtureRequest, emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Outcome]:
    """Return the type of the case, and a run over a case with one message."""
    tenant = Tenant(emulator, tmp_path_factory.mktemp("switched"))
    tenant.state.put_case(CASE, {"url": "https://login.example.com"})
    tenant.state.add_message(CASE, FIELDS | {"createdOn": f"{CREATED}Z"})
    case = "event" if request.param["ingest_as_event"] else "incident"
    return case, tenant.sync("incident", request.param)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_value_stands_exactly_where_its_row_says(row: Row, switched: tuple[str, Outcome]) -> None:
    _, outcome = switched
    expected = {place(row)}
    if row.published_date == row.path:
        expected.add(("note", "published_at"))
    assert places(outcome.objects, FIELDS[row.field]) == expected


def test_a_note_has_all_attributes_that_a_row_maps_and_no_other(
    switched: tuple[str, Outcome],
) -> None:
    _, outcome = switched
    assert attribute_names(outcome.all("note")) == {row.key for row in ROWS if row.is_attribute}


def test_the_value_is_time_subject_and_case_id(switched: tuple[str, Outcome]) -> None:
    _, outcome = switched
    assert outcome.one("note")["value"] == f"{CREATED} - {FIELDS['subject']} - {CASE}"


def test_a_note_is_related_to_its_case_and_to_nothing_else(switched: tuple[str, Outcome]) -> None:
    case, outcome = switched
    note = outcome.one("note")
    assert note["related"] == [{"type": case, "value": CASE}]
    assert outcome.one(case)["related"] == [{"type": "note", "value": note["value"]}]
    assert "Brand" not in attributes(outcome.one(case))
