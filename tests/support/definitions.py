"""Short ways to compile a bit of YAML, and to say where a finding must stand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.language.load import load
from izoologic_cdf.language.model import Definition
from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.positions import DefinitionError, Finding
from izoologic_cdf.language.values import Value, compile_value

# stands in a text right before the character at which a finding must point
MARK = "→"


def marked(text: str) -> tuple[str, tuple[int, int]]:
    """Return a text without its mark, and the line and column of the mark."""
    clean, (at,) = all_marked(text)
    return clean, at


def all_marked(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return a text without its marks, and the lines and columns of the marks."""
    first, *others = text.split(MARK)
    places = []
    for part in others:
        places.append((first.count("\n") + 1, len(first) - first.rfind("\n")))
        first += part
    return first, places


def compiled(
    text: str,
    names: Mapping[str, Any] | None = None,
    missing: Missing = Missing.NULL,
    *,
    guarded: bool = False,
) -> Value:
    document = Document("file.yaml", text)
    return compile_value(document, document.root, frozenset(names or {}), missing, guarded=guarded)


def evaluated(
    text: str,
    names: Mapping[str, Any] | None = None,
    missing: Missing = Missing.NULL,
    *,
    guarded: bool = False,
) -> Any:
    return compiled(text, names, missing, guarded=guarded).evaluate(names or {})


def expr(
    source: str, names: Mapping[str, Any] | None = None, missing: Missing = Missing.NULL
) -> Any:
    """Evaluate one expression, written in a block so that nothing in it needs quoting."""
    return evaluated(f"!expr |-\n  {source}", names, missing)


def refused(text: str, names: Mapping[str, Any] | None = None) -> Finding:
    with pytest.raises(DefinitionError) as caught:
        compiled(text, names)
    (finding,) = caught.value.findings
    return finding


def load_text(folder: Path, text: str, *, missing: Missing = Missing.NULL) -> Definition:
    path = folder / "feeds" / "feed.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load(path, folder / "filters", missing=missing)


def findings_of(folder: Path, text: str) -> list[Finding]:
    with pytest.raises(DefinitionError) as caught:
        load_text(folder, text)
    return sorted(caught.value.findings, key=lambda finding: finding.position)


def place(finding: Finding) -> tuple[int, int]:
    return finding.position.line, finding.position.column
