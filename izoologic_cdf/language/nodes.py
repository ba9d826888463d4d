"""YAML text to a tree of nodes that know where they stand.

PyYAML's own nodes are kept (they carry the marks); this module adds what a CDF needs on top:
merge keys resolved with the precedence of PyYAML, keys as text, scalars as native values, and
the place of a character inside a scalar.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from izoologic_cdf.errors import Position
from izoologic_cdf.language import overlay, repairs
from izoologic_cdf.language.positions import Code, DefinitionError, Finding, Findings, did_you_mean

_Tree = TypeVar("_Tree")

# a word that can be renamed: the construct, `word`, `keys` or `values` of it, the word itself
Spot = tuple[str, str, str]
EXPR, TMPL, JSON = "!expr", "!tmpl", "!json"
TAGS = (EXPR, TMPL, JSON)
_YAML = "tag:yaml.org,2002:"
_MERGE = _YAML + "merge"
# libyaml's parser is some twenty times faster; both give the same marks
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# finds the same mistakes without finding out what each value is, which takes most of the time
_Checker: Any = type(
    "_Checker",
    (_Loader,),
    dict.fromkeys(("descend_resolver", "ascend_resolver", "resolve"), staticmethod(lambda *_: "")),
)
# what may stand in front of a scalar: blanks, tag and anchor, a comment
_BEFORE = re.compile(r"(?:\s+|[!&]\S*)*(?:(?<!\S)#.*)?")
_NATIVE_TAGS = {_YAML + kind for kind in ("null", "bool", "int", "float")}
# the tags that YAML gives to untagged nodes
_PLAIN_TAGS = _NATIVE_TAGS | {
    _YAML + kind for kind in ("str", "seq", "map", "timestamp", "merge", "value")
}
# what a scalar that is not what its tag says ends in
_NOT_READ = (ValueError, LookupError, yaml.YAMLError)
# more nodes than this, aliases followed, are no definition but an attack
MAX_NODES = 1_000_000
# levels of collections in collections
MAX_NESTING = 100
_TOO_DEEP = f"this is nested more than {MAX_NESTING} levels deep"
# what an escape of a double-quoted scalar stands for, where it is white space
_BLANK_ESCAPES = frozenset("ntrvf _NLP\t")
_ESCAPE_LENGTHS = {"x": 4, "u": 6, "U": 10}

__all__ = [
    "Document",
    "Entry",
    "MappingNode",
    "Node",
    "ScalarNode",
    "SequenceNode",
    "read",
    "read_as",
]


class Entry(NamedTuple):
    """One key of a mapping after merging; `merged` says that it came in by `<<`."""

    key: str
    key_node: ScalarNode
    value: Node
    merged: bool


class Keep(Enum):
    """What becomes of a key that stands twice: a finding, or one of the two counts."""

    NEITHER = "neither"
    FIRST = "first"
    LAST = "last"


class Document:
    """One YAML file: its text, its name for people, its root node."""

    def __init__(self, name: str, text: str, *, uploaded: bool = False) -> None:
        """Parse the text; `uploaded` is the view that is built, else the one that is executed.

        Raises:
            DefinitionError: the text is not valid YAML, or is empty.
        """
        self.name = name
        # what the loader has made of a node under certain names
        self.compiled: dict[object, Any] = {}
        # the words that this file spells otherwise, the file that says so, and words that it has
        # in their other spelling
        self.spelt: Mapping[Spot, str] = {}
        self.spelt_in = ""
        self.misspelt: list[Finding] = []
        self.lines = text.splitlines()
        self._keep = Keep.NEITHER
        try:
            self._refuse_depth(text)
            root = yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            problem = error.problem or error.context or "this cannot be read"
            if "nesting depth" in problem:
                # newer parsers have a limit of their own, and reach it before ours
                raise self._unreadable(_TOO_DEEP, line, column) from None
            found = repairs.find(self.lines, line - 1, column - 1, problem, _fails_at)
            if found:
                line, column, problem = found.line + 1, found.column + 1, found.message
            help_ = found.help if found else None
            message = f"not valid YAML: {problem}"
            raise self._unreadable(message, line, column, help_) from None
        except yaml.YAMLError as error:
            raise self._unreadable(f"not valid YAML: {error}") from None
        except (RecursionError, ValueError) as error:
            raise self._unreadable(f"not valid YAML: {type(error).__name__}") from None
        if root is None:
            raise self._unreadable("the file is empty")
        self.root: Node = root
        self._refuse_cycles()
        try:
            overlay.apply(root, uploaded=uploaded)
        except overlay.OverlayError as error:
            raise self.error(error.node, str(error)) from None

    def _unreadable(
        self, message: str, line: int = 1, column: int = 1, help_: str | None = None
    ) -> DefinitionError:
        return self.error(Position(self.name, line, column), message, help_, Code.UNREADABLE)

    def _refuse_depth(self, text: str) -> None:
        """Refuse what is nested so deeply that composing it would end the process."""
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_NESTING:
                    mark: Any = event.start_mark
                    raise self._unreadable(_TOO_DEEP, mark.line + 1, mark.column + 1)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1

    def _refuse_cycles(self) -> None:
        """Refuse aliases that nothing could ever read: inside their own anchor, or too many."""
        inside: set[int] = set()
        done: dict[int, int] = {}
        waiting: list[tuple[Node, bool]] = [(self.root, False)]
        while waiting:
            node, left = waiting.pop()
            if left:
                inside.discard(id(node))
                done[id(node)] = 1 + sum(done.get(id(child), 1) for child in _children(node))
                if done[id(node)] > MAX_NODES:
                    place = self.position(node)
                    message = f"with all aliases this has more than {MAX_NODES} parts"
                    raise self._unreadable(message, place.line, place.column)
            elif id(node) in inside:
                place = self.position(node)
                raise self._unreadable("an alias in here refers to this", place.line, place.column)
            elif id(node) not in done and not isinstance(node, ScalarNode):
                inside.add(id(node))
                waiting.append((node, True))
                waiting += [(child, False) for child in _children(node)]

    def position(self, node: Node) -> Position:
        """Return where a node begins."""
        return Position(self.name, node.start_mark.line + 1, node.start_mark.column + 1)

    def position_in(self, node: ScalarNode, offset: int) -> Position:
        """Return where the character at an offset of a scalar's value stands.

        Folding and indentation only move white space, so the value is laid over the raw text with
        white space skipped on both sides.
        """
        line, column = node.start_mark.line, node.start_mark.column
        # the mark stands at the tag or anchor where there is one; the scalar may begin lines later
        while before := _BEFORE.match(self.lines[line], column):
            column = before.end()
            if column < len(self.lines[line]) or line >= node.end_mark.line:
                break
            line, column = line + 1, 0
        if node.style in ("|", ">"):
            line, column = line + 1, 0
        column += node.style in ("'", '"')
        wanted = len("".join(node.value[:offset].split()))
        for at in range(line, len(self.lines)):
            text = self.lines[at]
            index = column if at == line else 0
            while index < len(text):
                length, blank = _raw_character(text, index, node.style)
                if not blank:
                    if wanted == 0:
                        return Position(self.name, at + 1, index + 1)
                    wanted -= 1
                index += length
        return self.position(node)

    def finding(
        self,
        where: Node | Position,
        message: str,
        help_: str | None = None,
        code: str | None = None,
    ) -> Finding:
        """Return a finding with the source line it is about."""
        position = where if isinstance(where, Position) else self.position(where)
        at = position.line - 1
        line = self.lines[at] if 0 <= at < len(self.lines) else None
        return Finding(position, message, help_, line, code)

    def error(
        self,
        where: Node | Position,
        message: str,
        help_: str | None = None,
        code: str | None = None,
    ) -> DefinitionError:
        """Return an error about a node or a place, to be raised by the caller."""
        return DefinitionError([self.finding(where, message, help_, code)])

    def entries(self, node: Node, what: str, found: Findings | None = None) -> list[Entry]:
        """Return the entries of a mapping, merge keys resolved.

        Precedence is PyYAML's: an explicit key over a merged one, a later `<<` over an earlier
        one, an earlier element of a merged list over a later one. With `found`, wrong keys are
        added to it and the entries returned, with a duplicate key twice.

        Raises:
            DefinitionError: no mapping; keys that are no scalar or stand twice, bad merges.
        """
        if not isinstance(node, MappingNode):
            raise self.error(node, f"{what} must be a mapping, this is {kind_of(node)}")
        self.check_tag(node)
        merged: dict[str, Entry] = {}
        own: dict[str, Entry] = {}
        twice: list[Entry] = []
        here = Findings() if found is None else found
        for key_node, value in node.value:
            with here:
                if is_merge(key_node):
                    for entry in self._merge(value):
                        merged.pop(entry.key, None)
                        merged[entry.key] = entry
                    continue
                if not isinstance(key_node, ScalarNode) or key_node.tag in TAGS:
                    braces = isinstance(key_node, MappingNode)
                    help_ = (
                        'a template in braces needs quotes: !tmpl "{{ ... }}"' if braces else None
                    )
                    raise self.error(key_node, "a key must be a word", help_)
                key = str(key_node.value)
                if key in own and self._keep is not Keep.NEITHER:
                    if self._keep is Keep.FIRST:
                        continue
                elif key in own:
                    twice.append(Entry(key, key_node, value, merged=False))
                    raise self.error(
                        key_node,
                        f"duplicate key {key!r}",
                        f"the first stands at line {own[key].key_node.start_mark.line + 1}",
                        Code.KEY_TWICE,
                    )
                own[key] = Entry(key, key_node, value, merged=False)
        if found is None:
            here.check()
        return [*(e for e in merged.values() if e.key not in own), *own.values(), *twice]

    @contextmanager
    def keeping(self, keep: "Keep") -> Iterator[None]:
        """Read keys that stand twice as if the first, or the last, stood alone."""
        self._keep = keep
        yield
        self._keep = Keep.NEITHER

    def _merge(self, value: Node) -> Iterator[Entry]:
        sources = value.value if isinstance(value, SequenceNode) else [value]
        for source in reversed(sources):
            if not isinstance(source, MappingNode):
                raise self.error(value, f"<< merges mappings, this is {kind_of(source)}")
            for entry in self.entries(source, "a merged mapping"):
                yield Entry(entry.key, entry.key_node, entry.value, merged=True)

    def items(self, node: Node, what: str) -> list[Node]:
        """Return the elements of a list; raises DefinitionError for anything else."""
        if not isinstance(node, SequenceNode):
            raise self.error(node, f"{what} must be a list, this is {kind_of(node)}")
        self.check_tag(node)
        return list(node.value)

    def scalar(self, node: Node) -> Any:
        """Return a plain scalar as null, boolean, integer, float or text.

        Dates stay text: YAML's own timestamp type would change what was written.
        """
        if not isinstance(node, ScalarNode):
            raise self.error(node, f"expected a single value, this is {kind_of(node)}")
        self.check_tag(node)
        if node.tag not in _NATIVE_TAGS:
            return str(node.value)
        try:
            value = _native(node)
        except _NOT_READ:
            value = str(node.value)
            if value.strip("+-").isdigit():
                raise self.error(node, "this number has too many digits", "quote it") from None
        if isinstance(value, float) and not math.isfinite(value):
            raise self.error(node, "not a number in JSON", "quote it to have text")
        return value

    def key(self, node: ScalarNode) -> Any:
        """Return a key of data as it was written: a number, true, false or null as such.

        YAML would make false of NO and 7 of 007; whoever writes that as a key means the text.
        """
        return self.scalar(node) if read_as(node) == node.value else str(node.value)

    def text(self, node: Node, what: str) -> str:
        """Return a scalar as it was written; raises DefinitionError for a tag or a list."""
        self.check_tag(node)
        if not isinstance(node, ScalarNode) or node.tag in (*TAGS, _YAML + "null"):
            raise self.error(node, f"{what} must be plain text, this is {kind_of(node)}")
        return str(node.value)

    def boolean(self, node: Node, what: str) -> bool:
        """Return a YAML boolean; raises DefinitionError for anything else."""
        value = self.scalar(node)
        if not isinstance(value, bool):
            raise self.error(node, f"{what} must be true or false")
        return value

    def check_tag(self, node: Node) -> None:
        """Refuse a tag that the language does not have."""
        if node.tag not in TAGS and node.tag not in _PLAIN_TAGS:
            tag = node.tag.replace(_YAML, "!!")
            raise self.error(node, f"unknown tag {tag}", did_you_mean(tag, TAGS), Code.UNKNOWN_TAG)


def _fails_at(text: str) -> int | None:
    """Return the line, from 0, at which a text is no YAML; null where it is."""
    try:
        yaml.compose(text, Loader=_Checker)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return mark.line if mark else 0
    except (yaml.YAMLError, RecursionError, ValueError):
        return 0
    return None


def is_merge(key: Node) -> bool:
    """Return whether a key of a mapping is `<<`."""
    return key.tag == _MERGE


def _native(node: ScalarNode) -> Any:
    return yaml.constructor.SafeConstructor().construct_object(node)


def read_as(node: ScalarNode) -> str | None:
    """Return what YAML makes of a scalar, as JSON writes it; null where it is no such value."""
    if node.tag not in _NATIVE_TAGS:
        return None
    try:
        return json.dumps(_native(node))
    except _NOT_READ:
        return str(node.value)


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []


def _raw_character(text: str, index: int, style: str | None) -> tuple[int, bool]:
    """Return how long one character of a scalar is where it is written, and if it is a blank."""
    if style == "'" and text[index : index + 2] == "''":
        return 2, False
    if style == '"' and text[index] == "\\":
        escape = text[index + 1 : index + 2]
        length = _ESCAPE_LENGTHS.get(escape, 2)
        if length == 2:
            return 2, not escape or escape in _BLANK_ESCAPES
        return length, chr(int(text[index + 2 : index + length], 16)).isspace()
    return 1, text[index].isspace()


def kind_of(node: Node) -> str:
    """Return in a word or two what a node is, for messages."""
    if node.tag in TAGS:
        return f"a {node.tag} value"
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    return "empty" if node.tag == _YAML + "null" else "a single value"


def read(path: Path, *, uploaded: bool = False) -> Document:
    """Read a definition file, in the view that is executed or in the one that is built.

    Raises:
        DefinitionError: it cannot be opened, is not UTF-8, or is not valid YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _unreadable(path, f"the file cannot be read: {reason}") from None
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"the file is not UTF-8 (byte {error.start})") from None
    return Document(str(path), text, uploaded=uploaded)


def _unreadable(path: Path, message: str) -> DefinitionError:
    return DefinitionError([Finding(Position(str(path), 1, 1), message, code=Code.UNREADABLE)])


def visit(roots: Iterable[_Tree], children: Callable[[_Tree], Iterable[_Tree]]) -> Iterator[_Tree]:
    """Yield every node of some trees once, in file order, parents before their children.

    The children of a node are looked up after it was yielded, so that the caller may change it.
    """
    seen: set[int] = set()
    waiting = list(roots)[::-1]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        waiting += list(children(node))[::-1]
