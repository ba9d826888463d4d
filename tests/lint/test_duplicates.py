"""A key that stands twice is one finding, whatever follows from it."""

from pathlib import Path

import pytest

from izoologic_cdf.content import folder
from izoologic_cdf.language.nodes import Document
from izoologic_cdf.lint.check import lint_document

OURS = folder("feeds") / "izoologic_sync_cases.yaml"
# a line of our definition, and what stands in front of it then
COPIES = {
    "feeds": ("feeds:\n", "feeds:\n  Other: {feed_type: supplemental}\n"),
    "a feed": ("  Get Case Files:\n", "  Get Case Files:\n    feed_type: supplemental\n"),
    "the filters": (
        "    report:\n      attribute-sets:\n        case:\n",
        "    filters: [parse-json]\n",
    ),
    "the form": ("    ingest_rules:\n", "    user_fields: [*field_api_host]\n"),
    "the namespace": (
        "    namespace: threatq.feeds.izoologic.incident_case_sync\n",
        "    namespace: threatq.feeds.izoologic.incident_case_sync\n",
    ),
    "a template value": ("  window_days: 30\n", "  window_days: 7\n"),
    "a set": ("      incident-sets:\n", "      attribute-sets:\n        case: {items: []}\n"),
    "a key of a set block": (
        "          newest: !expr value.get('incidentstatuslogs')\n",
        "          added: !expr value.get('brand')\n",
    ),
}


@pytest.mark.parametrize(("line", "copy"), COPIES.values(), ids=COPIES)
def test_a_key_that_stands_twice_is_one_finding(line: str, copy: str) -> None:
    text = OURS.read_text(encoding="utf-8")
    document = Document(str(OURS), text.replace(line, copy + line, 1))
    findings = lint_document(document, OURS)
    assert [finding.code for finding in findings] == ["CDF004"], [*map(str, findings)]


def test_a_mistake_that_has_nothing_to_do_with_it_is_found_beside_it() -> None:
    text = OURS.read_text(encoding="utf-8").replace("data.feed_results.brand", "data.feed.brand")
    line, copy = COPIES["a template value"]
    document = Document(str(OURS), text.replace(line, copy + line, 1))
    assert {one.code for one in lint_document(document, Path(OURS))} == {"CDF004", "CDF116"}
