"""J: where a limit begins and what a default is, which no other test would notice (41)."""

import inspect
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jinja2.sandbox import SandboxedEnvironment

from izoologic_cdf.errors import Position
from izoologic_cdf.language import budget, guards
from izoologic_cdf.language.allowed import _FILTERS
from izoologic_cdf.language.budget import ELEMENT, MAX_SIZE, SHORT, THREAD, LimitError
from izoologic_cdf.language.expressions import Missing, environment_of, explain
from izoologic_cdf.language.nodes import Document, ScalarNode
from izoologic_cdf.language.positions import Findings
from izoologic_cdf.lint import key_rules
from izoologic_cdf.runtime.bodies import read_json
from izoologic_cdf.runtime.http import read_retry_after
from izoologic_cdf.runtime.redactor import MAX_TEXT, Redactor
from izoologic_cdf.runtime.windows import SystemClock

ENVIRONMENT = environment_of(Missing.NULL)

ALLOWED: dict[str, Callable[[], object]] = {
    "a text that is read by the square": lambda: guards.squared("a" * guards._MAX_SQUARED),
    "no piece of a long text": lambda: guards.split("," * (MAX_SIZE // ELEMENT + 1), ",", 0),
    "a text of the largest size": lambda: guards.made("a" * MAX_SIZE),
    "a list of the largest size": lambda: guards.made([0] * (MAX_SIZE // ELEMENT)),
    "a text, repeated": lambda: ENVIRONMENT.call_binop(None, "*", "a", MAX_SIZE),
    "a repeated text": lambda: ENVIRONMENT.call_binop(None, "*", MAX_SIZE, "a"),
    "a list, repeated": lambda: ENVIRONMENT.call_binop(None, "*", [0], MAX_SIZE // ELEMENT),
    "a product of numbers": lambda: ENVIRONMENT.call_binop(None, "*", 2.5, 2),
    "blanks before each line": lambda: guards.indented("a\n" * (MAX_SIZE // 6 - 8)),
}
REFUSED: dict[str, Callable[[], object]] = {
    "a text that is read by the square": lambda: guards.squared("a" * (guards._MAX_SQUARED + 1)),
    "all pieces of a long text": lambda: guards.split("," * (MAX_SIZE // ELEMENT + 1), ","),
    "a text that is larger": lambda: guards.made("a" * (MAX_SIZE + 1)),
    "a list that is larger": lambda: guards.made([0] * (MAX_SIZE // ELEMENT + 1)),
    "a text, repeated": lambda: ENVIRONMENT.call_binop(None, "*", "a", MAX_SIZE + 1),
    "a list, repeated": lambda: ENVIRONMENT.call_binop(None, "*", [0], MAX_SIZE // ELEMENT + 1),
    "blanks before each line": lambda: guards.indented("a\n" * (MAX_SIZE // 6 + 1)),
    # before it is made, since no memory holds it
    "a text, repeated without end": lambda: ENVIRONMENT.call_binop(None, "*", "a", 10**15),
    "a list, repeated without end": lambda: ENVIRONMENT.call_binop(None, "*", 10**15, [0]),
    "as many pieces as are asked for": lambda: guards.split(
        "," * (MAX_SIZE // ELEMENT + 1), ",", MAX_SIZE // ELEMENT
    ),
}


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Begin a budget of its own, and leave none that is used up."""
    THREAD.budget.fresh = True
    yield
    THREAD.budget.fresh = True


@pytest.mark.parametrize("what", ALLOWED)
def test_41_what_a_limit_just_allows_is_allowed(what: str) -> None:
    ALLOWED[what]()


@pytest.mark.parametrize("what", REFUSED)
def test_41_what_is_one_more_is_refused(what: str) -> None:
    with pytest.raises(LimitError):
        REFUSED[what]()


def test_41_a_short_result_is_not_charged_for() -> None:
    before = THREAD.budget.made
    guards.made("a" * SHORT)
    assert THREAD.budget.made == before
    guards.made("a" * (SHORT + 1))
    assert THREAD.budget.made == before + SHORT + 1


@pytest.mark.parametrize(("values", "size"), [(("ab",), 2), (("a", "bc"), 3), ((None, 1.5), 0)])
def test_41_a_size_is_that_of_the_texts(values: tuple[Any, ...], size: int) -> None:
    assert guards.as_text(*values) == size


def test_41_a_guard_has_the_defaults_of_what_it_stands_before() -> None:
    stock, compared = SandboxedEnvironment().filters, 0
    for names in _FILTERS.values():
        for guard, filters in names.items():
            own = inspect.signature(guard).parameters
            for name in filters.split():
                theirs = inspect.signature(stock[name]).parameters
                for key in own.keys() & theirs.keys() - {"_"}:
                    ours, default = own[key].default, theirs[key].default
                    if inspect.Parameter.empty not in (ours, default):
                        assert (name, key, ours) == (name, key, default)
                        compared += 1
    assert compared > 3


def test_41_what_another_feed_takes_is_not_the_pipelines_time() -> None:
    def slow() -> Iterator[int]:
        end = time.thread_time() + 0.02
        while time.thread_time() < end:
            pass
        yield 1

    with budget.Pipeline():
        assert list(budget.unmetered(slow())) == [1]
        assert THREAD.budget.open_deadline is None
        THREAD.budget.open_deadline = 100.0
        assert list(budget.unmetered(slow())) == [1]
        assert 100.02 <= THREAD.budget.open_deadline < 101


def test_41_a_long_message_is_cut_and_one_that_fits_is_not() -> None:
    redactor = Redactor()
    assert redactor("a" * MAX_TEXT) == "a" * MAX_TEXT
    assert redactor("a" * (MAX_TEXT + 1)) == "a" * MAX_TEXT + "..."


@pytest.mark.parametrize(("text", "seconds"), [("000000012", 12.0), ("0000000123", 12.0)])
def test_41_nine_digits_of_retry_after_count(text: str, seconds: float) -> None:
    assert read_retry_after(text, SystemClock()) == seconds


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("'for a person' is not in list"), ("for a person", True)),
        (ValueError("no literal is not in list"), ("no literal", True)),
        (KeyError("secret"), ("the expression failed: KeyError", False)),
        (ValueError("secret"), ("the expression failed: ValueError", False)),
    ],
)
def test_41_a_failure_is_told_without_data_unless_it_is_on_purpose(
    error: Exception, told: tuple[str, bool]
) -> None:
    assert explain(error) == told


@pytest.mark.parametrize(
    ("key", "equal"),
    [
        ("yes", 1.0), ("'yes'", "yes"), ("'true'", 1.0), ("True", 1.0), ("off", 0.0),
        ("'off'", "off"), ("'False'", 0.0), ("nope", "nope"), ("'01'", "01"), ("'1.5'", 1.5),
    ],
)  # fmt: skip
def test_41_a_key_is_equal_to_what_it_means(key: str, equal: float | str) -> None:
    node = Document("x.yaml", key).root
    assert isinstance(node, ScalarNode)
    assert key_rules._equal_to(node) == equal


def test_41_only_findings_are_collected() -> None:
    found = Findings()
    with pytest.raises(KeyError), found:
        raise KeyError
    assert not found


@pytest.mark.parametrize(("line", "source"), [(0, None), (1, "a: 1"), (2, "b: 2"), (4, None)])
def test_41_a_finding_shows_its_line(line: int, source: str | None) -> None:
    document = Document("x.yaml", "a: 1\nb: 2\n")
    assert document.finding(Position("x.yaml", line, 1), "wrong").source_line == source


@pytest.mark.parametrize("charset", ["nonsense-8", "base64", "'utf-8'", "\0"])
def test_41_a_charset_that_nobody_knows_costs_nothing(charset: str) -> None:
    assert read_json(b'{"a": 1}', f"application/json; charset={charset}").parsed == {"a": 1}
