"""Section 1: all ways to log in, what they answer, and how tokens end."""

from typing import Any

import pytest
import requests

from izoologic_cdf.platform import Credentials, Platform
from tests.platform.rest import Rest, fits

OWN = Credentials()
EMAIL = {"email": OWN.email, "password": OWN.password}
GRANT = {"grant_type": "password"}
CLIENT = {"client_id": OWN.client_id}
PAIR = (OWN.client_id, OWN.client_secret)
CREDENTIALS = {"grant_type": "client_credentials"}
ANSWER = {
    "access_token": str,
    "token_type": "Bearer",
    "expires_in": 3600,
    "refresh_token": str,
}
# the six ways, with the variants of the fourth
WAYS: dict[str, dict[str, Any]] = {
    "1 form body": {"data": GRANT | EMAIL | CLIENT},
    "2 query and JSON": {"params": GRANT | CLIENT, "json": EMAIL},
    "3 JSON alone": {"json": EMAIL | GRANT | CLIENT},
    "4 basic, no body": {"params": CREDENTIALS, "auth": PAIR},
    "4 basic and a form": {"auth": PAIR, "data": CREDENTIALS},
    "4 basic and a JSON list": {"params": CREDENTIALS, "auth": PAIR, "json": list(PAIR)},
    "5 all in the query": {"params": CREDENTIALS | CLIENT | {"client_secret": OWN.client_secret}},
    "query and a form at once": {"params": GRANT | CLIENT, "data": EMAIL | GRANT | CLIENT},
}


@pytest.fixture
def anonymous(platform: Platform) -> Rest:
    return Rest(platform)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_log_in_gives_a_token_that_opens_the_api(anonymous: Rest, way: str) -> None:
    answer = anonymous.send("POST", "/token", **WAYS[way])
    assert answer.status_code == 200
    assert fits(answer.json(), ANSWER)
    kind = answer.json()["token_type"].title()
    headers = {"Authorization": f"{kind} {answer.json()['access_token']}"}
    assert anonymous.send("GET", "/objects", headers=headers).status_code == 200


def test_6_a_refresh_gives_new_tokens_and_ends_the_old_ones(anonymous: Rest) -> None:
    first = anonymous.send("POST", "/token", params=CREDENTIALS, auth=PAIR).json()
    bearer = {
        "Authorization": f"Bearer {first['access_token']}",
        "Content-Type": "application/json",
    }
    query = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = anonymous.send("POST", "/token", params=query, headers=bearer)
    assert (second.status_code, fits(second.json(), ANSWER)) == (200, True)
    assert anonymous.send("GET", "/objects", headers=bearer).status_code == 401
    bearer["Authorization"] = f"Bearer {second.json()['access_token']}"
    assert anonymous.send("GET", "/objects", headers=bearer).status_code == 200
    assert anonymous.send("POST", "/token", params=query, headers=bearer).status_code == 400


@pytest.mark.parametrize(
    "way",
    [
        {"data": GRANT | EMAIL | CLIENT | {"password": "wrong"}},
        {"data": GRANT | EMAIL | {"client_id": "wrong"}},
        {"data": GRANT | CLIENT},
        {"params": CREDENTIALS, "auth": (OWN.client_id, "wrong")},
        {"params": CREDENTIALS},
        {"params": {"grant_type": "refresh_token", "refresh_token": "wrong"}},
        {"params": {"grant_type": "magic"}, "auth": PAIR},
        {},
    ],
)
def test_a_bad_login_is_400(anonymous: Rest, way: dict[str, Any]) -> None:
    answer = anonymous.send("POST", "/token", **way)
    assert (answer.status_code, fits(answer.json(), {"errors": [str]})) == (400, True)
    assert OWN.client_secret not in answer.text


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic d3Jvbmc=", "Basic ???", "Bearer"])
def test_without_a_good_token_everything_is_401(anonymous: Rest, header: str) -> None:
    for path in ("/objects", "/indicators", "/nowhere"):
        answer = anonymous.send("GET", path, headers={"Authorization": header})
        assert (answer.status_code, answer.json()) == (
            401,
            {"errors": ["The access token is invalid."]},
        )


def test_a_token_ends_when_it_says_and_can_be_refreshed_after_that(
    platform: Platform, rest: Rest
) -> None:
    platform.state.set_options(token_life_seconds=1800)
    old = rest.send("POST", "/token", params=CREDENTIALS, auth=PAIR).json()
    bearer = {"Authorization": f"Bearer {old['access_token']}"}
    assert old["expires_in"] == 1800
    platform.state.advance(1799)
    assert rest.send("GET", "/objects", headers=bearer).status_code == 200
    platform.state.advance(1)
    assert rest.send("GET", "/objects", headers=bearer).status_code == 401
    query = {"grant_type": "refresh_token", "refresh_token": old["refresh_token"]}
    assert rest.send("POST", "/token", params=query, headers=bearer).status_code == 200


def test_tokens_can_be_revoked(platform: Platform, rest: Rest) -> None:
    platform.state.revoke_tokens()
    assert rest.send("GET", "/objects").status_code == 401
    rest.login()
    assert rest.send("GET", "/objects").status_code == 200


def test_anybody_may_read_the_client_id(platform: Platform) -> None:
    text = requests.get(f"{platform.url}/assets/js/config.js", timeout=5).text
    # as a client does it
    assert text[text.find("ClientId") + 12 : len(text) - 38] == OWN.client_id


def test_paths_outside_the_api_are_not_found(platform: Platform) -> None:
    assert requests.get(f"{platform.url}/", timeout=5).status_code == 404
    assert requests.get(f"{platform.url}/objects", timeout=5).status_code == 404
