"""Commits what became of cases, and books what is missing of them.

A commit is one transaction: the objects of a case, what is deferred of it, and how far its window
has come.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from izoologic_cdf.errors import Cause, ItemError, unexpected
from izoologic_cdf.language import model
from izoologic_cdf.library.objects import LibraryError
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import OBJECTS, Case, Message, Miss
from izoologic_cdf.runtime.clock import Clock, stamp
from izoologic_cdf.runtime.progress import Speaker
from izoologic_cdf.runtime.report_objects import ItemReport
from izoologic_cdf.runtime.state import LEFT_OUT, State, milliseconds
from izoologic_cdf.runtime.summary import Summary
from izoologic_cdf.runtime.windows import Window

# the part of a failure that is a whole case
WHOLE = ""


@dataclass(slots=True)
class Done:
    """What became of one case in a worker; `read_at` is when its reading began, in milliseconds."""

    case: Case
    report: ItemReport | None = None
    error: ItemError | None = None
    read_at: int = field(default_factory=milliseconds)


class Commits:
    """Commits the cases of one run, one by one."""

    def __init__(
        self,
        library: Library,
        state: State,
        feed: model.Feed,
        speaker: Speaker,
        summary: Summary,
        clock: Clock,
    ) -> None:
        """Begin with none. `latest` is set by the run: no update is believed to be later."""
        self._library = library
        self._state = state
        self._feed = feed
        self._speaker = speaker
        self._summary = summary
        self._clock = clock
        self.run_id = 0
        self.latest = 0
        # whether something that had been missing came
        self.recovered = False
        # how often the API gave each part of a case, which tells its faults from an outage
        self._given: Counter[str] = Counter()
        # (case, part, name of that part) that failed for what may lie in the case itself
        self._failed: list[tuple[str, str, str]] = []
        # by part and reason what is missing, by case and name: only the first is said at once
        self._said: dict[tuple[str, str], set[tuple[str | None, str]]] = defaultdict(set)

    def commit(self, done: Done, reached: int | None) -> None:
        """Commit a case, what is deferred of it, and that its window was read so far."""
        case, summary = done.case, self._summary
        with self._library.transaction():
            stale = case.id is not None and self._state.is_stale(case.id, done.read_at)
            if done.report is not None:
                try:
                    self._ingest(done.report, case, stale=stale)
                except LibraryError:
                    raise
                except Exception as error:  # noqa: BLE001 - what cannot be stored fails alone
                    done.report, done.error = None, ItemError(unexpected(error))
            if case.id is not None and not (stale and done.error):
                self._book(case.id, done)
            if reached is not None:
                self._state.grow(reached)
            said, unsaid = self._messages(done)
            self.record([*said, *unsaid])
        if done.error is not None:
            summary.failed += 1
        else:
            self._given[WHOLE] += 1
            if done.report is None:
                summary.skipped += 1
            else:
                summary.detailed += 1
        self._given.update(case.given)
        case.messages.clear()
        self._speaker.messages(said, recorded=True)

    def record(self, messages: Iterable[Message] = ()) -> None:
        """Keep messages in the record of the run, and those about the run so far."""
        kept = self._speaker.unrecorded(messages)
        self._library.record(self.run_id, [(one.level, one.case, one.text) for one in kept])

    def _book(self, case_id: str, done: Done) -> None:
        """Remember what was read of a case, and what is missing of it."""
        if done.error is not None:
            self._defer(case_id, done, WHOLE, WHOLE, done.error.message, done.error.cause)
            return
        misses = done.case.misses
        read = Window(done.case.asked.since, min(done.case.asked.until, self.latest))
        complete = done.report is not None and not any(miss.ranged for miss in misses)
        came = self._state.done(case_id, done.read_at, read if complete else None, misses)
        self.recovered |= came
        for miss in misses:
            self._defer(case_id, done, miss.part, miss.name, miss.reason, miss.cause)

    def _defer(
        self, case_id: str, done: Done, part: str, name: str, reason: str, cause: Cause | None
    ) -> None:
        self._state.defer(
            case_id,
            done.case.value,
            done.case.asked,
            self._speaker.masked(reason),
            LEFT_OUT if cause is None else cause.value,
            self._clock.now(),
            part=name,
            updated=done.case.updated,
            read_at=done.read_at,
        )
        if cause is Cause.ITEM:
            self._failed.append((case_id, part, name))

    def _ingest(self, report: ItemReport, case: Case, *, stale: bool) -> None:
        spooled = [
            one.content.source
            for one in report.batch.objects
            if one.content is not None and isinstance(one.content.source, Path)
        ]
        try:
            ingested = self._library.ingest(
                report.batch,
                source=self._feed.name,
                updatable=self._feed.updatable,
                run_id=self.run_id,
                now=stamp(self._clock.now()),
                # what is dated in the future must not outlast what comes
                updated=min(case.updated or 0, self.latest),
                stale=stale,
            )
        finally:
            for path in spooled:
                path.unlink(missing_ok=True)
        for problem in ingested.problems:
            if problem.kind == "failed":
                text = problem.sentence
                case.misses.append(Miss(OBJECTS, text, text, Cause.ITEM, problem.value))
            else:
                case.warn(problem.sentence)
        ingested.problems.clear()
        self._summary.ingested.add(ingested)

    def _messages(self, done: Done) -> tuple[list[Message], list[Message]]:
        """Return what is to be said of a case, and what is recorded only.

        What other cases miss for the same reason is said once a run.
        """
        case, error = done.case, done.error
        said, unsaid = list(case.messages), list[Message]()
        if error is not None:
            said.insert(0, Message("failure", case.id, error.message, error.position))
        for miss in case.misses:
            if miss.cause is None:
                continue
            key = (miss.part, miss.reason)
            first = not self._said[key] or miss.part == OBJECTS
            self._said[key].add((case.id, miss.name))
            message = Message("failure", case.id, miss.text, miss.position)
            (said if first else unsaid).append(message)
        return said, unsaid

    # --- the end of a run --------------------------------------------------------------------

    def weigh(self, ask: Callable[[], set[str]]) -> None:
        """Count the failures of this run that lie in the cases themselves, and say what they end.

        The API answered, and the answer was no use: that lies in the case when others were
        answered well at the same place, else it is an outage. Where no other case was asked for,
        `ask` asks for one that is known, and returns the parts that were given.
        """
        parts = {part for _, part, _ in self._failed}
        own = {part for part in parts if part == OBJECTS or self._given[part]}
        if parts - own:
            own |= ask()
        counted = [(case_id, name) for case_id, part, name in self._failed if part in own]
        for one in self._state.count_failures(counted):
            text = (
                f"{about(one.case_id, one.part)} failed {one.failures} times and is abandoned; a "
                f"retry asks for it again: {one.reason}"
            )
            self._speaker.report(Message("failure", None, text))

    def tell_missing(self, without: frozenset[str]) -> None:
        """Write into the summary what the state says is missing, and say what was not said."""
        self._summary.forget_missing()
        for one in self._state.deferred():
            part = one.part.partition("\n")[0]
            if part not in without:
                self._summary.miss(part, one.reason, one.case_id, abandoned=one.abandoned)
        while self._said:
            (part, reason), missing = self._said.popitem()
            if len(missing) > 1 and part != OBJECTS:
                cases = len({case_id for case_id, _ in missing})
                count = "the" if len(missing) == cases else len(missing)
                text = (
                    f"{count} {part} of {cases} case{'s' * (cases > 1)} are missing for that reason"
                )
                self._speaker.report(Message("failure", None, f"{text}: {reason}"))


def about(case_id: str, part: str) -> str:
    """Return how a case, or a part of it, is called in a message."""
    name, _, _ = part.partition("\n")
    return f"the {name} of case {case_id}" if name else f"case {case_id}"
