"""Every command that a document shows is one that the command line takes, and none is missing."""

import argparse
import re
import shlex
from collections.abc import Iterator

import pytest

from izoologic_cdf.cli.main import build_parser
from tests.documents.support import DOCUMENTS, fences, inline, rows, text
from tools.commands import commands

PROGRAM = "izoologic-cdf"
_SHELLS = {"sh", "console", "bash"}
_COMMANDS = list(commands(build_parser()))
_REFERENCE = "docs/commands.md"


def _lines(markdown: str) -> Iterator[list[str]]:
    """Yield the arguments of each call of the program in blocks for a shell."""
    for language, block in fences(markdown):
        if language in _SHELLS:
            for line in block.replace("\\\n", " ").splitlines():
                command = re.split(r" [|>&] ?", line.strip().removeprefix("$ "))[0]
                words = shlex.split(command, comments=True)
                if words[:1] == [PROGRAM]:
                    yield words[1:]


def _names_a_command(words: list[str]) -> bool:
    spelt = " ".join([PROGRAM, *words])
    return any(f"{parser.prog} ".startswith(f"{spelt} ") for parser in _COMMANDS)


def _parses(words: list[str]) -> bool:
    try:
        build_parser().parse_args(words)
    except SystemExit as end:
        return end.code == 0  # --help
    return True


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_command_in_a_block_for_a_shell_parses(
    document: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in _lines(text(document)):
        assert _parses(words), f"{document}: {words}\n{capsys.readouterr().err}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_command_in_inline_code_parses_or_names_a_command(
    document: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for code in inline(text(document)):
        words = code.split()
        # brackets and capitals stand for what a reader puts there
        given = [word for word in words[1:] if not word.startswith("[") and word != "COMMAND"]
        if words[0] == PROGRAM:
            known = _names_a_command(given) or _parses(given)
            assert known, f"{document}: {code}\n{capsys.readouterr().err}"


@pytest.mark.parametrize("parser", _COMMANDS, ids=lambda parser: str(parser.prog))
def test_every_option_of_a_command_stands_in_its_section(parser: argparse.ArgumentParser) -> None:
    section = text(_REFERENCE).partition(f"### {parser.prog.partition(' ')[2]}\n")[2]
    shown = {word for row in rows(section.partition("\n### ")[0]) for word in row[0].split()}
    options = {option for action in parser._actions for option in action.option_strings}
    assert options - {"-h", "--help"} <= {word.strip("`") for word in shown}


def test_a_command_that_is_unknown_would_be_seen(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(_lines("```sh\nizoologic-cdf walk a\n```\n")) == [["walk", "a"]]
    assert not _parses(["walk", "a"])
    assert not _names_a_command(["walk"])
    assert "walk" in capsys.readouterr().err
