"""F: one place makes printable what is printed; equal messages are one line; secrets as pasted."""

import ast
import io
import json
import re
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from izoologic_cdf.cli.progress_bar import Lines, Verbosity, progress
from izoologic_cdf.library.store import Library
from izoologic_cdf.printable import printable
from izoologic_cdf.runtime.case import Message
from izoologic_cdf.runtime.message_kinds import MAX_KINDS
from izoologic_cdf.runtime.windows import Window
from tests.support.shells import CHECKOUT, GUIDE, NEWEST, Ended, Shell

RUN = ("run", "incident", *NEWEST)
# a line of a log that is forged, a screen that is wiped, a name that reads backwards, a bell in
# eight bits, a line end of Unicode, a half of a pair
HOSTILE = "x\n2026-01-01 all is well\r\x1b[2J\x1b]0;t\x07\u202egpj.exe\x9b\u2028y\udc80\x7f\u200b"
SIGNS = re.compile(r"[^\x20-\x7e\n\u00a1-\u1fff\u2010-\u2027\u2030-\ud7ff\uf900-\uffdc]")


def harmless(ended: Ended) -> None:
    """Nothing that was printed acts on a terminal, and no line begins with what was forged."""
    for text in (ended.out, ended.err):
        assert not SIGNS.search(text), repr(SIGNS.search(text))
        assert not re.search(r"^2026-01-01 all is well", text, re.MULTILINE)
    assert "Traceback" not in ended.err


# --- 24 ----------------------------------------------------------------------------------------


@given(st.text(st.characters()) | st.text(st.sampled_from(HOSTILE)))
def test_24_what_is_printable_is_one_line_and_stays_as_it_is(text: str) -> None:
    line = printable(text)
    assert line.isprintable()
    assert printable(line) == line
    assert line == text or not text.isprintable()
    assert len(line.splitlines()) <= 1


def test_24_nothing_but_one_module_prints() -> None:
    """All output of commands is written by `cli/streams.py`, which makes every line printable."""
    allowed = {"cli/streams.py"}
    package = CHECKOUT / "izoologic_cdf"
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or str(path.relative_to(package)) in allowed:
                continue
            called = ast.unparse(node.func)
            assert called not in {"print", "warnings.warn"}, f"{path}:{node.lineno}"
            writes = re.match(r"sys\.(stdout|stderr)(\.buffer)?\.write", called)
            assert not writes, f"{path}:{node.lineno}"


def test_24_ids_names_and_messages_of_the_api_act_on_nothing(shell: Shell) -> None:
    state, when = shell.emulator.state, 1_755_000_000
    hostile = HOSTILE.replace("\udc80", "")
    state.put_case(f"a{hostile}", {"url": hostile, "ipAddress": hostile, "addedDate": "soon"}, when)
    state.add_file(f"a{hostile}", {"originalFilename": f"{hostile}.txt"}, b"")
    refused = {"result": None, "success": False, "message": hostile, "errorCode": hostile}
    state.put_case(f"b{hostile}", {}, when)
    state.add_fault("envelope", endpoint="CaseDetail", case=f"b{hostile}", json=refused, count=None)
    for words in ((), ("--verbose",), ("--quiet",), ("--format", "json")):
        ended = shell.feed(*RUN, *words)
        assert ended.code == 3
        harmless(ended)
    assert "b" + printable(hostile) in ended.err + shell.feed(*RUN).err
    harmless(shell("library", "show", "izoologic.sqlite"))
    harmless(shell("library", "show", "izoologic.sqlite", f"a{hostile}"))
    harmless(shell("library", "show", "izoologic.sqlite", "caSe\x1b"))
    harmless(shell.feed("retry", "incident", hostile))
    state.add_fault("envelope", endpoint="Authenticate", json=refused, count=None)
    harmless(shell.feed(*RUN))


WORDS: list[tuple[str, ...]] = [
    (HOSTILE,),
    ("run", HOSTILE, *NEWEST),
    ("run", "incident", "--since", HOSTILE),
    ("run", "incident", *NEWEST, HOSTILE),
    ("run", "incident", *NEWEST, "--in-flight", HOSTILE),
    ("run", "incident", *NEWEST, "--format", HOSTILE),
    ("run", "incident", *NEWEST, "--config", HOSTILE),
    ("run", "incident", *NEWEST, "--set", f"{HOSTILE}=1"),
    ("run", "incident", *NEWEST, "--set", f"verify_ssl={HOSTILE}"),
    ("run", "incident", *NEWEST, "--definition", HOSTILE),
    ("run", "incident", *NEWEST, "--library", f"{HOSTILE}/nowhere", "--config", "tenant.yaml"),
    ("fields", HOSTILE),
    ("fields", "dlr", "--definition", HOSTILE),
    ("lint", HOSTILE),
    ("verify", HOSTILE),
    ("diff", HOSTILE, HOSTILE),
    ("build", "--output", f"/dev/null/{HOSTILE}"),
    ("library", "show", HOSTILE),
    ("library", "export", HOSTILE),
    ("emulator", "--scenario", HOSTILE),
    ("emulator", "--port", HOSTILE),
    ("demo", f"/dev/null/{HOSTILE}"),
]  # fmt: skip


@pytest.mark.parametrize("words", WORDS, ids=lambda words: " ".join(words[:2])[:20].encode())
def test_24_what_was_typed_acts_on_nothing(shell: Shell, words: tuple[str, ...]) -> None:
    shell.config()
    ended = shell(*words)
    # a library may have an odd path
    assert ended.code in (1, 2) or "--library" in words
    harmless(ended)


DEFINITION = """\
version: "1.0"
required_threatq_version: ">=5.29.0"
feeds:
  "Cases {odd}":
    category: Commercial
    namespace: threatq.feeds.example.cases
    user_fields:
      - {{name: host, label: "Host {odd}", description: "{odd}", required: true}}
    source:
      http: {{url: !expr user_fields.host}}
    filters: [parse-json, "{odd}"]
    report: {{}}
"""


def test_24_what_a_definition_says_acts_on_nothing(shell: Shell) -> None:
    odd = json.dumps(HOSTILE.replace("\udc80", ""))[1:-1]
    (shell.folder / "odd.yaml").write_text(DEFINITION.format(odd=odd), encoding="utf-8")
    raw = DEFINITION.format(odd="a\u202eb\u2028\x85c").replace("parse-json", "parse\tjson")
    (shell.folder / "raw.yaml").write_text(raw, encoding="utf-8")
    for name in ("odd.yaml", "raw.yaml"):
        harmless(shell("lint", name))
        harmless(shell("lint", name, "--format", "json"))
        harmless(shell("fields", "Cases", "--definition", name))
        harmless(shell("diff", name, name, "--no-run"))
        harmless(shell("run", "Cases", *NEWEST, "--definition", name, "--set", "host=x"))


def test_24_what_a_comparison_tells_acts_on_nothing(shell: Shell) -> None:
    from tests.support.small_feed import OLD  # noqa: PLC0415

    odd = json.dumps(HOSTILE.replace("\udc80", ""))[1:-1]
    (shell.folder / "old.yaml").write_text(OLD, encoding="utf-8")
    new = OLD.replace("label: Host", f'label: "{odd}"').replace("path: /cases", f'path: "{odd}"')
    (shell.folder / "new.yaml").write_text(new, encoding="utf-8")
    for form in ("text", "json"):
        ended = shell("diff", "old.yaml", "new.yaml", "--no-run", "--format", form)
        assert ended.code == 1
        harmless(ended)


def test_24_names_of_members_act_on_nothing(shell: Shell) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr(HOSTILE.replace("\udc80", ""), b"x")
    (shell.folder / "x.zip").write_bytes(buffer.getvalue())
    ended = shell("verify", "x.zip")
    assert ended.code == 1
    harmless(ended)
    assert "does not belong in the bundle" in ended.out


# --- 26 ----------------------------------------------------------------------------------------


def shown(verbosity: Verbosity, *messages: Message, stream: io.StringIO | None = None) -> list[str]:
    stream = stream or io.StringIO()
    teller = progress(stream, verbosity)
    for message in messages:
        teller.message(message)
    teller.say("something goes on")
    teller.close()
    return stream.getvalue().splitlines()


def warnings(count: int, text: str = "its date is odd") -> list[Message]:
    return [Message("warning", f"c{number}", text) for number in range(count)]


def test_26_equal_warnings_are_one_line_with_a_count_and_three_ids() -> None:
    lines = shown("usual", *warnings(304))
    assert lines == [
        "something goes on",
        "warning: its date is odd (304 times; cases c0, c1, c2, ...)",
    ]
    assert shown("usual", *warnings(1))[1:] == ["warning: case c0: its date is odd"]
    assert shown("usual", *warnings(2))[1:] == ["warning: its date is odd (2 times; cases c0, c1)"]


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (["the file 'a.txt' is empty", "the file 'b\\'s.txt' is empty"], "the file ... is empty"),
        (["the file 'a.txt' is empty"] * 2, "the file 'a.txt' is empty"),
        (["70,001 bytes are cut", "70,002 bytes are cut"], "... bytes are cut"),
        (["nothing since 2025-01-01 00:00:00", "nothing since 2025-01-31"], "nothing since ..."),
    ],
)
def test_26_warnings_that_differ_in_what_they_name_are_one_line(
    texts: list[str], line: str
) -> None:
    messages = [Message("warning", f"c{number}", text) for number, text in enumerate(texts)]
    assert shown("usual", *messages)[1:] == [f"warning: {line} (2 times; cases c0, c1)"]


@pytest.mark.parametrize(
    "texts",
    [
        ["GET /x: the server answered 404", "GET /x: the server answered 403"],
        ["the API refused the request (iZOO5000)", "the API refused the request (iZOO5001)"],
        ["the server's date can't be read", "the server's name can't be read"],
    ],
)
def test_26_warnings_of_other_kinds_stay_apart(texts: list[str]) -> None:
    messages = [Message("warning", "c", text) for text in texts]
    assert len(shown("usual", *messages)) == 1 + len(texts)


def test_26_a_failure_is_told_at_once_and_how_often_at_the_end() -> None:
    messages = [Message("failure", f"c{number}", "it broke") for number in range(4_000)]
    assert shown("usual", *messages) == [
        "failure: case c0: it broke",
        "something goes on",
        "failure: it broke (4000 times; cases c0, c1, c2, ...)",
    ]


def test_26_quiet_says_failures_alone_and_verbose_says_all() -> None:
    messages = [*warnings(3), Message("failure", "c", "it broke"), Message("error", None, "no")]
    assert shown("quiet", *messages) == ["failure: case c: it broke", "error: no"]
    assert shown("verbose", *messages) == [*map(str, messages), "something goes on"]


def test_26_very_many_kinds_take_no_memory_and_no_screen() -> None:
    messages = [
        Message("warning", f"c{n}", f"kind {'abcdefghij'[n % 10]}{n}x") for n in range(2_000)
    ]
    lines = shown("usual", *messages)
    assert len(lines) <= MAX_KINDS + 2
    assert any("further kinds" in line and "1800 times" in line for line in lines)


@pytest.fixture
def odd(shell: Shell) -> Shell:
    """A tenant whose cases have odd dates and empty files."""
    for number in range(30):
        case = f"caSe{number:05}"
        detail = {"url": "https://example.com", "addedDate": "soon", "detectionDate": "never"}
        shell.emulator.state.put_case(case, detail, 1_755_000_000 + number)
        shell.emulator.state.add_file(case, {"originalFilename": f"{number}.txt"}, b"")
    return shell


def test_26_a_run_with_many_warnings_prints_a_handful_of_lines_and_keeps_them_all(
    odd: Shell,
) -> None:
    ended = odd.feed(*RUN, "--format", "json")
    said = [line for line in ended.said if line.startswith("warning")]
    assert ended.data["warnings"] >= 90
    assert len(said) <= 6
    assert "(30 times; cases caSe00000, caSe00001, caSe00002, ...)" in ended.err
    assert ".yaml" not in ended.err
    assert str(CHECKOUT) not in ended.err
    with Library.open(odd.folder / "izoologic.sqlite") as library:
        rows = library.connection.execute(
            "SELECT run, level, case_id, text FROM run_message"
        ).fetchall()
    assert len(rows) == ended.data["warnings"]
    assert {row[:2] for row in rows} == {(1, "warning")}
    assert len({row[2] for row in rows}) >= 30


def test_26_verbose_prints_each_with_its_place_and_quiet_prints_nothing(odd: Shell) -> None:
    ended = odd.feed(*RUN, "--verbose")
    places = re.findall(r"^warning: case \S+: .* \[\S+\.yaml:\d+:\d+\]$", ended.err, re.MULTILINE)
    assert len(places) >= 90
    quiet = odd.feed(*RUN, "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    quiet = odd.feed(*RUN, "--quiet", "--format", "json")
    assert (quiet.data["outcome"], quiet.err) == ("complete", "")


def test_26_an_address_that_is_none_is_told_without_a_place_of_this_machine(shell: Shell) -> None:
    words = ("run", "incident", *NEWEST, "--config", shell.config(api_host="ftp://api.example.com"))
    ended = shell(*words)
    assert ended.code == 1
    assert "no http or https address; check the host name" in ended.err
    assert "sync_cases.yaml" not in ended.err + ended.out
    assert re.search(r"sync_cases\.yaml:\d+:\d+\]", shell(*words, "--verbose").err)


def test_26_quiet_still_says_what_failed(odd: Shell) -> None:
    refused = {"result": None, "success": False, "message": "Try later", "errorCode": "iZOO5000"}
    odd.emulator.state.add_fault("envelope", endpoint="CaseDetail", case="caSe00007", json=refused)
    ended = odd.feed(*RUN, "--quiet")
    assert ended.code == 3
    assert ended.out.startswith("iZoologic Incident Case Sync: partial\n")
    assert ended.err == (
        "failure: case caSe00007: the API refused the request (iZOO5000: Try later)\n"
    )
    assert odd("run", "incident", *NEWEST, "--quiet", "--verbose").code == 2


def test_26_the_record_keeps_failures_of_a_run_and_is_bounded(
    odd: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("izoologic_cdf.library.store.MAX_MESSAGES", 40)
    odd.emulator.state.add_fault("status", endpoint="CaseSync", status=403, count=None, nth=32)
    assert odd.feed("run", "incident", *GUIDE).code == 3
    with Library.open(odd.folder / "izoologic.sqlite") as library:
        query = "SELECT level, case_id, text FROM run_message ORDER BY id"
        rows = library.connection.execute(query).fetchall()
    assert len(rows) <= 40
    assert any(row[0] == "failure" and row[1] is None for row in rows)


# --- 27 ----------------------------------------------------------------------------------------

SECRET = "s3cr3t-of-the-tenant"
AROUND = ["{}\n", "{}\r\n", "{} ", " {}", "\t{}\t", "{}\u00a0", "\ufeff{}", "{}\u200b", "{}\n\n"]


@pytest.mark.parametrize("around", AROUND, ids=ascii)
@pytest.mark.parametrize("source", ["environment", "file"])
def test_27_what_cannot_belong_to_a_secret_is_left_out_with_a_word(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, around: str, source: str
) -> None:
    secret = around.format(shell.emulator.secret_key)
    if source == "environment":
        config = shell.config(api_secret=None)
        monkeypatch.setenv("IZOOLOGIC_API_SECRET", secret)
    else:
        config = shell.config(api_secret=None)
        with (shell.folder / config).open("a", encoding="utf-8", newline="") as file:
            file.write("api_secret: |+\n" if "\n" in around else "api_secret: ")
            file.write(f"  {secret}" if "\n" in around else f"'{secret}'\n")
    ended = shell(*RUN, "--config", config)
    assert ended.code == 0, ended.err
    assert "blanks or line ends around the value of api_secret are ignored" in ended.err
    assert shell.emulator.secret_key not in ended.err + ended.out
    assert shell(*RUN, "--config", config, "--quiet").err == ""


@pytest.mark.parametrize("inside", ["\n", "\r\n", "\x00", "\x1b", "\u2028", "\udcff"], ids=ascii)
def test_27_a_secret_with_a_line_end_inside_is_refused(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    if inside == "\x00":
        config = shell.config(api_secret=f"{SECRET[:5]}{inside}{SECRET[5:]}")
    else:
        config = shell.config(api_secret=None)
        monkeypatch.setenv("IZOOLOGIC_API_SECRET", f"{SECRET[:5]}{inside}{SECRET[5:]}")
    ended = shell(*RUN, "--config", config)
    assert (ended.code, ended.out) == (2, "")
    assert inside == "\x00" or "api_secret holds a line end or another control" in ended.err
    assert SECRET[5:] not in ended.err


MISREAD = [
    "!{}", "!!{}", "! {}", "&{}", "& {}", "*{}", "@{}", "`{}", "%{}", "#{}", "{{{}", "{{{}}}",
    "[{}", "[{}]", "|{}", ">{}", ",{}", "]{}", "}}{}", "- {}", "? {}", "{} #x", "{}\t#x", "{}: x",
    "{}:", "'{}", '"{}', "'{}'x", '"{}\\q"', "'{}' x",
]  # fmt: skip


@pytest.mark.parametrize("spelt", MISREAD)
@pytest.mark.parametrize("first", [True, False])
def test_27_a_secret_that_yaml_would_misread_is_refused_with_the_way_to_quote_it(
    shell: Shell, spelt: str, first: bool
) -> None:
    text = f"api_secret: {spelt.format(SECRET)}\n"
    others = f"api_host: {shell.emulator.url}\napi_key: {shell.emulator.api_key}\n"
    (shell.folder / "t.yaml").write_text(text + others if first else others + text)
    (shell.folder / "t.yaml").chmod(0o600)
    ended = shell(*RUN, "--config", "t.yaml")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"izoologic-cdf: t.yaml:{1 if first else 3}: ")
    assert "put the value of api_secret in single quotes" in ended.err
    assert "api_secret: '...'" in ended.err
    assert SECRET not in ended.err
    assert shell.emulator.requests.count() == 0


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (":{}", "expected a blank after api_secret:"),
        (":\t{}", "expected a blank, not a tab, after api_secret:"),
        (': "{}\\n"', "a backslash between double quotes has a meaning of its own in YAML"),
        (': "{}\\x41" # mine', "a backslash between double quotes has a meaning of its own"),
        (': "{}', "a value that begins with '\"' is not quoted as a whole"),
    ],
)
def test_27_what_is_wrong_with_a_value_is_told_as_what_it_is(
    shell: Shell, written: str, said: str
) -> None:
    text = f"api_host: {shell.emulator.url}\napi_key: {shell.emulator.api_key}\n"
    (shell.folder / "t.yaml").write_text(f"{text}api_secret{written.format(SECRET)}\n")
    (shell.folder / "t.yaml").chmod(0o600)
    ended = shell(*RUN, "--config", "t.yaml")
    assert ended.code == 2
    assert f"t.yaml:3: {said}" in ended.err.replace("not valid YAML: ", "")
    assert SECRET not in ended.err


@pytest.mark.parametrize(
    "spelt",
    ["{}", "'{}'", '"{}"', "'{}' # mine", '"{}"   # mine', "{}#x", "a:{}", "-{}", "|\n  {}",
     ">-\n  {}", "  {}  ", "'!{}'", "'it''s {}'", '"\\\\{}"', '"\\"{}"'],
)  # fmt: skip
def test_27_a_secret_that_is_read_as_it_is_meant_is_taken(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, spelt: str
) -> None:
    text = (
        f"api_host: {shell.emulator.url}\napi_key: k{SECRET}\napi_secret: {spelt.format(SECRET)}\n"
    )
    (shell.folder / "t.yaml").write_text(text)
    ended = shell(*RUN, "--config", "t.yaml")
    # the emulator has other keys: it was asked, so the configuration was taken
    assert ended.code == 1
    assert shell.emulator.requests.count("Authenticate")
    assert SECRET not in ended.err + ended.out


def test_27_other_fields_may_have_comments_behind_them(shell: Shell) -> None:
    config = shell.config(api_host=f"{shell.emulator.url} # the emulator")
    assert shell(*RUN, "--config", config).code == 0


# --- 28 ----------------------------------------------------------------------------------------


def test_28_without_a_terminal_only_windows_with_something_in_them_have_a_line(
    shell: Shell,
) -> None:
    ended = shell.feed("run", "incident", *GUIDE)
    windows = re.findall(r"^window (\d+) of 32", ended.err, re.MULTILINE)
    with_cases = len(re.findall(r"^  \d+ cases$", ended.err, re.MULTILINE))
    assert (len(windows), ended.code) == (with_cases, 0)
    assert 1 <= len(windows) <= 4
    assert shell("demo").err.count("\n") <= 20


def test_28_a_run_of_empty_windows_has_one_line_in_ten_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    lines = Lines(stream)
    for number in range(600):
        lines.window(Window(number, number), number, 600)
        lines.listed(0)
        now[0] += 0.5
    assert 28 <= stream.getvalue().count("\n") <= 30
    assert stream.getvalue().startswith("window 21 of 600: ")


def test_28_a_long_window_says_how_far_it_is_every_ten_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    lines = Lines(stream)
    lines.window(Window(0, 1), 0, 1)
    lines.listed(400)
    for _ in range(400):
        now[0] += 0.125
        lines.case()
    counts = ["  400 cases", *(f"  {count} of 400 cases" for count in (80, 160, 240, 320, 400))]
    assert stream.getvalue().splitlines()[1:] == counts
