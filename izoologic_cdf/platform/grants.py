"""The six logins, and the tokens that they give out."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BasicAuth

from izoologic_cdf.platform.assumptions import Options
from izoologic_cdf.platform.envelope import RefusalError

_TOKEN_BYTES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a platform takes as a login; these are good for the emulated one alone."""

    client_id: str = "loopback-client"
    client_secret: str = "loopback-client-secret"  # noqa: S105 - of no real platform
    email: str = "analyst@example.com"
    password: str = "loopback-password"  # noqa: S105 - of no real platform


@dataclass(slots=True)
class Session:
    """Who has logged in: `number` counts from 1, `user` is the source that they are."""

    number: int
    user: str
    ends_at: int
    refresh_token: str


@dataclass(slots=True)
class Logins:
    """The access and refresh tokens of one platform."""

    credentials: Credentials
    _sessions: dict[str, Session] = field(default_factory=dict)
    _count: int = 0

    def login(self, given: Mapping[str, Any], now: int, options: Options) -> dict[str, Any]:
        """Return the answer to POST /token; `given` is what query, body and header said.

        Raises RefusalError with 400 for a bad login.
        """
        own = self.credentials
        grant = given.get("grant_type")
        client = given.get("client_id") == own.client_id
        if grant == "password":
            user = own.email
            right = client and (given.get("email"), given.get("password")) == (user, own.password)
        elif grant == "client_credentials":
            user = own.client_id
            right = client and given.get("client_secret") == own.client_secret
        elif grant == "refresh_token":
            sent = given.get("refresh_token")
            found = (one for one, its in self._sessions.items() if its.refresh_token == sent)
            token = next(found, None)
            right = token is not None
            user = self._sessions.pop(token).user if token is not None else ""
        else:
            raise RefusalError(400, [f"The grant type {grant!r} is not supported."])
        if not right:
            raise RefusalError(400, ["The credentials were incorrect."])
        return self._issue(user, now + options.token_life_seconds, options)

    def session(self, header: str, now: int) -> Session | None:
        """Return the session of an Authorization header, None if it has none that is good."""
        scheme, _, token = header.partition(" ")
        session = self._sessions.get(token) if scheme.lower() == "bearer" else None
        # a token that has ended can still be refreshed
        return session if session and now < session.ends_at else None

    def revoke(self) -> None:
        """End every access token; refresh tokens stay good."""
        for session in self._sessions.values():
            session.ends_at = 0

    def _issue(self, user: str, ends_at: int, options: Options) -> dict[str, Any]:
        self._count += 1
        token, refresh = secrets.token_hex(_TOKEN_BYTES), secrets.token_hex(_TOKEN_BYTES)
        self._sessions[token] = Session(self._count, user, ends_at, refresh)
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": options.token_life_seconds,
            "refresh_token": refresh,
        }


def basic(header: str) -> dict[str, str]:
    """Return client_id and client_secret of HTTP Basic, nothing if the header has none."""
    try:
        given = BasicAuth.decode(header, encoding="utf-8")
    except ValueError:
        return {}
    return {"client_id": given.login, "client_secret": given.password}
