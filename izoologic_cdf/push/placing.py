"""Gives objects their id on a platform: that of what is there, or of what is made now."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from izoologic_cdf.errors import Cause, CdfError, RunError
from izoologic_cdf.library.outbox import Outbox, Outgoing
from izoologic_cdf.push import remote_rows
from izoologic_cdf.push.push_summary import Deferred, PushSummary, name_of
from izoologic_cdf.push.remote_kinds import (
    ATTACHMENT,
    Kind,
    RemoteKinds,
    identified,
    read_id,
    rows,
    unreadable,
)
from izoologic_cdf.push.remote_rows import RemoteReader, choose, is_same
from izoologic_cdf.push.rest_client import Json, RestClient
from izoologic_cdf.runtime.failures import NOT_FOUND, HttpError
from izoologic_cdf.runtime.windows import Clock

# items and bytes of one `consume`
BATCH = 500
MAX_BYTES = 8_000_000
# how often an object is sent that the platform refuses, and how often a file is uploaded
MAX_TRIES = 5
MAX_UPLOADS = 3
_UPLOAD_WAIT = 2.0

Items = list[tuple[Outgoing, dict[str, Any]]]


class NoCollectionError(CdfError):
    """The platform has no collection for a kind, whatever it lists."""


@dataclass(slots=True)
class Deferrals:
    """What the platform refuses, with its reason, and whether another try is worth it."""

    client: RestClient
    summary: PushSummary
    # ids of what was refused in this push
    refused: set[int] = field(default_factory=set)

    def check(self, error: HttpError) -> None:
        """Raise RunError where not the object is at fault but the platform or this machine."""
        if error.cause is Cause.ITEM:
            return
        if error.cause is Cause.OUTAGE:
            try:
                self.client.get("event/types", limit=1)
            except HttpError:
                pass
            else:
                return
        raise RunError(error.message, error.cause)

    def refuse(self, one: Outgoing, error: HttpError) -> None:
        """Defer an object for which a call failed."""
        self.defer(one, error.message, refused=error.cause is Cause.ITEM)

    def defer(self, one: Outgoing, reason: str, *, refused: bool = False) -> None:
        """Keep why an object is missing; what the platform refuses of it counts as a try."""
        version = one.version
        one.pushed, one.reason = "", reason
        if refused:
            one.failures = one.failures + 1 if one.refused == version else 1
            one.refused = version
            self.refused.add(one.id)
        self.note(one, abandoned=one.failures >= MAX_TRIES and one.refused == version)

    def forget(self, objects: Iterable[Outgoing]) -> None:
        """Take back that these objects were deferred."""
        names = {name_of(one) for one in objects}
        kept = [deferred for deferred in self.summary.deferred if deferred.name not in names]
        self.summary.deferred[:] = kept

    def note(self, one: Outgoing, *, abandoned: bool) -> None:
        """Report an object that is missing, for the reason that it has."""
        self.summary.deferred.append(Deferred(name_of(one), one.reason or "", abandoned))


@dataclass(slots=True)
class Placer:
    """Looks for objects on a platform, and makes those that it has not."""

    outbox: Outbox
    client: RestClient
    kinds: RemoteKinds
    reader: RemoteReader
    deferrals: Deferrals
    clock: Clock
    tlp: str

    def place(self, kind: Kind, objects: list[Outgoing]) -> None:
        """Give each object its id on the platform: of what is there, or made now."""
        if kind.code == ATTACHMENT:
            for one in objects:
                self._attach(kind, one)
            return
        found, items = self.reader.find(kind, objects), Items()
        related = self.related(objects)
        for one in objects:
            row = choose(kind, one, found.get(one.id, ()))
            if row is not None:
                self._adopt(one, row)
                continue
            item = remote_rows.consumed(one, kind, related[one.id], self.tlp)
            if one.id in found:
                # the platform may take it for one of those, whose description is not ours
                item.pop("description", None)
            items.append((one, item))
        for batch in _batches(items):
            self._consume(kind, batch)

    def _adopt(self, one: Outgoing, row: Json) -> None:
        one.remote = int(row["id"])
        one.published = row.get("published_at") or one.published
        self.deferrals.summary.adopted[one.type] += 1

    def _made(self, one: Outgoing, number: int) -> None:
        one.remote, one.published = number, one.published_at
        self.deferrals.summary.created[one.type] += 1

    def _consume(self, kind: Kind, items: Items) -> None:
        """Bring in objects; where the batch is refused, halve it until the one is found."""
        private = remote_rows.private(one for one, _ in items)
        bodies = [item for _, item in items]
        try:
            path = f"{kind.collection}/consume"
            answer = rows(self.client.call("POST", path, bodies, private=private))
        except HttpError as error:
            self.deferrals.check(error)
            if error.status == NOT_FOUND:
                raise NoCollectionError from None
            if len(items) == 1:
                self.deferrals.refuse(items[0][0], error)
                return
            middle = len(items) // 2
            self._consume(kind, items[:middle])
            self._consume(kind, items[middle:])
            return
        unanswered = Items()
        by_name: dict[str, list[Json]] = {}
        for row in answer:
            by_name.setdefault(kind.name(row).casefold(), []).append(row)
        for one, item in items:
            found = _answered(kind, one, by_name.get(one.value.casefold(), ()))
            if found is None:
                unanswered.append((one, item))
            else:
                self._made(one, int(found["id"]))
        if len(items) > 1:
            for pair in unanswered:
                self._consume(kind, [pair])
        elif unanswered:
            said = next((f": {row['error']}" for row in answer if row.get("error")), "")
            said = self.client.mask(said, private) if private is not None else ""
            reason = f"the platform left it out{said}"
            self.deferrals.defer(unanswered[0][0], reason, refused=True)

    def _attach(self, kind: Kind, one: Outgoing) -> None:
        """Find a file by its bytes and name, or upload it."""
        content = self.outbox.read_content(one.id)
        # what the platform names bytes by
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        error: HttpError | None = None
        for attempt in range(MAX_UPLOADS):
            try:
                row = self.reader.find_file(kind, md5, one.value)
                if row is not None:
                    self._adopt(one, row)
                    return
                self.client.upload(one.value, content)
                body = remote_rows.attached(one, self.kinds.category(one.value), self.tlp)
                path = kind.collection
                made = next(
                    iter(identified(self.client.call("POST", path, body, once=True), path)), None
                )
                if made is None:
                    raise unreadable(path)
                # two uploads of one name at a time take each other's bytes
                if made.get("hash") in (None, md5):
                    self._made(one, int(made["id"]))
                    return
            except HttpError as failed:
                error = failed
                self.deferrals.check(failed)
            if attempt + 1 < MAX_UPLOADS:
                self.clock.sleep(_UPLOAD_WAIT)
        if error is not None:
            self.deferrals.refuse(one, error)
        else:
            self.deferrals.defer(one, "another upload of the same name came in between")

    def related(self, objects: Iterable[Outgoing]) -> dict[int, dict[str, list[int]]]:
        """Return the ids on the platform of what is related to objects, by key of relations."""
        objects = list(objects)
        remotes = self.outbox.remotes({other for one in objects for _, other in one.related})
        found: dict[int, dict[str, list[int]]] = {one.id: {} for one in objects}
        for one in objects:
            for code, other in one.related:
                kind = self.kinds.find(code) if other in remotes else None
                if kind is not None:
                    found[one.id].setdefault(kind.related, []).append(remotes[other])
        return found


def _answered(kind: Kind, one: Outgoing, alike: Iterable[Json]) -> Json | None:
    """Return the row of an answer that is about an object that was sent, null for none."""
    fitting = [row for row in alike if read_id(row) is not None and is_same(kind, one, row)]

    def likeness(row: Json) -> tuple[bool, bool]:
        return kind.name(row) == one.value, row.get("happened_at") == one.happened_at

    return max(fitting, key=likeness, default=None)


def _batches(items: Items) -> Iterator[Items]:
    """Yield batches: of limited size, no name twice in one, and what was refused alone."""
    batch, size, names = Items(), 0, set[str]()
    again = Items()
    for pair in items:
        one, item = pair
        if one.reason is not None:
            yield [pair]
            continue
        if one.value.casefold() in names:
            again.append(pair)
            continue
        length = len(json.dumps(item))
        if batch and (len(batch) >= BATCH or size + length > MAX_BYTES):
            yield batch
            batch, size, names = Items(), 0, set()
        batch.append(pair)
        size += length
        names.add(one.value.casefold())
    if batch:
        yield batch
    if again:
        yield from _batches(again)
