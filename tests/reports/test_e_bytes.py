"""E: bytes that come coded, cut, broken, without end, or in place of others."""

import base64
import gzip
import json
import re
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.errors import Cause
from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.runtime.bodies import CHUNK, BodyError, decode, intruder, read_json
from izoologic_cdf.runtime.failures import HttpError
from izoologic_cdf.runtime.http import Limits, Request, Transport
from izoologic_cdf.runtime.windows import DAY, Window
from tests.reports.wires import OK, Line, Wire, answer, wire
from tests.support.benches import BAD, BAD_CASE, DETAIL, FEEDS, LIST, Bench, envelope
from tests.support.built import built, exported
from tests.support.clocks import FakeClock
from tests.support.sites import HOUR
from tests.support.tenants import CLOCK, FeedName, Outcome

DOWNLOAD = "DownloadCaseFile"
EVIDENCE = bytes(range(256)) * 586  # 150,016 bytes
HASTY = Limits(connect=1, read=0.4, whole=0.5, attempts=1, attempts_on_bad_body=1)
pytestmark = pytest.mark.usefixtures("plain_environment")


def coded(parts: list[bytes], codings: str | None) -> bytes:
    return b"".join(decode(iter(parts), codings))


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


# --- 18: codings ---------------------------------------------------------------------------------

WHOLE: dict[str, tuple[bytes, str | None]] = {
    "nothing": (EVIDENCE, None),
    "identity": (EVIDENCE, "identity"),
    "gzip": (gzip.compress(EVIDENCE), "gzip"),
    "gzip in upper case": (gzip.compress(EVIDENCE), " GZIP "),
    "x-gzip": (gzip.compress(EVIDENCE), "x-gzip"),
    "several members": (
        gzip.compress(EVIDENCE[:70_000]) + gzip.compress(EVIDENCE[70_000:]),
        "gzip",
    ),
    "zeros at the end": (gzip.compress(EVIDENCE) + bytes(512), "gzip"),
    "deflate": (zlib.compress(EVIDENCE), "deflate"),
    "deflate without a head": (raw_deflate(EVIDENCE), "deflate"),
    "twice": (gzip.compress(zlib.compress(EVIDENCE)), "deflate, gzip"),
    "a charset in the wrong place": (EVIDENCE, "utf-8"),
}
BROKEN: dict[str, tuple[bytes, str, str]] = {
    "br": (EVIDENCE, "br", "content coding 'br', which was not requested"),
    "zstd": (EVIDENCE, "zstd", "content coding 'zstd', which was not requested"),
    "compress": (EVIDENCE, "compress", "content coding 'compress'"),
    "unknown inside": (gzip.compress(EVIDENCE), "br, gzip", "content coding 'br'"),
    "a name that is none": (EVIDENCE, "\x1b[31m", "of an odd name"),
    "too often": (EVIDENCE, "gzip, gzip, gzip, gzip", "coded it 4 times over"),
    "no gzip": (EVIDENCE, "gzip", "the gzip stream cannot be decoded"),
    "no deflate": (b"\xff" * 100, "deflate", "the deflate stream cannot be decoded"),
    "gzip that breaks off": (gzip.compress(EVIDENCE)[:-9], "gzip", "the gzip stream breaks off"),
    "gzip without its sum": (gzip.compress(EVIDENCE)[:-4], "gzip", "the gzip stream breaks off"),
    "gzip of one byte": (b"\x1f", "gzip", "the gzip stream breaks off"),
    "gzip of nothing": (b"", "gzip", "the gzip stream breaks off"),
    "deflate that breaks off": (zlib.compress(EVIDENCE)[:-1], "deflate", "breaks off"),
    "a second member that breaks off": (
        gzip.compress(EVIDENCE) + gzip.compress(EVIDENCE)[:-1],
        "gzip",
        "the gzip stream breaks off",
    ),
    "rubbish at the end": (gzip.compress(EVIDENCE) + b"<html>", "gzip", "cannot be decoded"),
    "another sum": (gzip.compress(EVIDENCE)[:-8] + bytes(8), "gzip", "cannot be decoded"),
}


@pytest.mark.parametrize("parts", [1, 150, 500])
@pytest.mark.parametrize("what", WHOLE)
def test_18_what_can_be_decoded_is_the_file_however_it_comes(what: str, parts: int) -> None:
    body, codings = WHOLE[what]
    step = max(len(body) // parts, 1)
    pieces = [body[at : at + step] for at in range(0, len(body), step)]
    assert coded(pieces, codings) == EVIDENCE


@pytest.mark.parametrize("step", [1_000_000, 997])
@pytest.mark.parametrize("what", BROKEN)
def test_18_what_cannot_be_decoded_or_ends_early_is_no_file(what: str, step: int) -> None:
    body, codings, told = BROKEN[what]
    with pytest.raises(BodyError, match=re.escape(told)):
        coded([body[at : at + step] for at in range(0, len(body), step)], codings)


def test_18_a_small_body_does_not_become_a_large_one_in_memory() -> None:
    bomb = gzip.compress(gzip.compress(bytes(200_000_000)))
    tracemalloc.start()
    size = max(len(chunk) for chunk in decode(iter([bomb]), "gzip, gzip"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size <= CHUNK
    assert peak < 5_000_000


@pytest.mark.parametrize(
    ("value", "keep", "told"),
    [
        ("br", 1, "content coding 'br'"),
        ("zstd", 1, "content coding 'zstd'"),
        ("gzip", 0.5, "the gzip stream breaks off"),
        ("deflate", 0.9, "the deflate stream breaks off"),
        ("gzip, br", 1, "content coding 'br'"),
    ],
)
@pytest.mark.parametrize("size", [300, 150_016])
def test_18_such_a_file_fails_and_is_fetched_by_the_next_run(
    bench: Bench, value: str, keep: float, told: str, size: int
) -> None:
    bench.state.add_file(BAD, {"originalFilename": "kit.zip"}, EVIDENCE[:size])
    site = bench.site()
    bench.state.add_fault("coding", endpoint=DOWNLOAD, case=BAD, count=None, value=value, keep=keep)
    outcome = bench.run(site=site)
    # the other file of the case fails likewise, which is said once
    assert outcome.heard(f"failure: case {BAD}: the file '", "was not fetched", told)
    assert outcome.summary.exit_code == 3
    assert outcome.one("attachment", "kit.zip")["sha256"] is None
    bench.state.clear_faults()
    assert bench.run(site=site).one("attachment", "kit.zip")["size"] == size


@pytest.mark.parametrize("value", ["br", "zstd"])
@pytest.mark.parametrize("feed", FEEDS)
def test_18_a_detail_in_a_coding_that_was_not_asked_for_fails_its_case_alone(
    bench: Bench, feed: FeedName, value: str
) -> None:
    outcome, _ = bench.disturbed(
        feed, kind="coding", endpoint=DETAIL[feed], case=BAD_CASE[feed], value=value, count=None
    )
    assert outcome.heard(f"failure: case {BAD_CASE[feed]}: ", f"content coding '{value}'")
    assert bench.others_are_complete(outcome, feed)


@pytest.mark.parametrize(
    ("packed", "coding"),
    [(gzip.compress(b""), "gzip"), (zlib.compress(b""), "deflate"), (raw_deflate(b""), "deflate")],
    # gzip writes the time, which would give the test another name in each process
    ids=["gzip", "zlib", "deflate"],
)
def test_18_an_empty_file_is_one_in_every_coding(packed: bytes, coding: str) -> None:
    assert b"".join(decode(iter([packed]), coding)) == b""


@pytest.mark.parametrize("value", ["gzip", "deflate"])
def test_18_a_whole_run_in_a_coding_that_can_be_decoded_is_complete(
    bench: Bench, value: str
) -> None:
    outcome, _ = bench.disturbed(kind="coding", value=value, count=None)
    assert outcome.summary.exit_code == 0
    assert bench.is_complete(outcome)


def ask(url: str, limits: Limits = HASTY, **changes: Any) -> Any:
    with Transport(FakeClock(), limits) as transport:
        return transport.send(Request(**{"method": "GET", "url": url + "/", **changes}))


@pytest.mark.parametrize(
    "reply",
    [
        OK + b"Content-Length: 100\r\n\r\nshort",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n64\r\nshort",
        OK + b"Transfer-Encoding: chunked\r\n\r\nfive\r\nshort\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nshort\r\n0\r\n\r\n",
        OK + b"Content-Length: 5, 7\r\n\r\nshort",
        b"HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nshort",
    ],
)
def test_18_a_file_that_ends_early_is_no_file(reply: bytes) -> None:
    with wire(reply) as server:
        try:
            response = ask(server.url, json_due=False)
        except HttpError as error:
            assert error.cause is Cause.OUTAGE  # noqa: PT017 - one of two right ends
        else:
            assert response.status == 206


# --- 18: JSON ------------------------------------------------------------------------------------

EURO, JAPAN = '{"brand": "Zürich €"}', '{"brand": "日本"}'
READ: dict[str, tuple[bytes, str, Any, int]] = {
    # body, declared charset, what it means, remarks
    "one broken byte": (b'{"brand": "Z\xfcrich"}', "", "Z\ufffdrich", 1),
    "a cut character": (b'{"brand": "Z\xc3"}', "", "Z\ufffd", 1),
    "a surrogate": (b'{"brand": "\xed\xa0\x80"}', "", "\ufffd" * 3, 1),
    "a raw tab": (b'{"brand": "a\tb"}', "", "a\tb", 0),
    "raw line ends": (b'{"brand": "a\r\nb"}', "", "a\r\nb", 0),
    "a raw zero": (b'{"brand": "a\0b"}', "", "a\0b", 0),
    "Latin-1": (b'{"brand": "Z\xfcrich"}', "ISO-8859-1", "Zürich", 0),
    "Windows": (EURO.encode("cp1252"), '"windows-1252"', "Zürich €", 0),
    "UTF-8 that calls itself Latin-1": (EURO.encode(), "latin1", "Zürich €", 0),
    "UTF-8 with a mark": (EURO.encode("utf-8-sig"), "utf-8-sig", "Zürich €", 0),
    "UTF-16": (EURO.encode("utf-16"), "utf-16", "Zürich €", 0),
    "UTF-16 that calls itself UTF-8": (EURO.encode("utf-16-le"), "utf-8", "Zürich €", 0),
    "ASCII that calls itself UTF-16": (b'{"brand": "a"}', "utf-16", "a", 0),
    "Shift JIS": (JAPAN.encode("shift_jis"), "Shift_JIS", "日本", 0),
    "seven bits": (JAPAN.encode("iso-2022-jp"), "iso-2022-jp", "日本", 0),
    "EBCDIC": (b'{"brand": "a"}'.decode().encode("cp037"), "cp037", "a", 0),
    "a charset that is none": (EURO.encode(), "klingon", "Zürich €", 0),
    "a codec that is no charset": (EURO.encode(), "rot13", "Zürich €", 0),
    "a codec of Python": (EURO.encode(), "unicode_escape", "Zürich €", 0),
    "broken in its charset": (b'{"brand": "\x82"}', "shift_jis", "\ufffd", 1),
    "zeros at the end": (EURO.encode() + b"\0\0\r\n", "", "Zürich €", 0),
}


@pytest.mark.parametrize("what", READ)
def test_18_json_is_read_as_far_as_it_can_be(what: str) -> None:
    body, charset, brand, remarks = READ[what]
    read = read_json(body, f"application/json; charset={charset}" if charset else None)
    assert read.parsed == {"brand": brand}
    assert len(read.remarks) == remarks


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize(
    ("media_type", "encoding", "warnings"),
    [("application/json", "latin-1", 1), ("application/json; charset=latin-1", "latin-1", 0)],
)
def test_18_a_detail_with_a_broken_byte_is_ingested_with_a_warning(
    bench: Bench, feed: FeedName, media_type: str, encoding: str, warnings: int
) -> None:
    detail = {"brand": "Zürich\tSüd", "dataLossRecoveryDetail": [{"email": "caSe0bad@example.com"}]}
    body = json.dumps(envelope(detail), ensure_ascii=False).replace("\\t", "\t").encode(encoding)
    outcome, _ = bench.disturbed(
        feed, kind="raw", endpoint=DETAIL[feed], case=BAD_CASE[feed], count=None,
        base64=base64.b64encode(body).decode(), content_type=media_type,
    )  # fmt: skip
    assert (outcome.summary.exit_code, outcome.summary.failed) == (0, 0)
    heard = outcome.heard(f"warning: case {BAD_CASE[feed]}: ", "not UTF-8", "U+FFFD")
    assert len(heard) == warnings
    expected = "Z\ufffdrich\tS\ufffdd" if warnings else "Zürich\tSüd"
    brands = [
        one for each in outcome.objects for one in each["attributes"] if one["name"] == "Brand"
    ]
    assert expected in {one["value"] for one in brands}
    assert bench.others_are_complete(outcome, feed)


def test_18_a_list_with_a_broken_byte_is_read_with_a_warning(bench: Bench) -> None:
    rows = [{"caseId": BAD, "updatedAt": str(CLOCK - 3 * HOUR), "note": "ü"}]
    body = json.dumps(envelope(rows), ensure_ascii=False).encode("latin-1")
    outcome, _ = bench.disturbed(
        kind="raw", endpoint="CaseSync", base64=base64.b64encode(body).decode(), count=None
    )
    assert (outcome.summary.exit_code, outcome.summary.detailed) == (0, 1)
    assert outcome.heard("warning: ", "not UTF-8")


# --- 19: limits in every phase -------------------------------------------------------------------


def endless(
    head: bytes, block: bytes = bytes(65_536), pause: float = 0.0
) -> Callable[[Line], None]:
    def script(line: Line) -> None:
        line.send(head)
        line.flood(block, pause)

    return script


NOT_FOUND = b"HTTP/1.1 404 Not Found\r\n"
FLOODS: dict[str, bytes] = {
    "404": NOT_FOUND + b"\r\n",
    "404 that says how much": NOT_FOUND + b"Content-Length: 314572800\r\n\r\n",
    "400": b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n",
    "403": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9999999999999999999999999\r\n\r\n",
    "500": b"HTTP/1.1 500 Oops\r\n\r\n",
    "503": b"HTTP/1.1 503 Wait\r\nContent-Length: 314572800\r\n\r\n",
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n",
    "a file that says how much": OK + b"Content-Length: 314572800\r\n\r\n",
    "a status that is none": b"HTTP/1.1 799 Odd\r\n\r\n",
}


@pytest.mark.parametrize("what", FLOODS)
def test_19_no_more_of_an_answer_is_read_than_is_needed(what: str) -> None:
    # what a file may hold is no measure for a page of an error
    limits = Limits(attempts=1, largest_file=1_000_000 if "file" in what else 2**29)
    with Wire(endless(FLOODS[what])) as server:
        try:
            response = ask(server.url, limits, json_due=False)
        except HttpError as error:
            assert error.status or "larger than" in str(error)  # noqa: PT017 - either is right
        else:
            assert len(response.body) <= 65_536
        # what fits into the buffers of both sockets may be under way
        assert server.sent < 20_000_000


TRICKLES: dict[str, tuple[bytes, bytes]] = {
    "the status line": (b"HTTP/1.1 200 ", b"O"),
    "a header": (OK + b"X-Slow: ", b"x"),
    "headers": (OK, b"X-Slow: x\r\n"),
    "interim answers": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body": (OK + b"Content-Length: 10000\r\n\r\n", b" "),
    "a body without an end": (OK + b"\r\n", b" "),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "the size of a chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "a coded body": (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], b"\0"),
    "an error": (NOT_FOUND + b"\r\n", b"x"),
    "a redirect": (b"HTTP/1.1 302 Found\r\nLocation: /a\r\n\r\n", b"x"),
    "trailers": (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-T: x\r\n"),
}


@pytest.mark.parametrize("json_due", [True, False])
@pytest.mark.parametrize("what", TRICKLES)
def test_19_a_call_ends_at_its_deadline_whatever_drips(what: str, json_due: bool) -> None:
    head, block = TRICKLES[what]
    started = time.monotonic()
    with Wire(endless(head, block, pause=0.02)) as server:
        try:
            ask(server.url, json_due=json_due)
        except HttpError as error:
            told = r"not all within 0\.5 s|closed|failed|cannot be decoded"
            assert re.search(told, str(error))  # noqa: PT017 - some of them are good answers
    assert time.monotonic() - started < 5


def test_19_a_tunnel_that_drips_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    started = time.monotonic()
    with Wire(endless(b"HTTP/1.1 200 Connection established\r\n", b"X: y\r\n", 0.02)) as server:
        monkeypatch.setenv("https_proxy", server.url)
        with pytest.raises(HttpError):
            ask("https://api.example.com")
    assert time.monotonic() - started < 5


def test_19_headers_that_drip_fail_their_case_alone(bench: Bench) -> None:
    outcome, fault = bench.disturbed(
        kind="drip", seconds=0.05, endpoint="CaseDetail", case=BAD, count=None, limits=HASTY
    )
    assert outcome.heard(f"failure: case {BAD}: ", "not all within 0.5 s")
    assert fault.applied == 1
    assert bench.others_are_complete(outcome)


# --- 20: statuses --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [204, 205])
@pytest.mark.parametrize("feed", FEEDS)
def test_20_a_list_without_content_is_a_quiet_window(
    bench: Bench, feed: FeedName, status: int
) -> None:
    outcome, _ = bench.disturbed(
        feed, kind="status", endpoint=LIST[feed], status=status, body="empty", count=None
    )
    assert (outcome.summary.exit_code, outcome.summary.listed) == (0, 0)
    assert outcome.summary.gaps == []
    assert outcome.objects == []


def test_20_messages_without_content_are_none(bench: Bench) -> None:
    endpoint = "FetchCaseCommunications"
    outcome, _ = bench.disturbed(
        kind="status", endpoint=endpoint, case=BAD, status=204, body="empty", count=None
    )
    assert outcome.summary.exit_code == 0
    assert bench.others_are_complete(outcome)


@pytest.mark.parametrize("feed", FEEDS)
def test_20_a_detail_without_content_is_a_case_that_is_gone(bench: Bench, feed: FeedName) -> None:
    case = BAD_CASE[feed]
    outcome, _ = bench.disturbed(
        feed, kind="status", endpoint=DETAIL[feed], case=case, status=204, body="empty", count=None
    )
    assert (outcome.summary.exit_code, outcome.summary.skipped) == (0, 1)
    assert outcome.heard(f"warning: case {case}: ")
    assert bench.others_are_complete(outcome, feed)


def test_20_a_file_without_content_is_a_failed_file(bench: Bench) -> None:
    outcome, _ = bench.disturbed(
        kind="status", endpoint=DOWNLOAD, case=BAD, status=204, body="empty", count=None
    )
    assert outcome.heard(f"failure: case {BAD}: ", "was not fetched: no bytes came")
    assert outcome.summary.exit_code == 3


def test_20_a_login_without_content_gives_no_token(bench: Bench) -> None:
    outcome, _ = bench.disturbed(
        kind="status", endpoint="Authenticate", status=204, body="empty", count=None
    )
    assert "the login failed" in str(outcome.summary.error)
    assert "no token in the response" in str(outcome.summary.error)


ODD: dict[str, tuple[bytes, str, Cause]] = {
    "101 Switching": (b"", "the server answered 101 (Switching Protocols)", Cause.ENDPOINT),
    "201 Created": (b"{}", "the server answered 201 (Created) where 200", Cause.OUTAGE),
    "202 Accepted": (b"{}", "accepted the request and has no answer yet", Cause.OUTAGE),
    "203 Non-Authoritative": (b"{}", "a proxy on the way has changed the answer", Cause.OUTAGE),
    "206 Partial Content": (b"{}", "a part of the answer only", Cause.OUTAGE),
    "207 Multi-Status": (b"{}", "the server answered 207 (Multi-Status)", Cause.OUTAGE),
    "226 IM Used": (b"{}", "the server answered 226 (IM Used)", Cause.OUTAGE),
    "299 Odd": (b"{}", "the server answered 299 (a status that has no meaning)", Cause.OUTAGE),
    "300 Multiple Choices": (b"", "the server answered 300 (Multiple Choices)", Cause.ENDPOINT),
    "301 Moved": (b"", "the server answered 301 (a redirect) without saying where", Cause.ENDPOINT),
    "304 Not Modified": (b"", "the server answered 304 (not modified", Cause.ENDPOINT),
    "305 Use Proxy": (b"", "the server answered 305 (Use Proxy)", Cause.ENDPOINT),
    "308 Permanent": (b"", "the server answered 308 (a redirect) without", Cause.ENDPOINT),
    "511 Login": (b"", "the network of this machine wants a login", Cause.MACHINE),
}  # fmt: skip


@pytest.mark.parametrize("status", ODD)
def test_20_each_odd_status_has_its_own_sentence(status: str) -> None:
    from izoologic_cdf.runtime.failures import refusal  # noqa: PLC0415

    body, told, cause = ODD[status]
    with wire(answer(body, status=status)) as server:
        try:
            error = refusal("GET /", ask(server.url), str)
        except HttpError as raised:
            error = raised
        assert str(error).startswith(f"GET /: {told}") or told in str(error)
        assert (error.cause, error.status) == (cause, int(status[:3]))
        assert len(server.asked) == 1


def test_20_an_interim_answer_is_passed_over() -> None:
    early = b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    with wire(b"HTTP/1.1 100 Continue\r\n\r\n" + early + answer(b'{"a": 1}')) as server:
        assert ask(server.url).body.parsed == {"a": 1}


def test_20_an_interim_answer_alone_is_said_to_be_one() -> None:
    told = r"announced an answer \(103\) and did not give it"
    with wire(b"HTTP/1.1 103 Early\r\n\r\n") as server, pytest.raises(HttpError, match=told):
        ask(server.url)


# --- 21: numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1), ("1.0", 1), ("6.000", 6), ("1E2", 100), ("1e+2", 100), ("10e-1", 1), ("-0", 0),
        ("-0.0", 0), ("0e5", 0), ("1.5", 1.5), ("-2.50", -2.5), ("1e-7", 1e-7), ("1e22", 10**22),
        ("12345678901234567890", 12345678901234567890),
        ("12345678901234567890.0", 12345678901234567890), ("9007199254740993.0", 9007199254740993),
        ("9007199254740993.5", 9007199254740993.5), ("1672531200.0", 1672531200),
        ("1e400", None), ("-1e400", None), ("1E9999999999", None), ("9" * 5_000, None),
        ("9" * 5_000 + ".0", None), ("NaN", None), ("Infinity", None), ("-Infinity", None),
    ],
)  # fmt: skip
def test_21_a_whole_number_is_whole_however_it_is_written(written: str, value: Any) -> None:
    read = read_json(f'[{written}, "1.0", 2]'.encode())
    assert read.parsed == [value, "1.0", 2]
    assert type(read.parsed[0]) is type(value)
    assert len(read.remarks) == (value is None)


@pytest.mark.parametrize("written", ["[1e400", "[NaN,,]", '["a" 1e400]'])
def test_21_an_odd_number_does_not_hide_that_the_json_is_broken(written: str) -> None:
    with pytest.raises(BodyError, match="JSON at line 1 column"):
        read_json(written.encode())


def with_numbers(bench: Bench, detected_by: str, case_type: str) -> Outcome:
    body = (
        f'{{"success": true, "result": {{"detectedBy": {detected_by}, "caseType": {case_type}, '
        f'"caseDescription": null}}}}'
    )
    outcome, _ = bench.disturbed(kind="raw", endpoint="CaseDetail", case=BAD, text=body, count=None)
    return outcome


@pytest.mark.parametrize(
    ("detected_by", "case_type"), [("1.0", "6.0"), ("1e0", "60E-1"), ('"1"', '"6"')]
)
def test_21_codes_are_codes_however_they_are_written(
    bench: Bench, detected_by: str, case_type: str
) -> None:
    outcome = with_numbers(bench, detected_by, case_type)
    values = {one["name"]: one["value"] for one in outcome.one("incident", BAD)["attributes"]}
    assert (values["Detected By"], values["Case Type"]) == ("iZoo", "Incident")
    assert outcome.summary.exit_code == 0


def test_21_what_is_no_number_is_no_attribute_and_is_warned_of(bench: Bench) -> None:
    outcome = with_numbers(bench, "1e400", "6")
    names = {one["name"] for one in outcome.one("incident", BAD)["attributes"]}
    assert "Detected By" not in names
    assert "Case Type" in names
    assert outcome.heard(f"warning: case {BAD}: ", "a number that cannot be represented")


# --- 22: pages in place of files -----------------------------------------------------------------

PAGES: dict[str, bytes] = {
    "a page": b"<!DOCTYPE html><html><body>Log in</body></html>",
    "a page after blanks": b"\r\n\t  <html lang=en>",
    "a page with a mark": b"\xef\xbb\xbf<HTML>",
    "a page in UTF-16": "<!DOCTYPE html><html>".encode("utf-16"),
    "a page in UTF-16 the other way": b"\xfe\xff" + "<html>".encode("utf-16-be"),
    "a part of a page": b"<!DOC",
    "a comment": b"<!-- error --><html>",
    "a script": b"<script>location='/login'</script>",
    "XML": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "a large page": b"<html>" + b"x" * 100_000,
}
BINARIES = ["png", "PNG", "pdf", "jpg", "jpeg", "gif", "zip", "docx", "xls", "mp4", "csv", "7z"]
MAYBE_PAGES = [
    *("index.html", "x.htm", "kit.php", "mail.eml", "log.txt", "page.mht", "evidence"),
    *("a.png.html", "logo.svg", "data.xml", ".htaccess", "what.unknown"),
]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("extension", ["png", "pdf"])
def test_22_a_page_in_place_of_a_file_is_a_failed_file_and_is_fetched_later(
    bench: Bench, page: str, extension: str
) -> None:
    name = f"screen.{extension}"
    bench.state.add_file(BAD, {"originalFilename": name}, EVIDENCE)
    site = bench.site()
    instead = base64.b64encode(PAGES[page]).decode()
    bench.state.add_fault("raw", endpoint=DOWNLOAD, case=BAD, base64=instead, count=None)
    outcome = bench.run(site=site)
    assert outcome.summary.exit_code == 3
    assert outcome.heard(
        f"failure: case {BAD}: the file '{name}' was not fetched: "
        f"a page came where the name says {extension}"
    )
    assert outcome.one("attachment", name)["size"] is None
    bench.state.clear_faults()
    assert bench.run(site=site).one("attachment", name)["size"] == len(EVIDENCE)


@pytest.mark.parametrize("extension", BINARIES)
def test_22_the_name_decides_and_not_its_spelling(extension: str) -> None:
    assert intruder(f"a.b.{extension}", b"<html>") == (
        f"a page came where the name says {extension.lower()}"
    )
    assert intruder(f"a.{extension} ", b"<html>") is not None


@pytest.mark.parametrize("name", MAYBE_PAGES)
@pytest.mark.parametrize("page", PAGES)
def test_22_a_page_under_a_name_that_may_be_one_is_the_file(name: str, page: str) -> None:
    assert intruder(name, PAGES[page]) is None


@pytest.mark.parametrize(
    ("name", "body", "is_file"),
    [
        ("a.png", b'{"message": "An error has occurred."}', False),
        ("a.pdf", b' {"type": "about:blank", "status": 500}', False),
        ("a.json", b'{"message": "An error has occurred."}', True),
        ("a.json", b"<html>", False),
        ("a.pdf", b"test file", True),
        ("a.png", b"\xff\xd8\xff\xe0 a photo by another name", True),
        ("a.png", b"", True),
        ("a.pdf", b"%PDF-1.7 <html>", True),
        ("a.xls", b'<html xmlns:x="urn:schemas-microsoft-com:office:excel">', True),
        ("a.rtf", b"{\\rtf1 text}", True),
        ("a.zip", b"{not json", True),
        ("a.csv", b"name,<html>", True),
    ],
)
def test_22_other_bytes_than_a_page_or_an_answer_are_the_file(
    name: str, body: bytes, is_file: bool
) -> None:
    assert (intruder(name, body) is None) is is_file


UPLOADED: dict[str, tuple[str, bytes, bool]] = {
    # our runtime hands a large body to the definition as a file, into which no expression looks
    **{
        f"{what} as {end}": (f"a.{end}", page, False)
        for what, page in PAGES.items()
        if len(page) < CHUNK
        for end in ("png", "PDF")
    },
    **{name: (name, PAGES["a page"], True) for name in MAYBE_PAGES},
    "a PDF that holds a page": ("a.pdf", b"%PDF-1.7 <html>", True),
    "a photo by another name": ("a.png", b"\xff\xd8\xff\xe0 <", True),
    "nothing": ("a.png", b"", True),
    "an error envelope": ("a.pdf", b'{"success": false, "result": null}', False),
}


def test_22_the_uploaded_form_leaves_out_pages_in_place_of_files(
    bench: Bench, tmp_path: Path
) -> None:
    for number, (name, content, _) in enumerate(UPLOADED.values()):
        bench.state.add_file(BAD, {"originalFilename": f"{number}-{name}"}, content)
    whole = [Window(CLOCK - 20 * DAY, CLOCK)]
    document = json.loads(exported(tmp_path, built(Missing.NULL), bench.emulator, whole, {}))
    kept = {one["value"] for one in document["objects"] if one["type"] == "attachment"}
    due = {
        f"{number}-{name}" for number, (name, _, is_kept) in enumerate(UPLOADED.values()) if is_kept
    }
    assert {name for name in kept if name.partition("-")[0].isdecimal()} == due
