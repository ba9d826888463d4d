"""One push, or one comparison: what is due, in order and in batches."""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from izoologic_cdf.errors import RunError
from izoologic_cdf.library.outbox import Outbox, Outgoing, place
from izoologic_cdf.push.mending import Mender, Ownership, compare, digest, merge
from izoologic_cdf.push.placing import BATCH, MAX_TRIES, Deferrals, NoCollectionError, Placer
from izoologic_cdf.push.push_summary import PushSummary, name_of
from izoologic_cdf.push.remote_kinds import Kind, RemoteKinds
from izoologic_cdf.push.remote_rows import RemoteReader, RemoteRow, is_same
from izoologic_cdf.push.rest_client import RestClient
from izoologic_cdf.runtime.failures import HttpError
from izoologic_cdf.runtime.windows import Clock

_PROGRESS_SECONDS = 10.0

Say = Callable[[str], None]


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
    _deferrals: Deferrals = field(init=False)
    _placer: Placer = field(init=False)
    _mender: Mender = field(init=False)
    _reopened: bool = False
    _said_at: float = 0.0

    def __post_init__(self) -> None:
        self.summary = PushSummary(self.client.account.url)
        self._reader = RemoteReader(self.client)
        self._mender = Mender(self.client, self.tlp)
        self._deferrals = Deferrals(self.client, self.summary)

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
            self._placer = Placer(
                self.outbox, self.client, self._kinds, self._reader, self._deferrals, self.clock,
                self.tlp,
            )  # fmt: skip
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
        if self._forget_gone() or self._reopened:
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
                    self._progress(kind, min(done, len(numbers)), len(numbers))
            except NoCollectionError:
                self.summary.missing[code] += len(numbers) - done

    def _due(self, *, again: bool = False) -> dict[str, list[int]]:
        """Return the ids of the objects that are due, by type; `again` those that became so."""
        due: dict[str, list[int]] = {}
        for one in self.outbox.scan():
            version = one.version
            if again:
                is_due = one.is_sendable and one.reason is None and one.pushed != version
                is_due = is_due and one.type not in self.summary.missing
            elif not one.is_sendable:
                is_due = False
                self.summary.waiting += 1
            elif one.pushed == version:
                is_due = False
                self.summary.unchanged[one.type] += 1
            elif one.refused == version and one.failures >= MAX_TRIES:
                is_due = False
                self._deferrals.note(one, abandoned=True)
            else:
                is_due = True
            if is_due:
                due.setdefault(one.type, []).append(one.id)
        return due

    def _forget_gone(self) -> bool:
        """Make due what the platform has lost, and what it refused because it names that."""
        refused = self.outbox.load(self._deferrals.refused)
        named = {other for one in refused for _, other in one.related}
        gone: list[Outgoing] = []
        for kind in self._kinds_of({code for one in refused for code, _ in one.related}):
            numbers = (one.id for one in self.outbox.load(named) if one.type == kind.code)
            groups = self._groups(numbers)
            read = self._reader.read(kind, list(groups))
            there = {row.id for row, *_ in self._match(kind, read, groups)}
            gone += [one for number in groups.keys() - there for one in groups[number]]
        lost = {one.id for one in gone}
        again = [one for one in refused if any(other in lost for _, other in one.related)]
        for one in gone:
            one.remote, one.pushed = None, ""
        for one in again:
            one.failures, one.refused, one.reason = 0, "", None
        self._deferrals.forget(again)
        self.outbox.save([*gone, *again])
        return bool(gone)

    def _push_batch(self, kind: Kind, numbers: list[int]) -> None:
        todo = self.outbox.load(numbers)
        self._kinds.add_event_types(todo)
        for last in (False, True):
            if not todo:
                return
            known = {one.id for one in todo if one.remote is not None}
            fresh = [one for one in todo if one.remote is None]
            self._placer.place(kind, fresh)
            self.outbox.save(todo)
            new = [one.id for one in fresh if one.remote is not None]
            self._reopened |= bool(new) and self.outbox.reopen_related(kind.code, new)
            here = [one for one in todo if one.remote is not None]
            todo = self._mend_all(kind, here, known)
            if last:
                for one in todo:
                    self._deferrals.defer(one, "the platform does not have it any more")
            for one in todo:
                one.remote = None
            self.outbox.save(todo)

    def _mend_all(self, kind: Kind, objects: list[Outgoing], known: set[int]) -> list[Outgoing]:
        """Compare objects with what the platform has, and mend it; return those that are gone."""
        mine = {one.id: one for one in objects}
        groups, equal = self._groups(mine), list[Outgoing]()
        codes = {code for group in groups.values() for one in group for code, _ in one.related}
        others = self._kinds_of(codes)
        read = self._reader.read(kind, list(groups), others)
        for row, whole, related in self._match(kind, read, groups):
            members = [mine[one.id] for one in groups.pop(row.id) if one.id in mine]
            changes = compare(whole, row, related, self.own)
            try:
                if changes:
                    self._mender.mend(kind, whole, row.id, changes, others)
            except HttpError as error:
                self._deferrals.check(error)
                for one in members:
                    self._deferrals.refuse(one, error)
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

    def _kinds_of(self, codes: Iterable[str]) -> list[Kind]:
        return [found for code in sorted(codes) if (found := self._kinds.find(code))]

    def _match(
        self, kind: Kind, read: Iterable[RemoteRow], groups: dict[int, list[Outgoing]]
    ) -> Iterator[tuple[RemoteRow, Outgoing, dict[str, set[int]]]]:
        """Yield what the platform has of each group, with what the library has."""
        merged = {number: merge(group) for number, group in groups.items()}
        related = self._placer.related(merged.values())
        for row in read:
            one = merged[row.id]
            # ids begin anew where a platform was set up again
            if is_same(kind, one, row.fields):
                yield row, one, {key: set(ids) for key, ids in related[one.id].items()}

    # --- a comparison

    def _verify(self) -> None:
        # by type: ids of objects by their id on the platform, and the types of what is related
        pushed: dict[str, dict[int, list[int]]] = {}
        related: dict[str, set[str]] = {}
        for one in self.outbox.scan():
            kind = self._kinds.find(one.type)
            if not one.is_sendable:
                self.summary.waiting += 1
            elif kind is None:
                self.summary.missing[one.type] += 1
            elif one.remote is None:
                self._differ(one, one.reason or "it was not pushed")
            else:
                pushed.setdefault(one.type, {}).setdefault(one.remote, []).append(one.id)
                related.setdefault(one.type, set()).update(code for code, _ in one.related)
        for code in sorted(pushed, key=place):
            if found := self._kinds.find(code):
                self._verify_kind(found, pushed[code], self._kinds_of(related[code]))

    def _verify_kind(self, kind: Kind, pushed: dict[int, list[int]], others: list[Kind]) -> None:
        count = len(pushed)
        read = self._reader.read(kind, list(pushed), others)
        while page := list(itertools.islice(read, BATCH)):
            groups = self._groups(number for row in page for number in pushed[row.id])
            for row, one, related in self._match(kind, page, groups):
                changes = compare(one, row, related, self.own)
                if changes:
                    self._differ(one, "; ".join(changes.describe()))
                    self._reopen(groups[row.id])
                self._count_compared()
                del pushed[row.id]
            self._progress(kind, count - len(pushed), count)
        for numbers in pushed.values():
            group = self.outbox.load(numbers)
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

    def _progress(self, kind: Kind, done: int, of: int) -> None:
        if time.monotonic() >= self._said_at + _PROGRESS_SECONDS:
            self._said_at = time.monotonic()
            self.say(f"{kind.collection}: {done:,} of {of:,}")


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
