"""Every rule carries examples; here they are tests."""

import re
import sys
from pathlib import Path

import pytest

from izoologic_cdf.lint import rules
from izoologic_cdf.lint.rule import Rule
from izoologic_cdf.lint.rules import RULES
from tests.support.linted import codes_of

BY_CODE = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


@BY_CODE
def test_the_bad_example_of_a_rule_gives_its_finding_and_no_other(rule: Rule) -> None:
    assert codes_of(rule.bad) == [rule.code]


@BY_CODE
def test_the_good_example_of_a_rule_is_silent(rule: Rule) -> None:
    assert codes_of(rule.good) == []


@BY_CODE
def test_a_rule_says_what_it_checks_and_why_in_whole_sentences(rule: Rule) -> None:
    assert rule.what.endswith(".")
    assert rule.why.endswith(".")
    assert "|" not in rule.what, "the index of the rules is a table"


def test_codes_and_names_are_unique() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_every_file_of_the_folder_is_a_rule_that_bears_its_name() -> None:
    folder = Path(str(rules.__file__)).parent
    stems = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert {rule.name.replace("-", "_") for rule in RULES} == stems
    for stem in stems:
        module = sys.modules[f"{rules.__name__}.{stem}"]
        assert re.match(rf"{module.RULE.code}: ", module.__doc__ or "")
