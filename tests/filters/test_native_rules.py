"""Native forms, and the file that is built with them, keep to what all versions of Jinja2 share."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2
import pytest
from jinja2 import nodes

from tests.filters.harness import CONSTANTS, ENVIRONMENTS, NATIVE, compiled, parsed, tagged

# a run on another version of Jinja2 is handed the built file: our own package needs the newest
BUILT, VERSION = "BUILT_DEFINITION", "JINJA2_VERSION"

# methods of texts, lists and mappings; `index` refuses
METHODS = {"count", "get", "index", "lower", "lstrip", "replace", "rstrip", "split", "strip"}
OPTIONS = {"attribute", "case_sensitive", "reverse"}
NAMES = {"value", "user_fields", "run_meta", "run_params", "data"}
NAMES |= {"page_count", "prev_response_data"}  # of a pagination
# a default global of Jinja2, which no public definition uses
GLOBALS = {"dict"}
TRUE = nodes.Const(True)


def syntax(definition: Any) -> list[nodes.Template]:
    """Return the syntax tree of every expression and template."""
    sources = [
        one.source if one.kind == "tmpl" else "{{ " + one.source + " }}"
        for one in tagged(definition)
    ]
    return [ENVIRONMENTS["stock"].parse(source) for source in dict.fromkeys(sources)]


def every(trees: Iterable[nodes.Template], *kinds: type[nodes.Node]) -> list[Any]:
    return [found for tree in trees for found in tree.find_all(kinds)]


def options(call: Any) -> dict[str, Any]:
    return {option.key: option.value for option in call.kwargs}


@pytest.fixture(scope="module")
def text() -> str:
    if path := os.environ.get(BUILT):
        return Path(path).read_text(encoding="utf-8")
    from tests.support.built import built_text  # noqa: PLC0415 - it needs the newest Jinja2

    return built_text()


@pytest.fixture(scope="module")
def built(text: str) -> Any:
    return parsed(text)


@pytest.fixture(scope="module")
def trees(built: Any) -> list[nodes.Template]:
    return syntax(built)


def test_this_runs_on_the_version_that_was_asked_for() -> None:
    assert jinja2.__version__.startswith(os.environ.get(VERSION, "3."))


def test_the_built_file_has_no_statements(text: str) -> None:
    assert "{%" not in text


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_expression_of_the_built_file_compiles(built: Any, environment: str) -> None:
    found = list(tagged(built))
    assert len(found) > 200
    for one in found:
        compiled(environment, one)


def test_native_forms_read_nothing_but_their_value_and_constants() -> None:
    names = {name.name for name in every(syntax(NATIVE), nodes.Name)}
    assert names <= {"value"} | set(CONSTANTS) | GLOBALS


def test_the_built_file_has_no_names_methods_and_options_but_known_ones(
    trees: list[nodes.Template],
) -> None:
    assert {name.name for name in every(trees, nodes.Name)} <= NAMES | set(CONSTANTS) | GLOBALS
    called = [call.node for call in every(trees, nodes.Call)]
    methods = [one for one in called if isinstance(one, nodes.Getattr)]
    assert {one.attr for one in methods} <= METHODS
    assert {one.name for one in called if one not in methods} <= GLOBALS
    for one in every(trees, nodes.Call, nodes.Filter, nodes.Test):
        assert set(options(one)) <= OPTIONS, one


def test_letter_case_counts_wherever_something_is_sorted_or_told_apart(
    trees: list[nodes.Template],
) -> None:
    for one in every(trees, nodes.Filter):
        given, named = one.args, options(one)
        if one.name == "dictsort":
            assert given == [TRUE], one
        elif one.name == "unique":
            assert given == [TRUE] or named.get("case_sensitive") == TRUE, one
        elif one.name == "sort":
            # seconds are numbers
            seconds = named.get("attribute") == nodes.Const("updated.seconds")
            assert seconds or named.get("case_sensitive") == TRUE, one
        elif one.name == "groupby":
            # 3.1 ignores letter case here, 2.11 does not: the key is in lower case
            assert given == [nodes.Const("key")], one


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        (test_the_built_file_has_no_names_methods_and_options_but_known_ones, broken)
        for broken in (
            "str(value)",
            "value.title()",
            "other",
            "value | map(attribute='a', default=1)",
        )
    ]
    + [
        (test_letter_case_counts_wherever_something_is_sorted_or_told_apart, f"value | {broken}")
        for broken in ("sort", "sort(attribute='a')", "unique", "dictsort", "groupby('name')")
    ],
)
def test_a_rule_sees_what_breaks_it(rule: Any, broken: str) -> None:
    with pytest.raises(AssertionError):
        rule(syntax(parsed(f"- new: !expr {broken}")))
