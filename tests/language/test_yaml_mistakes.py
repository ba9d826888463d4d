"""A file that is not YAML: the finding is on the line of the mistake, with a remedy."""

import re
from typing import NamedTuple

import pytest

from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.positions import DefinitionError, Finding

SOUND = """version: "1.0.0"
template_values:
  days: 30
  sources: {"1": One, "2": [Two, Three]}
_anchors:
  - &switch {boolean: true, default: false}
feeds:
  Example Cases:
    category: Commercial
    timestamp_format: "%Y-%m-%d"
    user_fields:
      - name: region
        label: 'Region of the tenant'
        <<: *switch
      - name: other
        description: What this does.
    source:
      http:
        url: !tmpl "{{ host }}/cases"
        params: {since: !expr run_meta.since, limit: 100}
    filters:
      - parse-json
      - drop: !expr value.closed
      - set:
          text: !expr value.text
          rows: !expr value.rows
    report:
      attribute-sets:
        case:
          items:
            - {name: Brand, value: !expr data.brand}
            - {name: Status, value: !expr data.status}
      incident-sets:
        case: {items: [{value: !expr data.id}]}
"""


class Slip(NamedTuple):
    """A line, what becomes of it, and what the finding says."""

    line: str
    instead: str
    message: str


SLIPS = {
    "a double quote": Slip('version: "1.0.0"', 'version: "1.0.0', "quote is not closed"),
    "a single quote": Slip("label: 'Region of the tenant'", "label: 'Region of", "quote is not"),
    "a quote in a flow": Slip('{"1": One,', '{"1: One,', "quote is not closed"),
    "a bracket": Slip("[Two, Three]}", "[Two, Three}", "this [ is not closed"),
    "a brace": Slip("data.brand}", "data.brand", "this { is not closed"),
    "both": Slip("[{value: !expr data.id}]}", "[{value: !expr data.id", "is not closed"),
    "a brace too many": Slip("data.brand}", "data.brand}}", "this } closes nothing"),
    "a tab": Slip("    category", "\tcategory", "a tab stands in the indentation"),
    "a tab among blanks": Slip("        label", "      \tlabel", "a tab stands in the indentation"),
    "too little indented": Slip("    category", "   category", "indented by 3, its neighbors by 4"),
    "too much indented": Slip("    category", "     category", "indented by 5"),
    "a child askew": Slip("      attribute-sets:", "     attribute-sets:", "indented by 5"),
    "an element askew": Slip("            - {name: Brand", "           - {name: Brand", "by 11"),
    "no colon": Slip("category: Commercial", "category Commercial", "a colon is missing behind"),
    "no colon before a block": Slip("      http:", "      http", "a colon is missing behind http"),
    "no blank behind a colon": Slip("category: C", "category:C", "a blank is missing behind"),
    "no blank behind a dash": Slip("- parse-json", "-parse-json", "a blank is missing behind"),
    "no dash": Slip("      - name: other", "      name: other", "no element of the list"),
    "no comma": Slip("Brand, value", "Brand value", "a comma is missing before value"),
    "a colon in a text": Slip("What this does.", "What this does: this.", "this colon makes"),
    "braces": Slip('!tmpl "{{ host }}/cases"', "!tmpl {{ host }}/cases", "not a template"),
    "a bracket in a flow": Slip("!expr data.brand}", "!expr data['brand']}", "needs quotes"),
    "text behind a quote": Slip("'Region of the tenant'", "'Region' of it", "behind the closing"),
    "an unknown anchor": Slip("*switch", "*swich", "no such anchor"),
    "a sign that begins nothing": Slip("value.closed", "@closed", "")._replace(
        line="- drop: !expr value.closed", instead="- drop: @value.closed", message="'@' cannot"
    ),
    "an unknown escape": Slip('"%Y-%m-%d"', '"\\%Y-%m-%d"', "begins no escape"),
}


def finding_of(text: str) -> Finding:
    with pytest.raises(DefinitionError) as caught:
        Document("definition.yaml", text)
    (finding,) = caught.value.findings
    return finding


def test_the_sound_text_is_yaml() -> None:
    assert Document("definition.yaml", SOUND).lines


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_a_slip_is_found_on_its_line_with_a_remedy(slip: Slip) -> None:
    assert SOUND.count(slip.line) == 1
    finding = finding_of(SOUND.replace(slip.line, slip.instead))
    assert slip.message in finding.message
    assert finding.position.line == SOUND[: SOUND.index(slip.line)].count("\n") + 1
    assert finding.help


def test_nearly_every_sign_that_is_missing_is_found_on_its_line() -> None:
    signs = [found.start() for found in re.finditer(r"[\"'{}\[\]:,]|-(?= )", SOUND)]
    broken = 0
    astray = []
    for at in signs:
        text = SOUND[:at] + SOUND[at + 1 :]
        try:
            Document("definition.yaml", text)
        except DefinitionError as error:
            broken += 1
            line = SOUND[:at].count("\n") + 1
            if error.findings[0].position.line != line:
                astray.append((line, SOUND[at], str(error.findings[0])))
    assert broken > 60
    assert len(astray) <= broken // 12, astray


def test_what_no_repair_helps_has_the_place_of_the_parser() -> None:
    finding = finding_of("a: [\n}}\n]]: {{\n")
    assert finding.message.startswith("not valid YAML: ")
