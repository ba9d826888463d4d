"""G: the budget of a definition covers all of it."""

import contextlib
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.errors import ItemError
from izoologic_cdf.language import budget
from izoologic_cdf.language.allowed import REFUSED
from izoologic_cdf.language.expressions import EvaluationError, Missing
from tests.support.definitions import expr, refused
from tests.support.steps import steps

# one expression that would run for hours
LONG = [
    "1.5 | round(1000000000, 'floor')",
    "1.5 | round(1000000000, 'ceil')",
    "1.5 | round(precision=1000000000, method='ceil')",
    "5 | round(-1000000000)",
    "'x' | round(9, 'floor')",
    "[1] | round(9, 'floor')",
    "('x' * 9999999) | int(base=16) // 3",
    "('f' * 9999999) | int(0, 16)",
    "('f' * 9999999) | int(base=32)",
    "('<>' * 4999999) | striptags",
    "('<!--' * 2499999) | striptags",
    "('a ' * 4999999) | wordwrap(1)",
    "('a' * 9999999).strip('b' * 4999999 ~ 'a')",
    "('a' * 9999999) | trim('b' * 4999999 ~ 'a')",
    "('a' * 9999999).rfind('ab' ~ 'a' * 4999999)",
    "('a' * 9999999).rsplit('ab' ~ 'a' * 4999999)",
    "('a' * 9999999).rpartition('ab' ~ 'a' * 4999999)",
    "('é' * 9999999).encode('punycode')",
    "('é' * 9999999).encode('idna')",
    "([range(99999) | list] * 9999) | map('sort') | map('list') | list",
    "([range(99999) | list] * 9999) | map('unique') | map('list') | list",
    "([range(99999) | list] * 9999) | map('max') | list",
    "range(99999) | select('in', range(99999) | list) | list",
    "range(99999) | map('string') | select('in', range(99999) | map('string') | list) | list",
    "([range(99999)] * 99999) | map('list') | map('length') | sum",
    "([('x' * 999999)] * 99999) | map('title') | map('length') | sum",
    "([('x' * 999999)] * 99999) | map('wordcount') | sum",
    "9 ** 64 ** 64",
]
# one operation that would make gigabytes
HUGE = [
    "('a\\n' * 4999999) | indent(4000)",
    "'a' | indent(4000000000, first=true)",
    "'a' | indent(width=4000000000, first=true)",
    "('a\\n' * 4999) | indent('x' * 4999999)",
    "('a\\f' * 4999) | indent(4999999)",
    "('\\t' * 9999).expandtabs(999999)",
    "('\\t' * 9999).expandtabs(tabsize=999999)",
    "'%4000000000d' | format(1)",
    "'%04000000000d' | format(1)",
    "'%.4000000000f' | format(1)",
    "'%-4000000000s' | format(1)",
    "'%(a)4000000000d' | format(a=1)",
    "'%(a(b))4000000000d' | format(**{'a(b)': 1})",
    "'%*d' | format(4000000000, 1)",
    "('%999999d' * 999) | format(1)",
    "('%(a)s' * 999) | format(a='x' * 999999)",
    "'{:4000000000}'.format(1)",
    "'{:0000000000004000000000}'.format(1)",
    "'{:>{}}'.format(1, 4000000000)",
    "'{:.4000000000f}'.format(1)",
    "('{0:999999}' * 999).format(1)",
    "('{0}' * 999).format('x' * 999999)",
    "('{a}' * 999).format_map({'a': 'x' * 999999})",
    "('{0[0]}' * 999).format(['x' * 999999])",
    "'x' | center(4000000000)",
    "'x'.center(4000000000)",
    "'x'.ljust(4000000000, '-')",
    "'x'.rjust(4000000000)",
    "'x'.zfill(4000000000)",
    "('x' * 9999).replace('x', 'y' * 999999)",
    "('x' * 9999).replace('', 'y' * 999999)",
    "('x' * 9999) | replace('x', 'y' * 999999)",
    "('x' * 9999).translate({120: 'y' * 999999})",
    "('x' * 9999) | wordwrap(1, wrapstring='y' * 999999)",
    "(['x' * 999999] * 9999) | join",
    "([1] * 9999) | join('x' * 999999)",
    "([{'a': 'x' * 999999}] * 9999) | join('', attribute='a')",
    "'-'.join(['x' * 999999] * 9999)",
    "('x' * 999999).join(['y'] * 9999)",
    "([['x' * 999999] * 99] * 99) | tojson",
    "([['x' * 999999] * 99] * 99) | string",
    "([['x' * 999999] * 99] * 99) | lower",
    "([['x' * 999999] * 99] * 99) ~ ''",
    "[[1] * 99999] | tojson(indent=4000000)",
    "[[1] * 99999] | tojson(indent='x' * 4000000)",
    "[1] | batch(4000000000, 0) | list",
    "[1] | slice(4000000000) | list",
    "[1] | batch(linecount=4000000000, fill_with=0) | list",
    "[1] | slice(slices=4000000000, fill_with=0) | list",
    "'x' * 4000000000",
    "4000000000 * 'x'",
    "[0] * 4000000000",
    "(0,) * 4000000000",
    "'x' * 9999999 ~ 'x' * 9999999",
    "'x' * 9999999 + 'x' * 9999999",
    "[0] * 999999 + [0] * 999999",
    "('a ' * 4999999).split()",
    "('a,' * 4999999).split(',')",
    "('a,' * 4999999).rsplit(sep=',')",
    "('a\\n' * 4999999).splitlines()",
    "('x' * 9999999) | list",
    "('a ' * 4999999) | wordcount",
    "([[1] * 999] * 9999) | sum(start=[])",
    "([(1,) * 999] * 9999) | sum(start=(0,))",
    "([1] * 999999) | map('center', 999999) | list",
    "range(99999) | map('center', 99999) | map('upper') | list",
    "'%4000000000d' is odd",
    "'%4000000000d' is even",
    "'%4000000000d' is divisibleby(1)",
    "'%4000000000d' % 1",
    "[" + "'x' * 9999999, " * 99 + "]",
    "[" + "('x' * 9999999)[1:], " * 99 + "]",
    "[" + "('x' * 9999999) | upper, " * 99 + "]",
    "[" + "('x' * 9999999).lower(), " * 99 + "]",
]
READINGS = pytest.mark.parametrize("missing", list(Missing))


@pytest.mark.parametrize("source", LONG + HUGE)
def test_32_one_expression_neither_runs_for_hours_nor_makes_gigabytes(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "MAX_SECONDS", 0.1)
    begun = time.thread_time()
    with pytest.raises(EvaluationError, match=r"not allowed: |expected a number|Overflow"):
        expr(source)
    assert time.thread_time() - begun < 3


def doubled(kind: type, times: int = 60) -> Any:
    """Return a small value that is billions of elements to whoever goes through it."""
    value = kind((1,))
    for _ in range(times):
        value = kind((value, value))
    return value


WALKS = [
    *(f"v | {name}" for name in ("string", "lower", "tojson", "join", "escape", "trim")),
    *(f"v | {name} | list" for name in ("unique", "sort", "groupby(0)")),
    *(
        "v == w",
        "v < w",
        "v in [w]",
        "[v] == [w]",
        "v is eq(w)",
        "v is in([w])",
        "[v] | select('eq', w) | list",
    ),
    *("v ~ ''", "[v, w] | max", "[v, w] | min", "[v, w] | sort", "[v].index(w)", "[v].count(w)"),
    *("{v: 1}", "{}.get(v)", "{}[v]", "dict([[v, 1]])", "''.join([v])", "'{}'.format(v)"),
    *("'%s' | format(v)", "'a' | replace('a', v)", "'a' | replace(v, 'b')", "[1] | join(v)"),
    *("v | attr(w)", "v | wordcount", "v | title", "v | urlencode", "v | center(9)", "v is lower"),
    *("str(v)", "{'a': v} | dictsort(by='value')", "[{'a': v}, {'a': w}] | sort(attribute='a')"),
]


@READINGS
@pytest.mark.parametrize("kind", [list, tuple], ids=["lists", "tuples"])
@pytest.mark.parametrize("source", WALKS)
def test_32_what_hangs_in_itself_many_times_is_not_walked_through(
    source: str, kind: type, missing: Missing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "MAX_ELEMENTS", 10_000)
    begun = time.thread_time()
    # some of these need not go through it
    with contextlib.suppress(EvaluationError):
        expr(source, {"v": doubled(kind), "w": doubled(kind)}, missing)
    assert time.thread_time() - begun < 1


MANY = "{new: !expr range(9999) | list}"
PIPELINES = {
    "iterate in iterate": f"[{MANY}, iterate, {MANY}, iterate, {MANY}, iterate]",
    "each in each": f"[{MANY}, {{each: [{MANY}, {{each: [{MANY}]}}]}}]",
    "each in each, all dropped": f"[{MANY}, {{each: [{MANY}, {{each: [{{drop: true}}]}}]}}]",
    "iterate in each": f"[{MANY}, {{each: [{MANY}, iterate]}}]",
    "iterate in a branch": f"[{MANY}, iterate, {{if: {{condition: true, filters: [{MANY},"
    " iterate]}}]",
    "each below a key": f"[{MANY}, {{each: [{{new: {{a: !expr range(9999) | list}}}},"
    " {filter-mapping: {a: {each: [{new: 1}]}}}]}]",
    "each in a warning": f"[{MANY}, {{each: [{{warn: [{MANY}, iterate, {{drop: true}}]}}]}}]",
    "much made of each": f"[{MANY}, {{each: [{{new: !expr \"'x' * 9999999\"}}]}}]",
    "one doubled": "[{new: [1]}, " + "{new: [!expr value, !expr value]}, " * 60 + "{warn: []}]",
    "one doubled that names a case": "[{new: [1]}, "
    + "{new: [!expr value, !expr value]}, " * 60
    + "{track: {id: !expr value}}]",
    "a text doubled": "[{new: x}, " + "{new: !expr value ~ value}, " * 60 + "{warn: []}]",
    "each of doubles": "[{new: [1]}, " + "{new: !expr value + value}, " * 60 + "{warn: []}]",
    "long each": "[{new: !expr range(99999) | list}, {each: [{new: !expr range(99999) | sum}]}]",
}


@pytest.mark.parametrize("name", PIPELINES)
def test_32_a_pipeline_has_a_budget_of_its_own(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_PIPELINE_SECONDS", 0.3)
    monkeypatch.setattr(budget, "MAX_ITEMS", 50_000)
    begun = time.thread_time()
    with pytest.raises(ItemError, match="not allowed: "):
        steps(PIPELINES[name], 1)
    assert time.thread_time() - begun < 4


def test_32_a_feed_that_is_called_has_the_budget_of_its_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(budget, "MAX_ITEMS", 1000)
    calls = []

    def called(name: str, params: object, case: object) -> object:
        calls.append(name)
        return steps("[{each: []}]", list(range(100)))

    text = "[iterate, {set: {a: 1}}, {supplemental: {feed: x, into: b}}]"
    assert len(steps(text, [{}] * 9, call=called)) == 9
    calls.clear()
    with pytest.raises(ItemError, match="goes through more than 1000 elements"):
        steps(text, [{}] * 99, call=called)
    assert len(calls) == 10


def test_32_each_pipeline_begins_with_a_whole_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_ITEMS", 100)
    for _ in range(5):
        assert len(steps("[iterate]", list(range(90)))) == 90


@pytest.mark.parametrize("word", REFUSED)
def test_32_a_filter_that_is_not_on_the_list_is_refused_at_load_with_what_to_write(
    word: str,
) -> None:
    finding = refused(f"!expr value | {word}", {"value": 1})
    assert finding.message == f"No filter named {word!r}."
    assert finding.help == REFUSED[word]


@pytest.mark.parametrize(
    ("source", "message", "help_"),
    [
        ("value.append(1)", "No value has a method 'append'", "where they change nothing"),
        ("value.update({})", "No value has a method 'update'", "where they change nothing"),
        ("value.a.tittle()", "No value has a method 'tittle'", "did you mean 'title'?"),
        ("value.__class__()", "No value has a method '__class__'", ""),
        ("1 if value else value.hex()", "No value has a method 'hex'", ""),
        ("value.maketrans('a', 'b')", "No value has a method 'maketrans'", ""),
        ("value is callable", "No test named 'callable'", ""),
        ("lipsum()", "unknown name 'lipsum'", ""),
    ],
)
def test_32_a_method_a_test_or_a_name_that_is_not_on_the_list_is_refused_at_load(
    source: str, message: str, help_: str
) -> None:
    finding = refused(f"!expr |-\n  {source}", {"value": 1})
    assert message in finding.message
    assert help_ in (finding.help or "")


@pytest.mark.parametrize(
    "source", ["9" * 5000, "value + " + "1" * 9999, "value[" + "9" * 4400 + ":]"]
)
def test_32_a_number_of_too_many_digits_is_a_finding(source: str) -> None:
    for text in (f"!expr {source}", f"!tmpl '{{{{ {source} }}}}'"):
        assert "too many digits" in refused(text, {"value": 1}).message
    assert "too many digits" in refused("9" * 5000).message


# what plain definitions use, as Jinja2 has it
PLAIN = [
    ("value.get('k', 'd')", "d"),
    ("'john smith'.title()", "John Smith"),
    ("'a-b'.replace('-', '+')", "a+b"),
    ("'; '.join(['a', 'b'])", "a; b"),
    ("'; '.join(['b', 'a'] | sort)", "a; b"),
    ("value.text[:5]", "words"),
    ("value.text[-4:].upper()", "HERE"),
    ("value.text.split()[0] ~ '!'", "words!"),
    ("value.text.split(' ', 1)", ["words", "stand here"]),
    ("value.text.startswith(('x', 'w'))", True),
    ("value.text.find('stand')", 6),
    ("value.rows | map(attribute='a') | map('string') | join(',')", "1,2"),
    ("value.rows | selectattr('a', 'gt', 1) | list", [{"a": 2}]),
    ("value.rows | sum(attribute='a')", 3),
    ("value.rows | groupby('a') | map('first') | list", [1, 2]),
    ("value.rows | sort(attribute='a', reverse=true) | first", {"a": 2}),
    ("value.rows | length > 1 and value.rows[0].a == 1", True),
    ("dict(value.rows[0] | dictsort)", {"a": 1}),
    ("value.rows[0].items() | list", [("a", 1)]),
    ("'%02d:%02d' | format(7, 5)", "07:05"),
    ("'{:>3}|{:.2f}|{a}'.format(1, 2.5, a='x')", "  1|2.50|x"),
    ("'%.3f' | format(1.5)", "1.500"),
    ("1.55 | round(1, 'floor')", 1.5),
    ("-7 // 2 % 5 + 2 ** 8", 257),
    ("'12' | int + '0x1f' | int(base=16)", 43),
    ("['a', 'B'] | sort(case_sensitive=true)", ["B", "a"]),
    ("value.missing | default('n/a', true)", "n/a"),
    ("{'a': [1, {'b': none}]} | tojson", '{"a": [1, {"b": null}]}'),
    ("[1, 2, 3] | batch(2) | list", [[1, 2], [3]]),
    ("'a\\nb' | indent(2)", "a\n  b"),
    ("'<b>&' | escape ~ ''", "&lt;b&gt;&amp;"),
    ("'<b>x</b>' | striptags ~ ''", "x"),
    ("'a b' | urlencode", "a%20b"),
    ("'long words here' | truncate(8, true, '')", "long wor"),
    ("value.text is string and 3 is odd and 4 is divisibleby(2)", True),
    ("value.bytes.decode('utf-8', 'replace')", "bytes"),
    ("range(3) | list + [3]", [0, 1, 2, 3]),
]


@pytest.mark.parametrize(("source", "result"), PLAIN)
def test_32_what_plain_definitions_use_stays_as_it_is(source: str, result: object) -> None:
    rows = [{"a": 1}, {"a": 2}]
    value = {"text": "words stand here", "rows": rows, "bytes": b"bytes"}
    assert expr(source, {"value": value}) == result


def test_32_large_data_are_no_attack() -> None:
    row = {f"field{number}": "some text of the data" for number in range(20)}
    rows = [{**row, "id": number} for number in range(5_000)]
    made = steps(
        "[{set: {rows: !expr value.rows | sort(attribute='id') | reverse | list}}, {get: rows},"
        " iterate, new: !expr value | tojson, parse-json]",
        {"rows": rows},
    )
    assert [one["id"] for one in made] == list(reversed(range(5_000)))


MEMORY = 1 << 31


@pytest.mark.parametrize(
    "source", ["1.5 | round(1000000000,'floor')", "('\\t' * 99999).expandtabs(99999)"]
)
def test_32_a_run_of_such_a_definition_ends_with_a_summary(source: str, tmp_path: Path) -> None:
    path = tmp_path / "feeds" / "feed.yaml"
    path.parent.mkdir()
    path.write_text(DEFINITION.replace("EXPRESSION", source), encoding="utf-8")
    words = [
        "run",
        "Feed",
        "--definition",
        str(path),
        "--since",
        "1h",
        "--library",
        str(tmp_path / "l"),
    ]
    ended = subprocess.run(  # noqa: S603 - our own program
        [
            sys.executable,
            "-c",
            "from izoologic_cdf.cli.main import main; raise SystemExit(main())",
            *words,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert ended.returncode == 1
    assert "not allowed: " in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


DEFINITION = """
version: "1.0.0"
required_threatq_version: ">=5.29.0"
feeds:
  Feed:
    category: Commercial
    namespace: threatq.feeds.example.feed
    source:
      http:
        url: !expr EXPRESSION
"""
