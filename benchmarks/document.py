"""Writes measured blocks into docs/performance.md; all else of it is written by hand."""

import re
from collections.abc import Mapping
from typing import Any

from benchmarks.processes import ROOT
from benchmarks.report import BLOCKS

PAGE = ROOT / "docs" / "performance.md"
_BLOCK = re.compile(r"(<!-- measured: (\S+) -->\n).*?(<!-- /measured -->)", re.DOTALL)


def write(results: Mapping[str, Any]) -> None:
    """Fill every measured block of the page."""

    def filled(found: re.Match[str]) -> str:
        return f"{found[1]}\n{BLOCKS[found[2]](results)}\n\n{found[3]}"

    PAGE.write_text(_BLOCK.sub(filled, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
