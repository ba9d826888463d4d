"""Where two forms differ: the smallest parts that were added, removed or replaced."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from izoologic_cdf.bundle.diff_forms import Form, Leaf


@dataclass(frozen=True, slots=True)
class Part:
    """A part that differs; list elements in the path count from 1, in the list that has them."""

    path: str
    old: Form | None
    new: Form | None


def parts(old: Form | None, new: Form | None, path: str = "") -> Iterator[Part]:
    """Yield the parts in which two forms differ, in the order of the new one."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*new, *(key for key in old if key not in new)]:
            yield from parts(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif isinstance(old, list) and isinstance(new, list):
        for i, j in _aligned(old, new):
            number = (i if j is None else j) or 0
            yield from parts(
                None if i is None else old[i],
                None if j is None else new[j],
                f"{path}[{number + 1}]",
            )
    else:
        yield Part(path, old, new)


def _aligned(old: list[Form], new: list[Form]) -> Iterator[tuple[int | None, int | None]]:
    """Pair the elements of two lists: equal ones, then those that begin alike."""
    for i1, i2, j1, j2 in _blocks([repr(x) for x in old], [repr(x) for x in new]):
        heads = [_head(x) for x in old[i1:i2]], [_head(x) for x in new[j1:j2]]
        for k1, k2, m1, m2 in _blocks(*heads):
            both = min(k2 - k1, m2 - m1)
            yield from ((i1 + k1 + n, j1 + m1 + n) for n in range(both))
            yield from ((i, None) for i in range(i1 + k1 + both, i1 + k2))
            yield from ((None, j) for j in range(j1 + m1 + both, j1 + m2))


def _blocks(old: list[str], new: list[str]) -> Iterator[tuple[int, int, int, int]]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        yield i1, i2, j1, j2


def _head(form: Form) -> str:
    """Return what a step is: its word, or its key; for an attribute or rule, its name."""
    if isinstance(form, Leaf):
        return form.text
    if isinstance(form, dict):
        return repr(form.get("name", next(iter(form), "")))
    return "list"
