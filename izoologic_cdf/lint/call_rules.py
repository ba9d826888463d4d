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
from izoologic_cdf.language.steps import RUN_PARAMS
from izoologic_cdf.lint.outline import YAML, Site, names_read, walk, word
from izoologic_cdf.lint.rules import Found, Subject, rule

# what follows a ? or & and ends in an =
_PARAMETER = re.compile(r"[?&]([^\s?&=#/'\"{}]+)=")
# what bounds the list that a called feed requests: one item of its caller, or a range
_BOUNDS = {RUN_PARAMS, "run_meta"}


@rule("CDF104")
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


@rule("CDF105")
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


@rule("CDF109")
def range_is_asked(subject: Subject) -> Found:
    for feed in subject.primary_feeds:
        sites = subject.part(feed, "source")
        if "source" in feed.keys and "run_meta" not in names_read(sites, subject.template_values):
            yield (
                feed.key_node,
                f"the source of {feed.name!r} does not use run_meta, so no manual run is offered",
                "request run_meta.since (and run_meta.until where the API takes it)",
            )


@rule("CDF110")
def feed_is_called(subject: Subject) -> Found:
    reached = {feed.name for primary in subject.primary_feeds for feed in subject.reached(primary)}
    for feed in subject.feeds.values():
        if feed.name not in reached:
            yield (
                feed.key_node,
                f"no primary feed calls {feed.name!r}",
                "call it from a pipeline or a report, or remove it",
            )


@rule("CDF111")
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


@rule("CDF112")
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


@rule("CDF113")
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


@rule("CDF114")
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
