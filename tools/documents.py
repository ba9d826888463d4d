"""`python -m tools.documents [--check]`: make the generated parts of the documents, or check them.

A document is written by hand; a block of cog in it calls one of the functions in `__all__`,
and holds what that returned last. The editor's schema is generated as a whole.
"""

import contextlib
import json
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path

from cogapp import Cog

from izoologic_cdf.bundle.layout import MEMBERS
from izoologic_cdf.content import folder
from izoologic_cdf.errors import CdfError
from izoologic_cdf.library.tables import NEWEST, statements
from izoologic_cdf.library.views import NAMES
from izoologic_cdf.lint.check import RULES
from tools.commands import command_reference, exit_codes
from tools.editor_schema import CUSTOM_TAGS, schema
from tools.explained import explanations
from tools.guesses import alternative_edits, conventions, conventions_checklist
from tools.layers import ROOT, layers
from tools.ledger import ledger
from tools.mapping import (
    attributes,
    derived,
    objects,
    parameters,
    python_filters,
    relations,
    requests,
)
from tools.markdown import fenced, table
from tools.measured import average_run
from tools.mistakes import mistakes
from tools.source import FEEDS, source

# the groups of rules by the first digits of their codes
GROUPS: Mapping[str, str] = {
    "CDF0": "The language",
    "CDF1": "Keys, calls and requests",
    "CDF2": "The approval checklist",
    "CDF3": "What not every version of ThreatQ supports",
    "CDF9": "Comments that silence",
}
# what the blocks of the documents call
__all__ = [
    "alternative_edits",
    "attributes",
    "average_run",
    "bundle_members",
    "command_reference",
    "conventions",
    "conventions_checklist",
    "derived",
    "editor_settings",
    "exit_codes",
    "explanations",
    "figure",
    "layers",
    "ledger",
    "library_views",
    "lint_rules",
    "mistakes",
    "objects",
    "parameters",
    "python_filters",
    "relations",
    "requests",
    "sample",
    "show",
    "versions",
]
SCHEMA = "docs/cdf.schema.json"
_PROLOGUE = "from tools.documents import *"
_figures: dict[str, str] = {}


def versions() -> str:
    """Return the version of the integration, and the one of ThreatQ that it requires."""
    read = source(FEEDS[0])
    return f"Version {read.version}, for ThreatQ {read.required_threatq_version}."


def bundle_members() -> str:
    """Return the files of the zip as a list."""
    return "\n".join(f"- `{member.path}`" for member in MEMBERS)


def sample(name: str) -> str:
    """Return a sample of the vendor's guide as a block of code, by its file name."""
    path = folder("fixtures") / "guide" / name
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return fenced(json.dumps(json.loads(text), indent=2, ensure_ascii=False), "json")
    return fenced(text, "text")


def lint_rules() -> str:
    """Return all rules of the linter, group by group."""
    parts = []
    for prefix, title in GROUPS.items():
        parts.append(f"## {title}")
        parts += [rule.page for rule in RULES if rule.code.startswith(prefix)]
    return "\n\n".join(parts)


def library_views() -> str:
    """Return the views of a library with their columns."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        for statement in statements("".join(NEWEST)):
            connection.execute(statement)
        rows = []
        for name, meaning in NAMES.items():
            columns = connection.execute(f"SELECT * FROM {name}").description  # noqa: S608 - ours
            rows.append((f"`{name}`", meaning, ", ".join(f"`{one[0]}`" for one in columns)))
    return table(("View", "One row is", "Columns"), rows)


def editor_settings() -> str:
    """Return the settings by which an editor uses the schema."""
    settings = {"yaml.customTags": list(CUSTOM_TAGS), "yaml.schemas": {SCHEMA: "feeds/*.yaml"}}
    return fenced(json.dumps(settings, indent=2), "json")


def figure(name: str, previous: str) -> str:
    """Return a figure that was just measured; what the document holds where it was not."""
    return _figures.get(name, previous)


def show(text: str) -> None:
    """Print a block with an empty line before and after it, as Markdown needs it."""
    print(f"\n{text.strip()}\n")


def documents(root: Path = ROOT) -> list[Path]:
    """Return the Markdown files of the project: at its top level and under docs/, sorted."""
    return sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")])


def make(root: Path = ROOT, figures: Mapping[str, str] | None = None, *, check: bool) -> int:
    """Make the documents below `root`, or check them; return the exit code of cog, 0 if fresh.

    `figures` are what benchmarks have measured, by name.
    """
    _figures.update(figures or {})
    due = json.dumps(schema(), indent=2) + "\n"
    path = root / SCHEMA
    stale = not path.is_file() or path.read_text(encoding="utf-8") != due
    if stale and not check:
        path.write_text(due, encoding="utf-8", newline="\n")
    elif stale:
        print(f"{SCHEMA} is stale")
    mode = ["--check", "--check-fail-msg=run `make docs`"] if check else ["-r"]
    files = map(str, documents(root))
    made: int = Cog().main(["cog", *mode, "-P", "-U", "--verbosity=1", "-p", _PROLOGUE, *files])
    return made or int(stale and check)


if __name__ == "__main__":
    try:
        sys.exit(make(check="--check" in sys.argv[1:]))
    except (CdfError, OSError) as error:
        sys.exit(f"{error}")
