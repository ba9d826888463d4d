"""J: changes of the program that no test noticed, each with the test that notices it."""

import struct
from pathlib import Path

import pytest

from izoologic_cdf.bundle import layout
from izoologic_cdf.bundle.verify import verify
from izoologic_cdf.diff.changes import definition_changes
from izoologic_cdf.emulator.endpoints import ENDPOINTS
from izoologic_cdf.language.nodes import Document
from tests.support.benches import BAD, FEEDS, Bench
from tests.support.built import built_zip
from tests.support.definitions import MARK, compiled, marked, place, refused
from tests.support.small_feed import OLD, version
from tests.support.steps import steps
from tests.support.tenants import FeedName
from tests.support.zips import repacked

pytestmark = pytest.mark.usefixtures("a_definition_is_checked_once")


@pytest.mark.parametrize("feed", FEEDS)
def test_41_each_endpoint_is_asked_in_its_other_form_where_the_first_is_not_found(
    bench: Bench, feed: FeedName
) -> None:
    bench.state.set_options(path_mode="without")
    outcome = bench.run(feed)
    assert outcome.summary.exit_code == 0
    assert bench.is_complete(outcome, feed)
    asked = {request.path for request in bench.emulator.requests if request.status == 200}
    bare = {
        one.action
        for one in ENDPOINTS
        if one.needs_token and ("DLR" in one.name) == (feed == "dlr")
    }
    assert asked == {"/api/Token/Authenticate", *bare}


@pytest.mark.parametrize(
    ("mapping", "value", "result"),
    [
        ("{a: {drop: true}}", {"b": 1}, {"b": 1}),
        ("{a: {drop: true}}", {}, {}),
        ("{a: [{drop: true}, {new: 1}]}", {"b": 1}, {"b": 1}),
        ("{a: {if: {condition: true, filters: [{drop: true}]}}}", {"b": 1}, {"b": 1}),
        ("{a: {new: ~}}", {"b": 1}, {"b": 1}),
        ("{a: {drop: true}, b: {new: 2}}", {"b": 1}, {"b": 2}),
        ("{a: {drop: true}}", {"a": None}, {"a": None}),
    ],
)
def test_41_a_key_that_is_not_there_stays_away_when_its_pipeline_drops(
    mapping: str, value: object, result: object
) -> None:
    assert steps(f"[{{filter-mapping: {mapping}}}]", value) == [result]


@pytest.mark.parametrize(
    "written",
    [
        "!expr data.url  or   data.text",
        '!expr "data.url\\tor\\n data.text"',
        "!expr >-\n                data.url\n                or data.text",
        "!expr |\n                data.url\n\n                  or data.text\n",
    ],
)
def test_41_blanks_between_the_tokens_of_an_expression_are_no_difference(
    tmp_path: Path, written: str
) -> None:
    given = "            - value: !expr data.url\n"
    assert given in OLD
    old, new = (
        OLD.replace(given, f"            - value: {text}\n")
        for text in ("!expr data.url or data.text", written)
    )
    assert not [*definition_changes(version(tmp_path, old, "old.yaml"), version(tmp_path, new))]


LAZY = {
    "batch": "batch(2)",
    "items": "items",
    "map": "map('string')",
    "reject": "reject('odd')",
    "rejectattr": "rejectattr('a')",
    "reverse": "reverse",
    "select": "select('odd')",
    "selectattr": "selectattr('a')",
    "slice": "slice(2)",
    "unique": "unique",
}
PLACES = (
    "value | {}",
    "value if value else value | {}",
    "value | {} if value else value",
    "value or value | {}",
    "value and value | {}",
    "value | {} | default([])",
    "value | d(value | {})",
    "[value | {}]",
    "(1, value | {})",
    "dict(a=1) if not value else {{'a': value | {}}}",
)


@pytest.mark.parametrize("at", PLACES)
@pytest.mark.parametrize("name", LAZY)
def test_41_what_can_be_read_once_is_no_result_wherever_it_stands(name: str, at: str) -> None:
    source = at.format(LAZY[name])
    finding = refused(f"!expr |-\n  {source}", {"value": []})
    assert finding.message.startswith(f"the filter {name!r} gives no list")
    assert place(finding) == (2, 3 + source.index(LAZY[name]))
    settled = at.format(f"{LAZY[name]} | list")
    compiled(f"!expr |-\n  {settled}", {"value": []})


def png(width: int, height: int) -> bytes:
    """Return the begin of a PNG of this size, and its end."""
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height)
    return head + b"\x08\2\0\0\0\0\0\0\0" + b"\0\0\0\0IEND\xaeB`\x82"


WIDTH, HEIGHT = layout.LOGO_SIZE
LOGOS = {
    "empty": b"",
    "cut after its signature": png(WIDTH, HEIGHT)[:8],
    "cut before its size": png(WIDTH, HEIGHT)[:16],
    "cut within its size": png(WIDTH, HEIGHT)[:23],
    "cut after its size": png(WIDTH, HEIGHT)[:24],
    "cut at its end": png(WIDTH, HEIGHT)[:-1],
    "a GIF with fitting bytes": b"GIF89a".ljust(16, b"\0") + png(WIDTH, HEIGHT)[16:],
    "a JPEG with fitting bytes": b"\xff\xd8\xff\xe0".ljust(16, b"\0") + png(WIDTH, HEIGHT)[16:],
    "turned": png(HEIGHT, WIDTH),
    "one pixel wider": png(WIDTH + 1, HEIGHT),
    "one pixel lower": png(WIDTH, HEIGHT - 1),
}


def with_logo(folder: Path, logo: bytes) -> list[str]:
    path = folder / "izoologic_sync_cases-1.1.0.zip"
    path.write_bytes(built_zip())
    return [str(fault) for fault in verify(repacked(path, {layout.LOGO: logo}, sums=True))]


@pytest.mark.parametrize("logo", LOGOS)
def test_41_a_logo_is_a_whole_png_of_its_size(tmp_path: Path, logo: str) -> None:
    (fault,) = with_logo(tmp_path, LOGOS[logo])
    assert f"this is not a PNG of {WIDTH} x {HEIGHT} pixels" in fault


def test_41_another_logo_of_that_size_is_as_good(tmp_path: Path) -> None:
    assert with_logo(tmp_path, png(WIDTH, HEIGHT)) == []


@pytest.mark.parametrize(
    "text",
    [
        "k:\n  !expr\n  value.a + →nope",
        "k:\n  !expr   \n  value.a + →nope",
        "k: !expr\n     value.a + →nope",
        "k: &one\n  !expr value.a + →nope",
        "k: &one\n  !expr\n  value.a + →nope",
        "k:\n  !expr &one\n  value.a + →nope",
        "k: !expr\n  &one\n\n  value.a + →nope",
        "k: !expr # why\n  value.a + →nope",
        "k: !expr\n  # why: 'x'\n  # nope\n  value.a + →nope",
        "k: &one # nope\n  !expr 'value.a + →nope'",
        'k: !expr\n\n\n      "value.a + →nope"',
        "- !expr\n  value.a +\n  →nope",
        "k: !expr # >-\n  'value.a + →nope'",
        "k: !expr &one >- # nope\n  value.a + →nope",
        "k: !expr\n  >-\n    value.a + →nope",
        "k: &one\n  !expr\n  # nope\n  |\n    value.a\n    + →nope",
    ],
)
def test_41_a_place_is_exact_where_tag_anchor_and_scalar_have_lines_of_their_own(text: str) -> None:
    clean, at = marked(text)
    assert MARK not in clean
    Document("file.yaml", clean)
    finding = refused(clean, {"value": {}})
    assert finding.message == "unknown name 'nope'"
    assert place(finding) == at


@pytest.mark.parametrize("content_type", ["text/plain", "text/html; charset=utf-8", "text/x-json"])
def test_41_an_error_body_is_quoted_only_where_it_says_that_it_is_json(
    bench: Bench, content_type: str
) -> None:
    text = '{"title": "Looks like JSON", "errors": {"caseid": ["odd"]}}'
    for given, quoted in ((content_type, False), ("application/problem+json", True)):
        outcome, _ = bench.disturbed(
            kind="raw", endpoint="CaseDetail", case=BAD, status=400, text=text, count=None,
            content_type=given,
        )  # fmt: skip
        assert outcome.heard(f"failure: case {BAD}", "the server answered 400")
        assert bool(outcome.heard("Looks like JSON")) is quoted
        bench.state.clear_faults()
