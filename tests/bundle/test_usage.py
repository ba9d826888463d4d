"""Each row of the table of conventions is found where a definition uses it, and nowhere else."""

from textwrap import indent

import pytest

from izoologic_cdf.bundle.checklist import Use, checklist, uses
from izoologic_cdf.errors import Position
from izoologic_cdf.language.conventions import CONVENTIONS
from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.schema import VOCABULARIES

HTTP = (
    "source: {http: {url: https://api.example.com/cases, params: {since: !expr run_meta.since}}}\n"
)
# a definition of attested constructs only: whole files begin with a key of the top level
PLAIN = f"""\
template_values: {{auth: 1, window: {{track: 2}}}}
_anchors:
  - &rows [parse-json, {{get: rows}}]
  - &pasted [drop: !expr value.gone]
  - &named {{name: Fail, value: !expr data.fail}}
feeds:
  Cases:
    user_fields: [{{name: python, label: Python}}]
    {HTTP}    filters:
      - chain: *rows
      - iterate
      - <<: *pasted
      - set: {{warn: !expr value.fail, python: !expr value.track, supplemental: {{auth: 1}}}}
      - set: {{details: !expr value.details, fulfillment: !expr (value.pagination or 0) + 1}}
      - filter-mapping: {{details: parse-json}}
      - if: {{condition: !expr value.window, filters: [{{chain: [get: feed_type]}}]}}
      - each: [get: key]
    report:
      attribute-sets:
        common: {{items: [*named, {{name: A, value: !expr data.a, condition: 1}}]}}
      tag-sets: {{common: {{items: [{{name: condition}}, {{name: !expr data.tags}}]}}}}
      asset-sets:
        assets:
          items:
            - value: !expr data.names if user_fields.python else []
              description: !expr none if user_fields.python else data.text
              attributes: !expr data.one + data.two
              tags: !expr data.tags
              indicators: [{{type: IP Address, value: !expr data.address}}]
          attribute-sets: [common]
"""


def of_feed(text: str) -> str:
    return "feeds:\n  Cases:\n" + indent(HTTP * ("source:" not in text) + text, "    ")


def of_filters(text: str) -> str:
    return of_feed(f"filters:\n{indent(text, '  ')}")


def of_report(text: str) -> str:
    return of_feed(f"report:\n{indent(text, '  ')}")


def of_http(text: str) -> str:
    return of_feed(f"source:\n  http:\n    url: https://api.example.com\n{indent(text, '    ')}")


ITEM = "asset-sets: {{a: {{items: [{{{}}}]}}}}\n"
SAVED = "- set: {a: none, b: none}\n"
# (id, what uses it, the line of each place; lines of what stands around are counted too)
USED = [
    ("H1", of_http("auth: {request: {url: x}, filters: [parse-json], header: A, value: b}\n"), [6]),
    ("H2", of_filters("- supplemental: {feed: Other, into: x}\n"), [5]),
    ("H2", of_filters("- each: [{chain: [{supplemental: {feed: Other, into: x}}]}]\n"), [5]),
    ("H3", of_report("asset-sets: {a: {items: [], fulfillment: Other}}\n"), [5]),
    ("H3", of_report(ITEM.format("name: a, key: k, run_params: {a: 1}")), [5, 5]),
    ("H4", of_feed("feed_type: primary\n"), [4]),
    ("D1", of_filters("- new: !tmpl '{% if value %}x{% endif %}'\n"), [5]),
    ("D2", of_filters("- new: !expr value if value else [].index('no')\n"), [5]),
    ("D3", of_feed("timestamp_format: '%s'\n"), [4]),
    ("H5", of_filters("- python: a.b\n"), [5]),
    ("H5", of_filters(f"{SAVED}- filter-mapping: {{a: {{python: a.b}}}}\n"), [6]),
    ("H6", of_http("window: {days: 30}\n"), [6]),
    ("H7", of_filters("- track: {id: 1}\n- warn: [new: x]\n"), [5, 6]),
    ("H8", of_http("fallback_url: https://api.example.net\n"), [6]),
    ("H9", "template_values:\n  a: !expr 1 + 1\n  b: {c: [!tmpl x]}\n  d: 1\n", [2, 3]),
    ("H10", of_report(ITEM.format("value: !expr none if data.a else data.b")), [5]),
    ("H10", of_report(ITEM.format("title: !expr data.b if data.a")), [5]),
    ("H10", of_report(ITEM.format("name: !expr 'data.b or (data.a if data.c else none)'")), [5]),
    ("H10", of_report(ITEM.format("value: !expr data.b | default(none)")), [5]),
    ("H10", of_report(ITEM.format("value: ~")), [5]),
    ("H10", of_report(ITEM.format("value: a, indicators: [{value: !expr data.b if data.a}]")), [5]),
    ("H11", of_filters("- new: !expr value | tojson\n- parse-json\n"), [6]),
    ("H11", of_filters("- new: !expr value | map('tojson') | list\n- each: [parse-json]\n"), [6]),
    ("H11", of_filters("- set: {a: !expr value ~ 'x'}\n- filter-mapping: {a: parse-json}\n"), [6]),
    ("H11", of_filters("- new: {a: {b: !tmpl '{}'}}\n- get: a\n- get: b\n- parse-json\n"), [8]),
    ("H11", of_filters("- new: [!expr value ~ 'x']\n- iterate\n- chain: [parse-json]\n"), [7]),
    ("H11", of_filters("- if: {condition: 1, filters: [new: !expr 1 ~ 1]}\n- parse-json\n"), [6]),
    ("H11", of_filters("- new: !expr value ~ 'x'\n- warn: [parse-json]\n"), [6]),
    ("H12", of_report("asset-sets: {a: {items: !expr data.rows}}\n"), [5]),
    ("H12", of_report("asset-sets: {a: {items: [!expr data.one, {value: x}]}}\n"), [5]),
    ("H12", of_report(ITEM.format("value: a, indicators: !expr data.rows")), [5]),
    ("H13", of_report("event-sets: {a: {items: []}}\nnote-sets: {}\nreport-sets: {}\n"), [5, 6]),
    ("H13", of_report(ITEM.format("value: a, identities: [{value: b}]")), [5]),
    ("H14", of_filters("- new: !expr dict(value)\n- new: !tmpl '{{ range(3) }}'\n"), [5, 6]),
    ("H15", of_http("pagination: {condition: false, params: {}}\n"),
     [6]),
    ("H16", of_filters("- chain: [parse-json, iterate]\n"), [5]),
    ("H16", of_filters("- chain: [{if: {condition: 1, filters: [iterate]}}]\n"), [5]),
    ("H17", of_filters(
        f"{SAVED}- filter-mapping: {{a: [set: {{c: 1}}, filter-mapping: {{c: get}}]}}\n"), [6]),
    ("H17", of_filters(
        f"{SAVED}- filter-mapping:\n    a:\n      - each:\n        - set: {{c: 1}}\n"
        "        - chain: [{filter-mapping: {c: parse-json}}]\n"), [10]),
    ("H18", "_anchors: [&steps [parse-json]]\n"
     + of_filters("- if: {condition: true, filters: *steps}\n"), [6]),
    ("H19", "_anchors: [&since !expr run_meta.since]\n" + of_http("params: {a: *since}\n"), [1]),
    ("H19", "_anchors: [&text !tmpl x]\n" + of_filters("- new: [1, *text]\n"), [1]),
    ("H19", of_filters("- new: [&a !expr value.a, *a]\n"), [5]),
    ("H19", "_anchors: [&body !json {a: 1}]\n" + of_http("body: *body\n"), [1]),
    ("H20", of_filters("- parse-json\n- filter-mapping: {a: parse-json}\n"), [6]),
    ("H20", of_filters("- set: {a: 1}\n- get: a\n- filter-mapping: {a: parse-json}\n"), [7]),
    ("H20", of_filters(
        "- if: {condition: 1, filters: [set: {a: 1}]}\n- filter-mapping: {a: parse-json}\n"), [6]),
    ("H20", of_filters("- set: {a: 1}\n- each: [{filter-mapping: {a: parse-json}}]\n"), [6]),
    ("H21", of_report("attachment-sets: {a: {items: [{name: a, content: !expr data.c}]}}\n"), [5]),
    ("H21", of_report("attachment-sets: {a: {items: !expr data.rows}}\n"), [5]),
    ("H22", of_report(ITEM.format("value: a, condition: true")), [5]),
    ("H22", of_report(ITEM.format("value: a, tags: [{name: b, condition: true}]")), [5]),
    ("H22", of_report("tag-sets: {a: {items: [{name: b, condition: true}]}}\n"), [5]),
]  # fmt: skip
# what looks like a use, and is none of that id
UNUSED = [
    ("H2", of_filters("- set: {supplemental: {feed: 1}}\n- new: {supplemental: 1}\n")),
    ("H10", of_report(ITEM.format("value: !expr data.b if data.a is not none else 'x'"))),
    ("H10", of_report(ITEM.format("value: x, description: ~, published_at: !expr none"))),
    ("H11", of_filters("- new: !expr value if value else [].index('no')\n- parse-json\n")),
    ("H11", of_filters("- new: {a: !expr value}\n- filter-mapping: {a: [parse-json]}\n")),
    ("H11", of_filters("- parse-json\n- set:\n    a: !expr value.get('b').c or value['d']\n"
                       "- filter-mapping: {a: parse-json}\n")),
    ("H11", of_filters("- parse-json\n- get: texts\n- each: [parse-json]\n")),
    ("H13", of_report("attribute-sets: {}\ntag-sets: {}\nindicator-sets: {}\nasset-sets: {}\n")),
    ("H14", of_filters("- new: !expr value.dict ~ value.range\n- new: !expr value is mapping\n")),
    ("H16", of_filters("- chain: [get: a]\n- iterate\n- if: {condition: 1, filters: [iterate]}\n")),
    ("H17", of_filters(f"{SAVED}- filter-mapping: {{a: parse-json, b: [each: [get: c]]}}\n"
                       "- filter-mapping: {a: parse-json}\n")),
    ("H18", of_filters("- if: {condition: true, filters: &steps [parse-json]}\n- chain: *steps\n")),
    ("H19", "_anchors: [&rows [get: rows], &one {a: !expr 1}]\n"
     + of_filters("- chain: *rows\n- new: {<<: *one, b: !expr 2}\n- new: &x !expr value\n")),
    ("H19", of_filters("- new: [!expr value.a, !expr value.b]\n")),
    ("H20", of_filters(f"- parse-json\n{SAVED}- filter-mapping: {{a: get}}\n")),
    ("H20", of_filters("- new: {a: 1}\n- chain: [filter-mapping: {a: get}]\n")),
    ("H20", of_filters("- supplemental: {feed: F, into: a}\n- filter-mapping: {a: get}\n")),
    *(("H20",
       of_filters(f"- set: {{a: {{b: 1}}}}\n- new: !expr {a}\n- filter-mapping: {{b: get}}\n"))
      for a in ("value.a", "value['a']", "value.get('a')", "value.get('a', value.c)")),
    ("H21", of_report("asset-sets: {a: {items: !expr data.rows}}\n")),
    ("H21", of_report("attachment-sets: {a: {items: [], fulfillment: Files}}\n")),
    ("H21", of_feed("feed_type: fulfillment\nreport: {attachment-sets: {a: {items: []}}}\n")),
    ("H22", of_report(ITEM.format("value: a, attributes: [{name: a, value: b, condition: 1}]"))),
]  # fmt: skip


def found(text: str) -> dict[str, list[int]]:
    document = Document("feed.yaml", text)
    return {use.convention.id: [at.line for at in use.places] for use in uses(document)}


def test_what_public_definitions_have_is_no_convention() -> None:
    assert found(PLAIN) == {}


@pytest.mark.parametrize(("key", "text", "lines"), USED)
def test_a_convention_is_found_where_it_is_used(key: str, text: str, lines: list[int]) -> None:
    assert found(text)[key] == lines


@pytest.mark.parametrize(("key", "text"), UNUSED)
def test_a_convention_is_not_found_where_it_only_seems_to_be_used(key: str, text: str) -> None:
    assert key not in found(text)


def test_every_row_of_the_table_is_tested_here() -> None:
    assert {key for key, _, _ in USED} == {one.id for one in CONVENTIONS}


def test_ids_and_names_are_unique() -> None:
    assert len({one.id for one in CONVENTIONS}) == len(CONVENTIONS)
    assert len({one.name for one in CONVENTIONS}) == len(CONVENTIONS)


def test_every_guess_that_a_word_is_declared_as_has_a_row() -> None:
    said = [word for vocabulary in VOCABULARIES for word in vocabulary.values()]
    declared = {one for word in said for one in (word.guess, word.meaning) if one}
    assert len(declared) > 10
    assert declared <= {one.id for one in CONVENTIONS}
    dropped = {word.guess for word in said if word.uploaded is not True}
    assert dropped == {one.id for one in CONVENTIONS if not one.uploaded}


def test_the_checklist_has_one_line_for_each_convention_worst_first() -> None:
    by_id = {one.id: one for one in CONVENTIONS}
    found_ = [
        Use(by_id["H1"], (Position("f", 3, 1),)),
        Use(by_id["D3"], tuple(Position("f", line, 2) for line in (1, 1, 2, 3, 4, 5, 6, 7))),
    ]
    assert checklist(found_, "f.yaml").splitlines() == [
        "2 constructs of f.yaml are confirmed by no public source. Worst first:",
        "[ ] H1  login, line 3; spellings.yaml: token, login request, auth",
        "[ ] D3  timestamp format, lines 1, 2, 3, 4, 5 and 2 more",
    ]
