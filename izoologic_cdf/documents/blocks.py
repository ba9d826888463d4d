"""Generated blocks inside hand-written documents."""

import re
from collections.abc import Callable, Mapping

from izoologic_cdf.errors import CdfError
from izoologic_cdf.language.positions import did_you_mean

BEGIN = re.compile(r"<!-- generated: (\S+) -->")
END = "<!-- end -->"

Producers = Mapping[str, Callable[[], str]]
"""Name of a block -> what makes its Markdown, without a newline at its end."""


class BlockError(CdfError):
    """A document whose markers can't be followed; the message names the document and the line."""


def filled(text: str, name: str, producers: Producers) -> str:
    """Return a document with every generated block made anew; all else stays as it is.

    `name` is the document's name for messages. A marker stands alone on its line.

    Raises:
        BlockError: a block of an unknown name, one that does not end, an end without a begin.
    """
    out: list[str] = []
    opened: tuple[str, int] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        begin = BEGIN.fullmatch(line)
        if opened is None:
            if line == END:
                raise BlockError(f"{name}:{number}: this ends a block that did not begin")
            out.append(line)
            if begin:
                opened = begin[1], number
                out += ["", _made(begin[1], f"{name}:{number}", producers), ""]
        elif begin:
            raise BlockError(f"{name}:{number}: the block {opened[0]!r} has not ended yet")
        elif line == END:
            out.append(line)
            opened = None
    if opened is not None:
        raise BlockError(f"{name}:{opened[1]}: the block {opened[0]!r} does not end")
    return "\n".join(out) + "\n"


def names(text: str) -> list[str]:
    """Return the names of the blocks of a document, in order."""
    return [found[1] for line in text.splitlines() if (found := BEGIN.fullmatch(line))]


def _made(block: str, place: str, producers: Producers) -> str:
    if block not in producers:
        raise BlockError(f"{place}: there is no block {block!r}; {did_you_mean(block, producers)}")
    return producers[block]()
