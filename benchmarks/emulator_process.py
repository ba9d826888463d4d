"""The process of the emulator: `python -m benchmarks.emulator_process CASES FILES_PER_CASE`.

Prints its address and range as one line of JSON, then obeys lines of standard input:
`latency SECONDS` and `calls`; each is answered with one line. It ends when the input does.
"""

import json
import sys
from collections.abc import Iterable
from dataclasses import replace

from izoologic_cdf.emulator import Emulator
from izoologic_cdf.emulator.generated import generate
from izoologic_cdf.emulator.scenario import Case, CaseSource, Scenario

# one window, so that each case is one detail and one request of communications
DAYS = 29


def scenario(cases: int, files: int) -> Scenario:
    """Return a generated scenario of incident cases, all made beforehand."""
    made = generate(cases, days=DAYS, dlr=0, messages_per_case=2, files_per_case=files)
    # each case once: the others would ask for one that is listed twice twice
    rows = [(updated, case_id) for case_id, updated in _newest(made.incidents.rows()).items()]
    known: dict[str, Case] = {}
    for _, case_id in rows:
        case = made.incidents.case(case_id)
        if case is not None:
            known[case_id] = case
    options = made.options.changed(log_limit=0)
    return replace(made, incidents=CaseSource(rows, known), options=options)


def _newest(rows: Iterable[tuple[int, str]]) -> dict[str, int]:
    return {case_id: updated for updated, case_id in sorted(rows)}


def main() -> None:
    """Serve until standard input ends."""
    cases, files = (int(text) for text in sys.argv[1:3])
    loaded = scenario(cases, files)
    with Emulator(loaded) as emulator:
        told = {
            "url": emulator.url,
            "api_key": emulator.api_key,
            "secret_key": emulator.secret_key,
            "since": loaded.since,
            "until": loaded.until,
        }
        print(json.dumps(told), flush=True)
        for line in sys.stdin:
            command, _, argument = line.strip().partition(" ")
            if command == "latency":
                emulator.state.set_options(latency=float(argument))
                print("ok", flush=True)
            elif command == "calls":
                print(emulator.requests.count(), flush=True)
                emulator.state.clear_requests()


if __name__ == "__main__":
    main()
