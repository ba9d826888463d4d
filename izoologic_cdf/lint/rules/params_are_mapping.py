"""CDF114: `params` is a mapping."""

from collections.abc import Iterator

from jinja2 import TemplateSyntaxError, nodes

from izoologic_cdf.language.expressions import Missing, environment_of, parse_expression
from izoologic_cdf.language.nodes import EXPR, MappingNode, Node, SequenceNode
from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.rule import Rule, Subject

_NULL = "tag:yaml.org,2002:null"


def check(subject: Subject) -> Iterator[Finding]:
    """Find `params`, those of a pagination too, that are written as text or as a list."""
    for feed in subject.feeds.values():
        http = subject.http(feed)
        for keys in (http, subject.under(http, "pagination")):
            if "params" in keys and (found := _instead(keys["params"].value)):
                yield subject.document.finding(
                    keys["params"].value,
                    f"params is a mapping of parameters, this is {found}",
                    "write `params: {name: value}`, a key for each parameter",
                )


def _instead(node: Node) -> str | None:
    """Return what a node is instead of a mapping; null where it is one, or can be one."""
    if isinstance(node, MappingNode) or node.tag == _NULL:
        return None
    if isinstance(node, SequenceNode):
        return "a list"
    if node.tag != EXPR:
        return "text"
    try:
        tree = parse_expression(environment_of(Missing.NULL), str(node.value))
    except TemplateSyntaxError:
        return None  # the loader speaks of it
    is_text = isinstance(tree, nodes.Concat) or (
        isinstance(tree, nodes.Const) and isinstance(tree.value, str)
    )
    return "text" if is_text else None


RULE = Rule(
    code="CDF114",
    name="params-are-mapping",
    what="`params`, of a request and of its pagination, is a mapping, or an expression that gives "
    "one.",
    why="Text is a mistake that public definitions have made: what the platform does with it is "
    "not known (here it is read as a query string), nothing escapes its values, and a "
    "pagination cannot replace one of its parameters.",
    bad="""
    source:
      http:
        url: https://api.example.com/cases
        params: !tmpl "since={{ run_meta.since }}&limit=100"
    """,
    good="""
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since, limit: 100}
    """,
    check=check,
)
