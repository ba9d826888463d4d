"""What can be changed on every emulated API while it runs, in Python and over its control plane."""

import dataclasses
import inspect
import ipaddress
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar

from aiohttp import web

from izoologic_cdf.loopback.faults import Fault
from izoologic_cdf.loopback.inputs import (
    EmulatorError,
    Rule,
    decode,
    iso,
    number,
    one_of,
    seconds,
    unknown,
)
from izoologic_cdf.loopback.serving import Answer, encode

MASK = "***"


def option(default: Any, rule: Rule) -> Any:
    """Return a field of options that takes the values that the rule allows."""
    return field(default=default, metadata={"rule": rule})


def choice(default: Any, *others: Any) -> Any:
    """Return a field of options that takes the default or one of the others."""
    return option(default, one_of(default, *others))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """What every server has: seconds before each answer, and how many requests the log keeps.

    Raises EmulatorError for a value that an option does not take.
    """

    latency: float = option(0.0, number(0, integer=False))
    log_limit: int = option(50_000, number(0))

    def __post_init__(self) -> None:
        for one in dataclasses.fields(self):
            one.metadata["rule"].check(f"option {one.name!r}", getattr(self, one.name))

    def changed(self, **changes: Any) -> Self:
        """Return a copy with the named options changed; raises EmulatorError for a wrong one."""
        names = {one.name for one in dataclasses.fields(self)}
        for name in changes:
            if name not in names:
                raise EmulatorError(unknown("option", name, names))
        return dataclasses.replace(self, **changes)


class LoggedRequest(NamedTuple):
    """One request of the API; `token` is the number of its access token, from 1, or None."""

    endpoint: str | None
    method: str
    path: str
    query: Mapping[str, Any]
    body: Any
    status: int
    token: int | None


def masked(values: Any, shown: Container[str]) -> Any:
    """Return the names and values of a query or body, masked but for the names in `shown`.

    Whatever a client sends under any other name may be a secret.
    """
    if not isinstance(values, Mapping):
        return None if values is None else MASK
    return {
        name: value if name.lower() in shown and isinstance(value, str | int) else MASK
        for name, value in values.items()
    }


class RequestLog:
    """The newest requests, oldest first; counts are over all since the last clear.

    Any thread may read it; whoever changes it holds the lock of the state.
    """

    def __init__(self, limit: int) -> None:
        self._entries: deque[LoggedRequest] = deque(maxlen=limit)
        self._counts: Counter[tuple[str | None, int]] = Counter()
        self._spellings: Counter[str] = Counter()

    def add(self, entry: LoggedRequest) -> None:
        """Add one request."""
        self._entries.append(entry)
        self._counts[entry.endpoint, entry.status] += 1
        self._spellings.update(list(entry.query))
        self._spellings.update(list(entry.body) if isinstance(entry.body, Mapping) else [])

    def limit(self, limit: int) -> None:
        """Keep at most that many entries from now on."""
        self._entries = deque(self._entries, maxlen=limit)

    def clear(self) -> None:
        """Forget entries and counts."""
        for kept in (self._entries, self._counts, self._spellings):
            kept.clear()

    def count(self, endpoint: str | None = None, status: int | None = None) -> int:
        """Return how many requests there were, of one endpoint or status if given."""
        return sum(
            times
            for (name, code), times in list(self._counts.items())
            if endpoint in (None, name) and status in (None, code)
        )

    @property
    def spellings(self) -> dict[str, int]:
        """How often each name occurred in a query or body, as it was spelled (I-04)."""
        return dict(self._spellings)

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> LoggedRequest:
        return self._entries[index]


Options = TypeVar("Options", bound=ServerOptions)


class Steered(Generic[Options]):
    """The state of an emulated API, safe to use from any thread.

    Times are epoch seconds; text and ISO 8601 are read too. The public methods are the commands of
    the control plane. Mistakes raise EmulatorError.
    """

    _fault: ClassVar[type[Fault]] = Fault

    def __init__(self, options: Options) -> None:
        self.lock = threading.RLock()
        self.options = options
        self.requests = RequestLog(options.log_limit)
        self.faults = list[Fault]()
        self._frozen: int | None = None
        self._ahead = 0

    @property
    def clock(self) -> int:
        """The server's time in epoch seconds."""
        return int(time.time()) + self._ahead if self._frozen is None else self._frozen

    def set_clock(self, clock: int | str | None) -> None:
        """Stop the clock at a time; None lets it follow real time again."""
        with self.lock:
            self._frozen = None if clock is None else seconds("clock", clock)
            self._ahead = 0

    def advance(self, seconds: int) -> None:
        """Move the clock; a clock that follows real time goes on, that much ahead."""
        if not isinstance(seconds, int):
            raise EmulatorError(f"advance takes seconds as an integer, not {seconds!r}")
        with self.lock:
            if self._frozen is None:
                self._ahead += seconds
            else:
                self._frozen += seconds

    def set_options(self, **changes: Any) -> Options:
        """Change options by name and return all of them."""
        with self.lock:
            self.options = self.options.changed(**changes)
            self.requests.limit(self.options.log_limit)
            return self.options

    def add_fault(self, kind: str, **settings: Any) -> Fault:
        """Set a fault and return it: its `applied` says how often it has struck so far.

        The settings are what selects calls, `nth`, `count`, and the parameters of the kind.
        """
        fault = self._fault.read({"kind": kind, **settings})
        with self.lock:
            self.faults.append(fault)
        return fault

    def clear_faults(self) -> None:
        """Remove all faults."""
        with self.lock:
            self.faults.clear()

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        with self.lock:
            self.requests.clear()

    @property
    def overview(self) -> dict[str, Any]:
        """What the control plane shows at its root."""
        return {
            "clock": self.clock,
            "time": iso(self.clock),
            "options": dataclasses.asdict(self.options),
            "faults": [fault.to_json() for fault in self.faults],
            "requests": len(self.requests),
            "spellings": self.requests.spellings,
        }


class ControlPlane:
    """The public methods of a state over HTTP on loopback.

    `POST <path>/<method>` takes the arguments of a method as a JSON object. `others` are further
    commands, or stand in for methods whose arguments are no JSON; `rules` check arguments by name;
    `views` are what GET shows beside the overview and its parts.
    """

    def __init__(
        self,
        path: str,
        state: type[Steered[Any]],
        others: Mapping[str, Callable[..., Any]],
        rules: Mapping[str, Rule],
        views: Mapping[str, Callable[[Any], Any]] | None = None,
    ) -> None:
        self.path = path
        methods = inspect.getmembers(state, inspect.isfunction)
        self.commands: dict[str, Callable[..., Any]] = {
            **{name: one for name, one in methods if not name.startswith("_")},
            **others,
        }
        self._rules = rules
        self._views = {"requests": _list_requests, **(views or {})}

    def answer(self, state: Steered[Any], request: web.BaseRequest, body: bytes) -> Answer:
        """Return the answer to a request; mistakes are reported with 4xx."""
        if not ipaddress.ip_address(request.remote or "0.0.0.0").is_loopback:  # noqa: S104
            return _refusal(403, "the control plane answers on loopback only")
        command = request.path[len(self.path) :].strip("/")
        if request.method == "GET" and command in ("", "options", "faults", *self._views):
            return Answer(200, encode(self._view(state, command)))
        if command not in self.commands:
            return _refusal(404, unknown("command", command, self.commands))
        if request.method != "POST" or request.content_type != "application/json":
            text = f"{command} is a POST with a JSON object, of {self.signature(command)}"
            return _refusal(405, text)
        try:
            arguments = decode(body)
        except ValueError as error:
            return _refusal(400, f"the body is not JSON: {error}")
        try:
            self._run(state, command, arguments)
        except EmulatorError as error:
            return _refusal(400, str(error))
        return Answer(200, encode({"ok": True, "clock": state.clock}))

    def signature(self, command: str) -> str:
        """Return the names of a command's arguments, e.g. `{case_id, row}`."""
        names = [str(p) for p in inspect.signature(self.commands[command]).parameters.values()][1:]
        return "{" + ", ".join(name.partition(":")[0] for name in names if name != "*") + "}"

    def _view(self, state: Steered[Any], name: str) -> Any:
        if name in self._views:
            return self._views[name](state)
        overview = state.overview
        commands = {command: self.signature(command) for command in self.commands}
        return overview[name] if name else overview | {"commands": commands}

    def _run(self, state: Steered[Any], command: str, arguments: Any) -> None:
        if not isinstance(arguments, dict):
            raise EmulatorError("the body must be a JSON object of arguments")
        method = self.commands[command]
        parameters = inspect.signature(method)
        try:
            parameters.bind(state, **arguments)
        except TypeError as error:
            raise EmulatorError(f"{error}; it takes {self.signature(command)}") from None
        for name, rule in self._rules.items():
            # fields of a case may have any name and any value
            if name in arguments and name in parameters.parameters:
                rule.check(name, arguments[name])
        method(state, **arguments)


def _list_requests(state: Steered[Any]) -> list[dict[str, Any]]:
    return [entry._asdict() for entry in state.requests]


def _refusal(status: int, text: str) -> Answer:
    return Answer(status, encode({"ok": False, "error": text}))
