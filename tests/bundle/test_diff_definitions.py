"""What `diff` tells of two definitions that are not run."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from izoologic_cdf.bundle.build import BuildError, build_yaml
from izoologic_cdf.content import folder
from izoologic_cdf.diff.changes import KINDS, definition_changes
from izoologic_cdf.diff.versions import Form, Leaf, Version, parts, read_version
from tests.support.small_feed import OLD, version

FEED = "Cases"
AUTHORED = folder("feeds") / "izoologic_sync_cases.yaml"
FILTER = '__all__ = ["read"]\n\n\ndef read(value):\n    return value\n'
# the old text, the new one, and the changes: kind, where, what, old, new
Told = tuple[str, str, str, str | None, str | None]
EDITS: list[tuple[str, str, list[Told]]] = [
    ('"1.0"', '"1.1"', [("version", "the file", "version", "1.0", "1.1")]),
    (
        ">=5.29.0",
        ">=6.0.0",
        [("version", "the file", "required_threatq_version", ">=5.29.0", ">=6.0.0")],
    ),
    (
        "  Cases:",
        "  All Cases:",
        [("feed-renamed", "All Cases", "name", FEED, "All Cases")],
    ),
    (
        "  Details:\n",
        "  Spare:\n    feed_type: fulfillment\n  Details:\n",
        [("feed-added", "Spare", "fulfillment feed", None, None)],
    ),
    (
        ".example.cases",
        ".example.all_cases",
        [
            (
                "namespace",
                FEED,
                "namespace",
                "threatq.feeds.example.cases",
                "threatq.feeds.example.all_cases",
            )
        ],
    ),
    (
        "status: Active",
        "status: Review",
        [("feed-setting", FEED, "default_indicator_status", "Active", "Review")],
    ),
    (
        "    ingest_rules:",
        "      - {name: key, label: Key, required: true, mask: true}\n    ingest_rules:",
        [("field-added", FEED, "key", None, "Key, default none, required, secret")],
    ),
    (
        "      - {name: as_event, label: As Event, boolean: true, default: false}\n",
        "",
        [("field-removed", FEED, "as_event", "As Event, default off", None)],
    ),
    (
        "default: false",
        "default: true",
        [("field-default", FEED, "as_event", "off", "on")],
    ),
    (
        "default: first-secret",
        "default: second-secret",
        [("field-default", FEED, "secret", "(not shown)", "(not shown)")],
    ),
    (
        "label: Host, required: true",
        "label: Server, mask: true",
        [
            ("field-changed", FEED, "label of host", "Host", "Server"),
            ("field-changed", FEED, "required of host", "on", "off"),
            ("field-changed", FEED, "secret of host", "off", "on"),
        ],
    ),
    (
        "- value: !expr data.url",
        "- value: !expr data.id",
        [("identity", FEED, "value of incident 'case'", "data.url", "data.id")],
    ),
    (
        "title: !expr data.url, type: Incident",
        "title: !expr data.id, type: Sighting",
        [
            ("identity", FEED, "title of event 'case'", "data.url", "data.id"),
            ("identity", FEED, "type of event 'case'", "Incident", "Sighting"),
        ],
    ),
    (
        "data.indicators",
        "data.addresses",
        [("identity", FEED, "items of indicator 'ip'", "data.indicators", "data.addresses")],
    ),
    (
        "      indicator-sets:\n",
        "      note-sets:\n        all: {items: {value: !expr data.note}}\n      indicator-sets:\n",
        [("object-added", FEED, "note 'all'", None, "{value: data.note}")],
    ),
    (
        "- {title: !expr data.url, type: Incident}",
        "- {title: !expr data.url, type: Incident, notes: [{value: !expr data.note}]}",
        [("object-added", FEED, "event 'case' note", None, "{value: data.note}")],
    ),
    (
        "- {title: !expr data.url, type: Incident}",
        "- {title: !expr data.url, type: Incident}\n            - {title: second, type: Sighting}",
        [("object-added", FEED, "event 'case' #2", None, "{title: second, type: Sighting}")],
    ),
    (
        "description: !expr data.text",
        "published_at: !expr data.date",
        [
            ("object-rule", FEED, "published_at of incident 'case'", None, "data.date"),
            ("object-rule", FEED, "description of incident 'case'", "data.text", None),
        ],
    ),
    (
        "          related: {indicator: [ip]}\n",
        "",
        [("object-rule", FEED, "related of incident 'case'", "{indicator: [ip]}", None)],
    ),
    (
        "            - *brand\n",
        (
            "            - *brand\n            - {name: Id, value: !expr data.id, "
            "condition: !expr data.x}\n"
        ),
        [
            (
                "attribute-added",
                FEED,
                "Id of incident 'case', event 'case'",
                None,
                "data.id, if data.x",
            )
        ],
    ),
    (
        "            - *brand\n",
        "",
        [
            (
                "attribute-removed",
                FEED,
                "Brand of incident 'case', event 'case'",
                "data.brand",
                None,
            )
        ],
    ),
    (
        "name: Brand, value: !expr data.brand",
        "name: Brand, value: !expr data.brand | upper, condition: !expr data.x",
        [
            (
                "attribute-rule",
                FEED,
                "value of Brand of incident 'case', event 'case'",
                "data.brand",
                "data.brand | upper",
            ),
            (
                "attribute-rule",
                FEED,
                "condition of Brand of incident 'case', event 'case'",
                None,
                "data.x",
            ),
        ],
    ),
    (
        "{title: !expr data.url, type: Incident}",
        "{title: !expr data.url, type: Incident, attributes: [{name: Own, value: one}]}",
        [("attribute-added", FEED, "Own of event 'case'", None, "one")],
    ),
    (
        "        - {name: Status, rule: update}\n",
        "        - {name: Status, rule: update}\n        - {name: Brand, rule: update}\n",
        [("ingest-rule-added", FEED, "attribute Brand", None, "update")],
    ),
    (
        "name: Status, rule",
        "name: Brand, rule",
        [
            ("ingest-rule-added", FEED, "attribute Brand", None, "update"),
            ("ingest-rule-removed", FEED, "attribute Status", "update", None),
        ],
    ),
    (
        "since: !expr run_meta.since",
        "from: !expr run_meta.since",
        [
            ("request", FEED, "source.http.params.from", None, "run_meta.since"),
            ("request", FEED, "source.http.params.since", "run_meta.since", None),
        ],
    ),
    (
        "      - iterate\n",
        "      - drop: !expr not value\n      - iterate\n",
        [("steps", FEED, "filters[2]", None, "{drop: not value}")],
    ),
    (
        "id: !expr value.id}",
        "id: !expr value.id | trim}",
        [("steps", FEED, "filters[3].supplemental.params.id", "value.id", "value.id | trim")],
    ),
    (
        "path: /cases",
        "path: /all",
        [("template-value", "the file", "template_values.path", "/cases", "/all")],
    ),
]
# edits that change nothing that matters
LAYOUTS = [
    ("value: !expr data.url", "value: !expr >-\n                data.url"),
    ("[parse-json]", "\n      # a comment\n      - parse-json"),
    ("- *brand", "- {<<: *brand}"),
    ("- *brand", "- {name: Brand, value: !expr data.brand}"),
]


def told(old: Version, new: Version) -> list[Told]:
    return [(c.kind, c.where, c.what, c.old, c.new) for c in definition_changes(old, new)]


@pytest.mark.parametrize(("before", "after", "expected"), EDITS)
def test_each_kind_of_change_of_a_definition_is_told_once_and_nothing_else(
    tmp_path: Path, before: str, after: str, expected: list[Told]
) -> None:
    assert OLD.count(before) == 1
    old, new = version(tmp_path, OLD, "old.yaml"), version(tmp_path, OLD.replace(before, after))
    assert told(old, new) == expected


@pytest.mark.parametrize(("before", "after", "expected"), EDITS)
def test_the_way_back_is_told_with_old_and_new_exchanged(
    tmp_path: Path, before: str, after: str, expected: list[Told]
) -> None:
    old, new = version(tmp_path, OLD, "old.yaml"), version(tmp_path, OLD.replace(before, after))
    sides = sorted((one[3] or "", one[4] or "") for one in expected)
    assert sorted((one[4] or "", one[3] or "") for one in told(new, old)) == sides


def test_a_removed_feed_is_told(tmp_path: Path) -> None:
    text = OLD.replace("  Details:\n", "  Other:\n    feed_type: fulfillment\n  Details:\n")
    old, new = version(tmp_path, text, "old.yaml"), version(tmp_path, OLD)
    assert told(old, new) == [("feed-removed", "Other", "fulfillment feed", None, None)]


def test_every_kind_is_shown_by_an_edit_a_removal_or_a_run() -> None:
    shown = {one[0] for _, _, expected in EDITS for one in expected}
    shown |= {"feed-removed", "object-removed", "failed-run"}
    assert shown | {"result-added", "result-removed", "result-changed"} == set(KINDS)


@pytest.mark.parametrize(("before", "after"), LAYOUTS)
def test_layout_comments_anchors_and_merges_are_no_difference(
    tmp_path: Path, before: str, after: str
) -> None:
    assert before in OLD
    old = version(tmp_path, OLD, "old.yaml")
    assert told(old, version(tmp_path, OLD.replace(before, after, 1))) == []


def test_blanks_inside_of_a_text_of_an_expression_are_a_difference(tmp_path: Path) -> None:
    texts = [
        OLD.replace("!expr data.url, type", f'!expr "{one}", type') for one in ("'a b'", "'a  b'")
    ]
    old, new = version(tmp_path, texts[0], "old.yaml"), version(tmp_path, texts[1])
    assert [one[0] for one in told(old, new)] == ["identity"]


@pytest.mark.parametrize(
    ("steps", "more"),
    [
        ("", ""),
        (", set: *s", " and 1 more place"),
        (", set: *s, chain: [set: *s]", " and 2 more places"),
    ],
)
def test_one_change_in_many_places_is_told_once(tmp_path: Path, steps: str, more: str) -> None:
    texts = [
        OLD.replace("[parse-json]", f"[parse-json, set: &s {{x: {x}}}{steps}]") for x in (1, 2)
    ]
    old, new = version(tmp_path, texts[0], "old.yaml"), version(tmp_path, texts[1])
    what = f"filters[2].set.x{more}"
    assert told(old, new) == [("steps", "Details", what, "1", "2")]


def test_an_authored_definition_and_what_is_built_of_it_say_the_same(tmp_path: Path) -> None:
    built = version(tmp_path, build_yaml(AUTHORED, folder("filters")))
    assert told(read_version(AUTHORED), built) == []


def test_an_authored_definition_away_from_its_filters_uses_the_built_in_ones(
    tmp_path: Path,
) -> None:
    elsewhere = version(tmp_path, AUTHORED.read_text(encoding="utf-8"))
    assert told(read_version(AUTHORED), elsewhere) == []


def test_filters_beside_the_folder_of_a_definition_are_the_ones_that_count(tmp_path: Path) -> None:
    versions = []
    for name, native in (("one", "[parse-json]"), ("two", "[parse-json, iterate]")):
        (tmp_path / name / "feeds").mkdir(parents=True)
        filters = tmp_path / name / "filters"
        filters.mkdir()
        (filters / "own.py").write_text(FILTER)
        (filters / "native.yaml").write_text(f"own.read: {native}\n")
        text = OLD.replace("      - iterate\n", "      - python: own.read\n")
        versions.append(version(tmp_path / name / "feeds", text))
    assert told(*versions) == [("steps", FEED, "filters[3]", None, "iterate")]


def test_a_python_filter_without_a_native_form_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "filters").mkdir()
    (tmp_path / "filters" / "own.py").write_text(FILTER)
    text = OLD.replace("      - iterate\n", "      - python: own.read\n")
    with pytest.raises(BuildError, match=r"new\.yaml:25:17: the filter 'own\.read' has no native"):
        version(tmp_path / "feeds", text)


def _forms() -> st.SearchStrategy[Form]:
    leaves = st.builds(Leaf, st.sampled_from(["!expr", "!tmpl"]), st.sampled_from("abc"))
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("xyz"), inner),
        max_leaves=12,
    )


@given(_forms(), _forms())
def test_forms_have_differing_parts_exactly_when_they_are_not_equal(old: Form, new: Form) -> None:
    assert list(parts(old, old)) == []
    assert bool(list(parts(old, new))) == (old != new)
    assert all(part.old != part.new for part in parts(old, new))
