"""A loaded definition: what the runtime executes. Nothing here runs anything."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from izoologic_cdf.errors import Position
from izoologic_cdf.language.fields import PRIMARY, UserField
from izoologic_cdf.language.pyfilters import PythonFilter
from izoologic_cdf.language.values import Value

# --- filters -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ParseJson:
    """Bytes or text to an object."""

    position: Position


@dataclass(frozen=True, slots=True)
class Get:
    """`value` becomes `value[key]`."""

    position: Position
    key: str


@dataclass(frozen=True, slots=True)
class Iterate:
    """Each element of the list goes on by itself."""

    position: Position


@dataclass(frozen=True, slots=True)
class Drop:
    """The item ends here when the condition is true."""

    position: Position
    condition: Value


@dataclass(frozen=True, slots=True)
class Set:
    """Sets keys; the right-hand sides see the value as it was before."""

    position: Position
    values: Value


@dataclass(frozen=True, slots=True)
class New:
    """`value` becomes something else."""

    position: Position
    value: Value


@dataclass(frozen=True, slots=True)
class If:
    """A sub-pipeline that runs when the condition is true."""

    position: Position
    condition: Value
    filters: "Pipeline"


@dataclass(frozen=True, slots=True)
class FilterMapping:
    """Applies a pipeline to `value[key]` in place, for each key."""

    position: Position
    pipelines: Mapping[str, "Pipeline"]


@dataclass(frozen=True, slots=True)
class Each:
    """A sub-pipeline on every element of a list; dropped elements vanish."""

    position: Position
    filters: "Pipeline"


@dataclass(frozen=True, slots=True)
class Python:
    """A Python filter."""

    position: Position
    name: str
    function: PythonFilter


@dataclass(frozen=True, slots=True)
class Supplemental:
    """Calls a supplemental feed and puts what it emits under a key."""

    position: Position
    feed: str
    params: Value | None
    into: str


@dataclass(frozen=True, slots=True)
class Warn:
    """A pipeline on the side that ends in what to say about the item: text, a list, or nothing."""

    position: Position
    filters: "Pipeline"


@dataclass(frozen=True, slots=True)
class Track:
    """From here on the item is a case: counted, named in errors, committed as one."""

    position: Position
    id: Value
    updated: Value | None


Filter = (
    ParseJson
    | Get
    | Iterate
    | Drop
    | Set
    | New
    | If
    | FilterMapping
    | Each
    | Python
    | Supplemental
    | Warn
    | Track
)
# `chain` only groups, so it is gone after loading
Pipeline = tuple[Filter, ...]


# --- source ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pagination:
    """How further pages are asked for."""

    condition: Value
    params: Value
    template_values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Auth:
    """Token login: the request that answers with a token, and the header that carries it."""

    position: Position
    url: Value
    method: str
    headers: Value | None
    body: Value | None
    json_body: bool
    filters: Pipeline
    header: str
    value: Value


@dataclass(frozen=True, slots=True)
class Window:
    """The windows of a source.

    The longest in days (a whole number from 1); from which epoch on they are needed; and, in days
    before now, from when on a server may still have a window that it refused.
    """

    days: Value
    not_before: Value | None
    look_back: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpSource:
    """Where the data of a feed comes from."""

    position: Position
    url: Value
    method: Value
    params: Value | None
    headers: Value | None
    body: Value | None
    json_body: bool
    response_content_type: str | None
    verify_host_ssl: Value | None
    disable_proxies: Value | None
    pagination: Pagination | None
    timeout: Value | None
    auth: Auth | None
    window: Window | None
    fallback_url: Value | None


# --- report ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ObjectSet:
    """Objects of one code that a data item becomes."""

    position: Position
    code: str
    name: str
    items: Value
    attribute_sets: tuple[str, ...] = ()
    tag_sets: tuple[str, ...] = ()
    related: tuple[tuple[str, str], ...] = ()
    fulfillment: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The objects, attributes and tags that a data item becomes."""

    object_sets: tuple[ObjectSet, ...] = ()
    attribute_sets: Mapping[str, Value] = field(default_factory=dict)
    tag_sets: Mapping[str, Value] = field(default_factory=dict)


# --- feeds -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed of a definition."""

    name: str
    position: Position
    feed_type: str
    category: str | None
    namespace: str | None
    default_indicator_status: str | None
    timestamp_format: str
    user_fields: tuple[UserField, ...]
    updatable: frozenset[str]
    source: HttpSource | None
    filters: Pipeline
    report: Report | None

    @property
    def primary(self) -> bool:
        """Whether the feed can be configured and run."""
        return self.feed_type == PRIMARY

    @property
    def emits_list(self) -> bool:
        """Whether the feed gives its caller a list: when it iterates, or asks more than once."""
        source = self.source
        several = source is not None and (source.pagination or source.window)
        return bool(several) or iterates(self.filters)


@dataclass(frozen=True, slots=True)
class Definition:
    """One definition file."""

    path: Path
    version: str
    required_threatq_version: str
    template_values: Mapping[str, Value]
    feeds: Mapping[str, Feed]

    @property
    def primary_feeds(self) -> list[Feed]:
        """The feeds that an administrator can install, in file order."""
        return [feed for feed in self.feeds.values() if feed.primary]


def calls(pipeline: Pipeline) -> Iterator[Supplemental]:
    """Yield the calls of other feeds in a pipeline, however deep."""
    for step in pipeline:
        if isinstance(step, Supplemental):
            yield step
        elif isinstance(step, If | Each | Warn):
            yield from calls(step.filters)
        elif isinstance(step, FilterMapping):
            for inner in step.pipelines.values():
                yield from calls(inner)


def iterates(pipeline: Pipeline) -> bool:
    """Tell whether a pipeline can turn one item into several."""
    return any(
        isinstance(step, Iterate) or (isinstance(step, If) and iterates(step.filters))
        for step in pipeline
    )
