"""One batch into the tables: few statements, and no write of what is there already."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from izoologic_cdf.library import blobs
from izoologic_cdf.library.attributes import Pair, compare
from izoologic_cdf.library.limits import (
    CERTAINLY_SHORT,
    CONTENT_BYTES,
    CUT_CHARACTERS,
    TAG_CHARACTERS,
    TEXT_BYTES,
    VALUE_CHARACTERS,
    fitted,
    shown,
    storable,
)
from izoologic_cdf.library.merge import Fields, attachment, identity, with_content
from izoologic_cdf.library.objects import Ingested, Problem, Reported

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from izoologic_cdf.library.objects import Attribute, Batch, ProblemKind
    from izoologic_cdf.library.terms import Terms

_LOAD = """
SELECT id, EXISTS (SELECT 1 FROM object_source WHERE object = object.id AND source = ?),
       value, subtype, description, published_at, happened_at, started_at, ended_at, status,
       content, described
FROM object WHERE identity = ?
"""
_DIGEST = "SELECT sha256 FROM object JOIN content ON content.id = content WHERE identity = ?"
_LOAD_ATTRIBUTES = "SELECT name, value, source FROM attribute WHERE object = ?"
_CREATE = """
INSERT INTO object (value, subtype, description, published_at, happened_at, started_at, ended_at,
                    status, content, described, identity, type, created_at, created_run,
                    modified_at, modified_run)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE = """
UPDATE object SET value = ?, subtype = ?, description = ?, published_at = ?, happened_at = ?,
                  started_at = ?, ended_at = ?, status = ?, content = ?, described = ?,
                  modified_at = ?, modified_run = ?
WHERE id = ?
"""
_DESCRIBED = "UPDATE object SET described = ? WHERE id = ?"
_ADD_ATTRIBUTE = "INSERT INTO attribute (object, name, value, source, run) VALUES (?, ?, ?, ?, ?)"
_DROP_ATTRIBUTE = """
DELETE FROM attribute WHERE object = ? AND name = ? AND value = ? AND source = ?
"""
_ADD_SOURCE = "INSERT INTO object_source (object, source) VALUES (?, ?)"
_ADD_TAG = "INSERT OR IGNORE INTO tag (object, text) VALUES (?, ?)"
_ADD_RELATION = "INSERT OR IGNORE INTO relation (low, high, run) VALUES (?, ?, ?)"


@dataclasses.dataclass(slots=True)
class _Draft:
    """One object of the batch: what is stored of it, and what the reports in the batch say.

    `has_source` tells whether the source of the batch has reported it before.
    `before` are the fields that are stored, None for a new object, and `after` those that will be.
    `mine` are the attributes that the source of the batch reported before, `others` those that
    any other source did.
    """

    identity: str
    type: str
    reports: list[Reported] = dataclasses.field(default_factory=list)
    id: int = 0
    has_source: bool = False
    before: Fields | None = None
    after: Fields = dataclasses.field(default_factory=Fields)
    mine: set[Pair] = dataclasses.field(default_factory=set)
    others: set[Pair] = dataclasses.field(default_factory=set)


class Ingestion:
    """The work on one batch, inside a transaction that the caller holds."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        terms: Terms,
        *,
        source: str,
        updatable: frozenset[str],
        run_id: int,
        now: str,
        updated: int,
        stale: bool,
    ) -> None:
        self._connection = connection
        self._terms = terms
        self._source = terms[source]
        self._updatable = updatable
        self._run = run_id
        self._now = now
        self._updated = updated
        self._stale = stale
        self._result = Ingested()
        # the first bytes of each object, by digest
        self._digests: dict[str, str] = {}
        self._new_sources: list[tuple[int, int]] = []
        self._new_rows: list[tuple[int, int, str, int, int]] = []
        self._old_rows: list[tuple[int, int, str, int]] = []

    def ingest(self, batch: Batch) -> Ingested:
        """Store the batch and return what became of it."""
        drafts: dict[str, _Draft] = {}
        places = [self._place(reported, drafts) for reported in batch.objects]
        for draft in drafts.values():
            self._load(draft)
            self._write(draft)
        if self._new_sources:
            self._connection.executemany(_ADD_SOURCE, self._new_sources)
        if self._old_rows:
            self._connection.executemany(_DROP_ATTRIBUTE, self._old_rows)
        if self._new_rows:
            self._connection.executemany(_ADD_ATTRIBUTE, self._new_rows)
        self._relate((places[one], places[other]) for one, other in batch.relations)
        listed = {attachment(key): count for key, count in batch.listed.items()}
        blobs.note_listed(self._connection, listed)
        return self._result

    def _place(self, reported: Reported, drafts: dict[str, _Draft]) -> _Draft | None:
        value = reported.value
        if not value:
            self._problem("failed", reported, "it has no value, so it is not stored")
            return None
        if len(value) > VALUE_CHARACTERS:
            self._problem(
                "failed",
                reported,
                f"its value has {len(value):,} characters, more than {VALUE_CHARACTERS}, "
                "so it is not stored",
            )
            return None
        name = identity(reported.type, value, reported.subtype, reported.key)
        if reported.content is not None:
            name = self._by_content(name, reported.content.sha256)
        draft = drafts.get(name)
        if draft is None:
            draft = drafts[name] = _Draft(name, reported.type)
        draft.reports.append(reported)
        return draft

    def _by_content(self, name: str, sha256: str) -> str:
        """Return the identity of an object with bytes: the first ones take the name itself."""
        known = self._digests.get(name)
        if known is None:
            row = self._connection.execute(_DIGEST, (name,)).fetchone()
            known = self._digests[name] = row[0] if row else sha256
        return name if known == sha256 else with_content(name, sha256)

    def _load(self, draft: _Draft) -> None:
        row = self._connection.execute(_LOAD, (self._source, draft.identity)).fetchone()
        if row is None:
            return
        draft.id, draft.has_source, *fields = row
        draft.before, draft.after = Fields(*fields), Fields(*fields)
        rows = self._connection.execute(_LOAD_ATTRIBUTES, (draft.id,))
        for name, value, source in rows:
            (draft.mine if source == self._source else draft.others).add((name, value))

    def _write(self, draft: _Draft) -> None:
        before, after = draft.before, draft.after
        # of what is new, every reading tells something
        stale = self._stale and before is not None
        for reported in draft.reports:
            description, content = self._description(reported), self._content(reported)
            after.take(reported, description, content, self._updated, stale=stale)
        if before is None:
            stamps = (self._now, self._run, self._now, self._run)
            row = (*after.row(), draft.identity, draft.type, *stamps)
            draft.id = int(self._connection.execute(_CREATE, row).lastrowid or 0)
        changed = self._write_attributes(draft)
        changed |= self._write_tags(draft)
        if not draft.has_source:
            self._new_sources.append((draft.id, self._source))
            changed = True
        count = self._result.of(draft.type).objects
        if before is None:
            count.created += 1
        elif changed or after != before:
            count.updated += 1
            row = (*after.row(), self._now, self._run, draft.id)
            self._connection.execute(_UPDATE, row)
        else:
            count.unchanged += 1
            if after.described != before.described:
                self._connection.execute(_DESCRIBED, (after.described, draft.id))

    def _description(self, reported: Reported) -> str | None:
        if not reported.description:
            return None
        description, size = fitted(reported.description)
        if size:
            self._cut(reported, "its description", size)
        return description

    def _content(self, reported: Reported) -> int | None:
        if reported.content is None:
            return None
        if reported.content.size > CONTENT_BYTES:
            self._problem(
                "failed",
                reported,
                f"its file has {reported.content.size:,} bytes, more than {CONTENT_BYTES:,}, "
                "so it is stored without them",
            )
            return None
        return blobs.store(self._connection, reported.content)

    def _write_attributes(self, draft: _Draft) -> bool:
        added: dict[Pair, None] = {}
        latest: dict[int, str] = {}
        terms, updatable = self._terms, self._updatable
        for reported in draft.reports:
            for attribute in reported.attributes:
                name, value = attribute.name, attribute.value
                if len(value) > CERTAINLY_SHORT or not value.isascii():
                    value = self._fitted_value(reported, attribute)
                if name in updatable:
                    latest[terms[name]] = value
                else:
                    added[terms[name], value] = None
        if self._stale:
            known = {name for name, _ in draft.mine}
            latest = {name: value for name, value in latest.items() if name not in known}
        change = compare(draft.mine, draft.others, added, latest)
        self._result.of(draft.type).attributes.add(change.count)
        number, source, run = draft.id, self._source, self._run
        self._old_rows += [(number, name, value, source) for name, value in change.stale]
        self._new_rows += [(number, name, value, source, run) for name, value in change.new]
        return bool(change.new or change.stale)

    def _fitted_value(self, reported: Reported, attribute: Attribute) -> str:
        value, size = fitted(attribute.value)
        if size:
            self._cut(reported, f"its attribute '{shown(attribute.name)}'", size)
        return value

    def _write_tags(self, draft: _Draft) -> bool:
        tags: dict[str, None] = {}
        for reported in draft.reports:
            for tag in reported.tags:
                if len(tag) > TAG_CHARACTERS:
                    self._problem(
                        "tag",
                        reported,
                        f"a tag of {len(tag)} characters is longer than {TAG_CHARACTERS}, "
                        "so it is not stored",
                    )
                elif tag:
                    tags[storable(tag)] = None
        if not tags:
            return False
        rows = [(draft.id, tag) for tag in tags]
        return self._connection.executemany(_ADD_TAG, rows).rowcount > 0

    def _relate(self, pairs: Iterable[tuple[_Draft | None, _Draft | None]]) -> None:
        rows: list[tuple[int, int, int]] = []
        for one, other in pairs:
            # an object that was refused has no relations, and none is related to itself
            if one is not None and other is not None and one is not other:
                rows.append((min(one.id, other.id), max(one.id, other.id), self._run))
        if rows:
            self._connection.executemany(_ADD_RELATION, rows)

    def _cut(self, reported: Reported, what: str, size: int) -> None:
        self._problem(
            "cut",
            reported,
            f"{what} has {size:,} bytes, more than {TEXT_BYTES:,}, "
            f"so it is cut at {CUT_CHARACTERS:,} characters",
        )

    def _problem(self, kind: ProblemKind, reported: Reported, sentence: str) -> None:
        problem = Problem(kind, reported.type, shown(reported.value), sentence)
        self._result.problems.append(problem)
