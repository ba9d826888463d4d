"""Parts of a run alone, on one core: `python -m benchmarks.stages STAGE TEMPLATES CASES`.

Prints one JSON object of cases a second.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.in_memory import Kept, Tenant, incident
from izoologic_cdf.language import model
from izoologic_cdf.library.objects import Attribute, Batch, Reported
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.bodies import read_json
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.feeds import Feeds
from izoologic_cdf.runtime.redactor import Redactor
from izoologic_cdf.runtime.source_client import Sources
from izoologic_cdf.runtime.state import State
from izoologic_cdf.runtime.windows import Window

SINCE = 1_750_000_000
DAYS_29 = 29 * 86_400
NOW = "2025-08-15 00:00:00"
ATTRIBUTES, NOTES, OF_NOTES = 25, 2, 2
ROUNDS = 5


class _Bodies(Sources):
    """Hands out the bodies of the first time again; only to be parsed, as when they come."""

    _bodies: dict[object, list[bytes]]

    def ask(self, source: model.HttpSource, names: Mapping[str, Any]) -> Iterator[Any]:
        if not hasattr(self, "_bodies"):
            self._bodies = {}
        key = id(source), names.get("run_params", {}).get("case_id")
        if key not in self._bodies:
            self._bodies[key] = [bytes(body) for body in super().ask(source, names)]  # type: ignore[arg-type]
        for kept in self._bodies[key]:
            yield read_json(kept)


def mapping(templates: Path, cases: int) -> dict[str, float]:
    """Response bodies in memory to report objects; and the same with the requests for them."""
    definition, feed, values = incident()
    window = Window(SINCE, SINCE + DAYS_29)
    tenant = Tenant(cases, SINCE, DAYS_29, SINCE + DAYS_29)
    found = {}
    for name, sources in (("mapping", _Bodies), ("mapping and requests", Sources)):
        transport = Kept(templates, tenant)
        feeds = Feeds(definition, values, sources(transport, Redactor(), _say_nothing), _nothing)

        def job(feeds: Feeds = feeds) -> None:
            about = Case(window=window, asked=window)
            for case in feeds.list_cases(feed, about, window.until):
                case.window = case.asked = window
                feeds.work(feed, case)

        job()  # makes the bodies, and compiles what is compiled once
        found[name] = _median(cases, job)
    return found


def _say_nothing(_text: str) -> None:
    pass


def _nothing(_keys: Iterable[str]) -> dict[str, int]:
    return {}


def library(_templates: Path, cases: int) -> dict[str, float]:
    """Batches into a library: a transaction for each, and with what a run commits beside it."""
    _, feed, values = incident()
    window = Window(SINCE, SINCE + DAYS_29)
    batches = list(_batches(cases))
    found: dict[str, list[float]] = {"library": [], "library, as a run commits": []}
    for _ in range(ROUNDS):
        for name, taken in found.items():
            with tempfile.TemporaryDirectory() as folder:
                opened = Library.create(Path(folder) / "library.sqlite")
                state = State(opened, feed.name, feed.user_fields, values)
                state.tenant.prove(0)
                state.coverage.begin(window)
                begun = time.perf_counter()
                for number, batch in enumerate(batches):
                    with opened.transaction():
                        opened.ingest(
                            batch,
                            source=feed.name,
                            updatable=feed.updatable,
                            run_id=1,
                            now=NOW,
                        )
                        if name == "library, as a run commits":
                            state.done(batch.objects[0].value, 0, window)
                            state.coverage.grow(SINCE + number)
                taken.append(cases / (time.perf_counter() - begun))
                opened.close()
    return {name: sorted(taken)[ROUNDS // 2] for name, taken in found.items()}


def _batches(cases: int) -> Iterator[Batch]:
    for number in range(cases):
        case = str(number).zfill(9)
        attributes = [Attribute(f"Attribute {i}", f"value {i} {case}") for i in range(ATTRIBUTES)]
        batch = Batch([Reported("incident", case, published_at=NOW, attributes=attributes)])
        for note in range(NOTES):
            own = [Attribute(f"Note {i}", f"value {i}") for i in range(OF_NOTES)]
            text = "text of a message\r\n" * 20
            value = f"{NOW} - subject {note} - {case}"
            batch.objects.append(Reported("note", value, description=text, attributes=own))
            batch.relations.append((0, note + 1))
        yield batch


def _median(cases: int, job: Callable[[], None]) -> float:
    taken = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        job()
        taken.append(cases / (time.process_time() - begun))
    return sorted(taken)[ROUNDS // 2]


if __name__ == "__main__":
    stage = {"mapping": mapping, "library": library}[sys.argv[1]]
    print(json.dumps(stage(Path(sys.argv[2]), int(sys.argv[3]))))
