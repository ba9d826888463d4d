"""Runs of a definition against a library, with a progress that remembers what was said."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.language.load import load
from izoologic_cdf.library.export import export
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.http import Limits
from izoologic_cdf.runtime.plan import Plan, whole
from izoologic_cdf.runtime.run import FeedRun, Settings
from izoologic_cdf.runtime.source_client import FirstPage
from izoologic_cdf.runtime.summary import Summary
from izoologic_cdf.runtime.windows import Clock, Window
from tests.support.clocks import FakeClock
from tests.support.progress import RecordingProgress

RANGE = Window(1_700_000_000, 1_700_086_400)


@dataclass(slots=True)
class Outcome:
    summary: Summary
    told: RecordingProgress
    exported: str


def run(
    path: Path,
    library: Path,
    user_fields: Mapping[str, Any],
    *,
    plan: Plan | None = None,
    missing: Missing = Missing.NULL,
    first_page: FirstPage = FirstPage.WITHOUT,
    in_flight: int = 4,
    clock: Clock | None = None,
    committed: Callable[[], None] = lambda: None,
) -> Outcome:
    """Run the one primary feed of a definition."""
    definition = load(path, path.parent / "filters", missing=missing)
    (feed,) = definition.primary_feeds
    told = RecordingProgress()
    settings = Settings(in_flight, Limits(attempts=2), clock or FakeClock(), committed, first_page)
    with Library.create(library) as opened:
        plan = plan or whole(RANGE.since, RANGE.until)
        made = FeedRun(definition, feed, dict(user_fields), plan, opened, told, settings)
        summary = made.run()
    with Library.open(library) as opened:
        return Outcome(summary, told, "".join(export(opened)))
