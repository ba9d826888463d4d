"""A definition can't run for ever, make something huge, read files, or send a token elsewhere.

The known escapes of Jinja2 stand in `tests/language/test_sandbox.py`.
"""

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from izoologic_cdf.emulator import Emulator
from izoologic_cdf.language import budget, guards
from izoologic_cdf.language.expressions import EvaluationError, Missing
from izoologic_cdf.language.load import load
from izoologic_cdf.language.positions import DefinitionError
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime import plan
from izoologic_cdf.runtime.run import FeedRun, Settings
from izoologic_cdf.runtime.windows import DAY
from tests.proof.running import Runner
from tests.support.clocks import FakeClock
from tests.support.definitions import evaluated
from tests.support.progress import RecordingProgress
from tests.support.tenants import CLOCK, EMPTY

ENDLESS = [
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{{ range(99999) | sum }}{% endfor %}",
    "{% for a in [1, 2] recursive %}{{ loop([1, 2]) if loop.depth0 < 60 }}{% endfor %}",
    "{% for a in [1] recursive %}{{ loop(range(99999)) if loop.depth0 < 9 }}{% endfor %}",
    "{% macro m(n) %}{{ m(n - 1) ~ m(n - 1) if n }}{% endmacro %}{{ m(60) }}",
    "{% set x %}{% for a in ([1] * 999999) * 1 %}{{ range(99999) | sum }}{% endfor %}{% endset %}",
    "{{ ([range(99999)] * 99999) | map('sum') | list }}",
    "{{ ([[1] * 99999] * 99999) | map('map', 'string') | map('list') | list }}",
    "{{ ([[1] * 99999] * 99999) | map('select') | map('list') | list }}",
    "{{ ('x' * 99999).join(([range(99999)] * 99999) | map('sum')) }}",
    "{{ ([range(99999)] * 99999) | map('sum') | join }}",
]
HUGE = [
    "{% set n = namespace(x='x') %}{% for a in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "{% set n = namespace(x='x') %}{% for a in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "{% set n = namespace(x=[1]) %}{% for a in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "{% set n = namespace(x=2) %}{% for a in range(60) %}{% set n.x = n.x * n.x %}{% endfor %}",
    "{% for a in range(99999) %}{{ '%0999d' | format(1) }}{% endfor %}",
    "{{ ('x' * 99999) | replace('x', 'y' * 99999) }}",
    "{{ ('x' * 99999).translate({120: 'y' * 99999}) }}",
    "{{ (['x' * 99999] * 99999) | join }}",
    "{{ ([1] * 99999) | join('x' * 99999) }}",
    "{{ ([['x' * 99999] * 999] * 999) | tojson }}",
    "{{ ([['x' * 99999] * 999] * 999) | string }}",
    "{{ ([['x' * 99999] * 999] * 999) | lower }}",
    "{{ ([['x' * 99999] * 999] * 999) | upper | trim }}",
    "{{ [['x' * 99999] * 999] * 999 }}",
    "{{ 'a' ~ [['x' * 99999] * 999] * 999 }}",
    "{{ ([[1] * 99999] * 99999) | sum(start=[]) }}",
    "{{ ('x' * 99999) | wordwrap(1) }}",
]
# billions of things, out of lists that hang in each other many times
NESTED = "{%% set n = namespace(x=[1]) %%}{%% for a in range(60) %%}{%% set n.x = [n.x, n.x] %%}%s"
HUGE += [NESTED % f"{{% endfor %}}{{{{ n.x {how} }}}}" for how in ("", "| tojson", "| string")]


@pytest.mark.parametrize("missing", list(Missing))
@pytest.mark.parametrize("source", ENDLESS)
def test_an_evaluation_without_an_end_is_stopped(
    source: str, missing: Missing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "MAX_SECONDS", 0.05)
    begun = time.thread_time()
    with pytest.raises(EvaluationError, match="not allowed: the evaluation takes more than"):
        evaluated(f"!tmpl |-\n  {source}", {}, missing)
    assert time.thread_time() - begun < 2


@pytest.mark.parametrize("missing", list(Missing))
@pytest.mark.parametrize("source", HUGE)
def test_what_would_be_huge_is_not_made(
    source: str, missing: Missing, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the limit is lower here, so that it is reached in less time
    monkeypatch.setattr(budget, "MAX_SIZE", 100_000)
    with pytest.raises(EvaluationError, match="not allowed: "):
        evaluated(f"!tmpl |-\n  {source}", {}, missing)


def test_elements_are_counted_at_every_depth() -> None:
    for value, count in ([], 0), ([1, (2, 3)], 4), ({"a": [1], "b": [[2]]}, 5):
        assert budget.walk(value) == count


def test_a_tab_counts_as_the_blanks_that_become_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    tabs = "\t" * 10
    monkeypatch.setattr(budget, "MAX_SIZE", len(tabs) + len(tabs.expandtabs()))
    guards.expanded(tabs)
    with pytest.raises(budget.LimitError):
        guards.expanded(tabs, 9)


def test_a_character_counts_as_the_longest_text_that_may_become_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(budget, "MAX_SIZE", 1000)
    guards.translated("x" * 100, {120: "y" * 10, 121: 7, 122: None})
    with pytest.raises(budget.LimitError):
        guards.translated("x" * 100, {120: "y", 121: "y" * 11})
    # a list has a character for each, at most
    guards.translated("x" * 100, ["y"] * 2000)


def test_a_list_is_as_long_as_the_text_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert guards.as_text(["x" * 900]) >= 900
    monkeypatch.setattr(budget, "MAX_SIZE", 800)
    with pytest.raises(budget.LimitError):
        guards.as_text(["x" * 900])


def test_only_a_text_that_is_longer_than_many_short_ones_is_charged_for() -> None:
    for longer, is_charged in (0, False), (1, True):
        before = budget.THREAD.budget.turns
        guards.as_text("x" * (budget.SHORT**2 + longer))
        assert (budget.THREAD.budget.turns > before) is is_charged


def test_a_text_that_is_split_nowhere_may_be_long(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in budget, guards:
        monkeypatch.setattr(module, "MAX_SIZE", 1000)
    guards.split(" " * 500, " ", 0)
    guards.split(" " * 500, " ", 99)
    for most in -1, 100:
        with pytest.raises(budget.LimitError):
            guards.split(" " * 500, " ", most)


def test_turns_are_counted_whatever_time_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_TURNS", 1000)
    text = "!tmpl '{% for a in range(30) %}{% for b in range(N) %}{% endfor %}{% endfor %}done'"
    assert evaluated(text.replace("N", "30")) == "done"
    # they are looked at each 1000
    with pytest.raises(EvaluationError, match="more than 1000 turns"):
        evaluated(text.replace("N", "80"))


def test_each_evaluation_has_a_budget_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_TURNS", 50)
    for _ in range(5):
        assert evaluated("!tmpl '{% for a in range(40) %}x{% endfor %}'") == "x" * 40


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{% for a in 'ab' %}{{ loop.index }}{{ loop.last }}{{ a }},{% endfor %}", None),
        ("{% for a in [1, 2, 3] %}{{ loop.length }}{{ loop.revindex }}{% endfor %}", "333231"),
        ("{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}", "a1"),
        ("{% for a in [] %}{% else %}none{% endfor %}", "none"),
        ("{% for a in [1, 2, 3] if a > 1 %}{{ a }}{% endfor %}", "23"),
        (
            "{% for a in [[1], [2]] recursive %}{{ a if a is number else loop(a) }}{% endfor %}",
            "12",
        ),
        ("{{ [[1, 2], [3]] | map('sum') | list }}", "[3, 3]"),
        ("{{ [[1, 2], [3]] | sum(start=[]) }}", "[1, 2, 3]"),
        ("{{ [1, none, 'a'] | join('-') }}", "1-None-a"),
        ("{{ 'a' ~ 1 ~ none ~ [1] }}", "a1None[1]"),
        ("{{ 'aXbX' | replace('X', '-', 1) }}", "a-bX"),
        ("{{ 'aa bb' | wordwrap(2) }}", "aa\nbb"),
    ],
)
@pytest.mark.parametrize("missing", list(Missing))
def test_the_limits_leave_loops_and_filters_as_they_are(
    source: str, text: str | None, missing: Missing
) -> None:
    wanted = "1Falsea,2Trueb," if text is None else text
    assert evaluated(f"!tmpl |-\n  {source}", {}, missing) == wanted


def test_aliases_that_stand_for_billions_of_values_are_no_way_to_hang_the_loader(
    tmp_path: Path,
) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    path = tmp_path / "feeds" / "feed.yaml"
    path.parent.mkdir()
    text = DEFINITION.format(url="https://host.example/")
    path.write_text(text + "template_values:\n  " + "\n  ".join(lines) + "\n")
    begun = time.monotonic()
    with pytest.raises(DefinitionError, match="with all aliases this has more than"):
        load(path)
    assert time.monotonic() - begun < 5


DEFINITION = """
version: "1.0.0"
required_threatq_version: ">=5.29.0"
feeds:
  Feed:
    feed_type: primary
    category: Commercial
    namespace: threatq.feeds.example.feed
    user_fields:
      - {{name: api_host, label: Host, required: true}}
    source:
      http:
        url: {url}
        response_content_type: text/plain
    filters:
      - new: {{value: !expr value | string}}
    report:
      incident-sets:
        one: {{items: [{{value: !expr data.value}}]}}
"""


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "FILE:///etc/passwd", "/etc/passwd", "ftp://host.example/x", "''"]
)
def test_a_source_reads_no_file(url: str, tmp_path: Path) -> None:
    path = tmp_path / "feeds" / "feed.yaml"
    path.parent.mkdir()
    path.write_text(DEFINITION.format(url=url))
    loaded = load(path)
    (feed,) = loaded.primary_feeds
    heard = RecordingProgress()
    with Library.create(tmp_path / "library.sqlite") as library:
        settings = Settings(clock=FakeClock(CLOCK, stopped=True))
        asked = plan.whole(CLOCK - DAY, CLOCK)
        run = FeedRun(loaded, feed, {"api_host": "x"}, asked, library, heard, settings)
        summary = run.run()
    assert summary.outcome == "failed"
    assert summary.error is not None
    assert "no http or https address" in summary.error


# --- redirects -------------------------------------------------------------------------------


class Elsewhere(http.server.ThreadingHTTPServer):
    """Another host, which remembers what it is sent."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str | None]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Elsewhere

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers.get("Authorization")))
        self.send_response(200)
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - the name is the library's

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with Elsewhere() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "endpoint",
    ["Authenticate", "CaseSync", "CaseDetail", "FetchCaseCommunications", "DownloadCaseFile"],
)
def test_a_redirect_is_named_and_nothing_is_sent_to_its_target(
    endpoint: str, status: int, emulator: Emulator, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    state = emulator.state
    state.load(EMPTY)
    state.put_case("caSe00001", {"addedDate": str(CLOCK)})
    state.add_file("caSe00001", {"originalFilename": "a.txt", "fileToken": "x"}, b"a")
    target = f"http://127.0.0.1:{elsewhere.server_port}/taken"
    state.add_fault("redirect", endpoint=endpoint, location=target, status=status, count=None)
    runner = Runner(emulator, tmp_path / "library.sqlite")
    summary = runner.run("incident", lambda _: plan.whole(CLOCK - DAY, CLOCK), CLOCK)
    assert summary is not None
    assert summary.outcome in ("failed", "partial")
    told = "\n".join(runner.said)
    assert f"redirects to {target}" in told
    assert not elsewhere.seen
