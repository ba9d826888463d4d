"""Loading a definition: from a file to the model, with every mistake found on the way."""

from pathlib import Path
from typing import cast

from izoologic_cdf.language.model import EVERYWHERE, Definition
from izoologic_cdf.language.nodes import Document, read
from izoologic_cdf.language.positions import Findings
from izoologic_cdf.language.pyfilters import PythonFilters, places_of_filters
from izoologic_cdf.language.schema import Missing, Scope
from izoologic_cdf.language.schema import read as read_construct
from izoologic_cdf.language.spellings import NO_SPELLINGS, Spellings


def load(
    path: Path,
    filters: Path | None = None,
    *,
    missing: Missing = Missing.NULL,
    spellings: Spellings = NO_SPELLINGS,
) -> Definition:
    """Load a definition file.

    `filters` is the folder of the Python filters: `filters` beside the folder of the file when
    it is not given.

    Raises:
        DefinitionError: with every finding, each with file, line and column.
    """
    python = PythonFilters(filters or filters_of(path))
    return load_document(spellings.applied(read(path)), path, python, missing=missing)


def filters_of(path: Path) -> Path:
    """Return the folder of the Python filters of a definition file: beside it, or `../filters`."""
    beside, above = places_of_filters(path)
    return beside if beside.is_dir() else above


def load_document(
    document: Document, path: Path, python: PythonFilters, *, missing: Missing = Missing.NULL
) -> Definition:
    """Load a definition that was read already; raises DefinitionError as `load` does."""
    scope, found = Scope(document, EVERYWHERE, missing, python), Findings()
    definition: Definition | None = None
    for finding in document.misspelt:
        found.add(finding)
    try:
        with found:
            definition = read_construct(Definition, scope, document.root, path=path)
    except RecursionError:
        raise document.error(document.root, "the definition is nested too deeply") from None
    found.check()
    return cast("Definition", definition)
