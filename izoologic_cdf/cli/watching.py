"""`--watch`: does something again whenever one of its files has changed."""

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from izoologic_cdf.cli import streams
from izoologic_cdf.errors import CdfError

SECONDS = 0.5
# how the modules of Python filters are called once they are loaded
_LOADED = "_filters_"


def watch(
    paths: Iterable[Path], do: Callable[[], object], wait: Callable[[float], None] = time.sleep
) -> int:
    """Do it, and again after each change of a file, or of one in a folder, until Ctrl-C.

    What fails is told, and the next change tries again.
    """
    paths, seen = list(paths), None
    try:
        while True:
            found = _state(paths)
            if found != seen:
                seen = found
                _do(do)
                streams.complain(f"watching {', '.join(map(str, paths))}; Ctrl-C ends")
            wait(SECONDS)
    except KeyboardInterrupt:
        return 0


def _do(do: Callable[[], object]) -> None:
    for name in [name for name in sys.modules if name.startswith(_LOADED)]:
        del sys.modules[name]
    try:
        do()
    except CdfError as error:
        streams.complain(*error.report)


def _state(paths: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """Return when each file was changed, and its size."""
    found = {}
    for path in paths:
        for one in path.glob("*.*") if path.is_dir() else [path]:
            try:
                about = one.stat()
            except OSError:
                continue  # an editor that writes a file anew removes it first
            found[one] = about.st_mtime_ns, about.st_size
    return found
