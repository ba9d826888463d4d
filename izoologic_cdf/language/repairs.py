"""Where the mistake in a text lies that is not YAML.

A parser stops where it can no longer go on, which is often lines behind the mistake: an unclosed
quote swallows what follows. So repairs are tried on the lines before, the likeliest first, and the
one that lets the parser go on shows the mistake.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from izoologic_cdf.language.positions import did_you_mean

# tells at which line, from 0, a text cannot be parsed any further; null for one that can
Check = Callable[[str], int | None]
# more attempts than this take longer than a person waits
MAX_ATTEMPTS = 250
_PAIRS = {"{": "}", "[": "]"}
_ANCHOR = re.compile(r"(?<!\S)&([\w.-]+)")
_KEY = r"^(?P<indent>\s*(?:- )*)(?P<key>\w[\w.-]*)"
_NO_COLON = re.compile(_KEY + r"\s+(?P<rest>[^\s:#].*)$")
_NO_BLANK = re.compile(_KEY + r":(?P<rest>[^\s:/].*)$")
_BLOCK_KEY = re.compile(_KEY + r":(\s|$)")
_BARE = re.compile(r"^(?P<indent>\s*(?:- )*)(?P<key>\w[\w.-]*(?: [\w.-]+)*)\s*$")
_NO_DASH_BLANK = re.compile(r"^(?P<indent>\s*)-(?P<rest>[A-Za-z{\[\"'!*&].*)$")
_VALUE = re.compile(r"^(?P<before>\s*(?:- )*[\w.-]+:\s+(?:![a-z]+\s+)?|\s*- )(?P<value>\S.*)$")
_IN_FLOW = re.compile(r"(?P<tag>!(?:expr|tmpl) )(?P<value>[^\"'\s][^}]*?)(?=\s*\}(?:\s|,|$|\}))")
_NEXT_KEY = re.compile(r",\s*[\w-]+:\s")
_QUOTE = re.compile(r"(?:(?<=[:,\[{] )|(?<=[\[{])|(?<=- )|(?<=!expr )|(?<=!tmpl ))['\"]")


class Mistake(NamedTuple):
    """Where it lies, line and column from 0; what it is, and what to do."""

    line: int
    column: int
    message: str
    help: str


class _Repair(NamedTuple):
    mistake: Mistake
    repaired: str


def find(
    lines: Sequence[str], line: int, column: int, problem: str, check: Check
) -> Mistake | None:
    """Return the mistake because of which a parser stopped at a line and column, from 0.

    It is null where no repair helps.
    """
    if named := _named(lines, line, column, problem):
        return named
    best, reached = None, line
    for repair in islice(_repairs(lines, line, column, problem), MAX_ATTEMPTS):
        at = repair.mistake.line
        fails = check("\n".join([*lines[:at], repair.repaired, *lines[at + 1 :]]) + "\n")
        if fails is None:
            return repair.mistake
        if fails > max(reached, at):
            best, reached = repair.mistake, fails
    return best


def _named(lines: Sequence[str], line: int, column: int, problem: str) -> Mistake | None:
    """Return a mistake that the parser has found by itself."""
    text = lines[line] if line < len(lines) else ""
    indent = text[: len(text) - len(text.lstrip())]
    if "\t" in indent:
        tab = indent.index("\t")
        return Mistake(line, tab, "a tab stands in the indentation", "indent with blanks")
    at = text[column : column + 1]
    if "cannot start any token" in problem and at:
        shown = "a tab" if at == "\t" else repr(at)
        message = f"{shown} cannot stand here, at the begin of a value"
        return Mistake(line, column, message, "put the value into quotes")
    if "unknown escape" in problem:
        message = "this backslash begins no escape that YAML knows"
        return Mistake(line, column, message, "double it, or use single quotes")
    if "undefined alias" in problem:
        name = re.match(r"\*([\w.-]+)", text[column:])
        known = [one for other in lines for one in _ANCHOR.findall(other)]
        hint = did_you_mean(name[1], known, "name an anchor that stands above") if name else None
        return Mistake(line, column, "there is no such anchor above", hint or "add the anchor")
    if "another document" in problem:
        help_ = "remove the --- above it: a definition is one document"
        return Mistake(line, column, problem, help_)
    return None


def _repairs(lines: Sequence[str], line: int, column: int, problem: str) -> Iterator[_Repair]:
    """Yield the repairs to try, the likeliest first; nearest to the place first."""
    last = min(line, len(lines) - 1)
    before = range(last, -1, -1)
    near = range(last, max(last - 3, -1), -1)
    for at in near:
        yield from _template(at, lines[at])
    for at in before:
        yield from _quotes(at, lines[at])
    for at in near:
        yield from _in_flow(at, lines[at])
        yield from _keys(at, lines[at])
    if "'-' indicator" in problem and _BLOCK_KEY.match(lines[last]):
        indent = len(lines[last]) - len(lines[last].lstrip())
        mistake = Mistake(last, indent, "this is no element of the list", "begin it with a dash")
        yield _Repair(mistake, f"{lines[last][:indent]}- {lines[last][indent:]}")
    if last == line:
        yield from _one_sign(last, lines[last], column)
    for at in before:
        yield from _brackets(at, lines[at])
    for at in near:
        yield from _values(at, lines[at])
    yield from _indents(lines, last)


def _code(text: str) -> str:
    """Return a line without its comment."""
    return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].rstrip()


def _template(at: int, text: str) -> Iterator[_Repair]:
    for found in re.finditer(r"(?<=[:-] )(?:!\w+ )?(?=\{\{)|(?<=!tmpl )(?=\{\{)", text):
        begin = found.end()
        rest = _code(text[begin:])
        message = "braces begin a mapping here, not a template"
        mistake = Mistake(at, begin, message, 'put the template into quotes: !tmpl "{{ ... }}"')
        for value in (rest, rest.rstrip("}") + "}}"):
            after = rest[len(value) :]
            yield _Repair(mistake, f"{text[:begin]}'{value.replace(chr(39), chr(39) * 2)}'{after}")


def _quotes(at: int, text: str) -> Iterator[_Repair]:
    for found in _QUOTE.finditer(text):
        quote, rest = found.group(), text[found.end() :]
        if _code(text).count(quote) % 2 == 0:
            continue
        help_ = f"close it with {quote}"
        mistake = Mistake(at, found.start(), "this quote is not closed", help_)
        code = _code(text)
        yield _Repair(mistake, code + quote)
        for stop in re.finditer(r"[:,}\]]", rest):
            cut = found.end() + stop.start()
            yield _Repair(mistake, text[:cut] + quote + text[cut:])


def _in_flow(at: int, text: str) -> Iterator[_Repair]:
    for found in _IN_FLOW.finditer(text):
        value = found["value"]
        if not set(value) & set(",[]{}:") or _NEXT_KEY.search(value):
            continue
        message = "inside of { } a value with a comma, a bracket or a colon needs quotes"
        quoted = json_quoted(value)
        mistake = Mistake(at, found.start("value"), message, f"write {found['tag']}{quoted}")
        yield _Repair(mistake, text[: found.start("value")] + quoted + text[found.end("value") :])


def json_quoted(text: str) -> str:
    """Return a text in double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _keys(at: int, text: str) -> Iterator[_Repair]:
    code = _code(text)
    if found := _NO_DASH_BLANK.match(code):
        mistake = Mistake(
            at, found.end("indent") + 1, "a blank is missing behind the dash", "add it"
        )
        yield _Repair(mistake, f"{found['indent']}- {found['rest']}")
    if found := _NO_BLANK.match(code):
        mistake = Mistake(
            at, found.end("key") + 1, f"a blank is missing behind {found['key']}:", "add it"
        )
        yield _Repair(mistake, f"{found['indent']}{found['key']}: {found['rest']}")
    if (found := _NO_COLON.match(code)) and ": " not in code:
        mistake = Mistake(
            at, found.end("key"), f"a colon is missing behind {found['key']}", "add it"
        )
        yield _Repair(mistake, f"{found['indent']}{found['key']}: {found['rest']}")
    if found := _BARE.match(code):
        mistake = Mistake(
            at, found.end("key"), f"a colon is missing behind {found['key']}", "add it"
        )
        yield _Repair(mistake, f"{found['indent']}{found['key']}:")


def _one_sign(at: int, text: str, column: int) -> Iterator[_Repair]:
    """Yield a closing bracket too many, and a missing comma."""
    for index in {column, column - 1}:
        if 0 <= index < len(text) and text[index] in "}]":
            message = f"this {text[index]} closes nothing"
            mistake = Mistake(at, index, message, "remove it")
            yield _Repair(mistake, text[:index] + text[index + 1 :])
    if word := re.search(r"\s(?P<word>[\w.-]+)\s*$", text[:column]):
        message = f"a comma is missing before {word['word']}"
        mistake = Mistake(at, word.start("word"), message, "add it")
        yield _Repair(mistake, f"{text[: word.start()]}, {text[word.start('word') :]}")


def _brackets(at: int, text: str) -> Iterator[_Repair]:
    code, open_, quote = _code(text), list[tuple[str, int]](), ""
    for index, sign in enumerate(code):
        if quote or sign in "'\"":
            quote = "" if sign == quote else quote or sign
        elif sign in _PAIRS:
            open_.append((sign, index))
        elif sign in _PAIRS.values() and open_:
            if _PAIRS[open_[-1][0]] != sign:
                opening, place = open_[-1]
                missing = _PAIRS[opening]
                mistake = Mistake(at, place, f"this {opening} is not closed", f"add {missing}")
                yield _Repair(mistake, code[:index] + missing + code[index:])
                return
            open_.pop()
    if open_:
        opening, place = open_[-1] if len(open_) == 1 else open_[0]
        missing = "".join(_PAIRS[one] for one, _ in reversed(open_))
        for closing in (missing, missing[:1]):
            mistake = Mistake(at, place, f"this {opening} is not closed", f"add {closing}")
            yield _Repair(mistake, code + closing)


def _values(at: int, text: str) -> Iterator[_Repair]:
    found = _VALUE.match(_code(text))
    if not found:
        return
    value = found["value"]
    if value[0] in "'\"":
        end = value.find(value[0], 1) + 1
        message, help_ = (
            "text goes on behind the closing quote",
            "put all of it into one pair of quotes",
        )
        place = found.start("value") + end
    elif ": " in value or value.endswith(":"):
        place = found.start("value") + (value + " ").index(": ")
        message, help_ = "this colon makes the text before it a key", "put the text into quotes"
    else:
        place, message, help_ = (
            found.start("value"),
            "this value needs quotes",
            "put it into quotes",
        )
    quoted = value.replace("'", "''")
    yield _Repair(Mistake(at, place, message, help_), f"{found['before']}'{quoted}'")


def _indents(lines: Sequence[str], last: int) -> Iterator[_Repair]:
    """Yield each line before the place with the indentation of another one nearby."""
    widths = [len(one) - len(one.lstrip()) if _code(one) else -1 for one in lines[: last + 1]]
    known = list(dict.fromkeys(reversed([one for one in widths if one >= 0])))[:8]
    near = [at for at in range(last, max(last - 60, -1), -1) if widths[at] >= 0]
    # what is indented as nothing else is, is askew
    for at in sorted(near, key=lambda one: (widths.count(widths[one]), -(widths[one] % 2))):
        for width in known:
            if abs(width - widths[at]) in (1, 2, 3) or (at == last and width != widths[at]):
                message = f"this line is indented by {widths[at]}, its neighbors by {width}"
                mistake = Mistake(at, widths[at], message, f"indent it by {width}")
                yield _Repair(mistake, " " * width + lines[at].lstrip())
