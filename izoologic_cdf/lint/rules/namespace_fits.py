"""CDF203: every primary feed has a namespace of its own that is close to its name."""

import re
from collections.abc import Iterator

from izoologic_cdf.language.nodes import ScalarNode
from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.outline import FeedOutline, word
from izoologic_cdf.lint.rule import Rule, Subject

_FORM = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+){2,}")


def check(subject: Subject) -> Iterator[Finding]:
    """Find namespaces that are missing, of another form, taken, or far from the feed's name."""
    seen: dict[str, FeedOutline] = {}
    for feed in subject.feeds.values():
        entry = feed.keys.get("namespace")
        if entry is None:
            if feed.primary:
                yield subject.document.finding(
                    feed.key_node,
                    f"the feed {feed.name!r} has no namespace",
                    "add one such as threatq.feeds.<vendor>.<feed>",
                )
            continue
        namespace = word(entry.value)
        if namespace is None or not isinstance(entry.value, ScalarNode):
            continue
        first = seen.setdefault(namespace, feed)
        problem = None
        if first is not feed:
            problem = f"is the one of {first.name!r} as well"
        elif not _FORM.fullmatch(namespace):
            problem = "is not of the form threatq.feeds.<vendor>.<feed>, in small letters"
        elif not _close(namespace, feed.name):
            problem = f"does not resemble the name of the feed, {feed.name!r}"
        if problem:
            yield subject.document.finding(
                entry.value,
                f"the namespace {namespace!r} {problem}",
                "name the feed in the last part of its namespace",
            )


def _close(namespace: str, name: str) -> bool:
    """Tell whether at least half of the words of the last part occur in the feed's name."""
    letters = re.sub(r"[^a-z0-9]", "", name.lower())
    words = [part for part in namespace.rpartition(".")[2].split("_") if part]
    return 2 * sum(part in letters for part in words) >= len(words)


RULE = Rule(
    code="CDF203",
    name="namespace-fits",
    what="Every primary feed has a namespace; it is of the form threatq.feeds.<vendor>.<feed>, no "
    "other feed of the file has it, and at least half of the words of its last part occur in the "
    "feed's name.",
    why="The platform knows a feed by its namespace: one that was copied from another feed makes "
    "the two replace each other. Reviewers ask for one that is close to the name.",
    bad="""
    namespace: threatq.feeds.example.malware_hashes
    """,
    good="""
    namespace: threatq.feeds.example.example_cases
    """,
    check=check,
)
