"""The full-text index over values and descriptions of objects, and searching with or without it.

It finds any part of a text from three characters on. The texts themselves stand in `object` alone.
Indexing at each commit would cost three times as much as indexing many objects at once. So the
index lags behind the tables by what `search_pending` and `search_progress` say, in one transaction
with the objects, and a search reads that rest without it. A run that was killed, or an SQLite
without FTS5, leaves more of it, and nothing else.
"""

# ruff: noqa: S608 - SQL made of words of ours

import contextlib
import sqlite3

# objects that are not indexed yet, during a run
MAX_BEHIND = 2_000
UNSUPPORTED = (
    f"SQLite {sqlite3.sqlite_version} cannot make a full-text index, which takes 3.34 with FTS5: "
    "a search reads all texts instead"
)
# what the index is made of
_PART = 3

_TABLE = """
CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5(
  value, description, content='object', content_rowid='id', tokenize='trigram')
"""
# FTS5 reads a text as far as its first NUL: what holds one stays pending, with its text of now
_HAS_NUL = "(instr(value, char(0)) OR instr(description, char(0)))"
_CATCH_UP = (
    """
    INSERT INTO search (search, rowid, value, description)
    SELECT 'delete', object, value, description FROM search_pending
    """,
    """
    INSERT INTO search (rowid, value, description)
    SELECT id, value, description FROM object WHERE id IN (SELECT object FROM search_pending)
    """,
    """
    INSERT INTO search (rowid, value, description) SELECT id, value, description FROM object
    WHERE id > (SELECT indexed FROM search_progress)
    """,
    f"""
    DELETE FROM search_pending
    WHERE object NOT IN (SELECT id FROM object WHERE id = search_pending.object AND {_HAS_NUL})
    """,
    f"""
    INSERT OR REPLACE INTO search_pending SELECT id, value, description FROM object WHERE {_HAS_NUL}
    AND (id IN (SELECT object FROM search_pending) OR id > (SELECT indexed FROM search_progress))
    """,
    "UPDATE search_progress SET indexed = coalesce((SELECT max(id) FROM object), 0)",
)
# call it before a text of an object changes
KEEP_INDEXED = """
INSERT OR IGNORE INTO search_pending SELECT id, value, description FROM object
WHERE id = ? AND id <= (SELECT indexed FROM search_progress)
"""
_BEHIND = """
(SELECT id FROM main.object WHERE id > (SELECT indexed FROM search_progress)
  UNION SELECT object FROM search_pending)
"""
_IS_BEHIND = """
SELECT EXISTS (SELECT 1 FROM object WHERE id > (SELECT indexed FROM search_progress)) OR EXISTS (
  SELECT 1 FROM search_pending AS old JOIN object ON id = object
  WHERE (old.value, old.description) IS NOT (object.value, object.description))
"""
_MATCH = f"""(
  id IN (SELECT rowid FROM main.search WHERE search MATCH ?) AND id NOT IN {_BEHIND}
  OR id IN (SELECT id FROM main.object WHERE id IN {_BEHIND} AND ({{plain}})))
"""
_HAS_TABLE = "SELECT 1 FROM main.sqlite_schema WHERE name = 'search'"


def catch_up(connection: sqlite3.Connection) -> bool:
    """Bring the index up to date in the open transaction; return whether SQLite has FTS5 for it."""
    connection.execute("SAVEPOINT indexing")
    try:
        for statement in (_TABLE, *_CATCH_UP):
            connection.execute(statement)
    except sqlite3.OperationalError as error:
        if not _is_unsupported(error):
            raise
        connection.execute("ROLLBACK TO indexing")
        return False
    finally:
        # some errors, such as a full disk, have rolled everything back already
        if connection.in_transaction:
            connection.execute("RELEASE indexing")
    return True


def is_behind(connection: sqlite3.Connection) -> bool:
    """Return whether some objects are not indexed as they are now."""
    (found,) = connection.execute(_IS_BEHIND).fetchone()
    return bool(found)


def matching(connection: sqlite3.Connection, word: str) -> tuple[str, list[str]]:
    """Return an SQL condition on `id`, and its values: the texts of the object have a word.

    The case of letters does not count. Call it on the connection that uses the condition.
    """
    fold, values = folding(connection, word), [word.lower()] * 2
    plain = f"instr({fold}(value), ?) OR instr({fold}(description), ?)"
    if len(word) < _PART or "\0" in word or not _can_match(connection):
        return f"id IN (SELECT id FROM main.object WHERE {plain})", values
    phrase = '"' + word.replace('"', '""') + '"'
    return _MATCH.replace("{plain}", plain), [phrase, *values]


def folding(connection: sqlite3.Connection, word: str) -> str:
    """Return the SQL function that makes letters small as `word.lower()` does, on a connection."""
    connection.create_function("fold", 1, _fold, deterministic=True)
    # that of SQLite knows ASCII letters only, but is quick
    return "lower" if word.isascii() else "fold"


def _fold(text: str | None) -> str | None:
    return text and text.lower()


def _can_match(connection: sqlite3.Connection) -> bool:
    if connection.execute(_HAS_TABLE).fetchone() is None:
        return False
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("SELECT rowid FROM main.search WHERE search MATCH 'abc' LIMIT 1")
        return True
    return False


def _is_unsupported(error: sqlite3.OperationalError) -> bool:
    return str(error).startswith(("no such module", "no such tokenizer", "error in tokenizer"))
