"""A bare `requests` client, as one writes it: a Session for each thread."""

import threading
from concurrent.futures import ThreadPoolExecutor

import requests

from benchmarks.clients import calls

TIMEOUT = 60


def main() -> None:
    """Make the calls."""
    asked = calls.from_arguments()
    local = threading.local()

    def session() -> requests.Session:
        if not hasattr(local, "session"):
            local.session = requests.Session()
            local.session.headers.update(token)
        kept: requests.Session = local.session
        return kept

    def case(case_id: str) -> None:
        mine = session()
        detail = mine.get(asked.detail, params={"caseid": case_id}, timeout=TIMEOUT)
        mine.get(asked.communications, params=asked.range(case_id), timeout=TIMEOUT)
        for body in calls.file_bodies(detail.content) if asked.files else ():
            mine.post(asked.download, data=body, headers=calls.JSON_HEADERS, timeout=TIMEOUT)

    url, body = asked.login
    answer = requests.post(url, data=body, headers=calls.JSON_HEADERS, timeout=TIMEOUT)
    token = calls.bearer(answer.content)
    url, body = asked.listing
    headers = {**calls.JSON_HEADERS, **token}
    listed = requests.post(url, data=body, headers=headers, timeout=TIMEOUT)
    with ThreadPoolExecutor(asked.in_flight) as pool:
        for _ in pool.map(case, calls.case_ids(listed.content)):
            pass


if __name__ == "__main__":
    main()
