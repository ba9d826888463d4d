"""The ledger: no field of the guide's samples is mapped or left out in silence."""

import json
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.content import folder
from izoologic_cdf.explain.ledger import MAPPED, UNMAPPED, USED
from izoologic_cdf.explain.paths import leaves
from tests.support.shells import Shell
from tools.ledger import guide_ledger

GUIDE = folder("fixtures") / "guide"
SAMPLES = {
    "case_sync": "CaseSync",
    "case_detail": "CaseDetail",
    "case_communications": "FetchCaseCommunications",
    "dlr_synced_cases": "DLRSyncedCases",
    "dlr_detail_1": "DLRDetail",
    "dlr_detail_2": "DLRDetail",
}


def fields_of(name: str) -> set[str]:
    body = json.loads((GUIDE / f"{name}.json").read_bytes())
    return {".".join(one for one in path if isinstance(one, str)) for path, _ in leaves(body)}


@pytest.mark.parametrize("name", SAMPLES)
def test_each_field_of_a_sample_is_mapped_used_or_ignored_for_a_reason(name: str) -> None:
    status = {(one.endpoint, one.field): one.status for one in guide_ledger().counted()}
    unmapped = {one for one in fields_of(name) if status[SAMPLES[name], one] == UNMAPPED}
    assert not unmapped, "map it, or write the reason into fixtures/mapping/fields.yaml"


def test_every_sample_is_one_of_an_endpoint() -> None:
    assert {path.stem for path in GUIDE.glob("*.json")} == SAMPLES.keys()


def test_no_reason_is_given_for_what_is_mapped() -> None:
    ledger = guide_ledger()
    mapped = [one for one in ledger.counted() if one.ended_in and one.because]
    assert mapped == []


@pytest.mark.parametrize(
    ("endpoint", "field", "status", "ended_in"),
    [
        ("CaseDetail", "result.brand", MAPPED, "Brand"),
        ("CaseDetail", "result.incidentStatusLogs.updatedOn", MAPPED, "Status"),
        ("CaseDetail", "result.caseFiles.fileToken", MAPPED, "(attachment objects)"),
        ("FetchCaseCommunications", "result.message", MAPPED, "(note objects)"),
        ("DLRDetail", "result.dataLossRecoveryDetail.password", MAPPED, "Password"),
        ("DLRSyncedCases", "result.modifiedDate", MAPPED, "[update]"),
        ("DLRDetail", "result.trackingID", USED, None),
    ],
)
def test_what_became_of_a_field(
    endpoint: str, field: str, status: str, ended_in: str | None
) -> None:
    counted = {(one.endpoint, one.field): one for one in guide_ledger().counted()}
    found = counted[endpoint, field]
    assert found.status == status
    assert ended_in is None or ended_in in found.ended_in
    assert found.read_by
    assert found.seen >= found.not_null > 0


def test_a_password_became_nothing_but_the_attribute() -> None:
    found = guide_ledger().fields["DLRDetail", "result.dataLossRecoveryDetail.password"]
    assert list(found.ended_in) == ["Password"]


def test_a_row_that_gave_no_value_is_counted() -> None:
    rows = guide_ledger().rows
    brand = rows["iZoologic Incident Case Sync", "case", "Brand"]
    assert brand.given == brand.of == 5
    assert rows["iZoologic Incident Case Sync", "case", "Description"].given == 0


def test_an_unmapped_field_is_told_and_ends_with_1(shell: Shell, tmp_path: Path) -> None:
    detail = json.loads((GUIDE / "case_detail.json").read_bytes())
    detail["result"]["invented"] = 1
    bodies: dict[str, Any] = {
        "CaseSync": json.loads((GUIDE / "case_sync.json").read_bytes()),
        "CaseDetail": detail,
        "FetchCaseCommunications": {"success": False, "errorCode": "iZOO2011", "result": None},
    }
    path = tmp_path / "record.json"
    path.write_text(json.dumps(bodies), encoding="utf-8")
    words = (
        "--record",
        str(path),
        "--feed",
        "incident",
        "--since",
        "2022-12-01",
        "--until",
        "2023-02-01",
    )
    ended = shell("ledger", *words, "--format", "json")
    assert ended.code == 1
    unmapped = [one["field"] for one in ended.data["fields"] if one["status"] == UNMAPPED]
    assert unmapped == ["result.invented"]
    assert any(
        "result.invented" in line and "unmapped" in line
        for line in shell("ledger", *words).out.splitlines()
    )
