"""Rules about what feeds use: their fields, template values, requests, and the feeds they call."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from jinja2 import TemplateSyntaxError, nodes

from izoologic_cdf.language.expressions import Missing, environment_of, parse_expression
from izoologic_cdf.language.model import PAGINATION_NAMES
from izoologic_cdf.language.nodes import (
    EXPR,
    TAGS,
    Entry,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
)
from izoologic_cdf.language.positions import did_you_mean
from izoologic_cdf.lint.outline import YAML, Site, names_read, walk, word
from izoologic_cdf.lint.rules import Found, Subject, rule

# what follows a ? or & and ends in an =
_PARAMETER = re.compile(r"[?&]([^\s?&=#/'\"{}]+)=")
# what bounds the list that a called feed requests: one item of its caller, or a range
_BOUNDS = {"run_params", "run_meta"}


@rule(
    "CDF104",
    "A user field that an expression reads is declared: by the feed itself, or, for a supplemental "
    "or fulfillment feed, by a primary feed that reaches it.",
    "A field that the form does not have is always null, whatever the administrator enters.",
    """
    user_fields:
      - {name: page_size, label: Page Size, default: "100"}
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since, limit: !expr user_fields.pagesize | int}
    filters:
      - drop: !expr user_fields.page_size | int == 0
    """,
    ("pagesize", "page_size"),
    ("filters:\n  - drop: !expr user_fields.page_size | int == 0", ""),
)
def user_field_declared(subject: Subject) -> Found:
    everything = {field.name for feed in subject.feeds.values() for field in feed.fields}
    checked = [(sites, everything) for sites in subject.template_values.values()]
    for feed in subject.feeds.values():
        callers = [one for one in subject.primary_feeds if feed in subject.reached(one)]
        declared = {field.name for one in (feed, *callers) for field in one.fields}
        checked.append((subject.part(feed), declared if callers else everything))
    for sites, declared in checked:
        for site in sites:
            for read in site.code.reads:
                if read.root == "user_fields" and read.path and read.path[0] not in declared:
                    yield (
                        subject.position(site, read, 1),
                        f"there is no user field {read.path[0]!r}",
                        did_you_mean(read.path[0], declared) or "declare it under user_fields",
                    )


@rule(
    "CDF105",
    "A user field that is declared is read by its feed, by a feed that it calls, or by a template "
    "value.",
    "An administrator sets a switch that does nothing, and looks for the fault elsewhere.",
    """
    user_fields:
      - {name: page_size, label: Page Size, default: "100"}
    """,
    good="""
    user_fields:
      - {name: page_size, label: Page Size, default: "100"}
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since, limit: !expr user_fields.page_size | int}
    """,
)
def user_field_used(subject: Subject) -> Found:
    for feed in subject.feeds.values():
        sites = [site for reached in subject.reached(feed) for site in subject.part(reached)]
        sites += [site for found in subject.template_values.values() for site in found]
        reads = [read for site in sites for read in site.code.reads if read.root == "user_fields"]
        if any(not read.path for read in reads):
            continue  # read as a whole
        used = {read.path[0] for read in reads}
        for field in feed.fields:
            if field.name not in used:
                yield (
                    field.name_node,
                    f"the user field {field.name!r} is declared and never used",
                    f"read it as user_fields.{field.name}, or remove it",
                )


@rule(
    "CDF109",
    "The source of a primary feed reads `run_meta`, itself or by a template value.",
    "The platform offers a manual run only for such a feed; and a feed that requests everything "
    "every time gets slower with every day.",
    """
    source:
      http:
        url: https://api.example.com/cases
    """,
    ("/cases", "/cases\n    params: {since: !expr run_meta.since}"),
)
def range_is_asked(subject: Subject) -> Found:
    for feed in subject.primary_feeds:
        sites = subject.part(feed, "source")
        if "source" in feed.keys and "run_meta" not in names_read(sites, subject.template_values):
            yield (
                feed.key_node,
                f"the source of {feed.name!r} does not use run_meta, so no manual run is offered",
                "request run_meta.since (and run_meta.until where the API takes it)",
            )


@rule(
    "CDF110",
    "A supplemental or fulfillment feed is called by a primary feed, or by one that is.",
    "Such a feed is never offered for installation, so nothing else runs it.",
    """
    feeds:
      Example Cases:
        $feed
        $source
        filters:
          - parse-json
        report: {incident-sets: {cases: {items: [{value: !expr data.details.name}]}}}
      Get Case:
        feed_type: supplemental
        source: {http: {url: !tmpl "https://api.example.com/cases/{{ run_params.id }}"}}
        filters: [parse-json]
    """,
    (
        "- parse-json\n",
        (
            "- parse-json\n"
            "      - supplemental: {feed: Get Case, params: {id: !expr value.id}, into: details}\n"
        ),
    ),
)
def feed_is_called(subject: Subject) -> Found:
    reached = {feed.name for primary in subject.primary_feeds for feed in subject.reached(primary)}
    for feed in subject.feeds.values():
        if feed.name not in reached:
            yield (
                feed.key_node,
                f"no primary feed calls {feed.name!r}",
                "call it from a pipeline or a report, or remove it",
            )


@rule(
    "CDF111",
    "A template value of the file is named by an expression of a feed, one of a pagination by its "
    "condition or its params; also by way of other template values that are used.",
    "A value that nothing reads is a remnant, or the other half of a mistyped name; whoever "
    "corrects it on the platform changes nothing.",
    """
    template_values:
      page_size: 100
    feeds:
      Example Cases:
        $feed
        $source
    """,
    ("since}", "since, limit: !expr page_size}"),
)
def template_value_used(subject: Subject) -> Found:
    everywhere = [site for feed in subject.feeds.values() for site in subject.part(feed)]
    places: list[tuple[dict[str, Entry], list[Site]]] = [(subject.keys, everywhere)]
    for feed in subject.feeds.values():
        paging = subject.under(subject.http(feed), "pagination")
        readers = [paging[key].value for key in ("condition", "params") if key in paging]
        places.append((paging, subject.sites(*readers)))
    for keys, sites in places:
        used = names_read(sites, subject.values(keys))
        for name, entry in subject.under(keys, "template_values").items():
            if name not in used:
                yield (
                    entry.key_node,
                    f"the template value {name!r} is never used",
                    "remove it, or name it in an expression",
                )


@rule(
    "CDF112",
    "A parameter that is part of the address of a source is not repeated in its `params`, or in "
    "those of its pagination.",
    "Both are sent. Some servers take the first, some the last, some a list: a page number that is "
    "in both gives the same page forever.",
    """
    source:
      http:
        url: https://api.example.com/cases?limit=100
        params: {since: !expr run_meta.since, limit: 50}
    """,
    ("?limit=100", ""),
)
def parameter_once(subject: Subject) -> Found:
    for feed in subject.feeds.values():
        http = subject.http(feed)
        addresses = [http[key].value for key in ("url", "fallback_url") if key in http]
        texts = [text for node in addresses for text in _texts(subject, node)]
        given = {unquote(name) for text in texts for name in _PARAMETER.findall(text)}
        for keys in (http, subject.under(http, "pagination")):
            for name, entry in subject.under(keys, "params").items():
                if name in given:
                    yield (
                        entry.key_node,
                        f"the parameter {name!r} is in the address of {feed.name!r} as well",
                        "keep it in params, and remove it from the address",
                    )


def _texts(subject: Subject, node: Node) -> Iterator[str]:
    """Yield the text of an address, and of the template values that it is put together from."""
    values = subject.under(subject.keys, "template_values")
    names = names_read(subject.sites(node), subject.template_values)
    for part in [node, *(values[name].value for name in names & values.keys())]:
        if isinstance(part, ScalarNode):
            yield str(part.value)


@rule(
    "CDF113",
    "The list that an `iterate` goes through has a visible end: the condition of a pagination "
    "reads what changes from page to page, and the source of a called feed that iterates uses "
    "something of its caller (`run_params`) or a range (`run_meta`).",
    "A condition that is always true requests pages until the platform ends the run. A called feed "
    "that lists everything does so once for each item of its caller: a thousand items of a "
    "thousand rows each are a million. A primary feed without a range is CDF109; an `iterate` over "
    "a list inside of an item is bounded by that list.",
    """
    $source
        pagination:
          condition: true
          params: {page: !expr page_count}
    filters:
      - parse-json
      - iterate
    """,
    ("true", "!expr prev_response_data and prev_response_data | length == 100"),
)
def iterate_bounded(subject: Subject) -> Found:
    for feed in subject.feeds.values():
        yield from _pages(subject, subject.under(subject.http(feed), "pagination"))
        if "source" not in feed.keys or "filters" not in feed.keys or feed.primary:
            continue
        if _BOUNDS & names_read(subject.part(feed, "source"), subject.template_values):
            continue
        iterates = [one for one in walk(feed.keys["filters"].value) if word(one) == "iterate"]
        for node in iterates[:1]:
            yield (
                node,
                f"nothing bounds this: every call of {feed.name!r} requests the same whole list",
                "let the source use run_params (one item) or run_meta (a range)",
            )


def _pages(subject: Subject, paging: dict[str, Entry]) -> Found:
    if "condition" not in paging:
        return
    node = paging["condition"].value
    if node.tag not in TAGS and isinstance(node, ScalarNode) and not subject.document.scalar(node):
        return  # never true: there is one page
    if not names_read(subject.sites(node), subject.values(paging)) & set(PAGINATION_NAMES):
        yield (
            node,
            "this condition reads nothing that changes from page to page, so the pages never end",
            f"let it read one of {', '.join(PAGINATION_NAMES)}",
        )


@rule(
    "CDF114",
    "`params`, of a request and of its pagination, is a mapping, or an expression that gives one.",
    "Text is a mistake that public definitions have made: what the platform does with it is "
    "unknown (here it is read as a query string), nothing escapes its values, and a pagination "
    "cannot replace one of its parameters.",
    """
    source:
      http:
        url: https://api.example.com/cases
        params: !tmpl "since={{ run_meta.since }}&limit=100"
    """,
    ('!tmpl "since={{ run_meta.since }}&limit=100"', "{since: !expr run_meta.since, limit: 100}"),
)
def params_are_mapping(subject: Subject) -> Found:
    for feed in subject.feeds.values():
        http = subject.http(feed)
        for keys in (http, subject.under(http, "pagination")):
            if "params" in keys and (found := _instead_of_mapping(keys["params"].value)):
                yield (
                    keys["params"].value,
                    f"params is a mapping of parameters, this is {found}",
                    "write `params: {name: value}`, a key for each parameter",
                )


def _instead_of_mapping(node: Node) -> str | None:
    """Return what a node is instead of a mapping; null where it is one, or can be one."""
    if isinstance(node, MappingNode) or node.tag == f"{YAML}null":
        return None
    if isinstance(node, SequenceNode):
        return "a list"
    if node.tag != EXPR:
        return "text"
    try:
        tree = parse_expression(environment_of(Missing.NULL), str(node.value))
    except TemplateSyntaxError:
        return None  # the loader reports it
    is_text = isinstance(tree, nodes.Concat) or (
        isinstance(tree, nodes.Const) and isinstance(tree.value, str)
    )
    return "text" if is_text else None
