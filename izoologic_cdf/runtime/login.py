"""Token login: one login for all workers of a run, renewed once per call on 401 (I-01).

A fresh token is tried by one call alone before the others use it: only so can a refused fresh
token be told from one that was revoked while calls were under way.
"""

import threading
from collections.abc import Callable
from enum import Enum

from izoologic_cdf.runtime.http import Response
from izoologic_cdf.runtime.problems import RunError

UNAUTHORIZED = 401


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

    def send(self, call: Callable[[str], Response]) -> Response:
        """Make a call with a token; on 401 renew it once and make the call once more.

        Where another call has renewed it meanwhile, that token is tried first.

        Raises:
            RunError: the login failed, or a renewed token was refused at its first use.
            HttpError: the call failed.
        """
        response, generation, _ = self._try(call, refused=None)
        first_use = False
        while response.status == UNAUTHORIZED and not first_use:
            # a token that another call has renewed meanwhile may be used up or revoked again
            response, generation, first_use = self._try(call, refused=generation)
        if response.status != UNAUTHORIZED:
            return response
        raise self._die(
            RunError(
                "the server refused a token that it had just given out (401); check the API "
                "key and the API secret, and that they belong to this service"
            )
        )

    def _try(
        self, call: Callable[[str], Response], refused: int | None
    ) -> tuple[Response, int, bool]:
        token, generation, first_use = self._take(refused)
        try:
            response = call(token)
        except BaseException:
            self._leave(first_use, _State.UNPROVEN)
            raise
        refused_now = response.status == UNAUTHORIZED
        self._leave(first_use, _State.NONE if refused_now else _State.PROVEN)
        return response, generation, first_use

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
