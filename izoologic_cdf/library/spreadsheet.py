"""Rows as CSV that a spreadsheet opens unharmed, whoever wrote what is in them."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from izoologic_cdf.printable import printable

# without this mark, spreadsheets take UTF-8 for a character set of the machine
_BOM = "\ufeff"
# what a spreadsheet takes for the begin of a formula, in every width that it may have
_FORMULAS = frozenset("=+-@\N{MINUS SIGN}")
# blanks and invisible characters, which a spreadsheet may skip; so it does with quotes where it
# begins a cell in the middle of one of ours
_LEADING = re.compile(r"[\s\"\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*")
# where a spreadsheet of another country begins a cell, whatever the quotes say
_PARTS = re.compile("([;\t\n])")
# what a spreadsheet takes for a number or a day, and shows as another text: leading zeros, more
# digits than it computes with, powers of ten, a day and a month
_NUMBERS = re.compile(
    r"0\d+|\d{16,}|\d+(\.\d+)?e[+-]?\d+|\d{1,2}[-/]\d{1,4}([-/]\d{2,4})?",
    re.ASCII | re.IGNORECASE,
)
# what a cell of Excel holds, in units of UTF-16; the rest would spill into further rows
_MAX_UNITS = 32_767


def csv_lines(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield a byte order mark, the heads and the rows (RFC 4180), to be written as UTF-8.

    Null is an empty cell. No cell is a formula; all but its line breaks is printable. A text that
    is longer than a cell is cut, and says so.
    """
    yield _BOM
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    for row in (heads, *rows):
        writer.writerow(map(_cell, row))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _cell(value: Any) -> Any:
    """Return a value as the cell of a spreadsheet: printable but for its line breaks, no formula.

    What would be one gets an apostrophe, also behind a separator of cells or a line break; so does
    a text that would become another one.
    """
    if not isinstance(value, str):
        return value
    if _NUMBERS.fullmatch(value.strip()):
        return f"'{value}"
    parts = _PARTS.split(value.replace("\r\n", "\n").replace("\r", "\n"))
    parts[::2] = map(_disarm, parts[::2])
    return _fit("\n".join(map(printable, "".join(parts).split("\n"))))


def _disarm(text: str) -> str:
    first = _LEADING.sub("", text, count=1)[:1]
    is_formula = bool(_FORMULAS & set(unicodedata.normalize("NFKC", first)))
    return f"'{text}" if is_formula else text


def _fit(text: str) -> str:
    """Return a text that one cell can hold; its end tells what is missing."""
    if len(text) <= _MAX_UNITS // 2:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= 2 * _MAX_UNITS:
        return text
    end = f"... (cut: {len(text):,} characters, all of them in JSON)"
    return units[: 2 * (_MAX_UNITS - len(end))].decode("utf-16-le", "ignore") + end
