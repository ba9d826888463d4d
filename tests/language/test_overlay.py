"""`_uploaded`: one text, two views of it, and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.positions import DefinitionError
from tests.support.definitions import MARK, marked

# text, what is executed, what is uploaded
VIEWS: dict[str, tuple[str, Any, Any]] = {
    "a key is replaced in its place": (
        "{a: 1, b: 2, _uploaded: {a: 3}}", {"a": "1", "b": "2"}, {"a": "3", "b": "2"},
    ),
    "a key is added at the end, wherever the overlay stands": (
        "{_uploaded: {c: 3}, a: 1}", {"a": "1"}, {"a": "1", "c": "3"},
    ),
    "a key is removed": ("{a: 1, b: 2, _uploaded: {a: null}}", {"a": "1", "b": "2"}, {"b": "2"}),
    "nothing changes": ("{a: 1, _uploaded: {}}", {"a": "1"}, {"a": "1"}),
    "a mapping has nothing but an overlay": ("{_uploaded: {a: 1}}", {}, {"a": "1"}),
    "an overlay in an overlay": (
        "{a: 1, _uploaded: {b: {c: 1, _uploaded: {c: 2}}}}", {"a": "1"},
        {"a": "1", "b": {"c": "2"}},
    ),
    "an overlay in what is replaced": (
        "{a: {b: 1, _uploaded: {b: 2}}, _uploaded: {a: 3}}", {"a": {"b": "1"}}, {"a": "3"},
    ),
    "a merged key is replaced by one of the mapping itself": (
        "{x: &x {a: 1}, y: {<<: *x, _uploaded: {a: 2}}}",
        {"x": {"a": "1"}, "y": {"a": "1"}}, {"x": {"a": "1"}, "y": {"a": "2"}},
    ),
    "what is merged is the view of it": (
        "{x: &x {a: 1, _uploaded: {a: 2, b: 3}}, y: {<<: *x, c: 4}}",
        {"x": {"a": "1"}, "y": {"a": "1", "c": "4"}},
        {"x": {"a": "2", "b": "3"}, "y": {"a": "2", "b": "3", "c": "4"}},
    ),
    "another mapping is merged": (
        "{x: &x {a: 1}, y: &y {a: 2}, z: {<<: *x, _uploaded: {<<: *y}}}",
        {"x": {"a": "1"}, "y": {"a": "2"}, "z": {"a": "1"}},
        {"x": {"a": "1"}, "y": {"a": "2"}, "z": {"a": "2"}},
    ),
    "a node that is shared is changed once": (
        "{x: &x [1, {_uploaded: [2]}], y: *x}",
        {"x": ["1"], "y": ["1"]}, {"x": ["1", "2"], "y": ["1", "2"]},
    ),
    "an overlay that is shared": (
        "{_: &o {a: 2}, x: {a: 1, _uploaded: *o}, y: {_uploaded: *o}}",
        {"_": {"a": "2"}, "x": {"a": "1"}, "y": {}},
        {"_": {"a": "2"}, "x": {"a": "2"}, "y": {"a": "2"}},
    ),
    "elements are put in the place of the overlay": (
        "[1, {_uploaded: [2, 3]}, 4, {_uploaded: []}]", ["1", "4"], ["1", "2", "3", "4"],
    ),
    "an element that is a mapping has an overlay of its own": (
        "[{a: 1, _uploaded: {a: 2}}]", [{"a": "1"}], [{"a": "2"}],
    ),
    "a list in a list": ("[[{_uploaded: [1]}], {_uploaded: [[2]]}]", [[]], [["1"], ["2"]]),
    "a tagged mapping": (
        "!json {a: !expr x, _uploaded: {a: !expr y}}", {"a": "x"}, {"a": "y"},
    ),
    "a text is no key": (
        "[_uploaded, {a: _uploaded}]",
        ["_uploaded", {"a": "_uploaded"}], ["_uploaded", {"a": "_uploaded"}],
    ),
}  # fmt: skip


def view(text: str, **which: bool) -> Any:
    """Return a view of a text as data: single values are texts."""
    document = Document("file.yaml", text, **which)

    def data(node: Any) -> Any:
        if node.id == "mapping":
            return {entry.key: data(entry.value) for entry in document.entries(node, "it")}
        return [data(one) for one in node.value] if node.id == "sequence" else node.value

    return data(document.root)


@pytest.mark.parametrize(("text", "executed", "uploaded"), VIEWS.values(), ids=VIEWS)
def test_a_text_has_two_views(text: str, executed: Any, uploaded: Any) -> None:
    assert view(text) == view(text, uploaded=False) == executed
    found = view(text, uploaded=True)
    assert found == uploaded
    if isinstance(uploaded, dict):
        assert list(found) == list(uploaded)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {b: 1, _uploaded: →[b]}", "_uploaded takes a mapping here"),
        ("a:\n  _uploaded: →text", "_uploaded takes a mapping here"),
        ("a:\n  - b\n  - _uploaded: →{c: 1}", "_uploaded takes a list here"),
        ("[a, {_uploaded: →}]", "_uploaded takes a list here"),
        ("a: 1\n_uploaded: {→b: null}", "there is no key 'b' here that _uploaded could remove"),
        ("x: &x {a: 1}\ny: {<<: *x, _uploaded: {→a: null}}", "there is no key 'a' here"),
        ("{a: 1, _uploaded: {a: 2}, →_uploaded: {a: 3}}", "duplicate key '_uploaded'"),
        ("{a: 1, _uploaded: {a: null, →a: null}}", "there is no key 'a' here"),
    ],
)
@pytest.mark.parametrize("uploaded", [False, True])
def test_a_wrong_overlay_is_refused_in_both_views_with_its_place(
    text: str, message: str, uploaded: bool
) -> None:
    text, (line, column) = marked(text)
    assert MARK not in text
    with pytest.raises(DefinitionError) as caught:
        Document("file.yaml", text, uploaded=uploaded)
    (finding,) = caught.value.findings
    assert finding.message.startswith(message)
    assert str(finding.position) == f"file.yaml:{line}:{column}"


names = st.sampled_from(["a", "b", "c"])
plain = st.recursive(
    st.sampled_from(["1", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@given(plain)
def test_a_text_without_overlays_has_one_view(data: Any) -> None:
    text = str(data)
    assert view(text, uploaded=True) == view(text, uploaded=False) == data


@given(st.dictionaries(names, plain, max_size=3), st.dictionaries(names, plain, max_size=3))
def test_an_overlay_of_keys_is_an_update_of_the_mapping(
    own: dict[str, Any], changes: dict[str, Any]
) -> None:
    text = str({**own, "_uploaded": changes})
    assert view(text, uploaded=False) == own
    assert view(text, uploaded=True) == {**own, **changes}
