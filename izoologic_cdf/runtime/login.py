"""Token login: one login for all workers of a run, renewed once per call on 401 (I-01).

A fresh token is tried by one call alone before the others use it: only so can a refused fresh
token be distinguished from one that was revoked during other calls. Where that call is refused, the
first call that was ever accepted is made once more: if it is accepted again, the fault is that of
the refused call, and the token is good for all others.
"""

import threading
from collections.abc import Callable

from izoologic_cdf.errors import Cause, RunError
from izoologic_cdf.runtime.bodies import Response
from izoologic_cdf.runtime.failures import UNAUTHORIZED, HttpError

_Call = Callable[[str], Response]


class Login:
    """One token, shared by all calls that log in alike."""

    def __init__(
        self, ask: Callable[[], str], keys: str = "the API key and the API secret"
    ) -> None:
        """`ask` logs in with these keys and returns a token; raises RunError."""
        self._ask = ask
        self._keys = keys
        self._changed = threading.Condition()
        self._token: str | None = None
        self._proven = False
        self._generation = 0
        # somebody logs in, or tries a fresh token alone
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
        was_fresh = False
        while response.status == UNAUTHORIZED and not was_fresh:
            # a token that another call has renewed meanwhile may be used up or revoked again
            response, generation, was_fresh = self._try(call, refused=generation)
        if response.status == UNAUTHORIZED:
            known = endpoint in self._endpoints
            where = "other calls of this endpoint" if known else "other endpoints"
            message = f"the server answered 401 to a token that it accepts for {where}"
            # other items show whether it is the endpoint's fault
            raise HttpError(endpoint, message, UNAUTHORIZED, Cause.ITEM)
        self._endpoints.add(endpoint)
        self._proof = self._proof or call
        return response

    def _try(self, call: _Call, refused: int | None) -> tuple[Response, int, bool]:
        """Make a call; returns the response, which token it had, and whether it tried a fresh one.

        Raises:
            RunError: it did, and the token is refused everywhere.
        """
        token, generation, is_fresh = self._take(refused)
        if not is_fresh:
            return call(token), generation, False
        kept: str | None = token
        proven = False
        try:
            response = call(token)
            if response.status != UNAUTHORIZED:
                proven = True
            elif refused is None:
                kept = None
            else:
                # only a renewed token says something about the call, or about the keys
                self._prove(token)
                proven = True
        except RunError as error:
            self._dead = error
            raise
        finally:
            self._release(kept, proven=proven)
        return response, generation, True

    def _prove(self, token: str) -> None:
        """Check that a token that was refused at its first use is good for another call."""
        if self._proof is None or self._proof(token).status == UNAUTHORIZED:
            raise RunError(
                "the server refused a token that it had just given out (401); check "
                f"{self._keys}, and that they belong to this service",
                Cause.LOGIN,
            )

    def _take(self, refused: int | None) -> tuple[str, int, bool]:
        """Return a token, its generation, and whether it is fresh: this call alone tries it."""
        with self._changed:
            self._changed.wait_for(lambda: self._dead or not self._busy)
            if self._dead is not None:
                raise self._dead
            token = self._token if refused != self._generation else None
            if token is not None and self._proven:
                return token, self._generation, False
            self._busy = True
            if token is not None:
                return token, self._generation, True
        try:
            token = self._ask()
        except BaseException as error:
            self._dead = error if isinstance(error, RunError) else None
            self._release(self._token, proven=self._proven)
            raise
        with self._changed:
            self._generation += 1
            return token, self._generation, True

    def _release(self, token: str | None, *, proven: bool) -> None:
        """Let the others go on, with this token."""
        with self._changed:
            self._token, self._proven, self._busy = token, proven, False
            self._changed.notify_all()
