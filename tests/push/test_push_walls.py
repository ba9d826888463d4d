"""The push client and the emulated platform share no code: neither proves its own mistakes."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "izoologic_cdf"


def imported(package: str) -> set[str]:
    found = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("izoologic_cdf.")}


@pytest.mark.parametrize(
    ("package", "foreign"),
    [("push", ("platform", "loopback", "emulator")), ("platform", ("push", "library", "runtime"))],
)
def test_neither_side_imports_the_other(package: str, foreign: tuple[str, ...]) -> None:
    names = imported(package)
    assert names
    assert not [name for name in names if name.split(".")[1] in foreign]
