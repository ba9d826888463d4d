"""The emulated tenant while it runs: its tokens, and the ways to change it."""

import base64
import dataclasses
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from izoologic_cdf.emulator import scenarios
from izoologic_cdf.emulator.scenario import Case, Fault, JsonObject, Options, Register, Scenario
from izoologic_cdf.loopback import inputs
from izoologic_cdf.loopback.inputs import FLAG, OBJECT, TEXT, EmulatorError, seconds
from izoologic_cdf.loopback.steering import ControlPlane, Steered

# epoch seconds, ISO 8601, or now
Time = int | str | None


class AccessTokens:
    """The bearer tokens given out: opaque, long, three dot-separated base64url parts."""

    def __init__(self) -> None:
        # each token's number, from 1; and of those that still hold, when it was issued, and uses
        self.issued: dict[str, int] = {}
        self._valid: dict[str, tuple[int, int]] = {}

    def issue(self, now: int, options: Options) -> str:
        """Return a new token; with `single_token` the earlier ones end here."""
        token = ".".join(secrets.token_urlsafe(size) for size in (27, 96, 32))
        if options.single_token:
            self._valid.clear()
        self.issued[token] = len(self.issued) + 1
        self._valid[token] = now, 0
        return token

    def use(self, token: str, now: int, options: Options) -> bool:
        """Count one use and return whether the token was still good for it."""
        if token not in self._valid:
            return False
        (issued, uses), life = self._valid.pop(token), options.token_life_seconds
        if life is not None and now - issued >= life:
            return False
        if options.token_life_uses is not None and uses >= options.token_life_uses:
            return False
        self._valid[token] = issued, uses + 1
        return True

    def revoke(self) -> None:
        """End every token that has been given out."""
        self._valid.clear()


class FileTokens:
    """The tokens of files: `U2FsdGVkX1...` as the guide's are, and no two of them equal."""

    # at the end of a token it becomes "+/+/AA==": one that is not encoded properly breaks always
    _TAIL = b"\xfb\xff\xbf\x00"

    def __init__(self) -> None:
        self._uses = Counter[str]()
        self._known: dict[str, tuple[str, int, int | None]] = {}

    def issue(self, case_id: str, index: int, now: int) -> str:
        """Return a new token for the file with that index (from 0) in the case's `caseFiles`."""
        token = base64.b64encode(b"Salted__" + secrets.token_bytes(40) + self._TAIL).decode()
        self._known[token] = case_id, index, now
        return token

    def store(self, token: str, case_id: str, index: int) -> None:
        """Remember a token that a scenario gives."""
        self._known[token] = case_id, index, None

    def case(self, token: Any) -> str | None:
        """Return the id of the case that a token belongs to, or None."""
        return self._known[token][0] if isinstance(token, str) and token in self._known else None

    def use(self, token: str, now: int, options: Options) -> tuple[str, int] | None:
        """Count one use and return case id and index, or None if unknown, used up or expired."""
        if token not in self._known:
            return None
        case_id, index, issued = self._known[token]
        life, uses = options.file_token_life_seconds, options.file_token_uses
        if life is not None and issued is not None and now - issued >= life:
            return None
        if uses is not None and self._uses[token] >= uses:
            return None
        self._uses[token] += 1
        return case_id, index


class State(Steered[Options]):
    """A handle on the tenant, safe to use from any thread; its methods are commands.

    Times are epoch seconds; text and ISO 8601 are read too. Without `updated` a change happens
    now, by the emulator's clock. A row whose time lies in the future of that clock is not listed
    until the clock gets there. Mistakes (an unknown case, an unreadable time) raise EmulatorError.
    """

    _fault = Fault

    def __init__(
        self, scenario: Scenario, api_key: str, secret_key: str, strict: bool | None
    ) -> None:
        super().__init__(scenario.options)
        # the keys change as those of a tenant do, until the next scenario
        self._first_keys = (api_key, secret_key)
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
            self.api_key, self.secret_key = self._first_keys
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

    def put_case(self, case_id: str, detail: Mapping[str, Any], updated: Time = None) -> None:
        """Add or replace an incident case; messages and files that it has stay."""
        self._put(self.incidents, case_id, Case(dict(detail)), updated)

    def put_dlr(self, case_id: str, detail: Mapping[str, Any], updated: Time = None) -> None:
        """Add or replace a DLR case."""
        self._put(self.dlr, case_id, Case(dict(detail), blank=""), updated)

    def update_case(self, case_id: str, updated: Time = None, **fields: Any) -> None:
        """Set fields of an incident case's detail."""
        self._update(self.incidents, case_id, updated, fields)

    def update_dlr(self, case_id: str, updated: Time = None, **fields: Any) -> None:
        """Set fields of a DLR case's detail."""
        self._update(self.dlr, case_id, updated, fields)

    def close_case(self, case_id: str, updated: Time = None, remark: str = "Case closed") -> None:
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

    def list_case(self, case_id: str, updated: Time) -> None:
        """List an incident case once more, beside its other rows; it need not exist."""
        with self.lock:
            self.incidents.list_again(case_id, self._when(updated))

    def list_dlr(self, case_id: str, updated: Time) -> None:
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

    def _when(self, updated: Time) -> int:
        return self.clock if updated is None else seconds("updated", updated)

    def _put(self, register: Register, case_id: str, case: Case, updated: Time) -> None:
        with self.lock:
            when, old = self._when(updated), register.case(case_id)
            if old is not None:
                case.messages, case.contents = list(old.messages), list(old.contents)
            register.put(case_id, case)
            register.list_once(case_id, when)

    def _update(self, of: Register, case_id: str, updated: Time, fields: JsonObject) -> int:
        """Return when the case was updated."""
        with self.lock:
            when = self._when(updated)
            of.edit(case_id).detail.update(fields)
            of.list_once(case_id, when)
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
