"""Faults are chosen in a scenario file, over the control plane, and while a run goes on."""

import json
import urllib.request
from pathlib import Path
from typing import Any

from izoologic_cdf.emulator import Emulator, load_scenario
from tests.support.benches import BAD, Bench
from tests.support.sites import Site
from tests.support.tenants import CLOCK


def test_faults_of_a_scenario_file_strike_a_run(emulator: Emulator, tmp_path: Path) -> None:
    items: list[dict[str, Any]] = [
        {
            "rows": [{"caseId": case, "updatedAt": str(CLOCK - number)}],
            "detail": {"url": "https://example.com"},
        }
        for number, case in enumerate((BAD, "caSe00001"), 5)
    ]
    faults = [
        {"kind": "status", "endpoint": "CaseSync", "status": 503},
        {"kind": "raw", "endpoint": "CaseDetail", "case": BAD, "text": "<html>", "count": None},
    ]
    path = tmp_path / "faulty.json"
    path.write_text(json.dumps({"clock": CLOCK, "incidents": items, "faults": faults}))
    site = Site(emulator, tmp_path, load_scenario(path))
    outcome = site.run(CLOCK - 100)
    assert (outcome.summary.exit_code, outcome.summary.retries) == (3, 1)
    assert outcome.heard(f"failure: case {BAD}: ", "expected JSON, got HTML")
    assert site.case_values() == {"caSe00001"}


def test_a_fault_set_over_the_control_plane_strikes_a_run_and_is_cleared_again(
    bench: Bench,
) -> None:
    command(bench, "add_fault", kind="status", endpoint="CaseDetail", case=BAD, status=404)
    outcome = bench.run()
    assert outcome.summary.deferred == [BAD]
    assert bench.others_are_complete(outcome)
    command(bench, "add_fault", kind="status", status=500, count=None)
    command(bench, "clear_faults")
    assert bench.is_complete(bench.run())


def test_a_fault_can_be_set_while_a_run_goes_on(bench: Bench) -> None:
    site = bench.site()
    set_already = False

    def strike() -> None:
        nonlocal set_already
        if not set_already:
            set_already = True
            command(bench, "add_fault", kind="revoke", endpoint="CaseSync")

    outcome = site.carry_out(
        lambda state: site.planned(state, CLOCK - 160 * 86_400), committed=strike
    )
    # the lists of a few windows had been requested by then
    assert (outcome.summary.windows_done, outcome.summary.logins) == (6, 2)
    assert bench.is_complete(outcome)


def command(bench: Bench, name: str, **arguments: Any) -> None:
    request = urllib.request.Request(  # noqa: S310 - our own emulator
        f"{bench.emulator.url}/_emulator/{name}",
        json.dumps(arguments).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - our own emulator
        assert json.load(answer)["ok"] is True
