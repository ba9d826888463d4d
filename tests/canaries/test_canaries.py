"""No key, secret, token, leaked password or card number is ever written where it must not be."""

import base64
import html
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from izoologic_cdf.cli.main import main
from izoologic_cdf.emulator import Emulator
from izoologic_cdf.runtime import plan
from tests.canaries.support import (
    CARD,
    KEY,
    PART,
    PASSWORD,
    SECRET,
    TOKEN,
    forms,
    found,
    passwords_left_out,
    without_passwords,
)
from tests.support.benches import HASTY
from tests.support.sites import HOUR, Site
from tests.support.tenants import CLOCK, EMPTY, FeedName, Outcome

ECHO = f"{KEY} {SECRET} {CARD} Bearer {TOKEN}"
# a key at each place where a text may be cut, and in encodings that nobody expects
CUT = "x" * 185 + KEY + "x" * 85 + SECRET + "x" * 190 + KEY + "x" * 480 + SECRET
ODD = " ".join(
    (
        quote(quote(KEY, safe="")).lower(),
        "".join(f"\\u{ord(character):04x}" for character in SECRET),
        html.escape(SECRET),
        KEY.encode().hex(),
        base64.b64encode(json.dumps({"key": KEY}).encode()).decode(),
    )
)
ECHOES: dict[str, dict[str, Any]] = {
    "envelope": {
        "kind": "envelope",
        "json": {"result": None, "success": False, "message": ECHO, "errorCode": f"iZOO-{SECRET}"},
    },
    "envelope that is cut": {
        "kind": "envelope",
        "json": {"success": False, "message": CUT, "errorCode": "x" * 190 + SECRET},
    },
    "envelope in other encodings": {"kind": "envelope", "json": {"success": False, "message": ODD}},
    "problem that is cut": {
        "kind": "raw",
        "status": 400,
        "content_type": "application/problem+json",
        "text": json.dumps({"title": CUT}),
    },
    "envelope with rows": {
        "kind": "envelope",
        "json": {"result": [{"password": PASSWORD}], "success": False, "message": "Odd"},
    },
    "problem": {
        "kind": "raw",
        "status": 400,
        "content_type": "application/problem+json",
        "text": json.dumps({"title": ECHO, "errors": {SECRET: [KEY, CARD]}}),
    },
    "page": {
        "kind": "raw",
        "content_type": "text/html",
        "text": f"<html>{ECHO} {PASSWORD}</html>",
    },
    "page with 500": {"kind": "raw", "status": 500, "text": f"<html>{ECHO} {PASSWORD}</html>"},
    "page with 404": {"kind": "raw", "status": 404, "text": f"<html>{ECHO} {PASSWORD}</html>"},
    "cut JSON": {"kind": "raw", "text": f'{{"{KEY}": "{CARD} {PASSWORD}'},
    "text": {"kind": "raw", "text": f"{ECHO} {PASSWORD}"},
    "another shape": {"kind": "envelope", "json": {"result": ECHO + PASSWORD, "success": True}},
    "odd success": {"kind": "envelope", "json": {"result": [], "success": ECHO + PASSWORD}},
    "no envelope": {"kind": "envelope", "json": {KEY: SECRET, "password": PASSWORD}},
    "redirect": {
        "kind": "redirect",
        "location": f"https://user:{SECRET}@example.com/{KEY}/login?key={KEY}&p={PASSWORD}",
    },
    "403": {"kind": "status", "status": 403, "message": ECHO},
    "429": {"kind": "status", "status": 429, "message": ECHO, "retry_after": KEY},
    "401": {"kind": "status", "status": 401, "message": ECHO},
    "reset": {"kind": "reset"},
    "hang": {"kind": "hang"},
    "length": {"kind": "length"},
    "truncate": {"kind": "truncate"},
}
ENDPOINTS: dict[FeedName, tuple[str, ...]] = {
    "incident": (
        "Authenticate",
        "CaseSync",
        "CaseDetail",
        "FetchCaseCommunications",
        "DownloadCaseFile",
    ),
    "dlr": ("Authenticate", "DLRSyncedCases", "DLRDetail"),
}
# with 200 these are no answer about a file but the file, which is kept as it came
FILES = {"page", "cut JSON", "text", "another shape", "odd success", "no envelope"}
PLACES = [
    (feed, endpoint, echo)
    for feed, endpoints in ENDPOINTS.items()
    for endpoint in endpoints
    for echo in ECHOES
    if not (endpoint == "DownloadCaseFile" and echo in FILES)
]


class Searched:
    """A site that is searched after every commit and after the run."""

    def __init__(self, emulator: Emulator, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(self.temporary))
        self.site = Site(emulator, folder, EMPTY)
        self.emulator = emulator
        self.while_running = b""

    def fill(self) -> None:
        """Add cases whose fields that are no Password hold no canary."""
        self.site.fill("caSe00001", "caSe00002", updated=CLOCK - HOUR)
        self.site.state.add_file("caSe00001", {"originalFilename": "large"}, bytes(100_000))
        for number in range(2):
            row = {
                "email": f"user{number}@example.com",
                "password": PASSWORD,
                "cardNumber": CARD,
                "cvv": CARD,
                "track1": CARD,
                "ssn": CARD,
                "cardDetail": {"number": CARD},
            }
            detail = {
                "caseId": f"DLR#caSe0000{number}",
                "trackingID": f"caSe0000{number}",
                "dataLossRecoveryDetail": [row, {"password": PASSWORD, "cardNumber": CARD}],
                "dataLossRecoveryPrimaryDetail": [row],
            }
            self.site.state.put_dlr(str(detail["caseId"]), detail, CLOCK - HOUR)

    def run(self, feed: FeedName) -> Outcome:
        self.site.feed = feed
        asked = plan.whole(CLOCK - 40 * 24 * HOUR, CLOCK)
        return self.site.carry_out(lambda _: asked, limits=HASTY, committed=self._look)

    def _look(self) -> None:
        files = [path for path in self.temporary.rglob("*") if path.is_file()]
        self.while_running += b"".join(path.read_bytes() for path in files)

    def leaks(self, outcome: Outcome) -> dict[str, list[str]]:
        """Return where a canary stands, by place; empty when there is none."""
        # a token is a token once it was given out
        tokens = [PART] if self.emulator.state.tokens.issued else []
        canaries = [KEY, SECRET, PASSWORD, CARD, *tokens]
        places = {
            "said": "\n".join(outcome.said).encode(),
            "summary as text": outcome.summary.as_text().encode(),
            "summary as JSON": outcome.summary.as_json().encode(),
            "export": passwords_left_out(outcome.text),
            "library": without_passwords(outcome.library),
            "temporary files": self.while_running,
        }
        return {place: hit for place, text in places.items() if (hit := found(text, canaries))}


@pytest.fixture(autouse=True)
def known_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the emulator give out a token that is a canary."""
    monkeypatch.setattr("izoologic_cdf.emulator.tenant.secrets.token_urlsafe", lambda _: PART)


@pytest.fixture
def searched(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Searched:
    return Searched(emulator, tmp_path, monkeypatch)


@pytest.mark.parametrize("feed", ENDPOINTS)
def test_a_good_run_writes_a_leaked_password_into_its_attribute_alone(
    searched: Searched, feed: FeedName
) -> None:
    searched.fill()
    outcome = searched.run(feed)
    assert outcome.summary.detailed == 2
    assert searched.leaks(outcome) == {}
    # the search can find it: the attribute is there, and nothing else holds it
    assert (PASSWORD in outcome.text) == (feed == "dlr")
    assert CARD not in outcome.text


@pytest.mark.parametrize(("feed", "endpoint", "echo"), PLACES)
def test_no_fault_brings_a_canary_to_light(
    searched: Searched, feed: FeedName, endpoint: str, echo: str
) -> None:
    searched.fill()
    fault = dict(ECHOES[echo])
    struck = searched.site.state.add_fault(
        str(fault.pop("kind")), endpoint=endpoint, count=None, **fault
    )
    outcome = searched.run(feed)
    assert struck.applied
    assert outcome.summary.exit_code in (0, 1, 3)
    assert searched.leaks(outcome) == {}


ODD_ROWS: dict[str, Any] = {
    "rows as text": PASSWORD,
    "a row as text": [PASSWORD],
    "a password as object": [{"email": "x@example.com", "password": {"clear": PASSWORD}}],
    "a password as list": [{"email": "x@example.com", "password": [{"clear": PASSWORD}]}],
    "an account as object": [{"email": {"password": PASSWORD}, "userName": [PASSWORD, CARD]}],
    "dates that hold it": [{"email": "x@example.com", "postedDate": PASSWORD}],
    "an account too long": [{"email": "x" * 300, "password": PASSWORD}],
    "a card as date": [{"email": "x@example.com", "postedDate": {"card": CARD}}],
    "a password too long": [{"email": "x@example.com", "password": PASSWORD + "x" * 70_000}],
}


@pytest.mark.parametrize("odd", ODD_ROWS)
@pytest.mark.parametrize("name", ["dataLossRecoveryDetail", "dataLossRecoveryPrimaryDetail"])
def test_no_odd_row_of_a_leak_brings_a_canary_to_light(
    searched: Searched, name: str, odd: str
) -> None:
    detail = {"caseId": "DLR#caSe00001", "trackingID": "caSe00001", name: ODD_ROWS[odd]}
    searched.site.state.put_dlr("DLR#caSe00001", detail, CLOCK - HOUR)
    outcome = searched.run("dlr")
    assert outcome.summary.exit_code in (0, 3)
    assert searched.leaks(outcome) == {}


@pytest.mark.parametrize("echo", ["envelope", "problem", "redirect", "page", "403"])
def test_the_commands_write_no_canary_to_their_outputs(
    emulator: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str], echo: str
) -> None:
    site = Site(emulator, tmp_path)
    site.state.set_clock(None)
    site.fill("caSe00001", updated=site.now - HOUR)
    fault = dict(ECHOES[echo])
    site.state.add_fault(str(fault.pop("kind")), endpoint="CaseDetail", count=None, **fault)
    config = tmp_path / "config.yaml"
    config.write_text(
        f"api_host: {emulator.url}\napi_key: {json.dumps(KEY)}\napi_secret: {json.dumps(SECRET)}\n"
    )
    library = tmp_path / "cli.sqlite"
    options = ["--config", str(config), "--library", str(library)]
    for words in (
        ["run", "incident", "--since", "2d"],
        ["sync", "incident", "--format", "json"],
        ["retry", "incident"],
        ["run", "incident", "--since", "2d", "--set", f"api_secret={SECRET}"],
        ["run", "incident", "--since", "2d", "--set", f"nothing={SECRET}"],
    ):
        main([*words, *options])
    main(["check", "all", "--config", str(config)])
    main(["library", "show", str(library)])
    main(["library", "export", str(library)])
    for words in (["cases"], ["notes"], ["files"], ["changes", "--since", "1d"], ["show", "cas"]):
        main([*words, "--library", str(library)])
    for words in (["status"], ["runs"], ["runs", "1"], ["runs", "2"], ["runs", "3"]):
        for form in ("text", "json"):
            main([*words, "--library", str(library), "--format", form])
    written = capsys.readouterr()
    canaries = [KEY, SECRET, CARD, PART]
    assert found((written.out + written.err).encode(), canaries) == []
    assert found(without_passwords(library), canaries) == []


@pytest.mark.parametrize(
    "text",
    [
        f"api_key: [{KEY}",
        f"api_key: {{{KEY}}}",
        f"api_key: &a {KEY}\napi_key: *a",
        f"- {SECRET}",
        f"api_kee: {KEY}",
        f"api_key: 'a'\n\t{SECRET}",
        f"api_host: not a host\napi_key: '{KEY}'\napi_secret: '{SECRET}'",
        f"api_host: 'https://user:{KEY}@127.0.0.1:1'\napi_key: '{KEY}'\napi_secret: '{SECRET}'",
    ],
)
def test_a_broken_configuration_is_not_quoted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(text)
    words = ["sync", "incident", "--config", str(config), "--library", str(tmp_path / "x.sqlite")]
    assert main([*words, "--set", "verify_ssl=maybe"]) == 2
    written = capsys.readouterr()
    assert found((written.out + written.err).encode(), [KEY, SECRET]) == []


def test_the_search_finds_a_canary_in_each_of_its_forms() -> None:
    for canary in (KEY, SECRET, PASSWORD, CARD):
        for form in forms(canary):
            assert found(b"<" + form + b">", [canary]) == [canary]
    assert found(b"nothing of the kind", [KEY, SECRET, PASSWORD, CARD]) == []
