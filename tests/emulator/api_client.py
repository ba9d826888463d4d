"""A plain client of the API for these tests: it spells every request out."""

from typing import Any, Self

import requests

from izoologic_cdf.emulator import Emulator

API = "/api/ThreatManagement/"


class Client:
    """One logged-in session."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.session = requests.Session()
        self.session.trust_env = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def get(self, path: str, timeout: float = 5, **arguments: Any) -> requests.Response:
        return self.session.get(
            self.emulator.url + path, timeout=timeout, allow_redirects=False, **arguments
        )

    def post(self, path: str, body: Any = None, **arguments: Any) -> requests.Response:
        return self.session.post(
            self.emulator.url + path, json=body, timeout=5, allow_redirects=False, **arguments
        )

    def login(self) -> str:
        keys = {"apikey": self.emulator.api_key, "secretkey": self.emulator.secret_key}
        token = self.post("/api/Token/Authenticate", keys).json()["result"]["accessToken"]
        assert isinstance(token, str)
        self.session.headers["Authorization"] = f"Bearer {token}"
        return token

    def listed(self, since: int | str, action: str = "CaseSync") -> Any:
        return self.post(API + action, {"lastsyncntime": str(since)}).json()

    def ids(self, since: int | str, action: str = "CaseSync") -> list[str]:
        return [row["caseId"] for row in self.listed(since, action)["result"] or []]

    def detail(self, case_id: str) -> Any:
        return self.get(API + "CaseDetail", params={"caseid": case_id}).json()

    def dlr(self, tracking_id: str) -> Any:
        return self.get(API + "DLRDetail", params={"trackingid": tracking_id}).json()

    def messages(self, case_id: str, first: int, last: int) -> Any:
        names = {"fromdate": first, "todate": last, "caseid": case_id}
        return self.get(API + "FetchCaseCommunications", params=names).json()

    def download(self, token: str) -> requests.Response:
        return self.post(API + "DownloadCaseFile", {"filetoken": token})

    def command(self, name: str, /, **arguments: Any) -> requests.Response:
        return self.post(f"/_emulator/{name}", arguments)
