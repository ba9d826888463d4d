"""Figures as Markdown: on the terminal, and in the blocks of docs/performance.md."""

from collections.abc import Mapping
from typing import Any

from benchmarks.processes import AIRBYTE, BARE, DLT
from tools.markdown import table

Results = Mapping[str, Mapping[str, Any]]
# what is wanted, of which figure of which part; they are reported, and asserted nowhere
GOALS: tuple[tuple[str, str, float, str, str, str], ...] = (
    ("no latency, 10 in flight: times airbyte-cdk", ">=", 2.7, " x", "free", AIRBYTE),
    ("no latency, 10 in flight: times dlt", ">=", 2.5, " x", "free", DLT),
    ("50 ms, 10 in flight: of the bare client", ">=", 0.97, "", "latency", BARE),
    ("50 ms, 50 in flight: of the bare client", ">=", 0.95, "", "wide", BARE),
    ("first request of a run", "<=", 0.3, " s", "startup", "first request of a run"),
    ("`--help`", "<=", 0.15, " s", "startup", "--help"),
    ("calls per case: a year at once", "<=", 2.8, "", "calls", "a year at once"),
    ("calls per case: hourly", "<=", 2.1, "", "calls", "10 days, hourly"),
    ("calls per case: every 15 minutes", "<=", 2.2, "", "calls", "10 days, every 15 minutes"),
    ("peak memory, up to 100,000 cases", "<=", 80, " MB", "years", "peak"),
    ("growth from 1,000 to 100,000 cases", "<=", 10, " MB", "years", "growth"),
)
# the blocks of the page, each of which parts
BLOCKS: dict[str, tuple[str, ...]] = {
    "calls": ("calls",),
    "throughput": ("free", "latency", "wide"),
    "goals": tuple(sorted({part for *_, part, _ in GOALS})),
    "startup": ("startup",),
    "years": ("years",),
}


def goals(results: Results) -> str:
    """Return each goal with its figure and a verdict."""
    rows = []
    for name, sign, goal, unit, part, key in GOALS:
        figure = results.get(part, {}).get("numbers", {}).get(key)
        shown, verdict = "not measured", "-"
        if figure is not None:
            shown, met = f"{figure:.3g}{unit}", figure <= goal if sign == "<=" else figure >= goal
            verdict = "met" if met else "**not met**"
        rows.append((name, f"{sign} {goal:g}{unit}", shown, verdict))
    return table(("goal", "wanted", "measured", ""), rows)


def blocks(results: Results) -> dict[str, str]:
    """Return the blocks of the page of which every part was measured, by name."""
    return {
        name: goals(results) if name == "goals" else _block([results[part] for part in parts])
        for name, parts in BLOCKS.items()
        if set(parts) <= set(results)
    }


def _block(parts: list[Mapping[str, Any]]) -> str:
    rows = [row for part in parts for row in part["rows"]]
    when = "; ".join(part["when"] for part in parts)
    return f"{table(parts[0]['headers'], rows)}\n\nMeasured on {parts[0]['where']}: {when}."
