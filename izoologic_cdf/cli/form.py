"""Which feed is meant, and its form; `fields` prints it. Loads no HTTP or template library."""

import argparse
import textwrap
from pathlib import Path
from typing import NamedTuple

from izoologic_cdf.cli import streams
from izoologic_cdf.content import folder
from izoologic_cdf.errors import UsageError
from izoologic_cdf.language.fields import Form, UserField, read_forms
from izoologic_cdf.language.nodes import Document, read

HEADINGS = ("NAME", "LABEL", "DEFAULT", "REQUIRED", "HELP")
_HELP_WIDTH = 60
# what stands for every feed where one is named
ALL = "all"


class Found(NamedTuple):
    """A primary feed: its form, the fields of the other feeds, and its definition as it was read.

    `filters` is the folder of the Python filters where it is not the one beside the file's.
    """

    path: Path
    form: Form
    foreign: frozenset[str]
    document: Document
    filters: Path | None = None

    @property
    def fields(self) -> tuple[UserField, ...]:
        """The fields of the feed's form, in order."""
        return self.form.fields


def definition_files() -> list[Path]:
    """Return the built-in definition files, sorted by name."""
    return sorted(folder("feeds").glob("*.yaml"))


def find_feed(
    name: str,
    definition: str | None,
    filters: str | None = None,
    spellings: str | None = None,
) -> Found:
    """Return the one primary feed that a name, or a part of it in any case, matches.

    Raises:
        UsageError: none or several match.
        DefinitionError: a definition cannot be read.
    """
    fitting = find_feeds(name, definition, filters, spellings, several=False)
    return fitting[0]


def find_feeds(
    name: str,
    definition: str | None,
    filters: str | None = None,
    spellings: str | None = None,
    *,
    several: bool = True,
) -> list[Found]:
    """Return the feed of `find_feed`, or with `several` each of them for `all`. Raises the same."""
    if spellings is not None and definition is None:
        raise UsageError("--spellings needs --definition: it is about a file that is spelt so")
    spelt = Path(spellings) if spellings is not None else None
    paths = [Path(definition)] if definition is not None else definition_files()
    documents = {path: _read(path, spelt) for path in paths}
    forms = [(path, form) for path in paths for form in read_forms(documents[path])]
    fitting = [(p, f) for p, f in forms if f.feed == name] or [
        (p, f) for p, f in forms if name.strip() and name.strip().lower() in f.feed.lower()
    ]
    if several and name == ALL:
        fitting = forms
    elif len(fitting) != 1:
        how = "matches no feed" if not fitting else "matches several feeds"
        names = [f"  {form.feed}" for _, form in forms]
        raise UsageError(f"{name!r} {how}; the feeds are", *names)
    all_names = {field.name for _, other in forms for field in other.fields}
    folder_ = Path(filters) if filters else None
    return [
        Found(
            path,
            form,
            frozenset(all_names - {field.name for field in form.fields}),
            documents[path],
            folder_,
        )
        for path, form in fitting
    ]


def _read(path: Path, spellings: Path | None) -> Document:
    if spellings is None:
        return read(path)
    # spellings need the expression language, which a form alone does not
    from izoologic_cdf.language.spellings import read_spellings  # noqa: PLC0415

    return read_spellings(spellings).applied(read(path))


def show_fields(options: argparse.Namespace) -> int:
    """Print the form of a feed."""
    found = find_feed(options.feed, options.definition, spellings=options.spellings)
    streams.tell(found.form.feed, "", *_format_table(found.fields))
    return 0


def _format_table(form: tuple[UserField, ...]) -> list[str]:
    """Return the fields as lines of a table: name, label, default, required, help."""
    rows = [HEADINGS, *(_format_row(field) for field in form)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS) - 1)]
    indent = " " * (sum(widths) + 2 * len(widths))
    lines = []
    for row in rows:
        head = "".join(cell.ljust(width + 2) for cell, width in zip(row, widths, strict=False))
        wrapped = textwrap.wrap(row[-1], _HELP_WIDTH) or [""]
        lines.append((head + wrapped[0]).rstrip())
        lines += [indent + rest for rest in wrapped[1:]]
    return lines


def _format_row(field: UserField) -> tuple[str, str, str, str, str]:
    default = str(field.default)
    if field.default is None or isinstance(field.default, bool):
        default = {True: "on", False: "off", None: "-"}[field.default]
    help_ = field.description + (" Never shown." if field.mask else "")
    return (field.name, field.label, default, "yes" if field.required else "no", help_)
