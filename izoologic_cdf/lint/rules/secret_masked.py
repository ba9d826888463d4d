"""CDF207: a user field that holds a secret is masked."""

import re
from collections.abc import Iterator

from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.rule import Rule, Subject

_SECRETS = frozenset(
    {"apikey", "credential", "credentials", "key", "passphrase", "passwd", "password", "pwd"}
    | {"secret", "token"}
)
# what a field ends in that only tells something about a secret
_ABOUT = frozenset(
    {"endpoint", "field", "header", "host", "hostname", "id", "lifetime", "location", "name"}
    | {"path", "timeout", "type", "uri", "url"}
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def check(subject: Subject) -> Iterator[Finding]:
    """Find text fields whose name or label speaks of a secret, without `mask: true`."""
    for feed in subject.feeds.values():
        for field in feed.fields:
            if field.on("mask") or field.on("boolean"):
                continue
            if _secret(field.name) or _secret(field.text("label")):
                yield subject.document.finding(
                    field.name_node,
                    f"the user field {field.name!r} looks like a secret and is not masked",
                    "add mask: true",
                )


def _secret(text: str) -> bool:
    words = [word.lower() for word in _WORD.findall(text)]
    return bool(words) and words[-1] not in _ABOUT and not _SECRETS.isdisjoint(words)


RULE = Rule(
    code="CDF207",
    name="secret-masked",
    what="A text field whose name or label has a word such as key, secret, token or password is "
    "masked, unless it ends in a word such as url, name or id.",
    why="A field that is not masked shows the secret to everybody who opens the configuration.",
    bad="""
    user_fields:
      - {name: api_key, label: API Key, required: true}
    source:
      http:
        url: https://api.example.com/cases
        headers: {X-Api-Key: !expr user_fields.api_key}
        params: {since: !expr run_meta.since}
    """,
    good="""
    user_fields:
      - {name: api_key, label: API Key, required: true, mask: true}
    source:
      http:
        url: https://api.example.com/cases
        headers: {X-Api-Key: !expr user_fields.api_key}
        params: {since: !expr run_meta.since}
    """,
    check=check,
)
