"""The list of conventions: what the definitions use and no public source attests."""

import functools
from collections.abc import Iterator

from izoologic_cdf.bundle import layout
from izoologic_cdf.bundle.build import build_yaml
from izoologic_cdf.bundle.checklist import uses
from izoologic_cdf.content import folder
from izoologic_cdf.language.conventions import CONVENTIONS, Convention
from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.spellings import WORD, entries_of
from tools.alternatives import alternatives
from tools.markdown import code, fenced, prose, table


def _entry_text(convention: str) -> str:
    """Return the entries of one guess as they are written; empty where it has no word."""
    texts = []
    for entry, parts in entries_of(convention).items():
        inner = [
            part if part == WORD else f"{part}: {{{', '.join(words)}}}"
            for part, words in sorted(parts.items(), reverse=True)
        ]
        texts.append(f"{entry}: {{{', '.join(inner)}}}")
    return "; ".join(texts)


def conventions(*, uploaded: bool) -> str:
    """Return what conventions mean and why we think so: those of the built file, or others."""
    rows = (
        (
            one.id,
            one.name,
            one.evidence,
            code(one.spelling),
            prose(one.meaning),
            prose(one.why),
        )
        for one in _ordered(uploaded=uploaded)
    )
    return table(("Id", "Name", "Evidence", "Spelling", "Meaning", "Why"), rows)


def conventions_checklist() -> str:
    """Return what to look at on the first upload, worst first."""
    rows = (
        (
            f"{one.id} {one.name}",
            code(one.spelling),
            *map(prose, (one.breaks, one.alternative, one.check)),
            code(_entry_text(one.id)) if _entry_text(one.id) else "-",
        )
        for one in _ordered(uploaded=True)
    )
    heads = ("Convention", "Spelling", "If the guess is wrong", "Instead", "Check")
    return table((*heads, "In `spellings.yaml`"), rows)


def alternative_edits() -> str:
    """Return the alternatives as edits of the uploaded file, ready to paste."""
    parts: list[str] = []
    for one in alternatives():
        parts.append(f"**{one.name[:1].upper()}{one.name[1:]}.** {one.instead_of} {one.use_when}")
        for edit in one.edits:
            parts += ["Replace", fenced(edit.old, "yaml"), "with", fenced(edit.new, "yaml")]
    return "\n\n".join(parts)


def _ordered(*, uploaded: bool) -> Iterator[Convention]:
    return (one for one in CONVENTIONS if (one.id in _used()) is uploaded)


@functools.cache
def _used() -> frozenset[str]:
    """Return the ids of the conventions that the built file uses."""
    (path,) = folder("feeds").glob("*.yaml")
    built = Document(layout.DEFINITION, build_yaml(path, folder("filters")))
    return frozenset(use.convention.id for use in uses(built))
