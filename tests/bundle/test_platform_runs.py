"""What the built definition does where the platform runs it: one question a run, no isolation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from izoologic_cdf.emulator import Emulator
from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.library.export import export
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.summary import Summary
from izoologic_cdf.runtime.windows import DAY, Window
from tests.bundle.built import built, runs
from tests.feeds.support import CLOCK, EMPTY

INCIDENT = "iZoologic Incident Case Sync"
HOUR = 3_600


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(EMPTY, strict=True) as running:
        running.state.put_case("Case00001", {"brand": "Example"}, updated=CLOCK - HOUR)
        yield running


def one_run(emulator: Emulator, folder: Path, asked: Window) -> tuple[Summary, list[str], str]:
    """Run the incident feed once; return summary, messages and export."""
    with Library.create(folder / "library.sqlite") as library:
        done = runs([built(Missing.NULL)], emulator, library, [asked], {})
        summary, said = next(one for one in done if one[0].feed == INCIDENT)
        return summary, said, "".join(export(library))


def test_a_run_asks_each_list_once(emulator: Emulator, tmp_path: Path) -> None:
    one_run(emulator, tmp_path, Window(CLOCK - 30 * DAY, CLOCK))
    lists = [r for r in emulator.requests if r.path.endswith(("/CaseSync", "/DLRSyncedCases"))]
    assert len(lists) == 2


def test_a_range_longer_than_the_api_takes_is_refused_with_the_runs_to_start(
    emulator: Emulator, tmp_path: Path
) -> None:
    summary, said, _ = one_run(emulator, tmp_path, Window(CLOCK - 45 * DAY, CLOCK))
    assert summary.outcome == "failed"
    assert (
        "the API takes at most 30 days in one run; start these runs instead: "
        "2025-07-01 12:00:00 to 2025-07-30 23:59:59; 2025-07-31 00:00:00 to 2025-08-15 12:00:00"
    ) in said[0]


def test_a_range_of_thirty_days_from_any_hour_is_accepted(
    emulator: Emulator, tmp_path: Path
) -> None:
    """Whole days from midnight make it longer: the messages are asked for in two requests."""
    emulator.state.add_message(
        "Case00001",
        {"caseID": "Case00001", "createdOn": str(CLOCK - 2 * HOUR), "subject": "Last day"},
    )
    summary, said, text = one_run(emulator, tmp_path, Window(CLOCK - 30 * DAY, CLOCK))
    assert (summary.outcome, said) == ("complete", [])
    asked = [r for r in emulator.requests if r.path.endswith("/FetchCaseCommunications")]
    assert len(asked) == 2
    assert "Last day" in text


def test_rows_outside_of_the_range_are_left_to_other_runs(
    emulator: Emulator, tmp_path: Path
) -> None:
    emulator.state.set_options(window="open-ended")
    _, _, text = one_run(emulator, tmp_path, Window(CLOCK - 3 * DAY, CLOCK - 2 * DAY))
    assert "Case00001" not in text


def test_a_case_without_data_is_dropped(emulator: Emulator, tmp_path: Path) -> None:
    emulator.state.put_case("Case00002", {"brand": "Example"}, updated=CLOCK - HOUR)
    emulator.state.remove_case("Case00001", listed=True)
    summary, _, text = one_run(emulator, tmp_path, Window(CLOCK - DAY, CLOCK))
    assert summary.outcome == "complete"
    assert '"Case00002"' in text
    assert '"Case00001"' not in text


@pytest.mark.parametrize("endpoint", ["CaseDetail", "FetchCaseCommunications"])
def test_any_other_error_fails_the_run_so_that_the_window_is_asked_again(
    emulator: Emulator, tmp_path: Path, endpoint: str
) -> None:
    emulator.state.add_fault(
        "envelope",
        endpoint=endpoint,
        json={"result": None, "success": False, "message": "Odd", "errorCode": "iZOO9999"},
    )
    summary, said, _ = one_run(emulator, tmp_path, Window(CLOCK - DAY, CLOCK))
    assert summary.outcome == "failed"
    assert "iZOO9999" in said[0]
