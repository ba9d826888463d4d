"""J: where a limit begins and what a default is, which no other test would notice (41)."""

import inspect
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

from izoologic_cdf.bundle import archive, emit, layout
from izoologic_cdf.errors import Cause, ItemError, Position, RunError
from izoologic_cdf.language import budget, guards, sandbox
from izoologic_cdf.language.allowed import _FILTERS
from izoologic_cdf.language.budget import (
    ELEMENT,
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_PRODUCT,
    MAX_SIZE,
    SHORT,
    THREAD,
    LimitError,
)
from izoologic_cdf.language.expressions import Missing, environment_of, explain
from izoologic_cdf.language.nodes import Document, ScalarNode
from izoologic_cdf.language.positions import Findings
from izoologic_cdf.lint import key_rules
from izoologic_cdf.runtime import access, spool
from izoologic_cdf.runtime.bodies import read_json
from izoologic_cdf.runtime.case import OBJECTS, Case, Message
from izoologic_cdf.runtime.commits import Committer
from izoologic_cdf.runtime.failures import HttpError
from izoologic_cdf.runtime.guard import Guard
from izoologic_cdf.runtime.http import read_retry_after
from izoologic_cdf.runtime.interpreter import RefusedError
from izoologic_cdf.runtime.redactor import MAX_TEXT, Redactor
from izoologic_cdf.runtime.windows import DAY, EARLIEST, SystemClock, Window, stamp

ENVIRONMENT = environment_of(Missing.NULL)
HALF = MAX_SIZE // 2
WHOLE_ZIP = [layout.MAX_MEMBER] * (layout.MAX_ZIP // layout.MAX_MEMBER)
LARGER = "a" * (MAX_SIZE + 1)


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


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
    "a width": lambda: guards.padded("a", MAX_SIZE),
    "blanks for a tab": lambda: guards.expanded("\t", MAX_SIZE - 1),
    "two long texts": lambda: guards.searched("a" * 10_000, "b" * (MAX_PRODUCT // 10_000)),
    "lines of a text": lambda: guards.lines_split("\n" * (MAX_SIZE // ELEMENT)),
    "words of a text": lambda: guards.cut_up("a" * (MAX_SIZE // ELEMENT)),
    "ends of lines": lambda: guards.wrapped("aa", wrapstring="b" * (MAX_SIZE // 2)),
    "texts in the place of one": lambda: guards.replaced("aa", "a", "b" * (MAX_SIZE // 2 - 1)),
    "a text in the place of a longer one": lambda: guards.replaced(
        "ab" * (HALF // 2 + 1), "ab", "cd"
    ),
    "texts between texts": lambda: guards.joined(["a"], "b" * (MAX_SIZE - ELEMENT - 1)),
    "texts in the place of characters": lambda: guards.translated("aa", {97: "b" * HALF}),
    "values of a format": lambda: guards.percent("%s%s", "a" * (HALF - guards._WRITTEN)),
    "a width in a format": lambda: guards.percent(f"%{MAX_SIZE - guards._WRITTEN}d", 1.0),
    "a name in a format": lambda: guards.percent("%(a)s", a="b"),
    "a list of lists": lambda: guards.filled(None, MAX_SIZE // ELEMENT // ELEMENT),
    "lists of lists, added up": lambda: guards.summed([[0] * 10_000] * 100, start=[]),
    "numbers, added up": lambda: guards.summed([1] * 10_001, start=0),
    "a precision": lambda: guards.rounded(2.5, guards._MAX_PRECISION),
    "a precision before the point": lambda: guards.rounded(2.5, -guards._MAX_PRECISION),
    "digits": lambda: guards.integer("1" * guards._MAX_DIGITS, base=16),
    "digits that Python limits itself": lambda: guards.integer("1" * (guards._MAX_DIGITS + 1)),
    "an indent": lambda: guards.as_json({}, guards._MAX_INDENT),
    "an encoding": lambda: guards.coded("a", "UTF-8"),
    "an exponent": lambda: ENVIRONMENT.call_binop(None, "**", 2, sandbox.MAX_EXPONENT),
    "a base": lambda: ENVIRONMENT.call_binop(None, "**", -sandbox.MAX_BASE, 2),
    "bits": lambda: ENVIRONMENT.call_binop(None, "*", 1 << 4_999, 1 << 4_999),
    "two texts, added": lambda: ENVIRONMENT.call_binop(None, "+", "a" * HALF, "a" * HALF),
    "two texts in a row": lambda: ENVIRONMENT.concatenated(("a" * HALF, "b" * HALF)),
    "the parts of a template": lambda: ENVIRONMENT.concat(("a" * HALF, "b" * HALF)),
    "levels": lambda: budget.walk(nested(MAX_DEPTH)),
    "levels, weighed": lambda: budget.weigh(nested(MAX_DEPTH)),
    "elements": lambda: budget._refuse_walk(MAX_ELEMENTS, 1),
}
REFUSED: dict[str, Callable[[], object]] = {
    "a text that is read by the square": lambda: guards.squared("a" * (guards._MAX_SQUARED + 1)),
    "all pieces of a long text": lambda: guards.split("," * (MAX_SIZE // ELEMENT + 1), ","),
    "a text that is larger": lambda: guards.made(LARGER),
    "a list that is larger": lambda: guards.made([0] * (MAX_SIZE // ELEMENT + 1)),
    "a text, repeated": lambda: ENVIRONMENT.call_binop(None, "*", "a", MAX_SIZE + 1),
    "a list, repeated": lambda: ENVIRONMENT.call_binop(None, "*", [0], MAX_SIZE // ELEMENT + 1),
    "blanks before each line": lambda: guards.indented("a\n" * (MAX_SIZE // 6 + 1)),
    "a width": lambda: guards.padded("a", MAX_SIZE + 1),
    "blanks for a tab": lambda: guards.expanded("\t", MAX_SIZE),
    "two long texts": lambda: guards.searched("a" * 10_000, "b" * (MAX_PRODUCT // 10_000 + 1)),
    "lines of a text": lambda: guards.lines_split("\n" * (MAX_SIZE // ELEMENT + 1)),
    "words of a text": lambda: guards.cut_up("a" * (MAX_SIZE // ELEMENT + 1)),
    "ends of lines": lambda: guards.wrapped("aa", wrapstring="b" * (HALF + 1)),
    "texts in the place of one": lambda: guards.replaced("aa", "a", "b" * HALF),
    "texts between texts": lambda: guards.joined(["a"], "b" * (MAX_SIZE - ELEMENT)),
    "texts in the place of characters": lambda: guards.translated("aa", {97: "b" * (HALF + 1)}),
    "a larger text without characters": lambda: guards.translated(LARGER, {97: ""}),
    "values of a format": lambda: guards.percent("%s%s", "a" * (HALF - guards._WRITTEN + 1)),
    "values in braces": lambda: guards.braces("{}{}", "a" * (HALF - guards._WRITTEN + 1)),
    "a width in a format": lambda: guards.percent(f"%{MAX_SIZE}d", 1.0),
    "a precision in a format": lambda: guards.percent(f"%.{MAX_SIZE}d", 1.0),
    "a width that is an argument": lambda: guards.percent("%*d", 1, 2),
    "a bracket in a name in a format": lambda: guards.percent("%(a(b)s", a="b"),
    "a list of lists": lambda: guards.filled(None, MAX_SIZE // ELEMENT // ELEMENT + 1),
    "lists of lines": lambda: guards.filled(None, linecount=MAX_SIZE // ELEMENT // ELEMENT + 1),
    "slices": lambda: guards.filled(None, slices=MAX_SIZE // ELEMENT // ELEMENT + 1),
    "lists of lists, added up": lambda: guards.summed([[0] * 10_000] * 101, start=[]),
    "a precision": lambda: guards.rounded(2.5, guards._MAX_PRECISION + 1),
    "a precision before the point": lambda: guards.rounded(2.5, -guards._MAX_PRECISION - 1),
    "digits": lambda: guards.integer("1" * (guards._MAX_DIGITS + 1), base=16),
    "an indent": lambda: guards.as_json({}, guards._MAX_INDENT + 1),
    "an indent that is a text": lambda: guards.as_json({}, " " * (guards._MAX_INDENT + 1)),
    "an encoding": lambda: guards.coded("a", "idna"),
    "two texts, added": lambda: ENVIRONMENT.call_binop(None, "+", "a" * HALF, "a" * (HALF + 1)),
    "two texts in a row": lambda: ENVIRONMENT.concatenated(("a" * HALF, "b" * (HALF + 1))),
    "the parts of a template": lambda: ENVIRONMENT.concat(("a" * HALF, "b" * (HALF + 1))),
    "levels": lambda: budget.walk(nested(MAX_DEPTH + 1)),
    "levels, weighed": lambda: budget.weigh(nested(MAX_DEPTH + 1)),
    "elements": lambda: budget._refuse_walk(MAX_ELEMENTS + 1, 1),
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


@pytest.mark.parametrize(
    ("operator", "left", "right"),
    [
        ("**", 2, sandbox.MAX_EXPONENT + 1),
        ("**", 2, -sandbox.MAX_EXPONENT - 1),
        ("**", sandbox.MAX_BASE + 1, 2),
        ("**", -sandbox.MAX_BASE - 1, 2),
        ("*", 1 << 5_000, 1 << 4_999),
        ("%", "%s", 1),
        ("%", b"%s", 1),
    ],
)
def test_41_an_operation_that_is_refused_whatever_else_it_would_make(
    operator: str, left: Any, right: Any
) -> None:
    with pytest.raises(SecurityError):
        ENVIRONMENT.call_binop(None, operator, left, right)


@pytest.mark.parametrize("text", ["a", b"a", ["a"], ("a",)])
def test_41_only_a_number_is_divided(text: object) -> None:
    with pytest.raises(TypeError, match="expected a number"):
        guards.number_due(text)
    guards.number_due(7)


@pytest.mark.parametrize(
    ("value", "weight"),
    [
        (2**300, (100, 1)),
        (True, (0, 1)),
        ("ab", (2, 1)),
        (b"ab", (2, 1)),
        (["ab", 2**300], (102 + 2 * ELEMENT, 2)),
        ({"ab": ("c", b"d")}, (4 + 4 * ELEMENT, 3)),
    ],
    ids=["number", "boolean", "text", "bytes", "list", "mapping"],
)
def test_41_a_value_weighs_what_it_is_as_text(value: object, weight: tuple[int, int]) -> None:
    assert budget.weigh(value) == weight


@pytest.mark.parametrize(
    ("side", "looked_at"),
    [
        ("a", True), ("{}", False), ("{'b': a}", True), ("[]", False), ("['b', 1]", False),
        ("['b', a]", True), ("('b',)", False), ("a | length", False), ("a | list", True),
        ("a ~ 'b'", False), ("not a", False), ("a - 1", False), ("-a", False), ("a + 1", True),
        ("a * 2", True), ("a == 1", False), ("a is string", False),
    ],
)  # fmt: skip
def test_41_a_comparison_looks_at_what_may_be_long_first(side: str, looked_at: bool) -> None:
    tree = ENVIRONMENT.parse(f"{{{{ ({side}) == unknown }}}}")
    (compared, *_) = tree.find_all(nodes.Compare)
    assert sandbox._written_out(compared.expr) is not looked_at
    code = ENVIRONMENT.compile(tree, raw=True)
    assert code.count("environment.light(") == 2 * looked_at


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


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("name", "name"), ("a b-c_1", "a b-c_1"), ("<<", "<<"), ("", '""'), ("1", '"1"'),
        ("yes", '"yes"'), ("null", '"null"'), ("a: b", '"a: b"'), ("a.b", '"a.b"'), ("é", '"é"'),
    ],
)  # fmt: skip
def test_41_a_key_is_quoted_unless_it_is_a_word_that_stays_one(key: str, written: str) -> None:
    assert emit._key(key) == written


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (ItemError("no", cause=Cause.ENDPOINT), "refused"),
        (ItemError("no", cause=Cause.LOGIN), "refused"),
        (RefusedError("no", cause=Cause.OUTAGE), "refused"),
        (RunError("no", Cause.LOGIN), "refused"),
        (HttpError("GET /", "no", 409, Cause.ITEM), "refused"),
        (HttpError("GET /", "gone", 404, Cause.ITEM), "unknown"),
        (HttpError("GET /", "busy", 503, Cause.OUTAGE), "unknown"),
        (ItemError("broken", cause=Cause.ITEM), "unknown"),
        (ItemError("no room", cause=Cause.MACHINE), "unknown"),
    ],
)
def test_41_a_refusal_is_told_from_a_failure(error: ItemError | RunError, verdict: str) -> None:
    assert access._verdict(error) == verdict


@pytest.mark.parametrize(
    ("part", "missing", "said"),
    [
        ("messages", [("a", "")], []),
        ("messages", [("a", ""), ("b", "")], ["the messages of 2 cases"]),
        ("files", [("a", "1"), ("a", "2")], ["2 files of 1 case"]),
        (OBJECTS, [("a", ""), ("b", "")], []),
    ],
)
def test_41_what_is_missing_is_summed_up_where_it_is_of_more_than_one(
    part: str, missing: list[tuple[str, str]], said: list[str]
) -> None:
    told: list[Message] = []
    session: Any = SimpleNamespace(
        feeds=SimpleNamespace(ranged=set),
        reporter=SimpleNamespace(summary=SimpleNamespace(set_missing=list), report=told.append),
        state=SimpleNamespace(deferred=list),
        without=frozenset(),
    )
    committer = Committer(session)
    committer._misses[part, "no answer"] = {*missing}
    committer.report_missing()
    expected = [f"{text} are missing for that reason: no answer" for text in said]
    assert [one.text for one in told] == expected


def test_41_a_folder_for_temporary_files_is_locked_while_it_is_used() -> None:
    folder = spool.Scratch()
    handle = os.open(folder.name, os.O_RDONLY)
    try:
        assert not spool._lock(handle, wait=False)
        folder.remove()
        assert spool._lock(handle, wait=False)
    finally:
        os.close(handle)
        folder.remove()


@pytest.mark.parametrize(
    ("sizes", "refused"),
    [
        ([layout.MAX_MEMBER], None),
        ([layout.MAX_MEMBER + 1], "is larger than"),
        ([0] * layout.MAX_MEMBERS, None),
        ([0] * (layout.MAX_MEMBERS + 1), "members; a bundle has at most"),
        (WHOLE_ZIP, None),
        ([*WHOLE_ZIP, 1], "it unpacks to more than"),
    ],
)
def test_41_a_bundle_is_as_large_as_it_may_be(sizes: list[int], refused: str | None) -> None:
    infos = [zipfile.ZipInfo(f"{number}.txt") for number in range(len(sizes))]
    for info, size in zip(infos, sizes, strict=True):
        info.file_size = size
    with pytest.raises(archive.ZipError, match=refused) if refused else nullcontext():
        archive._check(infos)


YEAR_2024 = 1_704_067_200


@pytest.mark.parametrize(
    ("listed", "updated", "opened", "broken", "needed"),
    [
        (0, 0, None, False, Window(-50 * DAY, DAY)),
        (0, 0, -9 * DAY, False, Window(-10 * DAY, DAY)),
        (0, -9 * DAY, -9 * DAY, False, Window(-10 * DAY, -8 * DAY)),
        # its dates contradict each other, beyond the day on both sides
        (0, -9 * DAY, -7 * DAY, False, Window(-8 * DAY, -8 * DAY)),
        (0, -9 * DAY, -7 * DAY + 1, False, Window(-50 * DAY, 50 * DAY)),
        (None, 0, 0, False, Window(-50 * DAY, 50 * DAY)),
        (0, None, 0, False, Window(-50 * DAY, 50 * DAY)),
        (0, 0, 0, True, Window(-50 * DAY, 50 * DAY)),
        (0, EARLIEST - YEAR_2024 - 1, None, False, Window(-50 * DAY, 50 * DAY)),
    ],
)
def test_41_messages_are_needed_a_day_around_the_dates_of_a_case(
    listed: int | None, updated: int | None, opened: int | None, broken: bool, needed: Window
) -> None:
    def at(since: int | None) -> int | None:
        return None if since is None else YEAR_2024 + since

    case = Case("a", at(updated))
    case.listed, case.opened = at(listed), at(opened)
    whole = Window(YEAR_2024 - 50 * DAY, YEAR_2024 + 50 * DAY)
    expected = Window(YEAR_2024 + needed.since, YEAR_2024 + needed.until)
    assert Guard(broken).needed(case, whole) == expected


@pytest.mark.parametrize(
    ("at", "evidence"),
    [
        (-3_601, "before it was opened"), (-3_600, None), (DAY + 3_600, None),
        (DAY + 3_601, "after its last update"), (2 * DAY, "after its last update"),
        (2 * DAY + 1, None),
    ],
)  # fmt: skip
def test_41_a_message_an_hour_outside_of_its_case_is_evidence(
    at: int, evidence: str | None
) -> None:
    case, guard = Case("a", YEAR_2024 + DAY), Guard()
    case.listed, case.opened = YEAR_2024 + 2 * DAY, YEAR_2024
    guard.watch(case, [{}, {"published_at": "no date"}, {"published_at": stamp(YEAR_2024 + at)}])
    assert guard.broken is (evidence is not None)
    assert (evidence or "") in (case.evidence or "")


@pytest.mark.parametrize(
    ("settled", "code"),
    [
        ({"login": "allowed", "list": "allowed", "detail": "allowed"}, 0),
        ({"login": "allowed", "list": "allowed"}, 0),
        ({"login": "allowed", "list": "allowed", "detail": "refused"}, 3),
        ({"login": "allowed", "list": "allowed", "detail": "unknown"}, 3),
        ({"login": "allowed", "list": "refused", "detail": "allowed"}, 1),
        ({"login": "refused", "list": "allowed", "detail": "allowed"}, 1),
        ({"login": "allowed"}, 1),
    ],
)
def test_41_a_check_ends_by_what_the_keys_may_do(
    settled: dict[str, access.Verdict], code: int
) -> None:
    endpoints = [access.Endpoint(name) for name in (access.LOGIN, access.LIST, access.DETAIL)]
    for one in endpoints:
        if one.name in settled:
            one.settle(settled[one.name], "why")
    assert access.Access("feed", endpoints).exit_code == code
