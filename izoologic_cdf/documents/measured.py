"""What a run over the emulator's guide scenario does, measured when the documents are made."""

import functools
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from izoologic_cdf.content import object_names
from izoologic_cdf.documents.markdown import fenced, table
from izoologic_cdf.documents.source import FEEDS, source
from izoologic_cdf.emulator import Emulator, load_scenario
from izoologic_cdf.errors import CdfError
from izoologic_cdf.runtime.summary import EXIT_CODES, plural
from izoologic_cdf.runtime.windows import stamp

SCENARIO = "guide"
# the case of the guide's communications: it has messages, a file and no IP address
SHOWN = "gz3kEgBWO"
# the switches that make other objects and attributes of the same cases
_OTHERWISE = (
    "ingest_as_event",
    "ingest_ip_as_attribute",
    "ingest_as_identity",
    "ingest_description_as_attribute",
)
# lines of `library show` that differ from run to run
_STAMPS = ("  created ", "  changed ")


class MeasureError(CdfError):
    """A run that did not end as complete, so that its figures say nothing."""


def scenario_range() -> str:
    """Return the range that holds everything of the guide scenario, as a sentence."""
    since, until = _range()
    return f"The scenario `{SCENARIO}` holds cases from {stamp(since)} to {stamp(until)} UTC."


def average_run(feed: str) -> str:
    """Return the counts of the first run of a feed over the whole guide scenario."""
    summary = _measured().summaries[feed]
    cases, calls = summary["cases"], summary["calls"]
    rows = [
        ("Windows of at most 30 days", summary["windows"]["done"]),
        ("Requests to the API", calls["requests"]),
        ("Logins", calls["logins"]),
        ("Cases listed", cases["listed"]),
        ("Cases detailed", cases["detailed"]),
    ]
    for kind, counts in summary["objects"].items():
        rows.append((plural(kind, object_names()), counts["objects"]["created"]))
        if counts["attributes"]["created"]:
            rows.append(
                (f"Attributes of {plural(kind, object_names())}", counts["attributes"]["created"])
            )
    return table(("Metric", "Result"), ((name, str(count)) for name, count in rows))


def excerpt() -> str:
    """Return one case of the guide scenario as `library show` prints it, stamps left out."""
    lines = _measured().shown.splitlines()
    return fenced("\n".join(line for line in lines if not line.startswith(_STAMPS)), "text")


def objects() -> list[dict[str, Any]]:
    """Return the objects of the export: with default switches first, then with others turned on."""
    return _measured().objects


@dataclass(frozen=True, slots=True)
class _Measured:
    summaries: dict[str, dict[str, Any]]
    shown: str
    objects: list[dict[str, Any]]


@functools.cache
def _measured() -> _Measured:
    since, until = _range()
    with (
        Emulator(load_scenario(SCENARIO)) as emulator,
        tempfile.TemporaryDirectory() as folder,
    ):
        # what the user has configured must not enter into the figures
        clean = {k: v for k, v in os.environ.items() if not k.startswith("IZOOLOGIC_")}
        environment = {
            **clean,
            "IZOOLOGIC_API_HOST": emulator.url,
            "IZOOLOGIC_API_KEY": emulator.api_key,
            "IZOOLOGIC_API_SECRET": emulator.secret_key,
        }
        library, other = (str(Path(folder) / name) for name in ("measured.sqlite", "other.sqlite"))
        asked = ["--since", str(since), "--until", str(until), "--format", "json"]
        summaries = {}
        for feed in FEEDS:
            run = ["run", feed, *asked, "--library"]
            summaries[feed] = json.loads(_output([*run, library], environment))
            switches = [
                field.name for field in source(feed).user_fields() if field.name in _OTHERWISE
            ]
            turned = [word for name in switches for word in ("--set", f"{name}=on")]
            _output([*run, other, *turned], environment)
        shown = _output(["library", "show", library, SHOWN], environment)
        exports = [_output(["library", "export", one], environment) for one in (library, other)]
    return _Measured(
        summaries, shown, [one for text in exports for one in json.loads(text)["objects"]]
    )


def _output(arguments: list[str], environment: dict[str, str]) -> str:
    # the command as a user calls it: what is measured is what is documented
    command = [sys.executable, "-m", "izoologic_cdf.cli.main", *arguments]
    done = subprocess.run(  # noqa: S603 - our own command, no shell
        command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode != EXIT_CODES["complete"]:
        said = done.stderr or done.stdout
        raise MeasureError(f"the measured {arguments[0]} ended with {done.returncode}\n{said}")
    return done.stdout


def _range() -> tuple[int, int]:
    scenario = load_scenario(SCENARIO)
    if scenario.since is None or scenario.until is None:
        raise MeasureError(f"the scenario {SCENARIO} names no range")
    return scenario.since, scenario.until
