"""The shapes of answers, as real ones show them."""

from collections.abc import Iterable
from typing import Any

from izoologic_cdf.platform.envelope import RefusalError
from izoologic_cdf.platform.kinds import ADVERSARY, ATTACHMENT, EVENT, INDICATOR, Kind
from izoologic_cdf.platform.rows import Attribute, Comment, Pivot, Report, Row
from izoologic_cdf.platform.world import PlatformState

Json = dict[str, Any]
# names of `with=`, each with the names asked of what it gives
Wanted = dict[str, "Wanted"]

_PARTS = ("attributes", "sources", "tags", "comments", "watchlist", "score", "type", "status")


def wanted(names: Iterable[str]) -> Wanted:
    """Return what `with=attributes,indicators.type` asks for."""
    tree: Wanted = {}
    for name in ",".join(names).split(","):
        branch = tree
        for part in filter(None, name.strip().split(".")):
            branch = branch.setdefault(part, {})
    return tree


def _stamps(row: Any, *, touched: bool = False) -> Json:
    stamps = {"created_at": row.created_at, "updated_at": row.updated_at}
    return stamps | ({"touched_at": row.touched_at} if touched else {})


def _reported(row: Row, report: Report) -> Json:
    return {
        "id": report.id,
        row.kind.reference: row.id,
        "source_id": report.source.id,
        "creator_source_id": report.creator.id,
        "tlp_id": report.tlp_id,
        "name": report.source.name,
        **_stamps(report),
    }


def _born(row: Any) -> Json:
    return {"created_at": row.created_at, "updated_at": row.created_at}


class Shapes:
    """Makes the JSON of rows."""

    def __init__(self, state: PlatformState) -> None:
        self._state = state

    def everything(self, kind: Kind) -> Wanted:
        """Return all that can be asked for with objects of a kind."""
        related = [other.asked for other in self._state.kinds if not other.loose]
        parts = [part for part in _PARTS if part != "score" or kind is INDICATOR]
        return {name: {} for name in (*related, *parts)}

    def row(self, row: Row, want: Wanted | None = None) -> Json:
        """Return an object with what was asked for; raises RefusalError (500) as real ones do."""
        kind = row.kind
        body = self._columns(row) | _stamps(row, touched=True)
        if kind.generic:
            body |= {
                "object_id": kind.number,
                "object_code": kind.code,
                "object_name": kind.name,
                "object_name_plural": kind.plural,
            }
        for name, inner in (want or {}).items():
            body |= self._asked(row, name, inner)
        return body

    def created(self, row: Row, want: Wanted, *, existing: bool) -> Json:
        """Return the answer to a POST: with the type where a real one has it."""
        if row.kind in (INDICATOR, EVENT):
            want = {"type": {}, **want}
        flag = {} if row.kind.loose else {"existing": "Y" if existing else "N"}
        return self.row(row, want) | flag

    def related(self, row: Row, pivot: Pivot, want: Wanted | None = None) -> Json:
        """Return the object at the other end of a relation, with its pivot."""
        return self.row(pivot.other(row), want) | {"pivot": self._pivot(pivot)}

    def attribute(self, row: Row, attribute: Attribute) -> Json:
        """Return an attribute with its name and its sources."""
        name = {"id": attribute.attribute_id, "name": attribute.name, **_born(attribute)}
        reference = f"{row.kind.code}_attribute_id"
        return {
            "id": attribute.id,
            row.kind.reference: row.id,
            "attribute_id": attribute.attribute_id,
            "name": attribute.name,
            "value": attribute.value,
            **_stamps(attribute, touched=True),
            "attribute": name,
            "sources": [
                self._source(report, reference, attribute.id)
                for report in attribute.sources.values()
            ],
        }

    def source(self, row: Row, report: Report) -> Json:
        """Return a source of an object, as `with=sources` has it."""
        return self._source(report, row.kind.reference, row.id)

    def source_created(self, row: Row, report: Report, *, existing: bool) -> Json:
        """Return the answer to POST /{c}/{id}/sources."""
        created = {"published_at": None, "deleted_at": None, "existing": int(existing)}
        return _reported(row, report) | created

    def comment(self, row: Row, comment: Comment) -> Json:
        """Return a comment with its sources."""
        reference = f"{row.kind.code}_comment_id"
        return {
            "id": comment.id,
            row.kind.reference: row.id,
            "value": comment.value,
            **_born(comment),
            "sources": [
                self._source(report, reference, comment.id) for report in comment.sources.values()
            ],
        }

    def description(self, row: Row) -> Json:
        """Return the description of an adversary, which is a thing of its own."""
        value = row.fields["description"]
        return {"id": row.id, row.kind.reference: row.id, "value": value}

    def flat(self, row: Row) -> Json:
        """Return an object as the rows of a query have it."""
        body = self.row(row)
        for what in ("type", "status"):
            if f"{what}_id" in body:
                body[f"{what}_name"] = (self._word(row, what) or {}).get("name")
        if row.kind is INDICATOR:
            body["score"] = row.manual_score or 0
        return body | {
            "published_at": row.published_at or row.created_at,
            "tags": list(row.tags.values()),
            "attributes": [
                {"id": one.id, "attribute_id": one.attribute_id, "name": one.name}
                | {"value": one.value, "created_at": one.created_at, "updated_at": one.updated_at}
                for one in row.attributes.values()
            ],
            "sources": [
                _reported(row, report)
                | {
                    "source_type": report.source.type,
                    "published_at": report.published_at or report.created_at,
                    "reference_id": report.source.id,
                }
                for report in row.sources.values()
            ],
        }

    def score(self, row: Row) -> Json:
        """Return the score of an indicator."""
        return {"generated_score": "0.00", "manual_score": row.manual_score}

    def _columns(self, row: Row) -> Json:
        if row.kind.loose:
            return row.fields | {"id": row.id}
        return {"id": row.id} | {column: row.fields.get(column) for column in row.kind.columns}

    def _asked(self, row: Row, name: str, inner: Wanted) -> Json:
        other = self._state.kinds.asked.get(name)
        if other is not None:
            pivots = row.related.get(other.code, {}).values()
            return {other.answered: [self.related(row, pivot, inner) for pivot in pivots]}
        match name:
            case "attributes":
                return {name: [self.attribute(row, one) for one in row.attributes.values()]}
            case "sources":
                return {name: [self.source(row, report) for report in row.sources.values()]}
            case "tags":
                return {name: self.tags(row)}
            case "comments":
                return {name: [self.comment(row, one) for one in row.comments.values()]}
            case "watchlist":
                return {name: []}
            case "score" if row.kind is INDICATOR:
                return {name: self.score(row)}
            case "description" if row.kind is ADVERSARY:
                return {name: self.description(row)}
            case "type" | "status":
                return {name: self._word(row, name)}
        if "_" in name:
            # a client calls this answer a bug of the platform and goes round it
            text = f"Call to undefined relationship [{name}] on model [{row.kind.name}]."
            raise RefusalError(500, [text])
        return {}

    def tags(self, row: Row) -> list[Json]:
        """Return the tags of an object."""
        return [{"id": number, "name": name} for number, name in row.tags.items()]

    def _word(self, row: Row, what: str) -> Json | None:
        number, words = row.fields.get(f"{what}_id"), self._state.words
        if what == "status":
            return words.status(number=number) if number is not None else None
        entry = words.type(row.kind.code, number=number)
        hidden = {"is_parsable"} if row.kind in (INDICATOR, ATTACHMENT) else set()
        return entry and {key: value for key, value in entry.items() if key not in hidden}

    def _pivot(self, pivot: Pivot) -> Json:
        body: Json = {"id": pivot.id, **_stamps(pivot)}
        if {pivot.src.kind.code, pivot.dest.kind.code} <= {INDICATOR.code, ADVERSARY.code}:
            for end, row in (("src", pivot.src), ("dest", pivot.dest)):
                body |= {f"{end}_type": row.kind.code, f"{end}_object_id": row.id}
        return body

    def _source(self, report: Report, reference: str, number: int) -> Json:
        given = self._state.options.source_published == "given"
        return {
            "id": report.source.id,
            "type": report.source.type,
            "reference_id": report.source.id,
            "name": report.source.name,
            "tlp_id": report.tlp_id,
            "published_at": report.published_at if given else None,
            **_born(report.source),
            "pivot": {
                "id": report.id,
                reference: number,
                "source_id": report.source.id,
                "creator_source_id": report.creator.id,
            },
        }
