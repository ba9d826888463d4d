"""What each program of the job has: its arguments, the API, and what it keeps for the counting.

The arguments are FOLDER SINCE UNTIL IN_FLIGHT EVERY: where to write, the range in epoch seconds,
how many cases at once, and how often to sync, in seconds; 0 is one reading without a state.
"""

import json
import os
import sys
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path

DAY = 86_400
FOLDER, (SINCE, UNTIL, IN_FLIGHT, EVERY) = Path(sys.argv[1]), map(int, sys.argv[2:6])
# the API rounds the begin of a range of messages up to midnight
MIDNIGHT = SINCE - SINCE % DAY
HOST = os.environ["IZOOLOGIC_API_HOST"]
KEYS = {
    "apikey": os.environ["IZOOLOGIC_API_KEY"],
    "secretkey": os.environ["IZOOLOGIC_API_SECRET"],
}
# the others map by name alone: field of a detail -> attribute
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
        HOST + path, json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return bytes(answer.read())


def log_in() -> str:
    """Return an access token."""
    answer = json.loads(post("/api/Token/Authenticate", KEYS))
    return str(answer["result"]["accessToken"])


def listed(since: int, bearer: str) -> list[dict[str, str]]:
    """Return the rows of the list of a window."""
    body = post("/api/ThreatManagement/CaseSync", {"lastsyncntime": str(since)}, bearer)
    return json.loads(body)["result"] or []


def times() -> Iterator[int]:
    """Return when to sync; the emulator's clock is set to each, which is no call of its API."""
    for now in range(SINCE + EVERY, UNTIL + EVERY, EVERY):
        post("/_emulator/set_clock", {"clock": min(now, UNTIL)})
        yield min(now, UNTIL)


def keep_messages(messages: Iterable[tuple[str, str]]) -> None:
    """Keep which messages were read, as case id and time, for whoever counts them."""
    (FOLDER / "messages.json").write_text(json.dumps(sorted(set(messages))), encoding="utf-8")
