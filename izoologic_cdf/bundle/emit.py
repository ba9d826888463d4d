"""Writes a tree as YAML: the same text for the same tree, whatever library is installed.

It knows only what definitions need: block and short flow collections, plain and double-quoted
scalars, literal blocks for text with line ends, folded blocks for long expressions.
"""

import json
import math
import re
from collections import Counter
from itertools import count

from izoologic_cdf.bundle.tree import (
    Mapping,
    Scalar,
    Sequence,
    Tree,
    children,
    fingerprint,
    from_text,
    resolves_to_text,
    walk,
)
from izoologic_cdf.errors import CdfError

WIDTH = 110
_STRING = "tag:yaml.org,2002:str"
_MERGE = "<<"
_BARE = re.compile(r"[A-Za-z0-9_./(\\][^\x00-\x1f\x7f-\xff]*")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_ -]*")


class EmitError(CdfError):
    """What was written does not read back as the same tree: a fault of this module."""


def emit(tree: Tree) -> str:
    """Return the YAML text of a tree.

    Raises:
        EmitError: the text does not read back as the tree.
    """
    if isinstance(tree, Scalar):
        raise EmitError("a definition is a mapping")
    text = "\n".join(_Writer(tree).block(tree, 0)) + "\n"
    if fingerprint(from_text(text, "built")) != fingerprint(tree):
        raise EmitError("the written text does not read back as the tree")
    return text


class _Writer:
    def __init__(self, tree: Tree) -> None:
        self._names = _anchors(tree)
        self._written: set[int] = set()

    def block(self, tree: Sequence | Mapping, indent: int) -> list[str]:
        """Return the lines of a collection, one part below the other."""
        lines: list[str] = []
        pad = " " * indent
        for index, value in enumerate(children(tree)):
            lines += [pad + comment if comment else "" for comment in tree.comments.get(index, [])]
            if isinstance(tree, Mapping):
                head = f"{pad}{_key(tree.entries[index][0])}:"
                lines += self._value(head, value, indent + 2)
            else:
                lines += self._item(pad, value, indent)
        return lines

    def _item(self, pad: str, item: Tree, indent: int) -> list[str]:
        block = self._is_block(item, len(pad) + 2)
        if block and isinstance(item, Mapping) and id(item) not in self._names:
            # a mapping begins on the line of its dash
            first, *rest = self.block(item, indent + 2) if item.tag is None else [""]
            if first.strip() and not first.lstrip().startswith("#"):
                return [f"{pad}- {first.lstrip()}", *rest]
        return self._value(f"{pad}-", item, indent + 2)

    def _is_block(self, tree: Tree, column: int) -> bool:
        return (
            not isinstance(tree, Scalar)
            and id(tree) not in self._written
            and self._flow(tree, column) is None
        )

    def _value(self, head: str, value: Tree, indent: int) -> list[str]:
        """Return the lines of a value that follows a key or a dash."""
        if id(value) in self._written:
            return [f"{head} *{self._names[id(value)]}"]
        if id(value) in self._names:
            head = f"{head} &{self._names[id(value)]}"
        lines = self._whole(head, value, indent)
        if id(value) in self._names:
            self._written.add(id(value))
        return lines

    def _whole(self, head: str, value: Tree, indent: int) -> list[str]:
        """Return the lines of a value that is written here, not referred to."""
        if isinstance(value, Scalar):
            return self._scalar(head, value, indent)
        if (flow := self._flow(value, len(head) + 1)) is not None:
            return [f"{head} {flow}"]
        if value.flow and all(isinstance(child, Scalar) for child in children(value)):
            return self._wrapped_flow(head, value, indent)
        tag = f" {value.tag}" if isinstance(value, Mapping) and value.tag else ""
        return [f"{head}{tag}", *self.block(value, indent)]

    def _flow(self, tree: Sequence | Mapping, column: float) -> str | None:
        """Return a collection on one line, where it was so, fits, and holds nothing anchored."""
        if (not tree.flow and children(tree)) or tree.comments:
            return None
        parts = [self._flow_part(child) for child in children(tree)]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        if isinstance(tree, Sequence):
            text = f"[{', '.join(known)}]"
        else:
            pairs = zip(tree.entries, known, strict=True)
            text = "{" + ", ".join(f"{_key(key)}: {part}" for (key, _), part in pairs) + "}"
            text = f"{tree.tag} {text}" if tree.tag else text
        return text if len(text) + column <= WIDTH else None

    def _wrapped_flow(self, head: str, tree: Sequence | Mapping, indent: int) -> list[str]:
        """Return a long flow collection of scalars on several lines, broken between its parts."""
        lines = [head]
        flow = self._flow(tree, -math.inf) or ""
        for part in re.split(r"(?<=,) ", flow):
            if len(lines[-1]) + 1 + len(part) > WIDTH:
                lines.append(" " * (indent + 2) + part)
            else:
                lines[-1] += f" {part}"
        return lines

    def _flow_part(self, tree: Tree) -> str | None:
        """Return a node inside of a flow collection; null where it needs lines of its own."""
        if id(tree) in self._names:
            return f"*{self._names[id(tree)]}" if id(tree) in self._written else None
        if not isinstance(tree, Scalar):
            return self._flow(tree, 0)
        return None if "\n" in tree.text else _tagged(tree, _inline_text(tree, flow=True))

    def _scalar(self, head: str, tree: Scalar, indent: int) -> list[str]:
        one_line = f"{head} {_tagged(tree, _inline_text(tree, flow=False))}"
        style, lines = ">-", list(tree.lines)
        if not lines or " ".join(lines) != tree.text:
            if "\n" in tree.text and _literal_safe(tree.text):
                style = "|" if tree.text.endswith("\n") else "|-"
                lines = tree.text.removesuffix("\n").split("\n")
            elif len(one_line) > WIDTH and _foldable(tree.text):
                lines = _folded(tree.text, WIDTH - indent)
            else:
                return [one_line]
        tag = f" {tree.tag}" if tree.tag.startswith("!") else ""
        return [f"{head}{tag} {style}", *(" " * indent + line if line else "" for line in lines)]


def _anchors(tree: Tree) -> dict[int, str]:
    """Name every node that is reached more than once."""
    nodes = list(walk(tree))
    uses = Counter(id(child) for node in nodes for child in children(node))
    names: dict[int, str] = {}
    for node in nodes:
        if uses[id(node)] > 1:
            base = node.anchor or "shared"
            free = (base if number == 1 else f"{base}_{number}" for number in count(1))
            names[id(node)] = next(name for name in free if name not in names.values())
    return names


def _key(key: str) -> str:
    if key == _MERGE or (_KEY.fullmatch(key) and resolves_to_text(key)):
        return key
    return json.dumps(key, ensure_ascii=False)


def _tagged(tree: Scalar, text: str) -> str:
    return f"{tree.tag} {text}" if tree.tag.startswith("!") else text


def _inline_text(tree: Scalar, *, flow: bool) -> str:
    text = tree.text
    tagged = tree.tag.startswith("!")
    if not tagged and tree.tag != _STRING:
        return text
    special = ": " in text or " #" in text or text.endswith((":", " ")) or text.startswith("- ")
    special = special or (flow and any(char in text for char in ",[]{}"))
    quoted = tree.style in ("'", '"') and not tagged
    if _BARE.fullmatch(text) and not special and not quoted and (tagged or resolves_to_text(text)):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _literal_safe(text: str) -> bool:
    # a first line that begins with a blank needs an indentation indicator
    lines = text.split("\n")
    return (
        not lines[0].startswith(" ")
        and bool(lines[0])
        and not text.endswith("\n\n")
        and all(char.isprintable() or char == "\n" for char in text)
        and all(line == line.rstrip() for line in lines)
    )


def _foldable(text: str) -> bool:
    return (
        text == text.strip()
        and text.isprintable()
        and "\n" not in text
        and not any(word.startswith("#") for word in text.split(" "))
    )


def _folded(text: str, width: int) -> list[str]:
    """Break at single blanks between words only: folding gives exactly the text back."""
    hidden = re.sub(r"'[^']*'", lambda quoted: quoted[0].replace(" ", "\0"), text)
    lines: list[str] = []
    for word in re.split(r"(?<=\S) (?=\S)", hidden):
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [line.replace("\0", " ") for line in lines]
