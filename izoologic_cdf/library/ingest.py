"""One batch into the tables: few statements, and no write of what is there already."""

import sqlite3
from dataclasses import dataclass, field

from izoologic_cdf.library import blobs, search
from izoologic_cdf.library.limits import (
    CERTAINLY_SHORT,
    CONTENT_BYTES,
    CUT_CHARACTERS,
    TAG_CHARACTERS,
    TEXT_BYTES,
    VALUE_CHARACTERS,
    abbreviate,
    fit,
    storable,
)
from izoologic_cdf.library.merge import (
    COLUMNS,
    Fields,
    Pair,
    attachment,
    compare,
    identity,
    row_of,
    with_content,
)
from izoologic_cdf.library.objects import Batch, Ingested, Origin, Problem, ProblemKind, Reported
from izoologic_cdf.library.views import HIDDEN, is_password

_LOAD = f"""
SELECT id, EXISTS (SELECT 1 FROM object_source WHERE object = object.id AND source = ?),
       {", ".join(COLUMNS)}
FROM object WHERE identity = ?
"""  # noqa: S608 - names of ours
_DIGEST = "SELECT sha256 FROM object JOIN content ON content.id = content WHERE identity = ?"
_LOAD_ATTRIBUTES = "SELECT name, value, source FROM attribute WHERE object = ?"
_CREATE = f"""
INSERT INTO object ({", ".join(COLUMNS)}, identity, type,
                    created_at, created_run, modified_at, modified_run)
VALUES ({"?, " * len(COLUMNS)}?, ?, ?, ?, ?, ?)
"""  # noqa: S608 - names of ours
_UPDATE = f"""
UPDATE object SET {", ".join(f"{name} = ?" for name in COLUMNS)}, modified_at = ?, modified_run = ?
WHERE id = ?
"""  # noqa: S608 - names of ours
_SET_DESCRIBED = "UPDATE object SET described = ? WHERE id = ?"
_ADD_ATTRIBUTE = "INSERT INTO attribute (object, name, value, source, run) VALUES (?, ?, ?, ?, ?)"
_DROP_ATTRIBUTE = """
DELETE FROM attribute WHERE object = ? AND name = ? AND value = ? AND source = ?
"""
_ADD_SOURCE = "INSERT INTO object_source (object, source) VALUES (?, ?)"
_ADD_TAG = "INSERT OR IGNORE INTO tag (object, text) VALUES (?, ?)"
_ADD_RELATION = "INSERT OR IGNORE INTO relation (low, high, run) VALUES (?, ?, ?)"
_DIGEST_OF = "SELECT sha256 FROM content WHERE id = ?"
_ADD_HISTORY = """
INSERT INTO history (object, kind, name, old, new, other, run, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


class Terms(dict[str, int]):
    """The numbers of texts that repeat in every object: attribute names and sources.

    `terms[text]` is the number of the text, which gets one inside the open transaction if new.
    Terms are never deleted from the file, so a remembered number stays right, except when the
    transaction that made it is rolled back: `clear` is for that. `passwords` are those of them
    that name attributes with passwords.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection
        self.passwords = set[int]()

    def __missing__(self, text: str) -> int:
        stored = (storable(text),)
        row = self._connection.execute("SELECT id FROM term WHERE text = ?", stored).fetchone()
        if row is None:
            made = self._connection.execute("INSERT INTO term (text) VALUES (?)", stored)
            row = (made.lastrowid,)
        number = self[text] = int(row[0])
        if is_password(text):
            self.passwords.add(number)
        return number

    def clear(self) -> None:
        """Forget the numbers."""
        super().clear()
        self.passwords.clear()


@dataclass(slots=True)
class _Draft:
    """One object of the batch: what is stored of it, and what the reports in the batch say.

    `has_source` is whether the source of the batch has reported it before. `before` are the fields
    that are stored, None for a new object, and `after` those that will be. `mine` are the
    attributes that the source of the batch reported before, `others` those that any other did.
    """

    identity: str
    type: str
    reports: list[Reported] = field(default_factory=list)
    id: int = 0
    has_source: bool = False
    before: Fields | None = None
    after: Fields = field(default_factory=Fields)
    mine: set[Pair] = field(default_factory=set)
    others: set[Pair] = field(default_factory=set)


class Ingestion:
    """The work on one batch, inside a transaction that the caller holds."""

    def __init__(self, connection: sqlite3.Connection, terms: Terms, origin: Origin) -> None:
        self._connection = connection
        self._terms = terms
        self._origin = origin
        self._source = terms[origin.source]
        self._result = Ingested()
        # the first bytes of each object, by digest
        self._digests: dict[str, str] = {}
        self._new_sources: list[tuple[int, int]] = []
        self._new_rows: list[tuple[int, int, str, int, int]] = []
        self._old_rows: list[tuple[int, int, str, int]] = []
        self._history: list[tuple[int, str, int | None, str | None, str | None, int | None]] = []

    def ingest(self, batch: Batch) -> Ingested:
        """Store the batch and return what became of it."""
        drafts: dict[str, _Draft] = {}
        places = [self._place(reported, drafts) for reported in batch.objects]
        for draft in drafts.values():
            self._load(draft)
            self._write(draft)
        for statement, rows in (
            (_ADD_SOURCE, self._new_sources),
            (_DROP_ATTRIBUTE, self._old_rows),
            (_ADD_ATTRIBUTE, self._new_rows),
        ):
            if rows:
                self._connection.executemany(statement, rows)
        self._relate(batch, places)
        if self._history:
            stamp = (self._origin.run_id, self._origin.now)
            self._connection.executemany(_ADD_HISTORY, [(*row, *stamp) for row in self._history])
        listed = {attachment(key): count for key, count in batch.listed.items()}
        blobs.note_listed(self._connection, listed)
        return self._result

    def _place(self, reported: Reported, drafts: dict[str, _Draft]) -> _Draft | None:
        value = reported.value
        if not value:
            self._refuse(reported, "it has no value, so it is not stored")
            return None
        if len(value) > VALUE_CHARACTERS:
            too_long = f"its value has {len(value):,} characters, more than {VALUE_CHARACTERS}"
            self._refuse(reported, f"{too_long}, so it is not stored")
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
        draft.id, draft.has_source, *values = row
        draft.before, draft.after = Fields(*values), Fields(*values)
        rows = self._connection.execute(_LOAD_ATTRIBUTES, (draft.id,))
        for name, value, source in rows:
            (draft.mine if source == self._source else draft.others).add((name, value))

    def _write(self, draft: _Draft) -> None:
        before, after, origin = draft.before, draft.after, self._origin
        # of what is new, every reading says something
        stale = origin.stale and before is not None
        for reported in draft.reports:
            description = self._fit(reported, reported.description or "", "its description")
            after.take(reported, description, self._store(reported), origin.updated, stale=stale)
        if before is None:
            stamps = (origin.now, origin.run_id) * 2
            row = (*row_of(after), draft.identity, draft.type, *stamps)
            draft.id = int(self._connection.execute(_CREATE, row).lastrowid or 0)
        changed = self._write_attributes(draft)
        changed |= self._write_tags(draft)
        if not draft.has_source:
            self._new_sources.append((draft.id, self._source))
            self._note(draft, "source", None, None, origin.source)
            changed = True
        count = self._result.of(draft.type).objects
        if before is None:
            count.created += 1
        elif changed or after != before:
            count.updated += 1
            self._note_fields(draft, before)
            row = (*row_of(after), origin.now, origin.run_id, draft.id)
            self._connection.execute(_UPDATE, row)
        else:
            count.unchanged += 1
            if after.described != before.described:
                self._connection.execute(_SET_DESCRIBED, (after.described, draft.id))

    def _store(self, reported: Reported) -> int | None:
        """Return the id of the bytes of an object; null where it brings none that can be stored."""
        content = reported.content
        if content is None:
            return None
        if content.size > CONTENT_BYTES:
            too_large = f"its file has {content.size:,} bytes, more than {CONTENT_BYTES:,}"
            self._refuse(reported, f"{too_large}, so it is stored without them")
            return None
        return blobs.store(self._connection, content)

    def _write_attributes(self, draft: _Draft) -> bool:
        added: dict[Pair, None] = {}
        latest: dict[int, str] = {}
        terms, updatable = self._terms, self._origin.updatable
        for reported in draft.reports:
            for attribute in reported.attributes:
                name, value = attribute.name, attribute.value
                if len(value) > CERTAINLY_SHORT or not value.isascii():
                    value = self._fit(reported, value, f"its attribute '{abbreviate(name)}'")
                if name in updatable:
                    latest[terms[name]] = value
                else:
                    added[terms[name], value] = None
        if self._origin.stale:
            known = {name for name, _ in draft.mine}
            latest = {name: value for name, value in latest.items() if name not in known}
        change = compare(draft.mine, draft.others, added, latest)
        self._result.of(draft.type).attributes.add(change.count)
        number, source, run = draft.id, self._source, self._origin.run_id
        self._old_rows += [(number, name, value, source) for name, value in change.stale]
        self._new_rows += [(number, name, value, source, run) for name, value in change.new]
        if draft.before is not None:
            # one old value for each new one, where definitions of other times have left several
            replaced = dict(change.stale)
            for term, new in change.new:
                self._note(draft, "attribute", term, replaced.get(term), new)
            taken = {(term, replaced.get(term)) for term, _ in change.new}
            for term, old in change.stale:
                if (term, old) not in taken:
                    self._note(draft, "attribute", term, old, None)
        return bool(change.new or change.stale)

    def _write_tags(self, draft: _Draft) -> bool:
        tags: dict[str, None] = {}
        for reported in draft.reports:
            for tag in reported.tags:
                if len(tag) > TAG_CHARACTERS:
                    too_long = f"a tag of {len(tag)} characters is longer than {TAG_CHARACTERS}"
                    self._problem("tag", reported, f"{too_long}, so it is not stored")
                elif tag:
                    tags[storable(tag)] = None
        added = [
            tag for tag in tags if self._connection.execute(_ADD_TAG, (draft.id, tag)).rowcount
        ]
        for tag in added:
            self._note(draft, "tag", None, None, tag)
        return bool(added)

    def _relate(self, batch: Batch, places: list[_Draft | None]) -> None:
        rows: list[tuple[int, int, int]] = []
        for index, other_index in batch.relations:
            one, other = places[index], places[other_index]
            # an object that was refused has no relations, and none is related to itself
            if one is not None and other is not None and one is not other:
                low, high = min(one.id, other.id), max(one.id, other.id)
                row = (low, high, self._origin.run_id)
                if other.before is None:
                    rows.append(row)
                elif self._connection.execute(_ADD_RELATION, row).rowcount:
                    self._note(one, "relation", None, None, None, other.id)
        if rows:
            self._connection.executemany(_ADD_RELATION, rows)

    def _note_fields(self, draft: _Draft, before: Fields) -> None:
        """Keep what the fields of an object were, and what the index has of them."""
        after = draft.after
        if (after.value, after.description) != (before.value, before.description):
            self._connection.execute(search.KEEP_INDEXED, (draft.id,))
        for column, old, new in zip(COLUMNS, row_of(before), row_of(after), strict=True):
            if old != new and column != "described":
                if column == "content":
                    old, new = self._digest_of(old), self._digest_of(new)  # noqa: PLW2901
                self._note(draft, "field", self._terms[column], old, new)

    def _digest_of(self, number: int | None) -> str | None:
        row = self._connection.execute(_DIGEST_OF, (number,)).fetchone()
        return row and str(row[0])

    def _note(
        self,
        draft: _Draft,
        kind: str,
        name: int | None,
        old: str | None,
        new: str | None,
        other: int | None = None,
    ) -> None:
        """Keep a change of an object that was there before: that it came whole tells the rest."""
        if draft.before is None:
            return
        if kind == "attribute" and name in self._terms.passwords:
            old, new = old and HIDDEN, new and HIDDEN
        self._history.append((draft.id, kind, name, old, new, other))

    def _fit(self, reported: Reported, text: str, what: str) -> str:
        """Return a text as it can be stored; reports when it had to be cut."""
        stored, size = fit(text)
        if size:
            too_long = f"{what} has {size:,} bytes, more than {TEXT_BYTES:,}"
            self._problem(
                "cut", reported, f"{too_long}, so it is cut at {CUT_CHARACTERS:,} characters"
            )
        return stored

    def _refuse(self, reported: Reported, sentence: str) -> None:
        self._problem("failed", reported, sentence)

    def _problem(self, kind: ProblemKind, reported: Reported, sentence: str) -> None:
        problem = Problem(kind, reported.type, abbreviate(reported.value), sentence)
        self._result.problems.append(problem)
