"""`library`: show and export. Neither makes a library."""

import argparse

from izoologic_cdf.cli import streams
from izoologic_cdf.library import export as exporting
from izoologic_cdf.library import show as showing
from izoologic_cdf.library.store import Library


def show(options: argparse.Namespace) -> int:
    """Print an overview, or the objects of one value."""
    with Library.open(options.file) as library:
        streams.tell_all(line[:-1] for line in showing.show(library, options.value))
    return 0


def export(options: argparse.Namespace) -> int:
    """Print the library as one JSON document."""
    with Library.open(options.file) as library:
        streams.pour(exporting.export(library))
    return 0
