"""Figures as Markdown: on the terminal, and in the blocks of docs/performance.md."""

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.contenders import AIRBYTE, DLT, RUN
from tools.markdown import table

Results = Mapping[str, Any]


def write(results: Results) -> None:
    """Fill the blocks of docs/performance.md whose parts were measured; all else stays as it is."""
    # not above: what it imports would count as memory of the measured processes
    from tools.documents import make  # noqa: PLC0415

    needs = {"goals": {"throughput", "startup", "memory"}}
    measured = (name for name in BLOCKS if needs.get(name, {name}) <= set(results))
    make(figures={name: BLOCKS[name](results) for name in measured}, check=False)


def machine(results: Results) -> str:
    """Return what it was measured on."""
    return (
        f"{results['machine']}. A contender and the emulator share the cores, and nothing is "
        "pinned. Ratios are medians over rounds in turn, and say more than absolute figures."
    )


def throughput(results: Results) -> str:
    """Return a table of every setting and contender."""
    rows = results.get("throughput", [])
    ours = {_setting(row): row["ratio"] for row in rows if row["contender"] == RUN}
    headers = ["cases, latency, in flight", "contender", "cases/s", "of bare asyncio"]
    headers += ["our run is", "wall s", "CPU s", "peak MB", "emulator busy"]
    lines = [
        (
            _setting(row),
            row["contender"],
            f"{row['cases'] / row['wall']:.0f}",
            f"{row['ratio']:.2f}",
            f"{ours[_setting(row)] / row['ratio']:.2f} x",
            f"{row['wall']:.2f}",
            f"{row['processor']:.2f}",
            f"{row['peak']:.0f}",
            f"{row['emulator']:.0%}",
        )
        for row in rows
    ]
    rounds = ", ".join(map(str, sorted({row["rounds"] for row in rows})))
    return (
        f"{table(headers, lines)}\n\nMedians of {rounds} rounds, whole processes from start to "
        "end, peak memory the highest of all rounds. Where 'emulator busy' is far below 100% the "
        "emulator was not the bottleneck."
    )


def _setting(row: Mapping[str, Any]) -> str:
    text = f"{row['cases']:,}, {row['latency'] * 1000:.0f} ms, {row['in_flight']}"
    return text + (f", {row['files']} file a case" if row["files"] else "")


def _ratio(results: Results, latency: float, in_flight: int, files: int = 0, to: str = "") -> Any:
    """Return our throughput over that of the bare client, or of another; None if not measured."""
    rows = {
        row["contender"]: row["ratio"]
        for row in results.get("throughput", [])
        if (row["latency"], row["in_flight"], row["files"]) == (latency, in_flight, files)
    }
    return rows[RUN] / (rows[to] if to else 1) if {RUN, to or RUN} <= set(rows) else None


def goals(results: Results) -> str:
    """Return each goal with its figure; they are reported, and asserted nowhere."""
    peaks = [row["peak"] for row in results.get("memory", [])]
    growth = peaks[-1] - peaks[0] if peaks else None
    waits = results.get("startup", {})
    limit, free = "of the bare asyncio client", "no latency, 10 in flight: times"
    wanted: list[tuple[str, str, float, str, float | None]] = [
        (f"50 ms, 10 in flight: {limit}", ">=", 0.97, "", _ratio(results, 0.05, 10)),
        (f"50 ms, 10, with files: {limit}", ">=", 0.97, "", _ratio(results, 0.05, 10, 1)),
        (f"50 ms, 50 in flight: {limit}", ">=", 0.95, "", _ratio(results, 0.05, 50)),
        (f"{free} airbyte-cdk", ">=", 2.7, " x", _ratio(results, 0.0, 10, to=AIRBYTE)),
        (f"{free} dlt", ">=", 2.5, " x", _ratio(results, 0.0, 10, to=DLT)),
        ("peak memory, up to 100,000 cases", "<=", 80, " MB", max(peaks, default=None)),
        ("growth from the smallest to the largest", "<=", 10, " MB", growth),
        ("`--help`", "<=", 0.15, " s", waits.get("--help")),
        ("first request of a run", "<=", 0.3, " s", waits.get("first request of a run")),
    ]
    rows = []
    for name, sign, goal, unit, figure in wanted:
        shown, verdict = "not measured", "-"
        if figure is not None:
            shown, met = f"{figure:.3g}{unit}", figure <= goal if sign == "<=" else figure >= goal
            verdict = "met" if met else "**not met**"
        rows.append((name, f"{sign} {goal:.3g}{unit}", shown, verdict))
    return table(("goal", "wanted", "measured", ""), rows)


def startup(results: Results) -> str:
    """Return the start-up times."""
    waits = results.get("startup", {})
    return table(("what", "seconds"), ((name, f"{value:.3f}") for name, value in waits.items()))


def memory(results: Results) -> str:
    """Return the peak memory of long runs."""
    rows = (
        (
            f"{row['cases']:,}",
            f"{row['peak']:.1f}",
            f"{row['wall']:.1f}",
            f"{row['calls']:,}",
            f"{row['library_bytes'] / 1_048_576:,.1f}",
        )
        for row in results.get("memory", [])
    )
    return table(("cases of a year", "peak MB", "wall s", "calls", "library MB"), rows)


def history(results: Results) -> str:
    """Return what a year of history takes."""
    one = results.get("history", {})
    return (
        f"A year of 1,000 cases in one run at 50 ms, 10 in flight: {one['calls']:,.0f} calls in "
        f"{one['wall']:.1f} s, of which {one['processor']:.1f} s of processor time."
    )


def calls(results: Results) -> str:
    """Return the calls of runs."""
    rows = (
        (name, f"{row['fixed']:.0f}", f"{row['per_case']:.2f}")
        for name, row in results.get("calls", {}).items()
    )
    return table(("what", "calls of logins and lists", "calls per case"), rows)


BLOCKS: dict[str, Callable[[Results], str]] = {
    "machine": machine,
    "throughput": throughput,
    "goals": goals,
    "startup": startup,
    "memory": memory,
    "calls": calls,
    "history": history,
}
