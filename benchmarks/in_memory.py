"""Stands in for the transport of a run: bodies in memory, no HTTP, memory that does not grow."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from izoologic_cdf.cli.form import find_feed
from izoologic_cdf.language import model
from izoologic_cdf.language.load import load
from izoologic_cdf.runtime.bodies import Response, read_json
from izoologic_cdf.runtime.http import Calls, Limits, Request, Transport
from izoologic_cdf.runtime.windows import DAY

OK = 200
WIDTH = 9
# the longest range that a list answers
LONGEST = 30 * DAY
# how long before its update a case was opened
OPENED = 30 * DAY


@dataclass(slots=True)
class Tenant:
    """So many cases, updated evenly from `begin` on over `span` seconds; `now` moves."""

    cases: int
    begin: int
    span: int
    now: int

    def updated(self, number: int) -> int:
        """Return when a case was updated."""
        return self.begin + number * self.span // self.cases

    def rows(self, since: int) -> list[dict[str, str]]:
        """Return what a list answers."""
        until = min(since + LONGEST, self.now, self.begin + self.span - 1)
        first = max(0, -(-(since - self.begin) * self.cases // self.span))
        rows = []
        while first < self.cases and self.updated(first) <= until:
            rows.append({"caseId": str(first).zfill(WIDTH), "updatedAt": str(self.updated(first))})
            first += 1
        return rows


class InMemory(Transport):
    """Answers as the API would for a tenant.

    The details and messages are those of generated cases, taken in turn; a body is parsed at each
    call, as the transport does with one that came over the network.
    """

    def __init__(self, templates: Path, tenant: Tenant) -> None:
        """`templates` is what `benchmarks.templates` wrote."""
        self.calls = Calls()
        self.limits = Limits()
        self._tenant = tenant
        self._templates = json.loads(templates.read_text(encoding="utf-8"))

    def __enter__(self) -> Self:
        """Return itself; there is nothing to open."""
        return self

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def send(self, request: Request) -> Response:
        """Answer a request of an incident run."""
        self.calls.count(requests=1)
        body = read_json(_envelope(self._result(request)))
        return Response(OK, {"Content-Type": "application/json"}, body)

    def _result(self, request: Request) -> Any:
        action = request.url.rpartition("/")[2]
        if action == "Authenticate":
            return {"accessToken": "a-token-of-the-benchmark"}
        if action == "CaseSync":
            return self._tenant.rows(int(json.loads(request.body or b"{}")["lastsyncntime"]))
        case_id = str((request.params or {})["caseid"])
        template = self._templates[int(case_id) % len(self._templates)]
        if action == "CaseDetail":
            opened = str(self._tenant.updated(int(case_id)) - OPENED)
            return {**template["detail"], "addedDate": opened, "detectionDate": opened}
        return self._messages(request, template["messages"])

    def _messages(self, request: Request, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the messages of a case: one a day before its update, those in the asked range."""
        asked = dict(request.params or {})
        first, last = int(asked["fromdate"]), int(asked["todate"])
        updated = self._tenant.updated(int(asked["caseid"]))
        dated = [(updated - number * DAY, row) for number, row in enumerate(rows)]
        return [
            {**row, "caseID": asked["caseid"], "createdOn": str(at)}
            for at, row in dated
            if first <= at <= last
        ]


class Kept(InMemory):
    """Keeps the body of every answer, so that nothing of ours makes it a second time."""

    def __init__(self, templates: Path, tenant: Tenant) -> None:
        super().__init__(templates, tenant)
        self._bodies: dict[tuple[object, ...], bytes] = {}

    def send(self, request: Request) -> Response:
        """Answer a request as the first time."""
        key = request.url, request.body, tuple((request.params or {}).items())
        if key not in self._bodies:
            self._bodies[key] = bytes(super().send(request).body)  # type: ignore[arg-type]
        body = read_json(self._bodies[key])
        return Response(OK, {"Content-Type": "application/json"}, body)


def _envelope(result: Any) -> bytes:
    envelope = {"result": result, "success": True, "message": None, "errorCode": None}
    return json.dumps(envelope, ensure_ascii=False).encode("utf-8", "replace")


def incident() -> tuple[model.Definition, model.Feed, dict[str, Any]]:
    """Return the incident definition, its primary feed, and values for its form."""
    found = find_feed("incident", None)
    values: dict[str, Any] = {field.name: field.default for field in found.fields}
    values |= {"api_host": "http://127.0.0.1", "api_key": "a", "api_secret": "b"}
    definition = load(found.path)
    return definition, definition.feeds[found.form.feed], values
