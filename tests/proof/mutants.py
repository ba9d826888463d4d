"""`make mutants`: would the tests notice a change of the program?

Draws places of the program at random, changes each a little with the operators of cosmic-ray (a
`<` becomes `<=`, a number one more, a condition its opposite), in a copy of the checkout, and runs
tests until one fails: the quick tests that reach the place, first those of a few seconds and then
the others, and then whatever else has to do with its module, the slow ones too. Which tests reach a
place is told by one run without a change, under coverage. A test that fails with a change is run
without it as well, so that neither a broken test nor a loaded machine counts as noticing.
Expressions in YAML are not changed: cosmic-ray knows Python alone.

Prints for each mutant the test that noticed it, or its change where none did, and the share.
"""

import argparse
import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import pytest
from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

ROOT = Path(__file__).resolve().parent.parent.parent
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
# what is drawn from, and the tests of each part beside those that import a module
TESTED_BY = {
    "izoologic_cdf/language": ("language", "lint", "runtime", "proof/test_confinement.py"),
    "izoologic_cdf/runtime": ("runtime", "state", "faults", "feeds", "proof"),
    "izoologic_cdf/library": ("library", "state", "feeds"),
    "izoologic_cdf/bundle": ("bundle",),
    "izoologic_cdf/diff": ("bundle",),
    "izoologic_cdf/lint": ("lint",),
    "filters": ("filters", "feeds", "bundle"),
}
_ALWAYS = ("reports",)
ROUNDS = 3
FIRST_SECONDS = 5
# `diff` has few quick tests
_SLOW_BUT_NEAR = ("tests/bundle", "-m", "slow")
_PLUGINS = ("-p", "no:cacheprovider", "-p", "tests.proof.reaching")
_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", ".hypothesis", ".mutants", "__pycache__", "dist", "demo"
)
_FAILED = re.compile(
    r"^(?:FAILED|ERROR) (\S+?\.py(?:::[^\[\s]+(?:\[.*?\])?)?)(?= - |$)", re.MULTILINE
)
# lines that are not drawn from: decorators, whose `slots=True` shows nowhere, and settings, which
# would be tested by being written down twice
_SETTINGS = re.compile(r"\s*@|_?[A-Z][A-Z_]*\b.*=")


class Copy:
    """A copy of the checkout, in which modules are changed and tested."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self._failing: list[str] = []  # without a change
        shutil.copytree(ROOT, self.folder, ignore=_LEFT_OUT)

    def notices(self, module: Path, code: str, tests: "Tests") -> str | None:
        """Return the test that fails with this code of a module and passes without it, if any."""
        while failed := self._failed_with(module, code, tests):
            if not self._failed((failed,)):
                return failed
            print(f"left out, it fails without a change: {failed}", file=sys.stderr)
            self._failing.append(failed)
        return None

    def reaching(self, drawn: Iterable["Place"], kept: Path) -> "Reaching":
        """Run the quick tests once without a change, and return what they reach.

        Where an earlier call has kept that in the folder, it is taken from there.
        """
        asked: dict[str, set[int]] = {}
        for place in drawn:
            asked.setdefault(str(place.module), set()).update(place.near())
        path, text = kept / "asked", json.dumps({one: sorted(asked[one]) for one in sorted(asked)})
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir(parents=True)
            path.write_text(text, encoding="utf-8")
            for words in (("tests", "--ignore=tests/proof", "-m", "not slow"), _SLOW_BUT_NEAR):
                self._run(("-n", "auto", *words), REACHING=str(path))
        found = Reaching()
        for written in kept.glob("asked.*"):
            found.add(*json.loads(written.read_text(encoding="utf-8")))
        return found

    def _failed_with(self, module: Path, code: str, tests: "Tests") -> str | None:
        path, chosen = self.folder / module, self.folder.with_name("chosen")
        given = path.read_text(encoding="utf-8")
        path.write_text(code, encoding="utf-8")
        chosen.write_text("\n".join(tests.chosen), encoding="utf-8")
        without = [word for one in self._failing for word in ("--deselect", one)]
        named = {"CHOSEN": str(chosen)} if tests.chosen else {}
        try:
            return self._failed((*tests.words, *without), **named)
        finally:
            path.write_text(given, encoding="utf-8")

    def _failed(self, words: tuple[str, ...], **environment: str) -> str | None:
        """Run tests up to the first that fails or hangs, and return its name."""
        code, said = self._run(("-x", *words), **environment)
        if code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            return None
        if code < 0 and code != -signal.SIGABRT:
            raise SystemExit("somebody ended the tests from outside: nothing can be told")
        # what breaks off without naming a test has no file that can be loaded, or hung
        named = _FAILED.search(said)
        return named[1] if named else next(word for word in words if word.startswith("tests"))

    def _run(self, words: tuple[str, ...], **environment: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=no", "--timeout=180"]
        # the copy is found before the checkout that is installed, in processes of the tests too
        own = {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        process = subprocess.run(  # noqa: S603 - our own command
            [*command, *_PLUGINS, *words],
            cwd=self.folder,
            env={**os.environ, **own, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return process.returncode, process.stdout


@dataclass(frozen=True)
class Tests:
    """Words for pytest, and of what they name the tests that are run; all where there are none."""

    words: tuple[str, ...]
    chosen: tuple[str, ...] = ()


class Reaching:
    """The quick tests: how many seconds each takes, and which of them reach a line."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._tests: dict[tuple[str, int], set[str]] = {}

    def add(self, seconds: dict[str, float], tests: dict[str, dict[str, list[str]]]) -> None:
        """Take what one process of the tests wrote."""
        self._seconds |= seconds
        for module, lines in tests.items():
            for line, names in lines.items():
                self._tests.setdefault((module, int(line)), set()).update(names)

    def of(self, place: "Place") -> list[str]:
        """Return the tests that reach a place, the quickest first."""
        # in an expression of several lines not each of them counts as reached
        near = (self._tests.get((str(place.module), line)) for line in place.near())
        return sorted(next(filter(None, near), ()), key=self._seconds.__getitem__)

    def within(self, tests: list[str], seconds: float) -> int:
        """Return how many of the tests are done in so many seconds."""
        ends = itertools.accumulate(self._seconds[one] for one in tests)
        return sum(end <= seconds for end in ends)


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

    def difference(self) -> Iterator[str]:
        """Yield the lines that the change takes and gives."""
        lines = self._code().splitlines(), self.changed().splitlines()
        for before, after in zip(*lines, strict=False):
            if before != after:
                yield f"  - {before.strip()}"
                yield f"  + {after.strip()}"

    def _code(self) -> str:
        return (ROOT / self.module).read_text(encoding="utf-8")


def places() -> Iterator[Place]:
    """Yield each place that can be changed."""
    for folder in TESTED_BY:
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


def draw(seed: int, count: int) -> list[Place]:
    """Return so many places, the same for the same seed."""
    there = list(places())
    randomness = random.Random(seed)  # noqa: S311
    drawn = randomness.sample(there, min(count, len(there)))
    for at in range(len(drawn)):
        # cosmic-ray finds exceptions with a dotted name, and cannot change them
        while not drawn[at].is_changeable():
            drawn[at] = randomness.choice([one for one in there if one not in drawn])
    return drawn


def tests_of(place: Place, reaching: Reaching, number: int) -> Tests | None:
    """Return the tests of one of the rounds, each of which is dearer than the one before."""
    reach = reaching.of(place)
    first = reaching.within(reach, FIRST_SECONDS)
    if number < 2 and reach:
        chosen = tuple(reach[first:] if number else reach[:first])
        return Tests(tuple({one.partition("::")[0] for one in chosen}), chosen) if chosen else None
    if number == 0:
        return None
    package, name = ".".join(place.module.parent.parts), place.module.stem
    imports = re.compile(rf"{package}\.{name}\b|from {package} import\b[^)]*?\b{name}\b")
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    direct = [str(one.relative_to(ROOT)) for one in files if imports.search(one.read_text("utf-8"))]
    folders = [f"tests/{name}" for name in (*TESTED_BY[str(place.module.parent)], *_ALWAYS)]
    # what is done at an import has no test that reaches it
    return Tests(("-m", "slow" if number > 1 else "not slow", *direct, *folders))


def main() -> int:
    """Draw, change, test and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int, default=150)
    parser.add_argument(
        "--kept", type=Path, default=ROOT / ".mutants", help="folder for what the tests reach"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="2 leaves out the slow tests")
    parser.add_argument("--copies", type=int, default=2, help="how many are tested at a time")
    options = parser.parse_args()
    drawn = left = draw(options.seed, options.sample)
    copies: SimpleQueue[Copy] = SimpleQueue()
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(options.copies) as pool,
    ):
        for number in range(options.copies):
            copies.put(copy := Copy(Path(folder) / str(number)))
        reaching = copy.reaching(drawn, options.kept)
        for number in range(options.rounds):
            test = partial(_is_noticed, copies, reaching, number)
            noticed = pool.map(test, left)
            left = [
                place for place, is_noticed in zip(left, noticed, strict=True) if not is_noticed
            ]
            count = len(drawn) - len(left)
            share = f"{count} of {len(drawn)} noticed ({100 * count / len(drawn):.1f} in 100)"
            print(f"after round {number + 1}: {share}, seed {options.seed}", flush=True)
    for place in left:
        print(f"NOT NOTICED: {place}", *place.difference(), sep="\n")
    return 0


def _is_noticed(copies: "SimpleQueue[Copy]", reaching: Reaching, number: int, place: Place) -> bool:
    tests, copy = tests_of(place, reaching, number), copies.get()
    try:
        test = copy.notices(place.module, place.changed(), tests) if tests else None
    finally:
        copies.put(copy)
    told = f"noticed by {test}" if test else f"not noticed in round {number + 1}"
    print(f"{place}: {told}", flush=True)
    return test is not None


if __name__ == "__main__":
    sys.exit(main())
