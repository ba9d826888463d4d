"""An emulator of the iZoologic REST API: a real HTTP server on loopback.

It knows nothing of the feeds, the runtime or the library, and keeps its own tables of paths,
names and codes.
"""

from izoologic_cdf.emulator.generated import generate
from izoologic_cdf.emulator.scenario import Fault, Options, Scenario, ScenarioError
from izoologic_cdf.emulator.scenarios import load_scenario
from izoologic_cdf.emulator.server import Emulator
from izoologic_cdf.emulator.tenant import State
from izoologic_cdf.loopback.inputs import EmulatorError
from izoologic_cdf.loopback.steering import LoggedRequest, RequestLog

__all__ = [
    "Emulator",
    "EmulatorError",
    "Fault",
    "LoggedRequest",
    "Options",
    "RequestLog",
    "Scenario",
    "ScenarioError",
    "State",
    "generate",
    "load_scenario",
]
