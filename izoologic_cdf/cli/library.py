"""`library`: show and export. Neither makes a library."""

import argparse
import sys
from collections.abc import Callable, Iterator

from izoologic_cdf.cli.main import UsageError
from izoologic_cdf.library import export as exporting
from izoologic_cdf.library import show as showing
from izoologic_cdf.library.model import LibraryError
from izoologic_cdf.library.store import Library


def show(options: argparse.Namespace) -> int:
    """Print an overview, or the objects of one value."""
    return _written(options.file, lambda library: showing.show(library, options.value))


def export(options: argparse.Namespace) -> int:
    """Print the library as one JSON document."""
    return _written(options.file, exporting.export)


def _written(file: str, parts: Callable[[Library], Iterator[str]]) -> int:
    try:
        with Library.open(file) as library:
            for part in parts(library):
                sys.stdout.buffer.write(part.encode("utf-8", "replace"))
    except LibraryError as error:
        raise UsageError(str(error)) from None
    sys.stdout.buffer.flush()
    return 0
