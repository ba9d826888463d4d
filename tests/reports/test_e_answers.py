"""E: statuses and numbers that nobody expects, and what comes in place of a file."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.errors import Cause
from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.runtime.bodies import CHUNK, BodyError, intruder, read_json
from izoologic_cdf.runtime.failures import HttpError
from izoologic_cdf.runtime.windows import DAY, Window
from tests.reports.wires import answer, ask, wire
from tests.support.benches import BAD, BAD_CASE, DETAIL, FEEDS, LIST, Bench
from tests.support.built import built, exported
from tests.support.tenants import CLOCK, FeedName, Outcome

DOWNLOAD = "DownloadCaseFile"
EVIDENCE = bytes(range(256)) * 586  # 150,016 bytes
pytestmark = pytest.mark.usefixtures("plain_environment")


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
    "a page in UTF-32": "<html>".encode("utf-32"),
    "the end of a page": b"</body></html>",
}
BINARIES = [
    *("png", "PNG", "pdf", "jpg", "jpeg", "gif", "zip", "docx", "xls", "mp4", "csv", "7z"),
    *("xlsb", "pptm", "ppsx", "m4a", "mpeg", "aab", "iso", "psd"),
]
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
    for behind in (" ", ".", "\u200b", "?version=1", ";1"):
        assert intruder(f"a.{extension}{behind}", b"<html>") is not None


@pytest.mark.parametrize("name", MAYBE_PAGES)
@pytest.mark.parametrize("page", PAGES)
def test_22_a_page_under_a_name_that_may_be_one_is_the_file(name: str, page: str) -> None:
    assert intruder(name, PAGES[page]) is None


@pytest.mark.parametrize(
    ("name", "body", "is_file"),
    [
        ("a.png", b'{"message": "An error has occurred."}', False),
        ("a.pdf", b' {"type": "about:blank", "status": 500}', False),
        ("a.pdf", b'\xef\xbb\xbf{"message": "An error has occurred."}', False),
        ("a.json", b'{"message": "An error has occurred."}', True),
        ("a.json", b"<html>", False),
        ("a.png", b"\n" * 1000 + b"<html>", False),
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
