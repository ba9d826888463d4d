"""The JSON Schema knows what the language knows."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from izoologic_cdf.content import folder
from izoologic_cdf.language import overlay
from izoologic_cdf.language.schema import CONSTRUCTS
from izoologic_cdf.language.steps import STEPS, takes_value
from izoologic_cdf.lint.check import RULES
from izoologic_cdf.lint.rules import Rule
from tests.support.linted import complete
from tools.editor_schema import schema


class EditorLoader(yaml.SafeLoader):
    """Reads the tags of the language as an editor does: as plain text, mappings and lists."""


def _plain(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    assert isinstance(node, yaml.SequenceNode)
    return loader.construct_sequence(node, deep=True)


EditorLoader.add_multi_constructor("!", _plain)


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(references(inner) for inner in part.values()))
    return set().union(*map(references, part)) if isinstance(part, list) else set()


def test_every_construct_has_its_own_keys_and_no_other() -> None:
    whole = schema()
    for name, construct in CONSTRUCTS.items():
        found = whole if name == "definition" else whole["definitions"][name.replace(" ", "-")]
        assert found["properties"].keys() == {*construct.keys, overlay.KEY}
        required = [word for word, said in construct.keys.items() if said.required]
        assert found.get("required", []) == required


def test_every_filter_is_a_word_or_takes_a_value() -> None:
    words, mapping = schema()["definitions"]["filter"]["anyOf"]
    with_value = {word for word, made in STEPS.items() if takes_value(made)}
    assert set(words["enum"]) == STEPS.keys() - with_value
    assert mapping["properties"].keys() == {*with_value, overlay.KEY}


def test_every_reference_leads_to_a_definition() -> None:
    whole = schema()
    targets = {f"#/definitions/{name}" for name in whole["definitions"]}
    assert references(whole) == targets


def errors(text: str) -> list[str]:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft7Validator(schema())
    # our own subclass of the safe loader
    return [
        error.message
        for error in validator.iter_errors(yaml.load(text, EditorLoader))  # noqa: S506
    ]


@pytest.mark.parametrize("path", sorted(folder("feeds").glob("*.yaml")), ids=lambda p: p.stem)
def test_our_definitions_are_valid(path: Path) -> None:
    assert errors(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_good_example_of_every_rule_is_valid(rule: Rule) -> None:
    assert errors(complete(rule.explanation.good)) == []


def test_a_mistyped_key_is_invalid() -> None:
    text = complete("source: {http: {url: x, metod: POST}}\n")
    assert errors(text) == ["Additional properties are not allowed ('metod' was unexpected)"]


def test_a_mistyped_filter_is_invalid() -> None:
    assert len(errors(complete("filters: [parse_json]\n"))) == 1


def test_a_mistyped_key_of_an_overlay_is_invalid() -> None:
    sound = "source: {http: {url: x, _uploaded: {method: null, headers: {a: b}}}}\n"
    assert errors(complete(sound)) == []
    assert len(errors(complete(sound.replace("method", "metod")))) == 1
    assert len(errors(complete("filters: [{_uploaded: [parse_json]}]\n"))) == 1
