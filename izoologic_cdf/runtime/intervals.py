"""Arithmetic of intervals: windows of whole seconds, both bounds inclusive."""

from collections.abc import Iterable

from izoologic_cdf.runtime.windows import Window


def union(parts: Iterable[Window]) -> list[Window]:
    """Return the same seconds as disjoint windows that do not touch, oldest first."""
    merged: list[Window] = []
    for part in sorted(part for part in parts if part.since <= part.until):
        if merged and part.since <= merged[-1].until + 1:
            last = merged.pop()
            merged.append(Window(last.since, max(last.until, part.until)))
        else:
            merged.append(part)
    return merged


def subtract(parts: Iterable[Window], taken: Iterable[Window]) -> list[Window]:
    """Return what of `parts` is in none of `taken`, disjoint, oldest first."""
    left = union(parts)
    for hole in union(taken):
        left = [rest for part in left for rest in _without(part, hole)]
    return left


def _without(part: Window, hole: Window) -> list[Window]:
    if hole.until < part.since or part.until < hole.since:
        return [part]
    sides = (Window(part.since, hole.since - 1), Window(hole.until + 1, part.until))
    return [side for side in sides if side.since <= side.until]
