"""Calls the feeds of a definition: lists, and everything that is done for one case.

For a case: the rest of its pipeline with the supplemental feeds that it calls, the report, and
the fulfillment feeds that fill its placeholders.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from izoologic_cdf.errors import Cause, ItemError, RunError
from izoologic_cdf.language import model, steps
from izoologic_cdf.language.budget import unmetered
from izoologic_cdf.language.values import names_read, prepare
from izoologic_cdf.library.objects import Content
from izoologic_cdf.runtime.bodies import intruder
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.guard import Guard
from izoologic_cdf.runtime.id_check import IdCheck
from izoologic_cdf.runtime.interpreter import Interpreter, evaluate, evaluate_whole
from izoologic_cdf.runtime.report_objects import ItemReport, ObjectBuilder, Placeholder
from izoologic_cdf.runtime.source_client import SourceClient
from izoologic_cdf.runtime.spool import SpooledBody
from izoologic_cdf.runtime.windows import DAY, EARLIEST, Window, split_range, spread

# windows whose names are kept
MAX_NAMES = 256
_YEAR_2100 = 4_102_444_800
# the first second that no date can name
_END_OF_TIME = 253_402_300_800


class Feeds:
    """A primary feed and those that it calls, in one run; shared by the threads of the run.

    `interpreter` makes what runs the pipelines; whoever wants to see all of it puts another there.
    """

    interpreter: Callable[..., Interpreter] = Interpreter

    def __init__(
        self,
        definition: model.Definition,
        feed: model.Feed,
        user_fields: Mapping[str, Any],
        sources: SourceClient,
        stored: Callable[[Iterable[str]], Mapping[str, int]],
        *,
        guard: Guard | None = None,
        without: frozenset[str] = frozenset(),
        whole_requests: bool = False,
    ) -> None:
        """`stored` returns how many listed files of each attachment key have their bytes already.

        `without` names parts that are not requested. `whole_requests` requests as far back as one
        request goes, at no cost: so it finds what became visible later than its own date says.
        """
        self._definition = definition
        self._feed = feed
        self._user_fields = user_fields
        self._sources = sources
        self._stored = stored
        self._guard = guard or Guard()
        self._without = without
        self._whole_requests = whole_requests
        # bounded, since the windows of a supplemental feed can differ from case to case
        self._base = functools.lru_cache(maxsize=MAX_NAMES)(self._base_names)
        self._builders = {name: ObjectBuilder(feed) for name, feed in definition.feeds.items()}
        self._parts = parts_of(definition)
        self._constant = constant_names(definition)
        self._ids = IdCheck(self.gives)
        self._detail, self._items = _after_track(feed.filters)
        calls = (at for at, one in enumerate(self._detail) if isinstance(one, steps.Supplemental))
        self._first_call = next(calls, len(self._detail))

    def names(
        self, feed: model.Feed, window: Window, run_params: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        """Return the names of expressions of a feed in a window of the run."""
        names = self._base(feed.timestamp_format, window)
        return names if run_params is None else {**names, steps.RUN_PARAMS: run_params}

    def _base_names(self, timestamp_format: str, window: Window) -> dict[str, Any]:
        since, until = (_format(at, timestamp_format) for at in (window.since, window.until))
        run_meta = {"since": since, "until": until}
        names: dict[str, Any] = {"user_fields": self._user_fields, "run_meta": run_meta}
        for name, value in self._definition.template_values.items():
            names[name] = evaluate(value, names)
        return names

    # --- the primary feed --------------------------------------------------------------------

    def windows_of(self, part: Window) -> list[Window]:
        """Return the windows in which the source of the primary feed is requested for a range."""
        limits = self._feed.source.window if self._feed.source else None
        if limits is None:
            return [part]
        days = _days(limits, self.names(self._feed, part))
        return list(split_range(part.since, part.until, days))

    def prepare(self) -> None:
        """Compile what the first case would have to wait for."""
        prepare([self._feed, *_reached(self._definition, self._feed)])

    def ranged(self) -> set[str | None]:
        """Return the parts of a case that depend on the asked range, null for the case itself."""
        sources = ((one.name, one.source) for one in _reached(self._definition, self._feed))
        return {self._parts.get(name) for name, one in sources if one and one.window}

    def list_cases(self, about: Case, latest: int) -> Iterator[Case]:
        """Request a window of the asked range from the source of the primary feed; yield its cases.

        `about` holds both ranges and takes the messages about the list. A case that claims an
        update after `latest`, or before anything can have been, belongs to no window, so it is
        looked at in the window of its day.

        Raises:
            ItemError: the window was not given; RefusedError where the server said no.
        """
        feed = self._feed
        if feed.source is None:
            raise ItemError("a feed without a source lists nothing", feed.position)
        names = self.names(feed, about.window)

        def elsewhere(updated: int) -> Mapping[str, Any] | None:
            if EARLIEST <= updated <= latest or not 0 <= updated < _END_OF_TIME:
                return None
            day = updated - updated % DAY
            # what reckons with calendar dates seldom reckons with the year 2100
            written = feed.timestamp_format if updated < _YEAR_2100 else "%s"
            return self._base(written, Window(day, day + DAY - 1))

        for body in self._sources.ask(feed.source, names, self._constant):
            interpreter = self.interpreter(names, about, self._call, elsewhere)
            for item in interpreter.run(feed.filters, body):
                yield item if isinstance(item, Case) else Case(value=item)

    def work(self, case: Case) -> ItemReport | None:
        """Do everything for one case; null when its data is gone.

        Raises:
            ItemError: the case failed.
        """
        names = self.names(self._feed, case.window)
        interpreter = self.interpreter(names, case, self._call)
        if case.nameless is not None:
            # nothing is requested for it, but its pipeline may say better what is wrong
            interpreter.run(self._detail[: self._first_call], case.value)
            raise ItemError("an item without an id cannot be tracked", case.nameless)
        # a case whose list of items is empty is complete; one that is dropped before has no data
        report = ItemReport()
        dropped = True
        try:
            for value in interpreter.run(self._detail, case.value):
                dropped = False
                for data in interpreter.run(self._items, value):
                    self._builders[self._feed.name].add(data, names, case, report)
        except ItemError as error:
            # it cannot do without a part that is missing
            raise (case.lacks.error() if case.lacks else error) from None
        if dropped and case.lacks:
            raise case.lacks.error()
        if dropped:
            return None
        self._fulfill(case, report)
        return report

    def gives(self, case: Case) -> bool:
        """Request a known case; return whether the API has data for it. Raises ItemError."""
        pipeline = self._detail[: self._first_call + 1]
        step = pipeline[-1] if pipeline else None
        if not isinstance(step, steps.Supplemental):
            return False
        names = self.names(self._feed, case.window)
        interpreter = self.interpreter(names, case, self._call)
        given = interpreter.run(pipeline, case.value)
        return any(isinstance(one, dict) and one.get(step.into) is not None for one in given)

    # --- the feeds that it calls -------------------------------------------------------------

    def _call(self, name: str, params: Mapping[str, Any], case: Case) -> Any:
        """Return what a feed gives to the one that calls it for a case."""
        feed, part = self._definition.feeds[name], self._parts.get(name)
        limits = feed.source.window if feed.source else None
        emitted: list[Any] = []
        if part is not None and part in self._without:
            case.leave_out(part, ranged=True)
        else:
            try:
                # what came before it broke off is kept
                emitted += self._run(feed, params, case)
                if part is not None:
                    case.given.add(part)
            except ItemError as error:
                # what has no id cannot be requested again, so nothing of it may be missing
                if part is None or case.id is None:
                    raise
                case.miss(part, error, f"{error.message}; its {part} are missing", ranged=True)
        if limits is not None and limits.not_before is not None:
            self._guard.watch(case, emitted)
        if feed.emits_list:
            return emitted
        if part is None and emitted and self._ids.refuses(case, emitted[-1]):
            raise self._ignored(feed, params, case)
        return emitted[-1] if emitted else None

    def _ignored(self, feed: model.Feed, params: Mapping[str, Any], case: Case) -> ItemError:
        """Return the error of a feed whose API does not heed the id that it is asked for."""
        given = feed.source.params if feed.source else None
        sent = (
            None if given is None else evaluate_whole(given, self.names(feed, case.window, params))
        )
        called = " or ".join(sent) if isinstance(sent, dict) else "of the id"
        return ItemError(
            f"the details are of another case, and came for an id that no case has too: is the "
            f"parameter {called} called otherwise?",
            feed.position,
            Cause.ENDPOINT,
        )

    def _run(self, feed: model.Feed, params: Mapping[str, Any], case: Case) -> Iterator[Any]:
        """Yield what a supplemental or fulfillment feed emits, over all windows it requests."""
        for window in self._windows(feed, params, case):
            names = self.names(feed, window, params)
            interpreter = self.interpreter(names, case, self._call)
            if feed.source is None:
                yield from interpreter.run(feed.filters, dict(params))
                continue
            for body in unmetered(self._sources.ask(feed.source, names, self._constant)):
                try:
                    yield from interpreter.run(feed.filters, body)
                except ItemError:
                    if isinstance(body, SpooledBody):
                        body.discard()
                    raise

    def _windows(self, feed: model.Feed, params: Mapping[str, Any], case: Case) -> Iterator[Window]:
        """Return the windows of a feed that a case calls, and note where they are too few (I-13).

        Those that fill the last request cost nothing, so they are requested as well.
        """
        limits = feed.source.window if feed.source else None
        if limits is None:
            return iter([case.window])
        whole, names = case.asked, self.names(feed, case.window, params)
        needed, days = whole, _days(limits, names)
        if limits.not_before is not None:
            opened = evaluate(limits.not_before, names)
            # an opening after the update is none
            if isinstance(opened, int) and (case.updated is None or opened <= case.updated):
                case.opened = opened
                first = min(opened - days * DAY, whole.until)
                whole = Window(max(whole.since, first), whole.until)
            needed = self._guard.needed(case, whole)
        allowed = Window(0, whole.until) if self._whole_requests else whole
        requested = spread(needed, allowed, days)
        if not requested.holds(whole):
            case.short = requested if case.short is None else case.short.shared(requested)
        return split_range(requested.since, requested.until, days)

    # --- files -------------------------------------------------------------------------------

    def _fulfill(self, case: Case, report: ItemReport) -> None:
        """Fetch the files that are not stored yet.

        Files with one key are told apart by their bytes alone, so all of them are fetched until
        as many as are listed have come.
        """
        groups: dict[str, list[Placeholder]] = {}
        for placeholder in report.placeholders:
            key = report.batch.objects[placeholder.index].key
            if key is not None:
                groups.setdefault(key, []).append(placeholder)
        stored = self._stored(groups) if groups else {}
        for key, group in groups.items():
            if stored.get(key, 0) < len(group):
                for one in group:
                    reported = report.batch.objects[one.index]
                    reported.content = self._fetch(one, reported.value, key, case)
                if all(report.batch.objects[one.index].content for one in group):
                    report.batch.listed[key] = len(group)

    def _fetch(self, placeholder: Placeholder, name: str, key: str, case: Case) -> Content | None:
        """Return one file; null where it is missing."""
        part = placeholder.part
        if part in self._without:
            case.leave_out(part, key)
            return None
        try:
            content = self._content(placeholder, name, case)
        except ItemError as error:
            case.miss(part, error, f"the file {name!r} was not fetched: {error.message}", key)
            return None
        case.given.add(part)
        if content.size == 0:
            case.warn(f"the file {name!r} is empty", self._feed.position)
        return content

    def _content(self, placeholder: Placeholder, name: str, case: Case) -> Content:
        feed, filled = self._definition.feeds[placeholder.feed], ItemReport()
        names = self.names(feed, case.window, placeholder.run_params)
        for data in self._run(feed, placeholder.run_params, case):
            self._builders[feed.name].add(data, names, case, filled)
        found = [one.content for one in filled.batch.objects if one.content is not None]
        for other in found[1:]:
            other.discard()
        if not found:
            raise ItemError("no bytes came", self._feed.position)
        instead = intruder(name, found[0].source)
        if instead is not None:
            found[0].discard()
            raise ItemError(instead, feed.position, Cause.OUTAGE)
        return found[0]


def parts_of(definition: model.Definition) -> dict[str, str]:
    """Return the parts of a case that it can do without, by the feed that gives each.

    The first feed that is called for a case gives the case itself, and so does any that gives one
    item; one that gives a list, or fills placeholders, gives a part. A part is called as the key
    that the list stands under, and as the object set of the placeholders.
    """
    parts: dict[str, str] = {}
    calls = [feed.calls[0] for feed in definition.primary_feeds if feed.calls]
    first = {call.feed for call in calls}
    for feed in definition.feeds.values():
        for step in feed.calls:
            if definition.feeds[step.feed].emits_list and step.feed not in first:
                parts.setdefault(step.feed, step.into)
        for object_set in feed.report.object_sets if feed.report else ():
            if object_set.fulfillment is not None:
                parts.setdefault(object_set.fulfillment, object_set.name)
    return parts


def _reached(definition: model.Definition, feed: model.Feed) -> list[model.Feed]:
    """Return the feeds that a feed calls, by whatever way."""
    names = [call.feed for call in feed.calls]
    for name in names:
        inner = [call.feed for call in definition.feeds[name].calls]
        names += [other for other in inner if other not in names]
    return [definition.feeds[name] for name in names]


def constant_names(definition: model.Definition) -> frozenset[str]:
    """Return the names that mean the same in all calls of a run."""
    constant = {"user_fields"} - definition.template_values.keys()
    for name, value in definition.template_values.items():
        if names_read(value) <= constant:
            constant.add(name)
    return frozenset(constant)


def _after_track(pipeline: steps.Pipeline) -> tuple[steps.Pipeline, steps.Pipeline]:
    """Return what is done for each case; cut in front of its first step that gives several values.

    A definition that tracks none has done everything already.
    """
    after = (at for at, step in enumerate(pipeline, 1) if isinstance(step, steps.Track))
    pipeline = pipeline[next(after, len(pipeline)) :]
    for index, step in enumerate(pipeline):
        if steps.iterates((step,)):
            return pipeline[:index], pipeline[index:]
    return pipeline, ()


def _days(limits: model.Window, names: Mapping[str, Any]) -> int:
    """Return the longest window of a source, in days; raises RunError for no such number."""
    days = evaluate(limits.days, names)
    if not isinstance(days, int) or isinstance(days, bool) or days < 1:
        raise RunError(f"{limits.days.position}: expected an integer >= 1 for the days of a window")
    return days


def _format(epoch: int, timestamp_format: str) -> str:
    """Return epoch seconds in a strftime format, UTC; `%s` is epoch seconds everywhere."""
    return datetime.fromtimestamp(epoch, UTC).strftime(timestamp_format.replace("%s", str(epoch)))
