"""The closed schema as JSON Schema, so that an editor completes and checks while typing.

Which keys a construct has comes from the language's own table; this module adds only what stands
under them. A value may hold an expression wherever the language allows one: an editor that knows
the tags reads it as text, so such places accept everything.
"""

from collections.abc import Mapping
from typing import Any

from izoologic_cdf.language import overlay
from izoologic_cdf.language.fields import FEED_TYPES
from izoologic_cdf.language.pipelines import FILTER_WORDS, FILTERS_WITH_VALUE
from izoologic_cdf.language.schema import CONSTRUCTS

# the tags of the language as the YAML extension of an editor wants them (`yaml.customTags`)
CUSTOM_TAGS = ("!expr scalar", "!tmpl scalar", "!json mapping")
WORTH = {"A": "attested", "D": "described by the vendor", "H": "house convention"}

_Schema = dict[str, Any]
_TEXT: _Schema = {"type": "string"}
_FLAG: _Schema = {"type": "boolean"}
_ANY: _Schema = {}
# an expression is text for an editor
_DAYS: _Schema = {"anyOf": [{"type": "integer", "minimum": 1}, _TEXT]}


def _ref(name: str) -> _Schema:
    return {"$ref": f"#/definitions/{name.replace(' ', '-')}"}


def _list(of: _Schema) -> _Schema:
    return {"type": "array", "items": of}


def _map(of: _Schema) -> _Schema:
    return {"type": "object", "additionalProperties": of}


_PIPELINE = _list(_ref("filter"))
_OVERLAID_FEED: _Schema = {"anyOf": [_ref("feed"), {"type": "null"}]}
# written out, or given by an expression, as a whole or in part
_ATTRIBUTES: _Schema = {"anyOf": [_list({"anyOf": [_ref("attribute"), _TEXT]}), _TEXT]}
_TAGS: _Schema = {"anyOf": [_list({"anyOf": [_ref("tag"), _TEXT]}), _TEXT]}
_ITEMS: _Schema = {
    "anyOf": [_list({"anyOf": [_ref("item"), _TEXT]}), _ref("item"), _TEXT],
}

# what stands under the keys of each construct; a key that is not named here takes any value
_VALUES: Mapping[str, Mapping[str, _Schema]] = {
    "definition": {
        "version": _TEXT,
        "required_threatq_version": _TEXT,
        "template_values": _map(_ANY),
        "_anchors": _list(_ANY),
        "feeds": {**_map(_ref("feed")), "properties": {overlay.KEY: _map(_OVERLAID_FEED)}},
    },
    "feed": {
        "feed_type": {"enum": list(FEED_TYPES)},
        "category": _TEXT,
        "namespace": _TEXT,
        "default_indicator_status": _TEXT,
        "timestamp_format": _TEXT,
        "user_fields": _list(_ref("user field")),
        "ingest_rules": _ref("ingest rules"),
        "source": _ref("source"),
        "filters": _PIPELINE,
        "report": _ref("report"),
    },
    "user field": {
        "name": _TEXT,
        "label": _TEXT,
        "description": _TEXT,
        "required": _FLAG,
        "mask": _FLAG,
        "boolean": _FLAG,
    },
    "ingest rules": {"attributes": _list(_ref("attribute rule"))},
    "attribute rule": {"name": _TEXT, "rule": {"enum": ["update"]}},
    "source": {"http": _ref("http")},
    "http": {
        "response_content_type": _TEXT,
        "pagination": _ref("pagination"),
        "timeout": {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, _TEXT]},
        "auth": _ref("auth"),
        "window": _ref("window"),
    },
    "pagination": {"template_values": _map(_ANY)},
    "auth": {"request": _ref("login request"), "filters": _PIPELINE, "header": _TEXT},
    "login request": {"method": _TEXT},
    "window": {"days": _DAYS, "look_back": _list(_DAYS)},
    "if": {"filters": _PIPELINE},
    "supplemental": {"feed": _TEXT, "into": _TEXT},
    "track": {},
    "shared set": {},
    "object set": {
        "items": _ITEMS,
        "attribute-sets": _list(_TEXT),
        "tag-sets": _list(_TEXT),
        "related": _map(_list(_TEXT)),
        "fulfillment": _TEXT,
    },
    "item": {"attributes": _ATTRIBUTES, "tags": _TAGS},
    "tag": {},
    "attribute": {},
}

_FILTER_VALUES: Mapping[str, _Schema] = {
    "get": _TEXT,
    "set": _map(_ANY),
    "if": _ref("if"),
    "filter-mapping": _map({"anyOf": [_ref("filter"), _PIPELINE]}),
    "each": _PIPELINE,
    "chain": _PIPELINE,
    "python": _TEXT,
    "supplemental": _ref("supplemental"),
    "warn": _PIPELINE,
    "track": _ref("track"),
}


def schema() -> _Schema:
    """Return the JSON Schema (draft 7, what editors read) of a definition."""
    definitions = {name.replace(" ", "-"): _construct(name) for name in CONSTRUCTS}
    # related objects nest in an item under the plural of their code
    definitions["item"]["patternProperties"] = {"s$": _ANY}
    definitions["filter"] = _filter()
    definitions["report"] = _report()
    top = definitions.pop("definition")
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A ThreatQ configuration driven feed, as far as it is known",
        **top,
        "definitions": definitions,
    }


def _construct(name: str) -> _Schema:
    keys = CONSTRUCTS[name]
    values = _VALUES[name]
    # null takes a key away, so values are not described
    overlaid: _Schema = {
        "type": "object",
        "propertyNames": {"enum": [*keys]},
        "description": "what the uploaded file has instead, or in addition",
    }
    result: _Schema = {
        "type": "object",
        "properties": {
            key: {**values.get(key, _ANY), "description": f"{about.says} ({WORTH[about.worth]})"}
            for key, about in keys.items()
        }
        | {overlay.KEY: overlaid},
        "additionalProperties": False,
    }
    required = [key for key, about in keys.items() if about.required]
    return {**result, "required": required} if required else result


def _filter() -> _Schema:
    return {
        "anyOf": [
            {"enum": sorted(FILTER_WORDS)},
            {
                "type": "object",
                "properties": {
                    name: _FILTER_VALUES.get(name, _ANY) for name in sorted(FILTERS_WITH_VALUE)
                }
                | {overlay.KEY: _PIPELINE},
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ]
    }


def _set_of(items: _Schema) -> _Schema:
    return {"allOf": [_ref("shared set"), {"properties": {"items": items}}]}


def _report() -> _Schema:
    return {
        "type": "object",
        "properties": {
            "attribute-sets": _map(_set_of(_ATTRIBUTES)),
            "tag-sets": _map(_set_of(_TAGS)),
        },
        "patternProperties": {"^(?!(attribute|tag)-sets$).+-sets$": _map(_ref("object set"))},
        "additionalProperties": False,
    }
