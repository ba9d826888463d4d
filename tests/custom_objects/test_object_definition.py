"""The definition of the object and its icon."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

FOLDER = Path(__file__).parents[2] / "custom_objects"
SVG = "{http://www.w3.org/2000/svg}"
# what a definition may hold; a question mark in the facts about the platform makes it optional
REQUIRED_KEYS = {"code", "name", "description", "fg_color", "fields"}
OPTIONAL_KEYS = {"name_plural", "bg_color"}


@pytest.fixture(scope="module")
def definition() -> list[dict[str, Any]]:
    objects: list[dict[str, Any]] = json.loads((FOLDER / "account.json").read_text("utf-8"))
    return objects


@pytest.fixture(scope="module")
def icon() -> ET.Element:
    return ET.parse(FOLDER / "images" / "account.svg").getroot()  # noqa: S314 - our own file


def test_the_file_defines_one_object_with_the_platform_s_code(
    definition: list[dict[str, Any]],
) -> None:
    assert [entry["code"] for entry in definition] == ["account"]
    assert definition[0]["name"] == "Compromised Account"
    assert definition[0]["name_plural"] == "Compromised Accounts"


def test_the_keys_are_those_that_the_platform_knows(definition: list[dict[str, Any]]) -> None:
    keys = set(definition[0])
    assert keys >= REQUIRED_KEYS
    assert keys <= REQUIRED_KEYS | OPTIONAL_KEYS


def test_the_fields_are_value_and_description_and_only_the_value_is_required(
    definition: list[dict[str, Any]],
) -> None:
    facts = [(f["field"], f["definition"], f["required"]) for f in definition[0]["fields"]]
    assert facts == [
        ("value", "varchar(255) NOT NULL", "Yes"),
        ("description", "text", "No"),
    ]
    assert all(
        set(f) == {"field", "name", "definition", "required"} for f in definition[0]["fields"]
    )
    assert all(f["name"] for f in definition[0]["fields"])


def test_white_stands_out_from_the_object_s_background_colour(
    definition: list[dict[str, Any]],
) -> None:
    """The contrast of WCAG 2 is at least 4.5 : 1."""
    assert _contrast(definition[0]["fg_color"], definition[0]["bg_color"]) >= 4.5


def test_the_icon_is_24_by_24(icon: ET.Element) -> None:
    assert icon.tag == f"{SVG}svg"
    assert (icon.get("viewBox"), icon.get("width"), icon.get("height")) == ("0 0 24 24", "24", "24")


def test_the_icon_is_drawn_in_white_only(icon: ET.Element) -> None:
    colours = {
        value
        for element in icon.iter()
        for name, value in element.attrib.items()
        if name in {"fill", "stroke"}
    }
    assert colours == {"none", "#ffffff"}
    shapes = [element for element in icon.iter() if element.tag in {f"{SVG}circle", f"{SVG}path"}]
    assert all(element.get("fill") for element in shapes), "a shape without fill is black"


def test_the_icon_is_drawing_and_nothing_else(icon: ET.Element) -> None:
    """No script, style, event handler, reference or embedded content; no background either."""
    assert {element.tag for element in icon.iter()} == {
        f"{SVG}{name}" for name in ("svg", "title", "circle", "path")
    }
    attributes = {name for element in icon.iter() for name in element.attrib}
    drawing = {"cx", "cy", "r", "d", "fill", "fill-rule", "stroke", "stroke-width"}
    assert attributes == drawing | {"width", "height", "viewBox"}
    text = (FOLDER / "images" / "account.svg").read_text(encoding="utf-8")
    assert not re.search(r"<!(DOCTYPE|ENTITY)|url\(|<\?(?!xml )", text)


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    assert re.fullmatch(r"#[0-9a-f]{6}", colour)
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
