"""All that one emulated platform is: options, kinds, words, objects, logins, pending uploads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from izoologic_cdf.loopback import faults
from izoologic_cdf.loopback.inputs import EmulatorError, Rule, one_of
from izoologic_cdf.loopback.steering import Steered
from izoologic_cdf.platform.assumptions import Options
from izoologic_cdf.platform.grants import Credentials, Logins
from izoologic_cdf.platform.kinds import Kinds
from izoologic_cdf.platform.rows import Store
from izoologic_cdf.platform.vocabulary import Vocabulary

# options that shape what is there from the start
_FIXED = ("type_ids",)


@dataclass(slots=True)
class Fault(faults.Fault):
    """A fault at calls of a method (GET), a path below /api (`/incident/*`), or both.

    The path is a pattern with `*`, or a route as the request log names it (`/{c}/consume`).
    """

    SELECTION: ClassVar[Mapping[str, Rule]] = {
        "method": one_of(None, "GET", "POST", "PUT", "DELETE"),
        "path": Rule(lambda value: isinstance(value, str | None), "a path or a route"),
    }

    method: str | None = None
    path: str | None = None

    def strikes(self, call: Mapping[str, str | None]) -> bool:
        """Count one call, given by method, path and route; return whether it goes wrong."""
        wanted, path = self.path, call["path"] or ""
        fits = wanted in (None, call["route"]) or fnmatchcase(path, wanted or "")
        # what the pattern selects is one path for the rule that compares the fields
        return faults.Fault.strikes(self, {**call, "path": wanted if fits else None})


@dataclass(slots=True)
class Quota:
    """The calls of the current minute of the clock."""

    minute: int = 0
    calls: int = 0

    def wait(self, now: int, allowed: int | None) -> int:
        """Count a call; return how many seconds it comes too early, else 0."""
        if now // 60 != self.minute:
            self.minute, self.calls = now // 60, 0
        self.calls += 1
        return 0 if allowed is None or self.calls <= allowed else (self.minute + 1) * 60 - now


class PlatformState(Steered[Options]):
    """A thread-safe handle on an emulated platform; hold `lock` while looking into `store`."""

    _fault = Fault

    def __init__(
        self, options: Options, credentials: Credentials, installed: Iterable[Any]
    ) -> None:
        super().__init__(options)
        self.credentials = credentials
        self._installed = list(installed)
        self.reset()

    @property
    def stamp(self) -> str:
        """The time in the API's form."""
        return datetime.fromtimestamp(self.clock, UTC).strftime("%Y-%m-%d %H:%M:%S")

    @property
    def overview(self) -> dict[str, Any]:
        """What the control plane shows at its root."""
        counts = {kind.code: self.store.count(kind) for kind in self.kinds}
        return super().overview | {"objects": counts}

    def reset(self) -> None:
        """Forget all objects, logins, faults and requests; options and custom objects stay."""
        with self.lock:
            self.kinds = Kinds()
            for definition in self._installed:
                self.kinds.install(definition)
            self.words = Vocabulary(self.options, self.stamp)
            self.store = Store(self.options)
            self.logins = Logins(self.credentials)
            # name -> bytes, of POST /attachments/upload
            self.uploads: dict[str, bytes] = {}
            # bytes of attachments by id
            self.contents: dict[int, bytes] = {}
            # hash -> columns, of POST /signatures/import
            self.imports: dict[str, dict[str, Any]] = {}
            # hash -> filters, of GET /{c}/query/hash/{hash}
            self.searches: dict[str, Any] = {}
            self.quota = Quota()
            self.faults.clear()
            self.requests.clear()

    def install(self, definition: Any) -> None:
        """Install custom objects, given as the JSON array of their definition file."""
        with self.lock:
            self.kinds.install(definition)
            self._installed.append(definition)

    def set_options(self, **changes: Any) -> Options:
        """Change options by name and return all of them."""
        with self.lock:
            for name in _FIXED:
                if changes.get(name, getattr(self.options, name)) != getattr(self.options, name):
                    raise EmulatorError(f"the option {name!r} can be set at the start only")
            super().set_options(**changes)
            self.store.reindex(self.options)
            return self.options

    def revoke_tokens(self) -> None:
        """End every access token that has been given out."""
        with self.lock:
            self.logins.revoke()

    def save_search(self, name: str, filters: dict[str, Any]) -> None:
        """Save the body of a query under a hash, for GET /{c}/query/hash/{hash}."""
        with self.lock:
            self.searches[name] = filters
