"""What a rule is, and the rules that others check: the loader, and whoever reads comments.

A rule is one declaration: what it checks, why, a definition that breaks it, and how to mend that.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from textwrap import dedent, indent

from izoologic_cdf.errors import Position
from izoologic_cdf.language.nodes import Node
from izoologic_cdf.language.positions import Code
from izoologic_cdf.lint.flow import Flow
from izoologic_cdf.lint.outline import Outline

NO_REASON, SILENCES_NOTHING = "CDF901", "CDF902"
GROUPS = {
    "CDF0": "The language",
    "CDF1": "Keys, calls and requests",
    "CDF2": "The approval checklist",
    "CDF3": "What not every version of ThreatQ supports",
    "CDF9": "Comments that silence",
}

_TOP = {
    "version": 'version: "1.0.0"\n',
    "required_threatq_version": 'required_threatq_version: ">=5.29.0"\n',
}
_FEED = {
    "category": "category: Commercial\n",
    "namespace": "namespace: threatq.feeds.example.example_cases\n",
    "default_indicator_status": "default_indicator_status: Active\n",
    "source": (
        "source:\n"
        "  http:\n"
        "    url: https://api.example.com/cases\n"
        "    params: {since: !expr run_meta.since}\n"
    ),
}
_FEEDS = "feeds:\n  Example Cases:\n"
_KEY = re.compile(r"^([\w.-]+):", re.MULTILINE)


class Subject(Outline):
    """One definition file, with everything a rule can ask about it."""

    @cached_property
    def flow(self) -> Flow:
        """How keys flow through the pipelines."""
        return Flow(self)


# where, what is wrong, what to do
Found = Iterator[tuple[Node | Position, str, str | None]]
Check = Callable[[Subject], Found]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is checked; `check` is null where something else finds the fault.

    `bad` and `good` are its examples: keys of a feed or of the whole file, see `complete`.
    """

    code: str
    name: str
    what: str
    why: str
    bad: str
    good: str
    check: Check | None = None

    @property
    def explanation(self) -> str:
        """The rule as Markdown."""
        return (
            f"### {self.code} {self.name}\n\n{self.what}\n\n{self.why}\n\n"
            f"```yaml\n{self.bad}\n```\n\nInstead:\n\n```yaml\n{self.good}\n```"
        )


def declare(
    code: str,
    name: str,
    what: str,
    why: str,
    bad: str,
    *fixes: tuple[str, str],
    good: str = "",
    check: Check | None = None,
) -> Rule:
    """Return a rule; its good example is the bad one with replacements, or written out."""
    bad = dedent(bad).strip("\n")
    good = dedent(good).strip("\n") or bad
    for old, new in fixes:
        good = good.replace(old, new)
    return Rule(code, name, what, why, bad, good.strip("\n"), check)


def rule(
    code: str, what: str, why: str, bad: str, *fixes: tuple[str, str], good: str = ""
) -> Callable[[Check], Rule]:
    """Make a function that yields what it finds a rule of its name; see `declare`."""

    def declared(check: Check) -> Rule:
        name = check.__name__.replace("_", "-")
        return declare(code, name, what, why, bad, *fixes, good=good, check=check)

    return declared


def complete(example: str) -> str:
    """Return a whole definition: an example with the keys that it leaves out.

    An example that starts with keys of the top level is a file, any other one is a feed. A file
    with `feeds` writes its feeds out in full.
    """
    example = dedent(example).strip("\n") + "\n"
    keys = set(_KEY.findall(example))
    if not keys & {*_TOP, "template_values", "_anchors", "feeds"}:
        return _missing(_TOP, set()) + _FEEDS + indent(_missing(_FEED, keys) + example, " " * 4)
    rest = "" if "feeds" in keys else _FEEDS + indent(_missing(_FEED, set()), " " * 4)
    return _missing(_TOP, keys) + example + rest


def _missing(known: dict[str, str], keys: set[str]) -> str:
    return "".join(text for key, text in known.items() if key not in keys)


LANGUAGE_RULES: tuple[Rule, ...] = (
    declare(
        Code.UNREADABLE,
        "yaml-readable",
        "The file can be opened, is UTF-8 and valid YAML; no alias stands inside its own anchor.",
        "Nothing else in the file can be checked or run before that.",
        """
        filters:
          - parse-json
          - set: {title: !expr value.name
        report:
          incident-sets:
            cases:
              items: [{value: !expr data.title}]
        """,
        ("value.name", "value.name}"),
    ),
    declare(
        Code.SHAPE,
        "keys-known",
        "Every construct has only keys that the language knows, all that it needs, and values of "
        "the right shape.",
        "A mistyped key that is silently accepted does nothing, and the feed runs as if it were "
        "not there.",
        """
        source:
          http:
            url: https://api.example.com/cases
            metod: POST
            params: {since: !expr run_meta.since}
        """,
        ("metod", "method"),
    ),
    declare(
        Code.UNKNOWN_TAG,
        "tag-known",
        "The tags of a definition are !expr, !tmpl and !json.",
        "The platform refuses a file with an unknown tag.",
        """
        report:
          incident-sets:
            cases:
              items: [{value: !exp data.id}]
        """,
        ("!exp ", "!expr "),
    ),
    declare(
        Code.KEY_TWICE,
        "key-once",
        "No key is written twice in one mapping.",
        "YAML readers keep the last one and say nothing: what the first one says never happens.",
        """
        source:
          http:
            url: https://api.example.com/cases
            params: {since: !expr run_meta.since}
            params: {limit: 100}
        """,
        ("since}\n    params: {limit", "since, limit"),
    ),
    declare(
        Code.UNKNOWN_FILTER,
        "filter-known",
        "Every step of a pipeline is a filter of the language, and every Python filter that it "
        "names exists beside the definition.",
        "A feed with a filter that does not exist fails in its first run, on the platform.",
        "filters: [parse_json]",
        ("parse_json", "parse-json"),
    ),
    declare(
        Code.NO_JINJA,
        "expression-parses",
        "An !expr is one Jinja2 expression, a !tmpl is one Jinja2 template.",
        "Expressions look like Python but are not: comprehensions, lambdas and f-strings do not "
        "parse, and the feed fails when it gets there.",
        """
        filters:
          - parse-json
          - new: !expr "[row.id for row in value.rows]"
        """,
        ('"[row.id for row in value.rows]"', "value.rows | map(attribute='id') | list"),
    ),
    declare(
        Code.UNKNOWN_JINJA_FILTER,
        "jinja-filter-known",
        "The filters and tests in an expression are those of Jinja2, and the methods that it calls "
        "change nothing.",
        "Filters of Ansible or Home Assistant are often copied along; no CDF has them. The list of "
        "known ones is closed: nothing on it can run forever, or make something huge.",
        "filters: [parse-json, drop: !expr value.name | lowercase == 'test']",
        ("lowercase", "lower"),
    ),
    declare(
        Code.UNKNOWN_NAME,
        "name-known",
        "A name in an expression is one of those that exist there: `value` in filters, `data` in a "
        "report, `run_params` in a called feed; `user_fields`, `run_meta` and the template values "
        "everywhere.",
        "A missing key of the data is null, but a name that nobody defines is a mistake, and often "
        "the name of the other section.",
        """
        report:
          incident-sets:
            cases:
              items: [{value: !expr value.id}]
        """,
        ("value.id", "data.id"),
    ),
    declare(
        Code.NO_SUCH_TARGET,
        "target-exists",
        "A feed that is called, and a set that a report names, exist in the same file and are of "
        "the required kind.",
        "A name is only text: nothing else notices that its target was renamed.",
        """
        report:
          attribute-sets:
            case: {items: [{name: Status, value: !expr data.status}]}
          incident-sets:
            cases:
              items: [{value: !expr data.id}]
              attribute-sets: [cases]
        """,
        ("[cases]", "[case]"),
    ),
    declare(
        Code.METHOD_AS_KEY,
        "key-is-no-method",
        "The names of a mapping's methods (items, keys, values, copy, update, get, pop, ...) are "
        "not read as keys with a dot.",
        "`value.items` is the method whatever the data holds, so it is true and never the list.",
        "filters: [parse-json, new: !expr value.items]",
        ("value.items", "value.get('items')"),
    ),
    declare(
        Code.READ_ONCE,
        "list-is-settled",
        "An !expr that ends in a filter such as map, select or unique has `list` after it.",
        "These filters give a generator: it has no length, is always true, and is empty for its "
        "second reader.",
        "filters: [parse-json, new: !expr value.rows | map(attribute='id')]",
        ("'id')", "'id') | list"),
    ),
    declare(
        NO_REASON,
        "ignore-has-reason",
        "A comment that silences a finding has a reason after `because`.",
        "Without it the next maintainer cannot tell a decision from a convenience.",
        "category: Regional  # lint: ignore CDF204",
        ("CDF204", "CDF204 because our platform has this category"),
    ),
    declare(
        SILENCES_NOTHING,
        "ignore-silences",
        "A comment that silences a finding names its code and stands where that finding is.",
        "A leftover comment hides the next mistake on its line.",
        "category: Commercial  # lint: ignore CDF204 because our platform has this category",
        ("  # lint: ignore CDF204 because our platform has this category", ""),
    ),
)
