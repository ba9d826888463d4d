"""Commits what became of cases, and keeps account of what is missing of them.

A commit is one transaction: the objects of a case, what is deferred of it, and how far its window
has come.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from izoologic_cdf.errors import Cause, ItemError, unforeseen
from izoologic_cdf.library.objects import LibraryError, Origin
from izoologic_cdf.runtime.case import LEFT_OUT, OBJECTS, SHORT, Case, Message, Miss
from izoologic_cdf.runtime.report_objects import ItemReport
from izoologic_cdf.runtime.session import Session
from izoologic_cdf.runtime.state import milliseconds
from izoologic_cdf.runtime.windows import Window, stamp

# the part of a failure that is a whole case
WHOLE = ""
_TOO_SHORT = "requested around the dates of the case only, which turned out to be too little"


@dataclass(slots=True)
class Done:
    """What became of one case; `read_at` is when its reading began, in milliseconds.

    `settled` is up to when each update was to be seen by then.
    """

    case: Case
    settled: int
    report: ItemReport | None = None
    error: ItemError | None = None
    read_at: int = field(default_factory=milliseconds)


class Committer:
    """Commits the cases of one run, one by one."""

    def __init__(self, session: Session) -> None:
        self._session = session
        # whether something that had been missing came
        self.recovered = False
        # how often the API gave each part of a case, which tells its faults from an outage
        self._given: Counter[str] = Counter()
        # the part of a case that depends on the asked range; the whole if it is not one
        ranged = session.feeds.ranged()
        self._ranged = (next(iter(ranged)) if len(ranged) == 1 else None) or WHOLE
        # (case, part, name of that part) that failed for what may lie in the case itself
        self._failed: list[tuple[str, str, str]] = []
        # by part and reason what is missing, by case and name: only the first is reported at once
        self._misses: dict[tuple[str, str], set[tuple[str | None, str]]] = defaultdict(set)

    def commit(self, done: Done, reached: int | None) -> None:
        """Commit a case, what is deferred of it, and that its window was read so far."""
        session, case, summary = self._session, done.case, self._session.reporter.summary
        with session.library.transaction():
            stale = case.id is not None and session.state.is_stale(case.id, done.read_at)
            if done.report is not None:
                try:
                    self._ingest(done.report, case, stale=stale)
                except LibraryError:
                    raise
                except Exception as error:  # noqa: BLE001 - what cannot be stored fails alone
                    done.report, done.error = None, unforeseen(error)
            if not (stale and done.error):
                self._book(done)
                if case.evidence is not None:
                    self._distrust(case)
            if reached is not None:
                session.state.coverage.grow(reached)
            said, unsaid = self._messages(done)
            self.record([*said, *unsaid])
        if done.error is not None:
            summary.failed += 1
        else:
            self._given[WHOLE] += 1
            summary.skipped += done.report is None
            summary.detailed += done.report is not None
        self._given.update(case.given)
        session.reporter.count(said, recorded=True)

    def record(self, messages: Iterable[Message] = ()) -> None:
        """Keep messages in the record of the run, and those about the run so far."""
        kept = self._session.reporter.unrecorded(messages)
        rows = [(one.level, one.case, one.text) for one in kept]
        self._session.library.record(self._session.run_id, rows)

    def _book(self, done: Done) -> None:
        """Remember what was read of a case, and what is missing of it."""
        case, error, latest = done.case, done.error, self._session.begun
        if case.id is None:
            return
        if error is not None:
            self._defer(done, Miss(WHOLE, error.message, "", error.cause))
            return
        read = Window(case.asked.since, min(case.asked.until, latest))
        complete = done.report is not None and not any(miss.ranged for miss in case.misses)
        settled = case.updated is not None and case.updated <= done.settled
        state, short, due = self._session.state, None, read.until
        if complete and case.short is not None:
            # what comes later than that is requested with the next update of the case
            read = Window(read.since, min(due, case.short.until))
            # a case that was read meanwhile, maybe by another run, may have shown that it is needed
            self._session.guard.broken = state.coverage.is_unannounced()
            short = None if self._session.guard.broken else (due, case.value)
        self.recovered |= state.done(
            case.id, done.read_at, read if complete else None, case.misses,
            updated=case.updated if complete and settled else None, short=short,
        )  # fmt: skip
        if complete and case.short is not None and short is None:
            state.defer(
                case, _TOO_SHORT, SHORT, self._session.clock.now(), part=self._ranged,
                read_at=done.read_at,
            )  # fmt: skip
        for miss in case.misses:
            self._defer(done, miss)

    def _distrust(self, case: Case) -> None:
        """Act on evidence that messages come without an update: what was read shorter is short."""
        session, part = self._session, self._ranged
        if session.state.coverage.set_unannounced():
            count = session.state.defer_short(part, _TOO_SHORT, session.clock.now())
            case.warn(
                f"{case.evidence}: {part or 'parts'} of this tenant do not always update their "
                "case, so from now on they are requested for the whole range of a run"
                + (f", and once more for {count} case{'s' * (count > 1)}" if count else "")
            )

    def _defer(self, done: Done, miss: Miss) -> None:
        session = self._session
        session.state.defer(
            done.case,
            session.reporter.mask(miss.reason),
            LEFT_OUT if miss.cause is None else miss.cause.value,
            session.clock.now(),
            part=miss.name,
            read_at=done.read_at,
        )
        if miss.cause is Cause.ITEM:
            self._failed.append((done.case.id or "", miss.part, miss.name))

    def _ingest(self, report: ItemReport, case: Case, *, stale: bool) -> None:
        session = self._session
        try:
            origin = Origin(
                session.feed.name,
                session.feed.updatable,
                session.run_id,
                stamp(session.clock.now()),
                # what is dated in the future must not outlast what comes
                min(case.updated or 0, session.begun),
                stale,
            )
            ingested = session.library.ingest(report.batch, origin)
        finally:
            for one in report.batch.objects:
                if one.content is not None:
                    one.content.discard()
        for problem in ingested.problems:
            if problem.kind == "failed":
                text = problem.sentence
                case.misses.append(Miss(OBJECTS, text, text, Cause.ITEM, problem.value))
            else:
                case.warn(problem.sentence)
        ingested.problems.clear()
        session.reporter.summary.ingested.add(ingested)

    def _messages(self, done: Done) -> tuple[list[Message], list[Message]]:
        """Return what is reported of a case, and what is recorded only.

        What other cases miss for the same reason is reported once a run.
        """
        case, error = done.case, done.error
        said, unsaid = list(case.messages), list[Message]()
        if error is not None:
            said.insert(0, Message("failure", case.id, error.message, error.position))
        for miss in case.misses:
            if miss.cause is None:
                continue
            key = (miss.part, miss.reason)
            first = not self._misses[key]
            self._misses[key].add((case.id, miss.name))
            message = Message("failure", case.id, miss.text, miss.position)
            (said if first or miss.part == OBJECTS else unsaid).append(message)
        return said, unsaid

    # --- the end of a run --------------------------------------------------------------------

    def weigh(self, ask: Callable[[set[str]], set[str]]) -> None:
        """Count the failures of this run that lie in the cases themselves, and report their end.

        The API answered, and the response was no use: that lies in the case when others were
        answered well at the same place, else it is an outage. Where no other case was requested,
        `ask` requests cases that are known, and returns the parts that were given, these at best.
        """
        parts = {part for _, part, _ in self._failed}
        own = {part for part in parts if part == OBJECTS or self._given[part]}
        if parts - own:
            own |= ask(parts - own)
        counted = [(case_id, name) for case_id, part, name in self._failed if part in own]
        for one in self._session.state.count_failures(counted):
            self._report(
                f"{one.label} failed {one.failures} times and is abandoned; a retry requests it "
                f"again: {one.reason}"
            )

    def report_missing(self) -> None:
        """Write into the summary what the state says is missing, and report what was not yet."""
        session = self._session
        session.reporter.summary.set_missing(
            one for one in session.state.deferred() if one.kind not in session.without
        )
        while self._misses:
            (part, reason), missing = self._misses.popitem()
            if len(missing) > 1 and part != OBJECTS:
                cases = len({case_id for case_id, _ in missing})
                count = "the" if len(missing) == cases else len(missing)
                text = f"{count} {part} of {cases} case{'s' * (cases > 1)} are missing"
                self._report(f"{text} for that reason: {reason}")

    def _report(self, text: str) -> None:
        self._session.reporter.report(Message("failure", None, text))
