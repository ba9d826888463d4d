"""The routes of what hangs on objects: attributes, sources, tags, comments, scores, relations."""

from izoologic_cdf.loopback.serving import Answer
from izoologic_cdf.platform import items, searching
from izoologic_cdf.platform.envelope import missing, nothing, one, several, wrong
from izoologic_cdf.platform.items import number
from izoologic_cdf.platform.kinds import ADVERSARY, INDICATOR, Kind
from izoologic_cdf.platform.object_routes import created_or_not
from izoologic_cdf.platform.routing import Call, route
from izoologic_cdf.platform.rows import Attribute, Row


@route("GET", "/{c}/{id}/attributes")
def list_attributes(call: Call, row: Row) -> Answer:
    """List the attributes of an object."""
    found = [call.shapes.attribute(row, one) for one in row.attributes.values()]
    return several(found[searching.part(call.query, call.state.options.page_size)], len(found))


@route("POST", "/{c}/{id}/attributes")
def add_attributes(call: Call, row: Row) -> Answer:
    """Add one attribute or several; answers a list, with those that exist."""
    added = call.ingest.attributes(row, items.read_attributes(call.state, call.rows))
    return several([call.shapes.attribute(row, one) for one in added], status=201)


@route("PUT", "/{c}/{id}/attributes/{row}")
def change_attribute(call: Call, row: Row, part: str) -> Answer:
    """Give an attribute another value, named by the id of its row."""
    attribute = _attribute(row, part)
    (sent,) = items.read_attributes(call.state, {"name": attribute.name, **call.object})
    changed = call.ingest.change_attribute(row, attribute, sent.value, sent.sources)
    return one(call.shapes.attribute(row, changed))


@route("DELETE", "/{c}/{id}/attributes/{row}")
def delete_attribute(call: Call, row: Row, part: str) -> Answer:
    """Delete an attribute, named by the id of its row."""
    del row.attributes[_attribute(row, part).id]
    row.touched_at = call.state.stamp
    return nothing()


def _attribute(owner: Row, identifier: str) -> Attribute:
    attribute = owner.attributes.get(number(identifier) or 0)
    if attribute is None:
        raise missing("Attribute")
    return attribute


@route("GET", "/{c}/{id}/sources")
def list_sources(call: Call, row: Row) -> Answer:
    """List the sources of an object."""
    return several([call.shapes.source(row, report) for report in row.sources.values()])


@route("POST", "/{c}/{id}/sources")
def add_source(call: Call, row: Row) -> Answer:
    """Add a source to an object, or several of a list."""
    added = [call.ingest.source(row, items.read_source(sent)) for sent in call.rows]
    data = [
        call.shapes.source_created(row, report, existing=existing) for report, existing in added
    ]
    status = created_or_not(added)
    return several(data, status=status) if isinstance(call.json, list) else one(data[0], status)


@route("DELETE", "/{c}/{id}/sources/{row}")
def delete_source(call: Call, row: Row, part: str) -> Answer:
    """Take a source from an object, named by its pivot's id."""
    for source_id, report in row.sources.items():
        if report.id == number(part):
            del row.sources[source_id]
            row.touched_at = call.state.stamp
            return nothing()
    raise missing("Source")


@route("GET", "/{c}/{id}/tags")
def list_tags(call: Call, row: Row) -> Answer:
    """List the tags of an object."""
    return several(call.shapes.tags(row))


@route("POST", "/{c}/{id}/tags")
def add_tags(call: Call, row: Row) -> Answer:
    """Set one tag or several."""
    state = call.state
    names = [items.read_tag(state, sent) for sent in call.rows]
    numbers = [state.store.tag(row, name, state.stamp) for name in names]
    return several([{"id": tag, "name": row.tags[tag]} for tag in numbers], status=201)


@route("DELETE", "/{c}/{id}/tags/{tag}")
def delete_tag(call: Call, row: Row, tag: str) -> Answer:
    """Take a tag from one object."""
    if row.tags.pop(number(tag) or 0, None) is None:
        raise missing("Tag")
    row.touched_at = call.state.stamp
    return nothing()


@route("DELETE", "/tags/{tag}")
def delete_tag_everywhere(call: Call, tag: str) -> Answer:
    """Take a tag from all objects."""
    identifier = number(tag) or 0
    if call.state.store.tags.pop(identifier, None) is None:
        raise missing("Tag")
    for kind in call.state.kinds:
        for row in call.state.store.rows(kind):
            row.tags.pop(identifier, None)
    return nothing()


@route("GET", "/{c}/{id}/comments")
def list_comments(call: Call, row: Row) -> Answer:
    """List the comments on an object."""
    return several([call.shapes.comment(row, one) for one in row.comments.values()])


@route("POST", "/{c}/{id}/comments")
def add_comment(call: Call, row: Row) -> Answer:
    """Comment on an object."""
    comment = call.ingest.comment(row, items.read_comment(call.object))
    return one(call.shapes.comment(row, comment), 201)


@route("GET", "/adversaries/{id}/description")
def read_description(call: Call, identifier: str) -> Answer:
    """Answer the description of an adversary."""
    return one(call.shapes.description(call.row(ADVERSARY, identifier)))


@route("POST", "/adversaries/{id}/description")
def set_description(call: Call, identifier: str) -> Answer:
    """Set the description of an adversary."""
    row = call.row(ADVERSARY, identifier)
    sent = {"description": [call.object]}
    call.ingest.change(row, items.read_change(call.state, ADVERSARY, sent))
    return one(call.shapes.description(row), 201)


@route("PUT", "/indicator/{id}/scores")
def set_score(call: Call, identifier: str) -> Answer:
    """Set the score of an indicator by hand, or with null take that back."""
    row = call.row(INDICATOR, identifier)
    sent = {**call.query, **(call.object if call.json is not None else {})}
    score = sent.get("manual_score")
    given = None if score in (None, "", "null") else number(score)
    if given is None and score not in (None, "", "null"):
        raise wrong("manual_score", "The manual score must be an integer.")
    row.manual_score = given
    row.touched_at = call.state.stamp
    return one({"indicator_id": row.id, **call.shapes.score(row)})


@route("GET", "/{c}/{id}/{c2}")
def list_related(call: Call, row: Row, other: Kind) -> Answer:
    """List the related objects of one kind, each with the pivot of the relation."""
    pivots, options = row.related.get(other.code, {}), call.state.options
    which = searching.part(call.query, options.page_size, options.related_limit)
    rows = (pivot.other(row) for pivot in pivots.values())
    shapes, want = call.shapes, call.want
    return searching.listed(
        searching.filtered(call.state.store, rows, call.query),
        call.query,
        which,
        lambda found: shapes.related(row, pivots[found.id], want),
    )


@route("POST", "/{c}/{id}/{c2}")
def relate(call: Call, row: Row, other: Kind) -> Answer:
    """Relate objects that are there; answers a list of them with their pivots."""
    state = call.state
    others = [items.read_reference(state, other, sent) for sent in call.rows]
    if row in others:
        raise wrong("id", "An object cannot be related to itself.")
    pivots = [state.store.relate(row, one, state.stamp) for one in others]
    return several([call.shapes.related(row, pivot) for pivot in pivots], status=201)


@route("DELETE", "/{c}/{id}/{c2}")
def unrelate(call: Call, row: Row, other: Kind) -> Answer:
    """End relations, named by their pivots' ids in a list in the body."""
    known = {pivot.id: pivot for pivot in row.related.get(other.code, {}).values()}
    body = call.json
    named = [number(one) or 0 for one in body] if isinstance(body, list) else []
    if not named or not known.keys() >= set(named):
        raise missing("Relation")
    for pivot in set(named):
        call.state.store.unrelate(known[pivot])
    row.touched_at = call.state.stamp
    return nothing()


@route("POST", "/investigations/{id}/nodes")
def add_node(call: Call, identifier: str) -> Answer:
    """Put an object into an investigation."""
    kinds, body = call.state.kinds.codes, call.object
    row = call.row(kinds["investigation"], identifier)
    kind = kinds.get(str(body.get("object_type")))
    if kind is None:
        raise wrong("object_type", "The selected object type is invalid.")
    other = items.read_reference(call.state, kind, {"id": body.get("object_id")})
    pivot = call.state.store.relate(row, other, call.state.stamp)
    return one({"id": pivot.id, "object_id": other.id, "object_type": kind.code}, 201)
