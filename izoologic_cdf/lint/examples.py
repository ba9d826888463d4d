"""The examples of rules are short: this completes one to a definition that can be linted."""

import re
from textwrap import dedent, indent

_TOP = {
    "version": 'version: "1.0.0"\n',
    "required_threatq_version": 'required_threatq_version: ">=5.29.0"\n',
}
_FEED = {
    "category": "category: Commercial\n",
    "namespace": "namespace: threatq.feeds.example.example_cases\n",
    "default_indicator_status": "default_indicator_status: Active\n",
    "source": (
        "source:\n"
        "  http:\n"
        "    url: https://api.example.com/cases\n"
        "    params: {since: !expr run_meta.since}\n"
    ),
}
_FEEDS = "feeds:\n  Example Cases:\n"
_KEY = re.compile(r"^([\w.-]+):", re.MULTILINE)


def complete(example: str) -> str:
    """Return a whole definition: the example, with the keys that it leaves out put in.

    An example that starts with keys of the top level is a file, any other one is a feed. A file
    of its own `feeds` has its feeds written out.
    """
    example = dedent(example).lstrip("\n")
    keys = set(_KEY.findall(example))
    of_the_file = keys & {*_TOP, "template_values", "_anchors", "feeds"}
    if not of_the_file:
        feed = _missing(_FEED, keys) + example
        return _missing(_TOP, set()) + _FEEDS + indent(feed, " " * 4)
    rest = "" if "feeds" in keys else _FEEDS + indent(_missing(_FEED, set()), " " * 4)
    return _missing(_TOP, keys) + example + rest


def _missing(known: dict[str, str], keys: set[str]) -> str:
    return "".join(text for key, text in known.items() if key not in keys)
