"""F19 and F20: files that come badly, and names that no folder can take."""

import hashlib
from typing import Any

import pytest

from izoologic_cdf.runtime.http import Limits
from tests.support.benches import BAD, GOOD, Bench, refusal
from tests.support.tenants import Outcome

FILE = f"{BAD}.txt"
DOWNLOAD = "DownloadCaseFile"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


CONTENTS: dict[str, bytes] = {
    "binary with NULs": bytes(range(256)) * 4,
    "JSON": b'{"evidence": [1, 2, {"a": null}]}',
    "JSON that looks like a good answer": b'{"result": {"a": 1}, "success": true}',
    "HTML": b"<!DOCTYPE html><html><body>phishing page</body></html>",
    "larger than memory takes": b"0123456789abcdef" * 8_000,
    "a byte order mark": b"\xef\xbb\xbftext",
    "gzip by itself": b"\x1f\x8b\x08\x00rest",
}


@pytest.mark.parametrize("what", CONTENTS)
@pytest.mark.parametrize("way", ["plain", "chunked", "gzip", "another type"])
def test_f19_a_file_is_kept_as_it_came(bench: Bench, what: str, way: str) -> None:
    content = CONTENTS[what]
    bench.state.add_file(BAD, {"originalFilename": "evidence"}, content)
    if way in ("chunked", "gzip"):
        bench.state.add_fault(way, endpoint=DOWNLOAD, count=None)
    elif way == "another type":
        bench.state.add_fault("content_type", endpoint=DOWNLOAD, value="text/html", count=None)
    outcome = bench.run()
    assert outcome.summary.exit_code == 0
    kept = outcome.one("attachment", "evidence")
    assert (kept["size"], kept["sha256"]) == (len(content), digest(content))


def test_f19_an_empty_file_is_kept_with_a_warning(bench: Bench) -> None:
    bench.state.add_file(BAD, {"originalFilename": "empty.txt"}, b"")
    outcome = bench.run()
    assert (outcome.summary.exit_code, outcome.summary.warnings) == (0, 1)
    assert outcome.heard(f"warning: case {BAD}: the file 'empty.txt' is empty")
    assert outcome.one("attachment", "empty.txt")["size"] == 0


LOST: dict[str, tuple[dict[str, Any], str]] = {
    "error envelope": (
        {"kind": "envelope", "json": refusal()},
        "an error envelope in place of the file",
    ),
    "404": ({"kind": "status", "status": 404}, "the server answered 404"),
    "404 page": ({"kind": "status", "status": 404, "body": "html"}, "the server answered 404"),
    "403": ({"kind": "status", "status": 403}, "the server answered 403"),
    "500": ({"kind": "status", "status": 500}, "the server answered 500"),
    "reset": ({"kind": "reset", "after": 3}, "the connection failed"),
    "length": ({"kind": "length"}, "the connection failed"),
}


@pytest.mark.parametrize("what", LOST)
def test_f19_a_file_that_fails_leaves_its_case_and_all_else_complete(
    bench: Bench, what: str
) -> None:
    fault, told = LOST[what]
    outcome, _ = bench.disturbed(endpoint=DOWNLOAD, case=BAD, count=None, **fault)
    assert outcome.heard(f"failure: case {BAD}: the file '{FILE}' was not fetched: ", told)
    assert (outcome.summary.exit_code, outcome.summary.failures) == (3, 1)
    expected = [
        {**one, "size": None, "sha256": None} if one["value"] == FILE else one
        for one in bench.calm()
    ]
    assert outcome.objects == expected
    again = tried_again(bench, outcome)
    assert again.summary.exit_code == 0
    assert again.objects == bench.calm()


def tried_again(bench: Bench, outcome: Outcome) -> Outcome:
    """Run once more into the same library, without the faults."""
    bench.state.clear_faults()
    site = bench.site()
    site.library = outcome.library
    return bench.run(site=site)


def test_f19_a_file_over_the_cap_is_not_kept_and_named(bench: Bench) -> None:
    bench.state.add_file(BAD, {"originalFilename": "large.bin"}, bytes(300_000))
    outcome = bench.run(limits=Limits(largest_file=200_000))
    assert outcome.heard("the file 'large.bin' was not fetched", "larger than 200000 bytes")
    assert outcome.one("attachment", "large.bin")["size"] is None
    assert outcome.one("attachment", FILE)["size"] == len(BAD)


def test_f19_a_file_of_50_megabytes_goes_to_disk_and_is_kept(bench: Bench) -> None:
    content = b"\x00\xff" * 25_000_000
    bench.state.add_file(BAD, {"originalFilename": "video.mp4"}, content)
    outcome = bench.run()
    assert outcome.summary.exit_code == 0
    kept = outcome.one("attachment", "video.mp4")
    assert (kept["size"], kept["sha256"]) == (len(content), digest(content))


@pytest.mark.parametrize("options", [{"file_token_uses": 1}, {"file_token_life_seconds": 60}])
def test_f19_file_tokens_that_end_are_no_matter(bench: Bench, options: dict[str, Any]) -> None:
    bench.state.set_options(**options)
    outcome = bench.run()
    assert outcome.summary.exit_code == 0
    assert bench.is_complete(outcome)


def test_f19_a_lost_download_takes_a_new_token_in_the_next_run(bench: Bench) -> None:
    bench.state.set_options(file_token_uses=1)
    # the answer is lost on the way, and the token is used up by then
    bench.state.add_fault("reset", endpoint=DOWNLOAD, case=BAD, after=0, count=1)
    outcome = bench.run()
    assert outcome.summary.exit_code == 3
    assert tried_again(bench, outcome).objects == bench.calm()


NAMES: dict[str, str] = {
    # as the API has it -> as it is kept
    "证拠.txt": "证拠.txt",
    "../../etc/passwd": "passwd",
    "C:\\temp\\x.txt": "x.txt",
    "a\x00b\x1f.txt": "ab.txt",
    "x" * 300 + ".log": "x" * 251 + ".log",
    "": "unnamed",
    "/": "unnamed",
    "plain.txt": "plain.txt",
}


@pytest.mark.parametrize("name", NAMES)
def test_f20_a_file_name_is_made_safe(bench: Bench, name: str) -> None:
    bench.state.add_file(BAD, {"originalFilename": name}, b"content")
    outcome = bench.run()
    assert outcome.summary.exit_code == 0
    kept = outcome.one("attachment", NAMES[name])
    assert kept["sha256"] == digest(b"content")
    outcome.objects.remove(kept)
    assert bench.others_are_complete(outcome)


def test_f20_a_name_written_from_right_to_left_keeps_no_control_character(bench: Bench) -> None:
    bench.state.add_file(BAD, {"originalFilename": "\u202etxt.exe"}, b"content")
    outcome = bench.run()
    (kept,) = [one for one in outcome.all("attachment") if one["value"].endswith("txt.exe")]
    assert kept["size"] == 7
    assert not any(ord(char) < 32 for char in kept["value"])


def test_f20_files_of_one_name_are_kept_apart_by_date_and_case(bench: Bench) -> None:
    for case, date, content in (
        (BAD, "1754800000", b"first"),
        (BAD, "1754800001", b"second"),
        (GOOD[0], "1754800000", b"third"),
    ):
        entry = {"originalFilename": "same.txt", "dateUploaded": date}
        bench.state.add_file(case, entry, content)
    outcome = bench.run()
    kept = [one for one in outcome.all("attachment") if one["value"] == "same.txt"]
    assert {one["sha256"] for one in kept} == {
        digest(b"first"),
        digest(b"second"),
        digest(b"third"),
    }
