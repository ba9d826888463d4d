"""How many rooms one case passes through, and whether something is written twice."""

import ast
import dataclasses
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import izoologic_cdf
from izoologic_cdf.cli.form import find_feed
from izoologic_cdf.cli.run_command import run_feed
from izoologic_cdf.emulator import Emulator, load_scenario
from izoologic_cdf.runtime.plan import whole
from izoologic_cdf.runtime.run import Settings
from izoologic_cdf.runtime.windows import DAY

PACKAGE = Path(izoologic_cdf.__file__).resolve().parent
# the text of one field of one case of the guide scenario, and of nothing else
CANARY = "High risk to brand reputation"
MAX_ROOMS = 18
MAX_EQUAL_LINES = 7
# how deep a case may be hidden in what a function takes or gives
_DEPTH = 9


def carries(value: Any, depth: int = 0) -> bool:
    """Whether something holds the text: as text, as bytes, or anywhere inside."""
    if isinstance(value, str):
        return CANARY in value
    if isinstance(value, bytes | bytearray | memoryview):
        return CANARY.encode() in bytes(value)
    if depth > _DEPTH:
        return False
    return any(carries(one, depth + 1) for one in parts(value))


def parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, one.name, None) for one in dataclasses.fields(value)]
    return []


class Walk:
    """Notes each module of the program that takes or gives the case while a run goes on."""

    def __init__(self) -> None:
        self.rooms: set[str] = set()

    def __enter__(self) -> None:
        threading.setprofile(self._look)
        sys.setprofile(self._look)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _look(self, frame: FrameType, event: str, given: Any) -> None:
        path = frame.f_code.co_filename
        if not path.startswith(str(PACKAGE)) or event not in {"call", "return"}:
            return
        room = Path(path).relative_to(PACKAGE).as_posix()
        if room.startswith(("emulator/", "loopback/")) or room in self.rooms:
            return
        seen = list(frame.f_locals.values()) if event == "call" else [given]
        if any(carries(one) for one in seen):
            self.rooms.add(room)


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    library = tmp_path_factory.mktemp("rooms") / "library.sqlite"
    scenario, found, walk = load_scenario("guide"), find_feed("incident", None), Walk()
    begin = scenario.since or 0  # the guide's cases are of its first days
    range_ = whole(begin, begin + 20 * DAY)
    with Emulator(scenario) as emulator:
        keys = {"api_host": emulator.url, "api_key": emulator.api_key}
        values = {one.name: one.default for one in found.fields} | keys
        values["api_secret"] = emulator.secret_key
        with walk:
            run_feed(found, values, library, Settings(1), lambda _: range_, "quiet")
    return walk.rooms


def test_a_case_passes_few_rooms_from_its_body_to_its_row(rooms: set[str]) -> None:
    # the walk is whole: it has seen both ends, and what lies between them
    assert {"runtime/http.py", "runtime/interpreter.py", "library/ingest.py"} <= rooms
    assert len(rooms) <= MAX_ROOMS, sorted(rooms)


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a module that say something, with their numbers.

    Imports do not count: the formatter gives every name of a long one a line of its own.
    """
    text = path.read_text(encoding="utf-8")
    imports = [one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.ImportFrom)]
    skipped = {at for one in imports for at in range(one.lineno, (one.end_lineno or 0) + 1)}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and number not in skipped:
            yield number, line.strip()


def test_no_run_of_equal_lines_stands_in_two_places() -> None:
    places = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        numbered = list(lines(path))
        for index in range(len(numbered) - MAX_EQUAL_LINES):
            run = numbered[index : index + MAX_EQUAL_LINES + 1]
            text = "\n".join(line for _, line in run)
            places[text].append(f"{path.relative_to(PACKAGE)}:{run[0][0]}")
    assert not [where for where in places.values() if len(where) > 1]
