"""`emulator` as a person uses it: the path of the README, the configuration, dates of today."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from izoologic_cdf.cli import emulator_commands
from izoologic_cdf.cli.main import build_parser
from izoologic_cdf.emulator import Emulator, generate, load_scenario
from izoologic_cdf.emulator.scenario import CaseSource
from izoologic_cdf.runtime.windows import DAY
from tests.support.shells import CHECKOUT, PROGRAM, Shell
from tests.support.signals import heeded

NOW = 1_900_000_000


def lines_of_the_readme() -> list[list[str]]:
    """Return the commands of the section: words of each."""
    text = (CHECKOUT / "README.md").read_text()
    section = text.partition("### Without a tenant\n")[2].partition("\n### ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line.split()[1:] for line in lines if not line.startswith("#")]


@contextmanager
def served(shell: Shell, words: list[str]) -> Iterator[str]:
    """Serve in a process of its own, and give what it announces."""
    with heeded():
        process = subprocess.Popen(  # noqa: S603 - our own program
            [*PROGRAM, *words],
            cwd=shell.folder,
            env=shell.environment | shell.paths,
            stdout=subprocess.PIPE,
            text=True,
        )
    with process:
        assert process.stdout is not None
        lines = list[str]()
        while not lines or "sync all" not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1], "it ended"
        yield "".join(lines)
        process.send_signal(signal.SIGTERM)


def test_the_path_of_the_readme_ends_with_something_to_see(shell: Shell) -> None:
    serve, *others = lines_of_the_readme()
    assert serve[0] == "emulator"
    assert {words[0] for words in others} >= {"check", "sync"}
    with served(shell, serve) as announced:
        # the line to paste is the one that the README has
        assert announced.splitlines()[-1].split()[1:] in others
        for words in others:
            ended = shell(*words)
            assert ended.code == 0, (words, ended)
            assert ended.out
    assert {"incident", "note", "account"} <= {one["type"] for one in shell.export()}
    assert "0 warnings, 0 failures, 0 errors" in shell("runs", "1").out


def announce(shell: Shell, *words: str) -> str:
    """Announce an emulator of the guide as the command would; return what is printed."""
    options = build_parser().parse_args(["emulator", *words])
    shell.capsys.readouterr()
    emulator_commands._announce(shell.emulator, options.write_config)
    return shell.capsys.readouterr().out


def test_the_configuration_that_is_printed_can_be_used_as_it_is(shell: Shell) -> None:
    text = announce(shell)
    printed = text.partition("for a file tenant.yaml:\n\n")[2].partition("\n\n")[0]
    assert printed == Path(shell.config()).read_text().rstrip()
    assert text.endswith("  izoologic-cdf sync all --config tenant.yaml\n")


def test_the_configuration_that_is_written_is_for_this_user_alone(shell: Shell) -> None:
    for _ in range(2):
        text = announce(shell, "--write-config", "emulator.yaml")
        written = shell.folder / "emulator.yaml"
        assert written.stat().st_mode & 0o777 == 0o600
        assert shell.emulator.secret_key not in text.partition("Its configuration")[2]
        ended = shell("check", "incident", "--config", "emulator.yaml")
        assert (ended.code, ended.err) == (0, "")
        written.chmod(0o644)


@pytest.mark.parametrize("content", [b"api_key: a real one\n", b"", b"\xff"])
def test_another_configuration_is_not_overwritten(shell: Shell, content: bytes) -> None:
    path = shell.folder / "tenant.yaml"
    path.write_bytes(content)
    ended = shell("emulator", "--write-config", "tenant.yaml")
    assert (ended.code, ended.out) == (2, "")
    assert "--write-config: tenant.yaml is" in ended.err
    assert path.read_bytes() == content


def test_a_scenario_as_of_today_is_the_same_some_days_later() -> None:
    scenario = load_scenario("guide")
    moved = scenario.as_of(NOW)
    assert scenario.clock is not None
    later = (NOW - scenario.clock) // DAY * DAY
    assert (moved.clock, moved.until) == (None, scenario.clock + later)
    assert max(row[0] for row in moved.incidents.rows()) > NOW - 30 * DAY
    for before, after in ((scenario.incidents, moved.incidents), (scenario.dlr, moved.dlr)):
        assert after.rows() == [(updated + later, name) for updated, name in before.rows()]
        for _, name in before.rows():
            compare(before, after, name, later)


def compare(before: CaseSource, after: CaseSource, name: str, later: int) -> None:
    """Compare a case with itself some days later: each field equal, or a date moved."""
    one, other = before.case(name), after.case(name)
    if one is None or other is None:
        assert one is other
        return
    assert one.contents == other.contents
    old, new = (list(leaves([each.detail, each.messages])) for each in (one, other))
    moved = {a: b for a, b in zip(old, new, strict=True) if a != b}
    for was, now in moved.items():
        assert "On" in was[0] or "Date" in was[0] or "date" in was[0]
        if str(was[1]).isdecimal():
            assert int(now[1]) == int(was[1]) + later
        else:
            assert str(now[1])[10:] == str(was[1])[10:]


def leaves(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every value in JSON."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, key)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one, name)
    else:
        yield name, str(value)


def test_every_form_of_a_date_is_moved_and_no_other_text() -> None:
    scenario = generate(60)
    moved = scenario.as_of(NOW)
    assert scenario.clock is not None
    later = (NOW - scenario.clock) // DAY * DAY
    for _, name in scenario.incidents.rows():
        one, other = scenario.incidents.case(name), moved.incidents.case(name)
        assert one is not None
        assert other is not None
        for message, copy in zip(one.messages, other.messages, strict=True):
            assert int(copy["createdOn"]) == int(message["createdOn"]) + later
        assert one.detail.get("url") == other.detail.get("url")
        if one.detail.get("detectionDate") == "0001-01-01T00:00:00":
            assert other.detail["detectionDate"] == "0001-01-01T00:00:00"


def test_a_scenario_that_follows_real_time_stays() -> None:
    moved = load_scenario("guide").as_of(NOW)
    assert moved.as_of(NOW + DAY) is moved


def test_fixed_dates_are_those_of_the_scenario(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks: list[int | None] = []

    def serve(emulator: Emulator, _announce: object) -> None:
        clocks.append(emulator.state.scenario.clock)

    monkeypatch.setattr(emulator_commands, "serve_until_signal", serve)
    path = CHECKOUT / "fixtures" / "scenarios" / "guide.json"
    for words in ((), ("--fixed-dates",), ("--scenario", str(path)), ("--scenario", "generated:3")):
        assert shell("emulator", *words).code == 0
    assert clocks == [None, 1_755_216_000, 1_755_216_000, None]
