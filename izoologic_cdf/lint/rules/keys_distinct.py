"""CDF108: no two keys of a mapping become one."""

from collections.abc import Iterator

from izoologic_cdf.language.nodes import MappingNode, ScalarNode
from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.node_equality import MERGE
from izoologic_cdf.lint.outline import walk
from izoologic_cdf.lint.rule import Rule, Subject

_TRUE = {"true", "yes", "on"}
_FALSE = {"false", "no", "off"}
_YAML_BOOLEAN = "tag:yaml.org,2002:bool"


def check(subject: Subject) -> Iterator[Finding]:
    """Find keys that differ in the file and are equal once they are read."""
    for node in walk(subject.document.root):
        if isinstance(node, MappingNode):
            yield from _collapsing(subject, node)


def _collapsing(subject: Subject, mapping: MappingNode) -> Iterator[Finding]:
    seen: dict[float | str, ScalarNode] = {}
    for key, _ in mapping.value:
        if not isinstance(key, ScalarNode) or key.tag == MERGE:
            continue
        first = seen.setdefault(_read_as(key), key)
        if first.value != key.value:
            yield subject.document.finding(
                key,
                f"the keys {first.value} and {key.value} become one: the first stands at "
                f"line {first.start_mark.line + 1}",
                "use keys that differ as text and as numbers",
            )


def _read_as(key: ScalarNode) -> float | str:
    """Return what a key is equal to: a boolean equals its number, and its text names it."""
    text = str(key.value)
    if text.lower() in _TRUE and (key.tag == _YAML_BOOLEAN or text.lower() == "true"):
        return 1.0
    if text.lower() in _FALSE and (key.tag == _YAML_BOOLEAN or text.lower() == "false"):
        return 0.0
    try:
        # `01` names something else than `1`, so text has to look as a number is written
        number = float(text)
    except ValueError:
        return text
    plain = text == str(int(number)) if number.is_integer() else text == str(number)
    return number if plain or key.tag != "tag:yaml.org,2002:str" else text


RULE = Rule(
    code="CDF108",
    name="keys-distinct",
    what="No two keys of one mapping are equal once they are read, such as True, true, 1 and '1'.",
    why="In Python and in JSON they are one key: the last value wins and the others are gone.",
    bad="""
    filters:
      - parse-json
      - set:
          answers: {1: one, true: certainly}
      - new: !expr value.answers.get(value.id)
    """,
    good="""
    filters:
      - parse-json
      - set:
          answers: {"1": one, certain: certainly}
      - new: !expr value.answers.get(value.id)
    """,
    check=check,
)
