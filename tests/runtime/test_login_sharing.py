"""Login: one token for all calls, renewed once per call, and never for ever."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from izoologic_cdf.errors import RunError
from izoologic_cdf.runtime.bodies import Response
from izoologic_cdf.runtime.failures import HttpError
from izoologic_cdf.runtime.login import Login

THREADS = 16


class Server:
    """Gives out tokens and says which of them it takes."""

    def __init__(self, uses: float = float("inf")) -> None:
        self.logins = 0
        self.calls = 0
        self._uses = uses
        self._left: dict[str, float] = {}
        self._lock = threading.Lock()

    def ask(self) -> str:
        with self._lock:
            self.logins += 1
            token = f"token-{self.logins}"
            self._left[token] = self._uses
            return token

    def revoke(self) -> None:
        with self._lock:
            self._left.clear()

    def call(self, token: str) -> Response:
        with self._lock:
            self.calls += 1
            left = self._left.get(token, 0)
            self._left[token] = left - 1
            return Response(200 if left > 0 else 401, {}, token.encode())


def at_once(login: Login, call: Callable[[str], Response], calls: int) -> list[Response]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda _: login.send(call), range(calls)))


def test_parallel_calls_log_in_once() -> None:
    server = Server()
    assert {r.status for r in at_once(Login(server.ask), server.call, 200)} == {200}
    assert (server.logins, server.calls) == (1, 200)


def test_a_token_revoked_between_calls_is_renewed_once_and_the_call_made_again() -> None:
    server = Server()
    login = Login(server.ask)
    assert login.send(server.call).body == b"token-1"
    server.revoke()
    assert login.send(server.call).body == b"token-2"
    assert (server.logins, server.calls) == (2, 3)


def test_a_token_revoked_under_many_calls_gives_exactly_one_new_login() -> None:
    server = Server()
    login = Login(server.ask)
    login.send(server.call)
    together = threading.Barrier(THREADS)

    def call(token: str) -> Response:
        # all of them hold the first token when it is revoked
        if token == "token-1" and together.wait(5) == 0:
            server.revoke()
        if token == "token-1":
            together.wait(5)
        return server.call(token)

    assert {r.body for r in at_once(login, call, THREADS)} == {b"token-2"}
    assert server.logins == 2
    assert server.calls == 1 + 2 * THREADS


@pytest.mark.parametrize("uses", [1, 2, 7])
def test_tokens_that_wear_out_still_finish(uses: int) -> None:
    server = Server(uses)
    responses = at_once(Login(server.ask), server.call, 100)
    assert {response.status for response in responses} == {200}
    assert server.logins >= 100 / uses


def test_a_fresh_token_that_is_refused_ends_the_run_for_all() -> None:
    server = Server(uses=0)
    login = Login(server.ask)
    for _ in range(2):
        with pytest.raises(RunError, match="refused a token that it had just given out"):
            login.send(server.call)
    assert (server.logins, server.calls) == (2, 2)


def test_a_refused_login_is_asked_once_by_many_calls() -> None:
    asked = []

    def ask() -> str:
        asked.append(1)
        raise RunError("wrong key")

    login = Login(ask)
    with ThreadPoolExecutor(THREADS) as pool:
        results = [pool.submit(login.send, Server().call) for _ in range(50)]
    assert {str(result.exception()) for result in results} == {"wrong key"}
    assert len(asked) == 1


def test_a_call_that_fails_passes_the_token_on() -> None:
    server = Server()
    login = Login(server.ask)

    def fails(_token: str) -> Response:
        raise HttpError("GET /a", "no connection")

    with pytest.raises(HttpError):
        login.send(fails)
    assert login.send(server.call).body == b"token-1"


def test_a_failed_first_use_does_not_hold_up_the_others() -> None:
    server = Server()
    login = Login(server.ask)
    failing = threading.Semaphore(3)

    def call(token: str) -> Response:
        if failing.acquire(blocking=False):
            raise HttpError("GET /a", "no connection")
        return server.call(token)

    with ThreadPoolExecutor(THREADS) as pool:
        results = [pool.submit(login.send, call) for _ in range(40)]
    failures = [result for result in results if result.exception() is not None]
    assert len(failures) == 3
    assert server.logins == 1


def test_other_statuses_are_handed_through() -> None:
    assert Login(lambda: "t").send(lambda _: Response(404, {}, b"")).status == 404
