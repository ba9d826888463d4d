"""What the API holds, told without the feeds: which facts a library must and may show of it.

A fact is a tuple of texts: type and value of an object, then what is said of it. Written from the
mapping tables of the guide and the contract; nothing of the product is used here.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Fact = tuple[str, ...]
FOREVER = 2**40

# field of a detail -> attribute of the case
ADDED_ATTRIBUTES = {"brand": "Brand", "caseDescription": "Case Type", "clientRef": "Client Ref"}
UPDATED_ATTRIBUTES = {
    "url": "URL",
    "statusDescription": "Status",
    "upTime": "Up Time",
    "progressStage": "Progress Stage",
}
ACCOUNT_ATTRIBUTES = {"password": "Password", "websiteOrServer": "Website or Server"}


@dataclass(frozen=True)
class Message:
    """One communication; `at` in epoch seconds."""

    at: int
    subject: str
    text: str
    posted_by: str


@dataclass(frozen=True)
class File:
    """One file of a case; `at` in epoch seconds."""

    at: int
    name: str
    content: bytes


@dataclass
class Incident:
    """One incident case: its detail now, and as it was at each change before."""

    id: str
    opened: int
    updated: int
    detail: dict[str, Any]
    past: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    gone: bool = False

    def change(self, at: int, **fields: Any) -> None:
        """Set fields at a time."""
        self.past.append(dict(self.detail))
        self.detail.update(fields)
        self.updated = at


@dataclass
class Leak:
    """One DLR case; its rows are only added."""

    id: str
    opened: int
    updated: int
    severity: str
    rows: list[dict[str, str]] = field(default_factory=list)
    gone: bool = False


def stamp(at: int) -> str:
    """Return epoch seconds as the library writes them."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def must(case: Incident | Leak, since: int = 0, until: int = FOREVER) -> set[Fact]:
    """Return the facts that a complete library holds of a case; of messages those of a range."""
    if case.gone:
        return set()
    if isinstance(case, Leak):
        return _of_leak(case)
    return (
        _of_detail(case, case.detail, with_updated=True)
        | _of_messages(case, since, until)
        | _of_files(case)
        | {("incident", case.id, "description", str(case.detail["description"]))}
    )


def may(case: Incident | Leak) -> set[Fact]:
    """Return the facts that it may hold: those, and additive ones of the past."""
    if isinstance(case, Leak):
        return _of_leak(case)
    ever = [case.detail, *case.past]
    facts = _of_messages(case) | _of_files(case)
    for detail in ever:
        facts |= _of_detail(case, detail, with_updated=case.gone or detail is case.detail)
    shown = ever if case.gone else [case.detail]
    facts |= {("incident", case.id, "description", str(one["description"])) for one in shown}
    return facts


def _of_detail(case: Incident, detail: dict[str, Any], *, with_updated: bool) -> set[Fact]:
    me = ("incident", case.id)
    facts: set[Fact] = {
        (*me, "is there"),
        (*me, "published_at", stamp(case.opened)),
        (*me, "attribute", "Case ID", case.id),
    }
    names = ADDED_ATTRIBUTES | (UPDATED_ATTRIBUTES if with_updated else {})
    for key, name in names.items():
        if detail.get(key) is not None:
            facts.add((*me, "attribute", name, str(detail[key])))
    address = detail.get("ipAddress")
    # hosting belongs to the address, else to the case (I-32)
    host = me if address is None else ("indicator", str(address))
    facts.add((*host, "attribute", "Web Host", str(detail["webhost"])))
    if address is not None:
        facts |= _related(me, host)
    return facts


def _of_messages(case: Incident, since: int = 0, until: int = FOREVER) -> set[Fact]:
    facts: set[Fact] = set()
    for value, messages in notes(case).items():
        if since <= messages[0].at <= until:
            texts = sorted({message.text for message in messages})
            facts |= _related(("incident", case.id), ("note", value))
            facts |= {
                ("note", value, "published_at", stamp(messages[0].at)),
                ("note", value, "description", "\n\n".join(texts)),
                ("note", value, "attribute", "Brand", "Example Brand"),
            }
            posted = {message.posted_by for message in messages}
            facts |= {("note", value, "attribute", "Posted By", one) for one in posted}
    return facts


def notes(case: Incident) -> dict[str, list[Message]]:
    """Return the messages by the value of their note: one for each second and subject (I-35)."""
    found: dict[str, list[Message]] = {}
    for message in case.messages:
        value = f"{stamp(message.at)} - {message.subject} - {case.id}"
        found.setdefault(value, []).append(message)
    return found


def _of_files(case: Incident) -> set[Fact]:
    facts: set[Fact] = set()
    for file in case.files:
        me = ("attachment", file.name)
        facts |= _related(("incident", case.id), me)
        facts |= {
            (*me, "published_at", stamp(file.at)),
            (*me, "sha256", hashlib.sha256(file.content).hexdigest()),
            (*me, "size", str(len(file.content))),
        }
    return facts


def _of_leak(case: Leak) -> set[Fact]:
    facts: set[Fact] = set()
    for row in case.rows:
        me = ("account", row["email"])
        facts |= {
            (*me, "is there"),
            (*me, "attribute", "Case ID", case.id),
            (*me, "attribute", "Severity", case.severity),
        }
        for key, name in ACCOUNT_ATTRIBUTES.items():
            facts.add((*me, "attribute", name, row[key]))
    return facts


def _related(one: Fact, other: Fact) -> set[Fact]:
    return {
        (*one, "is there"),
        (*other, "is there"),
        (*one, "related", *other),
        (*other, "related", *one),
    }


# attributes that this page does not tell: they are of other fields, which never change here
_LEFT_OUT = {"Added Date"}
# told by the cases that name them, whichever came first
_SHARED = {"indicator", "account"}


def facts_of(objects: list[dict[str, Any]]) -> set[Fact]:
    """Return the facts of an export, in the words of this page."""
    facts: set[Fact] = set()
    for one in objects:
        me = (str(one["type"]), str(one["value"]))
        facts.add((*me, "is there"))
        for key in ("description", "published_at", "size", "sha256"):
            if one.get(key) is not None and not (key == "published_at" and me[0] in _SHARED):
                facts.add((*me, key, str(one[key])))
        for attribute in one["attributes"]:
            if attribute["name"] not in _LEFT_OUT:
                facts.add((*me, "attribute", attribute["name"], attribute["value"]))
        for other in one["related"]:
            facts.add((*me, "related", other["type"], other["value"]))
    return facts


def twice(objects: list[dict[str, Any]], files: list[File]) -> list[str]:
    """Return what an export holds more often than it may."""
    seen: dict[tuple[str, ...], int] = {}
    for one in objects:
        key: tuple[str, ...] = (one["type"], one["value"])
        if one["type"] == "attachment":
            key = (*key, one["published_at"])
        seen[key] = seen.get(key, 0) + 1
    allowed: dict[tuple[str, ...], int] = {}
    for file in files:
        key = ("attachment", file.name, stamp(file.at))
        allowed[key] = allowed.get(key, 0) + 1
    return [str(key) for key, count in seen.items() if count > allowed.get(key, 1)]
