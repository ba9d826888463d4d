"""The goals, each with its figure beside it. They are told, and asserted nowhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.contenders import AIRBYTE, DLT, RUN, TRANSPORT

Results = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal: what is measured, what it should reach, the figure (null where none was taken)."""

    name: str
    wanted: float
    unit: str
    figure: Callable[[Results], float | None]
    at_most: bool = False

    def met(self, figure: float) -> bool:
        """Tell whether a figure reaches the goal."""
        return figure <= self.wanted if self.at_most else figure >= self.wanted


def cell(results: Results, latency: float, in_flight: int, files: int = 0) -> dict[str, Any]:
    """Return the contenders of one setting by name; empty when it was not measured."""
    for one in results.get("throughput", []):
        setting = one["cell"]
        if (setting["latency"], setting["in_flight"], setting["files"]) == (
            latency,
            in_flight,
            files,
        ):
            return {row["contender"]: row for row in one["rows"]}
    return {}


def _to_limit(latency: float, in_flight: int, files: int = 0) -> Callable[[Results], float | None]:
    def figure(results: Results) -> float | None:
        row = cell(results, latency, in_flight, files).get(RUN)
        return row["ratio"] if row else None

    return figure


def _times(other: str) -> Callable[[Results], float | None]:
    def figure(results: Results) -> float | None:
        rows = cell(results, 0.0, 10)
        if other not in rows:
            return None
        return float(rows[RUN]["ratio"] / rows[other]["ratio"])

    return figure


def _of(part: str, name: str) -> Callable[[Results], float | None]:
    return lambda results: results.get(part, {}).get(name)


def _growth(results: Results) -> float | None:
    peaks = [row["peak"] for row in results.get("memory", [])]
    return peaks[-1] - peaks[0] if len(peaks) > 1 else None


def _peak(results: Results) -> float | None:
    return max((row["peak"] for row in results.get("memory", [])), default=None)


LIMIT = "of the bare asyncio client"
GOALS = (
    Goal(f"50 ms, 10 in flight: {LIMIT}", 0.97, "", _to_limit(0.05, 10)),
    Goal(f"50 ms, 10 in flight, with files: {LIMIT}", 0.97, "", _to_limit(0.05, 10, 1)),
    Goal(f"50 ms, 50 in flight: {LIMIT}", 0.9, "", _to_limit(0.05, 50)),
    Goal("no latency, 10 in flight: times airbyte-cdk", 3, "x", _times(AIRBYTE)),
    Goal("no latency, 10 in flight: times dlt", 3, "x", _times(DLT)),
    Goal("no latency, 10 in flight: of our own transport", 0.6, "", _times(TRANSPORT)),
    Goal("mapping alone", 5000, "cases/s", _of("stages", "mapping")),
    Goal("library alone", 5000, "cases/s", _of("stages", "library")),
    Goal(
        "library alone, as a run commits",
        5000,
        "cases/s",
        _of("stages", "library, as a run commits"),
    ),
    Goal("peak memory, up to 100,000 cases", 80, "MB", _peak, at_most=True),
    Goal("growth of it from 1,000 to 100,000 cases", 10, "MB", _growth, at_most=True),
    Goal("`--help`", 0.15, "s", _of("startup", "--help"), at_most=True),
    Goal(
        "first request of a run", 0.4, "s", _of("startup", "first request of a run"), at_most=True
    ),
)
