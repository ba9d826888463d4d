"""A library with one of everything, and with what a hostile case could hold."""

import hashlib
from pathlib import Path
from typing import Any

from izoologic_cdf.library.objects import Attribute, Batch, Content, Origin, Reported
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.windows import stamp

INCIDENT, DLR = "iZoologic Incident Case Sync", "iZoologic DLR Case Sync"
PASSWORD, FIRST_PASSWORD = "CaNaRy password: 5d8C!", "CaNaRy 0ld <pass>"
# 2025-09-01T00:00:00Z
NOW = 1_756_684_800
DAY = 86_400
SCRIPT = "<script>document.title='owned'</script>"
LONG = "x" * 5_000
HOSTILE = {
    "brand": '"><img src=x onerror="document.title=1">',
    "url": "javascript:document.title='owned'",
    "threat": "=cmd|' /C calc'!A0",
    "impact": "+1",
    "reference": "@SUM(1)",
    "executive": "\u202egnp.exe\u202c",
    "template": "{{ 7 * 7 }}{% raw %}</style></title>",
}
FILE_NAME = '../../é\u202efdp"; filename="x.html\r\nSet-Cookie: a=b'
FILE = f"<html>{SCRIPT}".encode()


def fill(path: Path) -> Path:
    with Library.create(path) as library:
        first = library.start_run(INCIDENT, stamp(NOW - 40 * DAY), stamp(NOW - 2 * DAY), _at(-2, 0))
        _put(library, INCIDENT, first, _at(-2, 60), *_case("CASE-1", "Open"))
        _put(library, INCIDENT, first, _at(-2, 61), *_hostile())
        _put(library, INCIDENT, first, _at(-2, 62), Reported("incident", "CASE-0"))
        library.record(
            first,
            [
                ("warning", "CASE-1", f"odd {SCRIPT}"),
                ("failure", "CASE-9", "the server answers 500"),
            ],
        )
        library.finish_run(first, "partial", _at(-2, 120))
        second = library.start_run(INCIDENT, stamp(NOW - 3 * DAY), stamp(NOW), _at(0, 0))
        _put(library, INCIDENT, second, _at(0, 60), *_case("CASE-1", "Closed"))
        library.finish_run(second, "complete", _at(0, 90))
        third = library.start_run(DLR, stamp(NOW - 40 * DAY), stamp(NOW), _at(0, 100))
        _put(library, DLR, third, _at(0, 101), _account("DLR#1", FIRST_PASSWORD, "High"))
        _put(library, DLR, third, _at(0, 160), _account("DLR#2", PASSWORD, "Low"))
        library.finish_run(third, "complete", _at(0, 200))
        with library.transaction():
            _remember(library)
    return path


def _at(days: int, seconds: int) -> str:
    return stamp(NOW + days * DAY + seconds)


def _put(library: Library, source: str, run: int, now: str, *objects: Reported) -> None:
    batch = Batch(list(objects), [(0, number) for number in range(1, len(objects))])
    updatable = frozenset({"Status", "URL"}) if source == INCIDENT else frozenset()
    library.ingest(batch, Origin(source, updatable, run, now, NOW))


def _case(name: str, status: str) -> tuple[Reported, ...]:
    return (
        _made(
            "incident",
            name,
            "A phishing page",
            Brand="Acme",
            Status=status,
            Incident_Type="Phishing",
        ),
        _made(
            "note", f"Note of {name}", "first line\nsecond line", Posted_By="analyst@example.com"
        ),
        _made("attachment", "evidence.txt", None, content=b"the evidence", key=f"{name} evidence"),
        _made("indicator", "login.example.com", None, subtype="FQDN", Web_Host="Example Host"),
    )


def _hostile() -> tuple[Reported, ...]:
    words: dict[str, Any] = {
        "Brand": HOSTILE["brand"], "URL": HOSTILE["url"], "Threat_Type": HOSTILE["threat"],
        "Impact": HOSTILE["impact"], "Client_Ref": HOSTILE["reference"],
        "Executive_Name": HOSTILE["executive"], "Status": HOSTILE["template"],
    }  # fmt: skip
    return (
        _made("incident", SCRIPT, f"{SCRIPT}\n{LONG}", **words),
        _made("note", SCRIPT, f"</p>{SCRIPT}{LONG}"),
        _made("attachment", FILE_NAME, None, content=FILE, key="hostile"),
        _made("attachment", "missing.pdf", None, key="not downloaded"),
        _made("indicator", f"http://evil.example/{LONG}", None, subtype="URL"),
    )


def _account(case: str, password: str, severity: str) -> Reported:
    return _made(
        "account", "john.doe@example.com", f"seen in {case}", Case_ID=case, Password=password,
        Brand="Acme", Severity=severity, Data_Type="Combo",
    )  # fmt: skip


def _made(
    type_: str, value: str, description: str | None, *, subtype: str | None = None,
    key: str | None = None, content: bytes | None = None, **attributes: Any,
) -> Reported:  # fmt: skip
    rows = [Attribute(name.replace("_", " "), text) for name, text in attributes.items()]
    made = None
    if content is not None:
        made = Content(content, len(content), hashlib.sha256(content).hexdigest())
    return Reported(
        type_, value, subtype, key, description, stamp(NOW - 5 * DAY), attributes=rows,
        content=made, status="Active" if type_ == "indicator" else None,
    )  # fmt: skip


def _remember(library: Library) -> None:
    """Write what runs remember: a tenant, finished time with a gap, a deferred case."""
    execute = library.connection.execute
    for number, feed in enumerate((INCIDENT, DLR), 1):
        execute(
            "INSERT INTO feed_tenant (id, feed, host, salt, keys) VALUES (?, ?, ?, 's', 'k')",
            (number, feed, "api.example.com"),
        )
        execute("UPDATE run SET tenant = ? WHERE source = ?", (number, feed))
        for since, until in ((NOW - 40 * DAY, NOW - 20 * DAY), (NOW - 10 * DAY, NOW)):
            execute(
                "INSERT INTO feed_interval (tenant, kind, since, until, messages_since) "
                "VALUES (?, 'finished', ?, ?, 0)",
                (number, since, until),
            )
    execute(
        "INSERT INTO feed_deferred "
        "VALUES (1, 'CASE-9', '', '{}', NULL, ?, ?, 'item', ?, 1, ?, ?, 0)",
        (NOW - DAY, NOW, f"the server answers 500 {SCRIPT}", NOW, NOW),
    )
