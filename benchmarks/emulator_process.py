"""The process of the emulator: `python -m benchmarks.emulator_process CASES DAYS LATENCY`.

Prints its address and range as one line of JSON. Each line of standard input is answered with the
requests since the last one, by endpoint, and its processor seconds. It ends when the input does.
"""

import json
import math
import random
import sys
import time
from dataclasses import replace

from izoologic_cdf.emulator import Emulator, Options, Scenario, generate
from izoologic_cdf.emulator.endpoints import ENDPOINTS
from izoologic_cdf.emulator.scenario import Case, CaseSource
from izoologic_cdf.runtime.windows import DAY

SINCE = 1_700_006_400  # 2023-11-15T00:00:00Z
LONGEST_LIFE = 180
# one window, so that each case is one detail and one request of communications
WINDOW_DAYS = 29


def tenant(cases: int, days: int) -> tuple[Scenario, int]:
    """Return cases that were updated evenly over so many days, and how many messages are of these.

    A case lives from 1 to 180 days, short lives being the more frequent (the logarithm is even). It
    has a message at its opening, at its update, which is its last, and now and then one in between.
    """
    numbers = random.Random(cases)  # noqa: S311
    rows, known, within = [], {}, 0
    for number in range(cases):
        updated = SINCE + int((number + 0.5) * days * DAY / cases)
        opened = updated - int(math.exp(numbers.uniform(0, math.log(LONGEST_LIFE))) * DAY)
        name = f"case{number:05}"
        detail = {"url": f"https://{number}.example/", "addedDate": str(opened)}
        between = [numbers.randint(opened, updated) for _ in range(number % 3)]
        times = sorted((opened, *between, updated))
        within += sum(at >= SINCE for at in times)
        messages = [
            {"caseID": name, "createdOn": str(at), "subject": f"Update {place}", "message": "Text"}
            for place, at in enumerate(times)
        ]
        rows.append((updated, name))
        known[name] = Case({**detail, "detectionDate": str(opened)}, messages)
    end, source = SINCE + days * DAY - 1, CaseSource(rows, known)
    options = Options(date_header="clock")
    return Scenario(
        name="tenant", clock=end, since=SINCE, until=end, options=options, incidents=source
    ), within


def one_window(cases: int) -> Scenario:
    """Return cases with all their fields, each listed once and made beforehand."""
    made = generate(cases, days=WINDOW_DAYS, dlr=0, files_per_case=0)
    # the others would request one that is listed twice twice
    newest = {case_id: updated for updated, case_id in sorted(made.incidents.rows())}
    known = {case_id: case for case_id in newest if (case := made.incidents.case(case_id))}
    return replace(made, incidents=CaseSource(zip(newest.values(), newest, strict=True), known))


def main() -> None:
    """Serve until standard input ends."""
    cases, days, latency = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    scenario, messages = tenant(cases, days) if days else (one_window(cases), 0)
    options = scenario.options.changed(log_limit=0, latency=latency)
    with Emulator(replace(scenario, options=options)) as emulator:
        environment = {
            "IZOOLOGIC_API_HOST": emulator.url,
            "IZOOLOGIC_API_KEY": emulator.api_key,
            "IZOOLOGIC_API_SECRET": emulator.secret_key,
        }
        span = {"since": scenario.since, "until": scenario.until, "messages": messages}
        print(json.dumps({"environment": environment, **span}), flush=True)
        for _ in sys.stdin:
            calls = {one.name: emulator.requests.count(one.name) for one in ENDPOINTS}
            print(json.dumps([calls, time.process_time()]), flush=True)
            emulator.state.clear_requests()


if __name__ == "__main__":
    main()
