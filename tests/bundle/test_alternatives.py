"""The other ways of the guide: their edits fit the built file, which gives the same library."""

from pathlib import Path

import pytest

from izoologic_cdf.bundle.build import BuildError
from izoologic_cdf.emulator import Emulator
from tests.bundle.test_equality import ranges
from tests.support.built import Answers, authored, built_text, exported, loaded
from tools.alternatives import Alternative, alternatives


@pytest.mark.parametrize("alternative", alternatives(), ids=lambda one: one.name)
def test_the_edited_file_gives_the_same_library(
    answered: tuple[Emulator, Answers], tmp_path: Path, alternative: Alternative
) -> None:
    emulator, answers = answered
    edited = loaded(alternative.apply(built_text()))
    asked = ranges(emulator)
    want = exported(tmp_path, authored(), emulator, asked, {}, transport=answers)
    assert exported(tmp_path, edited, emulator, asked, {}, transport=answers) == want


def test_all_edits_can_be_made_together() -> None:
    text = built_text()
    for alternative in alternatives():
        text = alternative.apply(text)
    assert len(loaded(text).primary_feeds) == 2


def test_an_edit_that_does_not_fit_the_built_file_is_named() -> None:
    first = alternatives()[0]
    with pytest.raises(BuildError, match=r"does not hold once: - &connection"):
        first.apply(first.apply(built_text()))
