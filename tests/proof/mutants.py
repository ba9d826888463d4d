"""`make mutants`: would the tests notice a change of the program?

Draws places of the program at random, changes each a little with the operators of cosmic-ray (a
`<` becomes `<=`, a number one more, a condition its opposite), in a copy of the checkout, and runs
the tests that have to do with the changed module: first those that import it, then, where none of
them fails, the folders that test its package. A test that fails on the unchanged copy is left out.
Expressions in YAML are not changed: cosmic-ray knows Python alone.

Prints each mutant that nobody noticed with its change, and the share of those that were.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

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
_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "dist", "demo"
)
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
# lines that are not drawn from: decorators, whose `slots=True` shows nowhere, and settings, which
# would be tested by being written down twice
_SETTINGS = re.compile(r"\s*@|_?[A-Z][A-Z_]*\b.*=")


class Copy:
    """A copy of the checkout, in which modules are changed and tested."""

    def __init__(self, folder: Path, workers: str) -> None:
        self.folder = folder / "checkout"
        self._workers = workers
        # on the unchanged copy: how long tests take, and which of them fail there
        self._unchanged: dict[tuple[str, ...], tuple[float, list[str]]] = {}
        shutil.copytree(ROOT, self.folder, ignore=_LEFT_OUT)

    def notices(self, tests: tuple[str, ...], module: Path, code: str) -> bool:
        """Tell whether tests that pass on the unchanged copy fail with this code of a module."""
        usual, failing = self._usual(tests)
        without = [word for one in failing for word in ("--deselect", one)]
        path = self.folder / module
        given = path.read_text(encoding="utf-8")
        path.write_text(code, encoding="utf-8")
        try:
            ended, _ = self._run((*tests, "-x", *without), 60 + 5 * usual)
        finally:
            path.write_text(given, encoding="utf-8")
        # no test at all is no failure
        return ended not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)

    def _usual(self, tests: tuple[str, ...]) -> tuple[float, list[str]]:
        if tests not in self._unchanged:
            begun = time.monotonic()
            _, said = self._run(tests, None)
            failing = _FAILED.findall(said)
            self._unchanged[tests] = time.monotonic() - begun, failing
            for one in failing:
                print(f"left out, it fails without a change: {one}", file=sys.stderr)
        return self._unchanged[tests]

    def _run(self, words: tuple[str, ...], seconds: float | None) -> tuple[int, str]:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-rfE",
            "--tb=no",
            "-p",
            "no:cacheprovider",
        ]
        # the copy is found before the checkout that is installed, in processes of the tests too
        given = {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*command, "-n", self._workers, *words],
            cwd=self.folder,
            env=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            # what goes on for ever is noticed
            os.killpg(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
        else:
            if process.returncode == -signal.SIGKILL:
                raise SystemExit("somebody ended the tests from outside: nothing can be told")
        return process.returncode, said


def sites() -> Iterator[tuple[Path, str, int, int]]:
    """Yield each place that can be changed: module, operator, its number there, line."""
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
                        yield path.relative_to(ROOT), name, number, line


def tests_of(module: Path) -> list[tuple[str, ...]]:
    """Return the tests that have to do with a module: those that import it, then its folders."""
    dotted = ".".join(module.with_suffix("").parts)
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    direct = [str(one.relative_to(ROOT)) for one in files if dotted in one.read_text("utf-8")]
    folders = [f"tests/{name}" for name in (*TESTED_BY[str(module.parent)], *_ALWAYS)]
    return [tuple(one) for one in (direct, folders) if one]


def main() -> int:
    """Draw, change, test and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int, default=150)
    parser.add_argument("--workers", default="auto", help="processes of each test run")
    options = parser.parse_args()
    places = list(sites())
    drawn = random.Random(options.seed).sample(places, min(options.sample, len(places)))  # noqa: S311
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder), options.workers)
        for count, (module, operator, number, line) in enumerate(drawn, 1):
            code = (ROOT / module).read_text(encoding="utf-8")
            changed = mutate_code(code, get_operator(operator)(), number)
            noticed = any(copy.notices(tests, module, changed) for tests in tests_of(module))
            missed += not noticed
            told = "noticed" if noticed else "NOT NOTICED"
            print(f"{count}/{len(drawn)} {told}: {module}:{line} {operator}", flush=True)
            if not noticed:
                print(*_difference(code, changed), sep="\n", flush=True)
    share = 100 * (len(drawn) - missed) / len(drawn)
    print(
        f"{len(drawn) - missed} of {len(drawn)} noticed ({share:.1f} in 100), seed {options.seed}"
    )
    return 0


def _difference(old: str, new: str) -> Iterator[str]:
    for before, after in zip(old.splitlines(), new.splitlines(), strict=False):
        if before != after:
            yield f"  - {before.strip()}"
            yield f"  + {after.strip()}"


if __name__ == "__main__":
    sys.exit(main())
