"""A run over a stand-in for the API, without HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from benchmarks.in_memory import InMemory, Tenant, incident
from izoologic_cdf.cli.progress_bar import progress
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime import run
from izoologic_cdf.runtime.plan import Plan
from izoologic_cdf.runtime.state import State
from izoologic_cdf.runtime.summary import Summary


@dataclass(frozen=True, slots=True)
class TenantClock:
    """The clock of a tenant: its `now`; nobody waits."""

    tenant: Tenant

    def now(self) -> int:
        """Return the time in epoch seconds."""
        return self.tenant.now

    def sleep(self, seconds: float) -> None:
        """Do not wait."""


def simulate(
    templates: Path, tenant: Tenant, library: Path, planner: Callable[[State], Plan]
) -> Summary:
    """Run the incident feed of a tenant into a library."""
    definition, feed, values = incident()
    stand_in = InMemory(templates, tenant)
    with (
        Library.create(library) as opened,
        mock.patch.object(run, "Transport", return_value=stand_in),
        Path("/dev/null").open("w", encoding="utf-8") as nowhere,
    ):
        plan = planner(State(opened, feed, values))
        settings = run.Settings(clock=TenantClock(tenant))
        shown = progress(nowhere)
        return run.FeedRun(definition, feed, values, plan, opened, shown, settings).run()
