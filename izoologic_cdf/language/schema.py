"""The closed schema: which keys each construct of the language has.

One table; the loader refuses every other key. Worth: A attested, D described, H house convention
(the terms of the conventions table).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from izoologic_cdf.language.nodes import Document, MappingNode, Node, kind_of
from izoologic_cdf.language.positions import Findings, did_you_mean

Worth = Literal["A", "D", "H"]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a construct: what it says, what it is worth, whether it must be there."""

    says: str
    worth: Worth = "A"
    required: bool = False


CONSTRUCTS: Mapping[str, Mapping[str, Key]] = {
    "definition": {
        "version": Key("version of the integration, as text", required=True),
        "required_threatq_version": Key("oldest ThreatQ that runs it", required=True),
        "template_values": Key("names and values; each becomes a name of expressions"),
        "_anchors": Key("fragments to refer to; ignored by the engine"),
        "feeds": Key("feed name to feed", required=True),
    },
    "feed": {
        "feed_type": Key("primary, supplemental or fulfillment", "H"),
        "category": Key("section of the integrations page"),
        "namespace": Key("unique name of the feed in the platform"),
        "default_indicator_status": Key("status of indicators that the feed creates"),
        "timestamp_format": Key("how since and until are rendered", "D"),
        "user_fields": Key("the configuration form"),
        "ingest_rules": Key("how reported values meet stored ones"),
        "source": Key("where the data comes from"),
        "filters": Key("the pipeline over the data"),
        "report": Key("which objects the data becomes"),
    },
    "user field": {
        "name": Key("name in expressions", required=True),
        "label": Key("label in the form", required=True),
        "description": Key("help text in the form"),
        "required": Key("whether it must be filled in"),
        "default": Key("value when nothing is entered"),
        "mask": Key("a secret: never shown"),
        "boolean": Key("a check box"),
    },
    "ingest rules": {"attributes": Key("rules for attributes", required=True)},
    "attribute rule": {
        "name": Key("name of the attribute", required=True),
        "rule": Key("update: the value is replaced", required=True),
    },
    "source": {"http": Key("an HTTP request", required=True)},
    "http": {
        "url": Key("address", required=True),
        "method": Key("GET when absent"),
        "params": Key("query parameters"),
        "headers": Key("request headers"),
        "body": Key("request body; !json for a JSON body"),
        "response_content_type": Key("content type that is asked for"),
        "verify_host_ssl": Key("whether the certificate is checked"),
        "disable_proxies": Key("whether configured proxies are ignored"),
        "pagination": Key("how further pages are asked for"),
        "timeout": Key("seconds to wait for an answer; not every ThreatQ has it"),
        "auth": Key("token login", "H"),
        "window": Key("length of the windows of a run", "H"),
        "fallback_url": Key("address to try once after a 404", "H"),
    },
    "pagination": {
        "condition": Key("true while there is another page", required=True),
        "params": Key("query parameters of the next page", required=True),
        "template_values": Key("names for condition and params"),
    },
    "auth": {
        "request": Key("the request that answers with a token", "H", required=True),
        "filters": Key("from the answer to the token", "H", required=True),
        "header": Key("header that carries the token", "H", required=True),
        "value": Key("text of that header; `token` is the token", "H", required=True),
    },
    "login request": {
        "url": Key("address", "H", required=True),
        "method": Key("POST when absent", "H"),
        "headers": Key("request headers", "H"),
        "body": Key("request body", "H"),
    },
    "window": {
        "days": Key("longest window, in days", "H", required=True),
        "not_before": Key("epoch before which no window need begin; one window is kept", "H"),
        "look_back": Key("days before now from where to ask a refused window again", "H"),
    },
    "if": {
        "condition": Key("whether the sub-pipeline runs", required=True),
        "filters": Key("the sub-pipeline", required=True),
    },
    "supplemental": {
        "feed": Key("name of the supplemental feed", "H", required=True),
        "params": Key("what it gets as run_params", "H"),
        "into": Key("key that receives what it emits", "H", required=True),
    },
    "track": {
        "id": Key("the case, for reports and errors", "H", required=True),
        "updated": Key("epoch of its newest update", "H"),
    },
    "shared set": {"items": Key("its attributes or tags", required=True)},
    "object set": {
        "items": Key("the objects", required=True),
        "attribute-sets": Key("names of attribute sets"),
        "tag-sets": Key("names of tag sets"),
        "related": Key("object code to names of sets"),
        "fulfillment": Key("feed that fills placeholder attachments", "H"),
    },
    "item": {
        "value": Key("value of the object"),
        "title": Key("title of an event"),
        "name": Key("name of an attachment"),
        "type": Key("type of an event or indicator"),
        "description": Key("description"),
        "published_at": Key("date of the source"),
        "happened_at": Key("date of an event"),
        "started_at": Key("begin of an incident"),
        "ended_at": Key("end of an incident"),
        "status": Key("status of an indicator"),
        "attributes": Key("attributes of this item"),
        "tags": Key("tags of this item"),
        "key": Key("identity of a placeholder", "H"),
        "run_params": Key("what the fulfillment feed gets", "H"),
        "content": Key("bytes of an attachment", "H"),
        "condition": Key("whether the object is reported", "H"),
    },
    "tag": {
        "name": Key("text of the tag; a list is several tags", required=True),
        "condition": Key("whether it is reported", "H"),
    },
    "attribute": {
        "name": Key("name of the attribute", required=True),
        "value": Key("its value; a list is several attributes", required=True),
        "condition": Key("whether it is reported"),
    },
}


class Parts:
    """The parts of a construct by key, compiled one by one; findings of all of them come at once.

    `keys` are the nodes of the known keys that are there. What `part` and `due` return is used
    after `check` only: a part with a finding is null.
    """

    def __init__(self, document: Document, node: Node, construct: str) -> None:
        """Look at the keys.

        Raises:
            DefinitionError: no mapping. Unknown and missing keys wait for `check`.
        """
        self.document = document
        self.keys: dict[str, Node] = {}
        one = f"{'an' if construct[0] in 'aehio' else 'a'} {construct}"
        self.found = Findings()
        known, hints = CONSTRUCTS[construct], set()
        if not isinstance(node, MappingNode):
            message = f"{one} must be a mapping, this is {kind_of(node)}"
            raise document.error(node, message, f"its keys: {', '.join(known)}")
        for entry in document.entries(node, one, self.found):
            if entry.key in known:
                self.keys[entry.key] = entry.value
                continue
            hint = did_you_mean(entry.key, known)
            hints.add(hint)
            message = f"{one} has no key {entry.key!r}"
            self.found.add(document.finding(entry.key_node, message, hint))
        missing = [name for name, key in known.items() if key.required and name not in self.keys]
        # a mistyped key is not missing as well
        missing = [name for name in missing if did_you_mean(name, [name]) not in hints]
        if missing:
            *most, last = map(repr, missing)
            names = f"s {', '.join(most)} and {last}" if most else f" {last}"
            message = f"this {construct} lacks the key{names}"
            help_ = "; ".join(f"{name}: {known[name].says}" for name in missing)
            self.found.add(document.finding(node, message, help_))

    def part(self, key: str, compile_: Callable[[Node], _T]) -> _T | None:
        """Return what the node under a key compiles to; null where there is none."""
        if key in self.keys:
            with self.found:
                return compile_(self.keys[key])
        return None

    def due(self, key: str, compile_: Callable[[Node], _T]) -> _T:
        """Return what the node under a required key compiles to."""
        return cast("_T", self.part(key, compile_))

    def text(self, key: str) -> str | None:
        """Return the text under a key; null where there is none."""
        return self.part(key, lambda node: self.document.text(node, key))

    def check(self) -> None:
        """Raise DefinitionError with everything that is wrong, if anything is."""
        self.found.check()
