"""The file: making and opening it, transactions, runs, and processes that die."""

import multiprocessing
import os
import resource
import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from izoologic_cdf.library import database, tables
from izoologic_cdf.library.objects import LibraryError
from izoologic_cdf.library.store import Library
from tests.library.reports import attributes, incident, obj, put, stored


class PlannedError(Exception):
    """Raised by a test to leave a transaction."""


def other_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()


def newer_library(path: Path) -> None:
    Library.create(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version={tables.VERSION + 1}")
    connection.close()


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (lambda path: path.write_bytes(b"no database, but long enough " * 9), "is not a library"),
        (other_database, "is not a library"),
        (newer_library, "was written by a newer version .* update the program"),
        (lambda path: path.mkdir(), "is (a folder, not a library|not a file)"),
    ],
)
@pytest.mark.parametrize("way", [Library.open, Library.create])
def test_a_file_that_is_no_library_is_refused_and_left_alone(
    tmp_path: Path,
    prepare: Callable[[Path], object],
    sentence: str,
    way: Callable[[Path], Library],
) -> None:
    path = tmp_path / "x.sqlite"
    prepare(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(LibraryError, match=sentence):
        way(path)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_opening_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="there is no library at"):
        Library.open(tmp_path / "x.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_creating_makes_folders_and_opens_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "odd ?#% name" / "deeper" / "x.sqlite"
    with Library.create(path) as library:
        put(library, incident())
    with Library.create(path) as library:
        assert len(stored(library)) == 1
    with Library.open(str(path)) as library:
        assert len(stored(library)) == 1


def test_a_library_without_tables_yet_is_completed(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    path.touch()
    with pytest.raises(LibraryError, match="is not a library"):
        Library.open(path)
    with Library.create(path) as library:
        assert stored(library) == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LibraryError, match="cannot be created"):
        Library.create(tmp_path / "file" / "x.sqlite")


@pytest.mark.parametrize("way", [Library.open, Library.create])
def test_a_path_that_the_system_refuses_is_an_error(
    tmp_path: Path, way: Callable[[Path], Library]
) -> None:
    with pytest.raises(LibraryError, match=r"cannot be (opened|created): File name too long"):
        way(tmp_path / ("x" * 300))


def test_only_the_owner_reads_the_file(tmp_path: Path) -> None:
    with Library.create(tmp_path / "x.sqlite") as library:
        put(library, incident())
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}


def test_a_locked_library_is_one_sentence(
    library: Library,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    with (
        Library.open(library.path) as second,
        library.transaction(),
        pytest.raises(LibraryError, match="in use by another process"),
    ):
        put(second, incident())


def test_a_broken_file_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    with Library.create(path) as library:
        put(library, incident())
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(LibraryError, match="cannot be read"), Library.open(path) as library:
        stored(library)


def test_runs_keep_their_bounds_and_outcome(library: Library) -> None:
    run = library.start_run("Feed A", "a", "b", "c")
    row = "SELECT id, source, since, until, started_at, finished_at, outcome FROM run"
    assert library.connection.execute(row).fetchall() == [
        (run, "Feed A", "a", "b", "c", None, None),
    ]
    library.finish_run(run, "partial", "d")
    assert library.connection.execute(row).fetchall() == [
        (run, "Feed A", "a", "b", "c", "d", "partial"),
    ]
    with pytest.raises(LibraryError, match="has no run 9"):
        library.finish_run(9, "complete", "d")


def _fail_after(library: Library, *steps: Callable[[], object]) -> None:
    with library.transaction():
        for step in steps:
            step()
        raise PlannedError


def test_a_transaction_keeps_all_or_nothing(library: Library) -> None:
    library.connection.execute("CREATE TABLE state (x TEXT)")
    with pytest.raises(PlannedError):
        _fail_after(
            library,
            lambda: put(library, incident(("New Name", "x"))),
            lambda: put(library, obj("note", "n")),
            lambda: library.connection.execute("INSERT INTO state VALUES ('done')"),
        )
    assert stored(library) == []
    assert library.connection.execute("SELECT * FROM state").fetchall() == []
    with library.transaction():
        put(library, incident(("New Name", "x")))
        library.connection.execute("INSERT INTO state VALUES ('done')")
    # the numbers of names that were rolled back are not remembered
    assert attributes(library) == [("New Name", "x", ("Feed A",))]
    assert library.connection.execute("SELECT * FROM state").fetchall() == [("done",)]


def test_an_inner_failure_undoes_its_own_part_only(library: Library) -> None:
    with library.transaction():
        put(library, incident(("A", "1")))
        with pytest.raises(PlannedError):
            _fail_after(library, lambda: put(library, incident(("B", "2")), source="Feed B"))
        put(library, incident(("B", "3")), source="Feed C")
    assert attributes(library) == [("A", "1", ("Feed A",)), ("B", "3", ("Feed C",))]


def test_nothing_is_seen_before_the_end_of_the_transaction(library: Library) -> None:
    with library.transaction():
        put(library, incident())
        assert stored(library) == []
    assert len(stored(library)) == 1


def test_connections_that_read_are_used_again_and_end_with_the_library(tmp_path: Path) -> None:
    library = Library.create(tmp_path / "x.sqlite")
    with library.reading() as first, library.reading() as second:
        assert first is not second
    with library.reading() as third:
        assert third in (first, second)
        put(library, incident())
        assert third.execute("SELECT count(*) FROM object").fetchone() == (1,)
        library.close()
    for connection in (first, second, third):
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")
    assert [path.name for path in tmp_path.iterdir()] == ["x.sqlite"]


def test_a_connection_that_failed_is_not_used_again(library: Library) -> None:
    with pytest.raises(PlannedError), library.reading() as failed:
        raise PlannedError
    with library.reading() as another:
        assert another is not failed


def _die_within_a_batch(path: Path) -> None:
    with Library.create(path) as library:
        put(library, incident(value="whole"), obj("note", "n"), relations=[(0, 1)])
        with library.transaction():
            put(library, incident(value="half"), *(obj("note", f"{i}") for i in range(2000)))
            os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_leaves_whole_batches(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    process = multiprocessing.get_context("spawn").Process(target=_die_within_a_batch, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    with Library.open(path) as library:
        assert [record.value for record in stored(library)] == ["whole", "n"]
        assert library.connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_several_writers_share_one_library(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"

    def write(source: str) -> None:
        with Library.create(path) as library:
            for i in range(20):
                put(library, incident((f"Name {i}", "x")), source=source)

    names = ["Feed A", "Feed B", "Feed C"]
    threads = [threading.Thread(target=write, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Library.open(path) as library:
        rows = attributes(library)
    assert len(rows) == 20
    assert {sources for _, _, sources in rows} == {tuple(names)}


def test_a_full_disk_is_named_by_what_only_reads(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    Library.create(path).close()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(LibraryError, match="also to read it: is the disk full"):
            Library.open(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_the_log_of_a_library_in_use_is_written_down_as_it_grows(library: Library) -> None:
    # or the end of a long run would wait for all of it
    log = library.path.with_name(f"{library.path.name}-wal")
    for number in range(200):
        put(library, incident(("Note", f"{number:030000}")))
    assert library.path.stat().st_size > 4_000_000
    assert log.stat().st_size < 5_000_000
