"""Masks the secrets of a run in all that is written.

A secret is not looked for by a list of its spellings: a text is decoded, one encoding after the
other, and the secret is looked for in every layer. What is masked is the shortest piece of the text
that still holds it. Masking comes first, and only then is a long text cut, so that no part of a
secret is left at the cut.
"""

import base64
import contextlib
import functools
import html
import re
import threading
import unicodedata
from bisect import bisect_left
from collections.abc import Collection, Iterator

from izoologic_cdf.printable import printable

MASK = "***"
# shorter secrets would mask ordinary words
MIN_SECRET = 4
# characters of a text that are shown, and those that are read before
MAX_TEXT = 1_000
MAX_READ = 65_536
# short texts that are kept as they were shown
MAX_KEPT = 256
# one encoding inside another, such as JSON in a URL in base64
_MAX_DEPTH = 6
# characters of all layers of one text, and pieces to mask in it: one with more is not shown at all
_MAX_DECODED = 3_000_000
_MAX_PIECES = 100
# 13 to 19 digits in groups, which is a card when its check digit is right (ISO/IEC 7812)
_CARD = re.compile(r"(?<![0-9A-Za-z])[2-6](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z])")
# a character beyond 16 bits is a pair
_UNICODE = r"[uU](?P<high>[dD][89abAB]HH)[%\\][uU](?P<low>[dD][c-fC-F]HH)|u(?P<four>HHHH)"
_LONG = r"[ux]\{(?P<braced>H{1,6})\}|U(?P<eight>HHHHHHHH)|x(?P<hex>HH)|(?P<octal>[0-7]{2,3})"
# each family of escapes is a layer of its own: in `key=ab%2B`, `=ab` is none
_ESCAPES = tuple(
    re.compile(pattern.replace("H", "[0-9A-Fa-f]"))
    for pattern in (
        rf"%(?:(?P<hex>HH)|{_UNICODE})",
        rf"\\(?:{_UNICODE}|{_LONG}|(?P<plain>[^0-9A-Za-z]|[bfnrt]))",
        r"(?P<entity>&(?:#[0-9]{1,7}|#[xX]H{1,6}|[A-Za-z][0-9A-Za-z]{1,30});?)",
        r"=(?:(?P<hex>HH)|[ \t]*\r?\n)",
        r"(?:\\|[Uu]\+)(?P<braced>H{1,6}) ?",
        r"(?P<plain>[\"'])(?P=plain)",
        # UTF-16, lines that were broken, and what nobody sees: U+00AD, U+200B to U+200F, U+2060
        r"\0|\\?[ \t]*[\r\n]\s*|\xc2\xad|\xe2(?:\x80[\x8b-\x8f]|\x81\xa0)",
    )
)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "\n": ""}
# long base64 is broken into lines, or these are joined by a blank
_BASE64 = re.compile(
    r"[0-9A-Za-z+/_-]{6,}(?:(?<=[0-9A-Za-z+/_-]{40})\s{1,2}[0-9A-Za-z+/_-]+)*={0,2}"
)
# more than the longest escape has
_MARGIN = 40
_PADDING = re.compile("={0,6}")
_HEX = re.compile(r"[0-9A-Fa-f]{2}(?:[\s:,;._-]{0,2}(?:0x)?[0-9A-Fa-f]{2}){3,}[0-9A-Fa-f]?")
_BETWEEN = re.compile(r"(?<![0-9A-Fa-f])0x|[^0-9A-Fa-f]")
_DECIMAL = re.compile(r"[0-9]{1,3}(?:[\s,;]{1,2}[0-9]{1,3}){3,}")
_BASE32 = re.compile(r"[A-Za-z2-7]{7,}")


class _TooMuchError(Exception):
    """A text hides too much to be looked at."""


class Redactor:
    """Masks secrets in every encoding, and numbers that can only be payment cards (I-38)."""

    def __init__(self) -> None:
        self._secrets: frozenset[str] = frozenset()
        # a warning is the same of many cases, and is both shown and recorded
        self._show_again = functools.lru_cache(MAX_KEPT)(_show)
        self._lock = threading.Lock()

    def add(self, secret: str) -> None:
        """Remember a secret (an API key, a token); short ones and blanks are no secrets."""
        if len(secret.strip()) < MIN_SECRET:
            return
        forms: set[bytes] = set()
        # as it was given, as a header or a filter trims it, and in another case beyond ASCII
        trimmed = secret.strip()
        for given in (secret, trimmed, trimmed.lower(), trimmed.upper()):
            forms |= {given.encode(name, "surrogatepass") for name in ("utf-8", "utf-16-le")}
            # UTF-8 that was decoded as Latin-1, and Latin-1 itself
            forms.add(_to_bytes(given).encode())
            with contextlib.suppress(UnicodeEncodeError):
                forms.add(given.encode("latin-1"))
        with self._lock:
            self._secrets |= {_fold(form.decode("latin-1")) for form in forms}

    def __call__(self, text: str) -> str:
        """Return the text with every secret replaced, cut, and as one printable line."""
        show = self._show_again if len(text) <= MAX_TEXT else _show
        return show(text, self._secrets)


def _show(text: str, secrets: Collection[str]) -> str:
    is_long = len(text) > MAX_READ
    text = text[:MAX_READ]
    if secrets:
        try:
            text = _mask(text, secrets)
        except _TooMuchError:
            text = MASK
    text = _CARD.sub(_mask_card, text)
    if is_long or len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]}..."
    return printable(text)


def _mask(text: str, secrets: Collection[str]) -> str:
    """Return a text with the pieces masked that hide a secret; raises _TooMuchError."""
    pieces: list[tuple[int, int]] = []
    for secret in _find(text, secrets):
        end = len(text)
        while True:
            begin, end = _last_piece(text[:end], secret)
            if begin < 0:
                break
            pieces.append((begin, _whole(text, begin, end)))
            if len(pieces) > _MAX_PIECES:
                raise _TooMuchError
            # the next may overlap
            end -= 1
    shown, done = "", 0
    for begin, end in sorted(pieces):
        if begin >= done:
            shown += text[done:begin] + MASK
        done = max(done, end)
    return shown + text[done:]


def _whole(text: str, begin: int, end: int) -> int:
    """Return where a piece ends with all of its last escape, and its padding."""
    escapes = [
        found for escape in _ESCAPES for found in escape.finditer(text, begin, end + _MARGIN)
    ]
    whole = max((found.end() for found in escapes if found.start() < end), default=end)
    padding = _PADDING.match(text, max(whole, end))
    return padding.end() if padding else end


def _last_piece(text: str, secret: str) -> tuple[int, int]:
    """Return where the last piece begins and ends that hides a secret; -1 for none."""
    end = len(text)
    begin = bisect_left(range(end), 1, key=lambda at: not _find(text[at:], (secret,))) - 1
    if begin < 0:
        return -1, -1
    return begin, bisect_left(
        range(end), 1, lo=begin, key=lambda at: bool(_find(text[begin:at], (secret,)))
    )


def _find(text: str, secrets: Collection[str]) -> set[str]:
    """Return which secrets a text holds, in whatever encoding; raises _TooMuchError."""
    found = set[str]()
    shortest = min(map(len, secrets))
    # wide and other forms of a character are that character
    layers = {_to_bytes(text), _to_bytes(unicodedata.normalize("NFKC", text))}
    seen, read, todo = layers, 0, [(layer, _MAX_DEPTH) for layer in layers]
    while todo and len(found) < len(secrets):
        layer, depth = todo.pop()
        folded = _fold(layer)
        found |= {secret for secret in secrets if secret in folded}
        for inner in _decode(layer, shortest) if depth else ():
            if len(inner) >= shortest and inner not in seen:
                seen.add(inner)
                todo.append((inner, depth - 1))
                read += len(inner)
        if read > _MAX_DECODED:
            raise _TooMuchError
    return found


def _fold(text: str) -> str:
    # a form writes a blank as a plus, and some systems change the case of what they quote
    return text.lower().replace("+", " ")


def _to_bytes(text: str) -> str:
    """Return the bytes of a text in UTF-8, one character each."""
    return text if text.isascii() else text.encode("utf-8", "surrogatepass").decode("latin-1")


def _decode(text: str, shortest: int) -> Iterator[str]:
    """Yield all that a text may be an encoding of, as far as it holds so many characters."""
    for escape in _ESCAPES:
        if escape.search(text):
            yield escape.sub(_decode_escape, text)
    for run in _BASE64.finditer(text):
        if len(run[0]) * 3 // 4 >= shortest:
            packed = "".join(run[0].split()).rstrip("=").replace("-", "+").replace("_", "/")
            # a longer one may have begun before it, at any alignment
            for part in (packed[shift:] for shift in range(4)):
                # a single character at the end holds no byte
                whole = part[:-1] if len(part) % 4 == 1 else part
                yield base64.b64decode(whole + "=" * (-len(whole) % 4)).decode("latin-1")
    for run in _BASE32.finditer(text):
        if len(run[0]) * 5 // 8 >= shortest:
            for part in (run[0][shift:].upper() for shift in range(8)):
                # so many characters at the end hold no byte
                whole = part[: len(part) - (1 if len(part) % 8 in (1, 3, 6) else 0)]
                yield base64.b32decode(whole + "=" * (-len(whole) % 8)).decode("latin-1")
    for run in _DECIMAL.finditer(text):
        yield "".join(chr(int(one) & 0xFF) for one in re.findall("[0-9]+", run[0]))
    for run in _HEX.finditer(text):
        if len(run[0]) // 2 >= shortest:
            digits = _BETWEEN.sub("", run[0])
            for part in (digits, digits[1:]):
                yield bytes.fromhex(part[: len(part) // 2 * 2]).decode("latin-1")


def _decode_escape(found: re.Match[str]) -> str:
    """Return what an escape stands for, as bytes."""
    token = {name: digits for name, digits in found.groupdict().items() if digits is not None}
    if "hex" in token:
        return chr(int(token["hex"], 16))
    if "octal" in token:
        return chr(int(token["octal"], 8) & 0xFF)
    if "entity" in token:
        return _to_bytes(html.unescape(token["entity"]))
    if "plain" in token:
        return _CONTROLS.get(token["plain"], token["plain"])
    if "low" in token:
        high, low = int(token["high"], 16), int(token["low"], 16)
        return _to_bytes(chr(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF)))
    for name in ("four", "braced", "eight"):
        if name in token and int(token[name], 16) <= 0x10FFFF:
            return _to_bytes(chr(int(token[name], 16)))
    return ""  # where quoted-printable breaks a line, and zeros


def _mask_card(found: re.Match[str]) -> str:
    digits = [int(digit) for digit in found[0] if digit.isdigit()]
    odd, even = digits[-1::-2], digits[-2::-2]
    doubled = [sum(divmod(2 * digit, 10)) for digit in even]
    return found[0] if (sum(odd) + sum(doubled)) % 10 else MASK
