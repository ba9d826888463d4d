"""The state of a running emulator, and the ways to change it while it runs."""

import dataclasses
import threading
import time
from collections.abc import Mapping
from typing import Any

from izoologic_cdf.emulator.api_errors import EmulatorError
from izoologic_cdf.emulator.cases import Case, JsonObject, Register
from izoologic_cdf.emulator.faults import Fault, Faults
from izoologic_cdf.emulator.options import Options
from izoologic_cdf.emulator.requestlog import RequestLog
from izoologic_cdf.emulator.scenario import Scenario
from izoologic_cdf.emulator.times import epoch
from izoologic_cdf.emulator.tokens import AccessTokens, FileTokens


class State:
    """A thread-safe handle. Times are epoch seconds (text and ISO 8601 are read too).

    Without ``updated`` a change happens now, by the emulator's clock. A row whose time lies in
    the future of that clock is not listed until the clock gets there. Mistakes (an unknown case,
    an unreadable time) raise EmulatorError.
    """

    def __init__(
        self, scenario: Scenario, api_key: str, secret_key: str, strict: bool | None
    ) -> None:
        self.lock = threading.RLock()
        self.api_key = api_key
        self.secret_key = secret_key
        self._strict = strict
        self.requests = RequestLog(scenario.options.log_limit)
        self.load(scenario)

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
            self.faults = Faults()
            for fault in scenario.faults:
                # a copy, since a fault counts and a scenario never changes
                self.faults.add(dataclasses.replace(fault))
            self.requests.limit(self.options.log_limit)
            self.requests.clear()
            self.set_clock(scenario.clock)

    def reset(self) -> None:
        """Go back to the scenario as it was loaded."""
        self.load(self.scenario)

    # the clock

    @property
    def clock(self) -> int:
        """The emulator's time in epoch seconds."""
        if self._frozen is not None:
            return self._frozen
        return int(time.time()) + self._ahead

    @property
    def date(self) -> int:
        """What the Date header says, in epoch seconds: real time, or that of its clock."""
        return self.clock if self.options.date_header == "clock" else int(time.time())

    def set_clock(self, clock: int | str | None) -> None:
        """Stop the clock at a time; None lets it follow real time again."""
        with self.lock:
            self._frozen = None if clock is None else _seconds("clock", clock)
            self._ahead = 0

    def advance(self, seconds: int) -> None:
        """Move the clock; a clock that follows real time goes on, that much ahead."""
        if not isinstance(seconds, int):
            raise EmulatorError(f"advance takes whole seconds, not {seconds!r}")
        with self.lock:
            if self._frozen is None:
                self._ahead += seconds
            else:
                self._frozen += seconds

    # behaviour

    def set_options(self, **changes: Any) -> Options:
        """Change options by name and return all of them."""
        with self.lock:
            self.options = self.options.changed(**changes)
            self.requests.limit(self.options.log_limit)
            return self.options

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
        """Set a fault and return it: its ``applied`` tells how often it has struck so far."""
        fault = Fault(kind, endpoint, case, nth, count, parameters)
        with self.lock:
            self.faults.add(fault)
        return fault

    def clear_faults(self) -> None:
        """Set no fault any more."""
        with self.lock:
            self.faults.clear()

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self.requests.clear()

    # incident cases

    def put_case(
        self, case_id: str, detail: Mapping[str, Any], updated: int | str | None = None
    ) -> None:
        """Add or replace an incident case; messages and files that it has stay."""
        with self.lock:
            old = self.incidents.case(case_id)
            case = Case(dict(detail))
            if old is not None:
                case.messages, case.contents = list(old.messages), list(old.contents)
            self.incidents.put(case_id, case)
            self.incidents.list_once(case_id, self._updated(updated))

    def update_case(self, case_id: str, updated: int | str | None = None, **fields: Any) -> None:
        """Set fields of an incident case's detail."""
        with self.lock:
            self._edit(self.incidents, case_id).detail.update(fields)
            self.incidents.list_once(case_id, self._updated(updated))

    def close_case(
        self, case_id: str, updated: int | str | None = None, remark: str = "Case closed"
    ) -> None:
        """Close an incident case: its status, and one more entry in its status log."""
        with self.lock:
            when = self._updated(updated)
            detail = self._edit(self.incidents, case_id).detail
            detail["statusCode"], detail["statusDescription"] = 16, "Closed"
            _append(
                detail,
                "incidentStatusLogs",
                {
                    "incidentStatus": 16,
                    "incidentStatusDescription": "Closed",
                    "remark": remark,
                    "updatedOn": str(when),
                    "updatedBy": "iZoologic",
                },
            )
            self.incidents.list_once(case_id, when)

    def list_case(self, case_id: str, updated: int | str) -> None:
        """List an incident case once more, beside its other rows; it need not exist."""
        with self.lock:
            self.incidents.list_again(case_id, self._updated(updated))

    def remove_case(self, case_id: str, *, listed: bool = False) -> None:
        """Remove an incident case; with ``listed`` only its detail vanishes."""
        with self.lock:
            self.incidents.remove(case_id, listed=listed)

    def add_message(self, case_id: str, row: Mapping[str, Any]) -> None:
        """Add a communication; caseID and createdOn (now) are filled in where they are missing."""
        with self.lock:
            message = {"caseID": case_id, "createdOn": str(self.clock), **row}
            self._edit(self.incidents, case_id).messages.append(message)

    def add_file(self, case_id: str, entry: Mapping[str, Any], content: bytes) -> None:
        """Add a file; dateUploaded (now) and isCaseScreenshot are filled in where missing."""
        with self.lock:
            case = self._edit(self.incidents, case_id)
            told = {"dateUploaded": str(self.clock), "isCaseScreenshot": False, **entry}
            files = _append(case.detail, "caseFiles", told)
            # a file listed before this one without bytes must not get ours
            case.contents += [None] * (len(files) - 1 - len(case.contents))
            case.contents.append(content)

    # DLR cases

    def put_dlr(
        self, case_id: str, detail: Mapping[str, Any], updated: int | str | None = None
    ) -> None:
        """Add or replace a DLR case."""
        with self.lock:
            self.dlr.put(case_id, Case(dict(detail), blank=""))
            self.dlr.list_once(case_id, self._updated(updated))

    def update_dlr(self, case_id: str, updated: int | str | None = None, **fields: Any) -> None:
        """Set fields of a DLR case's detail."""
        with self.lock:
            self._edit(self.dlr, case_id).detail.update(fields)
            self.dlr.list_once(case_id, self._updated(updated))

    def list_dlr(self, case_id: str, updated: int | str) -> None:
        """List a DLR case once more, beside its other rows; it need not exist."""
        with self.lock:
            self.dlr.list_again(case_id, self._updated(updated))

    def remove_dlr(self, case_id: str, *, listed: bool = False) -> None:
        """Remove a DLR case; with ``listed`` only its detail vanishes."""
        with self.lock:
            self.dlr.remove(case_id, listed=listed)

    def _updated(self, updated: int | str | None) -> int:
        return self.clock if updated is None else _seconds("updated", updated)

    def _edit(self, register: Register, case_id: str) -> Case:
        try:
            return register.edit(case_id)
        except KeyError:
            raise EmulatorError(f"there is no case {case_id!r} in this scenario") from None


def _append(detail: JsonObject, name: str, item: Any) -> list[Any]:
    items = detail.get(name)
    if not isinstance(items, list):
        items = detail[name] = []
    items.append(item)
    return items


def _seconds(what: str, value: Any) -> int:
    seconds = epoch(value)
    if seconds is None:
        raise EmulatorError(f"{what} is {value!r}; it must be epoch seconds or an ISO 8601 time")
    return seconds
