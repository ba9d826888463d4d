"""`report`: one file that needs nothing, says nothing of a person, and is its owner's alone."""

import base64
import hashlib
import re
import stat
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from izoologic_cdf.runtime.windows import stamp
from tests.browse import world
from tests.canaries.support import found
from tests.support.shells import Shell

PERSONAL = ("john.doe", "analyst@example.com", "first line", "login.example.com", "evidence.txt")
RANGE = ("--since", "2025-08-20", "--until", "2025-09-02")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world.fill(tmp_path_factory.mktemp("report") / "library.sqlite")


def write(shell: Shell, library: Path, *words: str) -> str:
    ended = shell("report", "-o", "report.html", "--library", str(library), *RANGE, *words)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "the report is report.html, readable by you alone\n"
    path = shell.folder / "report.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in shell.folder.iterdir()] == ["report.html"]
    return path.read_text("utf-8")


def test_a_report_has_the_overview_and_the_range_without_personal_data(
    shell: Shell, library: Path
) -> None:
    text = write(shell, library)
    for word in ("CASE-1", "Closed", "Acme", world.INCIDENT, world.DLR, "something is missing"):
        assert word in text
    assert "Open</bdi></del> → <ins><bdi>Closed" in text
    assert [word for word in PERSONAL if word in text] == []


def test_personal_data_comes_when_asked_for_and_passwords_never(
    shell: Shell, library: Path
) -> None:
    text = write(shell, library, "--with-personal-data")
    assert [word for word in PERSONAL if word not in text] == []
    assert found(text.encode(), (world.PASSWORD, world.FIRST_PASSWORD)) == []
    assert "This report holds personal data" in text


def test_a_range_without_cases_says_so(shell: Shell, library: Path) -> None:
    shell("report", "-o", "r.html", "--library", str(library), "--since", "2024-01-01",
          "--until", "2024-02-01")  # fmt: skip
    text = (shell.folder / "r.html").read_text("utf-8")
    assert "CASE-1" not in text
    assert text.count("None in this range.") == 2


def test_a_report_loads_nothing_and_runs_nothing(
    shell: Shell, library: Path, chromium: Browser
) -> None:
    text = write(shell, library, "--with-personal-data")
    style = re.findall("<style>(.*?)</style>", text, re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src &#39;none&#39;; style-src &#39;sha256-{digest}&#39;" in text
    complaints: list[str] = []
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda asked: complaints.append(asked.url))
    address = (shell.folder / "report.html").as_uri()
    page.goto(address)
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("script, img, link, iframe, a[href*=':']").count() == 0
    assert page.title().startswith("Report of ")
    assert complaints == [address]
    context.close()


@pytest.mark.parametrize("target", ["missing/report.html", "folder"])
def test_a_file_that_cannot_be_written_is_named(shell: Shell, library: Path, target: str) -> None:
    (shell.folder / "folder").mkdir()
    ended = shell("report", "-o", target, "--library", str(library))
    assert ended.code == 2
    assert ended.err.startswith(f"izoologic-cdf: the report {target} cannot be written: ")
    assert [one.name for one in shell.folder.iterdir()] == ["folder"]


def test_a_report_that_is_there_is_replaced(shell: Shell, library: Path) -> None:
    (shell.folder / "report.html").write_text("earlier")
    (shell.folder / "report.html").chmod(0o644)
    assert stamp(world.NOW - 40 * world.DAY) in write(shell, library)
