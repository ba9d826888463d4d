"""Bodies of responses: parsed JSON, bytes, or a file on disk when they are large."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

# a file up to this size stays in memory, where filters can look into it
LARGEST_IN_MEMORY = 65_536


class NoJsonError(Exception):
    """A body that is no JSON; `html` when it is a page, `empty` when there is nothing."""

    def __init__(self, message: str, *, final: bool) -> None:
        super().__init__(message)
        # asking again can mend a cut body, and no page
        self.final = final


class JsonBody(bytes):
    """Bytes of a JSON body that were parsed when they came, so that nobody parses them twice."""

    parsed: Any


@dataclass(frozen=True, slots=True)
class SpooledBody:
    """A body too large for memory: a file that the run deletes when the item is committed."""

    path: Path
    size: int
    sha256: str


def parse_json(body: bytes) -> Any:
    """Parse a JSON body: UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    Raises:
        NoJsonError: with one clause that says what the body is instead. No data in it.
    """
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if not start:
        raise NoJsonError("the body is empty where JSON is due", final=False)
    if start == b"<":
        raise NoJsonError("HTML where JSON is due", final=True)
    try:
        # UTF-16 and UTF-32 begin with a mark, or have a zero among the first two bytes
        plain = body[:2].isascii() and b"\0" not in body[:2]
        text = body.decode("utf-8" if plain else json.detect_encoding(body))
        return _DECODER.decode(text)
    except UnicodeDecodeError:
        raise NoJsonError("the text is not UTF-8 where JSON is due", final=True) from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        cut = error.pos >= len(text.rstrip()) or "Unterminated" in error.msg
        what = "the JSON breaks off" if cut else "this is no JSON"
        raise NoJsonError(f"{what} at {place}", final=False) from None
    except RecursionError:
        raise NoJsonError("the JSON is nested too deeply", final=True) from None
    except ValueError:
        raise NoJsonError("the JSON holds a number that no one can read", final=True) from None


def _no_constant(_name: str) -> NoReturn:
    raise ValueError


# one for all bodies: `json.loads` with an option makes a decoder at each call
_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def looks_like_json(content_type: str | None) -> bool:
    """Tell whether a media type is JSON's."""
    return bool(content_type and re.search(r"[/+]json\b", content_type, re.IGNORECASE))


def sha256(body: bytes) -> str:
    """Return the SHA-256 of bytes as lower-case hex."""
    return hashlib.sha256(body).hexdigest()
