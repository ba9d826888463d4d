"""What stands behind the names of a mapping: requests, values that are worked out, filters."""

import re
from collections.abc import Iterator

from izoologic_cdf.content import folder
from izoologic_cdf.documents.markdown import code, table
from izoologic_cdf.documents.source import FEEDS, FeedSource, Source, source
from izoologic_cdf.language.nodes import MappingNode, Node
from izoologic_cdf.language.pyfilters import PythonFilters

_WORDS = re.compile(r"\w+")


def requests(feed: str) -> str:
    """Return the feeds of a definition, what each is, and what it asks the API."""
    read = source(feed)
    return table(("Feed", "Kind", "Request", "Sends"), (_request(read, one) for one in read.feeds))


def derived(feed: str) -> str:
    """Return the values of a mapping that no field of the API holds as such.

    Only what the report needs, by way of other values too; each with the steps that make it.
    """
    read = source(feed)
    steps = [(one.name, *step) for one in read.feeds for step in _steps(read, one.keys["filters"])]
    wanted = set(_WORDS.findall(read.text(read.primary.keys["report"])))
    for word, argument in read.steps(read.primary.keys["filters"]):
        # a filter that makes the objects of a list reads the values that it makes them of
        lists = read.mapping(argument).values() if word == "filter-mapping" and argument else ()
        for inner, python in (step for one in lists for step in read.steps(one)):
            if inner == "python" and python is not None:
                wanted |= set(_WORDS.findall(read.text(read.native(python))))
    while True:
        needed = [text for _, name, text in steps if name in wanted]
        more = wanted | {word for text in needed for word in _WORDS.findall(text)}
        if more == wanted:
            break
        wanted = more
    rows: dict[tuple[str, str], list[str]] = {}
    for where, name, text in steps:
        if name in wanted:
            rows.setdefault((where, name), []).append(text)
    return table(
        ("Value", "Made in", "Steps"),
        ((code(name), where, "; then ".join(texts)) for (where, name), texts in rows.items()),
    )


def python_filters() -> str:
    """Return every Python filter: its name, what it does, which feeds use it."""
    python = PythonFilters(folder("filters"))
    used = {feed: set(_python_in(source(feed))) for feed in FEEDS}
    rows = (
        (code(name), python.summary(name), ", ".join(f for f in FEEDS if name in used[f]))
        for name in python.known()
    )
    return table(("Filter", "What it does", "Used by"), rows)


def _request(read: Source, feed: FeedSource) -> tuple[str, str, str, str]:
    if "source" not in feed.keys:
        return feed.name, feed.kind, "", ""
    http = read.mapping(read.mapping(feed.keys["source"])["http"])
    method = read.text(http["method"]) if "method" in http else "GET"
    sent = http.get("params") or http.get("body")
    names = [] if sent is None else [code(name) for name in read.mapping(sent)]
    return feed.name, feed.kind, code(f"{method} {read.path(feed, http['url'])}"), ", ".join(names)


def _steps(read: Source, pipeline: Node) -> Iterator[tuple[str, str]]:
    """Yield (key, step in Markdown) of what a pipeline puts under keys, in order."""
    for word, argument in read.steps(pipeline):
        if word in ("set", "new", "item") and isinstance(argument, MappingNode):
            for key, value in read.mapping(argument).items():
                yield key, code(read.text(value))
        elif word == "filter-mapping" and argument is not None:
            for key, inner in read.mapping(argument).items():
                yield key, ", ".join(_named(read, inner))
                yield from _steps(read, inner)
        elif word == "each" and argument is not None:
            yield from _steps(read, argument)
        elif word == "supplemental" and argument is not None:
            keys = read.mapping(argument)
            yield read.text(keys["into"]), f"feed {read.text(keys['feed'])}"


def _named(read: Source, pipeline: Node) -> Iterator[str]:
    for word, argument in read.steps(pipeline):
        if word == "python" and argument is not None:
            yield code(read.text(argument))
        elif word == "each":
            yield "each"
        elif argument is None or word == "drop":
            yield code(word)
        else:
            yield code(read.text(argument))


def _python_in(read: Source) -> Iterator[str]:
    names = set(PythonFilters(folder("filters")).known())
    text = " ".join(read.text(node) for feed in read.feeds for node in feed.keys.values())
    yield from (name for name in names if re.search(rf"python: {re.escape(name)}\b", text))
