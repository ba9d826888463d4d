"""How an object of the library is written in a call."""

from collections.abc import Iterable
from typing import Any

from izoologic_cdf.library.outbox import Attributes, Outgoing
from izoologic_cdf.push.remote_kinds import EVENT, INDICATOR, Kind

# objects whose values are leaked e-mail addresses and user names
PERSONAL = frozenset({"account", "identity"})
_DATES = ("published_at", "happened_at", "started_at", "ended_at")


def sources(names: Iterable[str], tlp: str = "") -> list[dict[str, str]]:
    """Return sources as they are sent; `tlp` is the colour that each of them gets, if any."""
    return [{"name": name, **({"tlp": tlp} if tlp else {})} for name in sorted(names)]


def attributes(pairs: Attributes, tlp: str = "") -> list[dict[str, Any]]:
    """Return attributes as they are sent, each with its own sources."""
    return [
        {"name": name, "value": value, "sources": sources(of, tlp)}
        for (name, value), of in sorted(pairs.items())
    ]


def consumed(
    one: Outgoing, kind: Kind, related: dict[str, list[int]], tlp: str = ""
) -> dict[str, Any]:
    """Return one item of a `consume`; `related` are ids on the platform by key of relations."""
    item: dict[str, Any] = {kind.key: one.value}
    if one.type in (INDICATOR, EVENT) and one.subtype:
        item["type"] = {"name": one.subtype}
    if one.type == INDICATOR and one.status:
        item["status"] = {"name": one.status}
    if one.description:
        item["description"] = one.description
    item |= dates(one)
    item["sources"] = sources(one.sources, tlp)
    if one.attributes:
        item["attributes"] = attributes(one.attributes, tlp)
    if one.tags:
        item["tags"] = sorted(one.tags)
    for key, numbers in related.items():
        # files are related by a call of their own
        if key != "attachments":
            item[key] = [{"id": number} for number in numbers]
    return item


def dates(one: Outgoing) -> dict[str, str]:
    """Return the dates that an object has."""
    found = {name: getattr(one, name) for name in _DATES}
    return {name: text for name, text in found.items() if text}


def attached(one: Outgoing, category: str, tlp: str = "") -> dict[str, Any]:
    """Return the body that makes an attachment of a file that was uploaded under its name."""
    body = {"name": one.value, "title": one.value, "type": category, "malware_locked": False}
    return body | dates(one) | {"sources": sources(one.sources, tlp)}


def private(objects: Iterable[Outgoing]) -> list[str] | None:
    """Return the texts of objects that no message may quote; None where it may quote nothing."""
    texts: list[str] = []
    for one in objects:
        if one.type in PERSONAL:
            return None
        texts += [text for _, text in one.attributes] + [one.description or ""]
    return texts
