"""`push` and `sync --push` from the command line, over both emulated APIs."""

import contextlib
import io
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.cli.main import main
from izoologic_cdf.emulator import Emulator, load_scenario
from izoologic_cdf.platform import Credentials, Platform
from izoologic_cdf.runtime.windows import SystemClock
from tests.canaries.support import KEY, PASSWORD, SECRET, found
from tests.push.conftest import _DEFAULTS
from tests.push.world import CLOCK, OTHER
from tests.support.shells import CHECKOUT, GUIDE, PROGRAM
from tests.support.signals import heeded

CLIENT_SECRET = "CaNaRy+client/secret=="
USER_PASSWORD = "CaNaRy user&password?1"
LEAKED = [PASSWORD, "CaNaRy.leaked@example.com"]


@pytest.fixture(scope="module")
def guide() -> Iterator[Emulator]:
    with Emulator(load_scenario("guide"), api_key=KEY, secret_key=SECRET) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def listening() -> Iterator[Platform]:
    own = Credentials(client_secret=CLIENT_SECRET, password=USER_PASSWORD)
    with Platform(install=["account"], credentials=own) as platform:
        yield platform


def configured(guide: Emulator) -> str:
    """Return what configures the feeds for the emulator."""
    return f"api_host: {guide.url}\napi_key: '{KEY}'\napi_secret: '{SECRET}'\n"


@pytest.fixture(scope="module")
def filled(guide: Emulator, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A library that both feeds have filled."""
    folder = tmp_path_factory.mktemp("filled")
    config, library = folder / "feeds.yaml", folder / "izoologic.sqlite"
    config.write_text(configured(guide))
    guide.state.reset()
    words = (*GUIDE, "--config", str(config), "--library", str(library))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert [main(["run", feed, *words]) for feed in ("incident", "dlr")] == [0, 0]
    return library.read_bytes()


class Desk:
    """Both APIs, a folder with their configurations, and all that was written so far."""

    def __init__(
        self, guide: Emulator, platform: Platform, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.guide, self.platform, self.capsys = guide, platform, capsys
        self.feeds, self.threatq = folder / "feeds.yaml", folder / "threatq.yaml"
        self.library = folder / "izoologic.sqlite"
        self.feeds.write_text(configured(guide))
        own = platform.credentials
        self.threatq.write_text(
            f"threatq_host: {platform.url}/api/\nclient_id: {own.client_id}\n"
            f"client_secret: '{own.client_secret}'\n"
        )
        for file in (self.feeds, self.threatq):
            file.chmod(0o600)
        self.written = ""
        self.out = ""

    def say(self, *words: str) -> int:
        code = main([*words, "--library", str(self.library)])
        out, err = self.capsys.readouterr()
        self.out, self.err = out, err
        self.written += out + err
        return code

    def run_feeds(self) -> None:
        for feed in ("incident", "dlr"):
            assert self.say("run", feed, *GUIDE, "--config", str(self.feeds)) == 0

    def push(self, *words: str) -> int:
        return self.say("push", "--config", str(self.threatq), *words)


@pytest.fixture
def desk(
    guide: Emulator,
    listening: Platform,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    guide.state.reset()
    listening.state.set_clock(CLOCK)
    listening.state.set_options(**_DEFAULTS)
    listening.state.reset()
    for name in list(os.environ):
        if name.startswith("IZOOLOGIC_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    # what this process waits for is on this machine, and soon there
    monkeypatch.setattr(SystemClock, "sleep", lambda _, seconds: time.sleep(seconds / 50))
    return Desk(guide, listening, tmp_path, capsys)


def test_from_nothing_to_a_platform_that_equals_the_library_and_on_after_changes(
    desk: Desk,
) -> None:
    desk.run_feeds()
    assert desk.push() == 0
    assert desk.push("--verify") == 0
    assert ", 0 differ" in desk.out
    # others report the same objects
    row = {"name": "Status", "value": "Seen by others"}
    item = {"value": "gz3kEgBWO", "sources": [OTHER], "attributes": [row]}
    desk.platform.plant("incident", item)
    indicator = {"value": "203.0.113.7", "type": "IP Address", "sources": [OTHER], "tags": ["t"]}
    desk.platform.plant("indicators", indicator)
    before = desk.platform.snapshot()
    state, when = desk.guide.state, desk.guide.state.clock
    state.update_case("gz3kEgBWO", when, url="https://example.org/moved")
    message = {"subject": "Taken down", "message": "It is gone", "createdOn": str(when)}
    state.add_message("gz3kEgBWO", message)
    state.add_file("gz3kEgBWO", {"originalFilename": "proof.txt", "fileToken": "t"}, b"proof")
    state.close_case("gz3kEgBWO", when)
    words = ("--config", str(desk.feeds), "--push", str(desk.threatq))
    assert desk.say("sync", "incident", *words) == 0
    assert "1 changed" in desk.out
    assert desk.push("--verify") == 0
    after = desk.platform.snapshot()
    assert {kind: len(rows) for kind, rows in after.items()} == {
        kind: len(rows) + (kind in ("note", "attachment")) for kind, rows in before.items()
    }
    (case,) = (one for one in after["incident"] if one["value"] == "gz3kEgBWO")
    own = ["iZoologic Incident Case Sync"]
    pairs = [pair for pair in case["attributes"] if pair[0] in ("Status", "URL")]
    assert pairs == [
        ("Status", "Closed", own),
        ("Status", "Seen by others", [OTHER]),
        ("URL", "https://example.org/moved", own),
    ]
    assert "proof.txt" in case["related"]["attachment"]
    assert any("Taken down" in note for note in case["related"]["note"])
    secrets = [KEY, SECRET, CLIENT_SECRET, USER_PASSWORD, *LEAKED]
    assert not found(desk.written.encode(), secrets)


def test_no_secret_and_no_leaked_data_in_any_output(desk: Desk) -> None:
    desk.run_feeds()
    rows = desk.guide.state.dlr.edit("DLR#n9Ra7KbR3").detail["dataLossRecoveryDetail"]
    rows[0] |= {"password": PASSWORD, "email": LEAKED[1]}
    state = desk.platform.state
    state.add_fault(
        "status",
        path="/account/consume",
        status=400,
        message=f"bad: {PASSWORD} of {LEAKED[1]}",
        count=None,
    )
    state.add_fault(
        "status", path="/incident/consume", status=400, message=CLIENT_SECRET, count=None
    )
    state.add_fault("status", path="/token", status=500, message=CLIENT_SECRET, count=1)
    desk.say("run", "dlr", *GUIDE, "--config", str(desk.feeds))
    assert PASSWORD.encode() in desk.library.read_bytes()
    for words in ((), ("--verify",), ("--dry-run",), ("--check",), ("--format", "json")):
        desk.push(*words)
    token = next(iter(state.logins._sessions))
    assert not found(desk.written.encode(), [KEY, SECRET, CLIENT_SECRET, token, *LEAKED])
    # a wrong secret is not shown either
    desk.threatq.write_text(
        desk.threatq.read_text().replace("client_secret: '", "client_secret: 'x")
    )
    assert desk.push() == 1
    assert "check client_id and client_secret" in desk.out
    assert CLIENT_SECRET not in desk.out + desk.err


def test_the_check_names_what_is_missing_and_sends_nothing(desk: Desk) -> None:
    assert desk.push("--check") == 0
    assert "every kind of object" in desk.out
    with Platform() as bare:
        own = bare.credentials
        config = f"threatq_host: {bare.url}\nclient_id: {own.client_id}\n"
        desk.threatq.write_text(config + f"email: {own.email}\npassword: {own.password}\n")
        assert desk.push("--check") == 3
        assert "'account': install the custom object" in desk.out
        assert {entry.method for entry in bare.requests if entry.path != "/token"} == {"GET"}
    assert not desk.library.exists()


@pytest.mark.parametrize(
    ("path", "fault", "said"),
    [
        ("/token", {"kind": "status", "status": 400}, "refused the login"),
        ("/token", {"kind": "raw", "text": "<html>Sign in</html>"}, "check threatq_host"),
        ("/objects", {"kind": "raw", "text": '{"total": 0, "data": []}'}, "check threatq_host"),
        ("/objects", {"kind": "status", "status": 403}, "a role that may read"),
    ],
)
def test_a_check_that_fails_says_why_with_the_exit_code_of_a_push(
    desk: Desk, filled: bytes, path: str, fault: dict[str, Any], said: str
) -> None:
    desk.library.write_bytes(filled)
    desk.platform.state.add_fault(path=path, count=None, **fault)
    for words in (["--check"], []):
        assert desk.push(*words) == 1
        assert said in desk.out + desk.err


def test_a_dry_run_prints_what_would_be_sent_and_makes_no_request(
    desk: Desk, filled: bytes
) -> None:
    desk.library.write_bytes(filled)
    desk.platform.state.clear_requests()
    assert desk.push("--dry-run") == 0
    lines = desk.out.splitlines()
    assert any(line.startswith("create incident 'gz3kEgBWO': ") for line in lines)
    assert lines[-1].endswith("objects would be sent")
    assert len(desk.platform.requests) == 0


def test_a_dry_run_changes_neither_side(desk: Desk, filled: bytes) -> None:
    desk.library.write_bytes(filled)
    folder, before = desk.library.parent, desk.library.read_bytes()
    names = sorted(file.name for file in folder.iterdir())
    assert desk.push("--dry-run") == 0
    assert desk.library.read_bytes() == before
    assert sorted(file.name for file in folder.iterdir()) == names
    # a second one says what a push would send, as the first did
    first = desk.out
    assert desk.push("--dry-run") == 0
    assert desk.out == first
    assert desk.push() == 0
    assert desk.push("--dry-run") == 0
    assert desk.out == "0 objects would be sent\n"
    assert desk.platform.snapshot()


def test_the_summary_as_json(desk: Desk, filled: bytes) -> None:
    desk.library.write_bytes(filled)
    assert desk.push("--format", "json") == 0
    told: dict[str, Any] = json.loads(desk.out)
    assert (told["outcome"], told["deferred"], told["error"]) == ("complete", [], None)
    assert told["objects"]["created"]["incident"] > 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("client_id: x\nclient_secret: y1234\n", "threatq_host"),
        ("threatq_host: example.com\nclient_id: x\n", "client_secret"),
        ("threatq_host: example.com\nclient_id: x\nemail: a@example.com\n", "password"),
        ("threatq_host: ftp://example.com\nclient_id: x\nclient_secret: y1234\n", "threatq_host"),
        (
            "threatq_host: example.com\nclient_id: x\nclient_secret: y1234\ntlp: pink\n",
            "RED, AMBER",
        ),
        (
            "threatq_host: 'https://exa mple.com'\nclient_id: x\nclient_secret: y1234\n",
            "threatq_host is not a",
        ),
        ("threatq_hots: example.com\n", "did you mean 'threatq_host'"),
    ],
)
def test_a_wrong_configuration_is_a_usage_error(desk: Desk, line: str, said: str) -> None:
    desk.threatq.write_text(line)
    assert desk.push() == 2
    assert said in desk.err


def test_there_is_nothing_to_push_without_a_library(desk: Desk) -> None:
    assert desk.push() == 2
    assert "there is no library" in desk.err
    assert not desk.library.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_push_that_is_ended_can_be_repeated(
    desk: Desk, filled: bytes, number: signal.Signals
) -> None:
    desk.library.write_bytes(filled)
    desk.platform.state.add_fault("delay", path="/*/consume", seconds=0.5, count=None)
    desk.platform.state.clear_requests()
    with heeded():
        process = subprocess.Popen(  # noqa: S603 - our own program
            [*PROGRAM, "push", "--config", str(desk.threatq), "--library", str(desk.library)],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    while not desk.platform.requests.count("/{c}/consume"):
        time.sleep(0.02)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    if number is signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert (process.returncode, ": interrupted\n" in out) == (130, True)
    desk.platform.state.clear_faults()
    assert desk.push() == 0
    assert desk.push("--verify") == 0


@pytest.mark.usefixtures("every_core")
def test_two_pushes_of_one_library_at_once_bring_everything_once(desk: Desk, filled: bytes) -> None:
    desk.library.write_bytes(filled)
    words = ["push", "--config", str(desk.threatq), "--library", str(desk.library)]
    processes = [
        subprocess.Popen(  # noqa: S603 - our own program
            [*PROGRAM, *words],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    told = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    sent = sorted(out.count(" 0 created") for out, _ in told)
    assert sent[0] < sent[1]
    assert desk.push("--verify") == 0
    assert desk.platform.requests.count("/{c}/consume") == len(desk.platform.snapshot()) - 1


@pytest.mark.usefixtures("every_core")
def test_two_libraries_pushed_at_once_bring_everything_once(
    desk: Desk, filled: bytes, tmp_path: Path
) -> None:
    desk.library.write_bytes(filled)
    other = tmp_path / "other.sqlite"
    other.write_bytes(desk.library.read_bytes())
    codes: list[int] = []

    def push(library: Path) -> None:
        codes.append(main(["push", "--config", str(desk.threatq), "--library", str(library)]))

    threads = [threading.Thread(target=push, args=(path,)) for path in (desk.library, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0, 0]
    assert desk.push("--verify") == 0
    for rows in desk.platform.snapshot().values():
        names = [
            (
                one.get("value"),
                one.get("title"),
                one.get("hash"),
                one.get("type_name"),
                one.get("name"),
            )
            for one in rows
        ]
        assert len(names) == len(set(names))
