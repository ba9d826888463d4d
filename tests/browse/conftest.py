"""The site in a process of its own, and a headless Chromium, each started once."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright

from tests.browse import world
from tests.support import cores
from tests.support.shells import CHECKOUT, PROGRAM

# seconds, on a machine with much else to do
TIMEOUT = 60
expect.set_options(timeout=TIMEOUT * 1000)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@dataclass
class Served:
    """A library and the address under which it is served."""

    library: Path
    url: str

    def get(self, path: str, **options: object) -> requests.Response:
        return requests.get(self.url + path, timeout=TIMEOUT, **options)  # type: ignore[arg-type]

    def object(self, view: str, value: str) -> int:
        """Return the number of an object that a list has."""
        rows = self.get(f"library/{view}.json", params={"_shape": "objects", "_size": "max"}).json()
        (number,) = {row["id"] for row in rows["rows"] if value in row.values()}
        return int(number)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    library = world.fill(tmp_path_factory.mktemp("browse") / "library.sqlite")
    command = [*PROGRAM, "browse", "--library", str(library)]
    with cores.every_core():
        started = subprocess.Popen(  # noqa: S603 - our own program
            command, cwd=CHECKOUT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    with started as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            words = process.stdout.readline().split()
            assert words, process.stderr.read()
            yield Served(library, words[0])
        finally:
            process.send_signal(signal.SIGTERM)
            # whatever was asked for, nothing was written to the terminal
            assert (process.stderr.read(), process.wait(TIMEOUT)) == ("", 0)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium on the PATH: apt-get install chromium (see .ci/run)")
    with cores.every_core():
        playwright = sync_playwright().start()
    # as root, which CI is, Chromium runs without its own sandbox only
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield browser
    browser.close()
    playwright.stop()


@dataclass
class Visitor:
    """A page of a browser, and what it complained of and asked for."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, path: str) -> Response:
        response = self.page.goto(self.url + path)
        assert response is not None
        return response


@pytest.fixture(scope="session")
def seat(chromium: Browser, served: Served) -> Visitor:
    """Make the one page that the tests share: each further one is a process that starts anew."""
    context = chromium.new_context()
    context.set_default_timeout(TIMEOUT * 1000)
    visitor = Visitor(context.new_page(), served.url)
    visitor.page.on("console", lambda message: visitor.complaints.append(message.text))
    visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    visitor.page.on("request", lambda request: visitor.asked.append(request.url))
    return visitor


@pytest.fixture
def visitor(seat: Visitor) -> Iterator[Visitor]:
    seat.complaints.clear()
    seat.asked.clear()
    seat.page.set_viewport_size({"width": 1280, "height": 800})
    seat.page.emulate_media(color_scheme="null")
    yield seat
    # no error, no violation of the policy, no request to elsewhere
    assert seat.complaints == []
    assert [url for url in seat.asked if not url.startswith(seat.url)] == []
