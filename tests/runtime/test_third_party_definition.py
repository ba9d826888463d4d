"""A definition as third parties write them loads with remarks only, and gives what it says.

Its export is worked out by hand below. It holds under both readings of the first page, and of a
missing key.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.language.load import load
from izoologic_cdf.lint.check import lint
from izoologic_cdf.runtime.source_client import FirstPage
from tests.runtime.runs import Outcome, run
from tests.support.loopback import Answer, Asked, Loopback

DEFINITION = Path(__file__).parent / "definitions" / "watchlist.yaml"
FEED = "Example Labs Watchlist"
READINGS = pytest.mark.parametrize("first_page", list(FirstPage))

# what the API has: the first finding has everything, the last one nearly nothing
FINDINGS: list[dict[str, Any]] = [
    {
        "id": 17, "name": "Exposed service", "severity": "high", "seen": "2023-11-15T08:00:00Z",
        "text": "Port 22 answers", "labels": ["ssh", "exposed"], "ports": [22, 2222],
        "team": "Team A", "confirmed": True, "ips": ["198.51.100.17", "192.0.2.17"],
        "hosts": ["a.example.com", "b.example.com"], "urls": ["https://a.example.com/login"],
        "machines": [
            {"name": "host-a", "os": "Linux", "retired": False, "groups": ["web", "dmz"]},
            {"name": "host-b", "os": "Linux", "retired": True},
            {"name": "host-c", "os": "Unknown", "groups": []},
        ],
    },
    {
        "id": 18, "name": "Old certificate", "severity": "low", "seen": "2023-11-15 09:00:00",
        "text": None, "labels": [], "ports": [], "confirmed": "maybe", "ips": [],
        "hosts": ["b.example.com", None, ""], "machines": [],
    },
    {"id": 99, "name": "Noise", "severity": "info"},
    {"id": 19, "name": "Bare", "severity": "medium"},
]  # fmt: skip

R17 = ("report", "17 - Exposed service")
R18 = ("report", "18 - Old certificate")


def exported(
    kind: str,
    value: str,
    *attributes: tuple[str, str],
    related: tuple[tuple[str, str], ...] = (),
    **more: Any,
) -> dict[str, Any]:
    return {
        "type": kind,
        "value": value,
        "subtype": None,
        "description": None,
        "published_at": None,
        "sources": [FEED],
        "attributes": [
            {"name": name, "value": text, "sources": [FEED]} for name, text in attributes
        ],
        "related": [{"type": other, "value": name} for other, name in related],
        "tags": [],
        "status": None,
        "happened_at": None,
        **more,
    }


OBJECTS = [
    exported("asset", "host-a", ("Operating System", "Linux"), related=(R17,), tags=["dmz", "web"]),
    exported("asset", "host-c", related=(R17,)),
    exported(
        "indicator", "192.0.2.17", ("Finding", "17"), ("Team", "Team A"),
        related=(R17,), subtype="IP Address", status="Review",
    ),
    exported(
        "indicator", "198.51.100.17", ("Finding", "17"), ("Team", "Team A"),
        related=(R17,), subtype="IP Address", status="Review",
    ),
    exported("indicator", "a.example.com", related=(R17,), subtype="FQDN", status="Active"),
    exported("indicator", "b.example.com", related=(R17, R18), subtype="FQDN", status="Active"),
    exported(
        "indicator", "https://a.example.com/login", ("Finding", "17"),
        related=(R17,), subtype="URL", status="Review",
    ),
    exported(
        *R17, ("Confirmed", "true"), ("Machines", "2"), ("Port", "22"), ("Port", "2222"),
        ("Severity", "High"), ("Team", "Team A"),
        related=(
            ("asset", "host-a"), ("asset", "host-c"), ("indicator", "192.0.2.17"),
            ("indicator", "198.51.100.17"), ("indicator", "a.example.com"),
            ("indicator", "b.example.com"), ("indicator", "https://a.example.com/login"),
        ),
        description="Port 22 answers", published_at="2023-11-15 08:00:00",
        tags=["exposed", "severity:high", "ssh", "watchlist"],
    ),
    exported(
        *R18, ("Machines", "0"), ("Severity", "Low"), related=(("indicator", "b.example.com"),),
        published_at="2023-11-15 09:00:00", tags=["severity:low", "watchlist"],
    ),
    exported(
        "report", "19 - Bare", ("Machines", "0"), ("Severity", "Medium"),
        tags=["severity:medium", "watchlist"],
    ),
]  # fmt: skip


def page(asked: Asked) -> Answer:
    """Pages count from 0, which is also the one that is given where none is named."""
    size = int(asked.get("limit"))
    begin = size * int(asked.get("page", "0"))
    return Answer({"data": FINDINGS[begin : begin + size]})


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback({"/v2/findings": page}) as server:
        yield server


def ran(server: Loopback, folder: Path, **how: Any) -> Outcome:
    fields = {"host": server.url, "api_token": "hunter2-hunter2", "with_team": True}
    fields |= how.pop("fields", {})
    return run(DEFINITION, folder / "l.sqlite", fields, **how)


def test_it_loads_and_lint_has_remarks_only() -> None:
    assert load(DEFINITION).feeds[FEED].source is not None
    assert [(one.code, one.message.partition(" is ")[0]) for one in lint(DEFINITION)] == [
        ("CDF302", "not every version of ThreatQ knows timeout"),
        ("CDF301", "'str'"),
        ("CDF301", "'len'"),
        ("CDF301", "'isinstance'"),
        ("CDF301", "'str'"),
    ]


@READINGS
@pytest.mark.parametrize("missing", list(Missing))
def test_it_gives_the_export_that_was_worked_out_by_hand(
    server: Loopback, tmp_path: Path, missing: Missing, first_page: FirstPage
) -> None:
    outcome = ran(server, tmp_path, missing=missing, first_page=first_page)
    assert outcome.told.said == []
    assert outcome.summary.outcome == "complete"
    assert json.loads(outcome.exported) == {"objects": OBJECTS}


@READINGS
def test_it_asks_for_each_page_once(
    server: Loopback, tmp_path: Path, first_page: FirstPage
) -> None:
    ran(server, tmp_path, first_page=first_page)
    with_first = first_page is FirstPage.WITH
    assert [asked.query.get("page") for asked in server.asked] == [
        ["0"] if with_first else None, ["1"], ["2"],
    ]  # fmt: skip
    assert {asked.get("limit") for asked in server.asked} == {"2"}
    assert {asked.headers["Authorization"] for asked in server.asked} == {"Bearer hunter2-hunter2"}


def test_a_condition_that_a_filter_made_follows_its_switch(
    server: Loopback, tmp_path: Path
) -> None:
    outcome = ran(server, tmp_path, fields={"with_team": False})
    teams = {
        one["value"]
        for one in json.loads(outcome.exported)["objects"]
        for row in one["attributes"]
        if row["name"] == "Team"
    }
    # the one of the report went; those of the shared set have a condition of their own
    assert teams == {"192.0.2.17", "198.51.100.17"}
