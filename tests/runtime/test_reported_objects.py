"""From a data item to objects: values, attributes, dates, relations, and what is left out."""

from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.errors import Position
from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.pyfilters import PythonFilters
from izoologic_cdf.language.reports import REPORT, code_of_plural
from izoologic_cdf.language.schema import Scope
from izoologic_cdf.library.objects import Reported
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.report_objects import ItemReport, ObjectBuilder
from tests.runtime.test_source_requests import feed_of

NO_FILTERS = Path("filters-that-are-not-there")
READINGS = pytest.mark.parametrize("missing", list(Missing))


def reported(
    text: str, data: Any, missing: Missing = Missing.NULL, **feed: Any
) -> tuple[ItemReport, list[str]]:
    document = Document("feed.yaml", text)
    python = PythonFilters(NO_FILTERS)
    scope = Scope(document, frozenset({"user_fields", "data"}), missing, python)
    report = REPORT.read(scope, document.root, "report")
    case, found = Case("C1"), ItemReport()
    builder = ObjectBuilder(feed_of(report=report, **feed))
    builder.add(data, {"user_fields": {"on": True, "off": False}}, case, found)
    return found, [message.text for message in case.messages]


def item(text: str, data: Any = None, missing: Missing = Missing.NULL) -> Reported:
    found, _ = reported(f"asset-sets: {{a: {{items: [{text}]}}}}", data, missing)
    (only,) = found.batch.objects
    return only


def attributes(text: str, data: Any, missing: Missing) -> tuple[list[tuple[str, str]], list[str]]:
    found, said = reported(
        f"asset-sets: {{a: {{items: [{{value: x, attributes: [{text}]}}]}}}}", data, missing
    )
    return [(one.name, one.value) for one in found.batch.objects[0].attributes], said


@READINGS
@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("text", ["text"]),
        (" as it came ", [" as it came "]),
        ("0123", ["0123"]),
        ("N/A", ["N/A"]),
        (True, ["true"]),
        (False, ["false"]),
        (0, ["0"]),
        (12345678901234567890, ["12345678901234567890"]),
        (1.5, ["1.5"]),
        (None, []),
        ("", []),
        (" \t\n", []),
        (["a", None, "", "b", False], ["a", "b", "false"]),
        ([], []),
    ],
)
def test_an_attribute_value_is_text_and_a_list_is_several(
    value: Any, texts: list[str], missing: Missing
) -> None:
    rows, said = attributes("{name: A, value: !expr data.v}", {"v": value}, missing)
    assert rows == [("A", text) for text in texts]
    assert said == []
    absent, _ = attributes("{name: A, value: !expr data.nothing}", {"v": value}, missing)
    assert absent == []


@READINGS
@pytest.mark.parametrize("value", [{"a": 1}, [["a"]], [{"a": 1}], ["b", {"a": 1}]])
def test_an_object_as_attribute_value_is_left_out_with_a_warning(
    value: Any, missing: Missing
) -> None:
    rows, said = attributes("{name: A, value: !expr data}", value, missing)
    assert rows == [("A", "b")] * ("b" in value)
    assert said == ["the attribute A is an object in the data; ignored"]


@READINGS
def test_a_condition_decides_whether_an_attribute_is_reported(missing: Missing) -> None:
    text = (
        "{name: A, value: 1, condition: !expr user_fields.on},"
        "{name: B, value: 1, condition: !expr user_fields.off},"
        "{name: C, value: !expr data.x + 'not evaluated', condition: !expr data.nothing},"
        "{name: !expr data.name, value: 1}, {name: !expr data.nothing, value: 1}"
    )
    rows, _ = attributes(text, {"x": 1, "name": "D"}, missing)
    assert rows == [("A", "1"), ("D", "1")]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("2024-01-15 10:30:00", "2024-01-15 10:30:00"),
        ("2024-01-15T10:30:00Z", "2024-01-15 10:30:00"),
        ("2024-01-15 10:30:00+00:00", "2024-01-15 10:30:00"),
        ("2024-01-15T10:30:00+02:00", "2024-01-15 08:30:00"),
        ("2024-01-15T10:30:00.999", "2024-01-15 10:30:00"),
        ("2024-01-15", "2024-01-15 00:00:00"),
        ("0001-01-01 00:00:00", "0001-01-01 00:00:00"),
        ("0987-01-01T00:00:00Z", "0987-01-01 00:00:00"),
        (None, None),
        ("", None),
    ],
)
@pytest.mark.parametrize("key", ["published_at", "happened_at", "started_at", "ended_at"])
def test_a_date_is_stored_as_a_utc_stamp(key: str, written: str | None, stored: str | None) -> None:
    found = item(f"{{value: x, {key}: !expr data}}", written)
    assert getattr(found, key) == stored


@pytest.mark.parametrize(
    "written", ["soon", "1672531200", 1672531200, True, "0001-01-01T00:00:00+14:00", "10/12/2024"]
)
def test_what_is_no_date_is_left_out_with_a_warning(written: Any) -> None:
    text = "asset-sets: {a: {items: [{value: x, published_at: !expr data}]}}"
    found, said = reported(text, written)
    assert found.batch.objects[0].published_at is None
    assert said == ["published_at is not a readable date; ignored"]


@READINGS
@pytest.mark.parametrize("value", [None, "", " ", [], {}])
def test_an_object_without_a_value_is_not_reported(value: Any, missing: Missing) -> None:
    text = "asset-sets: {a: {items: [{value: !expr data.v}, {title: ~}, {name: !expr data.w}]}}"
    found, _ = reported(text, {"v": value}, missing)
    assert found.batch.objects == []


def test_an_object_as_value_is_left_out_with_a_warning() -> None:
    found, said = reported("asset-sets: {a: {items: [{value: !expr data}]}}", {"a": 1})
    assert found.batch.objects == []
    assert said == ["the value of the asset is an object in the data; ignored"]


@pytest.mark.parametrize("key", ["type", "key", "description", "status"])
def test_an_object_as_a_text_of_an_item_is_left_out_with_a_warning(key: str) -> None:
    found, said = reported(f"asset-sets: {{a: {{items: [{{value: x, {key}: [1]}}]}}}}", None)
    assert found.batch.objects == [Reported(type="asset", value="x")]
    assert said == [f"the {key} is an object in the data; ignored"]


@READINGS
@pytest.mark.parametrize(
    "items",
    [
        "!expr data.list",
        "[!expr data.list]",
        "[{value: a}, {value: b}]",
        "[!expr 'data.list[0]', !expr data.nothing, {value: b}]",
        "[!expr '[data.list]', !expr '[[none]]']",
    ],
)
def test_items_come_written_out_or_from_the_data_at_any_depth(items: str, missing: Missing) -> None:
    data = {"list": [{"value": "a"}, {"value": "b"}]}
    found, _ = reported(f"asset-sets: {{a: {{items: {items}}}}}", data, missing)
    assert [one.value for one in found.batch.objects] == ["a", "b"]


def test_title_and_name_are_values_too_and_values_keep_their_text() -> None:
    assert item("{title: Event One, type: Incident}").value == "Event One"
    assert item("{name: file.txt}").value == "file.txt"
    assert item("{value: !expr data}", 478).value == "478"
    assert item("{value: !expr data}", " A ").value == " A "


def test_shared_attributes_and_tags_reach_every_item_of_a_set() -> None:
    text = (
        "attribute-sets: {s: {items: [{name: A, value: 1}]}, t: {items: [{name: B, value: 2}]}}\n"
        "tag-sets: {g: {items: [{name: x}, {name: !expr data}, !expr \"[{'name': 'y'}]\"]}}\n"
        "asset-sets: {a: {items: [{value: a, attributes: [{name: C, value: 3}], tags:"
        " [{name: own}]}, {value: b}], attribute-sets: [s, t], tag-sets: [g]},"
        " c: {items: {value: c}}}"
    )
    found, _ = reported(text, "from the data")
    first, second, third = found.batch.objects
    assert [one.name for one in first.attributes] == ["C", "A", "B"]
    assert [one.name for one in second.attributes] == ["A", "B"]
    assert first.tags == ["own", *second.tags]
    assert second.tags == ["x", "from the data", "y"]
    assert (third.attributes, third.tags) == ([], [])


@READINGS
@pytest.mark.parametrize(
    ("given", "values"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", None, "", " ", 7, False], ["a", "7", "false"]),
        (["a"], ["a"]),
        ([], []),
        ([None], []),
    ],
)
@pytest.mark.parametrize("key", ["value", "title", "name"])
def test_a_list_as_value_makes_one_object_of_each_element(
    key: str, given: list[Any], values: list[str], missing: Missing
) -> None:
    """Wherever the item was written, and with all that it has."""
    text = (
        f"asset-sets: {{a: {{items: [{{{key}: !expr data.v, description: d, attributes:"
        " [{name: A, value: 1}]}], related: {event: [e]}}, b: {items: !expr data.items_}}\n"
        f"event-sets: {{e: {{items: [{{title: e, assets: [{{{key}: !expr data.v}}]}}]}}}}"
    )
    data = {"v": given, "items_": [{key: given, "description": "d"}]}
    found, said = reported(text, data, missing)
    batch = found.batch
    first, second = len(values), 2 * len(values)
    assert [one.value for one in batch.objects] == [*values, *values, "e", *values]
    assert {one.description for one in batch.objects[:second]} <= {"d"}
    assert all(one.attributes for one in batch.objects[:first])
    related = [(at, second) for at in range(first)]
    nested = [(second, second + 1 + at) for at in range(first)]
    assert sorted(batch.relations) == sorted(related + nested)
    assert said == []


def test_an_element_that_is_no_text_is_left_out_alone() -> None:
    text = "asset-sets: {a: {items: [{value: !expr data}]}}"
    found, said = reported(text, ["a", {"b": 1}, ["c"], "d"])
    assert [one.value for one in found.batch.objects] == ["a", "d"]
    assert said == ["the value of the asset is an object in the data; ignored"]


def test_the_first_of_value_title_and_name_that_is_given_counts() -> None:
    assert item("{name: n, title: t, value: v}").value == "v"
    assert item("{name: n, title: t, value: ~}").value == "t"
    found, _ = reported("asset-sets: {a: {items: [{title: t, value: []}]}}", None)
    assert found.batch.objects == []


@READINGS
@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("x", ["x"]),
        (["x", "y", None, ""], ["x", "y"]),
        ([], []),
        (None, []),
        ([7, True], ["7", "true"]),
    ],
)
def test_a_list_as_name_of_a_tag_is_several_tags(
    name: Any, tags: list[str], missing: Missing
) -> None:
    """In an item, in a shared set, in rows of the data, in a nested object."""
    rows = [{"name": name}]
    row = "[{name: !expr data.name}]"
    for given in (row, "!expr data.rows", "[!expr data.rows]", "[!expr 'data.rows[0]']"):
        text = (
            f"asset-sets: {{a: {{items: [{{value: a, tags: {given},"
            f" events: [{{title: e, tags: {given}}}]}}]}}, b: {{items: [{{value: b}}],"
            f" tag-sets: [t]}}}}\ntag-sets: {{t: {{items: {given}}}}}"
        )
        found, said = reported(text, {"name": name, "rows": rows}, missing)
        assert [one.tags for one in found.batch.objects] == [tags, tags, tags]
        assert said == []


def test_tags_of_the_data_may_be_texts() -> None:
    items = "{value: a, tags: !expr data.many}, {value: b, tags: !expr data.one}"
    text = f"asset-sets: {{a: {{items: [{items}]}}}}"
    found, said = reported(text, {"many": ["x", None, "y"], "one": "z"})
    assert [one.tags for one in found.batch.objects] == [["x", "y"], ["z"]]
    assert said == []


# a row, and where it stands, written out or made by a filter
_ATTRIBUTE, _TAG, _OBJECT = {"name": "A", "value": "B"}, {"name": "B"}, {"value": "B"}
_OF_A = "asset-sets: {a: {items: [{value: a, ROWS}]}}"
_OF_A_SET = "KIND-sets: {s: {items: ROWS}}\nasset-sets: {a: {items: [{value: a}], KIND-sets: [s]}}"
CONDITIONAL = {
    "an attribute of an item": (_ATTRIBUTE, _OF_A.replace("ROWS", "attributes: ROWS")),
    "an attribute of a set": (_ATTRIBUTE, _OF_A_SET.replace("KIND", "attribute")),
    "an attribute of a nested object": (
        _ATTRIBUTE,
        _OF_A.replace("ROWS", "events: [{title: a, attributes: ROWS}]"),
    ),
    "a tag of an item": (_TAG, _OF_A.replace("ROWS", "tags: ROWS")),
    "a tag of a set": (_TAG, _OF_A_SET.replace("KIND", "tag")),
    "an object": (_OBJECT, "asset-sets: {a: {items: ROWS}}"),
    "a nested object": (_OBJECT, _OF_A.replace("ROWS", "assets: ROWS")),
}


@READINGS
@pytest.mark.parametrize(("row", "text"), CONDITIONAL.values(), ids=CONDITIONAL)
def test_a_condition_counts_wherever_the_row_was_made(
    row: dict[str, Any], text: str, missing: Missing
) -> None:
    def made(rows: str, data: Any) -> int:
        found, said = reported(text.replace("ROWS", rows), data, missing)
        assert said == []
        return str(found.batch).count("'B'")

    written = ", ".join(f"{key}: {value}" for key, value in row.items())
    for holds, conditions in (
        (1, ["true", "1", "!expr user_fields.on", '!expr "data == data"']),
        (0, ["false", "~", "0", "!expr user_fields.off", "!expr data.nothing"]),
    ):
        for condition in conditions:
            assert made(f"[{{{written}, condition: {condition}}}]", {}) == holds
    for given, holds in ((True, 1), ("x", 1), (False, 0), (None, 0), ("", 0), (0, 0)):
        rows = [{**row, "condition": given}]
        assert made("!expr data.rows", {"rows": rows}) == holds
        assert made("[!expr 'data.rows[0]']", {"rows": rows}) == holds


@READINGS
def test_the_items_of_an_attribute_set_may_be_one_expression(missing: Missing) -> None:
    text = (
        "attribute-sets: {s: {items: !expr data.rows + data.more}}\n"
        "asset-sets: {a: {items: [{value: a}], attribute-sets: [s]}}"
    )
    rows = [{"name": "A", "value": ["1", "2"]}, {"name": "B", "value": "3", "condition": False}]
    found, said = reported(text, {"rows": rows, "more": [{"name": "C", "value": 4}]}, missing)
    (only,) = found.batch.objects
    assert [(one.name, one.value) for one in only.attributes] == [
        ("A", "1"),
        ("A", "2"),
        ("C", "4"),
    ]
    assert said == []


@pytest.mark.parametrize(
    ("keys", "given", "said"),
    [
        ("attributes", ["text"], "an attribute is not an object with keys; ignored"),
        ("attributes", [{"name": "A"}], "an attribute lacks its name or its value; ignored"),
        ("attributes", [{"value": 1}], "an attribute lacks its name or its value; ignored"),
        ("tags", [{"items": ["x"]}], "a tag lacks its name; ignored"),
        ("tags", [{"name": {"x": 1}}], "a tag is an object in the data; ignored"),
        ("assets", ["text"], "an item is not an object with keys; ignored"),
        ("assets", [{"valeu": 1}],
         "an item of the asset has none of value, title and name; ignored"),
    ],
)  # fmt: skip
def test_what_vanishes_from_the_data_is_said(keys: str, given: Any, said: str) -> None:
    text = f"event-sets: {{e: {{items: [{{title: e, {keys}: !expr data}}]}}}}"
    found, warnings = reported(text, given)
    assert found.batch.objects == [Reported(type="event", value="e")]
    assert warnings == [said]


@pytest.mark.parametrize("given", [None, [], {}, "", [None], [[]]])
@pytest.mark.parametrize("keys", ["attributes", "tags", "assets"])
def test_nothing_is_no_row_and_nothing_is_said(keys: str, given: Any) -> None:
    text = f"event-sets: {{e: {{items: [{{title: e, {keys}: !expr data}}]}}}}"
    found, said = reported(text, given)
    assert (found.batch.objects, said) == ([Reported(type="event", value="e")], [])


def test_related_sets_are_related_object_by_object() -> None:
    text = (
        "asset-sets: {a: {items: [{value: a1}, {value: a2}], related: {event: [e], asset: [b]}},"
        " b: {items: [{value: b1}]}}\n"
        "event-sets: {e: {items: [{title: e1}, {title: e2}, {title: ~}]}, unrelated: {items: []}}"
    )
    batch = reported(text, None)[0].batch
    values = [one.value for one in batch.objects]
    assert sorted((values[a], values[b]) for a, b in batch.relations) == [
        ("a1", "b1"), ("a1", "e1"), ("a1", "e2"), ("a2", "b1"), ("a2", "e1"), ("a2", "e2"),
    ]  # fmt: skip


def test_nested_objects_are_related_to_the_item_that_holds_them() -> None:
    text = (
        "event-sets: {e: {items: [{title: e, indicators: [{value: 192.0.2.1, type: IP Address,"
        " identities: [{value: i}]}, {value: ~}], assets: !expr data}]}}"
    )
    found, said = reported(
        text, {"value": "a", "description": "d"}, default_indicator_status="Active"
    )
    batch = found.batch
    rows = [(one.type, one.value, one.subtype, one.status) for one in batch.objects]
    assert rows == [
        ("event", "e", None, None),
        ("indicator", "192.0.2.1", "IP Address", "Active"),
        ("identity", "i", None, None),
        ("asset", "a", None, None),
    ]
    assert batch.relations == [(1, 2), (0, 1), (0, 3)]
    assert said == []


def test_a_key_from_the_data_that_no_item_has_is_warned_of() -> None:
    found, said = reported(
        "asset-sets: {a: {items: !expr data}}", [{"value": "a", "descripton": "d", "x": None}]
    )
    assert found.batch.objects == [Reported(type="asset", value="a")]
    assert said == ["an item has no key 'descripton'; ignored"]


@pytest.mark.parametrize(
    ("own", "default", "status"),
    [("Review", "Active", "Review"), (None, "Active", "Active"), (None, None, None)],
)
def test_an_indicator_has_its_own_status_or_that_of_the_feed(
    own: str | None, default: str | None, status: str | None
) -> None:
    text = "indicator-sets: {a: {items: [{value: x, status: !expr data}]}}"
    found, _ = reported(text, own, default_indicator_status=default)
    assert found.batch.objects[0].status == status


def test_a_placeholder_says_which_feed_fills_it_and_with_what() -> None:
    text = (
        "attachment-sets: {a: {items: [{name: f, key: k, run_params: {t: !expr data}}, {name: g}],"
        " fulfillment: Files}}"
    )
    found, _ = reported(text, 5)
    waiting = [(one.index, one.feed, one.run_params) for one in found.placeholders]
    assert waiting == [(0, "Files", {"t": 5}), (1, "Files", {})]
    assert found.batch.objects[0].key == "k"


def test_bytes_in_the_data_are_the_content_of_an_attachment() -> None:
    found, _ = reported("attachment-sets: {a: {items: {name: f, content: !expr data}}}", b"\x00")
    content = found.batch.objects[0].content
    assert content is not None
    assert (content.source, content.size) == (b"\x00", 1)
    # a file that is not a placeholder is known by its bytes and its name
    assert found.batch.objects[0].key == f"{content.sha256}\nf"


def test_a_feed_without_a_report_makes_nothing() -> None:
    found = ItemReport()
    ObjectBuilder(feed_of()).add({}, {}, Case(), found)
    assert found.batch.objects == []


@pytest.mark.parametrize(
    ("plural", "code"),
    [("indicators", "indicator"), ("identities", "identity"), ("asset_groups", "asset_group")],
)
def test_a_plural_names_an_object_code(plural: str, code: str) -> None:
    assert code_of_plural(plural) == code


def test_the_place_of_a_warning_is_that_of_the_set() -> None:
    document = Document("feed.yaml", "asset-sets:\n  a: {items: [{value: x, key: [1]}]}")
    scope = Scope(document, frozenset(), Missing.NULL, PythonFilters(NO_FILTERS))
    case = Case("C1")
    ObjectBuilder(feed_of(report=REPORT.read(scope, document.root, "report"))).add(
        {}, {}, case, ItemReport()
    )
    assert [message.position for message in case.messages] == [Position("feed.yaml", 2, 3)]
