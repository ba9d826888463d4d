"""What `mutants` changes: places of the program, drawn at random, and what is argued of changes."""

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

ROOT = Path(__file__).resolve().parent.parent.parent
ARGUED = Path(__file__).with_name("argued.yaml")
# one change for each place: the nearest wrong operator, so that no site is drawn more often
_COMPARISONS = (
    *("Eq_NotEq", "NotEq_Eq", "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Is_IsNot", "IsNot_Is"),
)
# not `*` and `**`, which cosmic-ray finds in the parameters of functions too
_ARITHMETIC = ("Add_Sub", "Sub_Add", "Div_Mul", "FloorDiv_Mul", "Mod_FloorDiv")
OPERATORS = (
    *(f"core/ReplaceComparisonOperator_{name}" for name in _COMPARISONS),
    *(f"core/ReplaceBinaryOperator_{name}" for name in _ARITHMETIC),
    *("core/AddNot", "core/ExceptionReplacer", "core/NumberReplacer", "core/ZeroIterationForLoop"),
    *("core/ReplaceAndWithOr", "core/ReplaceOrWithAnd", "core/ReplaceUnaryOperator_Delete_Not"),
    *("core/ReplaceBreakWithContinue", "core/ReplaceContinueWithBreak"),
    *("core/ReplaceFalseWithTrue", "core/ReplaceTrueWithFalse"),
)
# lines that are not drawn from: decorators, whose `slots=True` shows nowhere, and settings, which
# would be tested by being written down twice
_SETTINGS = re.compile(r"\s*@|_?[A-Z][A-Z_]*\b.*=")


@dataclass(frozen=True)
class Place:
    """A place that can be changed: module, operator, its number there, line."""

    module: Path
    operator: str
    number: int
    line: int

    def __str__(self) -> str:
        """Return where it is, and what is done there."""
        return f"{self.module}:{self.line} {self.operator}"

    def near(self) -> range:
        """Return its line and some before."""
        return range(self.line, max(self.line - 6, 0), -1)

    def is_changeable(self) -> bool:
        """Tell whether the operator can change it."""
        try:
            self.changed()
        except AttributeError:
            return False
        return True

    def changed(self) -> str:
        """Return the code of the module with the change."""
        code: str = mutate_code(self._code(), get_operator(self.operator)(), self.number)
        return code

    def difference(self) -> Iterator[tuple[str, str]]:
        """Yield each line that the change takes, and what it gives instead."""
        lines = self._code().splitlines(), self.changed().splitlines()
        for before, after in zip(*lines, strict=False):
            if before != after:
                yield before.strip(), after.strip()

    def _code(self) -> str:
        return (ROOT / self.module).read_text(encoding="utf-8")


def places(folders: Iterable[str]) -> Iterator[Place]:
    """Yield each place of the modules of folders that can be changed."""
    for folder in folders:
        for path in sorted((ROOT / folder).glob("*.py")):
            nodes = list(ast_nodes(get_ast_from_path(path)))
            lines = path.read_text(encoding="utf-8").splitlines()
            for name in OPERATORS:
                found = (
                    begin
                    for node in nodes
                    for begin, _ in get_operator(name)().mutation_positions(node)
                )
                for number, (line, _) in enumerate(found):
                    if not _SETTINGS.match(lines[line - 1]):
                        yield Place(path.relative_to(ROOT), name, number, line)


def draw(folders: Iterable[str], seed: int, count: int) -> list[Place]:
    """Return so many places, the same for the same seed."""
    there = list(places(folders))
    randomness = random.Random(seed)  # noqa: S311
    drawn = randomness.sample(there, min(count, len(there)))
    for at in range(len(drawn)):
        # cosmic-ray finds exceptions with a dotted name, and cannot change them
        while not drawn[at].is_changeable():
            drawn[at] = randomness.choice([one for one in there if one not in drawn])
    return drawn


def argued(drawn: Iterable[Place]) -> dict[Place, str]:
    """Return why some of the changes make no other program."""
    known = yaml.safe_load(ARGUED.read_text(encoding="utf-8"))
    why = {(one["module"], one["line"], one["changed"]): one["why"] for one in known}
    keys = {place: (str(place.module), *next(place.difference())) for place in drawn}
    return {place: why[key] for place, key in keys.items() if key in why}
