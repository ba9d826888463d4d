"""What the parts of one run share; and whether its state is this tenant's and can be believed."""

from dataclasses import dataclass

from izoologic_cdf.errors import Cause, ItemError, RunError
from izoologic_cdf.language import model
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.feeds import Feeds
from izoologic_cdf.runtime.guard import Guard
from izoologic_cdf.runtime.plan import FIRST_SYNC, Plan
from izoologic_cdf.runtime.source_client import SourceClient
from izoologic_cdf.runtime.state import SeenCases, State
from izoologic_cdf.runtime.summary import Reporter
from izoologic_cdf.runtime.windows import OVERLAP, SETTLED, Clock, Window, stamp


@dataclass(slots=True)
class Session:
    """One run of one feed: `settle` comes first, `prove` after the first response.

    `without` are parts of cases that the operator does without; `same_tenant` accepts other keys as
    those of the same tenant. `begun` is when the run began, by a clock that can be believed:
    nothing is believed to be later.
    """

    feed: model.Feed
    plan: Plan
    library: Library
    state: State
    seen: SeenCases
    sources: SourceClient
    feeds: Feeds
    guard: Guard
    reporter: Reporter
    clock: Clock
    without: frozenset[str]
    same_tenant: bool
    begun: int = 0
    run_id: int = 0
    proven: bool = False

    def settle(self) -> None:
        """Find out whether the state is this tenant's, where its keys do not show it.

        Raises:
            RunError: nothing shows that it is; nothing was changed.
        """
        tenant = self.state.tenant
        asked: list[str | None] = []
        for candidate, witnesses in tenant.doubtful():
            if self.same_tenant and not tenant.settled:
                tenant.accept(candidate)
                continue
            for case in witnesses:
                asked.append(case.id)
                if self._gives(case):
                    tenant.accept(candidate)
                    self.reporter.say(
                        "the keys have changed since the last login; the API still gives case "
                        f"{case.id}, so the tenant is the same and its state goes on"
                    )
                    break
        if not tenant.begin():
            raise RunError(
                "these are not the keys of the last login, and with them the API gives none of "
                f"the cases that the library knows ({', '.join(map(str, asked)) or 'none'}). "
                "Nothing was changed. If this is another tenant of the host, name it with "
                "--tenant NAME; if it is the same tenant, add --same-tenant",
                Cause.LOGIN,
            )

    def _gives(self, case: Case) -> bool:
        """Request a known case; raises RunError where the response shows nothing.

        Another tenant may be told that there is no such case, or that it is forbidden.
        """
        try:
            return self.feeds.gives(self.at_once(case))
        except RunError:
            if not self.sources.logged_in:
                raise
            return False
        except ItemError as error:
            if error.cause not in (Cause.OUTAGE, Cause.MACHINE):
                return False
            raise RunError(
                f"cannot check now whether the tenant is still the same: {error.message}",
                error.cause,
            ) from None

    def at_once(self, case: Case) -> Case:
        """Return a case as it is requested now, for no range of the run."""
        now = self.clock.now()
        case.window = case.asked = Window(now, now)
        return case

    def settled(self, ago: float = 0) -> int:
        """Return up to when a list that was requested so many seconds ago shows every update."""
        server = self.sources.server_time()
        return int((self.clock.now() - OVERLAP if server is None else server - SETTLED) - ago)

    def prove(self, *, answered: bool) -> None:
        """Record whose state it is once a login has succeeded, and set its times right.

        Raises:
            RunError: another run has begun a tenant of that host and name under other keys.
        """
        if self.proven or not (answered or self.sources.logged_in):
            return
        self.proven = True
        plan, coverage, now = self.plan, self.state.coverage, self.clock.now()
        server = self.sources.server_time()
        ahead = server if server is not None and now > server + OVERLAP else None
        with self.library.transaction():
            self.state.tenant.prove(self.run_id)
            if plan.origin is not None:
                first = plan.origin if ahead is None else ahead - FIRST_SYNC + OVERLAP
                coverage.begin_at(min(plan.origin, first))
        if ahead is not None:
            self.begun = ahead
            self.reporter.warn(
                f"the clock of this machine is {now - ahead} seconds ahead of the server's; only "
                "what lies before the server's time counts as finished"
            )
        if plan.believed_until is None:
            return
        if server is not None and server > now + OVERLAP:
            self.reporter.warn(
                f"the clock of this machine is {server - now} seconds behind the server's, and "
                "behind what was finished; set it right"
            )
            return
        coverage.believe_until(plan.believed_until, now)
        self.reporter.warn(
            "what the library remembers lies in the future, so it was written under a wrong "
            f"clock; everything since {stamp(plan.believed_until)} is requested again"
        )
