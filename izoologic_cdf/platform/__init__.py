"""An emulated ThreatQ: its REST API as public clients use it, on loopback.

It knows nothing of the feeds, the runtime, the library or any client, and keeps its own tables.
What no public source settles stands in `assumptions`.
"""

from izoologic_cdf.loopback.inputs import EmulatorError

# these register their routes
from izoologic_cdf.platform import object_routes, part_routes, word_routes
from izoologic_cdf.platform.assumptions import Options
from izoologic_cdf.platform.grants import Credentials
from izoologic_cdf.platform.host import Platform
from izoologic_cdf.platform.world import Fault, PlatformState

__all__ = ["Credentials", "EmulatorError", "Fault", "Options", "Platform", "PlatformState"]
_ROUTES = (object_routes, part_routes, word_routes)
