"""The calls of an incident run, written once for all bare clients."""

import json
import os
import sys
from dataclasses import dataclass
from typing import Any

DAY = 86_400
JSON_HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Calls:
    """What to ask, of whom, with how many cases in flight; `files` says whether cases have any."""

    url: str
    since: int
    until: int
    in_flight: int
    files: bool

    @property
    def login(self) -> tuple[str, bytes]:
        """Address and body of the login."""
        keys = {
            "apikey": os.environ["IZOOLOGIC_API_KEY"],
            "secretkey": os.environ["IZOOLOGIC_API_SECRET"],
        }
        return f"{self.url}/api/Token/Authenticate", json.dumps(keys).encode()

    @property
    def listing(self) -> tuple[str, bytes]:
        """Address and body of the list."""
        body = json.dumps({"lastsyncntime": str(self.since)}).encode()
        return f"{self.url}/api/ThreatManagement/CaseSync", body

    @property
    def detail(self) -> str:
        """Address of the detail; its parameter is `caseid`."""
        return f"{self.url}/api/ThreatManagement/CaseDetail"

    @property
    def communications(self) -> str:
        """Address of the communications."""
        return f"{self.url}/api/ThreatManagement/FetchCaseCommunications"

    @property
    def download(self) -> str:
        """Address of the files."""
        return f"{self.url}/api/ThreatManagement/DownloadCaseFile"

    def range(self, case_id: str) -> dict[str, str]:
        """Return the parameters of the communications of a case: from midnight, as a run asks."""
        since = self.since - self.since % DAY
        return {"caseid": case_id, "fromdate": str(since), "todate": str(self.until)}


def from_arguments() -> Calls:
    """Return what the command line asks for: SINCE UNTIL IN_FLIGHT FILES."""
    since, until, in_flight, files = (int(text) for text in sys.argv[1:5])
    return Calls(os.environ["IZOOLOGIC_API_HOST"], since, until, in_flight, bool(files))


def bearer(body: bytes) -> dict[str, str]:
    """Return the header of the token that a login gave."""
    return {"Authorization": f"Bearer {json.loads(body)['result']['accessToken']}"}


def case_ids(body: bytes) -> list[str]:
    """Return the cases of a list, each once."""
    return list(dict.fromkeys(row["caseId"] for row in json.loads(body)["result"]))


def file_bodies(body: bytes) -> list[bytes]:
    """Return what to post for each file of a detail; one listed twice is asked for once."""
    files: Any = json.loads(body)["result"].get("caseFiles")
    if not isinstance(files, list):
        return []
    known = {(one["originalFilename"], one["dateUploaded"]): one["fileToken"] for one in files}
    return [json.dumps({"filetoken": token}).encode() for token in known.values()]
