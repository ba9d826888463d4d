"""The wheel, installed away from the checkout, in an empty folder.

It needs a package registry, for the build backend and the dependencies, and a minute: it runs
where IZOOLOGIC_CDF_TEST_WHEEL is set.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.shells import CHECKOUT

pytestmark = pytest.mark.skipif(
    not os.environ.get("IZOOLOGIC_CDF_TEST_WHEEL"), reason="IZOOLOGIC_CDF_TEST_WHEEL is not set"
)
ZIP = "dist/izoologic-sync-cases-1.1.0.zip"


def _run(*words: str, folder: Path) -> str:
    environment = {name: os.environ[name] for name in os.environ if name != "PYTHONPATH"}
    done = subprocess.run(  # noqa: S603 - our own programs
        words,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("wheel")
    environment = folder / "venv"
    _run(sys.executable, "-m", "venv", str(environment), folder=folder)
    pip = (str(environment / "bin" / "python"), "-m", "pip", "--quiet")
    _run(*pip, "wheel", str(CHECKOUT), "--no-deps", "--wheel-dir", "wheels", folder=folder)
    (wheel,) = (folder / "wheels").glob("*.whl")
    _run(*pip, "install", str(wheel), folder=folder)
    return str(environment / "bin" / "izoologic-cdf")


def test_every_command_works_away_from_the_checkout(program: str, tmp_path: Path) -> None:
    assert ": complete" in _run(program, "demo", "my demo", folder=tmp_path)
    assert '"objects"' in _run(
        program, "library", "export", "my demo/izoologic.sqlite", folder=tmp_path
    )
    assert "api_secret" in _run(program, "fields", "incident", folder=tmp_path)
    assert _run(program, "lint", folder=tmp_path) == ""
    assert f"written: {ZIP}" in _run(program, "build", folder=tmp_path)
    assert "this bundle can be uploaded" in _run(program, "verify", ZIP, folder=tmp_path)
    assert "izoologic-cdf" in _run(program, "--help", folder=tmp_path)
    assert "own holds your own copy" in _run(program, "init", "own", folder=tmp_path)
    assert "what the tests say" in _run(program, "test", "dlr", folder=tmp_path / "own")
    page = ("explain", "CASE123456", "-o", "page.html")
    assert "written: page.html" in _run(program, *page, folder=tmp_path)


def test_the_wheel_builds_the_bundle_that_the_checkout_builds(program: str, tmp_path: Path) -> None:
    _run(program, "build", folder=tmp_path)
    here = (
        sys.executable,
        "-m",
        "izoologic_cdf.cli.main",
        "build",
        "--output",
        str(tmp_path / "b"),
    )
    _run(*here, folder=CHECKOUT)
    assert (tmp_path / ZIP).read_bytes() == (tmp_path / "b" / Path(ZIP).name).read_bytes()
