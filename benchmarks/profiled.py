"""Where a run's processor time goes: `python -m benchmarks.profiled SINCE UNTIL`.

One thread does everything, over a real emulator. A signal per millisecond of processor time looks
at what is going on, which slows nothing down as a tracing profiler would. The sample belongs to
the innermost layer of ours on the stack. Prints one JSON object: layer -> share of the samples.
"""

import json
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock

from benchmarks.in_memory import incident
from benchmarks.processes import ROOT
from izoologic_cdf.cli.progress_bar import progress
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime import run
from izoologic_cdf.runtime.plan import whole

INTERVAL = 0.001
PLACES = {
    "izoologic_cdf/runtime/http": "transport",
    "izoologic_cdf/runtime/adapter": "transport",
    "izoologic_cdf/runtime/environment": "transport",
    "izoologic_cdf/runtime/spool": "transport",
    "izoologic_cdf/runtime/bodies": "parsing of bodies",
    "izoologic_cdf/runtime/login": "requests and login",
    "izoologic_cdf/runtime/source_client": "requests and login",
    "izoologic_cdf/language": "expressions",
    "filters": "python filters",
    "izoologic_cdf/runtime/interpreter": "pipelines",
    "izoologic_cdf/runtime/feeds": "pipelines",
    "izoologic_cdf/runtime/report_objects": "report",
    "izoologic_cdf/library": "library",
    "izoologic_cdf/runtime/state": "state",
    "izoologic_cdf": "rest of the run",
}


class _Inline:
    """An executor that does the work at once, in the thread that asks for it."""

    def __init__(self, *_: Any) -> None:
        pass

    def submit(self, work: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(work(*arguments))
        return done

    def shutdown(self, **_: Any) -> None:
        pass


def place(frame: FrameType | None) -> str:
    """Return the layer that a frame works for."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name == "<template>":
            return "expressions"
        if name.startswith(str(ROOT)):
            inside = str(Path(name).relative_to(ROOT))
            for start, layer in PLACES.items():
                if inside.startswith(start):
                    return layer
        frame = frame.f_back
    return "rest of the run"


def main() -> None:
    """Profile one run."""
    since, until = (int(text) for text in sys.argv[1:3])
    definition, feed, values = incident()
    values |= {
        "api_host": os.environ["IZOOLOGIC_API_HOST"],
        "api_key": os.environ["IZOOLOGIC_API_KEY"],
        "api_secret": os.environ["IZOOLOGIC_API_SECRET"],
    }
    samples: Counter[str] = Counter()

    def sample(_number: int, frame: FrameType | None) -> None:
        samples[place(frame)] += 1

    with (
        tempfile.TemporaryDirectory() as folder,
        Library.create(Path(folder) / "library.sqlite") as library,
        mock.patch.object(run, "ThreadPoolExecutor", _Inline),
        Path("/dev/null").open("w", encoding="utf-8") as nowhere,
    ):
        shown = progress(nowhere)
        feed_run = run.FeedRun(definition, feed, values, whole(since, until), library, shown)
        signal.signal(signal.SIGPROF, sample)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
        summary = feed_run.run()
        signal.setitimer(signal.ITIMER_PROF, 0)
    whole_run = samples.total()
    shares = {layer: count / whole_run for layer, count in samples.most_common()}
    print(json.dumps({"cases": summary.detailed, "samples": whole_run, "shares": shares}))


if __name__ == "__main__":
    main()
