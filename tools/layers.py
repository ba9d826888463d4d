"""Which package of the project imports which: the picture of the architecture."""

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.markdown import fenced

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "izoologic_cdf"
TOOLS = "tools"


@functools.cache
def imports() -> Mapping[str, frozenset[str]]:
    """Return what each package imports of the others, top modules left out; `tools` is one."""
    folders = [path.parent for path in sorted((ROOT / PACKAGE).glob("*/__init__.py"))]
    names = {folder.name for folder in folders}
    return {
        folder.name: frozenset(_imported(folder)) & (names - {folder.name})
        for folder in [*folders, ROOT / TOOLS]
    }


def layers() -> str:
    """Return the picture; an arrow that other arrows imply is left out."""
    known = imports()
    lines = ["graph TD"]
    for package, direct in known.items():
        implied = {below for one in direct for below in reached(one)}
        lines += [f"    {package} --> {one}" for one in sorted(direct - implied)]
    return fenced("\n".join(lines), "mermaid")


def reached(package: str) -> set[str]:
    """Return what a package imports, directly or not; itself only where it is in a circle."""
    direct = imports()[package]
    return set(direct).union(*(reached(one) for one in direct))


def _imported(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*.py"):
        for node in _statements(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
                yield from (alias.name for alias in node.names)
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            parts = [name.split(".") for name in names]
            yield from (part[1] for part in parts if part[0] == PACKAGE and len(part) > 1)


def _statements(parsed: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements below a node, however deep; expressions, most of a tree, hold none."""
    for node in ast.iter_child_nodes(parsed):
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, ast.expr):
            yield from _statements(node)
