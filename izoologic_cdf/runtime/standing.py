"""Whether the state is this tenant's and can be believed: settled before it is used."""

from izoologic_cdf.errors import Cause, ItemError, RunError
from izoologic_cdf.language import model
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.clock import Clock, stamp
from izoologic_cdf.runtime.feeds import Feeds
from izoologic_cdf.runtime.plan import FIRST_SYNC, Plan
from izoologic_cdf.runtime.progress import Speaker
from izoologic_cdf.runtime.source_client import Sources
from izoologic_cdf.runtime.state import State
from izoologic_cdf.runtime.tenants import Witness
from izoologic_cdf.runtime.windows import OVERLAP


class Standing:
    """How the state of one run stands: `settle` comes first, `prove` after the first answer."""

    def __init__(
        self,
        feeds: Feeds,
        feed: model.Feed,
        sources: Sources,
        library: Library,
        state: State,
        plan: Plan,
        speaker: Speaker,
        clock: Clock,
        *,
        same_tenant: bool,
    ) -> None:
        """`same_tenant` takes other keys for those of the same tenant."""
        self._feeds = feeds
        self._feed = feed
        self._sources = sources
        self._library = library
        self._state = state
        self._plan = plan
        self._speaker = speaker
        self._clock = clock
        self._same_tenant = same_tenant

    def settle(self) -> None:
        """Find out whether the state is this tenant's, where its keys do not tell.

        Raises:
            RunError: nothing shows that it is; nothing was changed.
        """
        tenant = self._state.tenant
        asked: list[str] = []
        for candidate, witnesses in tenant.doubtful():
            if self._same_tenant and not tenant.settled:
                tenant.accept(candidate)
                continue
            for witness in witnesses:
                asked.append(witness.case_id)
                if self._gives(witness):
                    tenant.accept(candidate)
                    self._speaker.line(
                        "the keys have changed since the last login; the API still gives case "
                        f"{witness.case_id}, so the tenant is the same and its state goes on"
                    )
                    break
        if not tenant.begin():
            raise RunError(
                "these are not the keys of the last login, and with them the API gives none of "
                f"the cases that the library knows ({', '.join(asked) or 'there are none'}). "
                "Nothing was changed. For another tenant of this host, give it a name with "
                "--tenant NAME; if it is the same tenant, say --same-tenant",
                Cause.LOGIN,
            )

    def _gives(self, witness: Witness) -> bool:
        """Ask for a known case; raises RunError where nothing can be told from what comes."""
        now = self._clock.now()
        try:
            return self._feeds.gives(self._feed, witness.as_case(now))
        except ItemError as error:
            if error.cause is Cause.ITEM:
                return False
            raise RunError(
                f"whether the tenant is still the same cannot be told now: {error.message}",
                error.cause,
            ) from None

    def prove(self, run_id: int) -> int | None:
        """Write down whose state it is, now that a login has succeeded, and put it right.

        Returns the time of the server where the clock of this machine is ahead of it.

        Raises:
            RunError: another run has begun a tenant of that host and name under other keys.
        """
        plan, state, now = self._plan, self._state, self._clock.now()
        server = self._sources.server_time()
        ahead = server if server is not None and now > server + OVERLAP else None
        with self._library.transaction():
            state.tenant.prove(run_id)
            if plan.origin is not None:
                first = plan.origin if ahead is None else ahead - FIRST_SYNC + OVERLAP
                state.begin_at(min(plan.origin, first))
        if ahead is not None:
            self._speaker.warn(
                f"the clock of this machine is {now - ahead} seconds ahead of the server's; only "
                "what lies before the server's time counts as finished"
            )
        if plan.believed_until is not None:
            self._believe_no_more(plan.believed_until, now, server)
        return ahead

    def _believe_no_more(self, until: int, now: int, server: int | None) -> None:
        """Forget what the state says of the future, unless it is this machine's clock that errs."""
        if server is not None and server > now + OVERLAP:
            self._speaker.warn(
                f"the clock of this machine is {server - now} seconds behind the server's, and "
                "behind what was finished; set it right"
            )
            return
        self._state.believe_until(until, now)
        self._speaker.warn(
            "what the library remembers lies in the future, so it was written under a wrong "
            f"clock; all since {stamp(until)} is asked for again"
        )
