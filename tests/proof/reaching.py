"""Two plugins of pytest for `mutants`, in one: which tests reach a line, and those tests alone.

REACHING names a file with `{module: [lines]}`: each process of the tests writes beside it, in a
file of its own, the seconds of every test and the tests that reach each of these lines.
CHOSEN names a file with the ids of the tests that are run, one a line.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

_SECONDS: dict[str, float] = {}
_REACHING, _CHOSEN = os.environ.get("REACHING"), os.environ.get("CHOSEN")
_COVERAGE = None
if _REACHING:
    _COVERAGE = coverage.Coverage(
        data_file=None, config_file=False, source=["izoologic_cdf", "filters"]
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
    begun = time.process_time()
    done = yield
    _SECONDS[item.nodeid] = time.process_time() - begun
    return done


def pytest_sessionfinish() -> None:
    """Write what was found out."""
    if _COVERAGE is None or not _REACHING or not _SECONDS:
        return
    _COVERAGE.stop()
    data = _COVERAGE.get_data()
    found = {}
    for module, lines in json.loads(Path(_REACHING).read_text(encoding="utf-8")).items():
        contexts = data.contexts_by_lineno(str(Path(module).absolute()))
        found[module] = {line: [one for one in contexts.get(line, []) if one] for line in lines}
    path = Path(f"{_REACHING}.{os.getpid()}")
    path.write_text(json.dumps([_SECONDS, found]), encoding="utf-8")
