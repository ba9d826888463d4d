"""A scenario: all that an emulator starts with, which is options, faults and cases."""

import bisect
import contextlib
import copy
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, ClassVar

from izoologic_cdf.emulator.endpoints import DLR_PREFIX, ENDPOINTS
from izoologic_cdf.loopback import faults
from izoologic_cdf.loopback.inputs import DAY, EmulatorError, Rule, number, unknown
from izoologic_cdf.loopback.steering import ServerOptions, choice, option

JsonObject = dict[str, Any]

_NAMES = {endpoint.name for endpoint in ENDPOINTS}
_PARAMETERS = {f"{point.name}.{name.default}" for point in ENDPOINTS for name in point.names}
# names of fields that hold a date, in lower case
_DATES = {"addeddate", "detectiondate", "updatedon", "createdon", "dateuploaded", "posteddate"} | {
    "affectedpropertybasedate"
}
_EPOCH = re.compile(r"[0-9]{9,14}")
_LIMIT, _ANY_LIMIT = number(1, null=True), number(0, null=True)


class ScenarioError(EmulatorError):
    """A scenario cannot be loaded; the text names the scenario and the place in it."""


def _is_renaming(value: Any) -> bool:
    for key in value if isinstance(value, dict) else ():
        if key not in _PARAMETERS:
            raise EmulatorError(unknown("parameter", str(key), _PARAMETERS))
    return isinstance(value, dict) and all(isinstance(v, str | None) for v in value.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(ServerOptions):
    """One reading of the API: how the emulator behaves where the real server is unknown.

    Days and seconds are numbers; None means without a limit. Each option is described in
    docs/emulator.md. Raises EmulatorError for a value that an option does not take.
    """

    # requests
    strict: bool = choice(False, True)
    path_mode: str = choice("both", "api", "bare", "without")
    epoch_type: str = choice("both", "string", "int")
    renamed: dict[str, str | None] = field(
        default_factory=dict,
        metadata={"rule": Rule(_is_renaming, "an object of names, each a text or null")},
    )
    # lists and ranges
    window: str = choice("window", "open-ended", "reject-older-than-30d")
    max_lookback_days: int | None = option(None, _LIMIT)
    range_limit_days: int = option(30, number(1))
    day_rounding: bool = choice(True, False)
    list_order: str = choice("asc", "desc", "shuffled")
    # login
    token_life_seconds: int | None = option(None, _ANY_LIMIT)
    token_life_uses: int | None = option(None, _LIMIT)
    single_token: bool = choice(False, True)
    bad_login_status: int = choice(200, 401)
    # files
    file_tokens: str = choice("fresh", "stored")
    file_token_life_seconds: int | None = option(None, _ANY_LIMIT)
    file_token_uses: int | None = option(None, _LIMIT)
    content_disposition: bool = choice(False, True)
    date_header: str = choice("real", "clock", "none")


def _is_endpoint(value: Any) -> bool:
    if isinstance(value, str) and value not in _NAMES:
        raise EmulatorError(unknown("endpoint", value, _NAMES))
    return value is None or isinstance(value, str)


@dataclass(slots=True)
class Fault(faults.Fault):
    """A fault at the calls of one endpoint (its name), or about one case (its id), or both."""

    SELECTION: ClassVar[Mapping[str, Rule]] = {
        "endpoint": Rule(_is_endpoint, "the name of an endpoint"),
        "case": Rule(lambda value: isinstance(value, str | None), "a case id"),
    }

    endpoint: str | None = None
    case: str | None = None


@dataclass(slots=True)
class Case:
    """One case with everything that the API returns for it.

    `contents[i]` are the bytes of `detail["caseFiles"][i]` (None: they are gone); `blank` is what
    its detail says in `message` and `errorCode` on success (the guide shows both null and "").
    """

    detail: JsonObject
    messages: list[JsonObject] = field(default_factory=list)
    contents: list[bytes | None] = field(default_factory=list)
    blank: str | None = None


def tracking_id(case: Case) -> str | None:
    """Return the tracking id in the detail of a case, or None."""
    value = case.detail.get("trackingID")
    return value if isinstance(value, str) else None


class CaseSource:
    """Where the cases of a scenario come from, here from memory; a source never changes."""

    def __init__(
        self, rows: Iterable[tuple[int, str]] = (), cases: Mapping[str, Case] | None = None
    ) -> None:
        self._rows = list(rows)
        self._cases = dict(cases or {})
        self._tracked = {tracking_id(case): name for name, case in self._cases.items()}

    def rows(self) -> list[tuple[int, str]]:
        """Return the rows of the list, (epoch seconds, case id), in any order."""
        return self._rows

    def case(self, case_id: str) -> Case | None:
        """Return the case of exactly that id, or None."""
        return self._cases.get(case_id)

    def resolve(self, tracking_id: str) -> str | None:
        """Return the id of the case with that tracking id, or None."""
        return self._tracked.get(tracking_id)


class MovedSource(CaseSource):
    """Another source with all its dates moved by whole days; texts stay."""

    def __init__(self, source: CaseSource, days: int) -> None:
        self._source, self._days = source, days

    def rows(self) -> list[tuple[int, str]]:
        """Return the rows of the list, moved."""
        return [(updated + self._days * DAY, name) for updated, name in self._source.rows()]

    def case(self, case_id: str) -> Case | None:
        """Return the case of exactly that id, moved, or None."""
        case = self._source.case(case_id)
        if case is None:
            return None
        detail, messages = (_moved(one, self._days) for one in (case.detail, case.messages))
        return Case(detail, messages, case.contents, case.blank)

    def resolve(self, tracking_id: str) -> str | None:
        """Return the id of the case with that tracking id, or None."""
        return self._source.resolve(tracking_id)


def _moved(value: Any, days: int, name: str = "") -> Any:
    """Return a copy of JSON in which every date is so many days later."""
    if isinstance(value, dict):
        return {key: _moved(one, days, key.lower()) for key, one in value.items()}
    if isinstance(value, list):
        return [_moved(one, days, name) for one in value]
    if name not in _DATES:
        return value
    if isinstance(value, int):
        return value + days * DAY
    text = str(value)
    if _EPOCH.fullmatch(text):
        return str(int(text) + days * DAY * (1_000 if len(text) > 11 else 1))
    with contextlib.suppress(ValueError):
        day = date.fromisoformat(text[:10])
        # the first of all days stands for none
        if day > date.min:
            return (day + timedelta(days)).isoformat() + text[10:]
    return value


class Register:
    """The list and the cases of one feed, as they are now."""

    def __init__(self, source: CaseSource) -> None:
        self._source = source
        self._rows = sorted(source.rows())
        self._changed: dict[str, Case | None] = {}
        self._tracked: dict[str, str] = {}

    def rows(self, first: int, last: int) -> list[tuple[int, str]]:
        """Return the rows updated from first to last, both inclusive, oldest first."""
        low = bisect.bisect_left(self._rows, (first, ""))
        return self._rows[low : bisect.bisect_left(self._rows, (last + 1, ""))]

    def case(self, case_id: str) -> Case | None:
        """Return the case of exactly that id, or None; it must not be changed."""
        if case_id in self._changed:
            return self._changed[case_id]
        return self._source.case(case_id)

    def find(self, identifier: str) -> str | None:
        """Return a case's id by that, by the id without `DLR#`, or by the tracking id (I-11)."""
        tracked = self._tracked.get(identifier) or self._source.resolve(identifier)
        names = (identifier, DLR_PREFIX + identifier, tracked)
        return next((name for name in names if name and self.case(name)), None)

    def edit(self, case_id: str) -> Case:
        """Return a case to be changed in place; raises EmulatorError when there is none."""
        case = self.case(case_id)
        if case is None:
            raise EmulatorError(f"there is no case {case_id!r} in this scenario")
        if case_id not in self._changed:
            case = copy.deepcopy(case)
            self._changed[case_id] = case
        return case

    def put(self, case_id: str, case: Case) -> None:
        """Add or replace a case; its rows stay as they are."""
        self._changed[case_id] = case
        tracked = tracking_id(case)
        if tracked is not None:
            self._tracked[tracked] = case_id

    def list_once(self, case_id: str, updated: int) -> None:
        """Replace all rows of the case by one with that update time in epoch seconds."""
        self._rows = [row for row in self._rows if row[1] != case_id]
        self.list_again(case_id, updated)

    def list_again(self, case_id: str, updated: int) -> None:
        """Add one row and keep the others: a case that is listed twice."""
        bisect.insort(self._rows, (updated, case_id))

    def remove(self, case_id: str, *, listed: bool) -> None:
        """Forget the case; with listed its rows stay, as of a case that vanished meanwhile."""
        self._changed[case_id] = None
        if not listed:
            self._rows = [row for row in self._rows if row[1] != case_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The data, the clock and the behaviour of one emulated tenant.

    Times are epoch seconds. `since` and `until` enclose everything that the scenario holds;
    without a clock the emulator follows real time.
    """

    name: str
    clock: int | None = None
    since: int | None = None
    until: int | None = None
    options: Options = field(default_factory=Options)
    incidents: CaseSource = field(default_factory=CaseSource)
    faults: tuple[Fault, ...] = ()
    dlr: CaseSource = field(default_factory=CaseSource)

    def as_of(self, now: int) -> "Scenario":
        """Return it with its dates moved by whole days, so that its clock is of today, and runs."""
        if self.clock is None:
            return self
        days = (now - self.clock) // DAY
        since, until = (None if at is None else at + days * DAY for at in (self.since, self.until))
        return replace(
            self,
            clock=None,
            since=since,
            until=until,
            incidents=MovedSource(self.incidents, days),
            dlr=MovedSource(self.dlr, days),
        )
