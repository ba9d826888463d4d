"""CDF107: a merged mapping is not silently replaced by a local one."""

from collections.abc import Iterator

from izoologic_cdf.language.nodes import Entry, MappingNode, SequenceNode
from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.node_equality import MERGE
from izoologic_cdf.lint.outline import walk
from izoologic_cdf.lint.rule import Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find local mappings that lose keys of the merged mapping under the same key."""
    for node in walk(subject.document.root):
        if isinstance(node, MappingNode):
            merged = _merged(subject, node)
            for key, value in node.value:
                entry = merged.get(str(key.value)) if key.tag != MERGE else None
                if entry and isinstance(value, MappingNode):
                    lost = sorted(subject.mapping(entry.value).keys() - subject.mapping(value))
                    if lost:
                        yield subject.document.finding(
                            key,
                            f"this {key.value!r} replaces the merged one of line "
                            f"{entry.key_node.start_mark.line + 1} whole: {', '.join(lost)} "
                            f"{'is' if len(lost) == 1 else 'are'} lost",
                            "give the merged mapping an anchor and merge it in here with <<",
                        )


def _merged(subject: Subject, mapping: MappingNode) -> dict[str, Entry]:
    """Return what a mapping gets by merging, as far as that is mappings."""
    merged: dict[str, Entry] = {}
    for key, value in mapping.value:
        if key.tag == MERGE:
            sources = value.value if isinstance(value, SequenceNode) else [value]
            for source in sources:
                merged |= subject.mapping(source)
    return {key: entry for key, entry in merged.items() if isinstance(entry.value, MappingNode)}


RULE = Rule(
    code="CDF107",
    name="merge-is-kept",
    what="A mapping that is written out beside a `<<` does not drop keys of the merged mapping "
    "under the same key.",
    why="`<<` merges one level deep: `params` beside it replaces all merged `params` instead of "
    "adding to them, and the request silently loses the others.",
    bad="""
    _anchors:
      - &request
        params: {since: !expr run_meta.since, limit: 100}
    feeds:
      Example Cases:
        category: Commercial
        namespace: threatq.feeds.example.example_cases
        default_indicator_status: Active
        source:
          http:
            <<: *request
            url: https://api.example.com/cases
            params: {type: phishing, since: !expr run_meta.since}
    """,
    good="""
    _anchors:
      - &request
        params: &range {since: !expr run_meta.since, limit: 100}
    feeds:
      Example Cases:
        category: Commercial
        namespace: threatq.feeds.example.example_cases
        default_indicator_status: Active
        source:
          http:
            <<: *request
            url: https://api.example.com/cases
            params: {<<: *range, type: phishing}
    """,
    check=check,
)
