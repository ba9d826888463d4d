"""The calls of a push: one login, renewed once per call, and refusals with the platform's words."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from urllib3.filepost import encode_multipart_formdata

from izoologic_cdf.errors import Cause, RunError
from izoologic_cdf.runtime.bodies import Response
from izoologic_cdf.runtime.failures import FORBIDDEN, UNAUTHORIZED, HttpError, refusal
from izoologic_cdf.runtime.http import Request, Transport
from izoologic_cdf.runtime.login import Login
from izoologic_cdf.runtime.redactor import MASK, Redactor

Json = Mapping[str, Any]
_GOOD = frozenset({200, 201})
_NO_BODY = 204
_REFUSED = range(400, 500)
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
# shorter values would mask ordinary words of a refusal
_MIN_MASKED = 4


@dataclass(frozen=True, slots=True)
class Account:
    """Where the platform is and who pushes: client credentials, or a user's e-mail and password.

    `url` is the base without `/api` and without a slash at its end.
    """

    url: str
    client_id: str
    client_secret: str = ""
    email: str = ""
    password: str = ""
    verify: bool = True
    use_proxies: bool = True

    @property
    def keys(self) -> str:
        """The fields of the form that the login is made with."""
        return (
            "client_id and client_secret" if self.client_secret else "email, password and client_id"
        )

    @property
    def secrets(self) -> Iterable[str]:
        """What no output may show."""
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        return filter(None, (self.client_secret, self.password, self.client_secret and basic))


@dataclass(slots=True)
class RestClient:
    """Calls below `/api`; answers are the parsed JSON.

    Every call raises HttpError where the platform refuses it (`refused`) or cannot be had, and
    RunError where no further call makes sense: no login, or no right to write.
    """

    account: Account
    transport: Transport
    redactor: Redactor
    _login: Login = field(init=False)

    def __post_init__(self) -> None:
        for secret in self.account.secrets:
            self.redactor.add(secret)
        self._login = Login(self._ask, self.account.keys)

    def get(self, path: str, **params: Any) -> Json:
        """Return the document of a GET; parameters that are None are left out."""
        return self.call("GET", path, params=params)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        private: Iterable[str] | None = (),
        once: bool = False,
    ) -> Json:
        """Return the document of a call; `once` where each that arrives makes another object.

        No text of `private` is quoted from its refusal; where that is None, nothing but the names
        of fields is.
        """
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        return self._send(self._request(method, path, params, content, _JSON, once=once), private)

    def upload(self, name: str, content: bytes) -> None:
        """Upload the bytes of a file, once: whether a call that failed has arrived is not known."""
        fields: list[tuple[str, Any]] = [
            ("resumableIdentifier", f"{len(content)}-{name}"),
            ("resumableRelativePath", name),
            ("resumableTotalChunks", "1"),
            ("resumableFilename", name),
            ("file", ("blob", content, "application/octet-stream")),
        ]
        body, kind = encode_multipart_formdata(fields)
        path = "attachments/upload"
        self._send(self._request("POST", path, None, body, {"Content-Type": kind}, once=True), ())

    def _request(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        once: bool = False,
    ) -> Request:
        sent = {name: str(value) for name, value in (params or {}).items() if value is not None}
        return Request(
            method,
            f"{self.account.url}/api/{quote(path)}",
            sent or None,
            headers,
            body,
            verify=self.account.verify,
            use_proxies=self.account.use_proxies,
            good=_GOOD,
            repeatable=not once,
        )

    def _send(self, request: Request, private: Iterable[str] | None) -> Json:
        def call(token: str) -> Response:
            headers = {**request.headers, "Authorization": f"Bearer {token}"}
            return self.transport.send(replace(request, headers=headers))

        response = self._login.send(call, request.endpoint)
        if response.status == _NO_BODY:
            return {}
        if response.status == FORBIDDEN:
            raise RunError(
                f"{request.endpoint}: the platform answered 403{self._said(response, private)}; "
                "give the API client a role that may read and write",
                Cause.LOGIN,
            )
        if response.status not in _GOOD:
            raise self._refused(request.endpoint, response, private)
        document = response.json_object
        if document is None:
            message = "expected a JSON object in the answer"
            raise HttpError(request.endpoint, message, response.status, Cause.ITEM)
        if document.get("errors"):
            # some answers carry errors under a good status
            message = f"the platform refused it{self._said(response, private)}"
            raise HttpError(request.endpoint, message, 400, Cause.ITEM)
        return document

    def _refused(
        self, endpoint: str, response: Response, private: Iterable[str] | None
    ) -> HttpError:
        if response.status not in _REFUSED:
            return refusal(endpoint, response, self.redactor)
        message = f"the platform answered {response.status}{self._said(response, private)}"
        return HttpError(endpoint, message, response.status, Cause.ITEM)

    def _said(self, response: Response, private: Iterable[str] | None) -> str:
        """Return what a refusal says, without the values that were sent."""
        document = response.json_object or {}
        text = "; ".join(_errors(document) if private is not None else _fields(document))
        return f": {self.mask(text, private)}" if text else ""

    def mask(self, text: str, private: Iterable[str] | None = ()) -> str:
        """Return what the platform says without secrets and without these values."""
        for value in sorted(private or (), key=len, reverse=True):
            if len(value) >= _MIN_MASKED:
                text = text.replace(value, MASK)
        return self.redactor(text)

    def _ask(self) -> str:
        """Log in and return an access token; raises RunError."""
        self.transport.calls.count(logins=1)
        account = self.account
        headers, body = dict(_JSON), None
        if account.client_secret:
            pair = f"{account.client_id}:{account.client_secret}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
            params = {"grant_type": "client_credentials"}
        else:
            body = json.dumps({"email": account.email, "password": account.password}).encode()
            params = {"grant_type": "password", "client_id": account.client_id}
        request = self._request("POST", "token", params, body, headers)
        try:
            response = self.transport.send(request)
        except HttpError as error:
            # an answer, but not one of the API
            hint = "; check threatq_host" if error.status in _GOOD else ""
            raise RunError(f"no login: {error.message}{hint}", error.cause) from None
        if response.status in (400, UNAUTHORIZED, FORBIDDEN):
            said = self._said(response, ())
            text = f"the platform refused the login ({response.status}{said}); check {account.keys}"
            raise RunError(text, Cause.LOGIN)
        if response.status not in _GOOD:
            refused = self._refused(request.endpoint, response, ())
            raise RunError(f"no login: {refused.message}; check threatq_host", refused.cause)
        token = (response.json_object or {}).get("access_token")
        if not isinstance(token, str) or not token:
            text = "no token in the response to the login; check threatq_host"
            raise RunError(text, Cause.LOGIN)
        self.redactor.add(token)
        for secret in (response.json_object or {}).values():
            # a refresh token is as good as a login
            if isinstance(secret, str) and secret.lower() != "bearer":
                self.redactor.add(secret)
        return token


def _errors(document: Json) -> list[str]:
    """Return what an answer says is wrong."""
    found = [text for told in _told(document) for text in _flat(told)]
    return found or _flat(document.get("message"))


def _fields(document: Json) -> list[str]:
    """Return the names of the fields that an answer says are wrong."""
    return [str(name) for told in _told(document) if isinstance(told, dict) for name in told]


def _told(document: Json) -> list[Any]:
    """Return the errors of an answer, in each of the forms that clients have seen."""
    data = document.get("data")
    first = data[0] if isinstance(data, list) and data else data
    inner = first if isinstance(first, dict) else {}
    return [document.get("errors"), inner.get("errors"), inner.get("error")]


def _flat(told: Any) -> list[str]:
    if isinstance(told, dict):
        return [f"{name}: {' '.join(_flat(texts))}" for name, texts in told.items()]
    if isinstance(told, list):
        return [text for one in told for text in _flat(one)]
    return [str(told)] if told else []
