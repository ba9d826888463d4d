"""Requests on their way to the function that answers them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from izoologic_cdf.loopback.inputs import decode
from izoologic_cdf.loopback.serving import Answer
from izoologic_cdf.platform.envelope import RefusalError, missing
from izoologic_cdf.platform.intake import Ingest
from izoologic_cdf.platform.items import number
from izoologic_cdf.platform.kinds import Kind
from izoologic_cdf.platform.rows import Row
from izoologic_cdf.platform.shapes import Shapes, Wanted, wanted
from izoologic_cdf.platform.world import PlatformState

Handler = Callable[..., Answer]
# the names in patterns, as handlers call what they stand for; kind and identifier are a row
_PARAMETERS = {
    "c": "kind",
    "c2": "other",
    "id": "identifier",
    "row": "part",
    "hash": "digest",
}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart body."""

    filename: str
    content: bytes


@dataclass(slots=True)
class Call:
    """One request: its path below `/api` without a slash at the end, and what came with it.

    `form` are the fields of a form or a multipart body; a file is an Upload there.
    """

    state: PlatformState
    method: str
    path: str
    query: Mapping[str, str]
    body: bytes = b""
    form: Mapping[str, Any] = field(default_factory=dict)
    authorization: str = ""
    user: str = ""
    token: int | None = None
    route: str | None = None
    _parsed: list[Any] = field(default_factory=list)

    @property
    def json(self) -> Any:
        """The body as JSON, None if it is empty; raises RefusalError."""
        if not self._parsed:
            try:
                self._parsed.append(decode(self.body) if self.body.strip() else None)
            except ValueError:
                raise RefusalError(400, ["The body is not valid JSON."]) from None
        return self._parsed[0]

    @property
    def object(self) -> dict[str, Any]:
        """The body as a JSON object; raises RefusalError."""
        body = self.json
        if not isinstance(body, dict):
            raise RefusalError(400, ["An object is expected."])
        return body

    @property
    def rows(self) -> list[Any]:
        """The body as a list: a JSON object is a list of one; raises RefusalError."""
        body = self.json
        if isinstance(body, dict):
            return [body]
        if not isinstance(body, list):
            raise RefusalError(400, ["An object or a list of objects is expected."])
        return body

    @property
    def want(self) -> Wanted:
        """What `with=` asks for."""
        return wanted([self.query.get("with", "")])

    @property
    def shapes(self) -> Shapes:
        """The shapes of this platform's answers."""
        return Shapes(self.state)

    @property
    def ingest(self) -> Ingest:
        """The way in for what this request changes."""
        return Ingest(self.state, self.user)

    def resolve(self, named: Mapping[str, str]) -> dict[str, Any]:
        """Return what a handler takes: for what the path names, kinds and objects that are there.

        Raises RefusalError (404).
        """
        given: dict[str, Any] = {_PARAMETERS.get(name, name): text for name, text in named.items()}
        if "kind" in given:
            given["kind"] = self.kind(given["kind"])
            if "identifier" in given:
                given["row"] = self.row(given.pop("kind"), given.pop("identifier"))
        if "other" in given:
            given["other"] = self.kind(given["other"])
        return given

    def kind(self, collection: str) -> Kind:
        """Return the kind of a collection; raises RefusalError (404)."""
        kind = self.state.kinds.of_path(collection, self.state.options)
        if kind is None:
            raise missing(f"Collection {collection}")
        return kind

    def row(self, kind: Kind, identifier: str) -> Row:
        """Return an object by the id in the path; raises RefusalError (404)."""
        row = self.state.store.row(kind, number(identifier) or 0)
        if row is None:
            raise missing(kind.name)
        return row


# by number of parts: (method, pattern, parts, handler), in the order in which they are tried
ROUTES: dict[int, list[tuple[str, str, list[str], Handler]]] = {}


def route(method: str, *patterns: str) -> Callable[[Handler], Handler]:
    """Register a handler for patterns such as `/{c}/{id}`; it takes what these name."""

    def register(handler: Handler) -> Handler:
        for pattern in patterns:
            parts = pattern.strip("/").split("/")
            ROUTES.setdefault(len(parts), []).append((method, pattern, parts, handler))
        return handler

    return register


def find(method: str, path: str) -> tuple[str, Handler, dict[str, str]]:
    """Return pattern, handler and named parts of a path; raises RefusalError (404, 405).

    Of several patterns that fit, the one with the most literal parts is meant.
    """
    given = path.strip("/").split("/")
    fitting = [entry for entry in ROUTES.get(len(given), []) if all(map(_fits, entry[2], given))]
    usable = [entry for entry in fitting if entry[0] == method]
    if not usable:
        if fitting:
            allowed = ", ".join(sorted({entry[0] for entry in fitting}))
            raise RefusalError(405, ["The method is not allowed."], Allow=allowed)
        raise RefusalError(404, ["There is no such path."])
    _, pattern, parts, handler = min(usable, key=lambda entry: entry[1].count("{"))
    named = {part[1:-1]: text for part, text in zip(parts, given, strict=True) if part[0] == "{"}
    return pattern, handler, named


def _fits(part: str, text: str) -> bool:
    return part == text or part.startswith("{")
