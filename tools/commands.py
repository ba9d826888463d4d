"""The command reference, out of the parser itself."""

import argparse
import textwrap
from collections.abc import Iterator

from izoologic_cdf.cli.main import INTERRUPTED, USAGE_ERROR, build_parser
from izoologic_cdf.runtime.summary import EXIT_CODES, Outcome
from tools.markdown import code, fenced, prose, table

_WIDTH = 92
_HARD_BLANK = "\x00"
_MEANINGS: dict[Outcome, str] = {
    "complete": "everything is done, also where cases were skipped, empty or visibly cut",
    "failed": "no login, or no part of the range succeeded; for checking commands: faults found",
    "partial": "a case, file or row failed, or a part of the range could not be read",
    "interrupted": "stopped by the user",
}


def command_reference() -> str:
    """Return one section for each command: what it does, its usage, its arguments."""
    return "\n\n".join(_section(parser) for parser in commands(build_parser()))


def exit_codes() -> str:
    """Return the exit codes of all commands."""
    meanings = {USAGE_ERROR: "wrong usage, configuration or definition: nothing was started"}
    meanings |= {number: _MEANINGS[outcome] for outcome, number in EXIT_CODES.items()}
    meanings.setdefault(INTERRUPTED, _MEANINGS["interrupted"])
    rows = ((str(number), meaning) for number, meaning in sorted(meanings.items()))
    return table(("Code", "Meaning"), rows)


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the parsers of all commands that do something, in their order."""
    inner = [a for a in _actions(parser) if isinstance(a, argparse._SubParsersAction)]  # noqa: SLF001 - argparse shows its sub-commands in no other way
    if not inner:
        yield parser
    for action in inner:
        for command in action.choices.values():
            yield from commands(command)


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [
        action
        for action in parser._actions  # noqa: SLF001 - argparse shows its arguments in no other way
        if action.help != argparse.SUPPRESS and action.dest != "help"
    ]


def _section(parser: argparse.ArgumentParser) -> str:
    name = parser.prog.partition(" ")[2]
    actions = _actions(parser)
    # an option and its value stay on one line
    words = [_usage(action).replace(" ", _HARD_BLANK) for action in actions]
    usage = textwrap.fill(" ".join([parser.prog, *words]), _WIDTH, subsequent_indent="    ")
    parts = [
        f"### {name}",
        prose(parser.description or ""),
        fenced(usage.replace(_HARD_BLANK, " "), "text"),
    ]
    if actions:
        rows = (
            (code(" or ".join([*action.option_strings[:-1], _name(action)])), _help(action))
            for action in actions
        )
        parts.append(table(("Argument", "Meaning"), rows))
    parts.append(prose(parser.epilog or ""))
    return "\n\n".join(part for part in parts if part)


def _usage(action: argparse.Action) -> str:
    name = _name(action)
    if action.nargs in ("*", "+"):
        name = f"{name} ..." if action.nargs == "+" else f"[{name} ...]"
    optional = not action.required and action.nargs not in ("*", "+")
    return f"[{name}]" if optional else name


def _name(action: argparse.Action) -> str:
    """Return an option with the name of its value, or the name of a positional argument."""
    metavar = action.metavar if isinstance(action.metavar, str) else None
    if metavar is None and action.choices is not None:
        metavar = "{" + ",".join(map(str, action.choices)) + "}"
    if not action.option_strings:
        return metavar or action.dest
    option = action.option_strings[-1]
    return option if action.nargs == 0 else f"{option} {metavar or action.dest.upper()}"


def _help(action: argparse.Action) -> str:
    return prose((action.help or "") % vars(action))
