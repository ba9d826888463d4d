"""The rows of the guide's mapping tables, and where in an export a text stands."""

import csv
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from izoologic_cdf import content
from tests.support.tenants import Object

# object type, and the key it stands under; for attributes the name as well
Place = tuple[str, ...]


class Row(NamedTuple):
    """One row of a mapping table, its columns as the guide names them."""

    path: str
    entity: str
    key: str
    published_date: str
    example: str
    notes: str

    @property
    def field(self) -> str:
        """The name of the API's field."""
        return self.path.rpartition(".")[2]

    @property
    def is_attribute(self) -> bool:
        """Whether the row makes an attribute."""
        return self.entity.rpartition(".")[2] == "Attribute"

    def __str__(self) -> str:
        return f"{self.path}->{self.entity}:{self.key}"


def table(name: str) -> list[Row]:
    """Return the rows of a mapping table of the guide: incident, dlr or communications."""
    path = content.folder("fixtures") / "mapping" / f"{name}_mapping.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return [Row(*line) for line in list(csv.reader(file))[1:]]


def places(objects: Iterable[Object], text: str) -> set[Place]:
    """Return everywhere that a text stands, alone or inside another; relations are passed over."""
    found: set[Place] = set()
    for one in objects:
        for key in ("value", "subtype", "description", "published_at"):
            if text in (one[key] or ""):
                found.add((one["type"], key))
        for attribute in one["attributes"]:
            if text in attribute["value"] or text in attribute["name"]:
                found.add((one["type"], "attribute", attribute["name"]))
    return found


def attribute_names(objects: Iterable[Object]) -> set[str]:
    """Return the names of all attributes."""
    return {attribute["name"] for one in objects for attribute in one["attributes"]}


def position(switches: Mapping[str, bool]) -> str:
    """Return the switches that are on, as the id of a test."""
    return "+".join(switch for switch, on in switches.items() if on) or "default"
