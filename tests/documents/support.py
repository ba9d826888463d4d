"""What the tests of the documents read: texts, blocks of code, links."""

import re
from pathlib import Path

from tools.documents import documents
from tools.layers import ROOT

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def name(path: Path) -> str:
    """Return a document's path in the project."""
    return path.relative_to(ROOT).as_posix()


DOCUMENTS = {name(path): path for path in documents()}


def text(document: str) -> str:
    """Return the text of a document."""
    return DOCUMENTS[document].read_text(encoding="utf-8")


def fences(markdown: str) -> list[tuple[str, str]]:
    """Return the blocks of code: language and content."""
    return _FENCE.findall(markdown)


def inline(markdown: str) -> list[str]:
    """Return the inline code outside blocks of code."""
    return _INLINE.findall(_FENCE.sub("", markdown))


def links(markdown: str) -> list[str]:
    """Return the targets of links outside blocks of code."""
    return _LINK.findall(_FENCE.sub("", markdown))


def anchors(markdown: str) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    found: dict[str, int] = {}
    made = set()
    for heading in _HEADING.findall(_FENCE.sub("", markdown)):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        count = found.get(anchor, 0)
        found[anchor] = count + 1
        made.add(f"{anchor}-{count}" if count else anchor)
    return made


def rows(markdown: str) -> list[list[str]]:
    """Return the rows of all tables, headings and rules included."""
    lines = [line for line in markdown.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
