"""What the cases of the guide's samples become: examples for the mapping tables."""

import functools
import json
import re
from collections.abc import Iterable
from typing import Any

from izoologic_cdf.content import folder
from izoologic_cdf.documents.measured import objects

_WIDTH = 60
# how an export calls the parts of an item that it calls otherwise
_PARTS = {"title": "value", "name": "value", "type": "subtype"}


def of_object(object_code: str, subtype: str | None, part: str) -> str:
    """Return a part of an object of a type, and of a subtype where that is given."""
    found = [one for one in _best([object_code]) if subtype in (None, one["subtype"])]
    return next((_short(one.get(_PARTS.get(part, part))) for one in found), "")


def of_attribute(object_codes: Iterable[str], name: str) -> str:
    """Return a value of an attribute of an object of these types."""
    attributes = (attribute for one in _best(object_codes) for attribute in one["attributes"])
    return next((_short(one["value"]) for one in attributes if one["name"] == name), "")


def _best(object_codes: Iterable[str]) -> list[dict[str, Any]]:
    """Return the objects of the samples first, then those with many attributes."""
    found = [one for one in objects() if one["type"] in object_codes]
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
