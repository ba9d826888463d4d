"""What became of one case: its requests, and of each row of the report its value, or why not."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from izoologic_cdf.errors import CdfError, ItemError
from izoologic_cdf.explain.mapped_rows import Row, rows_of
from izoologic_cdf.explain.origins import Origins, source
from izoologic_cdf.explain.paths import leaves, place
from izoologic_cdf.explain.trace import (
    Asked,
    Event,
    Frame,
    ListedCase,
    Recorder,
    TracedFeeds,
    TracedTransport,
)
from izoologic_cdf.language import model, steps
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.redactor import Redactor
from izoologic_cdf.runtime.source_client import SourceClient
from izoologic_cdf.runtime.windows import OVERLAP, Window, split_range

# the longest manual run of a feed that has no windows of its own
_DAYS = 30


def _all_stored(keys: Iterable[str]) -> Mapping[str, int]:
    """Return that no file needs to be downloaded: nobody explains its bytes."""
    return dict.fromkeys(keys, 1_000_000_000)


class NotListedError(CdfError):
    """No list of the range has the case; the message says what became of it there."""

    def __init__(self, message: str, listed: list[str]) -> None:
        super().__init__(message)
        self.listed = listed


@dataclass(slots=True)
class Story:
    """Everything that was done for one case."""

    feed: model.Feed
    case: Case
    window: Window
    recorder: Recorder
    origins: Origins
    items: list[list[Row]] = field(default_factory=list)
    # why there is less than could be: drops of the case or of items, failures, warnings
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The case; of a definition that tracks none the first object that it became."""
        made = [one.value for item in self.recorder.items for one in item.objects]
        return self.case.id or next(iter(made), "an item without an id")

    @property
    def requests(self) -> list[Asked]:
        """The requests, in order."""
        return self.recorder.asked

    @property
    def rows(self) -> list[Row]:
        """The rows of all data items."""
        return [row for rows in self.items for row in rows]


def story_of(feed: model.Feed, case: Case, recorder: Recorder) -> Story:
    """Return what a recorder has of one case, or of a list: that is a case without an id."""
    # those of the feed itself; what fetches files comes after them
    details = [one for one in recorder.frames if one.feed == feed.name]
    origins = Origins(case.output if isinstance(case, ListedCase) else None, details)
    story = Story(feed, case, case.window, recorder, origins)
    for item in recorder.items:
        story.items.append([*rows_of(feed, item, origins)])
    return story


class Teller:
    """Runs one case of a feed after the other, and tells their stories."""

    def __init__(
        self,
        definition: model.Definition,
        feed: model.Feed,
        user_fields: Mapping[str, Any],
        transport: TracedTransport,
        redactor: Redactor,
        asked: Window,
        feeds: Callable[..., TracedFeeds] = TracedFeeds,
    ) -> None:
        self._feed, self._asked = feed, asked
        sources = SourceClient(transport, redactor, lambda _: None)
        self._feeds = feeds(definition, feed, user_fields, sources, _all_stored)

    def stories(self) -> Iterator[Story]:
        """Yield the story of each listed case; raises ItemError where a list is not given."""
        for recorder, cases in self._lists():
            asked = list(recorder.asked)
            for number, case in enumerate(cases):
                yield self._tell(case, asked if number == 0 else [])

    def cases(self) -> Iterator[Case]:
        """Yield each listed case once it is processed; raises ItemError as `stories` does."""
        for _, cases in self._lists():
            for case in cases:
                with contextlib.suppress(ItemError):
                    self._feeds.work(case)
                yield case

    def find(self, case_id: str | None) -> Story:
        """Return the story of a case, or of the first that is listed.

        Raises:
            NotListedError: no window has it.
            ItemError: a list was not given.
        """
        listed: list[str] = []
        ended = None
        for recorder, cases in self._lists():
            for case in cases:
                if case_id in (None, case.id):
                    return self._tell(case, recorder.asked)
                if case.id is not None:
                    listed.append(case.id)
                    continue
                # a definition that tracks nothing has cases by what they become
                story = self._tell(case, recorder.asked)
                if case_id == story.name:
                    return story
                listed.append(story.name)
            if case_id is not None:
                ended = ended or _ended(recorder.frames, case_id)
        if ended:
            raise NotListedError(f"{case_id} is in the list, and {ended}", [])
        shown = f"the case {case_id}" if case_id is not None else "a case"
        raise NotListedError(f"no list of this range has {shown}", listed)

    def _lists(self) -> Iterator[tuple[Recorder, list[Case]]]:
        """Yield each window of the range, the newest first, with the cases of its list."""
        windows = self._feeds.windows_of(self._asked)
        if len(windows) == 1:
            # a feed without windows is run for no longer on the platform
            windows = list(split_range(self._asked.since, self._asked.until, _DAYS))
        for window in reversed(windows):
            about = Case(window=window, asked=self._asked)
            cases = list(self._feeds.list_cases(about, self._asked.until + OVERLAP))
            for case in cases:
                # as in a run, whose lists show every update until now
                case.window, case.asked, case.listed = window, self._asked, self._asked.until
            yield self._feeds.recorder, cases

    def _tell(self, case: Case, asked: list[Asked]) -> Story:
        failed = None
        try:
            self._feeds.work(case)
        except ItemError as error:
            failed = (
                f"{error.message} [{place(error.position)}]" if error.position else error.message
            )
        recorder = self._feeds.recorder
        story = story_of(self._feed, case, recorder)
        recorder.asked[:0] = asked
        if failed is not None:
            story.notes.append(f"the case failed: {failed}")
        story.notes += _drops(story.origins.details)
        story.notes += [str(one) for one in case.messages]
        story.notes += [miss.text for miss in case.misses]
        return story


def _all(frames: list[Frame]) -> Iterator[Frame]:
    for frame in frames:
        yield frame
        for event in frame.events:
            yield from _all(event.inner)


def _ended(frames: list[Frame], case_id: str) -> str | None:
    """Return what became of an element of a list that names a case; null where none does."""
    for frame in _all(frames):
        ended = frame.dropped
        if ended is not None and any(one == case_id for _, one in leaves(frame.value)):
            return _dropped_by(ended)
    return None


def _drops(details: list[Frame]) -> Iterator[str]:
    for frame in _all(details):
        ended = frame.dropped
        inside = frame.event is not None and isinstance(frame.event.step, steps.Warn)
        if ended is not None and not inside:
            what = "the case" if frame in details else f"an item of {frame.feed}"
            yield f"{what} is {_dropped_by(ended)}"


def _dropped_by(ended: Event) -> str:
    condition = source(ended.step.condition) if isinstance(ended.step, steps.Drop) else ""
    return f"dropped by `drop: {condition}` at {place(ended.position)}"
