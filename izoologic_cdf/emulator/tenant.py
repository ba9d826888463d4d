"""The emulated tenant: its cases as they are now, and the ways to change it while it runs."""

import bisect
import copy
import dataclasses
import time
from collections.abc import Mapping
from typing import Any

from izoologic_cdf.emulator import scenarios
from izoologic_cdf.emulator.endpoints import DLR_PREFIX
from izoologic_cdf.emulator.scenario import (
    Case,
    CaseSource,
    Fault,
    JsonObject,
    Options,
    Scenario,
    tracking_id,
)
from izoologic_cdf.emulator.tokens import AccessTokens, FileTokens
from izoologic_cdf.loopback import inputs
from izoologic_cdf.loopback.inputs import FLAG, OBJECT, TEXT, EmulatorError, seconds
from izoologic_cdf.loopback.steering import ControlPlane, Steered


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


class State(Steered[Options]):
    """A handle on the tenant, safe to use from any thread; its methods are commands.

    Times are epoch seconds; text and ISO 8601 are read too. Without `updated` a change happens
    now, by the emulator's clock. A row whose time lies in the future of that clock is not listed
    until the clock gets there. Mistakes (an unknown case, an unreadable time) raise EmulatorError.
    """

    def __init__(
        self, scenario: Scenario, api_key: str, secret_key: str, strict: bool | None
    ) -> None:
        super().__init__(scenario.options)
        self.api_key = api_key
        self.secret_key = secret_key
        self._strict = strict
        self.load(scenario)

    @property
    def date(self) -> int:
        """What the Date header says, in epoch seconds: real time, or that of its clock."""
        return self.clock if self.options.date_header == "clock" else int(time.time())

    @property
    def overview(self) -> dict[str, Any]:
        """What the control plane shows at its root."""
        scenario = self.scenario
        holds = {"since": scenario.since, "until": scenario.until}
        return {"scenario": scenario.name, **holds, **super().overview}

    def load(self, scenario: Scenario) -> None:
        """Take another scenario; everything known so far is forgotten."""
        with self.lock:
            self.scenario = scenario
            self.options = scenario.options
            if self._strict is not None:
                self.options = self.options.changed(strict=self._strict)
            self.incidents = Register(scenario.incidents)
            self.dlr = Register(scenario.dlr)
            self.tokens = AccessTokens()
            self.file_tokens = FileTokens()
            # copies, since a fault counts and a scenario never changes
            self.faults = [dataclasses.replace(fault) for fault in scenario.faults]
            self.requests.limit(self.options.log_limit)
            self.requests.clear()
            self.set_clock(scenario.clock)

    def reset(self) -> None:
        """Go back to the scenario as it was loaded."""
        self.load(self.scenario)

    def revoke_tokens(self) -> None:
        """End every access token that has been given out."""
        with self.lock:
            self.tokens.revoke()

    def add_fault(
        self,
        kind: str,
        *,
        endpoint: str | None = None,
        case: str | None = None,
        nth: int = 1,
        count: int | None = 1,
        **parameters: Any,
    ) -> Fault:
        """Set a fault and return it: its `applied` says how often it has struck so far."""
        fault = Fault(kind, nth, count, parameters, endpoint=endpoint, case=case)
        with self.lock:
            self.faults.append(fault)
        return fault

    def put_case(
        self, case_id: str, detail: Mapping[str, Any], updated: int | str | None = None
    ) -> None:
        """Add or replace an incident case; messages and files that it has stay."""
        self._put(self.incidents, case_id, Case(dict(detail)), updated)

    def put_dlr(
        self, case_id: str, detail: Mapping[str, Any], updated: int | str | None = None
    ) -> None:
        """Add or replace a DLR case."""
        self._put(self.dlr, case_id, Case(dict(detail), blank=""), updated)

    def update_case(self, case_id: str, updated: int | str | None = None, **fields: Any) -> None:
        """Set fields of an incident case's detail."""
        self._update(self.incidents, case_id, updated, fields)

    def update_dlr(self, case_id: str, updated: int | str | None = None, **fields: Any) -> None:
        """Set fields of a DLR case's detail."""
        self._update(self.dlr, case_id, updated, fields)

    def close_case(
        self, case_id: str, updated: int | str | None = None, remark: str = "Case closed"
    ) -> None:
        """Close an incident case: its status, and one more entry in its status log."""
        with self.lock:
            status = {"statusCode": 16, "statusDescription": "Closed"}
            when = self._update(self.incidents, case_id, updated, status)
            entry = {
                "incidentStatus": 16,
                "incidentStatusDescription": "Closed",
                "remark": remark,
                "updatedOn": str(when),
                "updatedBy": "iZoologic",
            }
            _append(self.incidents.edit(case_id).detail, "incidentStatusLogs", entry)

    def list_case(self, case_id: str, updated: int | str) -> None:
        """List an incident case once more, beside its other rows; it need not exist."""
        with self.lock:
            self.incidents.list_again(case_id, self._when(updated))

    def list_dlr(self, case_id: str, updated: int | str) -> None:
        """List a DLR case once more, beside its other rows; it need not exist."""
        with self.lock:
            self.dlr.list_again(case_id, self._when(updated))

    def remove_case(self, case_id: str, *, listed: bool = False) -> None:
        """Remove an incident case; with `listed` only its detail vanishes."""
        with self.lock:
            self.incidents.remove(case_id, listed=listed)

    def remove_dlr(self, case_id: str, *, listed: bool = False) -> None:
        """Remove a DLR case; with `listed` only its detail vanishes."""
        with self.lock:
            self.dlr.remove(case_id, listed=listed)

    def add_message(self, case_id: str, row: Mapping[str, Any]) -> None:
        """Add a communication; caseID and createdOn (now) are filled in where they are missing."""
        with self.lock:
            message = {"caseID": case_id, "createdOn": str(self.clock), **row}
            self.incidents.edit(case_id).messages.append(message)

    def add_file(self, case_id: str, entry: Mapping[str, Any], content: bytes) -> None:
        """Add a file; dateUploaded (now) and isCaseScreenshot are filled in where missing."""
        with self.lock:
            case = self.incidents.edit(case_id)
            full = {"dateUploaded": str(self.clock), "isCaseScreenshot": False, **entry}
            files = _append(case.detail, "caseFiles", full)
            # a file listed before this one without bytes must not get ours
            case.contents += [None] * (len(files) - 1 - len(case.contents))
            case.contents.append(content)

    def _when(self, updated: int | str | None) -> int:
        return self.clock if updated is None else seconds("updated", updated)

    def _put(self, register: Register, case_id: str, case: Case, updated: int | str | None) -> None:
        with self.lock:
            when, old = self._when(updated), register.case(case_id)
            if old is not None:
                case.messages, case.contents = list(old.messages), list(old.contents)
            register.put(case_id, case)
            register.list_once(case_id, when)

    def _update(
        self, register: Register, case_id: str, updated: int | str | None, fields: JsonObject
    ) -> int:
        """Return when the case was updated."""
        with self.lock:
            when = self._when(updated)
            register.edit(case_id).detail.update(fields)
            register.list_once(case_id, when)
            return when


def _append(detail: JsonObject, name: str, item: Any) -> list[Any]:
    items = detail.get(name)
    if not isinstance(items, list):
        items = detail[name] = []
    items.append(item)
    return items


def _load(state: State, **scenario: Any) -> None:
    match scenario:
        case {"name": str(name), **rest} if not rest:
            state.load(scenarios.named(name))
        case {"document": document, **rest} if not rest:
            # files are read for whoever starts the emulator, not for whoever can reach it
            state.load(scenarios.read_scenario(document, "document", None))
        case _:
            text = 'load takes {"name": a scenario} or {"document": the scenario itself}'
            raise EmulatorError(text)


def _add_file(state: State, case_id: str, entry: JsonObject, content: Any) -> None:
    state.add_file(case_id, entry, inputs.content("content", content))


CONTROL = ControlPlane(
    "/_emulator",
    State,
    {"load": _load, "add_file": _add_file},
    dict.fromkeys(("case_id", "kind", "remark"), TEXT)
    | dict.fromkeys(("detail", "row", "entry"), OBJECT)
    | {"listed": FLAG},
)
