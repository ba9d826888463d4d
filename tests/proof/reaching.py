"""Two plugins of pytest for `mutants`, in one: which tests reach a line, and those tests alone.

REACHING names a file with `{module: [lines]}`: each process of the tests writes beside it, in a
file of its own, the seconds of processor time of every test, those that run other processes, and
the tests that reach each of these lines.
CHOSEN names a file with the ids of the tests that are run, one a line.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

_SECONDS: dict[str, float] = {}
_OUTSIDE: list[str] = []
_REACHING, _CHOSEN = os.environ.get("REACHING"), os.environ.get("CHOSEN")
_COVERAGE = None
if _REACHING:
    _ASKED = json.loads(Path(_REACHING).read_text(encoding="utf-8"))
    # all other code runs as fast as ever
    _COVERAGE = coverage.Coverage(
        data_file=None, config_file=False, include=[str(Path(one).absolute()) for one in _ASKED]
    )
    _COVERAGE.start()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what was not chosen."""
    if _CHOSEN:
        chosen = set(Path(_CHOSEN).read_text(encoding="utf-8").splitlines())
        config.hook.pytest_deselected(items=[one for one in items if one.nodeid not in chosen])
        items[:] = [one for one in items if one.nodeid in chosen]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Take the time, and say whose lines these are."""
    if _COVERAGE is not None:
        _COVERAGE.switch_context(item.nodeid)
    begun = os.times()
    done = yield
    ended = os.times()
    outside = sum(ended[2:4]) - sum(begun[2:4])
    _SECONDS[item.nodeid] = sum(ended[:2]) - sum(begun[:2]) + outside
    if outside:
        _OUTSIDE.append(item.nodeid)
    return done


def pytest_sessionfinish() -> None:
    """Write what was found out."""
    if _COVERAGE is None or not _REACHING or not _SECONDS:
        return
    _COVERAGE.stop()
    data = _COVERAGE.get_data()
    found = {}
    for module, lines in _ASKED.items():
        contexts = data.contexts_by_lineno(str(Path(module).absolute()))
        found[module] = {line: [one for one in contexts.get(line, []) if one] for line in lines}
    path = Path(f"{_REACHING}.{os.getpid()}")
    path.write_text(json.dumps([_SECONDS, _OUTSIDE, found]), encoding="utf-8")
