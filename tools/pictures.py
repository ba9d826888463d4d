"""The pictures of the documents: pages of `browse` and of `explain`, with the guide's samples.

Run `python -m tools.pictures` where Chromium is installed; nothing compares what it makes.
"""

import contextlib
import io
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from izoologic_cdf.browse.site import Site
from izoologic_cdf.cli.main import main
from izoologic_cdf.explain.telling import as_page
from izoologic_cdf.library.finding import find
from izoologic_cdf.library.store import Library
from tools.explained import explained
from tools.layers import ROOT

FOLDER = ROOT / "docs" / "pictures"
# name, value of the object or path, width, height, colours
PICTURES = (
    ("overview", "/", 1180, 980, "light"),
    ("cases", "/library/cases", 1180, 620, "light"),
    ("case", "gz3kEgBWO", 1180, 680, "dark"),
    ("account", "Email_Test", 420, 860, "light"),
)
# of the pictures of `explain`, which show one attribute
WIDTH = 860


def make(folder: Path) -> None:
    """Write the pictures."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stdout(io.StringIO()):
        with contextlib.redirect_stderr(io.StringIO()):
            main(["demo", scratch])
        library = Path(scratch) / "izoologic.sqlite"
        with Library.open(library) as opened:
            numbers = {value: find(opened, value)[0].id for _, value, *_ in PICTURES[2:]}
        with Site(library, 0) as site, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            for name, path, width, height, scheme in PICTURES:
                page = browser.new_page(
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if scheme == "dark" else "light",
                )
                page.goto(site.url + (f"object/{numbers[path]}" if path in numbers else path[1:]))
                page.screenshot(path=folder / f"{name}.png")
            page = browser.new_page(viewport={"width": WIDTH, "height": 100})
            for name, _, data in explained():
                page.set_content(as_page(data))
                page.locator("details").screenshot(path=folder / f"explain-{name}.png")
            browser.close()


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    make(FOLDER)
    for picture in sorted(FOLDER.iterdir()):
        sys.stdout.write(f"{picture.name}: {picture.stat().st_size:,} bytes\n")
