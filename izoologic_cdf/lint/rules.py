"""What a rule is. `rules.yaml` says what each checks and why, with an example that breaks it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from textwrap import indent

import yaml

from izoologic_cdf.errors import Position
from izoologic_cdf.language.nodes import Document, Node
from izoologic_cdf.language.positions import Code
from izoologic_cdf.language.pyfilters import PythonFilters
from izoologic_cdf.lint.flow import Flow
from izoologic_cdf.lint.following import Following
from izoologic_cdf.lint.known import StatedShapes
from izoologic_cdf.lint.outline import Outline

NO_REASON, SILENCES_NOTHING = "CDF901", "CDF902"
# the names of rules that others check: the loader, and whoever reads comments
OTHERS: Mapping[str, str] = {
    Code.UNREADABLE: "yaml-readable",
    Code.SHAPE: "keys-known",
    Code.UNKNOWN_TAG: "tag-known",
    Code.KEY_TWICE: "key-once",
    Code.UNKNOWN_FILTER: "filter-known",
    Code.NO_JINJA: "expression-parses",
    Code.UNKNOWN_JINJA_FILTER: "jinja-filter-known",
    Code.UNKNOWN_NAME: "name-known",
    Code.NO_SUCH_TARGET: "target-exists",
    Code.METHOD_AS_KEY: "key-is-no-method",
    Code.READ_ONCE: "list-is-settled",
    NO_REASON: "ignore-has-reason",
    SILENCES_NOTHING: "ignore-silences",
}
# what every feed needs, for the examples
FEED = {
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


class Subject(Outline):
    """One definition file, with everything a rule can ask about it."""

    def __init__(self, document: Document, filters: PythonFilters) -> None:
        super().__init__(document)
        self._filters = filters

    @cached_property
    def flow(self) -> Flow:
        """How keys flow through the pipelines."""
        return Flow(self)

    @cached_property
    def following(self) -> Following:
        """What values are known to be, after each step."""
        return Following(self, StatedShapes(self._filters))


# where, what is wrong, what to do
Found = Iterator[tuple[Node | Position, str, str | None]]
Check = Callable[[Subject], Found]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a rule checks and why; a bad definition and a good one, as keys of a feed or a file."""

    what: str
    why: str
    bad: str
    good: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is checked; `check` is null where something else finds the fault."""

    code: str
    name: str
    check: Check | None = None

    @property
    def explanation(self) -> Explanation:
        """What `rules.yaml` says about it."""
        return explanations()[self.code]

    @property
    def page(self) -> str:
        """All about the rule as Markdown."""
        about = self.explanation
        return (
            f"### {self.code} {self.name}\n\n{about.what}\n\n{about.why}\n\n"
            f"```yaml\n{about.bad}\n```\n\nInstead:\n\n```yaml\n{about.good}\n```"
        )


def rule(code: str) -> Callable[[Check], Rule]:
    """Make a function that yields what it finds the rule of its name."""
    return lambda check: Rule(code, check.__name__.replace("_", "-"), check)


@cache
def explanations() -> Mapping[str, Explanation]:
    """Return the explanations by code."""
    rows = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return {code: _explanation(**row) for code, row in rows.items()}


def _explanation(
    what: str, why: str, bad: str, good: str = "", fixes: tuple[tuple[str, str], ...] = ()
) -> Explanation:
    bad, good = (_expand(text) for text in (bad, good or bad))
    for old, new in fixes:
        good = good.replace(old, new)
    return Explanation(what, why, bad, good.strip("\n"))


def _expand(example: str) -> str:
    texts = {"feed": "".join([*FEED.values()][:-1]), "source": FEED["source"]}
    return re.sub(
        r"^( *)\$(feed|source)$",
        lambda found: indent(texts[found[2]], found[1]).rstrip(),
        example,
        flags=re.MULTILINE,
    )
