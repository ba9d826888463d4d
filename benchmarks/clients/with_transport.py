"""Our own transport, doing only the calls: the limit of what a run can reach with it."""

from concurrent.futures import ThreadPoolExecutor

from benchmarks.clients import calls
from izoologic_cdf.runtime.http import Limits, Request, Transport
from izoologic_cdf.runtime.windows import SystemClock


def main() -> None:
    """Make the calls."""
    asked = calls.from_arguments()
    with Transport(SystemClock(), Limits(), connections=asked.in_flight) as transport:

        def post(url: str, body: bytes, token: dict[str, str], *, json_due: bool = True) -> bytes:
            headers = {**calls.JSON_HEADERS, **token}
            request = Request("POST", url, None, headers, body, json_due)
            return bytes(transport.send(request).body)  # type: ignore[arg-type]

        def case(case_id: str) -> None:
            detail = transport.send(Request("GET", asked.detail, {"caseid": case_id}, token))
            transport.send(Request("GET", asked.communications, asked.range(case_id), token))
            if asked.files and isinstance(detail.body, bytes):
                for body in calls.file_bodies(detail.body):
                    post(asked.download, body, token, json_due=False)

        token = calls.bearer(post(*asked.login, {}))
        listed = calls.case_ids(post(*asked.listing, token))
        with ThreadPoolExecutor(asked.in_flight) as pool:
            for _ in pool.map(case, listed):
                pass


if __name__ == "__main__":
    main()
