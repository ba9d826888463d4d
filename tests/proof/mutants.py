"""`make mutants`: would the tests notice a change of the program?

Draws places of the program at random, changes each a little with the operators of cosmic-ray (a
`<` becomes `<=`, a number one more, a condition its opposite), in a copy of the checkout, and runs
tests until one fails: the quick tests that reach the place, first those of a few seconds and then
the others, and for what is left the slow ones. Which tests reach a place is told by a run without a
change, under coverage. A test that fails with a change is run without it as well, so that neither a
broken test nor a loaded machine counts as noticing.
Expressions in YAML are not changed: cosmic-ray knows Python alone.

Prints for each mutant the test that noticed it, or its change where none did, and the share. What
was found out is kept in a folder: the same call after an interruption goes on where it was. Changes
that make no other program stand in `argued.yaml` with their reasons; they are told, not counted.
"""

import argparse
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import pytest

from tests.proof.mutations import ROOT, Place, argued, draw

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
_ALWAYS = ("reports", "documents")
ROUNDS = 3
# the memory of a process of the tests
MAX_KIB = 4 * 1024 * 1024
FIRST_SECONDS = 5
# a change can make threads wait for each other, which costs no processor time, and what raises in
# the main thread alone does not end it
_HANGING = ("--timeout=300", "--timeout-method=thread")
_PLUGINS = ("-p", "no:cacheprovider", "-p", "tests.proof.reaching", *_HANGING)
_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", ".hypothesis", ".mutants", "__pycache__", "dist", "demo"
)
_FAILED = re.compile(
    r"^(?:FAILED|ERROR) (\S+?\.py(?:::[^\[\s]+(?:\[.*?\])?)?)(?= - |$)", re.MULTILINE
)


class Copy:
    """A copy of the checkout, in which modules are changed and tested."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self._failing: set[str] = set()  # without a change
        self._written = itertools.count(1)
        shutil.copytree(ROOT, self.folder, ignore=_LEFT_OUT)

    def notices(self, module: Path, code: str, tests: "Tests") -> str | None:
        """Return the test that fails with this code of a module and passes without it, if any."""
        while failed := self._failed_with(module, code, tests.but(self._failing)):
            if not self._failed(Tests((failed,), seconds=tests.seconds)):
                return failed
            print(f"left out, it fails without a change: {failed}", file=sys.stderr)
            self._failing.add(failed)
        return None

    def reach(self, words: tuple[str, ...], drawn: Iterable["Place"], folder: Path) -> None:
        """Run tests once without a change, and have them write into a folder what they reach."""
        asked: dict[str, set[int]] = {}
        for place in drawn:
            asked.setdefault(str(place.module), set()).update(place.near())
        path = folder / "asked"
        path.write_text(json.dumps({one: sorted(asked[one]) for one in asked}), encoding="utf-8")
        self._run(words, REACHING=str(path))

    def _failed_with(self, module: Path, code: str, tests: "Tests") -> str | None:
        path = self.folder / module
        given = path.read_text(encoding="utf-8")
        self._write(path, code)
        try:
            return self._failed(tests)
        finally:
            self._write(path, given)

    def _write(self, path: Path, code: str) -> None:
        path.write_text(code, encoding="utf-8")
        # compiled code is told by size and second: two changes of one second are not to be mixed up
        second = 1_000_000_000 + next(self._written)
        os.utime(path, (second, second))

    def _failed(self, tests: "Tests") -> str | None:
        """Run tests up to the first that fails or hangs, and return its name."""
        chosen = self.folder.with_name("chosen")
        chosen.write_text("\n".join(tests.chosen), encoding="utf-8")
        named = {"CHOSEN": str(chosen)} if tests.chosen else {}
        code, said = self._run(("-x", *tests.words), tests.limit(), **named)
        if code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            return None
        if code < 0 and code not in (-signal.SIGABRT, -signal.SIGXCPU):
            raise SystemExit("somebody ended the tests from outside: nothing can be told")
        # what breaks off without naming a test has no file that can be loaded, or hung
        named_test = _FAILED.search(said)
        return named_test[1] if named_test else tests.words[0]

    def _run(
        self, words: tuple[str, ...], seconds: int | None = None, **environment: str
    ) -> tuple[int, str]:
        command = [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=no"]
        # the copy is found before the checkout that is installed, in processes of the tests too
        own = {"PYTHONPATH": str(self.folder)}
        # a change can make a loop endless or fill the memory; a clock would count other work too
        limits = f"ulimit -S -v {MAX_KIB} 2>/dev/null; "
        if seconds:
            limits += f"ulimit -S -t {seconds}; "
        process = subprocess.run(  # noqa: S603 - our own command
            ["/bin/sh", "-c", f'{limits}exec "$@"', "sh", *command, *_PLUGINS, *words],
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
    seconds: float = 600

    def but(self, left_out: set[str]) -> "Tests":
        """Return them without some."""
        without = [word for one in sorted(left_out) for word in ("--deselect", one)]
        return replace(self, words=(*self.words, *without))

    def limit(self) -> int:
        """Return the seconds of processor time after which they hang."""
        return round(60 + 5 * self.seconds)


class Reaching:
    """The tests that ran: the seconds of processor time of each, and which reach a line."""

    def __init__(self, folder: Path) -> None:
        self._seconds: dict[str, float] = {}
        self._outside: set[str] = set()
        self._tests: dict[tuple[str, int], set[str]] = {}
        for path in folder.glob("asked.*"):
            seconds, outside, tests = json.loads(path.read_text(encoding="utf-8"))
            self._seconds |= seconds
            self._outside.update(outside)
            for module, lines in tests.items():
                for line, names in lines.items():
                    self._tests.setdefault((module, int(line)), set()).update(names)

    def of(self, place: "Place") -> list[str]:
        """Return the tests that reach a place, the quickest first."""
        # in an expression of several lines not each of them counts as reached
        near = (self._tests.get((str(place.module), line)) for line in place.near())
        tests = next(filter(None, near), ())
        return sorted(tests, key=lambda one: (self._seconds[one], one))

    def of_files(self, files: tuple[str, ...]) -> list[str]:
        """Return the tests of files or folders."""
        return [one for one in self._seconds if one.startswith(files)]

    def outside(self, folders: tuple[str, ...]) -> list[str]:
        """Return those tests of folders that run the program in a process of its own."""
        return [one for one in self._outside if one.startswith(folders)]

    def chosen(self, tests: Iterable[str]) -> Tests | None:
        """Return these of the tests that ran, those of the quickest file first."""
        files: dict[str, list[str]] = {}
        for one in tests:
            files.setdefault(one.partition("::")[0], []).append(one)
        spent = {file: sum(map(self._seconds.__getitem__, files[file])) for file in files}
        words = tuple(sorted(files, key=spent.__getitem__))
        return Tests(words, tuple(itertools.chain(*files.values())), sum(spent.values()))

    def within(self, tests: list[str], seconds: float) -> int:
        """Return how many of the tests are done in so many seconds."""
        ends = itertools.accumulate(self._seconds[one] for one in tests)
        return sum(end <= seconds for end in ends)


def tests_of(place: Place, reaching: Reaching, number: int) -> Tests | None:
    """Return the tests of one of the rounds, each of which is dearer than the one before."""
    reach = reaching.of(place)
    first = reach[: reaching.within(reach, FIRST_SECONDS)] if number < 2 else []
    if number:
        # what is done at an import, or once for many tests, has no test or one that reaches it
        folders = tuple(f"tests/{one}" for one in (*TESTED_BY[str(place.module.parent)], *_ALWAYS))
        near = reaching.of_files(_importing(place)) if reach else reaching.of_files(folders)
        chosen = {*reach, *near, *(reaching.outside(folders) if number > 1 else ())}.difference(
            first
        )
    else:
        chosen = set(first)
    return reaching.chosen(chosen) if chosen else None


def _importing(place: Place) -> tuple[str, ...]:
    """Return the files of tests that import the module of a place, or a helper that does."""
    package, name = ".".join(place.module.parent.parts), place.module.stem
    texts = {
        path.relative_to(ROOT): path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py")
    }
    found = [path for path in texts if _imports(texts[path], package, name)]
    found += [
        path
        for path, text in texts.items()
        if any(_imports(text, ".".join(one.parent.parts), one.stem) for one in found)
    ]
    return tuple(str(path) for path in found if path.stem.startswith("test_"))


def _imports(text: str, package: str, name: str) -> bool:
    pattern = (
        rf"import {package}\.{name}\b|from {package}(\.{name} import|.*import\b[^)]*?\b{name}\b)"
    )
    return re.search(pattern, text) is not None


class Kept:
    """A folder with what was found out about a sample, in the order in which it was found."""

    def __init__(self, folder: Path, drawn: list[Place]) -> None:
        self._folder, self._path = folder, folder / "said"
        text = "\n".join(f"{place} {place.number}" for place in drawn)
        drawn_before = folder / "drawn"
        if not drawn_before.exists() or drawn_before.read_text(encoding="utf-8") != text:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            drawn_before.write_text(text, encoding="utf-8")
        self._said: dict[tuple[str, int], str | None] = {}
        if self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                key, number, test = json.loads(line)
                self._said[key, number] = test

    def reaching(
        self, copy: Copy, name: str, words: tuple[str, ...], left: list[Place]
    ) -> Reaching:
        """Return what tests reach, from an earlier call or from running them."""
        folder = self._folder / name
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            copy.reach(words, left, folder)
            (folder / "done").touch()
        return Reaching(folder)

    def noticed(
        self, copies: "SimpleQueue[Copy]", reaching: Reaching, number: int, place: Place
    ) -> bool:
        """Tell whether a place is noticed in a round, by an earlier call or by trying it."""
        key = f"{place} {place.number}", number
        if key not in self._said:
            tests, copy = tests_of(place, reaching, number), copies.get()
            try:
                test = copy.notices(place.module, place.changed(), tests) if tests else None
            finally:
                copies.put(copy)
            with self._path.open("a", encoding="utf-8") as said:
                said.write(json.dumps([*key, test]) + "\n")
            self._said[key] = test
        test = self._said[key]
        told = f"noticed by {test}" if test else f"not noticed in round {number + 1}"
        print(f"{place}: {told}", flush=True)
        return test is not None


def main() -> int:
    """Draw, change, test and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int, default=150)
    parser.add_argument(
        "--kept", type=Path, default=ROOT / ".mutants", help="folder for what was found out"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="2 leaves out the slow tests")
    parser.add_argument("--copies", type=int, default=2, help="how many are tested at a time")
    options = parser.parse_args()
    drawn = draw(TESTED_BY, options.seed, options.sample)
    kept, same = Kept(options.kept, drawn), argued(drawn)
    for place, why in same.items():
        print(f"{place}: makes no other program: {why}", flush=True)
    drawn = left = [place for place in drawn if place not in same]
    workers = ("-n", str(options.copies), "--dist", "worksteal", "tests")
    copies: SimpleQueue[Copy] = SimpleQueue()
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(options.copies) as pool,
    ):
        for number in range(options.copies):
            copies.put(copy := Copy(Path(folder) / str(number)))
        for number in range(options.rounds):
            if number != 1:
                marked = "slow" if number else "not slow"
                reaching = kept.reaching(copy, marked, (*workers, "-m", marked), left)
            noticed = pool.map(partial(kept.noticed, copies, reaching, number), left)
            left = [
                place for place, is_noticed in zip(left, noticed, strict=True) if not is_noticed
            ]
            count = len(drawn) - len(left)
            share = f"{count} of {len(drawn)} noticed ({100 * count / len(drawn):.1f} in 100)"
            print(f"after round {number + 1}: {share}, seed {options.seed}", flush=True)
    for place in left:
        print(f"NOT NOTICED: {place}")
        for before, after in place.difference():
            print(f"  - {before}\n  + {after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
