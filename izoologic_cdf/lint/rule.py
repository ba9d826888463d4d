"""What a rule is, and what it is asked about."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.flow import Flow
from izoologic_cdf.lint.outline import Outline


class Subject(Outline):
    """One definition file, with everything a rule can ask of it."""

    @cached_property
    def flow(self) -> Flow:
        """How keys flow through the pipelines."""
        return Flow(self)


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is checked.

    `what` and `why` are prose for the rule's page. `bad` and `good` are its examples: keys of a
    feed or of the whole file, completed by `examples.complete`. `check` yields findings without a
    code; it is null where the loader finds the fault.
    """

    code: str
    name: str
    what: str
    why: str
    bad: str
    good: str
    check: Callable[[Subject], Iterable[Finding]] | None = None
