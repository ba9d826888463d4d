"""A plain client of the REST API for these tests: it spells every request out."""

from typing import Any, Self

import requests

from izoologic_cdf.platform import Platform


class Rest:
    """One session; paths are below /api."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.session = requests.Session()
        self.session.trust_env = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def send(self, method: str, path: str, body: Any = None, **arguments: Any) -> requests.Response:
        if body is not None:
            arguments["json"] = body
        return self.session.request(
            method, f"{self.platform.url}/api{path}", timeout=10, allow_redirects=False, **arguments
        )

    def login(self) -> str:
        """Log in as the API client, and send the token from now on."""
        own = self.platform.credentials
        pair = (own.client_id, own.client_secret)
        answer = self.send("POST", "/token?grant_type=client_credentials", auth=pair)
        token = answer.json()["access_token"]
        assert isinstance(token, str)
        self.session.headers["Authorization"] = f"Bearer {token}"
        return token

    def data(self, method: str, path: str, body: Any = None, **arguments: Any) -> Any:
        """Return the data of an answer that has to be good."""
        answer = self.send(method, path, body, **arguments)
        assert answer.ok, (method, path, answer.status_code, answer.text)
        return answer.json()["data"] if answer.content else None

    def consume(self, collection: str, *items: dict[str, Any]) -> list[int]:
        """Return the ids of items that were consumed, in their order."""
        found = {
            row.get("value") or row.get("title") or row.get("name"): row["id"]
            for row in self.data("POST", f"/{collection}/consume", list(items))
        }
        return [found[item.get("value") or item.get("title") or item.get("name")] for item in items]

    def attributes(self, collection: str, number: int) -> dict[tuple[str, str], list[str]]:
        """Return the sources of an object's attributes by name and value."""
        rows = self.data("GET", f"/{collection}/{number}/attributes")
        return {
            (row["name"], row["value"]): sorted(source["name"] for source in row["sources"])
            for row in rows
        }


def fits(answer: Any, expected: Any) -> bool:
    """Return whether an answer has all that is expected, and perhaps more keys.

    A type stands for any value of it; a list is as long as what is expected.
    """
    if isinstance(expected, type):
        return isinstance(answer, expected)
    if isinstance(expected, dict):
        return isinstance(answer, dict) and all(
            key in answer and fits(answer[key], value) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(answer, list)
            and len(answer) == len(expected)
            and all(map(fits, answer, expected))
        )
    return bool(answer == expected) and type(answer) is type(expected)
