"""Both forms of every Python filter do what its examples say, and the same on any input."""

import pkgutil
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2.runtime import Undefined

import filters
from tests.filters.harness import ENVIRONMENTS, FORMS, MODULES, exact, native
from tests.filters.strategies import HUGE, INPUTS, odd_values

thorough = settings(
    derandomize=True,
    deadline=None,
    max_examples=200,
    database=None,
    suppress_health_check=list(HealthCheck),
)
quick = settings(thorough, max_examples=100)

EXAMPLES = [
    pytest.param(name, value, result, id=f"{name}-{number}")
    for name, (_, _, examples) in FORMS.items()
    for number, (value, result) in enumerate(examples)
]


def test_every_module_of_the_folder_is_known_here() -> None:
    names = {module.name for module in pkgutil.iter_modules(filters.__path__)}
    known = {module.__name__.partition(".")[2] for module in MODULES}
    assert {name for name in names if not name.startswith("_")} == known


def test_every_filter_has_examples_a_native_form_and_a_strategy() -> None:
    for module in MODULES:
        assert set(module.__all__) == set(module.EXAMPLES) == set(module.NATIVE)
    assert set(INPUTS) == set(FORMS)


@pytest.mark.parametrize(("name", "value", "result"), EXAMPLES)
def test_the_python_form_does_what_its_examples_say(name: str, value: Any, result: Any) -> None:
    assert exact(FORMS[name][0](value)) == exact(result)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize(
    ("name", "value", "result"),
    # a JSON document never holds an integer that Python refuses to write
    [example for example in EXAMPLES if example.values[1] != HUGE],
)
def test_the_native_form_does_what_the_examples_say(
    environment: str, name: str, value: Any, result: Any
) -> None:
    assert exact(native(FORMS[name][1], value, environment)) == exact(result)


@pytest.mark.parametrize("name", INPUTS)
def test_both_forms_agree_on_generated_values(name: str) -> None:
    python, text, _ = FORMS[name]

    @thorough
    @given(INPUTS[name], st.sampled_from(sorted(ENVIRONMENTS)))
    def agree(value: Any, environment: str) -> None:
        assert exact(native(text, value, environment)) == exact(python(value))

    agree()


@pytest.mark.parametrize("name", INPUTS)
def test_no_input_raises_or_is_changed(name: str) -> None:
    python = FORMS[name][0]

    @quick
    @given(st.one_of(INPUTS[name], odd_values))
    def total(value: Any) -> None:
        written = "" if value == HUGE else repr(value)
        python(value)
        assert written == ("" if value == HUGE else repr(value))

    total()


@pytest.mark.parametrize("name", INPUTS)
def test_native_forms_keep_to_what_both_jinja_versions_share(name: str) -> None:
    text = FORMS[name][1]
    for sorting in re.findall(r"\b(?:sort|unique|dictsort)\b(?!ed)(.*)", text):
        assert sorting.startswith("("), sorting
        assert "case_sensitive=true" in sorting
    assert "groupby" not in text  # it takes case_sensitive in the newer version only
    assert "._" not in text


def test_a_planted_difference_in_a_native_form_is_seen() -> None:
    python, text, examples = FORMS["dates.stamp"]
    planted = text.replace("719468", "719467")
    assert planted != text
    values = [value for value, result in examples if result]
    assert all(exact(native(planted, value)) != exact(python(value)) for value in values)


def test_the_null_environment_reads_missing_keys_as_null() -> None:
    missing = ENVIRONMENTS["null"].getattr({}, "key")
    assert missing is None
    assert isinstance(ENVIRONMENTS["stock"].getattr({}, "key"), Undefined)
