"""The built definition, and runs of it as the platform would make them: window by window."""

import contextlib
import functools
import io
import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from izoologic_cdf import content
from izoologic_cdf.bundle.build import build_yaml
from izoologic_cdf.cli.main import main
from izoologic_cdf.emulator import Emulator
from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.language.load import load, load_document
from izoologic_cdf.language.model import Definition
from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.pyfilters import PythonFilters
from izoologic_cdf.library.export import export
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.bodies import Response
from izoologic_cdf.runtime.http import Request, Transport
from izoologic_cdf.runtime.plan import whole
from izoologic_cdf.runtime.run import FeedRun, Settings
from izoologic_cdf.runtime.source_client import FirstPage
from izoologic_cdf.runtime.summary import Summary
from izoologic_cdf.runtime.windows import Window
from tests.support.clocks import FakeClock
from tests.support.progress import RecordingProgress
from tests.support.tenants import form_values, new_library

NO_PYTHON = PythonFilters(Path("no-filters"))


def authored_file() -> Path:
    """Return the authored definition."""
    return content.folder("feeds") / "izoologic_sync_cases.yaml"


@functools.cache
def built_text() -> str:
    """Return the text of the built definition."""
    return build_yaml(authored_file(), content.folder("filters"))


@functools.cache
def built_zip() -> bytes:
    """Return the zip that the command builds."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        assert main(["build", "--output", folder]) == 0
        (path,) = Path(folder).glob("*.zip")
        return path.read_bytes()


def loaded(text: str, missing: Missing = Missing.NULL) -> Definition:
    """Load a native definition from its text."""
    return load_document(
        Document("built.yaml", text), Path("built.yaml"), NO_PYTHON, missing=missing
    )


@functools.cache
def built(missing: Missing) -> Definition:
    """Return the built definition under one reading of missing keys."""
    return loaded(built_text(), missing)


@functools.cache
def authored() -> Definition:
    """Return the authored definition."""
    return load(authored_file())


class Answers:
    """What a scenario that stays as it is has answered, for all runs over it.

    Given as the transport of a run, it sends only what no run has sent before, to the byte.
    """

    def __init__(self) -> None:
        self._known: dict[object, Response] = {}

    def __call__(self, *given: Any, **named: Any) -> Transport:
        known = self._known

        class Once(Transport):
            def send(self, request: Request) -> Response:
                sent = request.prepare()
                key = (sent.method, sent.url, tuple(sorted(sent.headers.items())), sent.body)
                if key not in known:
                    response = super().send(request)
                    if not isinstance(response.body, bytes):
                        return response
                    known[key] = response
                # a run may change what it was given
                return known[key]._replace(body=deepcopy(known[key].body))

        return Once(*given, **named)


def runs(
    definition: Definition,
    emulator: Emulator,
    library: Library,
    ranges: Iterable[Window],
    switches: Mapping[str, Any],
    first_page: FirstPage = FirstPage.WITHOUT,
    transport: Callable[..., Transport] = Transport,
) -> list[tuple[Summary, list[str]]]:
    """Run every primary feed once per range; return the summaries and what was said."""
    done = []
    ranges = list(ranges)
    for feed in definition.primary_feeds:
        names = {field.name for field in feed.user_fields}
        own = {name: value for name, value in switches.items() if name in names}
        values = form_values(feed, emulator, **own)
        clock = FakeClock(emulator.state.clock, stopped=True)
        settings = Settings(clock=clock, first_page=first_page, transport=transport)
        for one in ranges:
            heard = RecordingProgress()
            plan = whole(one.since, one.until)
            run = FeedRun(definition, feed, values, plan, library, heard, settings)
            done.append((run.run(), heard.said))
    return done


def exported(
    folder: Path,
    definition: Definition,
    emulator: Emulator,
    ranges: Iterable[Window],
    switches: Mapping[str, Any],
    first_page: FirstPage = FirstPage.WITHOUT,
    transport: Callable[..., Transport] = Transport,
) -> str:
    """Run into a new library and return its export; every run has to be complete."""
    path = new_library(folder / "library.sqlite")
    with Library.create(path) as library:
        for summary, said in runs(
            definition, emulator, library, ranges, switches, first_page, transport
        ):
            assert summary.outcome == "complete", said
        return _with_files_told_by_content("".join(export(library)))


def _with_files_told_by_content(text: str) -> str:
    """Join attachments of one name and content, as a platform does that tells them by both.

    Our runtime tells them by case, name and date, which the uploaded file cannot say.
    """
    joined: dict[Any, dict[str, Any]] = {}
    for one in json.loads(text)["objects"]:
        key = (one["value"], one["sha256"]) if one["type"] == "attachment" else len(joined)
        first = joined.setdefault(key, one)
        if first is not one:
            first["related"] += [other for other in one["related"] if other not in first["related"]]
            first["published_at"] = min(first["published_at"], one["published_at"])
    for one in joined.values():
        one["related"].sort(key=lambda other: (other["type"], other["value"]))
    return json.dumps({"objects": list(joined.values())}, indent=1, ensure_ascii=False)
