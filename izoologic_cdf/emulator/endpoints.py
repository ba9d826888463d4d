"""The emulator's own tables: paths, names and codes.

They are kept apart from the feeds' tables on purpose: a slip in one of them shows as a failing
request, not as two equal mistakes.
"""

from dataclasses import dataclass
from typing import Literal

# the only error code known from the real API ("no data"); all others are made up in assumed.py
NO_DATA_CODE = "iZOO2011"
# the text is known, its code is not
INVERTED_RANGE_TEXT = "from date should not be greater than or equal to to date"

# the field that holds the time of an update in the rows of each list
INCIDENT_LIST_TIME = "updatedAt"
DLR_LIST_TIME = "modifiedDate"
DLR_PREFIX = "DLR#"


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a request: the default spelling, and those a lenient server takes too."""

    default: str
    aliases: tuple[str, ...] = ()
    kind: Literal["text", "epoch"] = "text"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One action of the API.

    `action` is the path without `/api`; `bare_in_guide` tells that the guide writes it so
    (I-03). The names stand in the query of a GET and in the JSON body of a POST.
    """

    name: str
    method: Literal["GET", "POST"]
    action: str
    names: tuple[Name, ...]
    bare_in_guide: bool = False
    needs_token: bool = True


_CASE_ID = Name("caseid", ("id", "trackingid"))
_LAST_SYNC = Name("lastsyncntime", ("lastsynctime",), kind="epoch")

AUTHENTICATE = Endpoint(
    "Authenticate",
    "POST",
    "/Token/Authenticate",
    (Name("apikey"), Name("secretkey")),
    needs_token=False,
)
CASE_SYNC = Endpoint("CaseSync", "POST", "/ThreatManagement/CaseSync", (_LAST_SYNC,))
CASE_DETAIL = Endpoint("CaseDetail", "GET", "/ThreatManagement/CaseDetail", (_CASE_ID,))
COMMUNICATIONS = Endpoint(
    "FetchCaseCommunications",
    "GET",
    "/ThreatManagement/FetchCaseCommunications",
    (Name("fromdate", kind="epoch"), Name("todate", kind="epoch"), _CASE_ID),
    bare_in_guide=True,
)
DOWNLOAD = Endpoint(
    "DownloadCaseFile",
    "POST",
    "/ThreatManagement/DownloadCaseFile",
    (Name("filetoken", ("token",)),),
    bare_in_guide=True,
)
DLR_LIST = Endpoint("DLRSyncedCases", "POST", "/ThreatManagement/DLRSyncedCases", (_LAST_SYNC,))
DLR_DETAIL = Endpoint(
    "DLRDetail", "GET", "/ThreatManagement/DLRDetail", (Name("trackingid", ("id", "caseid")),)
)

ENDPOINTS = (
    AUTHENTICATE,
    CASE_SYNC,
    CASE_DETAIL,
    COMMUNICATIONS,
    DOWNLOAD,
    DLR_LIST,
    DLR_DETAIL,
)


def _routes(mode: str) -> dict[str, Endpoint]:
    routes: dict[str, Endpoint] = {}
    for endpoint in ENDPOINTS:
        bare, full = endpoint.action.lower(), f"/api{endpoint.action}".lower()
        guide = bare if endpoint.bare_in_guide else full
        # the login has one form alone, and nothing could go on without it
        without = bare if endpoint.needs_token else full
        paths = {"both": (bare, full), "api": (full,), "bare": (guide,), "without": (without,)}
        routes |= dict.fromkeys(paths[mode], endpoint)
    return routes


# lower-cased path -> endpoint, for each path mode: routes are read without regard to case.
# "bare" is the guide to the letter: without /api exactly where the guide leaves it out
ROUTES = {mode: _routes(mode) for mode in ("both", "api", "bare", "without")}
