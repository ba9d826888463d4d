"""Which configuration and which library a command uses where its arguments name none.

The environment comes first, then the usual places of this machine.
"""

import argparse
import os
from pathlib import Path

from izoologic_cdf.cli import streams
from izoologic_cdf.cli.arguments import CONFIGURATIONS, DEFAULT_LIBRARY, LIBRARY_VARIABLE

APPLICATION = "izoologic-cdf"


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
