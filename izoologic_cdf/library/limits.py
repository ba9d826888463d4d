"""The limits of the platform, and the texts that fit into them (`docs/contract.md`, Too long)."""

import re

VALUE_CHARACTERS = 255
TEXT_BYTES = 65_535
CUT_CHARACTERS = 32_590
CUT_MARK = " [cut]"
TAG_CHARACTERS = 50
# SQLite holds a row of 1,000,000,000 bytes; the rest is room for what stands beside the bytes
CONTENT_BYTES = 999_000_000
# an indicator with one of these keeps it when it is reported again
PROTECTED_STATUSES = frozenset({"Whitelisted"})

# a text of so many characters is below TEXT_BYTES whatever they are: UTF-8 takes four at most
CERTAINLY_SHORT = TEXT_BYTES // 4

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile(r"\\(?:(\\)|(0)|u([0-9a-f]{4}))")
_SHOWN_CHARACTERS = 60


def storable(text: str) -> str:
    """Return the text with U+FFFD for each surrogate, since UTF-8 has no form for these."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def escape(text: str) -> str:
    """Return a text as it can be stored and given to every function of SQLite, by escapes.

    No two texts become one, as surrogates do in `storable`, and none ends early, as one with a NUL
    does where SQLite reads JSON. `unescape` is the way back.
    """
    if text.isascii() and "\\" not in text and "\0" not in text:
        return text
    escaped = text.replace("\\", "\\\\").replace("\0", "\\0")
    return escaped.encode("utf-8", "backslashreplace").decode()


def unescape(text: str) -> str:
    """Return the text that `escape` escaped."""
    return _ESCAPED.sub(_unescape, text) if "\\" in text else text


def _unescape(found: re.Match[str]) -> str:
    backslash, nul, code = found.groups()
    return "\\" if backslash else "\0" if nul else chr(int(code, 16))


def fit(text: str) -> tuple[str, int]:
    """Return a description or attribute value as it is stored, and its full bytes if it was cut.

    The second part is 0 for a text that is stored whole. The limit is in bytes, but the cut is in
    characters, so a text of characters of three or four bytes can
    exceed the limit still, and one with fewer characters than the cut only gains the mark.
    """
    text = storable(text)
    if len(text) <= CERTAINLY_SHORT:
        return text, 0
    size = len(text.encode())
    if size <= TEXT_BYTES:
        return text, 0
    return text[:CUT_CHARACTERS] + CUT_MARK, size


def abbreviate(text: str) -> str:
    """Return a text as a message quotes it: at most 60 characters."""
    text = storable(text)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 3] + "..."
