"""Faults, each as a real client sees it."""

import contextlib
import gzip
import http.client
import json
import re
import socket
import time
import zlib
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from requests import exceptions

from izoologic_cdf.emulator import EmulatorError, Fault
from izoologic_cdf.loopback.faults import KINDS
from tests.emulator.api_client import API, Client

CASE = "CASE123456"


def ask(client: Client, case_id: str = CASE, timeout: float = 5) -> requests.Response:
    return client.get(API + "CaseDetail", timeout, params={"caseid": case_id})


@contextlib.contextmanager
def raw(client: Client) -> Iterator[http.client.HTTPResponse]:
    """The answer without the conveniences of requests."""
    connection = http.client.HTTPConnection("127.0.0.1", client.emulator.port, timeout=5)
    headers = {"Authorization": str(client.session.headers["Authorization"])}
    connection.request("GET", API + f"CaseDetail?caseid={CASE}", headers=headers)
    response = connection.getresponse()
    try:
        yield response
    finally:
        response.close()
        connection.close()


@pytest.mark.parametrize(
    ("selection", "struck"),
    [
        ({}, [0]),
        ({"count": 2}, [0, 1]),
        ({"nth": 2}, [1]),
        ({"nth": 2, "count": None}, [1, 2, 3, 4]),
        ({"case": "CASE123457"}, [1]),
        ({"case": "CASE123457", "count": 9}, [1, 3]),
        ({"case": "CASE123457", "nth": 2}, [3]),
        ({"endpoint": "CaseSync"}, []),
        ({"endpoint": "CaseDetail", "nth": 5}, [4]),
    ],
)
def test_a_fault_strikes_the_calls_it_selects_and_counts_them(
    client: Client, selection: dict[str, Any], struck: list[int]
) -> None:
    fault = client.emulator.state.add_fault("status", status=503, **selection)
    ids = [CASE, "CASE123457", CASE, "CASE123457", CASE]
    statuses = [ask(client, case_id).status_code for case_id in ids]
    assert [number for number, status in enumerate(statuses) if status == 503] == struck
    assert fault.applied == len(struck)
    assert [line.status for line in client.emulator.requests][-5:] == statuses


@pytest.mark.parametrize("tracking_id", ["DLR#n9Ra7KbR3", "n9Ra7KbR3"])
def test_a_dlr_case_is_selected_by_its_case_id_however_it_is_asked_for(
    client: Client, tracking_id: str
) -> None:
    client.emulator.state.add_fault("status", status=500, case="DLR#n9Ra7KbR3")
    names = {"trackingid": tracking_id}
    assert client.get(API + "DLRDetail", params=names).status_code == 500


def test_a_download_is_selected_by_the_case_of_its_file(client: Client) -> None:
    client.emulator.state.add_fault("status", status=404, case=CASE, endpoint="DownloadCaseFile")
    tokens = [
        client.detail(case_id)["result"]["caseFiles"][0]["fileToken"]
        for case_id in ("CASE123457", CASE)
    ]
    assert [client.download(token).status_code for token in tokens] == [200, 404]


@pytest.mark.parametrize(
    ("body", "content_type", "starts"),
    [
        ("json", "application/json; charset=utf-8", b'{"result":null,"success":false'),
        ("problem", "application/problem+json; charset=utf-8", b'{"type":"https://'),
        ("html", "text/html; charset=utf-8", b"<!DOCTYPE html>"),
        ("empty", None, b""),
    ],
)
def test_a_status_comes_with_the_body_asked_for(
    client: Client, body: str, content_type: str | None, starts: bytes
) -> None:
    client.emulator.state.add_fault("status", status=403, body=body)
    response = ask(client)
    assert response.status_code == 403
    assert response.headers.get("Content-Type") == content_type
    assert response.content.startswith(starts)
    assert bool(response.content) is (body != "empty")


def test_retry_after_is_seconds_or_a_date_or_absent(client: Client) -> None:
    add = client.emulator.state.add_fault
    add("status", status=429)
    add("status", status=429, nth=2, retry_after=7)
    add("status", status=429, nth=3, retry_after_date_in=30)
    assert "Retry-After" not in ask(client).headers
    assert ask(client).headers["Retry-After"] == "7"
    headers = ask(client).headers
    ahead = parsedate_to_datetime(headers["Retry-After"]) - parsedate_to_datetime(headers["Date"])
    assert 29 <= ahead.total_seconds() <= 31


@pytest.mark.parametrize(
    "body",
    [
        {"success": True, "result": {}, "message": "", "errorCode": ""},
        {"success": True, "result": [{}]},
        {"success": "true", "errorCode": 0, "result": "text"},
        {"success": False, "errorCode": "iZOO4242"},
        [],
        "Clean",
        None,
    ],
)
def test_an_envelope_is_any_json_with_200(client: Client, body: Any) -> None:
    client.emulator.state.add_fault("envelope", json=body)
    response = ask(client)
    assert (response.status_code, response.json()) == (200, body)


@pytest.mark.parametrize(
    ("parameters", "content"),
    [
        ({}, b""),
        ({"text": "not json"}, b"not json"),
        ({"base64": "AP8="}, b"\x00\xff"),
        ({"text": '"\\ud800"', "content_type": "text/plain", "status": 500}, b'"\\ud800"'),
    ],
)
def test_raw_bytes_stand_in_for_a_body(
    client: Client, parameters: dict[str, Any], content: bytes
) -> None:
    client.emulator.state.add_fault("raw", **parameters)
    response = ask(client)
    expected = parameters.get("content_type", "application/json")
    assert response.content == content
    assert response.headers.get("Content-Type") == expected
    assert response.status_code == parameters.get("status", 200)


def test_a_redirect_names_its_target(client: Client) -> None:
    client.emulator.state.add_fault("redirect", location="https://login.example.com/")
    response = ask(client)
    assert response.status_code == 302
    assert response.headers["Location"] == "https://login.example.com/"


def test_revoked_tokens_stay_revoked_until_a_new_login(client: Client) -> None:
    client.emulator.state.add_fault("revoke", nth=2)
    assert [ask(client).status_code for _ in range(4)] == [200, 401, 401, 401]
    client.login()
    assert ask(client).status_code == 200


def test_a_skewed_clock_moves_the_window_of_that_call(client: Client) -> None:
    state = client.emulator.state
    state.update_case(CASE, updated=state.clock + 300)
    state.add_fault("skew", seconds=600, nth=2)
    since = state.clock - 60
    assert [client.ids(since) for _ in range(3)] == [[], [CASE], []]


def test_fields_are_put_and_dropped_in_a_result_its_rows_or_the_envelope(client: Client) -> None:
    add = client.emulator.state.add_fault
    add("fields", endpoint="CaseDetail", put={"caseType": "6", "more": [1]}, drop=["url", "none"])
    add("fields", endpoint="CaseSync", put={"trackingID": "x"}, drop=["updatedAt"])
    add("fields", endpoint="DLRDetail", envelope=True, put={"more": None}, drop=["success"])
    detail = client.detail(CASE)["result"]
    assert (detail["caseType"], detail["more"], "url" in detail) == ("6", [1], False)
    first = client.listed(1_672_531_200)["result"][0]
    assert first == {"caseId": CASE, "trackingID": "x"}
    dlr = client.dlr("DLR123456")
    assert dlr["more"] is None
    assert "success" not in dlr
    assert dlr["result"]["brand"] == "Example Brand"


def test_fields_of_what_is_no_envelope_stay_as_they_are(client: Client) -> None:
    client.emulator.state.add_fault("fields", endpoint="DownloadCaseFile", put={"a": 1})
    token = client.detail(CASE)["result"]["caseFiles"][0]["fileToken"]
    assert client.download(token).content == b"test file"


@pytest.mark.parametrize("value", ["application/json", "text/html"])
def test_the_content_type_is_another(client: Client, value: str) -> None:
    client.emulator.state.add_fault("content_type", value=value)
    response = ask(client)
    assert response.headers.get("Content-Type") == value
    assert response.json()["success"] is True


def test_a_bom_comes_first(client: Client) -> None:
    client.emulator.state.add_fault("bom")
    assert ask(client).content.startswith(b'\xef\xbb\xbf{"result"')


def test_a_body_is_compressed(client: Client) -> None:
    client.emulator.state.add_fault("gzip")
    with raw(client) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert json.loads(gzip.decompress(response.read()))["success"] is True


def test_a_body_is_chunked_and_whole(client: Client) -> None:
    client.emulator.state.add_fault("chunked", bytes=100)
    with raw(client) as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert json.loads(response.read())["success"] is True


def test_truncated_json_has_the_content_length_of_what_is_left(client: Client) -> None:
    whole = len(ask(client).content)
    client.emulator.state.add_fault("truncate", keep=0.25)
    response = ask(client)
    assert len(response.content) == whole // 4 == int(response.headers["Content-Length"])
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        response.json()


def test_a_content_length_promises_more_than_comes(client: Client) -> None:
    client.emulator.state.add_fault("length", extra=5)
    with raw(client) as response, pytest.raises(http.client.IncompleteRead) as caught:
        response.read()
    assert caught.value.expected == 5


@pytest.mark.parametrize("after", [None, 0, 20])
def test_a_connection_is_reset_before_or_inside_the_body(client: Client, after: int | None) -> None:
    client.emulator.state.add_fault("reset", after=after)
    with pytest.raises(exceptions.RequestException, match="reset"):
        ask(client)
    assert ask(client).status_code == 200


@pytest.mark.parametrize("after", [None, 20])
def test_an_answer_hangs_before_or_inside_the_body(client: Client, after: int | None) -> None:
    client.emulator.state.add_fault("hang", after=after)
    with pytest.raises((exceptions.ReadTimeout, exceptions.ConnectionError), match="timed out"):
        ask(client, timeout=0.2)
    assert ask(client).status_code == 200


def test_a_delay_comes_before_the_first_byte(client: Client) -> None:
    client.emulator.state.add_fault("delay", seconds=0.3)
    started = time.monotonic()
    assert ask(client).status_code == 200
    assert time.monotonic() - started >= 0.3


def test_a_trickle_outlives_a_read_timeout_that_is_longer_than_its_pauses(client: Client) -> None:
    client.emulator.state.add_fault("trickle", seconds=0.1, bytes=200)
    started = time.monotonic()
    response = ask(client, timeout=0.5)
    assert response.json()["success"] is True
    assert time.monotonic() - started >= 0.1 * (len(response.content) // 200) > 0.5


def test_several_faults_strike_one_call(client: Client) -> None:
    add = client.emulator.state.add_fault
    add("delay", seconds=0.1)
    add("status", status=502, body="html")
    add("bom")
    started = time.monotonic()
    response = ask(client)
    assert time.monotonic() - started >= 0.1
    assert response.status_code == 502
    assert response.content.startswith(b"\xef\xbb\xbf<!DOCTYPE")


def test_faults_of_the_login_are_faults_too(client: Client) -> None:
    client.emulator.state.add_fault(
        "envelope", endpoint="Authenticate", json={"success": True, "result": {}}
    )
    with pytest.raises(KeyError):
        client.login()
    client.login()


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("status", 'a fault is an object like {"kind"'),
        ({"kind": "stats"}, "unknown kind of fault 'stats'; did you mean 'status'?"),
        ({"kind": "status"}, "fault status needs the parameter 'status'"),
        ({"kind": "status", "status": 99}, "status is 99; it must be a status from 200 to 599"),
        ({"kind": "status", "status": 500, "body": "xml"}, "body is 'xml'; it must be json"),
        ({"kind": "bom", "endpoint": "Casesync"}, "unknown endpoint 'Casesync'; did you mean"),
        ({"kind": "bom", "nth": 0}, "fault bom: nth is 0; it must be 1 or more"),
        ({"kind": "bom", "nth": None}, "fault bom: nth is None; it must be 1 or more"),
        ({"kind": "bom", "count": True}, "fault bom: count is True; it must be 1 or more"),
        (
            {"kind": "bom", "cases": "x"},
            "fault bom: unknown parameter 'cases'; did you mean 'case'",
        ),
        ({"kind": "delay", "seconds": "1"}, "seconds is '1'; it must be a number of seconds"),
        ({"kind": "truncate", "keep": 1}, "keep is 1; it must be a part from 0 to below 1"),
        ({"kind": "raw", "base64": "?"}, "base64 is '?'; it must be bytes in base64"),
    ],
)
def test_a_wrong_fault_is_refused(document: Any, said: str) -> None:
    with pytest.raises(EmulatorError, match=re.escape(said)):
        Fault.read(document)


def test_a_fault_tells_itself_as_it_is_written() -> None:
    document = {"kind": "delay", "endpoint": "CaseSync", "case": None, "nth": 2, "count": None}
    told = Fault.read({**document, "seconds": 1.5}).to_json()
    assert told == {**document, "seconds": 1.5, "seen": 0, "applied": 0}


@pytest.mark.parametrize(("value", "keep"), [("gzip", 1), ("deflate", 1), ("br", 1), ("gzip", 0.5)])
def test_a_coding_is_named_and_true_where_python_knows_it(
    client: Client, value: str, keep: float
) -> None:
    client.emulator.state.add_fault("coding", value=value, keep=keep)
    with raw(client) as response:
        assert response.headers["Content-Encoding"] == value
        body = response.read()
    inflate = zlib.decompressobj(31 if value == "gzip" else 15)
    assert inflate.decompress(body).startswith(b'{"result":{')
    assert inflate.eof is (keep == 1)


def test_a_header_drips_until_the_client_leaves(client: Client) -> None:
    fault = client.emulator.state.add_fault("drip", seconds=0.02)
    with contextlib.closing(socket.create_connection(("127.0.0.1", client.emulator.port))) as peer:
        token = str(client.session.headers["Authorization"])
        path = f"{API}CaseDetail?caseid={CASE}"
        peer.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: {token}\r\n\r\n".encode())
        received = b""
        while len(received) < 40:
            received += peer.recv(1)
    assert received.startswith(b"HTTP/1.1 200 OK\r\nX-Slow: xxx")
    assert fault.applied == 1


def test_every_kind_of_fault_is_tested_here() -> None:
    text = Path(__file__).read_text("utf-8")
    assert [kind for kind in KINDS if f'"{kind}", ' not in text and f'("{kind}")' not in text] == []
