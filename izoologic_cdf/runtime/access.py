"""What the keys of a feed may do: a login, one small list, and the parts of a case or two.

Nothing is kept: no library is opened, and what is fetched is thrown away.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from izoologic_cdf.errors import Cause, ItemError, RunError
from izoologic_cdf.language import model
from izoologic_cdf.printable import printable
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.failures import HttpError
from izoologic_cdf.runtime.feeds import Feeds, parts_of
from izoologic_cdf.runtime.http import Limits, Transport
from izoologic_cdf.runtime.interpreter import RefusedError
from izoologic_cdf.runtime.redactor import Redactor
from izoologic_cdf.runtime.source_client import SourceClient
from izoologic_cdf.runtime.summary import EXIT_CODES
from izoologic_cdf.runtime.windows import DAY, OVERLAP, Clock, Window

Verdict = Literal["allowed", "refused", "unknown"]
LOGIN, LIST, DETAIL = "login", "list", "detail"
# how far back the list is requested until it shows a case: no server gives less than 30 days
LOOK_BACK_DAYS = (1, 7, 29)
# how many cases are requested until one has shown each part
MAX_CASES = 5
# nobody who waits for the answer wants to wait for the outage to pass
LIMITS = Limits(attempts=2, attempts_on_bad_body=1, whole=60.0, longest_retry_after=5.0)
# more files of one name than any case lists
_ALL_STORED = 1_000_000_000


@dataclass(slots=True)
class Endpoint:
    """What is known of one use of the API; `why` is a clause for people."""

    name: str
    verdict: Verdict = "unknown"
    why: str = ""
    # nothing showed it, and nothing is wrong
    untried: bool = True

    def settle(self, verdict: Verdict, why: str) -> None:
        """Set the verdict."""
        self.verdict, self.why, self.untried = verdict, why, False


@dataclass(slots=True)
class Access:
    """What the keys may do, by endpoint in the order of their use, and what was warned of."""

    feed: str
    endpoints: list[Endpoint]
    warnings: list[str] = field(default_factory=list)
    requests: int = 0

    @property
    def exit_code(self) -> int:
        """The exit code: 0 nothing is refused, 3 something is, 1 no case can be listed."""
        settled = {one.name: one for one in self.endpoints}
        if any(name in settled and settled[name].verdict != "allowed" for name in (LOGIN, LIST)):
            return EXIT_CODES["failed"]
        wrong = any(one.verdict != "allowed" and not one.untried for one in self.endpoints)
        return EXIT_CODES["partial" if wrong else "complete"]

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON data."""
        endpoints = {
            one.name: {"verdict": one.verdict, "reason": one.why} for one in self.endpoints
        }
        return {"feed": self.feed, "endpoints": endpoints, "requests": self.requests}

    def as_text(self, _names: Mapping[str, str]) -> str:
        """Return it for a person."""
        width = max(len(one.name) for one in self.endpoints)
        lines = [f"  {o.name:<{width}}  {o.verdict:<7}  {o.why}" for o in self.endpoints]
        return "\n".join(map(printable, [self.feed, *lines]))


class _Probe(Case):
    """A case that remembers by what error it misses a part."""

    __slots__ = ("errors",)

    def __init__(self, listed: Case) -> None:
        super().__init__(listed.id, listed.updated, listed.value, listed.nameless)
        self.errors: dict[str, ItemError] = {}

    def miss(
        self, part: str, error: ItemError, text: str, key: str = "", *, ranged: bool = False
    ) -> None:
        """Note why a part could not be fetched."""
        self.errors[part] = error
        super().miss(part, error, text, key, ranged=ranged)


def check_access(
    definition: model.Definition,
    feed: model.Feed,
    user_fields: Mapping[str, Any],
    clock: Clock,
    limits: Limits = LIMITS,
    without: frozenset[str] = frozenset(),
) -> Access:
    """Log in, request a list, and the parts of a few of its cases; nothing that fails raises.

    `without` are parts that are not requested.
    """
    redactor = Redactor()
    for user_field in feed.user_fields:
        if user_field.mask and user_fields.get(user_field.name):
            redactor.add(str(user_fields[user_field.name]))
    access = Access(feed.name, [Endpoint(name) for name in _uses(definition, feed)])
    with Transport(clock, limits) as transport:
        sources = SourceClient(transport, redactor, access.warnings.append)
        feeds = Feeds(
            definition, feed, user_fields, sources,
            lambda keys: dict.fromkeys(list(keys)[1:], _ALL_STORED), without=without,
        )  # fmt: skip
        _Check(feeds, sources, access, clock, without).run()
        access.requests = transport.calls.requests
    for one in access.endpoints:
        one.why = redactor(one.why)
    access.warnings = [redactor(text) for text in access.warnings]
    return access


def _uses(definition: model.Definition, feed: model.Feed) -> Iterator[str]:
    """Yield the uses of the API that a feed makes."""
    if feed.source is not None and feed.source.auth is not None:
        yield LOGIN
    yield LIST
    if not feed.calls:
        return
    yield DETAIL
    parts, reached = parts_of(definition), [feed.name]
    for name in reached:
        one = definition.feeds[name]
        sets = one.report.object_sets if one.report else ()
        filled = [each.fulfillment for each in sets if each.fulfillment is not None]
        for other in (*(call.feed for call in one.calls), *filled):
            if other not in reached:
                reached.append(other)
                if other in parts:
                    yield parts[other]


class _Check:
    """One check; made for one use."""

    def __init__(
        self,
        feeds: Feeds,
        sources: SourceClient,
        access: Access,
        clock: Clock,
        without: frozenset[str],
    ) -> None:
        self._feeds, self._sources, self._access = feeds, sources, access
        self._now = clock.now()
        self._endpoints = {one.name: one for one in access.endpoints}
        for part in without & set(self._endpoints):
            self._endpoints[part].why = "left out"
        shown_before = {LOGIN, LIST} | without
        self._of_cases = [one for one in access.endpoints if one.name not in shown_before]

    def run(self) -> None:
        """Find out what there is to find out."""
        untried = "no case to try it with"
        try:
            cases = self._list()[:MAX_CASES]
            for case in cases:
                self._case(case)
                if all(one.verdict == "allowed" for one in self._of_cases):
                    break
            if cases:
                untried = f"none of {_count(len(cases))} tried has any"
        except RunError as error:
            # the login ends everything, wherever it is made
            untried = "not tried"
            name = LIST if self._sources.logged_in or LOGIN not in self._endpoints else LOGIN
            self._endpoints[name].settle(_verdict(error), str(error))
        if self._sources.logged_in and LOGIN in self._endpoints:
            self._endpoints[LOGIN].settle("allowed", "the keys gave a token")
        for one in self._access.endpoints:
            one.why = one.why or untried

    def _list(self) -> list[Case]:
        """Request as short a list as shows a case; return its cases, newest first."""
        endpoint, cases = self._endpoints[LIST], list[Case]()
        for days in LOOK_BACK_DAYS:
            about = Case(window=Window(self._now - days * DAY, self._now))
            about.asked = about.window
            try:
                cases = list(self._feeds.list_cases(about, self._now + OVERLAP))
            except ItemError as error:
                endpoint.settle(_verdict(error), error.message)
                break
            period = "24 hours" if days == 1 else f"{days} days"
            endpoint.settle("allowed", f"{_count(len(cases))} in the last {period}")
            if cases:
                break
        return sorted(cases, key=lambda case: case.updated or 0, reverse=True)

    def _case(self, listed: Case) -> None:
        """Request all of one case, and at most one of its files."""
        case = _Probe(listed)
        case.window = case.asked = Window(self._now, self._now)
        try:
            report = self._feeds.work(case)
        except ItemError as error:
            # unless it failed for want of a part
            if not case.errors:
                case.errors[DETAIL] = error
        else:
            for reported in report.batch.objects if report else ():
                if reported.content is not None:
                    reported.content.discard()
            if report is not None:
                case.given.add(DETAIL)
        for one in self._of_cases:
            if one.name in case.given:
                one.settle("allowed", f"case {case.id}")
            elif one.verdict != "allowed" and one.name in case.errors:
                failed = case.errors[one.name]
                one.settle(_verdict(failed), f"case {case.id}: {failed.message}")


def _count(cases: int) -> str:
    return "1 case" if cases == 1 else f"{cases:,} cases"


def _verdict(error: ItemError | RunError) -> Verdict:
    """Return whether an error is a refusal, or a failure that says nothing of the keys."""
    if error.cause in (Cause.ENDPOINT, Cause.LOGIN) or isinstance(error, RefusedError):
        return "refused"
    # a status says so of one case too, unless the case is gone
    named = isinstance(error, HttpError) and error.cause is Cause.ITEM and error.status != 404
    return "refused" if named else "unknown"
