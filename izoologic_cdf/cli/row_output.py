"""Rows as a table that fits the terminal, as JSON, or as CSV for a spreadsheet."""

import json
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from izoologic_cdf.cli import streams
from izoologic_cdf.library.spreadsheet import csv_lines
from izoologic_cdf.printable import printable

Row = Sequence[Any]
# characters of a column that is shortened, at least
_MIN_WIDTH = 8
# characters that rows are padded to, at most, where no terminal limits them: one long value would
# be as many blanks in every other row
_MAX_PADDED = 100
_GAP = "  "
_CUT = "..."


def tell_table(heads: Sequence[str], rows: Sequence[Row]) -> None:
    """Print rows in columns; on a terminal, what is too long for a line is shortened."""
    cells = [list(heads), *([_text(value) for value in row] for row in rows)]
    columns = range(len(heads))
    is_number = [all(isinstance(row[at], int | None) for row in rows) for at in columns]
    widths = [max(_width(row[at]) for row in cells) for at in columns]
    if sys.stdout.isatty():
        widths = _fit(widths, shutil.get_terminal_size().columns)
        cells = [list(map(_cut, row, widths)) for row in cells]
    widths = [min(width, _MAX_PADDED) for width in widths]
    for row in cells:
        padded = map(_pad, row, widths, is_number)
        streams.tell(_GAP.join(padded).rstrip())


def tell_json(heads: Sequence[str], rows: Iterable[Row]) -> None:
    """Print rows as a JSON list of objects; null is what is not there."""
    data = [dict(zip(heads, row, strict=True)) for row in rows]
    streams.tell_text(json.dumps(data, indent=2))


def tell_csv(heads: Sequence[str], rows: Iterable[Row]) -> None:
    """Print rows as CSV that a spreadsheet opens unharmed."""
    streams.pour(csv_lines(heads, rows))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return printable(f"{value:,}" if isinstance(value, int) else str(value))


def _width(text: str) -> int:
    """Return how many columns of a terminal a printable text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(one) else 1 + (unicodedata.east_asian_width(one) in "WF")
        for one in text
    )


def _fit(widths: list[int], whole: int) -> list[int]:
    """Return widths that fit into a line, by making the widest narrower."""
    fitting = list(widths)
    while sum(fitting) + len(_GAP) * (len(fitting) - 1) > whole:
        widest = max(fitting)
        if widest <= _MIN_WIDTH:
            break
        fitting[fitting.index(widest)] -= 1
    return fitting


def _cut(text: str, width: int) -> str:
    """Return a text that takes so many columns of a terminal at most."""
    if _width(text) <= width:
        return text
    taken, kept = len(_CUT), 0
    for one in text:
        taken += _width(one)
        if taken > width:
            break
        kept += 1
    return text[:kept] + _CUT


def _pad(text: str, width: int, is_number: bool) -> str:
    blanks = " " * (width - _width(text))
    return blanks + text if is_number else text + blanks
