"""Expressions and templates: what they give, and where they are wrong."""

from typing import Any

import pytest

from izoologic_cdf.language.expressions import EvaluationError, Missing
from tests.support.definitions import compiled, evaluated, expr, marked, place, refused

VALUE: dict[str, Any] = {
    "text": "478",
    "number": 478,
    "no": False,
    "zero": 0,
    "empty": "",
    "null": None,
    "list": [3, 1, 2],
    "none": [],
    "rows": [{"a": 1}, {}],
    "items": "a key",
}
NAMES = {"value": VALUE}
READINGS = pytest.mark.parametrize("missing", list(Missing))


@READINGS
@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("value.text", "478"),
        ("value.text | int", 478),
        ("value.number", 478),
        ("value.number | string", "478"),
        ("value.no", False),
        ("value.zero", 0),
        ("value.empty", ""),
        ("value.null", None),
        ("value.missing", None),
        ("value.get('missing', 'd')", "d"),
        ("value['text'][:2]", "47"),
        ("value.text[1:] ~ '!'", "78!"),
        ("'a' if value.no else 'b'", "b"),
        ("'a' if value.no", None),
        ("value.none | first", None),
        ("value.none | last", None),
        ("value.none | min", None),
        ("value.list | sort | last", 3),
        ("'; '.join(['a', 'b'])", "a; b"),
        ("[value.number, value.missing]", [478, None]),
        ("{'k': value.missing}", {"k": None}),
        ("value.get('items')", "a key"),
        ("value.items() | list | length", len(VALUE)),
        ("value.rows | map(attribute='a') | list", [1, None]),
        ("value is mapping and value.text is string", True),
        ("2 ** 10 // 3 % 7", 5),
        ("range(3) | list", [0, 1, 2]),
        ("'50%'", "50%"),
    ],
)
def test_an_expression_gives_a_native_value(source: str, result: object, missing: Missing) -> None:
    found = expr(source, NAMES, missing)
    assert found == result
    assert type(found) is type(result)


@READINGS
@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("str(value.number)", "478"),
        ("str(value.no) ~ str(1.5) ~ str('x')", "False1.5x"),
        ("str(value.list)", "[3, 1, 2]"),
        ("len(value.list) + len(value.text)", 6),
        ("int(value.text) + int('ff', 16) + int(1.9)", 734),
        ("isinstance(value.text, str)", True),
        ("isinstance(value.number, str)", False),
        ("isinstance(value.number, int)", True),
        ("isinstance(value.list, list) and isinstance(value, dict)", True),
        ("isinstance(value.zero, (float, bool)) or isinstance(value.no, (bool, str))", True),
        ("isinstance(value.missing, str)", False),
        ("isinstance(value.missing, (list, dict))", False),
    ],
)
def test_the_names_of_python_that_foreign_definitions_use_are_there(
    source: str, result: object, missing: Missing
) -> None:
    found = expr(source, NAMES, missing)
    assert found == result
    assert type(found) is type(result)
    text = evaluated(f"!tmpl |-\n  {{{{ {source} }}}}", NAMES, missing)
    assert text == str(result)


def test_a_name_of_the_definition_comes_before_that_of_python() -> None:
    assert expr("str ~ len", {"str": "a", "len": "b"}) == "ab"


@pytest.mark.parametrize("source", ["int('x')", "int(value)", "len(1)", "int('9' * 5000)"])
def test_what_python_refuses_is_a_failure_on_the_data(source: str) -> None:
    with pytest.raises(EvaluationError, match="the expression failed"):
        expr(source, NAMES)


@pytest.mark.parametrize(
    "source",
    [
        "value.missing.deeper",
        "value['missing']['deeper']",
        "value.null.deeper",
        "(value.none | first).deeper",
        "value.rows[7].a",
        "value.text.deeper",
        "(value.missing or {}).deeper",
    ],
)
def test_a_key_of_what_is_missing_is_null_too(source: str) -> None:
    assert expr(source, NAMES) is None


def test_stock_undefined_refuses_a_key_of_what_is_missing() -> None:
    with pytest.raises(EvaluationError, match="has no attribute 'missing'"):
        expr("value.missing.deeper", NAMES, Missing.UNDEFINED)


@READINGS
@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ value.text }}/{{ value.number }}", "478/478"),
        ("[{{ value.null }}{{ value.missing }}]", "[]"),
        ("{{ value.no }}", "False"),
        ("{% for n in value.list %}{{ n }}{% endfor %}", "312"),
        ("{% set x = value.number %}{{ x + 1 }}", "479"),
        ("{{ '<b>' }}", "<b>"),
    ],
)
def test_a_template_gives_text_and_null_is_empty_in_it(
    source: str, text: str, missing: Missing
) -> None:
    assert evaluated(f"!tmpl |-\n  {source}", NAMES, missing) == text


@pytest.mark.parametrize(
    ("text", "message", "help_"),
    [
        ("!expr →valeu.text", "unknown name 'valeu'", "did you mean 'value'?"),
        ("!expr value.valeu + →valeu", "unknown name 'valeu'", "did you mean 'value'?"),
        ("!expr value['x'] ~ 'valeu x' ~ →valeu", "unknown name 'valeu'", "did you mean"),
        ("!expr →float(value)", "unknown name 'float'", "write `| float`"),
        ("!expr value.list + →list(value)", "unknown name 'list'", "write `| list`"),
        ("!expr →list(value) or isinstance(value, list)", "unknown name 'list'", "`| list`"),
        ("!expr isinstance(→list, str)", "unknown name 'list'", "write `| list`"),
        ("!expr value is →None", "No test named 'None'", "did you mean 'none'?"),
        ("!expr value or →sorted(value)", "unknown name 'sorted'", "write `| sort`"),
        ("!expr value | →sring", "No filter named 'sring'", "did you mean 'string'?"),
        ("!expr value.latest | →latest", "No filter named 'latest'", "did you mean 'last'?"),
        ("!expr value is →mappin", "No test named 'mappin'", "did you mean 'mapping'?"),
        ("!expr value is not →mappin", "No test named 'mappin'", "did you mean 'mapping'?"),
        ("!expr value +→", "not a valid Jinja2 expression", None),
        ("!expr value →value", "unexpected 'value'", None),
        ("!expr value.a →$ 1", "not a valid Jinja2 expression: unexpected char '$'", None),
        ("!expr f→'{value}'", "not a valid Jinja2 expression", "join with ~"),
        ("!expr '[x →for x in value]'", "not a valid Jinja2 expression", "no comprehensions"),
        ("!expr 'lambda →x: x'", "not a valid Jinja2 expression", "no lambdas"),
        ("!expr '{{ value →}}'", "not a valid Jinja2 expression", "without {{ }}"),
        ("!tmpl '{{ value →value }}'", "not a valid Jinja2 template", None),
        ("!tmpl '{{ value }} {{ →valeu }}'", "unknown name 'valeu'", "did you mean 'value'?"),
        ("!tmpl '{{ value }}  {%- if →valeu -%} {% endif %}'", "unknown name 'valeu'", None),
        ("!tmpl '{%- if value -%}   {{ 1 | →nope }}{% endif %}'", "No filter", None),
        ("!expr (value | →nope) if value else 1", "No filter named 'nope'", None),
        ("!expr 1 if value else value is →nope", "No test named 'nope'", None),
        ("!expr value | map('→strng') | list", "No filter named 'strng'", "mean 'string'"),
        ("!expr value | select('→od') | list", "No test named 'od'", "did you mean 'odd'?"),
        ("!expr value | rejectattr('a', '→od') | list", "No test named 'od'", None),
        ("!expr value.→items", "`.items` is a method of every mapping", ".get('items')"),
        ("!expr value.x.→values | list", "`.values` is a method", ".get('values')"),
        ("!tmpl '{{ value.→copy }}'", "`.copy` is a method of every mapping", ".get('copy')"),
        ("!expr value | →map('int')", "the filter 'map' gives no list", "`| list`"),
        ("!expr value if value else value | →unique", "'unique' gives no list", "`| list`"),
    ],
)
def test_a_mistake_is_found_at_load_with_its_place_and_what_was_meant(
    text: str, message: str, help_: str | None
) -> None:
    clean, at = marked(f"key: {text}")
    if clean.endswith("+"):
        at = (1, len(clean))  # where the text ends, its last token is pointed at
    finding = refused(clean, {"value": {}})
    assert message in finding.message
    assert place(finding) == at
    assert help_ is None or help_ in (finding.help or "")


@pytest.mark.parametrize(
    "text",
    [
        "k: !expr value.a + →nope",
        "k: !expr 'value.a + →nope'",
        "k: !expr 'value[''a''] + →nope'",
        'k: !expr "value.a + →nope"',
        'k: !expr "value[\\"a\\"] + \\"\\\\\\\\\\" + →nope"',
        'k: !expr "value.a\\n+\\t→nope"',
        "k: !expr \"'\\x41\\u00e9\\U0001F600' ~ →nope\"",
        "k: !expr |\n  value.a\n  + →nope",
        "k: !expr >-\n  value.a\n\n    + →nope\n",
        "k: !expr |2-\n    value.a + →nope",
        "k: !expr value.a\n  + →nope",
        "k: !expr 'value.a\n  + →nope'",
        'k: !expr "value.a \\\n  + →nope"',
        "k: &here !expr value.a + →nope",
        "k: !expr &here value.a + →nope",
        "k:\n  !expr\n  value.a + →nope",
        "k: [1, !expr →nope, 2]",
        "{a: {b: !expr 'value.é ~ \"é😀\" ~ →nope'}}",
        "k: !tmpl '{{ value.a }}  {{ →nope }}'",
    ],
)
def test_a_place_is_exact_in_every_style_of_scalar(text: str) -> None:
    clean, at = marked(text)
    finding = refused(clean, {"value": {}})
    assert finding.message == "unknown name 'nope'"
    assert place(finding) == at


@READINGS
@pytest.mark.parametrize(
    ("source", "message", "purposeful"),
    [
        ("value.text + 1", "the expression failed: can only concatenate", False),
        ("1 / value.zero", "the expression failed: division by zero", False),
        ("value.text | round", "the expression failed", False),
        ("[].index('no rights')", "no rights", True),
        ("[].index(\"it's 'no'\")", "it's 'no'", True),
        ("[].index('two\\nlines')", "two\nlines", True),
    ],
)
def test_a_failure_on_the_data_says_where_and_what(
    source: str, message: str, purposeful: bool, missing: Missing
) -> None:
    value = compiled(f"key: 1\nother: !expr |-\n  {source}", NAMES, missing)
    with pytest.raises(EvaluationError) as caught:
        value.evaluate(NAMES)
    assert caught.value.message.startswith(message)
    assert (caught.value.position.line, caught.value.position.column) == (2, 8)
    assert caught.value.purposeful is purposeful


def test_a_failure_quotes_no_data() -> None:
    secret = "hunter2-hunter2"
    for source in ("value.s | int + value", "[1].index(1) + value.s", "value.s.index('z')"):
        with pytest.raises(EvaluationError) as caught:
            expr(source, {"value": {"s": secret}})
        assert secret not in caught.value.message


@pytest.mark.parametrize("source", ["(" * 3000 + "1" + ")" * 3000, "1" + "+1" * 30_000])
def test_an_expression_nested_too_deeply_is_a_finding(source: str) -> None:
    assert "nested too deeply" in refused(f"!expr '{source}'").message
