"""What no expression may do: leave the data, or make something huge."""

from collections.abc import Callable
from pathlib import Path

import pytest

from izoologic_cdf.language import budget
from izoologic_cdf.language.expressions import EvaluationError, Missing
from izoologic_cdf.language.positions import DefinitionError
from tests.support.definitions import evaluated

READINGS = pytest.mark.parametrize("missing", list(Missing))

ESCAPES = [
    "''.__class__",
    "''.__class__.__mro__[1].__subclasses__()",
    "''['__class__']",
    "value | attr('__class__')",
    "value['__init__']['__globals__']",
    "().__class__.__bases__[0]",
    "value.get.__self__",
    "value.get.__func__",
    "range.__init__",
    "cycler.__init__.__globals__.os",
    "joiner.__init__.__globals__",
    "namespace.__init__.__globals__",
    "dict.__base__",
    "dict.mro()",
    "str.mro()",
    "str.__subclasses__()",
    "int.__base__",
    "int.from_bytes('x')",
    "str.format('{0.__class__}', value)",
    "str | attr('mro')",
    "str['mro']",
    "len.__self__",
    "isinstance.__self__",
    "[str] | map(attribute='__base__') | list",
    "isinstance(value, list.__base__)",
    "isinstance(value, str.__mro__)",
    "str([['x' * 1000000] * 1000] * 1000)",
    "[value] | map(attribute='__class__') | list",
    "[value] | map('attr', '__class__') | list",
    "[value] | selectattr('__class__') | list",
    "[value] | sort(attribute='__class__')",
    "[value] | groupby('__class__')",
    "[value] | sum(attribute='__class__')",
    "'{0.__class__}'.format(value)",
    "'{0[a].__class__.__mro__}'.format({'a': value})",
    "'{x.__class__}'.format_map({'x': value})",
    "['{0.__class__}'.format] | map('format', value) | list",
    "('{0.__class__}' | attr('format'))(value)",
    "value.update({'a': 1})",
    "value.clear()",
    "[1].append(2)",
    "[2, 1].sort()",
    "file.path.read_text()",
    "file.unlink()",
    "file.parent.joinpath('etc').exists()",
    "'x' * 100000000",
    "100000000 * 'x'",
    "[0] * 100000000",
    "9 ** 9 ** 9",
    "10 ** 65",
    "(10 ** 8) ** 2",
    "'%s' % value",
    "'%1000000000d' | format(1)",
    "'%*d' | format(1000000000, 1)",
    "'{:>1000000000}'.format(1)",
    "'{:>{}}'.format(1, 1000000000)",
    "'x' | center(1000000000)",
    "'x'.ljust(1000000000)",
    "'x'.zfill(1000000000)",
    "'\\t'.expandtabs(1000000000)",
    "'x\\ny' | indent(1000000000)",
    "([1] | batch(1000000000, 0)) | list",
    "('x' * 1000000).replace('x', 'y' * 1000000)",
    "'-'.join(['x' * 1000000] * 1000)",
    "range(1000000000) | list",
]


@READINGS
@pytest.mark.parametrize("source", ESCAPES)
def test_an_escape_ends_in_a_clear_error(source: str, missing: Missing) -> None:
    names = {"value": {"a": 1}, "file": Path(__file__)}
    with pytest.raises((EvaluationError, DefinitionError)) as caught:
        evaluated(f"!expr |-\n  {source}", names, missing)
    assert "file.yaml:" in str(getattr(caught.value, "position", caught.value))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "source",
    [
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}{{ os }}",
        "{% from 'os' import path %}{{ path }}",
        "{% extends 'base' %}",
        "{{ self.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ value.__class__ }}",
        "{% set x = value.__class__ %}{{ x }}",
        "{% for x in ''.__class__.__mro__ %}{{ x }}{% endfor %}",
        "{% macro m() %}{% endmacro %}{{ m.__init__ }}",
        "{% macro m() %}{% endmacro %}{{ m._func }}",
        "{% for x in range(1000000000) %}{% endfor %}",
    ],
)
@READINGS
def test_a_template_escapes_no_better(source: str, missing: Missing) -> None:
    with pytest.raises((EvaluationError, DefinitionError)) as caught:
        evaluated(f"!tmpl |-\n  {source}", {"value": {"a": 1}}, missing)
    assert "file.yaml:" in str(getattr(caught.value, "position", caught.value))


@pytest.mark.parametrize("source", ["lipsum()", "open('x')", "__import__('os')", "eval('1')"])
def test_python_names_are_unknown(source: str) -> None:
    with pytest.raises(DefinitionError, match="unknown name"):
        evaluated(f"!expr |-\n  {source}")


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("'x' * 3", "xxx"),
        ("2 ** 10", 1024),
        ("'%02d' | format(7)", "07"),
        ("'%d at 100%%' | format(1234567890)", "1234567890 at 100%"),
        ("'{:>3}'.format(1)", "  1"),
        ("'a-b'.replace('-', '+')", "a+b"),
        ("'x' | center(3)", " x "),
        ("value.a.bit_length()", 1),
        ("value.a | attr('real')", 1),
    ],
)
def test_the_limits_leave_ordinary_use_alone(source: str, result: object) -> None:
    assert evaluated(f"!expr |-\n  {source}", {"value": {"a": 1}}) == result


def test_a_result_may_be_as_large_as_its_limit() -> None:
    budget.limit(10, 10)
    with pytest.raises(budget.LimitError, match="larger than 10 characters"):
        budget.limit(11, 10)


@pytest.mark.parametrize("count", [budget.walk, budget.weigh])
@pytest.mark.parametrize("given", [[1, 2, 3], [[1, 2]], {"a": {}}, [[[]], []]])
def test_a_value_may_have_as_many_elements_as_its_limit(
    monkeypatch: pytest.MonkeyPatch, count: Callable[[object], object], given: object
) -> None:
    monkeypatch.setattr(budget, "MAX_ELEMENTS", 3)
    count(given)
    with pytest.raises(budget.LimitError, match="more than 3 elements"):
        count([given, 4, 5, 6])
    with pytest.raises(budget.LimitError, match="more than 3 elements"):
        count([1, 2, 3, 4])


@pytest.mark.parametrize("count", [budget.walk, budget.weigh])
def test_sixteen_elements_that_are_counted_are_a_turn(count: Callable[[object], object]) -> None:
    before = budget.THREAD.budget.turns
    count([0] * 16_000)
    assert budget.THREAD.budget.turns - before == 1000
