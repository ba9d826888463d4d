"""Every construct of the language: what is wrong with a definition, said where it stands."""

from pathlib import Path

import pytest

from izoologic_cdf.language import steps
from izoologic_cdf.language.expressions import Missing
from tests.support.definitions import all_marked, findings_of, load_text, marked, place

HEAD = 'version: "1"\nrequired_threatq_version: ">=5"\n'
SOURCE = 'source: {http: {url: "https://feed.example.com/"}}'
FEED = f"{HEAD}feeds:\n  Feed:\n    {SOURCE}\n"
OTHER = f"  Other:\n    feed_type: supplemental\n    {SOURCE}\n"


def filters(text: str) -> str:
    return f"{FEED}    filters: [{text}]\n{OTHER}"


def report(text: str) -> str:
    return f"{FEED}    report:\n      {text}\n"


def http(text: str) -> str:
    return f"{HEAD}feeds:\n  Feed:\n    source:\n      http: {{url: u, {text}}}\n"


BAD = [
    ("→[]", "a definition must be a mapping, this is a list", None),
    ("→{feeds: {}}", "lacks the keys 'version' and 'required_threatq_version'",
     "version: version of the integration"),
    (f"{HEAD}→feed: {{}}", "a definition has no key 'feed'", "did you mean 'feeds'?"),
    (f"{HEAD}feeds: →[]", "feeds must be a mapping, this is a list", None),
    (f"{HEAD}feeds: →!feeds {{}}", "unknown tag !feeds", None),
    (f"{HEAD}feeds:\n  →Feed: {{}}", "this feed lacks a source", None),
    (f"{FEED}    →filter: []", "a feed has no key 'filter'", "did you mean 'filters'?"),
    (f"{FEED}    feed_type: →second", "feed_type is one of primary, supplemental", None),
    (f"{FEED}    category: →!expr x", "category must be plain text, this is a !expr value", None),
    (f"{FEED}    namespace:→ ", "namespace must be plain text, this is empty", None),
    (f"{FEED}template_values: {{a: !expr →b, b: 1}}", "unknown name 'b'", None),
    (f"{FEED}    ingest_rules: →{{}}", "this ingest rules lacks the key 'attributes'", None),
    (f"{FEED}    ingest_rules: {{attributes: [{{name: A, rule: →replace}}]}}",
     "unknown rule 'replace'", "update is known"),
    (f"{FEED}    ingest_rules: {{attributes: [→{{name: A}}]}}", "lacks the key 'rule'", None),
    (f"{HEAD}feeds: {{Feed: {{source: {{→htp: {{}}}}}}}}", "a source has no key 'htp'", "'http'?"),
    (f"{HEAD}feeds: {{Feed: {{source: {{http: →{{}}}}}}}}", "lacks the key 'url'", "address"),
    (http("→parms: {}"), "an http has no key 'parms'", "did you mean 'params'?"),
    (http("params: !expr →page_count"), "unknown name 'page_count'", None),
    (http("→url: x"), "duplicate key 'url'", None),
    (http("pagination: →{params: {}}"), "lacks the key 'condition'", "true while there is"),
    (http("pagination: {condition: !expr →pages, params: {}}"), "unknown name 'pages'", None),
    (http("pagination: {condition: true, params: {}, template_values: {a: !expr →b, b: 1}}"),
     "unknown name 'b'", None),
    *((http(f"timeout: →{seconds}"), "a time-out is a number of seconds above 0, at most", None)
      for seconds in ("0", "-1", "'30'", "true", "~", "86401", "[]")),
    (http("timeout: !expr →seconds"), "unknown name 'seconds'", None),
    (http("auth: →{}"), "lacks the keys 'request', 'filters', 'header' and 'value'", None),
    (http("auth: {request: {→uri: x}, filters: [], header: A, value: b}"),
     "a login request has no key 'uri'", "did you mean 'url'?"),
    (http("auth: {request: {url: x}, filters: [], header: A, value: !expr →tokn}"),
     "unknown name 'tokn'", "did you mean 'token'?"),
    (http("window: →{}"), "this window lacks the key 'days'", "longest window"),
    (http("window: {days: 30, look_back: [→0]}"), "expected an integer >= 1", None),
    (http("window: {days: 30, look_back: [→many]}"), "expected an integer >= 1", None),
    (http("window: {days: 30, look_back: →180}"), "look_back must be a list", None),
    (f"{FEED}    filters: →parse-json", "filters must be a list, this is a single value", None),
    (filters("→parse_json"), "unknown filter 'parse_json'", "did you mean 'parse-json'?"),
    (filters("{→itrate: 1}"), "unknown filter 'itrate'", "did you mean 'iterate'?"),
    (filters("{→parse-json: 1}"), "the filter 'parse-json' takes no value", None),
    (filters("→get"), "the filter 'get' needs a value", "write `get: ...`"),
    (filters("→{get: a, new: b}"), "has exactly one key, this has 2", "its own dash"),
    (filters("→{}"), "has exactly one key, this has 0", None),
    (filters("→!expr value"), "a filter must be plain text, this is a !expr value", None),
    (filters("{get: →[a]}"), "the key of get must be plain text, this is a list", None),
    (filters("{drop: !expr →valu}"), "unknown name 'valu'", "did you mean 'value'?"),
    (filters("{drop: !expr →data}"), "unknown name 'data'", None),
    (filters("{drop: !expr →run_params}"), "unknown name 'run_params'", None),
    (filters("{set: →!expr value}"), "set takes a mapping of keys and values", None),
    (filters("{set: {a: 1, →a: 2}}"), "duplicate key 'a'", None),
    (filters("{set: {a: [{b: !expr →x}]}}"), "unknown name 'x'", None),
    (filters("{if: →{condition: true}}"), "this if lacks the key 'filters'", "the sub-pipeline"),
    (filters("{if: →{filters: []}}"), "this if lacks the key 'condition'", "whether the sub"),
    (filters("{if: {condition: true, filters: [], →else: []}}"), "an if has no key 'else'", None),
    (filters("{if: {condition: true, filters: [→nope]}}"), "unknown filter 'nope'", None),
    (filters("{filter-mapping: →[]}"), "filter-mapping must be a mapping", None),
    (filters("{filter-mapping: {a: →nope}}"), "unknown filter 'nope'", None),
    (filters("{filter-mapping: {a: →iterate}}"), "iterate gives several values", "use `each`"),
    (filters("{filter-mapping: {a: →[get: x, {if: {condition: true, filters: [iterate]}}]}}"),
     "iterate gives several values", None),
    (filters("{each: →parse-json}"), "filters must be a list", None),
    (filters("{each: [→nope]}"), "unknown filter 'nope'", None),
    (filters("{chain: [{chain: [→nope]}]}"), "unknown filter 'nope'", None),
    (filters("{python: →nope.nope}"), "there is no Python filter 'nope.nope'", None),
    (filters("{supplemental: →{feed: Other}}"), "lacks the key 'into'", "key that receives"),
    (filters("{supplemental: {feed: →Othr, into: x}}"), "there is no feed 'Othr'", "'Other'"),
    (filters("{supplemental: {feed: →Feed, into: x}}"),
     "'Feed' is a primary feed, expected a supplemental one", None),
    (filters("{→fail: {condition: true, message: no}}"), "unknown filter 'fail'", None),
    (filters("{warn: [→nope]}"), "unknown filter 'nope'", None),
    (filters("{track: →{}}"), "this track lacks the key 'id'", None),
    (filters("{track: {id: 1}}, {→track: {id: 2}}"), "track is allowed once", None),
    (filters("{if: {condition: true, filters: [{→track: {id: 1}}]}}"), "at the top level", None),
    (filters("{each: [{→track: {id: 1}}]}"), "at the top level", None),
    (filters("{warn: [{→track: {id: 1}}]}"), "at the top level", None),
    (filters("{filter-mapping: {a: [{→track: {id: 1}}]}}"), "at the top level", None),
    (f"{FEED}{OTHER}    filters: [{{→track: {{id: 1}}}}]", "of a primary feed", None),
    (report("→indicators: {}"), "a report has no key 'indicators'", "<object code>-sets"),
    (report("indicator-sets: →[]"), "indicator-sets must be a mapping", None),
    (report("indicator-sets: {a: →{}}"), "this object set lacks the key 'items'", None),
    (report("indicator-sets: {a: {items: [], →tags: []}}"), "has no key 'tags'", "tag-sets"),
    (report("indicator-sets: {a: {items: [{→valu: 1}]}}"), "an item has no key 'valu'", "'value'"),
    (report("indicator-sets: {a: {items: {→valu: 1}}}"), "an item has no key 'valu'", None),
    (report("indicator-sets: {a: {items: [{value: 1, events: [{→titel: x}]}]}}"),
     "an item has no key 'titel'", "did you mean 'title'?"),
    (report("indicator-sets: {a: {items: [{value: !expr →value}]}}"), "unknown name 'value'", None),
    (report("indicator-sets: {a: {items: [{attributes: [→{name: A}]}]}}"),
     "this attribute lacks the key 'value'", None),
    (report("indicator-sets: {a: {items: [{attributes: →{name: A, value: 1}}]}}"),
     "attributes must be a list, this is a mapping", None),
    (report("attribute-sets: {a: {items: [→{name: A}]}}"), "lacks the key 'value'", "several"),
    (report("attribute-sets: {a: {items: [{name: A, value: 1, →if: 2}]}}"), "no key 'if'", None),
    (report("attribute-sets: {a: →[{name: A, value: 1}]}"),
     "a set is a mapping with the key 'items', this is a list", "write `a: {items: ...}`"),
    (report("attribute-sets: {a: →!expr data.list}"), "this is a !expr value", "`a: {items: ...}`"),
    (report("tag-sets: {a: →[x]}"), "this is a list", "write `a: {items: ...}`"),
    (report("tag-sets: {a: {items: [→text]}}"),
     "a tag must be a mapping, this is a single value", "its keys: name, condition"),
    (report("tag-sets: {a: →{}}"), "this shared set lacks the key 'items'", None),
    (report("tag-sets: {a: {→item: []}}"), "a shared set has no key 'item'", "mean 'items'?"),
    (report("indicator-sets: {a: {items: [], attribute-sets: [→b]}}"), "there is no set 'b'", None),
    (report("indicator-sets: {a: {items: [], tag-sets: [→b]}}"), "there is no set 'b'", None),
    (report("indicator-sets: {a: {items: [], related: {→event: [a]}}}"),
     "this report has no event-sets", "known here: indicator"),
    (report("indicator-sets: {a: {items: [], related: {indicator: [→b]}}}"),
     "there is no set 'b'", None),
    (report("attachment-sets: {a: {items: [], fulfillment: →Filer}}"),
     "there is no feed 'Filer'", None),
    (f"{FEED}    report: {{attachment-sets: {{a: {{items: [], fulfillment: →Other}}}}}}\n{OTHER}",
     "'Other' is a supplemental feed, expected a fulfillment one", None),
    (filters("{supplemental: {feed: Other, into: x}}")
     + "    filters: [{supplemental: {feed: →Other, into: x}}]",
     "the feed 'Other' calls itself by way of this", None),
    (f"{FEED}    user_fields: →{{}}", "user_fields must be a list", None),
    (f"{FEED}    user_fields: [→{{name: a}}]", "lacks the key 'label'", "label in the form"),
    (f"{FEED}    user_fields: [{{name: a, label: A}}, →{{name: a, label: B}}]",
     "the user field 'a' is defined twice", None),
    (f"{FEED}    user_fields: [{{name: a, label: A, mask: →1}}]", "mask must be true or", None),
    (f"{FEED}    user_fields: [{{name: a, label: A, boolean: true, default: →1}}]",
     "the default of a boolean field is true or false", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message", "help_"), BAD)
def test_a_mistake_is_one_finding_with_its_place(
    tmp_path: Path, text: str, message: str, help_: str | None
) -> None:
    (tmp_path / "filters").mkdir()
    clean, at = marked(text)
    (finding,) = findings_of(tmp_path, clean)
    assert message in finding.message
    assert place(finding) == at
    assert help_ is None or help_ in (finding.help or "")


def test_all_mistakes_of_a_definition_come_at_once_in_file_order(tmp_path: Path) -> None:
    text = FEED + "    filters: [nope, {get: [a]}]\n    report: {x: 1}\n  B: {feed_type: no}\n"
    places = [(f.position.line, f.position.column) for f in findings_of(tmp_path, text)]
    assert places == [(6, 15), (6, 27), (7, 14), (8, 18)]


# each mark stands before one mistake
SEVERAL = {
    "a set block": filters("{set: {a: !expr →nope, b: [{c: !expr →nah}, !expr value.→items],"
                           " →b: !expr value.→items, d: !expr value | →sring + →none_of + →some}}"),
    "a new": filters("{new: {a: !expr →nope, b: !tmpl '{{ →nah }}', c: →!exp x}}"),
    "a template": filters("{new: !tmpl '{{ →nope }}{% if →nah %}{{ value | →sring }}{% endif %}'}"),
    "one value of several": filters("{if: {condition: !expr →nope, →else: 1, filters: [→nah]}}"),
    "a filter-mapping": filters("{filter-mapping: {a: →iterate, b: →nope, c: [get: →[a]]}}"),
    "calls": filters("{supplemental: {feed: →Othr, params: !expr →nope, into: x}}"),
    "a report": report(
        "{→indicators: {}, incident-sets: {a: {items: [{→valu: 1, value: !expr →nope,\n"
        "        attributes: [→{name: !expr →nah, →if: 1}], tags: [→text, {name: !expr →no}],\n"
        "        events: [{→titel: 1, title: !expr →none_of}]}], attribute-sets: [→e, c, →d],\n"
        "        related: {→event: [a], incident: [→f]}, fulfillment: →Filer}, b: →[x]},\n"
        "       attribute-sets: {c: {items: [{name: !expr →nope, value: !expr →nah}], →it: 1}},\n"
        "       tag-sets: {t: {items: [→{}, {name: !expr →nope, →value: 1}]}}}"
    ),
    "a source": http("params: {a: !expr →nope, b: !expr →nah}, headers: !expr →no, →parms: 1,\n"
                     "        auth: →{request: {→uri: x, body: !expr →nope}, filters: [→nah]},\n"
                     "        pagination: {template_values: {a: !expr →b, c: !expr a},\n"
                     "                     condition: !expr a == →d, params: {e: !expr c + →f}}"),
    "template values": f"{HEAD}template_values: {{a: !expr →b, c: !expr a, d: !expr →e}}\nfeeds:\n"
                       f"  Feed:\n    {SOURCE}\n    filters: [{{drop: !expr d == →f}}]\n",
    "user fields": f"{FEED}    user_fields: [→{{name: a, mask: →1, →masq: 1}}, →{{label: b}}]\n",
    "ingest rules": f"{FEED}    ingest_rules: {{attributes: [→{{name: a}}, "
                    "{name: a, rule: →add}]}\n",
    "a feed and the file": "→" + filters("→nope").replace('version: "1"\n', "", 1)
                           + "    →filter: 1\n→feed: 1\n",
}  # fmt: skip


@pytest.mark.parametrize("text", SEVERAL.values(), ids=SEVERAL)
def test_all_mistakes_of_a_construct_come_at_once(tmp_path: Path, text: str) -> None:
    (tmp_path / "filters").mkdir()
    clean, due = all_marked(text)
    assert len(due) > 1
    assert [place(one) for one in findings_of(tmp_path, clean)] == due


def test_a_fragment_that_is_used_twice_is_wrong_once(tmp_path: Path) -> None:
    text = f"_anchors: [&a {{set: {{a: !expr nope}}}}]\n{filters('*a, *a, {chain: [*a]}')}"
    (finding,) = findings_of(tmp_path, text)
    assert place(finding) == (1, 31)


def test_a_feed_with_findings_is_not_called_missing(tmp_path: Path) -> None:
    text = filters("{supplemental: {feed: Other, into: x}}") + "    filters: [nope]\n"
    messages = [finding.message for finding in findings_of(tmp_path, text)]
    assert messages == ["unknown filter 'nope'"]


def test_calls_in_a_round_are_refused_at_each_of_them(tmp_path: Path) -> None:
    call = "    filters: [{{supplemental: {{feed: {}, into: x}}}}]\n"
    text = FEED + OTHER + call.format("Third") + OTHER.replace("Other", "Third")
    text += call.format("Other")
    assert [f.message for f in findings_of(tmp_path, text)] == [
        "the feed 'Other' calls itself by way of this",
        "the feed 'Third' calls itself by way of this",
    ]


@pytest.mark.parametrize("missing", list(Missing))
def test_a_good_definition_becomes_a_model(tmp_path: Path, missing: Missing) -> None:
    text = (
        "template_values: {a: 1, b: !expr a + 1}\n_anchors: [&p [{get: result}], &w iterate]\n"
        + filters("parse-json, {<<: *p}, {chain: [{chain: *p}, *w]}, {track: {id: !expr value.id}}")
        + "    filters: [{drop: !expr run_params.x == a}]\n"
    )
    definition = load_text(tmp_path, text, missing=missing)
    feed = definition.feeds["Feed"]
    assert [type(step) for step in feed.filters] == [
        steps.ParseJson, steps.Get, steps.Get, steps.Iterate, steps.Track,
    ]  # fmt: skip
    assert [feed.name for feed in definition.primary_feeds] == ["Feed"]
    assert feed.emits_list
    assert not definition.feeds["Other"].emits_list
    assert (definition.version, definition.required_threatq_version) == ("1", ">=5")
    values = definition.template_values
    assert list(values) == ["a", "b"]
    assert values["b"].evaluate({"a": 4}) == 5


@pytest.mark.parametrize(
    ("source", "filters_", "emits_list"),
    [
        ("", "[]", False),
        ("", "[iterate]", True),
        ("", "[{if: {condition: true, filters: [iterate]}}]", True),
        ("", "[{each: [iterate]}]", False),
        ("pagination: {condition: true, params: {}}", "[]", True),
        ("window: {days: 30}", "[]", True),
    ],
)
def test_a_feed_gives_its_caller_a_list_when_it_iterates_or_asks_more_than_once(
    tmp_path: Path, source: str, filters_: str, emits_list: bool
) -> None:
    text = http(source or "method: GET") + f"    filters: {filters_}\n"
    assert load_text(tmp_path, text).feeds["Feed"].emits_list is emits_list


def test_anchors_may_hold_anything_and_are_never_read(tmp_path: Path) -> None:
    assert load_text(tmp_path, FEED + "_anchors: {x: [nope: !expr nope]}\n").feeds


def test_a_definition_nested_too_deeply_is_a_finding(tmp_path: Path) -> None:
    (finding,) = findings_of(tmp_path, filters("{new: " + "[" * 200 + "]" * 200 + "}"))
    assert "nested more than 100 levels deep" in finding.message
