"""Rules about keys: who makes and reads them, and what YAML makes of them and of their values."""

import json
from collections.abc import Iterator

from izoologic_cdf.language.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode, read_as
from izoologic_cdf.language.positions import did_you_mean
from izoologic_cdf.language.reports import ReportedItem
from izoologic_cdf.language.schema import CONSTRUCTS, Schema, declared, of
from izoologic_cdf.lint.outline import MERGE, YAML, Trees, walk
from izoologic_cdf.lint.rules import Found, Subject, rule


@rule("CDF101")
def set_reads_before_block(subject: Subject) -> Found:
    for misread in subject.flow.same_block:
        yield (
            subject.position(misread.site, misread.read, 1),
            (
                f"{misread.read.path[0]!r} is made in this set block, at line {misread.line}, and "
                "cannot be read in it"
            ),
            "make it in a set block of its own before this one",
        )


@rule("CDF102")
def read_after_set(subject: Subject) -> Found:
    for misread in subject.flow.too_early:
        yield (
            subject.position(misread.site, misread.read, 1),
            f"{misread.read.path[0]!r} is read here, and set only later, at line {misread.line}",
            "set it before it is read",
        )
    for misread in subject.flow.absent:
        about = _never_set(misread.read.path[0], misread.known)
        yield subject.position(misread.site, misread.read, 1), *about
    for node, key, known in subject.flow.absent_gets:
        yield node, *_never_set(key, known)


def _never_set(key: str, known: frozenset[str]) -> tuple[str, str | None]:
    return f"{key!r} is read here, and no step before has set it", did_you_mean(key, known)


@rule("CDF103")
def set_is_read(subject: Subject) -> Found:
    for made in subject.flow.unread:
        message = f"{made.value!r} is made here and never read"
        yield made, message, "remove it, or read it in the report"


@rule("CDF106")
def merges_agree(subject: Subject) -> Found:
    trees = Trees()
    for mapping in _mappings(subject):
        own = {str(key.value) for key, _ in mapping.value if key.tag != MERGE}
        merged: dict[str, Entry] = {}
        for at, source in _merged_into(mapping):
            for key, entry in subject.mapping(source).items():
                first = merged.get(key)
                if first and key not in own and not trees.same(first.value, entry.value):
                    yield (
                        at,
                        (
                            f"two merges give {key!r} different values: "
                            f"line {first.key_node.start_mark.line + 1} and "
                            f"line {entry.key_node.start_mark.line + 1}"
                        ),
                        f"write {key!r} out in this mapping, or merge one of them",
                    )
                merged[key] = entry


@rule("CDF107")
def merge_is_kept(subject: Subject) -> Found:
    for mapping in _mappings(subject):
        merged: dict[str, Entry] = {}
        for _, source in _merged_into(mapping):
            merged |= subject.mapping(source)
        for key, value in mapping.value:
            entry = merged.get(str(key.value)) if key.tag != MERGE else None
            if entry and isinstance(value, MappingNode):
                lost = sorted(subject.mapping(entry.value).keys() - subject.mapping(value))
                if lost:
                    yield (
                        key,
                        (
                            f"this {key.value!r} replaces the merged one of line "
                            f"{entry.key_node.start_mark.line + 1} whole: {', '.join(lost)} "
                            f"{'is' if len(lost) == 1 else 'are'} lost"
                        ),
                        "give the merged mapping an anchor and merge it in here with <<",
                    )


def _mappings(subject: Subject) -> Iterator[MappingNode]:
    return (node for node in walk(subject.document.root) if isinstance(node, MappingNode))


def _merged_into(mapping: MappingNode) -> Iterator[tuple[Node, Node]]:
    """Yield every mapping that is merged, with the node to point at."""
    for key, value in mapping.value:
        if key.tag == MERGE:
            if isinstance(value, SequenceNode):
                yield from ((value, element) for element in value.value)
            else:
                yield key, value


@rule("CDF108")
def keys_distinct(subject: Subject) -> Found:
    for mapping in _mappings(subject):
        seen: dict[float | str, ScalarNode] = {}
        for key, _ in mapping.value:
            if not isinstance(key, ScalarNode) or key.tag == MERGE:
                continue
            first = seen.setdefault(_equal_to(key), key)
            if first.value != key.value:
                yield (
                    key,
                    (
                        f"the keys {first.value} and {key.value} become one: the first is at "
                        f"line {first.start_mark.line + 1}"
                    ),
                    "use keys that differ as text and as numbers",
                )


_BOOLEANS = {"true": 1.0, "yes": 1.0, "on": 1.0, "false": 0.0, "no": 0.0, "off": 0.0}


def _equal_to(key: ScalarNode) -> float | str:
    """Return what a key is equal to: a boolean equals its number, and its text names it."""
    text = str(key.value)
    lower = text.lower()
    if lower in _BOOLEANS and (key.tag == f"{YAML}bool" or lower in ("true", "false")):
        return _BOOLEANS[lower]
    try:
        # `01` is another name than `1`, so text has to look as a number is written
        number = float(text)
    except ValueError:
        return text
    plain = text == str(int(number)) if number.is_integer() else text == str(number)
    return number if plain or key.tag != f"{YAML}str" else text


def _is_text(schema: Schema) -> bool:
    """Return whether a value is text, or a list or mapping of texts."""
    inner = [schema[key] for key in ("items", "additionalProperties") if key in schema]
    return schema.get("type") == "string" or "enum" in schema or any(map(_is_text, inner))


# keys whose value is a name, or text for a person
_TEXTS = frozenset({"get", "python"}).union(
    *(
        [word for word, one in declared(made) if _is_text(one.metadata["kind"].schema)]
        for made in CONSTRUCTS.values()
    )
)
# keys whose value is true or false, in any spelling
_FLAGS = frozenset(
    {"boolean", "condition", "disable_proxies", "drop", "mask", "required", "verify_host_ssl"}
)
# keys below which each key is a name, and those below which everything is data
_NAMED = frozenset(
    {"feeds", "filter-mapping", "headers", "params", "related", "set", "template_values"}
)
_DATA = frozenset({"body", "headers", "item", "new", "params", "set", "template_values"}) | {
    of(ReportedItem).words.run_params
}
# other rules look at these
_VERSIONS = frozenset({"required_threatq_version", "version"})
# what YAML makes of a scalar without quotes, by its tag
_READ_AS = {
    "bool": "the boolean {}",
    "float": "the number {}",
    "int": "the number {}",
    "merge": "a merge key",
    "null": "null",
    "timestamp": "a date",
    "value": "a default key",
}
# nobody who writes these means the text
_MEANT = frozenset({"false", "null", "true", "~"})


@rule("CDF115")
def text_stays_text(subject: Subject) -> Found:
    # feeds first: they show what each place requires, which a fragment on its own does not
    entries = sorted(subject.keys.items(), key=lambda item: item[0] != "feeds")
    seen: set[int] = set()
    for key, entry in entries:
        yield from _misread_below(entry.value, key, seen)


def _misread_below(node: Node, key: str, seen: set[int], *, data: bool = False) -> Found:
    if id(node) in seen or key in _VERSIONS:
        return
    seen.add(id(node))
    if isinstance(node, ScalarNode) and (data or key not in _FLAGS):
        yield from _misread(node, is_text=key in _TEXTS and not data)
    elif isinstance(node, SequenceNode):
        for element in node.value:
            yield from _misread_below(element, key, seen, data=data)
    elif isinstance(node, MappingNode):
        named = not data and (key in _NAMED or key.endswith("-sets"))
        ticked = "boolean" in {str(name.value) for name, _ in node.value}
        for name, value in node.value:
            if isinstance(name, ScalarNode) and name.tag != MERGE:
                yield from _misread(name, is_text=named)
            inner = str(name.value)
            if inner == "default" and not data:
                inner = "boolean" if ticked else "label"
            yield from _misread_below(value, inner, seen, data=data or key in _DATA)


def _misread(node: ScalarNode, *, is_text: bool) -> Found:
    written, kind = str(node.value), node.tag.removeprefix(YAML)
    if kind not in _READ_AS or not written or node.style in ("'", '"', "|", ">"):
        return
    became = read_as(node)
    # a number in its usual spelling gives its text again, and true and null are meant
    if not is_text and (became == written or written.lower() in _MEANT):
        return
    help_ = f"write {json.dumps(written)} to have the text"
    if kind in ("bool", "int", "float") and became != written:
        help_ += f", {became} to have what YAML reads"
    yield node, f"YAML reads {written} as {_READ_AS[kind].format(became)}, not as text", help_
