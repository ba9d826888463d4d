"""Figures as Markdown."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from benchmarks.contenders import RUN
from benchmarks.goals import GOALS, cell
from tools.markdown import table

Results = Mapping[str, Any]
SECONDS_A_MONTH = 30 * 86_400
TENANTS = (10, 1_000, 100_000)
LATENCIES = (0.05, 0.2, 0.5)
IN_FLIGHT = 8


def machine(results: Results) -> str:
    """Return what it was measured on."""
    told = results["machine"]
    return (
        f"{told['cores']} cores ({told['processor']}), {told['system']}, {told['python']}; "
        f"load average at the beginning {told['load']}. A contender and the emulator "
        "share the cores, and nothing is pinned. Ratios are medians over rounds in turn, and say "
        "more than absolute figures."
    )


def throughput(results: Results) -> str:
    """Return a table of every setting and contender."""
    headers = (
        "cases, latency, in flight",
        "contender",
        "cases/s",
        "of bare asyncio",
        "our run is",
        "wall s",
        "CPU s",
        "peak MB",
        "emulator busy",
    )
    measured = [*results.get("throughput", []), *results.get("large", [])]
    rows = [row for one in measured for row in _cell_rows(one)]
    return table(headers, rows) + "\n\n" + _notes(results)


def _cell_rows(one: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    setting = one["cell"]
    where = f"{setting['cases']:,}, {setting['latency'] * 1000:.0f} ms, {setting['in_flight']}"
    where += f", {setting['files']} file a case" if setting["files"] else ""
    ours = next(row["ratio"] for row in one["rows"] if row["contender"] == RUN)
    for row in one["rows"]:
        yield (
            where,
            row["contender"],
            f"{row['cases_per_second']:.0f}",
            f"{row['ratio']:.2f}",
            f"{ours / row['ratio']:.2f} x",
            f"{row['wall']:.2f}",
            f"{row['processor']:.2f}",
            f"{row['peak']:.0f}",
            f"{row['emulator']:.0%}",
        )


def _notes(results: Results) -> str:
    measured = results.get("throughput", [])
    rounds = {row["rounds"] for one in measured for row in one["rows"]}
    limit = results.get("ceiling", {})
    return (
        f"Medians of {_listed(rounds)} rounds, whole processes from start to end, peak memory the "
        "highest of all rounds. The emulator answers "
        f"{limit.get('calls_per_processor_second', 0):,.0f} calls per second of its own core "
        f"({limit.get('calls_per_second', 0):,.0f} a second as seen by two bare asyncio clients at "
        "once on this machine); a case is two calls. Where 'emulator busy' is far below 100% it "
        "was not the bottleneck."
    )


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(f"{number:,}" for number in sorted(numbers))


def goals(results: Results) -> str:
    """Return each goal with its figure."""
    rows = []
    for goal in GOALS:
        figure = goal.figure(results)
        sign = "at most" if goal.at_most else "at least"
        unit = f" {goal.unit}" if goal.unit else ""
        found, verdict = "not measured", "-"
        if figure is not None:
            found = _number(figure) + unit
            verdict = "met" if goal.met(figure) else "**not met**"
        rows.append((goal.name, f"{sign} {_number(goal.wanted)}{unit}", found, verdict))
    return table(("goal", "wanted", "measured", ""), rows)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def startup(results: Results) -> str:
    """Return the start-up times."""
    told = results.get("startup", {})
    return table(("what", "seconds"), ((name, f"{value:.3f}") for name, value in told.items()))


def stages(results: Results) -> str:
    """Return what parts of a run reach alone, on one core."""
    told = results.get("stages", {})
    rows = ((name, f"{value:,.0f}", f"{1e6 / value:.0f}") for name, value in told.items())
    return table(("what", "cases/s", "µs a case"), rows)


def memory(results: Results) -> str:
    """Return the peak memory of long runs."""
    headers = ("cases", "windows", "peak MB", "seconds", "calls")
    return table(
        headers,
        (
            (
                f"{row['cases']:,}",
                str(row["windows"]),
                f"{row['peak']:.1f}",
                f"{row['seconds']:.1f}",
                f"{row['calls']:,}",
            )
            for row in results.get("memory", [])
        ),
    )


def profile(results: Results) -> str:
    """Return where the processor time of a run goes."""
    shares = results.get("profile", {}).get("shares", {})
    return table(("layer", "share"), ((name, f"{value:.0%}") for name, value in shares.items()))


def calls(results: Results) -> str:
    """Return the calls of a run."""
    told = results.get("cost", {})
    rows = []
    for name in ("a year in one run", "a year, a run per window"):
        row = told.get(name)
        if row:
            rows.append((name, str(row["fixed"]), f"{row['per_case']:.2f}"))
    hourly = told.get("hourly")
    if hourly:
        fixed = hourly["fixed"] / hourly["runs"]
        rows.append(("one `sync` of a schedule", f"{fixed:.0f}", f"{hourly['per_case']:.2f}"))
    return table(("what", "calls of logins and lists", "calls per case"), rows)


def tenants(results: Results) -> str:
    """Return what tenants cost: calls, waiting at some latencies, processor time, disk."""
    told, memory_rows = results.get("cost"), results.get("memory")
    run = cell(results, 0.05, 10).get(RUN)
    if not (told and memory_rows and run):
        return "Not measured."
    per_case = run["processor"] / results["throughput"][0]["cell"]["cases"]
    some = memory_rows[len(memory_rows) // 2]
    disk = some["library_bytes"] / some["cases"]
    year, hourly = told["a year, a run per window"], told["hourly"]
    month_fixed = hourly["fixed"] / hourly["runs"] * 24 * 30
    headers = ["cases a month", "calls a month, hourly `sync`"]
    headers += [f"a year of history at {latency * 1000:.0f} ms" for latency in LATENCIES]
    headers += ["processor time of that year", "library of a year"]
    rows = []
    for cases in TENANTS:
        history = year["fixed"] + year["per_case"] * 12 * cases
        rows.append(
            [
                f"{cases:,}",
                f"{month_fixed + hourly['per_case'] * cases:,.0f}",
                *(
                    _span(max(history * latency / IN_FLIGHT, per_case * 12 * cases))
                    for latency in LATENCIES
                ),
                _span(per_case * 12 * cases),
                f"{disk * 12 * cases / 1_048_576:,.0f} MB",
            ]
        )
    return table(headers, rows)


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


BLOCKS: dict[str, Callable[[Results], str]] = {
    "machine": machine,
    "throughput": throughput,
    "goals": goals,
    "startup": startup,
    "stages": stages,
    "memory": memory,
    "profile": profile,
    "calls": calls,
    "tenants": tenants,
}
