"""Every rule carries examples; here they are tests."""

import pytest

from izoologic_cdf.lint.check import RULES
from izoologic_cdf.lint.rules import Rule, explanations
from tests.support.linted import codes_of
from tools.documents import GROUPS

BY_CODE = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


@BY_CODE
def test_the_bad_example_of_a_rule_gives_its_finding_and_no_other(rule: Rule) -> None:
    assert codes_of(rule.explanation.bad) == [rule.code]


@BY_CODE
def test_the_good_example_of_a_rule_is_silent(rule: Rule) -> None:
    assert codes_of(rule.explanation.good) == []


@BY_CODE
def test_a_rule_says_what_it_checks_and_why_in_whole_sentences(rule: Rule) -> None:
    assert rule.explanation.what.endswith(".")
    assert rule.explanation.why.endswith(".")
    assert "|" not in rule.explanation.what, "the index of the rules is a table"


def test_codes_and_names_are_unique() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_every_rule_has_a_name_of_its_function_or_none_to_run() -> None:
    for rule in RULES:
        assert rule.check is None or rule.check.__name__ == rule.name.replace("-", "_")


def test_every_code_belongs_to_a_group_and_every_group_has_rules() -> None:
    assert {rule.code[:4] for rule in RULES} == set(GROUPS)


def test_every_rule_is_explained_and_nothing_else_is() -> None:
    assert list(explanations()) == [rule.code for rule in RULES]
