"""The fixtures of all tests: emulators, each emptied before a test, and what runs over them."""

import contextlib
import functools
import io
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from izoologic_cdf.bundle import layout
from izoologic_cdf.bundle import verify as verifying
from izoologic_cdf.bundle.verify import Fault
from izoologic_cdf.cli import form, run_command
from izoologic_cdf.cli.main import main
from izoologic_cdf.emulator import Emulator, load_scenario
from izoologic_cdf.language.load import filters_of, load_document
from izoologic_cdf.language.model import Definition
from izoologic_cdf.language.nodes import Document, read
from izoologic_cdf.language.pyfilters import PythonFilters
from izoologic_cdf.library import database
from izoologic_cdf.runtime import tenants
from tests.support import cores
from tests.support.benches import Bench
from tests.support.platforms import FakePlatform
from tests.support.shells import GUIDE, Shell
from tests.support.sites import Site
from tests.support.tenants import EMPTY, Tenant, empty_library


@pytest.fixture
def every_core() -> Iterator[None]:
    """Let the test, and the processes that it starts at the same time, use all cores."""
    with cores.every_core():
        yield


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Emulator(EMPTY, strict=True) as emulator:
        yield emulator


@pytest.fixture
def tenant(emulator: Emulator, tmp_path: Path) -> Tenant:
    return Tenant(emulator, tmp_path)


@pytest.fixture
def site(emulator: Emulator, tmp_path: Path) -> Site:
    return Site(emulator, tmp_path)


@pytest.fixture
def bench(emulator: Emulator, tmp_path: Path) -> Bench:
    return Bench(emulator, tmp_path)


@pytest.fixture(scope="session")
def guide() -> Iterator[Emulator]:
    with Emulator(load_scenario("guide"), strict=True) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def guide_library(guide: Emulator, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A library that both feeds have filled with the scenario of the guide."""
    folder = tmp_path_factory.mktemp("filled")
    keys = (guide.api_key, guide.secret_key)
    config, library = folder / "tenant.yaml", folder / "izoologic.sqlite"
    config.write_text("api_host: {}\napi_key: {}\napi_secret: {}\n".format(guide.url, *keys))
    guide.state.reset()
    words = (*GUIDE, "--config", str(config), "--library", str(library))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert [main(["run", feed, *words]) for feed in ("incident", "dlr")] == [0, 0]
    return library.read_bytes()


@pytest.fixture
def shell(
    guide: Emulator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    guide.state.reset()
    guide.state.clear_requests()
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("IZOOLOGIC_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    return Shell(tmp_path, guide, capsys)


@pytest.fixture(scope="module")
def a_definition_is_checked_once() -> Iterator[None]:
    """Check again only a definition, or spellings of it, that no test of this file has had."""
    check, known = verifying._CHECKS[layout.DEFINITION], dict[tuple[bytes, str], list[Fault]]()

    def check_once(files: Mapping[str, bytes]) -> list[Fault]:
        spellings = verifying._manifest(files).get("spellings")
        key = files[layout.DEFINITION], json.dumps(spellings)
        if key not in known:
            known[key] = list(check(files))
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(verifying._CHECKS, layout.DEFINITION, check_once)
        yield


@pytest.fixture(params=[5, 6], ids=["v5", "v6"])
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> FakePlatform:
    return FakePlatform(tmp_path, request.param).build()


@pytest.fixture
def v5(tmp_path: Path) -> FakePlatform:
    return FakePlatform(tmp_path, 5).build()


@pytest.fixture
def v6(tmp_path: Path) -> FakePlatform:
    return FakePlatform(tmp_path, 6).build()


@pytest.fixture(scope="session", autouse=True)
def nothing_waits_for_the_disk() -> Iterator[None]:
    """Write without waiting for the disk, which only a cut of the power could tell."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_SYNCHRONOUS", "OFF")
        yield


@pytest.fixture(scope="session", autouse=True)
def an_empty_library_is_copied() -> Iterator[None]:
    """Carry out the statements that make a library once; tests/library does so each time."""
    make, empty = database._open, empty_library()

    @functools.wraps(make)
    def copy(path: Path, mode: str, *, fill: bool) -> sqlite3.Connection:
        if fill and not path.stat().st_size:
            path.write_bytes(empty)
        return make(path, mode, fill=fill)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_open", copy)
        yield


@pytest.fixture(scope="session", autouse=True)
def nothing_is_done_a_thousand_times() -> Iterator[None]:
    """Load the built-in definition once for all commands in this process, and hash a key once."""
    there, documents = set(form.definition_files()), dict[Path, Document]()
    definitions: dict[Path, Definition] = {}

    def read_once(path: Path) -> Document:
        if path not in there:
            return read(path)
        if path not in documents:
            documents[path] = read(path)
        return documents[path]

    def load_once(document: Document, path: Path, python: PythonFilters) -> Definition:
        if document is not documents.get(path) or python.folder != filters_of(path):
            return load_document(document, path, python)
        if path not in definitions:
            definitions[path] = load_document(document, path, python)
        return definitions[path]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(form, "read", read_once)
        patch.setattr(run_command, "load_document", load_once)
        # the salt of every library: a hash takes its time on purpose, and is kept for its salt
        patch.setattr(tenants, "secrets", SimpleNamespace(token_hex=lambda size: "5a" * size))
        yield
