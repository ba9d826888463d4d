"""The list of conventions: what the definitions use and no public source attests."""

from collections.abc import Iterator

from izoologic_cdf.bundle.alternatives import alternatives
from izoologic_cdf.documents.markdown import code, prose, table
from izoologic_cdf.language.conventions import CONVENTIONS, Convention

_WORTH = {"A": "attested", "D": "described", "H": "house"}


def listed(*, uploaded: bool) -> str:
    """Return what each convention means and why we think so: the uploaded ones, or the others."""
    rows = (
        (
            one.id,
            one.name,
            _WORTH[one.worth],
            code(one.spelling),
            prose(one.meaning),
            prose(one.why),
        )
        for one in _ordered(uploaded=uploaded)
    )
    return table(("Id", "Name", "Worth", "Spelling", "Meaning", "Why"), rows)


def checklist() -> str:
    """Return what to look at on the first upload, worst first."""
    rows = (
        (
            f"{one.id} {one.name}",
            code(one.spelling),
            *map(prose, (one.breaks, one.alternative, one.check)),
        )
        for one in _ordered(uploaded=True)
    )
    return table(("Convention", "Spelling", "If the guess is wrong", "Instead", "Check"), rows)


def alternatives_shown() -> str:
    """Return the alternatives as edits of the uploaded file, ready to paste."""
    parts: list[str] = []
    for one in alternatives():
        parts.append(f"**{one.name[:1].upper()}{one.name[1:]}.** {one.instead_of} {one.use_when}")
        for edit in one.edits:
            parts += ["Replace", _fenced(edit.old), "with", _fenced(edit.new)]
    return "\n\n".join(parts)


def _fenced(text: str) -> str:
    return f"```yaml\n{text.rstrip()}\n```"


def _ordered(*, uploaded: bool) -> Iterator[Convention]:
    by_damage = sorted(CONVENTIONS, key=lambda one: one.rank)
    return (one for one in by_damage if one.uploaded is uploaded)
