"""What the arguments of commands share: the parser, options that several commands take, types.

Where no argument names a configuration or a library, the environment does, then the usual places of
this machine (`settle`). Nothing heavy is imported here, so that `--help` answers at once.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from izoologic_cdf.cli import streams
from izoologic_cdf.printable import printable

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

APPLICATION = "izoologic-cdf"
DEFAULT_LIBRARY = "izoologic.sqlite"
LIBRARY_VARIABLE = "IZOOLOGIC_CDF_LIBRARY"
# the variable that names the configuration of each kind of command, and its file in the usual place
CONFIGURATIONS = {
    "feeds": ("IZOOLOGIC_CDF_CONFIG", "tenant.yaml"),
    "push": ("IZOOLOGIC_CDF_PUSH_CONFIG", "threatq.yaml"),
}
MAX_PORT = 65_535
# of runs, and of rows
MAX_NUMBER = 999_999_999
# each case in flight has a thread and a connection of its own
MAX_IN_FLIGHT = 256
# requests per second: from one in about a quarter of an hour
MIN_RATE, MAX_RATE = 0.001, 1_000

TIMES = (
    "a date (2025-08-01), a date and time (2025-08-01T12:30:00Z; without a zone it is UTC), "
    "epoch seconds, 30d or 12h for that long ago, or now"
)
A_TIME = f"A time is {TIMES}."
FEED = "the feed's name, or a part of it: incident, dlr"
FEED_OR_ALL = f"{FEED}; or all, one after the other"


class Parser(argparse.ArgumentParser):
    """A parser whose help is not lost in silence, and whose errors quote a line as one line."""

    def print_help(self, file: "SupportsWrite[str] | None" = None) -> None:  # noqa: ARG002
        """Write the help; raises OSError, which argparse alone would swallow."""
        streams.tell_text(self.format_help().rstrip("\n"))

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        """Read a value; in `--name=--`, argparse alone would take it away, and leave a list."""
        if action.option_strings and action.nargs is None and arg_strings == ["--"]:
            value = self._get_value(action, "--")
            self._check_value(action, value)
            return value
        return super()._get_values(action, arg_strings)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a word that is none of the choices, and name the nearest one."""
        if action.choices is not None and value not in action.choices:
            # only a mistyped command waits for it
            from izoologic_cdf.language.positions import did_you_mean  # noqa: PLC0415

            hint = did_you_mean(str(value), map(str, action.choices))
            raise argparse.ArgumentError(action, f"invalid choice: {value!r}; {hint}")

    def error(self, message: str) -> NoReturn:
        """End with a usage error, which may quote what was typed."""
        super().error(printable(message))

    def flag(self, name: str, help_: str) -> None:
        """Add an option that is given or not."""
        self.add_argument(name, action="store_true", help=help_)

    def value(self, names: str, metavar: str, help_: str, **more: Any) -> None:
        """Add an argument, or an option with a value; `names` as in `-o --output`."""
        self.add_argument(*names.split(), metavar=metavar, help=help_, **more)

    def several(self, name: str, metavar: str, help_: str, **more: Any) -> None:
        """Add an option that can be given several times."""
        self.value(name, metavar, help_, action="append", default=[], **more)

    def config(self, of: str, what: str) -> None:
        """Add `--config`; `settle` says which one it is where it is not given."""
        variable, name = CONFIGURATIONS[of]
        default = f"{variable} of the environment, or {name} in the usual place"
        self.value("--config", "FILE", f"{what}; default: {default}")
        self.set_defaults(config_of=of)

    def filters(self) -> None:
        """Add `--filters`, the folder of Python filters."""
        default = "filters or ../filters of each definition file"
        self.value("--filters", "FOLDER", f"folder of the Python filters; default: {default}")

    def format(self, what: str, *, rows: bool = False) -> None:
        """Add `--format` of the summary, or whatever a command prints; of rows also as CSV."""
        choices = ("text", "json", "csv") if rows else ("text", "json")
        help_ = f"format of the {what}{'; csv opens in a spreadsheet' if rows else ''}"
        self.add_argument("--format", choices=choices, default="text", help=help_)

    def library(self, what: str = "the library") -> None:
        """Add `--library`; `settle` says which one it is where it is not given."""
        default = f"{LIBRARY_VARIABLE} of the environment, or {DEFAULT_LIBRARY} here, "
        self.value("--library", "FILE", f"{what}; default: {default}or in the usual place")

    def port(self) -> None:
        """Add `--port` of what is served on this machine."""
        kind = integer(0, MAX_PORT)
        self.value("--port", "N", "default: any free port", type=kind, default=0)

    def requests_per_second(self) -> None:
        """Add `--requests-per-second`."""
        help_ = "upper limit of the request rate; default: none"
        self.value("--requests-per-second", "N", help_, type=rate)

    def set_fields(self, help_: str) -> None:
        """Add `--set field=value`."""
        self.several("--set", "FIELD=VALUE", help_, dest="assignments")

    def show_passwords(self) -> None:
        """Add `--show-passwords`."""
        self.flag("--show-passwords", "show leaked passwords in clear text")

    def spellings(self, what: str) -> None:
        """Add `--spellings`; `what` spells words differently."""
        self.value("--spellings", "FILE", f"YAML file of the words that {what} spells differently")

    def watch(self) -> None:
        """Add `--watch`."""
        self.flag("--watch", "do it again whenever a file has changed, until Ctrl-C")


# argparse has no public name for it
Commands: TypeAlias = "argparse._SubParsersAction[Parser]"  # noqa: SLF001


def add_command(
    commands: Commands, module: str, name: str, function: str = "", **words: Any
) -> Parser:
    """Add a command; it runs the function of a module, which is called as it is by default."""
    parser = commands.add_parser(name, **words)
    parser.set_defaults(command=f"{module}:{function or name}")
    return parser


def integer(least: int, most: int) -> Callable[[str], int]:
    """Return the type of an option; argparse names the option when it raises."""

    def read(text: str) -> int:
        # the length first: Python refuses to read a number of thousands of digits
        if not text.isdecimal() or len(text) > len(str(most)) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"expected an integer from {least} to {most}")
        return int(text)

    return read


def rate(text: str) -> float:
    """Return a number in its bounds; argparse names the option when this raises."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not MIN_RATE <= number <= MAX_RATE:
        raise argparse.ArgumentTypeError(f"expected a number from {MIN_RATE} to {MAX_RATE}")
    return number


def settle(options: argparse.Namespace) -> None:
    """Set `config` and `library` of a command that has them and was given none.

    Whoever starts a run sees on standard error which file that is, where he did not name it.
    """
    given = vars(options)
    found: list[tuple[str, str]] = []
    if "config_of" in given and options.config is None:
        path, source = _configuration(options.config_of)
        if path is not None:
            options.config = path
            found.append((f"the configuration is {path}", source))
    if "library" in given and options.library is None:
        options.library, source = _library()
        if source:
            found.append((f"the library is {options.library}", source))
    if "config_of" in given and not given.get("quiet"):
        for what, source in found:
            streams.complain(f"{what} ({source})")


def _configuration(of: str) -> tuple[str | None, str]:
    """Return the configuration that the user has made the default, and what says so."""
    variable, name = CONFIGURATIONS[of]
    if text := os.environ.get(variable):
        return os.path.expanduser(text), variable  # noqa: PTH111 - raises nothing
    usual = _usual_folder("config") / name
    return (str(usual), "the usual place") if os.path.isfile(usual) else (None, "")  # noqa: PTH113 - raises nothing


def _library() -> tuple[str, str]:
    """Return the default library, and what says so where it is not the one in this folder."""
    if text := os.environ.get(LIBRARY_VARIABLE):
        return os.path.expanduser(text), LIBRARY_VARIABLE  # noqa: PTH111 - raises nothing
    if not os.path.exists(DEFAULT_LIBRARY):  # noqa: PTH110 - raises nothing
        usual = _usual_folder("data") / DEFAULT_LIBRARY
        if os.path.isfile(usual):  # noqa: PTH113
            return str(usual), "the usual place"
    return DEFAULT_LIBRARY, ""


def _usual_folder(kind: str) -> Path:
    # only who names no file waits for it
    import platformdirs  # noqa: PLC0415

    folders = {"config": platformdirs.user_config_path, "data": platformdirs.user_data_path}
    return folders[kind](APPLICATION, appauthor=False)
