"""Masks the secrets of a run in all that is written.

A secret is not looked for by a list of its spellings: a text is decoded, one encoding after the
other, and the secret is looked for in every layer. Masking comes first, and only then is a long
text cut, so that no part of a secret is left at the cut.
"""

import base64
import contextlib
import html
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from izoologic_cdf.printable import printable

MASK = "***"
# shorter secrets would mask ordinary words
MIN_SECRET = 4
# characters of a text that are shown, and those that are read before
MAX_TEXT = 1_000
MAX_READ = 65_536
# one encoding inside another, such as JSON in a URL in base64
_MAX_DEPTH = 6
# characters of all layers of one text: a text that hides more than that is not shown at all
_MAX_DECODED = 3_000_000
# 13 to 19 digits in groups, which is a card when its check digit is right (ISO/IEC 7812)
_CARD = re.compile(r"(?<![0-9A-Za-z])[2-6](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z])")
# a character beyond 16 bits is a pair
_UNICODE = r"[uU](?P<high>[dD][89abAB]HH)[%\\][uU](?P<low>[dD][c-fC-F]HH)|u(?P<four>HHHH)"
_LONG = r"u\{(?P<braced>H{1,6})\}|U(?P<eight>HHHHHHHH)|x(?P<hex>HH)|(?P<octal>[0-7]{3})"
# each family of escapes is a layer of its own: in `key=ab%2B`, `=ab` is none
_ESCAPES = tuple(
    re.compile(pattern.replace("H", "[0-9A-Fa-f]"))
    for pattern in (
        rf"%(?:(?P<hex>HH)|{_UNICODE})",
        rf"\\(?:{_UNICODE}|{_LONG}|(?P<plain>[^0-9A-Za-z]|[bfnrt]))",
        r"(?P<entity>&(?:#[0-9]{1,7}|#[xX]H{1,6}|[A-Za-z][0-9A-Za-z]{1,30});?)",
        r"=(?:(?P<hex>HH)|[ \t]*\r?\n)",
        "\0",  # UTF-16
    )
)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "\n": ""}
# long base64 is broken into lines, or these are joined by a blank
_BASE64 = re.compile(
    r"[0-9A-Za-z+/_-]{6,}(?:(?<=[0-9A-Za-z+/_-]{40})\s{1,2}[0-9A-Za-z+/_-]+)*={0,2}"
)
_HEX = re.compile(r"[0-9A-Fa-f]{2}(?:[ :-]?[0-9A-Fa-f]{2}){3,}[0-9A-Fa-f]?")


@dataclass(frozen=True, slots=True)
class _Layer:
    """Bytes, one character each, and where in the text each of them begins and ends."""

    text: str
    starts: list[int]
    ends: list[int]

    def inner(self, text: str, first: list[int], last: list[int]) -> "_Layer":
        """Return what was decoded from these of the bytes."""
        return _Layer(text, [self.starts[i] for i in first], [self.ends[i] for i in last])


class Redactor:
    """Masks secrets in every encoding, and numbers that can only be payment cards (I-38)."""

    def __init__(self) -> None:
        self._secrets: frozenset[str] = frozenset()
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
            # UTF-8 that was taken for Latin-1, and Latin-1 itself
            forms.add(_utf8(given).encode())
            with contextlib.suppress(UnicodeEncodeError):
                forms.add(given.encode("latin-1"))
        with self._lock:
            self._secrets |= {_fold(form.decode("latin-1")) for form in forms}

    def __call__(self, text: str) -> str:
        """Return the text with every secret replaced, cut, and as one printable line."""
        is_long = len(text) > MAX_READ
        text = text[:MAX_READ]
        if self._secrets:
            spans = self._spans(_to_bytes(text))
            text = MASK if spans is None else _mask(text, sorted(spans))
        text = _CARD.sub(_mask_card, text)
        if is_long or len(text) > MAX_TEXT:
            text = f"{text[:MAX_TEXT]}..."
        return printable(text)

    def _spans(self, layer: _Layer) -> set[tuple[int, int]] | None:
        """Return where secrets stand in a text; null where it hides too much to be looked at."""
        secrets, found = self._secrets, set[tuple[int, int]]()
        shortest = min(map(len, secrets))
        # the same text may be hidden in several places, each of which is masked
        seen, read = {(layer.text, layer.starts[0] if layer.starts else 0)}, 0
        todo = [(layer, _MAX_DEPTH)]
        while todo:
            layer, depth = todo.pop()
            folded = _fold(layer.text)
            for secret in secrets:
                at = folded.find(secret)
                while at >= 0:
                    found.add((layer.starts[at], layer.ends[at + len(secret) - 1]))
                    at = folded.find(secret, at + 1)
            for inner in _decode(layer, shortest) if depth else ():
                if len(inner.text) < shortest:
                    continue
                place = (inner.text, inner.starts[0])
                if place not in seen:
                    seen.add(place)
                    todo.append((inner, depth - 1))
                    read += len(inner.text)
            if read > _MAX_DECODED:
                return None
        return found


def _fold(text: str) -> str:
    # a form writes a blank as a plus, and some systems change the case of what they quote
    return text.lower().replace("+", " ")


def _utf8(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def _to_bytes(text: str) -> _Layer:
    if text.isascii():
        return _Layer(text, list(range(len(text))), list(range(1, len(text) + 1)))
    pieces = list(map(_utf8, text))
    at = [place for place, piece in enumerate(pieces) for _ in piece]
    return _Layer("".join(pieces), at, [place + 1 for place in at])


def _decode(layer: _Layer, shortest: int) -> Iterator[_Layer]:
    """Yield all that a layer may be an encoding of, as far as it holds so many characters."""
    for escape in _ESCAPES:
        if escape.search(layer.text):
            yield _unescape(layer, escape)
    for run in _BASE64.finditer(layer.text):
        if len(run[0]) * 3 // 4 >= shortest:
            yield from _decode_base64(layer, *run.span())
    for run in _HEX.finditer(layer.text):
        if len(run[0]) // 2 < shortest:
            continue
        at = [i for i in range(*run.span()) if layer.text[i] not in " :-"]
        for shift in range(2):
            part = at[shift : len(at) - (len(at) - shift) % 2]
            raw = bytes.fromhex("".join(layer.text[i] for i in part)).decode("latin-1")
            yield layer.inner(raw, part[::2], part[1::2])


def _unescape(layer: _Layer, escape: re.Pattern[str]) -> _Layer:
    """Return a layer with the escapes of one family decoded; all that is no escape stays."""
    text, done = layer.text, 0
    pieces: list[str] = []
    first: list[int] = []
    last: list[int] = []
    for found in escape.finditer(text):
        begin, end = found.span()
        decoded = _decode_escape(found)
        pieces += [text[done:begin], decoded]
        first += [*range(done, begin), *[begin] * len(decoded)]
        last += [*range(done, begin), *[end - 1] * len(decoded)]
        done = end
    rest = range(done, len(text))
    return layer.inner("".join([*pieces, text[done:]]), [*first, *rest], [*last, *rest])


def _decode_escape(found: re.Match[str]) -> str:
    """Return what an escape stands for, as bytes."""
    token = {name: digits for name, digits in found.groupdict().items() if digits is not None}
    if "hex" in token:
        return chr(int(token["hex"], 16))
    if "octal" in token:
        return chr(int(token["octal"], 8) & 0xFF)
    if "entity" in token:
        return _utf8(html.unescape(token["entity"]))
    if "plain" in token:
        return _CONTROLS.get(token["plain"], token["plain"])
    if "low" in token:
        high, low = int(token["high"], 16), int(token["low"], 16)
        return _utf8(chr(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF)))
    for name in ("four", "braced", "eight"):
        if name in token and int(token[name], 16) <= 0x10FFFF:
            return _utf8(chr(int(token[name], 16)))
    return ""  # where quoted-printable breaks a line, and zeros


def _decode_base64(layer: _Layer, begin: int, end: int) -> Iterator[_Layer]:
    """Yield what a run of base64 holds, at each alignment that it may have inside a longer one."""
    at = [i for i in range(begin, end) if not layer.text[i].isspace() and layer.text[i] != "="]
    run = "".join(layer.text[i] for i in at).replace("-", "+").replace("_", "/")
    for shift in range(4):
        part = run[shift:]
        # a single character at the end holds no byte
        part = part[:-1] if len(part) % 4 == 1 else part
        raw = base64.b64decode(part + "=" * (-len(part) % 4)).decode("latin-1")
        first = [at[shift + i * 8 // 6] for i in range(len(raw))]
        last = [at[shift + (i * 8 + 7) // 6] for i in range(len(raw))]
        if last and last[-1] == at[-1]:
            last[-1] = end - 1  # its padding goes with it
        yield layer.inner(raw, first, last)


def _mask(text: str, spans: list[tuple[int, int]]) -> str:
    pieces: list[str] = []
    done = 0
    for begin, end in spans:
        if begin >= done:
            pieces += [text[done:begin], MASK]
        done = max(done, end)
    return "".join([*pieces, text[done:]])


def _mask_card(found: re.Match[str]) -> str:
    digits = [int(digit) for digit in found[0] if digit.isdigit()]
    odd, even = digits[-1::-2], digits[-2::-2]
    doubled = [sum(divmod(2 * digit, 10)) for digit in even]
    return found[0] if (sum(odd) + sum(doubled)) % 10 else MASK
