"""Each row of the guide's incident mapping is a case, under every position of the switches."""

from typing import Any

import pytest

from izoologic_cdf.emulator import Emulator
from tests.feeds.mapping import Place, Row, attribute_names, places, position, table
from tests.support.tenants import CASE, Outcome, Tenant, attributes, every_position

ROWS = table("incident")
SWITCHES = every_position(
    "ingest_as_event",
    "ingest_ip_as_attribute",
    "ingest_description_as_attribute",
    "use_added_date",
)
IP = "192.0.2.77"
ADDED, DETECTED = "2025-08-03 01:02:03", "2025-08-02 03:04:05"
# what the rows do not map must not be found anywhere
UNMAPPED = {"statusCode": "status code", "seller": "a seller"}
# a text of its own for every field of the table, under the name that the table writes
FIELDS: dict[str, str] = {
    row.field: f"the {row.field} of a case" for row in ROWS if row.field != "caseId"
} | {"ipAddress": IP}
DETAIL: dict[str, Any] = {
    **FIELDS,
    **UNMAPPED,
    "caseType": 2,
    "addedDate": f"{ADDED}Z",
    "detectionDate": f"{DETECTED}Z",
    "incidentStatusLogs": [{"incidentStatusDescription": "logged", "updatedOn": "1754000000"}],
}
# attributes that exist only while a switch is on
SWITCHED_ON = {
    "Description": "ingest_description_as_attribute",
    "IP Address": "ingest_ip_as_attribute",
}
HOSTING = "Is attributed to the IP Address Indicator if chosen in the feed config"
UPDATABLE = {row.key for row in ROWS if row.notes == "Updatable"} | {"Up Time", "Progress Stage"}


def place(row: Row, switches: dict[str, bool]) -> Place | None:
    """Return where the row says that its value stands, or None where its switch says nowhere."""
    case = "event" if switches["ingest_as_event"] else "incident"
    as_indicator = not switches["ingest_ip_as_attribute"]
    if row.is_attribute:
        if row.notes.startswith(HOSTING) and as_indicator:
            return "indicator", "attribute", row.key
        switch = SWITCHED_ON.get(row.key)
        on = switch is None or switches[switch]
        return (case, "attribute", row.key) if on else None
    return {
        "Event.Title": ("event", "value") if case == "event" else None,
        "Incident.Value": ("incident", "value") if case == "incident" else None,
        "Indicator.Value": ("indicator", "value") if as_indicator else None,
        "Event/Incident.Description": None
        if switches["ingest_description_as_attribute"]
        else (case, "description"),
    }[row.entity]


@pytest.fixture(scope="module", params=SWITCHES, ids=position)
def switched(
    request: pytest.FixtureRequest, emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, bool], Outcome]:
    tenant = Tenant(emulator, tmp_path_factory.mktemp("switched"))
    return request.param, tenant.incident(DETAIL, **request.param)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_value_stands_exactly_where_its_rows_say(
    row: Row, switched: tuple[dict[str, bool], Outcome]
) -> None:
    switches, outcome = switched
    assert outcome.summary.outcome == "complete"
    expected = {place(other, switches) for other in ROWS if other.path == row.path} - {None}
    text = CASE if row.field == "caseId" else FIELDS[row.field]
    assert places(outcome.objects, text) == expected


def test_a_case_has_all_attributes_that_a_row_maps_and_no_other(
    switched: tuple[dict[str, bool], Outcome],
) -> None:
    switches, outcome = switched
    mapped = {found[2] for row in ROWS if row.is_attribute and (found := place(row, switches))}
    assert attribute_names(outcome.objects) == mapped


def test_what_no_row_maps_is_nowhere(switched: tuple[dict[str, bool], Outcome]) -> None:
    _, outcome = switched
    for text in (*UNMAPPED.values(), "logged", "Brand Abuse Monitoring"):
        assert places(outcome.objects, text) == set()


def test_case_and_indicator_are_published_at_the_date_of_the_switch(
    switched: tuple[dict[str, bool], Outcome],
) -> None:
    switches, outcome = switched
    published = ADDED if switches["use_added_date"] else DETECTED
    assert {one["published_at"] for one in outcome.objects} == {published}


def test_the_indicator_has_the_type_of_its_row_and_is_related_to_the_case(
    switched: tuple[dict[str, bool], Outcome],
) -> None:
    switches, outcome = switched
    (key,) = (row.key for row in ROWS if row.entity == "Indicator.Value")
    case = "event" if switches["ingest_as_event"] else "incident"
    expected = (
        [] if switches["ingest_ip_as_attribute"] else [(key, [{"type": case, "value": CASE}])]
    )
    assert [(one["subtype"], one["related"]) for one in outcome.all("indicator")] == expected


def test_an_event_has_the_type_incident_and_an_incident_has_none(
    switched: tuple[dict[str, bool], Outcome],
) -> None:
    switches, outcome = switched
    subtypes = [(one["type"], one["subtype"]) for one in outcome.objects if one["value"] == CASE]
    assert subtypes == [
        ("event", "Incident") if switches["ingest_as_event"] else ("incident", None)
    ]


@pytest.fixture(scope="module")
def changed(
    emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Outcome, Outcome]:
    """A case with all attributes, synced, and synced again after every field has changed."""
    folder = tmp_path_factory.mktemp("changed")
    tenant = Tenant(emulator, folder)
    switches = {"ingest_ip_as_attribute": True, "ingest_description_as_attribute": True}
    into = folder / "library.sqlite"
    tenant.state.put_case(CASE, DETAIL)
    before = tenant.sync("incident", switches, into=into)
    tenant.state.put_case(CASE, DETAIL | {field: f"new-{text}" for field, text in FIELDS.items()})
    return before, tenant.sync("incident", switches, into=into)


@pytest.mark.parametrize("row", [row for row in ROWS if row.is_attribute], ids=str)
def test_an_updatable_attribute_is_replaced_and_any_other_is_added(
    row: Row, changed: tuple[Outcome, Outcome]
) -> None:
    before, after = changed
    old, new = (attributes(outcome.one("incident"))[row.key] for outcome in changed)
    if row.field == "caseId":
        assert (old, new) == ([CASE], [CASE])
    elif row.key in UPDATABLE:
        assert (old, new) == ([FIELDS[row.field]], [f"new-{FIELDS[row.field]}"])
    else:
        assert sorted(new) == sorted([FIELDS[row.field], f"new-{FIELDS[row.field]}"])
    assert before.summary.outcome == after.summary.outcome == "complete"
