"""The configuration form of a feed as a table."""

from izoologic_cdf.documents.markdown import code, table
from izoologic_cdf.documents.source import source
from izoologic_cdf.language.fields import UserField

_HEADINGS = ("Parameter", "Name", "Default", "Required", "What it does")


def parameters(feed: str) -> str:
    """Return the user fields of a feed, in the order of the form."""
    return table(_HEADINGS, (_row(field) for field in source(feed).user_fields()))


def _row(field: UserField) -> tuple[str, ...]:
    default = "none" if field.default is None else code(str(field.default))
    if isinstance(field.default, bool):
        default = "on" if field.default else "off"
    says = field.description + (" Masked, and never logged." if field.mask else "")
    return (field.label, code(field.name), default, "yes" if field.required else "no", says)
