"""The guesses: what an uploaded definition uses and no public source attests, worst first.

`conventions.yaml` beside this module has their prose, in the order of the damage. How a guess is
spelt is declared with the words themselves (`schema.key`, `steps.step`).
"""

from dataclasses import dataclass
from pathlib import Path

import yaml

from izoologic_cdf.language.schema import EVIDENCE

_NOT_NEEDED = "Not needed."


@dataclass(frozen=True, slots=True)
class Convention:
    """One guess; `uploaded` is false for what only our runtime knows and the build removes."""

    id: str
    name: str
    spelling: str
    meaning: str
    why: str
    breaks: str
    alternative: str = _NOT_NEEDED
    check: str = _NOT_NEEDED
    uploaded: bool = True

    @property
    def evidence(self) -> str:
        """How well it is known: vendor docs describe it, or it is our assumption."""
        return EVIDENCE[self.id[0]]


_ROWS = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
CONVENTIONS = tuple(Convention(**row) for row in _ROWS)
