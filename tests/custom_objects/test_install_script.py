"""The text of install.sh: what a linter and the shells say, and how it is shipped."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "custom_objects" / "install.sh"


@pytest.mark.parametrize(
    "command",
    ["shellcheck --shell=sh", "sh -n", "dash -n", "bash --posix -n", "busybox sh -n"],
)
def test_linter_and_shells_have_nothing_to_say(command: str) -> None:
    program, *options = command.split()
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run(  # noqa: S603 - a linter or a shell in no-execution mode
        [path, *options, str(SCRIPT)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_is_shipped_executable_with_unix_line_ends_and_in_ascii() -> None:
    assert os.access(SCRIPT, os.X_OK)
    text = SCRIPT.read_bytes()
    assert text.startswith(b"#!/bin/sh\n")
    assert b"\r" not in text
    assert text.isascii()


def test_no_check_of_the_linter_is_silenced() -> None:
    assert "shellcheck disable" not in SCRIPT.read_text()
