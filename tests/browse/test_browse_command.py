"""`browse` as a command: where it cannot begin, how it ends, and a library nobody may write to."""

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from izoologic_cdf.browse.pages import overview
from izoologic_cdf.browse.records import read_picture
from izoologic_cdf.browse.site import Site
from izoologic_cdf.browse.wall import _is_ours
from izoologic_cdf.library import database
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.windows import stamp
from tests.browse import world
from tests.library.reports import back_to_format_3
from tests.support.shells import CHECKOUT, Shell


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world.fill(tmp_path_factory.mktemp("command") / "library.sqlite")


WITHOUT_DATASETTE = (
    "import sys; sys.modules['datasette'] = None; "
    "from izoologic_cdf.cli.main import main; sys.exit(main(sys.argv[1:]))"
)


def python(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - code of ours
        [sys.executable, "-c", code, *words],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_without_the_extra_it_says_how_to_install_it(library: Path) -> None:
    ended = python(WITHOUT_DATASETTE, "browse", "--library", str(library))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "izoologic-cdf: browse needs Datasette: pip install 'izoologic-cdf[browse]'\n"
    )


def test_a_report_needs_no_datasette(library: Path, tmp_path: Path) -> None:
    words = ("report", "-o", str(tmp_path / "r.html"), "--library", str(library))
    ended = python(WITHOUT_DATASETTE, *words)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_port_that_is_taken_is_named(shell: Shell, library: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = shell("browse", "--port", str(port), "--library", str(library))
    assert ended.code == 2
    assert ended.err == (
        f"izoologic-cdf: the port {port} cannot be used: Address already in use; choose another "
        "port, or 0 for a free one\n"
    )


def test_a_library_that_is_not_there_is_named(shell: Shell) -> None:
    ended = shell("browse", "--library", "missing.sqlite")
    assert ended.code == 2
    assert "there is no library at missing.sqlite" in ended.err


@pytest.mark.parametrize("is_writable", [True, False])
def test_a_library_of_an_earlier_version_has_its_lists(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_writable: bool
) -> None:
    old = tmp_path / "old.sqlite"
    shutil.copy(library, old)
    back_to_format_3(old)
    before = old.read_bytes()
    if is_writable:
        assert Library.bring_up_to_date(old) is None
    else:
        monkeypatch.setattr(database, "is_writable", lambda _: False)
    with Site(old, 0) as site:
        for path in ("", "library/cases?_search=phishing", "library/changes", "object/1"):
            assert requests.get(site.url + path, timeout=60).status_code == 200, path
        listed = requests.get(f"{site.url}library/accounts.json?_shape=objects", timeout=60).json()
        assert [row["account"] for row in listed["rows"]] == ["john.doe@example.com"]
        assert requests.get(f"{site.url}library/attribute.json", timeout=60).status_code == 404
    assert (old.read_bytes() == before) is not is_writable


def test_a_run_that_goes_on_is_shown_as_running(library: Path, tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    shutil.copy(library, path)
    with Library.open(path) as opened:
        now = world.NOW + 3 * world.DAY
        since, until = stamp(world.NOW + world.DAY), stamp(now)
        opened.start_run(world.INCIDENT, since, until, until, tenant=1)
        shown = {feed["name"]: feed for feed in overview(read_picture(opened, now))["feeds"]}
        assert (shown[world.INCIDENT]["is_running"], shown[world.DLR]["is_running"]) == (
            True,
            False,
        )
        ((_, svg),) = shown[world.INCIDENT]["years"]
        days = re.findall('class="running" d="(.*?)"', svg)
        assert days[0].count("M") == 3
        # a day later it counts as killed, and what it was to read as a gap
        later = overview(read_picture(opened, now + 2 * world.DAY))["feeds"]
        (killed,) = [feed for feed in later if feed["name"] == world.INCIDENT]
        assert not killed["is_running"]
        assert len(killed["gaps"]) == 2


def test_a_connection_of_the_lists_reads_views_and_no_secret(library: Path) -> None:
    with Site(library, 0) as site:
        connection = site._datasette.databases["library"].connect()
        for allowed in (
            "SELECT * FROM accounts",
            "SELECT count(*) FROM gaps",
            "SELECT * FROM runs",
        ):
            connection.execute(allowed).fetchall()
        for refused in (
            "SELECT value FROM attribute",
            "SELECT bytes FROM content",
            "SELECT old FROM history",
            "SELECT keys FROM feed_tenant",
            "SELECT accounts.id, value FROM accounts JOIN attribute ON object = accounts.id",
            "DELETE FROM object",
            "CREATE TABLE new (one)",
            "ATTACH ':memory:' AS other",
        ):
            with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited"):
                connection.execute(refused)
        connection.close()


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="needs root to be another user")
def test_another_user_of_this_machine_sees_nothing(library: Path) -> None:
    with Site(library, 0) as site:
        code = (
            "import os, socket, sys; os.setuid(65534); asked = socket.socket(); "
            "asked.connect(('127.0.0.1', int(sys.argv[1]))); "
            "asked.sendall(b'GET / HTTP/1.1\\r\\nHost: 127.0.0.1:%s\\r\\n\\r\\n' "
            "% sys.argv[1].encode()); print(asked.recv(4096).decode())"
        )
        ended = python(code, str(site.port))
    assert ended.stdout.startswith("HTTP/1.1 403 ")


def test_a_connection_that_the_system_does_not_know_is_not_ours() -> None:
    assert not _is_ours(("127.0.0.1", 1), 1)
