"""Serves an emulator by hand, until it is told to stop."""

import functools
import signal
import ssl
import threading
from collections.abc import Callable
from types import FrameType

from izoologic_cdf.emulator.control import PATH
from izoologic_cdf.emulator.scenario import Scenario
from izoologic_cdf.emulator.server import Emulator
from izoologic_cdf.emulator.times import iso
from izoologic_cdf.printable import printable


def serve(
    scenario: Scenario,
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    strict: bool | None = None,
    ssl_context: ssl.SSLContext | None = None,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Announce address and credentials, by default on standard output; block until a signal.

    Call it from the main thread. Raises EmulatorError when the port cannot be had.
    """
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    former = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        with Emulator(
            scenario, port=port, host=host, strict=strict, ssl_context=ssl_context
        ) as emulator:
            (announce or functools.partial(print, flush=True))(description(emulator))
            stop.wait()
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def description(emulator: Emulator) -> str:
    """Return what a person needs to use the emulator: address, credentials, scenario, range."""
    scenario = emulator.state.scenario
    lines = [
        f"iZoologic emulator, scenario {scenario.name}",
        f"  API Hostname  {emulator.url}",
        f"  API Key       {emulator.api_key}",
        f"  API Secret    {emulator.secret_key}",
        f"  Control       {emulator.url}{PATH}",
    ]
    if scenario.since is not None and scenario.until is not None:
        lines.append(f"  Holds         {iso(scenario.since)} to {iso(scenario.until)}")
    if scenario.clock is not None:
        lines.append(f"  Clock         stands at {iso(scenario.clock)}")
    lines.append("These credentials are the emulator's own. Stop it with Ctrl-C.")
    return "\n".join(map(printable, lines))
