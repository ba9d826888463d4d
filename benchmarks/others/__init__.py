"""The others, each doing the same job; they map by name alone: field of a detail -> attribute."""

import json
import os
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path

DAY = 86_400
NAMES = {
    "url": "URL", "description": "Description", "brand": "Brand", "clientRef": "Client Ref",
    "caseDescription": "Case Type", "statusDescription": "Status",
    "incidentType": "Incident Type", "subIncidentType": "SubIncident Type",
    "threatType": "Threat Type", "impact": "Impact", "recommendation": "Recommendation",
    "mxRecord": "MX Record", "detectedBy": "Detected By", "upTime": "Up Time",
    "progressStage": "Progress Stage", "executiveName": "Executive Name",
    "mobileAppName": "Mobile App Name", "mobileAppVersion": "Mobile App Version",
    "mobileAppStatus": "Mobile App Status", "mobileAppSignature": "Mobile App Signature",
    "ipAddress": "IP Address", "webhost": "Web Host", "webhostCountry": "Web Host Country",
    "registrarName": "Registrar Name", "nameServer": "Name Server",
}  # fmt: skip


def post(path: str, body: object, bearer: str | None = None) -> bytes:
    """Return the body of a response of the emulator."""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    request = urllib.request.Request(  # noqa: S310 - the emulator's address
        os.environ["IZOOLOGIC_API_HOST"] + path,
        json.dumps(body).encode(),
        {"Content-Type": "application/json", **headers},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return bytes(answer.read())


def times(since: int, until: int, every: int) -> Iterator[int]:
    """Return when to sync; the emulator's clock is set to each, which is no call of its API."""
    for now in range(since + every, until + every, every):
        post("/_emulator/set_clock", {"clock": min(now, until)})
        yield min(now, until)


def keep_messages(folder: Path, messages: Iterable[tuple[str, str]]) -> None:
    """Keep which messages were read, as case id and time, for whoever counts them."""
    (folder / "messages.json").write_text(json.dumps(sorted(set(messages))), encoding="utf-8")
