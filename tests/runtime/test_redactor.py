"""The Redactor: a secret is masked in every form in which it can be written."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from izoologic_cdf.runtime.redactor import Redactor

SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=30).filter(
    lambda text: len(text.strip()) >= 4
)


def redactor(*secrets: str) -> Redactor:
    made = Redactor()
    for secret in secrets:
        made.add(secret)
    return made


@pytest.mark.parametrize(
    "secret", ["k+y/=&? %", 'quo"ted\\key', "  padded key ", "schlüssel€", "key😀😏"]
)
@pytest.mark.parametrize(
    "form",
    [
        str,
        str.strip,
        lambda s: quote(s, safe=""),
        quote,
        lambda s: base64.b64encode(s.encode()).decode(),
        lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
        lambda s: json.dumps(s)[1:-1],
        lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    ],
)
def test_every_form_of_a_secret_is_masked(secret: str, form: object) -> None:
    assert callable(form)
    assert redactor(secret)(f"before [{form(secret)}] after") == "before [***] after"


def test_a_secret_in_a_form_body_is_masked() -> None:
    text = urlencode({"key": "k+y/z"})
    assert redactor("k+y/z")(text) == "key=***"


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    assert redactor("abcd", "abcdefgh")("abcdefgh abcd") == "*** ***"


@pytest.mark.parametrize("secret", ["", "abc", "    ", " abc "])
def test_what_is_too_short_is_no_secret(secret: str) -> None:
    assert redactor(secret)("abc and more") == "abc and more"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb", "a\\nb"),
        ("a\rb\tc", "a\\rb\\tc"),
        ("\u202eabc", "\\u202eabc"),
        ("\ud800", "\\ud800"),
        ("é😀", "é😀"),
    ],
)
def test_control_characters_are_made_visible(text: str, shown: str) -> None:
    assert Redactor()(text) == shown


@given(secret=SECRETS)
def test_no_secret_stands_in_what_is_written(secret: str) -> None:
    # the mask itself is no secret, and neither is what the frame holds
    written = redactor(secret)(f"<{secret}>")
    assert written == "<***>"


def test_secrets_of_many_threads_are_all_remembered() -> None:
    made = Redactor()
    secrets = [f"secret-{number}-secret" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(made.add, secrets))
    assert set(made(" ".join(secrets)).split()) == {"***"}


def test_what_was_shown_before_it_turned_out_to_be_a_secret_is_masked_from_then_on() -> None:
    made = redactor("another secret")
    assert [made("the token is abcdefgh") for _ in range(2)] == ["the token is abcdefgh"] * 2
    made.add("abcdefgh")
    assert made("the token is abcdefgh") == "the token is ***"
    assert redactor("other")("the token is abcdefgh") == "the token is abcdefgh"
