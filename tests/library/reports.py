"""Short ways to write what a feed reports."""

import hashlib
import sqlite3
from pathlib import Path
from typing import Any

from izoologic_cdf.library import views as views_of_library
from izoologic_cdf.library.export import Record, export, read_records
from izoologic_cdf.library.objects import Attribute, Batch, Content, Ingested, Origin, Reported
from izoologic_cdf.library.store import Library

NOW = "2024-05-01 10:00:00"
LATER = "2024-05-02 10:00:00"
UPDATABLE = frozenset({"Status", "URL"})


def obj(type_: str, value: str, *attributes: tuple[str, str], **fields: Any) -> Reported:
    rows = [Attribute(name, text) for name, text in attributes]
    return Reported(type_, value, attributes=rows, **fields)


def incident(*attributes: tuple[str, str], value: str = "CASE1", **fields: Any) -> Reported:
    return obj("incident", value, *attributes, **fields)


def spooled(folder: Path, data: bytes) -> Content:
    digest = hashlib.sha256(data).hexdigest()
    path = folder / digest
    path.write_bytes(data)
    return Content(path, len(data), digest)


def put(
    library: Library,
    *objects: Reported,
    relations: list[tuple[int, int]] | None = None,
    source: str = "Feed A",
    now: str = NOW,
    stale: bool = False,
) -> Ingested:
    """Ingest one batch in a run of its own."""
    run = library.start_run(source, "2024-01-01 00:00:00", "2024-02-01 00:00:00", now)
    batch = Batch(list(objects), relations or [])
    done = library.ingest(batch, Origin(source, UPDATABLE, run, now, stale=stale))
    library.finish_run(run, "complete", now)
    return done


def stored(library: Library) -> list[Record]:
    with library.reading() as connection:
        return list(read_records(connection))


def only(library: Library) -> Record:
    (record,) = stored(library)
    return record


def attributes(library: Library) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(row.name, row.value, row.sources) for row in only(library).attributes]


def exported(library: Library) -> str:
    return "".join(export(library))


def back_to_format_4(path: Path) -> None:
    """Take away from a library what later formats added."""
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "ALTER TABLE feed_case DROP COLUMN updated; ALTER TABLE feed_case DROP COLUMN asked;"
            "ALTER TABLE feed_case DROP COLUMN item; "
            "ALTER TABLE feed_tenant DROP COLUMN unannounced;"
            "PRAGMA user_version=4;"
        )
    connection.close()


def back_to_format_3(path: Path) -> None:
    """Take away from a library the history, the views and the index too."""
    back_to_format_4(path)
    with sqlite3.connect(path) as connection:
        views = [f"DROP VIEW {name};" for name in views_of_library.NAMES]
        connection.executescript(
            "".join(views) + "DROP TABLE history; DROP TABLE run_count; DROP TABLE search_pending;"
            "DROP TABLE search_progress; DROP TABLE IF EXISTS search; DROP INDEX object_type;"
            "PRAGMA user_version=3;"
        )
    connection.close()


def back_to_format_2(path: Path) -> None:
    """Take away from a library the outbox of pushes too."""
    back_to_format_3(path)
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "DROP TABLE push_object; DROP TABLE push_platform; PRAGMA user_version=2;"
        )
    connection.close()


def rows(library: Library, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Ask a connection that reads."""
    with library.reading() as connection:
        return connection.execute(query, values).fetchall()
