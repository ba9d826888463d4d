"""What each filter does to a value."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.errors import ItemError
from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.interpreter import RefusedError
from tests.support.steps import steps

READINGS = pytest.mark.parametrize("missing", list(Missing))


@READINGS
@pytest.mark.parametrize(
    ("text", "value", "results"),
    [
        ("[]", 1, [1]),
        ("[parse-json]", b'{"a": [1, null]}', [{"a": [1, None]}]),
        ("[parse-json]", '"text"', ["text"]),
        ("[parse-json]", None, [None]),
        ("[get: a]", {"a": 1}, [1]),
        ("[get: a]", {}, [None]),
        ("[get: items]", {"items": 1}, [1]),
        ("[iterate]", [1, 2], [1, 2]),
        ("[iterate]", [], []),
        ("[iterate]", None, []),
        ("[iterate, iterate]", [[1, 2], [3]], [1, 2, 3]),
        ("[drop: !expr value == 1]", 1, []),
        ("[drop: !expr value == 1]", 2, [2]),
        ("[iterate, drop: !expr value == 2]", [1, 2, 3], [1, 3]),
        ("[{set: {b: !expr value.a, a: !expr value.b}}]", {"a": 1, "b": 2}, [{"a": 2, "b": 1}]),
        ("[{set: {c: {d: [!expr value.a, 2]}}}]", {"a": 1}, [{"a": 1, "c": {"d": [1, 2]}}]),
        ("[{set: {a: ~}}]", {"a": 1, "b": 2}, [{"a": None, "b": 2}]),
        ("[{set: {}}]", {"a": 1}, [{"a": 1}]),
        ("[{new: {a: !expr value}}]", 1, [{"a": 1}]),
        ("[{new: text}]", 1, ["text"]),
        ("[{if: {condition: !expr value, filters: [{new: yes it is}]}}]", 1, ["yes it is"]),
        ("[{if: {condition: !expr value, filters: [{new: 2}]}}]", 0, [0]),
        ("[{if: {condition: !expr value, filters: [{drop: true}]}}]", 1, []),
        ("[{if: {condition: true, filters: [iterate]}}, {new: !expr value + 1}]", [1, 2], [2, 3]),
        ("[{if: {condition: false, filters: [iterate]}}, {new: !expr value | length}]", [1], [1]),
        ("[{chain: [iterate, {new: !expr value + 1}]}, {new: !expr value * 2}]", [1, 2], [4, 6]),
        ("[{chain: []}]", 1, [1]),
        ("[{each: [{new: !expr value + 1}]}]", [1, 2], [[2, 3]]),
        ("[{each: [{drop: !expr value == 1}]}]", [1, 2], [[2]]),
        ("[{each: [iterate]}]", [[1], [2, 3]], [[1, 2, 3]]),
        ("[{each: [{new: ~}]}]", [1], [[None]]),
        ("[{each: []}]", None, [[]]),
        ("[{filter-mapping: {a: {new: !expr value + 1}}}]", {"a": 1, "b": 1}, [{"a": 2, "b": 1}]),
        ("[{filter-mapping: {a: [parse-json, {get: x}]}}]", {"a": '{"x": 5}'}, [{"a": 5}]),
        ("[{filter-mapping: {a: parse-json}}]", {"a": "1"}, [{"a": 1}]),
        ("[{filter-mapping: {a: {drop: true}}}]", {"a": 1}, [{"a": None}]),
        ("[{filter-mapping: {a: {drop: false}}}]", {"b": 1}, [{"b": 1}]),
        ("[{filter-mapping: {a: {new: 2}}}]", {"b": 1}, [{"b": 1, "a": 2}]),
        ("[{new: !expr \"value if not value else [].index('no')\"}]", 0, [0]),
        ("[{warn: [{new: note}]}]", {"a": 1}, [{"a": 1}]),
        ("[iterate, {new: !expr value}, {new: !expr value}]", ["1", True], ["1", True]),
    ],
)
def test_a_filter_turns_a_value_into_these(
    text: str, value: Any, results: list[Any], missing: Missing
) -> None:
    found = steps(text, value, missing=missing)
    assert found == results
    assert [type(one) for one in found] == [type(one) for one in results]


@pytest.mark.parametrize(
    ("text", "value", "message", "column"),
    [
        ("[parse-json]", b"<html>", "expected JSON, got HTML", 2),
        ("[parse-json]", b"", "expected JSON, got an empty body", 2),
        ("[parse-json]", {"a": 1}, "parse-json needs text, this is an object", 2),
        ("[get: a]", [1], "get needs an object, this is a list", 2),
        ("[get: a]", None, "get needs an object, this is null", 2),
        ("[iterate]", {"a": 1}, "expected a list, this is an object", 2),
        ("[iterate]", "text", "expected a list, this is text", 2),
        ("[{each: []}]", 1.5, "expected a list, this is a number", 3),
        ("[{set: {a: 1}}]", True, "set needs an object, this is a boolean", 3),
        ("[{filter-mapping: {}}]", b"x", "filter-mapping needs an object, this is a file", 3),
        ("[{supplemental: {feed: F, into: x}}]", 1, "supplemental needs an object", 3),
        ("[{new: !expr value + 'a'}]", 1, "the expression failed: unsupported operand", 8),
        ("[{set: {a: 1, b: !expr value.a + 'a'}}]", {"a": 1}, "the expression failed", 18),
    ],
)
def test_data_of_another_shape_is_an_error_of_the_item(
    text: str, value: Any, message: str, column: int
) -> None:
    with pytest.raises(ItemError) as caught:
        steps(text, value)
    assert caught.value.message.startswith(message)
    assert caught.value.position is not None
    assert caught.value.position.column == column
    assert not isinstance(caught.value, RefusedError)


@pytest.mark.parametrize(
    "text",
    [
        "[new: !expr \"[].index('no ' ~ value)\"]",
        "[{if: {condition: !expr \"[].index('no 1')\", filters: []}}]",
    ],
)
def test_a_failure_on_purpose_is_a_refusal_with_its_message(text: str) -> None:
    with pytest.raises(RefusedError) as caught:
        steps(text, 1)
    assert caught.value.message == "no 1"


def test_the_value_that_came_in_is_never_changed() -> None:
    value = {"a": 1, "l": [{"x": 1}]}
    steps("[{set: {a: 2}}, {filter-mapping: {l: {each: [{set: {x: 2}}]}}}, {set: {b: 1}}]", value)
    assert value == {"a": 1, "l": [{"x": 1}]}


def test_items_of_a_nested_pipeline_see_their_own_value() -> None:
    text = (
        "[iterate, {set: {l: !expr 'value.l + [9]'}},"
        " {filter-mapping: {l: {each: [{new: !expr value * 2}]}}},"
        " {new: {id: !expr value.id, l: !expr value.l}}]"
    )
    value = [{"id": 1, "l": [1]}, {"id": 2, "l": [2, 3]}]
    assert steps(text, value) == [{"id": 1, "l": [2, 18]}, {"id": 2, "l": [4, 6, 18]}]


def test_one_item_that_fails_fails_the_list_it_came_from() -> None:
    with pytest.raises(ItemError, match="zero"):
        steps("[iterate, {new: !expr 1 // value}]", [1, 0])


def test_a_supplemental_feed_gets_its_params_and_fills_a_key() -> None:
    calls: list[tuple[str, Mapping[str, Any], str | None]] = []

    def call(name: str, params: Mapping[str, Any], case: Case) -> Any:
        calls.append((name, params, case.id))
        return ["emitted"]

    text = "[{supplemental: {feed: Details, params: {id: !expr value.id}, into: more}}]"
    assert steps(text, {"id": 7}, call=call) == [{"id": 7, "more": ["emitted"]}]
    steps("[{supplemental: {feed: Plain, into: more}}]", {}, call=call)
    assert calls == [("Details", {"id": 7}, "C1"), ("Plain", {}, "C1")]


@pytest.mark.parametrize(
    ("said", "texts"),
    [
        ("text", ["text"]),
        ("[a, b, a]", ["a", "b"]),
        ("[a, ~]", ["a"]),
        ("~", []),
        ("[]", []),
        ("!expr value.n", ["5"]),
    ],
)
def test_a_warning_is_said_of_the_case_and_the_item_goes_on(said: str, texts: list[str]) -> None:
    case = Case("C1")
    assert steps(f"[{{warn: [{{new: {said}}}]}}, {{get: n}}]", {"n": 5}, case=case) == [5]
    assert [message.text for message in case.messages] == texts
    assert all(str(message).startswith("warning: case C1: ") for message in case.messages)
    assert not case.misses


def test_an_item_is_tracked_before_the_filters_that_follow() -> None:
    text = "[iterate, {track: {id: !expr value.id, updated: !expr value.at}}, {get: id}]"
    found = steps(text, [{"id": 7, "at": 5}, {"id": "b", "at": "soon"}])
    assert all(isinstance(one, Case) for one in found)
    assert [(one.id, one.updated) for one in found] == [("7", 5), ("b", None)]
    assert [one.value for one in found] == [{"id": 7, "at": 5}, {"id": "b", "at": "soon"}]


def test_an_item_without_an_id_is_a_case_without_a_name_and_says_where() -> None:
    (found,) = steps("[{track: {id: !expr value.id}}]", {})
    assert found.id is None
    assert (found.nameless.line, found.nameless.column) == (1, 3)


def test_a_python_filter_gets_the_value_and_its_failure_quotes_no_data(tmp_path: Path) -> None:
    (tmp_path / "texts.py").write_text(
        "__all__ = ['upper', 'fails']\n"
        "def upper(value): return value.upper()\n"
        "def fails(value): raise ValueError(value)\n"
    )
    assert steps("[python: texts.upper]", "a", folder=tmp_path) == ["A"]
    with pytest.raises(ItemError) as caught:
        steps("[python: texts.fails]", "hunter2", folder=tmp_path)
    assert caught.value.message == "the Python filter texts.fails failed with ValueError"
