"""The runtime executes a definition that is not ours, in attested constructs only."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.library.store import Library
from tests.runtime.runs import Outcome, run
from tests.support.loopback import Answer, Asked, Loopback

DEFINITION = Path(__file__).parent / "definitions" / "asset_inventory.yaml"


def asset(name: str, **changes: Any) -> dict[str, Any]:
    details = {"address": None, "state": "up", "managed": False, **changes.pop("details", {})}
    return {
        "name": f"label of {name}", "label": name, "seen_at": "2023-11-15T08:00:00+01:00",
        "deleted": False, "tags": "lab,rack 7", "ports": [], "details": json.dumps(details),
        **changes,
    }  # fmt: skip


def first_machine(state: str = "up") -> dict[str, Any]:
    details = {
        "address": "192.0.2.1", "state": state, "managed": True, "severity": 2, "owner": "Team A",
        "note": "In the basement", "serial": "0478", "sensor": "sensor-2",
    }  # fmt: skip
    ports = [{"number": 22}, {"number": 80, "closed": True}, {"number": 443}]
    return asset("machine-1", details=details, ports=ports)


class Inventory:
    """Pages of assets, and the state of the first machine."""

    def __init__(self) -> None:
        self.state: str | None = "up"

    def page(self, asked: Asked) -> Answer:
        pages: dict[str, tuple[str | None, list[Any]]] = {
            "": ("p2", [first_machine(self.state or ""), asset("gone", deleted=True)]),
            "p2": ("p3", [
                asset("machine-2", details={"address": "2001:db8::1", "owner": "Team A"},
                      seen_at=None),
                asset("hidden", details={"address": "192.0.2.255"}),
            ]),
            "p3": (None, [asset("machine-3", ports=None, tags="")]),
        }  # fmt: skip
        following, data = pages[asked.get("cursor")]
        return Answer({"next": following, "data": data})


@pytest.fixture
def inventory() -> Inventory:
    return Inventory()


@pytest.fixture
def server(inventory: Inventory) -> Iterator[Loopback]:
    with Loopback({"/v1/assets": inventory.page}) as server:
        yield server


def inventoried(server: Loopback, library: Path, **how: Any) -> Outcome:
    fields = {"host": server.url, "token": "hunter2-hunter2", "with_owner": True}
    return run(DEFINITION, library, {**fields, **how.pop("fields", {})}, **how)


@pytest.mark.parametrize("missing", list(Missing))
def test_it_gives_these_objects(
    server: Loopback, tmp_path: Path, missing: Missing, golden: Callable[[str, str], None]
) -> None:
    outcome = inventoried(server, tmp_path / "l.sqlite", missing=missing)
    assert outcome.told.said == []
    assert outcome.summary.outcome == "complete"
    golden("asset_inventory.json", outcome.exported)


def test_it_asks_page_after_page_for_the_range_of_the_run(server: Loopback, tmp_path: Path) -> None:
    inventoried(server, tmp_path / "l.sqlite")
    first = {"since": "2023-11-14T22:13:20Z", "until": "2023-11-15T22:13:20Z", "limit": "2"}
    assert [{key: one for key, (one,) in a.query.items()} for a in server.asked] == [
        first,
        {**first, "cursor": "p2", "after": "start"},
        {**first, "cursor": "p3", "after": "p2"},
    ]
    assert {asked.headers["Authorization"] for asked in server.asked} == {"Token hunter2-hunter2"}


def test_tags_are_kept(server: Loopback, tmp_path: Path) -> None:
    inventoried(server, tmp_path / "l.sqlite")
    with Library.open(tmp_path / "l.sqlite") as library, library.reading() as connection:
        rows = connection.execute("SELECT DISTINCT text FROM tag ORDER BY text").fetchall()
    assert [name for (name,) in rows] == ["inventory", "lab", "rack 7"]


def test_a_switch_takes_away_its_attribute_and_nothing_else(
    server: Loopback, tmp_path: Path
) -> None:
    on = json.loads(inventoried(server, tmp_path / "on.sqlite").exported)
    off = inventoried(server, tmp_path / "off.sqlite", fields={"with_owner": False})
    for found in on["objects"]:
        found["attributes"] = [row for row in found["attributes"] if row["name"] != "Owner"]
    assert on == json.loads(off.exported)


def test_a_second_run_changes_nothing(server: Loopback, tmp_path: Path) -> None:
    first = inventoried(server, tmp_path / "l.sqlite")
    second = inventoried(server, tmp_path / "l.sqlite")
    assert first.exported == second.exported
    counts = second.summary.ingested.counts
    assert {code: (c.objects.created, c.objects.updated) for code, c in counts.items()} == {
        "asset": (0, 0),
        "identity": (0, 0),
        "indicator": (0, 0),
    }


@pytest.mark.parametrize(("state", "stored"), [("down", "down"), (None, "up")])
def test_an_updated_attribute_is_replaced_and_a_missing_one_erases_nothing(
    server: Loopback, tmp_path: Path, inventory: Inventory, state: str | None, stored: str
) -> None:
    inventoried(server, tmp_path / "l.sqlite")
    inventory.state = state
    objects = json.loads(inventoried(server, tmp_path / "l.sqlite").exported)["objects"]
    (machine,) = (found for found in objects if found["value"] == "machine-1")
    states = [row["value"] for row in machine["attributes"] if row["name"] == "State"]
    assert states == [stored]
