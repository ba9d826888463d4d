"""Rules of the approval checklist, and of what not every version of ThreatQ supports."""

import re
from collections.abc import Iterator

from izoologic_cdf.language.checks import PYTHON_NOT_JINJA
from izoologic_cdf.language.nodes import Entry, MappingNode, Node, ScalarNode
from izoologic_cdf.language.positions import did_you_mean
from izoologic_cdf.language.sandbox import PYTHON_NAMES
from izoologic_cdf.lint.outline import FeedOutline, Trees, children, elements, text_of, walk, word
from izoologic_cdf.lint.rules import Found, Subject, rule

# only Commercial is attested; nobody here could confirm the names of the other sections
CATEGORIES = ("Commercial", "Labs", "OSINT", "STIX/TAXII")
# the statuses of an indicator that a platform comes with
STATUSES = ("Active", "Expired", "Indirect", "Review", "Whitelisted")
# smaller repetitions read better than an anchor
MIN_REPEATED = 6
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_BOUND = r"(>=|<=|==|~=|>|<)\s*\d+\.\d+(\.\d+)*"
_BOUNDS = re.compile(rf"\s*{_BOUND}(\s*,\s*{_BOUND})*\s*")
_NAMESPACE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+){2,}")
# threatq.feeds.<vendor>.<feed>
_MIN_PARTS = 4
_SECRETS = frozenset(
    {"apikey", "credential", "credentials", "key", "passphrase", "passwd", "password", "pwd"}
    | {"secret", "token"}
)
# what a field ends in that only says something about a secret
_ABOUT = frozenset(
    {"endpoint", "field", "header", "host", "hostname", "id", "lifetime", "location", "name"}
    | {"path", "timeout", "type", "uri", "url"}
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


@rule("CDF201")
def version_formed(subject: Subject) -> Found:
    text = text_of(subject.keys, "version")
    if text is not None and not _VERSION.fullmatch(text):
        message = f"the version {text!r} is not of the form 1.2.3"
        yield subject.keys["version"].value, message, "write three numbers"


@rule("CDF202")
def required_version_formed(subject: Subject) -> Found:
    text = text_of(subject.keys, "required_threatq_version")
    if text is not None and not _BOUNDS.fullmatch(text):
        yield (
            subject.keys["required_threatq_version"].value,
            f"the required version {text!r} is not of the form >=5.29.0",
            "write a comparison and a version, several with commas between them",
        )


@rule("CDF203")
def namespace_fits(subject: Subject) -> Found:
    seen: dict[str, FeedOutline] = {}
    for feed in subject.feeds.values():
        entry = feed.keys.get("namespace")
        if entry is None:
            if feed.primary:
                message = f"the feed {feed.name!r} has no namespace"
                yield feed.key_node, message, "add one such as threatq.feeds.<vendor>.<feed>"
            continue
        namespace = word(entry.value)
        if namespace is None:
            continue
        first = seen.setdefault(namespace, feed)
        problem = None
        if first is not feed:
            problem = f"is already that of {first.name!r}"
        elif not _NAMESPACE.fullmatch(namespace):
            problem = "is not of the form threatq.feeds.<vendor>.<feed>, in small letters"
        elif not _is_close(namespace, feed.name):
            problem = f"does not resemble the name of the feed, {feed.name!r}"
        if problem:
            message = f"the namespace {namespace!r} {problem}"
            yield entry.value, message, "name the feed in the last part of its namespace"


def _is_close(namespace: str, name: str) -> bool:
    """Return whether at least half of the words of the last part occur in the feed's name."""
    letters = re.sub(r"[^a-z0-9]", "", name.lower())
    words = [part for part in namespace.rpartition(".")[2].split("_") if part]
    return 2 * sum(part in letters for part in words) >= len(words)


@rule("CDF204")
def category_known(subject: Subject) -> Found:
    return _one_of(subject, "category", "category", CATEGORIES)


@rule("CDF205")
def status_known(subject: Subject) -> Found:
    return _one_of(subject, "default_indicator_status", "indicator status", STATUSES)


def _one_of(subject: Subject, key: str, name: str, known: tuple[str, ...]) -> Found:
    for feed in subject.primary_feeds:
        entry = feed.keys.get(key)
        if entry is None:
            message = f"the feed {feed.name!r} has no {key}"
            yield feed.key_node, message, f"add one of {', '.join(known)}"
        elif (value := word(entry.value)) is not None and value not in known:
            yield entry.value, f"unknown {name} {value!r}", did_you_mean(value, known)


@rule("CDF206")
def repetition_anchored(subject: Subject) -> Found:
    trees = Trees()
    first: dict[int, Node] = {}
    waiting = [subject.document.root]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or isinstance(node, ScalarNode):
            continue  # an alias is no repetition
        seen.add(id(node))
        size = trees.size(node)
        earlier = first.setdefault(trees.number(node), node) if size >= MIN_REPEATED else node
        if earlier is not node:  # what it holds is repeated with it
            yield (
                node,
                f"this repeats the {size} values at line {earlier.start_mark.line + 1}",
                "give the first an anchor (&name) and put an alias (*name) here",
            )
        else:
            waiting += reversed(children(node))


@rule("CDF207")
def secret_masked(subject: Subject) -> Found:
    for feed in subject.feeds.values():
        for field in feed.fields:
            if field.on("mask") or field.on("boolean"):
                continue
            if _is_secret(field.name) or _is_secret(field.text("label")):
                message = f"the user field {field.name!r} looks like a secret and is not masked"
                yield field.name_node, message, "add mask: true"


def _is_secret(text: str) -> bool:
    words = [found.lower() for found in _WORD.findall(text)]
    return bool(words) and words[-1] not in _ABOUT and not _SECRETS.isdisjoint(words)


@rule("CDF208")
def attribute_name_plain(subject: Subject) -> Found:
    vendors = {vendor for feed in subject.feeds.values() if (vendor := _vendor(feed))}
    for vendor in sorted(vendors):
        letters = r"[\W_]*".join(map(re.escape, re.sub(r"[\W_]", "", vendor)))
        prefix = re.compile(rf"{letters}[\W_]+(?=\w)", re.IGNORECASE)
        for feed in subject.feeds.values():
            for node in _attribute_names(subject, feed):
                name = word(node) or ""
                if found := prefix.match(name):
                    yield (
                        node,
                        f"the attribute {name!r} begins with the name of the vendor",
                        f"call it {name[found.end() :]!r}: its source names the vendor",
                    )


def _vendor(feed: FeedOutline) -> str | None:
    parts = (text_of(feed.keys, "namespace") or "").split(".")
    return parts[-2] if len(parts) >= _MIN_PARTS else None


def _attribute_names(subject: Subject, feed: FeedOutline) -> Iterator[Node]:
    """Yield the node of each name that is written out: attribute sets, attributes of items."""
    report = subject.under(feed.keys, "report")
    lists: list[tuple[str, dict[str, Entry]]] = [
        ("items", subject.mapping(entry.value))
        for entry in subject.under(report, "attribute-sets").values()
    ]
    parts = [feed.keys[key].value for key in ("report", "filters") if key in feed.keys]
    lists += [
        ("attributes", subject.mapping(node))
        for part in parts
        for node in walk(part)
        if isinstance(node, MappingNode)
    ]
    for key, keys in lists:
        for element in elements(keys, key):
            name = subject.mapping(element).get("name")
            if name:
                yield name.value


@rule("CDF209")
def checkbox_optional(subject: Subject) -> Found:
    for feed in subject.feeds.values():
        for field in feed.fields:
            if field.on("boolean") and field.on("required"):
                message = f"the check box {field.name!r} is required"
                yield field.keys["required"].key_node, message, "remove required"


@rule("CDF301")
def names_of_jinja(subject: Subject) -> Found:
    sites = [site for feed in subject.feeds.values() for site in subject.part(feed)]
    sites += [site for found in subject.template_values.values() for site in found]
    for site in sites:
        for read in site.code.reads:
            if read.root in PYTHON_NAMES.keys() - subject.template_values.keys():
                message = f"{read.root!r} is a name of Python, and plain Jinja2 does not have it"
                yield subject.position(site, read), message, PYTHON_NOT_JINJA[read.root]


@rule("CDF302")
def timeout_left_out(subject: Subject) -> Found:
    for feed in subject.feeds.values():
        entry = subject.http(feed).get("timeout")
        if entry:
            message = "not every version of ThreatQ knows timeout"
            yield entry.key_node, message, "leave it out: the platform has a time-out of its own"
