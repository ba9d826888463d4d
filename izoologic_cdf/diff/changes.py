"""The kinds of change between two versions, and what each means for an administrator."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of change: its heading, and what to expect or to do."""

    title: str
    means: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change; `old` is null for what was added, `new` for what was removed.

    Both are null where the kind of the change and `what` say it all.
    """

    kind: str
    where: str
    what: str
    old: str | None = None
    new: str | None = None


_ROWS = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
# in the order in which they are reported
KINDS: Mapping[str, Kind] = {name: Kind(**row) for name, row in _ROWS.items()}
