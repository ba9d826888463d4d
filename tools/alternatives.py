"""Other ways to say what no public source confirms, as edits of the built file."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from izoologic_cdf.bundle.native import BuildError
from izoologic_cdf.content import folder

PATH = ("docs", "bundle/alternatives.yaml")


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines of the built file, and the lines to put in their place."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """One other way: what it replaces, when to use it, and the edits that make it."""

    name: str
    instead_of: str
    use_when: str
    edits: tuple[Edit, ...]

    def apply(self, built: str) -> str:
        """Return the built file with the edits made; raises BuildError if one does not fit."""
        for edit in self.edits:
            if built.count(edit.old) != 1:
                first = edit.old.strip().splitlines()[0]
                raise BuildError(f"{self.name}: the built file does not hold once: {first}")
            built = built.replace(edit.old, edit.new)
        return built


def alternatives(path: Path | None = None) -> list[Alternative]:
    """Return the alternatives in the order of the guide."""
    rows = yaml.safe_load((path or folder(PATH[0]) / PATH[1]).read_text(encoding="utf-8"))
    return [
        Alternative(
            row["name"],
            row["instead_of"],
            row["use_when"],
            tuple(Edit(edit["replace"], edit["with"]) for edit in row["edits"]),
        )
        for row in rows
    ]
