"""What a run over the emulator's guide scenario does, measured when the documents are made.

What it ingests gives the examples of the mapping tables.
"""

import contextlib
import functools
import io
import json
import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from izoologic_cdf.cli.main import main
from izoologic_cdf.content import folder, object_names
from izoologic_cdf.emulator import Emulator, load_scenario
from izoologic_cdf.errors import CdfError
from izoologic_cdf.runtime.summary import EXIT_CODES, plural
from izoologic_cdf.runtime.windows import stamp
from tools.markdown import table
from tools.source import FEEDS, source

SCENARIO = "guide"
# the switches that make other objects and attributes of the same cases
_OTHERWISE = (
    "ingest_as_event",
    "ingest_ip_as_attribute",
    "ingest_as_identity",
    "ingest_description_as_attribute",
)
# characters of an example
_WIDTH = 60
# how an export calls the parts of an item that it calls otherwise
_PARTS = {"title": "value", "name": "value", "type": "subtype"}


class MeasureError(CdfError):
    """A run that did not end as complete, so that its figures say nothing."""


def average_run(feed: str) -> str:
    """Return the counts of the first run of a feed over the whole guide scenario."""
    summary = _measured().summaries[feed]
    cases, calls = summary["cases"], summary["calls"]
    since, until = map(stamp, _range())
    rows = [
        ("Range", f"{since} to {until} UTC"),
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


@dataclass(frozen=True, slots=True)
class _Measured:
    """Summaries by feed, and the exported objects of two runs.

    The first run has the default switches, the second one others.
    """

    summaries: dict[str, dict[str, Any]]
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
            "XDG_CONFIG_HOME": folder,
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
        exports = [_output(["library", "export", one], environment) for one in (library, other)]
    return _Measured(summaries, [one for text in exports for one in json.loads(text)["objects"]])


def _output(arguments: list[str], environment: dict[str, str]) -> str:
    # the command as a user calls it: what is measured is what is documented
    written, err = io.BytesIO(), io.StringIO()
    out = io.TextIOWrapper(written, encoding="utf-8")
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main(arguments)
    out.flush()
    text = written.getvalue().decode()
    if code != EXIT_CODES["complete"]:
        raise MeasureError(
            f"the measured {arguments[0]} ended with {code}\n{err.getvalue() or text}"
        )
    return text


def _range() -> tuple[int, int]:
    scenario = load_scenario(SCENARIO)
    if scenario.since is None or scenario.until is None:
        raise MeasureError(f"the scenario {SCENARIO} names no range")
    return scenario.since, scenario.until


def example_of_object(object_code: str, subtype: str | None, part: str) -> str:
    """Return a part of an object of a type, and of a subtype where that is given."""
    found = [one for one in _best([object_code]) if subtype in (None, one["subtype"])]
    return next((_short(one.get(_PARTS.get(part, part))) for one in found), "")


def example_of_attribute(object_codes: Iterable[str], name: str) -> str:
    """Return a value of an attribute of an object of these types."""
    attributes = (attribute for one in _best(object_codes) for attribute in one["attributes"])
    return next((_short(one["value"]) for one in attributes if one["name"] == name), "")


def _best(object_codes: Iterable[str]) -> list[dict[str, Any]]:
    """Return the objects of the samples first, then those with many attributes."""
    found = [one for one in _measured().objects if one["type"] in object_codes]
    return sorted(found, key=lambda one: (not _is_of_a_sample(one), -len(one["attributes"])))


def _is_of_a_sample(one: dict[str, Any]) -> bool:
    text = json.dumps(one)
    return any(case_id in text for case_id in _samples())


@functools.cache
def _samples() -> list[str]:
    """Return the ids of the cases that the samples show."""
    texts = [path.read_text("utf-8") for path in (folder("fixtures") / "guide").glob("*.json")]
    return [found for text in texts for found in re.findall(r'"caseI[dD]": "(.*?)"', text)]


def _short(value: Any) -> str:
    text = " ".join(str(value or "").split())
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH].rstrip()}..."
