"""The attachments that the files of a case become, and what happens when one cannot be had."""

import hashlib
from typing import Any

import pytest

from izoologic_cdf.library.store import Library
from tests.support.tenants import CASE, Tenant

UPLOADED = {"dateUploaded": "2025-08-04T00:00:00Z"}
EVIDENCE = b"evidence"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_file_is_an_attachment_of_its_case_with_its_bytes(tenant: Tenant) -> None:
    tenant.state.put_case(CASE, {"url": "u"})
    tenant.state.add_file(CASE, {"originalFilename": "e.bin", **UPLOADED}, b"a\x00b\r\n\xff")
    outcome = tenant.sync("incident")
    assert outcome.one("attachment") == {
        "type": "attachment",
        "value": "e.bin",
        "subtype": None,
        "description": None,
        "published_at": "2025-08-04 00:00:00",
        "sources": ["iZoologic Incident Case Sync"],
        "attributes": [],
        "related": [{"type": "incident", "value": CASE}],
        "tags": [],
        "status": None,
        "happened_at": None,
        "size": 6,
        "sha256": digest(b"a\x00b\r\n\xff"),
    }


@pytest.mark.parametrize(
    ("original", "name"),
    [
        ("evidence.pdf", "evidence.pdf"),
        ("証拠 \U0001f4c4.pdf", "証拠 \U0001f4c4.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\x.txt", "x.txt"),
        ("a\x00b\x1fc\x7f.txt", "abc.txt"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("a\x85b.txt", "a\x85b.txt"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("x" * 235 + "cut here " + "end of the name.html", "x" * 235 + "end of the name.html"),
        ("y" * 255, "y" * 255),
        ("", "unnamed"),
        ("..", "unnamed"),
        ("folder/", "unnamed"),
        (None, "unnamed"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_file_is_named_by_what_is_safe_of_its_original_name(
    tenant: Tenant, original: str | None, name: str
) -> None:
    tenant.state.put_case(CASE, {"url": "u"})
    tenant.state.add_file(CASE, {"originalFilename": original}, EVIDENCE)
    attachment = tenant.sync("incident").one("attachment")
    assert (attachment["value"], attachment["sha256"]) == (name, digest(EVIDENCE))


def test_files_are_told_apart_by_case_original_name_and_upload_date(tenant: Tenant) -> None:
    for case_id in ("case1", "case2"):
        tenant.state.put_case(case_id, {"url": "u"})
        for name, date in (("a/e.txt", 1), ("e.txt", 1), ("e.txt", 2), ("e.txt", 1)):
            told = {"originalFilename": name, "dateUploaded": str(1_754_000_000 + date)}
            tenant.state.add_file(case_id, told, f"{name} of day {date}".encode())
    outcome = tenant.sync("incident")
    found = outcome.all("attachment")
    assert {one["value"] for one in found} == {"e.txt"}
    expected = [
        digest(text) for text in (b"a/e.txt of day 1", b"e.txt of day 1", b"e.txt of day 2")
    ]
    assert sorted(one["sha256"] for one in found) == sorted(expected * 2)
    assert outcome.summary.outcome == "complete"


def test_equal_bytes_are_stored_once(tenant: Tenant) -> None:
    tenant.state.put_case(CASE, {"url": "u"})
    for name in ("a.txt", "b.txt"):
        tenant.state.add_file(CASE, {"originalFilename": name}, EVIDENCE)
    outcome = tenant.sync("incident")
    assert [one["sha256"] for one in outcome.all("attachment")] == [digest(EVIDENCE)] * 2
    with Library.open(outcome.library) as library, library.reading() as connection:
        assert connection.execute("SELECT count(*) FROM content").fetchone() == (1,)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("e.json", b'{"result": [{"url": "https://login.example.com"}], "success": true}'),
        ("e.json", b'{"evidence": {"success": false}}'),
        ("e.json", b'[{"success": false}]'),
        ("e.html", b"<html>Not Found</html>"),
        ("e.json", b"{"),
    ],
)
def test_evidence_that_looks_like_an_answer_is_a_file(
    tenant: Tenant, name: str, content: bytes
) -> None:
    tenant.state.put_case(CASE, {"url": "u"})
    tenant.state.add_file(CASE, {"originalFilename": name}, content)
    outcome = tenant.sync("incident")
    attachment = outcome.one("attachment")
    assert (attachment["size"], attachment["sha256"]) == (len(content), digest(content))
    assert (outcome.summary.outcome, outcome.said) == ("complete", [])


def test_an_empty_file_is_stored_and_warned_of(tenant: Tenant) -> None:
    tenant.state.put_case(CASE, {"url": "u"})
    tenant.state.add_file(CASE, {"originalFilename": "e.txt"}, b"")
    outcome = tenant.sync("incident")
    attachment = outcome.one("attachment")
    assert (attachment["size"], attachment["sha256"]) == (0, digest(b""))
    assert outcome.heard("warning:", f"case {CASE}:", "e.txt", "empty")
    assert outcome.summary.outcome == "complete"


# what is answered in place of a file, and how often; a 404 is asked again under the other path
NO_FILE: list[tuple[str, int, dict[str, Any]]] = [
    ("envelope", 1, {"json": {"result": None, "success": False, "errorCode": "x", "message": "y"}}),
    ("status", 2, {"status": 404, "body": "html"}),
    ("status", 1, {"status": 400, "body": "problem"}),
]


@pytest.mark.parametrize(("kind", "count", "parameters"), NO_FILE, ids=["envelope", "404", "400"])
def test_a_file_that_fails_is_kept_without_bytes_and_fetched_by_the_next_run(
    tenant: Tenant, kind: str, count: int, parameters: dict[str, Any]
) -> None:
    tenant.state.put_case(CASE, {"url": "u"})
    for name in ("bad.txt", "good.txt"):
        tenant.state.add_file(CASE, {"originalFilename": name, **UPLOADED}, EVIDENCE)
    tenant.state.add_fault(kind, endpoint="DownloadCaseFile", count=count, **parameters)
    outcome = tenant.sync("incident")
    known = {one["value"]: (one["size"], one["sha256"]) for one in outcome.all("attachment")}
    assert known == {"bad.txt": (None, None), "good.txt": (8, digest(EVIDENCE))}
    assert [one["value"] for one in outcome.one("incident")["related"]] == ["bad.txt", "good.txt"]
    assert len(outcome.heard("failure:", f"case {CASE}:", "bad.txt")) == 1
    assert (outcome.summary.detailed, outcome.summary.exit_code) == (1, 3)
    again = tenant.sync("incident", into=outcome.library)
    assert {one["sha256"] for one in again.all("attachment")} == {digest(EVIDENCE)}
    assert again.summary.outcome == "complete"


def test_a_file_without_a_token_is_kept_without_bytes_and_is_a_failure(tenant: Tenant) -> None:
    tenant.state.put_case(CASE, {"url": "u"})
    entry = {"originalFilename": "e.txt", "fileToken": None, **UPLOADED}
    tenant.state.add_fault("fields", endpoint="CaseDetail", put={"caseFiles": [entry]})
    outcome = tenant.sync("incident")
    assert outcome.one("attachment")["size"] is None
    assert outcome.heard("failure:", f"case {CASE}:", "e.txt", "token")
    assert outcome.summary.exit_code == 3
    assert "DownloadCaseFile" not in tenant.asked_endpoints


def test_a_file_that_is_stored_is_not_fetched_again_though_its_token_is_new(
    tenant: Tenant,
) -> None:
    tenant.state.put_case(CASE, {"url": "u"})
    tenant.state.add_file(CASE, {"originalFilename": "e.txt", **UPLOADED}, EVIDENCE)
    outcome = tenant.sync("incident")
    again = tenant.sync("incident", into=outcome.library)
    assert tenant.asked_endpoints.count("DownloadCaseFile") == 1
    assert again.text == outcome.text


@pytest.mark.parametrize("files", [None, {}, [], "", [None]], ids=repr)
def test_a_case_without_files_has_no_attachments(tenant: Tenant, files: Any) -> None:
    outcome = tenant.incident({"url": "u", "caseFiles": files, "incidentStatusLogs": files})
    assert (outcome.all("attachment"), outcome.said) == ([], [])


def test_one_file_may_stand_without_its_list(tenant: Tenant) -> None:
    outcome = tenant.incident({"caseFiles": {"originalFilename": "e.txt", "fileToken": "unknown"}})
    assert outcome.one("attachment")["value"] == "e.txt"
