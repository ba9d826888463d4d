"""Whose state it is: a tenant is identified by feed, host and, where one is given, a name.

One host may serve several tenants, and the keys of one may change. So the keys do not name a
tenant: a salted hash of those that logged in last is kept as evidence. Keys that differ are settled
by requesting cases that the state knows, never by a guess.
"""

import functools
import hashlib
import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from izoologic_cdf.errors import Cause, RunError
from izoologic_cdf.language import model
from izoologic_cdf.library.limits import storable, unescape
from izoologic_cdf.library.store import Library
from izoologic_cdf.library.tables import statements
from izoologic_cdf.runtime.case import Case

# cases that are kept to be requested when the keys differ
MAX_WITNESSES = 3
_HASH_ROUNDS = 20_000
_PORTS = {"http": 80, "https": 443}
_OF_FORMAT_1 = (
    "SELECT id, salt, keys FROM feed_tenant WHERE feed = :feed AND host IS NULL ORDER BY id DESC"
)
# what one tenant remembers becomes another's; what both know keeps the wider range
_JOIN = """
UPDATE feed_interval SET tenant = :tenant WHERE tenant = :of;
INSERT OR IGNORE INTO feed_case
  SELECT :tenant, case_id, since, until, read_at, updated, asked, item FROM feed_case
  WHERE tenant = :of;
INSERT INTO feed_deferred
  SELECT :tenant, case_id, part, value, updated, since, until, cause, reason, failures, first_at,
    next_at, read_at FROM feed_deferred WHERE tenant = :of
  ON CONFLICT (tenant, case_id, part) DO UPDATE SET
    since = min(since, excluded.since), until = max(until, excluded.until);
UPDATE feed_tenant SET (origin, unannounced) =
    (SELECT min(origin), max(unannounced) FROM feed_tenant WHERE id IN (:tenant, :of))
  WHERE id = :tenant;
UPDATE run SET tenant = :tenant WHERE tenant = :of;
DELETE FROM feed_case WHERE tenant = :of;
DELETE FROM feed_deferred WHERE tenant = :of;
DELETE FROM feed_tenant WHERE id = :of;
"""
_HOLDS = """
SELECT EXISTS (SELECT 1 FROM feed_interval WHERE tenant = :tenant AND until >= since)
  OR EXISTS (SELECT 1 FROM feed_case WHERE tenant = :tenant)
  OR EXISTS (SELECT 1 FROM feed_deferred WHERE tenant = :tenant)
"""


class Tenant:
    """The tenant of a run: which of those that the library knows it is, and whether that is sure.

    `id` is null for one that the library does not know. Nothing is written before `prove`.
    """

    def __init__(
        self, library: Library, feed: model.Feed, values: Mapping[str, Any], name: str = ""
    ) -> None:
        """Look it up by the form that the administrator filled in. Raises LibraryError."""
        self.library = library
        self.feed = feed.name
        fields = [one for one in feed.user_fields if not one.boolean]
        given = {one.name: str(values.get(one.name) or "").strip() for one in fields}
        host = ", ".join(
            normalize_address(given[one.name]) for one in fields if one.required and not one.mask
        )
        self._keys = json.dumps([given[one.name] for one in fields if one.mask])
        self._keys_of_format_1 = json.dumps([str(values.get(f.name)) for f in fields if f.required])
        self._label = (feed.name, storable(host), storable(name.strip()))
        self.id: int | None = None
        self.settled = True
        # tenants of format 1 whose host is not known, so they may be this one as well
        self._others: list[int] = []
        self._joined: list[int] = []
        self._find()

    def _find(self) -> None:
        row = self._row()
        if row is not None:
            self.id, salt, keys = row
            (holds,) = self.execute(_HOLDS).fetchone()
            self.settled = _hash(self._keys, salt) == keys or not holds
            return
        for other, salts, keys in self.execute(_OF_FORMAT_1, feed=self.feed):
            hashes = (_hash(self._keys_of_format_1, salt)[:16] for salt in salts.split())
            if self.id is None and keys in hashes:
                self.id = other
            else:
                self._others.append(other)
        self.settled = self.id is not None or not self._others

    def execute(self, statement: str, **values: Any) -> sqlite3.Cursor:
        """Execute a statement about this tenant: `:tenant` is its id, null where it has none."""
        return self.library.connection.execute(statement, {"tenant": self.id, **values})

    def _row(self) -> tuple[int, str, str] | None:
        """Return id, salt and hash of the tenant of that feed, host and name in the library."""
        row: tuple[int, str, str] | None = self.library.connection.execute(
            "SELECT id, salt, keys FROM feed_tenant WHERE feed = ? AND host = ? AND name = ?",
            self._label,
        ).fetchone()
        return row

    def others(self) -> list[str]:
        """Return host and name of the other tenants of this feed that the library knows."""
        rows = self.execute(
            "SELECT host, name FROM feed_tenant WHERE feed = :feed AND id IS NOT :tenant "
            "ORDER BY id",
            feed=self.feed,
        )
        return [
            (host or "one of an earlier version") + (f" ({name})" if name else "")
            for host, name in rows
        ]

    # --- evidence ----------------------------------------------------------------------------

    def doubtful(self) -> Iterator[tuple[int, list[Case]]]:
        """Yield the tenants that may be this one, each with cases that prove it when given."""
        own = [self.id] if self.id is not None and not self.settled else []
        for tenant in (*own, *self._others):
            known = self.witnesses(tenant)
            # one that failed is known as well, and may be given by now
            rows = self.library.connection.execute(
                "SELECT case_id, value FROM feed_deferred WHERE tenant = ? AND part = '' LIMIT ?",
                (tenant, MAX_WITNESSES - len(known)),
            )
            failed = [Case(unescape(case_id), value=json.loads(value)) for case_id, value in rows]
            yield tenant, known + failed

    def witnesses(self, tenant: int | None = None) -> list[Case]:
        """Return cases that this tenant, or another one, is known to have."""
        select = "SELECT witnesses FROM feed_tenant WHERE id = coalesce(:other, :tenant)"
        row = self.execute(select, other=tenant).fetchone()
        known = json.loads(row[0]) if row else []
        return [Case(case_id, value=value) for case_id, value in known]

    def begin(self) -> bool:
        """Begin a tenant that the library does not know, where it has a name of its own."""
        self.settled = self.settled or (self.id is None and bool(self._label[2]))
        return self.settled

    def accept(self, tenant: int) -> None:
        """Take the state of one of the doubtful tenants for that of this one."""
        self.settled = True
        if self.id is None:
            self.id = tenant
        elif tenant != self.id:
            self._joined.append(tenant)

    def prove(self, run_id: int) -> None:
        """Record whose state it is: the keys of this run have logged in.

        Raises:
            RunError: another run has begun a tenant of that host and name under other keys.
        """
        with self.library.transaction():
            row = self._row()
            if row is not None and row[0] != self.id:
                if _hash(self._keys, row[1]) != row[2]:
                    raise RunError(
                        "another run has just begun a tenant of this host under other keys; name "
                        "one of them with --tenant NAME",
                        Cause.LOGIN,
                    )
                if self.id is not None:
                    self._joined.append(self.id)
                self.id = row[0]
            elif row is None or _hash(self._keys, row[1]) != row[2]:
                self._write()
            for other in self._joined:
                for statement in statements(_JOIN):
                    self.execute(statement, of=other)
            self._joined = []
            self.execute("UPDATE run SET tenant = :tenant WHERE id = :run", run=run_id)

    def _write(self) -> None:
        salt = secrets.token_hex(16)
        # a new row has no id yet, and gets one
        made = self.library.connection.execute(
            "INSERT INTO feed_tenant (id, feed, host, name, salt, keys) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET feed = excluded.feed, host = excluded.host, "
            "name = excluded.name, salt = excluded.salt, keys = excluded.keys",
            (self.id, *self._label, salt, _hash(self._keys, salt)),
        )
        self.id = self.id or made.lastrowid

    def remember(self, witnesses: Iterable[Case]) -> None:
        """Keep the last cases that were read, to be requested when the keys differ one day."""
        new = {one.id: one.value for one in witnesses}
        if new:
            old = {one.id: one.value for one in self.witnesses() if one.id not in new}
            known = [*old.items(), *new.items()][-MAX_WITNESSES:]
            update = "UPDATE feed_tenant SET witnesses = :known WHERE id = :tenant"
            self.execute(update, known=json.dumps(known))


def normalize_address(address: str) -> str:
    """Return an address in the one form of all its spellings: host, port, path.

    Scheme, default port, a trailing `/` and `/api`, and the case of a host mean nothing (I-02).
    """
    text = address.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = (parts.hostname or "").rstrip("."), parts.port
        if ":" not in host:
            host = host.encode("idna").decode()
    except ValueError:  # UnicodeError is one; such an address fails at its first request
        return text.lower()
    path = parts.path.rstrip("/")
    path = path[:-4].rstrip("/") if path[-4:].lower() == "/api" else path
    return host + (f":{port}" if port not in (None, _PORTS.get(parts.scheme)) else "") + path


@functools.lru_cache(maxsize=64)  # it is slow on purpose, and a run asks more than once
def _hash(text: str, salt: str) -> str:
    raw = text.encode("utf-8", "surrogatepass")
    return hashlib.pbkdf2_hmac("sha256", raw, bytes.fromhex(salt), _HASH_ROUNDS).hex()
