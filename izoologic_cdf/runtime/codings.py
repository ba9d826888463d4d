"""Content codings: the bytes that are meant, out of the bytes that were sent.

Only gzip is asked for. A server that sends another coding all the same has sent nothing that can be
kept, and a stream that breaks off is not the whole body, however much of it can be read.
"""

import re
import zlib
from collections.abc import Iterator

from izoologic_cdf.errors import CdfError

CHUNK = 65_536
_KNOWN = frozenset({"gzip", "x-gzip", "deflate"})
# what servers write where nothing is coded; the last is a character set in the wrong place
_PLAIN = frozenset({"", "identity", "utf-8"})
_MOST_CODINGS = 3
# the formats, as zlib names them
_GZIP, _ZLIB, _RAW = 31, 15, -15
# a format shows in so many bytes
_HEAD = 2


class CodingError(CdfError):
    """A body that cannot be decoded; `final` where asking again cannot mend it."""

    def __init__(self, message: str, *, final: bool) -> None:
        super().__init__(message)
        self.final = final


def decoded(chunks: Iterator[bytes], codings: str | None) -> Iterator[bytes]:
    """Return the bytes of a body; `codings` is its Content-Encoding, in the order of coding.

    At most `CHUNK` bytes come at a time, so that a small body cannot become a large one in memory.

    Raises:
        CodingError: an unknown coding, or a stream that breaks off or cannot be decoded.
    """
    names = [name.strip().lower() for name in (codings or "").split(",")]
    names = [name for name in names if name not in _PLAIN]
    for name in names:
        if name not in _KNOWN:
            shown = repr(name) if re.fullmatch("[a-z0-9._-]{1,20}", name) else "of an odd name"
            message = f"the server sent it in the content coding {shown}, which was not asked for"
            raise CodingError(message, final=True)
    if len(names) > _MOST_CODINGS:
        raise CodingError(f"the server coded it {len(names)} times over", final=True)
    for name in reversed(names):
        chunks = _inflated(chunks, name)
    return chunks


def _inflated(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
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
                message = f"the {name} stream cannot be decoded"
                raise CodingError(message, final=False) from None
            if piece:
                yield piece
            if stream.eof:
                data, streams = stream.unused_data, streams + 1
                stream = None
                more = bool(data)
            else:
                data = stream.unconsumed_tail
                # all may have gone in, with more still to come out
                more = bool(data) or len(piece) == CHUNK
    if stream is not None or not streams or data:
        raise CodingError(f"the {name} stream breaks off", final=False)


def _format(name: str, head: bytes) -> int:
    if name != "deflate":
        return _GZIP
    # by its standard it is zlib's format; some servers leave out the head and the sum (RFC 9110)
    is_zlib = head[0] & 0x0F == zlib.DEFLATED and (head[0] << 8 | head[1]) % 31 == 0
    return _ZLIB if is_zlib else _RAW
