"""The configuration of a run: from defaults, a file, the environment and `--set`, later wins."""

import argparse
import os
import re
import stat
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from getpass import getpass
from pathlib import Path
from typing import Any

import yaml

from izoologic_cdf.cli import streams
from izoologic_cdf.errors import CdfError, Position, UsageError
from izoologic_cdf.language.fields import UserField
from izoologic_cdf.language.positions import did_you_mean
from izoologic_cdf.printable import printable

ENVIRONMENT = "IZOOLOGIC"
# what the configuration says of a run, beside the form of its feed
_HERE = Position(__file__, 1, 1)
RUN_FIELDS = tuple(
    UserField(position=_HERE, name=name, label=label)
    for name, label in (("tenant", "Tenant"), ("without", "Without"))
)  # fmt: skip
TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})
_FIELD = re.compile(
    r"""\s*(?P<quote>['"]?)(?P<name>\w+)(?P=quote)\s*:(?P<gap>\s*)(?P<value>.*?)\s*"""
)
_QUOTED = re.compile(r"""('(?:[^']|'')*'|"(?:[^"\\]|\\["\\])*")(?:\s+\#.*)?""", re.VERBOSE)
_ESCAPES = re.compile(r'"(?:[^"\\]|\\.)*"(?:\s+#.*)?')
_BLOCK = re.compile(r"[|>][0-9+-]{0,2}(?:\s+#.*)?")
# what a plain text of YAML cannot begin with, and what ends it
_INDICATORS = frozenset("!&*@`%#{}[],|>'\"")
_ENDS = {
    re.compile(r"\s#"): "' #' begins a comment in YAML, which has to go or is part of the value",
    re.compile(r":(\s|$)"): "not valid YAML: ': ' separates a name from its value",
}
# blanks of every kind, line ends, other control characters, and what has no width
_ODD = r"\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2060\ufeff"
_AROUND = re.compile(f"^[{_ODD}]+|[{_ODD}]+$")
# the last of them are bytes that are no text
_INSIDE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MAX_CHARACTERS = 1_000_000


class ConfigurationError(CdfError):
    """A configuration that cannot be used; the message says which field and what to do."""


def read_file(path: Path, secrets: Collection[str] = ()) -> dict[str, str]:
    """Read a configuration file: one flat YAML mapping, scalars as the text that was written.

    Raises:
        ConfigurationError: it cannot be read, is no flat mapping, names a field twice, or holds a
            secret that YAML reads as something else than its text.
    """
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_MAX_CHARACTERS)
        if len(text) == _MAX_CHARACTERS:
            raise ConfigurationError(f"{path}: the file is too large for a configuration")
        _refuse_misread(path, text, secrets)
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(f"{path}: the file cannot be read: {reason}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: the file is not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        # the problem text of the parser can quote the line, and with it a secret
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ConfigurationError(f"{path}{place}: not valid YAML") from None
    except (yaml.YAMLError, RecursionError):
        raise ConfigurationError(f"{path}: not valid YAML") from None
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise ConfigurationError(f"{path}: expected one mapping of fields to values")
    values: dict[str, str] = {}
    for key, value in node.value:
        place = f"{path}:{key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
            raise ConfigurationError(f"{place}: a field takes one plain value")
        if key.value in values:
            raise ConfigurationError(f"{place}: duplicate field {key.value!r}")
        values[str(key.value)] = str(value.value)
    return values


def _refuse_misread(path: Path, text: str, secrets: Collection[str]) -> None:
    """Refuse a secret that is not quoted, and that YAML would cut, or not read at all."""
    for number, line in enumerate(text.split("\n"), 1):
        found = _FIELD.fullmatch(line)
        why = _misread(found["value"]) if found and found["name"] in secrets else None
        if found and found["name"] in secrets and found["value"] and not found["gap"].strip("\t"):
            gap = "a blank, not a tab," if found["gap"] else "a blank"
            raise ConfigurationError(f"{path}:{number}: expected {gap} after {found['name']}:")
        if found and why:
            raise ConfigurationError(
                f"{path}:{number}: {why}; put the value of {found['name']} in single quotes, and "
                f"write each single quote in it twice: {found['name']}: '...'"
            )


def _misread(value: str) -> str | None:
    """Return what is wrong with a value that is not quoted as a whole; null where it is a text."""
    if not value or _QUOTED.fullmatch(value) or _BLOCK.fullmatch(value):
        return None
    first = value[0]
    if first in "[{":
        return f"a field takes one plain value, and {first!r} begins a list or a mapping in YAML"
    if _ESCAPES.fullmatch(value):
        return "a backslash between double quotes has a meaning of its own in YAML"
    if first in "'\"":
        return f"not valid YAML: a value that begins with {first!r} is not quoted as a whole"
    if first in _INDICATORS or value[:2] in ("- ", "? "):
        return f"{first!r} at the beginning of a value has a meaning of its own in YAML"
    return next((what for end, what in _ENDS.items() if end.search(value)), None)


def exposure(path: Path) -> str | None:
    """Return a warning where other users can read or change a file with secrets, else null."""
    status = path.stat()
    if os.name != "posix" or not stat.S_ISREG(status.st_mode):
        return None
    # whoever gave the file to a group that this user belongs to meant that
    group = 0o060 if status.st_uid == os.geteuid() else 0
    if not status.st_mode & (0o006 | group):
        return None
    mode = stat.S_IMODE(status.st_mode)
    return f"{path} holds secrets, and other users can use it (mode {mode:04o}): chmod 600 {path}"


def trimmed(field: UserField, text: str, where: str) -> tuple[str, str | None]:
    """Return a value without blanks and line ends around it, and a word where there were any.

    Raises:
        ConfigurationError: it holds a control character, so more was pasted than the value.
    """
    kept = _AROUND.sub("", text)
    if _INSIDE.search(kept):
        raise ConfigurationError(
            f"{where}: the value of {field.name} holds a line end or another control character; "
            "paste it again, alone"
        )
    if kept in (text, ""):  # nothing at all is told as a value that is missing
        return kept, None
    return kept, f"{where}: blanks or line ends around the value of {field.name} are ignored"


def read_assignments(assignments: Sequence[str], fields: Iterable[UserField]) -> dict[str, str]:
    """Read `field=value` of the command line; a secret is refused there.

    Raises:
        ConfigurationError: no `=`, or a secret (a command line can be seen by others).
    """
    secrets = {field.name for field in fields if field.mask}
    values = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise ConfigurationError("--set takes field=value")
        if name in secrets:
            raise ConfigurationError(
                f"--set refuses the secret {name}: a command line can be seen by others; "
                f"put it into the file, the environment, or wait for the prompt"
            )
        values[name] = value
    return values


def resolve(
    fields: Sequence[UserField],
    foreign: frozenset[str],
    sources: Sequence[tuple[str, Mapping[str, str]]],
    warn: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Return the value of each field: text, a boolean, or null where nothing was given.

    `sources` are (where, values), later wins. `foreign` are names of other feeds' fields, which
    are passed over. Required fields that are still missing are the caller's to ask for.

    Raises:
        ConfigurationError: an unknown field, a value that is not a boolean, or not a secret.
    """
    known = {field.name: field for field in fields}
    values: dict[str, Any] = {field.name: field.default for field in fields}
    for where, given in sources:
        for name, text in given.items():
            if name in known:
                values[name] = _value(known[name], text, where, warn)
            elif name not in foreign:
                hint = did_you_mean(name, known) or "this feed has no fields"
                raise ConfigurationError(f"{where}: there is no field {name!r}; {hint}")
    return values


def environment(fields: Iterable[UserField], prefix: str) -> dict[str, str]:
    """Return what the environment says of the fields: `<PREFIX>_<FIELD>`."""
    found = {}
    for field in fields:
        text = os.environ.get(f"{prefix}_{field.name}".upper())
        if text is not None:
            found[field.name] = text
    return found


def missing(
    fields: Sequence[UserField], values: Mapping[str, Any], also: Collection[str] = ()
) -> list[UserField]:
    """Return the required fields, and `also` these, without a value; a check box has one."""
    return [
        field
        for field in fields
        if (field.required or field.name in also)
        and not field.boolean
        and not str(values[field.name] or "").strip()
    ]


def _value(field: UserField, text: str, where: str, warn: Callable[[str], None]) -> Any:
    if field.mask or (field.required and not field.boolean):
        text, word = trimmed(field, text, where)
        if word:
            warn(word)
    if not field.boolean:
        return text
    lowered = text.strip().lower()
    if lowered in TRUE:
        return True
    if lowered in FALSE:
        return False
    raise ConfigurationError(
        f"{where}: {field.name} takes yes or no: one of {', '.join(sorted(TRUE | FALSE))}"
    )


def configured(
    form: tuple[UserField, ...],
    foreign: frozenset[str],
    options: argparse.Namespace,
    needs: Callable[[Mapping[str, Any]], str] = lambda _: "",
) -> dict[str, Any]:
    """Return the value of every field of a form and of the run's own, `tenant` and `without`.

    `foreign` are the fields of other forms, which a configuration may hold too; `needs` names one
    that the given values require. The user is prompted for missing required values on a terminal.

    Raises:
        ConfigurationError: a field that is not known, or a value that cannot be used.
        UsageError: a required value is missing.
    """
    own = {field.name for field in form}
    fields = (*form, *(field for field in RUN_FIELDS if field.name not in own))
    secrets = {field.name for field in fields if field.mask}

    def warn(text: str) -> None:
        if not getattr(options, "quiet", False):
            streams.complain(f"warning: {text}")

    given = {}
    if options.config is not None:
        given = read_file(Path(options.config), secrets)
        if secrets & set(given) and (word := exposure(Path(options.config))):
            warn(word)
    sources = [
        (options.config, given),
        ("environment", environment(fields, ENVIRONMENT)),
        ("--set", read_assignments(options.assignments, fields)),
    ]
    values = resolve(fields, foreign, sources, warn)
    for field in missing(form, values, [needs(values)]):
        if not sys.stdin.isatty():
            places = [
                options.config or "no --config given",
                f"{ENVIRONMENT}_{field.name.upper()} of the environment",
                "no terminal for a prompt" if field.mask else f"--set {field.name}=...",
            ]
            raise UsageError(
                f"{field.label} ({field.name}) is missing; looked in: {', '.join(places)}"
            )
        values[field.name], word = trimmed(field, _prompt(field), "the prompt")
        if word:
            warn(word)
        if not values[field.name].strip():
            raise UsageError(f"{field.label} ({field.name}) is missing")
    return values


def _prompt(field: UserField) -> str:
    """Prompt on the terminal, for a secret without echo; end of input is an empty answer."""
    try:
        if field.mask:
            return getpass(f"{printable(field.label)}: ")
        streams.prompt(f"{field.label}: ")
        return input()
    except EOFError:
        streams.complain("")
        return ""
