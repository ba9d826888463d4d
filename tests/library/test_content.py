"""Attachments: bytes stored once, found by key or digest, never lost."""

import threading
import tracemalloc
from pathlib import Path

import pytest

from izoologic_cdf.library.objects import Content, Count, LibraryError, Reported
from izoologic_cdf.library.store import Library
from tests.library.reports import obj, only, put, spooled, stored


def attachment(key: str = "k", content: Content | None = None, name: str = "a.bin") -> Reported:
    return obj("attachment", name, key=key, content=content)


def unlink(content: Content) -> None:
    assert isinstance(content.source, Path)
    content.source.unlink()


def blobs(library: Library) -> int:
    return int(library.connection.execute("SELECT count(*) FROM content").fetchone()[0])


@pytest.mark.parametrize("data", [b"", b"\0\xff" * 10, b"x" * ((1 << 20) + 1)])
def test_bytes_come_back_as_they_were(library: Library, tmp_path: Path, data: bytes) -> None:
    content = spooled(tmp_path, data)
    put(library, attachment(content=content))
    unlink(content)
    record = only(library)
    assert (record.size, record.sha256) == (len(data), content.sha256)
    assert b"".join(library.read_content("k")) == data
    assert b"".join(library.read_content(content.sha256)) == data


def test_a_placeholder_has_no_size_until_its_bytes_come(library: Library, tmp_path: Path) -> None:
    put(library, attachment())
    assert (only(library).size, only(library).sha256) == (None, None)
    assert library.has_content(["k"]) == {}
    done = put(library, attachment(content=spooled(tmp_path, b"x")))
    assert only(library).size == 1
    assert done.of("attachment").objects == Count(updated=1)


def test_bytes_are_never_replaced_by_nothing(library: Library, tmp_path: Path) -> None:
    put(library, attachment(content=spooled(tmp_path, b"x")))
    done = put(library, attachment())
    assert only(library).size == 1
    assert done.of("attachment").objects == Count(unchanged=1)


def test_equal_bytes_are_stored_once(library: Library, tmp_path: Path) -> None:
    content = spooled(tmp_path, b"x")
    put(library, attachment("1", content), attachment("2", content))
    assert [record.size for record in stored(library)] == [1, 1]
    assert blobs(library) == 1


@pytest.mark.parametrize("key", ["k", None])
@pytest.mark.parametrize("apart", [True, False])
def test_other_bytes_under_the_same_name_are_another_object(
    library: Library, tmp_path: Path, key: str | None, apart: bool
) -> None:
    parts = [spooled(tmp_path, data) for data in (b"one", b"two", b"one")]
    reports = [obj("attachment", "a.bin", key=key, content=part) for part in parts]
    for _ in range(2):
        for batch in [[one] for one in reports] if apart else [reports, reports[::-1]]:
            put(library, *batch)
    # a report without bytes is about the first
    put(library, obj("attachment", "a.bin", key=key))
    assert sorted(str(record.sha256) for record in stored(library)) == sorted(
        {part.sha256 for part in parts}
    )
    assert blobs(library) == 2


def test_keys_with_bytes_are_told_from_any_thread(library: Library, tmp_path: Path) -> None:
    keys = [f'["CASE{i}", "a \U0001f600\0.txt", "2024"]' for i in range(3)]
    put(library, attachment(keys[0], spooled(tmp_path, b"x")), attachment(keys[1]))
    answers: list[dict[str, int]] = []
    thread = threading.Thread(target=lambda: answers.append(library.has_content(keys)))
    with library.transaction():
        thread.start()
        thread.join()
    assert answers == [{keys[0]: 1}]
    assert library.has_content([]) == {}


def test_bytes_that_are_not_stored_are_an_error(library: Library) -> None:
    put(library, attachment())
    for key in ("k", "other \udcff"):
        with pytest.raises(LibraryError, match=f"has no file for {key[0]}"):
            next(library.read_content(key))


@pytest.mark.parametrize(
    ("size", "digest", "sentence"),
    [(2, None, "does not have the size"), (1, "0" * 64, "does not match its SHA-256")],
)
def test_a_spool_file_that_is_not_as_stated_undoes_its_batch(
    library: Library,
    tmp_path: Path,
    size: int,
    digest: str | None,
    sentence: str,
) -> None:
    content = spooled(tmp_path, b"x")
    content.size = size
    content.sha256 = digest or content.sha256
    with pytest.raises(LibraryError, match=sentence):
        put(library, obj("incident", "CASE1"), attachment(content=content))
    assert stored(library) == []
    assert blobs(library) == 0


def test_a_spool_file_that_is_gone_undoes_its_batch(library: Library, tmp_path: Path) -> None:
    content = spooled(tmp_path, b"x")
    unlink(content)
    with pytest.raises(LibraryError, match="cannot be read: No such file"):
        put(library, attachment(content=content))
    assert stored(library) == []


def test_a_large_file_is_never_in_memory_whole(library: Library, tmp_path: Path) -> None:
    content = spooled(tmp_path, b"x" * 30_000_000)
    tracemalloc.start()
    put(library, attachment(content=content))
    size = sum(map(len, library.read_content("k")))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 30_000_000
    assert peak < 8_000_000
