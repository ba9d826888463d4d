"""What an expression reads: `value.a['b'].get('c')` is a read of a, b, c of value.

Taken from Jinja2's tokens and not from its tree, because only tokens know where they stand.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from jinja2 import TemplateSyntaxError, nodes

from izoologic_cdf.language.expressions import Missing, environment_of

# the names of a dict's methods: `value.items` is the method, never the key
DICT_METHODS = frozenset(
    {"clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault"}
    | {"update", "values"}
)
# names for the lexer, and nothing that is read
_KEYWORDS = frozenset(
    {"and", "else", "false", "False", "if", "in", "is", "none", "None", "not", "or"}
    | {"true", "True"}
)
_AS_WRITTEN: Mapping[str, str] = {}
_SKIPPED = ("whitespace", "data", "comment", "comment_begin", "comment_end")


@dataclass(frozen=True, slots=True)
class Token:
    """One token of an expression or template, and its offset in the text."""

    kind: str
    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class Read:
    """A name and the keys that are read below it; an empty path reads all of it.

    `offsets` are those of the name and of each key of the path.
    """

    root: str
    path: tuple[str, ...]
    offsets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """What one scalar reads."""

    reads: tuple[Read, ...]

    @property
    def roots(self) -> frozenset[str]:
        """The names that are read."""
        return frozenset(read.root for read in self.reads)


def scan(source: str, *, template: bool, names: Mapping[str, str] = _AS_WRITTEN) -> Code:
    """Return what an expression or template reads; nothing where it has no tokens of Jinja2.

    `names` are those that the source spells differently, to the names of the language.
    """
    try:
        tokens = _tokens(source, template=template)
        assigned = _assigned(source) if template else frozenset()
    except (TemplateSyntaxError, ValueError):
        return Code(())
    return Code(
        # a name that the template assigns itself may be either: all of it counts as read
        tuple(
            Read(read.root, (), read.offsets[:1])
            if read.root in assigned
            else replace(read, root=names.get(read.root, read.root))
            for read in _reads(tokens)
        ),
    )


def operators(source: str, *, template: bool) -> list[tuple[str, int]]:
    """Return the operators of an expression or template, each with its offset, in order."""
    try:
        return [
            (one.text, one.offset)
            for one in _tokens(source, template=template)
            if one.kind == "operator"
        ]
    except TemplateSyntaxError:
        return []


# every rule looks at them
@functools.lru_cache(maxsize=4096)
def _tokens(source: str, *, template: bool) -> list[Token]:
    lexer = environment_of(Missing.NULL).lexer
    at, tokens = 0, list[Token]()
    for _, kind, text in lexer.tokeniter(source, None, None, None if template else "variable"):
        # white space that a `-` removes is not in the stream, so every text is looked for
        found = source.find(text, at)
        at = at if found < 0 else found
        if kind not in _SKIPPED:
            tokens.append(Token(kind, text, at))
        at += len(text)
    return tokens


def _assigned(source: str) -> frozenset[str]:
    tree = environment_of(Missing.NULL).parse(source)
    return frozenset(name.name for name in tree.find_all(nodes.Name) if name.ctx != "load")


def _reads(tokens: list[Token]) -> Iterator[Read]:
    for at, token in enumerate(tokens):
        if token.kind != "name" or token.text in _KEYWORDS:
            continue
        if _text(tokens, at - 1) in (".", "|", "is"):
            continue
        following = _text(tokens, at + 1)
        if following == "=" and _text(tokens, at - 1) in ("(", ","):
            continue  # the name of an argument
        path, offsets = [], [token.offset]
        for key, offset in _path(tokens, at + 1):
            path.append(key)
            offsets.append(offset)
        yield Read(token.text, tuple(path), tuple(offsets))


def _path(tokens: list[Token], at: int) -> Iterator[tuple[str, int]]:
    """Yield the keys that are read from here on, as far as they are written out."""
    while at + 1 < len(tokens):
        mark, key = tokens[at], tokens[at + 1]
        if mark.text == "[" and key.kind == "string" and _text(tokens, at + 2) == "]":
            yield _unquoted(key)
            at += 3
        elif mark.text != "." or key.kind != "name":
            return
        elif _text(tokens, at + 2) != "(":
            yield key.text, key.offset
            at += 2
        elif key.text == "get" and at + 3 < len(tokens) and tokens[at + 3].kind == "string":
            yield _unquoted(tokens[at + 3])
            if _text(tokens, at + 4) != ")":
                return  # a default: what follows may be about that
            at += 5
        else:
            return


def _text(tokens: list[Token], at: int) -> str:
    return tokens[at].text if 0 <= at < len(tokens) else ""


def _unquoted(token: Token) -> tuple[str, int]:
    return token.text[1:-1], token.offset + 1
