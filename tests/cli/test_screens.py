"""What `--help` and `fields` print, and that they load no HTTP or template library for it."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version

import pytest

from izoologic_cdf.cli.main import build_parser
from tests.support.shells import CHECKOUT, Ended, Shell
from tools.commands import commands

HEAVY = ("requests", "urllib3", "jinja2", "aiohttp", "asyncio", "sqlite3", "ssl", "http.client")
# one word per level below the program's name
_COMMANDS = [" ".join(parser.prog.split()[1:]) for parser in commands(build_parser())]


@pytest.fixture(autouse=True)
def _width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.mark.parametrize("command", ["", *_COMMANDS, "library"])
def test_the_help_of_a_command_is_as_agreed(
    shell: Shell, golden: Callable[[str, str], None], command: str
) -> None:
    ended = shell(*command.split(), "--help")
    assert (ended.code, ended.err) == (0, "")
    golden(f"help_{command.replace(' ', '_') or 'program'}.txt", ended.out)


def test_a_bare_command_line_shows_the_help(shell: Shell) -> None:
    assert shell() == shell("--help")


def test_the_version_is_that_of_the_package(shell: Shell) -> None:
    assert shell("--version") == Ended(0, f"izoologic-cdf {version('izoologic-cdf')}\n", "")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("synk", "incident"), "argument COMMAND: invalid choice: 'synk'; did you mean 'sync'?"),
        (("Status",), "invalid choice: 'Status'; did you mean 'status'?"),
        (("library", "shwo"), "argument ACTION: invalid choice: 'shwo'; did you mean 'show'?"),
        (("library", "zzz"), "invalid choice: 'zzz'; known here: export, show"),
        (
            ("runs", "--format", "jsn"),
            "--format: invalid choice: 'jsn'; did you mean 'json'?",
        ),
        (("\x1b[2Jrun",), "invalid choice: '\\x1b[2Jrun'"),
    ],
)
def test_a_mistyped_word_names_the_nearest_one(
    shell: Shell, words: tuple[str, ...], hint: str
) -> None:
    ended = shell(*words)
    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err
    assert "\x1b" not in ended.err


@pytest.mark.parametrize("feed", ["incident", "dlr"])
def test_the_form_of_a_feed_is_as_agreed(
    shell: Shell, golden: Callable[[str, str], None], feed: str
) -> None:
    ended = shell("fields", feed)
    assert (ended.code, ended.err) == (0, "")
    golden(f"fields_{feed}.txt", ended.out)


@pytest.mark.parametrize(
    ("feed", "names"),
    [
        ("incident", ("api_host api_key api_secret ingest_as_event ingest_ip_as_attribute "
         "ingest_description_as_attribute use_added_date verify_ssl disable_proxies")),
        ("dlr", ("api_host api_key api_secret ingest_as_identity "
         "ingest_description_as_attribute use_posted_date verify_ssl disable_proxies")),
    ],
)  # fmt: skip
def test_the_fields_stand_in_the_agreed_order(shell: Shell, feed: str, names: str) -> None:
    rows = [line.split()[0] for line in shell("fields", feed).out.splitlines() if line[:1].strip()]
    assert rows[2:] == names.split()


@pytest.mark.parametrize(
    "words",
    [
        [], ["--help"], ["--version"], ["run", "--help"], ["status", "--help"],
        ["fields", "incident"], ["fields", "dlr"], ["walk"],
    ],
)  # fmt: skip
def test_no_heavy_library_is_loaded_to_answer(words: list[str]) -> None:
    script = (
        "import sys, json\n"
        "from izoologic_cdf.cli.main import main\n"
        f"try: main({words!r})\n"
        "except SystemExit: pass\n"
        f"print(json.dumps(sorted(set({HEAVY!r}) & set(sys.modules))), file=sys.stderr)\n"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", script],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stderr.splitlines()[-1]) == []


def test_a_command_is_read_alike_with_and_without_the_others() -> None:
    helps = {parser.prog: parser.format_help() for parser in commands(build_parser())}
    for command in _COMMANDS:
        own = commands(build_parser(command.split()[0]))
        alone = next(one for one in own if one.prog == f"izoologic-cdf {command}")
        assert alone.format_help() == helps[alone.prog]
    assert len(list(commands(build_parser("run")))) < len(_COMMANDS)
    assert len(list(commands(build_parser("no-such-command")))) == len(_COMMANDS)
