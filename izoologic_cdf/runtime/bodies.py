"""Bodies of responses: decoding, parsing, and what comes in their place.

Only gzip is requested. A server that sends another coding all the same has sent nothing that can be
kept, and a stream that breaks off is not the whole body, however much of it can be decoded.
"""

import codecs
import contextlib
import functools
import json
import math
import re
import zlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from izoologic_cdf.errors import Cause, ItemError
from izoologic_cdf.runtime.spool import SpooledBody

CHUNK = 65_536
_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})
# what servers write where nothing is coded; the last is a character set in the wrong place
_PLAIN = frozenset({"", "identity", "utf-8"})
_MAX_CODINGS = 3
# the formats, as zlib names them
_GZIP, _ZLIB, _RAW = 31, 15, -15
# a format shows in so many bytes
_HEAD = 2

# codecs that decode no text of the wire, and some in far more than linear time
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([^\s;\"']+)", re.IGNORECASE)
_BROKEN_TEXT = "the JSON holds bytes that are not {}; each was replaced by U+FFFD"
_BROKEN_NUMBER = "the JSON holds a number that cannot be represented; it was read as null"
_BROKEN_ESCAPE = "the JSON holds backslashes that escape nothing; each was read as a backslash"
_ESCAPE = re.compile(r"""\\(?:(["\\/bfnrt]|u[0-9A-Fa-f]{4})|)""")

# what markup begins with, after marks and blanks
_MARKUP = re.compile(rb"[\xef\xbb\xbf\xff\xfe\s\0]*<\0{0,3}[!?/%A-Za-z]")
_MARKUP_WITHIN = 4_096
_BLANK = b"\xef\xbb\xbf \t\r\n"
# of a name: without a version, a query, or what nobody sees behind it
_EXTENSION = re.compile(r"\.([0-9A-Za-z]+)(?:[?;#][^.]*)?[\W_]*$")
# extensions of files that are never markup
_NO_MARKUP = re.compile(
    "3gp|7z|aa[bc]|apk|avif?|bmp|bz2|cab|csv|deb|dll|dmg|docm?|docx|dotx|exe|flac|gif|gz|heic|ico|ipa|iso"
    "|jar|jfif|jp2|jpe?g?|json|m4[av]|mkv|mov|mp[34]|mpe?g|msg|msi|od[pst]|ogg|p7m|pcap|pdf|png|pps?x"
    "|ppt[mx]?|psd|pst|rar|rpm|rtf|svgz|tar|tgz|tiff?|vsdx|wav|web[mp]|wm[av]|woff2?|xapk|xls[bmx]?|xz"
    "|zip|zst"
)
# but office programs save documents as HTML under the old names
_OFFICE = b"schemas-microsoft-com:"
_TEXTS = frozenset({"csv", "json"})


class BodyError(ItemError):
    """A body that cannot be used; `final` where another attempt cannot mend it."""

    def __init__(self, message: str, *, final: bool, cause: Cause = Cause.OUTAGE) -> None:
        super().__init__(message, cause=cause)
        self.final = final


class JsonBody(bytes):
    """Bytes of a JSON body that were parsed when they arrived, so that nobody parses them twice.

    `remarks` are sentences about what could not be read as it was sent; no data in them.
    """

    parsed: Any
    remarks: tuple[str, ...] = ()


class Response(NamedTuple):
    """A response; the body of a status other than 200 is bytes, at most 64 KiB of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes | SpooledBody

    @property
    def json_object(self) -> Mapping[str, object] | None:
        """The JSON object that the body is: then the API itself answers, and not a router."""
        try:
            value = read_json(self.body).parsed if isinstance(self.body, bytes) else None
        except BodyError:
            return None
        return value if isinstance(value, dict) else None


def decode(chunks: Iterator[bytes], codings: str | None) -> Iterator[bytes]:
    """Return the bytes of a body; `codings` is its Content-Encoding, in the order of coding.

    At most `CHUNK` bytes come at a time, so that a small body cannot become a large one in memory.

    Raises:
        BodyError: an unknown coding, or a stream that breaks off or cannot be decoded.
    """
    names = [name.strip().lower() for name in (codings or "").split(",")]
    names = [name for name in names if name not in _PLAIN]
    for name in names:
        if name not in _CODINGS:
            shown = repr(name) if re.fullmatch("[a-z0-9._-]{1,20}", name) else "of an odd name"
            message = f"the server sent it in the content coding {shown}, which was not requested"
            raise BodyError(message, final=True)
    if len(names) > _MAX_CODINGS:
        raise BodyError(f"the server coded it {len(names)} times over", final=True)
    for name in reversed(names):
        chunks = _inflate(chunks, name)
    return chunks


def _inflate(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    stream, streams, data = None, 0, b""
    for chunk in chunks:
        data += chunk
        more = True
        while more:
            if stream is None:
                # several streams may follow one another, with zeros that fill up a block
                data = data.lstrip(b"\0") if streams else data
                if len(data) < _HEAD:
                    break
                stream = zlib.decompressobj(_format(name, data))
            try:
                piece = stream.decompress(data, CHUNK)
            except zlib.error:
                raise BodyError(f"the {name} stream cannot be decoded", final=False) from None
            if piece:
                yield piece
            if stream.eof:
                data, streams, stream = stream.unused_data, streams + 1, None
                more = bool(data)
            else:
                data = stream.unconsumed_tail
                # all may have gone in, with more still to come out
                more = bool(data) or len(piece) == CHUNK
    if stream is not None or not streams or data:
        raise BodyError(f"the {name} stream breaks off", final=False)


def _format(name: str, head: bytes) -> int:
    if name != "deflate":
        return _GZIP
    # by its standard it is zlib's format; some servers leave out the head and the sum (RFC 9110)
    is_zlib = head[0] & 0x0F == zlib.DEFLATED and (head[0] << 8 | head[1]) % 31 == 0
    return _ZLIB if is_zlib else _RAW


def read_json(body: bytes, content_type: str | None = None) -> JsonBody:
    """Parse a JSON body: in UTF-8, -16 or -32, with a mark or without, or in its declared charset.

    Line breaks and tabs inside a text are taken as they are. Whole numbers are integers however
    they are written.

    Raises:
        BodyError: with one clause that says what the body is instead. No data in it.
    """
    result = JsonBody(body)
    text, result.remarks = _text(body, content_type)
    if not text:
        raise BodyError("expected JSON, got an empty body", final=False)
    if text.startswith("<"):
        raise BodyError("expected JSON, got HTML", final=True)
    try:
        try:
            result.parsed = _parse(text, result)
        except json.JSONDecodeError as error:
            if "escape" not in error.msg:
                raise
            # only in a text can a backslash stand
            text = _ESCAPE.sub(lambda found: found[0] if found[1] else r"\\", text)
            result.parsed = _parse(text, result)
            result.remarks += (_BROKEN_ESCAPE,)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        if error.pos >= len(text) or "Unterminated" in error.msg:
            raise BodyError(f"truncated JSON at {place}", final=False) from None
        # what is none from its first sign on says nothing of the item, such as a page of text
        cause = Cause.ITEM if error.pos else Cause.OUTAGE
        raise BodyError(f"invalid JSON at {place}", final=False, cause=cause) from None
    except RecursionError:
        message = "the JSON is nested too deeply"
        raise BodyError(message, final=True, cause=Cause.ITEM) from None
    return result


def _parse(text: str, result: JsonBody) -> Any:
    """Return what a text means; a number that cannot be represented is null, with a remark."""
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError:
        raise
    except (ValueError, OverflowError):
        parsed = _LENIENT.decode(text)
        result.remarks += (_BROKEN_NUMBER,)
        return parsed


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
            return _trim(body.decode(name)), ()
    remark = _BROKEN_TEXT.format(encoding.upper().removesuffix("-SIG"))
    return _trim(body.decode(encoding, "replace")), (remark,)


def _trim(text: str) -> str:
    return text.lstrip("\ufeff\ufffd \t\r\n").rstrip("\ufffd\0 \t\r\n")


@functools.lru_cache(maxsize=8)
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


def _float(text: str) -> Any:
    """Return a number with a point or an exponent: an integer where it is whole."""
    number = float(text)
    if math.isinf(number):
        raise OverflowError
    if not number.is_integer():
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
# the slower one, for bodies with what cannot be a number: NaN, 1e400, thousands of digits
_LENIENT = json.JSONDecoder(
    parse_float=_number_or_none,
    parse_int=_number_or_none,
    parse_constant=lambda _: None,
    strict=False,
)


def looks_like_json(content_type: str | None) -> bool:
    """Return whether a media type is one of JSON."""
    return bool(content_type and re.search(r"[/+]json\b", content_type, re.IGNORECASE))


def intruder(name: str, body: bytes | Path) -> str | None:
    """Return what came in place of a file of that name: a page or a JSON response; null for none.

    Only where the name rules it out: a page under a name that may be one is kept.
    """
    found = _EXTENSION.search(name)
    extension = found[1].lower() if found else ""
    if not _NO_MARKUP.fullmatch(extension):
        return None
    head = body[:_MARKUP_WITHIN] if isinstance(body, bytes) else _start_of(body)
    if _MARKUP.match(head) and _OFFICE not in head:
        return f"a page came where the name says {extension}"
    if extension in _TEXTS or head.lstrip(_BLANK)[:1] != b"{" or not isinstance(body, bytes):
        return None
    is_object = Response(200, {}, body).json_object is not None
    return f"a JSON response came where the name says {extension}" if is_object else None


def _start_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MARKUP_WITHIN)
