"""A scenario: all that an emulator starts with."""

from dataclasses import dataclass, field

from izoologic_cdf.emulator.cases import CaseSource, StoredCases
from izoologic_cdf.emulator.faults import Fault
from izoologic_cdf.emulator.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The data, the clock and the behaviour of one emulated tenant.

    Times are epoch seconds. ``since`` and ``until`` enclose everything that the scenario holds;
    without a clock the emulator follows real time.
    """

    name: str
    clock: int | None = None
    since: int | None = None
    until: int | None = None
    options: Options = field(default_factory=Options)
    incidents: CaseSource = field(default_factory=StoredCases)
    faults: tuple[Fault, ...] = ()
    dlr: CaseSource = field(default_factory=StoredCases)
