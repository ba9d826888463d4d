"""One push, or one comparison: what is due, in order and in batches."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from izoologic_cdf.errors import Cause, RunError
from izoologic_cdf.library.outbox import Outbox, Outgoing, place
from izoologic_cdf.push import rest_bodies
from izoologic_cdf.push.mending import Mender, Ownership, compare, digest, merge
from izoologic_cdf.push.push_summary import Deferred, PushSummary, name_of
from izoologic_cdf.push.remote_kinds import ATTACHMENT, Kind, RemoteKinds, rows
from izoologic_cdf.push.remote_rows import RemoteReader, RemoteRow, choose, is_same
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
_PROGRESS_SECONDS = 10.0

Say = Callable[[str], None]
Items = list[tuple[Outgoing, dict[str, Any]]]


class _NoCollectionError(Exception):
    """The platform has no collection for a kind, whatever it lists."""


@dataclass(slots=True)
class Push:
    """One push of a library to one platform. `tlp` is the colour of the sources that it adds."""

    outbox: Outbox
    client: RestClient
    own: Ownership
    clock: Clock
    say: Say
    tlp: str = ""
    summary: PushSummary = field(init=False)
    _kinds: RemoteKinds = field(init=False)
    _reader: RemoteReader = field(init=False)
    _mender: Mender = field(init=False)
    _reopened: bool = False
    _said_at: float = 0.0

    def __post_init__(self) -> None:
        self.summary = PushSummary(self.client.account.url)
        self._reader = RemoteReader(self.client)
        self._mender = Mender(self.client, self.tlp)

    def push(self) -> PushSummary:
        """Send what is due; errors that end the push stand in the summary."""
        return self._run(self._push)

    def verify(self) -> PushSummary:
        """Read everything back and name each difference; the next push mends it."""
        self.summary.compared = 0
        return self._run(self._verify)

    def _run(self, work: Callable[[], None]) -> PushSummary:
        begun, summary = time.monotonic(), self.summary
        try:
            self._kinds = RemoteKinds(self.client)
            work()
        except (RunError, HttpError) as error:
            summary.error = self.client.redactor(str(error))
        except KeyboardInterrupt:
            summary.interrupted = True
        calls = self.client.transport.calls
        summary.requests, summary.retries = calls.requests, calls.retries
        summary.logins, summary.seconds = calls.logins, time.monotonic() - begun
        return summary

    # --- a push

    def _push(self) -> None:
        self._push_due(self._due())
        if self._reopened:
            # what is related to something that was made now, and was pushed without it
            self._push_due(self._due(again=True))

    def _push_due(self, due: dict[str, list[int]]) -> None:
        for code in sorted(due, key=place):
            kind = self._kinds.find(code)
            if kind is None:
                self.summary.missing[code] += len(due[code])
                continue
            numbers, done = due[code], 0
            try:
                while done < len(numbers):
                    self._push_batch(kind, numbers[done : done + BATCH])
                    done += BATCH
                    self._progress(f"{kind.collection}: {min(done, len(numbers)):,} of", numbers)
            except _NoCollectionError:
                self.summary.missing[code] += len(numbers) - done

    def _due(self, *, again: bool = False) -> dict[str, list[int]]:
        """Return the ids of the objects that are due, by type; `again` only those once pushed."""
        due: dict[str, list[int]] = {}
        for one in self.outbox.scan():
            version = one.version
            if again:
                is_due = one.remote is not None and one.reason is None and one.pushed != version
            elif not one.is_sendable:
                is_due = False
                self.summary.waiting += 1
            elif one.pushed == version:
                is_due = False
                self.summary.unchanged[one.type] += 1
            elif one.refused == version and one.failures >= MAX_TRIES:
                is_due = False
                self._note(one, abandoned=True)
            else:
                is_due = True
            if is_due:
                due.setdefault(one.type, []).append(one.id)
        return due

    def _push_batch(self, kind: Kind, numbers: list[int]) -> None:
        todo = self.outbox.load(numbers)
        self._kinds.add_event_types(todo)
        for last in (False, True):
            if not todo:
                return
            known = {one.id for one in todo if one.remote is not None}
            fresh = [one for one in todo if one.remote is None]
            self._identify(kind, fresh)
            self.outbox.save(todo)
            new = [one.id for one in fresh if one.remote is not None]
            self._reopened |= bool(new) and self.outbox.reopen_related(kind.code, new)
            here = [one for one in todo if one.remote is not None]
            todo = self._mend_all(kind, here, known)
            if last:
                for one in todo:
                    self._defer(one, "the platform does not have it any more")
            for one in todo:
                one.remote = None
            self.outbox.save(todo)

    def _identify(self, kind: Kind, objects: list[Outgoing]) -> None:
        """Give each object its id on the platform: of what is there, or made now."""
        if kind.code == ATTACHMENT:
            for one in objects:
                self._attach(kind, one)
            return
        found, items = self._reader.find(kind, objects), Items()
        related = self._related(objects)
        for one in objects:
            row = choose(kind, one, found.get(one.id, ()))
            if row is not None:
                self._adopt(one, row)
                continue
            item = rest_bodies.consumed(one, kind, related[one.id], self.tlp)
            if one.id in found:
                # the platform may take it for one of those, whose description is not ours
                item.pop("description", None)
            items.append((one, item))
        for batch in _batches(items):
            self._consume(kind, batch)

    def _adopt(self, one: Outgoing, row: Json) -> None:
        one.remote = int(row["id"])
        one.published = row.get("published_at") or one.published
        self.summary.adopted[one.type] += 1

    def _made(self, one: Outgoing, number: int) -> None:
        one.remote, one.published = number, one.published_at
        self.summary.created[one.type] += 1

    def _consume(self, kind: Kind, items: Items) -> None:
        """Bring in objects; where the batch is refused, halve it until the one is found."""
        private = rest_bodies.private(one for one, _ in items)
        bodies = [item for _, item in items]
        try:
            path = f"{kind.collection}/consume"
            answer = rows(self.client.call("POST", path, bodies, private=private))
        except HttpError as error:
            self._check(error)
            if error.status == NOT_FOUND:
                raise _NoCollectionError from None
            if len(items) == 1:
                self._refuse(items[0][0], error)
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
            self._defer(unanswered[0][0], reason, refused=True)

    def _attach(self, kind: Kind, one: Outgoing) -> None:
        """Find a file by its bytes and name, or upload it."""
        content = self.outbox.read_content(one.id)
        # what the platform names bytes by
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        error: HttpError | None = None
        for attempt in range(MAX_UPLOADS):
            try:
                row = self._reader.find_file(kind, md5, one.value)
                if row is not None:
                    self._adopt(one, row)
                    return
                self.client.upload(one.value, content)
                body = rest_bodies.attached(one, self._kinds.category(one.value), self.tlp)
                (made,) = rows(self.client.create_once(kind.collection, body))
                # two uploads of one name at a time take each other's bytes
                if made.get("hash") in (None, md5):
                    self._made(one, int(made["id"]))
                    return
            except HttpError as failed:
                error = failed
                self._check(failed)
            if attempt + 1 < MAX_UPLOADS:
                self.clock.sleep(_UPLOAD_WAIT)
        if error is not None:
            self._refuse(one, error)
        else:
            self._defer(one, "another upload of the same name came in between")

    def _mend_all(self, kind: Kind, objects: list[Outgoing], known: set[int]) -> list[Outgoing]:
        """Compare objects with what the platform has, and mend it; return those that are gone."""
        mine = {one.id: one for one in objects}
        groups, equal = self._groups(mine), list[Outgoing]()
        for row, whole, related, others in self._read(kind, groups):
            members = [mine[one.id] for one in groups.pop(row.id) if one.id in mine]
            changes = compare(whole, row, related, self.own)
            try:
                if changes:
                    self._mender.mend(kind, whole, row.id, changes, others)
            except HttpError as error:
                self._check(error)
                for one in members:
                    self._refuse(one, error)
            else:
                for one in members:
                    self._settle(one, changes.fields.get("published_at"))
            for one in members:
                if one.id in known and not one.reason:
                    self.summary.changed[one.type] += 1
            equal += members
            if changes:
                # what calls have achieved is kept at once
                self.outbox.save(equal)
                equal.clear()
        self.outbox.save(equal)
        return [mine[one.id] for group in groups.values() for one in group if one.id in mine]

    def _settle(self, one: Outgoing, published: str | None) -> None:
        one.pushed, one.described = one.version, digest(one.description)
        one.published = published or one.published
        one.failures, one.refused, one.reason = 0, "", None

    # --- reading

    def _groups(self, objects: Iterable[int]) -> dict[int, list[Outgoing]]:
        """Return the objects that are one on the platform, by its id there."""
        groups: dict[int, list[Outgoing]] = {}
        for one in self.outbox.sharing(objects):
            if one.remote is not None:
                groups.setdefault(one.remote, []).append(one)
        return groups

    def _read(
        self, kind: Kind, groups: dict[int, list[Outgoing]]
    ) -> Iterator[tuple[RemoteRow, Outgoing, dict[str, set[int]], list[Kind]]]:
        """Yield what the platform has of each group, with what the library has."""
        merged = {number: merge(group) for number, group in groups.items()}
        codes = {code for one in merged.values() for code, _ in one.related}
        others = [found for code in sorted(codes) if (found := self._kinds.find(code))]
        related = self._related(merged.values())
        for row in self._reader.read(kind, merged, others):
            one = merged[row.id]
            # ids begin anew where a platform was set up again
            if is_same(kind, one, row.fields):
                yield row, one, {key: set(ids) for key, ids in related[one.id].items()}, others

    def _related(self, objects: Iterable[Outgoing]) -> dict[int, dict[str, list[int]]]:
        """Return the ids on the platform of what is related to objects, by key of relations."""
        objects = list(objects)
        remotes = self.outbox.remotes({other for one in objects for _, other in one.related})
        found: dict[int, dict[str, list[int]]] = {one.id: {} for one in objects}
        for one in objects:
            for code, other in one.related:
                kind = self._kinds.find(code) if other in remotes else None
                if kind is not None:
                    found[one.id].setdefault(kind.related, []).append(remotes[other])
        return found

    # --- a comparison

    def _verify(self) -> None:
        pushed: dict[str, dict[int, int]] = {}
        for one in self.outbox.scan():
            kind = self._kinds.find(one.type)
            if not one.is_sendable:
                self.summary.waiting += 1
            elif kind is None:
                self.summary.missing[one.type] += 1
            elif one.remote is None:
                self._differ(one, one.reason or "it was not pushed")
            else:
                pushed.setdefault(one.type, {})[one.id] = one.remote
        for code in sorted(pushed, key=place):
            if found := self._kinds.find(code):
                self._verify_kind(found, pushed[code])

    def _verify_kind(self, kind: Kind, pushed: dict[int, int]) -> None:
        groups = self._groups(pushed)
        count = len(groups)
        for row, one, related, _ in self._read(kind, groups):
            changes = compare(one, row, related, self.own)
            if changes:
                self._differ(one, "; ".join(changes.describe()))
                self._reopen(groups[row.id])
            self._count_compared()
            del groups[row.id]
            self._progress(f"{kind.collection}: {count - len(groups):,} of", pushed)
        for group in groups.values():
            self._differ(group[0], "the platform does not have it")
            self._reopen(group)
            self._count_compared()

    def _reopen(self, group: list[Outgoing]) -> None:
        for one in group:
            one.pushed = ""
        self.outbox.save(group)

    def _count_compared(self) -> None:
        self.summary.compared = (self.summary.compared or 0) + 1

    def _differ(self, one: Outgoing, what: str) -> None:
        self.summary.differences.append(f"{name_of(one)}: {what}")

    # --- what went wrong

    def _check(self, error: HttpError) -> None:
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

    def _refuse(self, one: Outgoing, error: HttpError) -> None:
        self._defer(one, error.message, refused=error.cause is Cause.ITEM)

    def _defer(self, one: Outgoing, reason: str, *, refused: bool = False) -> None:
        """Keep why an object is missing; what the platform refuses of it counts as a try."""
        version = one.version
        one.pushed, one.reason = "", reason
        if refused:
            one.failures = one.failures + 1 if one.refused == version else 1
            one.refused = version
        self._note(one, abandoned=one.failures >= MAX_TRIES and one.refused == version)

    def _note(self, one: Outgoing, *, abandoned: bool) -> None:
        self.summary.deferred.append(Deferred(name_of(one), one.reason or "", abandoned))

    def _progress(self, text: str, of: Iterable[int] | dict[int, int]) -> None:
        if time.monotonic() >= self._said_at + _PROGRESS_SECONDS:
            self._said_at = time.monotonic()
            self.say(f"{text} {len(list(of)):,}")


def preview(outbox: Outbox) -> Iterator[str]:
    """Yield a line for each object that a push would send, in the order of types."""
    due: dict[str, list[str]] = {}
    for one in outbox.scan():
        if one.is_sendable and one.pushed != one.version:
            verb = "create" if one.remote is None else "change"
            text = f"{verb} {name_of(one)}: {len(one.attributes)} attributes, "
            due.setdefault(one.type, []).append(f"{text}{len(one.related)} relations")
    for code in sorted(due, key=place):
        yield from due[code]
    yield f"{sum(map(len, due.values()))} objects would be sent"


def _answered(kind: Kind, one: Outgoing, alike: Iterable[Json]) -> Json | None:
    """Return the row of an answer that is about an object that was sent, null for none."""
    fitting = [row for row in alike if row.get("id") is not None and is_same(kind, one, row)]

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
