"""The process of the emulator: `python -m benchmarks.emulator_process CASES FILES [DAYS]`.

Its cases were updated within one window; with DAYS it is the tenant of `cost`.

Prints its address and range as one line of JSON, then obeys lines of standard input:
`latency SECONDS` and `calls`; each is answered with one line. It ends when the input does.
"""

import json
import sys
from dataclasses import replace

from benchmarks.cost import tenant
from izoologic_cdf.emulator import Emulator, Scenario, generate
from izoologic_cdf.emulator.endpoints import ENDPOINTS
from izoologic_cdf.emulator.scenario import CaseSource

# one window, so that each case is one detail and one request of communications
WINDOW_DAYS = 29


def scenario(cases: int, files: int, days: int | None = None) -> Scenario:
    """Return incident cases, each listed once and made beforehand."""
    if days is not None:
        return tenant(cases, days)
    made = generate(cases, days=WINDOW_DAYS, dlr=0, files_per_case=files)
    made = replace(made, options=made.options.changed(log_limit=0))
    # the others would request one that is listed twice twice
    newest = {case_id: updated for updated, case_id in sorted(made.incidents.rows())}
    known = {case_id: case for case_id in newest if (case := made.incidents.case(case_id))}
    rows = [(updated, case_id) for case_id, updated in newest.items()]
    return replace(made, incidents=CaseSource(rows, known))


def main() -> None:
    """Serve until standard input ends."""
    loaded = scenario(*map(int, sys.argv[1:]))
    with Emulator(loaded) as emulator:
        address = {
            "url": emulator.url,
            "api_key": emulator.api_key,
            "secret_key": emulator.secret_key,
            "since": loaded.since,
            "until": loaded.until,
        }
        print(json.dumps(address), flush=True)
        for line in sys.stdin:
            command, _, argument = line.strip().partition(" ")
            if command == "latency":
                emulator.state.set_options(latency=float(argument))
                print("ok", flush=True)
            elif command == "calls":
                counts = {one.name: emulator.requests.count(one.name) for one in ENDPOINTS}
                print(json.dumps(counts), flush=True)
                emulator.state.clear_requests()


if __name__ == "__main__":
    main()
