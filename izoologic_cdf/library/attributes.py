"""How the attributes that a source reports of one object change those that are stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from izoologic_cdf.library.objects import Count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

Pair = tuple[int, str]  # the term id of the name, and the value


@dataclass(slots=True)
class Change:
    """The pairs that the source adds and no longer states, and the counts to report."""

    new: list[Pair] = field(default_factory=list)
    stale: list[Pair] = field(default_factory=list)
    count: Count = field(default_factory=Count)


def compare(
    mine: AbstractSet[Pair],
    others: AbstractSet[Pair],
    added: Iterable[Pair],
    latest: Mapping[int, str],
) -> Change:
    """Return what changes when a source reports an object again.

    Args:
        mine: the pairs of this object that the source reported before.
        others: the pairs of this object that other sources reported.
        added: the reported pairs that stand beside what is stored, each once.
        latest: the reported value of each name that is updated: it takes the place of what this
            source said before, and leaves alone what others say.

    A pair that only another source knew counts as updated: its row gains a source.
    """
    change = Change()
    count = change.count
    # a new object, as most are
    if not mine and not others:
        change.new = [*added, *latest.items()]
        count.created = len(change.new)
        return change
    for pair in added:
        if pair in mine:
            count.unchanged += 1
            continue
        change.new.append(pair)
        if pair in others:
            count.updated += 1
        else:
            count.created += 1
    for pair in latest.items():
        stale = [old for old in mine if old[0] == pair[0] and old != pair]
        change.stale += stale
        if pair not in mine:
            change.new.append(pair)
        if stale or (pair in others and pair not in mine):
            count.updated += 1
        elif pair in mine:
            count.unchanged += 1
        else:
            count.created += 1
    return change
