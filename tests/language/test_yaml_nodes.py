"""YAML to nodes: merges, keys, scalars, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from izoologic_cdf.language.nodes import Document, read
from izoologic_cdf.language.positions import DefinitionError, did_you_mean
from izoologic_cdf.language.schema import pairs
from tests.support.definitions import MARK, evaluated, marked, place, refused

ANCHORS = "_: [&x {a: 1, b: 1}, &y {b: 2, c: 2}, &word [{get: result}]]\n"


@pytest.mark.parametrize(
    ("mapping", "merged"),
    [
        ("{<<: *x}", {"a": 1, "b": 1}),
        ("{<<: *x, b: 9}", {"a": 1, "b": 9}),
        ("{b: 9, <<: *x}", {"a": 1, "b": 9}),
        ("{<<: *x, <<: *y}", {"a": 1, "b": 2, "c": 2}),
        ("{<<: *y, <<: *x}", {"a": 1, "b": 1, "c": 2}),
        ("{<<: [*x, *y]}", {"a": 1, "b": 1, "c": 2}),
        ("{<<: *x, b: 9, <<: *y}", {"a": 1, "b": 9, "c": 2}),
        ("{<<: *word}", {"get": "result"}),
        ("{'<<': 1}", {"<<": 1}),
    ],
)
def test_merges_have_the_precedence_of_yaml(mapping: str, merged: dict[str, Any]) -> None:
    assert evaluated(f"{ANCHORS}it: {mapping}")["it"] == merged


@pytest.mark.parametrize(
    ("mapping", "keys"),
    [
        ("{b: 9, <<: *x}", "bab"),
        ("{<<: [*x, *y], c: 9}", "abbcc"),
        ("{<<: {<<: *y, d: 1}}", "bcd"),
        ("[a]", ""),
        ("{{<<: *x}: 1, [b]: 2, c: 3}", "c"),
    ],
)
def test_the_pairs_of_a_mapping_are_its_own_and_those_that_it_merges(
    mapping: str, keys: str
) -> None:
    document = Document("f", f"{ANCHORS}it: {mapping}")
    it = document.entries(document.root, "it")[1].value
    assert "".join(key.value for _, (key, _) in pairs(it)) == keys


def test_an_entry_says_whether_it_was_merged_and_where_it_was_written() -> None:
    document = Document("f", f"{ANCHORS}it: {{<<: *x, b: 9}}")
    it = document.entries(document.root, "it")[1].value
    entries = {e.key: (e.merged, e.key_node.start_mark.line) for e in document.entries(it, "it")}
    assert entries == {"a": (True, 0), "b": (False, 1)}


@pytest.mark.parametrize(
    ("text", "message", "help_"),
    [
        ("{→!expr a: 1}", "a key must be a word", None),
        ("a: 1\n→a: 2", "duplicate key 'a'", "the first stands at line 1"),
        ("{<<: →[1]}", "<< merges mappings, this is a single value", None),
        ("{<<: →text}", "<< merges mappings, this is a single value", None),
        ("{→[a]: 1}", "a key must be a word", None),
        ("a: →!exp value", "unknown tag !exp", "did you mean '!expr'?"),
        ("→!exp {a: 1}", "unknown tag !exp", "did you mean '!expr'?"),
        ("a: →!temp [1]", "unknown tag !temp", "did you mean '!tmpl'?"),
        ("a: →!!binary aGk=", "unknown tag !!binary", None),
        ("a: →!!python/name:os.system x", "unknown tag !!python/name:os.system", None),
        ("a: →!expr [1]", "!expr takes one scalar", None),
        ("a: →.inf", "not a number in JSON", "quote it"),
        ("a: →[1", "not valid YAML: this [ is not closed", "add ]"),
        ("→", "the file is empty", None),
        ("# nothing\n", "the file is empty", None),
        ("a: 1\n→---\nb: 2", "not valid YAML: but found another document", "one document"),
        ("→&a [*a]", "an alias in here refers to this", None),
        ("→&a {<<: *a}", "an alias in here refers to this", None),
    ],
)
def test_what_is_no_definition_is_refused_where_it_stands(
    text: str, message: str, help_: str | None
) -> None:
    clean, at = marked(text) if MARK in text else (text, (1, 1))
    finding = refused(clean)
    assert message in finding.message
    assert place(finding) == at
    assert help_ is None or help_ in (finding.help or "")


def test_aliases_that_multiply_are_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    assert "more than 1000000 parts" in refused("\n".join(lines)).message


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("2024-01-01", "2024-01-01"),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ('"478"', "478"),
        ("478", 478),
        ("'true'", "true"),
        ("yes", True),
        ("~", None),
        ("''", ""),
        ("1.5", 1.5),
        ("1.2.3", "1.2.3"),
        ("!!int ''", ""),
        ("!!bool maybe", "maybe"),
        ("!!int text", "text"),
    ],
)
def test_a_scalar_is_null_boolean_number_or_the_text_that_was_written(
    scalar: str, value: object
) -> None:
    found = evaluated(f"a: {scalar}")["a"]
    assert found == value
    assert type(found) is type(value)


def test_text_is_never_made_of_a_number_or_of_nothing() -> None:
    document = Document("f", "{number: 0123, nothing: , date: 2024-01-01, tag: !expr x}")
    nodes = {e.key: e.value for e in document.entries(document.root, "it")}
    assert document.text(nodes["number"], "it") == "0123"
    assert document.text(nodes["date"], "it") == "2024-01-01"
    for key in ("nothing", "tag"):
        with pytest.raises(DefinitionError, match="it must be plain text"):
            document.text(nodes[key], "it")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: \xff", "the file is not UTF-8 (byte 3)"),
        (b"a: \x00", "not valid YAML"),
        (b"[" * 100_000, "nested more than 100 levels deep"),
    ],
)
def test_bytes_that_are_no_text_or_no_yaml_are_a_finding(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "feed.yaml"
    path.write_bytes(content)
    with pytest.raises(DefinitionError) as caught:
        read(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_what_is_nested_too_deeply_is_a_finding_at_the_bracket_that_is_too_many() -> None:
    with pytest.raises(DefinitionError) as caught:
        Document("f", "a:\n " + "[" * 200)
    assert place(caught.value.findings[0]) == (2, 101)


def test_a_file_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="the file cannot be read: No such file"):
        read(tmp_path / "feed.yaml")


def test_a_byte_order_mark_moves_no_column(tmp_path: Path) -> None:
    path = tmp_path / "feed.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: !exp 1\r\n")
    document = read(path)
    with pytest.raises(DefinitionError) as caught:
        document.scalar(document.entries(document.root, "it")[0].value)
    assert place(caught.value.findings[0]) == (1, 4)


@given(st.text(alphabet="ab:-[]{}&*!<>|'\"#\n \t,?%@`~1\\é\u2028", max_size=40))
def test_any_text_is_a_value_or_a_finding(text: str) -> None:
    try:
        evaluated(text)
    except DefinitionError as error:
        assert str(error).startswith("file.yaml:")  # noqa: PT017 - most texts are refused


def test_a_finding_shows_the_line_and_points_into_it() -> None:
    finding = refused("a: 1\nb: !exp 2")
    assert str(finding) == (
        "file.yaml:2:4: unknown tag !exp\n    b: !exp 2\n       ^\n    help: did you mean '!expr'?"
    )


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("iterat", ["iterate", "get"], "did you mean 'iterate'?"),
        ("STATUS", ["status", "x"], "did you mean 'status'?"),
        ("zzz", ["b", "a"], "known here: a, b"),
        ("zzz", [], None),
    ],
)
def test_a_mistyped_word_gets_the_nearest_known_one_or_all(
    word: str, known: list[str], said: str | None
) -> None:
    assert did_you_mean(word, known) == said
