"""The tokens that the API gives out: for access after a login, and for each file of a case."""

import base64
import binascii
import hashlib
import json
import secrets
from collections import Counter

from izoologic_cdf.emulator.scenario import Options


class AccessTokens:
    """The bearer tokens given out: opaque, long, three dot-separated base64url parts."""

    def __init__(self) -> None:
        # each token's number, from 1; and of those that still hold, when it was issued, and uses
        self.issued: dict[str, int] = {}
        self._valid: dict[str, tuple[int, int]] = {}

    def issue(self, now: int, options: Options) -> str:
        """Return a new token; with ``single_token`` the earlier ones end here."""
        token = ".".join(secrets.token_urlsafe(size) for size in (27, 96, 32))
        if options.single_token:
            self._valid.clear()
        self.issued[token] = len(self.issued) + 1
        self._valid[token] = now, 0
        return token

    def use(self, token: str, now: int, options: Options) -> bool:
        """Count one use and return whether the token was still good for it."""
        if token not in self._valid:
            return False
        (issued, uses), life = self._valid.pop(token), options.token_life_seconds
        if life is not None and now - issued >= life:
            return False
        if options.token_life_uses is not None and uses >= options.token_life_uses:
            return False
        self._valid[token] = issued, uses + 1
        return True

    def revoke(self) -> None:
        """End every token that has been given out."""
        self._valid.clear()


_MAGIC = b"Salted__"
_TAG_SIZE = 8
# aligned to three bytes it becomes "+/+/AA==": a token that is not encoded properly breaks always
_TAIL = b"\xfb\xff\xbf\x00"


class FileTokens:
    """The tokens of files: salted, so that no two are equal, and self-contained.

    The text begins with `U2FsdGVkX1` as the guide's does, and ends in `+/+/AA==`.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._uses = Counter[str]()
        self._stored: dict[str, tuple[str, int]] = {}

    def issue(self, case_id: str, index: int, now: int) -> str:
        """Return a new token for the file with that index (from 0) in the case's ``caseFiles``."""
        plain = json.dumps([case_id, index, now]).encode()
        plain += b" " * (-(len(_MAGIC) * 2 + len(plain) + _TAG_SIZE) % 3)
        salt = secrets.token_bytes(8)
        sealed = self._mask(plain + self._tag(plain), salt)
        return base64.b64encode(_MAGIC + salt + sealed + _TAIL).decode()

    def store(self, token: str, case_id: str, index: int) -> None:
        """Remember a token that a scenario gives."""
        self._stored[token] = (case_id, index)

    def read(self, token: str) -> tuple[str, int, int | None] | None:
        """Return case id, index and time of issue (None if stored) of a token, else None."""
        if token in self._stored:
            return (*self._stored[token], None)
        try:
            raw = base64.b64decode(token, validate=True)
        except (ValueError, binascii.Error):
            return None
        if not (raw.startswith(_MAGIC) and raw.endswith(_TAIL)):
            return None
        opened = self._mask(raw[16 : -len(_TAIL)], raw[8:16])
        plain, tag = opened[:-_TAG_SIZE], opened[-_TAG_SIZE:]
        if not secrets.compare_digest(tag, self._tag(plain)):
            return None
        case_id, index, issued = json.loads(plain)
        return case_id, index, issued

    def use(self, token: str, now: int, options: Options) -> tuple[str, int] | None:
        """Count one use and return case id and index, or None if unknown, used up or expired."""
        found = self.read(token)
        if found is None:
            return None
        case_id, index, issued = found
        life = options.file_token_life_seconds
        if life is not None and issued is not None and now - issued >= life:
            return None
        if options.file_token_uses is not None:
            if self._uses[token] >= options.file_token_uses:
                return None
            self._uses[token] += 1
        return case_id, index

    def _mask(self, data: bytes, salt: bytes) -> bytes:
        stream = hashlib.shake_256(self._key + salt).digest(len(data))
        return bytes(a ^ b for a, b in zip(data, stream, strict=True))

    def _tag(self, plain: bytes) -> bytes:
        return hashlib.blake2b(plain, key=self._key, digest_size=_TAG_SIZE).digest()
