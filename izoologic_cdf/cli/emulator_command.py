"""`emulator`: serve an emulated API until it is stopped."""

import argparse

from izoologic_cdf.cli import streams
from izoologic_cdf.emulator import EmulatorError, load_scenario
from izoologic_cdf.emulator import serve as serving
from izoologic_cdf.errors import UsageError


def serve(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM."""
    try:
        serving(load_scenario(options.scenario), options.port, announce=streams.tell_text)
    except EmulatorError as error:
        raise UsageError(str(error)) from None
    return 0
