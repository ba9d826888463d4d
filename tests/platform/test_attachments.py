"""Attachments: both ways in, what answers say, and the way out."""

import hashlib
from typing import Any

import pytest
import requests

from izoologic_cdf.platform import Platform
from tests.platform.rest import Rest, fits

CONTENT = b"evidence\r\n\x00\xff--boundary"
MD5 = hashlib.md5(CONTENT).hexdigest()  # noqa: S324
FIELDS = {"name": "evidence.txt", "title": "Evidence", "type": "Generic Text"}
ANSWER = {
    "id": 1,
    "name": "evidence.txt",
    "title": "Evidence",
    "type_id": 6,
    "file_size": len(CONTENT),
    "hash": MD5,
    "content_type_id": int,
    "malware_locked": 0,
    "created_at": "2025-08-15 00:00:00",
}


def one_step(rest: Rest, content: bytes = CONTENT, **fields: str) -> requests.Response:
    data = FIELDS | {"malware_locked": "0"} | fields
    return rest.send("POST", "/attachments", data=data, files={"file": (data["name"], content)})


def first_step(rest: Rest, name: str, content: bytes, **fields: str) -> requests.Response:
    data = {
        "resumableIdentifier": name,
        "resumableRelativePath": name,
        "resumableTotalChunks": "1",
        "resumableFilename": name,
        **fields,
    }
    files = {"file": ("blob", content, "application/octet-stream")}
    return rest.send("POST", "/attachments/upload", data=data, files=files)


def second_step(rest: Rest, **fields: Any) -> requests.Response:
    body = FIELDS | {"malware_locked": False, "sources": [{"name": "S"}]} | fields
    return rest.send("POST", "/attachments", body)


def test_in_one_step(rest: Rest) -> None:
    answer = one_step(rest)
    assert (answer.status_code, fits(answer.json()["data"], ANSWER)) == (201, True)
    assert "total" not in answer.json()


def test_in_two_steps(rest: Rest) -> None:
    assert first_step(rest, "evidence.txt", CONTENT).ok
    answer = second_step(rest)
    assert (answer.status_code, fits(answer.json()["data"], ANSWER)) == (201, True)
    assert fits(rest.data("GET", "/attachments/1?with=sources"), {"sources": [{"name": "S"}]})
    assert rest.send("GET", "/attachments/1/download").content == CONTENT


def test_nothing_but_the_name_ties_the_two_steps(rest: Rest) -> None:
    first_step(rest, "a", b"one")
    first_step(rest, "a", b"two")
    assert second_step(rest, name="a").json()["data"]["hash"] == hashlib.md5(b"two").hexdigest()  # noqa: S324
    refused = second_step(rest, name="a")
    assert (refused.status_code, list(refused.json()["data"]["errors"])) == (400, ["name"])


def test_it_comes_back_byte_for_byte_with_its_name_between_quotes(rest: Rest) -> None:
    one_step(rest)
    answer = rest.send("GET", "/attachments/1/download")
    assert (answer.status_code, answer.content) == (200, CONTENT)
    # as a client takes it
    assert answer.headers["Content-Disposition"].split('"')[1] == "evidence.txt"


@pytest.mark.parametrize(
    ("name", "shown"),
    [('a"b.txt', "a_b.txt"), ("a\\b", "a_b"), ("\u00fcber.txt", "?ber.txt"), ("a;b c", "a;b c")],
)
def test_an_odd_name_breaks_no_header(rest: Rest, name: str, shown: str) -> None:
    first_step(rest, name, b"x")
    made = second_step(rest, name=name).json()["data"]
    assert made["name"] == name
    header = rest.send("GET", f"/attachments/{made['id']}/download").headers["Content-Disposition"]
    assert header.split('"')[1] == shown


def test_what_is_there_is_found_by_hash_and_by_name(rest: Rest) -> None:
    one_step(rest)
    one_step(rest, b"other", name="other.txt")
    assert fits(rest.data("GET", f"/attachments?hash={MD5}"), [{"id": 1, "name": "evidence.txt"}])
    assert fits(rest.data("GET", "/attachments?name=other.txt"), [{"id": 2}])
    assert rest.data("GET", "/attachments?hash=0") == []


@pytest.mark.parametrize("sources", ["S", '[{"name": "S"}]', '{"name": "S"}'])
def test_sources_of_a_form_are_a_name_or_json(rest: Rest, sources: str) -> None:
    one_step(rest, sources=sources)
    assert fits(rest.data("GET", "/attachments/1?with=sources"), {"sources": [{"name": "S"}]})


def test_it_is_related_renamed_and_deleted(platform: Platform, rest: Rest) -> None:
    one_step(rest)
    rest.consume("incident", {"value": "x"})
    rest.data("POST", "/events", {"title": "e", "type": "Sighting"})
    assert rest.data("POST", "/incident/1/attachments", [{"id": "1"}])[0]["hash"] == MD5
    assert rest.data("POST", "/attachments/1/events", {"id": 1})[0]["title"] == "e"
    assert fits(
        rest.data("PUT", "/attachments/1", {"name": "new.txt", "type": "PDF"}),
        {"name": "new.txt", "hash": MD5},
    )
    rest.data("DELETE", "/attachments/1")
    assert rest.send("GET", "/attachments/1/download").status_code == 404
    assert rest.data("GET", "/incident/1/attachments") == []


@pytest.mark.parametrize("locked", ["1", True, 1, "true"])
def test_a_locked_file_says_so(rest: Rest, locked: Any) -> None:
    first_step(rest, "evidence.txt", CONTENT)
    assert second_step(rest, malware_locked=locked).json()["data"]["malware_locked"] == 1


def test_an_empty_file_is_a_file(rest: Rest) -> None:
    assert one_step(rest, b"").json()["data"]["file_size"] == 0
    assert rest.send("GET", "/attachments/1/download").content == b""


def test_what_is_missing_is_refused(rest: Rest) -> None:
    def field(answer: requests.Response) -> list[str]:
        assert answer.status_code == 400
        return list(answer.json()["data"]["errors"])

    assert field(rest.send("POST", "/attachments", data=FIELDS)) == ["file"]
    assert field(one_step(rest, type="")) == ["type_id"]
    assert field(one_step(rest, malware_locked="maybe")) == ["malware_locked"]
    assert field(rest.send("POST", "/attachments/upload", data={"x": "y"})) == ["file"]
    chunks = first_step(rest, "a", b"x", resumableTotalChunks="2")
    assert field(chunks) == ["resumableTotalChunks"]
    assert rest.send("POST", "/attachments", {"name": "never"}).status_code == 400
    no_type = {"name": "b"}
    first_step(rest, "b", b"x")
    assert field(rest.send("POST", "/attachments", no_type)) == ["type"]
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert rest.send("POST", "/attachments", data=b"--y", headers=broken).status_code == 400
