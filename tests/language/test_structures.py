"""Mappings and lists of expressions: fused into one, and equal to what stands in them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from izoologic_cdf.language.expressions import EvaluationError, ExpressionCode, Missing, Template
from izoologic_cdf.language.values import Literal, prepare
from tests.support.definitions import compiled, evaluated, expr

NAMES = {"value": {"a": 1, "t": "x", "l": [1, 2], "n": None, "b": False}}
READINGS = pytest.mark.parametrize("missing", list(Missing))

# (what is written, what it is): leaves of a structure
LEAVES = st.sampled_from(
    [
        *((f'!expr "{source}"', source) for source in (
            "value.a", "value.t ~ 'y'", "value.missing", "value.l | first", "value.n",
            "value.b", "value.a + 1", "[value.a, value.t]", "{'k': value.missing}", "value.l",
            "value.a if value.b", "value.a if value.t else 2", "value",
        )),
        ('!tmpl "{{ value.t }}-{{ value.n }}"', "value.t ~ '-'"),
        ('!tmpl "{% for x in value.l %}{{ x }}{% endfor %}"', "'12'"),
        ("text", "'text'"), ("7", "7"), ("~", "none"), ("false", "false"), ("1.5", "1.5"),
        ('"478"', "'478'"),
    ]
)  # fmt: skip
KEYS = st.sampled_from(["a", "b", "c", "name", "value"])
TREES: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def written(tree: Any) -> str:
    if isinstance(tree, tuple):
        return str(tree[0])
    if isinstance(tree, list):
        return "[" + ", ".join(map(written, tree)) + "]"
    return "{" + ", ".join(f"{key}: {written(value)}" for key, value in tree.items()) + "}"


def leaf_wise(tree: Any, missing: Missing) -> Any:
    if isinstance(tree, tuple):
        return expr(tree[1], NAMES, missing)
    if isinstance(tree, list):
        return [leaf_wise(element, missing) for element in tree]
    return {key: leaf_wise(value, missing) for key, value in tree.items()}


@READINGS
@given(tree=TREES)
def test_a_structure_equals_its_leaves_evaluated_one_by_one(tree: Any, missing: Missing) -> None:
    found = evaluated(written(tree), NAMES, missing)
    assert found == leaf_wise(tree, missing)
    assert repr(found) == repr(leaf_wise(tree, missing))


def test_a_structure_without_expressions_is_a_literal() -> None:
    value = compiled("{a: [1, {b: ~}], c: text}")
    assert isinstance(value, Literal)
    assert value.value == {"a": [1, {"b": None}], "c": "text"}


@pytest.mark.parametrize("value", ["x", "!expr value.t"])
def test_a_number_as_key_of_data_stays_a_number(value: str) -> None:
    assert evaluated(f"{{1: {value}, '2': {value}, k: {value}}}", NAMES) == {
        1: "x",
        "2": "x",
        "k": "x",
    }


@READINGS
def test_a_failing_leaf_is_named_with_its_own_place(missing: Missing) -> None:
    text = "a: !expr value.a\nb:\n  - c: !expr value.t\n  - d: !expr value.t + 1\ne: !expr value.t"
    with pytest.raises(EvaluationError) as caught:
        evaluated(text, NAMES, missing)
    assert (caught.value.position.line, caught.value.position.column) == (4, 8)
    assert "can only concatenate" in caught.value.message


def test_a_failing_template_is_named_with_its_own_place() -> None:
    with pytest.raises(EvaluationError) as caught:
        evaluated('a: !expr value.a\nb: !tmpl "{{ value.t + 1 }}"', NAMES)
    assert (caught.value.position.line, caught.value.position.column) == (2, 4)


def test_a_purposeful_failure_keeps_its_message() -> None:
    with pytest.raises(EvaluationError) as caught:
        evaluated("a: !expr \"[].index('no rights')\"", NAMES)
    assert (caught.value.message, caught.value.purposeful) == ("no rights", True)


@READINGS
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[{name: A, value: 1, condition: !expr value.a}]", [{"name": "A", "value": 1}]),
        ("[{name: A, value: 1, condition: !expr value.b}]", [None]),
        ("[{name: A, value: 1, condition: !expr value.missing}]", [None]),
        ("[{name: A, value: 1, condition: false}]", [None]),
        ("[{name: A, value: 1, condition: true}]", [{"name": "A", "value": 1}]),
        ("[{condition: !expr value.b, value: !expr value.t + 1}]", [None]),
        ("[{value: !expr value.t + 1, condition: !expr value.b}]", [None]),
        ('[{condition: !expr value.b, value: !tmpl "{{ value.t + 1 }}"}]', [None]),
        ('[{condition: !tmpl "{{ value.n }}", value: 1}]', [None]),
        ("[{condition: !expr value.a, list: [{condition: !expr value.b, x: 1}]}]",
         [{"list": [None]}]),
        ("[{condition: !expr value.b, list: [{condition: !expr value.t + 1, x: 1}]}]", [None]),
    ],
)  # fmt: skip
def test_a_guarded_mapping_is_null_and_not_evaluated_while_its_condition_is_false(
    text: str, value: object, missing: Missing
) -> None:
    assert evaluated(text, NAMES, missing, guarded=True) == value


def test_elsewhere_condition_is_a_key_like_any_other() -> None:
    assert evaluated("{condition: !expr value.b}", NAMES) == {"condition": False}


def test_a_failing_guard_is_named_and_a_guarded_leaf_behind_it_is_not() -> None:
    text = "- {condition: !expr value.t + 1, value: !expr value.t + 2}"
    with pytest.raises(EvaluationError) as caught:
        evaluated(text, NAMES, guarded=True)
    assert caught.value.position.column == text.index("!expr") + 1


def test_evaluating_leaves_the_data_as_it_was() -> None:
    names = {"value": {"l": [1], "m": {"k": 1}}}
    evaluated("{a: !expr 'value.l + [2]', b: !expr value.m, c: [!expr value.l]}", names)
    assert names == {"value": {"l": [1], "m": {"k": 1}}}


KINDS = pytest.mark.parametrize(
    ("text", "result"),
    [
        ("!expr value.a", 1),
        ('!tmpl "{{ value.t }}"', "x"),
        ("{k: !expr value.a, l: [!expr value.t]}", {"k": 1, "l": ["x"]}),
    ],
)


def break_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(ExpressionCode, "function", broken)
    monkeypatch.setattr(Template, "compile", broken)


@KINDS
def test_what_is_prepared_is_not_compiled_again(
    text: str, result: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = compiled(text, NAMES)
    prepare({"some": [(Literal(value, value.position),)]})
    break_the_compiler(monkeypatch)
    assert value.evaluate(NAMES) == result


@KINDS
def test_what_cannot_be_compiled_fails_where_it_is_evaluated(
    text: str, result: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = compiled(text, NAMES)
    with monkeypatch.context() as patch:
        break_the_compiler(patch)
        prepare(value)
        with pytest.raises(EvaluationError):
            value.evaluate(NAMES)
    assert value.evaluate(NAMES) == result
