"""A library, an emulated platform, and pushes between them, killed where a test wants it."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from izoologic_cdf.library.objects import Content
from izoologic_cdf.library.outbox import Outbox
from izoologic_cdf.library.store import Library
from izoologic_cdf.platform import Platform
from izoologic_cdf.push.mending import Ownership
from izoologic_cdf.push.push_summary import PushSummary
from izoologic_cdf.push.pushing import Push
from izoologic_cdf.push.rest_client import Account, RestClient
from izoologic_cdf.runtime.bodies import Response
from izoologic_cdf.runtime.http import Limits, Request, Transport
from izoologic_cdf.runtime.redactor import Redactor

FEED, DLR, OTHER = "iZoologic Incident Case Sync", "iZoologic DLR Case Sync", "Other Source"
UPDATABLE = {FEED: frozenset({"status", "url"})}
CLOCK = "2025-08-15T00:00:00Z"
DATE = "2025-08-06 14:28:43"


class Killed(BaseException):
    """The process dies here."""


class Waits:
    """The platform's clock, which sleeps move on."""

    def __init__(self, platform: Platform) -> None:
        self.slept: list[float] = []
        self._platform = platform

    def now(self) -> int:
        return self._platform.state.clock

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._platform.state.advance(math.ceil(seconds))


class Mortal(Transport):
    """Dies at its nth request, counted from 1: before it is sent, or after it was answered."""

    kill_at = 0
    answered = False
    sent = 0

    def send(self, request: Request) -> Response:
        self.sent += 1
        if self.sent == self.kill_at and not self.answered:
            raise Killed
        response = super().send(request)
        if self.sent == self.kill_at:
            raise Killed
        return response


@dataclass
class World:
    library: Library
    platform: Platform
    updatable: Mapping[str, frozenset[str]] = field(default_factory=lambda: UPDATABLE)

    def __post_init__(self) -> None:
        self.clock = Waits(self.platform)

    def account(self, **changes: Any) -> Account:
        own = self.platform.credentials
        given = {"client_id": own.client_id, "client_secret": own.client_secret} | changes
        return Account(self.platform.url, **given)

    def push(
        self,
        *,
        verify: bool = False,
        kill_at: int = 0,
        answered: bool = False,
        left_out: tuple[str, ...] = (),
        **account: Any,
    ) -> PushSummary:
        with Mortal(self.clock, Limits()) as transport:
            transport.kill_at, transport.answered = kill_at, answered
            client = RestClient(self.account(**account), transport, Redactor())
            outbox = Outbox(self.library, client.account.url, left_out)
            own = Ownership(outbox.sources(), self.updatable)
            work = Push(outbox, client, own, self.clock, lambda _: None)
            return work.verify() if verify else work.push()

    def check(self) -> None:
        """The platform has all of the library, as a comparison finds and as it is."""
        compared = self.push(verify=True)
        assert (compared.error, compared.differences) == (None, [])
        self.check_snapshot()

    def check_snapshot(self) -> None:
        """Look at the platform from behind: nothing missing, nothing doubled."""
        snapshot = self.platform.snapshot()
        outbox = Outbox(self.library, self.platform.url)
        ours = outbox.sources()
        for one in outbox.scan():
            if not one.is_sendable:
                continue
            key = {"event": "title", "attachment": "name"}.get(one.type, "value")
            found = [row for row in snapshot[one.type] if row["id"] == one.remote]
            assert len(found) == 1, (one.type, one.value)
            row = found[0]
            assert row[key] == one.value
            same = [
                other
                for other in snapshot[one.type]
                if other[key] == one.value
                and other.get("type_name") == row.get("type_name")
                and other.get("hash") == row.get("hash")
                and set(other["sources"]) & ours
            ]
            assert len(same) == 1, (one.type, one.value, "is doubled")
            assert one.sources <= set(row["sources"])
            alone = set(row["sources"]) <= ours
            if alone and one.description:
                assert row["description"] == one.description
            if alone and one.published_at and one.type != "attachment":
                assert row["published_at"] == one.published_at
            rows = {(name, value): set(by) for name, value, by in row["attributes"]}
            assert len(rows) == len(row["attributes"])
            for pair, by in one.attributes.items():
                assert by <= rows.get(pair, set()), (one.value, pair)
            for (name, value), by in rows.items():
                if by <= ours and any(name.casefold() in UPDATABLE.get(s, ()) for s in by):
                    assert (name, value) in one.attributes, (one.value, name, value)
            for tag in one.tags:
                assert tag in row["tags"]
        self._check_relations(outbox, snapshot)

    def _check_relations(self, outbox: Outbox, snapshot: dict[str, list[dict[str, Any]]]) -> None:
        names = {one.id: one.value for one in outbox.scan()}
        for one in outbox.scan():
            if not one.is_sendable:
                continue
            (row,) = (found for found in snapshot[one.type] if found["id"] == one.remote)
            for code, other in one.related:
                assert names[other] in row["related"].get(code, ()), (one.value, names[other])


def file(content: bytes) -> Content:
    return Content(content, len(content), hashlib.sha256(content).hexdigest())
