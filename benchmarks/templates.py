"""Writes the cases that stand for all: `python -m benchmarks.templates`, JSON on standard output.

A process of its own, since the emulator and its server would else count as memory of a run.
"""

import json
import sys

from benchmarks.emulator_process import scenario

COUNT = 128


def main() -> None:
    """Write them."""
    incidents = scenario(COUNT, 0).incidents
    known = [incidents.case(case_id) for _, case_id in sorted(set(incidents.rows()))]
    cases = [{"detail": one.detail, "messages": one.messages} for one in known if one][:COUNT]
    json.dump(cases, sys.stdout)


if __name__ == "__main__":
    main()
