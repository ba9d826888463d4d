"""What expressions and templates are seen to read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from izoologic_cdf.lint.reads import scan

EXPRESSIONS = {
    "value.a.b": ["value.a.b"],
    "value['a'].b": ["value.a.b"],
    "value.get('a').b": ["value.a.b"],
    "value.get('a', {}).b": ["value.a"],
    "value.a.strip().b": ["value.a"],
    "value[0].a": ["value"],
    "value[key].a": ["value", "key"],
    "value.a | default(data.b)": ["value.a", "data.b"],
    "value is mapping and value is not none": ["value", "value"],
    "dict(value=1)": ["dict"],
    "f(1, key=value.a)": ["f", "value.a"],
    "'value.a' ~ value.b": ["value.b"],
    "value . a": ["value.a"],
    "value.a == value.b": ["value.a", "value.b"],
    "value.a ! b": [],
}
TEMPLATES = {
    "value.a {{ value.b }}": ["value.b"],
    "{# value.a #}{{- value.b -}} {% if value.c %}x{% endif %}": ["value.b", "value.c"],
    "{% for x in value.rows %}{{ x.a }}{% endfor %}": ["x", "value.rows", "x"],
    "{% set value = data.a %}{{ value.b }}": ["value", "data.a", "value"],
    "{{ value.a": [],
}


def reads(source: str, *, template: bool) -> list[str]:
    return [".".join((read.root, *read.path)) for read in scan(source, template=template).reads]


@pytest.mark.parametrize(("source", "expected"), EXPRESSIONS.items())
def test_an_expression_reads_the_keys_that_are_written_out(
    source: str, expected: list[str]
) -> None:
    assert reads(source, template=False) == expected


@pytest.mark.parametrize(("source", "expected"), TEMPLATES.items())
def test_a_template_reads_only_inside_its_braces(source: str, expected: list[str]) -> None:
    found = [read for read in reads(source, template=True) if read not in ("if", "for", "in")]
    assert [read for read in found if read not in ("endif", "endfor", "set")] == expected


WORD = st.from_regex(r"\A[a-z]{1,8}\Z").filter(lambda word: word not in ("is", "not", "in", "if"))


@given(st.lists(WORD, min_size=1, max_size=4), st.text(alphabet=" \n", max_size=3))
def test_every_offset_is_the_place_of_its_word(path: list[str], space: str) -> None:
    source = space + "value" + "".join(f".{word}" for word in path)
    (read,) = scan(source, template=False).reads
    words = [source[at : at + len(word)] for at, word in zip(read.offsets, path, strict=False)]
    assert read.path == tuple(path)
    assert [source[at:].startswith(word) for at, word in zip(read.offsets[1:], path, strict=True)]
    assert source[read.offsets[0] :].startswith("value"), words
