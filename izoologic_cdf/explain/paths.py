"""Paths into values: tuples of keys and of places in lists."""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from inspect import getsource
from pathlib import Path as FilePath
from sys import modules
from typing import Any

from izoologic_cdf.content import folder
from izoologic_cdf.errors import Position

Path = tuple[str | int, ...]
ABSENT = object()
MAX_ELEMENTS = 50


def place(position: Position) -> str:
    """Return a place with the file's path from here, or from where the content is."""
    file = FilePath(position.file)
    bases = (FilePath.cwd(), folder("feeds").parent)
    base = next((one for one in bases if file.is_relative_to(one)), None)
    shown = file.relative_to(base) if base is not None else file
    return f"{shown}:{position.line}:{position.column}"


def dotted(path: Path) -> str:
    """Return a path as text."""
    text = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in path)
    return text.removeprefix(".") or "value"


def look(value: Any, path: Path) -> Any:
    """Return what stands at a path; ABSENT where nothing does."""
    for key in path:
        if isinstance(key, int):
            is_there = isinstance(value, list | tuple) and -len(value) <= key < len(value)
        else:
            is_there = isinstance(value, dict) and key in value
        if not is_there:
            return ABSENT
        value = value[key]
    return value


def look_folded(value: Any, path: Path) -> Path | None:
    """Return the path in its spelling in a value, whatever the case of its keys; null for none."""
    found: list[str | int] = []
    for key in path:
        spelt: list[str | int] = [key]
        if isinstance(value, dict) and key not in value:
            spelt = sorted(one for one in value if same_key(one, key))
        # of several that differ in case only, the first that says something
        named = [one for one in spelt if look(value, (one,)) not in (None, "", ABSENT)]
        chosen = (named or spelt)[:1]
        if not chosen or look(value, (chosen[0],)) is ABSENT:
            return None
        value = value[chosen[0]]
        found += chosen
    return tuple(found)


def parts(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every part of a value with its path, the value itself first."""
    yield path, value
    inner = value.items() if isinstance(value, dict) else []
    for key, one in enumerate(value) if isinstance(value, list | tuple) else inner:
        yield from parts(one, (*path, key))


def leaves(value: Any) -> Iterator[tuple[Path, Any]]:
    """Yield every scalar of a value with its path; an empty collection counts as one."""
    return ((path, one) for path, one in parts(value) if not (isinstance(one, dict | list) and one))


def same_key(one: Any, other: Any) -> bool:
    """Return whether two keys are one, whatever their case."""
    return isinstance(one, str) and isinstance(other, str) and one.lower() == other.lower()


def sources_of(before: Any, after: Any, path: Path, made: Any, known: frozenset[str]) -> list[Path]:
    """Return the paths of a value of which something has made what stands at a path of another.

    `known` are the names of the fields that may have been read for it.
    """
    if not isinstance(before, dict | list):
        return [()]
    if (paired := _paired(before, after, path)) is not None:
        return [paired]
    aligned = _aligned(before, after, path)
    same = aligned or look_folded(before, path)
    if same is not None:
        found = look(before, same)
        if made is ABSENT or (found is not ABSENT and found == made):
            return [same]
        if isinstance(found, dict | list) and isinstance(made, dict | list):
            return [same]
    last = next((one for one in reversed(path) if isinstance(one, str)), None)
    inside = [(p, one) for p, one in parts(before) if p]
    named = [p for p, one in inside if same_key(p[-1], last) and (made is ABSENT or one == made)]
    if named or made is ABSENT:
        return named[:MAX_ELEMENTS] or [path]
    near = aligned[: -len(path[1:]) or None] if aligned else ()
    read = [p for p, _ in leaves(before) if p and str(p[-1]).lower() in known]
    return [p for p in read if p[: len(near)] == near][:MAX_ELEMENTS] or [()]


def _paired(before: Any, after: Any, path: Path) -> Path | None:
    """Return the path where an object has become a list of its pairs, or these an object."""
    first, rest = path[:1], path[1:]
    if isinstance(before, list) and first and isinstance(first[0], str):
        found = (n for n, one in enumerate(before) if same_key(look(one, (0,)), first[0]))
        number = next(found, None)
        return (number, 1, *rest) if number is not None else None
    key = look(after, (*first, 0)) if first and isinstance(first[0], int) else None
    if isinstance(before, dict) and isinstance(key, str) and key in before and rest:
        return (key, *rest[1:]) if rest[0] == 1 else (key,)
    return None


def _aligned(before: Any, after: Any, path: Path) -> Path | None:
    """Return the path in the element that has become the element which a path leads through."""
    made = look(after, path[:1]) if path and isinstance(path[0], int) else None
    if not isinstance(made, dict):
        return None
    rows = [(p, one) for p, one in parts(before) if p and isinstance(p[-1], int)]
    rows = [(p, one) for p, one in rows if isinstance(one, dict)]
    folded = {str(key).lower(): one for key, one in made.items()}
    best: tuple[int, Path] | None = None
    for p, one in rows:
        if one is made:
            return (*p, *path[1:])
        alike = sum(folded.get(str(key).lower(), ABSENT) == value for key, value in one.items())
        if alike and (best is None or alike > best[0]):
            best = (alike, p)
    if best is None:
        return None
    whole = (*best[1], *path[1:])
    return look_folded(before, whole) or whole


@cache
def mentioned(function: Callable[..., Any]) -> frozenset[str]:
    """Return the texts that the module of a filter has, in lower case: the fields it may read."""
    try:
        tree = ast.parse(getsource(modules[function.__module__]))
    except (OSError, KeyError, TypeError, SyntaxError):
        return frozenset()
    nodes = (one.value for one in ast.walk(tree) if isinstance(one, ast.Constant))
    return frozenset(one.lower() for one in nodes if isinstance(one, str))
