"""The language as JSON Schema, so that an editor completes and checks while typing.

Everything comes from the declarations of the language. A value may hold an expression wherever the
language allows one: an editor that knows the tags reads it as text, so such places accept
everything.
"""

from typing import Any

from izoologic_cdf.language import overlay
from izoologic_cdf.language.model import Definition, Feed
from izoologic_cdf.language.reports import (
    ATTRIBUTE_ROWS,
    ATTRIBUTE_SETS,
    TAG_ROWS,
    TAG_SETS,
    ObjectSet,
    SharedSet,
)
from izoologic_cdf.language.schema import CONSTRUCTS, Schema, declared, map_of, of
from izoologic_cdf.language.steps import PIPELINE, STEPS, Step, takes_value

# the tags of the language as the YAML extension of an editor wants them (`yaml.customTags`)
CUSTOM_TAGS = ("!expr scalar", "!tmpl scalar", "!json mapping")


def schema() -> Schema:
    """Return the JSON Schema (draft 7, what editors read) of a definition."""
    definitions = {of(one).name: _construct(one) for one in CONSTRUCTS.values()}
    # related objects nest in an item under the plural of their code
    definitions["item"]["patternProperties"] = {"s$": {}}
    feeds = definitions["definition"]["properties"]["feeds"]
    removable = {"anyOf": [of(Feed).schema, {"type": "null"}]}
    feeds["properties"] = {overlay.KEY: map_of(removable)}
    definitions["filter"] = _filter()
    definitions["report"] = _report()
    top = definitions.pop(of(Definition).name)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A ThreatQ configuration driven feed, as far as it is known",
        **top,
        "definitions": definitions,
    }


def _construct(made: type[Any]) -> Schema:
    words = made.keys
    properties: Schema = {}
    for word, one in declared(made):
        said = words[word]
        described = {"description": f"{said.says} ({said.evidence})"}
        properties.setdefault(word, {**one.metadata["kind"].schema, **described})
    # null takes a key away, so values are not described
    overlaid: Schema = {
        "type": "object",
        "propertyNames": {"enum": [*words]},
        "description": "what the uploaded file has instead, or in addition",
    }
    required = [word for word, said in words.items() if said.required]
    return {
        "type": "object",
        "properties": properties | {overlay.KEY: overlaid},
        "additionalProperties": False,
    } | ({"required": required} if required else {})


def _filter() -> Schema:
    with_value = {word: _value(made) for word, made in sorted(STEPS.items()) if takes_value(made)}
    overlaid: Schema = {"type": "object", "propertyNames": {"enum": [*with_value]}}
    return {
        "anyOf": [
            {"enum": sorted(word for word in STEPS if word not in with_value)},
            {
                "type": "object",
                "properties": with_value | {overlay.KEY: {"anyOf": [PIPELINE.schema, overlaid]}},
                "additionalProperties": False,
                "minProperties": 1,
                # one filter, and perhaps what the uploaded file has instead
                "anyOf": [{"maxProperties": 1}, {"maxProperties": 2, "required": [overlay.KEY]}],
            },
        ]
    }


def _value(made: type[Step]) -> Schema:
    kinds = [kind for kind in made.kinds() if kind.schema]
    return kinds[0].schema if kinds else {}


def _set_of(items: Schema) -> Schema:
    return map_of({"allOf": [of(SharedSet).schema, {"properties": {"items": items}}]})


def _report() -> Schema:
    return {
        "type": "object",
        "properties": {
            ATTRIBUTE_SETS: _set_of(ATTRIBUTE_ROWS.schema),
            TAG_SETS: _set_of(TAG_ROWS.schema),
        },
        "patternProperties": {"^(?!(attribute|tag)-sets$).+-sets$": map_of(of(ObjectSet).schema)},
        "additionalProperties": False,
    }
