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
# blanks and invisible characters, which a spreadsheet may skip
_LEADING = re.compile(r"[\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*")
# where a spreadsheet of another country begins a cell, whatever the quotes say
_PARTS = re.compile("([;\t\n])")


def csv_lines(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield a byte order mark, the heads and the rows (RFC 4180), to be written as UTF-8.

    Null is an empty cell. No cell is a formula; all but its line breaks is printable.
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

    What would be one gets an apostrophe, also behind a separator of cells or a line break.
    """
    if not isinstance(value, str):
        return value
    parts = _PARTS.split(value.replace("\r\n", "\n").replace("\r", "\n"))
    parts[::2] = map(_disarm, parts[::2])
    return "\n".join(map(printable, "".join(parts).split("\n")))


def _disarm(text: str) -> str:
    first = _LEADING.sub("", text, count=1)[:1]
    is_formula = bool(_FORMULAS & set(unicodedata.normalize("NFKC", first)))
    return f"'{text}" if is_formula else text
