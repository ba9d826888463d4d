"""The routes of what there is: kinds of objects, their types and statuses; and the login."""

from izoologic_cdf.loopback.serving import Answer, encode
from izoologic_cdf.platform import searching
from izoologic_cdf.platform.envelope import missing, one, several, wrong
from izoologic_cdf.platform.grants import basic
from izoologic_cdf.platform.items import number
from izoologic_cdf.platform.routing import Call, route
from izoologic_cdf.platform.vocabulary import Entry

# singular but for attachments, as clients ask
_FAMILIES = {
    "indicator": "indicator",
    "event": "event",
    "signature": "signature",
    "attachments": "attachment",
}
_WHAT = ("types", "statuses")
_STATUSES = ("indicator", "signature")
_FILTERS = ("name", "is_parsable")


@route("POST", "/token")
def token(call: Call) -> Answer:
    """Log in: what query, form, JSON object and HTTP Basic say counts together."""
    body = {} if call.form else call.json
    given = {**call.query, **call.form, **(body if isinstance(body, dict) else {})}
    given |= basic(call.authorization)
    options = call.state.options
    answer = call.state.logins.login(given, call.state.clock, options)
    return Answer(options.login_status, encode(answer))


@route("GET", "/objects")
def objects(call: Call) -> Answer:
    """List the kinds of objects with their collections, types and statuses."""
    state = call.state
    return several(
        [
            {
                "id": kind.number,
                "name": kind.code,
                "display_name": kind.name,
                "display_name_plural": kind.plural,
                "collection": state.kinds.collection(kind, state.options),
                "types": _short(state.words.types.get(kind.code, [])),
                "statuses": _short(state.words.statuses if kind.code in _STATUSES else []),
            }
            for kind in state.kinds
            if not kind.loose or kind.code == "task"
        ]
    )


def _short(entries: list[Entry]) -> list[Entry]:
    return [{"id": entry["id"], "name": entry["name"]} for entry in entries]


@route("GET", *(f"/{family}/{what}" for family in _FAMILIES for what in _WHAT))
def list_words(call: Call) -> Answer:
    """List types or statuses, by name or is_parsable if given."""
    entries = _entries(call)
    for name in _FILTERS:
        if name in call.query:
            entries = [entry for entry in entries if entry.get(name) == call.query[name]]
    return several(entries[searching.part(call.query, None)], len(entries))


@route("GET", *(f"/{family}/{what}/{{id}}" for family in _FAMILIES for what in _WHAT))
def read_word(call: Call, identifier: str) -> Answer:
    """Answer one type or status."""
    for entry in _entries(call):
        if entry["id"] == number(identifier):
            return one(entry)
    raise missing("Entry")


@route("POST", "/event/types")
def add_event_type(call: Call) -> Answer:
    """Make a type of event."""
    name, words = call.object.get("name"), call.state.words
    if not isinstance(name, str) or not name:
        raise wrong("name", "The name field is required.")
    if words.type("event", name=name) is not None:
        raise wrong("name", "The name has already been taken.")
    return one(words.add_event_type(name, call.state.stamp), 201)


def _entries(call: Call) -> list[Entry]:
    family, what = call.path.strip("/").split("/")[:2]
    code = _FAMILIES[family]
    if what == "types":
        return call.state.words.types[code]
    if code in _STATUSES:
        return call.state.words.statuses
    raise missing("Path")
