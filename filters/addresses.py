"""IP addresses in the text that the API calls `ipAddress` (I-31)."""

from ipaddress import IPv4Address, IPv6Address
from typing import Any, TypedDict, cast

from ._shared import is_list

__all__ = ["split"]


class Addresses(TypedDict):
    """The parts of a text, in order."""

    all: list[str]
    ipv4: list[str]
    ipv6: list[str]
    other: list[str]


def split(value: Any) -> Addresses:
    """Return the distinct parts of a text, in order: {all, ipv4, ipv6, other}.

    In: text, a number, or a list of texts; nothing else has parts. `::` alone, an IPv6 address that
    holds an IPv4 address, and one with a scope are other parts.
    """
    texts = [one for one in value if isinstance(one, str)] if is_list(value) else []
    text = str(value) if isinstance(value, str | int | float) else " ".join(texts)
    parts = list(dict.fromkeys(text.replace(",", " ").replace(";", " ").split()))
    found: dict[str, list[str]] = {"all": parts, "ipv4": [], "ipv6": [], "other": []}
    for part in parts:
        found[_kind(part)].append(part)
    return cast("Addresses", found)


def _kind(part: str) -> str:
    try:
        if ":" not in part:
            IPv4Address(part)
            return "ipv4"
        if part.count(":") < 8 and part != "::" and not set(part) & {".", "%"}:
            IPv6Address(part)
            return "ipv6"
    except ValueError:
        pass
    return "other"
