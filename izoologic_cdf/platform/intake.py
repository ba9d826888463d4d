"""Brings what was sent into the store: new objects, those that exist, and what hangs on them."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from izoologic_cdf.platform.assumptions import CONTENT_TYPE_ID, DEFAULT_STATUS
from izoologic_cdf.platform.envelope import wrong
from izoologic_cdf.platform.items import Item, SentAttribute, SentSource
from izoologic_cdf.platform.kinds import ATTACHMENT, EVENT, HIDDEN, INDICATOR, SIGNATURE
from izoologic_cdf.platform.rows import Attribute, Comment, Report, Reports, Row, Source
from izoologic_cdf.platform.world import PlatformState

_USERS = "users"
_DATES = ("happened_at", "started_at", "ended_at")


class Ingest:
    """One request's changes: whose they are, and when they are made."""

    def __init__(self, state: PlatformState, user: str) -> None:
        self.state = state
        self.stamp = state.stamp
        self.user = state.store.source(user, self.stamp, _USERS)

    def put(self, item: Item) -> tuple[Row, bool]:
        """Add an object, or bring what was sent into the one that exists; return which it was."""
        store, options = self.state.store, self.state.options
        fields = self._complete(item)
        row = store.find(item.kind, fields)
        if row is None:
            row = store.add(item.kind, fields, self.stamp, item.published_at)
            self._hang(row, item, new=True)
            return row, False
        # the spelling that came first stays
        changes = {name: value for name, value in item.fields.items() if name != item.kind.key}
        if options.consume_description == "keep":
            changes.pop("description", None)
        if options.consume_dates == "keep":
            for column in _DATES:
                changes.pop(column, None)
        elif item.published_at is not None:
            row.published_at = item.published_at
        if options.consume_status == "keep" or self._protected(row):
            changes.pop("status_id", None)
        store.change(row, changes, self.stamp)
        if options.consume_attributes == "replace":
            self._replace_attributes(row, item)
        self._hang(row, item, new=False)
        return row, True

    def change(self, row: Row, item: Item) -> None:
        """Set what was sent at an object; raises RefusalError if another has its name."""
        store = self.state.store
        known = store.find(row.kind, {**row.fields, **item.fields})
        if known is not None and known is not row:
            key = row.kind.key
            raise wrong(key, f"The {key} has already been taken.")
        store.change(row, item.fields, self.stamp)
        if item.published_at is not None:
            row.published_at = item.published_at
        self._hang(row, item, new=False)

    def attributes(self, row: Row, sent: Iterable[SentAttribute]) -> list[Attribute]:
        """Add attributes with their sources; those that exist are returned as they are."""
        return [self._attribute(row, attribute, []) for attribute in sent]

    def change_attribute(
        self, row: Row, attribute: Attribute, value: str, sources: list[SentSource]
    ) -> Attribute:
        """Give an attribute another value; raises RefusalError as options say."""
        options = self.state.options
        twin = self._twin(row, attribute, value)
        if twin is not None:
            if options.put_attribute_twin == "refuse":
                raise wrong("value", "The value has already been taken.")
            for report in twin.sources.values():
                attribute.sources.setdefault(report.source.id, report)
            del row.attributes[twin.id]
        if attribute.value != value:
            attribute.value = value
            attribute.updated_at = attribute.touched_at = row.touched_at = self.stamp
        if sources and options.put_attribute_sources == "replace":
            names = {source.name for source in sources}
            for number, report in list(attribute.sources.items()):
                if report.source.name not in names:
                    del attribute.sources[number]
        self._report(f"{row.kind.code}_attribute_source", attribute.sources, sources, None)
        return attribute

    def source(self, row: Row, sent: SentSource) -> tuple[Report, bool]:
        """Add a source to an object; return its row and whether it was there."""
        table = f"{row.kind.code}_source"
        ((report, existing),) = self._report(table, row.sources, [sent], None)
        if not existing:
            row.touched_at = self.stamp
        return report, existing

    def comment(self, row: Row, value: str) -> Comment:
        """Add a comment by the user who has logged in."""
        number = self.state.store.number(f"{row.kind.code}_comment")
        comment = row.comments[number] = Comment(number, value, self.stamp)
        self._report(f"{row.kind.code}_comment_source", comment.sources, [], None)
        row.touched_at = self.stamp
        return comment

    def _complete(self, item: Item) -> dict[str, Any]:
        """Return all columns of a new object."""
        kind, words = item.kind, self.state.words
        if kind.loose:
            return dict(item.fields)
        fields = dict.fromkeys((*kind.columns, *HIDDEN.get(kind.code, ()))) | item.fields
        if kind is INDICATOR:
            entry = words.type(kind.code, number=fields["type_id"]) or {}
            status = words.status(name=DEFAULT_STATUS) or {}
            fields["class"] = fields["class"] or entry.get("class")
            fields["status_id"] = fields["status_id"] or status.get("id")
            fields["expires_needs_calc"] = "Y"
        if kind in (INDICATOR, EVENT):
            text = f"{fields['type_id']}\n{fields[kind.key]}\n{fields.get('happened_at')}"
            fields["hash"] = hashlib.md5(  # noqa: S324 - a name, as the API has it
                text.encode(errors="replace")
            ).hexdigest()
        if kind is ATTACHMENT:
            fields["content_type_id"] = CONTENT_TYPE_ID
            fields["malware_locked"] = fields["malware_locked"] or 0
        return fields

    def _protected(self, row: Row) -> bool:
        if row.kind not in (INDICATOR, SIGNATURE):
            return False
        status = self.state.words.status(number=row.fields["status_id"])
        return status is not None and status["protected"] == "Y"

    def _hang(self, row: Row, item: Item, *, new: bool) -> None:
        if row.kind.loose:
            return
        code, published = row.kind.code, item.published_at
        known = len(row.sources)
        if item.sources or new:
            self._report(f"{code}_source", row.sources, item.sources, published)
        for attribute in item.attributes:
            self._attribute(row, attribute, item.sources)
        for tag in item.tags:
            self.state.store.tag(row, tag, self.stamp)
        for comment in item.comments:
            self.comment(row, comment)
        for other in item.related:
            if isinstance(other, Item):
                with_sources = other if other.sources else replace(other, sources=item.sources)
                other, _ = self.put(with_sources)  # noqa: PLW2901 - now it is there
            if other is not row:
                self.state.store.relate(row, other, self.stamp)
        if len(row.sources) != known:
            row.touched_at = self.stamp

    def _attribute(self, row: Row, sent: SentAttribute, inherited: list[SentSource]) -> Attribute:
        attribute = self.state.store.attribute(row, sent.name, sent.value, self.stamp)
        table = f"{row.kind.code}_attribute_source"
        sources = sent.sources or inherited
        if sources or not attribute.sources:
            self._report(table, attribute.sources, sources, sent.published_at)
        return attribute

    def _report(
        self, table: str, reports: Reports, sent: list[SentSource], published: str | None
    ) -> list[tuple[Report, bool]]:
        """Add the rows of sources, the user's own where none was sent."""
        store, found = self.state.store, []
        pairs: list[tuple[SentSource | None, Source]] = [
            (source, store.source(source.name, self.stamp)) for source in sent
        ]
        if not sent and not reports and self.state.options.default_source == "login":
            pairs = [(None, self.user)]
        for source, reporter in pairs:
            report, existing = store.report(table, reports, reporter, self.user, self.stamp)
            at = (source.published_at if source else None) or published
            report.published_at = report.published_at or at
            if source and source.tlp_id not in (None, report.tlp_id):
                report.tlp_id, report.updated_at = source.tlp_id, self.stamp
            found.append((report, existing))
        return found

    def _replace_attributes(self, row: Row, item: Item) -> None:
        """Take from rows of the sent names, with values that were not sent, the sent sources."""
        sent: dict[str, set[str]] = {}
        for attribute in item.attributes:
            sent.setdefault(attribute.name.casefold(), set()).add(attribute.value)
        names = {source.name for source in item.sources} or {self.user.name}
        for number, known in list(row.attributes.items()):
            values = sent.get(known.name.casefold())
            if values is None or known.value in values:
                continue
            for source_id, report in list(known.sources.items()):
                if report.source.name in names:
                    del known.sources[source_id]
            if not known.sources:
                del row.attributes[number]

    def _twin(self, row: Row, attribute: Attribute, value: str) -> Attribute | None:
        for other in row.attributes.values():
            same = other.attribute_id == attribute.attribute_id and other.value == value
            if same and other is not attribute:
                return other
        return None
