"""What the site answers, without a browser: who may ask, what is refused, what every answer has."""

import csv
import http.client
import io
import re
import stat
from urllib.parse import unquote, urlsplit

import pytest
import requests

from izoologic_cdf.browse import plugin
from izoologic_cdf.browse.pages import LISTS
from izoologic_cdf.browse.site import Site
from tests.browse import world
from tests.browse.conftest import Served
from tests.canaries.support import found

SECRETS = (world.PASSWORD, world.FIRST_PASSWORD)


def ask(served: Served, method: str, path: str, **headers: str) -> tuple[int, bytes]:
    """Send one request as it stands, whatever an HTTP library would make of it."""
    parts = urlsplit(served.url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    sent = {"Host": parts.netloc} | {name.replace("_", "-"): text for name, text in headers.items()}
    connection.request(method, path, headers=sent)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


PAGES = ["", "search?q=example", *(f"library/{name}" for name in LISTS), "run/1", "run/2"]


@pytest.mark.parametrize("path", [*PAGES, "browse.css", "icon.svg", "library/cases.csv", "nowhere"])
def test_every_answer_is_guarded(served: Served, path: str) -> None:
    response = served.get(path)
    assert response.status_code == (404 if path == "nowhere" else 200)
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert not {"Set-Cookie", "Link", "Access-Control-Allow-Origin"} & set(response.headers)
    if "html" in response.headers["Content-Type"]:
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", response.text.split("<main")[0])


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example"],
)
def test_another_name_for_this_machine_is_refused(served: Served, host: str) -> None:
    status, body = ask(served, "GET", "/library/accounts.json", Host=host)
    assert status == 421
    assert b"example.com" not in body


def test_localhost_is_this_machine(served: Served) -> None:
    assert ask(served, "GET", "/", Host=f"localhost:{urlsplit(served.url).port}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_but_reading_is_allowed(served: Served, method: str) -> None:
    assert ask(served, method, "/library/cases")[0] == 405


@pytest.mark.parametrize(
    "path",
    [
        "/library/attribute", "/library/attribute.json", "/library/content", "/library/object.csv",
        "/library/history.json", "/library/feed_tenant", "/library/attributes",
        "/library/ATTRIBUTE",
        "/library", "/library.json", "/library.db", "/library?sql=select+1", "/_internal",
        "/_internal/databases", "/_memory", "/-/versions", "/-/metadata", "/-/databases.json",
        "/-/threads", "/-/permissions", "/-/static/app.css", "/library/accounts/1",
        "/library/files/3.blob", "/library/accounts.blob", "/library/accounts.jsono",
        "/library/%61ttribute", "/library/~61ttribute", "/library/../library/attribute",
        "/library/cases/", "//library/cases", "/LIBRARY/cases", "/library/cases%00",
    ],
)  # fmt: skip
def test_what_is_no_view_cannot_be_reached(served: Served, path: str) -> None:
    status, body = ask(served, "GET", path)
    assert status == 404
    assert found(body, SECRETS) == []


@pytest.mark.parametrize(
    "query",
    [
        "_where=1=1", "_where=id+in+(select+object+from+attribute)", "sql=select+1",
        '_through={"table":"attribute","column":"value","value":"x"}',
        "_fts_table=attribute&_search=x", "_sort=nowhere", "_col=nowhere", "_size=-1", "_next=x",
        "_facet=nowhere", "_search_value=x", "_search=%22%27%28&_searchmode=raw",
        "id__exact=9999999999999999999999", "_facet_array=brand", "_facet_date=published",
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["", ".json", ".csv"])
def test_odd_questions_get_a_sentence_and_no_secret(served: Served, query: str, end: str) -> None:
    status, body = ask(served, "GET", f"/library/accounts{end}?{query}")
    assert status in (200, 400, 403)
    assert found(body, SECRETS) == []
    assert b"Traceback" not in body
    assert b"attribute.value" not in body


def everything(served: Served) -> list[str]:
    numbers = range(1, 20)
    lists = [f"library/{name}{end}" for name in LISTS for end in ("", ".csv", ".json?_size=max")]
    facets = [f"library/{name}?_facet=id&_all=on" for name in LISTS]
    return [*PAGES, *lists, *facets, *(f"object/{n}" for n in numbers), "search?q=CaNaRy"]


def test_a_password_is_nowhere_until_it_is_asked_for(served: Served) -> None:
    for path in everything(served):
        assert found(served.get(path).content, SECRETS) == [], path
    for words in ("CaNaRy", "5d8C", "0ld"):
        page = served.get("search", params={"q": words}).text
        assert "john.doe" not in page, words
        listed = served.get("library/accounts.json", params={"_search": words}).json()
        assert listed["rows"] == [], words


def test_a_password_is_shown_to_who_asks_on_the_page_of_the_account(served: Served) -> None:
    number = served.object("accounts", "john.doe@example.com")
    path, own = f"/account/{number}/password", served.url.rstrip("/")
    status, body = ask(served, "POST", path, Origin=own)
    assert status == 200
    assert set(found(body, SECRETS)) == set(SECRETS)
    # no link, no picture and no other site can ask
    assert ask(served, "GET", path)[0] == 405
    assert ask(served, "POST", path)[0] == 403
    for origin in ("null", "http://evil.example", own + ".evil.example"):
        status, body = ask(served, "POST", path, Origin=origin)
        assert (status, found(body, SECRETS)) == (403, [])


def test_a_file_is_saved_and_never_shown(served: Served) -> None:
    number = served.object("files", world.FILE_NAME)
    response = served.get(f"file/{number}")
    assert response.content == world.FILE
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"].endswith("sandbox")
    kind, plain, full = response.headers["Content-Disposition"].split("; ")
    safe = "_._..___fdp___filename__x.html__Set-Cookie__a_b"
    assert (kind, plain) == ("attachment", f'filename="{safe}"')
    name = unquote(full.removeprefix("filename*=UTF-8''"))
    assert "é" in name
    assert not set(name) & set('/\\"\r\n\u202e')


def test_a_file_that_was_not_downloaded_says_so(served: Served) -> None:
    response = served.get(f"file/{served.object('files', 'missing.pdf')}")
    assert response.status_code == 404
    assert "has not downloaded it yet" in response.text


@pytest.mark.parametrize("view", LISTS)
def test_a_spreadsheet_finds_no_formula(served: Served, view: str) -> None:
    response = served.get(f"library/{view}.csv")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith(f'attachment; filename="{view}.csv"')
    text = response.content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert not [v for row in rows for v in row.values() if v.startswith(("=", "+", "-", "@"))]
    assert len(rows) == len(served.get(f"library/{view}.json?_size=max").json()["rows"])


def test_csv_keeps_the_filters_of_the_list(served: Served) -> None:
    text = served.get("library/cases.csv?brand=Acme&_col=case_id&_size=1").content
    assert text.decode("utf-8-sig").split() == ['"case_id"', '"CASE-1"']
    hostile = served.get("library/cases.csv?impact=%2B1").content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(hostile))
    assert row["threat_type"] == "'" + world.HOSTILE["threat"]
    assert row["impact"] == "'+1"
    assert row["client_ref"] == "'@SUM(1)"


def test_an_export_has_all_rows_however_many_are_asked_for_at_a_time(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = served.get("library/changes.csv").content
    monkeypatch.setattr(plugin, "CSV_ROWS", 4)
    with Site(served.library, 0) as site:
        assert requests.get(f"{site.url}library/changes.csv", timeout=60).content == whole
    assert whole.count(b"\n") > 12


def test_json_has_the_values_as_they_are(served: Served) -> None:
    rows = served.get("library/cases.json?_shape=objects&impact=%2B1").json()["rows"]
    assert [row["threat_type"] for row in rows] == [world.HOSTILE["threat"]]


def test_the_library_stays_as_it_is(served: Served) -> None:
    before = served.library.read_bytes()
    for path in ("", "library/cases?_facet=url", "library/cases.csv", "object/1"):
        assert served.get(path).status_code == 200
    assert served.library.read_bytes() == before
    assert stat.S_IMODE(served.library.stat().st_mode) == 0o600
