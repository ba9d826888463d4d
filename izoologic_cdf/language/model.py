"""A definition: its feeds, where their data comes from, and what is checked across them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from izoologic_cdf.errors import Position
from izoologic_cdf.language.fields import (
    CALLED,
    FEED_TYPE,
    FEED_TYPES,
    PRIMARY,
    SUPPLEMENTAL,
    TYPE,
    USER_FIELDS,
    UserField,
    feed_type,
)
from izoologic_cdf.language.nodes import JSON, Node
from izoologic_cdf.language.positions import Code, Findings, did_you_mean
from izoologic_cdf.language.reports import REPORT, Report
from izoologic_cdf.language.schema import (
    ANYTHING,
    TEXT,
    Call,
    Construct,
    Keys,
    Kind,
    Leaf,
    ListOf,
    Place,
    Scope,
    key,
    map_of,
    name_of_expressions,
    of,
    pairs,
    read,
    within,
)
from izoologic_cdf.language.steps import (
    PIPELINE,
    RUN_PARAMS,
    Pipeline,
    Supplemental,
    Track,
    iterates,
    nested,
)
from izoologic_cdf.language.values import PARAMS, VALUE, Literal, Value

# names that every expression may use, beside the template values
EVERYWHERE = frozenset({"user_fields", "run_meta"})
PAGINATION_NAMES = ("prev_response_data", "prev_request_params", "page_count")
# the name of the token in the header of a login
TOKEN_NAME = name_of_expressions("token", "H1", "the token of a login, in the value of its header")
# how since and until are rendered where a feed does not say
DEFAULT_TIMESTAMP_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
# seconds
MAX_TIMEOUT = 86_400
TIMEOUT_DUE = f"a time-out is a number of seconds above 0, at most {MAX_TIMEOUT}"
RULE_UPDATE = "update"

# --- source --------------------------------------------------------------------------------------


def is_timeout(seconds: Any) -> bool:
    """Return whether a value can be a time-out."""
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return is_number and 0 < seconds <= MAX_TIMEOUT


def _timeout(scope: Scope, node: Node, what: str) -> Value:
    value: Value = VALUE.read(scope, node, what)
    if isinstance(value, Literal) and not is_timeout(value.value):
        raise scope.document.error(node, TIMEOUT_DUE)
    return value


def _days(scope: Scope, node: Node, _what: str) -> int:
    days = scope.document.scalar(node)
    if not isinstance(days, int) or isinstance(days, bool) or days < 1:
        raise scope.document.error(node, "expected an integer >= 1, a number of days")
    return days


def _get(at: Position) -> Value:
    return Literal("GET", at)


# an expression is text for an editor
_DAYS_SCHEMA: dict[str, Any] = {"anyOf": [{"type": "integer", "minimum": 1}, TEXT.schema]}
_TIMEOUT = Leaf(_timeout, {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, TEXT.schema]})
_BODY_IS_JSON = Leaf(lambda _scope, node, _what: node.tag == JSON)


TEMPLATE_VALUES = Leaf(lambda *_: {}, map_of({}))


def _named(scope: Scope, keys: Keys, values: dict[str, Any]) -> Scope:
    """Read template values, each of which may use those before it; return a scope with them."""
    node = keys.nodes.get("template_values")
    named: dict[str, Value] = {}
    values["template_values"] = named
    with keys.found:
        what = "template_values"
        for entry in scope.document.entries(node, what, keys.found) if node else ():
            with keys.found:
                named[entry.key] = VALUE.read(scope, entry.value, entry.key)
            # a wrong one is no unknown name
            scope = scope.with_names(entry.key)
    return scope


class Pagination(Construct, name="pagination"):
    """How further pages are requested."""

    condition: Value = key(VALUE, "true while there is another page", required=True)
    params: Value = key(PARAMS, "query parameters of the next page", required=True)
    template_values: Mapping[str, Value] = key(TEMPLATE_VALUES, "names for condition and params")

    @classmethod
    def opened(cls, scope: Scope, keys: Keys, values: dict[str, Any]) -> Scope:
        """Return a scope with the names of a pagination, and those that it defines."""
        return _named(scope.with_names(*PAGINATION_NAMES), keys, values)


class LoginRequest(Construct, name="login request", guess="H1"):
    """The request whose response has a token."""

    url: Value = key(VALUE, "address", required=True)
    method: str = key(TEXT, "POST when absent", default="POST")
    headers: Value | None = key(PARAMS, "request headers")
    body: Value | None = key(VALUE, "request body")
    json_body: bool = key(_BODY_IS_JSON, "", default=False, name="body")


class Auth(Construct, name="auth", guess="H1"):
    """Token login: the request that is answered with a token, and the header that carries it."""

    position: Position
    request: LoginRequest = key(of(LoginRequest), "the request that gets a token", required=True)
    filters: Pipeline = key(within(PIPELINE, "value"), "response to token", required=True)
    header: str = key(TEXT, "header that carries the token", required=True)
    value: Value = key(within(VALUE, TOKEN_NAME), "text of that header", required=True)


class Window(Construct, name="window", guess="H6", uploaded=False):
    """The windows of a source, and how far back a server may have one that it refused."""

    days: Value = key(Leaf(VALUE.read, _DAYS_SCHEMA), "longest window, in days", required=True)
    not_before: Value | None = key(VALUE, "epoch at which the case that calls began")
    look_back: tuple[int, ...] = key(
        ListOf(Leaf(_days, _DAYS_SCHEMA)),
        "days before now; a refused window is requested again from there",
        default=(),
    )


class HttpSource(Construct, name="http"):
    """Where the data of a feed comes from."""

    position: Position
    url: Value = key(VALUE, "address", required=True)
    method: Value = key(VALUE, "GET when absent", default=_get)
    params: Value | None = key(PARAMS, "query parameters")
    headers: Value | None = key(PARAMS, "request headers")
    body: Value | None = key(VALUE, "request body; !json for a JSON body")
    json_body: bool = key(_BODY_IS_JSON, "", default=False, name="body")
    response_content_type: str | None = key(TEXT, "content type that is requested")
    verify_host_ssl: Value | None = key(VALUE, "whether the certificate is checked")
    disable_proxies: Value | None = key(VALUE, "whether configured proxies are ignored")
    pagination: Pagination | None = key(of(Pagination), "further pages", meaning="H15")
    timeout: Value | None = key(_TIMEOUT, "seconds to wait; not every ThreatQ has it")
    auth: Auth | None = key(of(Auth), "token login", "H1", own=True)
    window: Window | None = key(of(Window), "length of the windows of a run", "H6", uploaded=False)
    fallback_url: Value | None = key(VALUE, "address to try once after a 404", "H8", uploaded=False)


class Source(Construct, name="source"):
    """The source of a feed."""

    http: HttpSource = key(of(HttpSource), "an HTTP request", required=True)


# --- feeds ---------------------------------------------------------------------------------------


def _rule(scope: Scope, node: Node, what: str) -> str:
    rule = scope.document.text(node, what)
    if rule != RULE_UPDATE:
        raise scope.document.error(node, f"unknown rule {rule!r}", f"{RULE_UPDATE} is known")
    return rule


_RULE = Leaf(_rule, {"enum": [RULE_UPDATE]})


class AttributeRule(Construct, name="attribute rule"):
    """How reported values of one attribute meet stored ones."""

    name: str = key(TEXT, "name of the attribute", required=True)
    rule: str = key(_RULE, "update: the value is replaced", required=True)


class IngestRules(Construct, name="ingest rules"):
    """How reported values meet stored ones."""

    attributes: tuple[AttributeRule, ...] = key(
        ListOf(of(AttributeRule)), "rules for attributes", required=True
    )


def _updatable(rules: IngestRules) -> frozenset[str]:
    return frozenset(rule.name for rule in rules.attributes)


def _http(source: Source) -> HttpSource:
    return source.http


class Feed(Construct, name="feed"):
    """One feed of a definition; `updatable` are the attributes whose value is replaced."""

    name: str
    position: Position
    feed_type: str = key(
        FEED_TYPE, ", ".join(FEED_TYPES), "H4", default=PRIMARY, name=TYPE, own=True
    )
    category: str | None = key(TEXT, "section of the integrations page")
    namespace: str | None = key(TEXT, "unique name of the feed in the platform")
    default_indicator_status: str | None = key(TEXT, "status of indicators that the feed creates")
    timestamp_format: str = key(
        TEXT, "form of since and until", default=DEFAULT_TIMESTAMP_FORMAT, meaning="D3"
    )
    user_fields: tuple[UserField, ...] = key(USER_FIELDS, "the configuration form", default=())
    updatable: frozenset[str] = key(
        within(of(IngestRules), made_of=_updatable),
        "how reported values meet stored ones",
        default=frozenset(),
        name="ingest_rules",
    )
    source: HttpSource | None = key(within(of(Source), made_of=_http), "where the data comes from")
    filters: Pipeline = key(within(PIPELINE, "value"), "the pipeline over the data", default=())
    report: Report | None = key(within(REPORT, "data"), "which objects the data becomes")

    @classmethod
    def opened(cls, scope: Scope, keys: Keys, _values: dict[str, Any]) -> Scope:
        """Return a scope with `run_params` where other feeds call this one."""
        return scope if _type(scope, keys) == PRIMARY else scope.with_names(RUN_PARAMS)

    @classmethod
    def settle(cls, scope: Scope, keys: Keys, values: dict[str, Any]) -> None:
        """Refuse a feed that gets no data, and a `track` where no case can begin."""
        kind, filters = _type(scope, keys), values["filters"]
        if "source" not in keys.nodes and kind in (PRIMARY, SUPPLEMENTAL):
            message = "this feed lacks a source"
            keys.found.add(scope.document.finding(values["position"], message))
        tracks = [one for one in nested(filters) if isinstance(one, Track)]
        at_top = [one for one in filters if isinstance(one, Track)]
        if len(tracks) > 1 or tracks != at_top or (tracks and kind in CALLED):
            raise scope.document.error(
                tracks[-1].position,
                "track is allowed once, at the top level of the filters of a primary feed",
            )

    @property
    def primary(self) -> bool:
        """Whether the feed can be configured and run."""
        return self.feed_type == PRIMARY

    @cached_property
    def emits_list(self) -> bool:
        """Whether the feed gives its caller a list: when it iterates, or requests several times."""
        source = self.source
        several = source is not None and (source.pagination or source.window)
        return bool(several) or iterates(self.filters)

    @cached_property
    def calls(self) -> tuple[Supplemental, ...]:
        """The calls of other feeds in its pipeline, however deep; found once, as each run asks."""
        return tuple(one for one in nested(self.filters) if isinstance(one, Supplemental))


def _type(scope: Scope, keys: Keys) -> str | None:
    """Return the type of a feed; null where it is wrong, which is found when it is read."""
    with Findings():
        return feed_type(scope.document, keys.nodes.get(TYPE))
    return None


class _Feeds(Kind):
    """The feeds by name, and what they call."""

    schema = map_of(of(Feed).schema)

    def read(self, scope: Scope, node: Node, what: str) -> Mapping[str, Feed]:
        """Return the feeds in file order."""
        document, found, feeds = scope.document, Findings(), {}
        entries = document.entries(node, what, found)
        calls: list[tuple[str, Call]] = []
        for entry in entries:
            own = replace(scope, calls=[])
            given: dict[str, Any] = {"position": document.position(entry.key_node)}
            with found:
                feeds[entry.key] = read(Feed, own, entry.value, name=entry.key, **given)
            calls += [(entry.key, call) for call in own.calls]
        names = {entry.key for entry in entries}
        for _, call in calls:
            if message := _misdirected(feeds, names, call):
                hint = None if call.name in names else did_you_mean(call.name, names)
                found.add(document.finding(call.node, message, hint, Code.NO_SUCH_TARGET))
        for caller, call in calls if not found else ():
            if caller in _reached(calls, call.name):
                message = f"the feed {caller!r} calls itself by way of this"
                found.add(document.finding(call.node, message, code=Code.NO_SUCH_TARGET))
        found.check()
        return feeds

    def _places(self, node: Node, seen: set[tuple[int, int]]) -> Iterator[Place]:
        for _, (_, feed) in pairs(node):
            yield from of(Feed).places(feed, seen)


def _misdirected(feeds: Mapping[str, Feed], names: set[str], call: Call) -> str | None:
    """Return what is wrong with a call, by the names of all feeds and the feeds that are sound."""
    feed = feeds.get(call.name)
    if call.name not in names:
        return f"there is no feed {call.name!r}"
    if feed is not None and feed.feed_type != call.kind:
        return f"{call.name!r} is a {feed.feed_type} feed, expected a {call.kind} one"
    return None


def _reached(calls: list[tuple[str, Call]], name: str) -> set[str]:
    """Return a feed and those that it calls, directly or not."""
    reached, waiting = set(), [name]
    while waiting:
        called = waiting.pop()
        if called not in reached:
            reached.add(called)
            waiting += [call.name for caller, call in calls if caller == called]
    return reached


class Definition(Construct, name="definition"):
    """One definition file."""

    path: Path
    version: str = key(TEXT, "version of the integration, as text", required=True)
    required_threatq_version: str = key(TEXT, "oldest ThreatQ that runs it", required=True)
    template_values: Mapping[str, Value] = key(
        TEMPLATE_VALUES, "names and values; each becomes a name of expressions"
    )
    anchors: None = key(
        Leaf(lambda *_: None, ListOf(ANYTHING).schema),
        "fragments to refer to; ignored by the engine",
        name="_anchors",
    )
    feeds: Mapping[str, Feed] = key(_Feeds(), "feed name to feed", required=True)

    @classmethod
    def opened(cls, scope: Scope, keys: Keys, values: dict[str, Any]) -> Scope:
        """Return a scope with the template values as names."""
        return _named(scope, keys, values)

    @property
    def primary_feeds(self) -> list[Feed]:
        """The feeds that an administrator can install, in file order."""
        return [feed for feed in self.feeds.values() if feed.primary]
