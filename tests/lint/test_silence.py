"""Comments that silence findings."""

import pytest

from tests.support.linted import codes_of, lint_text

SILENCED = {
    "on the line of the finding": """
category: Regional  # lint: ignore CDF204 because our platform has it
""",
    "on a line of its own above": """
# lint: ignore CDF204 because our platform has it
category: Regional
""",
    "above, with another comment and an empty line between": """
# lint: ignore CDF204 because our platform has it
# (asked in May)

category: Regional
""",
    "two codes of one line": """
feeds:
  # lint: ignore CDF203, CDF204 because the reviewer adds them
  Example Cases:
    default_indicator_status: Active
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since}
""",
    "two comments above one line": """
feeds:
  # lint: ignore CDF203 because the reviewer adds it
  # lint: ignore CDF204 because the reviewer adds it
  Example Cases:
    default_indicator_status: Active
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since}
""",
    "at the begin of a text of several lines": """
filters:
  - drop: !expr >-  # lint: ignore CDF104 because the platform adds the field
      value.a
      and user_fields.region
""",
    "above a quoted text of several lines": """
filters:
  # lint: ignore CDF104 because the platform adds the field
  - drop: !expr "value.a
      and user_fields.region"
""",
    "a finding of the loader": """
filters:
  - parsejson  # lint: ignore CDF005 because it is a filter of our platform
""",
}
NOT_SILENCED = {
    "a comment below the line": (
        """
category: Regional
# lint: ignore CDF204 because our platform has it
default_indicator_status: Active
""",
        ["CDF204", "CDF902"],
    ),
    "a comment beside the line above": (
        """
default_indicator_status: Active  # lint: ignore CDF204 because our platform has it
category: Regional
""",
        ["CDF902", "CDF204"],
    ),
    "a comment at a text, for what follows the text": (
        """
filters:
  - parse-json
  # lint: ignore CDF301 because our platform has it
  - drop: !expr >-
      value.a == 1
  - drop: !expr len(value.rows) == 0
""",
        ["CDF902", "CDF301"],
    ),
    "a text that looks like a comment": (
        """
user_fields:
  - name: region
    label: Region
    description: >-
      Write
      # lint: ignore CDF105 because it is text
""",
        ["CDF105"],
    ),
    "another code": (
        """
category: Regional  # lint: ignore CDF205 because our platform has it
""",
        ["CDF204", "CDF902"],
    ),
    "a reason of blanks": (
        """
category: Regional  # lint: ignore CDF204 because
""",
        ["CDF901"],
    ),
}


@pytest.mark.parametrize("text", SILENCED.values(), ids=SILENCED)
def test_a_comment_silences_a_finding(text: str) -> None:
    assert codes_of(text) == []


@pytest.mark.parametrize(("text", "codes"), NOT_SILENCED.values(), ids=NOT_SILENCED)
def test_a_comment_silences_nothing_else(text: str, codes: list[str]) -> None:
    assert codes_of(text) == codes


def test_a_file_that_cannot_be_read_is_not_silenced() -> None:
    (finding,) = lint_text("# lint: ignore CDF001 because it is so\nversion: [\n")
    assert finding.code == "CDF001"
