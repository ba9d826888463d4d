"""Login and access tokens."""

from typing import Any

import pytest

from tests.emulator.api_client import API, Client


def authorized(client: Client) -> bool:
    response = client.get(API + "CaseDetail", params={"caseid": "CASE123456"})
    assert response.status_code in {200, 401}
    return response.status_code == 200


def test_a_token_is_three_base64url_parts(client: Client) -> None:
    parts = client.login().split(".")
    assert len(parts) == 3
    assert all(part.replace("-", "").replace("_", "").isalnum() for part in parts)


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer ", "Bearer nonsense", "Basic dTpw", "nonsense"]
)
def test_without_a_good_bearer_the_answer_is_401_with_an_empty_body(
    client: Client, header: str | None
) -> None:
    headers = {"Authorization": header}
    response = client.get(API + "CaseDetail", params={"caseid": "CASE123456"}, headers=headers)
    assert response.status_code == 401
    assert response.content == b""
    assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("status", [200, 401])
def test_wrong_keys_are_refused_in_the_envelope_with_the_status_of_the_option(
    client: Client, status: int
) -> None:
    client.emulator.state.set_options(bad_login_status=status)
    keys = {"apikey": "wrong", "secretkey": client.emulator.secret_key}
    response = client.post("/api/Token/Authenticate", keys)
    assert response.status_code == status
    assert response.json()["success"] is False
    assert response.json()["result"] is None


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"apikey": "x"}, ["secretkey"]),
        ({}, ["apikey", "secretkey"]),
        ({"apikey": 5, "secretkey": "x"}, ["apikey"]),
        ({"apikey": None, "secretkey": "x"}, ["apikey"]),
        ([], ["$"]),
    ],
)
def test_a_login_that_lacks_a_field_or_type_is_400_and_names_it(
    client: Client, body: Any, named: list[str]
) -> None:
    response = client.post("/api/Token/Authenticate", body)
    assert response.status_code == 400
    assert response.headers["Content-Type"].startswith("application/problem+json")
    assert sorted(response.json()["errors"]) == named


def test_a_token_ends_after_its_seconds(client: Client) -> None:
    client.emulator.state.set_options(token_life_seconds=60)
    client.emulator.state.advance(59)
    assert authorized(client)
    client.emulator.state.advance(1)
    assert not authorized(client)


def test_a_token_ends_after_its_uses(client: Client) -> None:
    client.emulator.state.set_options(token_life_uses=2)
    assert [authorized(client) for _ in range(3)] == [True, True, False]


def test_revoking_ends_all_tokens_and_a_new_login_helps(client: Client) -> None:
    client.emulator.state.revoke_tokens()
    assert not authorized(client)
    client.login()
    assert authorized(client)


@pytest.mark.parametrize("single", [False, True])
def test_a_new_token_ends_the_previous_one_if_the_option_says_so(
    client: Client, single: bool
) -> None:
    client.emulator.state.set_options(single_token=single)
    first = client.session.headers["Authorization"]
    client.login()
    client.session.headers["Authorization"] = first
    assert authorized(client) is not single
