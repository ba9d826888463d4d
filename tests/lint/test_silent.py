"""What must not be found: ours, and what definitions do for good reasons."""

from pathlib import Path

import pytest

from izoologic_cdf.content import folder
from izoologic_cdf.lint.check import lint
from tests.support.built import built_text
from tests.support.linted import codes_of, lint_text
from tools.alternatives import alternatives

OURS = sorted(folder("feeds").glob("*.yaml"))
REPORT = """
report:
  incident-sets:
    cases:
      items: [{value: !expr data.id, description: !expr data.label}]
"""

# what is fine: the pipeline, completed by a report that reads id and label
PIPELINES = {
    "a key of the data may be read before a step makes it out of itself": """
filters:
  - parse-json
  - drop: !expr value.label is none
  - set: {label: !expr value.label | trim}
""",
    "a key of the data may be read before a branch replaces it": """
filters:
  - parse-json
  - drop: !expr value.label == 'x'
  - if:
      condition: !expr value.closed
      filters:
        - set: {label: closed}
""",
    "a key that was set before may be read in the block that sets it again": """
filters:
  - parse-json
  - set: {label: !expr value.name}
  - set: {label: !expr value.title, id: !expr value.label}
""",
    "a key may be read before another value of the pipeline gets one of that name": """
filters:
  - parse-json
  - drop: !expr value.label == 'x'
  - get: rows
  - iterate
  - set: {label: !expr value.name}
""",
    "a nested key is no key of the block": """
filters:
  - parse-json
  - set:
      label: {host: !expr value.url, title: !expr value.host}
""",
    "a default and its replacement in a branch are both read": """
filters:
  - parse-json
  - set: {label: none}
  - if:
      condition: !expr value.name
      filters:
        - set: {label: !expr value.name}
""",
    "a value that is read as a whole reads every key": """
filters:
  - parse-json
  - set: {raw: !expr value.name}
  - set: {label: !expr value | tojson}
""",
    "a key that is looked up by an expression may be any": """
filters:
  - parse-json
  - set: {raw: !expr value.name}
  - set:
      label: !expr value[value.kind]
""",
    "a key that a filter-mapping transforms and a step reads is read": """
filters:
  - parse-json
  - set: {raw: !expr value.text}
  - filter-mapping: {raw: parse-json}
  - set: {label: !expr value.raw.name}
""",
    "a key that the elements of a list get goes on with them": """
filters:
  - parse-json
  - filter-mapping:
      rows:
        - each:
            - set: {name: !expr value.title}
  - set:
      label: !expr value.rows[0].name
""",
    "a loop variable called value is no value": """
filters:
  - new: {id: !expr value.id, label: !expr value.names}
  - set:
      label: !tmpl "{% for key, value in value.label.items() %}{{ value.text }}{% endfor %}"
""",
    "a key of a mapping in a new is there": """
filters:
  - parse-json
  - new: {id: !expr value.id, name: !expr value.names}
  - set: {label: !expr "value.name | join(', ')"}
""",
    "a key that a filter-mapping finds is one of the data": """
filters:
  - parse-json
  - drop: !expr value.label == 'x'
  - filter-mapping: {label: parse-json}
  - set: {label: !expr value.name}
""",
    "a branch may put another value there": """
filters:
  - parse-json
  - drop: !expr value.label == 'x'
  - if:
      condition: !expr value.wrapped
      filters:
        - get: wrapped
  - set: {label: !expr value.name}
""",
    "what a pipeline on the side makes is what it says": """
filters:
  - parse-json
  - warn:
      - set: {text: !expr value.name}
""",
    "a test, a filter and an argument called value are no value": """
filters:
  - new: {id: !expr value.id, label: !expr "'a' | replace('a', value.b)"}
  - drop: !expr dict(value=value.id).value == 1
""",
    "a field that only some of several branches give may be read": """
filters:
  - new: {id: !expr value.id, kind: !expr value.kind}
  - if:
      condition: !expr value.kind
      filters:
        - set: {label: !expr value.kind}
""",
    "a text may be repeated, formatted and put beside another": """
filters:
  - parse-json
  - set:
      label: !expr "'-' * 20 ~ '%04d' % value.number + '!'"
""",
    "a text that names a host, a key or a sentence is no expression": """
filters:
  - parse-json
  - get: data
  - set: {label: "value of the data", host: "https://data.example.com/{id}"}
  - drop: !expr value.label ~ value.host == ''
""",
    "a text in a comment or outside of the braces reads nothing": """
filters:
  - new: {id: !expr value.id, label: !tmpl "value.x {# value.y #}{{ value.z }}"}
  - set: {label: !tmpl "value.x {# value.y #}{{ value.id }}", id: !expr value.label}
""",
}

FILES = {
    "two merges that do not share a key are fine": """
_anchors:
  - &one {headers: {User-Agent: example}}
  - &two {method: POST}
feeds:
  Example Cases:
    category: Commercial
    namespace: threatq.feeds.example.example_cases
    default_indicator_status: Active
    source:
      http:
        <<: *one
        <<: *two
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since}
""",
    "a key of which two merges give different values may be written out": """
_anchors:
  - &one {method: PUT}
  - &two {method: POST}
feeds:
  Example Cases:
    category: Commercial
    namespace: threatq.feeds.example.example_cases
    default_indicator_status: Active
    source:
      http:
        <<: *one
        <<: *two
        method: GET
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since}
""",
    "a text that is written out beside a merge replaces it": """
_anchors:
  - &one {method: POST, headers: {User-Agent: example}}
feeds:
  Example Cases:
    category: Commercial
    namespace: threatq.feeds.example.example_cases
    default_indicator_status: Active
    source:
      http:
        <<: *one
        method: PUT
        headers: {User-Agent: example.com, Accept: text/plain}
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since}
""",
    "a range that is asked by way of template values is asked": """
template_values:
  since_text: !expr run_meta.since | string
  since_day: !expr since_text[:10]
feeds:
  Example Cases:
    category: Commercial
    namespace: threatq.feeds.example.example_cases
    default_indicator_status: Active
    source:
      http:
        url: !tmpl "https://api.example.com/{{ since_day }}"
""",
    "numbers as text with leading zeros are keys of their own": """
filters:
  - new: {names: {"1": one, "01": eins, "1.0": uno, "on": true}}
  - get: names
""",
    "a field that tells something about a secret is no secret, a check box neither": """
user_fields:
  - {name: token_url, label: Token URL}
  - {name: keyword, label: Keyword}
  - {name: ingest_password, label: Ingest Password, boolean: true}
filters:
  - drop: !expr user_fields.token_url and user_fields.keyword and user_fields.ingest_password
""",
    "user fields that are read as a whole are all used": """
user_fields:
  - {name: region, label: Region}
filters:
  - set: {all: !expr user_fields}
""",
    "a pagination that is never asked for, or looks at the pages by way of a value, has an end": """
_anchors:
  - &none {condition: false, params: {}}
feeds:
  Example Cases:
    category: Commercial
    namespace: threatq.feeds.example.example_cases
    default_indicator_status: Active
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since}
        pagination: *none
    filters:
      - parse-json
      - iterate
      - supplemental: {feed: Get Rows, params: {id: !expr value.id}, into: rows}
      - get: rows
      - iterate
  Get Rows:
    feed_type: supplemental
    source:
      http:
        url: !tmpl "https://api.example.com/rows?case={{ run_params.id }}"
        params: {page: 1}
        pagination:
          template_values: {rows: !expr prev_response_data, full: !expr rows | length == 100}
          condition: !expr full
          params: {page: !expr page_count + 1}
    filters:
      - parse-json
      - iterate
""",
    "names that the definition has itself are its own": """
template_values: {len: 2}
feeds:
  Example Cases:
    category: Commercial
    namespace: threatq.feeds.example.example_cases
    default_indicator_status: Active
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since, limit: !expr len}
""",
    "a called feed may read the fields of the feed that calls it": """
feeds:
  Example Cases:
    category: Commercial
    namespace: threatq.feeds.example.example_cases
    default_indicator_status: Active
    user_fields:
      - {name: region, label: Region}
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since}
    filters:
      - parse-json
      - supplemental: {feed: Get Case, params: {id: !expr value.id}, into: details}
      - get: details
  Get Case:
    feed_type: supplemental
    source:
      http:
        url: !tmpl "https://api.example.com/cases/{{ run_params.id }}"
        params: {region: !expr user_fields.region}
    filters:
      - parse-json
      - set: {title: !expr value.name}
""",
}


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_our_definitions_are_silent(path: Path) -> None:
    assert [str(finding) for finding in lint(path)] == []


def test_there_are_definitions_of_ours() -> None:
    assert [path.name for path in OURS] == ["izoologic_sync_cases.yaml"]


def test_the_built_file_and_its_alternatives_are_silent() -> None:
    texts = [built_text(), *(one.apply(built_text()) for one in alternatives())]
    assert [str(finding) for text in texts for finding in lint_text(text)] == []


@pytest.mark.parametrize("pipeline", PIPELINES.values(), ids=PIPELINES)
def test_a_sound_pipeline_is_silent(pipeline: str) -> None:
    assert codes_of(pipeline + REPORT.lstrip("\n")) == []


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_sound_definition_is_silent(text: str) -> None:
    assert codes_of(text) == []


def large_definition(lines: int) -> str:
    """Return a sound definition of so many lines: one pipeline, one report."""
    head = [
        'version: "1.0.0"',
        'required_threatq_version: ">=5.29.0"',
        "feeds:",
        "  Example Cases:",
        "    category: Commercial",
        "    namespace: threatq.feeds.example.example_cases",
        "    default_indicator_status: Active",
        "    source:",
        "      http:",
        "        url: https://api.example.com/cases",
        "        params: {since: !expr run_meta.since}",
        "    filters:",
        "      - parse-json",
        "      - set:",
    ]
    middle = [
        "    report:",
        "      incident-sets:",
        "        cases: {items: [{value: !expr data.id}], attribute-sets: [case]}",
        "      attribute-sets:",
        "        case:",
        "          items:",
    ]
    count = (lines - len(head) - len(middle)) // 2
    keys = [f"          key_{n}: !expr value.field_{n} | string | trim" for n in range(count)]
    reads = [f"            - {{name: Name {n}, value: !expr data.key_{n}}}" for n in range(count)]
    rest = lines - len(head) - len(middle) - 2 * count
    return "\n".join([*head, *keys, *middle, *reads, *["# end"] * rest]) + "\n"


def test_a_definition_of_a_thousand_lines_is_silent_and_stays_so_only_while_it_is_sound() -> None:
    text = large_definition(1000)
    assert len(text.splitlines()) == 1000
    assert lint_text(text) == []
    broken = lint_text(text.replace("data.key_400}", "data.kee_400}"))
    assert [finding.code for finding in broken] == ["CDF103"]
