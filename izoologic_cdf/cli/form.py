"""Which feed is meant, and the form that belongs to it. No HTTP, no template library."""

from dataclasses import dataclass
from pathlib import Path

from izoologic_cdf.content import folder
from izoologic_cdf.errors import UsageError
from izoologic_cdf.language.fields import Form, UserField, read_forms
from izoologic_cdf.language.nodes import read


@dataclass(frozen=True, slots=True)
class Found:
    """A primary feed: its definition file, its form, and the fields of the other feeds.

    `filters` is the folder of the Python filters where it is not the one beside the file's.
    """

    path: Path
    form: Form
    foreign: frozenset[str]
    filters: Path | None = None

    @property
    def fields(self) -> tuple[UserField, ...]:
        """The fields of the feed's form, in order."""
        return self.form.fields


def definition_files() -> list[Path]:
    """Return the built-in definition files, sorted by name."""
    return sorted(folder("feeds").glob("*.yaml"))


def find_feed(name: str, definition: str | None, filters: str | None = None) -> Found:
    """Return the one primary feed that a name, or a part of it in any case, fits.

    Raises:
        UsageError: none or several fit.
        DefinitionError: a definition cannot be read.
    """
    paths = [Path(definition)] if definition is not None else definition_files()
    forms = [(path, form) for path in paths for form in read_forms(read(path))]
    fitting = [(p, f) for p, f in forms if f.feed == name] or [
        (p, f) for p, f in forms if name.strip() and name.strip().lower() in f.feed.lower()
    ]
    if len(fitting) != 1:
        how = "fits no feed" if not fitting else "fits several feeds"
        names = [f"  {form.feed}" for _, form in forms]
        raise UsageError(f"{name!r} {how}; the feeds are", *names)
    path, form = fitting[0]
    own = {field.name for field in form.fields}
    all_names = {field.name for _, other in forms for field in other.fields}
    folder_ = Path(filters) if filters else None
    return Found(path, form, frozenset(all_names - own), folder_)
