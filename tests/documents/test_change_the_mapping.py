"""The README's example of a changed mapping, carried out step by step in a copy of the checkout."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents.support import text
from tools.layers import ROOT

_STEP = re.compile(
    r"`(?P<path>[\w./]+\.(?:yaml|csv))`|^ *```(?P<language>diff|sh)\n(?P<block>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
# what is compiled already need not be compiled again
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "*_cache", ".hypothesis", "dist", "demo")
# what holds the mapping against the tables, the documents and the golden files
_TESTS = (
    "tests/feeds/test_dlr_mapping.py",
    "tests/emulator/test_scenarios.py",
    "tests/documents/test_facts.py",
)
# how a command of the README runs in the copy, without a virtual environment of its own
_COMMANDS = {
    "make test": [sys.executable, "-m", "pytest", "-q", "-m", "not slow", *_TESTS],
    "make docs golden": [
        *("make", f"VENV={Path(sys.prefix)}", "-o", f"{Path(sys.prefix)}/.developed"),
        *("docs", "golden"),
    ],
}


def add_line(path: Path, block: str) -> None:
    """Add the line with a plus behind the line without one, indented as it is."""
    known, added = (line.strip() for line in block.splitlines())
    assert added.startswith("+")
    lines = path.read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines) if line.strip() == known]
    indent = lines[number].removesuffix(known)
    lines.insert(number + 1, indent + added.removeprefix("+").strip())
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


# the copy runs tests of its own, but not this one
@pytest.mark.slow
def test_the_mapping_changes_as_the_readme_says_and_nothing_else_fails(tmp_path: Path) -> None:
    copy = tmp_path / "checkout"
    shutil.copytree(ROOT, copy, ignore=_LEFT_OUT, symlinks=True)
    section = text("README.md").partition("## Change the mapping")[2].partition("\n## ")[0]
    path, commands = None, list[str]()
    for step in _STEP.finditer(section):
        if step["path"]:
            path = copy / step["path"]
        elif step["language"] == "diff":
            assert path is not None
            add_line(path, step["block"])
        else:
            commands += map(str.strip, step["block"].splitlines())
    assert commands[-1] == "izoologic-cdf build"
    given = {**os.environ, "PYTHONPATH": str(copy)}
    for command in commands:
        words = _COMMANDS.get(command)
        if words is None:
            words = [sys.executable, "-m", "izoologic_cdf.cli.main", *command.split()[1:]]
        ended = subprocess.run(  # noqa: S603 - our own commands
            words, cwd=copy, env=given, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    assert "Total Records" in (copy / "docs" / "bundle" / "GUIDE.md").read_text(encoding="utf-8")
