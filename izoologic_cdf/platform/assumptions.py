"""ASSUMED: every reading of ThreatQ's API that no public source settles, as a named option.

The first value of each option is the best guess, and the default. A client is safe when it works
under all of them. What is known stands elsewhere in this package.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from izoologic_cdf.loopback.inputs import EmulatorError, number
from izoologic_cdf.loopback.steering import ServerOptions, choice, option


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(ServerOptions):
    """One reading of the API; each option is explained in docs/platform.md.

    Raises EmulatorError for a value that an option cannot take.
    """

    # login and limits
    login_status: int = choice(200, 201)
    token_life_seconds: int = option(3600, number(1))
    read_only: bool = choice(False, True)
    calls_per_minute: int | None = option(None, number(1, null=True))
    # names
    collections: str = choice("code", "plural")
    strict_collections: bool = choice(False, True)
    type_ids: str = choice("usual", "shifted")
    unknown_event_type: str = choice("refuse", "make")
    unknown_category: str = choice("refuse", "generic")
    # who an object is
    keys: str = choice("exact", "folded")
    event_key: str = choice("title+type", "title+type+happened_at")
    file_key: str = choice("hash+name", "none")
    too_long: str = choice("refuse", "cut")
    # what a consume or a second POST does to an object that exists
    consume_description: str = choice("replace", "keep")
    consume_dates: str = choice("keep", "replace")
    consume_status: str = choice("replace", "keep")
    consume_attributes: str = choice("add", "replace")
    consume_bad_item: str = choice("refuse", "skip", "report")
    consume_order: str = choice("sent", "shuffled")
    # the update of an attribute
    put_attribute_sources: str = choice("keep", "replace")
    put_attribute_twin: str = choice("merge", "refuse")
    # answers
    default_source: str = choice("login", "none")
    source_published: str = choice("hidden", "given")
    error_form: str = choice("data", "list")
    hash_fields: str = choice("asked", "all")
    unknown_hash: str = choice("all", "refuse")
    page_size: int | None = option(None, number(1, null=True))
    related_limit: int = option(1000, number(1))

    @classmethod
    def read(cls, assignments: Iterable[str]) -> Self:
        """Return the options of texts such as `page_size=10`; raises EmulatorError."""
        changes: dict[str, Any] = {}
        for text in assignments:
            name, equals, value = text.partition("=")
            if not equals:
                raise EmulatorError(f"an option is given as NAME=VALUE, not as {text!r}")
            try:
                changes[name] = json.loads(value)
            except ValueError:
                changes[name] = value
        return cls().changed(**changes)


# an indicator whose status is not named
DEFAULT_STATUS = "Active"
# ids of the traffic light protocol, for sources that name it
TLP = {"RED": 1, "AMBER": 2, "GREEN": 3, "WHITE": 4}
# by how much type and status ids differ under type_ids = shifted
SHIFT = 100
# lengths that the database of version 4 has: characters, and for descriptions bytes
MAX_VALUE, MAX_ATTRIBUTE_NAME, MAX_TAG, MAX_DESCRIPTION = 255, 64, 50, 65_535
# the clients' own code for a content type of a file is unknown; every file has this one
CONTENT_TYPE_ID = 1
