"""What `--help` and `fields` print, and that they load no HTTP or template library for it."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from izoologic_cdf.cli.parser import build_parser
from tests.support.shells import CHECKOUT, Shell
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
    "words", [["--help"], ["run", "--help"], ["fields", "incident"], ["fields", "dlr"], ["walk"]]
)
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
