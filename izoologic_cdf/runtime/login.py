"""Token login: one login for all workers of a run, renewed once per call on 401 (I-01).

A fresh token is tried by one call alone before the others use it: only so can a refused fresh
token be told from one that was revoked while calls were under way. Where that call is refused, the
first call that was ever accepted is made once more: if it is accepted again, the fault is that of
the refused call, and the token is good for all others.
"""

import threading
from collections.abc import Callable
from enum import Enum

from izoologic_cdf.errors import Cause, RunError
from izoologic_cdf.runtime.http import HttpError, Response
from izoologic_cdf.runtime.refusals import UNAUTHORIZED

_Call = Callable[[str], Response]


class _State(Enum):
    NONE = "none"
    UNPROVEN = "unproven"
    PROVEN = "proven"


class Login:
    """One token, shared by all calls that log in alike."""

    def __init__(self, ask: Callable[[], str]) -> None:
        """`ask` logs in and returns a token; raises RunError."""
        self._ask = ask
        self._changed = threading.Condition()
        self._token = ""
        self._generation = 0
        self._state = _State.NONE
        self._busy = False
        self._dead: RunError | None = None
        # the first call that was accepted, and the endpoints that accepted any
        self._proof: _Call | None = None
        self._endpoints: set[str] = set()

    def send(self, call: _Call, endpoint: str = "") -> Response:
        """Make a call with a token; on 401 renew it once and make the call once more.

        Where another call has renewed it meanwhile, that token is tried first.

        Raises:
            RunError: the login failed, or a renewed token is refused everywhere.
            HttpError: the call failed, or it alone is refused.
        """
        response, generation, _ = self._try(call, refused=None)
        first_use = False
        while response.status == UNAUTHORIZED and not first_use:
            # a token that another call has renewed meanwhile may be used up or revoked again
            response, generation, first_use = self._try(call, refused=generation)
        if response.status == UNAUTHORIZED:
            known = endpoint in self._endpoints
            where = "other calls of this endpoint" if known else "other endpoints"
            message = f"the server answered 401 to a token that it accepts for {where}"
            # whether it is the endpoint's fault, other items tell when they are answered there
            raise HttpError(endpoint, message, UNAUTHORIZED, Cause.ITEM)
        self._endpoints.add(endpoint)
        self._proof = self._proof or call
        return response

    def _try(self, call: _Call, refused: int | None) -> tuple[Response, int, bool]:
        """Make a call; returns the answer, which token it had, and whether it was its first use.

        Raises:
            RunError: it was, and the token is refused everywhere.
        """
        token, generation, first_use = self._take(refused)
        state = _State.UNPROVEN
        try:
            response = call(token)
            if response.status != UNAUTHORIZED:
                state = _State.PROVEN
            else:
                # only a renewed token says something about the call, or about the keys
                renewed = first_use and refused is not None
                state = self._prove(token) if renewed else _State.NONE
        finally:
            self._leave(first_use, state)
        return response, generation, first_use

    def _prove(self, token: str) -> _State:
        """Return whether a token that was refused at its first use is good for another call."""
        if self._proof is not None and self._proof(token).status != UNAUTHORIZED:
            return _State.PROVEN
        raise self._die(
            RunError(
                "the server refused a token that it had just given out (401); check the API "
                "key and the API secret, and that they belong to this service",
                Cause.LOGIN,
            )
        )

    def _take(self, refused: int | None) -> tuple[str, int, bool]:
        """Return a token, its generation, and whether this call is the one that tries it."""
        with self._changed:
            while True:
                if self._dead is not None:
                    raise self._dead
                if self._busy:
                    self._changed.wait()
                elif self._state is _State.NONE or refused == self._generation:
                    self._busy = True
                    break
                elif self._state is _State.UNPROVEN:
                    self._busy = True
                    return self._token, self._generation, True
                else:
                    return self._token, self._generation, False
        try:
            token = self._ask()
        except BaseException as error:
            with self._changed:
                self._busy = False
                self._dead = error if isinstance(error, RunError) else None
                self._changed.notify_all()
            raise
        with self._changed:
            self._token, self._state = token, _State.UNPROVEN
            self._generation += 1
            return token, self._generation, True

    def _leave(self, first_use: bool, state: _State) -> None:
        if not first_use:
            return
        with self._changed:
            self._busy = False
            self._state = state
            self._changed.notify_all()

    def _die(self, error: RunError) -> RunError:
        with self._changed:
            self._dead = error
            self._changed.notify_all()
        return error


class Logins:
    """The logins of a run, by how they ask."""

    def __init__(self) -> None:
        self._logins: dict[object, Login] = {}
        self._lock = threading.Lock()

    def get(self, how: object, ask: Callable[[], str]) -> Login:
        """Return the login of this kind, made at the first asking."""
        with self._lock:
            if how not in self._logins:
                self._logins[how] = Login(ask)
            return self._logins[how]
