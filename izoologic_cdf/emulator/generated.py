"""The generated scenario: any number of cases from a seed, with every oddity that is known."""

import inspect
from typing import Any

from izoologic_cdf.emulator import generated_incidents, sample_values
from izoologic_cdf.emulator.api_errors import ScenarioError, unknown
from izoologic_cdf.emulator.generated_dlr import GeneratedDlr
from izoologic_cdf.emulator.generated_incidents import GeneratedIncidents
from izoologic_cdf.emulator.options import Options
from izoologic_cdf.emulator.scenario import Scenario
from izoologic_cdf.emulator.times import DAY

PREFIX = "generated:"
LONGEST_SHOWN = 80
# 2025-08-15T12:34:56Z: an ordinary moment, away from every edge
CLOCK = 1_755_261_296
# so much fits into memory, and no date lies before 1970
BOUNDS = {
    "cases": (0, 1_000_000),
    "days": (1, 20_000),
    "messages_per_case": (0, 1_000),
    "dlr": (0, 1_000_000),
    "files_per_case": (0, 1_000),
}


def generate(
    cases: int,
    *,
    seed: int = 0,
    days: int = 120,
    clock: int = CLOCK,
    dlr: int | None = None,
    messages_per_case: int = 2,
    files_per_case: int = 1,
) -> Scenario:
    """Return a scenario of that many incident cases, and of DLR cases (a quarter as many).

    They were updated within ``days`` before the clock (epoch seconds); messages and files are so
    many on average. The same arguments give the same data. Details are made when asked for, so
    that memory holds little more than the ids. Lists come shuffled. Raises ScenarioError.
    """
    given = {"cases": cases, "days": days, "messages_per_case": messages_per_case}
    for name, value in {**given, "dlr": dlr or 0, "files_per_case": files_per_case}.items():
        least, most = BOUNDS[name]
        if value < least:
            raise ScenarioError(
                f"generated scenario: {name} is {value}; it must be at least {least}"
            )
        if value > most:
            raise ScenarioError(f"generated scenario: {name} is too large; at most {most} is taken")
    since = clock - days * DAY
    return Scenario(
        name=f"{PREFIX}{cases}",
        clock=clock,
        since=since,
        until=clock,
        options=Options(list_order="shuffled"),
        incidents=GeneratedIncidents(
            sample_values.case_ids(seed, generated_incidents.KIND, cases),
            seed=seed,
            since=since,
            clock=clock,
            messages=messages_per_case,
            files=files_per_case,
        ),
        dlr=GeneratedDlr(cases // 4 if dlr is None else dlr, seed=seed, since=since, clock=clock),
    )


def from_name(name: str) -> Scenario:
    """Return the scenario of a name like ``generated:2000:seed=3:days=200``.

    The settings are the arguments of ``generate``. Raises ScenarioError.
    """
    number, *settings = name.removeprefix(PREFIX).split(":")
    arguments: dict[str, Any] = {}
    known = [key for key in inspect.signature(generate).parameters if key != "cases"]
    for setting in settings:
        key, _, value = setting.partition("=")
        if key not in known:
            raise ScenarioError(f"scenario {name}: {unknown('setting', key, known)}")
        arguments[key] = _whole(name, key, value)
    return generate(_whole(name, "the number of cases", number), **arguments)


def _whole(name: str, what: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ScenarioError(
            f"scenario {name[:LONGEST_SHOWN]}: {what} is {text[:LONGEST_SHOWN]!r}; "
            "it must be a whole number, "
            f"as in {PREFIX}2000:seed=3:days=200"
        ) from None
