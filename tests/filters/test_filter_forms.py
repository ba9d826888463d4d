"""Both forms of every filter do what the examples say, and the same on generated values."""

import pkgutil
from typing import Any

import jinja2
import pytest
from hypothesis import HealthCheck, given, settings
from jinja2.runtime import Undefined

import filters
from filters import files
from tests.filters.harness import (
    CONSTANTS,
    ENVIRONMENTS,
    EXAMPLES,
    MODULES,
    NATIVE,
    NATIVE_TEXT,
    ONLY_NATIVE,
    ONLY_PYTHON,
    PYTHON,
    exact,
    native,
    parsed,
    python,
)
from tests.filters.strategies import INPUTS

# the versions differ in few places, which the examples cover
RUNS = 120 if jinja2.__version__.startswith("3.") else 40
thorough = settings(max_examples=RUNS, suppress_health_check=list(HealthCheck))


def examples(without: frozenset[str]) -> list[Any]:
    return [
        pytest.param(name, value, result, id=f"{name}-{number}")
        for number, (name, value, result) in enumerate(EXAMPLES)
        if name not in without
    ]


def natively(name: str, value: Any, result: Any, environment: str, forms: Any = NATIVE) -> Any:
    """Run a native form; of a helper's working values only those count that its users read."""
    found = native(name, value, environment, forms)
    helper = name in ONLY_NATIVE and name.startswith("dates.")
    return {key: found[key] for key in result} if helper else found


def test_every_module_of_the_folder_is_known_here() -> None:
    names = {module.name for module in pkgutil.iter_modules(filters.__path__)}
    known = {module.__name__.partition(".")[2] for module in MODULES}
    assert {name for name in names if not name.startswith("_")} == known


def test_every_filter_has_both_forms_examples_and_a_strategy() -> None:
    assert set(PYTHON) - ONLY_PYTHON == set(NATIVE) - ONLY_NATIVE == set(INPUTS)
    assert {name for name, _, _ in EXAMPLES} == set(PYTHON) | ONLY_NATIVE


def test_both_forms_hide_the_same_characters() -> None:
    assert set(CONSTANTS["hidden_characters"]) == files._HIDDEN


@pytest.mark.parametrize(("name", "value", "result"), examples(without=ONLY_NATIVE))
def test_the_python_form_does_what_the_examples_say(name: str, value: Any, result: Any) -> None:
    assert exact(python(name, value)) == exact(result)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize(("name", "value", "result"), examples(without=ONLY_PYTHON))
def test_the_native_form_does_what_the_examples_say(
    environment: str, name: str, value: Any, result: Any
) -> None:
    assert exact(natively(name, value, result, environment)) == exact(result)


@pytest.mark.parametrize("name", INPUTS)
def test_both_forms_agree_on_generated_values_raise_nothing_else_and_change_no_input(
    name: str,
) -> None:
    @thorough
    @given(INPUTS[name])
    def agree(value: Any) -> None:
        written = repr(value)
        expected = exact(python(name, value))
        for environment in ENVIRONMENTS:
            assert exact(native(name, value, environment)) == expected
        assert repr(value) == written

    agree()


# (native form, what it says, what would be wrong)
PLANTED = [
    ("dates.civil", "2877875", "2877871"),
    ("dates.calendar", "% 24", "% 25"),
    ("dates.calendar", "value.raw[20:].lstrip('0", "value.raw[19:].lstrip('.0"),
    ("dates.read", "> 14", "> 15"),
    ("dates.read", "> 11", "> 12"),
    ("dates.read", "253402300800", "253402300860"),
    ("names.fold", "reverse=true)", "reverse=false)"),
    ("names.fold", "value[1] | int if value[1] is float and", "value[1] | int if false and"),
    ("names.rows", "| select | list if value is mapping", "if value is mapping"),
    ("envelope.result", "or 'errorcode' not in value.all", ""),
    ("envelope.result", "value.named or ", ""),
    ("envelope.result", "| trim | lower == 'true'", "| lower == 'true'"),
    ("envelope.record", "value[0] or none", "value[0]"),
    ("envelope.token", "and value | length == 1", ""),
    ("envelope.file", "65536", "65535"),
    ("envelope.file", "value.head[0].count('}') == 1", "value.head[0].count('}') > 0"),
    ("envelope.file", ".replace('\"false\"', 'false')", ""),
    ("rows.cases", "attribute='caseId'", "attribute='trackingId'"),
    ("rows.cases", "unique(true", "unique(false"),
    ("rows.with_parent", "unique(case_sensitive=true)", "unique"),
    ("status.newest", "and value.status is not number", ""),
    ("addresses.split", "< 8 and", "< 9 and"),
    ("addresses.split", "== value.pairs < 2", "== value.pairs < 3"),
    ("files.name", "[:235]", "[:236]"),
    ("files.name", "reject('in', hidden_characters)", "reject('in', '')"),
    ("notes.merged", "value.value | lower", "value.value"),
    ("notes.merged", "'description') | select | unique(true)", "'description') | select | unique"),
]


@pytest.mark.parametrize(("name", "right", "wrong"), PLANTED)
def test_a_difference_in_a_native_form_is_seen_by_an_example(
    name: str, right: str, wrong: str
) -> None:
    before, heading, form = NATIVE_TEXT.partition(f"\n{name}: ")
    planted = parsed(before + heading + form.replace(right, wrong, 1))
    assert planted != NATIVE
    assert any(
        exact(natively(one, value, result, "stock", planted)) != exact(result)
        for one, value, result in EXAMPLES
        if one in NATIVE and one.partition(".")[0] == name.partition(".")[0]
    )


def test_the_null_environment_reads_missing_keys_as_null() -> None:
    missing = ENVIRONMENTS["null"].getattr({}, "key")
    assert missing is None
    assert isinstance(ENVIRONMENTS["stock"].getattr({}, "key"), Undefined)
