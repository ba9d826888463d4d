"""`fields`: the configuration form of a feed as a table."""

import argparse
import textwrap

from izoologic_cdf.cli import streams
from izoologic_cdf.cli.form import find_feed
from izoologic_cdf.language.fields import UserField

HEADINGS = ("NAME", "LABEL", "DEFAULT", "REQUIRED", "HELP")
_HELP_WIDTH = 60


def fields(options: argparse.Namespace) -> int:
    """Print the form of a feed."""
    found = find_feed(options.feed, options.definition)
    streams.tell(found.form.feed, "", *table(found.fields))
    return 0


def table(form: tuple[UserField, ...]) -> list[str]:
    """Return the fields as lines of a table: name, label, default, required, help."""
    rows = [HEADINGS, *(_row(field) for field in form)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS) - 1)]
    indent = " " * (sum(widths) + 2 * len(widths))
    lines = []
    for row in rows:
        head = "".join(cell.ljust(width + 2) for cell, width in zip(row, widths, strict=False))
        wrapped = textwrap.wrap(row[-1], _HELP_WIDTH) or [""]
        lines.append((head + wrapped[0]).rstrip())
        lines += [indent + rest for rest in wrapped[1:]]
    return lines


def _row(field: UserField) -> tuple[str, str, str, str, str]:
    default = str(field.default)
    if field.default is None or isinstance(field.default, bool):
        default = {True: "on", False: "off", None: "-"}[field.default]
    help_ = field.description + (" Never shown." if field.mask else "")
    return (field.name, field.label, default, "yes" if field.required else "no", help_)
