"""JSON bodies: read as far as they can be read, with a remark where something was replaced."""

import codecs
import contextlib
import functools
import hashlib
import json
import math
import re
from decimal import Decimal
from typing import Any

from izoologic_cdf.errors import CdfError

# codecs that decode no text of the wire, and some in far more than linear time
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([^\s;\"']+)", re.IGNORECASE)
_BROKEN_TEXT = "the JSON holds bytes that are not {}; each was replaced by U+FFFD"
_BROKEN_NUMBER = "the JSON holds a number that cannot be represented; it was read as null"


class NoJsonError(CdfError):
    """A body that is not JSON.

    `final` where asking again cannot mend it at once; `outage` where it is not the answer at all.
    """

    def __init__(self, message: str, *, final: bool, outage: bool = False) -> None:
        super().__init__(message)
        self.final = final
        self.outage = outage


class JsonBody(bytes):
    """Bytes of a JSON body that were parsed when they came, so that nobody parses them twice.

    `remarks` are sentences about what could not be read as it was sent; no data in them.
    """

    parsed: Any
    remarks: tuple[str, ...] = ()


def read_json(body: bytes, content_type: str | None = None) -> JsonBody:
    """Parse a JSON body: in UTF-8, -16 or -32, with a mark or without, or in its declared charset.

    Line breaks and tabs inside a text are taken as they are. Whole numbers are integers however
    they are written.

    Raises:
        NoJsonError: with one clause that says what the body is instead. No data in it.
    """
    result = JsonBody(body)
    text, remarks = _text(body, content_type)
    if not text:
        raise NoJsonError("expected JSON, got an empty body", final=False, outage=True)
    if text.startswith("<"):
        raise NoJsonError("expected JSON, got HTML", final=True, outage=True)
    try:
        result.parsed, odd = _parsed(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        cut = error.pos >= len(text) or "Unterminated" in error.msg
        what = "truncated JSON" if cut else "invalid JSON"
        raise NoJsonError(f"{what} at {place}", final=False, outage=cut) from None
    except RecursionError:
        raise NoJsonError("the JSON is nested too deeply", final=True) from None
    result.remarks = (*remarks, *odd)
    return result


def parse_json(body: bytes) -> Any:
    """Parse a JSON body, as `read_json` does. Raises NoJsonError."""
    return read_json(body).parsed


def _text(body: bytes, content_type: str | None) -> tuple[str, tuple[str, ...]]:
    """Return the text of a body without what surrounds it, and what was replaced in it."""
    # UTF-16 and UTF-32 begin with a mark, or have a zero among the first two bytes
    plain = body[:2].isascii() and b"\0" not in body[:2]
    encoding: str = "utf-8" if plain else json.detect_encoding(body)
    tried = [encoding]
    declared = _charset(content_type)
    if encoding == "utf-8" and declared:
        # what can be read as UTF-8 is UTF-8, whatever is declared; only codes of 7 bits look alike
        tried = [declared, encoding] if body.isascii() else [encoding, declared]
    for name in tried:
        with contextlib.suppress(UnicodeError):
            return _trimmed(body.decode(name)), ()
    remark = _BROKEN_TEXT.format(encoding.upper().removesuffix("-SIG"))
    return _trimmed(body.decode(encoding, "replace")), (remark,)


def _trimmed(text: str) -> str:
    return text.lstrip("\ufeff \t\r\n").rstrip("\0 \t\r\n")


@functools.lru_cache(maxsize=32)
def _charset(content_type: str | None) -> str | None:
    """Return the codec of the charset that a media type declares, if it can decode a text."""
    found = _CHARSET.search(content_type or "")
    if found is None:
        return None
    try:
        name = codecs.lookup(found[1]).name
        b" ".decode(name)  # base64 and the like decode no text
    except (LookupError, ValueError):
        return None
    # UTF-16 and UTF-32 show in the bytes; those who declare them and send ASCII are wrong
    return None if name in _NO_CHARSETS or name.startswith(("utf-16", "utf-32")) else name


def _parsed(text: str) -> tuple[Any, tuple[str, ...]]:
    try:
        return _DECODER.decode(text), ()
    except json.JSONDecodeError:
        raise
    except (ValueError, OverflowError):
        return _LENIENT.decode(text), (_BROKEN_NUMBER,)


def _float(text: str) -> Any:
    """Return a number with a point or an exponent: an integer where it is whole."""
    number = float(text)
    if not number.is_integer():
        if math.isinf(number):
            raise OverflowError
        return number
    exact = Decimal(text)
    whole = int(exact)
    return whole if whole == exact else number


def _number_or_none(text: str) -> Any:
    try:
        return int(text) if text.removeprefix("-").isdecimal() else _float(text)
    except (ValueError, OverflowError):
        return None


def _fail(text: str) -> Any:
    raise OverflowError(text)


# one for all bodies: `json.loads` with an option makes a decoder at each call
_DECODER = json.JSONDecoder(parse_float=_float, parse_constant=_fail, strict=False)
# the slower one, for bodies with a number that is none: NaN, 1e400, thousands of digits
_LENIENT = json.JSONDecoder(
    parse_float=_number_or_none,
    parse_int=_number_or_none,
    parse_constant=lambda _: None,
    strict=False,
)


def looks_like_json(content_type: str | None) -> bool:
    """Return whether a media type is one of JSON."""
    return bool(content_type and re.search(r"[/+]json\b", content_type, re.IGNORECASE))


def sha256(body: bytes) -> str:
    """Return the SHA-256 of bytes as lower-case hex."""
    return hashlib.sha256(body).hexdigest()
