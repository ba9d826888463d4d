"""E: bytes that come coded, cut, broken, or without end."""

import base64
import gzip
import json
import re
import time
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from izoologic_cdf.errors import Cause
from izoologic_cdf.runtime.bodies import CHUNK, BodyError, decode, read_json
from izoologic_cdf.runtime.failures import HttpError
from izoologic_cdf.runtime.http import Limits
from tests.reports.wires import HASTY, OK, Line, Wire, ask, wire
from tests.support.benches import BAD, BAD_CASE, DETAIL, FEEDS, Bench, envelope
from tests.support.sites import HOUR
from tests.support.tenants import CLOCK, FeedName

DOWNLOAD = "DownloadCaseFile"
EVIDENCE = bytes(range(256)) * 586  # 150,016 bytes
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
    bomb = gzip.compress(gzip.compress(bytes(50_000_000)))
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
    "broken bytes around it": (b"\xff" + EURO.encode() + b"\xff", "", "Zürich €", 1),
    "a path of Windows": (rb'{"brand": "C:\data\\new\table"}', "", "C:\\data\\new\table", 1),
    "an escaped quote of Java": (rb'{"brand": "it\'s \"x\""}', "", 'it\\\'s "x"', 1),
    "escapes of other languages": (
        rb'{"brand": "\x41\u{41}\u12\u0041"}',
        "",
        r"\x41\u{41}\u12A",
        1,
    ),
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


# some of these are read up to the deadline
SOON = HASTY._replace(read=0.2, whole=0.2)
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
            ask(server.url, SOON, json_due=json_due)
        except HttpError as error:
            told = r"not all within 0\.2 s|closed|failed|cannot be decoded"
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
